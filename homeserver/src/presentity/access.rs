//! Who may do what with a person's node (spec 6.4, 6.5).

use rvp::access::{AccessList, Credentials, Entry, Right, Who};
use rvp::limits::ACCESS_ENTRIES_MAX;
use rvp::{Caller, Credential, Fault, Identity, Principal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The access list of one person, ready to be asked.
#[derive(Debug)]
pub(crate) struct Access {
    owner: Principal,
    /// By whom they are about, each once; `Who::All` sorts last. None while the person has the list of a new account, as
    /// most have: then it takes no room.
    entries: Option<Box<[Entry]>>,
}

/// What everybody may do who proved who they are, and what the owner may: the list of a new account.
/// Unlike the sample of the protocol's paper it does not accept bare assertions: a claim that nobody
/// checks is believed only where a person's own list says so.
fn standard(owner: &Principal) -> [Entry; 2] {
    let own = Entry {
        who: Who::One(Identity::Person(owner.clone())),
        ..OWN.clone()
    };
    [own, EVERYBODY.clone()]
}

static EVERYBODY: LazyLock<Entry> = LazyLock::new(|| Entry {
    who: Who::All,
    credentials: proved(),
    grant: BTreeSet::from([Right::List, Right::Read, Right::SendTo, Right::Presence]),
    deny: BTreeSet::new(),
});

/// Of whoever is asked about.
static OWN: LazyLock<Entry> = LazyLock::new(|| Entry {
    who: Who::All,
    credentials: proved(),
    grant: BTreeSet::from(Right::ALL),
    deny: BTreeSet::new(),
});

fn proved() -> Credentials {
    Credentials::Listed(BTreeSet::from([Credential::Digest, Credential::Ntlm]))
}

impl Access {
    pub(crate) fn load(owner: &Principal, list: Option<AccessList>) -> Self {
        let entries = list.map(|list| {
            // Of two about the same person the later counts.
            let by_who = list.entries.into_iter().map(|entry| (entry.who.clone(), entry));
            BTreeMap::from_iter(by_who).into_values().collect()
        });
        Self {
            owner: owner.clone(),
            entries,
        }
    }

    pub(crate) fn list(&self) -> AccessList {
        AccessList {
            entries: match &self.entries {
                Some(entries) => entries.to_vec(),
                None => standard(&self.owner).to_vec(),
            },
        }
    }

    /// What the list says of somebody.
    fn entry(&self, who: &Who) -> Option<&Entry> {
        let Some(entries) = &self.entries else {
            return match who {
                Who::All => Some(&EVERYBODY),
                Who::One(Identity::Person(person)) if *person == self.owner => Some(&OWN),
                Who::One(_) => None,
            };
        };
        let place = entries.binary_search_by(|entry| entry.who.cmp(who)).ok()?;
        Some(&entries[place])
    }

    /// Replaces the entry of each principal named and keeps the rest. The owner's own entry stays as it
    /// is: nobody can lock the owner out (spec 3.8).
    pub(crate) fn merge(&mut self, changes: AccessList) -> Result<(), Fault> {
        let own = Who::One(Identity::Person(self.owner.clone()));
        let before = self.list().entries;
        let changes = changes.entries.into_iter().filter(|entry| entry.who != own);
        let merged: BTreeMap<Who, Entry> = before
            .into_iter()
            .chain(changes)
            .map(|entry| (entry.who.clone(), entry))
            .collect();
        if merged.len() > ACCESS_ENTRIES_MAX {
            return Err(Fault::TooLarge);
        }
        self.entries = Some(merged.into_values().collect());
        Ok(())
    }

    /// Whether the caller has a right.
    ///
    /// # Errors
    /// [`Fault::Unauthenticated`] when the caller only asserts who it is, so that proving it may help;
    /// [`Fault::Forbidden`] otherwise.
    pub(crate) fn check(&self, caller: &Caller, right: Right) -> Result<(), Fault> {
        if self.allows(caller, right) {
            Ok(())
        } else if caller.credential == Credential::Assertion {
            Err(Fault::Unauthenticated)
        } else {
            Err(Fault::Forbidden)
        }
    }

    /// The owner may everything. Else the caller's own entry decides if its credentials fit, where a
    /// refusal beats a grant; what it does not mention is for the entry of everybody to decide.
    pub(crate) fn allows(&self, caller: &Caller, right: Right) -> bool {
        self.says(caller, right).unwrap_or(false)
    }

    /// What the list says of a caller's right, if it says anything.
    pub(crate) fn says(&self, caller: &Caller, right: Right) -> Option<bool> {
        if caller.is_proved(&self.owner) {
            return Some(true);
        }
        self.entries_say(&Who::One(caller.identity.clone()), caller.credential, right)
    }

    fn entries_say(&self, own: &Who, shown: Credential, right: Right) -> Option<bool> {
        [own, &Who::All]
            .into_iter()
            .filter_map(|who| self.entry(who))
            .filter(|entry| fits(&entry.credentials, shown))
            .find_map(|entry| {
                if entry.deny.contains(&right) {
                    Some(false)
                } else if entry.grant.contains(&right) {
                    Some(true)
                } else {
                    None
                }
            })
    }

    /// Whether somebody who once subscribed may still see the state. The credential was checked then and
    /// is not kept, so this asks for the best one. But where the watcher's own entry refuses presence,
    /// whatever credentials it lists, no other credential undoes the block.
    pub(crate) fn may_watch(&self, watcher: &Identity) -> bool {
        if watcher.person() == Some(&self.owner) {
            return true;
        }
        if self.entries.is_none() {
            // Nobody has an entry of their own.
            return EVERYBODY.grant.contains(&Right::Presence);
        }
        let own = Who::One(watcher.clone());
        let refused = |entry: &Entry| entry.deny.contains(&Right::Presence);
        !self.entry(&own).is_some_and(refused)
            && Credential::ALL
                .into_iter()
                .any(|shown| self.entries_say(&own, shown, Right::Presence) == Some(true))
    }
}

/// A caller with other credentials than an entry lists is treated as if the entry were not there.
fn fits(credentials: &Credentials, shown: Credential) -> bool {
    match credentials {
        Credentials::Any => shown != Credential::Assertion,
        Credentials::Listed(listed) => listed.contains(&shown),
    }
}
