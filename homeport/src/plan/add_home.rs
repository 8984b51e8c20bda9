//! `homeport plan add-home`.

use super::Ground;
use crate::output::Output;
use anyhow::Result;
use membership::{Member, Phase};

/// As the settings of a home server allow it.
const CAPACITY_MAX: i64 = 10_000;

/// Show what would move to a home server that joins
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport plan add-home home-4
      Of the `homeport up` that runs on .homeport
  homeport plan add-home home-4 --capacity 5000 --etcd http://etcd-1:2379 --json
      For scripts
  homeport plan add-home home-4 --topology enterprise
      On paper, with as many people as the topology has at its peak

Nothing is changed. The name counts: placement follows from it. To do it, start a homeport-homeserver of that name \
and capacity.")]
pub(super) struct AddHome {
    /// Its name, which must be new
    name: String,
    /// How many people it may hold online
    #[arg(long, value_name = "PEOPLE", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=CAPACITY_MAX))]
    capacity: u32,
    /// The zone it would run in; nothing depends on it
    #[arg(long, value_name = "ZONE", default_value = "core")]
    zone: String,
    #[command(flatten)]
    ground: Ground,
}

impl AddHome {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        let now = self.ground.now().await?;
        // Where it would listen does not matter, but that it does.
        let member = Member {
            phase: Phase::Active,
            ..Member::new(
                self.name.as_str().into(),
                "anywhere:7400",
                self.zone,
                self.capacity,
            )
        };
        membership::admit(&member, &now.members)?;
        let after = now.members.iter().cloned().chain([member]).collect();
        self.ground.show(output, now, after)
    }
}
