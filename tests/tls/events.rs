//! An event stream and what is posted to it, on one HTTP/2 connection, as a browser does it.

use crate::authority::Authority;
use crate::carrier::connect;
use anyhow::{Context, ensure};
use attachment::scram::Conversation;
use attachment::{ClientFrame, EVENTS_PATH, FRAMES_PATH, Proof, ServerFrame};
use bytes::Bytes;
use daemon::{Group, OnError, Tasks};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;
use tests::Failure;
use tests::accounts::PASSWORD;
use tests::wait::within;

#[derive(Clone)]
struct Spawn(Group);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Spawn {
    fn execute(&self, task: F) {
        self.0.spawn(async move {
            task.await;
            Ok(())
        });
    }
}

struct Page {
    send: http2::SendRequest<Full<Bytes>>,
    /// What came of the stream and was not used yet.
    came: String,
}

impl Page {
    async fn ask(&mut self, method: Method, path: &str, body: String) -> anyhow::Result<Response<Incoming>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://im.example.com{path}"))
            // Only pages of the same host may, which HTTP/2 names otherwise than HTTP/1.1.
            .header("origin", "https://im.example.com")
            // What RVP wants, and who asks for a stream does not look at.
            .header("depth", "0")
            .body(Full::from(body))?;
        Ok(within("an answer", self.send.send_request(request)).await??)
    }

    async fn hear(&mut self, events: &mut Response<Incoming>) -> anyhow::Result<ServerFrame> {
        loop {
            if let Some((event, rest)) = self.came.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.came = rest;
                if let Some(frame) = event.strip_prefix("data: ") {
                    return Ok(ServerFrame::read(frame.trim())?);
                }
                continue;
            }
            let frame = within("an event", events.frame()).await?.context("the end")??;
            let octets = frame.into_data().ok().context("octets")?;
            self.came.push_str(std::str::from_utf8(&octets)?);
        }
    }

    async fn post(&mut self, stream: &str, request: u32, proof: Proof) -> anyhow::Result<()> {
        let frame = ClientFrame::Authenticate { request, proof }.write();
        let path = format!("{FRAMES_PATH}?stream={stream}");
        let answer = self.ask(Method::POST, &path, frame).await?;
        ensure!(answer.status() == 202, "{}", answer.status());
        Ok(())
    }
}

#[test]
fn a_page_logs_on_over_http_2() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let authority = Authority::new()?;
        let mut stage = authority.stage().await?;
        let alice = stage.principal("alice", None)?;
        stage.add_person(&alice, "alice").await?;
        let connection = connect(&authority.client(&["h2", "http/1.1"])?, stage.door("r-1")?).await?;
        ensure!(
            connection.get_ref().1.alpn_protocol() == Some(b"h2"),
            "not negotiated"
        );
        let tasks = Tasks::new();
        let spawn = Spawn(tasks.group("stream", OnError::Log));
        let (send, connection) = http2::handshake(spawn, TokioIo::new(connection)).await?;
        tasks.spawn("connection", OnError::Log, async move {
            // How it ends is seen in what was asked on it.
            let _ = connection.await;
            Ok(())
        });
        let mut page = Page {
            send,
            came: String::new(),
        };

        let mut events = page.ask(Method::GET, EVENTS_PATH, String::new()).await?;
        ensure!(events.status() == 200, "{}", events.status());
        let ServerFrame::Stream { stream } = page.hear(&mut events).await? else {
            anyhow::bail!("a stream begins with its name");
        };
        let conversation = Conversation::new(&alice.address(), PASSWORD, "nonce-of-a-test");
        page.post(&stream, 1, Proof::ScramFirst(conversation.first()))
            .await?;
        let ServerFrame::Challenge { scram, .. } = page.hear(&mut events).await? else {
            anyhow::bail!("a challenge");
        };
        let (last, unproved) = conversation.answer(&scram)?;
        page.post(&stream, 2, Proof::ScramFinal(last)).await?;
        let ServerFrame::Welcome(welcome) = page.hear(&mut events).await? else {
            anyhow::bail!("a welcome");
        };
        unproved.verify(welcome.scram.as_deref().unwrap_or_default())?;

        // RVP's own methods too: who does not say who they are is asked.
        let path = format!("/instmsg/aliases/{}", alice.name());
        let asked = page.ask("PROPFIND".parse()?, &path, String::new()).await?;
        ensure!(asked.status() == 401, "{}", asked.status());
        drop((events, page));
        tasks.abort();
        stage.stop_everything().await
    })
}
