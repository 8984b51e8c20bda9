use super::*;
use crate::attachment::lanes::Asked;
use crate::attachment::watch::Part;
use crate::call_back::Taken;
use allocation_counter::measure;
use attachment::Received;
use attachment::limits::WATCHED_MAX;
use bytes::Bytes;
use futures_util::FutureExt;
use proto::{Change, ClientLogin, DeliverMessage};
use rvp::notification::AckType;
use rvp::{AttachmentId, Identity, Principal, Reach, SubscriptionId};

/// A message with this number, and what its sender waits for.
fn message(number: u64) -> (Waiting, oneshot::Receiver<Outcome>) {
    let person = Principal::from_address("bob@im.example.com").unwrap();
    let login = ClientLogin {
        principal: person.clone(),
        login: SubscriptionId::new(1).unwrap(),
        reach: Reach::Attachment(AttachmentId::new(1)),
    };
    let message = DeliverMessage {
        login,
        from: Identity::Person(person),
        ack: AckType::DeepOr,
        hop: 2,
        document: Bytes::new(),
        id: None,
        attempt: 1,
        probe: false,
        asked_by: None,
    };
    let (outcome, known) = oneshot::channel();
    let told = Told::Message(Box::new(Received {
        sequence: number,
        ..Received::default()
    }));
    (
        Waiting {
            mark: Taken::default().mark(&message),
            told,
            outcome,
        },
        known,
    )
}

fn number(item: Option<Item>) -> Option<u64> {
    match item {
        Some(Item::Message(waiting)) => match waiting.told {
            Told::Message(received) => Some(received.sequence),
            Told::Typing(..) | Told::Nothing => None,
        },
        Some(Item::Change(_) | Item::Contact(_) | Item::Close(_)) | None => None,
    }
}

#[test]
fn so_many_messages_wait_and_no_more() {
    let (outbox, lanes) = (Outbox::default(), Lanes::default());
    let mut senders = Vec::new();
    for number in 1..=64 {
        let (waiting, sender) = message(number);
        assert!(outbox.put_message(waiting), "{number}");
        senders.push(sender);
    }
    assert!(!outbox.put_message(message(65).0), "one too many");
    // A sender who waits no more leaves a place, and the message is not written.
    drop(senders.remove(0));
    let (waiting, _sender) = message(66);
    assert!(outbox.put_message(waiting));
    assert!(!outbox.put_message(message(67).0), "and only one");
    assert_eq!(number(outbox.take(false, &lanes)), None, "no room");
    for expected in (2..=64).chain([66]) {
        assert_eq!(number(outbox.take(true, &lanes)), Some(expected));
    }
    assert_eq!(number(outbox.take(true, &lanes)), None);
}

#[test]
fn whoever_waits_for_a_client_that_is_gone_is_told() {
    let outbox = Outbox::default();
    let (waiting, mut sender) = message(1);
    assert!(outbox.put_message(waiting));
    outbox.give_up();
    assert_eq!(sender.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    assert!(!outbox.put_message(message(2).0));
}

#[test]
fn a_change_of_somebody_whom_the_client_begins_to_watch_waits_for_the_answer() {
    let (outbox, mut lanes) = (Outbox::default(), Lanes::default());
    let person = |address| Principal::from_address(address).unwrap();
    let (bob, dana) = (person("bob@im.example.com"), person("dana@im.example.com"));
    let watch = Asked::Watch(Part::alone(1));
    assert!(lanes.begin(&bob, watch).is_some());
    for presentity in [&bob, &dana] {
        outbox.put_change(News::new(Change {
            presentity: presentity.clone(),
            properties: Vec::new(),
            version: 1,
        }));
    }
    let next = |lanes: &Lanes| match outbox.take(true, lanes) {
        Some(Item::Change(news)) => Some(news.change().presentity.clone()),
        Some(Item::Message(_) | Item::Contact(_) | Item::Close(_)) | None => None,
    };
    assert_eq!(next(&lanes), Some(dana));
    assert_eq!(next(&lanes), None, "the answer may be older, and comes first");
    assert!(lanes.finish_watch(&bob, false).is_none());
    assert_eq!(next(&lanes), Some(bob));
}

/// They go with whatever else is written, and do not hold that up.
#[tokio::test]
async fn changes_that_wait_for_others_go_with_a_message() {
    let (outbox, lanes) = (Outbox::default(), Lanes::default());
    let change = || {
        let presentity = Principal::from_address("bob@im.example.com").unwrap();
        outbox.put_change(News::new(Change {
            presentity,
            properties: Vec::new(),
            version: 1,
        }));
    };
    let has_news = || outbox.news().now_or_never().is_some();
    outbox.gather(true);
    change();
    assert!(!has_news(), "nobody is woken up");
    assert!(outbox.take(true, &lanes).is_none());
    let (waiting, _sender) = message(1);
    assert!(outbox.put_message(waiting));
    assert!(has_news());
    assert_eq!(number(outbox.take(true, &lanes)), Some(1));
    let along = outbox.take_along(true, &lanes);
    assert!(matches!(along, Some(Item::Change(_))));
    assert!(outbox.take_along(true, &lanes).is_none());
    outbox.gather(false);
    change();
    assert!(has_news());
    let alone = outbox.take(true, &lanes);
    assert!(matches!(alone, Some(Item::Change(_))));
}

/// A client may ask for them all at once, and each may change before that is answered.
#[test]
fn of_everybody_who_may_be_watched_a_change_can_wait() {
    let (outbox, mut lanes) = (Outbox::default(), Lanes::default());
    let person = |number: usize| Principal::from_address(&format!("{number}@im.example.com")).unwrap();
    for number in 0..WATCHED_MAX {
        assert!(
            lanes
                .begin(&person(number), Asked::Watch(Part::alone(1)))
                .is_some()
        );
        outbox.put_change(News::new(Change {
            presentity: person(number),
            properties: Vec::new(),
            version: 1,
        }));
    }
    assert!(outbox.take(true, &lanes).is_none());
    for number in 0..WATCHED_MAX {
        lanes.finish_watch(&person(number), false);
        assert!(
            matches!(outbox.take(true, &lanes), Some(Item::Change(_))),
            "{number}"
        );
    }
}

/// What waits for an idle client takes so many octets after a message and a change went through, which is what all but the first moments of
/// a connection are like.
#[test]
fn an_outbox_with_nothing_in_it_is_small() {
    let held = |outbox: Outbox| {
        let freed = -measure(|| drop(outbox)).bytes_current;
        usize::try_from(freed).unwrap() + size_of::<Outbox>()
    };
    let fresh = held(Outbox::default());
    let outbox = Outbox::default();
    let (waiting, _sender) = message(1);
    assert!(outbox.put_message(waiting));
    assert_eq!(number(outbox.take(true, &Lanes::default())), Some(1));
    let news = News::new(Change {
        presentity: Principal::from_address("bob@im.example.com").unwrap(),
        properties: Vec::new(),
        version: 1,
    });
    let waits = measure(|| outbox.put_change(Arc::clone(&news)));
    assert_eq!(waits.count_total, 0, "a change is held where it came in");
    assert!(matches!(
        outbox.take(true, &Lanes::default()),
        Some(Item::Change(_))
    ));
    let used = held(outbox);
    println!("{fresh} octets for an outbox, {used} after a message and a change");
    assert!(fresh <= 144, "{fresh}");
    assert!(used <= 192, "{used}");
}
