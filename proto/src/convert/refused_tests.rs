//! What is refused, and by which name.

use super::*;
use crate::v1;
use rvp::access::{Credentials, Entry, Who};
use rvp::limits::{ACCESS_ENTRIES_MAX, BODY_BYTES_MAX, CONTACTS_MAX, PROPERTIES_MAX};
use rvp::method::propfind::Properties;
use rvp::method::proppatch::{Patch, Patched, StatePatch};
use rvp::method::{Notify, Proppatch};
use rvp::notification::{Message, PropertyChange};
use rvp::property::{Lease, PropertyName};
use rvp::{AccessList, Identity, Property};
use std::collections::BTreeSet;
use std::fmt::Debug;
use v1::call::Op as WireOp;
use v1::request::Method as WireMethod;

const ALICE: &str = "http://im.example.com/instmsg/aliases/alice";

fn op(op: WireOp) -> Error {
    let call = v1::Call {
        op: Some(op),
        ..v1::Call::default()
    };
    call_from_wire(call).expect_err("must be refused")
}

fn request(method: WireMethod) -> Error {
    op(WireOp::Request(v1::Request {
        target: ALICE.to_owned(),
        caller: Some(alice()),
        credential: v1::Credential::Digest.into(),
        method: Some(method),
    }))
}

fn answer(result: v1::answer::Result) -> Error {
    answer_from_wire(v1::Answer { result: Some(result) }).expect_err("must be refused")
}

fn part<V, W>(message: W) -> Error
where
    V: TryFrom<W, Error = Error> + Debug,
{
    V::try_from(message).expect_err("must be refused")
}

fn alice() -> v1::Identity {
    v1::Identity {
        text: ALICE.to_owned(),
    }
}

fn online() -> v1::Property {
    v1::Property {
        value: Some(v1::property::Value::State(v1::PresenceState::Online.into())),
    }
}

fn email() -> v1::PropertyName {
    v1::PropertyName {
        known: v1::property_name::Known::Email.into(),
        ..v1::PropertyName::default()
    }
}

fn entry() -> v1::Entry {
    v1::Entry {
        who: Some(v1::entry::Who::All(v1::Everybody {})),
        any_credential: true,
        ..v1::Entry::default()
    }
}

fn notify() -> v1::Notify {
    let message = v1::Message {
        from: Some(alice()),
        ..v1::Message::default()
    };
    v1::Notify {
        ack: v1::AckType::DeepOr.into(),
        content: Some(v1::notify::Content::Message(message)),
        ..v1::Notify::default()
    }
}

#[test]
fn what_is_absent_is_named() {
    let missing = Error::Missing;
    assert_eq!(call_from_wire(v1::Call::default()), Err(missing("Call.op")));
    assert_eq!(
        answer_from_wire(v1::Answer::default()),
        Err(missing("Answer.result"))
    );
    for (message, field) in [
        (
            WireOp::Authenticate(v1::Authenticate::default()),
            "Authenticate.principal",
        ),
        (WireOp::Request(v1::Request::default()), "Request.target"),
        (
            WireOp::SpreadChange(v1::SpreadChange::default()),
            "SpreadChange.change",
        ),
        (
            WireOp::DeliverMessage(v1::DeliverMessage::default()),
            "DeliverMessage.login",
        ),
        (
            WireOp::DeliverChange(v1::DeliverChange::default()),
            "DeliverChange.change",
        ),
        (
            WireOp::CallBackLost(v1::CallBackLost::default()),
            "CallBackLost.principal",
        ),
    ] {
        assert_eq!(op(message), missing(field));
    }
    for (message, field) in [
        (WireMethod::Subscribe(v1::Subscribe::default()), "Subscribe.kind"),
        (WireMethod::Refresh(v1::Refresh::default()), "Refresh.id"),
        (
            WireMethod::Unsubscribe(v1::Unsubscribe::default()),
            "Unsubscribe.id",
        ),
        (
            WireMethod::Subscriptions(v1::Subscriptions::default()),
            "Subscriptions.kind",
        ),
        (
            WireMethod::Proppatch(v1::Proppatch::default()),
            "Proppatch.patches",
        ),
        (WireMethod::Notify(v1::Notify::default()), "Notify.ack"),
    ] {
        assert_eq!(request(message), missing(field));
    }
}

#[test]
fn what_is_absent_from_a_part_is_named() {
    for (error, field) in [
        (part::<Identity, _>(v1::Identity::default()), "Identity.text"),
        (part::<Property, _>(v1::Property::default()), "Property.value"),
        (
            part::<PropertyName, _>(v1::PropertyName::default()),
            "PropertyName.local",
        ),
        (part::<Patch, _>(v1::Patch::default()), "Patch.patch"),
        (
            part::<Lease, _>(v1::Lease {
                default: 0,
                timeout_seconds: 60,
            }),
            "Lease.default",
        ),
        (
            part::<Properties, _>(v1::Properties::default()),
            "Properties.principal",
        ),
        (
            part::<Notify, _>(v1::Notify {
                content: None,
                ..notify()
            }),
            "Notify.content",
        ),
        (part::<Message, _>(v1::Message::default()), "Message.from"),
        (answer(v1::answer::Result::Outcome(0)), "Answer.outcome"),
        (
            answer(v1::answer::Result::Refusal(v1::Refusal::default())),
            "Refusal.refusal",
        ),
        (
            answer(v1::answer::Result::Reply(v1::Reply::default())),
            "Reply.reply",
        ),
        (
            answer(v1::answer::Result::Authenticated(v1::Authenticated::default())),
            "Authenticated.credential",
        ),
    ] {
        assert_eq!(error, Error::Missing(field));
    }
}

#[test]
fn a_number_that_names_nothing_is_never_a_default() {
    let fault = v1::Refusal {
        refusal: Some(v1::refusal::Refusal::Fault(99)),
    };
    let state = v1::Property {
        value: Some(v1::property::Value::State(-1)),
    };
    let kind = v1::Message {
        from: Some(alice()),
        kind: 9,
        ..v1::Message::default()
    };
    for (error, field) in [
        (answer(v1::answer::Result::Outcome(99)), "Answer.outcome"),
        (answer(v1::answer::Result::Refusal(fault)), "Refusal.fault"),
        (part::<Property, _>(state), "Property.state"),
        (part::<Message, _>(kind), "Message.kind"),
        (part::<Notify, _>(v1::Notify { ack: 9, ..notify() }), "Notify.ack"),
        (
            part::<Notify, _>(v1::Notify { hop: 256, ..notify() }),
            "Notify.hop",
        ),
        (
            part::<Notify, _>(v1::Notify {
                subscription: 1 << 31,
                ..notify()
            }),
            "Notify.subscription",
        ),
        (
            part::<Entry, _>(v1::Entry {
                grant: vec![11],
                ..entry()
            }),
            "Entry.grant",
        ),
        (
            request(WireMethod::Propfind(v1::Propfind {
                what: 3,
                names: vec![],
            })),
            "Propfind.what",
        ),
        (
            request(WireMethod::Unsubscribe(v1::Unsubscribe { id: u32::MAX })),
            "Unsubscribe.id",
        ),
        (
            part::<PropertyName, _>(v1::PropertyName { known: 6, ..email() }),
            "PropertyName.known",
        ),
        (
            part::<StatePatch, _>(v1::StatePatch {
                state: 1,
                lease: None,
                view: 1 << 31,
            }),
            "StatePatch.view",
        ),
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
    bounded::<rvp::method::Propfind, _>("Propfind.names", PROPERTIES_MAX, |n| v1::Propfind {
        names: vec![email(); n],
        ..v1::Propfind::default()
    });
    bounded::<Properties, _>("Properties.missing", PROPERTIES_MAX, |n| v1::Properties {
        principal: ALICE.to_owned(),
        missing: vec![email(); n],
        ..v1::Properties::default()
    });
    bounded::<crate::op::Change, _>("Change.properties", PROPERTIES_MAX, |n| v1::Change {
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

#[test]
fn an_entry_is_never_wider_than_it_was() {
    let nobody = Entry {
        who: Who::All,
        credentials: Credentials::Listed(BTreeSet::new()),
        grant: BTreeSet::new(),
        deny: BTreeSet::new(),
    };
    assert_eq!(
        part::<Entry, _>(v1::Entry::from(nobody)),
        Error::Missing("Entry.credentials")
    );
    assert_eq!(
        part::<Entry, _>(v1::Entry { who: None, ..entry() }),
        Error::Missing("Entry.who")
    );
    let both = v1::Entry {
        credentials: vec![v1::Credential::Digest.into()],
        ..entry()
    };
    assert_eq!(part::<Entry, _>(both), Error::OutOfRange("Entry.credentials"));
}

#[test]
fn a_name_that_would_end_a_tag_is_refused() {
    let long = "a".repeat(65);
    for local in ["a b", "a>b", "a/", "x='y'", "a&b", "a\u{0}", &long] {
        let name = v1::PropertyName {
            known: 0,
            dav: true,
            local: local.to_owned(),
        };
        assert_eq!(
            part::<PropertyName, _>(name),
            Error::OutOfRange("PropertyName.local"),
            "{local:?}"
        );
    }
}

#[test]
fn a_text_that_cannot_be_read_is_not_repeated() {
    let lost = v1::CallBackLost {
        principal: "ftp://secret.example".to_owned(),
        login: 1,
    };
    let error = op(WireOp::CallBackLost(lost));
    assert_eq!(error.to_string(), "field CallBackLost.principal cannot be read");
    assert!(matches!(
        error,
        Error::Malformed {
            field: "CallBackLost.principal",
            ..
        }
    ));
    assert!(!format!("{error:?}").contains("secret"));
}

#[test]
fn a_challenge_of_another_length_is_refused() {
    let proof = v1::NtlmProof {
        challenge: vec![0; 7].into(),
        ..v1::NtlmProof::default()
    };
    let proof = Some(v1::authenticate::Proof::Ntlm(proof));
    let authenticate = v1::Authenticate {
        principal: ALICE.to_owned(),
        proof,
    };
    assert_eq!(
        op(WireOp::Authenticate(authenticate)),
        Error::OutOfRange("NtlmProof.challenge")
    );
}
