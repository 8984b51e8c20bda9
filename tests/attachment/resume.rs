//! A connection is lost, and the session goes on.

use crate::scene::{Scene, expect};
use anyhow::{Context, ensure};
use attachment::{CloseCode, Receipt, State};
use rvp::PresenceState;
use std::time::Duration;
use tests::attached::Socket;
use tests::client::Message;
use tests::wait::until;
use tests::{Attached, Failure};

/// Writes to alice until it is kept for her: then her home knows that she is not there.
async fn until_kept(scene: &mut Scene, text: &str) -> anyhow::Result<()> {
    until("a message to be kept", async || {
        let status = scene.maxb_writes(text).await?;
        ensure!(status == 200 || status == 202 || status == 412, "{status}");
        Ok((status == 202).then_some(()))
    })
    .await
}

#[test]
fn it_goes_on_at_another_router_and_nobody_sees_it() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        let (alice, maxb) = (scene.alice.me().clone(), scene.maxb.me().clone());
        let (subscription, _) = scene.alice.watch(&maxb, None).await?;
        scene.reaches_alice("one").await?;
        scene.alice.lose();
        until_kept(&mut scene, "two").await?;
        let answer = scene
            .maxb
            .ask(&scene.maxb.notify(&alice, &Message::text("three")))
            .await?;
        expect(202, &answer)?;
        scene.stage.advance(Duration::from_secs(50)).await?;
        scene.alice.resume(&scene.stage, "r-2").await?;
        for text in ["two", "three"] {
            scene.alice.hears(&maxb, text).await?;
        }
        let (again, state) = scene.alice.watch(&maxb, Some(subscription)).await?;
        ensure!(
            (again, state) == (subscription, State::Online),
            "{again} {state:?}"
        );
        scene.reaches_alice("four").await?;
        ensure!(
            scene.alice.send(&maxb, "five", "five").await? == Receipt::Delivered,
            "five"
        );
        scene.stage.advance(Duration::from_secs(120)).await?;
        scene.alice.set(State::Busy).await?;
        let heard = scene.maxb.listener.next("five", |_| true).await?;
        ensure!(
            format!("{heard}").contains("five"),
            "no change of alice before: {heard}"
        );
        scene.maxb_sees(PresenceState::Busy).await?;
        scene.stage.close().await
    })
}

#[test]
fn a_connection_in_its_place_closes_the_one_before() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        for router in ["r-1", "r-2", "r-1"] {
            let before = scene.alice.resume(&scene.stage, router).await?;
            let mut before = before.context("it had one")?;
            before.ends(CloseCode::Resumed).await.context(router)?;
            scene.reaches_alice(&format!("by {router}")).await?;
        }
        scene.stage.close().await
    })
}

#[test]
fn after_its_time_it_is_over() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        scene.alice.lose();
        until_kept(&mut scene, "kept").await?;
        scene.stage.advance(Duration::from_secs(59)).await?;
        ensure!(scene.maxb.listener.rest()?.is_empty(), "not yet");
        scene.stage.advance(Duration::from_secs(2)).await?;
        scene.maxb_sees(PresenceState::Offline).await?;
        let mut socket = Socket::open(scene.stage.door("r-1")?).await?;
        let welcome = socket.with(scene.alice.resumption()).await?;
        ensure!(!welcome.resumed, "{welcome:?}");
        ensure!(welcome.session != scene.alice.welcome.session, "another session");
        scene.stage.close().await
    })
}

#[test]
fn a_router_dies_and_the_session_goes_on_at_another() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        let maxb = scene.maxb.me().clone();
        scene.stage.crash("r-1").await?;
        until_kept(&mut scene, "meanwhile").await?;
        scene.alice.resume(&scene.stage, "r-2").await?;
        scene.alice.hears(&maxb, "meanwhile").await?;
        ensure!(
            scene.alice.send(&maxb, "x", "back").await? == Receipt::Delivered,
            "back"
        );
        let heard = scene.maxb.listener.next("back", |_| true).await?;
        ensure!(format!("{heard}").contains("back"), "she never went: {heard}");
        scene.stage.close().await
    })
}

/// Her home dies; its successor hears from the router that she is still there.
#[test]
fn a_home_dies_and_nobody_notices() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        scene.stage.crash("home-1").await?;
        scene.reaches_alice("still there?").await?;
        // Time enough for a home to give up what nobody has told it of.
        scene.alice.ping().await?;
        until("the router to have told of her", async || {
            scene.stage.advance(Duration::from_secs(1)).await?;
            Ok((scene.stage.now() > scene.begun + Duration::from_secs(90)).then_some(()))
        })
        .await?;
        scene.alice.set(State::Away).await?;
        scene.maxb_sees(PresenceState::Away).await?;
        scene.stage.close().await
    })
}

/// A router is stopped in order: its clients are told when to come back.
#[test]
fn a_router_that_stops_says_when_to_come_back() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        let notice = async |alice: &mut Attached| -> anyhow::Result<()> {
            let told =
                |frame: &attachment::ServerFrame| matches!(frame, attachment::ServerFrame::Notice { .. });
            alice.next("a notice", told).await?;
            alice.socket()?.ends(CloseCode::Draining).await
        };
        let (stopped, told) = tokio::join!(scene.stage.stop("r-1"), notice(&mut scene.alice));
        stopped?;
        told?;
        scene.alice.resume(&scene.stage, "r-2").await?;
        scene.reaches_alice("welcome back").await?;
        scene.stage.close().await
    })
}
