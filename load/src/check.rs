//! What became of every message: sent, answered, heard. Finds those that were lost, heard twice, or heard in another
//! order than one person wrote them to another.

use crate::report::Counts;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// Messages of one run: what is remembered of each is a dozen octets.
pub(crate) const MESSAGES_MAX: u32 = 20_000_000;

const DELIVERED: u8 = 1;
const STORED: u8 = 2;
const REFUSED: u8 = 4;
const HEARD: u8 = 8;

/// What the sender was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// A client of the recipient has acknowledged it.
    Delivered,
    /// It is kept for the recipient.
    Stored,
    /// It will not be delivered.
    Refused,
}

/// What a message carries in its text: enough to check it wherever it is heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    /// Of which run: what was kept from another one is not of this.
    pub(crate) run: u64,
    /// Which message. Grows with each that is sent, so also from one person to another.
    pub(crate) number: u32,
    /// Who wrote it.
    pub(crate) from: u32,
}

struct Sent {
    from: u32,
    to: u32,
    seen: u8,
}

/// Follows the messages of one run.
pub(crate) struct Checker {
    run: u64,
    sent: Vec<Sent>,
    /// The newest heard, by sender and recipient.
    newest: HashMap<(u32, u32), u32>,
    /// The first that was heard twice: from, and to.
    twice: Option<(u32, u32)>,
    doubled: u64,
    reordered: u64,
    again: u64,
    strange: u64,
}

/// How many of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) stored: u64,
    pub(crate) refused: u64,
    pub(crate) unanswered: u64,
    /// Changes of presence, which are told to others and kept for nobody.
    pub(crate) acknowledged_changes: u64,
    pub(crate) heard: u64,
    pub(crate) lost: u64,
    /// Kept for the recipient, and not handed over yet.
    pub(crate) kept: u64,
    pub(crate) doubled: u64,
    pub(crate) reordered: u64,
    pub(crate) again: u64,
    pub(crate) strange: u64,
}

impl Stamp {
    /// A text of about so many octets with the stamp at its beginning.
    pub(crate) fn write(self, octets: usize) -> String {
        let mut text = self.to_string();
        let room = octets.saturating_sub(text.len());
        text.extend("as long as messages are, ".chars().cycle().take(room));
        text
    }

    /// The stamp at the beginning of a text, if it has one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let run = u64::from_str_radix(words.next()?.strip_prefix('#')?, 16).ok()?;
        let (number, from) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Self { run, number, from })
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:016x} {} {} ", self.run, self.number, self.from)
    }
}

impl Checker {
    /// Of a run that no other has the number of.
    pub(crate) fn new(run: u64) -> Self {
        Self {
            run,
            sent: Vec::new(),
            newest: HashMap::new(),
            twice: None,
            doubled: 0,
            reordered: 0,
            again: 0,
            strange: 0,
        }
    }

    /// A message is about to be sent; none when there have been as many as are followed.
    pub(crate) fn send(&mut self, from: u32, to: u32) -> Option<Stamp> {
        let number = u32::try_from(self.sent.len()).ok()?;
        (number < MESSAGES_MAX).then(|| {
            self.sent.push(Sent { from, to, seen: 0 });
            let run = self.run;
            Stamp { run, number, from }
        })
    }

    /// Whether it is one of these.
    pub(crate) fn is_of(&self, stamp: Stamp) -> bool {
        stamp.run == self.run
    }

    /// Whom messages are kept for that they were not handed, each once.
    pub(crate) fn kept_for(&self) -> Vec<u32> {
        let kept = |sent: &&Sent| sent.seen & (STORED | HEARD) == STORED;
        let whom: BTreeSet<u32> = self.sent.iter().filter(kept).map(|sent| sent.to).collect();
        whom.into_iter().collect()
    }

    /// The sender was told what became of it.
    pub(crate) fn answered(&mut self, number: u32, answer: Answer) {
        match self.sent.get_mut(number as usize) {
            Some(sent) => {
                sent.seen |= match answer {
                    Answer::Delivered => DELIVERED,
                    Answer::Stored => STORED,
                    Answer::Refused => REFUSED,
                }
            }
            None => self.strange += 1,
        }
    }

    /// Somebody was handed a message with this text, by whoever `is_from` knows. One that lost its connection since
    /// may be handed again what it has (`may_repeat`), because its acknowledgement may have been lost.
    pub(crate) fn heard(&mut self, by: u32, text: &str, is_from: impl Fn(u32) -> bool, may_repeat: bool) {
        let Some(stamp) = Stamp::read(text) else {
            self.strange += 1;
            return;
        };
        if stamp.run != self.run {
            // Kept for this person since an earlier run.
            return;
        }
        // Nothing was cut off or changed behind the stamp.
        if text != stamp.write(text.len()) {
            self.strange += 1;
            return;
        }
        let sent = self.sent.get_mut(stamp.number as usize);
        let Some(sent) = sent.filter(|sent| sent.to == by && sent.from == stamp.from && is_from(sent.from))
        else {
            self.strange += 1;
            return;
        };
        if sent.seen & HEARD != 0 {
            if may_repeat {
                self.again += 1;
            } else {
                self.doubled += 1;
                self.twice.get_or_insert((stamp.from, by));
            }
            return;
        }
        sent.seen |= HEARD;
        let newest = self.newest.entry((stamp.from, by)).or_insert(stamp.number);
        if *newest > stamp.number {
            self.reordered += 1;
        } else {
            *newest = stamp.number;
        }
    }

    /// One that was acknowledged and not heard: from, to, and whether it was answered as delivered.
    pub(crate) fn unheard(&self) -> Option<(u32, u32, bool)> {
        let acknowledged = |sent: &&Sent| sent.seen & (DELIVERED | STORED) != 0 && sent.seen & HEARD == 0;
        let sent = self.sent.iter().find(acknowledged)?;
        Some((sent.from, sent.to, sent.seen & DELIVERED != 0))
    }

    /// One that was heard twice: from, and to.
    pub(crate) fn twice(&self) -> Option<(u32, u32)> {
        self.twice
    }

    /// Whether a message that was acknowledged is still to be heard.
    pub(crate) fn verdict(&self) -> Verdict {
        let mut verdict = Verdict {
            sent: self.sent.len() as u64,
            doubled: self.doubled,
            reordered: self.reordered,
            again: self.again,
            strange: self.strange,
            ..Verdict::default()
        };
        for Sent { seen, .. } in &self.sent {
            let is = |flag: u8| u64::from(seen & flag != 0);
            verdict.delivered += is(DELIVERED);
            verdict.stored += is(STORED);
            verdict.refused += is(REFUSED);
            verdict.heard += is(HEARD);
            verdict.unanswered += u64::from(seen & (DELIVERED | STORED | REFUSED) == 0);
            verdict.lost += u64::from(seen & (DELIVERED | HEARD) == DELIVERED);
            verdict.kept += u64::from(seen & (STORED | HEARD) == STORED);
        }
        verdict
    }
}

impl Verdict {
    /// What the sender was told is safe.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.delivered + self.stored
    }

    /// Where all who were away are back, nothing may be kept any more.
    pub(crate) fn with_everybody_there(mut self) -> Self {
        self.lost += self.kept;
        self
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            delivered: self.delivered + other.delivered,
            stored: self.stored + other.stored,
            refused: self.refused + other.refused,
            unanswered: self.unanswered + other.unanswered,
            acknowledged_changes: self.acknowledged_changes + other.acknowledged_changes,
            heard: self.heard + other.heard,
            lost: self.lost + other.lost,
            kept: self.kept + other.kept,
            doubled: self.doubled + other.doubled,
            reordered: self.reordered + other.reordered,
            again: self.again + other.again,
            strange: self.strange + other.strange,
        }
    }

    /// What broke a promise, in words; none when nothing did.
    pub(crate) fn broken(&self) -> Option<String> {
        Counts::of(self, self.acknowledged()).broken()
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
