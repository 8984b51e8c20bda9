//! This home's own place among the members, for whoever here changes something about it.

use membership::{Error, Joined, Member, MemberChange, MemberId, Phase, Terminal};
use std::sync::Arc;
use tokio::sync::Mutex;

/// The home's membership. Cloning copies a pointer; changes are made one after the other.
#[derive(Clone)]
pub(crate) struct Standing {
    me: MemberId,
    place: Arc<Mutex<Place>>,
}

struct Place {
    /// None when this home has left, for good.
    joined: Option<Box<dyn Joined>>,
    /// What was last said of it.
    phase: Phase,
}

impl Standing {
    pub(crate) fn new(member: Member, joined: Box<dyn Joined>) -> Self {
        let place = Place {
            joined: Some(joined),
            phase: member.phase,
        };
        Self {
            me: member.id,
            place: Arc::new(Mutex::new(place)),
        }
    }

    /// Tells the others.
    ///
    /// # Errors
    /// As [`Joined::update`]; the lease counts as lost when this home has left.
    pub(crate) async fn update(&self, change: MemberChange) -> Result<(), Error> {
        let mut place = self.place.lock().await;
        place.phase = change.phase.unwrap_or(place.phase);
        match place.joined.as_mut() {
            Some(joined) => joined.update(change).await,
            None => Err(Terminal::LeaseLost(self.me.clone()).into()),
        }
    }

    /// The phase that was last asked for.
    pub(crate) async fn phase(&self) -> Phase {
        self.place.lock().await.phase
    }

    /// Goes on with another lease, in the place of one that is lost.
    pub(crate) async fn replace(&self, joined: Box<dyn Joined>) {
        let mut place = self.place.lock().await;
        if place.joined.is_some() {
            place.joined = Some(joined);
            return;
        }
        // It has left meanwhile.
        if let Err(error) = joined.leave().await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(error, "the lease was not given back, it ends by itself");
        }
    }

    /// Leaves. Nothing can be changed any more.
    ///
    /// # Errors
    /// As [`Joined::leave`].
    pub(crate) async fn leave(&self) -> Result<(), Error> {
        match self.place.lock().await.joined.take() {
            Some(joined) => joined.leave().await,
            None => Ok(()),
        }
    }
}
