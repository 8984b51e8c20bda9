//! What every membership promises, as functions over a [`Cluster`], and their list.

#[path = "loans.rs"]
mod loans;

pub(crate) use loans::{
    epochs_go_on_above_what_the_store_has_seen, loans_are_seen_by_everybody_at_once, nobody_lends_without_end,
};

use async_trait::async_trait;
use membership::{
    Error, Joined, Member, MemberChange, MemberId, Members, Membership, PLACEMENT_VERSION, PROTOCOL_VERSION,
    Phase, Placements, Terminal,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Longer than any lease in a test cluster; only a broken implementation waits that long.
const PATIENCE: Duration = Duration::from_secs(30);

/// An empty membership of its own for one test.
#[async_trait]
pub(crate) trait Cluster: Send + Sync + Sized {
    async fn start() -> Self;

    /// The membership as another process sees it: a connection of its own where there are connections.
    async fn process(&self) -> Arc<dyn Membership>;

    /// Plays the death of a member: its lease ends without a word from it.
    async fn kill(&self, id: &MemberId);
}

/// Gives the names of all promises to another macro, which makes tests of them.
macro_rules! promises {
    ($make_tests:ident) => {
        $make_tests! {
            a_membership_begins_empty
            a_joining_member_is_seen_by_everybody_with_a_newer_epoch
            a_phase_is_seen_by_everybody_with_a_newer_epoch
            a_member_that_leaves_is_gone_and_has_not_lost_its_lease
            a_member_whose_lease_ends_is_gone_and_is_told
            dropping_a_membership_is_not_leaving
            a_living_id_is_not_given_twice
            an_id_is_free_again_after_leaving
            an_id_is_free_again_after_its_lease_ended
            a_lost_lease_cannot_touch_its_successor
            a_member_of_another_version_is_refused_and_changes_nothing
            a_member_that_is_of_no_use_is_refused_and_changes_nothing
            members_may_start_in_any_order
            a_watcher_that_was_not_looking_sees_the_latest
            one_who_starts_watching_late_sees_the_present
            epochs_only_grow
            epochs_go_on_above_what_the_store_has_seen
            loans_are_seen_by_everybody_at_once
            nobody_lends_without_end
            placements_follow_the_membership
        }
    };
}

fn home(n: u32) -> Member {
    Member::new(id(n), format!("127.0.0.1:{}", 7400 + n), "core", 10_000)
}

fn id(n: u32) -> MemberId {
    format!("home-{n}").as_str().into()
}

/// Waits until the watcher's set is as wanted, and returns it.
async fn until(
    watcher: &mut watch::Receiver<Arc<Members>>,
    wanted: impl FnMut(&Arc<Members>) -> bool,
) -> Arc<Members> {
    let found = tokio::time::timeout(PATIENCE, watcher.wait_for(wanted)).await;
    Arc::clone(
        &found
            .expect("the members become as wanted")
            .expect("the membership lives"),
    )
}

fn phase_of(members: &Members, n: u32) -> Option<Phase> {
    members.get(&id(n)).map(|member| member.phase)
}

async fn join(process: &Arc<dyn Membership>, n: u32) -> Box<dyn Joined> {
    process.join(home(n)).await.expect("a sound member may join")
}

async fn refused(process: &Arc<dyn Membership>, member: Member) -> Terminal {
    match process.join(member).await {
        Err(Error::Terminal(reason)) => reason,
        Err(other) => panic!("expected a terminal error, got {other}"),
        Ok(_) => panic!("expected a terminal error, but the member joined"),
    }
}

pub(crate) async fn a_membership_begins_empty<C: Cluster>(cluster: C) {
    assert!(cluster.process().await.members().borrow().is_empty());
}

pub(crate) async fn a_joining_member_is_seen_by_everybody_with_a_newer_epoch<C: Cluster>(cluster: C) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let (mut here, mut there) = (one.members(), other.members());
    let before = there.borrow_and_update().epoch();
    let _joined = join(&one, 1).await;
    for watcher in [&mut here, &mut there] {
        let members = until(watcher, |members| members.len() == 1).await;
        assert!(members.epoch() > before);
        assert_eq!(
            members.get(&id(1)),
            Some(&home(1)),
            "the record arrives as it was given"
        );
    }
}

pub(crate) async fn a_phase_is_seen_by_everybody_with_a_newer_epoch<C: Cluster>(cluster: C) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let mut watcher = other.members();
    let mut joined = join(&one, 1).await;
    let mut epoch = until(&mut watcher, |members| {
        phase_of(members, 1) == Some(Phase::Joining)
    })
    .await
    .epoch();
    for phase in [Phase::Active, Phase::Draining, Phase::Active] {
        joined.update(MemberChange::phase(phase)).await.unwrap();
        let members = until(&mut watcher, |members| phase_of(members, 1) == Some(phase)).await;
        assert!(members.epoch() > epoch);
        epoch = members.epoch();
    }
}

pub(crate) async fn a_member_that_leaves_is_gone_and_has_not_lost_its_lease<C: Cluster>(cluster: C) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let mut watcher = other.members();
    let (leaving, _staying) = (join(&one, 1).await, join(&other, 2).await);
    let before = until(&mut watcher, |members| members.len() == 2).await.epoch();
    let lost = leaving.lost();
    leaving.leave().await.unwrap();
    let members = until(&mut watcher, |members| members.get(&id(1)).is_none()).await;
    assert!(members.epoch() > before);
    assert!(members.get(&id(2)).is_some());
    assert!(!*lost.borrow());
}

pub(crate) async fn a_member_whose_lease_ends_is_gone_and_is_told<C: Cluster>(cluster: C) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let mut watcher = other.members();
    let mut joined = join(&one, 1).await;
    let before = until(&mut watcher, |members| members.len() == 1).await.epoch();
    let mut lost = joined.lost();
    assert!(!*lost.borrow());
    cluster.kill(&id(1)).await;
    assert!(until(&mut watcher, |members| members.is_empty()).await.epoch() > before);
    tokio::time::timeout(PATIENCE, lost.wait_for(|lost| *lost))
        .await
        .expect("it is told")
        .unwrap();
    assert!(*joined.lost().borrow(), "one who asks later learns it too");
    let refused = joined.update(MemberChange::phase(Phase::Draining)).await;
    assert!(matches!(refused, Err(Error::Terminal(Terminal::LeaseLost(lost))) if lost == id(1)));
    joined.leave().await.expect("who is gone has left");
}

pub(crate) async fn dropping_a_membership_is_not_leaving<C: Cluster>(cluster: C) {
    let process = cluster.process().await;
    let mut watcher = process.members();
    drop(join(&process, 1).await);
    let _second = join(&process, 2).await;
    let members = until(&mut watcher, |members| members.get(&id(2)).is_some()).await;
    assert!(members.get(&id(1)).is_some());
}

pub(crate) async fn a_living_id_is_not_given_twice<C: Cluster>(cluster: C) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let mut watcher = other.members();
    let _joined = join(&one, 1).await;
    let before = until(&mut watcher, |members| members.len() == 1).await;
    let impostor = Member {
        address: "127.0.0.1:9".into(),
        ..home(1)
    };
    assert_eq!(refused(&other, impostor).await, Terminal::AlreadyThere(id(1)));
    let _second = join(&other, 2).await;
    let members = until(&mut watcher, |members| members.len() == 2).await;
    assert_eq!(members.get(&id(1)), before.get(&id(1)), "the first is untouched");
}

pub(crate) async fn an_id_is_free_again_after_leaving<C: Cluster>(cluster: C) {
    let process = cluster.process().await;
    let mut watcher = process.members();
    let joined = join(&process, 1).await;
    let first = until(&mut watcher, |members| members.len() == 1).await.epoch();
    joined.leave().await.unwrap();
    let left = until(&mut watcher, |members| members.is_empty()).await.epoch();
    let again = join(&process, 1).await;
    let second = until(&mut watcher, |members| members.len() == 1).await.epoch();
    assert!(first < left && left < second);
    assert!(!*again.lost().borrow());
}

pub(crate) async fn an_id_is_free_again_after_its_lease_ended<C: Cluster>(cluster: C) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let mut watcher = other.members();
    let _dead = join(&one, 1).await;
    until(&mut watcher, |members| members.len() == 1).await;
    cluster.kill(&id(1)).await;
    until(&mut watcher, |members| members.is_empty()).await;
    let again = Member {
        address: "127.0.0.1:8400".into(),
        ..home(1)
    };
    let _joined = other.join(again.clone()).await.expect("the id is free");
    let members = until(&mut watcher, |members| members.len() == 1).await;
    assert_eq!(members.get(&id(1)), Some(&again));
}

pub(crate) async fn a_lost_lease_cannot_touch_its_successor<C: Cluster>(cluster: C) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let mut watcher = other.members();
    let mut dead = join(&one, 1).await;
    until(&mut watcher, |members| members.len() == 1).await;
    cluster.kill(&id(1)).await;
    until(&mut watcher, |members| members.is_empty()).await;
    let successor = join(&other, 1).await;
    let refused = dead.update(MemberChange::phase(Phase::Draining)).await;
    assert!(matches!(refused, Err(Error::Terminal(Terminal::LeaseLost(_)))));
    dead.leave().await.unwrap();
    let _second = join(&other, 2).await;
    let members = until(&mut watcher, |members| members.get(&id(2)).is_some()).await;
    assert_eq!(phase_of(&members, 1), Some(Phase::Joining));
    assert!(!*successor.lost().borrow());
}

pub(crate) async fn a_member_of_another_version_is_refused_and_changes_nothing<C: Cluster>(cluster: C) {
    let process = cluster.process().await;
    let mut watcher = process.members();
    let (placed, spoken) = (PLACEMENT_VERSION + 1, PROTOCOL_VERSION + 1);
    let expected = Terminal::OtherPlacement {
        id: id(1),
        theirs: placed,
    };
    assert_eq!(
        refused(
            &process,
            Member {
                placement: placed,
                ..home(1)
            }
        )
        .await,
        expected
    );
    let expected = Terminal::OtherProtocol {
        id: id(2),
        theirs: spoken,
    };
    assert_eq!(
        refused(
            &process,
            Member {
                protocol: spoken,
                ..home(2)
            }
        )
        .await,
        expected
    );
    assert_only_home_3_gets_in(&process, &mut watcher).await;
}

pub(crate) async fn a_member_that_is_of_no_use_is_refused_and_changes_nothing<C: Cluster>(cluster: C) {
    let process = cluster.process().await;
    let mut watcher = process.members();
    assert_eq!(
        refused(
            &process,
            Member {
                capacity: 0,
                ..home(1)
            }
        )
        .await,
        Terminal::NoCapacity(id(1))
    );
    assert_eq!(
        refused(
            &process,
            Member {
                address: String::new(),
                ..home(2)
            }
        )
        .await,
        Terminal::NoAddress(id(2))
    );
    assert_eq!(
        refused(
            &process,
            Member {
                id: "".into(),
                ..home(2)
            }
        )
        .await,
        Terminal::BadId("".into())
    );
    assert_only_home_3_gets_in(&process, &mut watcher).await;
}

async fn assert_only_home_3_gets_in(
    process: &Arc<dyn Membership>,
    watcher: &mut watch::Receiver<Arc<Members>>,
) {
    let _joined = join(process, 3).await;
    let members = until(watcher, |members| members.get(&id(3)).is_some()).await;
    assert_eq!(members.len(), 1);
}

pub(crate) async fn members_may_start_in_any_order<C: Cluster>(cluster: C) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let mut early = one.members();
    let mut joined = Vec::new();
    for (n, process) in [(3, &other), (1, &one), (4, &other), (2, &one)] {
        joined.push(join(process, n).await);
    }
    let mut late = other.members();
    let seen = until(&mut early, |members| members.len() == 4).await;
    assert_eq!(
        seen,
        until(&mut late, |members| members.len() == 4).await,
        "same set, same epoch"
    );
    let ids: Vec<&MemberId> = seen.iter().map(|member| &member.id).collect();
    assert_eq!(ids, [&id(1), &id(2), &id(3), &id(4)]);
}

pub(crate) async fn a_watcher_that_was_not_looking_sees_the_latest<C: Cluster>(cluster: C) {
    let process = cluster.process().await;
    let (mut awake, mut asleep) = (process.members(), process.members());
    let mut first = join(&process, 1).await;
    join(&process, 2).await.leave().await.unwrap();
    first.update(MemberChange::phase(Phase::Active)).await.unwrap();
    let settled = |members: &Arc<Members>| members.len() == 1 && phase_of(members, 1) == Some(Phase::Active);
    let latest = until(&mut awake, settled).await;
    asleep.changed().await.unwrap();
    assert_eq!(*asleep.borrow_and_update(), latest);
}

pub(crate) async fn one_who_starts_watching_late_sees_the_present<C: Cluster>(cluster: C) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let _joined = join(&one, 1).await;
    let seen = until(&mut one.members(), |members| members.len() == 1).await;
    assert_eq!(
        until(&mut other.members(), |members| members.len() == 1).await,
        seen
    );
}

pub(crate) async fn epochs_only_grow<C: Cluster>(cluster: C) {
    let process = cluster.process().await;
    let mut watcher = process.members();
    let mut last = watcher.borrow_and_update().epoch();
    for round in 1..=5 {
        let mut joined = join(&process, round).await;
        joined.update(MemberChange::phase(Phase::Active)).await.unwrap();
        let members = until(&mut watcher, |members| {
            phase_of(members, round) == Some(Phase::Active)
        })
        .await;
        assert!(members.epoch() > last, "round {round}");
        last = members.epoch();
        joined.leave().await.unwrap();
        let members = until(&mut watcher, |members| members.is_empty()).await;
        assert!(members.epoch() > last, "round {round}");
        last = members.epoch();
    }
}

pub(crate) async fn placements_follow_the_membership<C: Cluster>(cluster: C) {
    let process = cluster.process().await;
    let placements = Placements::follow(process.members());
    let before = placements.now();
    assert!(before.members().is_empty());
    let (_one, mut two) = (join(&process, 1).await, join(&process, 2).await);
    two.update(MemberChange::phase(Phase::Draining)).await.unwrap();
    let settled = |members: &Arc<Members>| phase_of(members, 2) == Some(Phase::Draining);
    let epoch = until(&mut process.members(), settled).await.epoch();
    let after = tokio::time::timeout(PATIENCE, placements.reached(epoch))
        .await
        .expect("the epoch is reached");
    assert!(after.slots_of(&id(2)).is_empty());
    assert_eq!(
        placements.changed_from(before.epoch()).await.epoch(),
        after.epoch()
    );
}
