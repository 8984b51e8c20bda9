//! `homeport explain`: everything about where a person is, and why.

mod place;
mod show;

use crate::cluster::{Cluster, Unanswered, Where};
use crate::output::Output;
use crate::user::address;
use anyhow::{Context, Result, anyhow, bail};
use daemon::{Clock, SystemClock};
use membership::Placement;
use place::Place;
use proto::operator::Explained;
use proto::{Answer, Op};
use rvp::Principal;
use std::time::Duration;

/// How often a home is asked that says it is not the home: its members change at this moment.
const TRIES_MAX: usize = 10;
/// How long to wait before that.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Show where a person is in the cluster, and why
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport explain alice@im.example.com
      In the `homeport up` that runs on .homeport
  homeport explain alice@im.example.com --all --etcd http://etcd-1:2379
      With all watchers, not just the first twenty
  homeport explain alice@im.example.com --home 127.0.0.1:7400 --json | jq -r .placement.home
      For scripts

The slot follows from the address, and the home from the slot and the members. The ring order is to whom the slot \
would fall, one after the other; the first that has room for it owns it, unless it is lent. The host is the one in \
people's addresses: `homeport resolve` shows which that is.")]
pub(crate) struct Explain {
    /// Who, as routers know them
    #[arg(value_name = "NAME@DOMAIN", value_parser = address)]
    address: Principal,
    /// Show all watchers
    #[arg(long)]
    all: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Where,
}

/// What the home says of a person.
enum Person {
    Known(Box<Explained>),
    /// There is no such person.
    Nobody,
    /// The home does not say.
    Unknown(Unanswered),
}

impl Explain {
    /// Explains.
    ///
    /// # Errors
    /// The cluster cannot be reached; or the home does not answer, and then the placement was shown.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        let cluster = self.cluster.connect().await?;
        let (placement, person) = self.ask(&cluster).await?;
        cluster.close().await;
        let place = Place::new(&self.address, &placement);
        let shown = show::Shown::new(&self.address, &place, &person, SystemClock::new().now());
        if self.json {
            output.json(&shown)?;
        } else {
            shown.print(output, self.all);
        }
        match person {
            Person::Known(_) => Ok(()),
            Person::Nobody => {
                output.note(&format!(
                    "there is no account {}: is the host the one in people's addresses? `homeport user list` shows \
                     all accounts",
                    self.address.address()
                ));
                Ok(())
            }
            Person::Unknown(error) => Err(anyhow!(error)).with_context(|| {
                let home = place.home.as_deref().unwrap_or("the home");
                format!("{home} does not say what it knows of {}", self.address.address())
            }),
        }
    }

    /// Asks the home of the person. That may change meanwhile, so who says that it is not the home is asked again.
    async fn ask(&self, cluster: &Cluster) -> Result<(Placement, Person)> {
        for left in (0..TRIES_MAX).rev() {
            let placement = cluster.placement().await?;
            let Some(home) = placement.home_of(&self.address) else {
                bail!("nobody is home to anybody: no member has a capacity");
            };
            let principal = self.address.clone();
            let asked = cluster.ask(&home.address, placement.epoch(), Op::Explain { principal });
            let person = match asked.await {
                Ok(Answer::Explained(explained)) => Person::Known(explained),
                Err(Unanswered::NoSuchPerson) => Person::Nobody,
                Err(Unanswered::Moved { .. }) if left > 0 => {
                    tokio::time::sleep(AGAIN_AFTER).await;
                    continue;
                }
                Err(error) => Person::Unknown(error),
                Ok(_) => Person::Unknown(Unanswered::Confused),
            };
            return Ok((placement, person));
        }
        // Not reached: the last try returns.
        bail!("no home was asked")
    }
}
