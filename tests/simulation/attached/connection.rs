//! One connection of a client, from the welcome to its end.

use super::{AttachedClient, seen};
use crate::history::{Event, Said as Heard};
use crate::listener::Manner;
use crate::people::person;
use crate::time::pass;
use attachment::limits::{HEARTBEAT, REMEMBERED_MAX};
use attachment::{ClientFrame, Received, ServerFrame, Watch, WatchResult, Watched};
use rvp::Principal;
use std::collections::{BTreeMap, VecDeque};
use std::pin::{Pin, pin};
use tests::attached::Came;
use tokio::sync::{mpsc, oneshot};
use tokio::time::error::Elapsed;
use turmoil::net::TcpStream;

/// A connection on the simulated network.
pub(super) type Socket = tests::attached::Socket<TcpStream>;

/// Where to say something.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) router: String,
    pub(super) say: mpsc::Sender<Said>,
}

/// What is to be done on a connection.
pub(super) enum Said {
    /// This is asked.
    Ask {
        frame: Box<ClientFrame>,
        answered: oneshot::Sender<ServerFrame>,
    },
    /// It is asked to watch these, each of whom is answered for.
    WatchMany {
        request: u32,
        people: Vec<Watch>,
        answered: Vec<oneshot::Sender<ServerFrame>>,
    },
    /// It breaks.
    Lose,
}

/// What is under way on a connection.
struct Ways<'c> {
    client: &'c AttachedClient,
    router: &'c str,
    session: u32,
    open: BTreeMap<u32, oneshot::Sender<ServerFrame>>,
    /// The same of people who are watched by one frame, in its order.
    many: BTreeMap<u32, Vec<Option<oneshot::Sender<ServerFrame>>>>,
    /// Messages that came and were not acknowledged.
    held: VecDeque<Received>,
    /// When the next is acknowledged, by a client that takes its time.
    turn: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl AttachedClient {
    /// Lives on a connection until it ends. Returns the code with which the router closed it, if it did.
    pub(super) async fn serve(
        &self,
        mut socket: Socket,
        connection: &Connection,
        mut said: mpsc::Receiver<Said>,
    ) -> Option<u16> {
        let router = connection.router.as_str();
        let mut ways = Ways {
            client: self,
            router,
            session: self.memory().session,
            open: BTreeMap::new(),
            many: BTreeMap::new(),
            held: VecDeque::new(),
            turn: None,
        };
        let mut manner = self.manner.clone();
        let mut lost = pin!(self.faults.lost(self.me, router));
        let mut alive = Box::pin(pass(HEARTBEAT / 2));
        loop {
            let is = *manner.borrow_and_update();
            if matches!(is, Manner::Reject | Manner::Away) || !ways.take(is, &mut socket).await {
                return ways.breaks();
            }
            let say = tokio::select! {
                biased;
                () = &mut lost => return ways.breaks(),
                // Whoever changes it lives as long as the run.
                _ = manner.changed() => continue,
                () = ways.turn() => {
                    let Some(frame) = ways.next() else { continue };
                    frame
                }
                came = socket.hear() => match came {
                    Ok(Came::Frame(frame)) => {
                        ways.hear(frame);
                        continue;
                    }
                    Ok(Came::End(code)) => return code,
                    // A router that has died says nothing, not even to a sign of life.
                    Err(error) if error.is::<Elapsed>() => return ways.breaks(),
                    Err(error) => {
                        self.fail(router, format!("{} hears what it cannot read: {error:#}", self.me));
                        return None;
                    }
                },
                said = said.recv() => match said {
                    Some(Said::Ask { frame, answered }) => {
                        ways.open.extend(frame.request().map(|request| (request, answered)));
                        *frame
                    }
                    Some(Said::WatchMany { request, people, answered }) => {
                        ways.many.insert(request, answered.into_iter().map(Some).collect());
                        ClientFrame::WatchMany { request, people }
                    }
                    Some(Said::Lose) | None => return ways.breaks(),
                },
                () = &mut alive => {
                    alive = Box::pin(pass(HEARTBEAT / 2));
                    ClientFrame::Ping {}
                }
            };
            if socket.say(&say.write()).await.is_err() {
                return None;
            }
        }
    }
}

impl Ways<'_> {
    /// The client breaks the connection off: nobody is to blame for what had no answer.
    fn breaks(&self) -> Option<u16> {
        for broken in [true, false] {
            let ends = vec![self.client.me.to_owned(), self.router.to_owned()];
            self.client.recorder.note(Event::Broken { ends, broken });
        }
        None
    }

    /// Acknowledges what may be; says whether the connection is still there.
    async fn take(&mut self, manner: Manner, socket: &mut Socket) -> bool {
        match manner {
            Manner::Slow(time) => {
                if self.turn.is_none() && !self.held.is_empty() {
                    self.turn = Some(Box::pin(pass(time)));
                }
            }
            Manner::Silent => self.turn = None,
            Manner::Take | Manner::Reject | Manner::Away => {
                self.turn = None;
                while let Some(frame) = self.next() {
                    if socket.say(&frame.write()).await.is_err() {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Returns when the next message is to be acknowledged, by a client that takes its time.
    async fn turn(&mut self) {
        match &mut self.turn {
            Some(turn) => turn.as_mut().await,
            None => std::future::pending().await,
        }
    }

    /// Shows the next message, unless it was shown before. Returns what is said to it.
    fn next(&mut self) -> Option<ClientFrame> {
        self.turn = None;
        let received = self.held.pop_front()?;
        let key = (received.from.clone(), received.id.clone());
        let is_new = {
            let mut memory = self.client.memory();
            let is_new = !memory.shown.contains(&key);
            if memory.shown.len() == REMEMBERED_MAX {
                memory.shown.pop_front();
            }
            memory.shown.push_back(key);
            is_new
        };
        if is_new {
            let from = self.who(&received.from);
            let text = received.text;
            self.heard(from.map(|from| Heard::Message { from, text }));
        }
        Some(ClientFrame::Acknowledge {
            sequence: received.sequence,
            left: false,
        })
    }

    /// A part of the answer about many, or its end. What is neither is given back.
    fn hear_of_many(&mut self, frame: ServerFrame) -> Option<ServerFrame> {
        let open = frame.request().and_then(|request| self.many.get_mut(&request));
        let (Some(request), Some(open)) = (frame.request(), open) else {
            return Some(frame);
        };
        if let ServerFrame::WatchingMany { people, .. } = frame {
            for Watched { index, result } in people {
                let answered = usize::try_from(index).ok().and_then(|index| open.get_mut(index));
                let Some(answered) = answered.and_then(Option::take) else {
                    let reason = format!("{index} of {request} was answered twice, or not asked");
                    self.client.fail(self.router, reason);
                    return None;
                };
                // Whoever has lost patience is not told.
                let _ = answered.send(alone(request, result));
            }
            return None;
        }
        if matches!(frame, ServerFrame::Done { .. }) && open.iter().any(Option::is_some) {
            let reason = format!("{request} is done, and not everybody was answered for");
            self.client.fail(self.router, reason);
        }
        for answered in self.many.remove(&request).into_iter().flatten().flatten() {
            let _ = answered.send(frame.clone());
        }
        None
    }

    fn hear(&mut self, frame: ServerFrame) {
        let Some(frame) = self.hear_of_many(frame) else {
            return;
        };
        if let Some(request) = frame.request() {
            if let Some(answered) = self.open.remove(&request) {
                // Whoever has lost patience is not told.
                let _ = answered.send(frame);
            } else {
                let reason = format!("{frame:?} answers what was not asked");
                self.client.fail(self.router, reason);
            }
            return;
        }
        if let ServerFrame::Token { token, .. } = frame {
            self.client.memory().set_token(token);
        } else if let ServerFrame::Message(received) = frame {
            self.get(received);
        } else if let ServerFrame::Presence(presence) = frame {
            let (of, seen) = (self.who(&presence.who), seen(&presence));
            self.heard(of.map(|of| Heard::Change { of, seen }));
        }
    }

    fn get(&mut self, received: Received) {
        let before = std::mem::replace(&mut self.client.memory().last, received.sequence);
        if received.sequence != before + 1 {
            let reason = format!("{received:?} comes after {before}");
            self.client.fail(self.router, reason);
        }
        self.held.push_back(received);
    }

    fn who(&self, address: &str) -> Option<crate::history::Person> {
        let known = Principal::from_address(address).ok().as_ref().and_then(person);
        if known.is_none() {
            let reason = format!("nobody of the run is called {address}");
            self.client.fail(self.router, reason);
        }
        known
    }

    fn heard(&self, said: Option<Heard>) {
        let Some(said) = said else { return };
        self.client.recorder.note(Event::Heard {
            who: self.client.me,
            router: self.router.to_owned(),
            login: self.session,
            said,
            taken: true,
        });
    }
}

/// As it would be answered alone.
fn alone(request: u32, result: WatchResult) -> ServerFrame {
    match result {
        WatchResult::Watching {
            subscription,
            presence,
        } => ServerFrame::Watching {
            request,
            subscription,
            presence,
        },
        WatchResult::Refused { why, retry_after } => ServerFrame::Refused {
            request,
            why,
            retry_after,
        },
    }
}
