//! `homeport up` as its users meet it: a real process, killed and started again.

#[path = "../examples/office/client.rs"]
mod client;
#[path = "../examples/office/listener.rs"]
mod listener;
#[path = "../examples/office/server.rs"]
mod server;

use client::Client;
use listener::Listener;
use rvp::Principal;
use server::Server;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const HOMEPORT: &str = env!("CARGO_BIN_EXE_homeport");

/// Runs `homeport up` with arguments that make it end by itself.
fn up(arguments: &[&str]) -> Output {
    let ended = Command::new(HOMEPORT)
        .arg("up")
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    ended.expect("the program that these tests are built with can be run")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let data = tempfile::tempdir().unwrap();
    let people = Arc::new(server::make_people(data.path(), 12).await.unwrap());
    let listener = Listener::start().await.unwrap();
    let server = Server::start(Path::new(HOMEPORT), data.path()).await.unwrap();
    let client = Arc::new(Client::new(server.address, listener.port).unwrap());
    for person in people.iter() {
        client.log_on(person).await.unwrap();
    }
    for (index, person) in people.iter().enumerate() {
        client
            .watch(person, &people[(index + 1) % people.len()])
            .await
            .unwrap();
    }
    client.block(&people[0], &people[2]).await.unwrap();

    talk_until_killed(server, &client, &people, &listener).await;

    let changes = listener.changes();
    let server = Server::start(Path::new(HOMEPORT), data.path()).await.unwrap();
    let client = Client::new(server.address, listener.port).unwrap();
    // Nobody logs on again: accounts, logins and rights are all there.
    let heard = listener.messages();
    for (index, person) in people.iter().enumerate() {
        client
            .say(person, &people[(index + 3) % people.len()], "still there?")
            .await
            .unwrap();
    }
    assert_eq!(listener.messages() - heard, people.len() as u64);
    let refused = client.say(&people[2], &people[0], "let me in").await;
    assert!(
        refused.unwrap_err().to_string().contains("412"),
        "a block outlives the process"
    );
    assert_eq!(listener.changes(), changes, "watchers see no false change");
    // Subscriptions are there: a change reaches the one who watches.
    client.set_busy(&people[4]).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), async {
        while listener.changes() == changes {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

/// Kills the server while everybody is talking: no message was acknowledged that did not arrive.
async fn talk_until_killed(
    server: Server,
    client: &Arc<Client>,
    people: &Arc<Vec<Principal>>,
    listener: &Listener,
) {
    let mut talking = JoinSet::new();
    for (index, person) in people.iter().cloned().enumerate() {
        let (client, to) = (Arc::clone(client), people[(index + 5) % people.len()].clone());
        spawn(&mut talking, async move {
            let mut said = 0;
            while client.say(&person, &to, "again").await.is_ok() {
                said += 1;
            }
            said
        });
    }
    tokio::time::timeout(Duration::from_secs(10), async {
        while listener.messages() < 100 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("a hundred messages arrive in ten seconds");
    drop(server);
    let mut said = 0;
    while let Some(count) = talking.join_next().await {
        said += count.expect("nobody panics while talking");
    }
    assert!(
        listener.messages() >= said,
        "{said} were acknowledged, {} arrived",
        listener.messages()
    );
}

#[allow(clippy::disallowed_methods, reason = "the test joins what it starts")]
fn spawn<T: Send + 'static>(set: &mut JoinSet<T>, work: impl Future<Output = T> + Send + 'static) {
    set.spawn(work);
}

#[tokio::test]
async fn a_second_server_on_one_data_folder_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let _server = Server::start(Path::new(HOMEPORT), data.path()).await.unwrap();
    let second = up(&["--listen", "127.0.0.1:0", "--data", data.path().to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second.stderr).contains("another homeport is running"),
        "{}",
        text(&second.stderr)
    );
}

#[tokio::test]
async fn a_drained_server_ends_with_success_and_has_told_what_runs_where() {
    let data = tempfile::tempdir().unwrap();
    let (status, said) = Server::run_and_interrupt(Path::new(HOMEPORT), data.path())
        .await
        .unwrap();
    assert!(status.success(), "{status}");
    for word in [
        "router-1",
        "home-1",
        "home-2",
        "alice@127.0.0.1",
        "bob@127.0.0.1",
        "carol@127.0.0.1",
    ] {
        assert!(
            said.iter().any(|line| line.contains(word)),
            "{word} is missing in {said:#?}"
        );
    }
    assert!(
        said.last().unwrap().starts_with("ready http://127.0.0.1:"),
        "{said:#?}"
    );
}

#[test]
fn mistakes_on_the_command_line_say_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let unknown = up(&["labb", "--data", folder]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("lab"), "{}", text(&unknown.stderr));

    let file = data.path().join("bad.toml");
    std::fs::write(&file, "name = \"bad\"\nsummary = \"x\"\nhome_count = 2\n").unwrap();
    let bad = up(&[file.to_str().unwrap(), "--data", folder]);
    assert_eq!(bad.status.code(), Some(1));
    let said = text(&bad.stderr);
    assert!(
        said.contains("bad.toml:3") && said.contains("home_count"),
        "{said}"
    );

    let domain = up(&["lab", "--domain", "not a domain", "--data", folder]);
    assert_eq!(domain.status.code(), Some(1));
    let usage = up(&["lab", "--listen", "nowhere"]);
    assert_eq!(usage.status.code(), Some(2));
}
