//! `[[archive]]`: which domains keep a copy of every message, and for how long.

use super::domains;
use crate::{ArchivePolicy, Archives};
use daemon::config::Mistakes;
use rvp::Domain;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Nobody can look into an archive that is emptied every few minutes, and nothing is asked for longer than the last.
const RETENTION: [Duration; 2] = [
    Duration::from_secs(3_600),
    Duration::from_secs(100 * 366 * 86_400),
];

/// `[[archive]]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveSection {
    /// The host in the addresses of its people: `im.example.com`. Must be set.
    pub domain: String,
    /// Whether messages to and from its people are archived from now on. What is there already stays.
    pub on: bool,
    /// How long an entry is kept, an hour to a hundred years: `61488h` are seven. Without it for ever.
    #[serde(with = "optional", skip_serializing_if = "Option::is_none")]
    pub retention: Option<Duration>,
}

/// A duration that may be left out.
mod optional {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    #[derive(Deserialize)]
    struct Said(#[serde(with = "daemon::config::duration")] Duration);

    #[allow(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => daemon::config::duration::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Said::deserialize(deserializer).map(|Said(value)| Some(value))
    }
}

impl Default for ArchiveSection {
    /// A section that is written down is meant to turn it on.
    fn default() -> Self {
        Self {
            domain: String::new(),
            on: true,
            retention: None,
        }
    }
}

impl ArchiveSection {
    /// The policy of a domain, to be written down.
    #[must_use]
    pub fn new(domain: String, policy: ArchivePolicy) -> Self {
        let ArchivePolicy { on, retention } = policy;
        Self {
            domain,
            on,
            retention,
        }
    }

    fn policy(&self) -> ArchivePolicy {
        let Self { on, retention, .. } = *self;
        ArchivePolicy { on, retention }
    }
}

/// What the sections come to. They were checked.
pub(super) fn config(sections: &[ArchiveSection]) -> Archives {
    let policies = sections
        .iter()
        .filter_map(|section| Some((Domain::parse(&section.domain).ok()?, section.policy())));
    Archives(policies.collect::<BTreeMap<_, _>>())
}

/// Notes what is wrong with the sections.
pub(super) fn check(sections: &[ArchiveSection], mistakes: &mut Mistakes) {
    let domains = sections.iter().map(|section| section.domain.as_str());
    domains::check("archive", domains, mistakes);
    for section in sections {
        let bounds = RETENTION[0]..=RETENTION[1];
        if section
            .retention
            .is_some_and(|retention| !bounds.contains(&retention))
        {
            mistakes.add(
                "archive.retention",
                "must be from 1h to 878400h; leave it out to keep entries for ever",
            );
        }
    }
}
