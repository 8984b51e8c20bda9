//! Accounts from their rows, and the statements about them that every engine takes.

use super::{principal, unreadable};
use crate::{Account, AccountChange, DigestSecret, Error, LegacySecrets, ScramVerifier, Secrets};
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

pub(crate) const INSERT: &str =
    "INSERT INTO accounts (principal, slot, revision, display_name, email, disabled,
        scram_salt, scram_iterations, scram_stored_key, scram_server_key, nt_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (principal) DO NOTHING RETURNING id";

pub(crate) const UPDATE: &str =
    "UPDATE accounts SET principal = $1, slot = $2, revision = $3, display_name = $4, email = $5, disabled = $6,
        scram_salt = $7, scram_iterations = $8, scram_stored_key = $9, scram_server_key = $10, nt_hash = $11
    WHERE principal = $1 RETURNING id";

pub(crate) const FORGET_DIGEST: &str = "DELETE FROM digest_secrets WHERE account = $1";

pub(crate) const INSERT_DIGEST: &str =
    "INSERT INTO digest_secrets (account, position, username, ha1) VALUES ($1, $2, $3, $4)";

pub(crate) const REMEMBER_REMOVED: &str = "INSERT INTO removed_accounts (principal, revision) VALUES ($1, $2)
    ON CONFLICT (principal) DO UPDATE SET revision = excluded.revision";

/// The revision and the principal of those that were removed after a revision.
pub(crate) const REMOVED: &str = "SELECT revision, principal FROM removed_accounts WHERE revision > $1";

pub(crate) const NEWEST_REVISION: &str = "SELECT revision FROM newest_revision";

pub(crate) const NEXT_REVISION: &str =
    "UPDATE newest_revision SET revision = revision + 1 RETURNING revision";

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

/// A revision as found.
pub(crate) fn revision(found: i64) -> Result<u64, Error> {
    u64::try_from(found).map_err(|_| unreadable("revision", "the store"))
}

/// What was put and what was removed, with the revision of each, in the order of these.
pub(crate) fn changes(put: Vec<Found>, removed: Vec<(i64, String)>) -> Result<Vec<AccountChange>, Error> {
    let mut changes: Vec<(i64, AccountChange)> = put
        .into_iter()
        .map(|found| (found.revision, AccountChange::Put(Box::new(found.account))))
        .collect();
    for (revision, url) in removed {
        changes.push((revision, AccountChange::Removed(principal(&url)?)));
    }
    changes.sort_by_key(|(revision, _)| *revision);
    Ok(changes.into_iter().map(|(_, change)| change).collect())
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
            // Most have one, and otherwise there would be room for four.
            legacy.digest.reserve_exact(1);
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
