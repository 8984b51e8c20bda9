//! The screen of `homeport chat` in a real terminal, against a router that says what the test wants.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "chat/router.rs"]
#[allow(dead_code, reason = "shared with the tests of scripts")]
mod router;
#[path = "screen/tmux.rs"]
mod tmux;

use attachment::{
    ClientFrame, Contact, ContactsAction, ContactsChange, Presence, Receipt, ServerFrame, State,
};
use router::{PASSWORD, Peer, Router};
use tempfile::TempDir;
use tmux::Tmux;

const BOB: &str = "bob@im.example.com";

/// Runs the screen, and afterwards says how it ended and whether the terminal echoes again.
async fn start(before: &str) -> (TempDir, Router, Tmux) {
    let folder = tempfile::tempdir().unwrap();
    let router = Router::start().await;
    std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    let line = format!(
        "echo before; {before} {} chat alice@im.example.com --server ws://{} --password-file password; \
         echo left with $?; stty -a | tr ' ;' '\\n\\n' | grep -x -e echo -e -echo; exec cat",
        env!("CARGO_BIN_EXE_homeport"),
        router.address
    );
    let terminal = Tmux::start(folder.path(), &line);
    (folder, router, terminal)
}

/// Logs on and answers what a screen asks: the state, the contacts (bob), who is blocked, and bob's presence.
async fn log_on(router: &Router) -> Peer {
    let mut peer = router.log_on().await;
    let mut watched = false;
    let mut answered = 0;
    while !watched || answered < 3 {
        match peer.hear().await {
            ClientFrame::State { request, .. } | ClientFrame::Blocked { request } => {
                peer.say(ServerFrame::Done { request }).await;
                answered += 1;
            }
            ClientFrame::Contacts {
                request,
                action: ContactsAction::Get,
            } => {
                let bob = Contact {
                    who: BOB.to_owned(),
                    name: String::new(),
                    group: String::new(),
                };
                let (asked, change) = (Some(request), ContactsChange::List(vec![bob]));
                peer.say(ServerFrame::Contacts {
                    request: asked,
                    change,
                })
                .await;
                peer.say(ServerFrame::Done { request }).await;
                answered += 1;
            }
            ClientFrame::Watch { request, who, .. } => {
                assert_eq!(who, BOB);
                peer.say(ServerFrame::Watching {
                    request,
                    subscription: 1,
                    presence: bob_is(State::Away),
                })
                .await;
                watched = true;
            }
            ClientFrame::Ping {} => {}
            other @ (ClientFrame::Authenticate { .. }
            | ClientFrame::WatchMany { .. }
            | ClientFrame::Unwatch { .. }
            | ClientFrame::Contacts { .. }
            | ClientFrame::Message(_)
            | ClientFrame::Typing { .. }
            | ClientFrame::Acknowledge { .. }
            | ClientFrame::Block { .. }
            | ClientFrame::Unblock { .. }
            | ClientFrame::Watchers { .. }
            | ClientFrame::LogOff { .. }
            | ClientFrame::Unknown) => panic!("{other:?}"),
        }
    }
    peer
}

fn bob_is(state: State) -> Presence {
    Presence {
        who: BOB.to_owned(),
        state: Some(state),
        display_name: Some("Bob 你好".to_owned()),
        email: None,
    }
}

/// The next frame that is not about typing.
async fn hear(peer: &mut Peer) -> ClientFrame {
    loop {
        let frame = peer.hear().await;
        if !matches!(frame, ClientFrame::Typing { .. }) {
            return frame;
        }
    }
}

async fn leaves(terminal: &Tmux, peer: Peer) {
    terminal.keys(&["F10"]);
    peer.log_off().await;
    let text = terminal.until_text("left with 0").await;
    assert!(
        text.contains("before\nleft with 0"),
        "the screen of before is back:\n{text}"
    );
    terminal
        .until("the terminal echoes", |text| {
            text.lines().any(|line| line == "echo")
        })
        .await;
}

#[tokio::test]
async fn a_person_sees_who_is_there_is_written_to_and_answers() {
    let (_folder, router, terminal) = start("").await;
    let mut peer = log_on(&router).await;
    let text = terminal
        .until("bob's state", |text| {
            text.contains("Bob 你好") && text.contains("away")
        })
        .await;
    assert!(text.starts_with(" alice@im.example.com  online"), "{text}");
    assert!(text.lines().count() <= 24 && text.contains("F1 help"), "{text}");
    peer.say(ServerFrame::Presence(bob_is(State::Unknown))).await;
    terminal.until_text("unknown").await;

    peer.tell(1, "m1", "Tea at four? 👋🏽 \u{1b}[2J").await;
    terminal.until_text("Bob 你好: Tea at four?").await;
    terminal.write("Grüße, 你好");
    terminal.until_text("> Grüße, 你好").await;
    terminal.keys(&["Enter"]);
    let ClientFrame::Message(message) = hear(&mut peer).await else {
        panic!("a message");
    };
    assert_eq!((message.to.as_str(), message.text.as_str()), (BOB, "Grüße, 你好"));
    let (request, id) = (message.request, message.id);
    let result = Receipt::Delivered;
    peer.say(ServerFrame::Receipt { request, id, result }).await;
    terminal.until_text("me: Grüße, 你好  delivered").await;

    terminal.paste("one\ntwo");
    terminal
        .until("both lines, not sent", |text| {
            text.contains("> one") && text.contains("> two")
        })
        .await;
    terminal.keys(&["Enter"]);
    let ClientFrame::Message(message) = hear(&mut peer).await else {
        panic!("a message");
    };
    assert_eq!(message.text, "one\ntwo");
    let (request, id) = (message.request, message.id);
    let result = Receipt::Stored;
    peer.say(ServerFrame::Receipt { request, id, result }).await;
    terminal.until_text("kept for later").await;
    leaves(&terminal, peer).await;
}

#[tokio::test]
async fn an_unread_mark_goes_when_it_is_read_and_the_screen_follows_its_size() {
    let (_folder, router, terminal) = start("").await;
    let mut peer = log_on(&router).await;
    terminal.until_text("Bob 你好").await;
    terminal.keys(&["F3"]);
    terminal.write("carol@im.example.com");
    terminal.until_text("Enter adds").await;
    terminal.keys(&["Enter"]);
    for _ in 0..2 {
        let frame = hear(&mut peer).await;
        let request = frame.request().unwrap();
        peer.say(ServerFrame::Done { request }).await;
    }
    peer.tell(1, "m1", "psst").await;
    let text = terminal.until_text("1 unread").await;
    assert!(text.lines().any(|line| line.starts_with(" 1 Bob")), "{text}");
    terminal.keys(&["Tab"]);
    let text = terminal.until("the message", |text| text.contains("psst")).await;
    assert!(!text.contains("1 unread"), "{text}");

    terminal.resize(50, 12);
    let text = terminal
        .until("only the conversation", |text| {
            text.contains("psst") && !text.contains("People")
        })
        .await;
    assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
    terminal.resize(120, 40);
    terminal.until_text("People").await;
    terminal.keys(&["F1"]);
    terminal.until_text("Any key closes this").await;
    terminal.keys(&["Escape"]);
    // Keys that follow an Escape at once would make one with it.
    terminal
        .until("no help", |text| !text.contains("Any key closes this"))
        .await;
    leaves(&terminal, peer).await;
}

/// Whether any text is in a colour of its own.
fn has_colours(painted: &str) -> bool {
    let sequences = painted.split("\u{1b}[").skip(1);
    let mut numbers = sequences.flat_map(|sequence| sequence.split('m').next().unwrap().split(';'));
    numbers.any(|number| {
        number
            .parse()
            .is_ok_and(|number: u16| (31..=38).contains(&number))
    })
}

#[tokio::test]
async fn colours_are_left_out_where_none_are_wanted() {
    for (before, wanted) in [("", true), ("NO_COLOR=1", false)] {
        let (_folder, router, terminal) = start(before).await;
        let peer = log_on(&router).await;
        terminal.until_text("away").await;
        let painted = terminal.painted();
        let coloured = has_colours(&painted);
        assert_eq!(coloured, wanted, "{painted:?}");
        leaves(&terminal, peer).await;
    }
}

#[tokio::test]
async fn without_a_terminal_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "x\n").unwrap();
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_homeport"))
        .args(["chat", "alice@im.example.com", "--server", "ws://127.0.0.1:9"])
        .args(["--password-file", "password"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("--plain"));
}

#[tokio::test]
async fn a_password_is_asked_for_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let router = Router::start().await;
    let line = format!(
        "{} chat alice@im.example.com --server ws://{}; echo left with $?; exec cat",
        env!("CARGO_BIN_EXE_homeport"),
        router.address
    );
    let terminal = Tmux::start(folder.path(), &line);
    terminal.until_text("Password of alice@im.example.com:").await;
    terminal.write(PASSWORD);
    terminal.keys(&["Enter"]);
    let peer = log_on(&router).await;
    terminal.until_text("Bob 你好").await;
    terminal.keys(&["F10"]);
    peer.log_off().await;
    let text = terminal.until_text("left with 0").await;
    assert!(text.contains("Password of alice@im.example.com:\nleft"), "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
}

#[tokio::test]
async fn a_new_password_is_typed_twice_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "h={}; for i in 1 2; do $h user add alice@im.example.com --password-stdin --data data; echo ended $i with $?; \
         done; exec cat",
        env!("CARGO_BIN_EXE_homeport"),
    );
    let terminal = Tmux::start(folder.path(), &line);
    let types = async |text: &str, typed: &str| {
        terminal.until_text(text).await;
        terminal.write(typed);
        terminal.keys(&["Enter"]);
    };
    types("New password of alice@im.example.com:", PASSWORD).await;
    types("The same again:", "another").await;
    let text = terminal.until_text("ended 1 with 1").await;
    assert!(text.contains("not the same"), "{text}");
    assert!(!folder.path().join("data").exists(), "nothing was made");
    types("with 1\nNew password of alice@im.example.com:", PASSWORD).await;
    types("com:\nThe same again:", PASSWORD).await;
    let text = terminal.until_text("ended 2 with 0").await;
    assert!(!text.contains(PASSWORD) && !text.contains("another"), "{text}");
}

#[tokio::test]
async fn a_signal_logs_off_and_gives_the_terminal_back() {
    let (_folder, router, terminal) = start("").await;
    let peer = log_on(&router).await;
    terminal.until_text("Bob 你好").await;
    terminal.end_program();
    peer.log_off().await;
    let text = terminal.until_text("left with 0").await;
    assert!(text.starts_with("before\n"), "{text}");
}

#[tokio::test]
async fn what_ends_a_screen_gives_the_terminal_back() {
    let (_folder, router, terminal) = start("").await;
    let mut peer = log_on(&router).await;
    terminal.until_text("Bob 你好").await;
    peer.close(attachment::CloseCode::Resumed).await;
    let text = terminal.until_text("left with 1").await;
    assert!(text.starts_with("before\n"), "{text}");
    assert!(
        text.contains("error: the session goes on at another connection"),
        "{text}"
    );
    terminal
        .until("the terminal echoes", |text| {
            text.lines().any(|line| line == "echo")
        })
        .await;
}
