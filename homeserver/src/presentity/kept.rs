//! Kept messages: what waits for a client of the person, and what a client took a moment ago. Only headers are in
//! memory; the documents are read when they are delivered.
//!
//! What is here follows the store. A write of which nobody knows what became of it is undone, and until that is
//! durable it is tried again: a message of which the sender was told that it is not stored must not stay by chance.

mod entries;

use super::deliveries::Accepted;
use super::known::KNOWN_FOR;
use crate::OfflinePolicy;
use crate::command::{DeliveryId, Effect, KeptEnded, Ticket, Written};
use entries::{Entries, Entry, Place, Saved};
use rvp::{Fault, Identity, MessageId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use store::{ArchiveEntry, Change, KeptHeader, KeptMessage};

/// Messages that a client took and that are still known by their ids; beyond it the oldest are forgotten.
const TAKEN_MAX: usize = 256;
/// Questions of one person to the store at one epoch that have tickets of their own.
const TICKETS_PER_EPOCH: u64 = 1 << 24;
/// Before a write that has failed is tried again.
const WRITE_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The kept messages of one person.
#[derive(Debug)]
pub(super) struct Kept {
    policy: OfflinePolicy,
    entries: Entries,
    /// The highest number ever used.
    last: u64,
    /// What the store is being asked to write besides new messages.
    writing: BTreeMap<Ticket, Writing>,
    /// New messages that are being written, or archived.
    putting: BTreeMap<Ticket, DeliveryId>,
    /// When to try again what has failed.
    again: Option<SystemTime>,
    tickets: u64,
}

#[derive(Debug)]
enum Writing {
    Taken(Vec<u64>),
    Gone(Vec<u64>),
}

impl Kept {
    /// What a store has kept. Of a message that is there twice, because a write was tried again whose first try had
    /// come through, the first one stays.
    pub(super) fn load(headers: Vec<KeptHeader>, policy: OfflinePolicy, epoch: u64) -> Self {
        let last = headers.iter().map(|header| header.number).max().unwrap_or(0);
        let (mut entries, mut ids) = (Entries::default(), BTreeSet::new());
        for header in headers {
            let place = match header.taken {
                _ if !ids.insert((header.from.clone(), header.id.clone())) => Place::Gone(Saved::No),
                None => Place::Waiting,
                Some(at) => Place::Taken {
                    at,
                    saved: Saved::Yes,
                },
            };
            let entry = Entry {
                id: header.id,
                from: header.from,
                bytes: header.bytes.into(),
                accepted: header.accepted,
                place,
            };
            entries.insert(header.number, entry);
        }
        Self {
            policy,
            entries,
            last,
            writing: BTreeMap::new(),
            putting: BTreeMap::new(),
            again: None,
            // What was asked when the person was here before is not taken for what is asked now.
            tickets: epoch.saturating_mul(TICKETS_PER_EPOCH),
        }
    }

    /// What the domain says.
    pub(super) fn policy(&self) -> &OfflinePolicy {
        &self.policy
    }

    /// Takes over the writes of messages under way from when the person was here before.
    pub(super) fn adopt(&mut self, former: Self) {
        self.putting = former.putting;
        self.last = self.last.max(former.last);
    }

    /// A question to the store.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// Whether there is room for a message beside those that wait already, here and to be kept.
    pub(super) fn check_room(&self, bytes: usize, (waiting, octets): (usize, u64)) -> Result<(), Fault> {
        let (count, kept) = self.entries.sums().room;
        let fits = waiting + count < usize::try_from(self.policy.count).unwrap_or(usize::MAX)
            && octets + kept + bytes as u64 <= self.policy.bytes;
        if fits { Ok(()) } else { Err(Fault::KeptFull) }
    }

    /// Whether a message of this sender and id is stored, or was and a client took it.
    pub(super) fn has(&self, from: &Identity, id: &MessageId) -> bool {
        let known = |entry: &Entry| match entry.place {
            Place::Waiting | Place::Taken { .. } => entry.id == *id && entry.from == *from,
            // One is known by its delivery, the other is not stored.
            Place::Putting | Place::Gone(_) | Place::Forgotten(_) => false,
        };
        self.entries.iter().any(|(_, entry)| known(entry))
    }

    /// The numbers of those that wait for a client or are about to, ascending.
    pub(super) fn waiting(&self) -> impl DoubleEndedIterator<Item = u64> {
        let here = self.entries.iter().filter(|(_, entry)| entry.place.is_here());
        here.map(|(number, _)| number)
    }

    /// Whether this one is durable and waits.
    pub(super) fn waits(&self, number: u64) -> bool {
        let entry = self.entries.get(number);
        entry.is_some_and(|entry| entry.place == Place::Waiting)
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.entries.sums().here
    }

    /// Makes a message durable; returns under which number.
    pub(super) fn put(&mut self, delivery: DeliveryId, message: &Accepted, effects: &mut Vec<Effect>) -> u64 {
        self.last += 1;
        let (number, ticket) = (self.last, self.ticket());
        // Only what no router has given an id has none, and nobody sends that again.
        let id = message.id.clone().unwrap_or_else(|| own_id(delivery));
        let entry = Entry {
            id: id.clone(),
            from: message.from.clone(),
            bytes: message.document.len() as u64,
            accepted: message.at,
            place: Place::Putting,
        };
        self.entries.insert(number, entry);
        self.putting.insert(ticket, delivery);
        let kept = KeptMessage {
            number,
            id,
            from: message.from.clone(),
            ack: message.ack,
            document: message.document.clone(),
            accepted: message.at,
        };
        effects.push(Effect::Keep(ticket, Change::PutMessage(kept)));
        number
    }

    /// Has a new message archived.
    pub(super) fn archive(
        &mut self,
        delivery: DeliveryId,
        entries: Vec<ArchiveEntry>,
        effects: &mut Vec<Effect>,
    ) {
        let ticket = self.ticket();
        self.putting.insert(ticket, delivery);
        effects.push(Effect::Archive(ticket, entries));
    }

    /// Which message's write this was, if it was a new message's.
    pub(super) fn put_of(&mut self, ticket: Ticket) -> Option<DeliveryId> {
        self.putting.remove(&ticket)
    }

    /// What became of the write of a new message.
    pub(super) fn put_written(
        &mut self,
        now: SystemTime,
        number: u64,
        written: Written,
        effects: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.entries.get(number) else {
            return;
        };
        match written {
            Written::Durable if entry.place == Place::Putting => {
                effects.push(Effect::WakeAt(entry.accepted + self.policy.age));
                self.entries.put(number, Place::Waiting);
            }
            Written::Durable => {}
            Written::Failed => {
                self.entries.put(number, Place::Gone(Saved::No));
                self.try_again(now, effects);
            }
            Written::Fenced => self.entries.remove(number),
        }
    }

    /// A client took a message.
    pub(super) fn take(&mut self, now: SystemTime, number: u64, effects: &mut Vec<Effect>) {
        if self.entries.get(number).is_none() {
            return;
        }
        let (at, saved) = (now, Saved::No);
        self.entries.put(number, Place::Taken { at, saved });
        effects.push(Effect::KeptEnded(KeptEnded::Taken));
        self.save(effects);
    }

    /// What was to wait is not in the store: somebody has put an older copy in its place.
    pub(super) fn lose(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.entries.remove(number);
        }
    }

    /// What became of a write that was no new message's.
    pub(super) fn written(
        &mut self,
        now: SystemTime,
        ticket: Ticket,
        written: Written,
        effects: &mut Vec<Effect>,
    ) {
        let saved = match written {
            Written::Durable => Saved::Yes,
            // Where somebody else has the person nothing more is to be done, but forgotten with the person.
            Written::Failed | Written::Fenced => Saved::No,
        };
        let (Some(Writing::Taken(numbers)) | Some(Writing::Gone(numbers))) = self.writing.remove(&ticket)
        else {
            return;
        };
        for number in numbers {
            match self.entries.get(number).map(|entry| entry.place) {
                Some(Place::Taken { at, .. }) => {
                    self.entries.put(number, Place::Taken { at, saved });
                    effects.push(Effect::WakeAt(at + KNOWN_FOR));
                }
                Some(Place::Gone(_) | Place::Forgotten(_)) if saved == Saved::Yes => {
                    self.entries.remove(number);
                }
                Some(Place::Gone(_)) => self.entries.put(number, Place::Gone(saved)),
                Some(Place::Forgotten(_)) => self.entries.put(number, Place::Forgotten(saved)),
                Some(Place::Putting | Place::Waiting) | None => {}
            }
        }
        if saved == Saved::No {
            self.try_again(now, effects);
        }
    }

    /// Something failed: it is tried again in a moment.
    fn try_again(&mut self, now: SystemTime, effects: &mut Vec<Effect>) {
        let again = now + WRITE_AGAIN_AFTER;
        self.again = Some(again);
        effects.push(Effect::WakeAt(again));
    }

    /// Drops what has waited, or was known, for long enough, and tries again what has failed. `out` is with a
    /// client at this moment.
    pub(super) fn lapse(&mut self, now: SystemTime, out: Option<u64>, effects: &mut Vec<Effect>) {
        let taken = |(_, entry): &(u64, &Entry)| entry.place.is_taken();
        let mut taken = self.entries.iter().filter(taken).count();
        let age = self.policy.age;
        self.entries.put_each(|number, entry| match entry.place {
            Place::Taken {
                at,
                saved: Saved::Yes,
            } if at + KNOWN_FOR <= now || taken > TAKEN_MAX => {
                taken -= 1;
                Some(Place::Forgotten(Saved::No))
            }
            Place::Waiting if Some(number) != out && entry.accepted + age <= now => {
                effects.push(Effect::KeptEnded(KeptEnded::Expired));
                Some(Place::Forgotten(Saved::No))
            }
            Place::Putting | Place::Waiting | Place::Taken { .. } | Place::Gone(_) | Place::Forgotten(_) => {
                None
            }
        });
        if self.again.is_none_or(|again| again <= now) {
            self.again = None;
            self.save(effects);
        }
    }

    /// When to look again.
    pub(super) fn next_end(&self) -> Option<SystemTime> {
        let ends = self.entries.iter().filter_map(|(_, entry)| match entry.place {
            Place::Taken {
                at,
                saved: Saved::Yes,
            } => Some(at + KNOWN_FOR),
            Place::Waiting => Some(entry.accepted + self.policy.age),
            Place::Putting | Place::Taken { .. } | Place::Gone(_) | Place::Forgotten(_) => None,
        });
        ends.chain(self.again).min()
    }

    /// Makes durable what was taken and what has gone.
    fn save(&mut self, effects: &mut Vec<Effect>) {
        let (mut taken, mut gone) = (BTreeMap::<SystemTime, Vec<u64>>::new(), Vec::new());
        self.entries.put_each(|number, entry| match entry.place {
            Place::Taken { at, saved: Saved::No } => {
                taken.entry(at).or_default().push(number);
                let saved = Saved::UnderWay;
                Some(Place::Taken { at, saved })
            }
            Place::Gone(Saved::No) => {
                gone.push(number);
                Some(Place::Gone(Saved::UnderWay))
            }
            Place::Forgotten(Saved::No) => {
                gone.push(number);
                Some(Place::Forgotten(Saved::UnderWay))
            }
            Place::Putting | Place::Waiting | Place::Taken { .. } | Place::Gone(_) | Place::Forgotten(_) => {
                None
            }
        });
        for (at, numbers) in taken {
            let ticket = self.ticket();
            effects.push(Effect::Keep(ticket, Change::TakeMessages(numbers.clone(), at)));
            self.writing.insert(ticket, Writing::Taken(numbers));
        }
        if !gone.is_empty() {
            let ticket = self.ticket();
            effects.push(Effect::Keep(ticket, Change::ForgetMessages(gone.clone())));
            self.writing.insert(ticket, Writing::Gone(gone));
        }
    }
}

/// The id of a message that came without one.
pub(super) fn own_id(delivery: DeliveryId) -> MessageId {
    MessageId::parse(&format!("{:x}", delivery.0)).expect("hexadecimal digits are visible ASCII")
}
