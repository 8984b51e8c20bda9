//! Why there is nothing to report. Each says what to do.

use attachment::Why;
use std::io;

/// Why a run did not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan asks for what cannot be meant.
    #[error("{0}")]
    Plan(String),
    /// The name of a router means nothing.
    #[error("{router} is no address that can be found")]
    NoSuchHost {
        /// As it was given.
        router: String,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody answers there.
    #[error("no router answers at {router}: start the cluster, or say with --server where it is")]
    Unreachable {
        /// As it was given.
        router: String,
        /// What the system says.
        source: io::Error,
    },
    /// Whoever answers there speaks no TLS, or proves to be nobody who is trusted.
    #[error(
        "{router} cannot be spoken to over TLS: does it have a certificate for that name, by an authority that is \
         trusted here or named with --tls-ca?"
    )]
    NoTls {
        /// As it was given.
        router: String,
        /// What went wrong.
        source: io::Error,
    },
    /// Somebody answers who is no router, or one that has no room.
    #[error("{router} does not open an attachment: {said}")]
    NoAttachment {
        /// As it was given.
        router: String,
        /// What it said.
        said: String,
    },
    /// An account is missing, or has another password.
    #[error("{who} is not let in: the account is missing, or has another password")]
    WrongCredentials {
        /// Whose account it is.
        who: String,
    },
    /// A log-on was refused for another reason, or another request that everything depends on.
    #[error("{who} cannot be made ready: {why}")]
    NotReady {
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
    /// Not everybody came who was to be there.
    #[error("not everybody could log on: {0}")]
    Crowd(String),
    /// More files are needed than this process may have open.
    #[error(
        "{users} users need {needed} open files, and this process may have {allowed}: raise the limit with `ulimit -n \
         {needed}` in this shell (as root, or after raising `nofile` in /etc/security/limits.conf), or take fewer users"
    )]
    Files {
        /// Users that were asked for.
        users: u32,
        /// Files they need.
        needed: u64,
        /// Files that are allowed.
        allowed: u64,
    },
    /// The floor could not be measured.
    #[error("the floor cannot be measured: {0}")]
    Floor(String),
    /// What the server uses cannot be read.
    #[error("what the server uses cannot be read: {0}")]
    Usage(String),
    /// The system does not let this process do something.
    #[error("{what}")]
    System {
        /// What it is for.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// It was asked to end before there was anything to report.
    #[error("interrupted before anything was measured")]
    Interrupted,
}

impl Error {
    pub(crate) fn refused(who: &str, why: Why) -> Self {
        if why == Why::WrongCredentials {
            Self::WrongCredentials { who: who.to_owned() }
        } else {
            Self::NotReady {
                who: who.to_owned(),
                why: why.reason().to_owned(),
            }
        }
    }
}
