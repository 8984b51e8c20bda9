//! A disk of the database is full, and has room again.

use crate::messages::roomy;
use crate::server::{Apart, Server};
use crate::{scene, small_disk};
use anyhow::ensure;
use std::path::Path;
use std::time::Duration;
use store::Location;
use tests::{Client, Failure, Plan, Processes};

/// The size of the disk: a new database, and some thousand messages.
const SIZE: &str = "64m";
/// Octets of each message, so that the disk is not far from being full with the first.
const TEXT: usize = 2_000;
/// Messages that may be taken until a disk that is full is needed: what is left in half-filled pages, and in the
/// segment of the log that was begun.
const TAKEN_MAX: usize = 2_000;
/// Messages that are refused before there is room.
const REFUSED: usize = 50;
/// A refusal comes sooner than a client gives up.
const SOON: Duration = Duration::from_secs(10);

/// What home servers say that cannot write.
const COMPLAINTS: [&str; 4] = ["not durable", "cannot be read", " sqlx", "cannot join yet"];

const TABLES: &str = "postgres_full::a_database_without_room_for_its_tables_loses_nothing";
const WAL: &str = "postgres_full::a_database_that_dies_for_want_of_room_loses_nothing";

/// Which of the database's disks is full.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Full {
    /// That of its tables: it refuses what it has no room for, and lives.
    Tables,
    /// That of its log of writes: it dies.
    Wal,
}

#[test]
fn a_database_without_room_for_its_tables_loses_nothing() -> Result<(), Failure> {
    run(TABLES, Full::Tables)
}

#[test]
fn a_database_that_dies_for_want_of_room_loses_nothing() -> Result<(), Failure> {
    run(WAL, Full::Wal)
}

fn run(name: &str, full: Full) -> Result<(), Failure> {
    let Some(disk) = small_disk::here() else {
        return tests::run(&[], async |_| small_disk::run(name, SIZE));
    };
    tests::run(&[], async |_| {
        let folder = tempfile::tempdir()?;
        let (small, other) = (disk.join("small"), folder.path().join("other"));
        let (data, wal) = match full {
            Full::Tables => (&small, &other),
            Full::Wal => (&other, &small),
        };
        let apart = Apart {
            data: Some(data),
            wal: Some(wal),
        };
        // As with a standby that is away: segments of the log are not used again.
        let settings = ["fsync=on", "wal_keep_size=10GB"];
        let mut server = Server::start_apart(folder.path(), &apart, &settings).await;
        let plan = Plan {
            offline: roomy(),
            ..Plan::default()
        };
        let store = Some(Location::Postgres(server.config()));
        let mut processes = Processes::with_store(plan, 1, store).await?;
        for complaint in COMPLAINTS {
            processes.allow(complaint);
        }
        let played = play(&mut processes, (&mut server, full), &disk).await;
        if let Err(error) = played {
            return Err(error.context(processes.story()).context(server.log()));
        }
        processes.close().await
    })
}

async fn play(
    processes: &mut Processes,
    (server, full): (&mut Server, Full),
    disk: &Path,
) -> anyhow::Result<()> {
    processes.begin_everything().await?;
    let mut people = People::new(processes).await?;
    for number in 0..20 {
        ensure!(people.write(&format!("before {number}")).await?, "there is room");
    }
    let filler = small_disk::fill(disk)?;
    let mut number = 0;
    while people.refused.len() < REFUSED {
        number += 1;
        people.write(&format!("full {number}")).await?;
        ensure!(people.kept.len() < TAKEN_MAX, "the disk is not full");
    }
    let said = server.log();
    let cause = match full {
        Full::Tables => "could not extend file",
        Full::Wal => "PANIC:  could not write to file",
    };
    ensure!(said.contains(cause), "it was refused for something else:\n{said}");
    // What was answered 202 is there after a crash, too.
    processes.kill("home-1").await?;
    std::fs::remove_file(filler)?;
    if full == Full::Wal {
        server.kill();
        server.run().await;
    } else {
        ensure!(!said.contains("PANIC"), "it has died:\n{said}");
    }
    scene::begin(processes, "home-1").await?;
    ensure!(people.write("after").await?, "there is room again");
    // For whoever wants to know: nextest shows it with `--success-output immediate`.
    eprintln!("{} kept, {} refused", people.kept.len(), people.refused.len());
    // With each death the answer to one commit may be lost.
    let deaths = server.log().matches("PANIC:").count();
    people.nothing_is_lost(deaths).await
}

/// Somebody who writes, somebody who is there, and somebody who is not.
struct People {
    writer: Client,
    here: Client,
    away: Client,
    /// What was answered 202.
    kept: Vec<String>,
    /// What was answered 412.
    refused: Vec<String>,
}

impl People {
    async fn new(processes: &mut Processes) -> anyhow::Result<Self> {
        let mut here = scene::client(processes, "here", "home-1").await?;
        scene::expect(200, &here.log_on(14_400).await?)?;
        Ok(Self {
            writer: scene::client(processes, "writer", "home-1").await?,
            here,
            away: scene::client(processes, "away", "home-1").await?,
            kept: Vec::new(),
            refused: Vec::new(),
        })
    }

    /// Writes to both. Says whether the one who is not there will get it.
    async fn write(&mut self, text: &str) -> anyhow::Result<bool> {
        let text = format!("{text} {}", "x".repeat(TEXT));
        let asked = tokio::time::Instant::now();
        let answer = scene::say(&mut self.writer, &self.away, &text).await?;
        ensure!(asked.elapsed() < SOON, "answered after {:?}", asked.elapsed());
        scene::expect(200, &scene::say(&mut self.writer, &self.here, &text).await?)?;
        let taken = answer.status == 202;
        if taken {
            self.kept.push(text);
        } else {
            scene::expect(412, &answer)?;
            self.refused.push(text);
        }
        Ok(taken)
    }

    /// Everything that was answered 202 is heard, in order and once. So many that were refused may be heard as well,
    /// because the answer to their commit was lost: nobody could know.
    async fn nothing_is_lost(&mut self, undecided: usize) -> anyhow::Result<()> {
        self.here.listener.rest()?;
        scene::expect(200, &self.away.log_on(14_400).await?)?;
        let last = self.kept.last().cloned().unwrap_or_default();
        let mut heard = Vec::new();
        tests::wait::until("the last message to be heard", async || {
            heard.extend(self.away.listener.rest()?.iter().filter_map(scene::text_of));
            Ok(heard.contains(&last).then_some(()))
        })
        .await?;
        let (refused, kept): (Vec<_>, Vec<_>) =
            heard.into_iter().partition(|text| self.refused.contains(text));
        ensure!(kept == self.kept, "{} heard of {}", kept.len(), self.kept.len());
        let doubtful = refused.len();
        ensure!(doubtful <= undecided, "{doubtful} were refused and are heard");
        Ok(())
    }
}
