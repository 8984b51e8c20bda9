//! Changes of what is kept of a person.

use crate::{ArchiveEntry, Contact, Fenced, KeptMessage, Login, PropertySubscription, View};
use rvp::{AccessList, PresenceState, Principal, SubscriptionId, ViewId};
use std::time::SystemTime;

/// A change of one person's state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// Whose.
    pub principal: Principal,
    /// The person's slot.
    pub slot: u16,
    /// The epoch at which the home that writes took the slot over. The write is left out if there is a newer
    /// claim of the slot.
    pub epoch: u64,
    /// What changes.
    pub change: Change,
}

impl Write {
    /// The newer claim because of which the write is left out, if it is. `fenced` is ascending by slot.
    pub(crate) fn fence(&self, fenced: &[Fenced]) -> Option<Fenced> {
        let place = fenced.binary_search_by_key(&self.slot, |fenced| fenced.slot);
        let fenced = *fenced.get(place.ok()?)?;
        // Of a slot that was lost and taken over again, newer writes may be in the same group.
        (self.epoch < fenced.epoch).then_some(fenced)
    }
}

/// What changes. Putting replaces what has the same id; removing what is not there does nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A login was made or renewed.
    PutLogin(Login),
    /// A login ends later than it did, and nothing else of it changes. See [`Change::RenewSubscription`].
    RenewLogin(SubscriptionId, SystemTime),
    /// A login ended.
    RemoveLogin(SubscriptionId),
    /// A view was set.
    PutView(View),
    /// A view ended.
    RemoveView(ViewId),
    /// A property subscription was made or renewed.
    PutSubscription(PropertySubscription),
    /// A property subscription ends later than it did, and nothing else of it changes.
    ///
    /// [`crate::Writer`] does not hurry with renewals: whoever makes one is answered at once, and it is durable
    /// [`crate::RENEWAL_DELAY`] later at most. So it is for what ends much later than that anyway.
    RenewSubscription(SubscriptionId, SystemTime),
    /// A property subscription ended.
    RemoveSubscription(SubscriptionId),
    /// The access list was set.
    PutAccess(AccessList),
    /// The person set the display name.
    PutDisplayName(String),
    /// Watchers were told this state. [`crate::Writer`] does not hurry with it, as with a renewal: lost in a crash, it
    /// leaves an older one, or none, and they are told again.
    PutTold(PresenceState),
    /// Watchers are about to be told something else: until it is known that all were, nobody can say what they know.
    ForgetTold,
    /// A message is kept for the person.
    PutMessage(KeptMessage),
    /// A client took the messages of these numbers, at this time: their documents are dropped, their headers
    /// stay until they are forgotten. Of a message that was taken before, the first time stays.
    TakeMessages(Vec<u64>, SystemTime),
    /// The messages of these numbers are dropped altogether: expired, or remembered for long enough.
    ForgetMessages(Vec<u64>),
    /// The contact list was set. The whole list, in the person's order.
    PutContacts(Vec<Contact>),
    /// Something was said that the archive keeps. Each is appended, whatever is there already: writing it again
    /// makes a second entry.
    Archive(ArchiveEntry),
}

impl Change {
    /// Whether this may become durable a little later than it is acknowledged.
    pub(crate) fn may_wait(&self) -> bool {
        matches!(
            self,
            Self::RenewLogin(..) | Self::RenewSubscription(..) | Self::PutTold(_)
        )
    }
}
