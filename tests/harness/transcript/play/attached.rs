//! Sentences about clients that hold a connection open (`docs/attachment.md`).

use super::{Outcome, Player, Tried, done};
use crate::attached::AttachedClient;
use crate::client::SESSION;
use crate::transcript::{Script, Step};
use crate::transcript::{expect, words};
use anyhow::{Context, bail, ensure};
use attachment::{
    ClientFrame, Format, Kind, Message, Receipt, Received, ServerFrame, State, Watch, WatchResult,
};
use rvp::Principal;

impl Player {
    /// Sentences whose first word is an attached client are all here.
    pub(super) async fn attached(&mut self, sentence: &[&str]) -> Tried {
        let [who, rest @ ..] = sentence else {
            return Ok(None);
        };
        if !self.attached.contains_key(*who) {
            return Ok(None);
        }
        match rest {
            ["attaches"] => self.attached_client(who)?.attach().await?,
            ["loses", "its", "connection"] => self.attached_client(who)?.lose(),
            ["resumes"] => self.attached_client(who)?.resume().await?,
            ["goes", "to", router] => self.attached_client(who)?.door = self.stage.door(router)?,
            ["acknowledges", "nothing"] => self.attached_client(who)?.set_silent(true).await?,
            ["acknowledges", "again"] => self.attached_client(who)?.set_silent(false).await?,
            ["is", "closed", "with", code] => {
                let ended = self.attached_client(who)?.ends().await?;
                ensure!(ended == Some(code.parse()?), "it was closed with {ended:?}");
            }
            ["hears", "nothing"] => self.is_told_nothing(who).await?,
            ["hears" | "sees" | "is", ..] => self.told(who, rest).await?,
            _ => return self.asks(who, rest).await,
        }
        done()
    }

    /// What it asks, and what it says.
    async fn asks(&mut self, who: &str, rest: &[&str]) -> Tried {
        let client = self.attached_client(who)?;
        let answer = match rest {
            ["logs", "off"] => {
                let answer = client.ask(|request| ClientFrame::LogOff { request }).await?;
                client.ends().await?;
                answer
            }
            ["sets", property] => {
                let ("state", name) = words::pair(property)? else {
                    bail!("write state=...")
                };
                let state = State::from_name(name).with_context(|| format!("{name} is no state"))?;
                client
                    .ask(|request| ClientFrame::State { request, state })
                    .await?
            }
            ["lists", "its", "watchers"] => client.ask(|request| ClientFrame::Watchers { request }).await?,
            ["lists", "who", "is", "blocked"] => {
                client.ask(|request| ClientFrame::Blocked { request }).await?
            }
            ["says", text, "to", rest @ ..] => return self.frames(who, (Kind::Text, text), rest).await,
            ["opens", "a", "conversation", "with", rest @ ..] => {
                return self.frames(who, (Kind::Join, ""), rest).await;
            }
            ["leaves", rest @ ..] => return self.frames(who, (Kind::Leave, ""), rest).await,
            ["types", "to", whom] => {
                let to = self.person(whom)?.address();
                let conversation = Some(SESSION.to_owned());
                // What a listening client hears of it has no text either.
                self.framed.push(said((Kind::Join, ""), &to));
                let typing = ClientFrame::Typing { to, conversation };
                self.attached_client(who)?.say(typing).await?;
                return done();
            }
            [verb @ ("watches" | "unwatches" | "blocks" | "unblocks"), whom] => {
                self.asks_about(who, verb, whom).await?
            }
            ["watches", people @ ..] if people.contains(&"and") => self.watches_many(who, people).await?,
            _ => return Ok(None),
        };
        Ok(Some(Outcome::Told(vec![answer])))
    }

    async fn asks_about(&mut self, who: &str, verb: &str, whom: &str) -> anyhow::Result<Vec<ServerFrame>> {
        let person = self.person(whom)?;
        let client = self.attached_client(who)?;
        let subscription = client.watches.get(&person).copied();
        let who = person.address();
        let answer = client
            .ask(|request| match verb {
                "watches" => ClientFrame::Watch {
                    request,
                    who,
                    subscription,
                },
                "unwatches" => ClientFrame::Unwatch { request, who },
                "blocks" => ClientFrame::Block { request, who },
                _ => ClientFrame::Unblock { request, who },
            })
            .await?;
        if let Some(ServerFrame::Watching { subscription, .. }) = answer.last() {
            client.watches.insert(person, *subscription);
        }
        Ok(answer)
    }

    /// `maxb and bob`, by one frame.
    async fn watches_many(&mut self, who: &str, people: &[&str]) -> anyhow::Result<Vec<ServerFrame>> {
        let names = people.iter().filter(|word| **word != "and");
        let people: Vec<Principal> = names.map(|name| self.person(name)).collect::<Result<_, _>>()?;
        let client = self.attached_client(who)?;
        let watches = people.iter().map(|person| Watch {
            who: person.address(),
            subscription: client.watches.get(person).copied(),
        });
        let watches = watches.collect();
        let answer = client
            .ask(|request| ClientFrame::WatchMany {
                request,
                people: watches,
            })
            .await?;
        for (index, result) in expect::watched(&answer) {
            let person = people
                .get(index as usize)
                .context("a place that was not asked for")?;
            if let WatchResult::Watching {
                subscription,
                presence,
            } = result
            {
                ensure!(presence.who == person.address(), "{presence:?} at {index}");
                client.watches.insert(person.clone(), *subscription);
            }
        }
        Ok(answer)
    }

    /// `bob and carol`, and then what is special about it: `id X`, `formatted bold color=#0000ff`.
    async fn frames(&mut self, who: &str, what: (Kind, &str), rest: &[&str]) -> Tried {
        let end = rest.iter().position(|word| ["id", "formatted"].contains(word));
        let (names, options) = rest.split_at(end.unwrap_or(rest.len()));
        let names = names.iter().filter(|word| **word != "and");
        let to: Vec<Principal> = names.map(|name| self.person(name)).collect::<Result<_, _>>()?;
        ensure!(!to.is_empty(), "to whom?");
        let (id, format) = match options {
            [] => (None, None),
            ["id", id] => (Some(*id), None),
            ["formatted", looks @ ..] => (None, Some(format(looks)?)),
            _ => bail!("`{}` says nothing about a message", options.join(" ")),
        };
        let mut told = Vec::new();
        for recipient in &to {
            let mut message = said(what, &recipient.address());
            message.id = id.map_or_else(|| format!("m-{}-{who}", self.framed.len()), str::to_owned);
            message.format.clone_from(&format);
            let others = to.iter().filter(|other| *other != recipient);
            message.participants = others.map(Principal::address).collect();
            self.framed.push(message.clone());
            let ask = |request| ClientFrame::Message(Message { request, ..message });
            told.push(self.attached_client(who)?.ask(ask).await?);
        }
        Ok(Some(Outcome::Told(told)))
    }

    /// What it is told.
    async fn told(&mut self, who: &str, rest: &[&str]) -> anyhow::Result<()> {
        match rest {
            ["hears", text, "from", whom, looks @ ..] => {
                let received = self.message_of(who, whom, Kind::Text).await?;
                ensure!(received.text == *text, "it heard {received:?}");
                if let ["formatted", looks @ ..] = looks {
                    ensure!(received.format == Some(format(looks)?), "it heard {received:?}");
                }
            }
            ["sees", whom, "typing"] => {
                let from = self.person(whom)?.address();
                let types = |frame: &ServerFrame| matches!(frame, ServerFrame::Typing { from: who, .. } if *who == from);
                self.attached_client(who)?.next("typing", types).await?;
            }
            ["sees", whom, "join"] => drop(self.message_of(who, whom, Kind::Join).await?),
            ["sees", whom, "leave"] => drop(self.message_of(who, whom, Kind::Leave).await?),
            ["is", "notified", whom, properties @ ..] => {
                let whom = self.person(whom)?.address();
                let of_them = |frame: &ServerFrame| matches!(frame, ServerFrame::Presence(presence) if presence.who == whom);
                let told = self.attached_client(who)?.next("a change", of_them).await?;
                expect::presence(properties, &told)?;
            }
            _ => bail!("this is no sentence about an attached client; tests/README.md lists them"),
        }
        Ok(())
    }

    /// The next message from a person, which must be of this kind and belong to the conversation of all scripts.
    async fn message_of(&mut self, who: &str, whom: &str, kind: Kind) -> anyhow::Result<Received> {
        let from = self.person(whom)?.address();
        let is_theirs =
            |frame: &ServerFrame| matches!(frame, ServerFrame::Message(received) if received.from == from);
        let what = format!("a message from {whom}");
        let ServerFrame::Message(received) = self.attached_client(who)?.next(&what, is_theirs).await? else {
            bail!("no message")
        };
        let right = received.kind == kind && received.conversation.as_deref() == Some(SESSION);
        ensure!(right, "it heard {received:?}");
        Ok(received)
    }

    /// Checks what a request of an attached client was answered with.
    pub(super) fn check_told(
        &self,
        script: &Script,
        step: &Step,
        told: &[Vec<ServerFrame>],
    ) -> anyhow::Result<()> {
        for answer in told {
            let refused = matches!(
                answer.last(),
                Some(
                    ServerFrame::Refused { .. }
                        | ServerFrame::Receipt {
                            result: Receipt::Refused { .. },
                            ..
                        }
                )
            );
            ensure!(!refused || !step.receives.is_empty(), "the answer was {answer:?}");
            for (number, words) in &step.receives {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let at = || format!("{}:{number}: {}", script.file, words.join(" "));
                expect::told(&words, answer, &self.people).with_context(at)?;
            }
        }
        Ok(())
    }

    pub(super) fn attached_client(&mut self, who: &str) -> anyhow::Result<&mut AttachedClient> {
        self.attached
            .get_mut(who)
            .with_context(|| format!("there is no attached client {who} on stage"))
    }
}

fn said((kind, text): (Kind, &str), to: &str) -> Message {
    Message {
        to: to.to_owned(),
        kind,
        text: text.to_owned(),
        conversation: Some(SESSION.to_owned()),
        ..Message::default()
    }
}

/// `font="Comic Sans MS" bold color=#0000ff`.
fn format(looks: &[&str]) -> anyhow::Result<Format> {
    let mut format = Format::default();
    for look in looks {
        let (key, value) = look.split_once('=').unwrap_or((look, ""));
        let value = Some(value.to_owned());
        match key {
            "bold" => format.bold = true,
            "italic" => format.italic = true,
            "underline" => format.underline = true,
            "strike" => format.strike = true,
            "right-to-left" => format.right_to_left = true,
            "font" => format.font = value,
            "color" => format.color = value,
            "charset" => format.charset = value,
            "pitch" => format.pitch = value,
            _ => bail!("`{look}` says nothing about how a text looks"),
        }
    }
    Ok(format)
}
