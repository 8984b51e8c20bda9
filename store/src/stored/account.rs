//! Accounts from their rows.

use super::{principal, unreadable};
use crate::{Account, DigestSecret, Error, LegacySecrets, ScramVerifier, Secrets};
use rvp::Principal;
use std::collections::HashMap;

/// An account as found.
pub(crate) struct Found {
    /// The number that its belongings name.
    pub(crate) id: i64,
    pub(crate) revision: i64,
    pub(crate) account: Account,
}

/// Reads the columns of [`AccountRow`], in their order.
pub(crate) const SELECT: &str = "SELECT id, revision, principal, display_name, email, disabled,
        scram_salt, scram_iterations, scram_stored_key, scram_server_key, nt_hash
    FROM accounts";

/// The columns of an account: its id, its revision, and what it is.
pub(crate) type AccountRow = (
    i64,
    i64,
    String,
    String,
    String,
    bool,
    Vec<u8>,
    i64,
    Vec<u8>,
    Vec<u8>,
    Option<Vec<u8>>,
);

/// The columns of a Digest secret: whose, its user name and its hash.
pub(crate) type DigestRow = (i64, String, Vec<u8>);

/// The ids of those who opted in to NTLM and Digest.
pub(crate) fn opted_in(found: &[Found]) -> Vec<i64> {
    let with_legacy = found
        .iter()
        .filter(|found| found.account.secrets.legacy.is_some());
    with_legacy.map(|found| found.id).collect()
}

/// The account of a row, without Digest secrets.
pub(crate) fn account(row: AccountRow) -> Result<Found, Error> {
    let (id, revision, url, display_name, email, disabled, salt, iterations, stored_key, server_key, nt_hash) =
        row;
    let principal = principal(&url)?;
    let scram = ScramVerifier {
        salt: octets(salt, &principal)?,
        iterations: u32::try_from(iterations)
            .map_err(|_| unreadable("password verifier", principal.as_url()))?,
        stored_key: octets(stored_key, &principal)?,
        server_key: octets(server_key, &principal)?,
    };
    let legacy = match nt_hash {
        Some(nt_hash) => Some(LegacySecrets {
            nt_hash: octets(nt_hash, &principal)?,
            digest: Vec::new(),
        }),
        None => None,
    };
    let secrets = Secrets { scram, legacy };
    Ok(Found {
        id,
        revision,
        account: Account {
            principal,
            display_name,
            email,
            disabled,
            secrets,
        },
    })
}

/// Gives Digest secrets to those who have them. The rows are in the order of the secrets.
pub(crate) fn add_digest_secrets(found: &mut [Found], rows: Vec<DigestRow>) -> Result<(), Error> {
    let mut accounts: HashMap<i64, &mut Account> = HashMap::new();
    for Found { id, account, .. } in found {
        accounts.insert(*id, account);
    }
    for (id, username, ha1) in rows {
        if let Some(Account {
            principal,
            secrets: Secrets {
                legacy: Some(legacy), ..
            },
            ..
        }) = accounts.get_mut(&id)
        {
            legacy.digest.push(DigestSecret {
                username,
                ha1: octets(ha1, principal)?,
            });
        }
    }
    Ok(())
}

fn octets<const N: usize>(octets: Vec<u8>, of: &Principal) -> Result<[u8; N], Error> {
    octets
        .try_into()
        .map_err(|_| unreadable("password verifier", of.as_url()))
}
