//! Arbitrary values of the protocol, within what can be written.

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use rvp::access::{Credentials, Entry, Right, Who};
use rvp::method::propfind::Properties;
use rvp::method::proppatch::{Patch, Patched, StatePatch};
use rvp::method::subscriptions::Subscribed;
use rvp::method::{Acl, Notify, Propfind, Proppatch, Subscribe, Subscriptions, Unsubscribe};
use rvp::notification::{AckType, MessageKind, Notification, PropertyChange, compose};
use rvp::property::{Lease, PropertyName};
use rvp::{
    AccessList, CallBack, ClientUrl, Credential, Domain, Identity, Lifetime, MessageId, Method, Mime,
    PresenceState, Principal, Property, Request, SubscriptionId, SubscriptionKind, ViewId,
};

/// Text that XML can hold, without white space around it.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{0,8}",
        select(vec![
            "]]>", "&amp;", "<", "\r\n", "\t", "\u{fc}", "\u{20ac}", "\u{ffff}"
        ])
        .prop_map(String::from),
    ];
    vec(pieces, 0..8).prop_map(|pieces| {
        let legal = |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
        let text: String = pieces.concat().chars().filter(legal).collect();
        text.trim_matches([' ', '\t', '\r', '\n']).to_owned()
    })
}

fn domain() -> impl Strategy<Value = Domain> {
    "[a-z][a-z0-9-]{0,8}(\\.[a-z0-9]{1,8}){1,2}(:[1-9][0-9]{0,3})?"
        .prop_map(|text| Domain::parse(&text).unwrap())
}

pub(crate) fn principal() -> impl Strategy<Value = Principal> {
    (domain(), "[a-zA-Z0-9._+~!$&'=-]{1,64}")
        .prop_map(|(domain, name)| Principal::new(&domain, &name).unwrap())
}

pub(crate) fn identity() -> impl Strategy<Value = Identity> {
    prop_oneof![
        principal().prop_map(Identity::Person),
        domain().prop_map(Identity::Server)
    ]
}

fn client_url() -> impl Strategy<Value = ClientUrl> {
    let host = prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| std::net::Ipv4Addr::from(octets).to_string()),
        any::<[u8; 16]>().prop_map(|octets| format!("[{}]", std::net::Ipv6Addr::from(octets))),
        "[a-zA-Z][a-zA-Z0-9-]{0,8}(\\.[a-z]{1,8}){0,2}",
    ];
    (host, 1..=u16::MAX, "(/[a-z0-9%_.]{0,9}){0,2}(\\?[a-z=&]{0,9})?")
        .prop_map(|(host, port, path)| ClientUrl::parse(&format!("http://{host}:{port}{path}")).unwrap())
}

pub(crate) fn call_back() -> impl Strategy<Value = CallBack> {
    prop_oneof![
        principal().prop_map(CallBack::Principal),
        client_url().prop_map(CallBack::Client)
    ]
}

fn id() -> impl Strategy<Value = SubscriptionId> {
    (1..=0x7fff_ffff_u32).prop_map(|number| SubscriptionId::new(number).unwrap())
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    (1..=u32::MAX).prop_map(Lifetime)
}

fn kind() -> impl Strategy<Value = SubscriptionKind> {
    select(vec![SubscriptionKind::Login, SubscriptionKind::Property])
}

fn state() -> impl Strategy<Value = PresenceState> {
    select(PresenceState::ALL.to_vec())
}

/// A name of a property that no node has.
fn unknown() -> impl Strategy<Value = PropertyName> {
    (any::<bool>(), "x[a-zA-Z0-9._\u{e4}-]{0,63}")
        .prop_map(|(dav, local)| PropertyName::Unknown { dav, local })
}

fn name() -> impl Strategy<Value = PropertyName> {
    prop_oneof![select(PropertyName::KNOWN.to_vec()), unknown()]
}

/// Nobody is told that somebody is invisible, so that state would not come back.
fn property() -> impl Strategy<Value = Property> {
    prop_oneof![
        state().prop_map(|state| Property::State(state.shown())),
        text().prop_map(Property::DisplayName),
        text().prop_map(Property::Email),
        any::<bool>().prop_map(Property::MobileState),
        text().prop_map(Property::MobileDescription),
    ]
}

fn state_patch() -> impl Strategy<Value = Patch> {
    let lease = (state(), lifetime()).prop_map(|(default, timeout)| Lease { default, timeout });
    let view = (1..=0x7fff_ffff_u32).prop_map(|number| ViewId::new(number).unwrap());
    (state(), option::of(lease), option::of(view))
        .prop_map(|(state, lease, view)| Patch::State(StatePatch { state, lease, view }))
}

fn patch() -> impl Strategy<Value = Patch> {
    let other = prop_oneof![
        Just(PropertyName::Email),
        Just(PropertyName::MobileState),
        unknown()
    ];
    prop_oneof![
        state_patch(),
        text().prop_map(Patch::DisplayName),
        other.prop_map(Patch::Other),
        Just(Patch::UnknownState),
    ]
}

pub(crate) fn access_list() -> impl Strategy<Value = AccessList> {
    let rights = || btree_set(select(Right::ALL.to_vec()), 0..10);
    let listed = btree_set(select(Credential::ALL.to_vec()), 1..4).prop_map(Credentials::Listed);
    let credentials = prop_oneof![Just(Credentials::Any), listed];
    let who = prop_oneof![Just(Who::All), identity().prop_map(Who::One)];
    let entry = (who, credentials, rights(), rights()).prop_map(|(who, credentials, grant, deny)| Entry {
        who,
        credentials,
        grant,
        deny,
    });
    vec(entry, 0..5).prop_map(|entries| AccessList { entries })
}

pub(crate) fn mime() -> impl Strategy<Value = Mime> {
    let kinds = [
        MessageKind::Text,
        MessageKind::Typing,
        MessageKind::Join,
        MessageKind::Leave,
    ];
    let session = "\\{[0-9A-F-]{1,36}\\}";
    let format = option::of("FN=[A-Za-z0-9%\u{20ac}]{1,20}; EF=[BIUS]{0,2}; CO=0");
    (
        select(kinds.to_vec()),
        session,
        format,
        "[a-z]{1,9}@[a-z]{1,9}",
        text(),
    )
        .prop_map(|(kind, session_id, format, user, text)| Mime {
            kind,
            session_id,
            format,
            typing_user: (kind == MessageKind::Typing).then_some(user),
            text: if kind == MessageKind::Text {
                text
            } else {
                String::new()
            },
        })
}

pub(crate) fn property_change() -> impl Strategy<Value = PropertyChange> {
    (principal(), vec(identity(), 1..4), vec(property(), 0..6))
        .prop_map(|(from, to, properties)| PropertyChange { from, to, properties })
}

fn notification() -> impl Strategy<Value = Notification> {
    let message =
        (identity(), vec(identity(), 1..4), mime()).prop_map(|(from, to, mime)| compose(&from, &to, &mime));
    let change = property_change().prop_map(|change| change.write());
    prop_oneof![message, change].prop_map(|document| Notification::parse(document).unwrap())
}

fn notify() -> impl Strategy<Value = Notify> {
    (
        select(AckType::ALL.to_vec()),
        1..=8_u8,
        option::of(id()),
        option::of("[!-~]{1,64}".prop_map(|text| MessageId::parse(&text).unwrap())),
        notification(),
    )
        .prop_map(|(ack, hop, subscription, id, notification)| Notify {
            ack,
            hop,
            subscription,
            id,
            notification,
        })
}

fn subscribe() -> impl Strategy<Value = Subscribe> {
    prop_oneof![
        (kind(), call_back(), lifetime()).prop_map(|(kind, call_back, lifetime)| Subscribe::New {
            kind,
            call_back,
            lifetime
        }),
        (id(), lifetime()).prop_map(|(id, lifetime)| Subscribe::Refresh { id, lifetime }),
    ]
}

fn propfind() -> impl Strategy<Value = Propfind> {
    prop_oneof![
        vec(name(), 1..9).prop_map(Propfind::Named),
        Just(Propfind::All),
        Just(Propfind::Names)
    ]
}

pub(crate) fn method() -> impl Strategy<Value = Method> {
    prop_oneof![
        subscribe().prop_map(Method::Subscribe),
        id().prop_map(|id| Method::Unsubscribe(Unsubscribe { id })),
        kind().prop_map(|kind| Method::Subscriptions(Subscriptions { kind })),
        propfind().prop_map(Method::Propfind),
        vec(patch(), 1..5).prop_map(|patches| Method::Proppatch(Proppatch { patches })),
        notify().prop_map(Method::Notify),
        access_list().prop_map(|list| Method::Acl(Acl::Change(list))),
        Just(Method::Acl(Acl::Read)),
    ]
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    (principal(), option::of(identity()), method()).prop_map(|(target, from, method)| Request {
        target,
        from,
        method,
    })
}

/// Properties with values, as watchers and PROPFIND are told.
pub(crate) fn properties() -> impl Strategy<Value = Properties> {
    (
        principal(),
        vec(property(), 0..6),
        vec(name(), 0..3),
        vec(name(), 0..3),
    )
        .prop_map(|(principal, found, forbidden, missing)| Properties {
            principal,
            found,
            names: vec![],
            forbidden,
            missing,
        })
}

/// Properties without values.
pub(crate) fn names() -> impl Strategy<Value = Properties> {
    (principal(), vec(name(), 0..6)).prop_map(|(principal, names)| Properties {
        principal,
        found: vec![],
        names,
        forbidden: vec![],
        missing: vec![],
    })
}

pub(crate) fn patched() -> impl Strategy<Value = Patched> {
    let done = prop_oneof![state_patch(), text().prop_map(Patch::DisplayName)];
    (principal(), vec(done, 0..3), vec(name(), 0..3), vec(name(), 0..3)).prop_map(
        |(principal, done, forbidden, conflict)| {
            let with = |names: Vec<_>, status| names.into_iter().map(move |name| (name, status));
            let forbidden = with(forbidden, http::StatusCode::FORBIDDEN);
            let refused = forbidden
                .chain(with(conflict, http::StatusCode::CONFLICT))
                .collect();
            Patched {
                principal,
                done,
                refused,
            }
        },
    )
}

pub(crate) fn subscribed() -> impl Strategy<Value = Vec<Subscribed>> {
    let line = (id(), call_back(), identity(), any::<u32>()).prop_map(|(id, call_back, subscriber, left)| {
        Subscribed {
            id,
            call_back,
            subscriber,
            left: Lifetime(left),
        }
    });
    vec(line, 0..4)
}

pub(crate) fn granted() -> impl Strategy<Value = (SubscriptionId, Lifetime)> {
    (id(), lifetime())
}
