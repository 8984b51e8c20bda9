//! A person's state piece by piece, for making it durable again where that has failed.

use super::Presentity;
use rvp::{SubscriptionId, ViewId};
use store::Change;

/// A piece of a person's state that is kept. What it is now is made durable, not what it was when that failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Piece {
    Login(SubscriptionId),
    View(ViewId),
    Subscription(SubscriptionId),
    Access,
    DisplayName,
    Told,
}

impl Piece {
    /// What a change is of. None for messages, which their senders or the core try again, for contacts, and for what
    /// is archived.
    pub(crate) fn of(change: &Change) -> Option<Self> {
        Some(match change {
            Change::PutLogin(login) => Self::Login(login.id),
            Change::RenewLogin(id, _) | Change::RemoveLogin(id) => Self::Login(*id),
            Change::PutView(view) => Self::View(view.id),
            Change::RemoveView(id) => Self::View(*id),
            Change::PutSubscription(subscription) => Self::Subscription(subscription.id),
            Change::RenewSubscription(id, _) | Change::RemoveSubscription(id) => Self::Subscription(*id),
            Change::PutAccess(_) => Self::Access,
            Change::PutDisplayName(_) => Self::DisplayName,
            Change::PutTold(_) | Change::ForgetTold => Self::Told,
            Change::PutMessage(_)
            | Change::TakeMessages(..)
            | Change::ForgetMessages(_)
            | Change::PutContacts(_)
            | Change::Archive(_) => return None,
        })
    }
}

impl Presentity {
    /// What makes a piece durable as it is now.
    pub(crate) fn saving(&self, piece: Piece) -> Change {
        match piece {
            Piece::Login(id) => match self.logins.get(id) {
                Some(login) => Change::PutLogin(login.clone()),
                None => Change::RemoveLogin(id),
            },
            Piece::View(id) => match self.views.get(id) {
                Some(view) => Change::PutView(view.clone()),
                None => Change::RemoveView(id),
            },
            Piece::Subscription(id) => match self.watchers.get(id) {
                Some(subscription) => Change::PutSubscription(subscription),
                None => Change::RemoveSubscription(id),
            },
            Piece::Access => Change::PutAccess(self.access.list()),
            Piece::DisplayName => Change::PutDisplayName(self.account.display_name.clone()),
            Piece::Told => self.spread.saving(),
        }
    }
}
