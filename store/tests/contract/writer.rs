//! Group commit over a store.

use super::Stage;
use super::gated::Gated;
use super::samples::{
    EPOCH, SLOT, account, at, claim, id, login, one_of_each, person, put_login, put_new, write,
};
use std::sync::Arc;
use store::{Change, Error, GROUP_SUBMISSIONS_MAX, Put, QUEUE_SUBMISSIONS_MAX, Store, Write, Writer};
use tokio::task::JoinSet;

/// A writer over a gated store with an account for alice; its work runs until the set is dropped.
async fn begin(stage: &impl Stage) -> (Arc<Gated>, Writer, JoinSet<()>) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let gated = Gated::new(store);
    let (writer, work) = Writer::new(gated.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(work);
    (gated, writer, tasks)
}

async fn logins(store: &dyn Store) -> Vec<u32> {
    let alice = store.load_one(&person("alice")).await.unwrap().unwrap();
    alice.logins.iter().map(|login| login.id.get()).collect()
}

pub(crate) async fn what_is_submitted_during_a_commit_becomes_one_transaction(stage: &impl Stage) {
    let (store, writer, _work) = begin(stage).await;
    let first = writer.submit(vec![put_login("alice", 1)]);
    store.arrival().await;
    let others: Vec<_> = (2..=400)
        .map(|number| writer.submit(vec![put_login("alice", number)]))
        .collect();
    store.release(2);
    first.await.unwrap();
    for other in others {
        other.await.unwrap();
    }
    assert_eq!(store.sizes(), [1, 399]);
    assert_eq!(logins(&*store).await, (1..=400).collect::<Vec<_>>());
}

pub(crate) async fn what_is_submitted_together_is_one_transaction_with_an_outcome_for_each(
    stage: &impl Stage,
) {
    let (store, writer, _work) = begin(stage).await;
    let mut all: Vec<_> = (1..=10).map(|number| vec![put_login("alice", number)]).collect();
    store.put_account(&account("bob"), 1, Put::New).await.unwrap();
    store.claim(&claim("home-2", EPOCH + 1), &[1]).await.unwrap();
    all.push(vec![Write {
        slot: 1,
        ..put_login("bob", 11)
    }]);
    let together = writer.submit_together(all);
    store.release(1);
    let outcomes = together.await;
    assert!(outcomes[..10].iter().all(Result::is_ok), "{outcomes:?}");
    assert!(
        matches!(outcomes[10..], [Err(Error::Fenced { .. })]),
        "{outcomes:?}"
    );
    assert_eq!(store.sizes(), [11]);
    assert_eq!(logins(&*store).await, (1..=10).collect::<Vec<_>>());
}

pub(crate) async fn a_group_has_a_limit(stage: &impl Stage) {
    let (store, writer, _work) = begin(stage).await;
    let first = writer.submit(vec![put_login("alice", 1)]);
    store.arrival().await;
    let two_each = || {
        writer.submit(vec![
            put_login("alice", 2),
            write("alice", Change::RemoveLogin(id(2))),
        ])
    };
    let others: Vec<_> = (0..2 * GROUP_SUBMISSIONS_MAX + 5).map(|_| two_each()).collect();
    store.release(4);
    first.await.unwrap();
    for other in others {
        other.await.unwrap();
    }
    assert_eq!(
        store.sizes(),
        [1, 2 * GROUP_SUBMISSIONS_MAX, 2 * GROUP_SUBMISSIONS_MAX, 10]
    );
}

pub(crate) async fn writes_are_applied_in_the_order_of_submission(stage: &impl Stage) {
    let (store, writer, _work) = begin(stage).await;
    store.release(usize::MAX >> 4);
    let named = |number| write("alice", Change::PutDisplayName(format!("Alice {number}")));
    let submitted: Vec<_> = (0..500)
        .map(|number| writer.clone().submit(vec![named(number)]))
        .collect();
    // The order in which they are awaited must not matter.
    for outcome in submitted.into_iter().rev() {
        outcome.await.unwrap();
    }
    assert_eq!(store.begun().concat(), (0..500).map(named).collect::<Vec<_>>());
    assert_eq!(store.accounts().await.unwrap()[0].display_name, "Alice 499");
}

pub(crate) async fn what_was_awaited_survives_a_restart(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let (writer, work) = Writer::new(store);
    let mut tasks = JoinSet::new();
    tasks.spawn(work);
    let mut submitters = JoinSet::new();
    for number in 1..=50 {
        submitters.spawn(writer.submit(vec![put_login("alice", number)]));
    }
    for outcome in submitters.join_all().await {
        outcome.unwrap();
    }
    tasks.abort_all();
    let reopened = stage.open().await;
    assert_eq!(logins(&*reopened).await, (1..=50).collect::<Vec<_>>());
    let alice = reopened.load_one(&person("alice")).await.unwrap().unwrap();
    assert_eq!(alice.logins[49], login(50));
}

pub(crate) async fn who_was_fenced_is_told_and_the_rest_of_the_group_committed(stage: &impl Stage) {
    let (store, writer, _work) = begin(stage).await;
    for (name, slot) in [("bob", 1), ("carol", 2), ("dave", 3)] {
        store.put_account(&account(name), slot, Put::New).await.unwrap();
    }
    store.claim(&claim("home-2", EPOCH + 1), &[1]).await.unwrap();
    store.claim(&claim("home-2", EPOCH + 2), &[3]).await.unwrap();
    let submit = |name, slot| {
        let writes = one_of_each(name).into_iter();
        writer.submit(writes.map(|write| Write { slot, ..write }).collect())
    };
    let before = submit("alice", SLOT);
    store.arrival().await;
    let group = [
        submit("bob", 1),
        submit("carol", 2),
        submit("dave", 3),
        submit("alice", SLOT),
    ];
    let nothing = writer.submit(Vec::new());
    store.release(2);
    before.await.unwrap();
    let [bob, carol, dave, alice] = group;
    carol.await.unwrap();
    alice.await.unwrap();
    nothing.await.unwrap();
    for (outcome, newer) in [(bob.await, EPOCH + 1), (dave.await, EPOCH + 2)] {
        let told = matches!(outcome, Err(Error::Fenced { epoch }) if epoch == newer);
        assert!(told, "{outcome:?}");
    }
    assert_eq!(
        store.sizes(),
        [7, 28],
        "a group with somebody fenced is not tried again"
    );
    for (name, kept) in [("bob", false), ("carol", true), ("dave", false), ("alice", true)] {
        let person = store.load_one(&person(name)).await.unwrap().unwrap();
        assert_eq!(
            (person.logins.len(), person.access.is_some()),
            (kept.into(), kept),
            "{name}"
        );
    }
}

pub(crate) async fn who_lost_a_slot_and_has_it_again_is_told_of_each(stage: &impl Stage) {
    let (store, writer, _work) = begin(stage).await;
    let first = writer.submit(vec![put_login("alice", 1)]);
    store.arrival().await;
    let of = |epoch, number| {
        let write = put_login("alice", number);
        writer.submit(vec![Write { epoch, ..write }])
    };
    let (old, new) = (of(EPOCH, 2), of(EPOCH + 2, 3));
    store.release(1);
    first.await.unwrap();
    store.arrival().await;
    store.claim(&claim("home-2", EPOCH + 1), &[SLOT]).await.unwrap();
    store.claim(&claim("home-1", EPOCH + 2), &[SLOT]).await.unwrap();
    store.release(1);
    let old = old.await;
    assert!(
        matches!(old, Err(Error::Fenced { epoch }) if epoch == EPOCH + 2),
        "{old:?}"
    );
    new.await.unwrap();
    assert_eq!(logins(&*store).await, [1, 3]);
}

pub(crate) async fn an_error_reaches_everybody_in_the_group_and_nobody_else(stage: &impl Stage) {
    let (store, writer, _work) = begin(stage).await;
    let before = writer.submit(vec![put_login("alice", 1)]);
    store.arrival().await;
    let group: Vec<_> = (2..=9)
        .map(|number| writer.submit(vec![put_login("alice", number)]))
        .collect();
    store.release(1);
    before.await.unwrap();
    store.arrival().await;
    store.set_failing(true);
    let after = writer.submit(vec![put_login("alice", 10)]);
    store.release(1);
    for outcome in group {
        let error = outcome.await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        assert_eq!(
            std::error::Error::source(&error).unwrap().to_string(),
            "the disk is on strike"
        );
    }
    store.arrival().await;
    store.set_failing(false);
    store.release(1);
    after.await.unwrap();
    assert_eq!(store.sizes(), [1, 8, 1], "a group that failed is not tried again");
    assert_eq!(logins(&*store).await, [1, 10]);
}

pub(crate) async fn a_full_queue_refuses_and_what_was_queued_is_written(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let (writer, work) = Writer::new(store.clone());
    let queued: Vec<_> = (1..QUEUE_SUBMISSIONS_MAX)
        .map(|_| writer.submit(Vec::new()))
        .collect();
    let last = writer.submit(vec![put_login("alice", 1)]);
    let refused = writer.submit(vec![put_login("alice", 2)]).await;
    assert!(matches!(refused, Err(Error::Overloaded)), "{refused:?}");

    drop(writer);
    work.await;
    for outcome in queued {
        outcome.await.unwrap();
    }
    last.await.unwrap();
    assert_eq!(logins(&*store).await, [1]);
}

pub(crate) async fn a_submitter_who_goes_away_withdraws_nothing(stage: &impl Stage) {
    let (store, writer, mut work) = begin(stage).await;
    drop(writer.submit(vec![put_login("alice", 1)]));
    store.arrival().await;
    drop(writer.submit(vec![put_login("alice", 2)]));
    store.release(2);
    drop(writer);
    work.join_next().await.unwrap().unwrap();
    assert_eq!(logins(&*store).await, [1, 2]);
}

pub(crate) async fn the_work_ends_when_all_writers_are_gone(stage: &impl Stage) {
    let (store, writer, mut work) = begin(stage).await;
    let another = writer.clone();
    drop(writer);
    let submitted = another.submit(vec![put_login("alice", 1)]);
    drop(another);
    store.release(1);
    work.join_next().await.unwrap().unwrap();
    submitted.await.unwrap();
}

pub(crate) async fn without_the_work_a_submission_fails(stage: &impl Stage) {
    let (writer, work) = Writer::new(stage.open().await);
    let queued = writer.submit(vec![put_login("alice", 1)]);
    drop(work);
    let later = writer.submit(vec![put_login("alice", 2)]);
    assert!(matches!(queued.await, Err(Error::Stopped)));
    assert!(matches!(later.await, Err(Error::Stopped)));
}

async fn renewed(store: &dyn Store) -> bool {
    let alice = store.load_one(&person("alice")).await.unwrap().unwrap();
    alice.logins[0].ends == at(90)
}

pub(crate) async fn a_renewal_is_answered_at_once_and_written_with_the_next_group(stage: &impl Stage) {
    let (store, writer, _work) = begin(stage).await;
    store.release(2);
    writer.submit(vec![put_login("alice", 1)]).await.unwrap();
    let renewal = write("alice", Change::RenewLogin(id(1), at(90)));
    writer.submit(vec![renewal.clone(), renewal]).await.unwrap();
    assert!(!renewed(&*store).await);
    writer.submit(vec![put_login("alice", 2)]).await.unwrap();
    assert!(renewed(&*store).await);
    assert_eq!(store.sizes(), [1, 3]);
}

pub(crate) async fn what_renewals_are_left_is_written_at_the_end(stage: &impl Stage) {
    let (store, writer, mut work) = begin(stage).await;
    store.release(2);
    writer.submit(vec![put_login("alice", 1)]).await.unwrap();
    let renewal = write("alice", Change::RenewLogin(id(1), at(90)));
    writer.submit(vec![renewal]).await.unwrap();
    drop(writer);
    work.join_next().await.unwrap().unwrap();
    assert!(renewed(&*store).await);
}
