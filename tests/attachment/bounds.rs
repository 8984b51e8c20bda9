//! What one client may take up.

use crate::scene::{Scene, expect, play};
use anyhow::{Context, ensure};
use attachment::{ClientFrame, Receipt, ServerFrame, Why, limits};
use tests::client::Message;
use tests::{Attached, Failure};

/// Requests beyond those that may be open are refused at once, and all others are answered.
#[test]
fn so_many_requests_may_be_open() -> Result<(), Failure> {
    play(async |scene| {
        let mut carol = scene.joined_by("carol").await?;
        carol.acknowledges = false;
        let to = carol.me().clone();
        let mut requests = Vec::new();
        for number in 0..limits::REQUESTS_MAX + 3 {
            let request = scene.alice.number();
            let (id, text) = (format!("id-{number}"), format!("message {number}"));
            scene
                .alice
                .say(&Attached::text(&to, request, (&id, &text)))
                .await?;
            requests.push(request);
        }
        for request in requests.split_off(limits::REQUESTS_MAX) {
            let answer = scene.alice.answer_to(request).await?;
            let busy = matches!(
                answer,
                ServerFrame::Receipt {
                    result: Receipt::Refused {
                        why: Why::Busy,
                        retry_after: Some(_)
                    },
                    ..
                }
            );
            ensure!(busy, "{answer:?}");
        }
        carol.acknowledges = true;
        for (number, request) in requests.into_iter().enumerate() {
            carol
                .hears(scene.alice.me(), &format!("message {number}"))
                .await?;
            let answer = scene.alice.answer_to(request).await?;
            let delivered = matches!(
                answer,
                ServerFrame::Receipt {
                    result: Receipt::Delivered,
                    ..
                }
            );
            ensure!(delivered, "{answer:?}");
        }
        Ok(())
    })
}

/// A message that is not acknowledged is kept, and comes again.
#[test]
fn what_is_not_acknowledged_is_kept_and_comes_again() -> Result<(), Failure> {
    play(async |scene| {
        let maxb = scene.maxb.me().clone();
        scene.alice.acknowledges = false;
        let status = scene.maxb_writes("are you there?").await?;
        ensure!(status == 202, "{status}: it is kept");
        let first = scene.alice.message().await?;
        // Too late for that, but not for the next time: the router knows that she has it.
        let acknowledge = ClientFrame::Acknowledge {
            sequence: first.sequence,
            left: false,
        };
        scene.alice.say(&acknowledge).await?;
        scene.alice.acknowledges = true;
        scene.alice.last = first.sequence;
        scene.alice.ping().await?;
        scene.stage.advance(std::time::Duration::from_secs(6)).await?;
        let status = scene.maxb_writes("good").await?;
        ensure!(status == 200 || status == 202, "{status}");
        scene
            .alice
            .hears(&maxb, "good")
            .await
            .context("and not the first once more")?;
        Ok(())
    })
}

/// Messages that may wait at a router for one client, as `docs/attachment.md` has it.
const WAITING_MAX: usize = 64;
/// Messages beyond those that have a place.
const BEYOND: usize = 5;

/// A client that acknowledges nothing is handed so many, and so many wait. Whatever is beyond is kept at once, and when the
/// client is back everything comes: of each sender in order, each once.
#[test]
fn what_is_beyond_those_that_may_wait_is_kept() -> Result<(), Failure> {
    play(async |scene| {
        let mut carol = scene.joined_by("carol").await?;
        scene.alice.acknowledges = false;
        let places = limits::UNACKNOWLEDGED_MAX + WAITING_MAX;
        let Scene {
            stage, alice, maxb, ..
        } = &mut *scene;
        for number in 1..=places {
            // Answered when it is on its way, and not when it is taken.
            let message = Message {
                ack: Some("SingleHop"),
                ..Message::text(&format!("maxb {number}"))
            };
            expect(200, &maxb.ask(&maxb.notify(alice.me(), &message)).await?)?;
        }
        for number in 1..=BEYOND {
            let text = format!("carol {number}");
            let receipt = carol.send(alice.me(), &text.replace(' ', "-"), &text).await?;
            ensure!(receipt == Receipt::Stored, "{receipt:?} to {text}");
        }
        // What she was handed, and no more.
        alice.ping().await?;
        for number in 1..=limits::UNACKNOWLEDGED_MAX {
            alice.hears(maxb.me(), &format!("maxb {number}")).await?;
        }
        alice.heard_nothing_else()?;

        // The connection is lost, and with it all that she had of them.
        alice.lose();
        alice.acknowledges = true;
        alice.resume(stage, "r-2").await?;
        let (mut of_maxb, mut of_carol) = (Vec::new(), Vec::new());
        for _ in 0..places + BEYOND {
            let received = alice.message().await?;
            if received.from == maxb.me().address() {
                of_maxb.push(received.text);
            } else {
                of_carol.push(received.text);
            }
        }
        let all = |who: &str, count| -> Vec<String> {
            (1..=count).map(|number| format!("{who} {number}")).collect()
        };
        ensure!(of_maxb == all("maxb", places), "{of_maxb:?}");
        ensure!(of_carol == all("carol", BEYOND), "{of_carol:?}");
        scene.reaches_alice("that is all").await?;
        scene.alice.ping().await?;
        scene.alice.heard_nothing_else()
    })
}
