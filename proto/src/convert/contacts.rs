//! Contact lists. How long texts and lists may be is for whoever keeps them.

use super::identity::{principal, url};
use super::subscription::{id_or_zero, optional_id};
use super::{Error, enumerated, every, messages, required};
use crate::contacts::{AskContacts, Contact, ContactChange, ContactsAction};
use crate::op::Op;
use crate::v1;
use crate::v1::contacts::Action;
use crate::v1::deliver_contact::Change;
use rvp::Caller;

impl From<AskContacts> for v1::Contacts {
    fn from(asked: AskContacts) -> Self {
        Self {
            principal: url(&asked.principal),
            caller: Some(asked.caller.identity.into()),
            credential: v1::Credential::from(asked.caller.credential).into(),
            login: id_or_zero(asked.login),
            action: Some(match asked.action {
                ContactsAction::Read => Action::Read(v1::ReadContacts {}),
                ContactsAction::Put(contact) => Action::Put(contact.into()),
                ContactsAction::Remove(who) => Action::Remove(url(&who)),
            }),
        }
    }
}

impl TryFrom<v1::Contacts> for AskContacts {
    type Error = Error;

    fn try_from(message: v1::Contacts) -> Result<Self, Error> {
        Ok(Self {
            principal: principal("Contacts.principal", &message.principal)?,
            caller: Caller {
                identity: required("Contacts.caller", message.caller)?,
                credential: enumerated::<v1::Credential, _>("Contacts.credential", message.credential)?,
            },
            login: optional_id("Contacts.login", message.login)?,
            action: match message.action.ok_or(Error::Missing("Contacts.action"))? {
                Action::Read(v1::ReadContacts {}) => ContactsAction::Read,
                Action::Put(contact) => ContactsAction::Put(contact.try_into()?),
                Action::Remove(who) => ContactsAction::Remove(principal("Contacts.remove", &who)?),
            },
        })
    }
}

/// The message of a change for clients.
pub(super) fn deliver(change: ContactChange, clients: Vec<crate::ClientLogin>) -> v1::DeliverContact {
    v1::DeliverContact {
        change: Some(match change {
            ContactChange::Put(contact) => Change::Put(contact.into()),
            ContactChange::Removed(who) => Change::Removed(url(&who)),
        }),
        clients: messages(clients),
    }
}

impl TryFrom<v1::DeliverContact> for Op {
    type Error = Error;

    fn try_from(message: v1::DeliverContact) -> Result<Self, Error> {
        Ok(Self::DeliverContact {
            change: match message.change.ok_or(Error::Missing("DeliverContact.change"))? {
                Change::Put(contact) => ContactChange::Put(contact.try_into()?),
                Change::Removed(who) => ContactChange::Removed(principal("DeliverContact.removed", &who)?),
            },
            clients: every(message.clients)?,
        })
    }
}

/// The message of a list.
pub(super) fn list(contacts: Vec<Contact>) -> v1::ContactList {
    v1::ContactList {
        contacts: messages(contacts),
    }
}

/// The list of a message, which its frame bounds.
pub(super) fn list_of(message: v1::ContactList) -> Result<Vec<Contact>, Error> {
    every(message.contacts)
}

impl From<Contact> for v1::Contact {
    fn from(contact: Contact) -> Self {
        Self {
            principal: url(&contact.who),
            name: contact.name,
            group: contact.group,
        }
    }
}

impl TryFrom<v1::Contact> for Contact {
    type Error = Error;

    fn try_from(message: v1::Contact) -> Result<Self, Error> {
        Ok(Self {
            who: principal("Contact.principal", &message.principal)?,
            name: message.name,
            group: message.group,
        })
    }
}
