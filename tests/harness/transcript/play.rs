//! Playing a script: sentence by sentence, each against the running stage.

mod access;
mod attached;
mod cluster;
mod hearing;
mod marker;
mod messages;
mod presence;
mod session;

use super::{Played, Script, Step, expect};
use crate::attached::AttachedClient;
use crate::client::Client;
use crate::cluster::Cluster;
use crate::wait::TICK;
use crate::wire::Answer;
use anyhow::{Context, bail, ensure};
use attachment::ServerFrame;
use bytes::Bytes;
use daemon::Tasks;
use rvp::Principal;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// Plays a script on a cluster to its end, and takes the cluster down.
pub(super) async fn play(script: &Script, stage: Box<dyn Cluster>) -> anyhow::Result<()> {
    let mut player = Player::new(stage, script).await?;
    if let Err(error) = player.steps(script).await {
        return Err(error.context(player.stage.story()));
    }
    player.finish().await
}

/// The stage with everybody on it.
pub(super) struct Player {
    stage: Box<dyn Cluster>,
    clients: BTreeMap<String, Client>,
    /// Those that hold a connection open.
    attached: BTreeMap<String, AttachedClient>,
    people: BTreeMap<String, Principal>,
    /// Messages as they were sent: what arrives must be one of these, octet for octet.
    sent: Vec<Sent>,
    /// And what attached clients said: text and conversation must be these.
    framed: Vec<attachment::Message>,
    /// Requests under way, by who made them.
    pending: BTreeMap<String, oneshot::Receiver<anyhow::Result<Answer>>>,
    markers: marker::Markers,
    tasks: Tasks,
}

struct Sent {
    document: Bytes,
    hop: u8,
    ack: Option<&'static str>,
}

/// What a sentence led to.
pub(super) enum Outcome {
    /// Nothing that is answered.
    Done,
    /// One request.
    Answered(Answer),
    /// Several, to as many recipients.
    AnsweredEach(Vec<Answer>),
    /// One request of an attached client, or several to as many recipients.
    Told(Vec<Vec<ServerFrame>>),
}

/// The outcome of a sentence, or none if it is not one of those that were tried.
type Tried = anyhow::Result<Option<Outcome>>;

impl Player {
    async fn new(mut stage: Box<dyn Cluster>, script: &Script) -> anyhow::Result<Self> {
        let (mut clients, mut attached) = (BTreeMap::new(), BTreeMap::new());
        let mut people = BTreeMap::new();
        let first_router = stage
            .plan()
            .routers
            .first()
            .cloned()
            .context("there is no router")?;
        for role in &script.cast.roles {
            let person = role.name.split('/').next().unwrap_or_default();
            if !people.contains_key(person) {
                let principal = stage.accounts().principal(person, role.home.as_deref())?;
                people.insert(person.to_owned(), principal);
            }
            let me = &people[person];
            let Some(played) = role.client else { continue };
            let display_name = role.display_name.clone().unwrap_or_else(|| capital(person));
            stage.accounts().add(me, &display_name).await?;
            let router = role.router.as_ref().unwrap_or(&first_router);
            let twice = match played {
                Played::Attached => {
                    let client = AttachedClient::new(me, stage.door(router)?);
                    attached.insert(role.name.clone(), client).is_some()
                }
                Played::Listening(style, proof) => {
                    let mut client = Client::new(&*stage, me, (style, proof), router)?;
                    client.display_name = display_name;
                    clients.insert(role.name.clone(), client).is_some()
                }
            };
            let twice = twice || clients.contains_key(&role.name) && attached.contains_key(&role.name);
            ensure!(!twice, "{} is on stage twice", role.name);
        }
        let (sent, pending, tasks) = (Vec::new(), BTreeMap::new(), Tasks::new());
        Ok(Self {
            stage,
            clients,
            attached,
            people,
            sent,
            framed: Vec::new(),
            pending,
            markers: marker::Markers::default(),
            tasks,
        })
    }

    async fn steps(&mut self, script: &Script) -> anyhow::Result<()> {
        for step in &script.steps {
            let at = || format!("{}:{}: {}", script.file, step.line, step.words.join(" "));
            self.step(script, step).await.with_context(at)?;
        }
        Ok(())
    }

    /// Where time does not stand still, what is asked after a time is asked again until it is as it should be.
    async fn step(&mut self, script: &Script, step: &Step) -> anyhow::Result<()> {
        let words: Vec<&str> = step.words.iter().map(String::as_str).collect();
        let until = tokio::time::Instant::now() + self.stage.slack();
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            let outcome = self.sentence(&words).await?;
            let as_written = self.check(script, step, outcome);
            let again = matches!(words[..], [_, "reads" | "lists", ..]);
            if as_written.is_ok() || !again || tokio::time::Instant::now() >= until {
                return as_written;
            }
        }
    }

    fn check(&self, script: &Script, step: &Step, outcome: Outcome) -> anyhow::Result<()> {
        let answers = match outcome {
            Outcome::Done => {
                ensure!(
                    step.receives.is_empty(),
                    "nobody asked anything, so nothing is received"
                );
                return Ok(());
            }
            Outcome::Answered(answer) => vec![answer],
            Outcome::AnsweredEach(answers) => answers,
            Outcome::Told(told) => return self.check_told(script, step, &told),
        };
        let speaker = step.words.first().map(|who| who.trim_end_matches("'s"));
        let at_hand = expect::AtHand {
            client: speaker.and_then(|who| self.clients.get(who)),
            people: &self.people,
            slack: self.stage.slack(),
        };
        for answer in &answers {
            if step.receives.is_empty() {
                let body = String::from_utf8_lossy(&answer.body);
                ensure!(answer.succeeded(), "the answer was {}: {body}", answer.status);
            }
            for (number, words) in &step.receives {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let at = || format!("{}:{number}: {}", script.file, words.join(" "));
                expect::receives(&words, answer, &at_hand).with_context(at)?;
            }
        }
        Ok(())
    }

    async fn sentence(&mut self, words: &[&str]) -> anyhow::Result<Outcome> {
        if let Some(outcome) = self.cluster(words).await? {
            return Ok(outcome);
        }
        if let Some(outcome) = self.attached(words).await? {
            return Ok(outcome);
        }
        if let Some(outcome) = self.session(words).await? {
            return Ok(outcome);
        }
        if let Some(outcome) = self.presence(words).await? {
            return Ok(outcome);
        }
        if let Some(outcome) = self.access(words).await? {
            return Ok(outcome);
        }
        if let Some(outcome) = self.message(words).await? {
            return Ok(outcome);
        }
        if let Some(outcome) = self.hearing(words).await? {
            return Ok(outcome);
        }
        bail!("this is no sentence of the language; tests/README.md lists them")
    }

    /// Whoever heard something that the script does not mention fails it.
    async fn finish(mut self) -> anyhow::Result<()> {
        ensure!(
            self.pending.is_empty(),
            "a request was begun whose answer the script does not mention"
        );
        for (name, client) in &self.clients {
            let rest = self
                .markers
                .without_them(client.listener.rest().with_context(|| name.clone())?);
            ensure!(
                rest.is_empty(),
                "{name} has heard what the script does not mention: {}",
                rest.join("; ")
            );
        }
        for (name, client) in &mut self.attached {
            let rest = client.rest().with_context(|| name.clone())?;
            let rest = self.markers.without_their_presence(rest);
            ensure!(
                rest.is_empty(),
                "{name} was told what the script does not mention: {rest:?}"
            );
            client.lose();
        }
        self.tasks.abort();
        self.stage.close().await
    }

    fn client(&mut self, who: &str) -> anyhow::Result<&mut Client> {
        self.clients
            .get_mut(who)
            .with_context(|| format!("there is no client {who} on stage"))
    }

    /// A person by name, or by an address anywhere.
    fn person(&self, name: &str) -> anyhow::Result<Principal> {
        if name.contains('@') {
            return Ok(Principal::from_address(name)?);
        }
        self.people
            .get(name)
            .cloned()
            .with_context(|| format!("there is nobody called {name} on stage"))
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn answered(answer: Answer) -> Tried {
    Ok(Some(Outcome::Answered(answer)))
}

fn done() -> Tried {
    Ok(Some(Outcome::Done))
}
