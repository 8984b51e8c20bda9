//! Frames: what is written is read again, and what is none is refused.

use attachment::{
    ClientFrame, Contact, ContactsAction, ContactsChange, Format, FrameError, Kind, Message, Presence, Proof,
    Receipt, Received, ServerFrame, State, Watch, WatchResult, Watched, Why, limits,
};
use proptest::prelude::*;

fn bad(frame: &str) -> Result<(), FrameError> {
    ClientFrame::read(frame).and_then(|frame| frame.check())
}

#[test]
fn what_is_no_frame_is_malformed() {
    for malformed in [
        "",
        "7",
        "[]",
        "{}",
        "null",
        "\"ping\"",
        r#"{"type":7}"#,
        r#"{"type":"ping""#,
        r#"{"type":"ping"} x"#,
        r#"{"type":"ping","type":"ping"}"#,
        r#"{"type":"ping","extra":1}"#,
        r#"{"type":"state","request":1}"#,
        r#"{"type":"state","state":"away"}"#,
        r#"{"type":"state","request":-1,"state":"away"}"#,
        r#"{"type":"state","request":4294967296,"state":"away"}"#,
        r#"{"type":"state","request":1,"state":"away","view":3}"#,
        r#"{"type":"watch","request":1,"who":["bob@im.example.com"]}"#,
        r#"{"type":"message","request":1,"id":"1","to":"b@im","text":"a","sequence":1}"#,
        r#"{"type":"message","request":1,"id":"1","to":"b@im","text":"\ud800"}"#,
        r#"{"type":"authenticate","request":1,"proof":{"password":"x"}}"#,
        r#"{"type":"authenticate","request":1,"proof":{"token":"x","scram_first":"x"}}"#,
        r#"{"type":"contacts","request":1,"action":{"put":{"who":"a@im","colour":"red"}}}"#,
        r#"{"type":"message","request":1,"id":"1","to":"b@im","text":"a","format":{"blink":true}}"#,
        r#"{"type":"message","request":1,"id":"1","to":"b@im","text":"a","format":7}"#,
    ] {
        assert_eq!(
            ClientFrame::read(malformed),
            Err(FrameError::Malformed),
            "{malformed}"
        );
    }
    let deep = format!(r#"{{"type":"later","x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(ClientFrame::read(&deep), Err(FrameError::Malformed));
}

#[test]
fn a_type_that_is_not_known_is_passed_over() {
    let newer = r#"{"type":"wave","request":1,"at":{"x":[1,2]}}"#;
    assert_eq!(ClientFrame::read(newer), Ok(ClientFrame::Unknown));
    assert_eq!(ServerFrame::read(newer), Ok(ServerFrame::Unknown));
    let more = r#"{"type":"done","request":1,"took":3}"#;
    assert_eq!(ServerFrame::read(more), Ok(ServerFrame::Done { request: 1 }));
    let refused = r#"{"type":"refused","request":1,"why":"because"}"#;
    let ServerFrame::Refused { why, .. } = ServerFrame::read(refused).unwrap() else {
        panic!("{refused}");
    };
    assert_eq!(why, Why::Unknown);
    let seen = r#"{"type":"presence","who":"bob@im.example.com","state":"flying"}"#;
    let ServerFrame::Presence(Presence { state, .. }) = ServerFrame::read(seen).unwrap() else {
        panic!("{seen}");
    };
    assert_eq!(state, Some(State::Unknown));
}

/// However deep a field lies that a client does not know, what it knows beside it is read.
#[test]
fn a_client_passes_over_fields_that_it_does_not_know() {
    let contact = Contact {
        who: "bob@im.example.com".into(),
        name: "Bob".into(),
        group: String::new(),
    };
    let listed = |change| ServerFrame::Contacts {
        request: Some(1),
        change,
    };
    let entry = r#"{"who":"bob@im.example.com","name":"Bob","colour":"red"}"#;
    for (change, expected) in [
        (
            format!(r#"{{"list":[{entry}]}}"#),
            ContactsChange::List(vec![contact.clone()]),
        ),
        (format!(r#"{{"put":{entry}}}"#), ContactsChange::Put(contact)),
    ] {
        let frame = format!(r#"{{"type":"contacts","request":1,"change":{change},"total":1}}"#);
        assert_eq!(ServerFrame::read(&frame), Ok(listed(expected)), "{frame}");
    }
    let message = r#"{"type":"message","sequence":1,"from":"b@im","text":"a","format":{"bold":true,"blink":{"rate":2}},"mood":7}"#;
    let received = Received {
        sequence: 1,
        from: "b@im".into(),
        text: "a".into(),
        format: Some(Format {
            bold: true,
            ..Format::default()
        }),
        ..Received::default()
    };
    assert_eq!(ServerFrame::read(message), Ok(ServerFrame::Message(received)));
}

#[test]
fn fields_are_checked() {
    let message = |field: &str| {
        let rest = r#""type":"message","request":1,"to":"b@im.example.com""#;
        bad(&format!("{{{rest},{field}}}"))
    };
    assert_eq!(message(r#""id":"1","text":"a\tb\r\n☕""#), Ok(()));
    assert_eq!(message(r#""id":"1","kind":"join""#), Ok(()));
    let field = |field| Err(FrameError::Field(field));
    assert_eq!(message(r#""id":"","text":"a""#), field("id"));
    assert_eq!(message(r#""id":"a b","text":"a""#), field("id"));
    assert_eq!(message(r#""id":"é","text":"a""#), field("id"));
    assert_eq!(message(r#""id":"1","text":"""#), field("text"));
    assert_eq!(message(r#""id":"1","text":"a\u0000""#), field("text"));
    assert_eq!(message(r#""id":"1","text":"a\u001b""#), field("text"));
    assert_eq!(message(r#""id":"1","kind":"join","text":"a""#), field("text"));
    assert_eq!(message(r#""id":"1","kind":"wave","text":"a""#), field("kind"));
    assert_eq!(
        message(r#""id":"1","text":"a","conversation":"a\r\nb""#),
        field("conversation")
    );
    assert_eq!(
        message(r#""id":"1","text":"a","conversation":"é""#),
        field("conversation")
    );
    assert_eq!(
        message(r#""id":"1","text":"a","participants":[""]"#),
        field("participants")
    );
    let many = vec![r#""c@im.example.com""#; limits::PARTICIPANTS_MAX + 1].join(",");
    assert_eq!(
        message(&format!(r#""id":"1","text":"a","participants":[{many}]"#)),
        field("participants")
    );
    let (longest, longer) = ("é".repeat(4096), "é".repeat(4097));
    assert_eq!(message(&format!(r#""id":"1","text":"{longest}""#)), Ok(()));
    assert_eq!(
        message(&format!(r#""id":"1","text":"{longer}""#)),
        Err(FrameError::TooLarge)
    );
    assert_eq!(
        bad(r#"{"type":"state","request":1,"state":"unknown"}"#),
        field("state")
    );
    assert_eq!(
        bad(r#"{"type":"state","request":1,"state":"dnd"}"#),
        field("state")
    );
    assert_eq!(bad(r#"{"type":"watch","request":1,"who":""}"#), field("who"));
    assert_eq!(
        bad(r#"{"type":"authenticate","request":1,"proof":{"token":""}}"#),
        field("token")
    );
    let name = "x".repeat(257);
    let contact =
        format!(r#"{{"type":"contacts","request":1,"action":{{"put":{{"who":"a@im","name":"{name}"}}}}}}"#);
    assert_eq!(bad(&contact), field("name"));
}

#[test]
fn a_frame_is_at_most_as_large_as_it_may_be() {
    let frame = |octets: usize| format!(r#"{{"type":"later","x":"{}"}}"#, "x".repeat(octets - 23));
    assert_eq!(frame(100).len(), 100);
    assert_eq!(
        ClientFrame::read(&frame(limits::CLIENT_FRAME_BYTES_MAX)),
        Ok(ClientFrame::Unknown)
    );
    assert_eq!(
        ClientFrame::read(&frame(limits::CLIENT_FRAME_BYTES_MAX + 1)),
        Err(FrameError::TooLarge)
    );
}

#[test]
fn so_many_people_are_watched_by_one_frame_and_no_more() {
    let frame = |people: usize| ClientFrame::WatchMany {
        request: u32::MAX,
        people: vec![
            Watch {
                who: "a".repeat(limits::ADDRESS_CHARS_MAX),
                subscription: Some(u32::MAX),
            };
            people
        ],
    };
    let most = ClientFrame::read(&frame(limits::WATCH_MANY_MAX).write()).unwrap();
    assert_eq!(most.check(), Ok(()), "with the longest addresses it fits");
    let field = Err(FrameError::Field("people"));
    assert_eq!(frame(limits::WATCH_MANY_MAX + 1).check(), field);
    assert_eq!(frame(0).check(), field);
    let one_is_bad = r#"{"type":"watch_many","request":1,"people":[{"who":""},{"who":"a@im.example.com"}]}"#;
    assert_eq!(bad(one_is_bad), Ok(()), "that is told of that person alone");
}

#[test]
fn nothing_secret_is_shown_for_debugging() {
    let frame = ClientFrame::Authenticate {
        request: 1,
        proof: Proof::Token("s3cret".into()),
    };
    assert!(!format!("{frame:?}").contains("s3cret"));
}

fn address() -> impl Strategy<Value = String> {
    "[a-z0-9.]{1,20}@[a-z0-9.]{1,20}"
}

fn format() -> impl Strategy<Value = Format> {
    let flags = any::<(bool, bool, bool, bool, bool)>();
    let font = prop::option::of("[A-Za-z]( ?[A-Za-z0-9]){0,20}");
    (font, flags, prop::option::of("#[0-9a-f]{6}")).prop_map(|(font, flags, color)| {
        let (bold, italic, underline, strike, right_to_left) = flags;
        Format {
            font,
            bold,
            italic,
            underline,
            strike,
            color,
            right_to_left,
            charset: Some("0".into()),
            pitch: Some("22".into()),
        }
    })
}

fn text() -> impl Strategy<Value = String> {
    "(\\PC|[\t\r\n]){1,200}"
}

fn watch() -> impl Strategy<Value = Watch> {
    (address(), any::<Option<u32>>()).prop_map(|(who, subscription)| Watch { who, subscription })
}

fn watch_many() -> impl Strategy<Value = ClientFrame> {
    (any::<u32>(), prop::collection::vec(watch(), 1..4))
        .prop_map(|(request, people)| ClientFrame::WatchMany { request, people })
}

fn watched() -> impl Strategy<Value = Watched> {
    let watching = (any::<u32>(), presence()).prop_map(|(subscription, presence)| WatchResult::Watching {
        subscription,
        presence,
    });
    let refused = why().prop_map(|(why, retry_after)| WatchResult::Refused { why, retry_after });
    (any::<u32>(), prop_oneof![watching, refused]).prop_map(|(index, result)| Watched { index, result })
}

fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let conversation = || prop::option::of("\\{[0-9A-F-]{36}\\}");
    let message = (
        any::<u32>(),
        "[!-~]{1,64}",
        (address(), text(), prop::option::of(format())),
        conversation(),
        prop::collection::vec(address(), 0..4),
    )
        .prop_map(|(request, id, (to, text, format), conversation, participants)| {
            ClientFrame::Message(Message {
                request,
                id,
                to,
                kind: Kind::Text,
                text,
                format,
                conversation,
                participants,
            })
        });
    let contact =
        (address(), "\\PC{0,20}", "\\PC{0,20}").prop_map(|(who, name, group)| Contact { who, name, group });
    let action = prop_oneof![
        Just(ContactsAction::Get),
        contact.prop_map(ContactsAction::Put),
        address().prop_map(ContactsAction::Remove),
    ];
    let resume = ("[!-~]{1,40}", "[0-9]{1,10}", any::<u64>())
        .prop_map(|(token, session, last)| Proof::Resume { token, session, last });
    let proof = prop_oneof![
        "[!-~]{1,40}".prop_map(Proof::ScramFirst),
        "[!-~]{1,40}".prop_map(Proof::ScramFinal),
        "[!-~]{1,40}".prop_map(Proof::Token),
        resume,
    ];
    prop_oneof![
        (any::<u32>(), proof).prop_map(|(request, proof)| ClientFrame::Authenticate { request, proof }),
        (any::<u32>(), prop::sample::select(State::SETTABLE.to_vec()))
            .prop_map(|(request, state)| ClientFrame::State { request, state }),
        (any::<u32>(), address(), any::<Option<u32>>()).prop_map(|(request, who, subscription)| {
            ClientFrame::Watch {
                request,
                who,
                subscription,
            }
        }),
        watch_many(),
        (any::<u32>(), address()).prop_map(|(request, who)| ClientFrame::Unwatch { request, who }),
        (any::<u32>(), action).prop_map(|(request, action)| ClientFrame::Contacts { request, action }),
        message,
        (address(), conversation()).prop_map(|(to, conversation)| ClientFrame::Typing { to, conversation }),
        (any::<u64>(), any::<bool>())
            .prop_map(|(sequence, left)| ClientFrame::Acknowledge { sequence, left }),
        (any::<u32>(), address()).prop_map(|(request, who)| ClientFrame::Block { request, who }),
        (any::<u32>(), address()).prop_map(|(request, who)| ClientFrame::Unblock { request, who }),
        any::<u32>().prop_map(|request| ClientFrame::Blocked { request }),
        any::<u32>().prop_map(|request| ClientFrame::Watchers { request }),
        any::<u32>().prop_map(|request| ClientFrame::LogOff { request }),
        Just(ClientFrame::Ping {}),
    ]
}

fn presence() -> impl Strategy<Value = Presence> {
    let names = (prop::option::of("\\PC{0,30}"), prop::option::of(address()));
    let state = prop::option::of(prop::sample::select(State::SETTABLE.to_vec()));
    (address(), state, names).prop_map(|(who, state, (display_name, email))| Presence {
        who,
        state,
        display_name,
        email,
    })
}

fn why() -> impl Strategy<Value = (Why, Option<u32>)> {
    (prop::sample::select(Why::ALL.to_vec()), any::<Option<u32>>())
}

fn receipt() -> impl Strategy<Value = Receipt> {
    let refused = why().prop_map(|(why, retry_after)| Receipt::Refused { why, retry_after });
    prop_oneof![Just(Receipt::Delivered), Just(Receipt::Stored), refused]
}

fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let received = (
        any::<u64>(),
        "[!-~]{0,64}",
        address(),
        text(),
        prop::option::of(format()),
    )
        .prop_map(|(sequence, id, from, text, format)| Received {
            sequence,
            id,
            from,
            text,
            format,
            ..Received::default()
        });
    prop_oneof![
        any::<u32>().prop_map(|request| ServerFrame::Done { request }),
        (any::<u32>(), why()).prop_map(|(request, (why, retry_after))| ServerFrame::Refused {
            request,
            why,
            retry_after
        }),
        presence().prop_map(ServerFrame::Presence),
        (any::<u32>(), any::<u32>(), presence()).prop_map(|(request, subscription, presence)| {
            ServerFrame::Watching {
                request,
                subscription,
                presence,
            }
        }),
        (any::<u32>(), prop::collection::vec(watched(), 0..4))
            .prop_map(|(request, people)| ServerFrame::WatchingMany { request, people }),
        received.prop_map(ServerFrame::Message),
        (any::<u32>(), "[!-~]{1,64}", receipt()).prop_map(|(request, id, result)| ServerFrame::Receipt {
            request,
            id,
            result
        }),
        (any::<u32>(), prop::collection::vec(address(), 0..5))
            .prop_map(|(request, who)| ServerFrame::Watchers { request, who }),
        Just(ServerFrame::Pong {}),
    ]
}

proptest! {
    #[test]
    fn what_a_client_writes_is_read_and_valid(frame in client_frame()) {
        let read = ClientFrame::read(&frame.write()).unwrap();
        prop_assert_eq!(&read, &frame);
        prop_assert_eq!(read.check(), Ok(()));
        let waits = !matches!(frame, ClientFrame::Typing { .. } | ClientFrame::Acknowledge { .. } | ClientFrame::Ping {});
        prop_assert_eq!(frame.request().is_some(), waits);
    }

    #[test]
    fn what_a_router_writes_is_read(frame in server_frame()) {
        prop_assert_eq!(ServerFrame::read(&frame.write()), Ok(frame));
    }

    #[test]
    fn whatever_comes_is_answered(text in "\\PC{0,100}") {
        let _ = (bad(&text), ServerFrame::read(&text));
    }
}
