//! The people of a run.

use crate::history::Person;
use crate::store::Kept;
use md5::{Digest, Md5};
use membership::Slot;
use rvp::Principal;
use store::{Account, DigestSecret, LegacySecrets, Put, ScramVerifier, Secrets};
use tests::accounts::{DOMAIN, NT_DOMAIN, PASSWORD};

/// Everybody there may be, in the order in which they come on stage.
pub(crate) const NAMES: [Person; 6] = ["ann", "bob", "cid", "dee", "eve", "fay"];

/// Where a person's listener is on the person's own host.
pub(crate) const LISTENER_PORT: u16 = 2000;

/// A person's address.
pub(crate) fn principal(person: Person) -> Principal {
    Principal::from_address(&format!("{person}@{DOMAIN}")).expect("every name is one")
}

/// The person of an address.
pub(crate) fn person(principal: &Principal) -> Option<Person> {
    NAMES.into_iter().find(|name| *name == principal.name())
}

/// The display name that has a number.
pub(crate) fn display_name(number: u32) -> String {
    format!("No. {number}")
}

/// The number in a display name.
pub(crate) fn number(display_name: &str) -> Option<u32> {
    display_name.strip_prefix("No. ")?.parse().ok()
}

/// Makes an account for everybody.
pub(crate) async fn make(kept: &Kept, people: &[Person]) {
    let store = kept.of("an operator", &crate::faults::Faults::default());
    for person in people {
        let account = account(person);
        let slot = Slot::of(&account.principal).number();
        store
            .put_account(&account, slot, Put::New)
            .await
            .expect("a store in memory takes it");
    }
}

/// An account with the secrets that Digest needs. The verifier is nobody's: deriving one takes long.
fn account(person: Person) -> Account {
    let username = format!("{NT_DOMAIN}\\{person}");
    let ha1 = Md5::digest(format!("{username}:{DOMAIN}:{PASSWORD}")).into();
    let legacy = LegacySecrets {
        nt_hash: [0; 16],
        digest: vec![DigestSecret { username, ha1 }],
    };
    Account {
        principal: principal(person),
        display_name: display_name(0),
        email: format!("{person}@example.com"),
        disabled: false,
        secrets: Secrets {
            scram: ScramVerifier {
                salt: [0; 16],
                iterations: 4096,
                stored_key: [0; 32],
                server_key: [0; 32],
            },
            legacy: Some(legacy),
        },
    }
}
