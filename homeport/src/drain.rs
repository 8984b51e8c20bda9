//! `homeport drain`: hands all people of a home server to the others, and waits until it is empty.

use crate::cluster::{Loads, others_may_take};
use crate::moving::{Goal, Moved, Towards, Watched, watch};
use crate::output::Output;
use crate::plan::{Outlook, by_slot, over};
use anyhow::{Context, Result};
use membership::{Member, Members, Phase, Placement};
use proto::Op;
use std::sync::Arc;

/// Hand all people of a home server to the others, and wait until it is empty
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport drain home-2
      Of the `homeport up` that runs on .homeport
  homeport drain home-2 --etcd http://etcd-1:2379 --timeout 600
      Watch for ten minutes at most
  homeport drain home-2 --json | jq .users_moved
      For scripts; how it goes is on standard error

People stay logged on. It is done when the home server serves no slot, no message waits there, and the others serve \
everything. Then it runs on, empty: stop it with SIGTERM, or give it people again with `homeport undrain`. Ctrl-C \
ends only the watching. One that is started again takes its share again.")]
pub(crate) struct Drain {
    #[command(flatten)]
    watched: Watched,
}

impl Drain {
    /// Drains.
    ///
    /// # Errors
    /// There is no such member, nobody could take its people, or it takes too long; says what to do.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        let watched = &self.watched;
        let cluster = watched.cluster.connect().await?;
        let placement = cluster.placement().await?;
        let member = watched.find(&placement)?;
        let loads = cluster.loads(placement.members()).await;
        let goal = Goal::new(member, Towards::Others, &placement, &loads);
        if member.phase == Phase::Draining {
            output.note(&format!("{} is draining already; watching", member.id));
        } else {
            others_may_take(placement.members(), &member.id)?;
            warn(output, &placement, member, &loads);
            watched.tell(&cluster, member, Op::Drain).await?;
        }
        let id = member.id.as_str();
        let moved = watch(&cluster, (id, &goal), watched.timeout, output).await;
        cluster.close().await;
        let moved = moved.with_context(|| {
            format!(
                "{id} is not empty; the drain goes on: {} watches it, {} takes it back",
                watched.command("drain"),
                watched.command("undrain")
            )
        })?;
        if watched.json {
            output.json(&moved)?;
        }
        output.note(&self.text(&moved));
        Ok(())
    }

    fn text(&self, moved: &Moved) -> String {
        let Moved {
            member,
            slots_moved,
            users_moved,
            seconds,
            ..
        } = moved;
        let undrain = self.watched.command("undrain");
        format!(
            "{member} is empty: {slots_moved} slots and {users_moved} people moved in {seconds} s\nit runs on without \
             people: stop it with SIGTERM, or give it people again with {undrain}"
        )
    }
}

/// Says before it begins who will have more people than it lets in.
fn warn(output: &Output, placement: &Placement, member: &Member, loads: &Loads) {
    let stay = placement.members().iter().filter(|other| other.id != member.id);
    let after = Placement::new(Arc::new(Members::new(placement.epoch(), stay.cloned())));
    let outlook = Outlook::new(placement, &after, &by_slot(loads));
    outlook.over().for_each(|fill| output.warning(&over(fill)));
}
