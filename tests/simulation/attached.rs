//! A person's client that holds a connection open (`docs/attachment.md`), on a simulated host: it does what it is told,
//! writes down what it asked and got, and comes back by itself when its connection breaks.

#[path = "attached/connection.rs"]
mod connection;
#[path = "attached/session.rs"]
mod session;

use crate::client::{Deed, Order, SAY_AGAIN_AFTER, TRIES};
use crate::faults::Faults;
use crate::history::{Asked, Event, Gave, Person, Recorder, Seen};
use crate::listener::Manner;
use crate::people::{number, principal};
use crate::time::pass;
use attachment::{ClientFrame, Message, Presence, Receipt, ServerFrame, State, Watch, Why};
use connection::{Connection, Said};
use daemon::{Group, OnError, Tasks};
use futures_util::future::join_all;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rvp::PresenceState;
use session::Memory;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tests::wire::CLIENT_PATIENCE;
use tokio::sync::{mpsc, oneshot, watch};

/// What an attached client is made of.
#[derive(Clone)]
pub(crate) struct AttachedClient {
    me: Person,
    routers: Vec<String>,
    faults: Faults,
    recorder: Recorder,
    manner: watch::Receiver<Manner>,
    /// Its connection, and what it does when that is new.
    life: Group,
    shared: Arc<Shared>,
}

struct Shared {
    memory: Mutex<Memory>,
    place: watch::Sender<Place>,
}

/// Where a client is.
#[derive(Clone)]
enum Place {
    /// Logged off.
    Off,
    /// Logged on, or about to be, without a connection.
    Between,
    /// Connected.
    At(Connection),
}

/// What came of a request.
enum Outcome {
    Done(Gave),
    Refused,
    /// The connection ended before there was an answer.
    Lost,
    /// The client is logged off.
    Off,
}

impl AttachedClient {
    /// A client that has not logged on. What it draws comes from `seed`.
    pub(crate) fn new(
        (me, seed): (Person, u64),
        routers: &[String],
        (faults, recorder): (Faults, Recorder),
        manner: watch::Receiver<Manner>,
    ) -> Self {
        let shared = Shared {
            memory: Mutex::new(Memory::new(SmallRng::seed_from_u64(seed))),
            place: watch::Sender::new(Place::Off),
        };
        Self {
            me,
            routers: routers.to_vec(),
            faults,
            recorder,
            manner,
            life: Tasks::new().group("attached client", OnError::Stop),
            shared: Arc::new(shared),
        }
    }

    /// Does as it is told, one thing after the other; only messages are sent side by side, as by clients that are
    /// called back.
    pub(crate) async fn run(self, mut orders: mpsc::Receiver<Order>) -> turmoil::Result {
        let messages = Tasks::new().group("message", OnError::Stop);
        while let Some(Order { router, deed }) = orders.recv().await {
            let client = self.clone();
            match deed {
                Deed::Say { to, text, insists } => messages.spawn(async move {
                    client.say(to, text, insists).await;
                    Ok(())
                }),
                Deed::LogOn { watch, .. } => self.log_on(&router, &watch).await,
                Deed::LogOff => self.log_off().await,
                // Its router renews what it has. Its connection breaks instead.
                Deed::Renew => self.lose().await,
                Deed::Set { state, .. } => self.show(state).await,
                Deed::Block { whom, blocked } => self.block(whom, blocked).await,
            }
        }
        Ok(())
    }

    /// The connection breaks without a word.
    async fn lose(&self) {
        let place = self.shared.place.borrow().clone();
        if let Place::At(connection) = place {
            // One that has ended meanwhile is lost already.
            let _ = connection.say.send(Said::Lose).await;
        }
    }

    async fn log_off(&self) {
        for _ in 0..TRIES {
            let login = self.memory().session;
            let frame = |request| ClientFrame::LogOff { request };
            match self.ask(Asked::LogOff { login }, frame, nothing).await {
                Outcome::Done(_) | Outcome::Off => break,
                Outcome::Refused | Outcome::Lost => pass(SAY_AGAIN_AFTER).await,
            }
        }
        self.end();
    }

    /// Sets a state; again when it is connected anew, where there was no answer.
    async fn show(&self, state: PresenceState) {
        self.memory().state = Some((state, false));
        let frame = |request| ClientFrame::State {
            request,
            state: State::from_name(state.name()).unwrap_or(State::Unknown),
        };
        if let Outcome::Done(_) = self.ask(Asked::Show { state }, frame, nothing).await {
            let mut memory = self.memory();
            if memory.state == Some((state, false)) {
                memory.state = Some((state, true));
            }
        }
    }

    /// Sets its state, if that is to be done, and watches everybody again. What is lost with the connection is done
    /// when there is another one.
    async fn set_up(&self, anew: bool) {
        let (state, watches) = {
            let memory = self.memory();
            (memory.state, memory.watches.clone())
        };
        if let Some((state, done)) = state
            && (anew || !done)
        {
            self.show(state).await;
        }
        let mut left: Vec<_> = watches.into_iter().collect();
        for _ in 0..TRIES {
            left = match self.watch_many(left).await {
                Some(left) if !left.is_empty() => left,
                Some(_) | None => return,
            };
            pass(SAY_AGAIN_AFTER).await;
        }
    }

    /// Watches everybody, several by one frame. Returns those who were refused; none when there was no answer.
    async fn watch_many(&self, people: Vec<(Person, Option<u32>)>) -> Option<Vec<(Person, Option<u32>)>> {
        if let [(whom, subscription)] = people[..] {
            return match self.watch(whom, subscription).await {
                Outcome::Done(_) => Some(Vec::new()),
                Outcome::Refused => Some(people),
                Outcome::Lost | Outcome::Off => None,
            };
        }
        if people.is_empty() {
            return Some(people);
        }
        let connection = self.connection().await?;
        let request = self.memory().number();
        let (mut watches, mut senders, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for (whom, subscription) in people {
            let (answered, answer) = oneshot::channel();
            let asked = Asked::Watch { whom };
            let number = self.recorder.begin(self.me, &connection.router, asked);
            let who = principal(whom).address();
            watches.push(Watch { who, subscription });
            senders.push(answered);
            open.push(async move {
                let answer = tokio::select! {
                    biased;
                    answer = answer => answer.ok(),
                    () = pass(CLIENT_PATIENCE) => None,
                };
                let status = answer.as_ref().map(status);
                let gave = answer.as_ref().map_or(Gave::Nothing, watching);
                if let Gave::Presence { subscription, .. } = &gave {
                    self.memory().watches.insert(whom, Some(*subscription));
                }
                self.recorder.note(Event::Ended {
                    request: number,
                    status,
                    gave,
                });
                let refused = !matches!(status?, 200..300);
                Some(refused.then_some((whom, subscription)))
            });
        }
        let many = Said::WatchMany {
            request,
            people: watches,
            answered: senders,
        };
        // A connection that has ended meanwhile drops it, and then there is no answer.
        let _ = connection.say.send(many).await;
        let results: Option<Vec<_>> = join_all(open).await.into_iter().collect();
        Some(results?.into_iter().flatten().collect())
    }

    async fn watch(&self, whom: Person, subscription: Option<u32>) -> Outcome {
        let who = principal(whom).address();
        let frame = |request| ClientFrame::Watch {
            request,
            who,
            subscription,
        };
        let outcome = self.ask(Asked::Watch { whom }, frame, watching).await;
        if let Outcome::Done(Gave::Presence { subscription, .. }) = &outcome {
            self.memory().watches.insert(whom, Some(*subscription));
        }
        outcome
    }

    /// Sends a message until there is a receipt, always with the same id; who insists, until it is taken or kept.
    async fn say(&self, to: Person, text: String, insists: bool) {
        let _pending = self.recorder.pending();
        for _ in 0..TRIES {
            let message = |request| {
                ClientFrame::Message(Message {
                    request,
                    id: text.replace([' ', ','], "-"),
                    to: principal(to).address(),
                    text: text.clone(),
                    ..Message::default()
                })
            };
            let asked = Asked::Say {
                to,
                text: text.clone(),
            };
            match self.ask(asked, message, nothing).await {
                Outcome::Done(_) | Outcome::Off => return,
                Outcome::Refused if !insists => return,
                Outcome::Refused | Outcome::Lost => pass(SAY_AGAIN_AFTER).await,
            }
        }
    }

    async fn block(&self, whom: Person, blocked: bool) {
        let who = principal(whom).address();
        let frame = |request| {
            if blocked {
                ClientFrame::Block { request, who }
            } else {
                ClientFrame::Unblock { request, who }
            }
        };
        self.ask(Asked::Block { whom, blocked }, frame, nothing).await;
    }

    /// Asks on the connection that it has or gets, and writes down what was asked and what came of it.
    async fn ask(
        &self,
        asked: Asked,
        frame: impl FnOnce(u32) -> ClientFrame,
        gave: fn(&ServerFrame) -> Gave,
    ) -> Outcome {
        let Some(connection) = self.connection().await else {
            return Outcome::Off;
        };
        let number = self.memory().number();
        let request = self.recorder.begin(self.me, &connection.router, asked);
        let (answered, answer) = oneshot::channel();
        let frame = Box::new(frame(number));
        // A connection that has ended meanwhile drops it, and then there is no answer.
        let _ = connection.say.send(Said::Ask { frame, answered }).await;
        let answer = tokio::select! {
            biased;
            answer = answer => answer.ok(),
            () = pass(CLIENT_PATIENCE) => None,
        };
        let status = answer.as_ref().map(status);
        let gave = answer.as_ref().map_or(Gave::Nothing, gave);
        self.recorder.note(Event::Ended {
            request,
            status,
            gave: gave.clone(),
        });
        match status {
            Some(200..300) => Outcome::Done(gave),
            Some(_) => Outcome::Refused,
            None => Outcome::Lost,
        }
    }

    /// The connection, once there is one. None when the client is logged off, or nothing comes of it.
    async fn connection(&self) -> Option<Connection> {
        let mut place = self.shared.place.subscribe();
        let settled = place.wait_for(|place| !matches!(place, Place::Between));
        let place = tokio::select! {
            biased;
            place = settled => place.ok()?.clone(),
            () = pass(CLIENT_PATIENCE) => return None,
        };
        match place {
            Place::At(connection) => Some(connection),
            Place::Off | Place::Between => None,
        }
    }

    fn fail(&self, router: &str, reason: String) {
        self.recorder.note(Event::Failed {
            role: router.to_owned(),
            reason,
        });
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.shared.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nothing(_: &ServerFrame) -> Gave {
    Gave::Nothing
}

fn watching(answer: &ServerFrame) -> Gave {
    let ServerFrame::Watching {
        subscription,
        presence,
        ..
    } = answer
    else {
        return Gave::Nothing;
    };
    Gave::Presence {
        subscription: *subscription,
        seen: seen(presence),
    }
}

/// What a frame shows of somebody.
fn seen(presence: &Presence) -> Seen {
    Seen {
        state: presence
            .state
            .and_then(|state| PresenceState::from_name(state.name())),
        number: presence.display_name.as_deref().and_then(number),
    }
}

/// What a client that is called back is answered in the same case, so that both can be asked the same.
fn status(answer: &ServerFrame) -> u16 {
    if let ServerFrame::Refused { why, .. } = answer {
        return refusal(*why);
    }
    let ServerFrame::Receipt { result, .. } = answer else {
        return 200;
    };
    match result {
        Receipt::Delivered => 200,
        Receipt::Stored => 202,
        Receipt::Refused { why, .. } => refusal(*why),
    }
}

fn refusal(why: Why) -> u16 {
    match why {
        Why::Malformed => 400,
        Why::WrongCredentials => 401,
        Why::NobodyThere => 404,
        Why::TooLarge => 413,
        // To who may not write nobody is there.
        Why::Forbidden | Why::NotReachable | Why::NotThere | Why::SessionOver => 412,
        Why::Busy | Why::Unavailable | Why::Full | Why::LogOnLater | Why::KeptFull => 503,
        Why::LeftConversation | Why::Internal | Why::Unknown => 500,
        Why::NotSupported => 501,
    }
}
