//! A client that goes on by itself: it acknowledges what it gets, gives signs of life, and keeps what it heard until
//! somebody asks for it.

use super::socket::{Came, Socket};
use crate::accounts::PASSWORD;
use crate::wait::{PATIENCE, within};
use anyhow::{Context, bail, ensure};
use attachment::limits::{HEARTBEAT, REMEMBERED_MAX};
use attachment::{ClientFrame, Presence, Proof, Received, ServerFrame, Welcome};
use daemon::{OnError, Tasks};
use rvp::Principal;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};

/// Frames that may wait to be said.
const SAID_MAX: usize = 64;

/// A client of a person, attached or not.
pub struct AttachedClient {
    me: Principal,
    /// Where it attaches.
    pub door: SocketAddr,
    /// What it was given to know its watches by.
    pub watches: BTreeMap<Principal, u32>,
    attached: Option<(Tasks, mpsc::Sender<ClientFrame>)>,
    session: String,
    requests: u32,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    record: Mutex<Record>,
    news: Notify,
}

#[derive(Default)]
struct Record {
    heard: VecDeque<ServerFrame>,
    /// What was wrong with what came.
    problems: Vec<String>,
    token: String,
    /// The sequence of the last message it has.
    last: u64,
    /// Messages it has: sender and id.
    known: VecDeque<(String, String)>,
    /// Whether it says nothing to what it gets.
    silent: bool,
    /// Messages to which it has said nothing yet.
    held: Vec<u64>,
    /// How the connection ended.
    ended: Option<Option<u16>>,
    /// The last change of each person, and whether it may come once more.
    told: BTreeMap<String, Presence>,
    repeats: bool,
}

impl AttachedClient {
    /// A client that is to attach to a router at this address.
    #[must_use]
    pub fn new(me: &Principal, door: SocketAddr) -> Self {
        Self {
            me: me.clone(),
            door,
            watches: BTreeMap::new(),
            attached: None,
            session: String::new(),
            requests: 0,
            shared: Arc::default(),
        }
    }

    /// Who it is.
    #[must_use]
    pub fn me(&self) -> &Principal {
        &self.me
    }

    /// Logs on with the password. Nobody sees the person before a state is set.
    ///
    /// # Errors
    /// When it is not let in, or is attached already.
    pub async fn attach(&mut self) -> anyhow::Result<()> {
        ensure!(self.attached.is_none(), "it is attached already");
        let mut socket = Socket::open(self.door).await?;
        let welcome = socket.with_password(&self.me.address(), PASSWORD).await?;
        ensure!(!welcome.resumed, "{welcome:?}");
        self.watches.clear();
        self.record().last = 0;
        self.begin(socket, welcome);
        Ok(())
    }

    /// Goes on with its session on another connection.
    ///
    /// # Errors
    /// When the session is over, or it is not let in.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        let (token, last) = {
            let record = self.record();
            (record.token.clone(), record.last)
        };
        let session = self.session.clone();
        let proof = Proof::Resume { token, session, last };
        let mut socket = Socket::open(self.door).await?;
        let welcome = socket.with(proof).await?;
        ensure!(welcome.resumed && welcome.session == self.session, "{welcome:?}");
        self.begin(socket, welcome);
        Ok(())
    }

    fn begin(&mut self, socket: Socket, welcome: Welcome) {
        self.lose();
        self.session = welcome.session;
        {
            let mut record = self.record();
            record.token = welcome.token;
            record.ended = None;
            record.held.clear();
            record.silent = false;
        }
        let (say, said) = mpsc::channel(SAID_MAX);
        let (tasks, shared) = (Tasks::new(), Arc::clone(&self.shared));
        tasks.spawn("attached client", OnError::Stop, async move {
            let ended = shared.serve(socket, said).await;
            let mut record = shared.record();
            match ended {
                Ok(code) => record.ended = Some(code),
                Err(error) => record.problems.push(format!("{error:#}")),
            }
            drop(record);
            shared.news.notify_waiters();
            Ok(())
        });
        self.attached = Some((tasks, say));
    }

    /// Loses the connection, if it has one, without a word.
    pub fn lose(&mut self) {
        if let Some((tasks, _)) = self.attached.take() {
            tasks.abort();
        }
    }

    /// Asks something and waits for the answer: what lists hold comes before its end.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ask(&mut self, ask: impl FnOnce(u32) -> ClientFrame) -> anyhow::Result<Vec<ServerFrame>> {
        self.requests += 1;
        let request = self.requests;
        self.say(ask(request)).await?;
        let mut answer = Vec::new();
        loop {
            let of_it = |frame: &ServerFrame| frame.request() == Some(request);
            let frame = self.next("an answer", of_it).await?;
            let ends = frame.ends_request();
            answer.push(frame);
            if ends {
                return Ok(answer);
            }
        }
    }

    /// Says something that nobody answers.
    ///
    /// # Errors
    /// When it is not attached.
    pub async fn say(&mut self, frame: ClientFrame) -> anyhow::Result<()> {
        let (_, say) = self.attached.as_ref().context("it is not attached")?;
        say.send(frame).await.context("the connection has ended")
    }

    /// From now on it acknowledges nothing; or what it has held, and everything again.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn set_silent(&mut self, silent: bool) -> anyhow::Result<()> {
        let held = {
            let mut record = self.record();
            record.silent = silent;
            std::mem::take(&mut record.held)
        };
        for sequence in held {
            self.say(acknowledge(sequence)).await?;
        }
        Ok(())
    }

    /// From now on the last change of a person may come once more, as for clients that listen.
    pub fn allow_repeats(&self) {
        self.record().repeats = true;
    }

    /// The first that was heard, or will be, of those that `chosen` says yes to. It is taken out.
    ///
    /// # Errors
    /// When nothing like it comes in time, or something came that is wrong.
    pub async fn next(
        &self,
        what: &str,
        chosen: impl Fn(&ServerFrame) -> bool,
    ) -> anyhow::Result<ServerFrame> {
        let waiting = async {
            loop {
                let more = self.shared.news.notified();
                if let Some(frame) = self.take(&chosen)? {
                    return anyhow::Ok(frame);
                }
                more.await;
            }
        };
        let next = within(what, waiting).await?;
        next.with_context(|| format!("waiting for {what}"))
    }

    fn take(&self, chosen: impl Fn(&ServerFrame) -> bool) -> anyhow::Result<Option<ServerFrame>> {
        let mut record = self.record();
        ensure!(record.problems.is_empty(), "{}", record.problems.join("\n"));
        let at = record.heard.iter().position(chosen);
        let found = at.and_then(|at| record.heard.remove(at));
        match (&found, record.ended) {
            (None, Some(code)) => bail!("the connection has ended with {code:?}"),
            _ => Ok(found),
        }
    }

    /// Waits until the connection ends; says with which code.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ends(&mut self) -> anyhow::Result<Option<u16>> {
        let waiting = async {
            loop {
                let more = self.shared.news.notified();
                if let Some(code) = self.record().ended {
                    return code;
                }
                more.await;
            }
        };
        let code = within("the end of the connection", waiting).await?;
        if let Some((tasks, _)) = self.attached.take() {
            ensure!(tasks.drain(PATIENCE).await.is_empty(), "the client goes on");
        }
        Ok(code)
    }

    /// What was heard so far and not asked for: changes, messages, and that somebody types.
    ///
    /// # Errors
    /// When something came that is wrong.
    pub fn rest(&self) -> anyhow::Result<Vec<ServerFrame>> {
        let mut record = self.record();
        ensure!(record.problems.is_empty(), "{}", record.problems.join("\n"));
        Ok(record.heard.drain(..).collect())
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.shared.record()
    }
}

fn acknowledge(sequence: u64) -> ClientFrame {
    ClientFrame::Acknowledge {
        sequence,
        left: false,
    }
}

impl Shared {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(
        &self,
        mut socket: Socket,
        mut said: mpsc::Receiver<ClientFrame>,
    ) -> anyhow::Result<Option<u16>> {
        let mut alive = tokio::time::interval(HEARTBEAT / 2);
        loop {
            let say = tokio::select! {
                came = socket.hear() => match came? {
                    Came::Frame(frame) => self.hear(frame)?,
                    Came::End(code) => return Ok(code),
                },
                frame = said.recv() => match frame {
                    Some(frame) => Some(frame),
                    // Nobody asks it for anything any more.
                    None => return Ok(None),
                },
                _ = alive.tick() => Some(ClientFrame::Ping {}),
            };
            if let Some(frame) = say {
                socket.say(&frame.write()).await?;
            }
        }
    }

    /// Takes note of what came; says what is to be said to it.
    fn hear(&self, frame: ServerFrame) -> anyhow::Result<Option<ClientFrame>> {
        let mut record = self.record();
        let (mut say, mut new) = (None, true);
        if let ServerFrame::Token { token, .. } = &frame {
            record.token.clone_from(token);
        } else if let ServerFrame::Message(received) = &frame {
            (say, new) = record.gets(received)?;
        } else if let ServerFrame::Presence(presence) = &frame {
            let before = record.told.insert(presence.who.clone(), presence.clone());
            new = !(record.repeats && before.as_ref() == Some(presence));
        }
        new &= !matches!(
            frame,
            ServerFrame::Pong {} | ServerFrame::Notice { .. } | ServerFrame::Token { .. }
        );
        if new {
            record.heard.push_back(frame);
        }
        drop(record);
        self.news.notify_waiters();
        Ok(say)
    }
}

impl Record {
    /// What is said to a message, and whether it is a new one.
    fn gets(&mut self, received: &Received) -> anyhow::Result<(Option<ClientFrame>, bool)> {
        let sequence = received.sequence;
        ensure!(sequence == self.last + 1, "{received:?} after {}", self.last);
        self.last = sequence;
        let key = (received.from.clone(), received.id.clone());
        let new = received.id.is_empty() || !self.known.contains(&key);
        if self.known.len() == REMEMBERED_MAX {
            self.known.pop_front();
        }
        self.known.push_back(key);
        if self.silent {
            self.held.push(sequence);
            return Ok((None, new));
        }
        Ok((Some(acknowledge(sequence)), new))
    }
}
