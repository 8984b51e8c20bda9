//! What each method's body may be.

use super::proppatch::{Patch, StatePatch};
use super::*;
use crate::notification::AckType;
use crate::property::{Lease, PropertyName};
use crate::request::tests::parse;
use crate::{Lifetime, ParseError, PresenceState, SubscriptionId, ViewId, limits};

const SPACES: &str = "xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/' xmlns:a='http://schemas.microsoft.com/rvp/acl/'";

fn proppatch(state: &str) -> Result<Vec<Patch>, ParseError> {
    let set = format!("<d:set><d:prop>{state}</d:prop></d:set>");
    let body = format!("<d:propertyupdate {SPACES}>{set}</d:propertyupdate>");
    let Method::Proppatch(proppatch) = parse("PROPPATCH", "", &body)?.method else {
        panic!()
    };
    Ok(proppatch.patches)
}

#[test]
fn properties_are_asked_with_depth_0_and_in_one_way() {
    let ask = |what: &str| {
        parse(
            "PROPFIND",
            "Depth: 0",
            &format!("<d:propfind {SPACES}>{what}</d:propfind>"),
        )
    };
    let form = |what: &str| {
        let Method::Propfind(propfind) = ask(what).unwrap().method else {
            panic!()
        };
        propfind
    };
    assert_eq!(form("<d:allprop/>"), Propfind::All);
    assert_eq!(form("\n <d:propname> </d:propname>\n"), Propfind::Names);
    let unknown = |dav: bool| PropertyName::Unknown {
        dav,
        local: "nick".into(),
    };
    assert_eq!(
        form("<d:prop><r:displayname/><d:state/><r:nick/><d:nick/><x:nick xmlns:x='urn:x'/></d:prop>"),
        Propfind::Named(vec![
            PropertyName::DisplayName,
            PropertyName::State,
            unknown(false),
            unknown(true),
            unknown(false)
        ])
    );
    let many = "<r:nick/>".repeat(limits::PROPERTIES_MAX + 1);
    let long = format!("<r:{}/>", "a".repeat(65));
    for what in [
        "",
        "<d:prop/>",
        "<d:allprop/><d:propname/>",
        "<d:allprop/><d:prop><r:state/></d:prop>",
        "<d:prop><r:state/></d:prop><d:prop><r:state/></d:prop>",
        "<d:prop><x:state xmlns:x='urn:x'/></d:prop>",
        &format!("<d:prop>{many}</d:prop>"),
        &format!("<d:prop>{long}</d:prop>"),
    ] {
        assert!(matches!(ask(what), Err(ParseError::BadElement { .. })), "{what}");
    }
    for headers in ["", "Depth: 1", "Depth: infinity", "Depth: ", "Depth: 0\nDepth: 0"] {
        assert_eq!(
            parse("PROPFIND", headers, "<d:propfind/>"),
            Err(ParseError::Depth),
            "{headers}"
        );
    }
    assert!(matches!(
        parse("PROPFIND", "Depth: 0", ""),
        Err(ParseError::BadXml(_))
    ));
}

#[test]
fn a_state_is_read_leased_or_flat_with_its_view_in_either_place() {
    let view = ViewId::new(3577);
    let leased = |timeout| {
        Some(Lease {
            default: PresenceState::Offline,
            timeout: Lifetime(timeout),
        })
    };
    let value = "<r:value><r:online/></r:value>";
    let default = "<r:default-value><r:offline/></r:default-value>";
    let id = "<r:view-id>3577</r:view-id>";
    for (state, lease, view) in [
        (
            format!("<r:leased-value>{value}{default}<d:timeout>1200</d:timeout></r:leased-value>"),
            leased(1200),
            None,
        ),
        (
            format!("<r:leased-value>{value}{default}<r:timeout> 14400 </r:timeout></r:leased-value>{id}"),
            leased(14400),
            view,
        ),
        (
            format!("{id}<r:leased-value>{value}<d:timeout>60</d:timeout></r:leased-value>"),
            leased(60),
            view,
        ),
        (
            format!("<r:leased-value>{value}<d:timeout>60</d:timeout>{id}</r:leased-value>"),
            leased(60),
            view,
        ),
        (
            format!("<r:leased-value>{value}{default}</r:leased-value>"),
            None,
            None,
        ),
        ("<r:online/>".into(), None, None),
        (format!("{id}<d:online/>"), None, view),
    ] {
        let expected = StatePatch {
            state: PresenceState::Online,
            lease,
            view,
        };
        let patches = proppatch(&format!("<r:state>{state}</r:state>"));
        assert_eq!(patches, Ok(vec![Patch::State(expected)]), "{state}");
    }
}

#[test]
fn a_state_without_a_value_or_with_an_impossible_view_is_refused() {
    let value = "<r:value><r:online/></r:value>";
    let id = "<r:view-id>3577</r:view-id>";
    for state in [
        "".to_owned(),
        id.to_owned(),
        "<r:leased-value/>".to_owned(),
        "<r:leased-value><r:value/></r:leased-value>".to_owned(),
        format!("<r:leased-value>{value}<d:timeout>soon</d:timeout></r:leased-value>"),
        format!("<r:leased-value>{value}{value}</r:leased-value>"),
        format!("<r:leased-value>{value}{id}</r:leased-value>{id}"),
        "<r:online/><r:view-id>0</r:view-id>".to_owned(),
        "<r:online/><r:view-id>2147483648</r:view-id>".to_owned(),
        "<r:online/><r:view-id>main</r:view-id>".to_owned(),
    ] {
        let result = proppatch(&format!("<r:state>{state}</r:state>"));
        assert!(
            matches!(result, Err(ParseError::BadElement { .. })),
            "{state} {result:?}"
        );
    }
}

#[test]
fn what_cannot_be_set_is_kept_for_the_answer() {
    assert_eq!(
        proppatch(
            "<r:state><r:dnd/></r:state><d:displayname> Al </d:displayname><r:email>x</r:email><r:nick>x</r:nick>\
             <d:displayname><r:leased-value><r:value>Alice</r:value></r:leased-value></d:displayname>"
        ),
        Ok(vec![
            Patch::UnknownState,
            Patch::DisplayName("Al".into()),
            Patch::Other(PropertyName::Email),
            Patch::Other(PropertyName::Unknown {
                dav: false,
                local: "nick".into()
            }),
            Patch::DisplayName("Alice".into()),
        ])
    );
    let long = "x".repeat(limits::TEXT_CHARS_MAX + 1);
    assert!(proppatch(&format!("<d:displayname>{long}</d:displayname>")).is_err());
    assert!(proppatch(&"<r:nick/>".repeat(limits::PROPERTIES_MAX + 1)).is_err());
    assert!(proppatch("").is_err());
    let set = "<d:set><d:prop><r:state><r:away/></r:state></d:prop></d:set>";
    let update =
        |root: &str, inner: &str| parse("PROPPATCH", "", &format!("<{root} {SPACES}>{inner}</{root}>"));
    assert!(update("r:propupdate", set).is_ok());
    assert!(update("d:propfind", set).is_err());
    assert!(
        update(
            "d:propertyupdate",
            "<d:remove><d:prop><r:state/></d:prop></d:remove>"
        )
        .is_err()
    );
    assert!(update("d:propertyupdate", &set.replace("d:prop", "d:props")).is_err());
}

#[test]
fn a_notification_counts_its_hops_and_says_when_to_answer() {
    let document = format!(
        "<r:notification {SPACES}><r:message><r:notification-from><r:contact><d:href>im.example.org</d:href>\
         </r:contact></r:notification-from><r:notification-to><r:contact><d:href>im.example.com</d:href>\
         </r:contact></r:notification-to><r:msgbody><r:mime-data/></r:msgbody></r:message></r:notification>"
    );
    let notify = |headers: &str| {
        let Method::Notify(notify) = parse("NOTIFY", headers, &document)?.method else {
            panic!()
        };
        Ok((
            notify.ack,
            notify.hop,
            notify.subscription.map(SubscriptionId::get),
            notify.id.map(|id| id.to_string()),
        ))
    };
    assert_eq!(notify(""), Ok((AckType::DeepOr, 1, None, None)));
    let all = "RVP-Ack-Type: deepand\nRVP-Hop-Count: 8\nSubscription-Id: 5\nMessage-Id: <a@b>\n\
               Content-Type: text/plain";
    let id = Some("<a@b>".to_owned());
    assert_eq!(notify(all), Ok((AckType::DeepAnd, 8, Some(5), id)));
    for hop in ["9", "255", "256", "99999999999"] {
        assert_eq!(
            notify(&format!("RVP-Hop-Count: {hop}")),
            Err(ParseError::TooManyHops),
            "{hop}"
        );
    }
    for line in [
        "RVP-Hop-Count: 0",
        "RVP-Hop-Count: -1",
        "RVP-Hop-Count: one",
        "RVP-Ack-Type: ShallowAnd",
        "Message-Id: ",
        "Message-Id: a b",
        "Message-Id: a\nMessage-Id: b",
    ] {
        assert!(
            matches!(notify(line), Err(ParseError::BadHeader { .. })),
            "{line}"
        );
    }
}

#[test]
fn an_access_list_without_credentials_is_refused_and_no_body_reads_it() {
    assert_eq!(parse("ACL", "", " \r\n").unwrap().method, Method::Acl(Acl::Read));
    let error = Err(ParseError::BadElement {
        element: "credentials",
        reason: "not specified",
    });
    let body = format!(
        "<a:rvpacl {SPACES}><a:acl><a:ace><a:principal><a:allprincipals/></a:principal></a:ace></a:acl></a:rvpacl>"
    );
    assert_eq!(parse("ACL", "", &body), error);
}
