//! What was found, as a table for people and as JSON for scripts.

use super::place::{self, Place};
use super::srv::{Outcome, Record, Srv};
use crate::output::Output;
use anyhow::Result;
use rvp::{Domain, Principal};
use serde::Serialize;
use store::Account;
use topologies::Topology;

const HTTP_PORT: u16 = 80;

/// Every step of a resolution. The fields are what `--json` shows; later steps are absent when they were not
/// asked for, or when no step before them found what they need.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    address: String,
    srv: Srv,
    fallback: Fallback,
    host: Option<String>,
    port: Option<u16>,
    url: Option<String>,
    placement: Option<Place>,
    account: Option<Known>,
    notes: Vec<String>,
    #[serde(skip)]
    typed: Principal,
    /// Who clients address.
    #[serde(skip)]
    found: Option<Principal>,
    /// Who that is in the topology.
    #[serde(skip)]
    placed: Option<Principal>,
}

/// The host without an SRV record (spec 2).
#[derive(Debug, Serialize)]
struct Fallback {
    /// Whether it counts here.
    used: bool,
    /// The domain itself, as known clients have it.
    host: String,
    /// The other name, from the example of the protocol's description.
    other: Option<String>,
}

/// What the store says.
#[derive(Debug, Serialize)]
pub(super) struct Known {
    address: String,
    exists: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy: Option<bool>,
}

impl Known {
    /// What was found of a person.
    pub(super) fn new(person: &Principal, found: Option<Account>) -> Self {
        Self {
            address: person.address(),
            exists: found.is_some(),
            disabled: found.as_ref().map(|account| account.disabled),
            legacy: found.as_ref().map(|account| account.secrets.legacy.is_some()),
        }
    }

    fn text(&self) -> String {
        let Self {
            address,
            exists,
            disabled,
            legacy,
        } = self;
        if !exists {
            return format!("there is none of {address}");
        }
        let state = if *disabled == Some(true) {
            "disabled"
        } else {
            "enabled"
        };
        let log_on = if *legacy == Some(true) {
            "scram, legacy"
        } else {
            "scram"
        };
        format!("{address}, {state}, log-on {log_on}")
    }
}

impl Report {
    /// The steps up to the URL.
    pub(super) fn new(typed: &Principal, srv: Srv) -> Self {
        let domain = typed.domain();
        let mut notes = Vec::new();
        let found_host = match &srv.outcome {
            Outcome::Found { records } => {
                notes.extend(records_notes(records));
                records.first().and_then(|first| host_of(first, &mut notes))
            }
            Outcome::Declined => {
                notes.push(format!(
                    "{domain} says in DNS that it does not offer instant messaging"
                ));
                None
            }
            Outcome::NoRecord { .. } | Outcome::Skipped { .. } => Some(domain.clone()),
            Outcome::Unreachable { .. } | Outcome::Refused { .. } => {
                notes.push("DNS did not say, so other clients may find another host".to_owned());
                Some(domain.clone())
            }
        };
        let used = !matches!(srv.outcome, Outcome::Found { .. } | Outcome::Declined);
        let found = found_host
            .as_ref()
            .and_then(|host| Principal::new(host, typed.name()).ok());
        Self {
            address: typed.address(),
            fallback: Fallback {
                used,
                other: other_host(&domain, &srv.outcome),
                host: domain.to_string(),
            },
            host: found_host.as_ref().map(|host| host.without_port().to_string()),
            port: found_host.as_ref().map(port_of),
            url: found.as_ref().map(|person| person.as_url().to_owned()),
            placement: None,
            account: None,
            notes,
            srv,
            typed: typed.clone(),
            found,
            placed: None,
        }
    }

    /// The step to the home server.
    pub(super) fn place(&mut self, topology: &Topology) {
        let identity = place::identify(topology, &self.typed, self.found.as_ref());
        self.placement = Some(place::place(topology, &identity));
        self.notes.extend(identity.mismatch);
        self.placed = Some(identity.person);
    }

    /// The step to the account.
    pub(super) fn account(&mut self, known: Known) {
        self.account = Some(known);
    }

    /// The URL that clients make of the address, if they find a host.
    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Whose account it would be. Accounts are without a port, as routers know their people.
    pub(super) fn person(&self) -> Option<Principal> {
        let person = self.placed.as_ref().or(self.found.as_ref());
        person.map(Principal::without_port)
    }

    /// Shows it.
    ///
    /// # Errors
    /// None that can be caused from outside.
    pub(super) fn print(&self, output: &Output, json: bool) -> Result<()> {
        if json {
            return output.json(self);
        }
        let rows: Vec<_> = self
            .rows()
            .into_iter()
            .map(|(step, text)| vec![step.to_owned(), text])
            .collect();
        output.table(&["step", "result"], &rows);
        self.notes
            .iter()
            .for_each(|note| output.note(&format!("note: {note}")));
        Ok(())
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![("address", self.address.clone())];
        rows.extend(srv_rows(&self.srv));
        rows.push(("fallback", self.fallback.text()));
        if let (Some(host), Some(port), Some(url)) = (&self.host, self.port, &self.url) {
            rows.push(("host", format!("{host}, port {port}")));
            rows.push(("url", url.clone()));
        } else {
            rows.push(("host", "none".to_owned()));
        }
        if let Some(place) = &self.placement {
            let served = if place.served { "serves" } else { "does not serve" };
            rows.push(("topology", format!("{} {served} {}", place.topology, place.url)));
            rows.push(("slot", format!("{} of {}", place.slot, place.slots)));
            rows.push(("home", home_text(place)));
        }
        rows.extend(self.account.as_ref().map(|known| ("account", known.text())));
        rows
    }
}

impl Fallback {
    fn text(&self) -> String {
        let Self { used, host, other } = self;
        if !used {
            return format!("not needed; without the record clients would take {host}");
        }
        match other {
            Some(other) => format!("{host}, as known clients do; the protocol's description has {other}"),
            None => format!("{host}, as the address says"),
        }
    }
}

fn srv_rows(srv: &Srv) -> Vec<(&'static str, String)> {
    let name = &srv.name;
    let text = match &srv.outcome {
        Outcome::Found { records } => {
            let row = |record: &Record| {
                let Record {
                    target,
                    port,
                    priority,
                    weight,
                } = record;
                (
                    "srv",
                    format!("{name}: {target} port {port}, priority {priority}, weight {weight}"),
                )
            };
            return records.iter().map(row).collect();
        }
        Outcome::NoRecord { reason } => format!("{name}: no record ({reason})"),
        Outcome::Declined => format!("{name}: the service is declined (target `.`)"),
        Outcome::Unreachable { reason } => format!("{name}: DNS is unreachable ({reason})"),
        Outcome::Refused { reason } => format!("{name}: DNS has no answer ({reason})"),
        Outcome::Skipped { reason } => format!("not asked: {reason}"),
    };
    vec![("srv", text)]
}

fn home_text(place: &Place) -> String {
    match &place.home {
        Some(home) => format!(
            "{} in zone {}, for {} people online",
            home.name, home.zone, home.capacity
        ),
        None => "none".to_owned(),
    }
}

/// What clients of the time make of records beyond a single one for port 80 (spec 2).
fn records_notes(records: &[Record]) -> Vec<String> {
    let mut notes = Vec::new();
    if records.iter().any(|record| record.port != HTTP_PORT) {
        notes.push("some clients connect to port 80 whatever the record says; publish port 80".to_owned());
    }
    if records.len() > 1 {
        notes.push("some clients take whichever record comes first; publish one".to_owned());
    }
    notes
}

/// The host of a record, with its port unless that is 80.
fn host_of(record: &Record, notes: &mut Vec<String>) -> Option<Domain> {
    let host = Domain::parse(&format!("{}:{}", record.target, record.port)).ok();
    if host.is_none() {
        notes.push(format!(
            "the record's {} port {} cannot be part of an address",
            record.target, record.port
        ));
    }
    host
}

fn port_of(host: &Domain) -> u16 {
    let port = host
        .as_str()
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse().ok());
    port.unwrap_or(HTTP_PORT)
}

/// `im.DOMAIN`, where DNS could have said it and the domain is not such a host already.
fn other_host(domain: &Domain, outcome: &Outcome) -> Option<String> {
    let is_asked = !matches!(outcome, Outcome::Skipped { .. });
    (is_asked && !domain.as_str().starts_with("im.")).then(|| format!("im.{domain}"))
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
