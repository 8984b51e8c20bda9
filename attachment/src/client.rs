//! What a client says.

use crate::message::check_conversation;
use crate::often::Often;
use crate::{ContactsAction, FrameError, Message, State, Watch, frame, limits, many};
use serde::{Deserialize, Serialize};

/// A frame from a client. Those with `request` are answered by `done`, `refused` or what is named here, with the same
/// number; the client chooses the numbers. A field that a frame does not know is a mistake; a type of frame that is
/// not known is passed over, so that a newer client finds an older router.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// Shows who it is: the first frame, and nothing else comes before it has succeeded. Answered by `challenge`,
    /// `welcome` or `refused`.
    Authenticate {
        /// Repeated in the answer.
        request: u32,
        /// What it shows.
        proof: Proof,
    },
    /// Sets the presence of this client. Before that the person is not seen here, but gets messages.
    State {
        /// Repeated in the answer.
        request: u32,
        /// The state.
        state: State,
    },
    /// Asks to be told the presence of somebody, from now on. Answered by `watching`.
    Watch {
        /// Repeated in the answer.
        request: u32,
        /// The address.
        who: String,
        /// What `watching` said before, when a session is resumed: then nothing new is made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subscription: Option<u32>,
    },
    /// The same of several people, each of whom is judged alone. Answered by `watching_many` frames before `done`.
    WatchMany {
        /// Repeated in the answers.
        request: u32,
        /// At most [`limits::WATCH_MANY_MAX`], each of them once.
        people: Vec<Watch>,
    },
    /// Asks not to be told any more.
    Unwatch {
        /// Repeated in the answer.
        request: u32,
        /// The address.
        who: String,
    },
    /// Reads or changes the contact list. A list comes in `contacts` frames before `done`.
    Contacts {
        /// Repeated in the answer.
        request: u32,
        /// What to do.
        action: ContactsAction,
    },
    /// Sends a message. Answered by `receipt`.
    Message(Message),
    /// The person is typing to somebody. Not answered.
    Typing {
        /// The address.
        to: String,
        /// The conversation, if there is one already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<String>,
    },
    /// The client has a message safe: it will not come again. Not answered.
    Acknowledge {
        /// Of the message.
        sequence: u64,
        /// The person has left this conversation and does not want the message: its sender is told so.
        #[serde(default, skip_serializing_if = "is_false")]
        left: bool,
    },
    /// Takes somebody the right to see the person's presence and to send messages.
    Block {
        /// Repeated in the answer.
        request: u32,
        /// The address.
        who: String,
    },
    /// Gives it back.
    Unblock {
        /// Repeated in the answer.
        request: u32,
        /// The address.
        who: String,
    },
    /// Asks who is blocked: `blocked` frames before `done`.
    Blocked {
        /// Repeated in the answer.
        request: u32,
    },
    /// Asks who watches the person: `watchers` frames before `done`.
    Watchers {
        /// Repeated in the answer.
        request: u32,
    },
    /// Ends the session at once: the person is not there any more. The connection is closed after the answer.
    LogOff {
        /// Repeated in the answer.
        request: u32,
    },
    /// A sign of life. Answered by `pong`.
    Ping {},
    /// A type that this version does not know.
    #[serde(other)]
    Unknown,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// How a client shows who it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Proof {
    /// The first message of SCRAM-SHA-256. The name is the address, or its name part where a router has one domain.
    ScramFirst(String),
    /// The last message of SCRAM-SHA-256, for the `challenge`.
    ScramFinal(String),
    /// A token of an earlier session, for a new one.
    Token(String),
    /// Goes on with a session whose connection was lost.
    Resume {
        /// The newest token.
        token: String,
        /// As `welcome` said.
        session: String,
        /// The sequence of the last message that the client has, 0 for none.
        last: u64,
    },
}

impl std::fmt::Debug for Proof {
    /// Without anything that proves something.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ScramFirst(_) => "ScramFirst",
            Self::ScramFinal(_) => "ScramFinal",
            Self::Token(_) => "Token",
            Self::Resume { .. } => "Resume",
        })
    }
}

impl ClientFrame {
    /// Reads the shape of a frame; [`ClientFrame::check`] says whether its fields are valid, so that a request with a
    /// bad one can be refused by its number.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`], [`FrameError::Malformed`].
    pub fn read(text: &str) -> Result<Self, FrameError> {
        match frame::read(text, limits::CLIENT_FRAME_BYTES_MAX) {
            Ok(Often(frame)) => Ok(frame),
            // An odd spelling, or no frame.
            Err(_) => frame::read(text, limits::CLIENT_FRAME_BYTES_MAX),
        }
    }

    /// Writes a frame.
    #[must_use]
    pub fn write(&self) -> String {
        frame::write(self)
    }

    /// The number to answer with, if the frame is answered.
    #[must_use]
    pub fn request(&self) -> Option<u32> {
        match self {
            Self::Authenticate { request, .. }
            | Self::State { request, .. }
            | Self::Watch { request, .. }
            | Self::WatchMany { request, .. }
            | Self::Unwatch { request, .. }
            | Self::Contacts { request, .. }
            | Self::Block { request, .. }
            | Self::Unblock { request, .. }
            | Self::Blocked { request }
            | Self::Watchers { request }
            | Self::LogOff { request } => Some(*request),
            Self::Message(message) => Some(message.request),
            Self::Typing { .. } | Self::Acknowledge { .. } | Self::Ping {} | Self::Unknown => None,
        }
    }

    /// Checks what the shape of a frame does not: lengths and characters.
    ///
    /// # Errors
    /// [`FrameError::Field`] names the first field that is not valid, [`FrameError::TooLarge`] is a text that is too
    /// long.
    pub fn check(&self) -> Result<(), FrameError> {
        let address = |who: &str| frame::line("who", who, limits::ADDRESS_CHARS_MAX);
        match self {
            Self::Authenticate { proof, .. } => proof.check(),
            Self::State { state, .. } if *state == State::Unknown => Err(FrameError::Field("state")),
            Self::Watch { who, .. }
            | Self::Unwatch { who, .. }
            | Self::Block { who, .. }
            | Self::Unblock { who, .. } => address(who),
            Self::WatchMany { people, .. } => many::check(people),
            Self::Contacts { action, .. } => action.check(),
            Self::Message(message) => message.check(),
            Self::Typing { to, conversation } => {
                frame::line("to", to, limits::ADDRESS_CHARS_MAX)?;
                check_conversation(conversation.as_ref())
            }
            Self::State { .. }
            | Self::Acknowledge { .. }
            | Self::Blocked { .. }
            | Self::Watchers { .. }
            | Self::LogOff { .. }
            | Self::Ping {}
            | Self::Unknown => Ok(()),
        }
    }
}

impl Proof {
    fn check(&self) -> Result<(), FrameError> {
        match self {
            Self::ScramFirst(message) | Self::ScramFinal(message) => {
                frame::line("proof", message, limits::SCRAM_CHARS_MAX)
            }
            Self::Token(token) => frame::line("token", token, limits::TOKEN_CHARS_MAX),
            Self::Resume { token, session, .. } => {
                frame::line("token", token, limits::TOKEN_CHARS_MAX)?;
                frame::line("session", session, limits::TOKEN_CHARS_MAX)
            }
        }
    }
}
