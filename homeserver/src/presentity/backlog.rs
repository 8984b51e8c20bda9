//! Delivers what was kept, to whoever logs on: one message after the other, each removed only when a client took
//! it. A client that goes in between finds the rest where it stopped.

use super::deliveries::badness;
use super::kept::Kept;
use crate::command::{DeliveryId, Effect, Ticket};
use proto::Outcome;
use rvp::{Identity, MessageId};
use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, SystemTime};
use store::KeptMessage;

/// How often a client may leave the same message without an answer, before it is passed over until the next
/// log-on.
const TRIES_MAX: u32 = 3;
/// Before a client that could not be reached is tried again; doubled each time.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// The most that becomes of it.
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(60);

/// How far the kept messages of one person have been delivered.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    reading: Option<Reading>,
    /// Read, and not yet handed to clients.
    read: VecDeque<KeptMessage>,
    out: Option<Out>,
    /// The message that clients have or had last.
    last: Option<(Identity, MessageId)>,
    /// Clients that are there have refused these; they are for the next that logs on.
    aside: BTreeSet<u64>,
    again: Option<SystemTime>,
    /// How often in a row it did not work.
    failures: u32,
}

#[derive(Debug)]
struct Reading {
    ticket: Ticket,
    after: u64,
    /// The highest number that must be there.
    newest: u64,
}

/// The message that clients have at this moment.
#[derive(Debug)]
struct Out {
    id: DeliveryId,
    number: u64,
    outstanding: usize,
    worst: Outcome,
    /// A client has come since: that the ones before could not be reached says nothing of it.
    outdated: bool,
}

/// What to do next.
pub(super) enum Next {
    /// Nothing, until something happens.
    Wait,
    /// Hand this to clients.
    Deliver(KeptMessage),
}

impl Backlog {
    /// Whether new messages go behind what was kept.
    pub(super) fn is_before(&self, kept: &Kept) -> bool {
        kept.waiting().any(|number| !self.aside.contains(&number))
    }

    /// The number of the message that clients have.
    pub(super) fn out(&self) -> Option<u64> {
        self.out.as_ref().map(|out| out.number)
    }

    /// A client has logged on: everything is tried anew.
    pub(super) fn logged_on(&mut self) {
        self.aside.clear();
        self.is_there();
    }

    /// A client has said that it is there.
    pub(super) fn is_there(&mut self) {
        self.again = None;
        self.failures = 0;
        if let Some(out) = &mut self.out {
            out.outdated = true;
        }
    }

    /// A client could not be reached a moment ago, so nothing is tried at once.
    pub(super) fn hold(&mut self, now: SystemTime, effects: &mut Vec<Effect>) {
        if self.again.is_none() {
            let again = now + AGAIN_AFTER;
            self.again = Some(again);
            effects.push(Effect::WakeAt(again));
        }
    }

    /// It did not work, and is tried again later.
    fn put_off(&mut self, now: SystemTime, effects: &mut Vec<Effect>) {
        self.failures += 1;
        let doubled = AGAIN_AFTER.saturating_mul(1 << (self.failures - 1).min(4));
        let again = now + doubled.min(AGAIN_AFTER_MAX);
        self.again = Some(again);
        effects.push(Effect::WakeAt(again));
    }

    /// What is due.
    pub(super) fn next_end(&self) -> Option<SystemTime> {
        self.again
    }

    /// Time has passed.
    pub(super) fn lapse(&mut self, now: SystemTime) {
        self.again = self.again.filter(|again| *again > now);
    }

    /// Goes on: hands the next message out, or reads more. Without a client nothing is to be done.
    pub(super) fn next(
        &mut self,
        now: SystemTime,
        clients: bool,
        kept: &mut Kept,
        effects: &mut Vec<Effect>,
    ) -> Next {
        if self.out.is_some() || self.reading.is_some() {
            return Next::Wait;
        }
        if !clients {
            self.read.clear();
            return Next::Wait;
        }
        if self.again.is_some_and(|again| again > now) {
            return Next::Wait;
        }
        while let Some(message) = self.read.pop_front() {
            if kept.waits(message.number) && !self.aside.contains(&message.number) {
                return Next::Deliver(message);
            }
        }
        let waits = |number: &u64| kept.waits(*number) && !self.aside.contains(number);
        let (first, newest) = (kept.waiting().find(waits), kept.waiting().rfind(waits));
        if let (Some(first), Some(newest)) = (first, newest) {
            let (ticket, after) = (kept.ticket(), first - 1);
            self.reading = Some(Reading {
                ticket,
                after,
                newest,
            });
            effects.push(Effect::ReadKept(ticket, after));
        }
        Next::Wait
    }

    /// Who sent the message that clients have or had last, and its id.
    pub(super) fn last_handed(&self) -> Option<(Identity, MessageId)> {
        self.last.clone()
    }

    /// Clients have been handed a message.
    pub(super) fn handed(&mut self, id: DeliveryId, message: &KeptMessage, clients: usize) {
        self.last = Some((message.from.clone(), message.id.clone()));
        self.out = Some(Out {
            id,
            number: message.number,
            outstanding: clients,
            worst: Outcome::Unreachable,
            outdated: false,
        });
    }

    /// What the store has found.
    pub(super) fn found(
        &mut self,
        now: SystemTime,
        ticket: Ticket,
        messages: Option<Vec<KeptMessage>>,
        (kept, effects): (&mut Kept, &mut Vec<Effect>),
    ) {
        let Some(reading) = self.reading.take_if(|reading| reading.ticket == ticket) else {
            return;
        };
        let Some(messages) = messages else {
            return self.put_off(now, effects);
        };
        let until = messages
            .last()
            .map_or(reading.newest, |last| last.number.min(reading.newest));
        let found: BTreeSet<u64> = messages.iter().map(|message| message.number).collect();
        let missing = |number: &u64| {
            (reading.after + 1..=until).contains(number) && kept.waits(*number) && !found.contains(number)
        };
        let missing: Vec<u64> = kept.waiting().filter(missing).collect();
        kept.lose(missing);
        self.read = messages.into();
    }

    /// Takes the outcome at one client. Returns whether it was about a kept message.
    pub(super) fn outcome(
        &mut self,
        now: SystemTime,
        id: DeliveryId,
        outcome: Outcome,
        (kept, effects): (&mut Kept, &mut Vec<Effect>),
    ) -> bool {
        let Some(out) = self.out.as_mut().filter(|out| out.id == id) else {
            return false;
        };
        let number = out.number;
        if outcome == Outcome::Taken {
            (self.out, self.failures) = (None, 0);
            kept.take(now, number, effects);
            return true;
        }
        out.outstanding -= 1;
        if badness(outcome) > badness(out.worst) {
            out.worst = outcome;
        }
        if out.outstanding > 0 {
            return true;
        }
        let (worst, outdated) = (out.worst, out.outdated);
        self.out = None;
        match worst {
            Outcome::Rejected | Outcome::Left => drop(self.aside.insert(number)),
            Outcome::Expired if self.failures + 1 >= TRIES_MAX => {
                self.failures = 0;
                self.aside.insert(number);
            }
            Outcome::Expired | Outcome::Unreachable | Outcome::Busy | Outcome::Moved | Outcome::Taken => {
                // What was read is read again, so that nothing is held for somebody who cannot be reached.
                self.read.clear();
                if !outdated {
                    self.put_off(now, effects);
                }
            }
        }
        true
    }
}
