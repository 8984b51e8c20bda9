//! How long things took, over the whole run and second by second, from the moment each was due: a server that is slow
//! for a while is slow for all that was due meanwhile, also for what could only be sent later.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::time::Duration;

/// The longest that is told from longer: ten minutes.
const LONGEST_MICROS: u64 = 600_000_000;
/// Seconds that a run is told in; longer runs are told in larger pieces.
pub(crate) const SECONDS_MAX: u32 = 24 * 3_600;

/// All of a run.
pub(crate) struct Timings {
    all: Histogram<u64>,
    piece: Histogram<u64>,
    late: Histogram<u64>,
    pieces: Vec<Piece>,
}

/// A second of a run.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct Piece {
    /// Seconds since the beginning, at its end.
    pub at: f64,
    /// What was done in it.
    pub done: u64,
    /// Half took at most so long, in milliseconds.
    pub p50_ms: f64,
    /// Of a hundred, 99 took at most so long.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Resident memory of the server, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_rss_mb: Option<f64>,
    /// Processors that the server kept busy, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cores: Option<f64>,
}

/// A message of a turn that is remembered one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timed {
    /// When it was due, since the beginning.
    pub due: Duration,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing yet.
    Open,
    /// It was acknowledged, so long after it was due.
    Done(Duration),
    /// It was refused.
    Refused,
}

/// How long everything took, in milliseconds.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Spread {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    /// How late 99 of a hundred began at most: what of the rest is the generator's own doing.
    pub(crate) late_p99: f64,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_MICROS, 3).expect("one to ten minutes with three digits is a range")
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1e3
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

impl Timings {
    pub(crate) fn new() -> Self {
        Self {
            all: histogram(),
            piece: histogram(),
            late: histogram(),
            pieces: Vec::new(),
        }
    }

    /// Something was done, so long after it was due.
    pub(crate) fn done(&mut self, took: Duration) {
        let took = micros(took);
        self.all.saturating_record(took);
        self.piece.saturating_record(took);
    }

    /// Something was begun, so long after it was due.
    pub(crate) fn begun(&mut self, late: Duration) {
        self.late.saturating_record(micros(late));
    }

    /// A second is over: what was done since the last one.
    pub(crate) fn second(&mut self, at: Duration, rss_mb: Option<f64>, cores: Option<f64>) {
        if self.pieces.len() < SECONDS_MAX as usize {
            let quantile = |share| millis(self.piece.value_at_quantile(share));
            self.pieces.push(Piece {
                at: at.as_secs_f64(),
                done: self.piece.len(),
                p50_ms: quantile(0.5),
                p99_ms: quantile(0.99),
                max_ms: millis(self.piece.max()),
                server_rss_mb: rss_mb,
                server_cores: cores,
            });
        }
        self.piece.reset();
    }

    /// How many were done.
    pub(crate) fn count(&self) -> u64 {
        self.all.len()
    }

    pub(crate) fn spread(&self) -> Spread {
        let quantile = |share| millis(self.all.value_at_quantile(share));
        Spread {
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
            max: millis(self.all.max()),
            late_p99: millis(self.late.value_at_quantile(0.99)),
        }
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_long_shows_in_its_second_and_in_the_whole() {
        let mut timings = Timings::new();
        for micros in 1..=100 {
            timings.done(Duration::from_micros(micros * 10));
        }
        timings.second(Duration::from_secs(1), Some(12.5), None);
        timings.done(Duration::from_millis(250));
        timings.second(Duration::from_secs(2), None, None);
        let spread = timings.spread();
        let near = |is: f64, expected: f64| (is - expected).abs() <= expected / 500.0;
        assert!(near(spread.p50, 0.51) && near(spread.max, 250.0), "{spread:?}");
        let [first, second] = timings.pieces() else {
            panic!("there are two seconds");
        };
        assert_eq!((first.done, second.done), (100, 1));
        assert!(near(first.p99_ms, 0.99) && near(second.p50_ms, 250.0));
        assert_eq!(first.server_rss_mb, Some(12.5));
    }

    #[test]
    fn longer_than_can_be_told_counts_as_the_longest() {
        let mut timings = Timings::new();
        timings.done(Duration::from_secs(10_000));
        assert!(timings.spread().max >= 600_000.0);
    }
}
