//! The membership of a run: one truth in memory, and a view of it for each process, which may be late, miss
//! changes, or be cut off. Leases end as in production: a member keeps its lease by talking to the truth, and one
//! that cannot be heard goes on until it hears again.

use crate::faults::{Faults, MEMBERS};
use crate::time::pass;
use async_trait::async_trait;
use membership::{Error, Joined, Member, MemberChange, MemberId, Members, Membership, Terminal, admit};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// How long a process waits for an answer before it gives up.
const ANSWER_WAIT: Duration = Duration::from_secs(1);
/// How often a process looks whether the truth can be reached again.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The truth. Clones are the same.
#[derive(Clone)]
pub(crate) struct Source {
    shared: Arc<Mutex<Truth>>,
    faults: Faults,
    ttl: Duration,
}

#[derive(Default)]
struct Truth {
    members: Arc<Members>,
    next: u64,
    leases: BTreeMap<MemberId, Lease>,
    views: BTreeMap<String, View>,
    /// Members that have lost their lease and could not be told yet, by process.
    untold: Vec<(String, watch::Sender<bool>)>,
}

struct Lease {
    number: u64,
    member: Member,
    /// Which process keeps it.
    process: String,
    /// Gone when the process is.
    keeper: Weak<()>,
    kept: Duration,
    lost: watch::Sender<bool>,
}

/// What one process sees.
struct View {
    seen: watch::Sender<Arc<Members>>,
    connected: watch::Sender<bool>,
    /// How late changes come.
    delay: Duration,
    /// Changes do not come at all, and nobody notices.
    blind: bool,
    /// Something was missed, so everything has to be read again.
    missed: bool,
    coming: VecDeque<(Duration, Arc<Members>)>,
}

impl Source {
    /// No members, at epoch 0. Leases that are not kept end after `ttl`.
    pub(crate) fn new(faults: Faults, ttl: Duration) -> Self {
        Self {
            shared: Arc::default(),
            faults,
            ttl,
        }
    }

    /// The membership as a process sees it from now on; it begins with what is true now. A process that begins
    /// again forgets what it saw before.
    pub(crate) fn process(&self, name: &str) -> Arc<dyn Membership> {
        let mut truth = self.lock();
        let seen = watch::Sender::new(Arc::clone(&truth.members));
        let connected = watch::Sender::new(true);
        let view = View {
            seen: seen.clone(),
            connected: connected.clone(),
            delay: Duration::ZERO,
            blind: false,
            missed: false,
            coming: VecDeque::new(),
        };
        truth.views.insert(name.to_owned(), view);
        Arc::new(Process {
            source: self.clone(),
            name: name.to_owned(),
            seen,
            connected,
        })
    }

    /// Returns when a process can reach the truth.
    pub(crate) async fn reached_by(&self, process: &str) {
        while self.faults.is_cut(process, MEMBERS) {
            pass(LOOK_EVERY).await;
        }
    }

    /// How late a process learns of changes from now on.
    pub(crate) fn set_delay(&self, process: &str, delay: Duration) {
        if let Some(view) = self.lock().views.get_mut(process) {
            view.delay = delay;
        }
    }

    /// Changes do not reach a process from now on, or do again: it then reads everything.
    pub(crate) fn set_blind(&self, process: &str, blind: bool) {
        if let Some(view) = self.lock().views.get_mut(process) {
            view.blind = blind;
        }
    }

    /// Ends a lease as if its member had not been heard for too long. Says whether there was one.
    pub(crate) fn expire(&self, id: &MemberId) -> bool {
        let mut truth = self.lock();
        let ended = truth.leases.remove(id);
        let Some(lease) = ended else { return false };
        truth.untold.push((lease.process, lease.lost));
        self.publish(&mut truth);
        self.tell_lost(&mut truth);
        true
    }

    /// Lets everything happen that is due by now: leases are kept and end, changes arrive.
    pub(crate) fn advance(&self, now: Duration) {
        let mut truth = self.lock();
        for lease in truth.leases.values_mut() {
            if lease.keeper.strong_count() > 0 && !self.faults.is_cut(&lease.process, MEMBERS) {
                lease.kept = now;
            }
        }
        let over = |lease: &Lease| now.saturating_sub(lease.kept) > self.ttl;
        let ended = truth
            .leases
            .extract_if(.., |_, lease| over(lease))
            .collect::<Vec<_>>();
        for (_, lease) in ended {
            truth.untold.push((lease.process, lease.lost));
            self.publish(&mut truth);
        }
        self.tell_lost(&mut truth);
        self.arrive(&mut truth, now);
    }

    /// The members as they are.
    pub(crate) fn members(&self) -> Arc<Members> {
        Arc::clone(&self.lock().members)
    }

    /// Which of these processes have not seen the members as they are.
    pub(crate) fn behind(&self, processes: &[String]) -> Vec<String> {
        let truth = self.lock();
        let current = |view: &View| view.seen.borrow().epoch() == truth.members.epoch();
        let behind = processes
            .iter()
            .filter(|name| !truth.views.get(*name).is_some_and(current));
        behind.cloned().collect()
    }

    /// Tells every process of the members as they are now, each when its change arrives.
    fn publish(&self, truth: &mut Truth) {
        let members = truth.leases.values().map(|lease| lease.member.clone());
        truth.members = Arc::new(Members::new(truth.members.epoch() + 1, members));
        let now = turmoil::sim_elapsed().unwrap_or_default();
        for (process, view) in &mut truth.views {
            if view.blind || self.faults.is_cut(process, MEMBERS) {
                view.missed = true;
            } else {
                view.coming
                    .push_back((now + view.delay, Arc::clone(&truth.members)));
            }
        }
        self.arrive(truth, now);
    }

    fn arrive(&self, truth: &mut Truth, now: Duration) {
        for (process, view) in &mut truth.views {
            let connected = !self.faults.is_cut(process, MEMBERS);
            view.connected
                .send_if_modified(|known| std::mem::replace(known, connected) != connected);
            if view.blind || !connected {
                // What is on its way is lost with the connection.
                view.missed |= !view.coming.is_empty();
                view.coming.clear();
                continue;
            }
            if std::mem::take(&mut view.missed) {
                view.coming
                    .push_back((now + view.delay, Arc::clone(&truth.members)));
            }
            while let Some((_, members)) = view.coming.pop_front_if(|(due, _)| *due <= now) {
                // Of a change that was overtaken nobody is told.
                if members.epoch() > view.seen.borrow().epoch() {
                    view.seen.send_replace(members);
                }
            }
        }
    }

    fn tell_lost(&self, truth: &mut Truth) {
        let heard = |process: &str| !self.faults.is_cut(process, MEMBERS);
        for (_, lost) in truth.untold.extract_if(.., |(process, _)| heard(process)) {
            lost.send_replace(true);
        }
    }

    /// Waits for an answer of the truth, but not for long.
    async fn ask(&self, process: &str, doing: &'static str) -> Result<(), Error> {
        let answered = tokio::time::timeout(ANSWER_WAIT, self.reached_by(process)).await;
        answered.map_err(|_| Error::Retryable {
            doing,
            source: Box::new(io::Error::from(io::ErrorKind::TimedOut)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Truth> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Process {
    source: Source,
    name: String,
    seen: watch::Sender<Arc<Members>>,
    connected: watch::Sender<bool>,
}

#[async_trait]
impl Membership for Process {
    async fn join(&self, member: Member) -> Result<Box<dyn Joined>, Error> {
        self.source.ask(&self.name, "join").await?;
        let mut truth = self.source.lock();
        admit(&member, &truth.members)?;
        let (number, lost, alive) = (truth.next, watch::Sender::new(false), Arc::new(()));
        truth.next += 1;
        let id = member.id.clone();
        let joined = SimJoined {
            source: self.source.clone(),
            process: self.name.clone(),
            id: id.clone(),
            number,
            lost: lost.subscribe(),
            _alive: Arc::clone(&alive),
        };
        let lease = Lease {
            number,
            member,
            process: self.name.clone(),
            keeper: Arc::downgrade(&alive),
            kept: turmoil::sim_elapsed().unwrap_or_default(),
            lost,
        };
        truth.leases.insert(id, lease);
        self.source.publish(&mut truth);
        Ok(Box::new(joined))
    }

    async fn raise(&self, epoch: u64) -> Result<(), Error> {
        self.source.ask(&self.name, "raise the epoch").await?;
        let mut truth = self.source.lock();
        if truth.members.epoch() < epoch {
            truth.members = Arc::new(Members::new(epoch, []));
            self.source.publish(&mut truth);
        }
        Ok(())
    }

    fn connected(&self) -> watch::Receiver<bool> {
        self.connected.subscribe()
    }

    fn members(&self) -> watch::Receiver<Arc<Members>> {
        self.seen.subscribe()
    }
}

struct SimJoined {
    source: Source,
    process: String,
    id: MemberId,
    number: u64,
    lost: watch::Receiver<bool>,
    /// What the lease looks at to see whether anybody still keeps it.
    _alive: Arc<()>,
}

#[async_trait]
impl Joined for SimJoined {
    async fn update(&mut self, change: MemberChange) -> Result<(), Error> {
        self.source.ask(&self.process, "change the member").await?;
        let mut truth = self.source.lock();
        match truth.leases.get_mut(&self.id) {
            Some(lease) if lease.number == self.number => lease.member = change.apply(&lease.member)?,
            Some(_) | None => return Err(Terminal::LeaseLost(self.id.clone()).into()),
        }
        self.source.publish(&mut truth);
        Ok(())
    }

    async fn leave(self: Box<Self>) -> Result<(), Error> {
        self.source.ask(&self.process, "leave").await?;
        let mut truth = self.source.lock();
        if truth
            .leases
            .get(&self.id)
            .is_some_and(|lease| lease.number == self.number)
        {
            truth.leases.remove(&self.id);
            self.source.publish(&mut truth);
        }
        Ok(())
    }

    fn lost(&self) -> watch::Receiver<bool> {
        self.lost.clone()
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
