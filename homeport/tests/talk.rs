//! `homeport chat` with a real cluster: two of them, and one with a client of RVP.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "../examples/office/client.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod client;
#[path = "../examples/office/listener.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod listener;
#[path = "chat/script.rs"]
mod script;
#[path = "../examples/office/server.rs"]
mod server;

use client::Client;
use listener::Listener;
use script::Script;
use server::Server;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

const HOMEPORT: &str = env!("CARGO_BIN_EXE_homeport");
const WAIT: Duration = Duration::from_secs(20);

/// `homeport up --demo`; killed when dropped.
struct Demo {
    child: Child,
    /// Where its router listens.
    listen: String,
}

impl Demo {
    fn start(data: &Path, listen: &str) -> Self {
        let mut child = Command::new(HOMEPORT)
            .args(["up", "--demo", "--listen", listen, "--log", "warn", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let mut lines = BufReader::new(output).lines().map(Result::unwrap);
        let ready = lines.find_map(|line| line.strip_prefix("ready http://").map(str::to_owned));
        let listen = ready.expect("it does not end before it is ready");
        Self { child, listen }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Logs a demo account on, with the password and the router that the data folder knows.
async fn log_on(name: &str, data: &Path) -> Script {
    let mut script = start(name, data);
    assert_eq!(script.line().await, "online");
    assert_eq!(script.line().await, "done state online");
    script
}

fn start(name: &str, data: &Path) -> Script {
    let folder = data.to_str().unwrap();
    Script::start(&format!("{name}@localhost"), data, &["--data", folder])
}

/// The next two lines, which may come in any order.
async fn both(script: &mut Script) -> [String; 2] {
    let mut lines = [script.line().await, script.line().await];
    lines.sort();
    lines
}

/// Sends and waits for the receipt.
async fn send(script: &mut Script, to: &str, text: &str) -> String {
    script.write(&format!("send {to} {text}")).await;
    let sent = script.line().await;
    let id = sent
        .strip_prefix("sent ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let receipt = script.line().await;
    let receipt = receipt.strip_prefix(&format!("receipt {id} "));
    receipt.expect("the receipt of this message").to_owned()
}

#[tokio::test]
async fn two_people_talk_in_every_script_and_nothing_is_lost_when_one_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _demo = Demo::start(data, "127.0.0.1:0");
    let mut alice = log_on("alice", data).await;
    let mut bob = log_on("bob", data).await;

    alice.write("watch bob@localhost").await;
    assert_eq!(alice.line().await, "presence bob@localhost online");
    assert_eq!(alice.line().await, "done watch bob@localhost");
    let text = r"Grüße, 你好 👋🏽 \\o/\nzweite Zeile";
    assert_eq!(send(&mut alice, "bob@localhost", text).await, "delivered");
    assert_eq!(bob.line().await, format!("message alice@localhost {text}"));
    bob.write("typing alice@localhost").await;
    assert_eq!(alice.line().await, "typing bob@localhost");
    assert_eq!(send(&mut bob, "alice@localhost", "ja 🎉").await, "delivered");
    assert_eq!(alice.line().await, "message bob@localhost ja 🎉");
    bob.write("state on-phone").await;
    assert_eq!(alice.line().await, "presence bob@localhost on-phone");

    assert_eq!(bob.end().await.code, Some(0));
    assert_eq!(alice.line().await, "presence bob@localhost offline");
    assert_eq!(send(&mut alice, "bob@localhost", "später").await, "stored");
    let mut bob = start("bob", data);
    assert_eq!(bob.line().await, "online");
    assert_eq!(
        both(&mut bob).await,
        ["done state online", "message alice@localhost später"]
    );
    assert_eq!(alice.line().await, "presence bob@localhost online");

    alice.write("block bob@localhost").await;
    assert_eq!(alice.line().await, "done block bob@localhost");
    assert!(
        send(&mut bob, "alice@localhost", "hello?")
            .await
            .starts_with("refused ")
    );
    let nobody = send(&mut bob, "nobody@localhost", "hello?").await;
    assert_eq!(nobody, "refused nobody-there");
    for script in [alice, bob] {
        let ended = script.end().await;
        assert_eq!(ended.code, Some(0), "{:#?} {}", ended.lines, ended.errors);
    }
}

#[tokio::test]
async fn a_cluster_that_was_killed_is_come_back_to_and_what_was_said_meanwhile_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let demo = Demo::start(data, "127.0.0.1:0");
    let mut alice = log_on("alice", data).await;
    alice.write("watch bob@localhost").await;
    assert_eq!(alice.line().await, "presence bob@localhost offline");
    assert_eq!(alice.line().await, "done watch bob@localhost");
    let listen = demo.listen.clone();
    drop(demo);
    assert!(alice.line().await.starts_with("lost "));
    alice.write("send bob@localhost meanwhile").await;

    let _demo = Demo::start(data, &listen);
    let mut bob = start("bob", data);
    assert_eq!(bob.line().await, "online");
    assert_eq!(
        both(&mut bob).await,
        ["done state online", "message alice@localhost meanwhile"]
    );
    // Nobody asked for it again: the watch is of alice's session, whatever connection it has.
    loop {
        let line = alice.line().await;
        if line == "presence bob@localhost online" {
            break;
        }
        let expected = [
            "lost ",
            "sent ",
            "online",
            "done state online",
            "receipt ",
            "presence bob",
        ];
        assert!(
            expected.iter().any(|beginning| line.starts_with(beginning)),
            "{line}"
        );
    }
    assert_eq!(alice.end().await.code, Some(0));
}

#[tokio::test]
async fn a_client_of_rvp_is_talked_with() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let people = server::make_people(data, 2).await.unwrap();
    std::fs::write(data.join("password"), format!("{}\n", server::PASSWORD)).unwrap();
    let server = Server::start(Path::new(HOMEPORT), data).await.unwrap();
    let listener = Listener::start().await.unwrap();
    let old = Client::new(server.address, listener.port).unwrap();
    old.log_on(&people[1]).await.unwrap();
    let url = format!("http://{}", server.address);
    let arguments = ["--server", url.as_str(), "--password-file", "password"];
    let mut new = Script::start(&people[0].address(), data, &arguments);
    assert_eq!(new.line().await, "online");
    assert_eq!(new.line().await, "done state online");

    let other = people[1].address();
    new.write(&format!("watch {other}")).await;
    assert_eq!(new.line().await, format!("presence {other} online"));
    new.line().await;
    old.set_busy(&people[1]).await.unwrap();
    assert_eq!(new.line().await, format!("presence {other} busy"));
    let (said, shown) = tokio::join!(old.say(&people[1], &people[0], "Grüße, 你好 🎉"), new.line());
    said.unwrap();
    assert_eq!(shown, format!("message {other} Grüße, 你好 🎉"));
    assert_eq!(send(&mut new, &other, "ebenso").await, "delivered");
    let end = Instant::now() + WAIT;
    while listener.messages() < 1 {
        assert!(Instant::now() < end, "the listener has not got it");
        tokio::task::yield_now().await;
    }
    assert_eq!(new.end().await.code, Some(0));
}
