//! A modest load with a memory: people who send each other numbered messages and change their states at a steady
//! rate, whatever happens to the cluster meanwhile, and who know afterwards what should have been heard.

mod history;
mod sender;

pub use history::{Did, Outcome, Report};

use crate::accounts::Accounts;
use crate::client::Client;
use crate::cluster::Cluster;
use crate::listener::{Heard, Said};
use crate::wait::{until, within};
use crate::wire::{Proof, Style};
use anyhow::{Context, ensure};
use daemon::{OnError, Tasks};
use history::History;
use rvp::Principal;
use sender::Sender;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// People for each home server. The next person is the one that each of them writes to, so half of the messages
/// stay on one home server and half go to another.
const FOR_EACH_HOME: usize = 2;
/// Each does something so often.
const EVERY: Duration = Duration::from_millis(100);
/// Lifetime of logins and watches, in seconds.
const LIFETIME: u32 = 14_400;
/// What a sender must get done to count as served.
const SERVED: usize = 10;

/// A load that goes on until it is finished.
pub struct Load {
    /// Those who listen: each hears of the one before.
    listeners: Vec<Client>,
    history: Arc<watch::Sender<History>>,
    tasks: Tasks,
}

impl Load {
    /// Everybody signs in and begins.
    ///
    /// # Errors
    /// When somebody cannot.
    pub async fn start(cluster: &mut dyn Cluster) -> anyhow::Result<Self> {
        let plan = cluster.plan().clone();
        let doors: Vec<SocketAddr> = plan
            .routers
            .iter()
            .map(|router| cluster.door(router))
            .collect::<Result<_, _>>()?;
        let mut people = Vec::new();
        for home in &plan.homes {
            for _ in 0..FOR_EACH_HOME {
                let name = format!("busy{}", people.len());
                people.push(person(cluster.accounts(), &name, home).await?);
            }
        }
        let mut listeners = Vec::new();
        for (index, me) in people.iter().enumerate() {
            let router = &plan.routers[index % plan.routers.len()];
            listeners.push(Client::new(cluster, me, (Style::Librvp, Proof::Digest), router)?);
        }
        let load = Self {
            listeners,
            history: Arc::new(watch::Sender::new(History::of(&people))),
            tasks: Tasks::new(),
        };
        load.sign_in(&people, cluster, &doors).await
    }

    async fn sign_in(
        mut self,
        people: &[Principal],
        cluster: &dyn Cluster,
        doors: &[SocketAddr],
    ) -> anyhow::Result<Self> {
        let count = people.len();
        for (index, listener) in self.listeners.iter_mut().enumerate() {
            let answer = listener.log_on(LIFETIME).await?;
            ensure!(answer.succeeded(), "{} to a log-on", answer.status);
            let before = &people[(index + count - 1) % count];
            let answer = listener.watch(before, LIFETIME).await?;
            ensure!(answer.succeeded(), "{} to a watch", answer.status);
        }
        let plan = cluster.plan();
        for (index, me) in people.iter().enumerate() {
            let router = &plan.routers[index % plan.routers.len()];
            let sender = Sender {
                index,
                client: Client::new(cluster, me, (Style::Librvp, Proof::Digest), router)?,
                to: people[(index + 1) % count].clone(),
                doors: doors.to_vec(),
                history: Arc::clone(&self.history),
            };
            let cancelled = self.tasks.cancelled();
            self.tasks.spawn("sender", OnError::Log, async move {
                sender.run(EVERY, cancelled.cancelled_owned()).await
            });
        }
        self.goes_on().await?;
        Ok(self)
    }

    /// Waits until every sender has got some more done.
    ///
    /// # Errors
    /// When one does not.
    pub async fn goes_on(&self) -> anyhow::Result<()> {
        let before = self.history.borrow().done();
        let more = |history: &History| {
            let now = history.done();
            now.iter()
                .zip(&before)
                .all(|(now, before)| *now >= before + SERVED)
        };
        let mut history = self.history.subscribe();
        within("everybody to be served again", history.wait_for(more)).await??;
        Ok(())
    }

    /// Who listens, and hears of the one before.
    #[must_use]
    pub fn listeners(&self) -> &[Client] {
        &self.listeners
    }

    /// Everybody says a last word, which must get through, and what was heard is compared with what was done.
    ///
    /// # Errors
    /// When something was lost, heard twice, out of order, or nobody's.
    pub async fn finish(self) -> anyhow::Result<Report> {
        // Twice what a request may take that nobody answers.
        let left = self.tasks.drain(Duration::from_secs(60)).await;
        ensure!(left.is_empty(), "a sender goes on");
        let history = self.history.borrow().clone();
        history.ended()?;
        let count = self.listeners.len();
        let mut heard: Vec<Vec<Heard>> = vec![Vec::new(); count];
        until("everybody to have heard the last words", async || {
            let mut all = true;
            for (index, listener) in self.listeners.iter().enumerate() {
                let more = listener.listener.rest();
                heard[index].extend(more.with_context(|| listener.me().address())?);
                all &= history.is_complete((index + count - 1) % count, &heard[index]);
            }
            Ok(all.then_some(()))
        })
        .await
        .or_else(|error| {
            // Whatever is missing is told better by the comparison.
            for (index, heard) in heard.iter().enumerate() {
                history.check((index + count - 1) % count, heard)?;
            }
            Err(error)
        })?;
        for (index, heard) in heard.iter().enumerate() {
            history.check((index + count - 1) % count, heard)?;
        }
        Ok(history.report())
    }
}

async fn person(accounts: &mut Accounts, name: &str, home: &str) -> anyhow::Result<Principal> {
    let me = accounts.principal(name, Some(home))?;
    accounts.add(&me, name).await?;
    Ok(me)
}

/// The text of a message.
fn text_of(heard: &Heard) -> Option<&str> {
    match &heard.said {
        Said::Message(_, mime) => Some(&mime.text),
        Said::Change(_) => None,
    }
}
