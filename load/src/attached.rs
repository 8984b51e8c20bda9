//! A user with an attachment: one task, which goes on with its session when the connection is lost.

mod log_on;
mod socket;
mod watch;

pub(crate) use log_on::Entrance;

use crate::check::Answer;
use crate::rumours::Change;
use crate::user::{Order, Proving};
use crate::world::Letter;
use attachment::{ClientFrame, Message, Proof, Receipt, Received, ServerFrame, State, limits};
use socket::{Heard, Socket};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep, sleep_until, timeout};

/// Messages that may wait for their receipts: one less than routers let.
const OPEN_MAX: usize = limits::REQUESTS_MAX - 1;
/// How long a router that is gone is looked for.
const COME_BACK_WAIT: Duration = Duration::from_secs(60);
/// The first wait is a random part of this: many lose a router at once.
const SPREAD_MILLIS: u64 = 1_000;
/// The longest wait between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long the answer to a log-off may take.
const FAREWELL_WAIT: Duration = Duration::from_secs(10);
/// The numbers of requests: those of messages are between the others.
const STATE: u32 = 3;
const STATE_AGAIN: u32 = 4;
const LOG_OFF: u32 = 5;
const MESSAGES: u32 = 16;
const WATCHES: u32 = 0xf000_0000;

/// A user who is logged on.
pub(crate) struct Attached {
    me: u32,
    entrance: Arc<Entrance>,
    socket: Socket,
    token: String,
    session: String,
    last: u64,
    /// The state that was set last.
    state: State,
    /// It was set and is not answered.
    changing: bool,
    /// Who is watched, and the subscription once it is known.
    watched: Vec<(u32, Option<u32>)>,
    /// How many may be asked for in one frame.
    watch_many_max: usize,
    /// Sent and not answered, by number.
    open: BTreeMap<u32, Letter>,
}

impl Attached {
    /// Does as it is told until it is told to log off. Returns what the next log-on may show.
    pub(crate) async fn live(mut self, mut orders: mpsc::Receiver<Order>) -> Option<Proving> {
        let mut ping = interval_at(Instant::now() + limits::HEARTBEAT, limits::HEARTBEAT);
        let mut last_sign = Instant::now();
        loop {
            let went = tokio::select! {
                order = orders.recv(), if self.open.len() < OPEN_MAX => match order {
                    Some(Order::Send(letter)) => {
                        self.open.insert(letter.stamp.number, letter);
                        self.send(letter).await
                    }
                    Some(Order::Change(change)) => self.change(change).await,
                    Some(Order::LogOff) | None => {
                        let token = self.token.clone();
                        self.log_off().await;
                        return Some(Proving::Token(token));
                    }
                },
                _ = ping.tick() => self.socket.say(&ClientFrame::Ping {}).await,
                () = sleep_until(last_sign + limits::SILENCE_MAX) => Err("the router is silent".to_owned()),
                heard = self.socket.next() => {
                    last_sign = Instant::now();
                    match heard {
                        Ok(Heard::Frame(frame)) => self.hear(*frame).await,
                        Ok(Heard::Life) => Ok(()),
                        Ok(Heard::Farewell) => Err("the router has logged it off".to_owned()),
                        Err(why) => Err(why),
                    }
                }
            };
            if let Err(why) = went {
                if !self.come_back().await {
                    let me = self.entrance.world.people.address(self.me);
                    self.entrance.world.ended(format!("{me}: {why}"));
                    return None;
                }
                last_sign = Instant::now();
            }
        }
    }

    async fn send(&mut self, letter: Letter) -> Result<(), String> {
        let world = &self.entrance.world;
        let text = world.begins(&letter);
        let frame = ClientFrame::Message(Message {
            request: letter.stamp.number % (WATCHES - MESSAGES) + MESSAGES,
            id: format!("{:x}-{}", letter.stamp.run, letter.stamp.number),
            to: world.people.address(letter.to).to_owned(),
            text,
            ..Message::default()
        });
        self.socket.say(&frame).await
    }

    async fn change(&mut self, change: Change) -> Result<(), String> {
        (self.state, self.changing) = (change.state, true);
        let state = self.state;
        self.socket
            .say(&ClientFrame::State {
                request: STATE,
                state,
            })
            .await
    }

    async fn hear(&mut self, frame: ServerFrame) -> Result<(), String> {
        let world = Arc::clone(&self.entrance.world);
        if let ServerFrame::Presence(presence) = &frame
            && let Some(state) = presence.state
        {
            world.told(self.me, &presence.who, state);
        }
        if let ServerFrame::Watching { .. } | ServerFrame::WatchingMany { .. } = frame {
            return self.is_watching(frame);
        }
        if let ServerFrame::Done { request: STATE } = frame {
            self.changing = false;
            world.changed(self.me, true);
        } else if let ServerFrame::Refused { request: STATE, .. } = frame {
            self.changing = false;
            world.changed(self.me, false);
        }
        if let ServerFrame::Message(message) = frame {
            return self.take(message).await;
        }
        if let ServerFrame::Receipt { id, result, .. } = frame {
            if let Some(letter) = self.answered(&id) {
                self.entrance.world.answered(&letter, answer(result));
            }
        } else if let ServerFrame::Token { token, .. } = frame {
            self.token = token;
        }
        Ok(())
    }

    /// The message of this id, if it has no answer yet.
    fn answered(&mut self, id: &str) -> Option<Letter> {
        let (run, number) = id.split_once('-')?;
        let (run, number) = (u64::from_str_radix(run, 16).ok()?, number.parse().ok()?);
        // Numbers are given again in another turn.
        if self.open.get(&number)?.stamp.run != run {
            return None;
        }
        self.open.remove(&number)
    }

    async fn take(&mut self, message: Received) -> Result<(), String> {
        let Received {
            sequence, from, text, ..
        } = message;
        self.last = sequence;
        self.entrance.world.heard(self.me, &from, &text);
        let left = false;
        self.socket
            .say(&ClientFrame::Acknowledge { sequence, left })
            .await
    }

    /// Goes on with the session at whichever router is there, and says again what was not answered. Whether it could.
    async fn come_back(&mut self) -> bool {
        let lost = Instant::now();
        self.entrance.world.lost_connection(self.me);
        let mut pause = Duration::from_millis(rand::random_range(0..SPREAD_MILLIS));
        for attempt in 1.. {
            sleep(pause).await;
            pause = (pause * 2).clamp(Duration::from_millis(100), PAUSE_MAX);
            if lost.elapsed() > COME_BACK_WAIT {
                return false;
            }
            let proof = Proof::Resume {
                token: self.token.clone(),
                session: self.session.clone(),
                last: self.last,
            };
            let Ok((socket, welcome)) = self.entrance.resume(self.me, attempt, proof).await else {
                continue;
            };
            self.watch_many_max = watch::watch_many_max(&welcome);
            (self.socket, self.token, self.session) = (socket, welcome.token, welcome.session);
            if !welcome.resumed {
                self.last = 0;
                self.watched
                    .iter_mut()
                    .for_each(|(_, subscription)| *subscription = None);
            }
            if self.go_on(welcome.resumed).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Says again what a connection does not keep, and what was not answered.
    async fn go_on(&mut self, resumed: bool) -> Result<(), String> {
        if self.changing || !resumed {
            let request = if self.changing { STATE } else { STATE_AGAIN };
            let state = self.state;
            self.socket.say(&ClientFrame::State { request, state }).await?;
        }
        self.watch().await?;
        let open: Vec<Letter> = self.open.values().copied().collect();
        for letter in open {
            self.send(letter).await?;
        }
        Ok(())
    }

    async fn log_off(mut self) {
        let farewell = async {
            self.socket.say(&ClientFrame::LogOff { request: LOG_OFF }).await?;
            while !matches!(self.socket.next().await?, Heard::Farewell) {}
            Ok::<(), String>(())
        };
        // Nothing is measured any more. Without an answer it is as if the connection was lost.
        if !matches!(timeout(FAREWELL_WAIT, farewell).await, Ok(Ok(()))) {
            self.entrance.world.lost_connection(self.me);
        }
    }
}

fn answer(receipt: Receipt) -> Answer {
    match receipt {
        Receipt::Delivered => Answer::Delivered,
        Receipt::Stored => Answer::Stored,
        Receipt::Refused { .. } => Answer::Refused,
    }
}
