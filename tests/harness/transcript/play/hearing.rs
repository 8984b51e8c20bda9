//! Sentences about what clients hear, and how they answer.

use super::{Player, Sent, Tried, done};
use crate::listener::{Heard, Manner, Said};
use crate::transcript::words;
use anyhow::{Context, bail, ensure};
use rvp::notification::MessageKind;
use rvp::{PresenceState, Principal, Property};

impl Player {
    pub(super) async fn hearing(&mut self, sentence: &[&str]) -> Tried {
        match sentence {
            [who, "hears", "nothing"] => self.hears_nothing(who).await?,
            [who, "hears", text, "from", whom] => {
                let heard = self.message_from(who, whom, MessageKind::Text).await?;
                ensure!(text_of(&heard) == *text, "it heard {heard}");
            }
            [who, "hears", text, "from", whom, "formatted", format] => {
                let heard = self.message_from(who, whom, MessageKind::Text).await?;
                let looks =
                    matches!(&heard.said, Said::Message(_, mime) if mime.format.as_deref() == Some(format));
                ensure!(text_of(&heard) == *text && looks, "it heard {heard}");
            }
            [who, "is", "notified", whom, properties @ ..] => {
                let person = self.person(whom)?;
                let what = format!("a change of {whom}");
                let heard = self
                    .client(who)?
                    .listener
                    .next(&what, |heard| heard.is_change_of(&person))
                    .await?;
                check_change(&heard, properties)?;
            }
            [who, "sees", whom, "typing"] => {
                let heard = self.message_from(who, whom, MessageKind::Typing).await?;
                let typing = self.person(whom)?.address();
                let Said::Message(_, mime) = &heard.said else {
                    bail!("it heard {heard}")
                };
                ensure!(
                    mime.typing_user.as_deref() == Some(typing.as_str()),
                    "it heard {heard}"
                );
            }
            [who, "sees", whom, "join"] => drop(self.message_from(who, whom, MessageKind::Join).await?),
            [who, "sees", whom, "join", "with", with @ ..] => {
                let heard = self.message_from(who, whom, MessageKind::Join).await?;
                self.check_with(&heard, with)?;
            }
            [who, "sees", whom, "leave"] => drop(self.message_from(who, whom, MessageKind::Leave).await?),
            [who, "is", "invited", "to", file, "by", whom] => {
                let heard = self.message_from(who, whom, MessageKind::Text).await?;
                let line = format!("Application-File: {file}\r\n");
                ensure!(text_of(&heard).contains(&line), "it heard {heard}");
            }
            _ => return self.manners(sentence).await,
        }
        done()
    }

    async fn manners(&mut self, sentence: &[&str]) -> Tried {
        match sentence {
            [who, "answers", "nothing"] => self.client(who)?.listener.set_manner(Manner::Silent),
            [who, "answers", "again"] | [who, "lets", "go"] => {
                self.client(who)?.listener.set_manner(Manner::Take)
            }
            [who, "answers", status] => {
                let status = status.parse().context("write nothing, again or a status")?;
                self.client(who)?.listener.set_manner(Manner::Status(status));
            }
            [who, "takes", few, "and", "then", "hangs", "up"] => {
                let few = few.parse().context("how many?")?;
                self.client(who)?.listener.set_manner(Manner::Few(few));
            }
            [who, "hangs", "up"] => self.client(who)?.listener.set_manner(Manner::HangUp),
            [who, "holds", "its", "answers"] => self.client(who)?.listener.set_manner(Manner::Hold),
            [who, "stops", "listening"] => self.client(who)?.listener.stop().await?,
            [who, "listens", "again"] => self.client(who)?.listener.listen()?,
            [who, "cannot", "be", "connected"] => self.set_unreachable(who, true).await?,
            [who, "can", "be", "connected", "again"] => self.set_unreachable(who, false).await?,
            _ => return Ok(None),
        }
        done()
    }

    /// Where the network is the system's own, the listener sees to it itself.
    async fn set_unreachable(&mut self, who: &str, unreachable: bool) -> anyhow::Result<()> {
        let listener = &mut self
            .clients
            .get_mut(who)
            .with_context(|| format!("there is no client {who} on stage"))?
            .listener;
        match self.stage.network() {
            Some(network) => network.set_unreachable(listener.address().port(), unreachable),
            None if unreachable => listener.vanish().await?,
            None => listener.appear()?,
        }
        Ok(())
    }

    /// The next message from a person: of this kind, octet for octet as somebody sent it, one hop further,
    /// with the same ack type.
    async fn message_from(&mut self, who: &str, whom: &str, kind: MessageKind) -> anyhow::Result<Heard> {
        let from = self.person(whom)?;
        let what = format!("a message from {whom}");
        let heard = self
            .client(who)?
            .listener
            .next(&what, |heard| heard.is_message_from(&from))
            .await?;
        let is_kind = matches!(&heard.said, Said::Message(message, _) if message.kind == kind);
        ensure!(is_kind, "it heard {heard}");
        let is_it = |sent: &&Sent| {
            let ack = sent.ack.unwrap_or("DeepOr");
            sent.document == heard.document && sent.hop + 1 == heard.hop && heard.ack.as_deref() == Some(ack)
        };
        let sent = self.sent.iter().any(|sent| is_it(&sent)) || self.was_framed(&heard);
        ensure!(
            sent,
            "hop {} and {:?}, or the document, is not what somebody sent: {heard}",
            heard.hop,
            heard.ack
        );
        Ok(heard)
    }

    /// Whether an attached client said it: its router wrote the document.
    fn was_framed(&self, heard: &Heard) -> bool {
        let Said::Message(_, mime) = &heard.said else {
            return false;
        };
        let is_it = |message: &attachment::Message| {
            mime.text == message.text && Some(&mime.session_id) == message.conversation.as_ref()
        };
        let as_routers_send = heard.hop == 2 && heard.ack.as_deref() == Some("DeepOr");
        as_routers_send && self.framed.iter().any(is_it)
    }

    fn check_with(&self, heard: &Heard, names: &[&str]) -> anyhow::Result<()> {
        let names = names.iter().filter(|word| **word != "and");
        let expected: Vec<Principal> = names.map(|name| self.person(name)).collect::<Result<_, _>>()?;
        let Said::Message(message, _) = &heard.said else {
            bail!("it heard {heard}")
        };
        let listed: Vec<Principal> = message.to.iter().filter_map(|to| to.person()).cloned().collect();
        ensure!(listed == expected, "the message lists {listed:?}");
        Ok(())
    }
}

fn text_of(heard: &Heard) -> &str {
    match &heard.said {
        Said::Message(_, mime) => &mime.text,
        Said::Change(_) => "",
    }
}

fn check_change(heard: &Heard, expected: &[&str]) -> anyhow::Result<()> {
    let Said::Change(change) = &heard.said else {
        bail!("it heard {heard}")
    };
    let mut properties = Vec::new();
    for word in expected {
        properties.push(match words::pair(word)? {
            ("state", name) => Property::State(
                PresenceState::from_name(name).with_context(|| format!("{name} is no state"))?,
            ),
            ("name", name) => Property::DisplayName(name.to_owned()),
            _ => bail!("`{word}` is no property that is notified; write state= or name="),
        });
    }
    ensure!(
        change.properties == properties,
        "it was notified {:?}",
        change.properties
    );
    Ok(())
}
