//! How many people are online in each slot.

use crate::cluster::Loads;
use membership::SLOTS;
use topologies::Topology;

/// Where people are.
pub(super) struct People {
    /// By the number of the slot.
    pub(super) online: Vec<u32>,
    /// Members of which it is not known, with the reason; their people count as none.
    pub(super) unknown: Vec<(String, String)>,
    /// Whether nobody was counted.
    pub(super) estimated: bool,
}

impl People {
    /// As the members say.
    pub(super) fn of_cluster(loads: &Loads) -> Self {
        let unknown = loads
            .iter()
            .filter_map(|(id, load)| Some((id.clone(), load.as_ref().err()?.to_string())));
        Self {
            online: by_slot(loads),
            unknown: unknown.collect(),
            estimated: false,
        }
    }

    /// As many as a topology has at its peak, evenly.
    pub(super) fn of_topology(topology: &Topology) -> Self {
        Self {
            online: evenly(f64::from(topology.population.users) * topology.population.peak_online),
            unknown: Vec::new(),
            estimated: true,
        }
    }
}

/// How many people are online in each slot, by the members that have answered.
pub(crate) fn by_slot(loads: &Loads) -> Vec<u32> {
    let mut online = vec![0_u32; usize::from(SLOTS)];
    let counted = loads.values().filter_map(|load| load.as_ref().ok());
    for (slot, people) in counted.flat_map(|load| &load.online_by_slot) {
        if let Some(sum) = online.get_mut(usize::from(*slot)) {
            *sum = sum.saturating_add(*people);
        }
    }
    online
}

/// So many people over all slots, none with more than one more than another.
fn evenly(people: f64) -> Vec<u32> {
    // A population fits 32 bits, and a part of it too.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is from 0 to 2^32"
    )]
    let people = people.round() as u64;
    let below = |slot: u64| people * slot / u64::from(SLOTS);
    (0..u64::from(SLOTS))
        .map(|slot| u32::try_from(below(slot + 1) - below(slot)).unwrap_or(u32::MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Unanswered;
    use proto::operator::HomeLoad;

    #[test]
    fn people_are_counted_where_they_are_said_to_be() {
        let load = |online_by_slot| {
            Ok(HomeLoad {
                online_by_slot,
                ..HomeLoad::default()
            })
        };
        let loads = Loads::from([
            ("a".to_owned(), load(vec![(3, 2), (16_383, 1)])),
            // Numbers that no slot has are nobody's.
            ("b".to_owned(), load(vec![(4, 7), (16_384, 9)])),
            ("c".to_owned(), Err(Unanswered::Late)),
        ]);
        let people = People::of_cluster(&loads);
        assert_eq!(
            (people.online[3], people.online[4], people.online[16_383]),
            (2, 7, 1)
        );
        assert_eq!(people.online.iter().sum::<u32>(), 10);
        assert_eq!(people.unknown, [("c".to_owned(), "no answer in 3 s".to_owned())]);
    }

    #[test]
    fn an_even_population_loses_nobody() {
        for count in [0.0, 1.0, 19_000.0, 16_384.0, 4_000_000_000.0] {
            let online = evenly(count);
            let sum: u64 = online.iter().copied().map(u64::from).sum();
            assert!((sum as f64 - count).abs() < 0.5, "{sum} of {count}");
            let (least, most) = (online.iter().min().unwrap(), online.iter().max().unwrap());
            assert!(most - least <= 1);
        }
        let enterprise = People::of_topology(&topologies::builtin("enterprise").unwrap());
        assert_eq!(enterprise.online.iter().sum::<u32>(), 19_000);
    }
}
