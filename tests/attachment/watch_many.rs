//! Many people are watched by one frame.

use crate::scene::{Scene, play};
use anyhow::{Context, ensure};
use attachment::{ClientFrame, ServerFrame, State, Watch, WatchResult, Why, limits};
use std::collections::BTreeMap;
use tests::Failure;

fn named(who: &str) -> Watch {
    Watch {
        who: who.to_owned(),
        subscription: None,
    }
}

/// Asks to watch these; what became of each.
async fn watch(scene: &mut Scene, people: Vec<Watch>) -> anyhow::Result<BTreeMap<u32, WatchResult>> {
    let count = people.len();
    let request = scene.alice.number();
    scene
        .alice
        .say(&ClientFrame::WatchMany { request, people })
        .await?;
    answers(scene, request, count).await
}

/// What became of each, of whom so many were asked for.
async fn answers(
    scene: &mut Scene,
    request: u32,
    count: usize,
) -> anyhow::Result<BTreeMap<u32, WatchResult>> {
    let end = scene.alice.answer_to(request).await?;
    ensure!(end == ServerFrame::Done { request }, "{end:?}");
    let mut results = BTreeMap::new();
    let is_part = |frame: &ServerFrame| frame.request() == Some(request);
    while scene.alice.has_heard(is_part) {
        let ServerFrame::WatchingMany { people, .. } = scene.alice.next("a part", is_part).await? else {
            anyhow::bail!("no part of an answer");
        };
        ensure!(
            !people.is_empty() && people.len() <= limits::PIECE_MAX,
            "{people:?}"
        );
        for watched in people {
            let before = results.insert(watched.index, watched.result);
            ensure!(before.is_none(), "{} is answered twice", watched.index);
        }
    }
    ensure!(results.len() == count, "{} answers to {count}", results.len());
    Ok(results)
}

fn watching(results: &BTreeMap<u32, WatchResult>, index: u32) -> anyhow::Result<(u32, State)> {
    match results.get(&index) {
        Some(WatchResult::Watching {
            subscription,
            presence,
        }) => Ok((*subscription, presence.state.context("no state")?)),
        other => anyhow::bail!("{index} is {other:?}"),
    }
}

fn refused(results: &BTreeMap<u32, WatchResult>, index: u32) -> Option<Why> {
    match results.get(&index)? {
        WatchResult::Refused { why, .. } => Some(*why),
        WatchResult::Watching { .. } => None,
    }
}

#[test]
fn each_of_them_is_judged_alone() -> Result<(), Failure> {
    play(async |scene| {
        let carol = scene.joined_by("carol").await?;
        let maxb = scene.maxb.me().address();
        let people = [
            maxb.as_str(),
            "",
            "nobody@im.example.com",
            &carol.me().address(),
            &maxb.to_uppercase(),
            "bob@example.org",
            &scene.alice.me().address(),
        ];
        let results = watch(scene, people.into_iter().map(named).collect()).await?;
        let (of_maxb, state) = watching(&results, 0)?;
        ensure!(state == State::Online, "{state:?}");
        let (of_carol, state) = watching(&results, 3)?;
        ensure!(state == State::Online, "{state:?}");
        watching(&results, 6)?;
        for (index, why) in [
            (1, Why::Malformed),
            (2, Why::NobodyThere),
            (4, Why::Malformed),
            (5, Why::NobodyThere),
        ] {
            ensure!(refused(&results, index) == Some(why), "{index}: {results:?}");
        }
        // By what they were told, nothing new is made.
        let again = [(maxb, of_maxb), (carol.me().address(), of_carol)].map(|(who, subscription)| Watch {
            who,
            subscription: Some(subscription),
        });
        let results = watch(scene, again.into()).await?;
        ensure!(watching(&results, 0)? == (of_maxb, State::Online), "{results:?}");
        ensure!(watching(&results, 1)? == (of_carol, State::Online), "{results:?}");
        Ok(())
    })
}

#[test]
fn a_frame_names_somebody_and_not_too_many() -> Result<(), Failure> {
    play(async |scene| {
        let max = scene.alice.welcome.watch_many_max;
        ensure!(max == u32::try_from(limits::WATCH_MANY_MAX).ok(), "{max:?}");
        let nobody = |count: usize| {
            let each = (0..count).map(|number| named(&format!("nobody-{number}@im.example.com")));
            each.collect::<Vec<_>>()
        };
        for people in [Vec::new(), nobody(limits::WATCH_MANY_MAX + 1)] {
            let answer = scene
                .alice
                .ask(|request| ClientFrame::WatchMany { request, people })
                .await?;
            let malformed = matches!(
                answer,
                ServerFrame::Refused {
                    why: Why::Malformed,
                    ..
                }
            );
            ensure!(malformed, "{answer:?}");
        }
        let results = watch(scene, nobody(limits::WATCH_MANY_MAX)).await?;
        let all = (0..).take(limits::WATCH_MANY_MAX);
        let mut reasons = all.map(|index| refused(&results, index));
        ensure!(reasons.all(|why| why == Some(Why::NobodyThere)), "{results:?}");
        Ok(())
    })
}

/// What is asked of one person is done in its order, also where one of it is a part of something.
#[test]
fn what_is_asked_of_one_of_them_is_done_in_its_order() -> Result<(), Failure> {
    play(async |scene| {
        let mut carol = scene.joined_by("carol").await?;
        let (maxb, who) = (scene.maxb.me().address(), carol.me().address());
        let many = |request| ClientFrame::WatchMany {
            request,
            people: vec![named(&maxb), named(&who)],
        };
        let unwatch = |request| ClientFrame::Unwatch {
            request,
            who: who.clone(),
        };
        let requests = [(); 3].map(|()| scene.alice.number());
        for frame in [many(requests[0]), unwatch(requests[1]), many(requests[2])] {
            scene.alice.say(&frame).await?;
        }
        for request in requests {
            let answer = scene.alice.answer_to(request).await?;
            ensure!(answer == ServerFrame::Done { request }, "{answer:?}");
        }
        carol.set(State::Busy).await?;
        scene.alice.sees(carol.me(), State::Busy).await?;
        Ok(())
    })
}

/// Who has another home server meanwhile is asked for there, or refused for a while; nobody is left without an answer,
/// and whose home server lives does not wait for one that is dead.
#[test]
fn a_home_that_dies_meanwhile_leaves_nobody_unanswered() -> Result<(), Failure> {
    play(async |scene| {
        let carol = scene.joined_by("carol").await?;
        let people = [scene.alice.me(), scene.maxb.me(), carol.me()].map(|who| named(&who.address()));
        let request = scene.alice.number();
        let frame = ClientFrame::WatchMany {
            request,
            people: people.to_vec(),
        };
        scene.alice.say(&frame).await?;
        scene.stage.crash("home-2").await?;
        let results = answers(scene, request, people.len()).await?;
        watching(&results, 0)?;
        for index in [1, 2] {
            let refused = refused(&results, index);
            let fine = refused.is_none() || refused == Some(Why::Unavailable);
            ensure!(fine, "{index}: {results:?}");
        }
        scene.stage.start_again("home-2").await?;
        let results = watch(scene, people.to_vec()).await?;
        for index in 0..3 {
            watching(&results, index)?;
        }
        Ok(())
    })
}
