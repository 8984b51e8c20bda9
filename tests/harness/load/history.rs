//! What was done and how it was answered, and what must have been heard because of it.

use super::text_of;
use crate::listener::{Heard, Said};
use anyhow::{Context, bail, ensure};
use rvp::{PresenceState, Principal, Property};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// Something a sender did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Did {
    /// Sent the message with this number.
    Said(usize),
    /// Changed its state.
    Changed(PresenceState),
}

/// How it was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// With success.
    Done,
    /// With this status.
    Refused(u16),
    /// Not at all.
    Lost(String),
}

#[derive(Clone, Debug)]
struct Entry {
    did: Did,
    began: Instant,
    ended: Instant,
    outcome: Outcome,
}

/// What all senders did.
#[derive(Clone, Debug)]
pub(super) struct History {
    senders: Vec<One>,
}

#[derive(Clone, Debug)]
struct One {
    me: Principal,
    entries: Vec<Entry>,
    /// Whether its last words were answered with success.
    ended: bool,
}

/// What a load was like for those who made it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Messages answered with success.
    pub messages: usize,
    /// Changes answered with success.
    pub changes: usize,
    /// What was not, by how it was answered.
    pub failed: BTreeMap<String, usize>,
    /// The longest that one sender was without a success.
    pub longest_gap: Duration,
    /// The longest that a success took.
    pub slowest: Duration,
}

impl History {
    pub(super) fn of(people: &[Principal]) -> Self {
        let one = |me: &Principal| One {
            me: me.clone(),
            entries: Vec::new(),
            ended: false,
        };
        Self {
            senders: people.iter().map(one).collect(),
        }
    }

    pub(super) fn add(&mut self, index: usize, did: Did, began: Instant, outcome: Outcome) {
        self.senders[index].entries.push(Entry {
            did,
            began,
            ended: Instant::now(),
            outcome,
        });
    }

    pub(super) fn end(&mut self, index: usize) {
        self.senders[index].ended = true;
    }

    /// How much each sender got done.
    pub(super) fn done(&self) -> Vec<usize> {
        let done = |one: &One| one.done().count();
        self.senders.iter().map(done).collect()
    }

    /// Everybody could say its last words.
    pub(super) fn ended(&self) -> anyhow::Result<()> {
        for one in &self.senders {
            let last = one.entries.last().map(|entry| &entry.outcome);
            ensure!(one.ended, "{} is not served any more: {last:?}", one.me.address());
        }
        Ok(())
    }

    /// Whether the last words of a sender have been heard.
    pub(super) fn is_complete(&self, sender: usize, heard: &[Heard]) -> bool {
        let one = &self.senders[sender];
        let said = heard
            .iter()
            .rev()
            .find_map(text_of)
            .and_then(|text| text.parse().ok());
        one.last_said() == said && one.last_changed() == last_state(heard)
    }

    /// Compares what a sender did with what its listener heard.
    pub(super) fn check(&self, sender: usize, heard: &[Heard]) -> anyhow::Result<()> {
        let one = &self.senders[sender];
        one.check(heard)
            .with_context(|| format!("what was heard of {}", one.me.address()))
    }

    pub(super) fn report(&self) -> Report {
        let mut report = Report::default();
        for one in &self.senders {
            for entry in &one.entries {
                match (&entry.outcome, entry.did) {
                    (Outcome::Done, Did::Said(_)) => report.messages += 1,
                    (Outcome::Done, Did::Changed(_)) => report.changes += 1,
                    (Outcome::Refused(status), _) => {
                        *report.failed.entry(status.to_string()).or_default() += 1;
                    }
                    (Outcome::Lost(error), _) => *report.failed.entry(error.clone()).or_default() += 1,
                }
            }
            let mut before = one.entries.first().map(|entry| entry.began);
            for entry in one.done() {
                let gap = before.map(|before| entry.ended - before);
                report.longest_gap = report.longest_gap.max(gap.unwrap_or_default());
                report.slowest = report.slowest.max(entry.ended - entry.began);
                before = Some(entry.ended);
            }
        }
        report
    }
}

impl One {
    fn done(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.outcome == Outcome::Done)
    }

    fn last_said(&self) -> Option<usize> {
        self.done().rev().find_map(|entry| match entry.did {
            Did::Said(number) => Some(number),
            Did::Changed(_) => None,
        })
    }

    fn last_changed(&self) -> Option<PresenceState> {
        self.done().rev().find_map(|entry| match entry.did {
            Did::Changed(state) => Some(state),
            Did::Said(_) => None,
        })
    }

    /// Each message that was acknowledged once, none twice, all in order; nobody offline; the last state last.
    fn check(&self, heard: &[Heard]) -> anyhow::Result<()> {
        let mut numbers = BTreeSet::new();
        let mut last = None;
        for each in heard {
            ensure!(
                each.is_message_from(&self.me) || each.is_change_of(&self.me),
                "it heard {each}"
            );
            ensure!(
                state_of(each) != Some(PresenceState::Offline),
                "it was told that somebody is offline who is not"
            );
            let Some(text) = text_of(each) else { continue };
            let number: usize = text.parse()?;
            ensure!(
                numbers.insert(number),
                "{number} was heard twice{}",
                self.around(number)
            );
            ensure!(
                last < Some(number),
                "{number} was heard after {last:?}{}",
                self.around(number)
            );
            last = Some(number);
        }
        for entry in self.done() {
            if let Did::Said(number) = entry.did {
                ensure!(
                    numbers.contains(&number),
                    "{number} was acknowledged and never heard{}",
                    self.around(number)
                );
            }
        }
        let (is, should) = (last_state(heard), self.last_changed());
        ensure!(
            is == should,
            "the last state that it heard is {is:?}, not {should:?}"
        );
        Ok(())
    }

    /// What was done about then, for whoever looks for the reason.
    fn around(&self, number: usize) -> String {
        let at = self
            .entries
            .iter()
            .position(|entry| entry.did == Did::Said(number))
            .unwrap_or_default();
        let from = at.saturating_sub(3);
        let until = (at + 4).min(self.entries.len());
        let lines = self.entries[from..until].iter().map(|entry| {
            format!(
                "\n  {:?}: {:?} after {:?}",
                entry.did,
                entry.outcome,
                entry.ended - entry.began
            )
        });
        lines.collect()
    }
}

fn last_state(heard: &[Heard]) -> Option<PresenceState> {
    heard.iter().rev().find_map(state_of)
}

fn state_of(heard: &Heard) -> Option<PresenceState> {
    let Said::Change(change) = &heard.said else {
        return None;
    };
    change.properties.iter().find_map(|property| match property {
        Property::State(state) => Some(*state),
        Property::DisplayName(_)
        | Property::Email(_)
        | Property::MobileState(_)
        | Property::MobileDescription(_) => None,
    })
}

impl Report {
    /// Nothing failed.
    ///
    /// # Errors
    /// With what did.
    pub fn nothing_failed(&self) -> anyhow::Result<()> {
        ensure!(self.failed.is_empty(), "requests failed: {self}");
        Ok(())
    }

    /// Nobody was without service for longer than this.
    ///
    /// # Errors
    /// When somebody was.
    pub fn served_within(&self, bound: Duration) -> anyhow::Result<()> {
        if self.longest_gap > bound {
            bail!("somebody was without service for longer than {bound:?}: {self}");
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} messages and {} changes, longest without a success {:?}, slowest success {:?}, failed {:?}",
            self.messages, self.changes, self.longest_gap, self.slowest, self.failed
        )
    }
}
