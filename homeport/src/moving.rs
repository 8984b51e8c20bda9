//! Slots that go from a member to the others or come back to it: what `drain` and `undrain` wait for.
//!
//! A command only says which phase a member is to have; the home servers do the rest by themselves, and would do it
//! without anybody watching. So what is here only looks, and giving up changes nothing.

mod goal;
mod watch;

pub(crate) use goal::{Goal, Towards};
pub(crate) use watch::{Moved, watch, watch_and_show};

use crate::cluster::{Cluster, Unanswered, Where, find};
use anyhow::{Result, anyhow};
use membership::{Member, Placement};
use proto::Op;

/// What both commands take.
#[derive(clap::Args, Debug)]
pub(crate) struct Watched {
    /// The home server
    #[arg(value_name = "MEMBER")]
    pub(crate) member: String,
    /// How long to watch, in seconds; what has begun goes on after that
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) timeout: u64,
    /// Write JSON when it is done: an object with member, epoch, slots_moved, users_moved and seconds
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) cluster: Where,
}

impl Watched {
    /// The member that is meant.
    ///
    /// # Errors
    /// There is none of this name; says who there is.
    pub(crate) fn find<'a>(&self, placement: &'a Placement) -> Result<&'a Member> {
        find(placement.members(), &self.member)
    }

    /// The same member and cluster for another command.
    pub(crate) fn command(&self, verb: &str) -> String {
        format!("`homeport {verb} {}{}`", self.member, self.cluster.arguments())
    }

    /// Tells the member which phase to have.
    ///
    /// # Errors
    /// It did not say that it has; says what is known and what to do.
    pub(crate) async fn tell(&self, cluster: &Cluster, member: &Member, op: Op) -> Result<()> {
        let told = cluster.tell(member, op).await;
        told.map_err(|error| {
            let (id, said) = (&member.id, error.to_string());
            anyhow!(said).context(match error {
                Unanswered::Refused(_) => format!(
                    "{id} could not tell the other members, so nothing has changed: its log says why; is its etcd \
                     reachable?"
                ),
                Unanswered::Link(_)
                | Unanswered::Late
                | Unanswered::Moved { .. }
                | Unanswered::NoSuchPerson
                | Unanswered::Confused => format!(
                    "{id} has not said that it was done; `homeport members{}` shows its phase",
                    self.cluster.arguments()
                ),
            })
        })
    }
}
