//! Sender and recipient are at one router: it tells the sender that the message was taken, and need not hear so from the
//! home server. Everything else is the home server's to say.

use crate::scene::{Scene, person, play, refused};
use anyhow::ensure;
use attachment::{ClientFrame, Receipt, ServerFrame, Why};
use tests::wait::TICK;
use tests::{Attached, Failure};

/// Carol and dana, at one router and with one home server.
async fn two(scene: &mut Scene) -> anyhow::Result<(Attached, Attached)> {
    let carol = scene.joined_by("carol").await?;
    let dana = scene.joined_by("dana").await?;
    Ok((carol, dana))
}

/// Dana has a message of carol's before her, when their home server is not heard any more. Returns the number of carol's
/// request, and the sequence number of what dana has.
async fn handed(scene: &Scene, (carol, dana): (&mut Attached, &mut Attached)) -> anyhow::Result<(u32, u64)> {
    dana.acknowledges = false;
    let request = carol.number();
    carol
        .say(&Attached::text(dana.me(), request, ("one", "Good morning")))
        .await?;
    let received = dana.message().await?;
    dana.acknowledges = true;
    dana.last = received.sequence;
    scene.stage.hold_back(("home-2", "r-2"), true)?;
    Ok((request, received.sequence))
}

/// Dana takes the message, and carol hears that she has.
async fn takes(
    (carol, request): (&mut Attached, u32),
    (dana, sequence): (&mut Attached, u64),
) -> anyhow::Result<()> {
    let left = false;
    dana.say(&ClientFrame::Acknowledge { sequence, left }).await?;
    let answer = carol.answer_to(request).await?;
    ensure!(receipt(&answer) == Some(&Receipt::Delivered), "{answer:?}");
    Ok(())
}

fn receipt(frame: &ServerFrame) -> Option<&Receipt> {
    let ServerFrame::Receipt { result, .. } = frame else {
        return None;
    };
    Some(result)
}

#[test]
fn a_sender_hears_from_its_router_what_its_home_server_cannot_say() -> Result<(), Failure> {
    play(async |scene| {
        let (mut carol, mut dana) = two(scene).await?;
        let (request, sequence) = handed(scene, (&mut carol, &mut dana)).await?;
        takes((&mut carol, request), (&mut dana, sequence)).await?;
        scene.stage.hold_back(("home-2", "r-2"), false)?;
        // What the home server says now is not taken for the answer to something else.
        for number in 0..20 {
            let to = dana.me().clone();
            let (id, text) = (format!("next-{number}"), format!("{number} o'clock"));
            let (answer, heard) = tokio::join!(carol.send(&to, &id, &text), dana.message());
            ensure!(answer? == Receipt::Delivered && heard?.text == text, "{text}");
        }
        carol.ping().await?;
        ensure!(
            !carol.has_heard(|frame| receipt(frame).is_some()),
            "it was told twice"
        );
        Ok(())
    })
}

#[test]
fn what_was_not_taken_is_the_home_servers_to_say() -> Result<(), Failure> {
    play(async |scene| {
        let (mut carol, mut dana) = two(scene).await?;
        let (request, sequence) = handed(scene, (&mut carol, &mut dana)).await?;
        dana.say(&ClientFrame::Acknowledge { sequence, left: true })
            .await?;
        dana.ping().await?;
        let early = tokio::time::timeout(2 * TICK, carol.answer_to(request)).await;
        ensure!(early.is_err(), "{early:?}");
        scene.stage.hold_back(("home-2", "r-2"), false)?;
        let answer = carol.answer_to(request).await?;
        let why = receipt(&answer).and_then(refused);
        ensure!(why == Some(Why::LeftConversation), "{answer:?}");
        Ok(())
    })
}

/// Somebody with clients at two routers, of which one takes the message: that is enough.
#[test]
fn one_client_of_several_is_enough() -> Result<(), Failure> {
    play(async |scene| {
        let (mut carol, mut dana) = two(scene).await?;
        let me = dana.me().clone();
        let mut other = Attached::log_on(&scene.stage, &me, "r-1").await?;
        other.acknowledges = false;
        let (request, sequence) = handed(scene, (&mut carol, &mut dana)).await?;
        other.message().await?;
        takes((&mut carol, request), (&mut dana, sequence)).await?;
        scene.stage.hold_back(("home-2", "r-2"), false)
    })
}

/// Who is at another router is answered by the home server, which hears of the outcome at once.
#[test]
fn at_two_routers_the_home_server_says_it() -> Result<(), Failure> {
    play(async |scene| {
        let carol = person(&mut scene.stage, "carol", "home-2").await?;
        let mut carol = Attached::log_on(&scene.stage, &carol, "r-1").await?;
        let mut dana = scene.joined_by("dana").await?;
        let (request, sequence) = handed(scene, (&mut carol, &mut dana)).await?;
        takes((&mut carol, request), (&mut dana, sequence)).await?;
        scene.stage.hold_back(("home-2", "r-2"), false)
    })
}
