//! The set of living members at one epoch.

use crate::{Member, MemberId};
use std::collections::BTreeMap;

/// The living members at an epoch, in order of their ids. Never changes; a new set is a new value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Members {
    epoch: u64,
    by_id: Box<[Member]>,
}

impl Members {
    /// The set at an epoch. The order in which members are given does not matter; of two with one id, which a
    /// membership never has, the last given counts.
    pub fn new(epoch: u64, members: impl IntoIterator<Item = Member>) -> Self {
        let by_id: BTreeMap<MemberId, Member> = members
            .into_iter()
            .map(|member| (member.id.clone(), member))
            .collect();
        Self {
            epoch,
            by_id: by_id.into_values().collect(),
        }
    }

    /// The version of the set: greater with every change.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The member of this id.
    #[must_use]
    pub fn get(&self, id: &MemberId) -> Option<&Member> {
        let at = self.by_id.binary_search_by(|member| member.id.cmp(id)).ok()?;
        self.by_id.get(at)
    }

    /// Everybody, in order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Member> + Clone {
        self.by_id.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The position of a member in [`Members::iter`].
    pub(crate) fn position(&self, id: &MemberId) -> Option<u16> {
        let at = self.by_id.binary_search_by(|member| member.id.cmp(id)).ok()?;
        u16::try_from(at).ok()
    }

    /// The member at a position of [`Members::iter`], which is what an assignment keeps.
    pub(crate) fn at(&self, position: u16) -> Option<&Member> {
        self.by_id.get(usize::from(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, capacity: u32) -> Member {
        Member::new(id.into(), format!("{id}:7400"), "core", capacity)
    }

    #[test]
    fn members_are_kept_in_order_of_their_ids() {
        let members = Members::new(7, [member("c", 1), member("a", 2), member("b", 3)]);
        let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert_eq!(members.epoch(), 7);
        assert_eq!(members.get(&"b".into()).map(|member| member.capacity), Some(3));
        assert_eq!(members.get(&"d".into()), None);
    }

    #[test]
    fn nobody_is_a_set_too() {
        assert!(Members::default().is_empty());
        assert_eq!(Members::default().len(), 0);
    }
}
