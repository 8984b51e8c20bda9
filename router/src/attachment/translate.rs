//! Between RVP's documents and what an attachment says (spec 5): texts are UTF-8 on this side, and octets written as
//! characters on the other.

use attachment::{Format, Kind, Message, Received, State, Why};
use proto::DeliverMessage;
use rvp::method::Notify;
use rvp::notification::{AckType, Content, MessageKind, Notification, compose};
use rvp::{Fault, Identity, MessageId, Mime, PresenceState, Principal};

/// RVP's conversation of nobody in particular.
const NO_CONVERSATION: &str = "{00000000-0000-0000-0000-000000000000}";

/// What a client is told of a message.
pub(crate) enum Told {
    /// This.
    Message(Box<Received>),
    /// Somebody is typing, in this conversation.
    Typing(String, Option<String>),
    /// Nothing: it invites to what no client of this kind can do, or cannot be read.
    Nothing,
}

/// What a client is told of a message; its sequence is given later.
pub(crate) fn told(message: &DeliverMessage) -> Told {
    let Ok(opened) = Notification::open(&message.document) else {
        return Told::Nothing;
    };
    if opened.is_invitation {
        return Told::Nothing;
    }
    let mime = opened.mime;
    let (from, me) = (address(&message.from), &message.login.principal);
    let conversation = Some(mime.session_id).filter(|id| !id.is_empty() && id != NO_CONVERSATION);
    let kind = match opened.message.kind {
        MessageKind::Text => Kind::Text,
        MessageKind::Typing => return Told::Typing(from, conversation),
        MessageKind::Join => Kind::Join,
        MessageKind::Leave => Kind::Leave,
    };
    let others = opened.message.to.iter();
    let others = others.filter(|who| who.person() != Some(me) && **who != message.from);
    Told::Message(Box::new(Received {
        sequence: 0,
        id: message.id.as_ref().map(MessageId::to_string).unwrap_or_default(),
        kind,
        text: mime.text,
        format: mime.format.as_deref().map(Format::from_header),
        conversation,
        participants: others.map(address).collect(),
        from,
    }))
}

/// What a client of the sender says to the recipient's home.
pub(crate) fn notify(
    from: &Principal,
    to: &Principal,
    others: &[Principal],
    message: &Message,
) -> Option<Notify> {
    let kind = match message.kind {
        Kind::Text => MessageKind::Text,
        Kind::Join => MessageKind::Join,
        Kind::Leave => MessageKind::Leave,
        Kind::Other => return None,
    };
    let mime = Mime {
        kind,
        session_id: message.conversation.clone().unwrap_or_default(),
        format: message.format.as_ref().map(Format::to_header),
        typing_user: None,
        text: message.text.clone(),
    };
    let id = Some(MessageId::parse(&message.id).ok()?);
    Some(notification(from, (to, others), &mime, id))
}

/// That a client of this person types to somebody.
pub(crate) fn typing(from: &Principal, to: &Principal, conversation: Option<String>) -> Notify {
    let mime = Mime {
        kind: MessageKind::Typing,
        session_id: conversation.unwrap_or_default(),
        format: None,
        typing_user: Some(from.address()),
        text: String::new(),
    };
    notification(from, (to, &[]), &mime, None)
}

fn notification(
    from: &Principal,
    (to, others): (&Principal, &[Principal]),
    mime: &Mime,
    id: Option<MessageId>,
) -> Notify {
    let sender = Identity::Person(from.clone());
    let mut everybody = vec![Identity::Person(to.clone())];
    everybody.extend(others.iter().cloned().map(Identity::Person));
    if !others.is_empty() {
        // As clients of the time do it in a talk of several (spec 5.5).
        everybody.push(sender.clone());
    }
    let document = compose(&sender, &everybody, mime);
    let content = Content::Message(rvp::notification::Message {
        from: sender,
        to: everybody,
        kind: mime.kind,
    });
    Notify {
        ack: AckType::DeepOr,
        hop: 1,
        subscription: None,
        id,
        notification: Notification { document, content },
    }
}

/// The address that people see.
pub(crate) fn address(who: &Identity) -> String {
    match who {
        Identity::Person(person) => person.address(),
        Identity::Server(domain) => domain.as_str().to_owned(),
    }
}

/// The state that a client is told.
pub(crate) fn state_of(state: PresenceState) -> State {
    State::from_name(state.name()).unwrap_or(State::Unknown)
}

/// The state that a client sets.
pub(crate) fn state_to(state: State) -> Option<PresenceState> {
    PresenceState::from_name(state.name())
}

/// What a client is told of a fault, and after how many seconds it may try again.
pub(crate) fn why(fault: Fault) -> (Why, Option<u32>) {
    let why = match fault {
        Fault::BadRequest | Fault::Depth | Fault::MethodNotAllowed => Why::Malformed,
        Fault::Unauthenticated => Why::WrongCredentials,
        Fault::Forbidden => Why::Forbidden,
        Fault::NoSuchPrincipal => Why::NobodyThere,
        Fault::NoSuchSubscription => Why::NotThere,
        Fault::NotLoggedOn | Fault::TooManyHops => Why::NotReachable,
        Fault::KeptFull => Why::KeptFull,
        Fault::TooLarge => Why::TooLarge,
        Fault::LeftConversation => Why::LeftConversation,
        Fault::NotImplemented => Why::NotSupported,
        Fault::Busy => Why::Busy,
        Fault::Unavailable => Why::Unavailable,
        Fault::Full => Why::Full,
        Fault::LogOnLater { .. } => Why::LogOnLater,
        Fault::Internal => Why::Internal,
    };
    let seconds = fault.retry_after().unwrap_or(Fault::RETRY_AFTER_SECONDS);
    (why, why.may_pass().then_some(seconds.into()))
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;
