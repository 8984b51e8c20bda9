//! What people noticed, drawn over the time in which something happened.

use super::{Slot, Timeline};
use crate::chart::{Axis, BLUE, Chart, GREEN, Line, OCHRE, RED, Span};

impl Timeline {
    /// Latency and messages over time. `done` is said beside what happened.
    pub(crate) fn charts(&self, done: &str) -> Vec<Chart> {
        vec![self.latency(done), self.counts()]
    }

    fn latency(&self, done: &str) -> Chart {
        // Where nothing was acknowledged there is no latency, and a gap.
        let took = |value: f64| if value > 0.0 { value } else { f64::NAN };
        Chart {
            title: "latency of messages, ms".to_owned(),
            up: Axis::by_powers(""),
            lines: vec![
                self.line("slowest", OCHRE, |slot| took(slot.max_ms)),
                self.line("p50", BLUE, |slot| took(slot.p50_ms)),
            ],
            limit: Some((self.limit_ms, format!("as before: {:.1} ms", self.limit_ms))),
            ..self.happened(done)
        }
    }

    fn counts(&self) -> Chart {
        Chart {
            title: format!("messages due in each {:.2} s", self.slot_seconds()),
            lines: vec![
                self.line("due", GREEN, |slot| slot.due as f64),
                self.line("slow", BLUE, |slot| slot.slow as f64),
                self.line("failed", RED, |slot| slot.failed as f64),
            ],
            ..self.happened("")
        }
    }

    /// A chart of the time in which it happened, with what is said beside that.
    fn happened(&self, done: &str) -> Chart {
        Chart {
            across: Axis {
                name: "seconds, by when messages were due",
                by_powers: false,
            },
            span: Some(Span {
                from: self.began,
                to: self.began + self.took,
                text: done.to_owned(),
            }),
            ..Chart::default()
        }
    }

    fn line(&self, name: &'static str, colour: &'static str, value: impl Fn(&Slot) -> f64) -> Line {
        // The last slot is not over when the talk is.
        let whole = self.slots.len().saturating_sub(1);
        let points = self.slots.iter().take(whole);
        let half = self.slot_seconds() / 2.0;
        Line {
            name,
            colour,
            points: points.map(|slot| (slot.at + half, value(slot))).collect(),
            is_crosses: false,
        }
    }
}
