//! A member as text in etcd.
//!
//! A persistent format, version 1 (the `v1` of the key): a JSON object with the fields below. What else is in it
//! is ignored, so fields may be added; anything that an older process could misread needs `v2`.

use crate::{LENT_MAX, Member, MemberId, Phase, Slot};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More than any record that a process writes, also one with [`LENT_MAX`] loans, each to another long name. What is
/// longer is not even looked at.
const OCTETS_MAX: usize = 4 * 1024 + 80 * LENT_MAX;

#[derive(Serialize, Deserialize)]
struct Record {
    id: String,
    address: String,
    zone: String,
    capacity: u32,
    phase: String,
    protocol: u32,
    placement: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    full: bool,
    /// Slots by borrower, ascending.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    lent: BTreeMap<String, Vec<u16>>,
}

/// Why a value is no record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Corrupt {
    #[error("it has {0} octets, more than {OCTETS_MAX}")]
    Long(usize),
    #[error("it is no JSON object of a member")]
    NoRecord(#[from] serde_json::Error),
    #[error("its phase {0:?} is unknown")]
    Phase(String),
    #[error("it is the record of {0:?}")]
    OtherId(String),
    #[error("it has no address or no capacity")]
    Useless,
    #[error("it lends slots that cannot be lent")]
    Loans,
}

pub(crate) fn write(member: &Member) -> String {
    let mut lent: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for (slot, borrower) in &member.lent {
        lent.entry(borrower.to_string()).or_default().push(slot.number());
    }
    let record = Record {
        id: member.id.as_str().into(),
        address: member.address.clone(),
        zone: member.zone.clone(),
        capacity: member.capacity,
        phase: member.phase.as_str().into(),
        protocol: member.protocol,
        placement: member.placement,
        full: member.full,
        lent,
    };
    serde_json::to_string(&record).expect("an object of texts and numbers can be written")
}

/// Reads the record that is kept for an id.
pub(crate) fn read(id: &str, value: &[u8]) -> Result<Member, Corrupt> {
    if value.len() > OCTETS_MAX {
        return Err(Corrupt::Long(value.len()));
    }
    let record: Record = serde_json::from_slice(value)?;
    let phases = [Phase::Joining, Phase::Active, Phase::Draining];
    let Some(phase) = phases.into_iter().find(|phase| phase.as_str() == record.phase) else {
        return Err(Corrupt::Phase(record.phase));
    };
    if record.id != id {
        return Err(Corrupt::OtherId(record.id));
    }
    // Nobody like that is let in, and placement could make nothing of one.
    if record.capacity == 0 || record.address.trim().is_empty() {
        return Err(Corrupt::Useless);
    }
    let lent = loans(&record).ok_or(Corrupt::Loans)?;
    Ok(Member {
        id: MemberId::new(record.id),
        address: record.address,
        zone: record.zone,
        capacity: record.capacity,
        phase,
        protocol: record.protocol,
        placement: record.placement,
        full: record.full,
        lent,
    })
}

/// The loans of a record; none when a slot is lent twice, or there is no such slot, or there are too many.
fn loans(record: &Record) -> Option<BTreeMap<Slot, MemberId>> {
    let mut loans = BTreeMap::new();
    for (borrower, slots) in &record.lent {
        for number in slots {
            let former = loans.insert(Slot::new(*number)?, MemberId::from(borrower.as_str()));
            if former.is_some() || loans.len() > LENT_MAX {
                return None;
            }
        }
    }
    Some(loans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(phase: Phase) -> Member {
        Member {
            phase,
            ..Member::new("home-1".into(), "10.0.0.1:7400", "core", 10_000)
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for phase in [Phase::Joining, Phase::Active, Phase::Draining] {
            let member = member(phase);
            assert_eq!(read("home-1", write(&member).as_bytes()).unwrap(), member);
        }
    }

    #[test]
    fn the_format_is_this_one() {
        let text = r#"{"id":"home-1","address":"10.0.0.1:7400","zone":"core","capacity":10000,"phase":"active","protocol":8,"placement":2}"#;
        assert_eq!(write(&member(Phase::Active)), text);
        let added = text.replace("{\"id\"", "{\"colour\":\"red\",\"id\"");
        assert_eq!(read("home-1", added.as_bytes()).unwrap(), member(Phase::Active));
    }

    #[test]
    fn loans_are_kept_and_short() {
        let slots = |numbers: std::ops::Range<u16>| numbers.filter_map(Slot::new);
        let mut lending = member(Phase::Active);
        lending.full = true;
        lending.lent = slots(3..5).map(|slot| (slot, "home-2".into())).collect();
        let text = write(&lending);
        assert!(
            text.ends_with(r#","full":true,"lent":{"home-2":[3,4]}}"#),
            "{text}"
        );
        assert_eq!(read("home-1", text.as_bytes()).unwrap(), lending);
        lending.lent = slots(0..1_024)
            .map(|slot| (slot, "a".repeat(63).as_str().into()))
            .collect();
        assert_eq!(read("home-1", write(&lending).as_bytes()).unwrap(), lending);
        let names = slots(0..1_024).map(|slot| (slot, format!("{:0>63}", slot.number()).as_str().into()));
        lending.lent = names.collect();
        assert_eq!(read("home-1", write(&lending).as_bytes()).unwrap(), lending);
        let beyond = text.replace("[3,4]", &format!("{:?}", (0..=1_024).collect::<Vec<u16>>()));
        assert!(matches!(read("home-1", beyond.as_bytes()), Err(Corrupt::Loans)));
        for bad in ["[3,3]", "[16384]", "[-1]", "3"] {
            assert!(
                read("home-1", text.replace("[3,4]", bad).as_bytes()).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn what_is_no_record_is_told_from_one() {
        let good = write(&member(Phase::Active));
        for bad in [
            String::new(),
            "nonsense".into(),
            "{}".into(),
            good.replace("active", "asleep"),
            good.replace("home-1", "home-2"),
            good.replace("10000", "0"),
            good.replace("10000", "-1"),
            good.replace("10.0.0.1:7400", " "),
            format!("{good}{}", " ".repeat(OCTETS_MAX)),
        ] {
            assert!(read("home-1", bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
