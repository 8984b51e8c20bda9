//! Everything that was measured, as it is written into `report.json`.

use super::{Promises, Timeline, Verdict};
use crate::Spell;
use crate::floor::Floor;
use serde::Serialize;

/// What a cluster can do. Its JSON is for programs and keeps its names.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Certified {
    /// What comes of it.
    pub verdict: Verdict,
    /// Why it ended before everything was measured.
    pub ended_early: Option<String>,
    /// The cluster.
    pub cluster: Cluster,
    /// The machine.
    pub machine: Machine,
    /// What was to hold.
    pub promises: Promises,
    /// What everything was drawn from.
    pub seed: u64,
    /// How clients reached the cluster.
    pub via: &'static str,
    /// How many everybody watched.
    pub contacts: u32,
    /// How many users were asked for.
    pub users_asked: u32,
    /// How long a rate had to hold.
    pub step_seconds: u32,
    /// How long all of it took.
    pub seconds: f64,
    /// What bare servers cost.
    #[serde(flatten)]
    pub floor: Option<Floor>,
    /// People coming.
    pub users: Vec<UserStep>,
    /// The most people with whom nothing broke.
    pub users_safe: u32,
    /// Rates of messages, in the order in which they were tried.
    pub messages: Vec<MessageStep>,
    /// The highest rate that held.
    pub rate_safe: Option<u32>,
    /// Whether that has held twice.
    pub rate_confirmed: bool,
    /// Many who log on at once.
    pub storm: Option<Disturbance>,
    /// A home server that was drained.
    pub drain: Option<Disturbance>,
    /// A home server that was killed.
    pub kill: Option<Disturbance>,
    /// What was to be done and could not be, and why.
    pub left_out: Vec<String>,
}

/// The cluster that was measured.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Cluster {
    /// The topology, where it is known.
    pub topology: Option<String>,
    /// It was started for this.
    pub started: bool,
    /// Routers that were used.
    pub routers: u32,
    /// Its home servers, where they are known.
    pub home_servers: Option<u32>,
}

/// The machine that this ran on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Machine {
    /// The processor, as it names itself.
    pub cpu: String,
    /// How many of it this process may use.
    pub cores: u32,
    /// Megabytes.
    pub memory_mb: u64,
    /// The operating system and its release.
    pub kernel: String,
    /// Whether the cluster runs on it too, as far as that can be told from its addresses.
    pub has_cluster: bool,
    /// The version of Homeport.
    pub version: String,
    /// `release`, or `debug` for a build that is not meant to be measured.
    pub profile: &'static str,
}

/// More people.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct UserStep {
    /// How many are online.
    pub users: u32,
    /// How many of them came in this step.
    pub came: u32,
    /// How many of these came each second.
    pub log_ons_per_second: f64,
    /// How often the server told somebody to come later.
    pub put_off: u64,
    /// Memory that the server's processes have made.
    pub server_mb: Option<f64>,
    /// Octets that each user beyond the first step has taken.
    pub bytes_per_user: Option<f64>,
    /// What broke.
    pub broken: Option<String>,
}

/// A rate that was tried.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MessageStep {
    /// It had held before, and was tried once more.
    pub repeated: bool,
    /// What was measured.
    #[serde(flatten)]
    pub spell: Spell,
    /// What broke.
    pub broken: Option<String>,
}

/// Something that happened while people talked.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Disturbance {
    /// To which home server.
    pub member: Option<String>,
    /// How many people it was about.
    pub people: u64,
    /// Until it was done: all were in, or the home server was empty.
    pub done_seconds: f64,
    /// From when it began until messages were as before; none when they never were.
    pub recovery_seconds: Option<f64>,
    /// The slowest message that was due since it began.
    pub longest_ms: f64,
    /// What the others said meanwhile.
    #[serde(flatten)]
    pub spell: Spell,
    /// By when messages were due.
    pub timeline: Timeline,
    /// Why it did not come to its end.
    pub failed: Option<String>,
}

impl Disturbance {
    /// Of what was seen.
    #[must_use]
    pub fn new(spell: Spell, timeline: Timeline) -> Self {
        Self {
            member: None,
            people: 0,
            done_seconds: timeline.took,
            recovery_seconds: timeline.recovery_seconds(),
            longest_ms: timeline.longest_ms(),
            spell,
            timeline,
            failed: None,
        }
    }

    /// Messages that were acknowledged and are gone: neither handed over nor, after everybody has logged on again, kept.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.spell.counts.lost + self.spell.kept
    }
}

impl Certified {
    /// With what has been measured so far judged.
    #[must_use]
    pub fn judged(mut self) -> Self {
        self.verdict = Verdict::of(&self);
        self
    }

    /// The step at the safe rate: the last one that held it.
    pub(super) fn safe_step(&self) -> Option<&MessageStep> {
        let rate = self.rate_safe?;
        self.messages
            .iter()
            .rev()
            .find(|step| step.spell.rate == rate && step.broken.is_none())
    }

    /// What happened while people talked, by its name.
    pub(super) fn disturbances(&self) -> impl Iterator<Item = (&'static str, &Disturbance)> {
        let all = [
            ("log-on storm", &self.storm),
            ("drained home server", &self.drain),
            ("killed home server", &self.kill),
        ];
        all.into_iter()
            .filter_map(|(name, one)| Some((name, one.as_ref()?)))
    }

    /// Messages that were acknowledged and are gone, in all of it.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let steps: u64 = self.messages.iter().map(|step| step.spell.counts.lost).sum();
        steps + self.disturbances().map(|(_, one)| one.lost()).sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::certified;
    use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
    use std::collections::BTreeSet;

    #[test]
    fn what_is_kept_and_never_handed_over_is_lost_too() {
        let mut certified = certified();
        assert_eq!(certified.lost(), 0);
        certified.messages[0].spell.counts.lost = 1;
        let kill = certified.kill.as_mut().unwrap();
        (kill.spell.counts.lost, kill.spell.kept) = (2, 3);
        assert_eq!(certified.lost(), 6);
    }

    #[test]
    fn the_safe_step_is_the_last_one_that_held() {
        let mut certified = certified();
        assert!(certified.safe_step().unwrap().repeated);
        certified.messages[3].broken = Some("p99".to_owned());
        assert!(!certified.safe_step().unwrap().repeated);
        certified.rate_safe = None;
        assert!(certified.safe_step().is_none());
    }

    /// An object in which no name is twice: with parts that are flattened into it that is easily done, and whoever reads
    /// it gets one or the other.
    struct Once;

    impl<'de> serde::Deserialize<'de> for Once {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Once)
        }
    }

    impl<'de> Visitor<'de> for Once {
        type Value = Once;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a value without a name that is twice")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
            let mut names = BTreeSet::new();
            while let Some((name, _)) = map.next_entry::<String, Once>()? {
                if !names.insert(name.clone()) {
                    return Err(A::Error::custom(format!("{name} is twice")));
                }
            }
            Ok(Once)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Once, A::Error> {
            while sequence.next_element::<Once>()?.is_some() {}
            Ok(Once)
        }

        fn visit_bool<E>(self, _: bool) -> Result<Once, E> {
            Ok(Once)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Once, E> {
            Ok(Once)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Once, E> {
            Ok(Once)
        }

        fn visit_str<E>(self, _: &str) -> Result<Once, E> {
            Ok(Once)
        }

        fn visit_unit<E>(self) -> Result<Once, E> {
            Ok(Once)
        }
    }

    #[test]
    fn no_name_is_twice_in_an_object() {
        let text = serde_json::to_string(&certified()).unwrap();
        serde_json::from_str::<Once>(&text).map(|_| ()).unwrap();
        assert!(serde_json::from_str::<Once>("{\"a\": [{\"b\": 1, \"b\": 2}]}").is_err());
    }

    #[test]
    fn the_object_has_the_figures_under_their_names() {
        let object = serde_json::to_value(certified()).unwrap();
        for (path, expected) in [
            ("/verdict/safe", serde_json::json!(true)),
            ("/verdict/users", 800.into()),
            ("/verdict/messages_per_second", 400.into()),
            ("/messages/3/p99_ms", 4.25.into()),
            ("/messages/3/repeated", true.into()),
            ("/users/7/bytes_per_user", 12_000.0.into()),
            ("/kill/recovery_seconds", 2.0.into()),
            ("/kill/lost", 0.into()),
            ("/machine/cores", 8.into()),
        ] {
            assert_eq!(object.pointer(path), Some(&expected), "{path}");
        }
    }
}
