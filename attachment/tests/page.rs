//! `docs/attachment.md` says what the code says.

#[path = "words/next.rs"]
mod described;

use attachment::{ClientFrame, CloseCode, ServerFrame, State, Why, limits};
use described::described;

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/attachment.md");
    std::fs::read_to_string(path).expect("there is a page about the attachment")
}

#[test]
fn every_frame_of_the_example_is_one() {
    let (mut said, mut heard) = (0, 0);
    for line in page().lines() {
        if let Some(frame) = line.strip_prefix("    → ") {
            let frame = ClientFrame::read(frame).unwrap_or_else(|error| panic!("{error}: {line}"));
            frame.check().unwrap_or_else(|error| {
                // The page leaves parts of secrets and ids out.
                assert!(line.contains('…'), "{error}: {line}");
            });
            assert_ne!(frame, ClientFrame::Unknown, "{line}");
            said += 1;
        } else if let Some(frame) = line.strip_prefix("    ← ") {
            let frame = ServerFrame::read(frame).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_ne!(frame, ServerFrame::Unknown, "{line}");
            heard += 1;
        }
    }
    assert_eq!((said, heard), (6, 6));
}

#[test]
fn every_close_code_is_there_with_its_reason_and_what_to_do() {
    let page = page();
    for close in CloseCode::ALL {
        let next = described(close.next());
        let line = format!("| {} | {} | {next}", close.code(), close.reason());
        assert!(page.contains(&line), "{line}");
        assert_eq!(CloseCode::from_code(close.code()), Some(close));
    }
    assert_eq!(CloseCode::from_code(1006), None);
}

#[test]
fn every_reason_and_state_is_there() {
    let page = page();
    for why in Why::ALL.into_iter().filter(|why| *why != Why::Unknown) {
        let name = serde_json::to_value(why).unwrap();
        let name = format!("`{}`", name.as_str().unwrap());
        assert!(page.contains(&name), "{name}");
    }
    for state in State::SETTABLE.into_iter().chain([State::Unknown]) {
        assert!(page.contains(&format!("`{}`", state.name())), "{state:?}");
        assert_eq!(State::from_name(state.name()), Some(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.name());
    }
}

#[test]
fn limits_are_those_of_the_code() {
    let page = page();
    let kib = |octets: usize| format!("{} KiB", octets / 1024);
    for (what, bound) in [
        (
            "frame of a client",
            format!(
                "{}; before it has shown who it is {}",
                kib(limits::CLIENT_FRAME_BYTES_MAX),
                kib(limits::FIRST_FRAME_BYTES_MAX)
            ),
        ),
        ("frame of a router", kib(limits::SERVER_FRAME_BYTES_MAX)),
        ("text that a client sends", kib(limits::TEXT_BYTES_MAX)),
        ("address", limits::ADDRESS_CHARS_MAX.to_string()),
        ("participants", limits::PARTICIPANTS_MAX.to_string()),
        (
            "contact's name, group",
            limits::CONTACT_TEXT_CHARS_MAX.to_string(),
        ),
        ("contacts, people watched by one client", "2,000".to_owned()),
        ("people of one `watch_many`", limits::WATCH_MANY_MAX.to_string()),
        ("open requests", limits::REQUESTS_MAX.to_string()),
        ("unacknowledged messages", limits::UNACKNOWLEDGED_MAX.to_string()),
    ] {
        assert!(page.contains(&format!("| {what} | {bound}")), "{what}: {bound}");
    }
    assert_eq!(limits::WATCHED_MAX, 2000);
    for (text, seconds) in [
        ("each for 10 seconds", limits::AUTHENTICATE_WITHIN),
        ("`heartbeat` seconds (20)", limits::HEARTBEAT),
        ("hears nothing for 28 seconds", limits::SILENCE_MAX),
        ("It has 10 seconds", limits::ACKNOWLEDGE_WITHIN),
        ("`resume_within` seconds (60)", limits::RESUME_WITHIN),
    ] {
        assert!(page.contains(text), "{text}");
        assert!(text.contains(&seconds.as_secs().to_string()), "{text}");
    }
}
