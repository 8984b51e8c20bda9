//! The contact list, which is at the person's home.

use super::requests::{Asker, Outcome, Then};
use attachment::limits::PIECE_MAX;
use attachment::{Contact, ContactsAction, ContactsChange, ServerFrame};
use proto::{Answer, AskContacts, ContactChange, Op};
use rvp::{Fault, Principal};

impl Asker {
    /// Reads or changes the list.
    pub(super) async fn contacts(&self, request: u32, action: ContactsAction) -> Outcome {
        let action = match action {
            ContactsAction::Get => proto::ContactsAction::Read,
            ContactsAction::Put(contact) => proto::ContactsAction::Put(proto::Contact {
                who: self.anybody(&contact.who)?,
                name: contact.name,
                group: contact.group,
            }),
            ContactsAction::Remove(who) => proto::ContactsAction::Remove(self.anybody(&who)?),
        };
        let op = Op::Contacts(AskContacts {
            principal: self.me.clone(),
            caller: self.caller(),
            login: Some(self.login),
            action,
        });
        let frames = match self.shared.parts().forward.ask(&self.me, op).await? {
            Answer::Done => Vec::new(),
            Answer::Contacts(list) => {
                let list: Vec<Contact> = list.into_iter().map(contact).collect();
                let part = |part: &[Contact]| ServerFrame::Contacts {
                    request: Some(request),
                    change: ContactsChange::List(part.to_vec()),
                };
                list.chunks(PIECE_MAX).map(part).collect()
            }
            Answer::Reply(_)
            | Answer::Authenticated(_)
            | Answer::ScramSalt(_)
            | Answer::Outcome(_)
            | Answer::Told
            | Answer::Members(_)
            | Answer::Load(_)
            | Answer::Watching(_)
            | Answer::Explained(_) => return Err(Fault::Internal),
        };
        Ok((frames, Then::Nothing))
    }

    /// Whom people write so, be it somebody elsewhere: a list may name people who cannot be reached from here.
    fn anybody(&self, address: &str) -> Result<Principal, Fault> {
        let canonical = &self.shared.parts().canonical;
        canonical.anybody(address).ok_or(Fault::BadRequest)
    }
}

/// The frame of what another client of the person changed.
pub(super) fn changed(change: ContactChange) -> ServerFrame {
    let change = match change {
        ContactChange::Put(put) => ContactsChange::Put(contact(put)),
        ContactChange::Removed(who) => ContactsChange::Removed(who.address()),
    };
    ServerFrame::Contacts {
        request: None,
        change,
    }
}

fn contact(contact: proto::Contact) -> Contact {
    Contact {
        who: contact.who.address(),
        name: contact.name,
        group: contact.group,
    }
}
