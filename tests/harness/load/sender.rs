//! Somebody who does one thing after the other and writes down how it went.

use super::history::{Did, History, Outcome};
use crate::client::{Client, Message, NamedView, SetState};
use rvp::{PresenceState, Principal};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

/// Every fifth thing is a change of state.
const CHANGE_EVERY: usize = 5;
/// What it changes to, in turn.
const STATES: [PresenceState; 5] = [
    PresenceState::Busy,
    PresenceState::Away,
    PresenceState::OnPhone,
    PresenceState::AtLunch,
    PresenceState::Online,
];
/// The lease of a state, in seconds, as clients have it.
const LEASE: u32 = 1_200;
/// Tries of the last words. Ten in a second.
const LAST_TRIES: usize = 50;

/// A sender.
pub(super) struct Sender {
    pub(super) index: usize,
    pub(super) client: Client,
    pub(super) to: Principal,
    /// All routers: who is not answered goes to the next.
    pub(super) doors: Vec<SocketAddr>,
    pub(super) history: Arc<watch::Sender<History>>,
}

impl Sender {
    pub(super) async fn run(mut self, every: Duration, end: impl Future<Output = ()>) -> anyhow::Result<()> {
        let mut tick = tokio::time::interval(every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut end = Box::pin(end);
        let mut number = 0;
        loop {
            tokio::select! {
                biased;
                () = &mut end => break,
                _ = tick.tick() => {}
            }
            if number % CHANGE_EVERY == 0 {
                self.change(number).await;
            } else {
                self.say(number).await;
            }
            number += 1;
        }
        for _ in 0..LAST_TRIES {
            tick.tick().await;
            let both = self.change(number).await && self.say(number + 1).await;
            number += 2;
            if both {
                self.history.send_modify(|history| history.end(self.index));
                break;
            }
        }
        Ok(())
    }

    async fn say(&mut self, number: usize) -> bool {
        let began = Instant::now();
        let ask = self.client.notify(&self.to, &Message::text(&number.to_string()));
        let answer = self.client.ask(&ask).await;
        self.write_down(Did::Said(number), began, answer.map(|answer| answer.status))
    }

    async fn change(&mut self, number: usize) -> bool {
        let (began, state) = (Instant::now(), STATES[number / CHANGE_EVERY % STATES.len()]);
        let set = SetState {
            state: state.name(),
            lease: Some(LEASE),
            view: NamedView::None,
        };
        let answer = self.client.set_state(set).await;
        self.write_down(Did::Changed(state), began, answer.map(|answer| answer.status))
    }

    fn write_down(&mut self, did: Did, began: Instant, answer: anyhow::Result<u16>) -> bool {
        let outcome = match answer {
            Ok(200..300) => Outcome::Done,
            Ok(status) => Outcome::Refused(status),
            Err(error) => {
                let at = self
                    .doors
                    .iter()
                    .position(|door| *door == self.client.wire.router);
                self.client.wire.router = self.doors[at.map_or(0, |at| at + 1) % self.doors.len()];
                Outcome::Lost(format!("{error:#}"))
            }
        };
        let done = outcome == Outcome::Done;
        self.history
            .send_modify(|history| history.add(self.index, did, began, outcome));
        done
    }
}
