use super::*;
use crate::cluster::Unanswered;
use membership::{Members, Phase, SLOTS};
use proto::operator::HomeLoad;
use serde_json::{Value, json};
use std::sync::Arc;

fn member(id: &str, phase: Phase, full: bool) -> Member {
    Member {
        phase,
        full,
        ..Member::new(id.into(), format!("{id}:7400"), "core", 200)
    }
}

/// Three members, of which one drains and one does not answer.
fn report() -> Report {
    let members = [
        member("home-1", Phase::Active, true),
        member("home-2", Phase::Draining, false),
        member("home-3", Phase::Active, false),
    ];
    let placement = Placement::new(Arc::new(Members::new(42, members)));
    let slots = u32::try_from(placement.slots_of(&"home-1".into()).len()).unwrap();
    let load = |online, slots| {
        Ok(HomeLoad {
            online,
            sessions: online + 1,
            subscriptions: 5,
            slots,
            messages_in_flight: 2,
            requests_per_second: 30,
            online_by_slot: Vec::new(),
        })
    };
    let loads = Loads::from([
        ("home-1".to_owned(), load(195, slots)),
        ("home-2".to_owned(), load(1, 7)),
        ("home-3".to_owned(), Err(Unanswered::Late)),
    ]);
    Report::new(&placement, &loads)
}

#[test]
fn each_member_is_a_line_also_one_that_does_not_answer() {
    let report = report();
    assert_eq!(
        report.heading(),
        "epoch 42: 3 members, at least 196 of 600 people online"
    );
    let slots = |row: usize| report.members[row].slots.to_string();
    assert_eq!(
        report.members[0].slots + report.members[2].slots,
        usize::from(SLOTS)
    );
    let cells = |row: usize| report.members[row].cells().join(" | ");
    assert_eq!(
        cells(0),
        format!(
            "home-1 | active | {} | 195/200 | 98% full | 196 | 2 | 30 | 0/0 | core | home-1:7400",
            slots(0)
        )
    );
    // What is left there is not owned any more.
    assert_eq!(
        cells(1),
        "home-2 | draining | 0, serves 7 | 1/200 | 0% | 2 | 2 | 30 | 0/0 | core | home-2:7400"
    );
    assert_eq!(
        cells(2),
        format!(
            "home-3 | active | {} | ? | ? | ? | ? | ? | 0/0 | core | home-3:7400",
            slots(2)
        )
    );
}

#[test]
fn scripts_find_the_same_under_names_that_stay() {
    let shown: Value = serde_json::to_value(report()).unwrap();
    assert_eq!(shown["epoch"], 42);
    let slots = &shown["members"][0]["slots"];
    let expected = json!({
        "id": "home-1", "phase": "active", "zone": "core", "address": "home-1:7400",
        "capacity": 200, "full": true, "slots": slots, "lent": 0, "borrowed": 0, "answers": true,
        "slots_served": slots, "online": 195, "fill_percent": 97.5, "sessions": 196, "subscriptions": 5,
        "messages_in_flight": 2, "requests_per_second": 30,
    });
    assert_eq!(shown["members"][0], expected);
    let silent = &shown["members"][2];
    assert_eq!(
        (&silent["answers"], &silent["error"]),
        (&json!(false), &json!("no answer in 3 s"))
    );
    assert_eq!(silent.get("online"), None);
}

#[test]
fn fill_has_one_decimal_and_no_division_by_zero() {
    assert_eq!((percent(1, 3), percent(0, 10), percent(5, 0)), (33.3, 0.0, 500.0));
}
