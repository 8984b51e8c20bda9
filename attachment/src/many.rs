//! Several people in one `watch_many`, each of whom is judged alone.

use crate::{FrameError, Presence, Why, frame, limits};
use serde::{Deserialize, Serialize};

/// Somebody whose presence a client wants to be told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// The address.
    pub who: String,
    /// What was said before, when a session is resumed: then nothing new is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<u32>,
}

/// What became of one of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Watched {
    /// The place in the list that was asked for, from 0.
    pub index: u32,
    /// What became of it.
    pub result: WatchResult,
}

/// Whether somebody is watched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchResult {
    /// The client is told the presence from now on, and this is what it is.
    Watching {
        /// What to say when a session is resumed.
        subscription: u32,
        /// What is known of them.
        #[serde(flatten)]
        presence: Presence,
    },
    /// This person is not watched; the others are.
    Refused {
        /// Why.
        why: Why,
        /// After how many seconds to try again, if that helps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
}

impl Watch {
    /// Checks what the shape does not: length and characters.
    ///
    /// # Errors
    /// [`FrameError::Field`].
    pub fn check(&self) -> Result<(), FrameError> {
        frame::line("who", &self.who, limits::ADDRESS_CHARS_MAX)
    }
}

/// Checks how many there are. Each of them is judged alone: a bad address is told of that person only.
pub(crate) fn check(people: &[Watch]) -> Result<(), FrameError> {
    if people.is_empty() || people.len() > limits::WATCH_MANY_MAX {
        Err(FrameError::Field("people"))
    } else {
        Ok(())
    }
}
