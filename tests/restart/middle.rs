//! In the middle of things.

use crate::scene::{Scene, client, expect, text_of};
use anyhow::{Context, ensure};
use daemon::{OnError, Tasks};
use std::collections::BTreeMap;
use tests::client::{ALL_PROPERTIES, Message};
use tests::listener::Manner;
use tests::wait::within;
use tests::wire::{Answer, Ask, Kept};
use tests::{Client, Failure};
use tokio::sync::oneshot;

/// A request under way.
type UnderWay = oneshot::Receiver<anyhow::Result<Answer>>;

fn begin(tasks: &Tasks, client: &Client, ask: Ask) -> UnderWay {
    let (tell, told) = oneshot::channel();
    let wire = client.wire.clone();
    tasks.spawn("request under way", OnError::Stop, async move {
        // Nobody asks for it when the test has failed.
        let _ = tell.send(wire.ask(&mut Kept::default(), &ask).await);
        Ok(())
    });
    told
}

async fn answer(told: UnderWay) -> anyhow::Result<Answer> {
    within("an answer", told)
        .await?
        .context("the request was dropped")?
}

/// Many messages are under way when the recipient's home server dies. Whatever was answered 200 has been heard, once;
/// what was answered otherwise at most once.
#[test]
fn a_message_that_was_acknowledged_has_been_heard_once() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(2).await?;
        let deriks = scene.deriks.me().clone();
        let tasks = Tasks::new();
        let texts: Vec<String> = (0..30).map(|number| format!("message {number}")).collect();
        let begin = |text: &String| {
            begin(
                &tasks,
                &scene.maxb,
                scene.maxb.notify(&deriks, &Message::text(text)),
            )
        };
        let under_way: Vec<_> = texts.iter().map(begin).collect();
        // Some have arrived by now, some have not.
        let first = scene.deriks.listener.next("the first", |_| true).await?;
        scene.stage.crash("home-2").await?;
        scene.stage.start_home("home-2").await?;
        let mut statuses = BTreeMap::new();
        for (text, told) in texts.iter().zip(under_way) {
            let status = answer(told).await?.status;
            ensure!([200, 412].contains(&status), "{status} to {text}");
            statuses.insert(text.clone(), status);
        }
        // What comes after this one was sent after it, and nothing was.
        let ask = scene.maxb.notify(&deriks, &Message::text("the last"));
        expect(200, &scene.maxb.ask(&ask).await?)?;
        let last = scene
            .deriks
            .listener
            .next("the last", |heard| text_of(heard) == Some("the last"))
            .await?;
        let mut heard: BTreeMap<String, usize> = BTreeMap::new();
        for each in [first, last].into_iter().chain(scene.deriks.listener.rest()?) {
            *heard
                .entry(text_of(&each).unwrap_or_default().to_owned())
                .or_default() += 1;
        }
        for (text, status) in &statuses {
            let times = heard.get(text).copied().unwrap_or_default();
            ensure!(times <= 1, "{text} was heard {times} times");
            ensure!(
                *status != 200 || times == 1,
                "{text} was acknowledged and never heard"
            );
        }
        scene.stage.close().await
    })
}

/// A message waits for its client to answer while the recipient's home server is stopped in order: it is finished
/// first.
#[test]
fn a_message_under_way_is_finished_before_a_home_server_stops() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(2).await?;
        let deriks = scene.deriks.me().clone();
        let tasks = Tasks::new();
        scene.deriks.listener.set_manner(Manner::Hold);
        let told = begin(
            &tasks,
            &scene.maxb,
            scene.maxb.notify(&deriks, &Message::text("wait")),
        );
        let heard = scene.deriks.listener.next("the message", |_| true).await?;
        ensure!(text_of(&heard) == Some("wait"), "it heard {heard}");
        let release = async {
            tests::wait::let_others_run().await;
            scene.deriks.listener.set_manner(Manner::Take);
        };
        let (stopped, ()) = tokio::join!(scene.stage.stop("home-2"), release);
        stopped?;
        expect(200, &answer(told).await?)?;
        scene.stage.close().await
    })
}

/// The same for a router: the request that it is at is answered before it goes.
#[test]
fn a_request_under_way_is_finished_before_a_router_stops() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(2).await?;
        let deriks = scene.deriks.me().clone();
        let tasks = Tasks::new();
        scene.deriks.listener.set_manner(Manner::Hold);
        let told = begin(
            &tasks,
            &scene.maxb,
            scene.maxb.notify(&deriks, &Message::text("wait")),
        );
        scene.deriks.listener.next("the message", |_| true).await?;
        let release = async {
            tests::wait::let_others_run().await;
            scene.deriks.listener.set_manner(Manner::Take);
        };
        let (stopped, ()) = tokio::join!(scene.stage.stop("r-1"), release);
        stopped?;
        expect(200, &answer(told).await?)?;
        scene.stage.close().await
    })
}

/// A request that comes while a person has no home is held until there is one again.
#[test]
fn a_request_is_held_while_a_home_server_restarts() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(1).await?;
        let maxb = scene.maxb.me().clone();
        let tasks = Tasks::new();
        scene.stage.stop("home-1").await?;
        let body = scene.deriks.dialect().find(&ALL_PROPERTIES);
        let told = begin(
            &tasks,
            &scene.deriks,
            Ask::new("PROPFIND", &maxb).header("Depth", 0).body(body),
        );
        tests::wait::let_others_run().await;
        scene.stage.start_home("home-1").await?;
        let found = answer(told).await?;
        expect(207, &found)?;
        ensure!(found.state()?.name() == "online", "the state was lost");
        scene.works("busy").await?;
        scene.stage.close().await
    })
}

/// A change is made at the moment a watcher's home server comes back: the watcher hears it.
#[test]
fn a_change_during_a_restart_is_not_missed() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(2).await?;
        let maxb = scene.maxb.me().clone();
        let mut near = client(&mut scene.stage, "near", "home-1").await?;
        expect(200, &near.log_on(3_600).await?)?;
        expect(207, &near.watch(&maxb, 3_600).await?)?;
        for state in ["busy", "away", "on-phone"] {
            scene.stage.crash("home-2").await?;
            // Ready, but no router has linked it yet.
            scene.stage.start_home("home-2").await?;
            scene.set(state).await?;
            for client in [&scene.deriks, &near] {
                let heard = client.listener.next("the change", |_| true).await?;
                ensure!(
                    heard.is_change_of(&maxb)
                        && heard.to_string().to_lowercase().contains(&state.replace('-', "")),
                    "it heard {heard}"
                );
            }
        }
        scene.stage.close().await
    })
}
