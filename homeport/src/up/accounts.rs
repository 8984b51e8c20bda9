//! The accounts of `--demo`: made once for a data folder, with passwords that stay the same.

use crate::data::{DEMO_PASSWORDS, demo_password};
use crate::output::Output;
use anyhow::{Context, Result};
use membership::Slot;
use rand::seq::IndexedRandom;
use rvp::{Domain, Principal};
use std::fmt::Write as _;
use std::path::Path;
use store::{Account, LegacyNames, Put, Secrets, Store};
use topologies::Topology;

const NAMES: [(&str, &str); 3] = [
    ("alice", "Alice Archer"),
    ("bob", "Bob Baker"),
    ("carol", "Carol Cook"),
];
/// Letters and digits that are not mistaken for each other.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
const PASSWORD_CHARS: usize = 12;

/// A demo account, with its password.
pub(super) struct Demo {
    address: String,
    password: String,
}

/// Makes the accounts, or finds the passwords of an earlier time in the data folder.
pub(super) async fn make_demo(store: &dyn Store, topology: &Topology, data: &Path) -> Result<Vec<Demo>> {
    let mut demo = Vec::new();
    for served in &topology.domains {
        let domain = Domain::parse(&served.im_host).context("read the topology's domains")?;
        for (name, display_name) in NAMES {
            let principal = Principal::new(&domain, name).context("make a demo account")?;
            let password = password(data, &principal)?;
            let names = LegacyNames {
                principal: principal.clone(),
                nt_domain: served.nt_domain.clone(),
            };
            let account = Account {
                display_name: display_name.to_owned(),
                email: principal.address(),
                disabled: false,
                secrets: Secrets::derive(&password, Some(&names)).context("make a demo account")?,
                principal: principal.clone(),
            };
            let slot = Slot::of(&principal).number();
            match store.put_account(&account, slot, Put::New).await {
                Ok(()) | Err(store::Error::Exists) => {}
                Err(error) => return Err(error).context("make a demo account"),
            }
            demo.push(Demo {
                address: principal.address(),
                password,
            });
        }
    }
    Ok(demo)
}

/// The password kept for an account, or a new one. Only the owner of the folder can read the file.
fn password(data: &Path, principal: &Principal) -> Result<String> {
    let address = principal.address();
    if let Some(password) = demo_password(data, &address)? {
        return Ok(password);
    }
    let path = data.join(DEMO_PASSWORDS);
    let kept = match std::fs::read_to_string(&path) {
        Ok(kept) => kept,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    let mut rng = rand::rng();
    let password: String = (0..PASSWORD_CHARS)
        .filter_map(|_| LETTERS.choose(&mut rng))
        .copied()
        .map(char::from)
        .collect();
    let mut text = kept;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{address} {password}");
    crate::data::write_private(&path, &text)?;
    Ok(password)
}

/// Prints the demo accounts, or says how to make accounts when there are none.
pub(super) fn print(output: &Output, demo: &[Demo], empty: bool, data: &Path) {
    if !demo.is_empty() {
        let rows: Vec<_> = demo
            .iter()
            .map(|demo| vec![demo.address.clone(), demo.password.clone()])
            .collect();
        output.table(&["account", "password"], &rows);
    } else if empty {
        let data = data.display();
        output.note(&format!(
            "there are no accounts yet; run again with --demo, or: homeport user add NAME@DOMAIN --legacy --password-stdin --data {data}"
        ));
    }
}
