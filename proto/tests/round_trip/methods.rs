//! Makers of the methods and of what is replied to them.

use super::nouns::{
    ack, call_back, credential, document, identity, kind, lease, lifetime, message_id, principal, property,
    property_name, state, subscription_id, text, view,
};
use http::StatusCode;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};
use rvp::access::{Credentials, Entry, Right, Who};
use rvp::method::propfind::Properties;
use rvp::method::proppatch::{Patch, Patched, StatePatch};
use rvp::method::subscriptions::Subscribed;
use rvp::method::{Acl, Notify, Propfind, Proppatch, Subscribe, Subscriptions, Unsubscribe};
use rvp::notification::{Content, Message, MessageKind, Notification, PropertyChange};
use rvp::{AccessList, Method, Reply};
use std::collections::BTreeSet;

pub(super) fn method() -> BoxedStrategy<Method> {
    prop_oneof![
        2 => subscribe().prop_map(Method::Subscribe),
        1 => subscription_id().prop_map(|id| Method::Unsubscribe(Unsubscribe { id })),
        1 => kind().prop_map(|kind| Method::Subscriptions(Subscriptions { kind })),
        3 => propfind().prop_map(Method::Propfind),
        1 => vec(patch(), 1..4).prop_map(|patches| Method::Proppatch(Proppatch { patches })),
        2 => notify().prop_map(Method::Notify),
        1 => Just(Method::Acl(Acl::Read)),
        1 => access_list().prop_map(|list| Method::Acl(Acl::Change(list))),
    ]
    .boxed()
}

fn subscribe() -> impl Strategy<Value = Subscribe> {
    prop_oneof![
        (kind(), call_back(), lifetime()).prop_map(|(kind, call_back, lifetime)| Subscribe::New {
            kind,
            call_back,
            lifetime
        }),
        (subscription_id(), lifetime()).prop_map(|(id, lifetime)| Subscribe::Refresh { id, lifetime }),
    ]
}

fn propfind() -> impl Strategy<Value = Propfind> {
    prop_oneof![
        vec(property_name(), 0..6).prop_map(Propfind::Named),
        Just(Propfind::All),
        Just(Propfind::Names),
    ]
}

fn patch() -> BoxedStrategy<Patch> {
    let of_state = (state(), option::of(lease()), option::of(view()));
    prop_oneof![
        of_state.prop_map(|(state, lease, view)| Patch::State(StatePatch { state, lease, view })),
        text().prop_map(Patch::DisplayName),
        property_name().prop_map(Patch::Other),
        Just(Patch::UnknownState),
    ]
    .boxed()
}

fn notify() -> BoxedStrategy<Notify> {
    let content = prop_oneof![
        message().prop_map(Content::Message),
        (principal(), vec(identity(), 0..3), vec(property(), 0..4)).prop_map(|(from, to, properties)| {
            Content::PropertyChange(PropertyChange { from, to, properties })
        }),
    ];
    (
        ack(),
        any::<u8>(),
        option::of(subscription_id()),
        option::of(message_id()),
        document(),
        content,
    )
        .prop_map(|(ack, hop, subscription, id, document, content)| Notify {
            ack,
            hop,
            subscription,
            id,
            notification: Notification { document, content },
        })
        .boxed()
}

fn message() -> impl Strategy<Value = Message> {
    let kinds = [
        MessageKind::Text,
        MessageKind::Typing,
        MessageKind::Join,
        MessageKind::Leave,
    ];
    (identity(), vec(identity(), 0..3), select(kinds.to_vec())).prop_map(|(from, to, kind)| Message {
        from,
        to,
        kind,
    })
}

fn access_list() -> impl Strategy<Value = AccessList> {
    vec(entry(), 0..4).prop_map(|entries| AccessList { entries })
}

fn entry() -> BoxedStrategy<Entry> {
    let who = prop_oneof![identity().prop_map(Who::One), Just(Who::All)];
    let credentials = prop_oneof![
        Just(Credentials::Any),
        btree_set(credential(), 1..=4).prop_map(Credentials::Listed),
    ];
    (who, credentials, rights(), rights())
        .prop_map(|(who, credentials, grant, deny)| Entry {
            who,
            credentials,
            grant,
            deny,
        })
        .boxed()
}

fn rights() -> impl Strategy<Value = BTreeSet<Right>> {
    subsequence(Right::ALL.to_vec(), 0..=Right::ALL.len()).prop_map(|rights| rights.into_iter().collect())
}

pub(super) fn reply() -> BoxedStrategy<Reply> {
    prop_oneof![
        2 => (subscription_id(), lifetime(), option::of(properties()))
            .prop_map(|(id, lifetime, properties)| Reply::Subscribed { id, lifetime, properties }),
        1 => Just(Reply::Unsubscribed),
        1 => vec(subscribed(), 0..4).prop_map(Reply::Subscriptions),
        1 => properties().prop_map(Reply::Properties),
        1 => patched().prop_map(Reply::Patched),
        1 => Just(Reply::Notified),
        1 => Just(Reply::Stored),
        1 => access_list().prop_map(Reply::AccessList),
        1 => Just(Reply::AccessChanged),
    ]
    .boxed()
}

fn subscribed() -> impl Strategy<Value = Subscribed> {
    (subscription_id(), call_back(), identity(), lifetime()).prop_map(|(id, call_back, subscriber, left)| {
        Subscribed {
            id,
            call_back,
            subscriber,
            left,
        }
    })
}

fn properties() -> BoxedStrategy<Properties> {
    let names = || vec(property_name(), 0..4);
    (principal(), vec(property(), 0..6), names(), names(), names())
        .prop_map(|(principal, found, names, forbidden, missing)| Properties {
            principal,
            found,
            names,
            forbidden,
            missing,
        })
        .boxed()
}

fn patched() -> impl Strategy<Value = Patched> {
    let statuses = [StatusCode::FORBIDDEN, StatusCode::CONFLICT, StatusCode::CONTINUE];
    (
        principal(),
        vec(patch(), 0..3),
        vec((property_name(), select(statuses.to_vec())), 0..3),
    )
        .prop_map(|(principal, done, refused)| Patched {
            principal,
            done,
            refused,
        })
}
