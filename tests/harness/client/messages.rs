//! Messages a client sends: text, typing, joining, leaving, invitations.

use super::Client;
use crate::documents::{Contact, Entity};
use crate::wire::Ask;
use rvp::Principal;

/// The conversation of messages that name none.
pub const SESSION: &str = "{8E0B1C52-4D63-4B1E-9C5A-2F6D1A7B3C90}";

/// A message before it is written.
#[derive(Clone, Debug)]
pub struct Message {
    /// What is said, and as what.
    pub entity: Entity,
    /// Everybody in the conversation, as the document lists them; the recipient alone if empty.
    pub with: Vec<Principal>,
    /// `RVP-Ack-Type`.
    pub ack: Option<&'static str>,
    /// `RVP-Hop-Count`.
    pub hop: u8,
    /// `Message-Id`.
    pub id: Option<String>,
    /// In whose name the request is made, if it is another's.
    pub from: Option<Principal>,
    /// Whom the document names as the sender, if it is another.
    pub signed: Option<Principal>,
    /// `traceparent`, for the one test that looks for it.
    pub trace: Option<String>,
}

impl Message {
    /// Text in the usual conversation, with the ack type that all known clients ask for.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::of(Entity {
            kind: Entity::TEXT,
            typing: None,
            session: SESSION.into(),
            text: text.into(),
        })
    }

    /// Any entity.
    #[must_use]
    pub fn of(entity: Entity) -> Self {
        Self {
            entity,
            with: Vec::new(),
            ack: Some("DeepOr"),
            hop: 1,
            id: None,
            from: None,
            signed: None,
            trace: None,
        }
    }
}

impl Client {
    /// The request that carries a message to somebody.
    #[must_use]
    pub fn notify(&self, to: &Principal, message: &Message) -> Ask {
        let contact = |person: &Principal| Contact {
            url: person.to_string(),
            name: person.name().to_owned(),
        };
        let signed = message.signed.as_ref().unwrap_or_else(|| self.me());
        let name = if signed == self.me() {
            self.display_name.clone()
        } else {
            signed.name().to_owned()
        };
        let from = Contact {
            url: signed.to_string(),
            name,
        };
        let alone = [to.clone()];
        let with = if message.with.is_empty() {
            &alone[..]
        } else {
            &message.with
        };
        let to_list: Vec<Contact> = with.iter().map(contact).collect();
        let document = self.dialect().message(&from, &to_list, &message.entity.write());
        let mut ask = Ask::new("NOTIFY", to)
            .header("RVP-Hop-Count", message.hop)
            .body(document);
        if let Some(ack) = message.ack {
            ask = ask.header("RVP-Ack-Type", ack);
        }
        if let Some(id) = &message.id {
            ask = ask.header("Message-Id", id);
        }
        if let Some(trace) = &message.trace {
            ask = ask.header("traceparent", trace);
        }
        match &message.from {
            Some(from) => ask.from(from),
            None => ask,
        }
    }
}
