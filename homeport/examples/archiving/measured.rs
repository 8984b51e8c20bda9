//! What was measured, for programs and for people.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

/// One measurement.
#[derive(Serialize)]
pub(crate) struct Measured {
    pub(crate) round: u32,
    pub(crate) store: &'static str,
    pub(crate) archive: bool,
    #[serde(flatten)]
    pub(crate) found: Found,
}

/// What `homeport load` has found, and what the database has used meanwhile.
#[derive(Serialize)]
pub(crate) struct Found {
    pub(crate) pace: String,
    /// Messages that were acknowledged.
    pub(crate) messages: u64,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Processor time of each message, of router and home together.
    server_cpu_us: f64,
    router_cpu_us: f64,
    home_cpu_us: f64,
    /// The database's own, with what logging everybody on and off costs it; none where it is part of the home.
    database_cpu_us: Option<f64>,
    floor_cpu_us: f64,
    debug_build: bool,
}

impl Found {
    /// Processor time of everybody for each message.
    fn cpu_us(&self) -> f64 {
        self.server_cpu_us + self.database_cpu_us.unwrap_or_default()
    }

    /// From the report of `homeport load` and the seconds that the database has used.
    pub(crate) fn read(pace: String, report: &Value, database: Option<f64>) -> Result<Self> {
        let figure = |name: &str| report[name].as_f64().with_context(|| name.to_owned());
        let messages = report["acknowledged"].as_u64().context("acknowledged")?;
        let each = |seconds: f64| seconds * 1e6 / messages as f64;
        let of = |role: &str| -> Result<f64> {
            let processes = report["processes"].as_array().context("processes")?;
            let process = processes
                .iter()
                .find(|process| process["name"].as_str().is_some_and(|name| name.contains(role)));
            let used = process.and_then(|process| process["cpu_seconds"].as_f64());
            Ok(each(used.with_context(|| format!("the process of a {role}"))?))
        };
        Ok(Self {
            pace,
            messages,
            per_second: figure("per_second")?,
            p50_ms: figure("p50_ms")?,
            p99_ms: figure("p99_ms")?,
            server_cpu_us: figure("server_cpu_us_per_message")?,
            router_cpu_us: of("-router")?,
            home_cpu_us: of("-home")?,
            database_cpu_us: database.map(each),
            floor_cpu_us: figure("floor_cpu_us")?,
            debug_build: report["debug_build"].as_bool().context("debug_build")?,
        })
    }
}

/// What the archive adds, a line for each pair without and with it.
pub(crate) fn differences(all: &[Measured]) -> Vec<String> {
    let of = |without: &Measured| {
        let with = all.iter().find(|with| {
            let same = (with.round, with.store, &with.found.pace);
            with.archive && same == (without.round, without.store, &without.found.pace)
        })?;
        let (off, on) = (&without.found, &with.found);
        Some(format!(
            "{}, {}: the archive adds {:.0} us to a message, and p99 is {:.2} ms where it was {:.2}",
            without.store,
            off.pace,
            on.cpu_us() - off.cpu_us(),
            on.p99_ms,
            off.p99_ms
        ))
    };
    all.iter()
        .filter(|measured| !measured.archive)
        .filter_map(of)
        .collect()
}

/// Whether it was measured with programs that are not meant for it.
pub(crate) fn debug_build(all: &[Measured]) -> bool {
    all.iter().any(|measured| measured.found.debug_build)
}

/// A row for each.
pub(crate) fn table(all: &[Measured]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "round",
        "store",
        "archive",
        "pace",
        "messages/s",
        "router us",
        "home us",
        "database us",
        "p50 ms",
        "p99 ms",
        "floor us",
    ]);
    for Measured {
        round,
        store,
        archive,
        found,
    } in all
    {
        let archive = if *archive { "on" } else { "off" };
        let database = found.database_cpu_us;
        table.add_row([
            round.to_string(),
            (*store).to_owned(),
            archive.to_owned(),
            found.pace.clone(),
            format!("{:.0}", found.per_second),
            format!("{:.0}", found.router_cpu_us),
            format!("{:.0}", found.home_cpu_us),
            database.map_or_else(|| "-".to_owned(), |used| format!("{used:.0}")),
            format!("{:.2}", found.p50_ms),
            format!("{:.2}", found.p99_ms),
            format!("{:.1}", found.floor_cpu_us),
        ]);
    }
    table
}
