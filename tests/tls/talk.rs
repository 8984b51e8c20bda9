//! RVP and attachments over TLS.

use crate::authority::Authority;
use crate::carrier::Carrier;
use anyhow::{bail, ensure};
use attachment::{ClientFrame, ServerFrame, State};
use tests::accounts::PASSWORD;
use tests::attached::{Came, Socket};
use tests::client::{Message, NamedView, SetState};
use tests::{Client, Failure, Proof, Style};

/// Everybody's client works as it does without: RVP with both proofs, and a WebSocket.
#[test]
fn people_talk_over_tls() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let authority = Authority::new()?;
        let mut stage = authority.stage().await?;
        let door = stage.door("r-1")?;
        let carrier = Carrier::to(door, &authority).await?;
        let alice = stage.principal("alice", Some("home-1"))?;
        let maxb = stage.principal("maxb", Some("home-2"))?;
        for person in [&alice, &maxb] {
            stage.add_person(person, person.name()).await?;
        }

        let mut socket = Socket::open(carrier.address).await?;
        let welcome = socket.with_password(&alice.address(), PASSWORD).await?;
        ensure!(welcome.address == alice.address(), "{welcome:?}");
        let state = ClientFrame::State {
            request: 3,
            state: State::Online,
        };
        socket.say(&state.write()).await?;
        ensure!(
            socket.hear().await? == Came::Frame(ServerFrame::Done { request: 3 }),
            "a state"
        );

        for (style, proof) in [(Style::Librvp, Proof::Digest), (Style::Librvp, Proof::Ntlm)] {
            let mut client = Client::new(&stage, &maxb, (style, proof), "r-1")?;
            client.wire.router = carrier.address;
            ensure!(client.log_on(14_400).await?.status == 200, "{proof:?}");
            let online = SetState {
                state: "online",
                lease: Some(3_600),
                view: NamedView::Usual,
            };
            ensure!(client.set_state(online).await?.status == 207, "{proof:?}");
            let ask = client.notify(&alice, &Message::text("Grüße"));
            let (answer, heard) = tokio::join!(client.ask(&ask), hear_and_acknowledge(&mut socket));
            ensure!(answer?.status == 200 && heard? == "Grüße", "{proof:?}");
        }
        drop(socket);
        stage.stop_everything().await
    })
}

async fn hear_and_acknowledge(socket: &mut Socket) -> anyhow::Result<String> {
    let Came::Frame(ServerFrame::Message(received)) = socket.hear().await? else {
        bail!("a message");
    };
    let acknowledge = ClientFrame::Acknowledge {
        sequence: received.sequence,
        left: false,
    };
    socket.say(&acknowledge.write()).await?;
    Ok(received.text)
}
