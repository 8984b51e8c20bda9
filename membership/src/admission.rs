//! Who may join. One place for the rules, so that every membership refuses alike.

use crate::{Error, LENT_MAX, Member, MemberId, Members, PLACEMENT_VERSION, PROTOCOL_VERSION, Terminal};

const ID_CHARS_MAX: usize = 63;

/// Decides whether a member may join those that are there.
///
/// Versions are compared with this code's, both the candidate's and those of everybody there: a process that
/// places people differently from the rest must not start, whichever of them is newer.
///
/// # Errors
/// [`Error::Terminal`] with the reason.
pub fn admit(candidate: &Member, there: &Members) -> Result<(), Error> {
    let id = &candidate.id;
    if !is_name(id) {
        return Err(Terminal::BadId(id.clone()).into());
    }
    if candidate.address.trim().is_empty() {
        return Err(Terminal::NoAddress(id.clone()).into());
    }
    if candidate.capacity == 0 {
        return Err(Terminal::NoCapacity(id.clone()).into());
    }
    if candidate.lent.len() > LENT_MAX {
        return Err(Terminal::LendsTooMuch(id.clone()).into());
    }
    if there.get(id).is_some() {
        return Err(Terminal::AlreadyThere(id.clone()).into());
    }
    for member in std::iter::once(candidate).chain(there.iter()) {
        if member.protocol != PROTOCOL_VERSION {
            let (id, theirs) = (member.id.clone(), member.protocol);
            return Err(Terminal::OtherProtocol { id, theirs }.into());
        }
        if member.placement != PLACEMENT_VERSION {
            let (id, theirs) = (member.id.clone(), member.placement);
            return Err(Terminal::OtherPlacement { id, theirs }.into());
        }
    }
    Ok(())
}

/// Ids become keys, labels and host names, so only what is safe in all of these is a name.
fn is_name(id: &MemberId) -> bool {
    let legal = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-._".contains(&c);
    let text = id.as_str();
    text.len() <= ID_CHARS_MAX
        && text.bytes().all(legal)
        && text.bytes().next().is_some_and(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(id: &str) -> Member {
        Member::new(id.into(), "127.0.0.1:7400", "core", 10_000)
    }

    fn reason(candidate: &Member, there: impl IntoIterator<Item = Member>) -> Terminal {
        match admit(candidate, &Members::new(1, there)) {
            Err(Error::Terminal(reason)) => reason,
            other => panic!("expected a terminal error, got {other:?}"),
        }
    }

    #[test]
    fn a_sound_member_is_admitted() {
        let there = Members::new(1, [home("home-1")]);
        assert!(admit(&home("home-2"), &there).is_ok());
        assert!(admit(&home("7.core_a"), &there).is_ok());
    }

    #[test]
    fn an_id_that_is_not_a_name_is_refused() {
        for id in ["", "-a", "Home-1", "a b", "a/b", "hömé", &"a".repeat(64)] {
            assert_eq!(reason(&home(id), []), Terminal::BadId(id.into()), "{id}");
        }
    }

    #[test]
    fn a_member_that_nobody_could_reach_or_use_is_refused() {
        let (mut nowhere, mut useless) = (home("home-1"), home("home-2"));
        nowhere.address = " ".into();
        useless.capacity = 0;
        assert_eq!(reason(&nowhere, []), Terminal::NoAddress("home-1".into()));
        assert_eq!(reason(&useless, []), Terminal::NoCapacity("home-2".into()));
    }

    #[test]
    fn a_member_whose_record_nobody_would_take_is_refused() {
        let mut lender = home("home-1");
        let lent = crate::Slot::all().map(|slot| (slot, "home-2".into()));
        lender.lent = lent.take(LENT_MAX + 1).collect();
        assert_eq!(reason(&lender, []), Terminal::LendsTooMuch("home-1".into()));
        lender.lent.pop_last();
        assert!(admit(&lender, &Members::default()).is_ok());
    }

    #[test]
    fn two_living_members_never_share_an_id() {
        assert_eq!(
            reason(&home("home-1"), [home("home-1")]),
            Terminal::AlreadyThere("home-1".into())
        );
    }

    #[test]
    fn another_version_is_refused_whoever_has_it() {
        let (mut placed, mut spoken) = (home("home-1"), home("home-2"));
        placed.placement += 1;
        spoken.protocol += 1;
        let (theirs, other) = (PLACEMENT_VERSION + 1, PROTOCOL_VERSION + 1);
        let expected = Terminal::OtherPlacement {
            id: "home-1".into(),
            theirs,
        };
        assert_eq!(reason(&placed, []), expected);
        assert_eq!(reason(&home("home-3"), [placed]), expected);
        let expected = Terminal::OtherProtocol {
            id: "home-2".into(),
            theirs: other,
        };
        assert_eq!(reason(&spoken, []), expected);
        assert_eq!(reason(&home("home-3"), [spoken]), expected);
    }

    #[test]
    fn a_reason_says_what_to_do() {
        let text = reason(&home("home-1"), [home("home-1")]).to_string();
        assert!(
            text.contains("home-1") && text.contains("an id of its own"),
            "{text}"
        );
        let mut other = home("home-1");
        other.placement = 9;
        let text = reason(&other, []).to_string();
        assert!(
            text.contains("version 9") && text.contains("the same release everywhere"),
            "{text}"
        );
    }
}
