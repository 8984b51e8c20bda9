//! Which messages came before and were delivered, so that one that comes again is not delivered again. Those that
//! are on their way, or kept, are known where they are.

use rvp::{Identity, MessageId};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};
use store::ChainHash;

/// How long a message is known: longer than whoever sends again waits in between.
pub(super) const KNOWN_FOR: Duration = Duration::from_secs(600);
/// Delivered messages of one person that are known; a few kilobytes. Beyond it a router still knows them.
const KNOWN_MAX: usize = 64;

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
        let over = |(at, _): &(SystemTime, _)| *at + KNOWN_FOR <= now;
        while self.archived.len() >= KNOWN_MAX || self.archived.front().is_some_and(over) {
            self.archived.pop_front();
        }
        self.archived.push_back((now, fingerprint));
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
    let mut hasher = DefaultHasher::new();
    (from, id).hash(&mut hasher);
    hasher.finish()
}

fn put(remembered: &mut Remembered, now: SystemTime, from: Identity, id: MessageId) {
    let over = |message: &Message| message.at + KNOWN_FOR <= now;
    while remembered.len() >= KNOWN_MAX || remembered.front().is_some_and(over) {
        remembered.pop_front();
    }
    let (at, hash) = (now, hash(&from, &id));
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
}
