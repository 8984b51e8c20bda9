//! Alice, two who write to her, a router that remembers what her clients took, and a store that answers when it
//! likes, or fails.

use super::super::asked::{Messages, Question, question};
use super::super::kept;
use super::super::say::{alice, bob, carol, log_on, notify, proved, unsubscribe};
use super::super::stage::{ROUTER, start};
use super::reached::Reached;
use crate::command::{Applied, Command, DeliveryId, Effect, Ended, Ticket, Verdict, Written};
use crate::ids::Ids;
use crate::presentity::Presentity;
use crate::{ArchivePolicy, Archives, OfflinePolicy};
use proto::{DeliverMessage, Outcome};
use rvp::method::Notify;
use rvp::notification::{AckType, MessageKind};
use rvp::{Identity, MessageId, Method, Principal, Reply, SubscriptionId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::{ArchiveEntry, Durable};

const OFFLINE: OfflinePolicy = OfflinePolicy {
    keep: true,
    count: 12,
    bytes: 1 << 20,
    age: Duration::from_secs(1 << 30),
};

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Send {
        bob: bool,
        ack: AckType,
    },
    /// One of the last messages again, with the same id.
    SendAgain(usize),
    /// A client says what becomes of the first message that waits for it.
    Outcome(usize, Outcome),
    /// The store does something about what it was asked first.
    Store(StoreDoes),
    Pass(u64),
    LogOn(u16),
    LogOff(usize),
    /// The process ends, when so many of the open questions were done already, and while clients (bits) take what
    /// they have. Nobody is told.
    Restart {
        done: usize,
        taking: u8,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum StoreDoes {
    Answer,
    Fail,
    /// It says that it has failed, and has not.
    FailAndHaveDone,
}

type Key = (Identity, MessageId);

/// What is known of a message outside.
#[derive(Default)]
struct Told {
    /// Places in the order of what was accepted, the first and the last.
    first: usize,
    last: usize,
    ack: Option<AckType>,
    acknowledged: bool,
    /// Whether a client had it and did not take it: such a message is passed over for a while.
    passed_over: bool,
    /// In which attempts, by which logins.
    taken: Vec<(u64, SubscriptionId)>,
}

pub(super) struct World {
    now: SystemTime,
    epoch: u64,
    presentity: Presentity,
    ids: Ids,
    kept: Durable,
    messages: Messages,
    asked: VecDeque<Question>,
    /// What waits at the router, by login.
    queues: BTreeMap<SubscriptionId, VecDeque<(DeliveryId, DeliverMessage)>>,
    told: BTreeMap<Key, Told>,
    /// The messages in the order in which they were sent, with the time.
    sent: Vec<(SystemTime, Key)>,
    senders: BTreeMap<DeliveryId, Vec<Key>>,
    /// Everything that clients took, in order.
    heard: Vec<(SubscriptionId, Key)>,
    places: usize,
    accepted: i64,
    ended: i64,
    reached: Reached,
    /// What is archived, if anything is, and what the archive holds, in order.
    archives: Option<Arc<Archives>>,
    archive: Vec<Key>,
}

impl World {
    pub(super) fn new(archives: bool) -> Self {
        let kept = Durable::new(kept::account(&alice()));
        let on = ArchivePolicy {
            on: true,
            retention: None,
        };
        let archives = archives.then(|| Arc::new(Archives([(alice().domain(), on)].into())));
        Self {
            now: start(),
            epoch: 1,
            presentity: load(&kept, 1, archives.as_ref()),
            ids: Ids::from_seed(7),
            kept,
            messages: Messages::default(),
            asked: VecDeque::new(),
            queues: BTreeMap::new(),
            told: BTreeMap::new(),
            sent: Vec::new(),
            senders: BTreeMap::new(),
            heard: Vec::new(),
            places: 0,
            accepted: 0,
            ended: 0,
            reached: Reached::default(),
            archives,
            archive: Vec::new(),
        }
    }

    pub(super) fn reached(self) -> Reached {
        self.reached
    }

    pub(super) fn act(&mut self, act: &Act) {
        match act {
            Act::Send { bob: bobs, ack } => {
                let from = if *bobs { bob() } else { carol() };
                let id = MessageId::parse(&format!("m-{}", self.sent.len())).unwrap();
                self.send(&from, id, *ack);
            }
            Act::SendAgain(which) => self.send_again(*which),
            Act::Outcome(which, outcome) => {
                let logins: Vec<_> = self.queues.keys().copied().collect();
                if let Some(login) = logins.get(which % logins.len().max(1)) {
                    self.outcome(*login, *outcome);
                }
            }
            Act::Store(does) => self.store(*does),
            Act::Pass(seconds) => {
                self.now += Duration::from_secs(*seconds);
                self.apply(Command::Lapse);
            }
            Act::LogOn(port) => {
                self.request(&alice(), log_on(*port));
            }
            Act::LogOff(which) => {
                let logins = &self.kept.logins;
                if let Some(login) = logins.get(which % logins.len().max(1)) {
                    let login = login.id;
                    self.request(&alice(), unsubscribe(login));
                }
            }
            Act::Restart { done, taking } => self.restart(*done, *taking),
        }
    }

    fn send_again(&mut self, which: usize) {
        let lately = |at: &SystemTime| *at + Duration::from_secs(300) > self.now;
        let recent: Vec<Key> = self
            .sent
            .iter()
            .filter(|(at, _)| lately(at))
            .map(|(_, key)| key.clone())
            .collect();
        let Some((from, id)) = recent.get(which % recent.len().max(1)).cloned() else {
            return;
        };
        let ack = self.told[&(from.clone(), id.clone())].ack.unwrap();
        let from = from.person().unwrap().clone();
        self.send(&from, id, ack);
    }

    fn send(&mut self, from: &Principal, id: MessageId, ack: AckType) {
        let identity = Identity::Person(from.clone());
        let notify = Notify {
            id: Some(id.clone()),
            ..notify(&identity, ack, MessageKind::Text)
        };
        let key = (identity, id);
        self.places += 1;
        let place = self.places;
        let told = self.told.entry(key.clone()).or_insert_with(|| Told {
            first: place,
            ..Told::default()
        });
        told.ack = Some(ack);
        self.sent.push((self.now, key.clone()));
        let verdict = self.request(from, Method::Notify(notify));
        let told = self.told.get_mut(&key).unwrap();
        match verdict {
            Verdict::Now(answer) => {
                self.accepted += 1;
                told.last = place;
                // After a single hop nothing is promised but that it was accepted.
                told.acknowledged |= answer.is_ok() && ack != AckType::SingleHop;
                self.ended += i64::from(answer.is_err());
            }
            Verdict::Later(id) => {
                self.accepted += 1;
                told.last = place;
                self.senders.entry(id).or_default().push(key);
            }
            Verdict::Again(id) => {
                self.reached.note("again");
                self.senders.entry(id).or_default().push(key);
            }
            Verdict::Known(reply) => {
                self.reached.note("known");
                if !told.acknowledged {
                    told.last = place;
                }
                told.acknowledged |= ack != AckType::SingleHop || reply == Reply::Stored;
            }
            Verdict::Nothing => panic!("the sender is forgotten"),
        }
    }

    fn request(&mut self, from: &Principal, method: Method) -> Verdict {
        let (caller, router) = (proved(from), ROUTER.into());
        self.apply(Command::Request {
            caller,
            router,
            login: None,
            method,
        })
    }

    fn outcome(&mut self, login: SubscriptionId, outcome: Outcome) {
        let Some(queue) = self.queues.get_mut(&login) else {
            return;
        };
        let Some((delivery, message)) = queue.pop_front() else {
            return;
        };
        if queue.is_empty() {
            self.queues.remove(&login);
        }
        let outcome = if self.knows(&message) {
            Outcome::Taken
        } else {
            outcome
        };
        if outcome == Outcome::Taken {
            self.take(&message);
        }
        let refused = [Outcome::Rejected, Outcome::Left, Outcome::Expired].contains(&outcome);
        self.told.get_mut(&key(&message)).unwrap().passed_over |= refused;
        self.apply(Command::Outcome { delivery, outcome });
    }

    /// As the router's memory of what was taken.
    fn knows(&self, message: &DeliverMessage) -> bool {
        let taken = &self.told[&key(message)].taken;
        taken
            .iter()
            .any(|(attempt, login)| *attempt != message.attempt || *login == message.login.login)
    }

    fn take(&mut self, message: &DeliverMessage) {
        if self.knows(message) {
            return self.reached.note("taken before");
        }
        self.heard.push((message.login.login, key(message)));
        let told = self.told.get_mut(&key(message)).unwrap();
        told.taken.push((message.attempt, message.login.login));
    }

    fn store(&mut self, does: StoreDoes) {
        let Some(question) = self.asked.pop_front() else {
            return;
        };
        match question {
            Question::Write(ticket, change) => {
                if !matches!(does, StoreDoes::Fail) {
                    self.messages.write(&mut self.kept, change);
                }
                let written = match does {
                    StoreDoes::Answer => Written::Durable,
                    StoreDoes::Fail | StoreDoes::FailAndHaveDone => Written::Failed,
                };
                self.apply(Command::Written { ticket, written });
            }
            Question::Archive(ticket, entries) => {
                self.reached.note("archived");
                if !matches!(does, StoreDoes::Fail) {
                    self.enter(entries);
                }
                let written = match does {
                    StoreDoes::Answer => Written::Durable,
                    StoreDoes::Fail | StoreDoes::FailAndHaveDone => Written::Failed,
                };
                self.apply(Command::Written { ticket, written });
            }
            Question::Read(ticket, after) => self.read(ticket, after, does),
        }
    }

    fn enter(&mut self, entries: Vec<ArchiveEntry>) {
        let entered = entries.into_iter().map(|entry| (entry.from, entry.id));
        self.archive.extend(entered);
    }

    fn read(&mut self, ticket: Ticket, after: u64, does: StoreDoes) {
        let messages = match does {
            StoreDoes::Answer => Some(self.messages.read(after)),
            StoreDoes::Fail | StoreDoes::FailAndHaveDone => None,
        };
        self.apply(Command::Read { ticket, messages });
    }

    fn restart(&mut self, done: usize, taking: u8) {
        self.reached.note("restarted");
        for question in std::mem::take(&mut self.asked).into_iter().take(done) {
            match question {
                Question::Write(_, change) => self.messages.write(&mut self.kept, change),
                Question::Archive(_, entries) => self.enter(entries),
                Question::Read(..) => {}
            }
        }
        for (bit, queue) in std::mem::take(&mut self.queues).into_values().enumerate() {
            let takes = bit < 8 && taking & (1 << bit) != 0;
            if let Some((_, message)) = queue.front().filter(|_| takes) {
                self.take(message);
            }
        }
        self.senders.clear();
        // They are forgotten with the process, and so is its ledger.
        (self.accepted, self.ended) = (0, 0);
        self.epoch += 1;
        self.now += Duration::from_secs(1);
        self.presentity = load(&self.kept, self.epoch, self.archives.as_ref());
        self.apply(Command::Lapse);
    }

    fn apply(&mut self, command: Command) -> Verdict {
        let Applied { verdict, effects } = self.presentity.apply(self.now, &mut self.ids, command);
        for effect in effects {
            self.asked.extend(question(&effect));
            match effect {
                Effect::Persist(change) => kept::keep(&mut self.kept, change),
                Effect::DeliverMessage(id, _, message, _) => {
                    self.check_archived(&key(&message));
                    let queue = self.queues.entry(message.login.login).or_default();
                    queue.push_back((id, message));
                }
                Effect::Ended(id, ended) => self.end(id, ended),
                Effect::HandedOn(id) => {
                    self.reached.note("handed on");
                    self.senders.remove(&id);
                }
                Effect::Keep(..)
                | Effect::Archive(..)
                | Effect::ReadKept(..)
                | Effect::KeptEnded(_)
                | Effect::Spread(..)
                | Effect::Detach(..)
                | Effect::WakeAt(_) => {}
            }
        }
        verdict
    }

    fn end(&mut self, id: DeliveryId, ended: Ended) {
        self.ended += 1;
        let good = match ended {
            Ended::Delivered => true,
            Ended::Stored => {
                self.reached.note("stored");
                true
            }
            Ended::Refused(_) | Ended::Expired(_) => {
                self.reached.note("refused");
                false
            }
            Ended::Moved => panic!("nobody else has her"),
        };
        for key in self.senders.remove(&id).unwrap_or_default() {
            self.told.get_mut(&key).unwrap().acknowledged |= good;
        }
    }

    /// Everything works from now on, and a client logs on that takes whatever it is handed.
    pub(super) fn mend(&mut self) {
        self.settle();
        self.act(&Act::LogOn(9));
        for _ in 0..8 {
            self.settle();
            self.act(&Act::Pass(400));
        }
        assert!(self.messages.0.is_empty(), "everything was taken");
        assert_eq!(self.presentity.in_flight(), 0, "nothing is left under way");
    }

    fn settle(&mut self) {
        loop {
            if !self.asked.is_empty() {
                self.store(StoreDoes::Answer);
            } else if let Some(login) = self.queues.keys().next().copied() {
                self.outcome(login, Outcome::Taken);
            } else {
                return;
            }
        }
    }

    pub(super) fn check_bounds(&self) {
        assert!(self.presentity.kept_len() <= OFFLINE.count as usize);
        assert!(self.presentity.in_flight() <= 256);
    }

    pub(super) fn check_ledger(&self) {
        let in_flight = i64::try_from(self.presentity.in_flight()).unwrap();
        assert_eq!(self.accepted, self.ended + in_flight);
    }

    fn check_archived(&self, key: &Key) {
        assert!(
            self.archives.is_none() || self.archive.contains(key),
            "{key:?} is handed to a client and is not in the archive"
        );
    }

    /// Whatever its sender was told is delivered or kept is in the archive.
    pub(super) fn check_archive(&self) {
        for (key, _) in self.told.iter().filter(|(_, told)| told.acknowledged) {
            self.check_archived(key);
        }
        assert!(self.archives.is_some() || self.archive.is_empty());
    }

    pub(super) fn check_conserved(&self) {
        for (key, told) in &self.told {
            let attempts: BTreeSet<u64> = told.taken.iter().map(|(attempt, _)| *attempt).collect();
            let logins: BTreeSet<_> = told.taken.iter().map(|(_, login)| *login).collect();
            assert!(attempts.len() <= 1, "{key:?} was delivered again");
            assert_eq!(logins.len(), told.taken.len(), "{key:?} came twice to one client");
            assert!(!told.acknowledged || !attempts.is_empty(), "{key:?} is lost");
        }
        for (place, (login, (from, id))) in self.heard.iter().enumerate() {
            let later = &self.told[&(from.clone(), id.clone())];
            // Of what its sender was told is refused nothing is promised.
            if later.passed_over || !later.acknowledged {
                continue;
            }
            let before = self.heard[..place].iter();
            for (_, earlier) in before.filter(|(other, key)| other == login && key.0 == *from) {
                let before = &self.told[earlier];
                assert!(
                    !before.acknowledged || before.first <= later.last.max(later.first),
                    "{id} came after {earlier:?}"
                );
            }
        }
    }
}

fn load(kept: &Durable, epoch: u64, archives: Option<&Arc<Archives>>) -> Presentity {
    let presentity = Presentity::load(kept.clone(), epoch, OFFLINE);
    match archives {
        Some(archives) => presentity.archived(Arc::clone(archives)),
        None => presentity,
    }
}

fn key(message: &DeliverMessage) -> Key {
    (message.from.clone(), message.id.clone().unwrap())
}
