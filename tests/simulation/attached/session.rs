//! How a client logs on, and goes on with its session wherever it finds a router.

use super::connection::{Connection, Said, Socket};
use super::{AttachedClient, Place, refusal};
use crate::client::ROUTER_PORT;
use crate::history::{Asked, Event, Gave, Person};
use crate::listener::Manner;
use crate::network::SimNetwork;
use crate::people::principal;
use crate::time::pass;
use attachment::scram::Keys;
use attachment::{CloseCode, Next, Proof, ServerFrame, Welcome};
use rand::RngExt;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rvp::PresenceState;
use std::collections::{BTreeMap, VecDeque};
use std::sync::OnceLock;
use std::time::Duration;
use tests::accounts::PASSWORD;
use tests::attached::NoWelcome;
use tests::wire::CLIENT_PATIENCE;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite;

/// How long the home keeps a login that nobody ends (docs/attachment.md says nothing of it: routers renew it).
const LOGIN_SECONDS: u32 = 14_400;
/// A client comes back after a random part of a second.
const COME_BACK_WITHIN: u64 = 1_000;
/// How often it tries: for minutes, longer than anything is broken.
const TRIES: usize = 240;
/// How long it waits for a connection before it tries another router.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);
/// Requests that may wait to be said.
const SAID_MAX: usize = 64;

/// Everybody has the same password, and it is hashed once.
static KEYS: OnceLock<Keys> = OnceLock::new();

/// What a client remembers, whatever becomes of its connection.
pub(super) struct Memory {
    /// None of a client that has not logged on is 0.
    pub(super) session: u32,
    token: String,
    /// The sequence of the last message it has.
    pub(super) last: u64,
    /// Sender and id of the messages that it has shown.
    pub(super) shown: VecDeque<(String, String)>,
    /// Whom it watches, and by which subscription.
    pub(super) watches: BTreeMap<Person, Option<u32>>,
    /// The state that it wants, and whether that was answered.
    pub(super) state: Option<(PresenceState, bool)>,
    /// Another one with each log-on.
    generation: u64,
    requests: u32,
    random: SmallRng,
}

impl Memory {
    pub(super) fn new(random: SmallRng) -> Self {
        Self {
            session: 0,
            token: String::new(),
            last: 0,
            shown: VecDeque::new(),
            watches: BTreeMap::new(),
            state: None,
            generation: 0,
            requests: 0,
            random,
        }
    }

    /// A number that no request has.
    pub(super) fn number(&mut self) -> u32 {
        self.requests += 1;
        self.requests
    }

    fn resumption(&self) -> Proof {
        Proof::Resume {
            token: self.token.clone(),
            session: self.session.to_string(),
            last: self.last,
        }
    }

    /// Takes note of a session that begins, or goes on.
    fn begins(&mut self, welcome: &Welcome, session: u32) {
        self.session = session;
        self.token.clone_from(&welcome.token);
        if !welcome.resumed {
            self.last = 0;
        }
    }

    pub(super) fn set_token(&mut self, token: String) {
        self.token = token;
    }
}

/// A connection on which it is known who the client is.
struct Entered {
    router: String,
    socket: Socket,
    resumed: bool,
}

/// How to come back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Resume,
    LogOn,
}

impl AttachedClient {
    /// Begins a session, wherever it is let in. One that it had is left without a word, as by a client that is started
    /// again.
    pub(super) async fn log_on(&self, router: &str, watch: &[Person]) {
        let _returning = self.recorder.returning();
        self.lose().await;
        let generation = {
            let mut memory = self.memory();
            memory.generation += 1;
            memory.watches = watch.iter().map(|whom| (*whom, None)).collect();
            memory.state = Some((PresenceState::Online, false));
            memory.generation
        };
        self.shared.place.send_replace(Place::Between);
        let Some(entered) = self.enter_somewhere(generation, router, How::LogOn).await else {
            return self.end();
        };
        let (connection, said) = self.at(&entered);
        let client = self.clone();
        self.life.spawn(async move {
            client.live(generation, entered.socket, (connection, said)).await;
            Ok(())
        });
        self.set_up(true).await;
    }

    /// Logged off, or given up.
    pub(super) fn end(&self) {
        self.memory().generation += 1;
        self.shared.place.send_replace(Place::Off);
    }

    /// Has a connection, and another one whenever it is lost, until the session is over.
    async fn live(
        self,
        generation: u64,
        mut socket: Socket,
        (mut connection, mut said): (Connection, mpsc::Receiver<Said>),
    ) {
        loop {
            let code = self.serve(socket, &connection, said).await;
            if self.memory().generation != generation {
                return;
            }
            let returning = self.recorder.returning();
            let how = match code {
                None => How::Resume,
                Some(code) => {
                    let (who, router) = (self.me, connection.router.clone());
                    self.recorder.note(Event::Closed { who, router, code });
                    match CloseCode::from_code(code).map(CloseCode::next) {
                        Some(Next::Resume) => How::Resume,
                        Some(Next::LogOn) => How::LogOn,
                        Some(Next::Nothing | Next::AskPassword | Next::GiveUp) | None => {
                            return self.end();
                        }
                    }
                }
            };
            self.shared.place.send_replace(Place::Between);
            let router = self.any_router();
            let Some(entered) = self.enter_somewhere(generation, &router, how).await else {
                if self.memory().generation == generation {
                    self.end();
                }
                return;
            };
            (connection, said) = self.at(&entered);
            socket = entered.socket;
            let (client, anew) = (self.clone(), !entered.resumed);
            self.life.spawn(async move {
                client.set_up(anew).await;
                drop(returning);
                Ok(())
            });
        }
    }

    /// From now on requests go there.
    fn at(&self, entered: &Entered) -> (Connection, mpsc::Receiver<Said>) {
        let (say, said) = mpsc::channel(SAID_MAX);
        let router = entered.router.clone();
        let connection = Connection { router, say };
        self.shared.place.send_replace(Place::At(connection.clone()));
        (connection, said)
    }

    fn any_router(&self) -> String {
        let mut memory = self.memory();
        let router = self.routers.choose(&mut memory.random);
        router.expect("there are routers").clone()
    }

    /// Tries this router first, and then any, for as long as nothing else is wanted.
    async fn enter_somewhere(&self, generation: u64, first: &str, how: How) -> Option<Entered> {
        let mut router = first.to_owned();
        for attempt in 0..TRIES {
            if attempt > 0 || how == How::Resume {
                let wait = self.memory().random.random_range(0..COME_BACK_WITHIN);
                pass(Duration::from_millis(wait)).await;
            }
            self.manner
                .clone()
                .wait_for(|manner| *manner != Manner::Away)
                .await
                .ok()?;
            if self.memory().generation != generation {
                return None;
            }
            if let Some(entered) = self.enter(generation, &router, how).await {
                return Some(entered);
            }
            router = self.any_router();
        }
        None
    }

    async fn enter(&self, generation: u64, router: &str, how: How) -> Option<Entered> {
        let (asked, proof) = match how {
            How::LogOn => {
                let seconds = LOGIN_SECONDS;
                (Asked::LogOn { seconds }, None)
            }
            How::Resume => {
                let memory = self.memory();
                let login = memory.session;
                (Asked::Resume { login }, Some(memory.resumption()))
            }
        };
        let request = self.recorder.begin(self.me, router, asked);
        let entered = tokio::select! {
            biased;
            entered = self.open(router, proof) => entered,
            () = pass(CLIENT_PATIENCE) => Err(anyhow::anyhow!("no answer in time")),
            () = self.faults.lost(self.me, router) => Err(anyhow::anyhow!("no network")),
        };
        let session = entered.as_ref().ok().map(|(_, welcome)| welcome.session.parse());
        let (status, gave) = match (&entered, session) {
            (Ok((_, welcome)), Some(Ok(session))) => {
                let mut memory = self.memory();
                if memory.generation == generation {
                    memory.begins(welcome, session);
                }
                (Some(200), Gave::Subscription(session))
            }
            (Ok((_, welcome)), _) => {
                self.fail(router, format!("no session has this name: {welcome:?}"));
                (Some(200), Gave::Nothing)
            }
            (Err(error), _) => (self.refused(router, error), Gave::Nothing),
        };
        self.recorder.note(Event::Ended {
            request,
            status,
            gave,
        });
        let (socket, welcome) = entered.ok()?;
        if self.memory().generation != generation {
            return None;
        }
        let (router, resumed) = (router.to_owned(), welcome.resumed);
        Some(Entered {
            router,
            socket,
            resumed,
        })
    }

    /// The status of a refusal; none where there was no answer.
    fn refused(&self, router: &str, error: &anyhow::Error) -> Option<u16> {
        if let Some(tungstenite::Error::Http(answer)) = error.downcast_ref() {
            return Some(answer.status().as_u16());
        }
        match error.downcast_ref()? {
            NoWelcome::Answer(answer) => {
                let ServerFrame::Refused { why, .. } = **answer else {
                    self.fail(router, format!("no welcome: {answer:?}"));
                    return Some(500);
                };
                if !why.may_pass() {
                    self.fail(router, format!("{} is refused for good: {error}", self.me));
                }
                Some(refusal(why))
            }
            // It was not shown in time who the client is, since its home did not say.
            NoWelcome::Closed(Some(code)) if *code == CloseCode::NotAuthenticated.code() => Some(408),
            NoWelcome::Closed(_) => None,
        }
    }

    async fn open(&self, router: &str, proof: Option<Proof>) -> anyhow::Result<(Socket, Welcome)> {
        let network = SimNetwork {
            me: self.me.to_owned(),
            faults: self.faults.clone(),
        };
        let stream = tokio::select! {
            biased;
            stream = network.open(router, ROUTER_PORT) => stream?,
            () = pass(CONNECT_PATIENCE) => anyhow::bail!("it cannot be connected to"),
        };
        let mut socket = Socket::over(stream, router, None).await?;
        let welcome = match proof {
            Some(proof) => socket.with(proof).await?,
            None => {
                let me = principal(self.me).address();
                socket.with_keys(&me, PASSWORD, &KEYS).await?
            }
        };
        Ok((socket, welcome))
    }
}
