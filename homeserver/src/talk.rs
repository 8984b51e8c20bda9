//! Whether people talk: whoever does is not to notice what others do at that moment.

use crate::ledger::Ledger;
use std::time::{Duration, SystemTime};

/// From so many messages a second on people talk.
const TALK: f64 = 10.0;
/// After so long without it talk has ended. What is uneven is still talk, and so is what a storm holds up.
pub(crate) const TALK_ENDS: Duration = Duration::from_secs(3);

/// Knows from the ledger whether people talk, if it is asked often: an average over long says little of today.
#[derive(Debug)]
pub(crate) struct Talk {
    ledger: Ledger,
    /// When it was asked last, and the messages that had come in by then.
    asked: SystemTime,
    messages: u64,
    /// When people talked last.
    heard: SystemTime,
}

impl Talk {
    /// Whoever begins may have taken over from one where people talked: until it is known, they do.
    pub(crate) fn new(ledger: Ledger, now: SystemTime) -> Self {
        Self {
            asked: now,
            messages: ledger.accepted(),
            ledger,
            heard: now,
        }
    }

    /// Whether people talk, from what has come in since this was asked last.
    pub(crate) fn goes_on(&mut self, now: SystemTime) -> bool {
        let window = now.duration_since(self.asked).unwrap_or_default();
        let messages = self.ledger.accepted();
        let spoken = messages.saturating_sub(self.messages);
        (self.asked, self.messages) = (now, messages);
        if spoken > 0 && spoken as f64 >= TALK * window.as_secs_f64() {
            self.heard = now;
        }
        // Where the clock was set back that is later than now, and has not been long ago.
        self.heard = self.heard.min(now);
        now.duration_since(self.heard)
            .is_ok_and(|silence| silence < TALK_ENDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Entry;

    const LOOK: Duration = Duration::from_millis(200);

    fn begin() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
    }

    /// What is said of each look at which so many messages have come in.
    fn looks(each: &[u64]) -> Vec<bool> {
        let ledger = Ledger::default();
        let silent_before = begin() - TALK_ENDS;
        let mut talk = Talk::new(ledger.clone(), silent_before);
        let mut now = begin();
        assert!(!talk.goes_on(now));
        let look = |accepted: &u64| {
            ledger.enter(&Entry {
                accepted: *accepted,
                ..Entry::default()
            });
            now += LOOK;
            talk.goes_on(now)
        };
        each.iter().map(look).collect()
    }

    #[test]
    fn it_begins_at_once_and_ends_after_seconds() {
        let in_vain = usize::try_from(TALK_ENDS.as_millis() / LOOK.as_millis()).unwrap();
        let mut each = vec![0, 2];
        each.extend(vec![0; in_vain + 1]);
        let mut expected = vec![false];
        expected.extend(vec![true; in_vain]);
        expected.extend([false, false]);
        assert_eq!(looks(&each), expected);
    }

    /// Some ten a second, which come as they like.
    #[test]
    fn what_is_uneven_is_talk() {
        let uneven: Vec<u64> = [0, 5, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0, 0, 2, 1].repeat(10);
        let said = looks(&uneven);
        assert!(said[1..].iter().all(|talks| *talks), "{said:?}");
    }

    #[test]
    fn a_word_now_and_then_is_none() {
        assert!(looks(&[1; 100]).iter().all(|talks| !talks));
        let ledger = Ledger::default();
        let mut talk = Talk::new(ledger.clone(), begin());
        ledger.enter(&Entry {
            accepted: 9,
            ..Entry::default()
        });
        assert!(!talk.goes_on(begin() + TALK_ENDS));
    }

    #[test]
    fn whoever_begins_takes_it_for_granted_for_a_while() {
        let mut talk = Talk::new(Ledger::default(), begin());
        assert!(talk.goes_on(begin()));
        assert!(talk.goes_on(begin() + TALK_ENDS - LOOK));
        assert!(!talk.goes_on(begin() + TALK_ENDS));
    }

    #[test]
    fn a_clock_that_is_set_back_is_followed() {
        let hour = Duration::from_secs(3_600);
        let mut talk = Talk::new(Ledger::default(), begin() + hour);
        assert!(talk.goes_on(begin()), "a moment ago, as far as is known");
        assert!(!talk.goes_on(begin() + TALK_ENDS));
    }
}
