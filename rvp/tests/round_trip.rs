//! Whatever is written is read back as the same value, and no octets make a parser panic.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "round_trip/values.rs"]
mod values;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};
use rvp::credentials::{
    Authorization, Carrier, DigestAnswer, DigestChallenge, DigestQop, NtlmAnswer, NtlmChallenge,
    NtlmNegotiate,
};
use rvp::credentials::{digest_challenge, ntlm_challenge};
use rvp::method::{Acl, Propfind, Proppatch, Subscribe, Subscriptions};
use rvp::notification::{Content, Notification, compose};
use rvp::{
    AccessList, CallBack, Domain, Identity, Lifetime, Method, Mime, ParseError, Reply, Request,
    SubscriptionId, SubscriptionKind,
};

fn parse(request: http::Request<Bytes>) -> Result<Request, ParseError> {
    let (parts, body) = request.into_parts();
    Request::parse(&parts, body)
}

fn reply(method: &Method, reply: &Reply) -> Result<Reply, ParseError> {
    let (parts, body) = reply.write().into_parts();
    Reply::parse(method, &parts, &body)
}

fn authorization() -> impl Strategy<Value = Authorization> {
    let quoted = || "[a-zA-Z0-9@/. ,=%\u{e4}]{0,20}";
    let qop = ("[0-9a-f]{1,8}", quoted()).prop_map(|(nc, cnonce)| DigestQop { nc, cnonce });
    let username = "([A-Z]{1,8}[/\\\\])?[a-z]{1,8}";
    let digest = (
        username,
        quoted(),
        quoted(),
        quoted(),
        "[0-9a-fA-F]{32}",
        option::of(qop),
    )
        .prop_map(|(username, realm, nonce, uri, response, qop)| {
            Authorization::Digest(DigestAnswer {
                username,
                realm,
                nonce,
                uri,
                response,
                qop,
            })
        });
    let octets = || vec(any::<u8>(), 0..200);
    let ntlm = ("\\PC{0,15}", "\\PC{0,30}", octets(), octets(), carrier()).prop_map(
        |(domain, user, lm_response, nt_response, carrier)| {
            let answer = NtlmAnswer {
                domain,
                user,
                lm_response,
                nt_response,
            };
            Authorization::NtlmAuthenticate { answer, carrier }
        },
    );
    let negotiate = negotiate().prop_map(Authorization::NtlmNegotiate);
    prop_oneof![digest, ntlm, negotiate, Just(Authorization::SelectNtlm)]
}

fn carrier() -> impl Strategy<Value = Carrier> {
    select(vec![Carrier::Ntlm, Carrier::Negotiate, Carrier::Spnego])
}

fn negotiate() -> impl Strategy<Value = NtlmNegotiate> {
    (any::<u32>(), carrier()).prop_map(|(flags, carrier)| NtlmNegotiate { flags, carrier })
}

proptest! {
    #[test]
    fn requests_of_every_method_come_back(request in values::request()) {
        assert_eq!(parse(request.write()), Ok(request));
    }

    #[test]
    fn access_lists_come_back(list in values::access_list()) {
        assert_eq!(AccessList::parse(&list.write()), Ok(list));
    }

    #[test]
    fn call_backs_come_back(call_back in values::call_back()) {
        assert_eq!(CallBack::parse(&call_back.to_string()), Ok(call_back));
    }

    #[test]
    fn entities_come_back(mime in values::mime()) {
        let data = mime.write();
        assert!(data.chars().all(|c| c <= '\u{ff}'));
        assert_eq!(Mime::parse(&data), Ok(mime));
    }

    #[test]
    fn messages_come_back(
        from in values::identity(),
        to in vec(values::identity(), 1..4),
        mime in values::mime(),
    ) {
        let notification = Notification::parse(compose(&from, &to, &mime)).unwrap();
        assert_eq!(notification.mime().as_ref(), Ok(&mime));
        let Content::Message(message) = notification.content else { panic!() };
        assert_eq!((message.from, message.to, message.kind), (from, to, mime.kind));
    }

    /// With white space after it, it is read as whatever is well-formed, not by its layout.
    #[test]
    fn messages_as_we_write_them_are_opened_like_any_others(
        from in values::identity(),
        to in vec(values::identity(), 1..20),
        mime in values::mime(),
        broken in option::of((select(&b"<>&]'= \tax"[..]), any::<Index>())),
    ) {
        let mut document = compose(&from, &to, &mime).to_vec();
        if let Some((octet, at)) = broken {
            let at = at.index(document.len());
            document[at] = octet;
        }
        let opened = Notification::open(&document);
        if broken.is_none() {
            let opened = opened.as_ref().unwrap();
            assert_eq!((&opened.message.from, &opened.message.to, &opened.mime), (&from, &to, &mime));
        }
        document.push(b'\n');
        assert_eq!(opened, Notification::open(&document));
    }

    #[test]
    fn property_changes_come_back(change in values::property_change()) {
        let document = change.write();
        let content = Content::PropertyChange(change);
        assert_eq!(Notification::parse(document.clone()), Ok(Notification { document, content }));
    }

    #[test]
    fn credentials_come_back(authorization in authorization()) {
        assert_eq!(Authorization::parse(&authorization.write()), Ok(authorization));
    }

    #[test]
    fn challenges_come_back(realm in "[a-z.]{1,20}", nonce in "[0-9a-f]{1,40}", negotiate in negotiate(), challenge: [u8; 8]) {
        let value = HeaderValue::from_str(&digest_challenge(&realm, &nonce)).unwrap();
        let target = realm.clone();
        assert_eq!(DigestChallenge::parse(&value), Ok(DigestChallenge { realm, nonce, qop: true }));
        let value = HeaderValue::from_str(&ntlm_challenge(&negotiate, challenge, &target)).unwrap();
        let read = NtlmChallenge::parse(&value).unwrap();
        assert_eq!((read.challenge, read.target), (challenge, target));
    }

    #[test]
    fn answers_to_subscribe_come_back(
        (id, lifetime) in values::granted(),
        properties in values::properties(),
        call_back in values::call_back(),
    ) {
        let new = |kind| {
            Method::Subscribe(Subscribe::New { kind, call_back: call_back.clone(), lifetime })
        };
        let watched = Reply::Subscribed { id, lifetime, properties: Some(properties) };
        assert_eq!(reply(&new(SubscriptionKind::Property), &watched), Ok(watched));
        let bare = Reply::Subscribed { id, lifetime, properties: None };
        let refresh = Method::Subscribe(Subscribe::Refresh { id, lifetime });
        for method in [new(SubscriptionKind::Property), new(SubscriptionKind::Login), refresh] {
            assert_eq!(reply(&method, &bare), Ok(bare.clone()));
        }
    }

    #[test]
    fn answers_with_bodies_come_back(
        properties in values::properties(),
        names in values::names(),
        patched in values::patched(),
        subscribed in values::subscribed(),
        list in values::access_list(),
    ) {
        let kind = SubscriptionKind::Property;
        for (method, answer) in [
            (Method::Propfind(Propfind::All), Reply::Properties(properties)),
            (Method::Propfind(Propfind::Names), Reply::Properties(names)),
            (Method::Proppatch(Proppatch { patches: vec![] }), Reply::Patched(patched)),
            (Method::Subscriptions(Subscriptions { kind }), Reply::Subscriptions(subscribed)),
            (Method::Acl(Acl::Read), Reply::AccessList(list.clone())),
            (Method::Acl(Acl::Change(list)), Reply::AccessChanged),
        ] {
            assert_eq!(reply(&method, &answer), Ok(answer));
        }
    }

    #[test]
    fn no_octets_make_a_parser_panic(octets: Vec<u8>) {
        read_everything(&octets);
    }

    #[test]
    fn no_broken_token_makes_a_parser_panic(
        authorization in authorization(),
        at: Index,
        length in 0..10_usize,
        instead in vec(any::<u8>(), 0..10),
    ) {
        let value = authorization.write();
        let (scheme, token) = value.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
        let mut token = STANDARD.decode(token).unwrap_or_default();
        if !token.is_empty() {
            let begin = at.index(token.len());
            let end = token.len().min(begin + length);
            token.splice(begin..end, instead);
        }
        read_everything(format!("{scheme} {}", STANDARD.encode(&token)).as_bytes());
        let _ = Authorization::parse(&HeaderValue::from_str(&format!("Negotiate {}", STANDARD.encode(token))).unwrap());
    }

    #[test]
    fn no_broken_document_makes_a_parser_panic(
        method in values::method(),
        at: Index,
        length in 0..40_usize,
        instead in vec(any::<u8>(), 0..6),
    ) {
        let target = rvp::Principal::from_address("alice@im.example.com").unwrap();
        let written = Request { target, from: None, method }.write();
        let mut body = written.body().to_vec();
        if !body.is_empty() {
            let begin = at.index(body.len());
            let end = body.len().min(begin + length);
            body.splice(begin..end, instead);
        }
        read_everything(&body);
        let (parts, _) = written.into_parts();
        let _ = Request::parse(&parts, Bytes::from(body));
    }
}

/// Gives the octets to everything that reads octets from outside.
fn read_everything(octets: &[u8]) {
    let _ = AccessList::parse(octets);
    let _ = Notification::parse(Bytes::copy_from_slice(octets));
    if let Ok(value) = HeaderValue::from_bytes(octets) {
        let _ = Authorization::parse(&value);
        let _ = DigestChallenge::parse(&value);
        let _ = NtlmChallenge::parse(&value);
    }
    if let Ok(text) = std::str::from_utf8(octets) {
        let _ = Mime::parse(text);
        let _ = CallBack::parse(text);
        let _ = Domain::parse(text);
        let _ = Identity::parse(text);
    }
    let (parts, ()) = http::Response::builder()
        .status(207)
        .body(())
        .unwrap()
        .into_parts();
    let refresh = Subscribe::Refresh {
        id: SubscriptionId::new(1).unwrap(),
        lifetime: Lifetime(1),
    };
    for method in [
        Method::Subscribe(refresh),
        Method::Subscriptions(Subscriptions {
            kind: SubscriptionKind::Login,
        }),
        Method::Propfind(Propfind::Names),
        Method::Proppatch(Proppatch { patches: vec![] }),
        Method::Acl(Acl::Read),
    ] {
        let _ = Reply::parse(&method, &parts, octets);
    }
}
