//! Kept messages by their numbers, with the sums of them that are asked for with every message.

use rvp::{Identity, MessageId};
use std::collections::BTreeMap;
use std::time::SystemTime;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: MessageId,
    pub(super) from: Identity,
    pub(super) bytes: u64,
    pub(super) accepted: SystemTime,
    pub(super) place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// It is about to be durable.
    Putting,
    /// It waits for a client.
    Waiting,
    /// A client took it, then; whether that is durable, or about to be.
    Taken { at: SystemTime, saved: Saved },
    /// It is to be dropped from the store, where its document may still be.
    Gone(Saved),
    /// It has waited, or its id was known, for long enough, and is to be dropped from the store.
    Forgotten(Saved),
}

/// How far a change has come into the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Saved {
    No,
    UnderWay,
    Yes,
}

impl Place {
    pub(super) fn is_here(self) -> bool {
        matches!(self, Self::Putting | Self::Waiting)
    }

    /// Whether a store may have its document.
    fn takes_room(self) -> bool {
        match self {
            Self::Putting | Self::Waiting | Self::Gone(_) => true,
            Self::Taken { saved, .. } => saved != Saved::Yes,
            Self::Forgotten(_) => false,
        }
    }

    pub(super) fn is_taken(self) -> bool {
        matches!(self, Self::Taken { .. })
    }
}

/// The kept messages of one person, ascending by number.
#[derive(Debug, Default)]
pub(super) struct Entries {
    by_number: BTreeMap<u64, Entry>,
    sums: Sums,
}

/// Of all entries together.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Sums {
    /// Those that wait for a client, or are about to.
    pub(super) here: usize,
    /// Those of which a store may have the document, and the octets of these.
    pub(super) room: (usize, u64),
}

impl Sums {
    fn add(&mut self, entry: &Entry) {
        self.here += usize::from(entry.place.is_here());
        if entry.place.takes_room() {
            self.room.0 += 1;
            self.room.1 += entry.bytes;
        }
    }

    fn subtract(&mut self, entry: &Entry) {
        self.here -= usize::from(entry.place.is_here());
        if entry.place.takes_room() {
            self.room.0 -= 1;
            self.room.1 -= entry.bytes;
        }
    }
}

impl Entries {
    pub(super) fn sums(&self) -> Sums {
        self.sums
    }

    pub(super) fn get(&self, number: u64) -> Option<&Entry> {
        self.by_number.get(&number)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Entry)> {
        self.by_number.iter().map(|(number, entry)| (*number, entry))
    }

    /// A number is used once only.
    pub(super) fn insert(&mut self, number: u64, entry: Entry) {
        self.sums.add(&entry);
        self.by_number.insert(number, entry);
    }

    pub(super) fn remove(&mut self, number: u64) {
        if let Some(entry) = self.by_number.remove(&number) {
            self.sums.subtract(&entry);
        }
    }

    /// Where an entry is from now on, if it is still there.
    pub(super) fn put(&mut self, number: u64, place: Place) {
        if let Some(entry) = self.by_number.get_mut(&number) {
            self.sums.subtract(entry);
            entry.place = place;
            self.sums.add(entry);
        }
    }

    /// Where each is from now on, if it moves.
    pub(super) fn put_each(&mut self, mut moves: impl FnMut(u64, &Entry) -> Option<Place>) {
        for (number, entry) in &mut self.by_number {
            if let Some(place) = moves(*number, entry) {
                self.sums.subtract(entry);
                entry.place = place;
                self.sums.add(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places() -> impl Strategy<Value = Place> {
        let saved = prop_oneof![Just(Saved::No), Just(Saved::UnderWay), Just(Saved::Yes)];
        let at = SystemTime::UNIX_EPOCH;
        prop_oneof![
            Just(Place::Putting),
            Just(Place::Waiting),
            saved.clone().prop_map(move |saved| Place::Taken { at, saved }),
            saved.clone().prop_map(Place::Gone),
            saved.prop_map(Place::Forgotten),
        ]
    }

    fn entry(bytes: u64, place: Place) -> Entry {
        Entry {
            id: MessageId::parse("1").unwrap(),
            from: Identity::parse("http://im.example.com/instmsg/aliases/bob").unwrap(),
            bytes,
            accepted: SystemTime::UNIX_EPOCH,
            place,
        }
    }

    proptest! {
        #[test]
        fn the_sums_are_what_counting_anew_would_find(
            acts in prop::collection::vec((0_u64..20, 0_u8..4, places()), 0..100),
        ) {
            let mut entries = Entries::default();
            for (number, act, place) in acts {
                match act {
                    0 if entries.get(number).is_none() => entries.insert(number, entry(number, place)),
                    1 => entries.remove(number),
                    2 => entries.put_each(|each, _| (each > number).then_some(place)),
                    _ => entries.put(number, place),
                }
                let mut counted = Sums::default();
                entries.iter().for_each(|(_, entry)| counted.add(entry));
                prop_assert_eq!(entries.sums(), counted);
            }
        }
    }
}
