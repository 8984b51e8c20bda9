use super::*;
use proptest::prelude::*;
use proto::ClientLogin;
use rvp::{AttachmentId, Reach, SubscriptionId};

fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

fn delivered(document: bytes::Bytes) -> DeliverMessage {
    DeliverMessage {
        login: ClientLogin {
            principal: person("bob"),
            login: SubscriptionId::new(1).unwrap(),
            reach: Reach::Attachment(AttachmentId::new(1)),
        },
        from: Identity::Person(person("alice")),
        ack: AckType::DeepOr,
        hop: 2,
        document,
        id: Some(MessageId::parse("id").unwrap()),
        attempt: 1,
        probe: false,
        asked_by: None,
    }
}

fn sent_again(received: Received) -> Message {
    let Received {
        id,
        kind,
        text,
        format,
        conversation,
        participants,
        ..
    } = received;
    Message {
        request: 1,
        id,
        to: "bob@im.example.com".into(),
        kind,
        text,
        format,
        conversation,
        participants,
    }
}

proptest! {
    /// What an RVP client wrote, read by a client of an attachment and written by it as it is, has the same octets.
    #[test]
    fn a_message_keeps_its_octets(
        text in "(\\PC|[\t\r\n]){1,200}",
        session in prop::option::of("\\{[0-9A-F]{8}-[0-9A-F]{4}\\}"),
        format in prop::option::of("FN=[A-Z][a-z]{1,9}(%20[A-Z][a-z]{1,5})?; EF=B?I?U?S?; CO=[1-9a-f][0-9a-f]{5}; CS=[0-9a-f]; PF=22"),
        others in prop::collection::btree_set("[c-z]{1,6}", 0..3),
    ) {
        prop_assume!(!text.trim().is_empty());
        let (alice, bob) = (person("alice"), person("bob"));
        let others: Vec<Principal> = others.iter().map(|name| person(name)).collect();
        let mime = Mime {
            kind: MessageKind::Text,
            session_id: session.unwrap_or_default(),
            format,
            typing_user: None,
            text,
        };
        let written = notification(&alice, (&bob, &others), &mime, None).notification.document;
        let Told::Message(received) = told(&delivered(written.clone())) else {
            panic!("a message");
        };
        prop_assert_eq!(&received.text, &mime.text);
        let again = notify(&alice, &bob, &others, &sent_again(*received)).unwrap();
        prop_assert_eq!(again.notification.document, written);
    }

    #[test]
    fn whatever_comes_is_shown_or_not(document in prop::collection::vec(any::<u8>(), 0..200)) {
        let shown = told(&delivered(document.into()));
        prop_assert!(matches!(shown, Told::Nothing));
    }
}
