//! etcd loses members, then all of it, under load: nobody notices, and afterwards home servers come and go again.

use crate::scene::{self, Bounds, HOLD};
use tests::wait::until;
use tests::{Failure, Processes};

#[test]
fn etcd_loses_one_member_then_two_and_recovers() -> Result<(), Failure> {
    scene::run(3, async |processes, load| {
        for complaint in COMPLAINTS {
            processes.allow(complaint);
        }
        processes.etcd().kill(0).await?;
        load.goes_on().await?;
        // One of three is lost: home servers still come and go.
        processes.stop("home-3").await?;
        load.goes_on().await?;
        scene::begin(processes, "home-3").await?;
        load.goes_on().await?;
        processes.etcd().kill(1).await?;
        // Longer than a lease lives.
        for _ in 0..4 {
            load.goes_on().await?;
        }
        processes.etcd().start().await?;
        everybody_is_back(processes).await?;
        processes.stop("home-1").await?;
        load.goes_on().await?;
        scene::begin(processes, "home-1").await?;
        load.goes_on().await?;
        Ok(Bounds {
            gap: HOLD,
            failures: false,
        })
    })
}

#[test]
fn the_only_etcd_is_killed_and_comes_back() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        for complaint in COMPLAINTS {
            processes.allow(complaint);
        }
        processes.etcd().kill(0).await?;
        for _ in 0..4 {
            load.goes_on().await?;
        }
        processes.etcd().start().await?;
        everybody_is_back(processes).await?;
        processes.stop("home-1").await?;
        load.goes_on().await?;
        Ok(Bounds {
            gap: HOLD,
            failures: false,
        })
    })
}

/// What processes say of an etcd that is away.
const COMPLAINTS: [&str; 1] = ["members cannot be followed, the last known stay in force"];

/// Waits until every process that has lost etcd has found it again.
async fn everybody_is_back(processes: &mut Processes) -> anyhow::Result<()> {
    for name in processes.running() {
        let process = processes.process(&name)?;
        let journal = process.journal().clone();
        until(format!("{name} to reach etcd again"), async || {
            let lost = journal.count(COMPLAINTS[0]);
            Ok((journal.count("etcd is reached again") == lost).then_some(()))
        })
        .await?;
    }
    Ok(())
}
