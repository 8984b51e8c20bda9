//! Sentences about sending messages.

use super::{Outcome, Player, Sent, Tried, answered, done};
use crate::client::{ALL_PROPERTIES, Message, SESSION};
use crate::documents::Entity;
use crate::wait::within;
use crate::wire::{Answer, Ask, Kept};
use anyhow::{Context, bail, ensure};
use daemon::OnError;
use rvp::Principal;
use tokio::sync::oneshot;

impl Player {
    pub(super) async fn message(&mut self, sentence: &[&str]) -> Tried {
        match sentence {
            [who, "says", text, "to", rest @ ..] => self.sends(who, Message::text(text), rest).await,
            [who, "begins", "to", "say", text, "to", rest @ ..] => {
                self.begins(who, Message::text(text), rest)
            }
            [who, "invites", "to", file, "with", rest @ ..] => {
                let lines = format!(
                    "Application-Name: File Transfer\r\nApplication-GUID: {{5D3E02AB-6190-11d3-BBBB-00C04F795683}}\r\n\
                     Invitation-Command: INVITE\r\nInvitation-Cookie: 1674141477\r\nApplication-File: {file}\r\n\
                     Application-FileSize: 5000\r\n\r\n"
                );
                let message = Message::of(entity(Entity::INVITE, &lines));
                self.sends(who, message, rest).await
            }
            [who, "types", "to", rest @ ..] => {
                let typing = Some(self.client(who)?.me().address());
                let entity = Entity {
                    typing,
                    ..entity(Entity::CONTROL, "")
                };
                self.sends(who, Message::of(entity), rest).await
            }
            [who, "opens", "a", "conversation", "with", rest @ ..] => {
                self.client(who)?.listener.rejoin(SESSION);
                self.sends(who, Message::of(entity(Entity::CONTROL, "")), rest)
                    .await
            }
            [who, "leaves", rest @ ..] => {
                let outcome = self
                    .sends(who, Message::of(entity(Entity::LEAVE, "")), rest)
                    .await?;
                // Whatever comes for that conversation now is answered 500 (spec 5.5).
                self.client(who)?.listener.leave(SESSION);
                Ok(outcome)
            }
            [who, "is", "answered"] => answered(self.answer(who).await?),
            [who, "still", "waits"] => self.still_waits(who).await,
            _ => Ok(None),
        }
    }

    /// `bob and carol` and then what is special about it: `ack deepand`, `hop 8`, `id X`, `as X`, `signed X`. With
    /// several recipients everybody gets a NOTIFY of their own that lists all of them and, as librvp does,
    /// the sender (spec 5.5).
    fn addressed(&mut self, who: &str, message: &mut Message, words: &[&str]) -> anyhow::Result<Vec<Ask>> {
        let end = words
            .iter()
            .position(|word| OPTIONS.contains(word))
            .unwrap_or(words.len());
        let names = words[..end].iter().filter(|word| **word != "and");
        let to: Vec<Principal> = names.map(|name| self.person(name)).collect::<Result<_, _>>()?;
        ensure!(!to.is_empty(), "to whom?");
        for option in words[end..].chunks(2) {
            match option {
                ["ack", ack] => message.ack = self::ack(ack)?,
                ["hop", hop] => message.hop = hop.parse()?,
                ["id", id] => message.id = Some((*id).to_owned()),
                ["as", whom] => message.from = Some(self.person(whom)?),
                ["signed", whom] => message.signed = Some(self.person(whom)?),
                _ => bail!("`{}` says nothing about a message", option.join(" ")),
            }
        }
        let client = self.client(who)?;
        if to.len() > 1 {
            message.with = to.iter().chain([client.me()]).cloned().collect();
        }
        let asks: Vec<Ask> = to.iter().map(|to| client.notify(to, message)).collect();
        let sent = asks.iter().map(|ask| Sent {
            document: ask.body.clone().into(),
            hop: message.hop,
            ack: message.ack,
        });
        self.sent.extend(sent);
        Ok(asks)
    }

    async fn sends(&mut self, who: &str, mut message: Message, words: &[&str]) -> Tried {
        let asks = self.addressed(who, &mut message, words)?;
        let mut answers = Vec::new();
        for ask in &asks {
            answers.push(self.client(who)?.ask(ask).await?);
        }
        Ok(Some(Outcome::AnsweredEach(answers)))
    }

    fn begins(&mut self, who: &str, mut message: Message, words: &[&str]) -> Tried {
        let asks = self.addressed(who, &mut message, words)?;
        let [ask] = <[Ask; 1]>::try_from(asks).ok().context("one at a time")?;
        let wire = self.client(who)?.wire.clone();
        let (tell, told) = oneshot::channel();
        self.tasks.spawn("request under way", OnError::Stop, async move {
            let answer = wire.ask(&mut Kept::default(), &ask).await;
            // Nobody asks for it when the script has failed.
            let _ = tell.send(answer);
            Ok(())
        });
        ensure!(
            self.pending.insert(who.to_owned(), told).is_none(),
            "{who} has begun something already"
        );
        done()
    }

    async fn answer(&mut self, who: &str) -> anyhow::Result<Answer> {
        let told = self
            .pending
            .remove(who)
            .with_context(|| format!("{who} has begun nothing"))?;
        within(format!("the answer to {who}"), told)
            .await?
            .context("the request was dropped")?
    }

    /// Not answered, after something else has made the way to the home server and back.
    async fn still_waits(&mut self, who: &str) -> Tried {
        let client = self.client(who)?;
        let me = client.me().clone();
        let body = client.dialect().find(&ALL_PROPERTIES);
        let (wire, ask) = (
            client.wire.clone(),
            Ask::new("PROPFIND", &me).header("Depth", 0).body(body),
        );
        wire.ask(&mut Kept::default(), &ask).await?;
        let told = self
            .pending
            .get_mut(who)
            .with_context(|| format!("{who} has begun nothing"))?;
        match told.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => done(),
            Ok(answer) => bail!("it was answered already: {}", answer?.status),
            Err(oneshot::error::TryRecvError::Closed) => bail!("the request was dropped"),
        }
    }
}

/// The words with which what is special about a message begins.
const OPTIONS: [&str; 5] = ["ack", "hop", "id", "as", "signed"];

fn entity(kind: &'static str, text: &str) -> Entity {
    Entity {
        kind,
        typing: None,
        session: SESSION.to_owned(),
        text: text.to_owned(),
    }
}

fn ack(word: &str) -> anyhow::Result<Option<&'static str>> {
    Ok(match word {
        "singlehop" => Some("SingleHop"),
        "deepor" => Some("DeepOr"),
        "deepand" => Some("DeepAnd"),
        "none" => None,
        _ => bail!("`{word}` is no ack type; write singlehop, deepor, deepand or none"),
    })
}
