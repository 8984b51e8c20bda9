//! What was found of a person, for people and for scripts.

use super::Person;
use super::place::Place;
use crate::output::Output;
use humantime::{format_duration, format_rfc3339_seconds};
use proto::operator::{Explained, Session, SlotMove, Watcher};
use rvp::Principal;
use serde::Serialize;
use std::time::{Duration, SystemTime};

/// Watchers that are shown unless all are wanted.
const WATCHERS_SHOWN: usize = 20;

/// Everything. The fields are what `--json` shows.
#[derive(Debug, Serialize)]
pub(super) struct Shown<'a> {
    address: String,
    /// What follows from the members.
    placement: &'a Place,
    /// Whether there is an account; nothing when the home does not say.
    known: Option<bool>,
    /// What the home says, if there is an account.
    person: Option<Known>,
    error: Option<String>,
}

/// What the home says of a person.
#[derive(Debug, Serialize)]
struct Known {
    /// The home, and the epoch by which it answers.
    home: String,
    epoch: u64,
    /// What watchers are told.
    state: &'static str,
    disabled: bool,
    sessions: Vec<ShownSession>,
    /// How many watch, of which not all may be listed.
    watchers_count: u32,
    /// Messages that wait for the person.
    kept_count: u32,
    watchers: Vec<ShownWatcher>,
    /// The last first.
    moves: Vec<ShownMove>,
}

#[derive(Debug, Serialize)]
struct ShownSession {
    login: u32,
    router: String,
    call_back: String,
    ends_in_seconds: u64,
}

#[derive(Debug, Serialize)]
struct ShownWatcher {
    address: String,
    ends_in_seconds: u64,
}

#[derive(Debug, Serialize)]
struct ShownMove {
    member: String,
    epoch: u64,
    /// UTC, as RFC 3339 has it.
    at: String,
    seconds_ago: u64,
}

impl<'a> Shown<'a> {
    /// What was found at a time.
    pub(super) fn new(address: &Principal, placement: &'a Place, person: &Person, now: SystemTime) -> Self {
        let (known, explained, error) = match person {
            Person::Known(explained) => (Some(true), Some(explained), None),
            Person::Nobody => (Some(false), None, None),
            Person::Unknown(error) => (None, None, Some(error.to_string())),
        };
        Self {
            address: address.address(),
            placement,
            known,
            person: explained.map(|explained| Known::new(explained, now)),
            error,
        }
    }

    /// Shows it to people.
    pub(super) fn print(&self, output: &Output, all: bool) {
        let rows: Vec<_> = self
            .rows(all)
            .into_iter()
            .map(|(what, text)| vec![what.to_owned(), text])
            .collect();
        output.table(&["what", "is"], &rows);
    }

    fn rows(&self, all: bool) -> Vec<(&'static str, String)> {
        let Place {
            epoch,
            slot,
            slots,
            ring_order,
            ..
        } = self.placement;
        let mut rows = vec![
            ("address", self.address.clone()),
            ("slot", format!("{slot} of {slots}")),
            ("epoch", epoch.to_string()),
            ("ring order", ring_order.join(", ")),
            ("home", self.placement.home_text()),
        ];
        match (&self.person, self.known) {
            (Some(person), _) => rows.extend(person.rows(all)),
            (None, Some(_)) => rows.push(("account", "there is none".to_owned())),
            (None, None) => rows.push(("account", "not known, since the home does not say".to_owned())),
        }
        rows
    }
}

impl Known {
    fn new(explained: &Explained, now: SystemTime) -> Self {
        Self {
            home: explained.home.clone(),
            epoch: explained.epoch,
            state: explained.state.name(),
            disabled: explained.disabled,
            sessions: explained.sessions.iter().map(session).collect(),
            watchers_count: explained.watchers_count,
            kept_count: explained.kept_count,
            watchers: explained.watchers.iter().map(watcher).collect(),
            moves: explained.moves.iter().map(|each| slot_move(each, now)).collect(),
        }
    }

    fn rows(&self, all: bool) -> Vec<(&'static str, String)> {
        let account = if self.disabled {
            "disabled: nobody can log on by it, and watchers see offline"
        } else {
            "enabled"
        };
        let mut rows = vec![("account", account.to_owned()), ("state", self.state.to_owned())];
        if self.sessions.is_empty() {
            rows.push(("session", "none: nobody is logged on".to_owned()));
        }
        rows.extend(self.sessions.iter().map(|session| {
            let ends = words(session.ends_in_seconds);
            let (login, router) = (session.login, &session.router);
            let text = format!(
                "login {login} by {router}, listens at {}, ends in {ends}",
                session.call_back
            );
            ("session", text)
        }));
        rows.push(("kept messages", self.kept_count.to_string()));
        rows.push(("watchers", self.watchers_count.to_string()));
        let shown = if all { self.watchers.len() } else { WATCHERS_SHOWN };
        rows.extend(self.watchers.iter().take(shown).map(|watcher| {
            let ends = words(watcher.ends_in_seconds);
            ("watcher", format!("{}, ends in {ends}", watcher.address))
        }));
        let listed = u64::try_from(self.watchers.len().min(shown)).unwrap_or(u64::MAX);
        let more = u64::from(self.watchers_count).saturating_sub(listed);
        if more > 0 {
            let hint = if all { "" } else { ", see --all" };
            rows.push(("watcher", format!("and {more} more{hint}")));
        }
        rows.extend(self.moves.iter().map(|each| {
            let ago = words(each.seconds_ago);
            let text = format!(
                "to {} at epoch {}, {}, {ago} ago",
                each.member, each.epoch, each.at
            );
            ("move", text)
        }));
        rows
    }
}

fn session(session: &Session) -> ShownSession {
    ShownSession {
        login: session.login.get(),
        router: session.router.clone(),
        call_back: session.reach.to_string(),
        ends_in_seconds: session.ends_in.as_secs(),
    }
}

fn watcher(watcher: &Watcher) -> ShownWatcher {
    ShownWatcher {
        address: watcher.principal.address(),
        ends_in_seconds: watcher.ends_in.as_secs(),
    }
}

fn slot_move(each: &SlotMove, now: SystemTime) -> ShownMove {
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(each.at_ms));
    // Nothing moved after the year 9999, and a time that cannot be written is not shown.
    let at = at.filter(|_| each.at_ms < 253_402_300_800_000);
    let ago = at.and_then(|at| now.duration_since(at).ok()).unwrap_or_default();
    ShownMove {
        member: each.member.clone(),
        epoch: each.epoch,
        at: at.map_or_else(|| "?".to_owned(), |at| format_rfc3339_seconds(at).to_string()),
        seconds_ago: ago.as_secs(),
    }
}

/// A time in its two largest units.
fn words(seconds: u64) -> String {
    let whole = format_duration(Duration::from_secs(seconds)).to_string();
    let units: Vec<&str> = whole.split(' ').take(2).collect();
    units.join(" ")
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
