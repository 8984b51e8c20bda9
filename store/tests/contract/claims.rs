//! Claims of slots, and writes of homes that have lost them.

use super::Stage;
use super::samples::{
    EPOCH, SLOT, account, at, claim, id, login, one_of_each, people, person, put_login, put_new, write,
};
use rvp::PresenceState;
use store::{Change, Error, Fenced, MOVES_MAX, Move, Put, Store, Write};

/// A write for the person, in this slot, of a home that took it over at this epoch.
fn renamed(name: &str, slot: u16, epoch: u64, to: &str) -> Write {
    Write {
        slot,
        epoch,
        ..write(name, Change::PutDisplayName(to.to_owned()))
    }
}

async fn name_of(store: &dyn Store, name: &str) -> String {
    let found = store.load_one(&person(name)).await.unwrap().unwrap();
    found.account.display_name
}

async fn epochs(store: &dyn Store, slot: u16) -> Vec<u64> {
    let moves = store.moves(slot).await.unwrap();
    moves.iter().map(|one| one.epoch).collect()
}

pub(crate) async fn a_slot_never_claimed_takes_writes_of_any_epoch(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.claim(&claim("home-1", 9), &[SLOT + 1]).await.unwrap();
    for epoch in [0, 7, 1, u64::MAX] {
        let name = format!("Alice of {epoch}");
        let fenced = store
            .write(&[renamed("alice", SLOT, epoch, &name)])
            .await
            .unwrap();
        assert_eq!(fenced, []);
        assert_eq!(name_of(&*store, "alice").await, name);
    }
}

pub(crate) async fn writes_of_a_former_home_are_left_out_and_others_applied(stage: &impl Stage) {
    let store = stage.open().await;
    for (slot, name) in (0..).zip(["alice", "bob", "carol", "dave"]) {
        store.put_account(&account(name), slot, Put::New).await.unwrap();
    }
    // alice and dave are lost, at different epochs; bob is this home's; carol was never claimed.
    store.claim(&claim("home-1", 4), &[0, 1, 3]).await.unwrap();
    store.claim(&claim("home-2", 7), &[0]).await.unwrap();
    store.claim(&claim("home-3", 6), &[3]).await.unwrap();
    let writes = [
        renamed("dave", 3, 5, "Dave, too late"),
        renamed("bob", 1, 4, "Bob the first"),
        renamed("alice", 0, 4, "Alice, too late"),
        renamed("carol", 2, 1, "Carol anew"),
        renamed("alice", 0, 6, "Alice, too late again"),
        renamed("bob", 1, 4, "Bob the second"),
    ];
    let fenced = store.write(&writes).await.unwrap();
    let lost = |slot, epoch| Fenced { slot, epoch };
    assert_eq!(fenced, [lost(0, 7), lost(3, 6)]);
    assert_eq!(name_of(&*store, "alice").await, account("alice").display_name);
    assert_eq!(name_of(&*store, "bob").await, "Bob the second");
    assert_eq!(name_of(&*store, "carol").await, "Carol anew");
    assert_eq!(name_of(&*store, "dave").await, account("dave").display_name);
}

pub(crate) async fn each_kind_of_change_of_a_former_home_is_left_out(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&one_of_each("alice")).await.unwrap();
    let before = store.claim(&claim("home-2", EPOCH + 1), &[SLOT]).await.unwrap();
    assert_eq!(before[0].told, Some(PresenceState::OnPhone));
    let late = [
        Change::PutLogin(login(2)),
        Change::RemoveLogin(id(1)),
        Change::RenewLogin(id(1), at(99)),
        Change::RenewSubscription(id(2), at(99)),
        Change::PutView(super::samples::view(2)),
        Change::RemoveView(rvp::ViewId::new(1).unwrap()),
        Change::PutSubscription(super::samples::subscription(3, "carol")),
        Change::RemoveSubscription(id(2)),
        Change::PutAccess(super::samples::access("carol")),
        Change::PutDisplayName("Mallory".to_owned()),
        Change::PutTold(PresenceState::Offline),
        Change::PutMessage(super::samples::kept_message(2)),
        Change::TakeMessages(vec![1], at(9)),
        Change::ForgetMessages(vec![1]),
        Change::PutContacts(vec![]),
    ];
    for change in late {
        let fenced = store.write(&[write("alice", change)]).await.unwrap();
        let (slot, epoch) = (SLOT, EPOCH + 1);
        assert_eq!(fenced, [Fenced { slot, epoch }]);
    }
    assert_eq!(
        store.load_one(&person("alice")).await.unwrap().as_ref(),
        before.first()
    );
}

pub(crate) async fn of_one_slot_older_writes_are_left_out_and_newer_applied(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    for (member, epoch) in [("home-1", 1), ("home-2", 2), ("home-1", 3)] {
        store.claim(&claim(member, epoch), &[SLOT]).await.unwrap();
    }
    // Submitted before the slot was lost, and after it came back.
    let writes = [
        renamed("alice", SLOT, 3, "Alice, back again"),
        renamed("alice", SLOT, 1, "Alice of long ago"),
    ];
    let fenced = store.write(&writes).await.unwrap();
    assert_eq!(fenced, [Fenced { slot: SLOT, epoch: 3 }]);
    assert_eq!(name_of(&*store, "alice").await, "Alice, back again");
}

pub(crate) async fn who_is_fenced_among_very_many_slots_is_found(stage: &impl Stage) {
    let store = stage.open().await;
    let all: Vec<u16> = (0..16_384).collect();
    let lost: Vec<u16> = (0..16_384).step_by(5).collect();
    store.claim(&claim("home-1", 2), &all).await.unwrap();
    store.claim(&claim("home-2", 3), &lost).await.unwrap();
    let writes: Vec<Write> = (0..16_384)
        .rev()
        .map(|slot| renamed("nobody", slot, 2, ""))
        .collect();
    let fenced = store.write(&writes).await.unwrap();
    let slots: Vec<u16> = fenced.iter().map(|fenced| fenced.slot).collect();
    assert_eq!(slots, lost);
    assert!(fenced.iter().all(|fenced| fenced.epoch == 3));
}

pub(crate) async fn a_claim_takes_all_slots_or_none(stage: &impl Stage) {
    let store = stage.open().await;
    store.claim(&claim("home-2", 7), &[2]).await.unwrap();
    store.claim(&claim("home-3", 8), &[3]).await.unwrap();
    for epoch in [1, 6, 7] {
        let refused = store.claim(&claim("home-1", epoch), &[1, 2, 3, 4]).await;
        assert!(matches!(refused, Err(Error::Fenced { epoch: 8 })), "{refused:?}");
    }
    for slot in [1, 4] {
        assert_eq!(epochs(&*store, slot).await, [0; 0]);
        assert_eq!(store.write(&[renamed("alice", slot, 0, "")]).await.unwrap(), []);
    }
    assert_eq!(
        (epochs(&*store, 2).await, epochs(&*store, 3).await),
        (vec![7], vec![8])
    );
    store.claim(&claim("home-1", 9), &[1, 2, 3, 4]).await.unwrap();
    assert_eq!(epochs(&*store, 2).await, [9, 7]);
}

pub(crate) async fn another_member_cannot_claim_at_the_same_epoch(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.claim(&claim("home-1", 5), &[SLOT]).await.unwrap();
    let refused = store.claim(&claim("home-2", 5), &[SLOT]).await;
    assert!(matches!(refused, Err(Error::Fenced { epoch: 5 })), "{refused:?}");
    // What the first writes still counts, and it may claim again.
    assert_eq!(
        store.write(&[renamed("alice", SLOT, 5, "Alice")]).await.unwrap(),
        []
    );
    let again = store.claim(&claim("home-1", 5), &[SLOT, SLOT + 1]).await.unwrap();
    assert_eq!(again[0].account.display_name, "Alice");
    assert_eq!(epochs(&*store, SLOT).await, [5]);
}

pub(crate) async fn of_many_who_claim_at_one_epoch_one_succeeds(stage: &impl Stage) {
    let mut attempts = tokio::task::JoinSet::new();
    for number in 0..8 {
        let store = stage.open().await;
        attempts.spawn(async move {
            let claim = claim(&format!("home-{number}"), 5);
            store.claim(&claim, &[1, 2, 3]).await
        });
    }
    let outcomes = attempts.join_all().await;
    let count = |wanted: fn(&Result<_, Error>) -> bool| outcomes.iter().filter(|one| wanted(one)).count();
    assert_eq!(count(Result::is_ok), 1, "{outcomes:?}");
    assert_eq!(count(|one| matches!(one, Err(Error::Fenced { epoch: 5 }))), 7);
    let store = stage.open().await;
    assert_eq!(store.moves(1).await.unwrap(), store.moves(3).await.unwrap());
}

pub(crate) async fn a_claim_returns_what_was_committed_just_before(stage: &impl Stage) {
    let (former, new) = (stage.open().await, stage.open().await);
    put_new(&*former, "alice").await;
    for epoch in (1..20).step_by(2) {
        people_named(&*former, "home-1", epoch).await;
        let last = format!("Alice of {epoch}");
        former
            .write(&[renamed("alice", SLOT, epoch, &last)])
            .await
            .unwrap();
        assert_eq!(people_named(&*new, "home-2", epoch + 1).await, [last]);
    }
}

async fn people_named(store: &dyn Store, member: &str, epoch: u64) -> Vec<String> {
    let people = store.claim(&claim(member, epoch), &[SLOT]).await.unwrap();
    people.into_iter().map(|one| one.account.display_name).collect()
}

pub(crate) async fn a_claim_is_seen_by_another_handle_and_after_a_restart(stage: &impl Stage) {
    let (one, two) = (stage.open().await, stage.open().await);
    put_new(&*one, "alice").await;
    one.claim(&claim("home-1", 1), &[SLOT]).await.unwrap();
    two.claim(&claim("home-2", 2), &[SLOT]).await.unwrap();
    let late = [renamed("alice", SLOT, 1, "Alice, too late")];
    let fenced = [Fenced { slot: SLOT, epoch: 2 }];
    assert_eq!(one.write(&late).await.unwrap(), fenced);
    drop((one, two));
    let reopened = stage.open().await;
    assert_eq!(reopened.write(&late).await.unwrap(), fenced);
    let refused = reopened.claim(&claim("home-1", 1), &[SLOT]).await;
    assert!(matches!(refused, Err(Error::Fenced { epoch: 2 })), "{refused:?}");
    assert_eq!(name_of(&*reopened, "alice").await, account("alice").display_name);
}

pub(crate) async fn operators_are_not_fenced(stage: &impl Stage) {
    let store = stage.open().await;
    let mut alice = put_new(&*store, "alice").await;
    store.claim(&claim("home-1", 9), &[SLOT]).await.unwrap();
    alice.disabled = true;
    store.put_account(&alice, SLOT, Put::Replace).await.unwrap();
    put_new(&*store, "bob").await;
    store.remove_account(&person("bob")).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [alice]);
}

pub(crate) async fn no_slots_are_claimed_without_a_trace(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    assert_eq!(store.claim(&claim("home-1", 9), &[]).await.unwrap(), []);
    assert_eq!(store.epoch().await.unwrap(), 0);
}

pub(crate) async fn a_slot_named_twice_is_claimed_once(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    assert_eq!(people(&*store, &[SLOT, SLOT]).await.len(), 1);
    assert_eq!(epochs(&*store, SLOT).await, [EPOCH]);
}

pub(crate) async fn the_newest_epoch_of_all_claims_is_known(stage: &impl Stage) {
    let store = stage.open().await;
    assert_eq!(store.epoch().await.unwrap(), 0);
    store.claim(&claim("home-1", 70), &[1]).await.unwrap();
    store.claim(&claim("home-1", 12), &[2]).await.unwrap();
    store.write(&[renamed("alice", 3, 99, "")]).await.unwrap();
    assert_eq!(store.epoch().await.unwrap(), 70);
    assert_eq!(stage.open().await.epoch().await.unwrap(), 70);
}

pub(crate) async fn the_last_moves_of_a_slot_are_told_newest_first(stage: &impl Stage) {
    let store = stage.open().await;
    assert_eq!(store.moves(SLOT).await.unwrap(), []);
    for epoch in 1..=3 {
        let mut claim = claim(&format!("home-{epoch}"), epoch);
        store.claim(&claim, &[SLOT]).await.unwrap();
        // Claiming again is no move.
        claim.at = at(1000);
        store.claim(&claim, &[SLOT]).await.unwrap();
    }
    let moved = |epoch| Move {
        member: format!("home-{epoch}"),
        epoch,
        at: at(epoch),
    };
    assert_eq!(store.moves(SLOT).await.unwrap(), [moved(3), moved(2), moved(1)]);
    assert_eq!(store.moves(SLOT + 1).await.unwrap(), []);
}

pub(crate) async fn older_moves_are_forgotten(stage: &impl Stage) {
    let store = stage.open().await;
    for epoch in 1..=30 {
        store
            .claim(&claim("home-1", epoch), &[SLOT, SLOT + 1])
            .await
            .unwrap();
    }
    store.claim(&claim("home-2", 31), &[SLOT]).await.unwrap();
    let last = |newest: u64| (0..MOVES_MAX.into()).map(move |back| newest - back);
    assert_eq!(epochs(&*store, SLOT).await, last(31).collect::<Vec<_>>());
    assert_eq!(epochs(&*store, SLOT + 1).await, last(30).collect::<Vec<_>>());
}

pub(crate) async fn every_state_told_comes_back_and_goes_with_the_account(stage: &impl Stage) {
    let store = stage.open().await;
    let alice = put_new(&*store, "alice").await;
    put_new(&*store, "bob").await;
    let told = async |name: &str| store.load_one(&person(name)).await.unwrap().unwrap().told;
    assert_eq!(told("alice").await, None);
    for state in PresenceState::ALL {
        store
            .write(&[put_login("bob", 1), write("alice", Change::PutTold(state))])
            .await
            .unwrap();
        assert_eq!(told("alice").await, Some(state));
        store.write(&[write("alice", Change::ForgetTold)]).await.unwrap();
        assert_eq!(
            told("alice").await,
            None,
            "watchers are being told something else"
        );
        let again = [
            write("alice", Change::ForgetTold),
            write("alice", Change::PutTold(state)),
        ];
        store.write(&again).await.unwrap();
        assert_eq!(told("alice").await, Some(state));
    }
    assert_eq!(told("bob").await, None);
    store.remove_account(&alice.principal).await.unwrap();
    put_new(&*store, "alice").await;
    assert_eq!(told("alice").await, None);
}

pub(crate) async fn what_is_kept_cannot_be_claimed_at_an_epoch_in_between(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.claim(&claim("home-1", 5), &[SLOT, SLOT + 1]).await.unwrap();
    let held = [(SLOT, 5), (SLOT + 1, 5)];
    assert!(store.keep(&claim("home-1", 7), &held).await.unwrap().is_empty());
    assert_eq!(store.epoch().await.unwrap(), 7);
    let late = store.claim(&claim("home-2", 6), &[SLOT]).await;
    assert!(matches!(late, Err(Error::Fenced { epoch: 7 })), "{late:?}");
    let same = store.claim(&claim("home-2", 7), &[SLOT]).await;
    assert!(matches!(same, Err(Error::Fenced { epoch: 7 })), "{same:?}");
    // What is kept is written for as it was claimed, and nothing was added to its history.
    let fenced = store
        .write(&[renamed("alice", SLOT, 5, "Alice, still here")])
        .await;
    assert_eq!(fenced.unwrap(), []);
    assert_eq!(epochs(&*store, SLOT).await, [5]);
    // Keeping never goes back.
    store.keep(&claim("home-1", 6), &held).await.unwrap();
    assert_eq!(store.epoch().await.unwrap(), 7);
    store.claim(&claim("home-2", 8), &[SLOT]).await.unwrap();
}

pub(crate) async fn who_has_lost_a_slot_cannot_keep_it(stage: &impl Stage) {
    let store = stage.open().await;
    store.claim(&claim("home-1", 5), &[1, 2, 3]).await.unwrap();
    store.claim(&claim("home-2", 6), &[2]).await.unwrap();
    // Another process of the same name, later.
    store.claim(&claim("home-1", 6), &[3]).await.unwrap();
    let held = [(3, 5), (2, 5), (1, 5), (4, 5)];
    let taken = store.keep(&claim("home-1", 7), &held).await.unwrap();
    assert_eq!(taken, [2, 3, 4], "4 was never claimed");
    let late = store.claim(&claim("home-3", 6), &[1]).await;
    assert!(matches!(late, Err(Error::Fenced { epoch: 7 })), "{late:?}");
    store.claim(&claim("home-3", 7), &[2]).await.unwrap();
    assert!(store.keep(&claim("home-1", 8), &[]).await.unwrap().is_empty());
}
