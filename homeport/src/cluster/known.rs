//! The members as a home server tells them, made into those that placement is computed from.

use anyhow::{Result, bail};
use membership::{Member, Members, PLACEMENT_VERSION, Phase, Slot};
use proto::operator::{KnownMember, KnownMembers, MemberPhase};

/// Rebuilds the set.
pub(super) fn members(known: KnownMembers) -> Members {
    Members::new(known.epoch, known.members.into_iter().map(member))
}

/// Whether what is computed here is what the members compute.
///
/// # Errors
/// A member places people in another way than this program.
pub(super) fn check(members: &Members) -> Result<()> {
    match members
        .iter()
        .find(|member| member.placement != PLACEMENT_VERSION)
    {
        None => Ok(()),
        Some(other) => bail!(
            "member {} places people by version {}, this program by {PLACEMENT_VERSION}: use the homeport of the \
             release that runs there",
            other.id,
            other.placement
        ),
    }
}

fn member(known: KnownMember) -> Member {
    let lent = known.lent.iter().flat_map(|loan| {
        let slots = loan.slots.iter().copied().filter_map(Slot::new);
        slots.map(|slot| (slot, loan.to.as_str().into()))
    });
    Member {
        phase: match known.phase {
            MemberPhase::Joining => Phase::Joining,
            MemberPhase::Active => Phase::Active,
            MemberPhase::Draining => Phase::Draining,
        },
        full: known.full,
        lent: lent.collect(),
        protocol: known.protocol,
        placement: known.placement,
        ..Member::new(
            known.id.as_str().into(),
            known.address,
            known.zone,
            known.capacity,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::operator::Loan;

    fn known() -> KnownMember {
        KnownMember {
            id: "home-1".to_owned(),
            address: "127.0.0.1:7400".to_owned(),
            zone: "core".to_owned(),
            capacity: 500,
            phase: MemberPhase::Draining,
            full: true,
            lent: vec![Loan {
                to: "home-2".to_owned(),
                slots: vec![3, 9],
            }],
            protocol: 7,
            placement: PLACEMENT_VERSION,
        }
    }

    #[test]
    fn nothing_is_lost_on_the_way() {
        let members = members(KnownMembers {
            epoch: 42,
            members: vec![known()],
        });
        let expected = Member {
            phase: Phase::Draining,
            full: true,
            lent: [3, 9]
                .into_iter()
                .filter_map(Slot::new)
                .map(|slot| (slot, "home-2".into()))
                .collect(),
            protocol: 7,
            ..Member::new("home-1".into(), "127.0.0.1:7400", "core", 500)
        };
        assert!(check(&members).is_ok());
        assert_eq!(members.epoch(), 42);
        assert_eq!(members.get(&"home-1".into()), Some(&expected));
    }

    #[test]
    fn who_places_otherwise_is_not_computed_with() {
        let other = KnownMember {
            placement: PLACEMENT_VERSION + 1,
            ..known()
        };
        let others = members(KnownMembers {
            epoch: 1,
            members: vec![other],
        });
        assert!(
            check(&others)
                .unwrap_err()
                .to_string()
                .contains("home-1 places people")
        );
    }
}
