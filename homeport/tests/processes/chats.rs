//! Clients that hold a connection open, when the router at its other end dies.

use super::run::{Run, folder};
use super::script::Script;
use serde_json::Value;

async fn event(script: &mut Script) -> Value {
    serde_json::from_str(&script.line().await).expect("each line is JSON")
}

#[tokio::test]
async fn a_chat_goes_on_at_another_router_and_nobody_sees_it_go() {
    let data = folder();
    let mut run = Run::start(data.path(), &["enterprise", "--processes", "--json", "--demo"]);
    let (processes, _) = run.ready().await;
    let place = data.path().to_str().expect("the folder's name is text");
    let log_on = |name: &str| {
        let address = format!("{name}@127.0.0.1");
        Script::start(&address, data.path(), &["--data", place, "--json"])
    };
    let mut alice = log_on("alice");
    assert_eq!(event(&mut alice).await["event"], "online");
    assert_eq!(event(&mut alice).await["command"], "state online");
    let mut bob = log_on("bob");
    assert_eq!(event(&mut bob).await["event"], "online");
    assert_eq!(event(&mut bob).await["command"], "state online");
    bob.write("watch alice@127.0.0.1").await;
    assert_eq!(event(&mut bob).await["state"], "online");
    assert_eq!(event(&mut bob).await["event"], "done");

    // Both are at the first router, as the first is tried first.
    processes["router-1"].kill();
    for script in [&mut alice, &mut bob] {
        assert_eq!(event(script).await["event"], "lost");
        let mut next = event(script).await;
        while next["event"] == "lost" {
            next = event(script).await;
        }
        assert_eq!(
            (&next["event"], &next["resumed"]),
            (&"online".into(), &true.into())
        );
    }
    alice.write("send bob@127.0.0.1 still there?").await;
    assert_eq!(event(&mut alice).await["event"], "sent");
    assert_eq!(event(&mut alice).await["result"], "delivered");
    // What bob is told in between: only what is so.
    let mut said = event(&mut bob).await;
    while said["event"] == "presence" {
        assert_ne!(said["state"], "offline");
        said = event(&mut bob).await;
    }
    assert_eq!(said["text"], "still there?");
    for script in [alice, bob] {
        let ended = script.end().await;
        assert_eq!(ended.code, Some(0), "{:#?} {}", ended.lines, ended.errors);
    }
    let (status, said) = run.end("TERM").await;
    assert!(status.success(), "{status}: {said:#?}");
}
