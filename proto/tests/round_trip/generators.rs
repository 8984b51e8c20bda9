//! Makers of arbitrary values: everything that may be said on a link, within its bounds.

#[path = "kind.rs"]
pub(crate) mod kind;
#[path = "methods.rs"]
mod methods;
#[path = "nouns.rs"]
mod nouns;
#[path = "told.rs"]
mod told;

use methods::{method, reply};
use nouns::{
    ack, caller, client_url, credential, document, identity, message_id, octets, principal, property,
    subscription_id, text,
};
use proptest::array::{uniform8, uniform16, uniform32};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proto::op::{
    Answer, Authenticated, Call, Change, ClientLogin, DeliverMessage, Detach, Op, Outcome, Proof, Refusal,
    ScramSalt,
};
use proto::{
    AskContacts, AskWatch, Contact, ContactChange, ContactsAction, DeliverChange, SpreadChange, ToWatch,
    WatchAnswer, Watching,
};
use rvp::credentials::{DigestAnswer, DigestQop, NtlmAnswer};
use rvp::{AttachmentId, Fault, Lifetime, Reach};
use std::time::Duration;

/// A call with a deadline that the contract can state exactly, and no trace or one that is not empty.
pub(crate) fn call() -> BoxedStrategy<Call> {
    let trace = option::of("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]");
    (any::<u32>(), any::<u64>(), trace, op())
        .prop_map(|(deadline, epoch, trace, op)| Call {
            deadline: Duration::from_millis(deadline.into()),
            epoch,
            trace,
            op,
        })
        .boxed()
}

fn spread_change() -> impl Strategy<Value = SpreadChange> {
    (change(), vec(principal(), 0..4)).prop_map(|(change, watchers)| SpreadChange { change, watchers })
}

fn deliver_change() -> impl Strategy<Value = DeliverChange> {
    (change(), vec(client_login(), 0..4), vec(any::<u128>(), 0..4)).prop_map(|(change, clients, attached)| {
        let attached = attached.into_iter().map(AttachmentId::new).collect();
        DeliverChange {
            change,
            clients,
            attached,
        }
    })
}

fn op() -> BoxedStrategy<Op> {
    prop_oneof![
        2 => (principal(), proof()).prop_map(|(principal, proof)| Op::Authenticate { principal, proof }),
        1 => principal().prop_map(|principal| Op::ScramSalt { principal }),
        8 => (principal(), caller(), option::of(subscription_id()), method()).prop_map(
            |(target, caller, login, method)| Op::Request { target, caller, login, method: Box::new(method) }
        ),
        1 => vec(spread_change(), 1..3).prop_map(Op::SpreadChanges),
        1 => deliver_message().prop_map(Op::DeliverMessage),
        1 => vec(deliver_change(), 1..3).prop_map(Op::DeliverChanges),
        1 => (principal(), subscription_id())
            .prop_map(|(principal, login)| Op::CallBackLost { principal, login }),
        1 => (principal(), subscription_id(), any::<(u128, u32)>()).prop_map(
            |(principal, login, (attachment, stays))| Op::Detached {
                principal,
                login,
                attachment: AttachmentId::new(attachment),
                stays: Lifetime(stays),
            }
        ),
        1 => (client_login(), select(vec![Detach::Resumed, Detach::Ended]))
            .prop_map(|(client, why)| Op::Detach { client, why }),
        3 => (principal(), caller(), option::of(subscription_id()), contacts_action()).prop_map(
            |(principal, caller, login, action)| Op::Contacts(AskContacts { principal, caller, login, action })
        ),
        1 => (contact_change(), vec(client_login(), 0..4))
            .prop_map(|(change, clients)| Op::DeliverContact { change, clients }),
        2 => (caller(), any::<u32>(), vec((principal(), option::of(subscription_id())), 0..4)).prop_map(
            |(caller, lifetime, people)| Op::Watch(AskWatch {
                caller,
                lifetime: Lifetime(lifetime),
                people: people.into_iter().map(|(target, former)| ToWatch { target, former }).collect(),
            })
        ),
        1 => Just(Op::Settle),
        1 => select(vec![Op::Members, Op::Load, Op::Drain, Op::Undrain]),
        1 => principal().prop_map(|principal| Op::Explain { principal }),
    ]
    .boxed()
}

fn proof() -> BoxedStrategy<Proof> {
    prop_oneof![
        (digest_answer(), text()).prop_map(|(answer, method)| Proof::Digest { answer, method }),
        (ntlm_answer(), uniform8(any::<u8>()))
            .prop_map(|(answer, challenge)| Proof::Ntlm { answer, challenge }),
        (text(), uniform32(any::<u8>())).prop_map(|(signed, proof)| Proof::Scram { signed, proof }),
        any::<u64>().prop_map(|generation| Proof::Token { generation }),
    ]
    .boxed()
}

fn digest_answer() -> impl Strategy<Value = DigestAnswer> {
    let qop = option::of((text(), text()).prop_map(|(nc, cnonce)| DigestQop { nc, cnonce }));
    (text(), text(), text(), text(), text(), qop).prop_map(|(username, realm, nonce, uri, response, qop)| {
        DigestAnswer {
            username,
            realm,
            nonce,
            uri,
            response,
            qop,
        }
    })
}

fn ntlm_answer() -> impl Strategy<Value = NtlmAnswer> {
    (text(), text(), octets(), octets()).prop_map(|(domain, user, lm_response, nt_response)| NtlmAnswer {
        domain,
        user,
        lm_response,
        nt_response,
    })
}

fn change() -> BoxedStrategy<Change> {
    (principal(), vec(property(), 0..6), any::<u64>())
        .prop_map(|(presentity, properties, version)| Change {
            presentity,
            properties,
            version,
        })
        .boxed()
}

fn client_login() -> impl Strategy<Value = ClientLogin> {
    (principal(), subscription_id(), reach()).prop_map(|(principal, login, reach)| ClientLogin {
        principal,
        login,
        reach,
    })
}

fn reach() -> impl Strategy<Value = Reach> {
    prop_oneof![
        client_url().prop_map(Reach::CallBack),
        any::<u128>().prop_map(|number| Reach::Attachment(AttachmentId::new(number))),
    ]
}

fn authenticated() -> impl Strategy<Value = Authenticated> {
    (credential(), any::<u64>(), option::of(uniform32(any::<u8>()))).prop_map(
        |(credential, generation, signature)| Authenticated {
            credential,
            generation,
            signature,
        },
    )
}

fn contact() -> impl Strategy<Value = Contact> {
    (principal(), text(), text()).prop_map(|(who, name, group)| Contact { who, name, group })
}

fn contacts_action() -> impl Strategy<Value = ContactsAction> {
    prop_oneof![
        Just(ContactsAction::Read),
        contact().prop_map(ContactsAction::Put),
        principal().prop_map(ContactsAction::Remove),
    ]
}

fn contact_change() -> impl Strategy<Value = ContactChange> {
    prop_oneof![
        contact().prop_map(ContactChange::Put),
        principal().prop_map(ContactChange::Removed),
    ]
}

/// A message on its last hop.
pub(crate) fn deliver_message() -> BoxedStrategy<DeliverMessage> {
    (
        client_login(),
        identity(),
        ack(),
        any::<u8>(),
        document(),
        option::of(message_id()),
        any::<(u64, bool, u64)>(),
    )
        .prop_map(
            |(login, from, ack, hop, document, id, (attempt, probe, asked_by))| DeliverMessage {
                login,
                from,
                ack,
                hop,
                document,
                id,
                attempt,
                probe,
                asked_by: proto::CallId::of(asked_by),
            },
        )
        .boxed()
}

/// An answer or a refusal.
fn watch_answer() -> BoxedStrategy<WatchAnswer> {
    let watching = (subscription_id(), vec(property(), 0..3)).prop_map(|(subscription, properties)| {
        Ok(Watching {
            subscription,
            properties,
        })
    });
    prop_oneof![
        watching,
        select(&Fault::ALL[..]).prop_map(|fault| Err(Refusal::Fault(fault))),
        any::<u64>().prop_map(|epoch| Err(Refusal::Moved { epoch })),
    ]
    .boxed()
}

pub(crate) fn answer() -> BoxedStrategy<Result<Answer, Refusal>> {
    let outcomes = [
        Outcome::Taken,
        Outcome::Left,
        Outcome::Rejected,
        Outcome::Unreachable,
        Outcome::Busy,
        Outcome::Moved,
        Outcome::Expired,
    ];
    prop_oneof![
        1 => Just(Ok(Answer::Done)),
        6 => reply().prop_map(|reply| Ok(Answer::Reply(reply))),
        1 => authenticated().prop_map(|authenticated| Ok(Answer::Authenticated(authenticated))),
        1 => (uniform16(any::<u8>()), any::<u32>())
            .prop_map(|(salt, iterations)| Ok(Answer::ScramSalt(ScramSalt { salt, iterations }))),
        1 => vec(contact(), 0..4).prop_map(|contacts| Ok(Answer::Contacts(contacts))),
        1 => vec(watch_answer(), 0..4).prop_map(|people| Ok(Answer::Watching(people))),
        1 => told::members().prop_map(|members| Ok(Answer::Members(members))),
        1 => told::load().prop_map(|load| Ok(Answer::Load(load))),
        1 => told::explained().prop_map(|explained| Ok(Answer::Explained(Box::new(explained)))),
        1 => select(outcomes.to_vec()).prop_map(|outcome| Ok(Answer::Outcome(outcome))),
        1 => Just(Ok(Answer::Told)),
        1 => select(&Fault::ALL[..]).prop_map(|fault| Err(Refusal::Fault(fault))),
        1 => any::<u16>().prop_map(|seconds| Err(Refusal::Fault(Fault::LogOnLater { seconds }))),
        1 => any::<u64>().prop_map(|epoch| Err(Refusal::Moved { epoch })),
    ]
    .boxed()
}
