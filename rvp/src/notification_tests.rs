use super::*;
use crate::method::Notify;
use crate::{ClientUrl, MessageId, PresenceState, SubscriptionId};

const ALICE: &str = "http://im.example.com/instmsg/aliases/alice";
const BOB: &str = "http://im.example.org/instmsg/aliases/bob";
const SPACES: &str = "xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/'";

fn identity(url: &str) -> Identity {
    Identity::parse(url).unwrap()
}

fn parse(document: &str) -> Result<Notification, ParseError> {
    Notification::parse(Bytes::copy_from_slice(document.as_bytes()))
}

fn parties(from: &str, to: &str) -> String {
    let contact = |url: &str| format!("<r:contact><d:href>{url}</d:href></r:contact>");
    let to: String = to.split_whitespace().map(contact).collect();
    let from = contact(from);
    format!("<r:notification-from>{from}</r:notification-from><r:notification-to>{to}</r:notification-to>")
}

fn message(from: &str, to: &str, data: &str) -> String {
    let parties = parties(from, to);
    format!(
        "<r:notification {SPACES}><r:message>{parties}<r:msgbody><r:mime-data>{data}</r:mime-data></r:msgbody>\
         </r:message></r:notification>"
    )
}

fn change(properties: &str) -> String {
    let parties = parties(BOB, ALICE);
    format!(
        "<r:notification {SPACES}><r:propnotification>{parties}<d:propertyupdate><d:set><d:prop>{properties}\
         </d:prop></d:set></d:propertyupdate></r:propnotification></r:notification>"
    )
}

#[test]
fn a_message_keeps_its_octets_and_tells_who_it_is_between() {
    let document = message(
        ALICE,
        &format!("{BOB} im.example.net"),
        "<![CDATA[Content-Type: text/x-imleave]]>",
    );
    let notification = parse(&document).unwrap();
    assert_eq!(notification.document, document.as_bytes());
    assert_eq!(
        notification.content,
        Content::Message(Message {
            from: identity(ALICE),
            to: vec![identity(BOB), identity("im.example.net")],
            kind: MessageKind::Leave,
        })
    );
    assert_eq!(notification.content.default_ack(), AckType::DeepOr);
}

#[test]
fn a_message_must_say_whom_it_is_from_and_to_exactly_once() {
    let good = message(ALICE, BOB, "");
    assert!(parse(&good).is_ok());
    let from = good
        .split_once("<r:message>")
        .unwrap()
        .1
        .split_once("<r:notification-to>")
        .unwrap()
        .0;
    let contact = format!("<r:contact><d:href>{ALICE}</d:href></r:contact>");
    for (old, new) in [
        (from, String::new()),
        (from, from.repeat(2)),
        (&contact, contact.repeat(2)),
        (&contact, String::new()),
        (&contact, contact.replace("r:contact>", "r:group>")),
        (&contact, contact.replace(ALICE, "alice@im.example.com")),
        ("r:notification-to>", "r:notification-cc>".to_owned()),
        (BOB, String::new()),
        ("r:msgbody>", "r:body>".to_owned()),
        ("r:mime-data>", "r:data>".to_owned()),
        ("r:message>", "r:letter>".to_owned()),
    ] {
        let bad = good.replace(old, &new);
        assert_ne!(bad, good);
        assert!(parse(&bad).is_err(), "{bad}");
    }
    let root = good
        .replace("r:notification ", "r:note ")
        .replace("r:notification>", "r:note>");
    assert_eq!(
        parse(&root),
        Err(ParseError::BadElement {
            element: "notification",
            reason: "is missing"
        })
    );
    let crowd = format!("{BOB} ").repeat(limits::CONTACTS_MAX);
    assert!(parse(&message(ALICE, &crowd, "")).is_ok());
    assert!(parse(&message(ALICE, &format!("{crowd} {BOB}"), "")).is_err());
}

#[test]
fn nothing_else_can_hide_beside_the_message_that_is_checked() {
    let good = message(ALICE, BOB, "");
    let other = change("<r:state><r:away/></r:state>");
    let inner = other
        .split_once('>')
        .unwrap()
        .1
        .strip_suffix("</r:notification>")
        .unwrap();
    for hidden in [inner, &inner.replace("r:propnotification", "x:propnotification")] {
        let bad = good.replace("<r:message>", &format!("{hidden}<r:message>"));
        let bad = bad.replace(SPACES, &format!("{SPACES} xmlns:x='urn:other'"));
        let error = ParseError::BadElement {
            element: "notification",
            reason: "must hold exactly one message or property change",
        };
        assert_eq!(parse(&bad), Err(error), "{bad}");
    }
    let empty = format!("<r:notification {SPACES}/>");
    assert!(parse(&empty).is_err());
}

#[test]
fn several_lists_of_recipients_are_one() {
    let document = message(ALICE, BOB, "").replace(
        "<r:msgbody>",
        "<r:notification-to><r:contact><d:href>im.example.net</d:href></r:contact></r:notification-to><r:msgbody>",
    );
    let Content::Message(message) = parse(&document).unwrap().content else {
        panic!()
    };
    assert_eq!(message.to, [identity(BOB), identity("im.example.net")]);
}

#[test]
fn a_property_change_is_read_flat_or_leased_and_never_invisible() {
    for (state, expected) in [
        ("<r:on-phone/>", PresenceState::OnPhone),
        ("<r:invisible/>", PresenceState::Offline),
        ("<r:occupied/>", PresenceState::Away),
        (
            "<r:leased-value><r:value><r:busy/></r:value></r:leased-value>",
            PresenceState::Busy,
        ),
    ] {
        let notification = parse(&change(&format!("<r:state>{state}</r:state><r:nick>x</r:nick>"))).unwrap();
        let expected = PropertyChange {
            from: Principal::from_url(BOB).unwrap(),
            to: vec![identity(ALICE)],
            properties: vec![Property::State(expected)],
        };
        assert_eq!(notification.content, Content::PropertyChange(expected));
        assert_eq!(notification.content.default_ack(), AckType::SingleHop);
        assert!(notification.mime().is_err());
    }
    assert!(parse(&change("").replace("propertyupdate", "propstat")).is_ok());
    for bad in [
        change("<r:state/>"),
        change("").replace("d:propertyupdate", "d:update"),
        change("").replace("<d:propertyupdate>", "<d:propstat/><d:propertyupdate>"),
        change("").replace(BOB, "im.example.org"),
        change("").replace("d:set", "d:put"),
    ] {
        assert!(parse(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_property_change_is_written_as_clients_compare_it() {
    let change = PropertyChange {
        from: Principal::from_url(BOB).unwrap(),
        to: vec![identity(ALICE)],
        properties: vec![
            Property::State(PresenceState::Invisible),
            Property::DisplayName("Bob & <Co>".into()),
            Property::Email(String::new()),
            Property::MobileState(true),
            Property::MobileDescription(" +44 ".into()),
        ],
    };
    let expected = "<?xml version=\"1.0\"?><r:notification xmlns:d='DAV:' \
        xmlns:r='http://schemas.microsoft.com/rvp/' xmlns:a='http://schemas.microsoft.com/rvp/acl/'>\
        <r:propnotification><r:notification-from><r:contact><d:href>http://im.example.org/instmsg/aliases/bob\
        </d:href><r:description></r:description></r:contact></r:notification-from><r:notification-to>\
        <r:contact><d:href>http://im.example.com/instmsg/aliases/alice</d:href><r:description></r:description>\
        </r:contact></r:notification-to><d:propertyupdate><d:set><d:prop><r:state><r:offline/></r:state>\
        <d:displayname>Bob &amp; &lt;Co></d:displayname><r:email></r:email><r:mobile-state>1</r:mobile-state>\
        <r:mobile-description>+44</r:mobile-description></d:prop></d:set></d:propertyupdate>\
        </r:propnotification></r:notification>";
    assert_eq!(std::str::from_utf8(&change.write()).unwrap(), expected);
}

#[test]
fn a_composed_message_describes_everybody() {
    let mime = Mime {
        kind: MessageKind::Text,
        session_id: "{8E0B1C52-4D63-4B1E-9C5A-2F6D1A7B3C90}".into(),
        format: None,
        typing_user: None,
        text: "a ]]> \u{fc}".into(),
    };
    let document = compose(
        &identity(ALICE),
        &[identity(BOB), identity("im.example.net")],
        &mime,
    );
    let text = std::str::from_utf8(&document).unwrap();
    assert!(text.contains(
        "<d:href>http://im.example.com/instmsg/aliases/alice</d:href><r:description>alice</r:description>"
    ));
    assert!(text.contains("<d:href>im.example.net</d:href><r:description>im.example.net</r:description>"));
    assert!(text.contains("a ]]]]><![CDATA[> \u{c3}\u{bc}]]></r:mime-data>"));
    let notification = Notification::parse(document).unwrap();
    assert_eq!(notification.mime().unwrap(), mime);
    let Content::Message(message) = notification.content else {
        panic!()
    };
    assert_eq!((message.from, message.to.len()), (identity(ALICE), 2));
}

#[test]
fn a_call_back_is_a_whole_request_to_the_clients_listener() {
    let id = MessageId::parse("m-1@im.example.com").unwrap();
    let call = |url: &str, path: &str, host: &str| {
        let call_back = ClientUrl::parse(url).unwrap();
        let request = CallBackRequest {
            call_back: &call_back,
            from: &identity("im.example.com"),
            hop: 2,
            ack: None,
            subscription: SubscriptionId::new(40017),
            id: Some(&id),
            document: Bytes::from_static(b"<a/>"),
        }
        .write();
        assert_eq!(
            (request.method().as_str(), request.uri().to_string().as_str()),
            ("NOTIFY", path)
        );
        assert_eq!(request.headers()["host"], host);
        request
    };
    call("http://[2001:db8::1]:8080/in?x", "/in?x", "[2001:db8::1]:8080");
    call("http://desk.example.com/", "/", "desk.example.com");
    let request = call("http://192.0.2.10:49152", "/", "192.0.2.10:49152");
    for (name, value) in [
        ("rvp-notifications-version", "0.2"),
        ("rvp-from-principal", "im.example.com"),
        ("rvp-hop-count", "2"),
        ("subscription-id", "40017"),
        ("message-id", "m-1@im.example.com"),
        ("content-type", "text/xml"),
        ("content-length", "4"),
    ] {
        assert_eq!(request.headers()[name], value, "{name}");
    }
    assert!(!request.headers().contains_key("rvp-ack-type"));
    let document = Bytes::from(change("<r:state><r:away/></r:state>"));
    let received = Notify::parse(request.headers(), document).unwrap();
    assert_eq!(
        (received.hop, received.subscription, received.id),
        (2, SubscriptionId::new(40017), Some(id.clone()))
    );
}

#[test]
fn a_message_laid_out_as_ours_is_read_as_any_other() {
    let mime = Mime::parse("Session-Id: {1}\r\n\r\nx").unwrap();
    let ours = compose(&identity(ALICE), &[identity(BOB)], &mime);
    let ours = std::str::from_utf8(&ours).unwrap();
    for (old, new) in [
        ("", ""),
        (">alice<", ">a &amp; b<"),
        (">alice<", "> Alice <"),
        (">alice<", "><"),
        (">alice<", ">\u{fffd} \u{e4}<"),
        (">alice<", ">\u{ffff}<"),
        (">alice<", ">\u{1}<"),
        (">alice<", ">a & b<"),
        (">alice<", ">a > b<"),
        (">alice<", ">a ]]> b<"),
        (ALICE, "im.example.com"),
        (ALICE, " im.example.com"),
        (ALICE, "HTTP://im.example.com:80/instmsg/aliases/%61lice/"),
        (ALICE, "http://im.example.com/instmsg/aliases/a&amp;b"),
        (ALICE, "http://im.example.com/instmsg/aliases/a&b"),
        (ALICE, ""),
        ("\r\nx]]>", "\r\n]]x]>]]]]>"),
        ("\r\nx]]>", "\r\n]]>]]>"),
        ("\r\nx]]>", "\r\n]]&gt;\u{e4}]]>"),
        ("\r\nx]]>", "\r\n]]]]><![CDATA[>]]>"),
        ("\r\nx]]>", "\r\n\u{1}]]>"),
        ("\r\nx]]>", "\r\n\u{fffe}]]>"),
    ] {
        let document = ours.replacen(old, new, 1);
        assert!(old == new || document != ours, "{old:?}");
        // With white space before its end no document is laid out as ours.
        let other = document.replace("</r:message>", " </r:message>");
        let opened = [&document, &other].map(|text| Notification::open(text.as_bytes()));
        assert_eq!(opened[0], opened[1], "{document}");
        let read = [&document, &other].map(|text| parse(text).map(|read| read.content));
        assert_eq!(read[0], read[1], "{document}");
    }
}
