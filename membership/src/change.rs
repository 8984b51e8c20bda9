//! What a member changes in its own record.

use crate::{Error, LENT_MAX, Member, MemberId, Phase, Slot, Terminal};

/// Changes that everybody learns of at once, with one epoch. What is not named stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberChange {
    /// Where it is in its life now.
    pub phase: Option<Phase>,
    /// Whether it has hardly any room now.
    pub full: Option<bool>,
    /// Slots to lend, and to whom; a slot that is lent already gets another borrower.
    pub lend: Vec<(Slot, MemberId)>,
    /// Slots that are not lent any more.
    pub take_back: Vec<Slot>,
}

impl MemberChange {
    /// Another phase.
    #[must_use]
    pub fn phase(phase: Phase) -> Self {
        Self {
            phase: Some(phase),
            ..Self::default()
        }
    }

    /// The record as it is afterwards.
    ///
    /// # Errors
    /// [`Terminal::LendsTooMuch`].
    pub fn apply(&self, member: &Member) -> Result<Member, Error> {
        let mut member = member.clone();
        member.phase = self.phase.unwrap_or(member.phase);
        member.full = self.full.unwrap_or(member.full);
        for slot in &self.take_back {
            member.lent.remove(slot);
        }
        member.lent.extend(self.lend.iter().cloned());
        if member.lent.len() > LENT_MAX {
            return Err(Terminal::LendsTooMuch(member.id).into());
        }
        Ok(member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(numbers: std::ops::Range<u16>) -> impl Iterator<Item = Slot> {
        numbers.filter_map(Slot::new)
    }

    #[test]
    fn what_is_not_named_stays() {
        let member = Member::new("home-1".into(), "127.0.0.1:7400", "core", 10);
        let lend = slots(1..4).map(|slot| (slot, "home-2".into())).collect();
        let lending = MemberChange {
            full: Some(true),
            lend,
            ..MemberChange::default()
        };
        let lent = lending.apply(&member).unwrap();
        assert_eq!(
            (lent.phase, lent.full, lent.lent.len()),
            (Phase::Joining, true, 3)
        );
        let taking = MemberChange {
            take_back: slots(2..9).collect(),
            ..MemberChange::phase(Phase::Active)
        };
        let left = taking.apply(&lent).unwrap();
        assert_eq!((left.phase, left.full), (Phase::Active, true));
        assert_eq!(
            left.lent.keys().copied().collect::<Vec<_>>(),
            slots(1..2).collect::<Vec<_>>()
        );
    }

    #[test]
    fn nobody_lends_without_end() {
        let member = Member::new("home-1".into(), "127.0.0.1:7400", "core", 10);
        let lend = |count| MemberChange {
            lend: slots(0..count).map(|slot| (slot, "home-2".into())).collect(),
            ..MemberChange::default()
        };
        assert!(lend(1_024).apply(&member).is_ok());
        let refused = lend(1_025).apply(&member).unwrap_err();
        assert!(refused.to_string().contains("home-1"), "{refused}");
    }
}
