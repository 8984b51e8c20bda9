use super::*;
use crate::resolve::place::Home;

fn record(target: &str, port: u16) -> Record {
    Record {
        target: target.to_owned(),
        port,
        priority: 0,
        weight: 0,
    }
}

fn report(address: &str, outcome: Outcome) -> Report {
    let typed = Principal::from_address(address).unwrap();
    Report::new(
        &typed,
        Srv {
            name: format!("_rvp._tcp.{}", typed.domain()),
            outcome,
        },
    )
}

fn no_record() -> Outcome {
    Outcome::NoRecord {
        reason: "test".to_owned(),
    }
}

fn row<'a>(rows: &'a [(&'static str, String)], step: &str) -> &'a str {
    rows.iter()
        .find(|(name, _)| *name == step)
        .map_or("", |(_, text)| text)
}

#[test]
fn the_record_names_host_and_port_and_80_is_left_out() {
    let report80 = report(
        "alice@example.com",
        Outcome::Found {
            records: vec![record("im.example.com", 80)],
        },
    );
    assert_eq!(
        report80.url(),
        Some("http://im.example.com/instmsg/aliases/alice")
    );
    assert!(report80.notes.is_empty());
    assert!(!report80.fallback.used);
    let other = report(
        "alice@example.com",
        Outcome::Found {
            records: vec![record("im.example.com", 8080)],
        },
    );
    assert_eq!(
        other.url(),
        Some("http://im.example.com:8080/instmsg/aliases/alice")
    );
    assert_eq!(
        (other.host.as_deref(), other.port),
        (Some("im.example.com"), Some(8080))
    );
    assert_eq!(other.person().unwrap().address(), "alice@im.example.com");
    assert!(other.notes[0].contains("port 80"));
}

#[test]
fn without_a_record_the_domain_is_the_host() {
    let found = report("alice@example.com", no_record());
    assert_eq!(found.url(), Some("http://example.com/instmsg/aliases/alice"));
    let rows = found.rows();
    assert!(row(&rows, "fallback").contains("im.example.com"));
    assert_eq!(row(&rows, "host"), "example.com, port 80");
    assert_eq!(report("alice@im.example.com", no_record()).fallback.other, None);
}

#[test]
fn what_dns_did_not_say_is_not_passed_off_as_certain() {
    for outcome in [
        Outcome::Unreachable {
            reason: "test".to_owned(),
        },
        Outcome::Refused {
            reason: "test".to_owned(),
        },
    ] {
        let report = report("alice@example.com", outcome);
        assert_eq!(report.url(), Some("http://example.com/instmsg/aliases/alice"));
        assert!(report.notes[0].contains("DNS did not say"));
    }
}

#[test]
fn a_domain_that_declines_has_no_host() {
    let report = report("alice@example.com", Outcome::Declined);
    assert_eq!((report.url(), report.person()), (None, None));
    assert_eq!(row(&report.rows(), "host"), "none");
}

#[test]
fn a_record_that_cannot_be_an_address_is_shown_and_not_used() {
    let report = report(
        "alice@example.com",
        Outcome::Found {
            records: vec![record("im host", 80)],
        },
    );
    assert_eq!(report.url(), None);
    assert!(report.notes[0].contains("im host"));
}

#[test]
fn several_records_are_all_shown() {
    let records = vec![record("a.example.com", 80), record("b.example.com", 80)];
    let report = report("alice@example.com", Outcome::Found { records });
    assert_eq!(report.rows().iter().filter(|(step, _)| *step == "srv").count(), 2);
    assert!(report.notes[0].contains("publish one"));
}

#[test]
fn the_account_looked_for_is_the_one_of_the_topology() {
    let mut report = report("alice@campus.example", no_record());
    report.place(&topologies::builtin("education").unwrap());
    assert_eq!(report.person().unwrap().address(), "alice@im.campus.example");
    assert!(report.notes[0].contains("SRV 0 0 80 im.campus.example."));
    let place = report.placement.as_mut().unwrap();
    place.home = Some(Home {
        name: "home-9".to_owned(),
        zone: "core".to_owned(),
        capacity: 7,
    });
    assert_eq!(
        row(&report.rows(), "home"),
        "home-9 in zone core, for 7 people online"
    );
}

#[test]
fn an_account_is_described_or_missed() {
    let alice = Principal::from_address("alice@im.example.com").unwrap();
    assert_eq!(
        Known::new(&alice, None).text(),
        "there is none of alice@im.example.com"
    );
    let secrets = store::Secrets::derive("s3cret", None).unwrap();
    let account = Account {
        principal: alice.clone(),
        display_name: String::new(),
        email: String::new(),
        disabled: true,
        secrets,
    };
    assert_eq!(
        Known::new(&alice, Some(account)).text(),
        "alice@im.example.com, disabled, log-on scram"
    );
}

#[test]
fn scripts_find_the_outcome_beside_the_name() {
    let value = serde_json::to_value(report("alice@example.com", no_record())).unwrap();
    assert_eq!(value["srv"]["outcome"], "no-record");
    assert_eq!(value["srv"]["name"], "_rvp._tcp.example.com");
    assert_eq!(value["fallback"]["used"], true);
    assert_eq!(value["url"], "http://example.com/instmsg/aliases/alice");
}
