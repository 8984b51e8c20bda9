//! Contact lists.

use super::failure::Failure;
use super::text;
use crate::{Contact, Error};
use rvp::Principal;
use sqlx::PgConnection;
use std::collections::BTreeMap;

const CLEAR: &str = "DELETE FROM contacts WHERE account = ANY($1)";

const PUT: &str = "INSERT INTO contacts (account, position, principal, name, group_name)
    SELECT * FROM unnest($1, $2, $3, $4, $5)";

/// Nobody else can set the same list, or remove the account, until the transaction ends.
const FIND: &str = "SELECT id FROM accounts WHERE principal = $1 FOR NO KEY UPDATE";

/// Puts a whole list in place of what somebody has. The transaction around it is the caller's.
pub(super) async fn put_of(
    connection: &mut PgConnection,
    principal: &Principal,
    list: &[Contact],
) -> Result<(), Failure> {
    let account: Option<i64> = sqlx::query_scalar(FIND)
        .bind(principal.as_url())
        .fetch_optional(&mut *connection)
        .await?;
    let account = account.ok_or(Error::NoSuchAccount)?;
    put(connection, BTreeMap::from([(account, list)])).await
}

/// Puts whole lists in place of what there is. The transaction around it is the caller's.
pub(super) async fn put(
    connection: &mut PgConnection,
    lists: BTreeMap<i64, &[Contact]>,
) -> Result<(), Failure> {
    if lists.is_empty() {
        return Ok(());
    }
    let owners: Vec<i64> = lists.keys().copied().collect();
    sqlx::query(CLEAR).bind(owners).execute(&mut *connection).await?;
    let mut rows: Vec<(i64, &Contact)> = Vec::new();
    let mut positions: Vec<i64> = Vec::new();
    for (account, list) in lists {
        rows.extend(list.iter().map(|contact| (account, contact)));
        positions.extend((0..).zip(list).map(|(position, _)| position));
    }
    let accounts: Vec<i64> = rows.iter().map(|(account, _)| *account).collect();
    let principals: Vec<&str> = rows
        .iter()
        .map(|(_, contact)| contact.principal.as_url())
        .collect();
    let names: Vec<String> = rows.iter().map(|(_, contact)| text(&contact.name)).collect();
    let groups: Vec<String> = rows.iter().map(|(_, contact)| text(&contact.group)).collect();
    let query = sqlx::query(PUT).bind(accounts).bind(positions);
    let query = query.bind(principals).bind(names).bind(groups);
    query.execute(connection).await?;
    Ok(())
}
