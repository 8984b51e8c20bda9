//! What clients say, in few words.

use bytes::Bytes;
use rvp::access::{AccessList, Credentials, Entry, Right, Who};
use rvp::method::proppatch::{Patch, StatePatch};
use rvp::method::{Acl, Notify, Proppatch, Subscribe, Unsubscribe};
use rvp::notification::{AckType, Content, Message, MessageKind, Notification};
use rvp::property::Lease;
use rvp::{
    CallBack, Caller, ClientUrl, Credential, Identity, Lifetime, MessageId, Method, PresenceState, Principal,
    SubscriptionId, SubscriptionKind, ViewId,
};
use std::collections::BTreeSet;

/// The lease of a state that most clients ask for, in seconds.
pub(super) const LEASE: u64 = 1_200;

/// The lifetime of a subscription that most clients ask for, in seconds.
pub(super) const LIFETIME: u64 = 14_400;

/// A text message, as far as the core can tell.
pub(super) const DOCUMENT: &[u8] = b"<not read again/>";

pub(super) fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

/// So many people, of whom none is named elsewhere.
pub(super) fn watchers(count: usize) -> Vec<Principal> {
    (0..count)
        .map(|number| person(&format!("watcher{number}")))
        .collect()
}

/// Whose presentity is tested.
pub(super) fn alice() -> Principal {
    person("alice")
}

pub(super) fn bob() -> Principal {
    person("bob")
}

pub(super) fn carol() -> Principal {
    person("carol")
}

pub(super) fn showing(person: &Principal, credential: Credential) -> Caller {
    let identity = Identity::Person(person.clone());
    Caller { identity, credential }
}

/// Somebody who proved who they are, as most clients do.
pub(super) fn proved(person: &Principal) -> Caller {
    showing(person, Credential::Digest)
}

/// Somebody who only says who they are.
pub(super) fn asserted(person: &Principal) -> Caller {
    showing(person, Credential::Assertion)
}

/// A client's listener, told apart by its port.
pub(super) fn listener(port: u16) -> ClientUrl {
    ClientUrl::parse(&format!("http://192.0.2.10:{port}")).unwrap()
}

pub(super) fn subscribe(kind: SubscriptionKind, call_back: CallBack, seconds: u32) -> Method {
    let lifetime = Lifetime(seconds);
    Method::Subscribe(Subscribe::New {
        kind,
        call_back,
        lifetime,
    })
}

/// A log-on of a client that listens on this port.
pub(super) fn log_on(port: u16) -> Method {
    log_on_for(port, 14_400)
}

pub(super) fn log_on_for(port: u16, seconds: u32) -> Method {
    let call_back = CallBack::Client(listener(port));
    subscribe(SubscriptionKind::Login, call_back, seconds)
}

/// A watch whose changes go to this person.
pub(super) fn watch(watcher: &Principal) -> Method {
    watch_for(watcher, 14_400)
}

pub(super) fn watch_for(watcher: &Principal, seconds: u32) -> Method {
    let call_back = CallBack::Principal(watcher.clone());
    subscribe(SubscriptionKind::Property, call_back, seconds)
}

pub(super) fn refresh(id: SubscriptionId, seconds: u32) -> Method {
    let lifetime = Lifetime(seconds);
    Method::Subscribe(Subscribe::Refresh { id, lifetime })
}

pub(super) fn unsubscribe(id: SubscriptionId) -> Method {
    Method::Unsubscribe(Unsubscribe { id })
}

/// A state as clients send it: leased, offline afterwards, without a view id.
pub(super) fn leased(state: PresenceState) -> StatePatch {
    let lease = Some(Lease {
        default: PresenceState::Offline,
        timeout: Lifetime(1_200),
    });
    StatePatch {
        state,
        lease,
        view: None,
    }
}

/// A state without a lease.
pub(super) fn flat(state: PresenceState) -> StatePatch {
    StatePatch {
        state,
        lease: None,
        view: None,
    }
}

/// The same for a view that has an id.
pub(super) fn of_view(view: ViewId, patch: StatePatch) -> StatePatch {
    StatePatch {
        view: Some(view),
        ..patch
    }
}

pub(super) fn set(patch: StatePatch) -> Method {
    patch_all(vec![Patch::State(patch)])
}

pub(super) fn patch_all(patches: Vec<Patch>) -> Method {
    Method::Proppatch(Proppatch { patches })
}

/// A text message whose document names this sender, on its first hop.
pub(super) fn message(from: &Identity, ack: AckType) -> Method {
    Method::Notify(notify(from, ack, MessageKind::Text))
}

/// A text message with an id.
pub(super) fn numbered(from: &Principal, id: &str) -> Method {
    let from = Identity::Person(from.clone());
    Method::Notify(Notify {
        id: MessageId::parse(id).ok(),
        ..notify(&from, AckType::DeepOr, MessageKind::Text)
    })
}

pub(super) fn notify(from: &Identity, ack: AckType, kind: MessageKind) -> Notify {
    let (from, to) = (from.clone(), vec![Identity::Person(alice())]);
    let content = Content::Message(Message { from, to, kind });
    let document = Bytes::from_static(DOCUMENT);
    Notify {
        ack,
        hop: 1,
        subscription: None,
        id: None,
        notification: Notification { document, content },
    }
}

/// An entry about one person that counts for everybody who proved who they are.
pub(super) fn entry(person: &Principal, grant: &[Right], deny: &[Right]) -> Entry {
    let who = Who::One(Identity::Person(person.clone()));
    let credentials = Credentials::Any;
    Entry {
        who,
        credentials,
        grant: rights(grant),
        deny: rights(deny),
    }
}

/// The entry about everybody.
pub(super) fn everybody(credentials: Credentials, grant: &[Right], deny: &[Right]) -> Entry {
    Entry {
        who: Who::All,
        credentials,
        grant: rights(grant),
        deny: rights(deny),
    }
}

/// What a client sends to block somebody (spec 3.8).
pub(super) fn block(person: &Principal) -> Entry {
    entry(person, &[], &[Right::SendTo, Right::Presence])
}

/// What a client sends to let somebody in again (spec 3.8).
pub(super) fn unblock(person: &Principal) -> Entry {
    entry(person, &[Right::SendTo, Right::Presence], &[])
}

pub(super) fn change_access(entries: impl IntoIterator<Item = Entry>) -> Method {
    let entries = entries.into_iter().collect();
    Method::Acl(Acl::Change(AccessList { entries }))
}

pub(super) fn rights(rights: &[Right]) -> BTreeSet<Right> {
    rights.iter().copied().collect()
}

pub(super) fn listed(credentials: &[Credential]) -> Credentials {
    Credentials::Listed(credentials.iter().copied().collect())
}
