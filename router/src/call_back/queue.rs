//! What waits for one client: messages in their order, and of each presentity only the newest change.

use crate::changes::{Changes, News};
use bytes::Bytes;
use proto::{Change, DeliverMessage, Outcome};
use rvp::notification::PropertyChange;
use rvp::{ClientUrl, Identity, Principal, Property, SubscriptionId};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Messages that may wait for one client.
const MESSAGES_MAX: usize = 64;

/// One client's queue. A message goes before a change, so that presence cannot starve messages.
#[derive(Debug, Default)]
pub(super) struct Queue {
    messages: VecDeque<Message>,
    changes: Changes,
}

/// A message that waits, and who is told what became of it.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) message: DeliverMessage,
    pub(super) trace: Option<String>,
    pub(super) outcome: oneshot::Sender<Outcome>,
}

/// The next thing to send.
#[derive(Debug)]
pub(super) enum Item {
    Message(Message),
    Change(Arc<News>),
}

impl Queue {
    /// Puts a message at the end; tells at once that there is no room.
    pub(super) fn put_message(&mut self, message: Message) {
        if self.messages.len() < MESSAGES_MAX {
            self.messages.push_back(message);
        } else {
            // Whoever sent it may have given up.
            let _ = message.outcome.send(Outcome::Busy);
        }
    }

    /// Puts a change in; of each property the newer value waits.
    pub(super) fn put_change(&mut self, news: Arc<News>) {
        self.changes.put(news);
    }

    pub(super) fn next(&mut self) -> Option<Item> {
        match self.messages.pop_front() {
            Some(message) => Some(Item::Message(message)),
            None => self.changes.pop().map(Item::Change),
        }
    }

    /// Nobody is there any more: everything that waits is undeliverable.
    pub(super) fn give_up(self) {
        for message in self.messages {
            let _ = message.outcome.send(Outcome::Unreachable);
        }
    }
}

impl Item {
    /// The NOTIFY as the client gets it (spec 3.7). A change is told in the name of the server.
    pub(super) fn request(
        &self,
        call_back: &ClientUrl,
        to: &Principal,
        login: SubscriptionId,
    ) -> http::Request<Bytes> {
        let (from, hop, ack, id, document) = match self {
            Self::Message(Message { message, .. }) => (
                message.from.clone(),
                message.hop,
                Some(message.ack),
                message.id.as_ref(),
                message.document.clone(),
            ),
            Self::Change(news) => {
                let change = news.change();
                let from = Identity::Server(change.presentity.domain());
                (from, 2, None, None, document(change, to))
            }
        };
        let subscription = Some(login);
        let mut request = rvp::notification::CallBackRequest {
            call_back,
            from: &from,
            hop,
            ack,
            subscription,
            id,
            document,
        }
        .write();
        let trace = match self {
            Self::Message(message) => message.trace.as_deref(),
            Self::Change(_) => None,
        };
        if let Some(trace) = trace.and_then(|trace| http::HeaderValue::from_str(trace).ok()) {
            request.headers_mut().insert("traceparent", trace);
        }
        request
    }
}

fn document(change: &Change, to: &Principal) -> Bytes {
    let shown = |property: &Property| match property {
        Property::State(state) => Property::State(state.shown()),
        Property::DisplayName(_)
        | Property::Email(_)
        | Property::MobileState(_)
        | Property::MobileDescription(_) => property.clone(),
    };
    let from = change.presentity.clone();
    let to = vec![Identity::Person(to.clone())];
    PropertyChange {
        from,
        to,
        properties: change.properties.iter().map(shown).collect(),
    }
    .write()
}
