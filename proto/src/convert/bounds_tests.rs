//! Numbers that name nothing, and lists that are too long.

use super::Error;
use super::tests::{ALICE, alice, answer, email, entry, notify, part, request};
use crate::op::Change;
use crate::v1;
use rvp::access::Entry;
use rvp::limits::{ACCESS_ENTRIES_MAX, BODY_BYTES_MAX, CONTACTS_MAX, PROPERTIES_MAX};
use rvp::method::propfind::Properties;
use rvp::method::proppatch::{Patched, StatePatch};
use rvp::method::{Notify, Propfind, Proppatch};
use rvp::notification::{Message, PropertyChange};
use rvp::property::PropertyName;
use rvp::{AccessList, Property};
use std::fmt::Debug;
use v1::request::Method as WireMethod;

fn online() -> v1::Property {
    v1::Property {
        value: Some(v1::property::Value::State(v1::PresenceState::Online.into())),
    }
}

#[test]
fn a_number_that_names_nothing_is_never_a_default() {
    use v1::answer::Result as Wire;
    let fault = v1::Refusal {
        refusal: Some(v1::refusal::Refusal::Fault(99)),
        seconds: 0,
    };
    let state = v1::Property {
        value: Some(v1::property::Value::State(-1)),
    };
    let kind = v1::Message {
        kind: 9,
        from: Some(alice()),
        to: vec![],
    };
    let propfind = v1::Propfind {
        what: 3,
        names: vec![],
    };
    for (error, field) in [
        (answer(Wire::Outcome(99)), "Answer.outcome"),
        (answer(Wire::Refusal(fault)), "Refusal.fault"),
        (
            answer(Wire::Authenticated(v1::Authenticated {
                credential: 5,
                ..v1::Authenticated::default()
            })),
            "Authenticated.credential",
        ),
        (part::<Property, _>(state), "Property.state"),
        (part::<Message, _>(kind), "Message.kind"),
        (part::<Notify, _>(v1::Notify { ack: 9, ..notify() }), "Notify.ack"),
        (
            part::<Entry, _>(v1::Entry {
                grant: vec![11],
                ..entry()
            }),
            "Entry.grant",
        ),
        (
            part::<Entry, _>(v1::Entry {
                deny: vec![-1],
                ..entry()
            }),
            "Entry.deny",
        ),
        (
            part::<PropertyName, _>(v1::PropertyName { known: 6, ..email() }),
            "PropertyName.known",
        ),
        (request(WireMethod::Propfind(propfind)), "Propfind.what"),
        (
            request(WireMethod::Subscriptions(v1::Subscriptions { kind: 3 })),
            "Subscriptions.kind",
        ),
    ] {
        assert_eq!(error, Error::OutOfRange(field));
    }
}

#[test]
fn a_number_beyond_its_type_is_refused() {
    let beyond = 1 << 31;
    let view = v1::StatePatch {
        state: 1,
        lease: None,
        view: beyond,
    };
    for (error, field) in [
        (
            part::<Notify, _>(v1::Notify { hop: 256, ..notify() }),
            "Notify.hop",
        ),
        (
            part::<Notify, _>(v1::Notify {
                subscription: beyond,
                ..notify()
            }),
            "Notify.subscription",
        ),
        (
            request(WireMethod::Unsubscribe(v1::Unsubscribe { id: beyond })),
            "Unsubscribe.id",
        ),
        (part::<StatePatch, _>(view), "StatePatch.view"),
        (part::<Patched, _>(refused_with(99)), "RefusedPatch.status"),
        (part::<Patched, _>(refused_with(70_000)), "RefusedPatch.status"),
    ] {
        assert_eq!(error, Error::OutOfRange(field));
    }
}

fn refused_with(status: u32) -> v1::Patched {
    let refused = vec![v1::RefusedPatch {
        name: Some(email()),
        status,
    }];
    v1::Patched {
        principal: ALICE.to_owned(),
        done: vec![],
        refused,
    }
}

#[test]
fn a_list_may_be_as_long_as_its_bound_and_no_longer() {
    fn bounded<V, W>(field: &'static str, max: usize, message: impl Fn(usize) -> W)
    where
        V: TryFrom<W, Error = Error> + PartialEq + Debug,
    {
        assert!(V::try_from(message(max)).is_ok(), "{field} of {max}");
        assert_eq!(V::try_from(message(max + 1)), Err(Error::OutOfRange(field)));
    }
    bounded::<Proppatch, _>("Proppatch.patches", PROPERTIES_MAX, |n| v1::Proppatch {
        patches: vec![
            v1::Patch {
                patch: Some(v1::patch::Patch::Other(email()))
            };
            n
        ],
    });
    bounded::<Propfind, _>("Propfind.names", PROPERTIES_MAX, |n| v1::Propfind {
        names: vec![email(); n],
        ..v1::Propfind::default()
    });
    bounded::<Properties, _>("Properties.missing", PROPERTIES_MAX, |n| v1::Properties {
        principal: ALICE.to_owned(),
        missing: vec![email(); n],
        ..v1::Properties::default()
    });
    bounded::<Change, _>("Change.properties", PROPERTIES_MAX, |n| v1::Change {
        presentity: ALICE.to_owned(),
        properties: vec![online(); n],
        version: 1,
    });
    bounded::<Message, _>("Message.to", CONTACTS_MAX, |n| v1::Message {
        from: Some(alice()),
        to: vec![alice(); n],
        ..v1::Message::default()
    });
    bounded::<PropertyChange, _>("PropertyChange.to", CONTACTS_MAX, |n| v1::PropertyChange {
        from: ALICE.to_owned(),
        to: vec![alice(); n],
        properties: vec![],
    });
    bounded::<AccessList, _>("AccessList.entries", ACCESS_ENTRIES_MAX, |n| v1::AccessList {
        entries: vec![entry(); n],
    });
    bounded::<Notify, _>("Notify.document", BODY_BYTES_MAX, |n| v1::Notify {
        document: vec![b'x'; n].into(),
        ..notify()
    });
    bounded::<Patched, _>("Patched.refused", PROPERTIES_MAX, |n| v1::Patched {
        principal: ALICE.to_owned(),
        refused: vec![
            v1::RefusedPatch {
                name: Some(email()),
                status: 403
            };
            n
        ],
        ..v1::Patched::default()
    });
}
