//! Prints how even placement is, how much it moves and how long it takes, for 2 to 100 equal members.
//!
//! The last column is the time to compute when every member lends as many slots as it may.
//!
//! `cargo run --release -p placement --example placement`. The budgets are 50 ms to compute 30 members and
//! 100 ns to look a person up.

use placement::{LENT_MAX, Member, Members, Phase, Placement, SLOTS, Slot};
use rvp::Principal;
use std::io::{self, Write};
use std::sync::Arc;
// Cargo knows no clock to pass to an example, and measuring is what it is for.
use std::time::{Duration, Instant};

const SETS: [&str; 5] = ["home-", "h", "rack7-", "eu-central.mail-", "x"];
const LOOKUPS: u32 = 200_000;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} sets of names; join and leave: slots moved / slots that had to, mean and worst",
        SETS.len()
    )?;
    writeln!(
        out,
        "members  max/mean  bound  mean  worst  compute  lookup  lending"
    )?;
    for homes in [
        2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100,
    ] {
        let mut row = Row::default();
        for prefix in SETS {
            row.add(prefix, homes);
        }
        let even = f64::from(SLOTS) / homes as f64;
        writeln!(
            out,
            "{homes:7}  {:8.4}  {:.3}  {:.2}  {:5.2}  {:5.2?}  {:.0?}  {:5.2?}",
            row.fullest,
            1.05 + 1.0 / even,
            row.ratios.iter().sum::<f64>() / row.ratios.len() as f64,
            row.ratios.iter().copied().fold(0.0, f64::max),
            row.compute / row.computed,
            row.lookup / SETS.len() as u32 / LOOKUPS,
            row.lending / SETS.len() as u32,
        )?;
    }
    Ok(())
}

#[derive(Default)]
struct Row {
    fullest: f64,
    ratios: Vec<f64>,
    compute: Duration,
    computed: u32,
    lookup: Duration,
    lending: Duration,
}

impl Row {
    fn add(&mut self, prefix: &str, homes: usize) {
        let all: Vec<Member> = (1..=homes).map(|n| home(prefix, n)).collect();
        let with = self.compute(&all);
        let even = f64::from(SLOTS) / homes as f64;
        for member in &all {
            self.fullest = self.fullest.max(with.slots_of(&member.id).len() as f64 / even);
        }
        for leaving in [0, homes / 2, homes - 1] {
            let mut rest = all.clone();
            let gone = rest.remove(leaving);
            let without = self.compute(&rest);
            let owner =
                |placement: &Placement, slot| placement.home_of_slot(slot).map(|home| home.id.clone());
            let moved = Slot::all()
                .filter(|slot| owner(&with, *slot) != owner(&without, *slot))
                .count();
            self.ratios
                .push(moved as f64 / with.slots_of(&gone.id).len() as f64);
        }
        self.look_up(&with);
        self.lend(all, &with);
    }

    /// Everybody lends the most it may to the next, who lends some of that on.
    #[expect(clippy::disallowed_methods, reason = "measures real time")]
    fn lend(&mut self, mut all: Vec<Member>, placement: &Placement) {
        for n in 0..all.len() {
            let (me, before) = (all[n].id.clone(), all[(n + all.len() - 1) % all.len()].id.clone());
            let to = all[(n + 1) % all.len()].id.clone();
            let slots = [me, before].map(|id| placement.slots_of(&id)).concat();
            let lent = slots.into_iter().take(LENT_MAX);
            all[n].lent = lent.map(|slot| (slot, to.clone())).collect();
        }
        let members = Arc::new(Members::new(1, all));
        let start = Instant::now();
        let lent = Placement::new(members);
        self.lending += start.elapsed();
        let home = |placement: &Placement, slot| placement.home_of_slot(slot).map(|home| home.id.clone());
        assert!(
            Slot::all().any(|slot| home(&lent, slot) != home(placement, slot)),
            "loans count"
        );
    }

    #[expect(clippy::disallowed_methods, reason = "measures real time")]
    fn compute(&mut self, members: &[Member]) -> Placement {
        let members = Arc::new(Members::new(1, members.to_vec()));
        let start = Instant::now();
        let placement = Placement::new(members);
        self.compute += start.elapsed();
        self.computed += 1;
        placement
    }

    #[expect(clippy::disallowed_methods, reason = "measures real time")]
    fn look_up(&mut self, placement: &Placement) {
        let person = |n: u32| Principal::from_address(&format!("user{n}@im.example.com"));
        let people: Vec<Principal> = (0..1_000).filter_map(|n| person(n).ok()).collect();
        let start = Instant::now();
        let found = people
            .iter()
            .cycle()
            .take(LOOKUPS as usize)
            .filter(|p| placement.home_of(p).is_some())
            .count();
        self.lookup += start.elapsed();
        assert_eq!(found, LOOKUPS as usize, "everybody has a home");
    }
}

fn home(prefix: &str, n: usize) -> Member {
    let id = format!("{prefix}{n}");
    Member {
        phase: Phase::Active,
        ..Member::new(id.as_str().into(), "127.0.0.1:7400", "core", 10_000)
    }
}
