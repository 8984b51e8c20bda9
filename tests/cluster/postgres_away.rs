//! The database is lost while people talk, and comes back.

use crate::messages::roomy;
use crate::scene;
use crate::server::Server;
use anyhow::ensure;
use std::time::Duration;
use store::Location;
use tests::{Crowd, Failure, Insisting, Plan, Processes};

/// How long the database is away each time.
const AWAY: Duration = Duration::from_secs(3);
/// How often it is lost.
const LOSSES: usize = 3;
/// The longest that all messages may take afterwards.
const PATIENCE: Duration = Duration::from_secs(120);
/// A refusal comes sooner than a client gives up.
const SOON: Duration = Duration::from_secs(10);

/// What home servers say that cannot write.
const COMPLAINTS: [&str; 3] = ["not durable", "cannot be read", " sqlx"];

#[test]
fn people_who_are_there_are_reached_while_the_database_is_away() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut server = Server::start_with(&["fsync=on"]).await;
        let plan = Plan {
            offline: roomy(),
            ..Plan::with_homes(2).with_routers(2)
        };
        let store = Some(Location::Postgres(server.config()));
        let mut processes = Processes::with_store(plan, 1, store).await?;
        for complaint in COMPLAINTS {
            processes.allow(complaint);
        }
        let played = play(&mut processes, &mut server).await;
        if let Err(error) = played {
            return Err(error.context(processes.story()));
        }
        processes.close().await
    })
}

async fn play(processes: &mut Processes, server: &mut Server) -> anyhow::Result<()> {
    processes.begin_everything().await?;
    let mut here = scene::client(processes, "here", "home-1").await?;
    let away = scene::client(processes, "away", "home-1").await?;
    let mut writer = scene::client(processes, "writer", "home-2").await?;
    scene::expect(200, &here.log_on(14_400).await?)?;
    // Both are in their home's memory from here on, and the writer is known.
    scene::expect(200, &scene::say(&mut writer, &here, "before").await?)?;
    scene::expect(202, &scene::say(&mut writer, &away, "before").await?)?;
    let crowd = Crowd {
        senders: 6,
        online: 7,
        offline: 3,
        messages: 300,
    };
    let insisting = Insisting::start(processes, crowd).await?;
    let mut reached = 0;
    for _ in 0..LOSSES {
        insisting.goes_on(crowd.senders, PATIENCE).await;
        server.kill();
        let until = tokio::time::Instant::now() + AWAY;
        while tokio::time::Instant::now() < until {
            scene::expect(200, &scene::say(&mut writer, &here, "meanwhile").await?)?;
            reached += 1;
            let asked = tokio::time::Instant::now();
            let answer = scene::say(&mut writer, &away, "meanwhile").await?;
            scene::expect(412, &answer)?;
            ensure!(asked.elapsed() < SOON, "refused after {:?}", asked.elapsed());
        }
        server.run().await;
    }
    insisting.wait(PATIENCE).await;
    let insisted = insisting.finish().await?;
    // For whoever wants to know: nextest shows it with `--success-output immediate`.
    eprintln!("{reached} reached while it was away, then: {insisted:?}");
    ensure!(reached >= LOSSES && insisted.stored > 0, "{insisted:?}");
    scene::expect(202, &scene::say(&mut writer, &away, "after").await?)?;
    here.listener.rest()?;
    Ok(())
}
