//! A client's own listener: it records every notification in order, and answers as it is told to.

mod heard;
mod hole;

pub use heard::{Heard, Said};

use crate::wait::{PATIENCE, within};
use crate::wire::{Connection, Style};
use anyhow::{Context, ensure};
use daemon::{OnError, Tasks};
use rvp::{Principal, Property};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, watch};

/// What a listener does with a notification after it has read it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Takes it, in its client's own way (spec 7.3).
    Take,
    /// Answers with this status.
    Status(u16),
    /// Says nothing and keeps the connection open.
    Silent,
    /// Closes without an answer.
    HangUp,
    /// Says nothing until it is given another manner, and then follows that.
    Hold,
    /// Takes so many, and from then on hangs up.
    Few(u32),
}

/// The call-back listener of one client.
pub struct Listener {
    address: SocketAddr,
    style: Style,
    /// Bound to the same port for as long as the client exists, but never listening: so the port stays the
    /// client's own, and connecting to it is refused, while `listening` is none.
    _holder: TcpSocket,
    listening: Option<Tasks>,
    /// What takes its place while it has vanished.
    hole: Option<hole::Hole>,
    shared: Arc<Shared>,
}

struct Shared {
    manner: watch::Sender<Manner>,
    record: Mutex<Record>,
    heard: Notify,
}

#[derive(Default)]
struct Record {
    heard: VecDeque<Heard>,
    /// What was wrong with what came.
    problems: Vec<String>,
    /// Conversations this client has left: it answers 500 to them (spec 5.5).
    left: BTreeSet<String>,
    /// Notifications that were read and not answered yet.
    open: usize,
    /// The last change of each person, and whether it may come once more.
    last: BTreeMap<Principal, Vec<Property>>,
    repeats: bool,
}

impl Record {
    /// Whether this is a change that was heard last of this person as well, and may come again.
    fn repeats(&mut self, heard: &Heard) -> bool {
        let Said::Change(change) = &heard.said else {
            return false;
        };
        let before = self.last.insert(change.from.clone(), change.properties.clone());
        self.repeats && before.as_ref() == Some(&change.properties)
    }
}

impl Listener {
    /// A listener on a port that the system chooses.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn open(style: Style) -> anyhow::Result<Self> {
        let holder = socket(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let shared = Shared {
            manner: watch::Sender::new(Manner::Take),
            record: Mutex::default(),
            heard: Notify::new(),
        };
        let address = holder.local_addr()?;
        let mut listener = Self {
            address,
            style,
            _holder: holder,
            listening: None,
            hole: None,
            shared: Arc::new(shared),
        };
        listener.listen()?;
        Ok(listener)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its client announces in `Call-Back`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Listens, possibly again.
    ///
    /// # Errors
    /// When the port cannot be listened on.
    pub fn listen(&mut self) -> anyhow::Result<()> {
        ensure!(self.listening.is_none(), "it listens already");
        let listener = socket(self.address)?.listen(128).context("listen")?;
        let tasks = Tasks::new();
        let (shared, style, address) = (Arc::clone(&self.shared), self.style, self.address);
        let connections = tasks.group("call-back connection", OnError::Stop);
        tasks.spawn("call-back listener", OnError::Stop, async move {
            accept(listener, |stream| {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    shared.receive(stream, style, address).await;
                    Ok(())
                });
            })
            .await
        });
        self.listening = Some(tasks);
        Ok(())
    }

    /// From now on the last change of a person may come once more: who tells it cannot know whether it was heard
    /// through a router or a home server that is gone (tests/README.md).
    pub fn allow_repeats(&self) {
        self.shared.record().repeats = true;
    }

    /// Stops listening; what is connected is cut off. Connecting is refused from now on.
    ///
    /// # Errors
    /// When it does not listen.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let tasks = self.listening.take().context("it does not listen")?;
        tasks.abort();
        ensure!(tasks.drain(PATIENCE).await.is_empty(), "the listener goes on");
        Ok(())
    }

    /// Stops listening so that connecting to it times out, as to a host behind a firewall.
    ///
    /// # Errors
    /// When it does not listen, or the port cannot be made silent.
    pub async fn vanish(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        self.hole = Some(hole::Hole::at(self.address).await?);
        Ok(())
    }

    /// Listens again after it had vanished.
    ///
    /// # Errors
    /// When it had not, or the port cannot be listened on.
    pub fn appear(&mut self) -> anyhow::Result<()> {
        self.hole.take().context("it has not vanished")?;
        self.listen()
    }

    /// What it does from now on.
    pub fn set_manner(&self, manner: Manner) {
        self.shared.manner.send_replace(manner);
    }

    /// From now on it answers 500 to messages of this conversation.
    pub fn leave(&self, session: &str) {
        self.shared.record().left.insert(session.to_owned());
    }

    /// It is in this conversation again.
    pub fn rejoin(&self, session: &str) {
        self.shared.record().left.remove(session);
    }

    /// The first that was heard, or will be, of those that `chosen` says yes to. It is taken out.
    ///
    /// # Errors
    /// When nothing like it comes in time, or something came that breaks a rule.
    pub async fn next(&self, what: &str, chosen: impl Fn(&Heard) -> bool) -> anyhow::Result<Heard> {
        let waiting = async {
            loop {
                let more = self.shared.heard.notified();
                if let Some(heard) = self.take(&chosen)? {
                    return anyhow::Ok(heard);
                }
                more.await;
            }
        };
        within(what, waiting)
            .await?
            .with_context(|| format!("waiting for {what}"))
    }

    fn take(&self, chosen: impl Fn(&Heard) -> bool) -> anyhow::Result<Option<Heard>> {
        let mut record = self.shared.record();
        ensure!(record.problems.is_empty(), "{}", record.problems.join("\n"));
        let at = record.heard.iter().position(chosen);
        Ok(at.and_then(|at| record.heard.remove(at)))
    }

    /// What was heard so far and is chosen is as if it had not been heard.
    pub fn forget(&self, chosen: impl Fn(&Heard) -> bool) {
        self.shared.record().heard.retain(|heard| !chosen(heard));
    }

    /// Everything that was heard so far and not asked for.
    ///
    /// # Errors
    /// When something came that breaks a rule.
    pub fn rest(&self) -> anyhow::Result<Vec<Heard>> {
        let mut record = self.shared.record();
        ensure!(record.problems.is_empty(), "{}", record.problems.join("\n"));
        Ok(record.heard.drain(..).collect())
    }
}

/// Two sockets can be bound to one port only if both say so beforehand.
fn socket(address: SocketAddr) -> anyhow::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address).with_context(|| format!("bind {address}"))?;
    Ok(socket)
}

async fn accept(listener: TcpListener, serve: impl Fn(TcpStream)) -> anyhow::Result<()> {
    loop {
        serve(listener.accept().await?.0);
    }
}

impl Shared {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn receive(&self, stream: TcpStream, style: Style, address: SocketAddr) {
        let mut connection = Connection::of(stream);
        let Ok((head, headers, body)) = connection.read_request().await else {
            // A router that stops cuts its call-backs off.
            return;
        };
        let session = {
            let mut record = self.record();
            record.open += 1;
            if record.open > 1 {
                record
                    .problems
                    .push("two call-backs to one client at once (spec 7.2)".into());
            }
            match Heard::read(&head, &headers, body, address) {
                Ok(heard) => {
                    let session = heard.session().map(str::to_owned);
                    if !record.repeats(&heard) {
                        record.heard.push_back(heard);
                    }
                    session
                }
                Err(error) => {
                    record
                        .problems
                        .push(format!("a notification breaks a rule: {error:#}\n{head}"));
                    None
                }
            }
        };
        self.heard.notify_waiters();
        let manner = tokio::select! {
            manner = self.manner(session) => manner,
            // A router gives up on a client that holds its answer for too long.
            () = connection.closed() => Manner::HangUp,
        };
        self.record().open -= 1;
        answer(&mut connection, style, manner).await;
    }

    async fn manner(&self, session: Option<String>) -> Manner {
        let left = session.is_some_and(|session| self.record().left.contains(&session));
        let decided = self
            .manner
            .subscribe()
            .wait_for(|manner| *manner != Manner::Hold)
            .await
            .map(|manner| *manner);
        match decided {
            Ok(Manner::Take) if left => Manner::Status(500),
            Ok(Manner::Few(more)) => {
                let next = if more > 1 {
                    Manner::Few(more - 1)
                } else {
                    Manner::HangUp
                };
                self.manner.send_replace(next);
                Manner::Take
            }
            Ok(manner) => manner,
            // The listener is gone.
            Err(_) => Manner::HangUp,
        }
    }
}

async fn answer(connection: &mut Connection, style: Style, manner: Manner) {
    let text = match (manner, style) {
        (Manner::Silent, _) => return connection.closed().await,
        (Manner::HangUp | Manner::Hold | Manner::Few(_), _) => return,
        (Manner::Status(status), _) => format!(
            "HTTP/1.1 {status} Because\r\nRVP-Notifications-Version: 0.2\r\nContent-Length: 0\r\n\r\n"
        ),
        // No length, no body, and the connection closes (spec 3.7).
        (Manner::Take, Style::Librvp) => "HTTP/1.1 200 Successful\r\nRVP-Notifications-Version: 0.2\r\n\r\n".into(),
        (Manner::Take, Style::Miranda) => {
            let page = "<html><body>200 Successful</body></html>";
            let length = page.len();
            format!("HTTP/1.1 200 Successful\nContent-Type: text/html\nContent-Length: {length}\n\n{page}")
        }
        (Manner::Take, Style::NetRvp) => {
            "HTTP/1.1 200 OK\r\nRVP-Notifications-Version: 0.2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".into()
        }
    };
    // Whoever does not wait for the answer is not told.
    let _ = connection.send(text.as_bytes()).await;
}
