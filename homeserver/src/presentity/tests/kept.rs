//! What a store would hold after everything that the core wanted durable.

use rvp::Principal;
use store::{Account, Change, Durable, ScramVerifier, Secrets};

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

/// Somebody of whom nothing is kept but the account.
pub(super) fn new(account: Account) -> Durable {
    Durable {
        account,
        logins: Vec::new(),
        views: Vec::new(),
        subscriptions: Vec::new(),
        access: None,
        told: None,
    }
}

/// Does to what is kept what a store does.
pub(super) fn keep(kept: &mut Durable, change: Change) {
    match change {
        Change::PutLogin(login) => put(&mut kept.logins, login, |each| each.id),
        Change::RemoveLogin(id) => kept.logins.retain(|each| each.id != id),
        Change::PutView(view) => put(&mut kept.views, view, |each| each.id),
        Change::RemoveView(id) => kept.views.retain(|each| each.id != id),
        Change::PutSubscription(each) => put(&mut kept.subscriptions, each, |each| each.id),
        Change::RemoveSubscription(id) => kept.subscriptions.retain(|each| each.id != id),
        Change::PutAccess(list) => kept.access = Some(list),
        Change::PutDisplayName(name) => kept.account.display_name = name,
        Change::PutTold(state) => kept.told = Some(state),
        Change::ForgetTold => kept.told = None,
    }
}

fn put<T, I: Ord>(things: &mut Vec<T>, new: T, id: impl Fn(&T) -> I) {
    things.retain(|each| id(each) != id(&new));
    things.push(new);
    things.sort_by_key(id);
}
