//! Messages at a constant rate, whether or not earlier ones have been answered, and some changes of presence; and
//! what became of them.

use crate::client::Client;
use crate::heard::Heard;
use anyhow::{Context, Result};
use rvp::{PresenceState, Principal};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

/// One change of presence for so many messages.
const MESSAGES_PER_CHANGE: u64 = 25;
/// Longer than any answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(40);

/// The load while it runs.
pub(crate) struct Load {
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(Vec<Sent>, u64)>>,
    heard: Arc<Heard>,
}

/// A message that was answered, or was not.
#[derive(Clone)]
pub(crate) struct Sent {
    number: u64,
    due: Instant,
    took: Duration,
    to: Principal,
    /// The status; 0 when there was no answer.
    status: u16,
}

/// What became of messages.
pub(crate) struct Report {
    sent: Vec<Sent>,
    heard: Arc<Heard>,
    pub(crate) changes: u64,
    pub(crate) offline: u64,
    pub(crate) changes_failed: u64,
}

impl Load {
    pub(crate) fn begin(
        rate: u32,
        clients: Vec<Arc<Client>>,
        people: Arc<Vec<Principal>>,
        heard: Arc<Heard>,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(run(rate, clients, people, stopped));
        Self { stop, running, heard }
    }

    /// Stops sending, and waits for what is under way.
    pub(crate) async fn end(self) -> Result<Report> {
        let _ = self.stop.send(());
        let (sent, changes_failed) = self.running.await??;
        let (changes, offline) = self.heard.changes();
        Ok(Report {
            sent,
            heard: self.heard,
            changes,
            offline,
            changes_failed,
        })
    }
}

async fn run(
    rate: u32,
    clients: Vec<Arc<Client>>,
    people: Arc<Vec<Principal>>,
    mut stopped: oneshot::Receiver<()>,
) -> Result<(Vec<Sent>, u64)> {
    let mut messages: JoinSet<Sent> = JoinSet::new();
    let mut changes: JoinSet<Result<()>> = JoinSet::new();
    let (start, mut sent) = (Instant::now(), Vec::new());
    for number in 0_u64.. {
        let due = start + Duration::from_secs_f64(number as f64 / f64::from(rate));
        tokio::select! {
            () = sleep_until(due) => {}
            _ = &mut stopped => break,
        }
        while let Some(done) = messages.try_join_next() {
            sent.push(done?);
        }
        let index = usize::try_from(number)?;
        // Co-prime steps, so that everybody writes and is written to.
        let from = people[index * 31 % people.len()].clone();
        let to = people[(index * 17 + 5) % people.len()].clone();
        let client = Arc::clone(&clients[index % clients.len()]);
        messages.spawn(send(client, number, due, from, to));
        if number % MESSAGES_PER_CHANGE == 0 {
            let person = people[index * 13 % people.len()].clone();
            let client = Arc::clone(&clients[(index + 1) % clients.len()]);
            let states = [PresenceState::Busy, PresenceState::Away, PresenceState::Online];
            let state = states[index / 25 % states.len()];
            changes.spawn(async move { timeout(ANSWER_WAIT, client.set(&person, state)).await? });
        }
    }
    while let Some(done) = messages.join_next().await {
        sent.push(done?);
    }
    let mut failed = 0;
    while let Some(done) = changes.join_next().await {
        failed += u64::from(done.context("change a state")?.is_err());
    }
    sent.sort_by_key(|sent| sent.number);
    Ok((sent, failed))
}

async fn send(client: Arc<Client>, number: u64, due: Instant, from: Principal, to: Principal) -> Sent {
    let text = format!("#{number}#");
    let status = timeout(ANSWER_WAIT, client.send(&from, &to, &text)).await;
    Sent {
        number,
        due,
        took: due.elapsed(),
        to,
        status: status.ok().and_then(Result::ok).unwrap_or(0),
    }
}

impl Sent {
    fn is_acknowledged(&self) -> bool {
        self.status == 200
    }
}

impl Report {
    pub(crate) fn len(&self) -> usize {
        self.sent.len()
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.sent.iter().filter(|sent| sent.is_acknowledged()).count()
    }

    pub(crate) fn failed(&self) -> usize {
        self.sent.len() - self.acknowledged()
    }

    /// Acknowledged and never heard.
    pub(crate) fn lost(&self) -> usize {
        let lost = |sent: &&Sent| sent.is_acknowledged() && self.heard.times(sent.number) == 0;
        self.sent.iter().filter(lost).count()
    }

    /// Heard more than once, whatever was answered.
    pub(crate) fn doubled(&self) -> usize {
        let doubled = |sent: &&Sent| self.heard.times(sent.number) > 1;
        self.sent.iter().filter(doubled).count()
    }

    /// What was due in this time.
    pub(crate) fn between(&self, from: Instant, until: Instant) -> Self {
        self.only(|sent| (from..until).contains(&sent.due))
    }

    pub(crate) fn before(&self, moment: Instant) -> Self {
        self.only(|sent| sent.due < moment)
    }

    /// What was for these people.
    pub(crate) fn to(&self, people: &[Principal]) -> Self {
        let people: HashSet<&Principal> = people.iter().collect();
        self.only(|sent| people.contains(&sent.to))
    }

    fn only(&self, wanted: impl Fn(&Sent) -> bool) -> Self {
        Self {
            sent: self.sent.iter().filter(|sent| wanted(sent)).cloned().collect(),
            heard: Arc::clone(&self.heard),
            ..*self
        }
    }

    /// When the first message was due that failed, from a moment on.
    pub(crate) fn first_failure(&self, from: Instant) -> Option<Duration> {
        let failed = self.sent.iter().find(|sent| !sent.is_acknowledged())?;
        Some(failed.due.saturating_duration_since(from))
    }

    /// The same of the last.
    pub(crate) fn last_failure(&self, from: Instant) -> Option<Duration> {
        let failed = self.sent.iter().rfind(|sent| !sent.is_acknowledged())?;
        Some(failed.due.saturating_duration_since(from))
    }

    /// How often which status was answered; 0 is no answer.
    pub(crate) fn statuses(&self) -> String {
        let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
        for sent in &self.sent {
            *statuses.entry(sent.status).or_default() += 1;
        }
        let each = statuses
            .iter()
            .map(|(status, count)| format!("{status} {count} times"));
        each.collect::<Vec<_>>().join(", ")
    }

    /// From when messages were due until they were acknowledged: median, 99th percentile, worst.
    pub(crate) fn latencies(&self) -> String {
        let acknowledged = self.sent.iter().filter(|sent| sent.is_acknowledged());
        let mut took: Vec<Duration> = acknowledged.map(|sent| sent.took).collect();
        took.sort_unstable();
        let Some(last) = took.len().checked_sub(1) else {
            return "none".to_owned();
        };
        let at = |share: f64| took[(last as f64 * share) as usize].as_secs_f64() * 1e3;
        format!(
            "{:.1}/{:.1}/{:.1} ms of {}",
            at(0.5),
            at(0.99),
            at(1.0),
            took.len()
        )
    }
}
