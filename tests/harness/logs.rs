//! What a stage logs and traces, and that it complains only where a test expects it.

use anyhow::{Context, ensure};
use daemon::Telemetry;
use daemon::telemetry::{Captured, CapturedSpan};

/// The logs and traces of one test. It runs on one thread, so nothing of another test gets in.
pub struct Logs {
    captured: Captured,
    _telemetry: Telemetry,
}

impl Logs {
    /// The lines at WARN and ERROR.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        complaints(&self.captured.lines())
    }

    /// Every span that has ended.
    #[must_use]
    pub fn spans(&self) -> Vec<CapturedSpan> {
        self.captured.spans()
    }

    /// Every line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.captured.lines()
    }

    /// Checks that every complaint contains one of the texts expected, and each of these was seen. That a home
    /// server which the stage let crash cannot be linked goes without saying: whether somebody tries before the
    /// membership has changed is chance.
    ///
    /// # Errors
    /// With what was logged or missed.
    pub fn check(&self, expected: &[String]) -> anyhow::Result<()> {
        let complaints = self.complaints();
        let crashed = crashed(&self.captured.lines());
        let gone = |line: &str| {
            line.contains("home cannot be linked") && crashed.iter().any(|name| line.contains(name))
        };
        let foreseen =
            |line: &&String| gone(line) || expected.iter().any(|text| line.contains(text.as_str()));
        let unforeseen: Vec<_> = complaints
            .iter()
            .filter(|line| !foreseen(line))
            .cloned()
            .collect();
        ensure!(
            unforeseen.is_empty(),
            "unexpected complaints in the log:\n{}",
            unforeseen.join("\n")
        );
        for text in expected {
            let seen = complaints.iter().any(|line| line.contains(text.as_str()));
            ensure!(seen, "the log should have complained: {text}");
        }
        Ok(())
    }
}

/// How the stage logs that it lets something crash.
pub(crate) const CRASH: &str = "the stage lets it crash";

/// What the stage let crash, as lines name it: `member="home-1"`.
fn crashed(lines: &[String]) -> Vec<String> {
    let names = lines
        .iter()
        .filter(|line| line.contains(CRASH))
        .filter_map(|line| line.split_once("member="));
    names
        .map(|(_, name)| format!("member={}", name.trim_end()))
        .collect()
}

fn complaints(lines: &[String]) -> Vec<String> {
    let complains = |line: &&String| {
        let line = line.trim_start();
        line.starts_with("WARN ") || line.starts_with("ERROR ")
    };
    lines.iter().filter(complains).cloned().collect()
}

/// Why a test failed. Shown as the chain of what was being done, without a backtrace: the place that counts is a
/// line of a script, or named in the chain.
pub struct Failure(anyhow::Error);

impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (depth, error) in self.0.chain().enumerate() {
            write!(f, "\n{:depth$}{error}", "")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// Runs a test on a runtime of its own, with its logs kept. `expected` are texts of the complaints that belong
/// to the test; any other WARN or ERROR fails it.
///
/// # Errors
/// Those of the test, and of the logs.
pub fn run(expected: &[&str], test: impl AsyncFnOnce(&Logs) -> anyhow::Result<()>) -> Result<(), Failure> {
    run_expecting(async |logs| {
        test(logs).await?;
        Ok(expected.iter().map(|text| (*text).to_owned()).collect())
    })
}

/// As [`run`], where only the test itself knows what to expect.
///
/// # Errors
/// As [`run`].
pub fn run_expecting(test: impl AsyncFnOnce(&Logs) -> anyhow::Result<Vec<String>>) -> Result<(), Failure> {
    let (telemetry, dispatch, captured) = Telemetry::for_test("info").context("start telemetry")?;
    let _scope = ::tracing::dispatcher::set_default(&dispatch);
    let logs = Logs {
        captured,
        _telemetry: telemetry,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async { test(&logs).await });
    match outcome {
        Ok(expected) => Ok(logs.check(&expected)?),
        // The story behind a failure is mostly in the log.
        Err(error) => Err(error
            .context(format!("the log:\n{}", last(&logs.lines(), 60)))
            .into()),
    }
}

fn last(lines: &[String], count: usize) -> String {
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_that_nobody_expects_fails_the_test() {
        let outcome = run(&[], async |_| {
            ::tracing::warn!("something is wrong");
            Ok(())
        });
        assert!(outcome.unwrap_err().to_string().contains("something is wrong"));
        let outcome = run(&["something is wrong"], async |_| {
            ::tracing::info!("all is well");
            ::tracing::warn!("something is wrong");
            Ok(())
        });
        assert!(outcome.is_ok(), "{outcome:?}");
    }

    #[test]
    fn that_a_home_cannot_be_linked_is_no_complaint_after_its_crash_only() {
        let story = |crash: &'static str| {
            run(&[], async |_| {
                ::tracing::info!(member = crash, "{CRASH}");
                ::tracing::warn!(member = "home-2", "home cannot be linked, trying on");
                Ok(())
            })
        };
        assert!(story("home-2").is_ok());
        assert!(story("home-1").is_err());
    }

    #[test]
    fn a_complaint_that_is_missed_fails_the_test() {
        assert!(run(&["something is wrong"], async |_| Ok(())).is_err());
    }
}
