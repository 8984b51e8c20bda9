//! Makers of the nouns: people, subscriptions, properties, texts.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use rvp::notification::AckType;
use rvp::property::{Lease, PropertyName};
use rvp::{
    CallBack, Caller, ClientUrl, Credential, Domain, Identity, Lifetime, MessageId, PresenceState, Principal,
    Property, SubscriptionId, SubscriptionKind, ViewId,
};

/// Ids fit a signed 32-bit integer.
const ID_MAX: u32 = i32::MAX.unsigned_abs();

/// Any id of a message.
pub(super) fn message_id() -> impl Strategy<Value = MessageId> {
    "[!-~]{1,64}".prop_map(|text| MessageId::parse(&text).expect("visible ASCII within the limit"))
}

/// Any text, of any length that matters here, empty too.
pub(super) fn text() -> impl Strategy<Value = String> {
    "(?s).{0,24}"
}

pub(super) fn octets() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

pub(super) fn document() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn domain() -> impl Strategy<Value = Domain> {
    (
        "[A-Za-z][A-Za-z0-9_-]{0,8}(\\.[a-z][a-z0-9]{1,8}){0,2}",
        option::of(1..=u16::MAX),
    )
        .prop_map(|(host, port)| {
            let text = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
            Domain::parse(&text).expect("a legal host")
        })
}

pub(super) fn principal() -> impl Strategy<Value = Principal> {
    (domain(), "[A-Za-z0-9._+~!$&'=-]{1,64}")
        .prop_map(|(domain, name)| Principal::new(&domain, &name).expect("a legal name"))
}

pub(super) fn identity() -> impl Strategy<Value = Identity> {
    prop_oneof![
        3 => principal().prop_map(Identity::Person),
        1 => domain().prop_map(Identity::Server),
    ]
}

pub(super) fn credential() -> impl Strategy<Value = Credential> {
    select(&Credential::ALL[..])
}

pub(super) fn caller() -> impl Strategy<Value = Caller> {
    (identity(), credential()).prop_map(|(identity, credential)| Caller { identity, credential })
}

pub(super) fn client_url() -> impl Strategy<Value = ClientUrl> {
    let host = prop_oneof![
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| format!("[{address}]")),
        domain().prop_map(|domain| domain.without_port().as_str().to_owned()),
    ];
    (host, 1..=u16::MAX, "(/[a-z0-9]{1,6}){0,2}(\\?[a-z0-9=&]{1,6})?").prop_map(|(host, port, path)| {
        ClientUrl::parse(&format!("http://{host}:{port}{path}")).expect("a legal URL")
    })
}

pub(super) fn call_back() -> impl Strategy<Value = CallBack> {
    prop_oneof![
        principal().prop_map(CallBack::Principal),
        client_url().prop_map(CallBack::Client)
    ]
}

pub(super) fn subscription_id() -> impl Strategy<Value = SubscriptionId> {
    prop_oneof![Just(1), Just(ID_MAX), 1..=ID_MAX].prop_map(|n| SubscriptionId::new(n).expect("in range"))
}

pub(super) fn kind() -> impl Strategy<Value = SubscriptionKind> {
    prop_oneof![Just(SubscriptionKind::Login), Just(SubscriptionKind::Property)]
}

pub(super) fn lifetime() -> impl Strategy<Value = Lifetime> {
    any::<u32>().prop_map(Lifetime)
}

pub(super) fn ack() -> impl Strategy<Value = AckType> {
    prop_oneof![
        Just(AckType::SingleHop),
        Just(AckType::DeepOr),
        Just(AckType::DeepAnd)
    ]
}

pub(super) fn state() -> impl Strategy<Value = PresenceState> {
    select(&PresenceState::ALL[..])
}

pub(super) fn property() -> impl Strategy<Value = Property> {
    prop_oneof![
        state().prop_map(Property::State),
        text().prop_map(Property::DisplayName),
        text().prop_map(Property::Email),
        any::<bool>().prop_map(Property::MobileState),
        text().prop_map(Property::MobileDescription),
    ]
}

pub(super) fn property_name() -> impl Strategy<Value = PropertyName> {
    prop_oneof![
        2 => select(&PropertyName::KNOWN[..]),
        1 => (any::<bool>(), "[A-Za-z_é][A-Za-z0-9é._-]{0,63}")
            .prop_map(|(dav, local)| PropertyName::Unknown { dav, local }),
    ]
}

pub(super) fn lease() -> impl Strategy<Value = Lease> {
    (state(), lifetime()).prop_map(|(default, timeout)| Lease { default, timeout })
}

pub(super) fn view() -> impl Strategy<Value = ViewId> {
    prop_oneof![Just(1), Just(ID_MAX), 1..=ID_MAX].prop_map(|n| ViewId::new(n).expect("in range"))
}
