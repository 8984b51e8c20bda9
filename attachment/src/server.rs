//! What a router says.

use crate::{ContactsChange, FrameError, Receipt, Received, State, Watched, Why, frame, limits};
use serde::{Deserialize, Serialize};

/// A frame from a router. A client passes over fields and types of frames that it does not know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The first message of SCRAM-SHA-256 from the server, to be answered by another `authenticate`.
    Challenge {
        /// Of the `authenticate`.
        request: u32,
        /// The message.
        scram: String,
    },
    /// It is known who the client is, and the session has begun, or goes on.
    Welcome(Welcome),
    /// A new token in place of the one before, which ends soon.
    Token {
        /// The token.
        token: String,
        /// Seconds that it is good.
        lifetime: u32,
    },
    /// A request is done.
    Done {
        /// Which.
        request: u32,
    },
    /// A request is not done.
    Refused {
        /// Which.
        request: u32,
        /// Why.
        why: Why,
        /// After how many seconds to try again, if that helps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// The client is told the presence of somebody from now on, and this is what it is.
    Watching {
        /// Which request.
        request: u32,
        /// What to say when a session is resumed.
        subscription: u32,
        /// What is known of them.
        #[serde(flatten)]
        presence: Presence,
    },
    /// What became of some of the people of a `watch_many`, in any order.
    WatchingMany {
        /// Which request.
        request: u32,
        /// At most [`limits::PIECE_MAX`].
        people: Vec<Watched>,
    },
    /// Somebody whom the client watches has changed.
    Presence(Presence),
    /// A message, to be acknowledged.
    Message(Received),
    /// Somebody is typing.
    Typing {
        /// The address.
        from: String,
        /// The conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<String>,
    },
    /// What became of a message that the client sent: the answer to `message`.
    Receipt {
        /// Which request.
        request: u32,
        /// The message's id.
        id: String,
        /// What became of it.
        result: Receipt,
    },
    /// The contact list, or a change of it.
    Contacts {
        /// The request that asked; none for a change by another client.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<u32>,
        /// The list or the change.
        change: ContactsChange,
    },
    /// A part of those who are blocked.
    Blocked {
        /// The request that asked.
        request: u32,
        /// Addresses.
        who: Vec<String>,
    },
    /// A part of those who watch the person.
    Watchers {
        /// The request that asked.
        request: u32,
        /// Addresses.
        who: Vec<String>,
    },
    /// The router is about to stop. The client connects again and resumes after so many seconds, which is another
    /// number for each client; it need not wait for the connection to be closed.
    Notice {
        /// Seconds.
        come_back_after: u32,
    },
    /// The answer to `ping`.
    Pong {},
    /// The first frame of an event stream: what a client's posts name it by.
    Stream {
        /// As hard to guess as a key.
        stream: String,
    },
    /// The last frame of an event stream, where a WebSocket has a close code.
    Closed {
        /// A [`crate::CloseCode`].
        code: u16,
        /// For people.
        reason: String,
    },
    /// A type that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A session begins, or goes on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Of the `authenticate`.
    pub request: u32,
    /// The client's own address, in the one spelling that others are shown.
    pub address: String,
    /// What a later `resume` names.
    pub session: String,
    /// Whether the session that was asked for goes on. When it does not, a new one has begun.
    pub resumed: bool,
    /// Shows who the client is, from now on.
    pub token: String,
    /// Seconds that the token is good. A new one comes before.
    pub lifetime: u32,
    /// Seconds that either side may be silent at most.
    pub heartbeat: u32,
    /// Seconds that the session outlives its connection.
    pub resume_within: u32,
    /// Requests that may be open at once.
    pub requests_max: u32,
    /// People that one `watch_many` may name; absent where a router does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch_many_max: Option<u32>,
    /// The last message of SCRAM-SHA-256, by which the server shows that it knows the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scram: Option<String>,
}

/// What is known of somebody. What is absent has not changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Presence {
    /// The address.
    pub who: String,
    /// The state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The name that people see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl std::fmt::Debug for Welcome {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Welcome")
            .field("address", &self.address)
            .field("session", &self.session)
            .field("resumed", &self.resumed)
            .finish_non_exhaustive()
    }
}

impl ServerFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`], [`FrameError::Malformed`].
    pub fn read(text: &str) -> Result<Self, FrameError> {
        frame::read(text, limits::SERVER_FRAME_BYTES_MAX)
    }

    /// Writes a frame.
    #[must_use]
    pub fn write(&self) -> String {
        frame::write(self)
    }

    /// The request that this answers, or is a part of the answer to.
    #[must_use]
    pub fn request(&self) -> Option<u32> {
        match self {
            Self::Challenge { request, .. }
            | Self::Done { request }
            | Self::Refused { request, .. }
            | Self::Watching { request, .. }
            | Self::WatchingMany { request, .. }
            | Self::Receipt { request, .. }
            | Self::Blocked { request, .. }
            | Self::Watchers { request, .. } => Some(*request),
            Self::Welcome(welcome) => Some(welcome.request),
            Self::Contacts { request, .. } => *request,
            Self::Token { .. }
            | Self::Presence(_)
            | Self::Message(_)
            | Self::Typing { .. }
            | Self::Notice { .. }
            | Self::Pong {}
            | Self::Stream { .. }
            | Self::Closed { .. }
            | Self::Unknown => None,
        }
    }

    /// Whether a request is answered with this: no more of its answer follows.
    #[must_use]
    pub fn ends_request(&self) -> bool {
        match self {
            Self::Challenge { .. }
            | Self::Done { .. }
            | Self::Refused { .. }
            | Self::Watching { .. }
            | Self::Receipt { .. }
            | Self::Welcome(_) => true,
            Self::WatchingMany { .. }
            | Self::Blocked { .. }
            | Self::Watchers { .. }
            | Self::Contacts { .. }
            | Self::Token { .. }
            | Self::Presence(_)
            | Self::Message(_)
            | Self::Typing { .. }
            | Self::Notice { .. }
            | Self::Pong {}
            | Self::Stream { .. }
            | Self::Closed { .. }
            | Self::Unknown => false,
        }
    }
}
