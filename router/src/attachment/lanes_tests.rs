use super::*;

fn person(address: &str) -> Principal {
    Principal::from_address(address).unwrap()
}

fn watch(request: u32) -> Asked {
    Asked::Watch(Part::alone(request))
}

fn unwatch(request: u32) -> Asked {
    Asked::Frame(ClientFrame::Unwatch {
        request,
        who: "bob@im.example.com".to_owned(),
    })
}

#[test]
fn what_is_asked_of_one_person_is_asked_in_order_and_of_others_at_once() {
    let mut lanes = Lanes::default();
    let (bob, dana) = (person("bob@im.example.com"), person("dana@im.example.com"));
    assert_eq!(lanes.begin(&bob, watch(1)), Some(watch(1)));
    assert_eq!(lanes.begin(&bob, unwatch(2)), None);
    assert_eq!(lanes.begin(&bob, watch(3)), None);
    assert_eq!(lanes.begin(&dana, watch(4)), Some(watch(4)));
    assert_eq!((lanes.open(), lanes.watches()), (1, 3));
    assert_eq!(lanes.finish_watch(&bob, false), Some(unwatch(2)));
    assert_eq!(lanes.finish(&bob, false), Some(watch(3)));
    assert_eq!(lanes.finish_watch(&bob, false), None);
    assert_eq!(lanes.finish_watch(&dana, false), None);
    assert_eq!((lanes.open(), lanes.watches()), (0, 0));
}

#[test]
fn typing_does_not_wait() {
    let mut lanes = Lanes::default();
    let bob = person("bob@im.example.com");
    let typing = || {
        Asked::Frame(ClientFrame::Typing {
            to: bob.address(),
            conversation: None,
        })
    };
    assert!(lanes.begin(&bob, watch(1)).is_some());
    assert!(lanes.begin(&bob, typing()).is_none());
    assert!(lanes.finish_watch(&bob, false).is_none(), "dropped");
    assert!(lanes.begin(&bob, typing()).is_some(), "nothing is in its way");
}

#[test]
fn somebody_is_begun_to_be_watched_until_that_is_answered() {
    let mut lanes = Lanes::default();
    let bob = person("bob@im.example.com");
    lanes.begin(&bob, unwatch(1));
    lanes.begin(&bob, watch(2));
    assert!(!lanes.begins_to_watch(&bob), "not asked yet");
    lanes.finish(&bob, false);
    assert!(lanes.begins_to_watch(&bob));
    lanes.finish_watch(&bob, false);
    assert!(!lanes.begins_to_watch(&bob));
}

#[test]
fn the_list_is_read_while_its_owner_is_asked_for_it() {
    let mut lanes = Lanes::default();
    let (me, bob) = (person("alice@im.example.com"), person("bob@im.example.com"));
    let get = Asked::Frame(ClientFrame::Contacts {
        request: 1,
        action: ContactsAction::Get,
    });
    lanes.begin(&me, get);
    lanes.begin(&bob, watch(2));
    lanes.finish_watch(&bob, false);
    assert!(lanes.list_is_read, "somebody else answered");
    lanes.finish(&me, true);
    assert!(!lanes.list_is_read);
}
