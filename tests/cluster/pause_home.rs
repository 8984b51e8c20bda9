//! A home server is held still for longer than its lease lives, and goes on: it must not deliver or store for people
//! whom it has lost.

use crate::scene::{self, Bounds, LEASE_LOST, RECOVERY, client, expect};
use anyhow::ensure;
use daemon::{OnError, Tasks};
use std::collections::{BTreeMap, BTreeSet};
use tests::client::{ALL_PROPERTIES, Message};
use tests::listener::Said;
use tests::wire::{Ask, Kept};
use tests::{Client, Failure, Processes};
use tokio::sync::mpsc::{self, Receiver};

/// Messages, and as many changes, that a home server is at when it is held still; and as many that reach it then.
const LATE: usize = 20;

#[test]
fn a_home_server_that_was_paused_does_nothing_for_people_it_has_lost() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        for complaint in LEASE_LOST {
            processes.allow(complaint);
        }
        // How far it gets with what it finds is chance.
        processes.allow("another home has taken a slot over");
        processes.allow("no router is linked, a message cannot be delivered");
        // The library of the store finds that something took long.
        processes.allow("WARN sqlx::");
        let mut witness = Witness::new(processes).await?;
        let tasks = Tasks::new();
        let mut early = witness.asks_much(&tasks, "early");
        // It is in the middle of them.
        let first = early.recv().await;
        processes.pause_outside_of_writes("home-2").await?;
        let late = witness.asks_much(&tasks, "late");
        answers(early, 2 * LATE - 1).await?;
        ensure!(first.is_some(), "nothing was answered");
        let late = answers(late, 2 * LATE).await?;
        // Messages are asked again where their recipient is now, and may be delivered there.
        ensure!(
            !late.contains_key(&207),
            "a home that is held still has answered: {late:?}"
        );
        processes.becomes_member("home-2", false).await?;
        load.goes_on().await?;
        witness.asks_the_new_one().await?;
        processes.process("home-2")?.resume().await?;
        // It learns that its lease is lost, and joins again by itself.
        processes.becomes_member("home-2", true).await?;
        load.goes_on().await?;
        witness.finds_the_new().await?;
        Ok(Bounds {
            gap: RECOVERY,
            failures: true,
        })
    })
}

/// Somebody on the home server that is paused, and somebody elsewhere who writes to it.
struct Witness {
    lost: Client,
    other: Client,
}

impl Witness {
    async fn new(processes: &mut Processes) -> anyhow::Result<Self> {
        let mut lost = client(processes, "lost", "home-2").await?;
        let mut other = client(processes, "other", "home-1").await?;
        expect(200, &lost.log_on(14_400).await?)?;
        expect(200, &other.log_on(14_400).await?)?;
        Ok(Self { lost, other })
    }

    /// Many requests at once, of which the statuses come.
    fn asks_much(&self, tasks: &Tasks, word: &str) -> Receiver<u16> {
        let (tell, told) = mpsc::channel(2 * LATE);
        for number in 0..LATE {
            let text = format!("{word} {number}");
            let message = self.other.notify(self.lost.me(), &Message::text(&text));
            let requests = [
                (self.other.wire.clone(), message),
                (self.lost.wire.clone(), self.name(&text)),
            ];
            for (wire, ask) in requests {
                let tell = tell.clone();
                tasks.spawn("request", OnError::Log, async move {
                    let answer = wire.ask(&mut Kept::default(), &ask).await?;
                    Ok(tell.send(answer.status).await?)
                });
            }
        }
        told
    }

    /// From here on everything is as the new home says.
    async fn asks_the_new_one(&mut self) -> anyhow::Result<()> {
        let ask = self.name("new");
        expect(207, &self.lost.ask(&ask).await?)?;
        let ask = self.other.notify(self.lost.me(), &Message::text("new"));
        expect(200, &self.other.ask(&ask).await?)?;
        let heard = self.lost.listener.rest()?;
        let last = heard.last().map(|heard| &heard.said);
        let is_new = matches!(last, Some(Said::Message(_, mime)) if mime.text == "new");
        ensure!(is_new, "the last that was heard is {last:?}");
        let mut texts = BTreeSet::new();
        for each in &heard {
            ensure!(texts.insert(each.to_string()), "it was told twice: {each}");
        }
        Ok(())
    }

    /// The name is still the new one, and nothing has been heard since.
    async fn finds_the_new(&mut self) -> anyhow::Result<()> {
        let found = self.other.find(self.lost.me(), &ALL_PROPERTIES).await?;
        let text = String::from_utf8_lossy(&found.body).into_owned();
        ensure!(text.contains(">new<"), "it has stored what it had lost: {text}");
        let heard: Vec<String> = self
            .lost
            .listener
            .rest()?
            .iter()
            .map(ToString::to_string)
            .collect();
        ensure!(heard.is_empty(), "it has delivered what it had lost: {heard:?}");
        Ok(())
    }

    /// A change that is stored.
    fn name(&self, name: &str) -> Ask {
        let body = self
            .lost
            .dialect()
            .update(&format!("<d:displayname>{name}</d:displayname>"));
        Ask::new("PROPPATCH", self.lost.me()).body(body)
    }
}

/// How often each status came.
async fn answers(mut told: Receiver<u16>, expected: usize) -> anyhow::Result<BTreeMap<u16, usize>> {
    let mut statuses = BTreeMap::new();
    while let Some(status) = told.recv().await {
        *statuses.entry(status).or_default() += 1;
    }
    let count: usize = statuses.values().sum();
    ensure!(count == expected, "some were not answered: {statuses:?}");
    tracing::info!(?statuses, "answered");
    Ok(statuses)
}
