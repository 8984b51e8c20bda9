use super::*;
use crate::cluster::Unanswered;
use rvp::{PresenceState, Reach, SubscriptionId};

fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

fn place() -> Place {
    Place {
        epoch: 12,
        slot: 99,
        slots: 16_384,
        ring_order: vec!["home-2".to_owned(), "home-1".to_owned()],
        home: Some("home-2".to_owned()),
        phase: Some("active"),
        address: Some("127.0.0.1:7401".to_owned()),
        lent_by: None,
    }
}

fn explained(watchers: usize) -> Explained {
    let hour = Duration::from_secs(3_600);
    Explained {
        slot: 99,
        epoch: 12,
        home: "home-2".to_owned(),
        state: PresenceState::OnPhone,
        disabled: false,
        sessions: vec![Session {
            login: SubscriptionId::new(77).unwrap(),
            router: "router-1".to_owned(),
            reach: Reach::parse("http://10.0.0.9:5000/alice").unwrap(),
            ends_in: hour * 3 + Duration::from_secs(61),
        }],
        watchers: (0..watchers.min(30))
            .map(|number| Watcher {
                principal: person(&format!("person{number}")),
                ends_in: hour,
            })
            .collect(),
        watchers_count: u32::try_from(watchers).unwrap(),
        kept_count: 3,
        moves: vec![SlotMove {
            member: "home-2".to_owned(),
            epoch: 11,
            at_ms: 1_700_000_000_123,
        }],
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + 2 * 86_400 + 3 * 3_600 + 5)
}

fn rows(found: &Person, all: bool) -> Vec<String> {
    let place = place();
    let shown = Shown::new(&person("alice"), &place, found, now());
    let rows = shown.rows(all).into_iter();
    rows.map(|(what, text)| format!("{what}: {text}")).collect()
}

#[test]
fn everything_is_told_in_words() {
    let rows = rows(&Person::Known(Box::new(explained(1))), false);
    assert_eq!(
        rows,
        [
            "address: alice@im.example.com",
            "slot: 99 of 16384",
            "epoch: 12",
            "ring order: home-2, home-1",
            "home: home-2 (active, 127.0.0.1:7401)",
            "account: enabled",
            "state: on-phone",
            "session: login 77 by router-1, listens at http://10.0.0.9:5000/alice, ends in 3h 1m",
            "kept messages: 3",
            "watchers: 1",
            "watcher: person0@im.example.com, ends in 1h",
            "move: to home-2 at epoch 11, 2023-11-14T22:13:20Z, 2days 3h ago",
        ]
    );
}

#[test]
fn many_watchers_are_counted_and_the_first_are_named() {
    let count = |rows: &[String]| {
        rows.iter()
            .filter(|row| row.contains("@im.example.com, ends"))
            .count()
    };
    let few = rows(&Person::Known(Box::new(explained(2_000))), false);
    assert_eq!(count(&few), WATCHERS_SHOWN);
    assert!(
        few.contains(&"watcher: and 1980 more, see --all".to_owned()),
        "{few:?}"
    );
    let all = rows(&Person::Known(Box::new(explained(2_000))), true);
    // As many as the home lists.
    assert_eq!(count(&all), 30);
    assert!(all.contains(&"watcher: and 1970 more".to_owned()), "{all:?}");
}

#[test]
fn who_is_not_there_or_may_not_log_on_is_said_beside_the_placement() {
    let nobody = rows(&Person::Nobody, false);
    assert_eq!(nobody.last().unwrap(), "account: there is none");
    assert_eq!(nobody.len(), 6);
    let silent = rows(&Person::Unknown(Unanswered::Late), false);
    assert!(silent.last().unwrap().contains("not known"));
    let disabled = Explained {
        disabled: true,
        sessions: Vec::new(),
        ..explained(0)
    };
    let disabled = rows(&Person::Known(Box::new(disabled)), false).join("\n");
    for part in ["account: disabled", "session: none", "watchers: 0"] {
        assert!(disabled.contains(part), "{disabled}");
    }
}

#[test]
fn scripts_find_numbers_and_times() {
    let place = place();
    let found = Person::Known(Box::new(explained(1)));
    let shown = serde_json::to_value(Shown::new(&person("alice"), &place, &found, now())).unwrap();
    assert_eq!(shown["placement"]["ring_order"][0], "home-2");
    assert_eq!(
        (&shown["known"], &shown["error"]),
        (&true.into(), &serde_json::Value::Null)
    );
    assert_eq!(shown["person"]["sessions"][0]["ends_in_seconds"], 10_861);
    assert_eq!(shown["person"]["moves"][0]["at"], "2023-11-14T22:13:20Z");
    assert_eq!(
        shown["person"]["moves"][0]["seconds_ago"],
        2 * 86_400 + 3 * 3_600 + 4
    );
    let shown = serde_json::to_value(Shown::new(&person("x"), &place, &Person::Nobody, now())).unwrap();
    assert_eq!(
        (&shown["known"], &shown["person"]),
        (&false.into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_time_that_cannot_be_is_not_shown() {
    let each = SlotMove {
        member: "home-1".to_owned(),
        epoch: 1,
        at_ms: u64::MAX,
    };
    let shown = slot_move(&each, now());
    assert_eq!((shown.at.as_str(), shown.seconds_ago), ("?", 0));
}
