//! What clients have seen: receipts, messages, and who has come back.

use attachment::Receipt;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Seen {
    /// By number of the message: how often it was heard.
    heard: Mutex<HashMap<u64, u32>>,
    /// Answered messages, and how long after they were due.
    answered: Mutex<Vec<(u64, Duration, Receipt)>>,
    back: AtomicUsize,
    anew: AtomicUsize,
    told: AtomicBool,
}

impl Seen {
    pub(crate) fn heard(&self, number: u64) {
        *lock(&self.heard).entry(number).or_default() += 1;
    }

    pub(crate) fn answered(&self, number: u64, took: Duration, receipt: Receipt) {
        lock(&self.answered).push((number, took, receipt));
    }

    /// Somebody has come back, with the session of before or with a new one.
    pub(crate) fn back(&self, resumed: bool) {
        self.back.fetch_add(1, Ordering::Relaxed);
        self.anew.fetch_add(usize::from(!resumed), Ordering::Relaxed);
    }

    /// How many have come back, and how many of them to a new session.
    pub(crate) fn came_back(&self) -> (usize, usize) {
        (
            self.back.load(Ordering::Relaxed),
            self.anew.load(Ordering::Relaxed),
        )
    }

    /// Whether so many are back, the first time that it is so.
    pub(crate) fn is_first_return_of(&self, count: usize) -> bool {
        self.came_back().0 >= count && !self.told.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn answers(&self) -> usize {
        lock(&self.answered).len()
    }

    /// Delivered or stored and never heard; heard more than once; refused.
    pub(crate) fn wrong(&self) -> [usize; 3] {
        let heard = lock(&self.heard);
        let answered = lock(&self.answered);
        let good = |receipt: &Receipt| !matches!(receipt, Receipt::Refused { .. });
        let lost = answered
            .iter()
            .filter(|(number, _, receipt)| good(receipt) && !heard.contains_key(number));
        let refused = answered.iter().filter(|(_, _, receipt)| !good(receipt));
        [
            lost.count(),
            heard.values().filter(|times| **times > 1).count(),
            refused.count(),
        ]
    }

    /// From when messages were due until their receipt: median, 99th percentile, worst.
    pub(crate) fn latencies(&self) -> String {
        let mut took: Vec<Duration> = lock(&self.answered).iter().map(|(_, took, _)| *took).collect();
        took.sort_unstable();
        let at = |share: usize| {
            let place = took.len().saturating_sub(1) * share / 100;
            took.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        format!(
            "p50/p99/max {:.1}/{:.1}/{:.1} ms of {}",
            at(50),
            at(99),
            at(100),
            took.len()
        )
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
