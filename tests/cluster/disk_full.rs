//! The disk of the store is full, and has room again.

use crate::{scene, small_disk};
use anyhow::ensure;
use std::path::Path;
use store::Location;
use tests::{Failure, Plan, Processes};

/// The size of the disk: enough for a few thousand messages.
const SIZE: &str = "16m";
/// Messages sent to a full disk, so many that what is left in half-filled pages is used up.
const SENT: usize = 200;

const NAME: &str = "disk_full::a_full_disk_refuses_what_must_be_kept_and_loses_nothing";

#[test]
fn a_full_disk_refuses_what_must_be_kept_and_loses_nothing() -> Result<(), Failure> {
    let Some(disk) = small_disk::here() else {
        return tests::run(&[], async |_| small_disk::run(NAME, SIZE));
    };
    tests::run(&[], async |_| {
        let store = Location::Sqlite(disk.join("homeport.db"));
        let mut processes = Processes::with_store(Plan::default(), 1, Some(store)).await?;
        for complaint in ["not durable", "WARN sqlx", "cannot join yet"] {
            processes.allow(complaint);
        }
        let played = play(&mut processes, &disk).await;
        if let Err(error) = played {
            return Err(error.context(processes.story()));
        }
        processes.close().await
    })
}

async fn play(processes: &mut Processes, disk: &Path) -> anyhow::Result<()> {
    processes.begin_everything().await?;
    let mut here = scene::client(processes, "here", "home-1").await?;
    let mut away = scene::client(processes, "away", "home-1").await?;
    let mut writer = scene::client(processes, "writer", "home-1").await?;
    scene::expect(200, &here.log_on(14_400).await?)?;
    let mut kept = Vec::new();
    for number in 0..20 {
        let text = format!("before {number}");
        scene::expect(202, &scene::say(&mut writer, &away, &text).await?)?;
        kept.push(text);
    }
    let filler = small_disk::fill(disk)?;
    let mut refused = 0;
    for number in 0..SENT {
        let text = format!("full {number}");
        match scene::say(&mut writer, &away, &text).await?.status {
            202 => kept.push(text.clone()),
            412 => refused += 1,
            other => anyhow::bail!("{other} when the disk is full"),
        }
        scene::expect(200, &scene::say(&mut writer, &here, &text).await?)?;
    }
    ensure!(refused > SENT / 2, "{refused} of {SENT} were refused");
    here.listener.rest()?;
    // What was answered 202 is there after a crash, too.
    processes.kill("home-1").await?;
    std::fs::remove_file(filler)?;
    scene::begin(processes, "home-1").await?;
    let text = "after".to_owned();
    scene::expect(202, &scene::say(&mut writer, &away, &text).await?)?;
    kept.push(text);
    scene::expect(200, &away.log_on(14_400).await?)?;
    let mut heard = Vec::new();
    let what = format!("{} messages to be heard", kept.len());
    tests::wait::until(what, async || {
        heard.extend(away.listener.rest()?.iter().filter_map(scene::text_of));
        Ok((heard.len() >= kept.len()).then_some(()))
    })
    .await?;
    ensure!(heard == kept, "{heard:?} instead of {kept:?}");
    Ok(())
}
