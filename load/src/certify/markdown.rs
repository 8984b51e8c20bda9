//! What was measured, as a report for people in Markdown.

use super::{Certified, Disturbance};
use std::fmt::Write as _;

impl Certified {
    /// The report: what comes of it first, then each figure. Its pictures lie beside it.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "# What this cluster can do\n\n**{}**\n\n",
            cell(&self.verdict.sentence)
        );
        table(
            &mut text,
            &["promise", "promised", "measured", "held"],
            &self.promise_rows(),
        );
        if self.machine.profile == "debug" {
            text.push_str(
                "This is a debug build, which is many times slower: build with `--release` to measure.\n\n",
            );
        }
        for what in &self.left_out {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "Left out: {}.\n", cell(what));
        }
        text.push_str("## Where\n\n");
        table(&mut text, &["what", ""], &self.place_rows());
        text.push_str("## Users\n\n");
        let header = ["users", "log-ons/s", "put off", "server memory", "each", "broken"];
        table(&mut text, &header, &self.user_rows());
        text.push_str("## Messages\n\n");
        self.cost(&mut text);
        let header = [
            "messages/s",
            "p50",
            "p95",
            "p99",
            "max",
            "failed",
            "lost",
            "CPU each",
            "broken",
        ];
        table(&mut text, &header, &self.message_rows());
        text.push_str("## What happened meanwhile\n\n");
        let header = [
            "what",
            "people",
            "done in",
            "as before after",
            "slowest",
            "refused",
            "unanswered",
            "lost",
        ];
        table(&mut text, &header, &self.disturbance_rows());
        for drawing in self.drawings() {
            let _ = writeln!(
                text,
                "## {}\n\n![{}]({})\n",
                drawing.title, drawing.title, drawing.file
            );
        }
        text.push_str("docs/certify.md says what each figure means; `report.json` has all of them.\n");
        text
    }

    fn promise_rows(&self) -> Vec<Vec<String>> {
        let rows = self.verdict.promises.iter();
        let rows = rows.map(|promise| promise.row(["yes", "**no**", "–"]));
        rows.collect()
    }

    fn place_rows(&self) -> Vec<Vec<String>> {
        let (machine, cluster) = (&self.machine, &self.cluster);
        let topology = cluster.topology.as_deref().unwrap_or("not known");
        let started = if cluster.started {
            "started for this"
        } else {
            "ran already"
        };
        let homes = cluster.home_servers.map_or_else(
            || "home servers not known".to_owned(),
            |count| format!("{count} home servers"),
        );
        let row = |what: &str, how: String| vec![what.to_owned(), how];
        let whose = if machine.has_cluster {
            "machine, of cluster and clients"
        } else {
            "machine, of the clients only"
        };
        vec![
            row("topology", format!("{topology}, {started}")),
            row(
                "servers",
                format!("{}, {homes}", counted(cluster.routers, "router")),
            ),
            row(
                whose,
                format!(
                    "{}, {} cores, {} MB",
                    machine.cpu, machine.cores, machine.memory_mb
                ),
            ),
            row("system", machine.kernel.clone()),
            row(
                "Homeport",
                format!("{}, {} build", machine.version, machine.profile),
            ),
            row(
                "clients",
                format!(
                    "via {}, each watching {}, seed {}",
                    self.via, self.contacts, self.seed
                ),
            ),
            row("took", format!("{:.0} s", self.seconds)),
        ]
    }

    fn user_rows(&self) -> Vec<Vec<String>> {
        let rows = self.users.iter().map(|step| {
            vec![
                step.users.to_string(),
                format!("{:.0}", step.log_ons_per_second),
                step.put_off.to_string(),
                step.server_mb.map_or_else(nothing, |mb| format!("{mb:.1} MB")),
                step.bytes_per_user
                    .map_or_else(nothing, |each| format!("{:.1} KiB", each / 1024.0)),
                step.broken.clone().unwrap_or_default(),
            ]
        });
        rows.collect()
    }

    /// What a message costs at the safe rate.
    fn cost(&self, text: &mut String) {
        let step = self.safe_step();
        let cost = step.and_then(|step| step.spell.server_cpu_us_per_message);
        if let (Some(step), Some(cost), Some(floor)) = (step, cost, self.floor) {
            let _ = writeln!(
                text,
                "At {}/s the servers took {cost:.1} µs of processor time for each message, which is {:.1} times a bare \
                 handler of POST in the same run.\n",
                step.spell.rate,
                cost / floor.post
            );
        }
    }

    fn message_rows(&self) -> Vec<Vec<String>> {
        let rows = self.messages.iter().map(|step| {
            let (times, counts) = (&step.spell.times, &step.spell.counts);
            let again = if step.repeated { " again" } else { "" };
            let ms = |millis: f64| format!("{millis:.2} ms");
            vec![
                format!("{}{again}", step.spell.rate),
                ms(times.p50_ms),
                ms(times.p95_ms),
                ms(times.p99_ms),
                ms(times.max_ms),
                (counts.refused + counts.unanswered).to_string(),
                counts.lost.to_string(),
                step.spell
                    .server_cpu_us_per_message
                    .map_or_else(nothing, |cost| format!("{cost:.1} µs")),
                step.broken.clone().unwrap_or_default(),
            ]
        });
        rows.collect()
    }

    fn disturbance_rows(&self) -> Vec<Vec<String>> {
        self.disturbances()
            .map(|(name, one)| disturbance_row(name, one))
            .collect()
    }
}

fn disturbance_row(name: &str, one: &Disturbance) -> Vec<String> {
    let member = one
        .member
        .as_ref()
        .map_or_else(String::new, |member| format!(" {member}"));
    let recovery = match (one.recovery_seconds, &one.failed) {
        (_, Some(why)) => format!("not done: {why}"),
        (Some(seconds), None) => format!("{seconds:.2} s"),
        (None, None) => "not while it was watched".to_owned(),
    };
    vec![
        format!("{name}{member}"),
        one.people.to_string(),
        format!("{:.2} s", one.done_seconds),
        recovery,
        format!("{:.0} ms", one.longest_ms),
        one.spell.counts.refused.to_string(),
        one.spell.counts.unanswered.to_string(),
        one.lost().to_string(),
    ]
}

fn counted(count: u32, what: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {what}{many}")
}

fn nothing() -> String {
    "–".to_owned()
}

/// A table, or a line that says that there is nothing.
fn table(text: &mut String, header: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        text.push_str("Not measured.\n\n");
        return;
    }
    let _ = writeln!(text, "| {} |", header.join(" | "));
    let _ = writeln!(text, "|{}", " --- |".repeat(header.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
}

/// What is in a cell ends neither it nor the row, and is no markup.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace('<', "&lt;")
        .replace(['\n', '\r'], " ")
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
