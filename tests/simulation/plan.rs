//! What happens in a run, drawn from its seed: who is on stage, what people do, and what breaks when.

use crate::client::{Deed, Order};
use crate::history::Person;
use crate::listener::Manner;
use crate::people::NAMES;
use crate::roles::{home_name, router_name};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rvp::PresenceState;
use std::time::Duration;

/// When people begin to log on: by then everything has started.
const CURTAIN: u64 = 1_000;
/// When things may begin to break.
const TROUBLE: u64 = 2_500;
/// When everything is mended.
const MENDED: u64 = 12_000;

/// Seconds that a login lives: longer than any run.
const LONG: u32 = 3_600;

/// A run before it is played.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Home servers that are in service from the beginning.
    pub(crate) homes: Vec<String>,
    /// A home server that may join later.
    pub(crate) spare: String,
    pub(crate) routers: Vec<String>,
    pub(crate) people: Vec<Person>,
    /// Those of them whose clients hold a connection open.
    pub(crate) attached: Vec<Person>,
    /// How long a lease lives that is not kept.
    pub(crate) ttl: Duration,
    /// The longest that anything takes from host to host.
    pub(crate) latency: Duration,
    /// Whether messages are archived: in a quarter of all runs.
    pub(crate) archives: bool,
    /// In the order of their times.
    pub(crate) acts: Vec<Act>,
    /// When everything is mended.
    pub(crate) mended: Duration,
}

/// Something to do, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Act {
    pub(crate) at: Duration,
    pub(crate) what: What,
}

/// Something to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// A person does something.
    Person(Person, Order),
    /// Something breaks.
    Break(Fault),
    /// It is mended.
    Mend(Fault),
}

/// Something that breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Nothing passes between two ends.
    Cut(String, String),
    /// Everything between two hosts is held until it is mended.
    Hold(String, String),
    /// A host is cut off from all servers, the membership and the store.
    Isolate(String),
    /// A home and a router lose the members together, and go on with what they last knew of them.
    Split(String, String),
    /// A home stands still: nothing reaches it and nothing leaves it, and everything comes late.
    Pause(String),
    /// A process ends without a word.
    Crash(String),
    /// The store takes long for what a home wants.
    SlowStore(String, Duration),
    /// A process learns late of changes of the members.
    LateEpochs(String, Duration),
    /// A process learns nothing of changes of the members.
    LostEvents(String),
    /// A client's listener does something else than take what comes.
    Listener(Person, Manner),
    /// A home server drains and ends; mended, it comes back.
    Drain(String),
    /// The spare home server joins; mended, it drains.
    Grow(String),
}

impl Plan {
    /// The plan of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let homes: Vec<String> = (1..=rng.random_range(2..=3)).map(home_name).collect();
        let mut plan = Self {
            seed,
            spare: home_name(homes.len() + 1),
            homes,
            routers: vec![router_name(1), router_name(2)],
            people: NAMES[..rng.random_range(3..=5)].to_vec(),
            attached: Vec::new(),
            ttl: Duration::from_millis(rng.random_range(1_500..=3_500)),
            latency: Duration::from_millis(rng.random_range(2..=30)),
            archives: seed % 4 == 2,
            acts: Vec::new(),
            mended: Duration::from_millis(MENDED),
        };
        plan.draw_deeds(&mut rng);
        plan.draw_faults(&mut rng);
        // Last, so that a seed has the deeds and faults that it had when everybody was called back.
        plan.draw_attached(&mut rng);
        plan.acts.sort_by_key(|act| act.at);
        plan
    }

    /// Without anything that breaks, without anybody doing anything after the log-on, and without attached clients.
    pub(crate) fn quiet(seed: u64) -> Self {
        let mut plan = Self::of(seed);
        let logs_on = |what: &What| {
            matches!(
                what,
                What::Person(
                    _,
                    Order {
                        deed: Deed::LogOn { .. },
                        ..
                    }
                )
            )
        };
        plan.attached.clear();
        plan.acts
            .retain(|act| logs_on(&act.what) && act.at < Duration::from_millis(TROUBLE));
        plan
    }

    /// Whoever vanishes is called back: an attached client's login lives as long as its connection.
    fn draw_attached(&mut self, rng: &mut SmallRng) {
        for who in self.people.clone() {
            let is_attached = rng.random_bool(0.4);
            let vanishes = |act: &Act| matches!(&act.what, What::Person(other, Order { deed: Deed::LogOn { seconds, .. }, .. }) if *other == who && *seconds < LONG);
            if is_attached && !self.acts.iter().any(vanishes) {
                self.attached.push(who);
            }
        }
    }

    fn draw_deeds(&mut self, rng: &mut SmallRng) {
        let mut number = 0;
        for (at, who) in (CURTAIN..).step_by(60).zip(self.people.clone()) {
            number += 1;
            // Some will vanish: they never renew a login that soon ends.
            let vanishes = rng.random_bool(0.15);
            let seconds = if vanishes { rng.random_range(5..=9) } else { LONG };
            self.log_on(rng, (at, who), seconds, number);
            // Who vanishes does nothing any more shortly before the login ends: a state that is set without a
            // login would live by itself.
            let until = if vanishes {
                u64::from(seconds) * 1_000 - 1_500
            } else {
                MENDED
            };
            let mut at = TROUBLE - 500 + rng.random_range(0..500);
            while at < until {
                number += 1;
                self.draw_deed(rng, (at, who), vanishes, number);
                at += rng.random_range(150..1_200);
            }
        }
    }

    fn draw_deed(&mut self, rng: &mut SmallRng, (at, who): (u64, Person), vanishes: bool, number: u32) {
        let others: Vec<Person> = self
            .people
            .iter()
            .copied()
            .filter(|other| *other != who)
            .collect();
        let whom = *others.choose(rng).expect("there are others");
        let deed = match rng.random_range(0..100) {
            0..40 => Deed::Set {
                state: *STATES.choose(rng).expect("there are states"),
                number,
            },
            40..85 => Deed::Say {
                to: whom,
                text: format!("{who} to {whom}, {number}"),
                insists: number.is_multiple_of(2),
            },
            85..90 if !vanishes => Deed::Renew,
            90..94 => Deed::Block {
                whom,
                blocked: rng.random_bool(0.6),
            },
            94..96 if !vanishes => Deed::LogOff,
            96..100 if !vanishes => return self.log_on(rng, (at, who), LONG, number),
            _ => return,
        };
        self.person(rng, (at, who), deed);
    }

    fn log_on(&mut self, rng: &mut SmallRng, (at, who): (u64, Person), seconds: u32, number: u32) {
        let watch = self
            .people
            .iter()
            .copied()
            .filter(|other| *other != who)
            .collect();
        self.person(
            rng,
            (at, who),
            Deed::LogOn {
                seconds,
                number,
                watch,
            },
        );
    }

    fn person(&mut self, rng: &mut SmallRng, (at, who): (u64, Person), deed: Deed) {
        let router = self.routers.choose(rng).expect("there are routers").clone();
        let what = What::Person(who, Order { router, deed });
        self.acts.push(Act {
            at: Duration::from_millis(at),
            what,
        });
    }

    fn draw_faults(&mut self, rng: &mut SmallRng) {
        for _ in 0..rng.random_range(1..=5) {
            let begins = rng.random_range(TROUBLE..MENDED - 1_000);
            let ends = (begins + rng.random_range(300..6_000)).min(MENDED);
            let fault = self.draw_fault(rng);
            let at = Duration::from_millis;
            self.acts.push(Act {
                at: at(begins),
                what: What::Break(fault.clone()),
            });
            self.acts.push(Act {
                at: at(ends),
                what: What::Mend(fault),
            });
        }
    }

    fn draw_fault(&self, rng: &mut SmallRng) -> Fault {
        let home = self.homes.choose(rng).expect("there are homes").clone();
        let router = self.routers.choose(rng).expect("there are routers").clone();
        let others: Vec<&String> = self.homes.iter().filter(|other| **other != home).collect();
        let other = (*others.choose(rng).expect("there are other homes")).clone();
        let process = if rng.random_bool(0.6) {
            home.clone()
        } else {
            router.clone()
        };
        let who = *self.people.choose(rng).expect("there are people");
        match rng.random_range(0..19) {
            0 => Fault::Cut(home, other),
            1 => Fault::Cut(router, home),
            2 => Fault::Cut(home, crate::faults::MEMBERS.to_owned()),
            3 => Fault::Cut(router, crate::faults::MEMBERS.to_owned()),
            4 => Fault::Cut(home, crate::faults::STORE.to_owned()),
            5 => Fault::Cut(router, who.to_owned()),
            6 => Fault::Hold(if rng.random_bool(0.5) { other } else { router }, home),
            7 => Fault::Isolate(home),
            8 => Fault::Crash(home),
            9 => Fault::Crash(router),
            10 => Fault::SlowStore(home, Duration::from_millis(rng.random_range(20..600))),
            11 => Fault::LateEpochs(process, Duration::from_millis(rng.random_range(50..2_000))),
            12 => Fault::LostEvents(process),
            13 => Fault::Listener(who, self.draw_manner(rng)),
            14 | 15 => Fault::Split(home, router),
            16 => Fault::Pause(home),
            _ if rng.random_bool(0.5) => Fault::Grow(self.spare.clone()),
            _ => Fault::Drain(home),
        }
    }

    fn draw_manner(&self, rng: &mut SmallRng) -> Manner {
        match rng.random_range(0..4) {
            0 => Manner::Slow(Duration::from_millis(rng.random_range(100..4_000))),
            1 => Manner::Silent,
            2 => Manner::Reject,
            _ => Manner::Away,
        }
    }
}

/// The states that people set. Idle and invisible are rare: they hide others.
const STATES: [PresenceState; 8] = [
    PresenceState::Online,
    PresenceState::Busy,
    PresenceState::Away,
    PresenceState::OnPhone,
    PresenceState::AtLunch,
    PresenceState::BackSoon,
    PresenceState::Offline,
    PresenceState::Invisible,
];
