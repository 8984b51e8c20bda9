//! Signs of life.

use crate::scene::{Scene, person};
use anyhow::ensure;
use attachment::CloseCode;
use attachment::limits::{HEARTBEAT, SILENCE_MAX};
use std::time::Duration;
use tests::wait::TICK;
use tests::{Attached, Failure, Logs};

/// Lets so much time pass for whoever waits on the network, second by second, so that everybody can act in between.
async fn pass(time: Duration) {
    for _ in 0..time.as_secs() {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::time::resume();
        // The store works in threads of its own, by real time.
        let mut tick = tokio::time::interval(2 * TICK);
        tick.tick().await;
        tick.tick().await;
    }
}

/// What may be complained of where time leaps: a wait for the store that was begun before.
pub(crate) fn caught_by_a_leap(logs: &Logs) -> Vec<String> {
    let caught = "pool timed out while waiting for an open connection";
    let seen = logs.complaints().iter().any(|line| line.contains(caught));
    seen.then(|| caught.to_owned()).into_iter().collect()
}

/// Whoever pings stays; whoever says nothing is closed, keeps the session, and nobody sees them go.
#[test]
fn a_silent_client_is_closed_and_one_that_pings_stays() -> Result<(), Failure> {
    tests::logs::run_expecting(async |logs| {
        let mut scene = Scene::new().await?;
        let carol = person(&mut scene.stage, "carol", "home-2").await?;
        let mut carol = Attached::log_on(&scene.stage, &carol, "r-2").await?;
        // Together longer than anybody may be silent.
        for _ in 0..2 {
            pass(HEARTBEAT).await;
            scene.alice.ping().await?;
            carol.ping().await?;
        }
        pass(HEARTBEAT).await;
        carol.ping().await?;
        let early = tokio::time::timeout(TICK, scene.alice.socket()?.hear()).await;
        ensure!(early.is_err(), "not yet: {early:?}");
        pass(SILENCE_MAX - HEARTBEAT).await;
        scene.alice.socket()?.ends(CloseCode::Silent).await?;
        carol.ping().await?;
        carol.heard_nothing_else()?;
        ensure!(scene.maxb.listener.rest()?.is_empty(), "nobody sees her go");
        scene.alice.resume(&scene.stage, "r-2").await?;
        scene.reaches_alice("there again").await?;
        scene.stage.close().await?;
        Ok(caught_by_a_leap(logs))
    })
}
