//! `homeport undrain`: gives a home server that was drained people again.

use crate::moving::{Goal, Towards, Watched, watch};
use crate::output::Output;
use anyhow::{Context, Result};
use membership::Phase;
use proto::Op;

/// Give a home server that was drained people again, and wait until it serves its share
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport undrain home-2
      Of the `homeport up` that runs on .homeport
  homeport undrain home-2 --home 127.0.0.1:7400 --json
      Of the cluster of that home server, for scripts

People stay logged on. It also takes back a drain that is not done yet. Ctrl-C ends only the watching.")]
pub(crate) struct Undrain {
    #[command(flatten)]
    watched: Watched,
}

impl Undrain {
    /// Takes a drain back.
    ///
    /// # Errors
    /// There is no such member, or it takes too long; says what to do.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        let watched = &self.watched;
        let cluster = watched.cluster.connect().await?;
        let placement = cluster.placement().await?;
        let member = watched.find(&placement)?;
        let loads = cluster.loads(placement.members()).await;
        let goal = Goal::new(member, Towards::Itself, &placement, &loads);
        if member.phase == Phase::Draining {
            watched.tell(&cluster, member, Op::Undrain).await?;
        } else {
            output.note(&format!("{} is {} already; watching", member.id, member.phase));
        }
        let id = member.id.as_str();
        let moved = watch(&cluster, (id, &goal), watched.timeout, output).await;
        cluster.close().await;
        let moved = moved.with_context(|| {
            format!(
                "{id} does not serve its share yet; it goes on: {} watches it",
                watched.command("undrain")
            )
        })?;
        if watched.json {
            output.json(&moved)?;
        }
        output.note(&format!(
            "{id} serves its share: {} slots and {} people moved in {} s",
            moved.slots_moved, moved.users_moved, moved.seconds
        ));
        Ok(())
    }
}
