//! The disk of the store is full, and has room again.

use crate::scene;
use anyhow::{Context, ensure};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use store::Location;
use tests::client::Message;
use tests::listener::{Heard, Said};
use tests::{Answer, Client, Failure, Plan, Processes};

/// Where the small disk is, in the process that has one.
const SMALL_DISK: &str = "HOMEPORT_SMALL_DISK";
/// Its size: enough for a few thousand messages.
const SIZE: &str = "16m";
/// Messages sent to a full disk, so many that what is left in half-filled pages is used up.
const SENT: usize = 200;

const NAME: &str = "disk_full::a_full_disk_refuses_what_must_be_kept_and_loses_nothing";

/// A file system of its own needs a namespace of its own, which a process with threads cannot enter: this test runs
/// itself in one.
#[test]
fn a_full_disk_refuses_what_must_be_kept_and_loses_nothing() -> Result<(), Failure> {
    let Some(disk) = std::env::var_os(SMALL_DISK) else {
        return tests::run(&[], async |_| within_namespace());
    };
    tests::run(&[], async |_| {
        let disk = PathBuf::from(disk);
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

fn within_namespace() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mount = format!("mount -t tmpfs -o size={SIZE} tmpfs \"$0\" && exec \"$@\"");
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &mount])
        .arg(folder.path())
        .arg(std::env::current_exe()?)
        .args(["--exact", NAME, "--nocapture"])
        .env(SMALL_DISK, folder.path())
        .output()
        .context("run unshare, of the Debian package util-linux")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}\n{complained}");
    ensure!(said.contains("1 passed"), "it was not run: {said}");
    Ok(())
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
        scene::expect(202, &say(&mut writer, &away, &text).await?)?;
        kept.push(text);
    }
    let filler = fill(disk)?;
    let mut refused = 0;
    for number in 0..SENT {
        let text = format!("full {number}");
        match say(&mut writer, &away, &text).await?.status {
            202 => kept.push(text.clone()),
            412 => refused += 1,
            other => anyhow::bail!("{other} when the disk is full"),
        }
        scene::expect(200, &say(&mut writer, &here, &text).await?)?;
    }
    ensure!(refused > SENT / 2, "{refused} of {SENT} were refused");
    here.listener.rest()?;
    // What was answered 202 is there after a crash, too.
    processes.kill("home-1").await?;
    std::fs::remove_file(filler)?;
    scene::begin(processes, "home-1").await?;
    let text = "after".to_owned();
    scene::expect(202, &say(&mut writer, &away, &text).await?)?;
    kept.push(text);
    scene::expect(200, &away.log_on(14_400).await?)?;
    let mut heard = Vec::new();
    let what = format!("{} messages to be heard", kept.len());
    tests::wait::until(what, async || {
        heard.extend(away.listener.rest()?.iter().filter_map(text_of));
        Ok((heard.len() >= kept.len()).then_some(()))
    })
    .await?;
    ensure!(heard == kept, "{heard:?} instead of {kept:?}");
    Ok(())
}

/// Writes a file until there is no room.
fn fill(disk: &Path) -> anyhow::Result<PathBuf> {
    let path = disk.join("filler");
    let mut file = File::create(&path)?;
    for size in [65_536, 4_096, 512] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    Ok(path)
}

async fn say(writer: &mut Client, to: &Client, text: &str) -> anyhow::Result<Answer> {
    let ask = writer.notify(to.me(), &Message::text(text));
    writer.ask(&ask).await
}

fn text_of(heard: &Heard) -> Option<String> {
    match &heard.said {
        Said::Message(_, mime) => Some(mime.text.clone()),
        Said::Change(_) => None,
    }
}
