//! `homeport members`: who the home servers are, and how each of them is at this moment.

use crate::cluster::{Loads, Loans, Where, loans, owned, percent};
use crate::output::Output;
use anyhow::Result;
use membership::{Member, Placement};
use serde::Serialize;

/// Show the home servers, and how each of them is
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport members
      Of the `homeport up` that runs on .homeport
  homeport members --etcd http://etcd-1:2379,http://etcd-2:2379
      Of home servers that find each other in that etcd
  homeport members --home 127.0.0.1:7400 --json | jq -r '.members[] | select(.answers | not).id'
      As a home server knows it: who does not answer

SLOTS are those that it owns, and how many of them it serves if these are not all. FILL is people online in \
percent of its capacity, with `full` if nobody should lend to it. MSGS are messages that wait for their clients, \
REQ/S requests answered in a second, LOANS slots that it lends and borrows. Who does not answer has `?` there. A \
terminal that is too narrow gets no addresses and zones.")]
pub(crate) struct MembersCommand {
    /// Write JSON: an object with epoch and members
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Where,
}

/// The members at an epoch. The fields are what `--json` shows.
#[derive(Debug, Serialize)]
struct Report {
    epoch: u64,
    members: Vec<Row>,
}

/// A member.
#[derive(Debug, PartialEq, Serialize)]
struct Row {
    id: String,
    phase: &'static str,
    zone: String,
    address: String,
    /// People who may be online.
    capacity: u32,
    /// Whether nobody should lend to it.
    full: bool,
    /// Slots that it owns.
    slots: usize,
    /// Of these, those that others have; and those of others that it has.
    lent: usize,
    borrowed: usize,
    answers: bool,
    /// What only it knows.
    #[serde(flatten)]
    load: Option<Load>,
    /// Why there is nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What a member says of itself.
#[derive(Debug, PartialEq, Serialize)]
struct Load {
    slots_served: u32,
    online: u32,
    fill_percent: f64,
    sessions: u32,
    subscriptions: u32,
    messages_in_flight: u32,
    requests_per_second: u32,
}

impl MembersCommand {
    /// Shows the members.
    ///
    /// # Errors
    /// The cluster cannot be reached, or has no members.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        let cluster = self.cluster.connect().await?;
        let placement = cluster.placement().await?;
        let loads = cluster.loads(placement.members()).await;
        let report = Report::new(&placement, &loads);
        if self.json {
            output.json(&report)?;
        } else {
            report.print(output);
        }
        for row in &report.members {
            if let Some(error) = &row.error {
                output.note(&format!(
                    "{} does not answer: {error}; it stays a member until its lease ends",
                    row.id
                ));
            }
        }
        if cluster.corrupt_records() > 0 {
            output.warning(&format!(
                "{} records in etcd cannot be read and are not shown; the log of each server program names them",
                cluster.corrupt_records()
            ));
        }
        cluster.close().await;
        Ok(())
    }
}

impl Report {
    fn new(placement: &Placement, loads: &Loads) -> Self {
        let (owned, loans) = (owned(placement), loans(placement));
        let row = |member: &Member| {
            let id = member.id.as_str();
            let Loans { lent, borrowed } = loans.get(id).copied().unwrap_or_default();
            let load = loads.get(id);
            let said = load.and_then(|load| load.as_ref().ok());
            Row {
                id: id.to_owned(),
                phase: member.phase.as_str(),
                zone: member.zone.clone(),
                address: member.address.clone(),
                capacity: member.capacity,
                full: member.full,
                slots: owned.get(id).copied().unwrap_or(0),
                lent,
                borrowed,
                answers: said.is_some(),
                load: said.map(|load| Load {
                    slots_served: load.slots,
                    online: load.online,
                    fill_percent: percent(u64::from(load.online), member.capacity),
                    sessions: load.sessions,
                    subscriptions: load.subscriptions,
                    messages_in_flight: load.messages_in_flight,
                    requests_per_second: load.requests_per_second,
                }),
                error: load.and_then(|load| load.as_ref().err().map(ToString::to_string)),
            }
        };
        Self {
            epoch: placement.epoch(),
            members: placement.members().iter().map(row).collect(),
        }
    }

    fn print(&self, output: &Output) {
        output.line(&self.heading());
        let header = [
            "member", "phase", "slots", "online", "fill", "sessions", "msgs", "req/s", "loans", "zone",
            "address",
        ];
        let rows: Vec<_> = self.members.iter().map(Row::cells).collect();
        output.table_with_room(&header, &rows, 2);
    }

    fn heading(&self) -> String {
        let loads = || self.members.iter().filter_map(|row| row.load.as_ref());
        let online: u64 = loads().map(|load| u64::from(load.online)).sum();
        let capacity: u64 = self.members.iter().map(|row| u64::from(row.capacity)).sum();
        let unknown = if loads().count() < self.members.len() {
            " at least"
        } else {
            ""
        };
        let (epoch, count) = (self.epoch, self.members.len());
        let members = if count == 1 { "member" } else { "members" };
        format!("epoch {epoch}: {count} {members},{unknown} {online} of {capacity} people online")
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let said = |text: &dyn Fn(&Load) -> String| self.load.as_ref().map_or_else(|| "?".to_owned(), text);
        let slots = match &self.load {
            Some(load) if u64::from(load.slots_served) != self.slots as u64 => {
                format!("{}, serves {}", self.slots, load.slots_served)
            }
            Some(_) | None => self.slots.to_string(),
        };
        let full = if self.full { " full" } else { "" };
        vec![
            self.id.clone(),
            self.phase.to_owned(),
            slots,
            said(&|load| format!("{}/{}", load.online, self.capacity)),
            said(&|load| format!("{:.0}%{full}", load.fill_percent)),
            said(&|load| load.sessions.to_string()),
            said(&|load| load.messages_in_flight.to_string()),
            said(&|load| load.requests_per_second.to_string()),
            format!("{}/{}", self.lent, self.borrowed),
            self.zone.clone(),
            self.address.clone(),
        ]
    }
}

#[cfg(test)]
#[path = "members/members_tests.rs"]
mod tests;
