//! What all users of a run share: who everybody is, and where everything that happens is written down.

use crate::check::{Answer, Checker, Stamp, Verdict};
use crate::people::People;
use crate::timing::{Piece, Spread, Timings};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The run as everybody sees it.
pub(crate) struct World {
    pub(crate) people: People,
    text_bytes: usize,
    /// Room for what is under way, where only so much may be.
    room: Option<Semaphore>,
    ledger: Mutex<Ledger>,
}

struct Ledger {
    checker: Checker,
    timings: Timings,
    open: u64,
    /// Why users ended that should not have.
    ended: u64,
    why: Option<String>,
}

/// A message to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter {
    pub(crate) stamp: Stamp,
    pub(crate) to: u32,
    pub(crate) due: Instant,
}

impl World {
    /// A run of its own; `under_way` bounds how many messages may have no answer yet.
    pub(crate) fn new(people: People, text_bytes: usize, under_way: Option<u32>) -> Self {
        Self {
            people,
            text_bytes,
            room: under_way.map(|count| Semaphore::new(count as usize)),
            ledger: Mutex::new(Ledger {
                checker: Checker::new(rand::random()),
                timings: Timings::new(),
                open: 0,
                ended: 0,
                why: None,
            }),
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when one more may be under way.
    pub(crate) async fn has_room(&self) {
        if let Some(room) = &self.room
            && let Ok(place) = room.acquire().await
        {
            // Given back by the answer.
            place.forget();
        }
    }

    /// Writes a message that is due; none when there have been too many.
    pub(crate) fn letter(&self, (from, to): (u32, u32), due: Instant) -> Option<Letter> {
        let mut ledger = self.ledger();
        let stamp = ledger.checker.send(from, to)?;
        ledger.open += 1;
        Some(Letter { stamp, to, due })
    }

    /// A message cannot be sent, because its sender is gone: no answer will come.
    pub(crate) fn forget(&self) {
        let mut ledger = self.ledger();
        ledger.open = ledger.open.saturating_sub(1);
    }

    /// A message goes out. Returns its text.
    pub(crate) fn begins(&self, letter: &Letter) -> String {
        self.ledger().timings.begun(letter.due.elapsed());
        letter.stamp.write(self.text_bytes)
    }

    /// The sender of a message is told what became of it.
    pub(crate) fn answered(&self, letter: &Letter, answer: Answer) {
        let took = letter.due.elapsed();
        let mut ledger = self.ledger();
        ledger.checker.answered(letter.stamp.number, answer);
        ledger.open = ledger.open.saturating_sub(1);
        // How soon something is refused is no measure of anything.
        if answer != Answer::Refused {
            ledger.timings.done(took);
        }
        drop(ledger);
        if let Some(room) = &self.room {
            room.add_permits(1);
        }
    }

    /// Somebody is handed a message. Whoever has lost a connection may be handed again what they have.
    pub(crate) fn heard(&self, by: u32, from: &str, text: &str, may_repeat: bool) {
        let is_from = |number| self.people.address(number) == from;
        self.ledger().checker.heard(by, text, is_from, may_repeat);
    }

    /// A user cannot go on.
    pub(crate) fn ended(&self, why: String) {
        let mut ledger = self.ledger();
        ledger.ended += 1;
        ledger.why.get_or_insert(why);
    }

    /// Users who could not go on, and the first reason.
    pub(crate) fn gone(&self) -> (u64, Option<String>) {
        let ledger = self.ledger();
        (ledger.ended, ledger.why.clone())
    }

    /// What has no answer yet.
    pub(crate) fn open(&self) -> u64 {
        self.ledger().open
    }

    /// What has been done.
    pub(crate) fn done(&self) -> u64 {
        self.ledger().timings.count()
    }

    /// What became of everything so far.
    pub(crate) fn verdict(&self) -> Verdict {
        self.ledger().checker.verdict()
    }

    /// A second is over.
    pub(crate) fn second(&self, at: Duration, rss_mb: Option<f64>, cores: Option<f64>) {
        self.ledger().timings.second(at, rss_mb, cores);
    }

    /// How long things took.
    pub(crate) fn times(&self) -> (Spread, Vec<Piece>) {
        let ledger = self.ledger();
        (ledger.timings.spread(), ledger.timings.pieces().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn latency_counts_from_when_it_was_due_and_room_is_given_back_by_the_answer() {
        let people = People::new("load{n}@localhost", 2).unwrap();
        let world = World::new(people, 64, Some(1));
        world.has_room().await;
        let letter = world.letter((0, 1), Instant::now()).unwrap();
        tokio::time::advance(Duration::from_millis(30)).await;
        let text = world.begins(&letter);
        tokio::time::advance(Duration::from_millis(20)).await;
        let full = tokio::time::timeout(Duration::from_millis(1), world.has_room());
        assert!(full.await.is_err(), "one is under way");
        assert_eq!(world.open(), 1);
        world.heard(1, "load0@localhost", &text, false);
        world.answered(&letter, Answer::Delivered);
        world.has_room().await;
        assert_eq!((world.open(), world.done()), (0, 1));
        let (spread, _) = world.times();
        assert!((50.9..51.2).contains(&spread.max), "{spread:?}");
        assert!((29.9..30.1).contains(&spread.late_p99), "{spread:?}");
        assert_eq!(world.verdict().broken(), None);
    }
}
