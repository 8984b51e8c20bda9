//! A user of RVP: asks by HTTP on a connection of its own, one thing after the other, and is called back at the listener
//! that all users of this process share.

mod calls;
mod listener;

pub(crate) use listener::Listener;

use crate::check::Answer;
use crate::patience::{FRESH_WAIT, Failed};
use crate::rumours::Change;
use crate::user::{Order, Proving};
use crate::world::{Letter, World};
use crate::{Error, Plan, Router};
use attachment::State;
use calls::{Answered, Calls};
use rvp::method::proppatch::{Patch, StatePatch};
use rvp::method::{Notify, Proppatch, Subscribe, Unsubscribe};
use rvp::mime::Mime;
use rvp::notification::{AckType, MessageKind, Notification, compose};
use rvp::property::Lease;
use rvp::{
    CallBack, ClientUrl, Identity, Lifetime, MessageId, Method, PresenceState, Property, Reply,
    SubscriptionId, SubscriptionKind,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

/// How long a router that is gone is looked for.
const COME_BACK_WAIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(300);
/// How long the answer to a log-off may take.
const FAREWELL_WAIT: Duration = Duration::from_secs(10);
/// Beyond the time that is measured, what is subscribed and leased lives so long.
const LIFETIME_BEYOND: u32 = 900;
/// The conversation of all messages.
const SESSION: &str = "{8E0B1C52-4D63-4B1E-9C5A-2F6D1A7B3C90}";

/// Where users of RVP come in.
pub(crate) struct Entrance {
    pub(crate) world: Arc<World>,
    routers: Vec<Router>,
    password: String,
    listens: SocketAddr,
    lifetime: Lifetime,
    fresh_until: Option<Instant>,
    /// The newest nonce of each router.
    nonces: Vec<Mutex<Option<String>>>,
    connections: daemon::Spawner,
}

/// A user who is logged on.
pub(crate) struct Called {
    me: u32,
    entrance: Arc<Entrance>,
    calls: Calls,
    login: SubscriptionId,
}

impl Entrance {
    pub(crate) fn new(world: Arc<World>, plan: &Plan, listens: SocketAddr, tasks: &daemon::Tasks) -> Self {
        Self {
            world,
            routers: plan.routers.clone(),
            password: plan.password.clone(),
            listens,
            lifetime: Lifetime(plan.seconds + LIFETIME_BEYOND),
            fresh_until: plan.fresh_accounts.then(|| Instant::now() + FRESH_WAIT),
            nonces: plan.routers.iter().map(|_| Mutex::default()).collect(),
            connections: tasks.spawner("connection", daemon::OnError::Log),
        }
    }

    /// Logs a user on, sets the state online and watches all contacts. Comes back when it is told to.
    ///
    /// # Errors
    /// Why it is not let in.
    pub(crate) async fn log_on(self: &Arc<Self>, me: u32) -> Result<Called, Error> {
        self.world
            .insist(me, async || Box::pin(self.attempt(me)).await)
            .await
    }

    async fn attempt(self: &Arc<Self>, me: u32) -> Result<Called, Failed> {
        let mut calls = Calls::new(Arc::clone(self), me);
        let own = self.world.people.person(me).clone();
        let url = format!("http://{}/{me}", self.listens);
        let call_back = ClientUrl::parse(&url).map_err(|error| self.ended(me, &error.to_string()))?;
        let login = self.subscription(SubscriptionKind::Login, CallBack::Client(call_back));
        let reply = self.ask(&mut calls, me, &own, login).await?;
        let Reply::Subscribed { id: login, .. } = reply else {
            return Err(self.ended(me, "the log-on was not answered as one"));
        };
        let lease = Lease {
            default: PresenceState::Offline,
            timeout: self.lifetime,
        };
        let online = set(PresenceState::Online, Some(lease));
        self.ask(&mut calls, me, &own, online).await?;
        for who in self.world.contacts(me) {
            let whom = self.world.people.person(who).clone();
            let watch = self.subscription(SubscriptionKind::Property, CallBack::Principal(own.clone()));
            let reply = self.ask(&mut calls, me, &whom, watch).await?;
            if let Reply::Subscribed {
                properties: Some(properties),
                ..
            } = reply
                && let Some(state) = state(&properties.found)
            {
                self.world.watching(me, &whom.address(), state);
            }
        }
        Ok(Called {
            me,
            entrance: Arc::clone(self),
            calls,
            login,
        })
    }

    fn subscription(&self, kind: SubscriptionKind, call_back: CallBack) -> Method {
        Method::Subscribe(Subscribe::New {
            kind,
            call_back,
            lifetime: self.lifetime,
        })
    }

    /// Asks for something that a log-on needs.
    async fn ask(
        &self,
        calls: &mut Calls,
        me: u32,
        target: &rvp::Principal,
        method: Method,
    ) -> Result<Reply, Failed> {
        let answered = calls
            .ask(target, &method)
            .await
            .map_err(|why| self.ended(me, &why))?;
        let is_fresh = || self.fresh_until.is_some_and(|until| Instant::now() < until);
        let is_unknown = answered.parts.status == http::StatusCode::NOT_FOUND;
        if (answered.is_unauthenticated() || is_unknown) && is_fresh() {
            return Err(Failed::Later(PAUSE));
        }
        if answered.is_unauthenticated() {
            let who = self.world.people.address(me).to_owned();
            return Err(Failed::Ended(Error::WrongCredentials { who }));
        }
        if let Some(wait) = answered.retry_after() {
            return Err(Failed::Later(wait));
        }
        let reply = Reply::parse(&method, &answered.parts, &answered.body);
        reply.map_err(|error| {
            let why = format!(
                "{} was answered {}: {error}",
                method.name(),
                answered.parts.status
            );
            self.ended(me, &why)
        })
    }

    fn ended(&self, me: u32, why: &str) -> Failed {
        Failed::Ended(self.world.not_ready(me, why))
    }
}

fn set(state: PresenceState, lease: Option<Lease>) -> Method {
    let view = None;
    let patch = StatePatch { state, lease, view };
    Method::Proppatch(Proppatch {
        patches: vec![Patch::State(patch)],
    })
}

impl Called {
    /// Does as it is told until it is told to log off. Returns what the next log-on may show.
    pub(crate) async fn live(mut self, mut orders: mpsc::Receiver<Order>) -> Option<Proving> {
        while let Some(order) = orders.recv().await {
            let done = match order {
                Order::Send(letter) => self.send(letter).await,
                Order::Change(change) => self.change(change).await,
                Order::LogOff => break,
            };
            if let Err(why) = done {
                let me = self.entrance.world.people.address(self.me);
                self.entrance.world.ended(format!("{me}: {why}"));
                return None;
            }
        }
        self.log_off().await;
        Some(Proving::Password)
    }

    async fn send(&mut self, letter: Letter) -> Result<(), String> {
        let world = Arc::clone(&self.entrance.world);
        let text = world.begins(&letter);
        let own = Identity::Person(world.people.person(self.me).clone());
        let to = world.people.person(letter.to).clone();
        let mime = Mime {
            kind: MessageKind::Text,
            session_id: SESSION.to_owned(),
            format: None,
            typing_user: None,
            text,
        };
        let id = format!("{:x}-{}", letter.stamp.run, letter.stamp.number);
        let document = compose(&own, &[Identity::Person(to.clone())], &mime);
        let notify = Notify {
            ack: AckType::DeepOr,
            hop: 1,
            subscription: None,
            id: Some(MessageId::parse(&id).map_err(|error| error.to_string())?),
            notification: Notification::parse(document).map_err(|error| error.to_string())?,
        };
        let answered = self.insist(&to, &Method::Notify(notify)).await?;
        let answer = match answered.parts.status {
            http::StatusCode::OK => Answer::Delivered,
            http::StatusCode::ACCEPTED => Answer::Stored,
            _ => Answer::Refused,
        };
        world.answered(&letter, answer);
        Ok(())
    }

    async fn change(&mut self, change: Change) -> Result<(), String> {
        let world = Arc::clone(&self.entrance.world);
        let own = world.people.person(self.me).clone();
        let state = PresenceState::from_name(change.state.name()).ok_or("there is no such state")?;
        let answered = self.insist(&own, &set(state, None)).await?;
        world.changed(self.me, answered.parts.status.is_success());
        Ok(())
    }

    /// Asks, and asks again at another router when a connection is lost: a message has an id, and to set a state twice
    /// does no harm.
    async fn insist(&mut self, target: &rvp::Principal, method: &Method) -> Result<Answered, String> {
        let began = Instant::now();
        loop {
            match self.calls.ask(target, method).await {
                Ok(answered) => return Ok(answered),
                Err(why) if began.elapsed() > COME_BACK_WAIT => return Err(why),
                Err(_) => {
                    self.calls.next_router();
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn log_off(mut self) {
        let own = self.entrance.world.people.person(self.me).clone();
        let method = Method::Unsubscribe(Unsubscribe { id: self.login });
        // Nothing is measured any more; what is watched ends by itself.
        let _ = timeout(FAREWELL_WAIT, self.calls.ask(&own, &method)).await;
    }
}

/// The state among properties.
fn state(properties: &[Property]) -> Option<State> {
    properties.iter().find_map(|property| match property {
        Property::State(state) => State::from_name(state.name()),
        Property::DisplayName(_)
        | Property::Email(_)
        | Property::MobileState(_)
        | Property::MobileDescription(_) => None,
    })
}
