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

/// An account with the secrets that Digest and SCRAM need.
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
            scram: VERIFIER,
            legacy: Some(legacy),
        },
    }
}

/// Of everybody's password, with a salt that is the same in each run. Deriving one takes long.
const VERIFIER: ScramVerifier = ScramVerifier {
    salt: [0; 16],
    iterations: 4096,
    stored_key: [
        0x47, 0xba, 0x51, 0x07, 0xed, 0x6c, 0x92, 0xf9, 0xd7, 0xae, 0xb4, 0x2e, 0x53, 0x89, 0xac, 0x67, 0x2d,
        0x9d, 0x81, 0x94, 0x5c, 0xdc, 0x6e, 0xd2, 0xb3, 0x12, 0x52, 0x80, 0x86, 0x82, 0xc9, 0xac,
    ],
    server_key: [
        0x87, 0x22, 0xb9, 0x6c, 0x61, 0xdd, 0x97, 0x1b, 0x0c, 0xe3, 0x49, 0xd4, 0x99, 0xdc, 0xe7, 0xa1, 0x5f,
        0x79, 0x2e, 0xfd, 0x29, 0xf3, 0xe7, 0xcf, 0xd5, 0x58, 0x05, 0x40, 0x94, 0xb6, 0x1e, 0x80,
    ],
};

#[test]
fn the_verifier_is_of_the_password() {
    assert!(VERIFIER.verify_password(PASSWORD));
}
