//! Contact lists. They are not in memory, since an operator may write one into the store at any time: each question
//! reads the list there. One question about a person is answered after the other, so that no change is lost.

use super::Shard;
use super::doing::Done;
use super::requests::refuse;
use crate::presentity::contacts::{changed, told};
use crate::shards::{Ask, ContactsAsk};
use membership::Slot;
use proto::{Answer, AskContacts, ContactChange, ContactsAction, Refusal};
use rvp::{Fault, Principal};
use std::collections::VecDeque;
use std::sync::Arc;
use store::{Change, Durable, Store, Write, Writer};

/// Questions about one person's list that may wait for the one before.
const WAITING_MAX: usize = 64;

/// What came of a question about a list.
pub(super) enum Listed {
    /// It is answered; a change is durable.
    Answer(Answer, Option<ContactChange>),
    /// It is refused, and nothing is changed.
    Fault(Fault),
    /// Another home has the person, since this epoch.
    Fenced(u64),
}

impl Shard {
    pub(super) fn contacts(&mut self, ask: Box<ContactsAsk>) {
        let Some(presentity) = self.presentities.get(&ask.asked.principal) else {
            return self.wait_for_store(ask.asked.principal.clone(), Ask::Contacts(ask));
        };
        if let Err(fault) = presentity.may_use_contacts(&ask.asked.caller) {
            return refuse(Ask::Contacts(ask), fault);
        }
        let epoch = presentity.epoch();
        if let Some(waiting) = self.contacts.get_mut(&ask.asked.principal) {
            if waiting.len() >= WAITING_MAX {
                return refuse(Ask::Contacts(ask), Fault::Busy);
            }
            return waiting.push_back(ask);
        }
        self.contacts.insert(ask.asked.principal.clone(), VecDeque::new());
        let (store, writer) = (Arc::clone(&self.parts.store), self.parts.writer.clone());
        let metrics = self.parts.metrics.clone();
        self.doing.push(async move {
            // By the claim of before it was read: where another home had the person in between, it is refused.
            let write = |change| {
                metrics.write(&change);
                write(&writer, &ask.asked.principal, epoch, change)
            };
            let listed = listed(&*store, &ask, write).await;
            Done::Contacts { ask, epoch, listed }
        });
    }

    /// A question is answered. The next one about that person begins when the other clients were told, so that they
    /// hear of changes in their order.
    pub(super) fn contacts_listed(&mut self, ask: ContactsAsk, epoch: u64, listed: Listed) {
        let ContactsAsk { asked, reply } = ask;
        let AskContacts { principal, login, .. } = asked;
        let (answer, change) = match listed {
            Listed::Answer(answer, change) => (Ok(answer), change),
            Listed::Fault(fault) => (Err(Refusal::Fault(fault)), None),
            Listed::Fenced(newer) => {
                let slot = Slot::of(&principal);
                tracing::warn!(%slot, epoch, newer, "another home has taken a slot over");
                self.parts.served.fence(slot, epoch);
                (Err(Refusal::Moved { epoch: newer }), None)
            }
        };
        // The router may have given up.
        let _ = reply.send(answer);
        let others = self.presentities.get(&principal);
        let others = others
            .map(|each| each.attached_besides(login))
            .unwrap_or_default();
        let Some(change) = change.filter(|_| !others.is_empty()) else {
            return self.next_contacts(&principal);
        };
        let delivery = self.parts.delivery.clone();
        self.doing.push(async move {
            delivery.contact(&change, others).await;
            Done::ContactsTold(principal)
        });
    }

    /// Whoever waits is asked again: the first of them begins.
    pub(super) fn next_contacts(&mut self, principal: &Principal) {
        for ask in self.contacts.remove(principal).unwrap_or_default() {
            self.contacts(ask);
        }
    }
}

async fn listed<W>(store: &dyn Store, ask: &ContactsAsk, write: impl Fn(Change) -> W) -> Listed
where
    W: Future<Output = Result<(), store::Error>>,
{
    let list = match store.load_one(&ask.asked.principal).await {
        Ok(Some(Durable { contacts, .. })) => contacts,
        Ok(None) => return Listed::Fault(Fault::NoSuchPrincipal),
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "a contact list cannot be read");
            return Listed::Fault(Fault::Unavailable);
        }
    };
    let change = match &ask.asked.action {
        ContactsAction::Read => return Listed::Answer(Answer::Contacts(told(list)), None),
        ContactsAction::Put(contact) => ContactChange::Put(contact.clone()),
        ContactsAction::Remove(who) => ContactChange::Removed(who.clone()),
    };
    let list = match changed(list, &ask.asked.action) {
        Ok(Some(list)) => list,
        Ok(None) => return Listed::Answer(Answer::Done, None),
        Err(fault) => return Listed::Fault(fault),
    };
    match write(Change::PutContacts(list)).await {
        Ok(()) => Listed::Answer(Answer::Done, Some(change)),
        Err(store::Error::Fenced { epoch }) => Listed::Fenced(epoch),
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "a contact list is not durable");
            Listed::Fault(Fault::Unavailable)
        }
    }
}

fn write(
    writer: &Writer,
    principal: &Principal,
    epoch: u64,
    change: Change,
) -> impl Future<Output = Result<(), store::Error>> + use<> {
    writer.submit(vec![Write {
        principal: principal.clone(),
        slot: Slot::of(principal).number(),
        epoch,
        change,
    }])
}
