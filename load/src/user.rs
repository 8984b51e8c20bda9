//! A user, however the cluster is reached.

use crate::attached::{self, Attached};
use crate::called::{self, Called, Listener};
use crate::rumours::Change;
use crate::world::{Letter, World};
use crate::{Error, Plan, Via};
use std::sync::Arc;
use tokio::sync::mpsc;

/// What a user is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Send a message.
    Send(Letter),
    /// Change one's state.
    Change(Change),
    /// Log off and end.
    LogOff,
}

/// What a user shows at a log-on.
#[derive(Clone, Debug)]
pub(crate) enum Proving {
    /// The password.
    Password,
    /// What an earlier log-on has left.
    Token(String),
}

/// Where users come in.
pub(crate) struct Doors {
    via: Via,
    attached: Arc<attached::Entrance>,
    /// Where somebody uses RVP.
    called: Option<Arc<called::Entrance>>,
}

/// A user who is logged on.
pub(crate) enum User {
    /// With a connection that is held open.
    Attached(Box<Attached>),
    /// With RVP.
    Called(Box<Called>),
}

impl Doors {
    /// Opens the listener for call-backs if somebody needs it.
    ///
    /// # Errors
    /// When this process cannot listen.
    pub(crate) async fn open(plan: &Plan, world: &Arc<World>, tasks: &daemon::Tasks) -> Result<Self, Error> {
        let called = match plan.routers.first().filter(|_| plan.via != Via::Attachment) {
            Some(router) => {
                let listener = Listener::bind(router).await?;
                let address = listener.address();
                listener.serve(Arc::clone(world), tasks);
                let entrance = called::Entrance::new(Arc::clone(world), plan, address, tasks);
                Some(Arc::new(entrance))
            }
            None => None,
        };
        Ok(Self {
            via: plan.via,
            attached: Arc::new(attached::Entrance::new(Arc::clone(world), plan)),
            called,
        })
    }

    /// The door of somebody who uses RVP.
    fn called(&self, me: u32) -> Option<&Arc<called::Entrance>> {
        self.called.as_ref().filter(|_| !self.via.is_attached(me))
    }

    /// Logs a user on, sets the state online and watches all contacts. Comes back when it is told to.
    ///
    /// # Errors
    /// Why it is not let in.
    pub(crate) async fn log_on(&self, me: u32, proving: &Proving) -> Result<User, Error> {
        if let Some(entrance) = self.called(me) {
            let called = Box::pin(entrance.log_on(me)).await?;
            return Ok(User::Called(Box::new(called)));
        }
        let attached = Box::pin(self.attached.log_on(me, proving)).await?;
        Ok(User::Attached(Box::new(attached)))
    }

    /// Logs a user on with the password and off again, and returns what the next log-on may show. Digest costs a client
    /// nothing that would have to be left for later.
    ///
    /// # Errors
    /// Why it is not let in.
    pub(crate) async fn visit(&self, me: u32) -> Result<Proving, Error> {
        if self.called(me).is_some() {
            return Ok(Proving::Password);
        }
        let token = Box::pin(self.attached.visit(me)).await?;
        Ok(Proving::Token(token))
    }
}

impl User {
    /// Does as it is told until it is told to log off. Returns what the next log-on may show; none of one who could not
    /// go on.
    pub(crate) async fn live(self, orders: mpsc::Receiver<Order>) -> Option<Proving> {
        match self {
            Self::Attached(attached) => Box::pin(attached.live(orders)).await,
            Self::Called(called) => Box::pin(called.live(orders)).await,
        }
    }
}
