//! A notification as a client got it, checked against what clients need (spec 3.7, 4.1, 7.2, 0.1).

use crate::accounts::DOMAIN;
use crate::wire::rules::{check_common, check_document, is_text_xml, only};
use anyhow::{Context, ensure};
use bytes::Bytes;
use http::HeaderMap;
use rvp::notification::{Content, Message, Notification, PropertyChange};
use rvp::{Identity, Mime, Principal};
use std::net::SocketAddr;

/// One notification.
#[derive(Clone, Debug)]
pub struct Heard {
    /// `RVP-Hop-Count`.
    pub hop: u8,
    /// `RVP-Ack-Type`, in messages.
    pub ack: Option<String>,
    /// `traceparent`, if it was sent.
    pub trace: Option<String>,
    /// `Subscription-Id`.
    pub subscription: u32,
    /// The document, as it came.
    pub document: Bytes,
    /// What it says.
    pub said: Said,
}

/// What a notification says.
#[derive(Clone, Debug)]
pub enum Said {
    /// A message of somebody.
    Message(Message, Mime),
    /// Somebody's properties have changed.
    Change(PropertyChange),
}

impl Heard {
    /// Reads what came, and checks it.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn read(head: &str, headers: &HeaderMap, body: Bytes, listener: SocketAddr) -> anyhow::Result<Self> {
        ensure!(
            head.lines().next() == Some("NOTIFY / HTTP/1.1"),
            "the request line"
        );
        check_common(headers, body.len())?;
        ensure!(
            is_text_xml(headers),
            "Content-Type, without which librvp closes silently"
        );
        let host = only(headers, "host")?;
        ensure!(host == listener.to_string(), "Host is {host}");
        let from = only(headers, "rvp-from-principal")?;
        let hop = only(headers, "rvp-hop-count")?.parse().context("RVP-Hop-Count")?;
        let subscription: u32 = only(headers, "subscription-id")?
            .parse()
            .context("Subscription-Id")?;
        ensure!(
            i32::try_from(subscription).is_ok() && subscription > 0,
            "rule 6: Subscription-Id"
        );
        let optional = |name: &str| {
            headers
                .get(name)
                .map(|_| only(headers, name).map(str::to_owned))
                .transpose()
        };
        let (ack, trace) = (optional("rvp-ack-type")?, optional("traceparent")?);
        let notification = Notification::parse(body.clone()).context("the document")?;
        let said = match notification.content {
            Content::Message(ref message) => {
                ensure!(
                    from == message.from.to_string(),
                    "the sender is {from} and {} at once",
                    message.from
                );
                ensure!(ack.is_some(), "a message without RVP-Ack-Type");
                let mime = notification.mime()?;
                Said::Message(message.clone(), mime)
            }
            Content::PropertyChange(change) => {
                ensure!(from == DOMAIN, "a change is told in the name of {from}");
                ensure!(ack.is_none(), "a change with RVP-Ack-Type");
                ensure!(hop == 2, "a change with hop {hop}");
                check_document(&body)?;
                check_change(&change, &body)?;
                Said::Change(change)
            }
        };
        Ok(Self {
            hop,
            ack,
            trace,
            subscription,
            document: body,
            said,
        })
    }

    /// Who it is from, as the document says.
    #[must_use]
    pub fn from(&self) -> Identity {
        match &self.said {
            Said::Message(message, _) => message.from.clone(),
            Said::Change(change) => Identity::Person(change.from.clone()),
        }
    }

    /// The conversation of a message.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        match &self.said {
            Said::Message(_, mime) => Some(&mime.session_id),
            Said::Change(_) => None,
        }
    }

    /// Whether it is a message from this person.
    #[must_use]
    pub fn is_message_from(&self, person: &Principal) -> bool {
        matches!(&self.said, Said::Message(message, _) if message.from.person() == Some(person))
    }

    /// Whether it is a change of this person.
    #[must_use]
    pub fn is_change_of(&self, person: &Principal) -> bool {
        matches!(&self.said, Said::Change(change) if change.from == *person)
    }
}

impl std::fmt::Display for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.said {
            Said::Message(message, mime) => {
                write!(f, "{:?} from {}: {:?}", message.kind, message.from, mime.text)
            }
            Said::Change(change) => write!(f, "change of {}: {:?}", change.from, change.properties),
        }
    }
}

/// librvp compares the text of the URL, and reads no leases here (spec 1.2, 3.7).
fn check_change(change: &PropertyChange, document: &Bytes) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(document);
    let named = |url: &str| text.contains(&format!("<d:href>{url}</d:href>"));
    ensure!(
        named(change.from.as_url()),
        "notification-from is not spelled {}",
        change.from
    );
    ensure!(
        change.to.iter().all(|to| named(&to.to_string())),
        "notification-to is not spelled as it should"
    );
    ensure!(!text.contains("leased-value"), "a leased value in a change");
    ensure!(!text.contains("invisible"), "invisible was told");
    Ok(())
}
