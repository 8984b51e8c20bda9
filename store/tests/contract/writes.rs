//! Changes of what belongs to people.

use super::Stage;
use super::samples::{
    SLOT, access, account, at, contact, id, kept_header, kept_message, login, one_of_each, people, person,
    put_login, put_new, subscription, view, write,
};
use rvp::{Domain, Identity, PresenceState, ViewId};
use std::time::{Duration, SystemTime};
use store::{Change, Durable, KeptHeader, KeptMessage, Login, PropertySubscription, Put, Store, View};

async fn load(store: &dyn Store, name: &str) -> Durable {
    store.load_one(&person(name)).await.unwrap().unwrap()
}

fn alice_with_one_of_each() -> Durable {
    Durable {
        account: account("alice"),
        logins: vec![login(1)],
        views: vec![view(1)],
        subscriptions: vec![subscription(2, "bob")],
        access: Some(access("bob")),
        told: Some(PresenceState::OnPhone),
        kept: vec![kept_header(1)],
        contacts: vec![contact("bob"), contact("al")],
    }
}

pub(crate) async fn everything_survives_a_restart(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&one_of_each("alice")).await.unwrap();
    drop(store);
    let store = stage.open().await;
    assert_eq!(load(&*store, "alice").await, alice_with_one_of_each());
    assert_eq!(store.revision().await.unwrap(), 1);
}

pub(crate) async fn everything_is_seen_by_another_handle(stage: &impl Stage) {
    let (one, two) = (stage.open().await, stage.open().await);
    put_new(&*one, "alice").await;
    two.write(&one_of_each("alice")).await.unwrap();
    assert_eq!(load(&*one, "alice").await, alice_with_one_of_each());
    one.write(&[write("alice", Change::RemoveLogin(id(1)))])
        .await
        .unwrap();
    assert_eq!(load(&*two, "alice").await.logins, []);
}

pub(crate) async fn a_claim_returns_those_in_its_slots_only(stage: &impl Stage) {
    let store = stage.open().await;
    for (name, slot) in [("alice", 0), ("bob", 1), ("carol", 16_383), ("dave", 1)] {
        store.put_account(&account(name), slot, Put::New).await.unwrap();
        store.write(&one_of_each(name)).await.unwrap();
    }
    let names = async |slots: &[u16]| {
        let people = people(&*store, slots).await;
        assert!(
            people
                .iter()
                .all(|person| person.logins.len() == 1 && person.access.is_some())
        );
        people
            .iter()
            .map(|person| person.account.principal.name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&[]).await, [""; 0]);
    assert_eq!(names(&[2, 3]).await, [""; 0]);
    assert_eq!(names(&[1]).await, ["bob", "dave"]);
    assert_eq!(names(&[16_383, 0, 0]).await, ["alice", "carol"]);
    let all: Vec<u16> = (0..16_384).collect();
    assert_eq!(names(&all).await, ["alice", "bob", "carol", "dave"]);
}

pub(crate) async fn claimed_people_are_ordered_by_principal(stage: &impl Stage) {
    let store = stage.open().await;
    for name in ["mallory", "alice", "zoe"] {
        put_new(&*store, name).await;
        store
            .write(&[put_login(name, 3), put_login(name, 1), put_login(name, 2)])
            .await
            .unwrap();
    }
    let people = people(&*store, &[SLOT]).await;
    let names: Vec<_> = people
        .iter()
        .map(|person| person.account.principal.name())
        .collect();
    assert_eq!(names, ["alice", "mallory", "zoe"]);
    assert!(
        people
            .iter()
            .all(|person| person.logins == [login(1), login(2), login(3)])
    );
}

pub(crate) async fn what_has_the_same_id_is_replaced(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&one_of_each("alice")).await.unwrap();
    let renewed = Login {
        router: "edge".to_owned(),
        ends: at(99),
        ..login(1)
    };
    let idle = View {
        login: None,
        state: PresenceState::Idle,
        changed: at(88),
        ends: None,
        ..view(1)
    };
    let other = PropertySubscription {
        id: id(2),
        ends: at(77),
        ..subscription(2, "carol")
    };
    let changes = [
        Change::PutLogin(renewed.clone()),
        Change::PutView(idle.clone()),
        Change::PutSubscription(other.clone()),
        Change::PutAccess(access("carol")),
        Change::PutDisplayName("Alice anew".to_owned()),
        Change::PutTold(PresenceState::Idle),
        Change::PutMessage(KeptMessage {
            document: "new".into(),
            ..kept_message(1)
        }),
        Change::PutContacts(vec![contact("carol")]),
    ];
    store
        .write(&changes.map(|change| write("alice", change)))
        .await
        .unwrap();
    let mut account = account("alice");
    account.display_name = "Alice anew".to_owned();
    let expected = Durable {
        account,
        logins: vec![renewed],
        views: vec![idle],
        subscriptions: vec![other],
        access: Some(access("carol")),
        told: Some(PresenceState::Idle),
        kept: vec![KeptHeader {
            bytes: 3,
            ..kept_header(1)
        }],
        contacts: vec![contact("carol")],
    };
    assert_eq!(load(&*store, "alice").await, expected);
}

pub(crate) async fn the_last_change_of_one_thing_counts(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let changes = [
        Change::PutLogin(login(1)),
        Change::RemoveLogin(id(1)),
        Change::RemoveLogin(id(2)),
        Change::PutLogin(login(2)),
        Change::PutLogin(login(3)),
        Change::PutLogin(Login {
            ends: at(5),
            ..login(3)
        }),
        Change::PutAccess(access("bob")),
        Change::PutAccess(access("carol")),
        Change::PutTold(PresenceState::Busy),
        Change::PutTold(PresenceState::Away),
    ];
    store
        .write(&changes.map(|change| write("alice", change)))
        .await
        .unwrap();
    let alice = load(&*store, "alice").await;
    assert_eq!(
        alice.logins,
        [
            login(2),
            Login {
                ends: at(5),
                ..login(3)
            }
        ]
    );
    assert_eq!(alice.access, Some(access("carol")));
    assert_eq!(alice.told, Some(PresenceState::Away));
}

pub(crate) async fn a_renewal_changes_the_end_of_what_is_there(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&one_of_each("alice")).await.unwrap();
    let changes = [
        Change::RenewLogin(id(1), at(50)),
        Change::RenewSubscription(id(2), at(50)),
        Change::RenewSubscription(id(2), at(60)),
        // Not there, put before in the same group, and removed before in it.
        Change::RenewSubscription(id(3), at(60)),
        Change::PutLogin(login(4)),
        Change::RenewLogin(id(4), at(70)),
        Change::PutLogin(login(5)),
        Change::RemoveLogin(id(5)),
        Change::RenewLogin(id(5), at(70)),
    ];
    store
        .write(&changes.map(|change| write("alice", change)))
        .await
        .unwrap();
    let alice = load(&*store, "alice").await;
    let login = |number, millis| Login {
        ends: at(millis),
        ..login(number)
    };
    assert_eq!(alice.logins, [login(1, 50), login(4, 70)]);
    let renewed = PropertySubscription {
        ends: at(60),
        ..subscription(2, "bob")
    };
    assert_eq!(alice.subscriptions, [renewed]);
}

pub(crate) async fn what_is_removed_is_gone(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    for number in 1..=3 {
        let changes = [
            Change::PutLogin(login(number)),
            Change::PutView(view(number)),
            Change::PutSubscription(subscription(number, "bob")),
        ];
        store
            .write(&changes.map(|change| write("alice", change)))
            .await
            .unwrap();
    }
    let changes = [
        Change::RemoveLogin(id(1)),
        Change::RemoveView(ViewId::new(2).unwrap()),
        Change::RemoveSubscription(id(3)),
    ];
    store
        .write(&changes.map(|change| write("alice", change)))
        .await
        .unwrap();
    let alice = load(&*store, "alice").await;
    assert_eq!(alice.logins, [login(2), login(3)]);
    assert_eq!(alice.views, [view(1), view(3)]);
    assert_eq!(
        alice.subscriptions,
        [subscription(1, "bob"), subscription(2, "bob")]
    );
}

pub(crate) async fn one_id_of_two_people_is_two_things(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    put_new(&*store, "bob").await;
    store
        .write(&[put_login("alice", 1), put_login("bob", 1)])
        .await
        .unwrap();
    store
        .write(&[write("alice", Change::RemoveLogin(id(1)))])
        .await
        .unwrap();
    assert_eq!(load(&*store, "alice").await.logins, []);
    assert_eq!(load(&*store, "bob").await.logins, [login(1)]);
}

pub(crate) async fn removing_what_is_not_there_does_nothing(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let changes = [
        Change::RemoveLogin(id(1)),
        Change::RemoveView(ViewId::new(1).unwrap()),
        Change::RemoveSubscription(id(1)),
    ];
    store
        .write(&changes.map(|change| write("alice", change)))
        .await
        .unwrap();
    assert_eq!(load(&*store, "alice").await.logins, []);
}

pub(crate) async fn a_change_of_somebody_without_account_is_ignored(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    put_new(&*store, "bob").await;
    store.remove_account(&person("bob")).await.unwrap();
    let writes = [one_of_each("bob"), one_of_each("nobody"), one_of_each("alice")].concat();
    store.write(&writes).await.unwrap();
    store
        .write(&[write("bob", Change::PutDisplayName("Ghost".to_owned()))])
        .await
        .unwrap();
    assert_eq!(people(&*store, &[SLOT]).await, [alice_with_one_of_each()]);
}

pub(crate) async fn a_thousand_changes_in_one_write_are_all_there(stage: &impl Stage) {
    let store = stage.open().await;
    let names: Vec<String> = (0..77).map(|number| format!("person{number}")).collect();
    let mut writes = Vec::new();
    for name in &names {
        put_new(&*store, name).await;
        for number in 1..=13 {
            writes.push(write(
                name,
                Change::PutSubscription(subscription(number, &format!("watcher{number}"))),
            ));
        }
    }
    assert_eq!(writes.len(), 1001);
    store.write(&writes).await.unwrap();
    let expected: Vec<_> = (1..=13)
        .map(|number| subscription(number, &format!("watcher{number}")))
        .collect();
    let people = people(&*store, &[SLOT]).await;
    assert_eq!(people.len(), 77);
    assert!(people.iter().all(|person| person.subscriptions == expected));
}

pub(crate) async fn ids_and_times_come_back_to_the_millisecond(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let last = i32::MAX.unsigned_abs();
    let fine = at(7) + Duration::from_nanos(999_999);
    let early = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    let subscription = PropertySubscription {
        id: id(last),
        ends: fine,
        ..subscription(1, "bob")
    };
    let view = View {
        id: ViewId::new(last).unwrap(),
        login: Some(id(last)),
        changed: early,
        ..view(1)
    };
    let changes = [
        Change::PutSubscription(subscription.clone()),
        Change::PutView(view.clone()),
    ];
    store
        .write(&changes.map(|change| write("alice", change)))
        .await
        .unwrap();
    let alice = load(&*store, "alice").await;
    assert_eq!(
        alice.subscriptions,
        [PropertySubscription {
            ends: at(7),
            ..subscription
        }]
    );
    assert_eq!(alice.views, [view]);
}

pub(crate) async fn a_subscriber_other_than_the_watcher_comes_back(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let server = Identity::Server(Domain::parse("im.contoso.example:8080").unwrap());
    let subscribers = [
        server,
        Identity::Person(person("carol")),
        Identity::Person(person("bob")),
    ];
    let subscriptions: Vec<_> = (1..)
        .zip(subscribers)
        .map(|(number, subscriber)| PropertySubscription {
            subscriber,
            ..subscription(number, "bob")
        })
        .collect();
    let writes: Vec<_> = subscriptions
        .iter()
        .map(|one| write("alice", Change::PutSubscription(one.clone())))
        .collect();
    store.write(&writes).await.unwrap();
    assert_eq!(load(&*store, "alice").await.subscriptions, subscriptions);
}

pub(crate) async fn nothing_written_is_fine(stage: &impl Stage) {
    let store = stage.open().await;
    store.write(&[]).await.unwrap();
    assert_eq!(store.revision().await.unwrap(), 0);
}
