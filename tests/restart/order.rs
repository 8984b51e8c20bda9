//! Any order of starting and stopping.

use crate::scene::{Scene, client, expect};
use anyhow::ensure;
use tests::{Failure, Plan, Stage};

/// Routers before home servers: nobody is served until there is a home, and then everybody, without a word from
/// anybody.
#[test]
fn routers_may_start_before_home_servers() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut stage = Stage::start(Plan::with_homes(2)).await?;
        let mut maxb = client(&mut stage, "maxb", "home-1").await?;
        stage.stop_everything().await?;
        let readiness = stage.launch_router("r-1").await?;
        ensure!(!readiness.is_ready(), "a router without a home is not ready");
        let refused = maxb.log_on(3_600).await?;
        expect(503, &refused)?;
        ensure!(refused.number("retry-after")? > 0, "when to come again");
        stage.start_home("home-2").await?;
        stage.start_home("home-1").await?;
        tests::wait::within("the router to be ready", readiness.reached()).await?;
        expect(200, &maxb.log_on(3_600).await?)?;
        stage.close().await
    })
}

/// Home servers go and come one after the other under people who do nothing.
#[test]
fn home_servers_are_replaced_one_by_one() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(3).await?;
        let states = ["busy", "away", "on-phone", "at-lunch", "online", "back-soon"];
        for (home, states) in ["home-1", "home-2", "home-3"].into_iter().zip(states.chunks(2)) {
            scene.stage.stop(home).await?;
            scene.works(states[0]).await?;
            scene.stage.start_home(home).await?;
            scene.works(states[1]).await?;
        }
        scene.stage.close().await
    })
}

/// The last home server standing carries everybody.
#[test]
fn one_home_server_is_enough() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(3).await?;
        scene.stage.crash("home-1").await?;
        scene.works("busy").await?;
        scene.stage.crash("home-3").await?;
        scene.works("away").await?;
        scene.stage.start_home("home-3").await?;
        scene.stage.start_home("home-1").await?;
        scene.works("online").await?;
        scene.stage.close().await
    })
}

/// A home server that the others have given up is home to nobody, and comes back by itself.
#[test]
fn a_home_server_that_loses_its_lease_joins_again() -> Result<(), Failure> {
    tests::run(&["the lease is lost"], async |_| {
        let mut scene = Scene::on(2).await?;
        scene.stage.lose_lease("home-2").await?;
        scene.works("busy").await?;
        scene.stage.lose_lease("home-1").await?;
        scene.stage.lose_lease("home-2").await?;
        scene.works("away").await?;
        scene.stage.close().await
    })
}
