//! Loans, and epochs that are raised.

use super::{Cluster, home, id, until};
use membership::{Error, LENT_MAX, MemberChange, Phase, Placements, SLOTS, Slot, Terminal};

pub(crate) async fn epochs_go_on_above_what_the_store_has_seen(cluster: impl Cluster) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let mut watcher = other.members();
    one.raise(1_000_000).await.unwrap();
    let _joined = one.join(home(1)).await.unwrap();
    let seen = until(&mut watcher, |members| members.get(&id(1)).is_some()).await;
    assert!(seen.epoch() > 1_000_000, "{}", seen.epoch());
    // What is not above the present one changes nothing, so that restarts do not raise epochs without end.
    other.raise(seen.epoch()).await.unwrap();
    other.raise(7).await.unwrap();
    let _second = one.join(home(2)).await.unwrap();
    let later = until(&mut watcher, |members| members.get(&id(2)).is_some()).await;
    assert!(later.epoch() < seen.epoch() + 1_000, "{}", later.epoch());
    // And with members there, everybody goes on above.
    other.raise(2_000_000).await.unwrap();
    let raised = until(&mut watcher, |members| members.epoch() >= 2_000_000).await;
    assert_eq!(raised.len(), 2);
    assert!(*one.connected().borrow());
}

pub(crate) async fn loans_are_seen_by_everybody_at_once(cluster: impl Cluster) {
    let (one, other) = (cluster.process().await, cluster.process().await);
    let mut joined = one.join(home(1)).await.unwrap();
    let _second = other.join(home(2)).await.unwrap();
    let placements = Placements::follow(other.members());
    let theirs = placements.reached(1).await.slots_of(&id(1));
    let (slot, kept) = (theirs[0], theirs[1]);
    let lend = MemberChange {
        full: Some(true),
        lend: vec![(slot, id(2)), (kept, id(2))],
        ..MemberChange::default()
    };
    joined.update(lend).await.unwrap();
    let mut watcher = other.members();
    let seen = until(&mut watcher, |members| {
        members.get(&id(1)).is_some_and(|member| member.full)
    })
    .await;
    let lender = seen.get(&id(1)).unwrap();
    assert_eq!((lender.phase, lender.lent.len()), (home(1).phase, 2));
    let placement = placements.reached(seen.epoch()).await;
    assert_eq!(placement.home_of_slot(slot).unwrap().id, id(2));
    let take_back = MemberChange {
        take_back: vec![slot],
        ..MemberChange::phase(Phase::Active)
    };
    joined.update(take_back).await.unwrap();
    let placement = placements.changed_from(seen.epoch()).await;
    assert_eq!(placement.home_of_slot(slot).unwrap().id, id(1));
    assert_eq!(placement.home_of_slot(kept).unwrap().id, id(2));
}

pub(crate) async fn nobody_lends_without_end(cluster: impl Cluster) {
    let process = cluster.process().await;
    let mut joined = process.join(home(1)).await.unwrap();
    let lend = |count| MemberChange {
        lend: Slot::all().take(count).map(|slot| (slot, id(2))).collect(),
        ..MemberChange::default()
    };
    let refused = joined.update(lend(usize::from(SLOTS))).await;
    assert!(matches!(refused, Err(Error::Terminal(Terminal::LendsTooMuch(_)))));
    joined.update(lend(LENT_MAX)).await.unwrap();
}
