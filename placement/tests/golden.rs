//! Placement is a persistent format: 1,000 people under five sets of members, and where they must live.
//!
//! After a deliberate change raise `PLACEMENT_VERSION`, then write the table anew with
//! `HOMEPORT_WRITE_GOLDEN=1 cargo test -p placement --test golden`, and review that it changed as intended.

use placement::{Member, Members, PLACEMENT_VERSION, Phase, Placement};
use rvp::Principal;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

const PEOPLE: usize = 1_000;

fn home(n: usize, capacity: u32, phase: Phase) -> Member {
    Member {
        phase,
        ..Member::new(
            format!("home-{n}").as_str().into(),
            "127.0.0.1:7400",
            "core",
            capacity,
        )
    }
}

fn placements() -> [Placement; 5] {
    let equal = |homes: usize| {
        (1..=homes)
            .map(|n| home(n, 10_000, Phase::Active))
            .collect::<Vec<_>>()
    };
    let mut draining = equal(6);
    draining[3].phase = Phase::Draining;
    let unequal = vec![
        home(1, 10_000, Phase::Active),
        home(2, 5_000, Phase::Joining),
        home(3, 2_500, Phase::Active),
    ];
    let trial = (1..=9).map(|n| home(n, 50, Phase::Active)).collect();
    [equal(2), unequal, draining, trial, equal(40)].map(|set| Placement::new(Arc::new(Members::new(1, set))))
}

fn person(n: usize) -> Principal {
    let domain = ["im.example.com", "im.campus.example", "localhost:8080"][n % 3];
    Principal::from_address(&format!("user{n}@{domain}")).expect("a legal address")
}

fn table() -> String {
    let placements = placements();
    let mut table = format!(
        "# Placement version {PLACEMENT_VERSION}. Written by tests/golden.rs; see there before changing it.\n\
         # person; home among 2 equal, 3 unequal, 6 of which one drains, 9 with a cap of 50, 40 equal\n"
    );
    for person in (0..PEOPLE).map(person) {
        table.push_str(&person.address());
        for placement in &placements {
            let home = placement.home_of(&person).expect("there are members");
            write!(table, " {}", home.id).expect("a string takes all");
        }
        table.push('\n');
    }
    table
}

#[test]
fn everybody_still_lives_where_the_golden_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/placement.golden");
    let table = table();
    if std::env::var_os("HOMEPORT_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &table).expect("write the golden table");
    }
    let golden = std::fs::read_to_string(&path).expect("read the golden table");
    assert_eq!(
        golden.lines().count(),
        PEOPLE + 2,
        "the golden table is not whole"
    );
    let differing = |(old, new): &(&str, &str)| old != new;
    let mut changed = golden.lines().zip(table.lines()).filter(differing);
    if let Some((old, new)) = changed.next() {
        panic!(
            "PLACEMENT CHANGED for {} of {PEOPLE} people, first\n  was {old}\n  is  {new}\n\
             Placement is a persistent format: processes of two releases would both be home to one person.\n\
             If this is not meant, undo it. If it is, raise PLACEMENT_VERSION (now {PLACEMENT_VERSION}), then run\n  \
             HOMEPORT_WRITE_GOLDEN=1 cargo test -p placement --test golden",
            1 + changed.count(),
        );
    }
}
