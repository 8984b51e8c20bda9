//! Whether what the property is about happens at all.

use std::collections::BTreeMap;

/// How often something happened.
#[derive(Default, Debug)]
pub(super) struct Reached(BTreeMap<&'static str, usize>);

impl Reached {
    const ALL: [&str; 8] = [
        "again",
        "archived",
        "handed on",
        "known",
        "refused",
        "restarted",
        "stored",
        "taken before",
    ];

    pub(super) fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        for (what, times) in other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    pub(super) fn check(&self) {
        for what in Self::ALL {
            let times = self.0.get(what).copied().unwrap_or_default();
            assert!(times >= 20, "{what} happened {times} times: {self:?}");
        }
    }
}
