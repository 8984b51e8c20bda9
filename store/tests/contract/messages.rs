//! Messages kept for people, and contact lists.

use super::Stage;
use super::samples::{
    SLOT, at, claim, contact, kept_header, kept_message, one_of_each, person, put_new, write,
};
use bytes::Bytes;
use rvp::notification::AckType;
use rvp::{Domain, Identity, MessageId};
use std::time::{Duration, SystemTime};
use store::{Change, Contact, KEPT_READ_BYTES_MAX, KeptHeader, KeptMessage, Store};

fn put(name: &str, numbers: impl IntoIterator<Item = u64>) -> Vec<store::Write> {
    let put = |number| write(name, Change::PutMessage(kept_message(number)));
    numbers.into_iter().map(put).collect()
}

async fn change(store: &dyn Store, change: Change) {
    store.write(&[write("alice", change)]).await.unwrap();
}

/// The numbers of alice's messages that wait.
async fn waiting(store: &dyn Store) -> Vec<u64> {
    numbers(&store.kept(&person("alice"), 0, 5000).await.unwrap())
}

fn numbers(messages: &[KeptMessage]) -> Vec<u64> {
    messages.iter().map(|message| message.number).collect()
}

async fn headers(store: &dyn Store) -> Vec<KeptHeader> {
    store.load_one(&person("alice")).await.unwrap().unwrap().kept
}

pub(crate) async fn what_waits_is_read_in_order(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&put("alice", [3, 1])).await.unwrap();
    store.write(&put("alice", [300, 2, 20])).await.unwrap();
    let found = store.kept(&person("alice"), 0, 10).await.unwrap();
    assert_eq!(found, [1, 2, 3, 20, 300].map(kept_message));
    let later = store.kept(&person("alice"), 3, 10).await.unwrap();
    assert_eq!(later, [20, 300].map(kept_message));
    assert_eq!(headers(&*store).await, [1, 2, 3, 20, 300].map(kept_header));
    for after in [300, u64::MAX] {
        assert_eq!(store.kept(&person("alice"), after, 10).await.unwrap(), []);
    }
    assert_eq!(store.kept(&person("nobody"), 0, 10).await.unwrap(), []);
}

pub(crate) async fn what_is_read_at_one_time_has_limits(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&put("alice", 1..=20)).await.unwrap();
    let alice = person("alice");
    let few = store.kept(&alice, 5, 3).await.unwrap();
    assert_eq!(numbers(&few), [6, 7, 8]);
    assert_eq!(store.kept(&alice, 5, 0).await.unwrap(), []);
    let sized = |number, octets| {
        let message = KeptMessage {
            document: Bytes::from(vec![b'x'; octets]),
            ..kept_message(number)
        };
        write("alice", Change::PutMessage(message))
    };
    let third = KEPT_READ_BYTES_MAX / 3;
    let large = [
        sized(101, third),
        sized(102, third),
        sized(103, third + 3),
        sized(104, 1),
        sized(105, KEPT_READ_BYTES_MAX + 1),
        sized(106, 1),
    ];
    store.write(&large).await.unwrap();
    let mut after = 100;
    for expected in [vec![101, 102, 103], vec![104, 105], vec![106], vec![]] {
        let found = store.kept(&alice, after, 1000).await.unwrap();
        assert_eq!(numbers(&found), expected);
        after = expected.last().copied().unwrap_or(after);
    }
}

pub(crate) async fn what_was_taken_is_known_by_its_header_only(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&put("alice", 1..=4)).await.unwrap();
    change(&*store, Change::TakeMessages(vec![2, 4, 7], at(50))).await;
    drop(store);
    let store = stage.open().await;
    assert_eq!(waiting(&*store).await, [1, 3]);
    let taken = |number| KeptHeader {
        taken: Some(at(50)),
        ..kept_header(number)
    };
    let expected = [kept_header(1), taken(2), kept_header(3), taken(4)];
    assert_eq!(headers(&*store).await, expected);
}

pub(crate) async fn the_first_taking_counts(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&put("alice", [1])).await.unwrap();
    for later in [50, 60, 40] {
        change(&*store, Change::TakeMessages(vec![1], at(later))).await;
    }
    assert_eq!(headers(&*store).await[0].taken, Some(at(50)));
}

pub(crate) async fn what_was_forgotten_is_gone(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&put("alice", 1..=4)).await.unwrap();
    change(&*store, Change::TakeMessages(vec![1], at(50))).await;
    change(&*store, Change::ForgetMessages(vec![1, 3, 9])).await;
    assert_eq!(headers(&*store).await, [2, 4].map(kept_header));
    assert_eq!(waiting(&*store).await, [2, 4]);
    change(&*store, Change::TakeMessages(vec![1], at(60))).await;
    assert_eq!(headers(&*store).await.len(), 2, "what is gone stays gone");
}

pub(crate) async fn of_one_message_the_last_change_in_a_group_counts(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store.write(&put("alice", [1, 2, 5])).await.unwrap();
    let changes = [
        Change::ForgetMessages(vec![1]),
        Change::PutMessage(kept_message(1)),
        Change::ForgetMessages(vec![2]),
        Change::TakeMessages(vec![2], at(50)),
        Change::PutMessage(kept_message(3)),
        Change::TakeMessages(vec![3], at(50)),
        Change::TakeMessages(vec![3], at(60)),
        Change::PutMessage(kept_message(4)),
        Change::ForgetMessages(vec![4]),
        Change::TakeMessages(vec![5], at(70)),
        Change::TakeMessages(vec![5], at(80)),
        Change::PutMessage(kept_message(6)),
        Change::TakeMessages(vec![6], at(80)),
        Change::PutMessage(kept_message(6)),
    ];
    store
        .write(&changes.map(|change| write("alice", change)))
        .await
        .unwrap();
    let taken = |number, millis| KeptHeader {
        taken: Some(at(millis)),
        ..kept_header(number)
    };
    let expected = [kept_header(1), taken(3, 50), taken(5, 70), kept_header(6)];
    assert_eq!(headers(&*store).await, expected);
    assert_eq!(waiting(&*store).await, [1, 6]);
}

pub(crate) async fn a_message_comes_back_as_it_was_put(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let everything = Bytes::from_iter((0..=255).cycle().take(70_000));
    let senders = [
        Identity::Person(person("bob")),
        Identity::Server(Domain::parse("im.contoso.example:8080").unwrap()),
        Identity::Person(person("carol")),
    ];
    let messages: Vec<_> = (1..)
        .zip(AckType::ALL)
        .zip(senders)
        .map(|((number, ack), from)| KeptMessage {
            id: MessageId::parse(&"~!{}'\"\\"[..usize::try_from(number).unwrap()]).unwrap(),
            from,
            ack,
            document: everything.slice(..30_000 * (usize::try_from(number).unwrap() - 1)),
            accepted: at(7) + Duration::from_nanos(999_999),
            ..kept_message(number)
        })
        .collect();
    for message in &messages {
        change(&*store, Change::PutMessage(message.clone())).await;
    }
    let whole_millis = |message| KeptMessage {
        accepted: at(7),
        ..message
    };
    let expected: Vec<_> = messages.into_iter().map(whole_millis).collect();
    assert_eq!(store.kept(&person("alice"), 0, 10).await.unwrap(), expected);
    assert_eq!(headers(&*store).await[2].bytes, 60_000);

    let early = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    change(&*store, Change::TakeMessages(vec![1], early)).await;
    assert_eq!(headers(&*store).await[0].taken, Some(early));
}

pub(crate) async fn messages_of_two_people_are_apart(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    put_new(&*store, "bob").await;
    let both = [put("alice", 1..=2), put("bob", 1..=2)].concat();
    store.write(&both).await.unwrap();
    change(&*store, Change::TakeMessages(vec![1], at(50))).await;
    change(&*store, Change::ForgetMessages(vec![2])).await;
    assert_eq!(waiting(&*store).await, [0; 0]);
    let bob = store.kept(&person("bob"), 0, 10).await.unwrap();
    assert_eq!(bob, [1, 2].map(kept_message));
}

pub(crate) async fn messages_and_contacts_go_with_the_account(stage: &impl Stage) {
    let store = stage.open().await;
    let alice = put_new(&*store, "alice").await;
    store.write(&one_of_each("alice")).await.unwrap();
    assert_eq!(waiting(&*store).await, [1]);
    store.remove_account(&alice.principal).await.unwrap();
    assert_eq!(waiting(&*store).await, [0; 0]);
    store.write(&put("alice", [2])).await.unwrap();
    put_new(&*store, "alice").await;
    let anew = store.load_one(&alice.principal).await.unwrap().unwrap();
    assert_eq!((anew.kept, anew.contacts), (vec![], vec![]));
}

pub(crate) async fn a_thousand_messages_in_one_write_are_all_there(stage: &impl Stage) {
    let store = stage.open().await;
    let names: Vec<String> = (0..77).map(|number| format!("person{number}")).collect();
    let mut writes = Vec::new();
    for name in &names {
        put_new(&*store, name).await;
        writes.extend(put(name, 1..=13));
    }
    store.write(&writes).await.unwrap();
    let taking = |name: &String| write(name, Change::TakeMessages((1..=11).collect(), at(50)));
    let taken: Vec<_> = names.iter().map(taking).collect();
    store.write(&taken).await.unwrap();
    for name in &names {
        let found = store.kept(&person(name), 0, 100).await.unwrap();
        assert_eq!(found, [12, 13].map(kept_message), "{name}");
    }
    let forgetting = |name: &String| write(name, Change::ForgetMessages((1..=13).collect()));
    let gone: Vec<_> = names.iter().map(forgetting).collect();
    store.write(&gone).await.unwrap();
    let last = store.load_one(&person("person76")).await.unwrap().unwrap();
    assert_eq!(last.kept, []);
}

async fn contacts(store: &dyn Store, name: &str) -> Vec<Contact> {
    store.load_one(&person(name)).await.unwrap().unwrap().contacts
}

pub(crate) async fn a_contact_list_replaces_the_one_before(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    put_new(&*store, "bob").await;
    let first = vec![contact("carol"), contact("bob"), contact("dave")];
    store
        .write(&[write("bob", Change::PutContacts(first.clone()))])
        .await
        .unwrap();
    let plain = Contact {
        name: String::new(),
        group: String::new(),
        ..contact("zoe")
    };
    let lists = [first, vec![plain, contact("bob")], vec![]];
    for list in lists {
        change(&*store, Change::PutContacts(list.clone())).await;
        assert_eq!(contacts(&*store, "alice").await, list);
    }
    assert_eq!(contacts(&*store, "bob").await.len(), 3);
    let twice = [vec![contact("zoe")], vec![contact("carol"), contact("al")]];
    let writes = twice
        .clone()
        .map(|list| write("alice", Change::PutContacts(list)));
    store.write(&writes).await.unwrap();
    assert_eq!(contacts(&*store, "alice").await, twice[1]);
}

pub(crate) async fn a_long_contact_list_keeps_its_order(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    // Not in alphabetical order.
    let named = |number: u32| contact(&format!("person{}", number * 7919 % 2000));
    let list: Vec<Contact> = (0..2000).map(named).collect();
    change(&*store, Change::PutContacts(list.clone())).await;
    assert_eq!(contacts(&*store, "alice").await, list);
}

pub(crate) async fn an_operator_sets_a_contact_list_whoever_has_the_slot(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    put_new(&*store, "bob").await;
    store.write(&one_of_each("bob")).await.unwrap();
    store.claim(&claim("home-1", 99), &[SLOT]).await.unwrap();
    let (alice, revision) = (person("alice"), store.revision().await.unwrap());
    for list in [
        vec![contact("carol"), contact("bob")],
        vec![contact("zoe")],
        vec![],
    ] {
        store.put_contacts(&alice, &list).await.unwrap();
        assert_eq!(contacts(&*store, "alice").await, list);
    }
    assert_eq!(store.revision().await.unwrap(), revision);
    assert_eq!(contacts(&*store, "bob").await.len(), 2);
}

pub(crate) async fn nobody_has_no_contact_list(stage: &impl Stage) {
    let store = stage.open().await;
    let refused = store.put_contacts(&person("alice"), &[contact("bob")]).await;
    assert!(matches!(refused, Err(store::Error::NoSuchAccount)), "{refused:?}");
}
