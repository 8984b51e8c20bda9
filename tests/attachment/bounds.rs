//! What one client may take up.

use crate::scene::{Scene, person};
use anyhow::{Context, ensure};
use attachment::{ClientFrame, Receipt, ServerFrame, Why, limits};
use tests::{Attached, Failure};

/// Requests beyond those that may be open are refused at once, and all others are answered.
#[test]
fn so_many_requests_may_be_open() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        let carol = person(&mut scene.stage, "carol", "home-2").await?;
        let mut carol = Attached::log_on(&scene.stage, &carol, "r-2").await?;
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
        scene.stage.close().await
    })
}

/// A message that is not acknowledged is kept, and comes again.
#[test]
fn what_is_not_acknowledged_is_kept_and_comes_again() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
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
        scene.stage.close().await
    })
}
