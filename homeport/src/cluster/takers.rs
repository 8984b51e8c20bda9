//! Whether somebody could take over what a member has.

use anyhow::{Result, bail};
use membership::{MemberId, Members, Phase};

/// Whether anybody else could have this member's people.
///
/// # Errors
/// Nobody could; says what to do first.
pub(crate) fn others_may_take(members: &Members, leaves: &MemberId) -> Result<()> {
    let mut others = members.iter().filter(|member| member.id != *leaves);
    if others
        .clone()
        .any(|member| member.phase == Phase::Active && member.capacity > 0)
    {
        return Ok(());
    }
    match others.next() {
        None => bail!(
            "nobody else could take the people of {leaves}: it is the only member; start another home server first"
        ),
        Some(other) => {
            let remedy = match other.phase {
                Phase::Draining => format!("take its drain back with `homeport undrain {}`", other.id),
                Phase::Joining | Phase::Active => "wait for it".to_owned(),
            };
            bail!(
                "nobody else could take the people of {leaves}: no other member is active ({} is {}); {remedy}, or \
                 start another home server",
                other.id,
                other.phase
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use membership::Member;

    fn said(others: &[(&str, Phase)]) -> String {
        let member = |(id, phase): &(&str, Phase)| Member {
            phase: *phase,
            ..Member::new((*id).into(), "127.0.0.1:7400", "core", 10)
        };
        let members = Members::new(1, others.iter().chain([&("home-1", Phase::Active)]).map(member));
        others_may_take(&members, &"home-1".into()).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn somebody_active_must_be_left() {
        assert!(said(&[]).contains("it is the only member"));
        let draining = said(&[("home-2", Phase::Draining)]);
        assert!(
            draining.contains("(home-2 is draining)") && draining.contains("homeport undrain home-2"),
            "{draining}"
        );
        assert!(said(&[("home-2", Phase::Joining)]).contains("(home-2 is joining)"));
        assert_eq!(
            said(&[("home-2", Phase::Draining), ("home-3", Phase::Active)]),
            ""
        );
    }
}
