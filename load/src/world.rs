//! What all users of a run share: who everybody is, and where everything that happens is written down.

mod instances;
mod log_ons;

use crate::check::{Answer, Checker, Stamp, Verdict};
use crate::people::{self, People};
use crate::rumours::{Change, Rumours, Told};
use crate::timing::{Outcome, Piece, Spread, Timed, Timings};
use attachment::State;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The run as everybody sees it.
pub(crate) struct World {
    pub(crate) people: People,
    text_bytes: usize,
    /// Whom everybody watches: so far around the circle of those who stay.
    steps: Vec<u32>,
    /// Those who come and go are the last ones.
    stayers: u32,
    /// Room for what is under way, where only so much may be.
    room: Option<Semaphore>,
    /// One for each person who may change.
    calm: Semaphore,
    ledger: Mutex<Ledger>,
}

/// What a run is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    /// Octets of a text.
    pub(crate) text_bytes: usize,
    /// People whom everybody watches.
    pub(crate) contacts: u32,
    /// What everything is drawn from.
    pub(crate) seed: u64,
    /// How many come and go.
    pub(crate) goers: u32,
    /// How much may be under way, where that is bounded.
    pub(crate) under_way: Option<u32>,
}

struct Ledger {
    checker: Checker,
    rumours: Rumours,
    timings: Timings,
    /// Each message by its number, where that is wanted.
    log: Option<Log>,
    /// How long tellings took.
    told: Timings,
    /// How long those who had gone took to come back.
    returns: Timings,
    /// Whoever has lost a connection.
    cut_off: HashSet<u32>,
    /// Who is gone and to come back.
    away: u32,
    open: u64,
    refused: u64,
    put_off: u64,
    /// Why users ended that should not have.
    ended: u64,
    why: Option<String>,
}

/// What became of each message, since a beginning.
struct Log {
    start: Instant,
    timed: Vec<Timed>,
}

/// A message to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter {
    pub(crate) stamp: Stamp,
    pub(crate) to: u32,
    pub(crate) due: Instant,
}

impl World {
    /// A run of its own.
    pub(crate) fn new(people: People, made: Made) -> Self {
        let stayers = people.count().saturating_sub(made.goers);
        let order = people::order(made.seed, stayers);
        let steps = people::steps(made.seed, stayers, made.contacts);
        let watchers = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        Self {
            people,
            text_bytes: made.text_bytes,
            steps,
            stayers,
            room: made.under_way.map(|count| Semaphore::new(count as usize)),
            calm: Semaphore::new(0),
            ledger: Mutex::new(Ledger {
                checker: Checker::new(rand::random()),
                rumours: Rumours::new(watchers, order),
                timings: Timings::new(),
                log: None,
                told: Timings::new(),
                returns: Timings::new(),
                cut_off: HashSet::new(),
                away: 0,
                open: 0,
                refused: 0,
                put_off: 0,
                ended: 0,
                why: None,
            }),
        }
    }

    /// Begins to count messages anew: what was sent before is of no account any more. With `log`, each one is remembered by
    /// when it was due, counted from now.
    pub(crate) fn turn(&self, log: bool) {
        let mut ledger = self.ledger();
        ledger.checker = Checker::new(rand::random());
        ledger.timings = Timings::new();
        ledger.log = log.then(|| Log {
            start: Instant::now(),
            timed: Vec::new(),
        });
        (ledger.open, ledger.refused, ledger.put_off) = (0, 0, 0);
        (ledger.ended, ledger.why) = (0, None);
    }

    /// What became of each message since the turn, if that was wanted.
    pub(crate) fn take_log(&self) -> Vec<Timed> {
        self.ledger().log.take().map_or_else(Vec::new, |log| log.timed)
    }

    /// Recipients of messages that are kept for them and that they were not handed.
    pub(crate) fn kept_for(&self) -> Vec<u32> {
        self.ledger().checker.kept_for()
    }

    /// Whom somebody watches: only people who stay.
    pub(crate) fn contacts(&self, who: u32) -> Vec<u32> {
        let steps = self.steps.iter();
        steps.map(|step| (who + step) % self.stayers.max(1)).collect()
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
        if let Some(log) = &mut ledger.log {
            log.timed.push(Timed {
                due: due.saturating_duration_since(log.start),
                outcome: Outcome::Open,
            });
        }
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
        if !ledger.checker.is_of(letter.stamp) {
            // Of an earlier turn, which has counted it as unanswered.
            return;
        }
        ledger.checker.answered(letter.stamp.number, answer);
        ledger.open = ledger.open.saturating_sub(1);
        let number = letter.stamp.number as usize;
        if let Some(timed) = ledger.log.as_mut().and_then(|log| log.timed.get_mut(number)) {
            timed.outcome = match answer {
                Answer::Delivered | Answer::Stored => Outcome::Done(took),
                Answer::Refused => Outcome::Refused,
            };
        }
        // How soon something is refused is no measure of anything.
        if answer == Answer::Refused {
            ledger.refused += 1;
        } else {
            ledger.timings.done(took);
        }
        drop(ledger);
        if let Some(room) = &self.room {
            room.add_permits(1);
        }
    }

    /// Somebody has lost a connection, and may be told again what they know: what they acknowledged may have been lost
    /// with it.
    pub(crate) fn lost_connection(&self, who: u32) {
        self.ledger().cut_off.insert(who);
    }

    /// Somebody is handed a message.
    pub(crate) fn heard(&self, by: u32, from: &str, text: &str) {
        let is_from = |number| self.people.address(number) == from;
        let mut ledger = self.ledger();
        let may_repeat = ledger.cut_off.contains(&by);
        ledger.checker.heard(by, text, is_from, may_repeat);
    }

    /// Whether every watcher knows that everybody is there; if so, so many may change at once from now on.
    pub(crate) fn begins_to_change(&self, at_once: u32) -> bool {
        let begun = self.ledger().rumours.begin();
        if begun {
            self.calm.add_permits(at_once.min(self.stayers) as usize);
        }
        begun
    }

    /// Who does not know that somebody is there, in words.
    pub(crate) fn unaware(&self) -> Option<String> {
        let (count, by, who) = self.ledger().rumours.unaware(|by| self.contacts(by))?;
        let (by, who) = (self.people.address(by), self.people.address(who));
        Some(format!(
            "{count} watchers were not told that somebody is online, {by} of {who} among them"
        ))
    }

    /// Returns when somebody may change.
    pub(crate) async fn is_calm(&self) {
        if let Ok(place) = self.calm.acquire().await {
            // Given back when all were told.
            place.forget();
        }
    }

    /// The change that is due.
    pub(crate) fn change(&self, due: Instant) -> Option<Change> {
        let mut ledger = self.ledger();
        ledger.told.begun(due.elapsed());
        ledger.rumours.change(due)
    }

    /// A change was answered.
    pub(crate) fn changed(&self, who: u32, done: bool) {
        if self.ledger().rumours.answered(who, done) {
            self.calm.add_permits(1);
        }
    }

    /// Somebody was told the state of somebody else.
    pub(crate) fn told(&self, by: u32, who: &str, state: State) {
        if let Some(who) = self.watched_by(by, who) {
            let mut ledger = self.ledger();
            // Where a router was lost, homes tell again what was not answered; to hear of a state twice does no harm.
            let may_repeat = !ledger.cut_off.is_empty();
            let told = ledger.rumours.told(by, who, state, may_repeat);
            self.passed_on(&mut ledger, told);
        }
    }

    /// Somebody begins to watch somebody else, whose state was this when the watch began.
    pub(crate) fn watching(&self, by: u32, who: &str, state: State) {
        if let Some(who) = self.watched_by(by, who) {
            let mut ledger = self.ledger();
            let told = ledger.rumours.watching(by, who, state);
            self.passed_on(&mut ledger, told);
        }
    }

    /// The number of somebody who is watched in this run by somebody who stays: of others it is told as long as what an
    /// earlier run subscribed to lives, and who was away when it happened need not be told.
    fn watched_by(&self, by: u32, who: &str) -> Option<u32> {
        let (who, count) = (self.people.number(who)?, self.stayers);
        if by >= count || who >= count {
            return None;
        }
        let step = (who + count - by) % count;
        self.steps.binary_search(&step).is_ok().then_some(who)
    }

    fn passed_on(&self, ledger: &mut Ledger, told: Told) {
        if let Told::News { due, all } = told {
            ledger.told.done(due.elapsed());
            if all {
                self.calm.add_permits(1);
            }
        }
    }

    /// Tellings that are still to come.
    pub(crate) fn untold(&self) -> u64 {
        self.ledger().rumours.waiting()
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

    /// Messages that were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.ledger().refused
    }

    /// What has no answer yet.
    pub(crate) fn open(&self) -> u64 {
        self.ledger().open
    }

    /// What has been done.
    pub(crate) fn done(&self) -> u64 {
        let ledger = self.ledger();
        ledger.timings.count() + ledger.told.count()
    }

    /// What became of every message so far.
    pub(crate) fn verdict(&self) -> Verdict {
        self.ledger().checker.verdict()
    }

    /// What became of every change of presence so far.
    pub(crate) fn rumours(&self) -> Verdict {
        self.ledger().rumours.verdict()
    }

    /// A second is over.
    pub(crate) fn second(&self, at: Duration, rss_mb: Option<f64>, cores: Option<f64>) {
        let mut ledger = self.ledger();
        ledger.timings.second(at, rss_mb, cores);
        ledger.told.second(at, rss_mb, cores);
    }

    /// How long messages or log-ons took.
    pub(crate) fn times(&self) -> (Spread, Vec<Piece>) {
        let ledger = self.ledger();
        (ledger.timings.spread(), ledger.timings.pieces().to_vec())
    }

    /// How long it took until watchers were told.
    pub(crate) fn told_times(&self) -> (Spread, Vec<Piece>) {
        let ledger = self.ledger();
        (ledger.told.spread(), ledger.told.pieces().to_vec())
    }
}

#[cfg(test)]
impl Made {
    /// Nobody comes and goes, and any number may be under way.
    pub(crate) fn small(contacts: u32) -> Self {
        Self {
            text_bytes: 64,
            contacts,
            seed: 1,
            goers: 0,
            under_way: None,
        }
    }
}

#[cfg(test)]
impl World {
    /// Of people of this computer who are called by their numbers.
    pub(crate) fn small(count: u32, made: Made) -> Self {
        World::new(People::new("load{number}@localhost", count).unwrap(), made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn latency_counts_from_when_it_was_due_and_room_is_given_back_by_the_answer() {
        let world = World::small(
            2,
            Made {
                under_way: Some(1),
                ..Made::small(1)
            },
        );
        world.has_room().await;
        let letter = world.letter((0, 1), Instant::now()).unwrap();
        tokio::time::advance(Duration::from_millis(30)).await;
        let text = world.begins(&letter);
        tokio::time::advance(Duration::from_millis(20)).await;
        let full = tokio::time::timeout(Duration::from_millis(1), world.has_room());
        assert!(full.await.is_err(), "one is under way");
        assert_eq!(world.open(), 1);
        world.heard(1, "load0@localhost", &text);
        world.answered(&letter, Answer::Delivered);
        world.has_room().await;
        assert_eq!((world.open(), world.done()), (0, 1));
        let (spread, _) = world.times();
        assert!((50.9..51.2).contains(&spread.max), "{spread:?}");
        assert!((29.9..30.1).contains(&spread.late_p99), "{spread:?}");
        assert_eq!(world.verdict().broken(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_answered_after_its_turn_is_of_no_account() {
        let world = World::small(2, Made::small(1));
        let late = world.letter((0, 1), Instant::now()).unwrap();
        world.turn(true);
        let next = world.letter((0, 1), Instant::now()).unwrap();
        let refused = world.letter((1, 0), Instant::now()).unwrap();
        world.answered(&late, Answer::Refused);
        assert_eq!((world.open(), world.refused()), (2, 0));
        tokio::time::advance(Duration::from_millis(7)).await;
        world.answered(&next, Answer::Stored);
        world.answered(&refused, Answer::Refused);
        assert_eq!((world.open(), world.refused(), world.verdict().sent), (0, 1, 2));
        assert_eq!((world.kept_for(), world.verdict().kept), (vec![1], 1));
        let outcomes: Vec<Outcome> = world.take_log().iter().map(|timed| timed.outcome).collect();
        assert_eq!(
            outcomes,
            [Outcome::Done(Duration::from_millis(7)), Outcome::Refused]
        );
        let text = next.stamp.write(64);
        world.heard(1, "load0@localhost", &text);
        assert_eq!(world.kept_for(), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_changes_before_all_are_known_and_again_only_when_all_were_told() {
        let world = World::small(2, Made::small(9));
        assert_eq!(world.contacts(0), [1]);
        let address = |who| world.people.address(who).to_owned();
        world.told(0, &address(1), State::Online);
        assert!(!world.begins_to_change(1));
        world.told(1, &address(0), State::Online);
        assert!(world.begins_to_change(1));
        world.is_calm().await;
        let change = world.change(Instant::now()).unwrap();
        let calm = tokio::time::timeout(Duration::from_millis(1), world.is_calm());
        assert!(calm.await.is_err(), "it was not told");
        world.told(1 - change.who, &address(change.who), change.state);
        world.is_calm().await;
        assert_eq!((world.untold(), world.told_times().1.len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_earlier_run_still_watches_is_nothing_of_this_one() {
        let world = World::small(4, Made::small(1));
        for by in 0..4 {
            for who in (0..4).filter(|who| *who != by) {
                world.told(by, world.people.address(who), State::Online);
            }
        }
        assert_eq!(world.unaware(), None);
        assert!(world.begins_to_change(1), "only pairs of this run count");
        let other = (0..4)
            .find(|who| *who != 0 && !world.contacts(0).contains(who))
            .unwrap();
        world.told(0, world.people.address(other), State::Offline);
        world.told(0, "somebody@localhost", State::Offline);
        assert_eq!(world.rumours().strange, 0);
    }
}
