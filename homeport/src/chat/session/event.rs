//! What a session asks for, is told, and tells.

use attachment::{Contact, Presence, Receipt, Received, State, Why};
use std::time::Duration;

/// What is to be done for a session.
#[expect(clippy::large_enum_variant, reason = "few wait, and each is moved once")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// Connect to a router; what was connected before is not needed any more.
    Connect,
    /// Send this as one text.
    Send(String),
    /// Close the connection, or stop making one. Nothing is to be said about it.
    Close,
    /// Show this to the person, before the next action.
    Show(Event),
}

/// What a person may be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// The person is logged on, at first or again.
    Online {
        /// In the one spelling that others are shown.
        address: String,
        /// Nobody has seen the person go.
        resumed: bool,
    },
    /// The connection was lost; it is made again by itself.
    Lost {
        /// Why.
        reason: String,
        /// When.
        again_in: Duration,
    },
    /// It has ended.
    Closed {
        /// A close code, 1006 for none.
        code: u16,
        /// Why.
        reason: String,
    },
    /// Somebody's presence; what is absent has not changed.
    Presence(Presence),
    /// A message, for the first time.
    Message(Received),
    /// Somebody is typing.
    Typing {
        /// Who.
        from: String,
    },
    /// What became of a message.
    Receipt {
        /// Which.
        id: String,
        /// To whom it was sent.
        to: String,
        /// What.
        result: Receipt,
    },
    /// The whole contact list.
    Contacts(Vec<Contact>),
    /// Another client has put a contact in.
    ContactPut(Contact),
    /// Another client has taken a contact out.
    ContactRemoved(String),
    /// Everybody who is blocked.
    Blocked(Vec<String>),
    /// Everybody who watches the person.
    Watchers(Vec<String>),
    /// What was asked is done.
    Done(Ask),
    /// What was asked is not done.
    Refused {
        /// What was asked.
        ask: Ask,
        /// Why.
        why: Why,
    },
}

/// What a person may ask for, besides sending messages. To ask for it twice does no harm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ask {
    /// Be in this state.
    State(State),
    /// Be told somebody's presence.
    Watch(String),
    /// Not any more.
    Unwatch(String),
    /// Read the contact list.
    Contacts,
    /// Put somebody into it.
    PutContact(Contact),
    /// Take somebody out of it.
    RemoveContact(String),
    /// Take somebody the right to see the person and to write.
    Block(String),
    /// Give it back.
    Unblock(String),
    /// Read who is blocked.
    Blocked,
    /// Read who watches.
    Watchers,
}

/// How a connection ended, or that none was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ended {
    /// The close code, if one came.
    pub(crate) code: Option<u16>,
    /// For people.
    pub(crate) reason: String,
    /// When the server says that trying again helps.
    pub(crate) retry_after: Option<Duration>,
}

impl Ended {
    /// What stands for no code (RFC 6455).
    pub(crate) const WITHOUT_CODE: u16 = 1006;

    /// Without anything from the server.
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self {
            code: None,
            reason: reason.into(),
            retry_after: None,
        }
    }
}
