//! `homeport plan`: what another home server more or less would move, before anybody does it.

mod add_home;
mod outlook;
mod people;
mod remove_home;
mod show;

pub(crate) use outlook::Outlook;
pub(crate) use people::by_slot;
pub(crate) use show::over;

use crate::cluster::Where;
use crate::data::Recorded;
use crate::output::Output;
use anyhow::Result;
use membership::{Member, Members, Phase, Placement};
use people::People;
use std::sync::Arc;

/// Show what would move before home servers are added or removed
#[derive(clap::Args, Debug)]
pub(crate) struct Plan {
    #[command(subcommand)]
    change: Change,
}

#[derive(clap::Subcommand, Debug)]
enum Change {
    AddHome(add_home::AddHome),
    RemoveHome(remove_home::RemoveHome),
}

/// What a plan starts from, and how it is shown.
#[derive(clap::Args, Debug)]
struct Ground {
    /// Plan for this topology, of which nothing need run: a file, or the name of one that is built in. Its people
    /// are spread evenly over the slots
    #[arg(long, value_name = "FILE|NAME", conflicts_with_all = ["data", "home", "etcd"])]
    topology: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Where,
}

/// The members of now, and where people are.
struct Now {
    members: Arc<Members>,
    people: People,
}

impl Plan {
    /// Computes and shows it.
    ///
    /// # Errors
    /// The cluster cannot be reached, or the change cannot be made.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        match self.change {
            Change::AddHome(add) => add.run(output).await,
            Change::RemoveHome(remove) => remove.run(output).await,
        }
    }
}

impl Ground {
    /// What there is.
    async fn now(&self) -> Result<Now> {
        if let Some(named) = &self.topology {
            let topology = Recorded::new(named, None).load()?;
            let homes = topology.homes.iter().map(|home| Member {
                phase: Phase::Active,
                ..Member::new(home.name.as_str().into(), "", home.zone.as_str(), home.capacity)
            });
            return Ok(Now {
                members: Arc::new(Members::new(0, homes)),
                people: People::of_topology(&topology),
            });
        }
        let cluster = self.cluster.connect().await?;
        let placement = cluster.placement().await?;
        let loads = cluster.loads(placement.members()).await;
        cluster.close().await;
        Ok(Now {
            members: Arc::clone(placement.members()),
            people: People::of_cluster(&loads),
        })
    }

    /// Shows what these members would come to.
    fn show(&self, output: &Output, now: Now, after: Vec<Member>) -> Result<()> {
        let epoch = now.members.epoch();
        let (before, after) = (
            Placement::new(now.members),
            Placement::new(Arc::new(Members::new(epoch, after))),
        );
        let outlook = Outlook::new(&before, &after, &now.people.online);
        show::show(output, self.json, epoch, &now.people, &outlook)
    }
}
