//! The accounts of `--make-accounts`: many with one password, which is made once for a data folder and kept beside the
//! store.

use crate::data::{DataDir, LOAD_PASSWORD, write_private};
use crate::output::Output;
use ::load::People;
use anyhow::{Context, Result};
use membership::Slot;
use rand::seq::IndexedRandom;
use rvp::Principal;
use std::collections::HashSet;
use store::{Account, LegacyNames, Put, Secrets};

/// Letters and digits of a password.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
const PASSWORD_CHARS: usize = 20;

/// Makes the accounts that are missing, with the given password or the one that the folder has for them. Returns it.
pub(super) async fn make(
    data: &DataDir,
    people: &People,
    given: Option<String>,
    output: &Output,
) -> Result<String> {
    let password = match given {
        Some(password) => password,
        None => kept(data)?,
    };
    // One verifier for all: what takes a while is done once here, and once by the clients.
    let secrets = Secrets::derive(&password, None)?;
    let store = data.open_store().await?;
    let accounts = store.accounts().await.context("read the accounts")?;
    let there: HashSet<Principal> = accounts.into_iter().map(|account| account.principal).collect();
    let missing: Vec<&Principal> = people.iter().filter(|person| !there.contains(*person)).collect();
    let mut progress = output.progress(missing.len() as u64);
    for (made, person) in missing.iter().enumerate() {
        let names = LegacyNames {
            principal: (*person).clone(),
            nt_domain: String::new(),
        };
        let account = Account {
            principal: (*person).clone(),
            display_name: person.name().to_owned(),
            email: person.address(),
            disabled: false,
            secrets: secrets.shared(&password, Some(&names))?,
        };
        let put = store
            .put_account(&account, Slot::of(person).number(), Put::New)
            .await;
        put.with_context(|| format!("make the account {}", person.address()))?;
        progress.show(
            made as u64,
            &format!("making account {} of {}", made + 1, missing.len()),
        );
    }
    store.close().await;
    Ok(password)
}

/// The password that the folder has for such accounts, or a new one. Only its owner can read the file.
fn kept(data: &DataDir) -> Result<String> {
    let path = data.path().join(LOAD_PASSWORD);
    if path.exists() {
        return crate::chat::password::password("", Some(&path), None);
    }
    let mut rng = rand::rng();
    let letters = (0..PASSWORD_CHARS).filter_map(|_| LETTERS.choose(&mut rng));
    let password: String = letters.copied().map(char::from).collect();
    write_private(&path, &format!("{password}\n"))?;
    Ok(password)
}
