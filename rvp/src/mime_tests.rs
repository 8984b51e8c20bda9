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
fn what_is_no_text_is_written_as_clients_write_it() {
    let written = |kind| {
        let mime = Mime {
            kind,
            format: None,
            typing_user: Some("alice@im.example.com".into()),
            ..text("")
        };
        mime.write()
    };
    let session = format!("Session-Id: {SESSION}\r\n\r\n\r\n");
    let control = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol; charset=UTF-8\r\n";
    let typing = format!("{control}TypingUser: alice@im.example.com\r\n{session}");
    assert_eq!(written(MessageKind::Typing), typing);
    assert_eq!(written(MessageKind::Join), format!("{control}{session}"));
    let leave = format!("MIME-Version: 1.0\r\nContent-Type: text/x-imleave\r\n{session}");
    assert_eq!(written(MessageKind::Leave), leave);
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

#[test]
fn fields_that_begin_most_entities_may_go_on_as_any_other() {
    for (rest, session_id, text) in [
        ("Session-Id: {1}\r\n\r\nx", "{1}", "x"),
        (" Session-Id: {1}\r\n\r\nx", "", "x"),
        ("\tSession-Id: {1}\r\nSession-Id: {2}\r\n\r\nx", "{2}", "x"),
        ("\r\nSession-Id: {1}", "", "Session-Id: {1}"),
        ("", "", ""),
    ] {
        let parsed = Mime::parse(&format!("{BEGINS_MOST}{rest}")).unwrap();
        assert_eq!(
            (parsed.kind, parsed.format),
            (MessageKind::Text, None),
            "{rest:?}"
        );
        assert_eq!(
            (parsed.session_id.as_str(), parsed.text.as_str()),
            (session_id, text),
            "{rest:?}"
        );
    }
}

#[test]
fn the_kind_that_servers_see_is_that_of_the_headers_as_they_stand() {
    // Decoded it is a space that does not break, and is left out at the end of a field.
    let data = "Content-Type: text/x-imleave\u{c2}\u{a0}\r\n\r\n";
    let (mime, types) = Mime::open(data).unwrap();
    assert_eq!((mime.kind, types.kind()), (MessageKind::Leave, MessageKind::Text));
}

proptest::proptest! {
    /// Line ends before an entity are passed over; with them it is read line by line.
    #[test]
    fn both_ways_of_reading_an_entity_agree(
        rest in "([ \t]?(TypingUser|Session-Id|content-type|x)[: ]{1,3}(text/x-imleave|\u{e4}|\u{c3}\u{a4})?\r?\n){0,3}\\PC{0,5}"
    ) {
        let entity = format!("{BEGINS_MOST}{rest}");
        let slowly = format!("\n{entity}");
        proptest::prop_assert_eq!(Mime::parse(&entity), Mime::parse(&slowly));
        let (_, types) = Mime::open(&entity).unwrap();
        proptest::prop_assert_eq!(types.kind(), Types::of(&slowly).kind());
        proptest::prop_assert_eq!(types.is_invitation(), Types::of(&slowly).is_invitation());
    }

    #[test]
    fn fields_are_split_and_trimmed_as_the_standard_library_does_it(text in "[ \t\r\n\u{b}\u{c}\u{1c}\u{85}\u{a0}\u{2003}:a\u{e4}]{0,6}") {
        proptest::prop_assert_eq!(trim(&text), text.trim());
        proptest::prop_assert_eq!(split_once(&text, b':'), text.split_once(':'));
        proptest::prop_assert_eq!(split_once(&text, b'\n'), text.split_once('\n'));
    }

    /// Every character of a text that is encoded has the number of an octet.
    #[test]
    fn decoding_undoes_encoding(text: String) {
        let encoded = encode(text.clone());
        proptest::prop_assert_eq!(decode(&encoded), text.as_str());
    }
}
