//! Messages, presence and rights, between the two kinds of client.

use crate::scene::{Scene, expect, person, play, refused, set, text_heard};
use anyhow::ensure;
use attachment::{ClientFrame, CloseCode, Format, Kind, Receipt, ServerFrame, State, Why};
use rvp::PresenceState;
use rvp::notification::MessageKind;
use tests::client::{Message, SESSION};
use tests::documents::Entity;
use tests::{Attached, Failure};

/// Umlauts, Chinese, a family of one emoji, right-to-left, what XML and CDATA must escape, and line ends.
const TEXTS: [&str; 5] = [
    "Grüße an Käthe: naïve façade?",
    "你好，今天下午四点喝茶吗？",
    "👩‍👩‍👧‍👦 🇩🇪 ☕️",
    "שלום <b>&amp;</b> 'q' \"q\"",
    "one\r\ntwo\nthree\ttab",
];

#[test]
fn texts_pass_both_ways_as_they_are() -> Result<(), Failure> {
    play(async |scene| {
        let (alice, maxb) = (scene.alice.me().clone(), scene.maxb.me().clone());
        for (number, text) in TEXTS.into_iter().enumerate() {
            let received = scene.reaches_alice(text).await?;
            ensure!(received.conversation.as_deref() == Some(SESSION), "{received:?}");
            let receipt = scene.alice.send(&maxb, &format!("id-{number}"), text).await?;
            ensure!(receipt == Receipt::Delivered, "{receipt:?}");
            let (_, mime) = text_heard(&scene.maxb).await?;
            ensure!(mime.text == text, "{:?} instead of {text:?}", mime.text);
        }
        let end_of_cdata = "a ]]> b";
        scene.alice.send(&maxb, "cdata", end_of_cdata).await?;
        let (_, mime) = text_heard(&scene.maxb).await?;
        ensure!(mime.text == end_of_cdata, "{mime:?}");
        // To somebody who holds a connection open as well.
        let mut carol = scene.joined_by("carol").await?;
        for (number, text) in TEXTS.into_iter().enumerate() {
            let to = carol.me().clone();
            let id = format!("carol-{number}");
            let sending = scene.alice.send(&to, &id, text);
            let (receipt, heard) = tokio::join!(sending, carol.hears(&alice, text));
            heard?;
            ensure!(receipt? == Receipt::Delivered, "{text}");
        }
        Ok(())
    })
}

#[test]
fn looks_and_conversations_pass_as_they_are() -> Result<(), Failure> {
    play(async |scene| {
        let maxb = scene.maxb.me().clone();
        let looks = Format {
            font: Some("Comic Sans MS".into()),
            bold: true,
            color: Some("#0000ff".into()),
            ..Format::default()
        };
        let frame = Attached::text(&maxb, scene.alice.number(), ("looks", "hi"));
        let ClientFrame::Message(mut message) = frame else {
            anyhow::bail!("{frame:?}");
        };
        message.format = Some(looks);
        message.conversation = Some("{11111111-2222-3333-4444-555555555555}".into());
        message.participants = vec!["dana@im.example.com".into()];
        let request = message.request;
        scene.alice.say(&ClientFrame::Message(message)).await?;
        scene.alice.answer_to(request).await?;
        let (heard, mime) = text_heard(&scene.maxb).await?;
        ensure!(
            mime.format.as_deref() == Some("FN=Comic%20Sans%20MS; EF=B; CO=ff0000; CS=0; PF=22"),
            "{mime:?}"
        );
        ensure!(
            mime.session_id == "{11111111-2222-3333-4444-555555555555}",
            "{mime:?}"
        );
        let document = String::from_utf8_lossy(&heard.document).into_owned();
        for who in ["maxb", "dana", "alice"] {
            ensure!(
                document.contains(&format!("aliases/{who}")),
                "{who} is not in {document}"
            );
        }
        Ok(())
    })
}

#[test]
fn that_somebody_types_or_joins_passes_both_ways() -> Result<(), Failure> {
    play(async |scene| {
        let (alice, maxb) = (scene.alice.me().clone(), scene.maxb.me().clone());
        let typing = ClientFrame::Typing {
            to: maxb.address(),
            conversation: None,
        };
        scene.alice.say(&typing).await?;
        let (_, mime) = text_heard(&scene.maxb).await?;
        ensure!(mime.kind == MessageKind::Typing, "{mime:?}");
        ensure!(mime.typing_user == Some(alice.address()), "{mime:?}");

        let entity = |kind, typing: Option<String>| {
            Message::of(Entity {
                kind,
                typing,
                session: SESSION.into(),
                text: String::new(),
            })
        };
        let types = entity(Entity::CONTROL, Some(maxb.address()));
        expect(200, &scene.maxb.ask(&scene.maxb.notify(&alice, &types)).await?)?;
        let from = maxb.address();
        let is_typing =
            |frame: &ServerFrame| matches!(frame, ServerFrame::Typing { from: who, .. } if *who == from);
        scene.alice.next("typing", is_typing).await?;
        let joins = entity(Entity::CONTROL, None);
        let joins = scene.maxb.notify(&alice, &joins);
        let (answer, received) = tokio::join!(scene.maxb.ask(&joins), scene.alice.message());
        expect(200, &answer?)?;
        ensure!(received?.kind == Kind::Join, "a join");
        Ok(())
    })
}

#[test]
fn an_invitation_to_what_it_cannot_do_is_refused() -> Result<(), Failure> {
    play(async |scene| {
        let invitation = Message::of(Entity {
            kind: Entity::INVITE,
            typing: None,
            session: SESSION.into(),
            text: "Application-Name: File Transfer\r\nInvitation-Command: INVITE\r\n".into(),
        });
        let ask = scene.maxb.notify(scene.alice.me(), &invitation);
        expect(412, &scene.maxb.ask(&ask).await?)?;
        scene.alice.ping().await?;
        scene.alice.heard_nothing_else()?;
        Ok(())
    })
}

#[test]
fn presence_passes_both_ways_and_who_is_invisible_is_offline() -> Result<(), Failure> {
    play(async |scene| {
        let maxb = scene.maxb.me().clone();
        for state in [
            State::Busy,
            State::OnPhone,
            State::AtLunch,
            State::BackSoon,
            State::Away,
            State::Idle,
        ] {
            scene.alice.set(state).await?;
            let told = PresenceState::from_name(state.name()).unwrap_or(PresenceState::Offline);
            scene.maxb_sees(told).await?;
            set(&mut scene.maxb, state.name()).await?;
            scene.alice.sees(&maxb, state).await?;
        }
        scene.alice.set(State::Invisible).await?;
        scene.maxb_sees(PresenceState::Offline).await?;
        // Messages still come.
        scene.reaches_alice("I know you are there").await?;
        scene.alice.set(State::Online).await?;
        scene.maxb_sees(PresenceState::Online).await?;
        let who = maxb.address();
        let unwatches = |request| ClientFrame::Unwatch { request, who };
        scene.alice.does(unwatches).await?;
        set(&mut scene.maxb, "busy").await?;
        scene.alice.ping().await?;
        scene.alice.heard_nothing_else()?;
        scene
            .alice
            .does(|request| ClientFrame::LogOff { request })
            .await?;
        scene.maxb_sees(PresenceState::Offline).await?;
        scene.alice.socket()?.ends(CloseCode::LoggedOff).await
    })
}

#[test]
fn who_is_blocked_sees_somebody_who_is_offline() -> Result<(), Failure> {
    play(async |scene| {
        let (alice, maxb) = (scene.alice.me().clone(), scene.maxb.me().address());
        let asks_watchers = |request| ClientFrame::Watchers { request };
        let (request, listed) = (scene.alice.number(), maxb.clone());
        scene.alice.say(&asks_watchers(request)).await?;
        let lists = |frame: &ServerFrame| matches!(frame, ServerFrame::Watchers { who, .. } if *who == [listed.clone()]);
        scene.alice.next("watchers", lists).await?;
        scene.alice.answer_to(request).await?;

        let who = maxb.clone();
        let blocks = |request| ClientFrame::Block { request, who };
        scene.alice.does(blocks).await?;
        scene.maxb_sees(PresenceState::Offline).await?;
        ensure!(
            scene.maxb_writes("hello?").await? == 412,
            "as if she were offline"
        );
        let request = scene.alice.number();
        scene.alice.say(&ClientFrame::Blocked { request }).await?;
        let lists =
            |frame: &ServerFrame| matches!(frame, ServerFrame::Blocked { who, .. } if *who == [maxb.clone()]);
        scene.alice.next("who is blocked", lists).await?;
        scene.alice.answer_to(request).await?;
        let state = scene.maxb.watch(&alice, 14_400).await?.state()?;
        ensure!(state == PresenceState::Offline, "{state:?}");

        let unblocks = |request| ClientFrame::Unblock { request, who: maxb };
        scene.alice.does(unblocks).await?;
        scene.maxb_sees(PresenceState::Online).await?;
        scene.reaches_alice("there you are").await?;
        Ok(())
    })
}

#[test]
fn messages_wait_for_who_is_not_there_and_ids_are_taken_once() -> Result<(), Failure> {
    play(async |scene| {
        let bob = person(&mut scene.stage, "bob", "home-2").await?;
        let Scene { stage, alice, .. } = scene;
        for (id, text) in [("1", "first"), ("2", "second"), ("1", "first"), ("3", "third")] {
            let receipt = alice.send(&bob, id, text).await?;
            ensure!(receipt == Receipt::Stored, "{receipt:?}");
        }
        let mut bob = Attached::log_on(stage, &bob, "r-2").await?;
        for text in ["first", "second", "third"] {
            bob.hears(alice.me(), text).await?;
        }
        let to = bob.me().clone();
        let (receipt, heard) = tokio::join!(alice.send(&to, "4", "fourth"), bob.message());
        // Behind the third, if that is not known to have been taken yet.
        let arrived = [Receipt::Delivered, Receipt::Stored];
        ensure!(arrived.contains(&receipt?) && heard?.id == "4", "the fourth");
        ensure!(
            arrived.contains(&alice.send(&to, "4", "fourth").await?),
            "it is known"
        );
        bob.ping().await?;
        bob.heard_nothing_else()
    })
}

#[test]
fn a_message_that_nobody_takes_is_refused_with_the_reason() -> Result<(), Failure> {
    play(async |scene| {
        let mut bob = scene.joined_by("bob").await?;
        let (alice, to) = (&mut scene.alice, bob.me().clone());
        // Who left a conversation says so.
        bob.acknowledges = false;
        let request = alice.number();
        alice
            .say(&Attached::text(&to, request, ("5", "still there?")))
            .await?;
        let sequence = bob.message().await?.sequence;
        bob.say(&ClientFrame::Acknowledge { sequence, left: true })
            .await?;
        let ServerFrame::Receipt { result, .. } = alice.answer_to(request).await? else {
            anyhow::bail!("no receipt");
        };
        ensure!(refused(&result) == Some(Why::LeftConversation), "{result:?}");
        let nobody = rvp::Principal::new(&alice.me().domain(), "nobody")?;
        let stranger = rvp::Principal::from_address("dana@example.org")?;
        for (id, who) in [("6", nobody), ("7", stranger)] {
            let receipt = alice.send(&who, id, "anybody?").await?;
            ensure!(refused(&receipt) == Some(Why::NobodyThere), "{receipt:?}");
        }
        Ok(())
    })
}
