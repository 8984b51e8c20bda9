//! Contact lists.

use super::failure::Failure;
use super::rows::{Shape, execute};
use crate::Contact;
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
