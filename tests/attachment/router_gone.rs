//! A router has died and its clients are not back yet: nobody else waits for them.

use crate::scene::{Scene, person, play};
use anyhow::ensure;
use attachment::{ClientFrame, ServerFrame, State};
use tests::wait::within;
use tests::{Attached, Failure};

/// More than one: what waits for the clients of the router is told to others as well, each by itself.
const CHANGES: [&str; 4] = ["dana", "erik", "fred", "gina"];

async fn attached(scene: &mut Scene, name: &str, home: &str) -> anyhow::Result<Attached> {
    let person = person(&mut scene.stage, name, home).await?;
    Attached::log_on(&scene.stage, &person, "r-2").await
}

fn is_away(frame: &ServerFrame) -> bool {
    matches!(frame, ServerFrame::Presence(presence) if presence.state == Some(State::Away))
}

/// Carol has the same home as alice, and another router.
#[test]
fn who_shares_a_home_with_its_clients_is_told_all_changes_once() -> Result<(), Failure> {
    play(async |scene| {
        let mut carol = attached(scene, "carol", "home-1").await?;
        let mut others = Vec::new();
        for name in CHANGES {
            let other = attached(scene, name, "home-2").await?;
            scene.alice.watch(other.me(), None).await?;
            carol.watch(other.me(), None).await?;
            others.push(other);
        }
        scene.stage.crash("r-1").await?;
        let telling = async {
            for other in &mut others {
                other.set(State::Away).await?;
            }
            for other in &others {
                let of = other.me().address();
                let told = |frame: &ServerFrame| {
                    is_away(frame) && matches!(frame, ServerFrame::Presence(told) if told.who == of)
                };
                carol.next(format!("{of} to be away"), told).await?;
            }
            anyhow::Ok(())
        };
        within("carol to be told of all of them", telling).await??;

        // Alice reads what she missed when she is back, and nobody is told again.
        scene.alice.resume(&scene.stage, "r-2").await?;
        for other in &others {
            let (_, state) = scene.alice.watch(other.me(), None).await?;
            ensure!(state == State::Away, "{} is {state:?}", other.me());
        }
        carol.say(&ClientFrame::Ping {}).await?;
        let next = carol.next("a pong", |frame| is_away(frame) || *frame == ServerFrame::Pong {});
        let next = next.await?;
        ensure!(next == ServerFrame::Pong {}, "{next:?}");
        Ok(())
    })
}
