//! Every kind of call and answer by name, so that no generator forgets one. The compiler asks for a new
//! one here; its name belongs into the list above the function.

use proto::ContactsAction;
use proto::op::{Answer, Call, Op, Proof, Refusal};
use rvp::method::{Acl, Propfind, Subscribe};
use rvp::notification::Content;
use rvp::{Method, Reply};

pub(crate) const CALL_KINDS: [&str; 34] = [
    "authenticate by digest",
    "authenticate by ntlm",
    "authenticate by scram",
    "authenticate by token",
    "scram salt",
    "subscribe",
    "refresh",
    "unsubscribe",
    "subscriptions",
    "propfind named",
    "propfind all",
    "propfind names",
    "proppatch",
    "notify of a message",
    "notify of a change",
    "acl read",
    "acl change",
    "spread a change",
    "deliver a message",
    "deliver a change",
    "call-back lost",
    "detached",
    "detach",
    "contacts read",
    "contacts put",
    "contacts remove",
    "deliver a contact",
    "watch several",
    "settle",
    "members",
    "load",
    "explain",
    "drain",
    "undrain",
];

pub(crate) fn call_kind(call: &Call) -> &'static str {
    match &call.op {
        Op::Authenticate {
            proof: Proof::Digest { .. },
            ..
        } => "authenticate by digest",
        Op::Authenticate {
            proof: Proof::Ntlm { .. },
            ..
        } => "authenticate by ntlm",
        Op::Authenticate {
            proof: Proof::Scram { .. },
            ..
        } => "authenticate by scram",
        Op::Authenticate {
            proof: Proof::Token { .. },
            ..
        } => "authenticate by token",
        Op::ScramSalt { .. } => "scram salt",
        Op::Request { method, .. } => match method.as_ref() {
            Method::Subscribe(Subscribe::New { .. }) => "subscribe",
            Method::Subscribe(Subscribe::Refresh { .. }) => "refresh",
            Method::Unsubscribe(_) => "unsubscribe",
            Method::Subscriptions(_) => "subscriptions",
            Method::Propfind(Propfind::Named(_)) => "propfind named",
            Method::Propfind(Propfind::All) => "propfind all",
            Method::Propfind(Propfind::Names) => "propfind names",
            Method::Proppatch(_) => "proppatch",
            Method::Notify(notify) => match notify.notification.content {
                Content::Message(_) => "notify of a message",
                Content::PropertyChange(_) => "notify of a change",
            },
            Method::Acl(Acl::Read) => "acl read",
            Method::Acl(Acl::Change(_)) => "acl change",
        },
        Op::SpreadChanges(_) => "spread a change",
        Op::DeliverMessage(_) => "deliver a message",
        Op::DeliverChanges(_) => "deliver a change",
        Op::CallBackLost { .. } => "call-back lost",
        Op::Detached { .. } => "detached",
        Op::Detach { .. } => "detach",
        Op::Contacts(asked) => match asked.action {
            ContactsAction::Read => "contacts read",
            ContactsAction::Put(_) => "contacts put",
            ContactsAction::Remove(_) => "contacts remove",
        },
        Op::DeliverContact { .. } => "deliver a contact",
        Op::Watch(_) => "watch several",
        Op::Settle => "settle",
        Op::Members => "members",
        Op::Load => "load",
        Op::Explain { .. } => "explain",
        Op::Drain => "drain",
        Op::Undrain => "undrain",
    }
}

pub(crate) const ANSWER_KINDS: [&str; 22] = [
    "done",
    "watched",
    "subscribed",
    "unsubscribed",
    "subscriptions",
    "properties",
    "stored",
    "patched",
    "notified",
    "access list",
    "access changed",
    "authenticated",
    "scram salt",
    "outcome",
    "told",
    "contacts",
    "watching several",
    "members",
    "load",
    "explained",
    "fault",
    "moved",
];

pub(crate) fn answer_kind(answer: &Result<Answer, Refusal>) -> &'static str {
    match answer {
        Ok(Answer::Done) => "done",
        Ok(Answer::Reply(reply)) => match reply {
            Reply::Subscribed {
                properties: Some(_), ..
            } => "watched",
            Reply::Subscribed { properties: None, .. } => "subscribed",
            Reply::Unsubscribed => "unsubscribed",
            Reply::Subscriptions(_) => "subscriptions",
            Reply::Properties(_) => "properties",
            Reply::Patched(_) => "patched",
            Reply::Notified => "notified",
            Reply::Stored => "stored",
            Reply::AccessList(_) => "access list",
            Reply::AccessChanged => "access changed",
        },
        Ok(Answer::Authenticated(_)) => "authenticated",
        Ok(Answer::ScramSalt(_)) => "scram salt",
        Ok(Answer::Outcome(_)) => "outcome",
        Ok(Answer::Told) => "told",
        Ok(Answer::Contacts(_)) => "contacts",
        Ok(Answer::Watching(_)) => "watching several",
        Ok(Answer::Members(_)) => "members",
        Ok(Answer::Load(_)) => "load",
        Ok(Answer::Explained(_)) => "explained",
        Err(Refusal::Fault(_)) => "fault",
        Err(Refusal::Moved { .. }) => "moved",
    }
}
