//! What is refused, and by which name.

use super::*;
use crate::v1;
use rvp::access::{Credentials, Entry, Who};
use rvp::method::Notify;
use rvp::method::propfind::Properties;
use rvp::method::proppatch::Patch;
use rvp::notification::Message;
use rvp::property::{Lease, PropertyName};
use rvp::{Identity, Property};
use std::collections::BTreeSet;
use std::fmt::Debug;
use v1::call::Op as WireOp;
use v1::request::Method as WireMethod;

pub(super) const ALICE: &str = "http://im.example.com/instmsg/aliases/alice";

fn op(op: WireOp) -> Error {
    let call = v1::Call {
        op: Some(op),
        ..v1::Call::default()
    };
    call_from_wire(call).expect_err("must be refused")
}

pub(super) fn request(method: WireMethod) -> Error {
    op(WireOp::Request(v1::Request {
        target: ALICE.to_owned(),
        caller: Some(alice()),
        credential: v1::Credential::Digest.into(),
        method: Some(method),
        login: 0,
    }))
}

pub(super) fn answer(result: v1::answer::Result) -> Error {
    answer_from_wire(v1::Answer { result: Some(result) }).expect_err("must be refused")
}

pub(super) fn part<V, W>(message: W) -> Error
where
    V: TryFrom<W, Error = Error> + Debug,
{
    V::try_from(message).expect_err("must be refused")
}

pub(super) fn alice() -> v1::Identity {
    v1::Identity {
        text: ALICE.to_owned(),
    }
}

pub(super) fn email() -> v1::PropertyName {
    v1::PropertyName {
        known: v1::property_name::Known::Email.into(),
        ..v1::PropertyName::default()
    }
}

pub(super) fn entry() -> v1::Entry {
    v1::Entry {
        who: Some(v1::entry::Who::All(v1::Everybody {})),
        any_credential: true,
        ..v1::Entry::default()
    }
}

pub(super) fn notify() -> v1::Notify {
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

fn spread_nothing() -> WireOp {
    let changes = vec![v1::SpreadChange::default()];
    WireOp::SpreadChanges(v1::SpreadChanges { changes })
}

fn deliver_nothing() -> WireOp {
    let changes = vec![v1::DeliverChange::default()];
    WireOp::DeliverChanges(v1::DeliverChanges { changes })
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
        (spread_nothing(), "SpreadChange.change"),
        (
            WireOp::DeliverMessage(v1::DeliverMessage::default()),
            "DeliverMessage.login",
        ),
        (deliver_nothing(), "DeliverChange.change"),
        (
            WireOp::CallBackLost(v1::CallBackLost::default()),
            "CallBackLost.principal",
        ),
        (WireOp::ScramSalt(v1::ScramSalt::default()), "ScramSalt.principal"),
        (WireOp::Detached(v1::Detached::default()), "Detached.attachment"),
        (WireOp::Detach(v1::Detach::default()), "Detach.client"),
        (WireOp::Contacts(v1::Contacts::default()), "Contacts.principal"),
        (
            WireOp::DeliverContact(v1::DeliverContact::default()),
            "DeliverContact.change",
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

#[test]
fn what_scram_hashes_and_signs_has_its_length() {
    let authenticate = |proof| {
        op(WireOp::Authenticate(v1::Authenticate {
            principal: ALICE.to_owned(),
            proof: Some(v1::authenticate::Proof::Scram(proof)),
        }))
    };
    let short = v1::ScramProof {
        signed: String::new(),
        proof: vec![0; 31].into(),
    };
    assert_eq!(authenticate(short), Error::OutOfRange("ScramProof.proof"));
    let long = v1::ScramProof {
        signed: "x".repeat(8 * 1024 + 1),
        proof: vec![0; 32].into(),
    };
    assert_eq!(authenticate(long), Error::OutOfRange("ScramProof.signed"));
    let salt = v1::Salt {
        salt: vec![0; 17].into(),
        iterations: 4096,
    };
    assert_eq!(
        answer(v1::answer::Result::Salt(salt)),
        Error::OutOfRange("Salt.salt")
    );
}

#[test]
fn only_a_connection_is_detached() {
    let detached = v1::Detached {
        principal: ALICE.to_owned(),
        login: 1,
        attachment: "http://192.0.2.1:1".to_owned(),
        stays_seconds: 1,
    };
    assert_eq!(
        op(WireOp::Detached(detached)),
        Error::OutOfRange("Detached.attachment")
    );
}

#[test]
fn connections_that_are_told_are_sixteen_octets_each() {
    for octets in [1, 15, 17, 40] {
        let change = v1::DeliverChange {
            change: Some(v1::Change {
                presentity: ALICE.to_owned(),
                ..v1::Change::default()
            }),
            attached: vec![0; octets].into(),
            ..v1::DeliverChange::default()
        };
        let changes = vec![change];
        assert_eq!(
            op(WireOp::DeliverChanges(v1::DeliverChanges { changes })),
            Error::OutOfRange("DeliverChange.attached")
        );
    }
}
