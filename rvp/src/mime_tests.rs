use super::*;

const SESSION: &str = "{8E0B1C52-4D63-4B1E-9C5A-2F6D1A7B3C90}";

fn text(text: &str) -> Mime {
    Mime {
        kind: MessageKind::Text,
        session_id: SESSION.into(),
        format: Some("FN=Tahoma; EF=; CO=0; CS=0; PF=22".into()),
        typing_user: None,
        text: text.into(),
    }
}

#[test]
fn a_message_is_written_as_clients_write_it() {
    let written = text("Tea at four?").write();
    assert_eq!(
        written,
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
         X-MMS-IM-Format: FN=Tahoma; EF=; CO=0; CS=0; PF=22\r\n\
         Session-Id: {8E0B1C52-4D63-4B1E-9C5A-2F6D1A7B3C90}\r\n\r\nTea at four?"
    );
    assert_eq!(Mime::parse(&written).unwrap(), text("Tea at four?"));
}

#[test]
fn text_travels_doubly_encoded() {
    let written = text("\u{fc}\u{20ac}\r\n\u{1f600}").write();
    assert!(written.ends_with("\u{c3}\u{bc}\u{e2}\u{82}\u{ac}\r\n\u{f0}\u{9f}\u{98}\u{80}"));
    assert_eq!(
        Mime::parse(&written).unwrap(),
        text("\u{fc}\u{20ac}\r\n\u{1f600}")
    );
}

#[test]
fn text_that_was_encoded_once_stays_as_it_is() {
    for once in ["\u{fc}", "\u{20ac} and \u{c3}\u{bc}"] {
        let data = format!("Content-Type: text/plain\r\nSession-Id: {SESSION}\r\n\r\n{once}");
        assert_eq!(Mime::parse(&data).unwrap().text, once);
    }
}

#[test]
fn headers_may_be_folded_in_any_case_and_end_in_bare_line_feeds() {
    let data = "\nMIME-Version: 1.0\nCONTENT-type:text/x-msmsgscontrol\n\t; charset=UTF-8\nthis is no field\n\
                typinguser: alice@im.example.com\nSESSION-ID:\n {1}\n\nignored";
    assert_eq!(
        Mime::parse(data).unwrap(),
        Mime {
            kind: MessageKind::Typing,
            session_id: "{1}".into(),
            format: None,
            typing_user: Some("alice@im.example.com".into()),
            text: String::new(),
        }
    );
}

#[test]
fn the_kind_is_that_of_the_headers_alone() {
    for (data, expected) in [
        ("", MessageKind::Text),
        ("Content-Type: text/plain\r\n\r\nTypingUser: x", MessageKind::Text),
        (
            "Content-Type: text/x-msmsgsinvite; charset=UTF-8\r\n\r\n",
            MessageKind::Text,
        ),
        (
            "Content-Type: application/unheard-of\r\nTypingUser: x\r\n\r\n",
            MessageKind::Text,
        ),
        (
            "Content-Type: Text/X-MsMsgsControl\r\n\r\nTypingUser: x",
            MessageKind::Join,
        ),
        (
            "Content-Type: text/x-msmsgscontrol\r\nTypingUser: x\r\n\r\n",
            MessageKind::Typing,
        ),
        (
            "TypingUser:\r\nContent-Type: text/x-msmsgscontrol",
            MessageKind::Typing,
        ),
        ("Content-Type: text/x-imleave\r\n\r\n", MessageKind::Leave),
        ("Subject: text/x-imleave\r\n\r\n", MessageKind::Text),
    ] {
        assert_eq!(Types::of(data).kind(), expected, "{data}");
    }
}

#[test]
fn a_conversation_is_always_named_when_written() {
    let written = Mime {
        session_id: String::new(),
        ..text("x")
    }
    .write();
    assert!(written.contains("Session-Id: {00000000-0000-0000-0000-000000000000}\r\n"));
}

#[test]
fn values_cannot_add_headers() {
    let mime = Mime {
        session_id: "{1}\r\nTypingUser: x\r\n\r\n".into(),
        ..text("y")
    };
    let parsed = Mime::parse(&mime.write()).unwrap();
    assert_eq!((parsed.typing_user, parsed.text.as_str()), (None, "y"));
}
