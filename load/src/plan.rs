//! What is asked for.

use crate::timing::SECONDS_MAX;
use crate::{Error, People, Router, Server, churn};
use std::fmt;
use tokio::process::Command;

/// Users of one process.
pub const USERS_MAX: u32 = 100_000;
/// Things a second.
pub const RATE_MAX: u32 = 100_000;
/// A home grants no longer lifetime, and nothing is renewed here.
const RVP_SECONDS_MAX: u32 = 13_000;
/// Octets of a message's text: a stamp has room in it, and routers take no more.
const TEXT_BYTES: std::ops::RangeInclusive<usize> = 48..=attachment::limits::TEXT_BYTES_MAX;

/// How clients reach the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// Connections that they hold open.
    Attachment,
    /// HTTP, and call-backs to a listener of this process.
    Rvp,
    /// Every second one by the one, the others by the other.
    Both,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenario {
    /// People write to each other.
    Messages,
    /// People change their state, and all who watch them are told.
    Presence,
    /// People log on.
    LogOn,
    /// People write to each other, and now and then change their state.
    Office,
}

/// How fast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// All at once. Only for log-ons.
    Storm,
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
    /// What is done.
    pub scenario: Scenario,
    /// How fast.
    pub pace: Pace,
    /// For how long. Log-ons take as long as they take.
    pub seconds: u32,
    /// People whom everybody watches.
    pub contacts: u32,
    /// Log-ons that are under way at once, at the most.
    pub at_once: u32,
    /// In an office day, how many a second log off and on again.
    pub churn: u32,
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
        within("users", self.people.count(), 2, USERS_MAX)?;
        within("seconds", self.seconds, 1, SECONDS_MAX)?;
        within("at once", self.at_once, 1, USERS_MAX)?;
        match self.pace {
            Pace::Rate(rate) => within("rate", rate, 1, RATE_MAX)?,
            Pace::Closed(concurrency) => within("concurrency", concurrency, 1, RATE_MAX)?,
            Pace::Storm => {}
        }
        match self.scenario {
            Scenario::Presence => within("contacts", self.contacts, 1, self.people.count() - 1)?,
            Scenario::Office => {
                within("churn", self.churn, 0, self.people.count() / churn::ONE_OF)?;
                let stay = self.people.count() - self.goers();
                within("contacts among those who stay", self.contacts, 1, stay - 1)?;
            }
            Scenario::Messages | Scenario::LogOn => {
                within("contacts", self.contacts, 0, self.people.count() - 1)?;
            }
        }
        if self.via != Via::Attachment {
            within("seconds over RVP", self.seconds, 1, RVP_SECONDS_MAX)?;
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

    /// How many come and go.
    pub(crate) fn goers(&self) -> u32 {
        if self.scenario == Scenario::Office && self.churn > 0 {
            self.people.count() / churn::ONE_OF
        } else {
            0
        }
    }

    /// Files that each user needs.
    pub(crate) fn files_each(&self) -> u64 {
        match self.via {
            Via::Attachment => 1,
            // Its own connection, and those by which it is called back.
            Via::Rvp | Via::Both => 3,
        }
    }
}

/// # Errors
/// [`Error::Plan`] says which numbers can be meant.
pub(crate) fn within(what: &str, is: u32, least: u32, most: u32) -> Result<(), Error> {
    if (least..=most).contains(&is) {
        Ok(())
    } else {
        Err(Error::Plan(format!("{what} must be {least} to {most}, not {is}")))
    }
}

impl Scenario {
    /// As it is written on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Presence => "presence",
            Self::LogOn => "logon",
            Self::Office => "office",
        }
    }

    /// What its cost is counted for.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Messages => "message",
            Self::Presence => "change_delivered",
            Self::LogOn => "log_on",
            Self::Office => "event",
        }
    }
}

impl Via {
    /// Whether this user holds a connection open.
    pub(crate) fn is_attached(self, who: u32) -> bool {
        match self {
            Self::Attachment => true,
            Self::Rvp => false,
            Self::Both => who.is_multiple_of(2),
        }
    }

    /// As it is written on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Attachment => "attachment",
            Self::Rvp => "rvp",
            Self::Both => "both",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
