//! `[[offline]]`: what becomes of messages for people who cannot be reached, for each domain.

use super::domains;
use crate::{Offline, OfflinePolicy};
use daemon::config::Mistakes;
use rvp::Domain;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What each home can hold headers of in memory, for everybody.
const COUNT_MAX: u32 = 10_000;
/// What one person may make a store hold.
const BYTES_MAX: u64 = 1 << 30;
/// A message that waits for longer is of no use to anybody.
const AGE: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(366 * 86_400)];

/// `[[offline]]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfflineSection {
    /// The host in the addresses of its people: `im.example.com`. Must be set.
    pub domain: String,
    /// Whether messages are kept; if not, their senders are told at once that nobody is there.
    pub keep: bool,
    /// Messages that may wait for one person, 1 to 10,000.
    pub count: u32,
    /// Octets that may wait for one person, at most `1GiB`.
    #[serde(with = "daemon::config::size")]
    pub bytes: u64,
    /// How long a message waits before it is dropped, a minute to a year: `336h`.
    #[serde(with = "daemon::config::duration")]
    pub age: Duration,
}

impl Default for OfflineSection {
    fn default() -> Self {
        let OfflinePolicy {
            keep,
            count,
            bytes,
            age,
        } = OfflinePolicy::default();
        Self {
            domain: String::new(),
            keep,
            count,
            bytes,
            age,
        }
    }
}

impl OfflineSection {
    /// The policy of a domain, to be written down.
    #[must_use]
    pub fn new(domain: String, policy: OfflinePolicy) -> Self {
        let OfflinePolicy {
            keep,
            count,
            bytes,
            age,
        } = policy;
        Self {
            domain,
            keep,
            count,
            bytes,
            age,
        }
    }

    fn policy(&self) -> OfflinePolicy {
        OfflinePolicy {
            keep: self.keep,
            count: self.count,
            bytes: self.bytes,
            age: self.age,
        }
    }
}

/// What the sections come to. They were checked.
pub(super) fn config(sections: &[OfflineSection]) -> Offline {
    let policies = sections
        .iter()
        .filter_map(|section| Some((Domain::parse(&section.domain).ok()?, section.policy())));
    Offline(policies.collect::<BTreeMap<_, _>>())
}

/// Notes what is wrong with the sections.
pub(super) fn check(sections: &[OfflineSection], mistakes: &mut Mistakes) {
    let domains = sections.iter().map(|section| section.domain.as_str());
    domains::check("offline", domains, mistakes);
    for section in sections {
        if !(1..=COUNT_MAX).contains(&section.count) {
            let wrong = format_args!("is {}, but must be from 1 to {COUNT_MAX}", section.count);
            mistakes.add("offline.count", wrong);
        }
        if !(1..=BYTES_MAX).contains(&section.bytes) {
            let wrong = format_args!("is {} octets, but must be from 1B to 1GiB", section.bytes);
            mistakes.add("offline.bytes", wrong);
        }
        if !(AGE[0]..=AGE[1]).contains(&section.age) {
            mistakes.add("offline.age", "must be from 1m to 8784h");
        }
    }
}
