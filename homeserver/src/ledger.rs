//! The ledger of messages: `accepted = delivered + stored + refused + expired + in flight`, at every moment.
//!
//! A message that is kept has ended: it was accepted once, and counts as stored from when it is durable. That a client
//! takes it later, or that it expires in the store, is counted beside the ledger (`kept_messages_taken` and
//! `kept_messages_expired`). A message that comes a second time is not accepted anew (`messages_repeated`).
//!
//! What is in flight is counted where messages are open, everything else where they end. So the sum is a check
//! and not a definition: a message that is forgotten without an end makes it wrong.

use crate::command::Ended;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ledger of one home. Cloning copies a pointer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    counts: Arc<Mutex<Counts>>,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    accepted: u64,
    delivered: u64,
    stored: u64,
    /// By why the sender was refused: one of a fixed set of words.
    refused: BTreeMap<&'static str, u64>,
    expired: u64,
    in_flight: i64,
}

/// What one command did to messages. Entered at once, so that whoever reads finds the sum right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    /// Messages that came in.
    pub(crate) accepted: u64,
    /// Messages that ended.
    pub(crate) ended: Vec<Ended>,
    /// By how many more, or fewer, are open.
    pub(crate) in_flight: i64,
}

impl Ledger {
    /// A ledger that is shown among these metrics.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let ledger = Self::default();
        registry.register_collector(Box::new(ledger.clone()));
        ledger
    }

    /// Enters what a command did.
    pub(crate) fn enter(&self, entry: &Entry) {
        let nothing = entry.accepted == 0 && entry.in_flight == 0 && entry.ended.is_empty();
        if nothing {
            return;
        }
        let mut counts = self.counts();
        counts.accepted += entry.accepted;
        counts.in_flight += entry.in_flight;
        for ended in &entry.ended {
            match ended {
                Ended::Delivered => counts.delivered += 1,
                Ended::Stored => counts.stored += 1,
                Ended::Refused(fault) => *counts.refused.entry(fault.label()).or_default() += 1,
                Ended::Moved => *counts.refused.entry("moved").or_default() += 1,
                Ended::Expired(_) => counts.expired += 1,
            }
        }
    }

    /// How many messages have come in.
    pub(crate) fn accepted(&self) -> u64 {
        self.counts().accepted
    }

    /// How many messages are open.
    pub(crate) fn in_flight(&self) -> u32 {
        u32::try_from(self.counts().in_flight).unwrap_or(0)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Ledger {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counts = self.counts().clone();
        for (name, help, count) in [
            ("messages_accepted", "Messages that came in", counts.accepted),
            (
                "messages_delivered",
                "Messages that clients took",
                counts.delivered,
            ),
            ("messages_stored", "Messages kept for later", counts.stored),
            ("messages_expired", "Messages whose time ran out", counts.expired),
        ] {
            let counter = ConstCounter::new(count);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let help = "Messages not delivered, by what their senders were told";
        let mut refused = encoder.encode_descriptor("messages_refused", help, None, MetricType::Counter)?;
        for (reason, count) in &counts.refused {
            ConstCounter::new(*count).encode(refused.encode_family(&[("reason", *reason)])?)?;
        }
        let gauge = ConstGauge::new(counts.in_flight);
        let help = "Messages that wait for their clients";
        gauge.encode(encoder.encode_descriptor("messages_in_flight", help, None, gauge.metric_type())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rvp::Fault;

    fn text(registry: &Registry) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
        text
    }

    #[test]
    fn what_comes_in_is_found_again() {
        let mut registry = Registry::default();
        let ledger = Ledger::register(&mut registry);
        let enter = |accepted, ended: &[Ended], in_flight| {
            ledger.enter(&Entry {
                accepted,
                ended: ended.to_vec(),
                in_flight,
            });
        };
        enter(1, &[], 1);
        enter(1, &[], 1);
        enter(1, &[Ended::Refused(Fault::NotLoggedOn)], 0);
        enter(0, &[Ended::Delivered], -1);
        enter(2, &[Ended::Moved, Ended::Expired(Fault::NotLoggedOn)], 0);
        assert_eq!(ledger.in_flight(), 1);
        let text = text(&registry);
        for line in [
            "messages_accepted_total 5",
            "messages_delivered_total 1",
            "messages_stored_total 0",
            "messages_refused_total{reason=\"moved\"} 1",
            "messages_refused_total{reason=\"not_logged_on\"} 1",
            "messages_expired_total 1",
            "messages_in_flight 1",
        ] {
            assert!(text.lines().any(|each| each == line), "{line} in {text}");
        }
    }
}
