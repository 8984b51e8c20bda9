//! A client that does not read what it is sent.

use crate::scene::{Scene, expect, set};
use crate::silent::caught_by_a_leap;
use anyhow::ensure;
use attachment::limits::SILENCE_MAX;
use attachment::{ClientFrame, CloseCode, ServerFrame, State};
use tests::Failure;
use tests::attached::Came;
use tests::client::Message;
use tests::wait::{TICK, let_others_run};

/// What is asked for at most until a connection is full: what systems keep for one is less.
const MESSAGES_MAX: u64 = 400;

/// A message of the largest kind that an RVP client of this text may send, with a number to know it by.
fn large(number: u64) -> String {
    format!("{number} {}", "x".repeat(60_000))
}

/// Maxb writes to alice, who acknowledges everything and reads nothing, until it is kept: the connection is full, and
/// its router waits to be rid of a frame. Says how many messages were written, of which the last is kept.
async fn fill(scene: &mut Scene) -> anyhow::Result<u64> {
    // An acknowledgement that comes before its message is passed over, so it is said again.
    let mut tick = tokio::time::interval(TICK);
    for number in 1..=MESSAGES_MAX {
        let Scene { alice, maxb, .. } = scene;
        let ask = maxb.notify(alice.me(), &Message::text(&large(number)));
        let asking = maxb.ask(&ask);
        tokio::pin!(asking);
        let answer = loop {
            let acknowledge = ClientFrame::Acknowledge {
                sequence: number,
                left: false,
            };
            tokio::select! {
                answer = &mut asking => break answer?,
                _ = tick.tick() => alice.say(&acknowledge).await?,
            }
        };
        match answer.status {
            200 => {}
            202 => return Ok(number),
            status => anyhow::bail!("{status}"),
        }
    }
    anyhow::bail!("{MESSAGES_MAX} messages did not fill a connection")
}

/// Of presence only the newest waits; what was written before comes whole.
#[test]
fn of_presence_only_the_newest_comes() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        let address = scene.maxb.me().address();
        let written = fill(&mut scene).await?;
        for state in ["away", "busy", "on-phone"] {
            set(&mut scene.maxb, state).await?;
        }
        let_others_run().await;
        // Now she reads again.
        scene.alice.say(&ClientFrame::Ping {}).await?;
        let (mut states, mut last) = (Vec::new(), 0);
        loop {
            match scene.alice.socket()?.hear().await? {
                Came::Frame(ServerFrame::Message(received)) => last = received.sequence,
                Came::Frame(ServerFrame::Presence(presence)) if presence.who == address => {
                    states.extend(presence.state);
                }
                Came::Frame(ServerFrame::Pong {}) if !states.is_empty() => break,
                Came::Frame(_) => {}
                Came::End(code) => anyhow::bail!("closed with {code:?}"),
            }
        }
        ensure!(states == [State::OnPhone], "{states:?}");
        ensure!(last == written, "{last} of {written}");
        scene.stage.close().await
    })
}

/// A client that goes on like that is closed, and has everything when it resumes.
#[test]
fn who_does_not_read_is_closed_and_resumes() -> Result<(), Failure> {
    tests::logs::run_expecting(async |logs| {
        let mut scene = Scene::new().await?;
        let (alice, maxb) = (scene.alice.me().clone(), scene.maxb.me().clone());
        let written = fill(&mut scene).await?;
        tokio::time::pause();
        tokio::time::advance(SILENCE_MAX).await;
        tokio::time::resume();
        let_others_run().await;
        scene.alice.socket()?.ends(CloseCode::TooSlow).await?;
        let beyond = scene.maxb.notify(&alice, &Message::text("beyond"));
        expect(202, &scene.maxb.ask(&beyond).await?)?;
        // She has all but the last, as far as she knows.
        scene.alice.last = written - 1;
        scene.alice.resume(&scene.stage, "r-2").await?;
        for text in [large(written), "beyond".to_owned()] {
            scene.alice.hears(&maxb, &text).await?;
        }
        scene.stage.close().await?;
        Ok(caught_by_a_leap(logs))
    })
}
