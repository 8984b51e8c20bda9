//! `homeport chat --plain` as scripts run it, against a router that says what the test wants.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "chat/router.rs"]
mod router;
#[path = "chat/script.rs"]
mod script;
#[path = "chat/tls.rs"]
mod tls;

use attachment::{
    ClientFrame, CloseCode, Contact, ContactsChange, Presence, Proof, Receipt, ServerFrame, State, Why,
};
use router::{PASSWORD, Router};
use script::Script;
use std::path::Path;
use tempfile::TempDir;
use tls::Tls;

const ALICE: &str = "alice@im.example.com";

/// A router, and a folder with a password file and one with the wrong password.
async fn stage() -> (Router, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    std::fs::write(folder.path().join("wrong"), "wrong\n").unwrap();
    (Router::start().await, folder)
}

fn start(router: &Router, folder: &TempDir, more: &[&str]) -> Script {
    let server = format!("http://{}", router.address);
    let mut arguments = vec!["--server", server.as_str(), "--password-file", "password"];
    arguments.extend(more);
    Script::start(ALICE, folder.path(), &arguments)
}

#[tokio::test]
async fn a_script_talks_and_is_told_line_by_line() {
    let (router, folder) = stage().await;
    let mut alice = start(&router, &folder, &[]);
    let mut peer = router.log_on().await;
    assert_eq!(alice.line().await, "online");
    let set = peer.do_next().await;
    assert!(
        matches!(
            set,
            ClientFrame::State {
                state: State::Online,
                ..
            }
        ),
        "{set:?}"
    );
    assert_eq!(alice.line().await, "done state online");

    alice.write(r"send Bob@im.example.com Grüße\n你好 👋🏽 \\o/").await;
    let message = peer.hear_message().await;
    assert_eq!(
        (message.to.as_str(), message.text.as_str()),
        ("bob@im.example.com", "Grüße\n你好 👋🏽 \\o/")
    );
    assert_eq!(
        alice.line().await,
        format!("sent {} bob@im.example.com", message.id)
    );
    let (request, id) = (message.request, message.id.clone());
    let result = Receipt::Stored;
    peer.say(ServerFrame::Receipt {
        request,
        id: id.clone(),
        result,
    })
    .await;
    assert_eq!(alice.line().await, format!("receipt {id} stored"));

    peer.tell(1, "m1", "two\r\nlines \u{1b}[31m\\").await;
    assert_eq!(
        alice.line().await,
        r"message bob@im.example.com two\r\nlines \u{1b}[31m\\"
    );

    alice.write("nonsense").await;
    alice.write("quit").await;
    peer.log_off().await;
    let ended = alice.wait().await;
    assert_eq!(ended.lines, ["closed 1000 logged off"]);
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    assert!(
        ended
            .errors
            .starts_with("error: there is no command \"nonsense\""),
        "{}",
        ended.errors
    );
}

#[tokio::test]
async fn a_script_asks_and_is_answered() {
    let (router, folder) = stage().await;
    let mut alice = start(&router, &folder, &[]);
    let mut peer = router.log_on().await;
    assert_eq!(alice.line().await, "online");
    peer.do_next().await;
    assert_eq!(alice.line().await, "done state online");
    alice.write("watch bob@im.example.com").await;
    let request = peer.hear().await.request().unwrap();
    let presence = Presence {
        who: "bob@im.example.com".to_owned(),
        state: Some(State::Unknown),
        display_name: None,
        email: None,
    };
    let subscription = 5;
    peer.say(ServerFrame::Watching {
        request,
        subscription,
        presence,
    })
    .await;
    assert_eq!(alice.line().await, "presence bob@im.example.com unknown");
    assert_eq!(alice.line().await, "done watch bob@im.example.com");

    alice.write("typing bob@im.example.com").await;
    assert!(matches!(peer.hear().await, ClientFrame::Typing { .. }));
    let from = "bob@im.example.com".to_owned();
    peer.say(ServerFrame::Typing {
        from,
        conversation: None,
    })
    .await;
    assert_eq!(alice.line().await, "typing bob@im.example.com");

    for command in [
        "state on-phone",
        "block bob@im.example.com",
        "unblock bob@im.example.com",
    ] {
        alice.write(command).await;
        peer.do_next().await;
        assert_eq!(alice.line().await, format!("done {command}"));
    }
    let ((), ended) = tokio::join!(peer.log_off(), alice.end());
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
}

#[tokio::test]
async fn a_list_is_a_line_each() {
    let (router, folder) = stage().await;
    let mut alice = start(&router, &folder, &[]);
    let mut peer = router.log_on().await;
    peer.do_next().await;
    assert_eq!(alice.line().await, "online");
    assert_eq!(alice.line().await, "done state online");
    alice.write("contacts").await;
    let request = peer.hear().await.request().unwrap();
    let names = [("bob@im.example.com", "Bob Baker"), ("carol@im.example.com", "")];
    for (who, name) in names {
        let contact = Contact {
            who: who.to_owned(),
            name: name.to_owned(),
            group: String::new(),
        };
        let (asked, change) = (Some(request), ContactsChange::List(vec![contact]));
        peer.say(ServerFrame::Contacts {
            request: asked,
            change,
        })
        .await;
    }
    peer.say(ServerFrame::Done { request }).await;
    assert_eq!(alice.line().await, "contact bob@im.example.com Bob Baker");
    assert_eq!(alice.line().await, "contact carol@im.example.com");
    assert_eq!(alice.line().await, "done contacts");
    let ((), ended) = tokio::join!(peer.log_off(), alice.end());
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
}

#[tokio::test]
async fn the_end_of_input_waits_for_receipts() {
    let (router, folder) = stage().await;
    let mut alice = start(&router, &folder, &["--state", "invisible"]);
    alice.write("send bob@im.example.com one").await;
    alice.write("send bob@im.example.com two").await;
    let ending = alice.end();
    let playing = async {
        let mut peer = router.log_on().await;
        let set = peer.do_next().await;
        assert!(
            matches!(
                set,
                ClientFrame::State {
                    state: State::Invisible,
                    ..
                }
            ),
            "{set:?}"
        );
        for why in [Why::NobodyThere, Why::KeptFull] {
            let message = peer.hear_message().await;
            let result = Receipt::Refused {
                why,
                retry_after: None,
            };
            let (request, id) = (message.request, message.id);
            peer.say(ServerFrame::Receipt { request, id, result }).await;
        }
        peer.log_off().await;
    };
    let (ended, ()) = tokio::join!(ending, playing);
    let endings: Vec<_> = ended
        .lines
        .iter()
        .filter(|line| line.starts_with("receipt"))
        .collect();
    assert!(
        endings[0].ends_with(" refused nobody-there"),
        "{:#?}",
        ended.lines
    );
    assert!(endings[1].ends_with(" refused kept-full"), "{:#?}", ended.lines);
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
}

#[tokio::test]
async fn a_lost_connection_is_resumed_and_nothing_is_doubled_or_lost() {
    let (router, folder) = stage().await;
    let mut alice = start(&router, &folder, &[]);
    let mut peer = router.log_on().await;
    peer.do_next().await;
    peer.tell(1, "m1", "once").await;
    alice.write("send bob@im.example.com mine").await;
    let sent = peer.hear_message().await;
    drop(peer);

    let mut peer = router.accept().await;
    let Proof::Resume { token, session, last } = &peer.proof else {
        panic!("{:?}", peer.proof);
    };
    assert_eq!(
        (token.as_str(), session.as_str(), *last),
        ("token of session-1", "session-1", 1)
    );
    peer.welcome("session-1", true, None).await;
    let again = peer.hear_message().await;
    assert_eq!((&again.id, &again.text), (&sent.id, &sent.text));
    let (request, id) = (again.request, again.id);
    let result = Receipt::Delivered;
    peer.say(ServerFrame::Receipt { request, id, result }).await;
    peer.tell(2, "m1", "once").await;
    peer.tell(3, "m2", "twice").await;
    peer.close(CloseCode::Resumed).await;

    let ended = alice.wait().await;
    let words = |line: &String| line.split(' ').next().unwrap().to_owned();
    let said: Vec<_> = ended.lines.iter().map(words).collect();
    assert_eq!(
        said,
        [
            "online", "done", "message", "sent", "lost", "online", "receipt", "message", "closed"
        ],
        "{:#?}",
        ended.lines
    );
    assert_eq!(
        ended.lines.last().unwrap(),
        "closed 4007 the session goes on at another connection"
    );
    assert_eq!(ended.code, Some(1));
}

#[tokio::test]
async fn a_log_on_that_fails_says_why() {
    let (router, folder) = stage().await;
    let server = format!("ws://{}", router.address);
    let arguments = ["--server", server.as_str(), "--password-file", "wrong"];
    let alice = Script::start(ALICE, folder.path(), &arguments);
    let mut peer = router.accept().await;
    assert_eq!(peer.scram(PASSWORD).await, None, "the password is wrong");
    peer.refuse(Why::WrongCredentials, CloseCode::WrongCredentials)
        .await;
    let ended = alice.wait().await;
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.lines, ["closed 4004 the name or the password is wrong"]);
    assert!(
        ended.errors.contains("the name or the password is wrong"),
        "{}",
        ended.errors
    );

    // A server that knows another password is not the one.
    let alice = start(&router, &folder, &[]);
    let mut peer = router.accept().await;
    let _ = peer.scram("another").await;
    peer.welcome(
        "s",
        false,
        Some("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
    )
    .await;
    let ended = alice.wait().await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.errors.contains("could not show that it knows the account"),
        "{}",
        ended.errors
    );

    let nobody = Router::start().await.address;
    let server = format!("ws://{nobody}");
    let arguments = ["--server", server.as_str(), "--password-file", "password"];
    let ended = Script::start(ALICE, folder.path(), &arguments).wait().await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.errors.contains("cannot connect"), "{}", ended.errors);
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_when_it_is_named() {
    let (router, folder) = stage().await;
    let tls = Tls::start(&folder.path().join("ca.pem")).await;
    let server = format!("https://localhost:{}", tls.port);
    let arguments = [
        "--server",
        server.as_str(),
        "--password-file",
        "password",
        "--ca",
        "ca.pem",
    ];
    let alice = Script::start(ALICE, folder.path(), &arguments);
    let playing = async {
        let mut peer = router.log_on().await;
        peer.do_next().await;
        peer.log_off().await;
    };
    let (carried, (), ended) = tokio::join!(tls.carry(router.address), playing, alice.end());
    carried.unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.errors);

    let alice = Script::start(ALICE, folder.path(), &arguments[..4]);
    let (carried, ended) = tokio::join!(tls.carry(router.address), alice.end());
    assert!(carried.is_err(), "the client does not go on");
    assert_eq!(ended.code, Some(1));
    assert!(ended.errors.contains("certificate"), "{}", ended.errors);
}

/// The bot that the page shows, as it stands there.
#[tokio::test]
async fn the_bot_of_the_page_answers() {
    let (router, folder) = stage().await;
    let page = include_str!("../../docs/chat.md");
    let bot = page.split("### A bot").nth(1).unwrap();
    let bot: String = bot
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .flat_map(|line| [line, "\n"])
        .collect();
    let file = folder.path().join("bot");
    std::fs::write(&file, bot).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_homeport")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut bot = tokio::process::Command::new("bash")
        .arg(&file)
        .args([ALICE, "--server", &format!("ws://{}", router.address)])
        .args(["--password-file", "password"])
        .current_dir(folder.path())
        .env("PATH", path)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut peer = router.log_on().await;
    peer.do_next().await;
    peer.tell(1, "m1", "Grüße\n\\ two").await;
    let answer = peer.hear_message().await;
    assert_eq!(
        (answer.to.as_str(), answer.text.as_str()),
        ("bob@im.example.com", "You said: Grüße\n\\ two")
    );
    peer.close(CloseCode::Resumed).await;
    // The script ends when its client does.
    bot.wait().await.unwrap();
}

#[tokio::test]
async fn events_are_lines_of_json_if_asked() {
    let (router, folder) = stage().await;
    let mut alice = start(&router, &folder, &["--json"]);
    let mut peer = router.log_on().await;
    let online: serde_json::Value = serde_json::from_str(&alice.line().await).unwrap();
    assert_eq!(
        online,
        serde_json::json!({"event": "online", "address": ALICE, "resumed": false})
    );
    peer.do_next().await;
    peer.tell(1, "m1", "a\nb").await;
    alice.line().await;
    let message: serde_json::Value = serde_json::from_str(&alice.line().await).unwrap();
    assert_eq!(message["text"], "a\nb");
    assert_eq!(message["id"], "m1");
    let ((), ended) = tokio::join!(peer.log_off(), alice.end());
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
}

#[tokio::test]
async fn mistakes_on_the_command_line_say_what_to_do() {
    let (_router, folder) = stage().await;
    let run = |arguments: &'static [&'static str]| Script::start(ALICE, folder.path(), arguments).wait();
    for (arguments, code, said) in [
        (&["--server", "im.example.com"][..], 2, "https://im.example.com"),
        (&["--state", "asleep"], 2, "invisible"),
        (&["--server", "ws://127.0.0.1:9"], 2, "--password-file"),
        (&[], 1, "homeport up"),
        (
            &["--server", "ws://127.0.0.1:9", "--password-file", "none"],
            1,
            "none",
        ),
        (
            &[
                "--server",
                "wss://127.0.0.1:9",
                "--ca",
                "none",
                "--password-file",
                "none",
            ],
            1,
            "--ca",
        ),
    ] {
        let ended = run(arguments).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.errors);
        assert!(ended.errors.contains(said), "{arguments:?}: {}", ended.errors);
        assert_eq!(ended.lines, [""; 0]);
    }
}

#[tokio::test]
async fn what_others_can_read_is_warned_of() {
    let (router, folder) = stage().await;
    let warned = |server: String| {
        let arguments = ["--server", server.as_str(), "--password-file", "password"];
        let alice = Script::start(ALICE, folder.path(), &arguments).end();
        async move { alice.await.errors.contains("not encrypted") }
    };
    let play = async || {
        let mut peer = router.log_on().await;
        peer.do_next().await;
        peer.log_off().await;
    };
    // Not this machine's own address, as far as anybody can tell.
    let server = format!("ws://0.0.0.0:{}", router.address.port());
    assert!(tokio::join!(warned(server), play()).0);
    let server = format!("ws://{}", router.address);
    assert!(!tokio::join!(warned(server), play()).0);
}
