//! What a store would hold after everything that the core wanted durable.

use rvp::Principal;
use store::{Account, Change, Durable, KeptHeader, KeptMessage, ScramVerifier, Secrets};

/// An account whose password nobody knows: the core never looks at it.
pub(super) fn account(principal: &Principal) -> Account {
    Account {
        principal: principal.clone(),
        display_name: "Alice Archer".into(),
        email: "alice@example.com".into(),
        disabled: false,
        secrets: Secrets {
            scram: ScramVerifier {
                salt: [0; 16],
                iterations: 1,
                stored_key: [0; 32],
                server_key: [0; 32],
            },
            legacy: None,
        },
    }
}

/// Does to what is kept what a store does.
pub(super) fn keep(kept: &mut Durable, change: Change) {
    match change {
        Change::PutLogin(login) => put(&mut kept.logins, login, |each| each.id),
        Change::RenewLogin(id, ends) => {
            let renewed = kept.logins.iter_mut().find(|each| each.id == id);
            renewed.unwrap().ends = ends;
        }
        Change::RemoveLogin(id) => kept.logins.retain(|each| each.id != id),
        Change::PutView(view) => put(&mut kept.views, view, |each| each.id),
        Change::RemoveView(id) => kept.views.retain(|each| each.id != id),
        Change::PutSubscription(each) => put(&mut kept.subscriptions, each, |each| each.id),
        Change::RenewSubscription(id, ends) => {
            let renewed = kept.subscriptions.iter_mut().find(|each| each.id == id);
            renewed.unwrap().ends = ends;
        }
        Change::RemoveSubscription(id) => kept.subscriptions.retain(|each| each.id != id),
        Change::PutAccess(list) => kept.access = Some(list),
        Change::PutDisplayName(name) => kept.account.display_name = name,
        Change::PutTold(state) => kept.told = Some(state),
        Change::ForgetTold => kept.told = None,
        Change::PutMessage(message) => put(&mut kept.kept, header(message), |each| each.number),
        Change::TakeMessages(numbers, at) => {
            let taken = kept.kept.iter_mut();
            for each in taken.filter(|each| numbers.contains(&each.number)) {
                each.taken = each.taken.or(Some(at));
            }
        }
        Change::ForgetMessages(numbers) => kept.kept.retain(|each| !numbers.contains(&each.number)),
        // Not of a person.
        Change::Archive(_) => {}
        Change::PutContacts(list) => kept.contacts = list,
    }
}

fn header(message: KeptMessage) -> KeptHeader {
    KeptHeader {
        number: message.number,
        bytes: message.document.len().try_into().unwrap(),
        id: message.id,
        from: message.from,
        accepted: message.accepted,
        taken: None,
    }
}

fn put<T, I: Ord>(things: &mut Vec<T>, new: T, id: impl Fn(&T) -> I) {
    things.retain(|each| id(each) != id(&new));
    things.push(new);
    things.sort_by_key(id);
}
