//! This home's own place among the members, for whoever here changes something about it.

use membership::{Error, Joined, MemberChange, MemberId, Terminal};
use std::sync::Arc;
use tokio::sync::Mutex;

/// The home's membership. Cloning copies a pointer; changes are made one after the other.
#[derive(Clone)]
pub(crate) struct Standing {
    me: MemberId,
    joined: Arc<Mutex<Option<Box<dyn Joined>>>>,
}

impl Standing {
    pub(crate) fn new(me: MemberId, joined: Box<dyn Joined>) -> Self {
        Self {
            me,
            joined: Arc::new(Mutex::new(Some(joined))),
        }
    }

    /// Tells the others.
    ///
    /// # Errors
    /// As [`Joined::update`]; the lease counts as lost when this home has left.
    pub(crate) async fn update(&self, change: MemberChange) -> Result<(), Error> {
        match self.joined.lock().await.as_mut() {
            Some(joined) => joined.update(change).await,
            None => Err(Terminal::LeaseLost(self.me.clone()).into()),
        }
    }

    /// Leaves. Nothing can be changed any more.
    ///
    /// # Errors
    /// As [`Joined::leave`].
    pub(crate) async fn leave(&self) -> Result<(), Error> {
        match self.joined.lock().await.take() {
            Some(joined) => joined.leave().await,
            None => Ok(()),
        }
    }
}
