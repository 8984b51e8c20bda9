//! Which messages came before and were delivered, so that one that comes again is not delivered again. Those that
//! are on their way, or kept, are known where they are.

use foldhash::quality::FixedState;
use rvp::{Identity, MessageId};
use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::time::{Duration, SystemTime};
use store::ChainHash;

/// How long a message is known: longer than whoever sends again waits in between.
pub(super) const KNOWN_FOR: Duration = Duration::from_secs(600);
/// Delivered messages of one person that are known; a few kilobytes. Beyond it a router still knows them.
const KNOWN_MAX: usize = 64;
/// How many of the latest are looked through for a sender whose address is held already: most are sent by few.
const SENDERS_LOOKED_AT: usize = 4;

/// What was delivered to one person a moment ago.
#[derive(Debug, Default)]
pub(super) struct Known {
    delivered: Remembered,
    /// Messages of which nobody knows whether a client took them.
    doubtful: Remembered,
    /// Messages that were archived, by all that the archive has of them but the time.
    archived: VecDeque<(SystemTime, ChainHash)>,
}

impl Known {
    /// A message of this sender was delivered.
    pub(super) fn put(&mut self, now: SystemTime, from: Identity, id: MessageId) {
        put(&mut self.delivered, now, from, id);
    }

    /// Whether this message of this sender was delivered.
    pub(super) fn has(&self, now: SystemTime, from: &Identity, id: &MessageId) -> bool {
        has(&self.delivered, now, from, id)
    }

    /// A client was handed a message, and nobody knows whether it took it.
    pub(super) fn doubt(&mut self, now: SystemTime, from: Identity, id: MessageId) {
        put(&mut self.doubtful, now, from, id);
    }

    /// Whether a client was handed this message, and nobody knows whether it took it.
    pub(super) fn is_doubtful(&self, now: SystemTime, from: &Identity, id: &MessageId) -> bool {
        has(&self.doubtful, now, from, id)
    }

    /// A message is in the archives.
    pub(super) fn archived(&mut self, now: SystemTime, fingerprint: ChainHash) {
        make_room(&mut self.archived, now, |(at, _)| *at);
        self.archived.push_back((now, fingerprint));
    }

    /// Gives back the room of what is not known any more, which somebody to whom nobody writes would otherwise keep.
    pub(super) fn lapse(&mut self, now: SystemTime) {
        for remembered in [&mut self.delivered, &mut self.doubtful] {
            forget(remembered, now, |message| message.at);
            remembered.shrink_to_fit();
        }
        forget(&mut self.archived, now, |(at, _)| *at);
        self.archived.shrink_to_fit();
    }

    /// Whether a message is known to be in the archives, to the last octet.
    pub(super) fn is_archived(&self, now: SystemTime, fingerprint: ChainHash) -> bool {
        let mut latest = self.archived.iter().rev();
        latest.any(|(at, known)| *known == fingerprint && *at + KNOWN_FOR > now)
    }
}

type Remembered = VecDeque<Message>;

#[derive(Debug)]
struct Message {
    at: SystemTime,
    /// Of the other two, which lie elsewhere in memory: looking at each costs more than all else about a message.
    hash: u64,
    from: Identity,
    id: MessageId,
}

fn hash(from: &Identity, id: &MessageId) -> u64 {
    FixedState::default().hash_one((from, id))
}

/// Drops those whose time is over.
fn forget<T>(known: &mut VecDeque<T>, now: SystemTime, at: impl Fn(&T) -> SystemTime) {
    while known.front().is_some_and(|oldest| at(oldest) + KNOWN_FOR <= now) {
        known.pop_front();
    }
}

/// The same, and the oldest where there are too many.
fn make_room<T>(known: &mut VecDeque<T>, now: SystemTime, at: impl Fn(&T) -> SystemTime) {
    forget(known, now, at);
    while known.len() >= KNOWN_MAX {
        known.pop_front();
    }
}

fn put(remembered: &mut Remembered, now: SystemTime, from: Identity, id: MessageId) {
    make_room(remembered, now, |message| message.at);
    let (at, hash) = (now, hash(&from, &id));
    let mut latest = remembered.iter().rev().take(SENDERS_LOOKED_AT);
    let held = latest
        .find(|known| known.from == from)
        .map(|known| known.from.clone());
    let from = held.unwrap_or(from);
    remembered.push_back(Message { at, hash, from, id });
}

fn has(remembered: &Remembered, now: SystemTime, from: &Identity, id: &MessageId) -> bool {
    if remembered.is_empty() {
        return false;
    }
    let hash = hash(from, id);
    let mut latest = remembered.iter().rev();
    latest.any(|known| {
        known.hash == hash && known.id == *id && known.from == *from && known.at + KNOWN_FOR > now
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use allocation_counter::measure;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_message_is_known_for_its_time_and_the_oldest_make_room() {
        let [alice, bob] = ["alice", "bob"]
            .map(|name| Identity::parse(&format!("http://im.example.com/instmsg/aliases/{name}")).unwrap());
        let id = |number: usize| MessageId::parse(&number.to_string()).unwrap();
        let mut known = Known::default();
        known.put(at(0), alice.clone(), id(0));
        assert!(known.has(at(599), &alice, &id(0)));
        assert!(!known.has(at(600), &alice, &id(0)), "its time is over");
        assert!(!known.has(at(1), &bob, &id(0)), "others have ids of their own");
        for number in 1..=KNOWN_MAX {
            known.put(at(1), alice.clone(), id(number));
        }
        assert!(!known.has(at(1), &alice, &id(0)));
        assert!(known.has(at(1), &alice, &id(1)));
        assert_eq!(known.delivered.len(), KNOWN_MAX);
    }

    /// What is held for somebody to whom one person writes much, and nothing for long after that.
    #[test]
    fn what_is_known_takes_little_memory_and_in_the_end_none() {
        let mut known = Known::default();
        for number in 0..KNOWN_MAX {
            let from = Identity::parse("http://im.example.com/instmsg/aliases/bob").unwrap();
            let id = MessageId::parse(&format!("{number:032x}")).unwrap();
            known.put(at(0), from, id);
        }
        let freed = -measure(|| known.lapse(at(600))).bytes_current;
        println!("{freed} octets for {KNOWN_MAX} known messages");
        assert!((1..=KNOWN_OCTETS_MAX).contains(&freed), "{freed}");
        let left = -measure(|| drop(known)).bytes_current;
        assert_eq!(left, 0);
    }

    const KNOWN_OCTETS_MAX: i64 = 7_300;
}
