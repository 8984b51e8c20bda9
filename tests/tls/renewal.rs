//! A certificate that is replaced while a router runs.

use crate::authority::Authority;
use crate::carrier::{Carrier, certificate, connect};
use anyhow::ensure;
use attachment::{ClientFrame, ServerFrame, State};
use tests::Failure;
use tests::accounts::PASSWORD;
use tests::attached::{Came, Socket};
use tests::wait::until;

/// What the router says of a file that it cannot use.
const BAD: &str = "the new certificate cannot be used";

async fn lives(socket: &mut Socket, request: u32) -> anyhow::Result<()> {
    let state = State::Busy;
    socket.say(&ClientFrame::State { request, state }.write()).await?;
    let came = socket.hear().await?;
    ensure!(came == Came::Frame(ServerFrame::Done { request }), "{came:?}");
    Ok(())
}

#[test]
fn who_is_connected_stays_so_when_the_certificate_is_replaced() -> Result<(), Failure> {
    tests::run(&[BAD], async |logs| {
        let authority = Authority::new()?;
        let mut stage = authority.stage().await?;
        let (door, alice) = (stage.door("r-1")?, stage.principal("alice", None)?);
        stage.add_person(&alice, "alice").await?;
        let carrier = Carrier::to(door, &authority).await?;
        let mut socket = Socket::open(carrier.address).await?;
        socket.with_password(&alice.address(), PASSWORD).await?;
        lives(&mut socket, 3).await?;

        let client = authority.client(&[])?;
        let first = certificate(&connect(&client, door).await?);
        let second = authority.issue()?;
        ensure!(first != second, "another one");
        let renewed = async || {
            let shown = certificate(&connect(&client, door).await?);
            ensure!(shown == first || shown == second, "one of the two");
            Ok((shown == second).then_some(()))
        };
        until("the new certificate", renewed).await?;
        lives(&mut socket, 4).await?;

        std::fs::write(authority.files().certificate, "nonsense")?;
        let told = || logs.complaints().iter().filter(|line| line.contains(BAD)).count();
        until("a warning", async || Ok((told() > 0).then_some(()))).await?;
        ensure!(certificate(&connect(&client, door).await?) == second, "it stays");
        lives(&mut socket, 5).await?;

        let third = authority.issue()?;
        let renewed = async || Ok((certificate(&connect(&client, door).await?) == third).then_some(()));
        until("the third certificate", renewed).await?;
        lives(&mut socket, 6).await?;
        ensure!(told() == 1, "told once");
        drop(socket);
        stage.stop_everything().await
    })
}
