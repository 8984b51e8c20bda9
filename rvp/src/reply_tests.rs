use super::*;
use crate::method::proppatch::{Patch, StatePatch};
use crate::method::{Propfind, Proppatch, Subscriptions};
use crate::property::{Lease, PropertyName};
use crate::{CallBack, Fault, Identity, PresenceState, Principal, Property, ViewId};

const PROLOG: &str = "<?xml version=\"1.0\"?>";
const SPACES: &str = "xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/' xmlns:a='http://schemas.microsoft.com/rvp/acl/'";
const BOB: &str = "http://im.example.org/instmsg/aliases/bob";

fn bob() -> Principal {
    Principal::from_url(BOB).unwrap()
}

fn written(reply: &Reply) -> (u16, String) {
    let response = reply.write();
    assert_eq!(response.headers()["rvp-notifications-version"], "0.2");
    assert_eq!(
        response.headers()["content-length"],
        response.body().len().to_string().as_str()
    );
    if response.body().is_empty() {
        assert!(!response.headers().contains_key("content-type"));
    } else {
        assert_eq!(response.headers()["content-type"], "text/xml");
    }
    (
        response.status().as_u16(),
        String::from_utf8(response.body().to_vec()).unwrap(),
    )
}

fn multistatus(propstats: &str) -> String {
    let response = format!("<d:response><d:href>{BOB}</d:href>{propstats}</d:response>");
    format!("{PROLOG}<d:multistatus {SPACES}>{response}</d:multistatus>")
}

#[test]
fn a_new_property_subscription_is_answered_with_the_properties() {
    let reply = Reply::Subscribed {
        id: SubscriptionId::new(40018).unwrap(),
        lifetime: Lifetime(14400),
        properties: Some(Properties {
            principal: bob(),
            found: vec![
                Property::State(PresenceState::Away),
                Property::DisplayName("Bob Baker".into()),
                Property::Email("bob@example.org".into()),
                Property::MobileState(false),
                Property::MobileDescription(String::new()),
            ],
            names: vec![],
            forbidden: vec![],
            missing: vec![],
        }),
    };
    // The sample of spec 3.2.
    let expected = "<?xml version=\"1.0\"?><d:multistatus xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/' xmlns:a='http://schemas.microsoft.com/rvp/acl/'><d:response><d:href>http://im.example.org/instmsg/aliases/bob</d:href><d:propstat><d:prop><r:state><r:away/></r:state><d:displayname>Bob Baker</d:displayname><r:email>bob@example.org</r:email><r:mobile-state>0</r:mobile-state><r:mobile-description></r:mobile-description></d:prop><d:status>HTTP/1.1 200 Successful</d:status></d:propstat></d:response></d:multistatus>";
    assert_eq!(written(&reply), (207, expected.into()));
    let headers = reply.write().headers().clone();
    assert_eq!(
        (&headers["subscription-id"], &headers["subscription-lifetime"]),
        (&"40018".parse().unwrap(), &"14400".parse().unwrap())
    );
}

#[test]
fn a_log_on_and_a_renewal_are_answered_without_a_body() {
    let reply = Reply::Subscribed {
        id: SubscriptionId::new(1).unwrap(),
        lifetime: Lifetime(60),
        properties: None,
    };
    for reply in [reply, Reply::Unsubscribed, Reply::Notified, Reply::AccessChanged] {
        assert_eq!(written(&reply), (200, String::new()));
    }
    assert_eq!(written(&Reply::Stored), (202, String::new()));
}

#[test]
fn invisible_people_are_shown_offline() {
    let found = vec![Property::State(PresenceState::Invisible)];
    let properties = Properties {
        principal: bob(),
        found,
        names: vec![],
        forbidden: vec![],
        missing: vec![],
    };
    let watched = Reply::Subscribed {
        id: SubscriptionId::new(1).unwrap(),
        lifetime: Lifetime(60),
        properties: Some(properties.clone()),
    };
    for reply in [Reply::Properties(properties), watched] {
        let (_, body) = written(&reply);
        assert!(
            body.contains("<r:state><r:offline/></r:state>") && !body.contains("invisible"),
            "{body}"
        );
    }
}

#[test]
fn properties_are_grouped_by_status() {
    let reply = Reply::Properties(Properties {
        principal: bob(),
        found: vec![Property::DisplayName("Bob Baker".into())],
        names: vec![],
        forbidden: vec![PropertyName::State],
        missing: vec![
            PropertyName::Unknown {
                dav: false,
                local: "nick".into(),
            },
            PropertyName::Unknown {
                dav: true,
                local: "owner".into(),
            },
        ],
    });
    let expected = multistatus(
        "<d:propstat><d:prop><d:displayname>Bob Baker</d:displayname></d:prop>\
         <d:status>HTTP/1.1 200 Successful</d:status></d:propstat>\
         <d:propstat><d:prop><r:state/></d:prop><d:status>HTTP/1.1 403 Forbidden</d:status></d:propstat>\
         <d:propstat><d:prop><r:nick/><d:owner/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>",
    );
    assert_eq!(written(&reply), (207, expected));
}

#[test]
fn names_are_told_without_values() {
    let names = PropertyName::KNOWN.to_vec();
    let properties = Properties {
        principal: bob(),
        found: vec![],
        names,
        forbidden: vec![],
        missing: vec![],
    };
    let expected = multistatus(
        "<d:propstat><d:prop><r:state/><d:displayname/><r:email/><r:mobile-state/><r:mobile-description/></d:prop>\
         <d:status>HTTP/1.1 200 Successful</d:status></d:propstat>",
    );
    assert_eq!(written(&Reply::Properties(properties)), (207, expected));
}

#[test]
fn what_was_set_is_echoed_with_lease_and_view_even_if_invisible() {
    let set = |state| {
        Patch::State(StatePatch {
            state,
            lease: Some(Lease {
                default: PresenceState::Offline,
                timeout: Lifetime(1200),
            }),
            view: ViewId::new(3577),
        })
    };
    let refused = |local: &str, status| {
        (
            PropertyName::Unknown {
                dav: false,
                local: local.into(),
            },
            status,
        )
    };
    let reply = |done, refused| {
        Reply::Patched(Patched {
            principal: bob(),
            done,
            refused,
        })
    };
    let state = |name: &str| {
        format!(
            "<d:propstat><d:prop><r:state><r:leased-value><r:value><r:{name}/></r:value><r:default-value>\
             <r:offline/></r:default-value><d:timeout>1200</d:timeout></r:leased-value><r:view-id>3577\
             </r:view-id></r:state></d:prop><d:status>HTTP/1.1 200 Successful</d:status></d:propstat>"
        )
    };
    let online = reply(vec![set(PresenceState::Online)], vec![]);
    assert_eq!(written(&online), (207, multistatus(&state("online"))));
    let invisible = reply(vec![set(PresenceState::Invisible)], vec![]);
    assert_eq!(written(&invisible), (207, multistatus(&state("invisible"))));

    let flat = Patch::State(StatePatch {
        state: PresenceState::Offline,
        lease: None,
        view: ViewId::new(7),
    });
    let mixed = reply(
        vec![flat],
        vec![
            refused("a", StatusCode::CONFLICT),
            refused("b", StatusCode::FORBIDDEN),
            refused("c", StatusCode::CONFLICT),
        ],
    );
    let expected = multistatus(
        "<d:propstat><d:prop><r:state><r:offline/><r:view-id>7</r:view-id></r:state></d:prop>\
         <d:status>HTTP/1.1 200 Successful</d:status></d:propstat>\
         <d:propstat><d:prop><r:b/></d:prop><d:status>HTTP/1.1 403 Forbidden</d:status></d:propstat>\
         <d:propstat><d:prop><r:a/><r:c/></d:prop><d:status>HTTP/1.1 409 Conflict</d:status></d:propstat>",
    );
    assert_eq!(written(&mixed), (207, expected));
}

#[test]
fn subscriptions_are_listed_with_watcher_and_time_left() {
    let line = Subscribed {
        id: SubscriptionId::new(40020).unwrap(),
        call_back: CallBack::Principal(bob()),
        subscriber: Identity::Person(bob()),
        left: Lifetime(13120),
    };
    let expected = format!(
        "{PROLOG}<r:subscriptions {SPACES}><r:subscription><r:subscription-id>40020</r:subscription-id>\
         <d:href>{BOB}</d:href><a:principal><a:rvp-principal>{BOB}</a:rvp-principal></a:principal>\
         <d:timeout>13120</d:timeout></r:subscription></r:subscriptions>"
    );
    assert_eq!(written(&Reply::Subscriptions(vec![line])), (200, expected));
    let nobody = format!("{PROLOG}<r:subscriptions {SPACES}/>");
    assert_eq!(written(&Reply::Subscriptions(vec![])), (200, nobody));
}

fn answered(status: u16, headers: &[(&str, &str)]) -> Parts {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

#[test]
fn only_a_success_of_the_right_form_is_a_reply() {
    let all = Method::Propfind(Propfind::All);
    for status in [302, 401, 404, 412, 500] {
        let error = Err(ParseError::BadResponse("is not a success"));
        assert_eq!(Reply::parse(&all, &answered(status, &[]), b""), error);
    }
    let found = |status: &str| {
        multistatus(&format!(
            "<d:propstat><d:prop><r:email>x</r:email></d:prop><d:status>{status}</d:status></d:propstat>"
        ))
    };
    let parse = |body: &str| Reply::parse(&all, &answered(207, &[]), body.as_bytes());
    assert!(parse(&found("HTTP/1.1 200 OK")).is_ok());
    for body in [
        String::new(),
        found("200"),
        found("HTTP/1.1 OK"),
        found("HTTP/1.1 99 X"),
        found("HTTP/1.1 200 OK").replace("multistatus", "multi"),
        found("HTTP/1.1 200 OK").replace("d:href", "d:ref"),
        found("HTTP/1.1 200 OK").replace("d:response>", "d:answer>"),
        found("HTTP/1.1 200 OK").replace("<d:response>", "<d:response/><d:response>"),
    ] {
        assert!(parse(&body).is_err(), "{body}");
    }
    let new = Method::Subscriptions(Subscriptions {
        kind: SubscriptionKind::Login,
    });
    for body in ["", "<a/>", "<r:subscriptions/>"] {
        assert!(
            Reply::parse(&new, &answered(200, &[]), body.as_bytes()).is_err(),
            "{body}"
        );
    }
    let renew = Method::Subscribe(Subscribe::Refresh {
        id: SubscriptionId::new(1).unwrap(),
        lifetime: Lifetime(9),
    });
    let id = ("subscription-id", "1");
    assert!(Reply::parse(&renew, &answered(200, &[id, ("subscription-lifetime", "9")]), b"").is_ok());
    assert!(Reply::parse(&renew, &answered(200, &[id]), b"").is_err());
    assert!(Reply::parse(&renew, &answered(200, &[("subscription-lifetime", "9")]), b"").is_err());
    let patch = Method::Proppatch(Proppatch { patches: vec![] });
    assert!(Reply::parse(&patch, &answered(200, &[]), b"").is_err());
}

#[test]
fn faults_say_why_and_when_to_try_again() {
    for fault in Fault::ALL {
        let response = fault.write();
        assert_eq!(response.status(), fault.status());
        assert_eq!(response.headers()["rvp-notifications-version"], "0.2");
        assert_eq!(response.headers()["content-type"], "text/html");
        assert_eq!(
            response.headers()["content-length"],
            response.body().len().to_string().as_str()
        );
        assert_eq!(
            response.body(),
            format!("<html><body>{}</body></html>", fault.reason()).as_bytes()
        );
        let again = response.headers().get("retry-after");
        let seconds = fault.retry_after().map(|seconds| seconds.to_string());
        assert_eq!(again.map(|value| value.to_str().unwrap().to_owned()), seconds);
        let passes = fault.status() == StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(seconds.is_some(), passes, "{fault:?}");
    }
}

#[test]
fn reasons_are_those_of_exchange() {
    for (status, reason) in [
        (200, "Successful"),
        (207, "Multi-Status"),
        (302, "Object Moved"),
        (401, "Access Denied"),
        (403, "Forbidden"),
        (409, "Conflict"),
        (412, "Precondition Failed"),
        (500, "Internal Server Error"),
        (501, "Not Implemented"),
        (599, "Other"),
    ] {
        assert_eq!(reason_phrase(StatusCode::from_u16(status).unwrap()), reason);
    }
}
