//! Messages, each way, and what becomes of one.

use crate::format::as_sent;
use crate::{Format, FrameError, Why, frame, limits};
use serde::{Deserialize, Serialize};

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text.
    #[default]
    Text,
    /// Its sender opens or joins a conversation; there is no text.
    Join,
    /// Its sender leaves the conversation; there is no text.
    Leave,
    /// Something that a newer peer says; shown as nothing, and acknowledged. Never sent.
    #[serde(other)]
    Other,
}

impl Kind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_text(&self) -> bool {
        *self == Self::Text
    }
}

/// A message that a client sends.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Repeated in the answer.
    pub request: u32,
    /// Made by the client, and repeated when it sends the same message again: 1 to 64 characters of visible ASCII.
    pub id: String,
    /// The recipient's address.
    pub to: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Kind::is_text")]
    pub kind: Kind,
    /// The text; empty for other kinds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// How the text looks.
    #[serde(
        default,
        deserialize_with = "as_sent",
        skip_serializing_if = "Option::is_none"
    )]
    pub format: Option<Format>,
    /// The conversation, if there is one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The other people of the conversation, besides sender and recipient. Each is sent a message of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<String>,
}

/// A message that a client gets.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Received {
    /// Grows by one with each message of the session; what an acknowledgement names.
    pub sequence: u64,
    /// What the sender, or the first router, called it. With the sender it tells a message that comes again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The sender's address.
    pub from: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Kind::is_text")]
    pub kind: Kind,
    /// The text; empty for other kinds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// How the text looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The conversation it belongs to, to be repeated in an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The other people of the conversation, besides sender and recipient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<String>,
}

/// What became of a message that a client sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// A client of the recipient has acknowledged it.
    Delivered,
    /// It is durably kept, until a client of the recipient is there.
    Stored,
    /// It was not delivered and will not be.
    Refused {
        /// Why.
        why: Why,
        /// After how many seconds to try again, if that helps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
}

impl Message {
    pub(crate) fn check(&self) -> Result<(), FrameError> {
        frame::visible("id", &self.id, limits::MESSAGE_ID_CHARS_MAX)?;
        frame::line("to", &self.to, limits::ADDRESS_CHARS_MAX)?;
        check_conversation(self.conversation.as_ref())?;
        if let Some(format) = &self.format {
            format.check()?;
        }
        if self.text.len() > limits::TEXT_BYTES_MAX {
            return Err(FrameError::TooLarge);
        }
        // What XML cannot hold, an RVP client could not be told. Octets of other characters are above all of these.
        let legal = |octet: u8| octet >= b' ' || matches!(octet, b'\t' | b'\n' | b'\r');
        if self.kind == Kind::Other {
            return Err(FrameError::Field("kind"));
        }
        if !self.text.bytes().all(legal) || self.text.is_empty() == (self.kind == Kind::Text) {
            return Err(FrameError::Field("text"));
        }
        if self.participants.len() > limits::PARTICIPANTS_MAX {
            return Err(FrameError::Field("participants"));
        }
        let mut participants = self.participants.iter();
        participants.try_for_each(|who| frame::line("participants", who, limits::ADDRESS_CHARS_MAX))
    }
}

/// A conversation's name ends up in a header of RVP.
pub(crate) fn check_conversation(name: Option<&String>) -> Result<(), FrameError> {
    name.map_or(Ok(()), |name| {
        frame::visible("conversation", name, limits::CONVERSATION_CHARS_MAX)
    })
}
