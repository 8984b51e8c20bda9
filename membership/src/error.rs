//! What can go wrong with membership.

use crate::{LENT_MAX, MemberId, PLACEMENT_VERSION, PROTOCOL_VERSION};

/// Why the set of members could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The same call may succeed later; nothing is known to have changed.
    #[error("could not {doing}, try again")]
    Retryable {
        /// What was being done, verb and object: `open lease`.
        doing: &'static str,
        /// What failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The same call can never succeed; somebody has to change something first.
    #[error(transparent)]
    Terminal(#[from] Terminal),
}

/// Why a member is refused for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Terminal {
    /// The id is not a name.
    #[error(
        "member id {0:?} is not a name: use 1 to 63 of the characters a-z, 0-9, '-', '.' and '_', \
         the first one a letter or digit"
    )]
    BadId(MemberId),
    /// A member without an address cannot be reached.
    #[error("member {0} has no address: give it the host:port of its link listener")]
    NoAddress(MemberId),
    /// A member without capacity could never be home to anybody.
    #[error("member {0} has a capacity of 0: give it the number of users it may hold online")]
    NoCapacity(MemberId),
    /// The id belongs to a living member.
    #[error(
        "member {0} is already there: give every home server an id of its own, or wait until the lease \
         of the one that had this id ends"
    )]
    AlreadyThere(MemberId),
    /// The member, or one that is there, speaks another protocol on its links.
    #[error(
        "member {id} speaks link protocol {theirs}, this process {}: run the same release everywhere",
        PROTOCOL_VERSION
    )]
    OtherProtocol {
        /// The member that differs.
        id: MemberId,
        /// Its version.
        theirs: u32,
    },
    /// The member, or one that is there, computes another placement.
    #[error(
        "member {id} places people by version {theirs}, this process by {}: run the same release everywhere",
        PLACEMENT_VERSION
    )]
    OtherPlacement {
        /// The member that differs.
        id: MemberId,
        /// Its version.
        theirs: u32,
    },
    /// What is kept under the member's id is no record, so nobody knows whose it is.
    #[error("what is kept under {key} is no member: remove it with `etcdctl del {key}`")]
    NoRecord {
        /// The key in etcd.
        key: String,
    },
    /// The settings for reaching etcd cannot be right.
    #[error("the etcd settings cannot be used: {0}")]
    BadSettings(String),
    /// etcd was reached and does not want this process.
    #[error("etcd refuses this process ({why}): check its user, its password and what the user may do")]
    Refused {
        /// In etcd's words.
        why: String,
    },
    /// More loans than a record holds.
    #[error("member {0} lends as many slots as it may, {LENT_MAX}: add a home server")]
    LendsTooMuch(MemberId),
    /// The member's lease is gone, so the others no longer count it.
    #[error("the lease of member {0} is lost: join again")]
    LeaseLost(MemberId),
}
