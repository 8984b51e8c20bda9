use super::*;
use crate::{Lifetime, SubscriptionId};

const ALICE: &str = "/instmsg/aliases/alice";

/// A request to Alice's node with the headers `Name: value`, one in each line.
pub(crate) fn parse(method: &str, headers: &str, body: &str) -> Result<Request, ParseError> {
    parse_at(method, ALICE, &format!("Host: im.example.com\n{headers}"), body)
}

fn parse_at(method: &str, uri: &str, headers: &str, body: &str) -> Result<Request, ParseError> {
    let mut builder = http::Request::builder().method(method).uri(uri);
    for line in headers.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        builder = builder.header(name, value);
    }
    let (parts, ()) = builder.body(()).unwrap().into_parts();
    Request::parse(&parts, Bytes::copy_from_slice(body.as_bytes()))
}

fn bad_header(result: Result<Request, ParseError>) -> &'static str {
    let Err(ParseError::BadHeader { header, .. }) = result else {
        panic!("{result:?}")
    };
    header
}

#[test]
fn methods_outside_rvp_are_refused_before_anything_is_read() {
    for method in [
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "LOCK",
        "UNLOCK",
        "OPTIONS",
        "DELETE",
        "MKCOL",
        "TRACE",
        "POLL",
        "CONNECT",
        "subscribe",
    ] {
        assert_eq!(
            parse_at(method, "/", "", ""),
            Err(ParseError::NotImplemented),
            "{method}"
        );
    }
    for method in ["COPY", "MOVE"] {
        assert_eq!(
            parse_at(method, "/", "", ""),
            Err(ParseError::MethodNotAllowed),
            "{method}"
        );
    }
}

#[test]
fn the_target_is_found_in_every_form_of_the_request_line() {
    let headers = "Subscription-Id: 7";
    for (uri, host) in [
        (ALICE, "Host: im.example.com"),
        ("/INSTMSG/aliases/ALICE/", "Host: IM.example.com:80"),
        (
            "http://im.example.com/instmsg/aliases/alice",
            "Host: home1.example.com",
        ),
        ("http://IM.example.com:80/instmsg/aliases/alice", "Accept: */*"),
        (
            "/instmsg/local/im.example.com/instmsg/aliases/alice",
            "Host: home1.example.com",
        ),
        (
            "http://home1.example.com/instmsg/local/im.example.com/instmsg/aliases/alice",
            "Host: other",
        ),
    ] {
        let request = parse_at("UNSUBSCRIBE", uri, &format!("{host}\n{headers}"), "").unwrap();
        assert_eq!(
            request.target.as_url(),
            "http://im.example.com/instmsg/aliases/alice",
            "{uri} {host}"
        );
    }
    assert_eq!(
        parse_at("UNSUBSCRIBE", ALICE, headers, ""),
        Err(ParseError::MissingHeader("Host"))
    );
    let twice = "Host: im.example.com\nHost: im.example.org";
    assert_eq!(
        bad_header(parse_at("UNSUBSCRIBE", ALICE, &format!("{twice}\n{headers}"), "")),
        "Host"
    );
    for (uri, host) in [
        ("/", "im.example.com"),
        ("*", "im.example.com"),
        ("/instmsg/aliases/", "im.example.com"),
        ("/instmsgs/aliases/alice", "im.example.com"),
        (ALICE, "alice@im.example.com"),
        (ALICE, "[::1]"),
        (ALICE, ""),
    ] {
        let result = parse_at("UNSUBSCRIBE", uri, &format!("Host: {host}\n{headers}"), "");
        assert!(
            matches!(result, Err(ParseError::BadAddress(_))),
            "{uri} {host} {result:?}"
        );
    }
}

#[test]
fn the_caller_may_be_a_person_a_server_or_missing() {
    let from = |line: &str| parse("UNSUBSCRIBE", &format!("Subscription-Id: 7\n{line}"), "").map(|r| r.from);
    let person = from("RVP-From-Principal: http://IM.example.org/instmsg/aliases/Bob")
        .unwrap()
        .unwrap();
    assert_eq!(person.to_string(), "http://im.example.org/instmsg/aliases/bob");
    let server = from("RVP-From-Principal: im.example.org").unwrap().unwrap();
    assert!(matches!(server, Identity::Server(_)));
    assert_eq!(from("Accept: */*"), Ok(None));
    for bad in [
        "",
        "bob@im.example.org",
        "http://im.example.org/",
        "https://im.example.org/instmsg/aliases/bob",
    ] {
        assert!(from(&format!("RVP-From-Principal: {bad}")).is_err(), "{bad}");
    }
    assert!(
        from(&format!(
            "RVP-From-Principal: {}",
            "a".repeat(limits::HEADER_CHARS_MAX + 1)
        ))
        .is_err()
    );
}

#[test]
fn a_body_beyond_the_limit_is_refused() {
    let largest = " ".repeat(limits::BODY_BYTES_MAX);
    assert_eq!(parse("ACL", "", &largest).unwrap().method, Method::Acl(Acl::Read));
    assert_eq!(
        parse("ACL", "", &format!("{largest} ")),
        Err(ParseError::TooLarge)
    );
}

#[test]
fn subscription_ids_fit_a_signed_integer() {
    for (text, id) in [("1", 1), (" 007 ", 7), ("2147483647", 2_147_483_647)] {
        let request = parse("UNSUBSCRIBE", &format!("Subscription-Id: {text}"), "").unwrap();
        assert_eq!(
            request.method,
            Method::Unsubscribe(Unsubscribe {
                id: SubscriptionId::new(id).unwrap()
            })
        );
    }
    for text in [
        "0",
        "2147483648",
        "3000000001",
        "99999999999999999999",
        "-1",
        "+1",
        "0x1",
        "1.0",
        "abc",
        "",
    ] {
        let result = parse("UNSUBSCRIBE", &format!("Subscription-Id: {text}"), "");
        assert_eq!(bad_header(result), "Subscription-Id", "{text}");
    }
    let twice = parse("UNSUBSCRIBE", "Subscription-Id: 1\nSubscription-Id: 1", "");
    assert_eq!(bad_header(twice), "Subscription-Id");
    assert_eq!(
        parse("UNSUBSCRIBE", "", ""),
        Err(ParseError::MissingHeader("Subscription-Id"))
    );
}

#[test]
fn a_subscription_is_new_or_renewed_but_not_both() {
    let kind = "Notification-Type: Update/PropChange";
    let call_back = "Call-Back: http://im.example.org/instmsg/aliases/bob";
    let lifetime = "Subscription-Lifetime: 14400";
    let new = parse("SUBSCRIBE", &format!("{kind}\n{call_back}\n{lifetime}"), "").unwrap();
    assert!(matches!(
        new.method,
        Method::Subscribe(Subscribe::New {
            lifetime: Lifetime(14400),
            ..
        })
    ));
    let id = "Subscription-Id: 9";
    let renewed = parse("SUBSCRIBE", &format!("{id}\n{lifetime}"), "").unwrap();
    assert!(matches!(
        renewed.method,
        Method::Subscribe(Subscribe::Refresh { .. })
    ));

    let both = parse("SUBSCRIBE", &format!("{kind}\n{call_back}\n{lifetime}\n{id}"), "");
    assert_eq!(bad_header(both), "Subscription-Id");
    assert_eq!(
        parse("SUBSCRIBE", lifetime, ""),
        Err(ParseError::MissingHeader("Notification-Type"))
    );
    let nowhere = parse("SUBSCRIBE", &format!("{kind}\n{lifetime}"), "");
    assert_eq!(nowhere, Err(ParseError::MissingHeader("Call-Back")));
    let what = parse(
        "SUBSCRIBE",
        &format!("Notification-Type: pragma/none\n{call_back}\n{lifetime}"),
        "",
    );
    assert_eq!(bad_header(what), "Notification-Type");
    for url in [
        "https://192.0.2.10/",
        "<http://192.0.2.10/>",
        "http://im.example.org/instmsg/aliases/",
    ] {
        let result = parse("SUBSCRIBE", &format!("{kind}\nCall-Back: {url}\n{lifetime}"), "");
        assert_eq!(bad_header(result), "Call-Back", "{url}");
    }
    assert_eq!(
        bad_header(parse("SUBSCRIPTIONS", "Notification-Type: any", "")),
        "Notification-Type"
    );
    assert_eq!(
        parse("SUBSCRIPTIONS", "", ""),
        Err(ParseError::MissingHeader("Notification-Type"))
    );
}

#[test]
fn permanent_subscriptions_are_refused() {
    let new = "Notification-Type: pragma/notify\nCall-Back: http://192.0.2.10:49152";
    for asked in [new, "Subscription-Id: 9"] {
        assert_eq!(bad_header(parse("SUBSCRIBE", asked, "")), "Subscription-Lifetime");
        for lifetime in ["0", "infinite", "Infinite", "-1", "1e9", ""] {
            let result = parse(
                "SUBSCRIBE",
                &format!("{asked}\nSubscription-Lifetime: {lifetime}"),
                "",
            );
            assert_eq!(bad_header(result), "Subscription-Lifetime", "{lifetime}");
        }
        let long = parse(
            "SUBSCRIBE",
            &format!("{asked}\nSubscription-Lifetime: 99999999999"),
            "",
        )
        .unwrap();
        let Method::Subscribe(Subscribe::New { lifetime, .. } | Subscribe::Refresh { lifetime, .. }) =
            long.method
        else {
            panic!()
        };
        assert_eq!(lifetime, Lifetime(u32::MAX));
    }
}
