//! What a run has found.

use crate::check::Verdict;
use crate::floor::Floor;
use crate::timing::{Piece, Spread};
use crate::usage::ProcessUse;
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that was measured. Its JSON is for programs and keeps its names.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// What was done.
    pub scenario: &'static str,
    /// How clients reached the cluster.
    pub via: &'static str,
    /// How many took part.
    pub users: u32,
    /// How many everybody watched.
    pub contacts: u32,
    /// What everything was drawn from.
    pub seed: u64,
    /// How long it was measured.
    pub seconds: f64,
    /// What was asked for a second, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// What was under way at once, where that was bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Whether it was asked to end early.
    pub interrupted: bool,
    /// What became of everything.
    #[serde(flatten)]
    pub counts: Counts,
    /// Users who could not go on.
    pub users_gone: u64,
    /// Log-ons that the server put off: they came back when they were told to.
    pub put_off: u64,
    /// Changes of presence that were made, beside messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<u64>,
    /// Of a hundred watchers 99 were told after at most so long, beside messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_p99_ms: Option<f64>,
    /// How often somebody logged off and on again, beside messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_ons: Option<u64>,
    /// Of a hundred of these log-ons 99 took at most so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_on_p99_ms: Option<f64>,
    /// Done in a second.
    pub per_second: f64,
    /// How long it took.
    #[serde(flatten)]
    pub times: Times,
    /// Processor time of the server for each, and its ratio to the floor: none where the server is not known.
    #[serde(flatten)]
    pub costs: BTreeMap<String, Option<f64>>,
    /// What bare servers cost.
    #[serde(flatten)]
    pub floor: Floor,
    /// The server's processor time in bare handlers of POST.
    pub ratio_to_floor: Option<f64>,
    /// The server's resident memory at the end, with everybody there.
    pub server_rss_mb: Option<f64>,
    /// Memory that the server's processes have made while everybody logged on, for each user.
    pub server_kib_per_user: Option<f64>,
    /// Microseconds of processor time that this generator needed for each.
    pub generator_cpu_us: f64,
    /// Whether this is a build that is not meant to be measured with.
    pub debug_build: bool,
    /// Each process of the server.
    pub processes: Vec<ProcessUse>,
    /// Second by second.
    pub series: Vec<Piece>,
    /// What broke a promise, in words.
    pub broken: Option<String>,
}

/// What became of everything.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Counts {
    /// What was done.
    pub sent: u64,
    /// Of that, what the server answered is safe.
    pub acknowledged: u64,
    /// Of that, what a client of the recipient has acknowledged.
    pub delivered: u64,
    /// Of that, what is kept for the recipient.
    pub stored: u64,
    /// What the server answered will not be done.
    pub refused: u64,
    /// What the server did not answer.
    pub unanswered: u64,
    /// Answered as delivered, and never heard.
    pub lost: u64,
    /// Heard twice, without a lost connection in between.
    pub doubled: u64,
    /// Heard after what was sent later, from one to another.
    pub reordered: u64,
    /// Heard again after a lost connection, as it may be.
    pub again: u64,
    /// Heard as nobody has sent it.
    pub strange: u64,
}

/// How long it took.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Times {
    /// Half took at most so long, from when each was due until its answer.
    pub p50_ms: f64,
    /// 95 of a hundred.
    pub p95_ms: f64,
    /// 99 of a hundred.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// How late 99 of a hundred went out at most: the generator's share.
    pub late_p99_ms: f64,
}

impl Counts {
    pub(crate) fn of(verdict: &Verdict, acknowledged: u64) -> Self {
        Self {
            sent: verdict.sent,
            acknowledged,
            delivered: verdict.delivered,
            stored: verdict.stored,
            refused: verdict.refused,
            unanswered: verdict.unanswered,
            lost: verdict.lost,
            doubled: verdict.doubled,
            reordered: verdict.reordered,
            again: verdict.again,
            strange: verdict.strange,
        }
    }

    /// What must not be, in words.
    pub(crate) fn broken(&self) -> Option<String> {
        let counts = [
            (self.lost, "lost"),
            (self.doubled, "heard twice"),
            (self.reordered, "out of order"),
            (self.strange, "not as they were sent"),
            (self.unanswered, "without an answer"),
        ];
        let broken: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        (!broken.is_empty()).then(|| broken.join(", "))
    }
}

impl From<Spread> for Times {
    fn from(spread: Spread) -> Self {
        Self {
            p50_ms: spread.p50,
            p95_ms: spread.p95,
            p99_ms: spread.p99,
            max_ms: spread.max,
            late_p99_ms: spread.late_p99,
        }
    }
}

impl Report {
    /// Rows for people: what, and how much.
    #[must_use]
    pub fn rows(&self) -> Vec<(String, String)> {
        let mut rows = vec![
            ("users".to_owned(), self.who()),
            ("measured".to_owned(), self.measured()),
            ("sent".to_owned(), self.counts.sent.to_string()),
            ("acknowledged".to_owned(), self.acknowledged()),
        ];
        let counts = [
            ("refused", self.counts.refused),
            ("unanswered", self.counts.unanswered),
            ("lost", self.counts.lost),
            ("doubled", self.counts.doubled),
            ("reordered", self.counts.reordered),
            ("again after a lost connection", self.counts.again),
            ("not as sent", self.counts.strange),
            ("log-ons put off", self.put_off),
            ("users gone", self.users_gone),
        ];
        let always = ["lost", "doubled", "reordered"];
        let shown = counts
            .iter()
            .filter(|(name, count)| *count > 0 || always.contains(name));
        rows.extend(shown.map(|(name, count)| ((*name).to_owned(), count.to_string())));
        rows.push((
            "latency".to_owned(),
            format!(
                "p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
                self.times.p50_ms, self.times.p95_ms, self.times.p99_ms, self.times.max_ms
            ),
        ));
        if let (Some(changes), Some(told)) = (self.changes, self.told_p99_ms) {
            let shown = format!("{changes} changes, p99 {told:.2} ms until a watcher was told");
            rows.push(("presence".to_owned(), shown));
        }
        if let (Some(log_ons), Some(p99)) = (self.log_ons, self.log_on_p99_ms) {
            rows.push(("log-ons".to_owned(), format!("{log_ons}, p99 {p99:.2} ms")));
        }
        let late = format!(
            "p99 {:.2} ms late, {:.1} µs of CPU each",
            self.times.late_p99_ms, self.generator_cpu_us
        );
        rows.push(("generator".to_owned(), late));
        rows.push(self.floor.row());
        rows.extend(self.server_rows());
        rows
    }

    fn who(&self) -> String {
        let Self {
            users,
            via,
            contacts,
            seed,
            ..
        } = self;
        format!("{users} via {via}, each watching {contacts}, seed {seed}")
    }

    fn measured(&self) -> String {
        let pace = match (self.rate, self.concurrency) {
            (Some(rate), _) => format!("asked for {rate}/s"),
            (None, Some(concurrency)) => format!("{concurrency} under way"),
            (None, None) => "all at once".to_owned(),
        };
        let interrupted = if self.interrupted { ", interrupted" } else { "" };
        format!(
            "{:.1} s, {:.1}/s ({pace}){interrupted}",
            self.seconds, self.per_second
        )
    }

    fn acknowledged(&self) -> String {
        let (all, delivered, stored) = (
            self.counts.acknowledged,
            self.counts.delivered,
            self.counts.stored,
        );
        if self.scenario == "presence" {
            format!("{all}, told {delivered} times")
        } else if stored == 0 {
            all.to_string()
        } else {
            format!("{all} ({delivered} delivered, {stored} stored)")
        }
    }

    fn server_rows(&self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        let ratio = self
            .ratio_to_floor
            .map_or_else(String::new, |ratio| format!(", {ratio:.2} floors"));
        for (what, cost) in &self.costs {
            let what = what.trim_start_matches("server_cpu_us_per_").replace('_', " ");
            let cost = cost.map_or_else(
                || "unknown: say with --pid or --metrics where the server is".to_owned(),
                |cost| format!("{cost:.2} µs of CPU a {what}{ratio}"),
            );
            rows.push(("server".to_owned(), cost));
        }
        if let Some(rss) = self.server_rss_mb {
            let each = self.server_kib_per_user.unwrap_or(0.0);
            rows.push((
                "memory".to_owned(),
                format!("{rss:.1} MB resident, {each:.1} KiB a user"),
            ));
        }
        rows.extend(self.processes.iter().map(|process| {
            let used = format!("{:.2} s of CPU, {:.1} MB", process.cpu_seconds, process.rss_mb);
            let pid = process.pid.map_or_else(String::new, |pid| format!(" {pid}"));
            (format!("  {}{pid}", process.name), used)
        }));
        rows
    }
}
