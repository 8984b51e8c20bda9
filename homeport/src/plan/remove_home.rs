//! `homeport plan remove-home`.

use super::Ground;
use crate::cluster::{find, others_may_take};
use crate::output::Output;
use anyhow::Result;

/// Show what would move from a home server that leaves
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport plan remove-home home-3
      Of the `homeport up` that runs on .homeport
  homeport plan remove-home home-3 --home 127.0.0.1:7400 --json
      For scripts
  homeport plan remove-home home-3 --topology isp
      On paper, with as many people as the topology has at its peak

Nothing is changed. To do it, run `homeport drain home-3` and then stop it.")]
pub(super) struct RemoveHome {
    /// Its name
    member: String,
    #[command(flatten)]
    ground: Ground,
}

impl RemoveHome {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        let now = self.ground.now().await?;
        let leaves = find(&now.members, &self.member)?.id.clone();
        others_may_take(&now.members, &leaves)?;
        let stay = now.members.iter().filter(|member| member.id != leaves);
        let after = stay.cloned().collect();
        self.ground.show(output, now, after)
    }
}
