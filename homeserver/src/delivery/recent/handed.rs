//! A change that recipients were handed, and what of it is left when they are handed another.

use proto::Change;
use rvp::Property;
use std::sync::Arc;

/// Those who were handed a change, in their order, each once.
pub(super) type Recipients<R> = Arc<[Arc<R>]>;

/// A change that recipients were handed. They have it in common, until something newer replaces a part of it for some of
/// them.
#[derive(Debug)]
pub(super) struct Handed<R> {
    /// When, in nanoseconds; never twice the same.
    pub(super) at: u64,
    /// Which one of those that are known.
    pub(super) way: u32,
    pub(super) change: Arc<Change>,
    pub(super) recipients: Recipients<R>,
}

impl<R> Clone for Handed<R> {
    fn clone(&self) -> Self {
        Self {
            at: self.at,
            way: self.way,
            change: Arc::clone(&self.change),
            recipients: Arc::clone(&self.recipients),
        }
    }
}

impl<R: Ord> Handed<R> {
    /// Leaves out what is no news any more of what was handed over before, of changes of the same person.
    pub(super) fn replace(&self, before: &mut Vec<Self>) {
        if before.iter().any(|older| self.replaces(older)) {
            let all = std::mem::take(before).into_iter();
            *before = all.flat_map(|older| self.left_of(older)).collect();
        }
    }

    /// What is left of an older one: for others, and other properties.
    fn left_of(&self, older: Self) -> impl Iterator<Item = Self> {
        if !self.replaces(&older) {
            return [Some(older), None].into_iter().flatten();
        }
        let told = |each: &&Arc<R>| self.is_for(each);
        let (both, others) = if older.recipients == self.recipients {
            (Arc::clone(&older.recipients), Recipients::default())
        } else {
            let all = || older.recipients.iter();
            let others = all().filter(|each| !told(each));
            (
                all().filter(told).map(Arc::clone).collect(),
                others.map(Arc::clone).collect(),
            )
        };
        if both.is_empty() {
            return [Some(older), None].into_iter().flatten();
        }
        let properties = older.change.properties.iter();
        let left: Vec<Property> = properties.filter(|old| !self.change.sets(old)).cloned().collect();
        let part = (!left.is_empty()).then(|| Self {
            change: Arc::new(Change {
                presentity: older.change.presentity.clone(),
                properties: left,
                version: older.change.version,
            }),
            recipients: both,
            ..older
        });
        let rest = (!others.is_empty()).then(|| Self {
            recipients: others,
            ..older
        });
        [rest, part].into_iter().flatten()
    }

    /// Whether a part of an older one is no news any more, for those who were handed both.
    fn replaces(&self, older: &Self) -> bool {
        older.change.version <= self.change.version && self.sets_some_of(&older.change)
    }

    /// Whether a part of a change is older than this, for those who were handed this.
    pub(super) fn replaces_some_of(&self, change: &Change) -> bool {
        self.change.version > change.version && self.sets_some_of(change)
    }

    fn sets_some_of(&self, change: &Change) -> bool {
        change
            .properties
            .iter()
            .any(|property| self.change.sets(property))
    }

    pub(super) fn is_for(&self, recipient: &R) -> bool {
        let place = self.recipients.binary_search_by(|each| (**each).cmp(recipient));
        place.is_ok()
    }
}
