//! The contact list: who may have it, what a change makes of it, and who is told. The list itself is in the store only.

use super::Presentity;
use super::logins::client;
use crate::command::RouterName;
use proto::{ClientLogin, Contact, ContactsAction};
use rvp::{Caller, Fault, Principal, SubscriptionId};
use std::collections::BTreeMap;
use store::{CONTACT_LIST_MAX, CONTACT_TEXT_CHARS_MAX};

impl Presentity {
    /// Whether a caller may read and change this person's contact list: only the person may.
    pub(crate) fn may_use_contacts(&self, caller: &Caller) -> Result<(), Fault> {
        self.must_be_owner(caller)?;
        if self.account.disabled {
            return Err(Fault::Forbidden);
        }
        Ok(())
    }

    /// The clients with a connection, but the one of this login, by the router that has it.
    pub(crate) fn attached_besides(
        &self,
        login: Option<SubscriptionId>,
    ) -> BTreeMap<RouterName, Vec<ClientLogin>> {
        let mut clients: BTreeMap<RouterName, Vec<ClientLogin>> = BTreeMap::new();
        let attached = self
            .logins
            .iter()
            .filter(|each| each.reach.attachment().is_some());
        for other in attached.filter(|each| Some(each.id) != login) {
            let router = other.router.as_str().into();
            clients
                .entry(router)
                .or_default()
                .push(client(other, self.principal()));
        }
        clients
    }
}

/// What an action makes of a list; none when it stays as it is.
pub(crate) fn changed(
    mut list: Vec<store::Contact>,
    action: &ContactsAction,
) -> Result<Option<Vec<store::Contact>>, Fault> {
    let place =
        |list: &[store::Contact], who: &Principal| list.iter().position(|each| each.principal == *who);
    match action {
        ContactsAction::Read => return Ok(None),
        ContactsAction::Put(contact) => {
            if !is_text(&contact.name) || !is_text(&contact.group) {
                return Err(Fault::BadRequest);
            }
            let new = store::Contact {
                principal: contact.who.clone(),
                name: contact.name.clone(),
                group: contact.group.clone(),
            };
            match place(&list, &contact.who) {
                Some(place) if list[place] == new => return Ok(None),
                Some(place) => list[place] = new,
                None if list.len() >= CONTACT_LIST_MAX => return Err(Fault::KeptFull),
                None => list.push(new),
            }
        }
        ContactsAction::Remove(who) => {
            let place = place(&list, who).ok_or(Fault::NoSuchSubscription)?;
            list.remove(place);
        }
    }
    Ok(Some(list))
}

/// The list as it is told.
pub(crate) fn told(list: Vec<store::Contact>) -> Vec<Contact> {
    let contact = |each: store::Contact| Contact {
        who: each.principal,
        name: each.name,
        group: each.group,
    };
    list.into_iter().map(contact).collect()
}

fn is_text(text: &str) -> bool {
    text.chars().nth(CONTACT_TEXT_CHARS_MAX).is_none() && !text.chars().any(char::is_control)
}
