//! What is asked for.

use crate::timing::SECONDS_MAX;
use crate::{Error, People, Router, Server};
use std::fmt;
use tokio::process::Command;

/// Users of one process.
pub const USERS_MAX: u32 = 100_000;
/// Things a second.
pub const RATE_MAX: u32 = 100_000;
/// Octets of a message's text: a stamp has room in it, and routers take no more.
const TEXT_BYTES: std::ops::RangeInclusive<usize> = 48..=attachment::limits::TEXT_BYTES_MAX;

/// How clients reach the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// Connections that they hold open.
    Attachment,
}

/// What is done, and how fast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// So many a second, whether or not earlier ones have been answered.
    Rate(u32),
    /// As fast as it goes with so many under way.
    Closed(u32),
}

/// A run.
#[derive(Debug)]
pub struct Plan {
    /// Where the cluster is. Nothing is sent anywhere else.
    pub routers: Vec<Router>,
    /// Who takes part.
    pub people: People,
    /// Everybody's password.
    pub password: String,
    /// The accounts were only just made: the homes may not know all of them yet.
    pub fresh_accounts: bool,
    /// How clients reach the cluster.
    pub via: Via,
    /// How fast.
    pub pace: Pace,
    /// For how long.
    pub seconds: u32,
    /// What everything is drawn from.
    pub seed: u64,
    /// Octets of each message's text.
    pub text_bytes: usize,
    /// Whose processor time and memory is measured.
    pub server: Server,
    /// What runs the floor: [`crate::floor::serve`], with its port as the first line.
    pub floor: Command,
}

impl Plan {
    /// # Errors
    /// [`Error::Plan`] says what cannot be meant.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let within = |what: &str, is: u32, least: u32, most: u32| {
            if (least..=most).contains(&is) {
                Ok(())
            } else {
                Err(Error::Plan(format!("{what} must be {least} to {most}, not {is}")))
            }
        };
        within("users", self.people.count(), 2, USERS_MAX)?;
        within("seconds", self.seconds, 1, SECONDS_MAX)?;
        match self.pace {
            Pace::Rate(rate) => within("rate", rate, 1, RATE_MAX)?,
            Pace::Closed(concurrency) => within("concurrency", concurrency, 1, RATE_MAX)?,
        }
        if self.routers.is_empty() {
            return Err(Error::Plan("name a router".to_owned()));
        }
        if !TEXT_BYTES.contains(&self.text_bytes) {
            let (least, most) = (TEXT_BYTES.start(), TEXT_BYTES.end());
            return Err(Error::Plan(format!("a text has {least} to {most} octets")));
        }
        Ok(())
    }

    /// Files that each user needs.
    pub(crate) fn files_each(&self) -> u64 {
        match self.via {
            Via::Attachment => 1,
        }
    }
}

impl Via {
    /// As it is written on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Attachment => "attachment",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
