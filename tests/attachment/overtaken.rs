//! A change that overtakes the answer to watching somebody: it comes by the home server of the watcher, the answer from
//! that of who is watched. Whoever watches is to be left with the newer of both, however one asks.

use crate::scene::{Scene, expect, person, play, set};
use anyhow::ensure;
use attachment::{ClientFrame, ServerFrame, State, Watch, WatchResult};
use rvp::{Identity, Principal, SubscriptionKind};
use tests::wait::until;
use tests::{Attached, Failure};

#[test]
fn of_one_who_is_watched() -> Result<(), Failure> {
    play(async |scene| {
        let who = scene.maxb.me().address();
        let watch = |request| ClientFrame::Watch {
            request,
            who,
            subscription: None,
        };
        let frame = overtaken(scene, watch).await?;
        let older =
            matches!(&frame, ServerFrame::Watching { presence, .. } if presence.state == Some(State::Online));
        ensure!(older, "{frame:?}");
        Ok(())
    })
}

/// The answer waits for everybody of the home server.
#[test]
fn of_one_of_many_who_are_watched() -> Result<(), Failure> {
    play(async |scene| {
        let carol = scene.joined_by("carol").await?;
        let people = [scene.maxb.me(), carol.me()].map(|who| Watch {
            who: who.address(),
            subscription: None,
        });
        let watch = |request| ClientFrame::WatchMany {
            request,
            people: people.into(),
        };
        let frame = overtaken(scene, watch).await?;
        let ServerFrame::WatchingMany { people, .. } = &frame else {
            anyhow::bail!("{frame:?}");
        };
        let older = people.iter().any(|watched| {
            let WatchResult::Watching { presence, .. } = &watched.result else {
                return false;
            };
            watched.index == 0 && presence.state == Some(State::Online)
        });
        ensure!(older && people.len() == 2, "{frame:?}");
        Ok(())
    })
}

/// Dana asks to watch maxb, who is online and turns busy while the answer is on its way. Returns what answers, after
/// which she is told the change.
async fn overtaken(scene: &mut Scene, watch: impl FnOnce(u32) -> ClientFrame) -> anyhow::Result<ServerFrame> {
    let dana = person(&mut scene.stage, "dana", "home-1").await?;
    let mut dana = Attached::log_on(&scene.stage, &dana, "r-1").await?;
    let maxb = scene.maxb.me().clone();
    let request = dana.number();
    scene.stage.hold_back(("home-2", "r-1"), true)?;
    dana.say(&watch(request)).await?;
    until("maxb to be watched", async || {
        is_watched_by(scene, dana.me()).await
    })
    .await?;
    set(&mut scene.maxb, "busy").await?;
    // At the same router, from the same home server.
    scene.alice.sees(&maxb, State::Busy).await?;
    dana.ping().await?;
    dana.heard_nothing_else()?;
    scene.stage.hold_back(("home-2", "r-1"), false)?;
    let answer =
        |frame: &ServerFrame| frame.request() == Some(request) || matches!(frame, ServerFrame::Presence(_));
    let answer = dana.next("the answer", answer).await?;
    dana.sees(&maxb, State::Busy).await?;
    dana.ping().await?;
    dana.heard_nothing_else()?;
    Ok(answer)
}

async fn is_watched_by(scene: &mut Scene, who: &Principal) -> anyhow::Result<Option<()>> {
    let maxb = scene.maxb.me().clone();
    let answer = scene.maxb.list(&maxb, SubscriptionKind::Property).await?;
    expect(200, &answer)?;
    let watchers = answer.subscriptions()?;
    let watches = watchers
        .iter()
        .any(|each| each.subscriber == Identity::Person(who.clone()));
    Ok(watches.then_some(()))
}
