//! The rules said once more, from what a store would hold.

use super::super::say::{everybody, listed, showing};
use rvp::access::{AccessList, Credentials, Right, Who};
use rvp::{Caller, Credential, Identity, PresenceState, Principal};
use std::sync::LazyLock;
use store::Durable;

/// The list of somebody who never set one; the owner's entry changes nothing.
static STANDARD: LazyLock<AccessList> = LazyLock::new(|| {
    let proved = listed(&[Credential::Digest, Credential::Ntlm]);
    let granted = [Right::List, Right::Read, Right::SendTo, Right::Presence];
    let entries = vec![everybody(proved, &granted, &[])];
    AccessList { entries }
});

fn list(kept: &Durable) -> &AccessList {
    kept.access.as_ref().unwrap_or(&STANDARD)
}

/// Whether this caller may see the state (spec 6.5).
pub(super) fn sees(kept: &Durable, caller: &Caller) -> bool {
    if caller.is_proved(&kept.account.principal) {
        return true;
    }
    let list = list(kept);
    for who in [Who::One(caller.identity.clone()), Who::All] {
        for entry in list.entries.iter().filter(|entry| entry.who == who) {
            let counts = match &entry.credentials {
                Credentials::Any => caller.credential != Credential::Assertion,
                Credentials::Listed(listed) => listed.contains(&caller.credential),
            };
            if counts && entry.deny.contains(&Right::Presence) {
                return false;
            }
            if counts && entry.grant.contains(&Right::Presence) {
                return true;
            }
        }
    }
    false
}

/// Whether some proof lets this identity see the state, and its own entry refuses it with none.
fn may_be_told(kept: &Durable, identity: &Identity) -> bool {
    let own = Who::One(identity.clone());
    let refused = identity.person() != Some(&kept.account.principal)
        && list(kept)
            .entries
            .iter()
            .any(|entry| entry.who == own && entry.deny.contains(&Right::Presence));
    let caller = |credential| Caller {
        identity: identity.clone(),
        credential,
    };
    !refused
        && Credential::ALL
            .into_iter()
            .any(|credential| sees(kept, &caller(credential)))
}

/// Whether changes are told to this watcher: some subscription says so whose two sides may both see them.
pub(super) fn is_told(kept: &Durable, watcher: &Principal) -> bool {
    let watcher_may = may_be_told(kept, &showing(watcher, Credential::Digest).identity);
    let of_watcher = kept.subscriptions.iter().filter(|each| each.watcher == *watcher);
    watcher_may
        && of_watcher
            .into_iter()
            .any(|each| may_be_told(kept, &each.subscriber))
}

/// The state that others see (spec 4.4).
pub(super) fn state(kept: &Durable) -> PresenceState {
    let mut views: Vec<_> = kept
        .views
        .iter()
        .filter(|view| ![PresenceState::Offline, PresenceState::Invisible].contains(&view.state))
        .collect();
    // The last is the one that counts.
    views.sort_by_key(|view| (view.state != PresenceState::Idle, view.changed, view.id));
    views.last().map_or(PresenceState::Offline, |view| view.state)
}
