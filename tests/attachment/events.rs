//! The same frames where a WebSocket does not get through.

use crate::scene::Scene;
use anyhow::{Context, ensure};
use attachment::scram::Conversation;
use attachment::{ClientFrame, EVENTS_PATH, FRAMES_PATH, Proof, ServerFrame, State};
use rvp::PresenceState;
use std::net::SocketAddr;
use tests::Failure;
use tests::accounts::PASSWORD;
use tests::wait::within;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

struct Events {
    router: SocketAddr,
    lines: BufReader<TcpStream>,
    stream: String,
}

impl Events {
    async fn open(router: SocketAddr) -> anyhow::Result<Self> {
        let mut connection = TcpStream::connect(router).await?;
        let request = format!("GET {EVENTS_PATH} HTTP/1.1\r\nHost: im.example.com\r\n\r\n");
        connection.write_all(request.as_bytes()).await?;
        let mut events = Self {
            router,
            lines: BufReader::new(connection),
            stream: String::new(),
        };
        let ServerFrame::Stream { stream } = events.hear().await? else {
            anyhow::bail!("a stream begins with its name");
        };
        events.stream = stream;
        Ok(events)
    }

    async fn hear(&mut self) -> anyhow::Result<ServerFrame> {
        loop {
            let mut line = String::new();
            let read = within("an event", self.lines.read_line(&mut line)).await??;
            ensure!(read > 0, "the stream has ended");
            if let Some(frame) = line.strip_prefix("data: ") {
                return Ok(ServerFrame::read(frame.trim())?);
            }
        }
    }

    async fn post(&self, stream: &str, body: &str) -> anyhow::Result<u16> {
        let mut connection = TcpStream::connect(self.router).await?;
        let length = body.len();
        let request = format!(
            "POST {FRAMES_PATH}?stream={stream} HTTP/1.1\r\nHost: im.example.com\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        connection.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        within("an answer", connection.read_to_string(&mut answer)).await??;
        Ok(answer.split(' ').nth(1).context("a status")?.parse()?)
    }

    async fn ask(&mut self, frame: &ClientFrame) -> anyhow::Result<ServerFrame> {
        let status = self.post(&self.stream, &frame.write()).await?;
        ensure!(status == 202, "{status}");
        self.hear().await
    }
}

#[test]
fn an_event_stream_carries_the_same_frames() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        let (alice, maxb) = (scene.alice.me().clone(), scene.maxb.me().clone());
        let mut events = Events::open(scene.stage.door("r-2")?).await?;
        ensure!(events.post("nobody", "{}").await? == 404, "another stream");
        let conversation = Conversation::new(&alice.address(), PASSWORD, "nonce-of-a-test");
        let authenticate = |request, proof| ClientFrame::Authenticate { request, proof };
        let first = Proof::ScramFirst(conversation.first());
        let ServerFrame::Challenge { scram, .. } = events.ask(&authenticate(1, first)).await? else {
            anyhow::bail!("a challenge");
        };
        let (last, unproved) = conversation.answer(&scram)?;
        let answer = events.ask(&authenticate(2, Proof::ScramFinal(last))).await?;
        let ServerFrame::Welcome(welcome) = answer else {
            anyhow::bail!("{answer:?}");
        };
        unproved.verify(welcome.scram.as_deref().unwrap_or_default())?;
        // The device that was touched last decides.
        scene.stage.advance(std::time::Duration::from_secs(1)).await?;
        let state = ClientFrame::State {
            request: 3,
            state: State::Busy,
        };
        ensure!(
            events.ask(&state).await? == ServerFrame::Done { request: 3 },
            "a state"
        );
        scene.maxb_sees(PresenceState::Busy).await?;

        // Both her clients get what is written to her.
        let heard = async {
            let ServerFrame::Message(received) = events.hear().await? else {
                anyhow::bail!("a message");
            };
            let acknowledge = ClientFrame::Acknowledge {
                sequence: received.sequence,
                left: false,
            };
            let status = events.post(&events.stream, &acknowledge.write()).await?;
            ensure!(status == 202 && received.from == maxb.address(), "{received:?}");
            Ok(received.text)
        };
        let (reached, heard) = tokio::join!(scene.reaches_alice("ご飯？"), heard);
        reached?;
        ensure!(heard? == "ご飯？", "the text");
        events.post(&events.stream, "nonsense").await?;
        let closed = events.hear().await?;
        ensure!(
            matches!(closed, ServerFrame::Closed { code: 4000, .. }),
            "{closed:?}"
        );
        scene.stage.close().await
    })
}
