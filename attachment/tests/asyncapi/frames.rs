//! The frames of each side, by the names that they travel under.

use attachment::{ClientFrame, ServerFrame};
use serde_json::Value;

/// The names of all frames of one side, and the name of one. A frame that is missing here does not compile.
macro_rules! names {
    ($all:ident, $name:ident, $frame:ident: $($variant:ident $text:literal),* $(,)?) => {
        /// Every name.
        pub(crate) const $all: &[&str] = &[$($text),*];

        fn $name(frame: &$frame) -> Option<&'static str> {
            match frame {
                $($frame::$variant { .. } => Some($text),)*
                $frame::Unknown => None,
            }
        }
    };
}

names!(
    CLIENT, client, ClientFrame:
    Authenticate "authenticate",
    State "state",
    Watch "watch",
    WatchMany "watch_many",
    Unwatch "unwatch",
    Contacts "contacts",
    Message "message",
    Typing "typing",
    Acknowledge "acknowledge",
    Block "block",
    Unblock "unblock",
    Blocked "blocked",
    Watchers "watchers",
    LogOff "log_off",
    Ping "ping",
);

names!(
    SERVER, server, ServerFrame:
    Challenge "challenge",
    Welcome "welcome",
    Token "token",
    Done "done",
    Refused "refused",
    Watching "watching",
    WatchingMany "watching_many",
    Presence "presence",
    Message "message",
    Typing "typing",
    Receipt "receipt",
    Contacts "contacts",
    Blocked "blocked",
    Watchers "watchers",
    Notice "notice",
    Pong "pong",
    Stream "stream",
    Closed "closed",
);

/// Who says a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    /// As the description writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// Reads a frame of a type that the code knows, and what it is when it is written again.
    pub(crate) fn round(self, frame: &Value) -> Result<Value, String> {
        let text = frame.to_string();
        let (written, name, valid) = match self {
            Self::Client => {
                let frame = ClientFrame::read(&text).map_err(|error| error.to_string())?;
                (frame.write(), client(&frame), frame.check())
            }
            Self::Server => {
                let frame = ServerFrame::read(&text).map_err(|error| error.to_string())?;
                (frame.write(), server(&frame), Ok(()))
            }
        };
        let again: Value = serde_json::from_str(&written).map_err(|error| error.to_string())?;
        if name.is_none() || again["type"] != name.unwrap_or_default() {
            return Err("of another type".to_owned());
        }
        match valid {
            // That a text goes with its kind is no affair of the shape.
            Ok(()) | Err(attachment::FrameError::Field("text")) => Ok(again),
            Err(error) => Err(error.to_string()),
        }
    }
}
