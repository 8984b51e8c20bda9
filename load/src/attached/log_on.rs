//! Log-ons: with the password, or with what an earlier one has left, so that it is the server that is measured and not
//! the hashing of this process.

use super::socket::{Refused, Socket};
use super::watch::watch_many_max;
use super::{Attached, STATE};
use crate::patience::{FRESH_WAIT, Failed};
use crate::user::Proving;
use crate::world::World;
use crate::{Error, Plan, Router};
use attachment::scram::{Conversation, Keys};
use attachment::{ClientFrame, Proof, ServerFrame, State, Welcome, Why};
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The wait where none is named.
const PAUSE: Duration = Duration::from_millis(500);

/// Where and how users come in.
pub(crate) struct Entrance {
    pub(crate) world: Arc<World>,
    routers: Vec<Router>,
    password: String,
    /// Until then an account that is not known may still become known.
    fresh_until: Option<Instant>,
    /// By salt: accounts that were made together have the same.
    keys: Mutex<HashMap<Vec<u8>, Arc<Keys>>>,
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Later(wait) => Self::Later(wait),
            Refused::Lost(error) => Self::Lost(error),
            Refused::Failed(error) => Self::Ended(error),
        }
    }
}

impl Entrance {
    pub(crate) fn new(world: Arc<World>, plan: &Plan) -> Self {
        Self {
            world,
            routers: plan.routers.clone(),
            password: plan.password.clone(),
            fresh_until: plan.fresh_accounts.then(|| Instant::now() + FRESH_WAIT),
            keys: Mutex::default(),
        }
    }

    /// Everybody has a router, and another one when that is lost.
    fn router(&self, who: u32, attempt: usize) -> &Router {
        &self.routers[(who as usize + attempt) % self.routers.len()]
    }

    /// Logs a user on, sets the state online and watches all contacts. Comes back when it is told to.
    ///
    /// # Errors
    /// Why it is not let in.
    pub(crate) async fn log_on(self: &Arc<Self>, me: u32, proving: &Proving) -> Result<Attached, Error> {
        self.insist(me, proving, true).await
    }

    /// Logs a user on and off again, and returns a token for the next time.
    ///
    /// # Errors
    /// Why it is not let in.
    pub(crate) async fn visit(self: &Arc<Self>, me: u32) -> Result<String, Error> {
        let visited = self.insist(me, &Proving::Password, false).await?;
        let token = visited.token.clone();
        visited.log_off().await;
        Ok(token)
    }

    async fn insist(self: &Arc<Self>, me: u32, proving: &Proving, stays: bool) -> Result<Attached, Error> {
        let attempt = || -> BoxFuture<'_, Result<Attached, Failed>> {
            if stays {
                Box::pin(self.attempt(me, proving))
            } else {
                Box::pin(self.arrive(me, proving))
            }
        };
        self.world.insist(me, attempt).await
    }

    async fn attempt(self: &Arc<Self>, me: u32, proving: &Proving) -> Result<Attached, Failed> {
        let mut attached = self.arrive(me, proving).await?;
        attached.watched = self
            .world
            .contacts(me)
            .into_iter()
            .map(|who| (who, None))
            .collect();
        let state = State::Online;
        attached
            .ask(&ClientFrame::State {
                request: STATE,
                state,
            })
            .await?;
        attached.watch().await.map_err(|why| self.lost(me, &why))?;
        Ok(attached)
    }

    async fn arrive(self: &Arc<Self>, me: u32, proving: &Proving) -> Result<Attached, Failed> {
        let mut socket = self.knock(me).await?;
        let welcome = match proving {
            Proving::Password => self.with_password(&mut socket, me).await?,
            Proving::Token(token) => self.with_token(&mut socket, me, token).await?,
        };
        Ok(Attached {
            me,
            entrance: Arc::clone(self),
            socket,
            watch_many_max: watch_many_max(&welcome),
            token: welcome.token,
            session: welcome.session,
            last: 0,
            state: State::Online,
            changing: false,
            watched: Vec::new(),
            open: BTreeMap::new(),
        })
    }

    /// A connection to the user's router, or to the next one that answers where it is gone.
    async fn knock(&self, me: u32) -> Result<Socket, Failed> {
        let mut attempt = 0;
        loop {
            let opened = Socket::open(self.router(me, attempt)).await;
            attempt += 1;
            match opened {
                Err(Refused::Failed(Error::Unreachable { .. })) if attempt < self.routers.len() => {}
                Ok(_) | Err(_) => return opened.map_err(Failed::from),
            }
        }
    }

    async fn with_token(&self, socket: &mut Socket, me: u32, token: &str) -> Result<Welcome, Failed> {
        let answer = self
            .authenticate(socket, me, 1, Proof::Token(token.to_owned()))
            .await?;
        if let ServerFrame::Welcome(welcome) = answer {
            Ok(welcome)
        } else {
            Err(self.ended(me, "it was not welcomed"))
        }
    }

    async fn with_password(&self, socket: &mut Socket, me: u32) -> Result<Welcome, Failed> {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let conversation = Conversation::new(self.world.people.address(me), &self.password, &nonce);
        let proof = Proof::ScramFirst(conversation.first());
        let answer = self.authenticate(socket, me, 1, proof).await?;
        let ServerFrame::Challenge { scram, .. } = answer else {
            return Err(self.ended(me, "it was not challenged"));
        };
        let wrong = |error: attachment::scram::ScramError| self.ended(me, &error.to_string());
        let keys = self.keys(&scram).map_err(wrong)?;
        let (last, unproved) = conversation.answer_with(&scram, &keys).map_err(wrong)?;
        let answer = self.authenticate(socket, me, 2, Proof::ScramFinal(last)).await?;
        let ServerFrame::Welcome(welcome) = answer else {
            return Err(self.ended(me, "it was not welcomed"));
        };
        unproved
            .verify(welcome.scram.as_deref().unwrap_or_default())
            .map_err(wrong)?;
        Ok(welcome)
    }

    /// The keys for a challenge, hashed only once for each salt.
    fn keys(&self, challenge: &str) -> Result<Arc<Keys>, attachment::scram::ScramError> {
        let kept = || self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let salt = attachment::scram::ServerFirst::parse(challenge).map(|challenge| challenge.salt);
        if let Some(keys) = salt.and_then(|salt| kept().get(&salt).cloned()) {
            return Ok(keys);
        }
        let keys = Arc::new(Keys::derive(&self.password, challenge)?);
        kept().insert(keys.salt().to_vec(), Arc::clone(&keys));
        Ok(keys)
    }

    async fn authenticate(
        &self,
        socket: &mut Socket,
        me: u32,
        request: u32,
        proof: Proof,
    ) -> Result<ServerFrame, Failed> {
        let asked = socket.say(&ClientFrame::Authenticate { request, proof }).await;
        let answer = match asked {
            Ok(()) => socket.frame().await,
            Err(why) => Err(why),
        };
        match answer {
            Ok(ServerFrame::Refused { why, retry_after, .. }) => Err(self.refused(me, why, retry_after)),
            Ok(frame) => Ok(frame),
            Err(why) => Err(self.lost(me, &why)),
        }
    }

    fn refused(&self, me: u32, why: Why, retry_after: Option<u32>) -> Failed {
        let is_fresh = || self.fresh_until.is_some_and(|until| Instant::now() < until);
        if why.may_pass() || (why == Why::WrongCredentials && is_fresh()) {
            Failed::Later(retry_after.map_or(PAUSE, |seconds| Duration::from_secs(seconds.into())))
        } else {
            Failed::Ended(Error::refused(self.world.people.address(me), why))
        }
    }

    /// The connection was lost in the middle of it.
    fn lost(&self, me: u32, why: &str) -> Failed {
        self.world.lost_connection(me);
        Failed::Lost(self.world.not_ready(me, why))
    }

    fn ended(&self, me: u32, why: &str) -> Failed {
        Failed::Ended(self.world.not_ready(me, why))
    }

    /// Goes on with a session at another router for each attempt.
    pub(super) async fn resume(
        &self,
        me: u32,
        attempt: usize,
        proof: Proof,
    ) -> Result<(Socket, Welcome), ()> {
        let mut socket = Socket::open(self.router(me, attempt)).await.map_err(|_| ())?;
        match self.authenticate(&mut socket, me, 1, proof).await {
            Ok(ServerFrame::Welcome(welcome)) => Ok((socket, welcome)),
            Ok(_) | Err(_) => Err(()),
        }
    }
}

impl Attached {
    /// Asks while nothing else is under way, and waits until it is done.
    async fn ask(&mut self, frame: &ClientFrame) -> Result<(), Failed> {
        let (me, entrance) = (self.me, Arc::clone(&self.entrance));
        let failed = |why: String| entrance.lost(me, &why);
        self.socket.say(frame).await.map_err(failed)?;
        loop {
            let answer = self.socket.frame().await.map_err(failed)?;
            if answer.request() == frame.request() && answer.ends_request() {
                if let ServerFrame::Refused { why, retry_after, .. } = answer {
                    return Err(entrance.refused(me, why, retry_after));
                }
                return Ok(());
            }
            // What was kept since an earlier time.
            self.hear(answer).await.map_err(failed)?;
        }
    }
}
