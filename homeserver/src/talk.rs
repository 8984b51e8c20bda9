//! Whether people talk: whoever does is not to notice what others do at that moment.

use crate::ledger::Ledger;
use std::time::{Duration, SystemTime};

/// From so many messages within a [`WINDOW`] on people talk. Windows follow each other: a few messages at the end of one
/// and a few at the beginning of the next are not counted together.
const TALK: u64 = 10;
const WINDOW: Duration = Duration::from_secs(1);
/// After so long without it talk has ended. What is uneven is still talk, and so is what a storm holds up.
pub(crate) const TALK_ENDS: Duration = Duration::from_secs(3);

/// Knows from the ledger whether people talk, if it is asked often.
#[derive(Debug)]
pub(crate) struct Talk {
    ledger: Ledger,
    /// Since when messages are counted, and those that had come in by then.
    window_began: SystemTime,
    messages: u64,
    /// When it was asked last, and when people talked last.
    asked: SystemTime,
    heard: SystemTime,
}

impl Talk {
    /// Whoever begins may have taken over from one where people talked: until it is known, they do.
    pub(crate) fn new(ledger: Ledger, now: SystemTime) -> Self {
        Self {
            window_began: now,
            messages: ledger.accepted(),
            ledger,
            asked: now,
            heard: now,
        }
    }

    /// Whether people talk.
    pub(crate) fn goes_on(&mut self, now: SystemTime) -> bool {
        let messages = self.ledger.accepted();
        // Where nobody asked for so long, it is known as little as in the beginning; also where the clock was set back.
        let unknown = passed(self.asked, now).is_none_or(|unasked| unasked >= TALK_ENDS);
        if unknown || messages.saturating_sub(self.messages) >= TALK {
            self.heard = now;
        }
        if passed(self.window_began, now).is_none_or(|window| window >= WINDOW) {
            (self.window_began, self.messages) = (now, messages);
        }
        self.asked = now;
        passed(self.heard, now).is_some_and(|silence| silence < TALK_ENDS)
    }
}

fn passed(from: SystemTime, to: SystemTime) -> Option<Duration> {
    to.duration_since(from).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Entry;

    const LOOK: Duration = Duration::from_millis(200);

    fn begin() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
    }

    /// What is said of each look at which so many messages have come in, after nobody talked.
    fn looks(each: &[u64]) -> Vec<bool> {
        let ledger = Ledger::default();
        let mut talk = Talk::new(ledger.clone(), begin());
        let mut now = begin();
        let mut look = |accepted: &u64| {
            ledger.enter(&Entry {
                accepted: *accepted,
                ..Entry::default()
            });
            now += LOOK;
            talk.goes_on(now)
        };
        let silence = [0; 15].map(|nothing| look(&nothing));
        assert!(!silence[14]);
        each.iter().map(look).collect()
    }

    #[test]
    fn it_begins_at_once_and_ends_after_seconds() {
        let in_vain = usize::try_from(TALK_ENDS.as_millis() / LOOK.as_millis()).unwrap();
        // In the same second they are still counted.
        let mut each = vec![0, 0, 0, 0, 10];
        each.extend(vec![0; in_vain + 1]);
        let mut expected = vec![false; 4];
        expected.extend(vec![true; in_vain]);
        expected.extend([false, false]);
        assert_eq!(looks(&each), expected);
        assert_eq!(looks(&[4, 5, 0, 1, 0]), [false, false, false, true, true]);
    }

    /// Some twelve a second, which come as they like.
    #[test]
    fn what_is_uneven_is_talk() {
        let uneven: Vec<u64> = [0, 5, 0, 0, 7, 0, 1, 9, 0, 0, 0, 0, 0, 0, 9, 8, 0, 8, 1, 1].repeat(10);
        let said = looks(&uneven);
        assert!(said[4..].iter().all(|talks| *talks), "{said:?}");
    }

    /// Some four a second, of which several come together.
    #[test]
    fn a_word_now_and_then_is_none() {
        let words = [0, 2, 0, 2, 0, 0, 0, 0, 3, 0, 1, 1, 1, 0, 0, 0, 4, 0, 0, 2].repeat(10);
        assert!(looks(&words).iter().all(|talks| !talks));
    }

    #[test]
    fn whoever_begins_takes_it_for_granted_for_a_while() {
        let mut talk = Talk::new(Ledger::default(), begin());
        assert!(talk.goes_on(begin()));
        assert!(talk.goes_on(begin() + TALK_ENDS - LOOK));
        assert!(!talk.goes_on(begin() + TALK_ENDS));
    }

    /// Of a home that stood still nothing is known, nor of a time that comes a second time.
    #[test]
    fn whoever_has_not_looked_takes_it_for_granted_as_well() {
        let hour = Duration::from_secs(3_600);
        for later in [begin() + hour, begin() - hour] {
            let mut talk = Talk::new(Ledger::default(), begin());
            let mut now = begin();
            while talk.goes_on(now) {
                now += LOOK;
            }
            assert!(talk.goes_on(later));
            assert!(talk.goes_on(later + TALK_ENDS - LOOK));
            assert!(!talk.goes_on(later + TALK_ENDS));
        }
    }
}
