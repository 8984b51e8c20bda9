//! What is open, counted.

use prometheus_client::metrics::gauge::Gauge;

/// Something that is open, and counted by a gauge for as long as this lives: also where its task is cut off.
#[derive(Debug)]
pub struct OpenGuard(Gauge);

impl OpenGuard {
    /// Counts one more.
    #[must_use]
    pub fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
