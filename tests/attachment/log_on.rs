//! Who a client is.

use crate::scene::person;
use anyhow::ensure;
use attachment::scram::{Conversation, ServerFirst};
use attachment::{CloseCode, Proof, ServerFrame, Why};
use tests::accounts::PASSWORD;
use tests::attached::{Came, Socket};
use tests::{Attached, Failure, Plan, Stage};

async fn stage() -> anyhow::Result<(Stage, rvp::Principal)> {
    let mut stage = Stage::start(Plan::with_homes(2).with_routers(2)).await?;
    let alice = person(&mut stage, "alice", "home-1").await?;
    Ok((stage, alice))
}

#[test]
fn a_wrong_password_is_refused_and_the_connection_closed() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let (stage, alice) = stage().await?;
        let mut socket = Socket::open(stage.door("r-1")?).await?;
        let error = socket.with_password(&alice.address(), "wrong").await.map(drop);
        let error = error.expect_err("a wrong password").to_string();
        ensure!(error.contains("WrongCredentials"), "{error}");
        socket.ends(CloseCode::WrongCredentials).await?;
        // The name alone is enough where there is one domain, in any letter case.
        let mut socket = Socket::open(stage.door("r-1")?).await?;
        let welcome = socket
            .with_password(&alice.name().to_uppercase(), PASSWORD)
            .await?;
        ensure!(welcome.address == alice.address(), "{welcome:?}");
        stage.close().await
    })
}

#[test]
fn a_name_that_nobody_has_is_challenged_like_any_other() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let (stage, alice) = stage().await?;
        let mut salts = Vec::new();
        for (name, router) in [
            ("nobody@im.example.com", "r-1"),
            ("nobody@im.example.com", "r-2"),
            ("somebody@im.example.com", "r-1"),
            ("nobody@example.org", "r-1"),
            ("not a name", "r-1"),
            (alice.address().as_str(), "r-1"),
        ] {
            let mut socket = Socket::open(stage.door(router)?).await?;
            let conversation = Conversation::new(name, PASSWORD, "nonce");
            let first = Proof::ScramFirst(conversation.first());
            let frame = attachment::ClientFrame::Authenticate {
                request: 1,
                proof: first,
            };
            socket.say(&frame.write()).await?;
            let came = socket.hear().await?;
            let Came::Frame(ServerFrame::Challenge { scram, .. }) = came else {
                anyhow::bail!("{name}: {came:?}");
            };
            let first = ServerFirst::parse(&scram).expect("a challenge");
            ensure!(
                first.iterations == 4096 && first.salt.len() == 16,
                "{name}: {scram}"
            );
            salts.push(first.salt);
            if name != alice.address() {
                let (last, _) = conversation.answer(&scram)?;
                let proof = Proof::ScramFinal(last);
                socket
                    .say(&attachment::ClientFrame::Authenticate { request: 2, proof }.write())
                    .await?;
                let came = socket.hear().await?;
                let refused = matches!(
                    came,
                    Came::Frame(ServerFrame::Refused {
                        why: Why::WrongCredentials,
                        ..
                    })
                );
                ensure!(refused, "{name}: {came:?}");
            }
        }
        ensure!(salts[0] == salts[1], "it stays the same, at each router");
        ensure!(salts[0] != salts[2], "and is another one for each name");
        stage.close().await
    })
}

#[test]
fn a_token_stands_for_the_password_until_that_is_changed() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let (mut stage, alice) = stage().await?;
        let client = Attached::log_on(&stage, &alice, "r-1").await?;
        let token = client.token.clone();
        client.log_off().await?;
        let mut socket = Socket::open(stage.door("r-2")?).await?;
        let welcome = socket.with(Proof::Token(token.clone())).await?;
        ensure!(
            welcome.address == alice.address() && !welcome.resumed,
            "{welcome:?}"
        );
        ensure!(welcome.scram.is_none(), "{welcome:?}");

        for bad in [
            String::from("h1.x.y"),
            token.replace('h', "i"),
            format!("{token}x"),
        ] {
            let mut socket = Socket::open(stage.door("r-1")?).await?;
            ensure!(socket.with(Proof::Token(bad)).await.is_err(), "a bad token");
            socket.ends(CloseCode::WrongCredentials).await?;
        }
        stage.accounts().set_password(&alice, "another one").await?;
        tests::wait::until("the new password to count", async || {
            let mut socket = Socket::open(stage.door("r-1")?).await?;
            Ok(socket.with_password(&alice.address(), "another one").await.ok())
        })
        .await?;
        let mut socket = Socket::open(stage.door("r-1")?).await?;
        ensure!(
            socket.with(Proof::Token(token)).await.is_err(),
            "a token of the former password"
        );
        socket.ends(CloseCode::WrongCredentials).await?;
        stage.close().await
    })
}

#[test]
fn who_is_disabled_is_put_out_and_not_let_in() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let (mut stage, alice) = stage().await?;
        let mut client = Attached::log_on(&stage, &alice, "r-1").await?;
        stage.accounts().set_disabled(&alice, true).await?;
        client.socket()?.ends(CloseCode::SessionOver).await?;
        let mut socket = Socket::open(stage.door("r-1")?).await?;
        ensure!(
            socket.with(Proof::Token(client.token.clone())).await.is_err(),
            "a token"
        );
        let mut socket = Socket::open(stage.door("r-1")?).await?;
        ensure!(
            socket.with_password(&alice.address(), PASSWORD).await.is_err(),
            "the password"
        );
        stage.close().await
    })
}

#[test]
fn a_page_of_somebody_else_is_not_let_in() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let (stage, _) = stage().await?;
        let door = stage.door("r-1")?;
        Socket::open_from(door, Some(&format!("http://{door}"))).await?;
        let refused = Socket::open_from(door, Some("https://evil.example.org")).await;
        let error = refused
            .err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default();
        ensure!(error.contains("403"), "{error}");
        stage.close().await
    })
}
