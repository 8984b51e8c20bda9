//! One of the senders.

use super::Insisted;
use crate::client::{Client, Message};
use crate::listener::{Heard, Said};
use crate::wait::TICK;
use anyhow::{Context, bail};
use rvp::Principal;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// Tries of one message, with a moment between: some seconds longer than anything is out of service.
const TRIES_MAX: usize = 400;

/// What all senders have done.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) insisted: Insisted,
    /// Senders who have nothing left to send.
    pub(super) ended: usize,
    /// Why one has given up.
    pub(super) given_up: Option<String>,
}

/// A sender with its messages.
pub(super) struct Letters {
    pub(super) sender: usize,
    pub(super) client: Client,
    pub(super) to: Vec<Principal>,
    /// All routers: who is not answered goes to the next.
    pub(super) doors: Vec<SocketAddr>,
    pub(super) written: Arc<watch::Sender<Written>>,
}

impl Letters {
    pub(super) async fn run(mut self, messages: usize, end: impl Future<Output = ()>) -> anyhow::Result<()> {
        let mut end = Box::pin(end);
        for number in 0..messages {
            let sent = tokio::select! {
                biased;
                sent = self.insist(number) => sent,
                // Whoever ends this waits for it a while before.
                () = &mut end => Err(anyhow::anyhow!("it was ended at {number}")),
            };
            if let Err(error) = sent {
                self.written
                    .send_modify(|written| written.given_up = Some(format!("{error:#}")));
                return Ok(());
            }
        }
        self.written.send_modify(|written| written.ended += 1);
        Ok(())
    }

    async fn insist(&mut self, number: usize) -> anyhow::Result<()> {
        let to = self.to[(number + self.sender) % self.to.len()].clone();
        let message = Message {
            id: Some(format!("{}-{number}", self.sender)),
            ..Message::text(&number.to_string())
        };
        let ask = self.client.notify(&to, &message);
        let mut tick = tokio::time::interval(TICK * 5);
        let mut last = None;
        for tries in 0..TRIES_MAX {
            tick.tick().await;
            match self.client.ask(&ask).await.map(|answer| answer.status) {
                Ok(status @ 200..300) => {
                    self.written.send_modify(|written| {
                        written.insisted.messages += 1;
                        written.insisted.stored += usize::from(status == 202);
                        written.insisted.again += tries;
                    });
                    return Ok(());
                }
                Ok(status) => last = Some(status.to_string()),
                Err(error) => {
                    last = Some(format!("{error:#}"));
                    let at = self
                        .doors
                        .iter()
                        .position(|door| *door == self.client.wire.router);
                    self.client.wire.router = self.doors[at.map_or(0, |at| at + 1) % self.doors.len()];
                }
            }
        }
        bail!("message {number} does not arrive: {last:?}")
    }
}

/// The number of a message.
pub(super) fn number_of(heard: &Heard) -> anyhow::Result<usize> {
    let Said::Message(_, mime) = &heard.said else {
        bail!("it heard {heard}")
    };
    mime.text.parse().with_context(|| format!("it heard {heard}"))
}
