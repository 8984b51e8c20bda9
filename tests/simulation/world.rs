//! Plays a plan: builds the hosts, lets time pass step by step, breaks and mends, and ends with questions to
//! everybody.

use crate::attached::AttachedClient;
use crate::client::{Client, Deed, Order, PATIENCE};
use crate::faults::{Faults, MEMBERS, STORE, pair};
use crate::history::{Event, History, Person, Recorder};
use crate::listener::Manner;
use crate::membership::Source;
use crate::people;
use crate::plan::{Fault, Plan, What};
use crate::probe::{self, Inquiry, PROBE};
use crate::roles::{self, Service, Surroundings};
use crate::store::Kept;
use daemon::telemetry::Captured;
use membership::Phase;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use turmoil::Sim;

/// How much time passes on each host before the network moves again.
const TICK: Duration = Duration::from_millis(5);
/// How long it may take after everything was mended until all processes have the last epoch and are in service.
const SETTLE_WAIT: Duration = Duration::from_secs(15);
/// A home hears later than the sender that a message was taken, where one router has both clients: ten milliseconds, and its
/// way.
const HEARD_WITHIN: Duration = Duration::from_millis(100);
/// How soon everything must be right after that (design: presence is recomputed within five seconds).
pub(crate) const BOUND: Duration = Duration::from_secs(5);
/// Orders that may wait for one client.
const ORDERS_MAX: usize = 1_024;

/// A run that goes on.
pub(crate) struct World<'a> {
    sim: Sim<'a>,
    plan: Plan,
    around: Surroundings,
    orders: BTreeMap<Person, mpsc::Sender<Order>>,
    manners: BTreeMap<Person, watch::Sender<Manner>>,
    services: BTreeMap<String, watch::Sender<Service>>,
    /// The same of routers, which are in service until the very end.
    doors: BTreeMap<String, watch::Sender<Service>>,
    inquiries: mpsc::Sender<Inquiry>,
    crashed: BTreeSet<String>,
    held: BTreeSet<(String, String)>,
    /// Where the product's logs are, and how many of their lines were taken.
    logs: Option<(Captured, usize)>,
}

/// Plays a plan to its end.
pub(crate) fn play(plan: &Plan) -> History {
    play_with_logs(plan, None)
}

/// The same, with what the product logs as part of what happened.
pub(crate) fn play_with_logs(plan: &Plan, logs: Option<Captured>) -> History {
    let mut world = World::build(plan);
    world.logs = logs.map(|logs| (logs, 0));
    for act in plan.acts.clone() {
        world.run_until(act.at);
        world.act(act.what);
    }
    world.run_until(plan.mended);
    world.mend_everything();
    world.ask_everybody();
    world.history()
}

impl<'a> World<'a> {
    /// Everything is there and begins.
    pub(crate) fn build(plan: &Plan) -> Self {
        let sim = turmoil::Builder::new()
            .rng_seed(plan.seed)
            .tick_duration(TICK)
            .simulation_duration(Duration::from_secs(600))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(plan.latency)
            .tcp_capacity(1_024)
            .enable_random_order()
            .build();
        let (faults, recorder) = (Faults::default(), Recorder::default());
        let around = Surroundings {
            source: Source::new(faults.clone(), plan.ttl),
            kept: Kept::default(),
            faults,
            recorder,
            archives: plan.archives,
            metrics: Arc::default(),
            seed: Arc::new(plan.seed.into()),
        };
        let (inquiries, asked) = mpsc::channel(8);
        let mut world = Self {
            sim,
            plan: plan.clone(),
            around,
            orders: BTreeMap::new(),
            manners: BTreeMap::new(),
            services: BTreeMap::new(),
            doors: BTreeMap::new(),
            inquiries,
            crashed: BTreeSet::new(),
            held: BTreeSet::new(),
            logs: None,
        };
        world.add_hosts(asked);
        world
    }

    fn add_hosts(&mut self, asked: mpsc::Receiver<Inquiry>) {
        let (faults, recorder) = (self.around.faults.clone(), self.around.recorder.clone());
        let (kept, people) = (self.around.kept.clone(), self.plan.people.clone());
        let probing = (faults.clone(), recorder.clone());
        self.sim.client(PROBE, async move {
            people::make(&kept, &people).await;
            probe::run(probing.0, probing.1, asked).await
        });
        for name in self
            .plan
            .homes
            .clone()
            .into_iter()
            .chain([self.plan.spare.clone()])
        {
            let on = if name == self.plan.spare {
                Service::Off
            } else {
                Service::On
            };
            let (service, around) = (watch::Sender::new(on), self.around.clone());
            let (host, orders) = (name.clone(), service.subscribe());
            self.services.insert(name.clone(), service);
            self.sim.host(name, move || {
                roles::home(host.clone(), around.clone(), orders.clone())
            });
        }
        for name in self.plan.routers.clone() {
            let (door, around) = (watch::Sender::new(Service::On), self.around.clone());
            let (host, orders) = (name.clone(), door.subscribe());
            self.doors.insert(name.clone(), door);
            self.sim.host(name, move || {
                roles::router(host.clone(), around.clone(), orders.clone())
            });
        }
        self.note(Event::Cast {
            attached: self.plan.attached.clone(),
        });
        for (number, person) in (1..).zip(self.plan.people.clone()) {
            let (orders, ordered) = mpsc::channel(ORDERS_MAX);
            let manner = watch::Sender::new(Manner::Take);
            let (given, manner_of) = ((faults.clone(), recorder.clone()), manner.subscribe());
            if self.plan.attached.contains(&person) {
                // Another one for each.
                let seed = self.plan.seed.wrapping_mul(64).wrapping_add(number);
                let client = AttachedClient::new((person, seed), &self.plan.routers, given, manner_of);
                self.sim.client(person, client.run(ordered));
            } else {
                let client = Client::new(person, given.0, given.1);
                self.sim.client(person, client.run(ordered, manner_of));
            }
            self.orders.insert(person, orders);
            self.manners.insert(person, manner);
        }
    }

    /// Lets time pass.
    pub(crate) fn run_until(&mut self, time: Duration) {
        while self.sim.elapsed() < time {
            self.step();
        }
    }

    /// Lets time pass until something is so; says whether it is within `bound`.
    pub(crate) fn run_while(&mut self, bound: Duration, goes_on: impl Fn(&Self) -> bool) -> bool {
        let end = self.sim.elapsed() + bound;
        while goes_on(self) {
            if self.sim.elapsed() >= end {
                return false;
            }
            self.step();
        }
        true
    }

    fn step(&mut self) {
        if let Err(error) = self.sim.step() {
            let (role, reason) = ("a host".to_owned(), error.to_string());
            self.note(Event::Failed { role, reason });
        }
        self.around.source.advance(self.sim.elapsed());
        self.take_logs();
    }

    fn take_logs(&mut self) {
        let Some((logs, taken)) = &mut self.logs else {
            return;
        };
        let lines = logs.lines();
        let new = lines[(*taken).min(lines.len())..].to_vec();
        *taken = lines.len();
        for line in new {
            self.note(Event::Logged(line));
        }
    }

    /// Does something.
    pub(crate) fn act(&mut self, what: What) {
        match what {
            What::Person(who, order) => self.order(who, order),
            What::Break(fault) => self.break_or_mend(&fault, true),
            What::Mend(fault) => self.break_or_mend(&fault, false),
        }
    }

    fn order(&self, who: Person, order: Order) {
        let ordered = self
            .orders
            .get(who)
            .is_some_and(|orders| orders.try_send(order).is_ok());
        assert!(ordered, "{who} takes no more orders");
    }

    fn break_or_mend(&mut self, fault: &Fault, breaks: bool) {
        let word = if breaks { "breaks" } else { "is mended" };
        self.note(Event::Stage(format!("{fault:?} {word}")));
        match fault {
            Fault::Cut(one, other) => self.cut(one, other, breaks),
            Fault::Hold(one, other) => self.hold(one, other, breaks),
            Fault::Isolate(home) => {
                let others: Vec<String> = self.servers().into_iter().filter(|other| other != home).collect();
                for other in others.iter().map(String::as_str).chain([MEMBERS, STORE]) {
                    self.cut(home, other, breaks);
                }
            }
            Fault::Split(home, router) => {
                self.cut(home, MEMBERS, breaks);
                self.cut(router, MEMBERS, breaks);
            }
            Fault::Pause(home) => {
                for other in self.servers().iter().filter(|other| *other != home) {
                    self.hold(home, other, breaks);
                }
                self.cut(home, MEMBERS, breaks);
                self.around.faults.set_paused(home, breaks);
            }
            Fault::Crash(process) if breaks => {
                if self.crashed.insert(process.clone()) {
                    self.sim.crash(process.as_str());
                    self.broken([process], true);
                }
            }
            Fault::Crash(process) => {
                if self.crashed.remove(process) {
                    self.sim.bounce(process.as_str());
                }
            }
            Fault::SlowStore(home, delay) => {
                let delay = if breaks { *delay } else { Duration::from_millis(1) };
                self.around.faults.set_store_delay(home, delay);
            }
            Fault::LateEpochs(process, delay) => {
                let delay = if breaks { *delay } else { Duration::ZERO };
                self.around.source.set_delay(process, delay);
            }
            Fault::LostEvents(process) => self.around.source.set_blind(process, breaks),
            Fault::Listener(who, manner) => self.set_manner(who, if breaks { *manner } else { Manner::Take }),
            Fault::Drain(home) => self.serve(home, if breaks { Service::Off } else { Service::On }),
            Fault::Grow(home) => self.serve(home, if breaks { Service::On } else { Service::Off }),
        }
    }

    fn cut(&mut self, one: &str, other: &str, cut: bool) {
        self.around.faults.set_cut(one, other, cut);
        self.broken([one, other], cut);
        if [MEMBERS, STORE].contains(&other) {
            return;
        }
        if cut {
            // What is held is lost now.
            self.held.remove(&pair(one, other));
            self.sim.partition(one, other);
        } else {
            self.sim.repair(one, other);
        }
    }

    fn hold(&mut self, one: &str, other: &str, hold: bool) {
        let pair = pair(one, other);
        if hold && !self.around.faults.is_cut(one, other) {
            self.sim.hold(one, other);
            self.held.insert(pair);
            self.broken([one, other], true);
        } else if self.held.remove(&pair) {
            self.sim.release(one, other);
            self.broken([one, other], false);
        }
    }

    fn serve(&self, home: &str, service: Service) {
        if let Some(services) = self.services.get(home) {
            services.send_replace(service);
        }
    }

    fn set_manner(&self, who: Person, manner: Manner) {
        if let Some(manners) = self.manners.get(who) {
            manners.send_replace(manner);
            let listens = manner != Manner::Away;
            self.note(Event::Listener { who, listens });
        }
    }

    /// Every host that serves.
    fn servers(&self) -> Vec<String> {
        self.services.keys().chain(&self.plan.routers).cloned().collect()
    }

    /// Mends whatever is still broken, and waits until everybody knows the same members.
    pub(crate) fn mend_everything(&mut self) {
        let hosts: Vec<String> = self
            .servers()
            .into_iter()
            .chain(self.plan.people.iter().map(|who| (*who).to_owned()))
            .collect();
        for (one, other) in hosts
            .iter()
            .flat_map(|one| hosts.iter().map(move |other| (one, other)))
        {
            if one < other {
                self.sim.release(one.as_str(), other.as_str());
            }
        }
        let held = std::mem::take(&mut self.held)
            .into_iter()
            .map(<[String; 2]>::from);
        for ends in self.around.faults.mend().into_iter().chain(held) {
            self.broken(ends, false);
        }
        for process in self.servers() {
            self.around.source.set_blind(&process, false);
            self.around.source.set_delay(&process, Duration::ZERO);
        }
        for process in std::mem::take(&mut self.crashed) {
            self.sim.bounce(process.as_str());
        }
        for who in self.plan.people.clone() {
            self.set_manner(who, Manner::Take);
        }
        for home in self.plan.homes.clone() {
            self.serve(&home, Service::On);
        }
        self.serve(&self.plan.spare, Service::Off);
        self.note(Event::Mended);
        let settled = self.run_while(SETTLE_WAIT, |world| world.unsettled().is_some());
        self.note(match self.unsettled() {
            Some(why) if !settled => Event::NeverSettled(why),
            Some(_) | None => Event::Settled {
                epoch: self.around.source.members().epoch(),
                homes: self.plan.homes.clone(),
            },
        });
    }

    /// Why not everybody is in service and knows it, if it is so.
    fn unsettled(&self) -> Option<String> {
        let members = self.around.source.members();
        let there: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
        if there != self.plan.homes || members.iter().any(|member| member.phase != Phase::Active) {
            return Some(format!("the members are {members:?}"));
        }
        let processes: Vec<String> = self
            .plan
            .homes
            .iter()
            .chain(&self.plan.routers)
            .cloned()
            .collect();
        let behind = self.around.source.behind(&processes);
        (!behind.is_empty()).then(|| format!("{} are behind", behind.join(", ")))
    }

    /// After the bound has passed since the last change and every request has its answer: who is home to whom, what
    /// they know, and whether messages pass.
    pub(crate) fn ask_everybody(&mut self) {
        self.run_while(2 * PATIENCE, |world| world.around.recorder.is_changing());
        self.run_until(self.sim.elapsed() + BOUND);
        self.note(Event::Bound);
        self.run_while(2 * PATIENCE, Self::is_asking);
        self.inquire(Event::LastWords);
        let people = self.plan.people.clone();
        for (place, who) in people.iter().enumerate() {
            for to in people.iter().filter(|to| *to != who) {
                let router = self.plan.routers[place % self.plan.routers.len()].clone();
                let deed = Deed::Say {
                    to,
                    text: format!("last words of {who} to {to}"),
                    insists: false,
                };
                self.order(who, Order { router, deed });
            }
        }
        self.run_until(self.sim.elapsed() + 4 * TICK);
        self.run_while(2 * PATIENCE, Self::is_asking);
        self.run_until(self.sim.elapsed() + HEARD_WITHIN);
        for home in self.plan.homes.clone() {
            let ledger = self.around.ledger(&home);
            self.note(Event::Counted { home, ledger });
        }
        for of in people {
            let texts = self.around.kept.texts_for(of);
            self.note(Event::Kept { of, texts });
        }
        if self.plan.archives {
            let (texts, broken) = self.around.kept.archived();
            self.note(Event::Archived { texts, broken });
        }
        self.part();
    }

    /// Whoever is attached logs off, and every router ends: nothing is left of them.
    fn part(&mut self) {
        if !self.plan.attached.is_empty() {
            for who in self.plan.attached.clone() {
                // Where it is connected is where it logs off.
                let (router, deed) = (self.plan.routers[0].clone(), Deed::LogOff);
                self.order(who, Order { router, deed });
            }
            self.run_until(self.sim.elapsed() + 4 * TICK);
            self.run_while(2 * PATIENCE, Self::is_asking);
            self.inquire(Event::LoggedOff);
        }
        for door in self.doors.values() {
            door.send_replace(Service::Off);
        }
        let ended =
            |event: &Event| matches!(event, Event::DrainEnded { home, .. } if home.starts_with("router"));
        let doors = self.doors.len();
        self.run_while(2 * PATIENCE, |world| world.around.recorder.count(ended) < doors);
    }

    /// Asks every home of everybody, until that is written down.
    fn inquire(&mut self, then: Event) {
        let inquiry = Inquiry {
            epoch: self.around.source.members().epoch(),
            homes: self.plan.homes.clone(),
            people: self.plan.people.clone(),
            then: then.clone(),
        };
        // It answers one at a time, and nobody else asks.
        let _ = self.inquiries.try_send(inquiry);
        self.run_while(PATIENCE, |world| !world.around.recorder.has(&then));
    }

    /// The home servers that are in service unless something is broken.
    pub(crate) fn homes(&self) -> &[String] {
        &self.plan.homes
    }

    /// Whether requests wait for their answers.
    pub(crate) fn is_asking(&self) -> bool {
        self.around.recorder.is_open()
    }

    /// What happened so far.
    pub(crate) fn history(&self) -> History {
        self.around.recorder.history()
    }

    fn broken<T: ToString>(&self, ends: impl IntoIterator<Item = T>, broken: bool) {
        let ends = ends.into_iter().map(|end| end.to_string()).collect();
        self.note(Event::Broken { ends, broken });
    }

    fn note(&self, event: Event) {
        self.around.recorder.note_at(self.sim.elapsed(), event);
    }
}
