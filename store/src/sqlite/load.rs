//! Reads accounts.

use super::failure::Failure;
use crate::{Account, DigestSecret, Error, LegacySecrets, ScramVerifier, Secrets};
use rvp::Principal;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::HashMap;

/// Whose rows to read.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// Everybody.
    All,
    /// One person.
    One(&'a Principal),
    /// Everybody in these slots.
    InSlots(&'a [u16]),
    /// Those whose account changed after this revision.
    ChangedAfter(i64),
}

/// An account as found.
pub(super) struct Found {
    pub(super) id: i64,
    pub(super) revision: i64,
    pub(super) account: Account,
}

type AccountRow = (
    i64,
    i64,
    String,
    String,
    String,
    bool,
    Vec<u8>,
    u32,
    Vec<u8>,
    Vec<u8>,
    Option<Vec<u8>>,
);

const ACCOUNTS: &str = "SELECT id, revision, principal, display_name, email, disabled,
        scram_salt, scram_iterations, scram_stored_key, scram_server_key, nt_hash
    FROM accounts";

/// Reads accounts, ordered by principal.
pub(super) async fn accounts(
    connection: &mut SqliteConnection,
    which: Which<'_>,
) -> Result<Vec<Found>, Failure> {
    let condition = match which {
        Which::All => "",
        Which::One(_) => " WHERE principal = ?",
        // One statement for any number of slots.
        Which::InSlots(_) => " WHERE slot IN (SELECT value FROM json_each(?))",
        Which::ChangedAfter(_) => " WHERE revision > ?",
    };
    let query =
        sqlx::query_as::<_, AccountRow>(AssertSqlSafe(format!("{ACCOUNTS}{condition} ORDER BY principal")));
    let query = match which {
        Which::All => query,
        Which::One(principal) => query.bind(principal.as_url()),
        Which::InSlots(slots) => query.bind(json(slots)),
        Which::ChangedAfter(revision) => query.bind(revision),
    };
    let rows = query.fetch_all(&mut *connection).await?;
    let mut found = rows.into_iter().map(account).collect::<Result<Vec<_>, _>>()?;
    add_digest_secrets(connection, &mut found).await?;
    Ok(found)
}

fn account(row: AccountRow) -> Result<Found, Error> {
    let (id, revision, url, display_name, email, disabled, salt, iterations, stored_key, server_key, nt_hash) =
        row;
    let principal = principal(&url)?;
    let scram = ScramVerifier {
        salt: octets(salt, &principal)?,
        iterations,
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

async fn add_digest_secrets(connection: &mut SqliteConnection, found: &mut [Found]) -> Result<(), Failure> {
    let mut opted_in: HashMap<i64, &mut Account> = HashMap::new();
    for Found { id, account, .. } in found {
        if account.secrets.legacy.is_some() {
            opted_in.insert(*id, account);
        }
    }
    let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(
        "SELECT account, username, ha1 FROM digest_secrets
            WHERE account IN (SELECT value FROM json_each(?)) ORDER BY account, position",
    )
    .bind(json(opted_in.keys()))
    .fetch_all(&mut *connection)
    .await?;
    for (id, username, ha1) in rows {
        if let Some(Account {
            principal,
            secrets: Secrets {
                legacy: Some(legacy), ..
            },
            ..
        }) = opted_in.get_mut(&id)
        {
            legacy.digest.push(DigestSecret {
                username,
                ha1: octets(ha1, principal)?,
            });
        }
    }
    Ok(())
}

/// A list of numbers as one value to bind, for `json_each`.
pub(super) fn json<N: std::fmt::Display>(numbers: impl IntoIterator<Item = N>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

/// Reads a stored principal.
pub(super) fn principal(url: &str) -> Result<Principal, Error> {
    Principal::from_url(url).map_err(|_| unreadable("address", url))
}

fn octets<const N: usize>(octets: Vec<u8>, of: &Principal) -> Result<[u8; N], Error> {
    octets
        .try_into()
        .map_err(|_| unreadable("password verifier", of.as_url()))
}

/// Something stored is not what this program would have stored.
pub(super) fn unreadable(what: &'static str, of: &str) -> Error {
    Error::Unreadable {
        what,
        of: of.to_owned(),
    }
}
