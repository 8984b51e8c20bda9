//! The ledger of messages, which every home server keeps as metrics: what was accepted has been delivered, stored,
//! refused, has expired, or is in flight.

use super::Processes;
use anyhow::{Context, ensure};

/// What the names of the ledger's metrics begin with.
const PREFIX: &str = "homeport_homeserver_messages_";
/// Where messages that were accepted may be.
const PLACES: [&str; 5] = [
    "delivered_total",
    "stored_total",
    "refused_total",
    "expired_total",
    "in_flight",
];

impl Processes {
    /// Checks the ledger of every home server that runs.
    ///
    /// # Errors
    /// When one does not balance, or is not kept.
    pub async fn check_ledger(&self) -> anyhow::Result<()> {
        for (name, process) in &self.running {
            if self.plan.routers.contains(name) {
                continue;
            }
            let answer = process.ask("/metrics").await?;
            let text = String::from_utf8_lossy(&answer.body);
            check(&text, name).with_context(|| format!("the ledger of {name}"))?;
        }
        Ok(())
    }
}

fn check(metrics: &str, member: &str) -> anyhow::Result<()> {
    let count = |place: &str| value(metrics, &format!("{PREFIX}{place}"), member);
    let accepted = count("accepted_total")?;
    let placed: Vec<(&str, f64)> = PLACES
        .iter()
        .map(|place| Ok((*place, count(place)?)))
        .collect::<anyhow::Result<_>>()?;
    let sum: f64 = placed.iter().map(|(_, count)| count).sum();
    // Whole numbers, and far fewer than a float can tell apart.
    ensure!(
        (accepted - sum).abs() < 0.5,
        "{accepted} messages were accepted, and these are {sum}: {placed:?}"
    );
    Ok(())
}

/// The value of a metric of a home server or a router, whatever other labels it has: the sum of all.
pub(super) fn value(metrics: &str, metric: &str, name: &str) -> anyhow::Result<f64> {
    let (begins, label) = (format!("{metric}{{"), format!("=\"{name}\""));
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with(&begins) && line.contains(&label));
    let mut found = None;
    for line in lines {
        let value = line.rsplit(' ').next().unwrap_or_default();
        let value: f64 = value.parse().with_context(|| format!("no number: {line}"))?;
        found = Some(found.unwrap_or(0.0) + value);
    }
    // A counter by reason has no line before it has a reason, though it is announced.
    let announced = format!("# TYPE {} ", metric.trim_end_matches("_total"));
    let none_yet = || metrics.contains(&announced).then_some(0.0);
    found
        .or_else(none_yet)
        .with_context(|| format!("there is no {metric}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(delivered: u32) -> String {
        let rest = ["stored_total", "expired_total", "in_flight"];
        let mut text = format!(
            "{PREFIX}accepted_total{{member=\"home-1\"}} 7\n{PREFIX}delivered_total{{member=\"home-1\"}} {delivered}\n\
             {PREFIX}refused_total{{member=\"home-1\",reason=\"offline\"}} 1\n\
             {PREFIX}refused_total{{member=\"home-1\",reason=\"blocked\"}} 1\n"
        );
        for name in rest {
            text += &format!("{PREFIX}{name}{{member=\"home-1\"}} 1\n");
        }
        text
    }

    #[test]
    fn a_ledger_balances_or_not() {
        check(&metrics(2), "home-1").unwrap();
        let error = check(&metrics(1), "home-1").unwrap_err().to_string();
        assert!(
            error.contains("7 messages were accepted, and these are 6"),
            "{error}"
        );
    }

    #[test]
    fn a_ledger_that_is_not_kept_is_an_error() {
        assert!(check(&metrics(2), "home-2").is_err());
        let announced = format!("# TYPE {PREFIX}refused counter\n");
        let refused = format!("{PREFIX}refused_total");
        assert_eq!(value(&announced, &refused, "home-1").unwrap(), 0.0);
        assert!(value("", &refused, "home-1").is_err());
    }
}
