//! Contact lists.

use super::failure::Failure;
use super::rows::{Shape, execute};
use crate::{Contact, Error};
use rvp::Principal;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

const CLEAR: Shape = Shape {
    before: "DELETE FROM contacts WHERE account IN (",
    row: "?",
    after: ")",
};

const PUT: Shape = Shape {
    before: "INSERT INTO contacts (account, position, principal, name, group_name) VALUES ",
    row: "(?,?,?,?,?)",
    after: "",
};

/// Puts a whole list in place of what somebody has. The transaction around it is the caller's.
pub(super) async fn put_of(
    connection: &mut SqliteConnection,
    principal: &Principal,
    list: &[Contact],
) -> Result<(), Failure> {
    let account: Option<i64> = sqlx::query_scalar("SELECT id FROM accounts WHERE principal = ?")
        .bind(principal.as_url())
        .fetch_optional(&mut *connection)
        .await?;
    let account = account.ok_or(Error::NoSuchAccount)?;
    put(connection, BTreeMap::from([(account, list)])).await
}

/// Puts whole lists in place of what there is. The transaction around it is the caller's.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    lists: BTreeMap<i64, &[Contact]>,
) -> Result<(), Failure> {
    let accounts: Vec<i64> = lists.keys().copied().collect();
    execute(connection, CLEAR, &accounts, |query, account| {
        query.bind(*account)
    })
    .await?;
    let mut rows: Vec<(i64, i64, &Contact)> = Vec::new();
    for (account, list) in lists {
        rows.extend(
            (0..)
                .zip(list)
                .map(|(position, contact)| (account, position, contact)),
        );
    }
    execute(connection, PUT, &rows, |query, (account, position, contact)| {
        let Contact {
            principal,
            name,
            group,
        } = *contact;
        let query = query
            .bind(*account)
            .bind(*position)
            .bind(principal.as_url().to_owned());
        query.bind(name.clone()).bind(group.clone())
    })
    .await
}
