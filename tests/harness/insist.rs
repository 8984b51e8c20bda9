//! Senders who insist: each sends numbered messages, one after the other, and sends the same one again until it is told
//! that it was delivered or stored. Some of those they write to are there, some are not, and some come and go.
//! Afterwards everybody comes, and what each of them heard is compared with what was sent: everything once, in order.

mod letters;

use crate::client::{Client, Message};
use crate::cluster::Cluster;
use crate::listener::Heard;
use crate::wait::until;
use crate::wire::{Proof, Style};
use anyhow::{Context, ensure};
use daemon::{OnError, Tasks};
use letters::{Letters, Written, number_of};
use rvp::Principal;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Lifetime of logins, in seconds.
const LIFETIME: u32 = 14_400;

/// How many there are.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Who sends; each writes to all recipients in turn.
    pub senders: usize,
    /// Who is there all the time.
    pub online: usize,
    /// Who comes only at the end.
    pub offline: usize,
    /// Messages of each sender.
    pub messages: usize,
}

/// Senders at work.
pub struct Insisting {
    crowd: Crowd,
    recipients: Vec<Client>,
    last: Client,
    senders: Vec<Principal>,
    written: Arc<watch::Sender<Written>>,
    tasks: Tasks,
}

/// What it came to.
#[derive(Clone, Debug, Default)]
pub struct Insisted {
    /// Messages that were delivered or stored.
    pub messages: usize,
    /// Those that were stored.
    pub stored: usize,
    /// How often one had to be sent again.
    pub again: usize,
}

impl Insisting {
    /// Whoever is to be there logs on, and the senders begin.
    ///
    /// # Errors
    /// When somebody cannot.
    pub async fn start(cluster: &mut dyn Cluster, crowd: Crowd) -> anyhow::Result<Self> {
        let plan = cluster.plan().clone();
        let mut clients = Vec::new();
        for number in 0..=crowd.online + crowd.offline + crowd.senders {
            let home = &plan.homes[number % plan.homes.len()];
            let me = cluster
                .accounts()
                .principal(&format!("one{number}"), Some(home))?;
            cluster.accounts().add(&me, me.name()).await?;
            let router = &plan.routers[number % plan.routers.len()];
            clients.push(Client::new(
                cluster,
                &me,
                (Style::Miranda, Proof::Digest),
                router,
            )?);
        }
        let last = clients.pop().context("there is nobody")?;
        let senders = clients.split_off(crowd.online + crowd.offline);
        for recipient in &mut clients[..crowd.online] {
            log_on(recipient).await?;
        }
        let (written, tasks) = (Arc::new(watch::Sender::new(Written::default())), Tasks::new());
        let to: Vec<Principal> = clients.iter().map(|client| client.me().clone()).collect();
        let names = senders.iter().map(|client| client.me().clone()).collect();
        for (sender, client) in senders.into_iter().enumerate() {
            let letters = Letters {
                sender,
                client,
                to: to.clone(),
                doors: plan
                    .routers
                    .iter()
                    .map(|router| cluster.door(router))
                    .collect::<Result<_, _>>()?,
                written: Arc::clone(&written),
            };
            let cancelled = tasks.cancelled();
            tasks.spawn("insisting sender", OnError::Log, async move {
                letters.run(crowd.messages, cancelled.cancelled_owned()).await
            });
        }
        Ok(Self {
            crowd,
            recipients: clients,
            last,
            senders: names,
            written,
            tasks,
        })
    }

    /// Whether all messages have arrived.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.written.borrow().ended >= self.crowd.senders
    }

    /// How many messages have arrived.
    #[must_use]
    pub fn arrived(&self) -> usize {
        self.written.borrow().insisted.messages
    }

    /// Waits, for a bounded time, until some more have arrived, or all.
    pub async fn goes_on(&self, more: usize, at_most: Duration) {
        let (mut written, before) = (self.written.subscribe(), self.arrived());
        let some = written.wait_for(|written| {
            written.ended >= self.crowd.senders || written.insisted.messages >= before + more
        });
        // Whether it was in vain is for whoever waits to see.
        let _ = tokio::time::timeout(at_most, some).await;
    }

    /// Waits, for a bounded time, until all have arrived.
    pub async fn wait(&self, at_most: Duration) {
        let mut written = self.written.subscribe();
        let all = written.wait_for(|written| written.ended >= self.crowd.senders);
        // Whether it was in vain is for whoever waits to see.
        let _ = tokio::time::timeout(at_most, all).await;
    }

    /// Everybody comes, and what they heard is compared with what was sent.
    ///
    /// # Errors
    /// When a sender has given up, or something was lost, heard twice, or out of order.
    pub async fn finish(mut self) -> anyhow::Result<Insisted> {
        let left = self.tasks.drain(Duration::from_secs(60)).await;
        ensure!(left.is_empty(), "a sender goes on");
        ensure!(
            self.is_done(),
            "a sender has given up: {:?}",
            self.written.borrow()
        );
        for recipient in &mut self.recipients[self.crowd.online..] {
            log_on(recipient).await?;
        }
        for place in 0..self.recipients.len() {
            let heard = self.everything_heard(place).await?;
            let address = self.recipients[place].me().address();
            check(&self.senders, &self.expected(place), &heard).with_context(|| address)?;
        }
        let written = self.written.borrow();
        Ok(written.insisted.clone())
    }

    /// What a recipient hears up to a last message of somebody else, which comes behind everything that waits.
    async fn everything_heard(&mut self, place: usize) -> anyhow::Result<Vec<Heard>> {
        let recipient = &self.recipients[place];
        let last = self.last.notify(recipient.me(), &Message::text("the end"));
        let answer = self.last.ask(&last).await?;
        ensure!(answer.succeeded(), "{} to the last message", answer.status);
        let from = self.last.me();
        let mut heard: Vec<Heard> = Vec::new();
        // As long as something comes, more is waited for.
        while !heard.iter().any(|heard| heard.is_message_from(from)) {
            let what = format!("{} to hear more than {} messages", recipient.me(), heard.len());
            let more = until(what, async || {
                let more = recipient.listener.rest()?;
                Ok((!more.is_empty()).then_some(more))
            });
            heard.extend(more.await?);
        }
        Ok(heard)
    }

    /// The numbers that each sender sends to a recipient.
    fn expected(&self, recipient: usize) -> Vec<(usize, usize)> {
        let count = self.recipients.len();
        let mut expected = Vec::new();
        for sender in 0..self.crowd.senders {
            let numbers = (0..self.crowd.messages).filter(|number| (number + sender) % count == recipient);
            expected.extend(numbers.map(|number| (sender, number)));
        }
        expected
    }
}

async fn log_on(client: &mut Client) -> anyhow::Result<()> {
    let answer = client.log_on(LIFETIME).await?;
    ensure!(answer.succeeded(), "{} to a log-on", answer.status);
    Ok(())
}

/// Everything was heard once, and of each sender in order.
fn check(senders: &[Principal], expected: &[(usize, usize)], heard: &[Heard]) -> anyhow::Result<()> {
    for (sender, from) in senders.iter().enumerate() {
        let of = heard.iter().filter(|heard| heard.is_message_from(from));
        let numbers: Vec<usize> = of.map(number_of).collect::<Result<_, _>>()?;
        let sent: Vec<usize> = expected
            .iter()
            .filter(|(of, _)| *of == sender)
            .map(|(_, number)| *number)
            .collect();
        ensure!(
            numbers == sent,
            "of {from} were heard {numbers:?} instead of {sent:?}"
        );
    }
    Ok(())
}
