//! Reads people: accounts with everything that belongs to them.

use super::failure::Failure;
use super::kept;
use super::load::{self, Which, json, unreadable};
use super::millis;
use crate::{Contact, Durable, Error, Login, PropertySubscription, View};
use rvp::{AccessList, ClientUrl, Identity, PresenceState, SubscriptionId, ViewId};
use sqlx::SqliteConnection;
use std::collections::HashMap;
use std::time::SystemTime;

/// Reads people with all that belongs to them, ordered by principal. The transaction around it, which makes
/// it one moment's truth, is the caller's.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    which: Which<'_>,
) -> Result<Vec<Durable>, Failure> {
    let found = load::accounts(connection, which).await?;
    let mut people = People {
        ids: json(found.iter().map(|found| found.id)),
        places: found.iter().map(|found| found.id).zip(0..).collect(),
        people: Vec::with_capacity(found.len()),
    };
    people.people.extend(found.into_iter().map(|found| Durable {
        account: found.account,
        logins: Vec::new(),
        views: Vec::new(),
        subscriptions: Vec::new(),
        access: None,
        told: None,
        kept: Vec::new(),
        contacts: Vec::new(),
    }));
    people.add_logins(connection).await?;
    people.add_views(connection).await?;
    people.add_subscriptions(connection).await?;
    people.add_access(connection).await?;
    people.add_told(connection).await?;
    people.add_kept(connection).await?;
    people.add_contacts(connection).await?;
    Ok(people.people)
}

/// People whose belongings are being read, a table at a time.
struct People {
    /// The accounts' row ids as a value to bind.
    ids: String,
    /// Where each account is in the list.
    places: HashMap<i64, usize>,
    people: Vec<Durable>,
}

/// The condition of all statements below.
macro_rules! of_these_accounts {
    ($select:literal) => {
        concat!(
            $select,
            " WHERE account IN (SELECT value FROM json_each(?)) ORDER BY account, id"
        )
    };
}

impl People {
    fn get(&mut self, account: i64) -> Option<&mut Durable> {
        self.people.get_mut(*self.places.get(&account)?)
    }

    async fn add_logins(&mut self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let sql = of_these_accounts!("SELECT account, id, call_back, router, ends FROM logins");
        let rows: Vec<(i64, u32, String, String, i64)> = sqlx::query_as(sql)
            .bind(self.ids.as_str())
            .fetch_all(connection)
            .await?;
        for (account, id, call_back, router, ends) in rows {
            let Some(person) = self.get(account) else { continue };
            let login = (|| {
                let call_back = ClientUrl::parse(&call_back).ok()?;
                Some(Login {
                    id: SubscriptionId::new(id)?,
                    call_back,
                    router,
                    ends: millis::to_time(ends)?,
                })
            })();
            person
                .logins
                .push(login.ok_or_else(|| unreadable_of(person, "login"))?);
        }
        Ok(())
    }

    async fn add_views(&mut self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let sql =
            of_these_accounts!("SELECT account, id, login, state, default_state, changed, ends FROM views");
        let rows: Vec<ViewRow> = sqlx::query_as(sql)
            .bind(self.ids.as_str())
            .fetch_all(connection)
            .await?;
        for row in rows {
            let Some(person) = self.get(row.0) else { continue };
            person
                .views
                .push(view(row).ok_or_else(|| unreadable_of(person, "view"))?);
        }
        Ok(())
    }

    async fn add_subscriptions(&mut self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let sql =
            of_these_accounts!("SELECT account, id, watcher, subscriber, ends FROM property_subscriptions");
        let rows: Vec<(i64, u32, String, Option<String>, i64)> = sqlx::query_as(sql)
            .bind(self.ids.as_str())
            .fetch_all(connection)
            .await?;
        for (account, id, watcher, subscriber, ends) in rows {
            let Some(person) = self.get(account) else { continue };
            let subscription = (|| {
                let watcher = load::principal(&watcher).ok()?;
                let subscriber = match subscriber {
                    Some(subscriber) => Identity::parse(&subscriber).ok()?,
                    None => Identity::Person(watcher.clone()),
                };
                let (id, ends) = (SubscriptionId::new(id)?, millis::to_time(ends)?);
                Some(PropertySubscription {
                    id,
                    watcher,
                    subscriber,
                    ends,
                })
            })();
            person
                .subscriptions
                .push(subscription.ok_or_else(|| unreadable_of(person, "subscription"))?);
        }
        Ok(())
    }

    async fn add_access(&mut self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        const SQL: &str = "SELECT account, document FROM access_lists
            WHERE account IN (SELECT value FROM json_each(?))";
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(SQL)
            .bind(self.ids.as_str())
            .fetch_all(connection)
            .await?;
        for (account, document) in rows {
            let Some(person) = self.get(account) else { continue };
            person.access =
                Some(AccessList::parse(&document).map_err(|_| unreadable_of(person, "access list"))?);
        }
        Ok(())
    }

    async fn add_told(&mut self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        const SQL: &str = "SELECT account, state FROM told
            WHERE account IN (SELECT value FROM json_each(?))";
        let rows: Vec<(i64, String)> = sqlx::query_as(SQL)
            .bind(self.ids.as_str())
            .fetch_all(connection)
            .await?;
        for (account, state) in rows {
            let Some(person) = self.get(account) else { continue };
            let state = PresenceState::from_name(&state);
            person.told = Some(state.ok_or_else(|| unreadable_of(person, "state told"))?);
        }
        Ok(())
    }

    async fn add_kept(&mut self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        const SQL: &str = "SELECT account, number, message_id, sender, bytes, accepted, taken
            FROM kept_messages WHERE account IN (SELECT value FROM json_each(?)) ORDER BY account, number";
        let rows: Vec<kept::HeaderRow> = sqlx::query_as(SQL)
            .bind(self.ids.as_str())
            .fetch_all(connection)
            .await?;
        for row in rows {
            let Some(person) = self.get(row.0) else { continue };
            let header = kept::header(row);
            person
                .kept
                .push(header.ok_or_else(|| unreadable_of(person, "message"))?);
        }
        Ok(())
    }

    async fn add_contacts(&mut self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        const SQL: &str = "SELECT account, principal, name, group_name FROM contacts
            WHERE account IN (SELECT value FROM json_each(?)) ORDER BY account, position";
        let rows: Vec<(i64, String, String, String)> = sqlx::query_as(SQL)
            .bind(self.ids.as_str())
            .fetch_all(connection)
            .await?;
        for (account, principal, name, group) in rows {
            let Some(person) = self.get(account) else { continue };
            let principal = load::principal(&principal).map_err(|_| unreadable_of(person, "contact"))?;
            person.contacts.push(Contact {
                principal,
                name,
                group,
            });
        }
        Ok(())
    }
}

type ViewRow = (i64, u32, Option<u32>, String, String, i64, Option<i64>);

fn view((_, id, login, state, default, changed, ends): ViewRow) -> Option<View> {
    let login = match login {
        Some(login) => Some(SubscriptionId::new(login)?),
        None => None,
    };
    let ends: Option<SystemTime> = match ends {
        Some(ends) => Some(millis::to_time(ends)?),
        None => None,
    };
    Some(View {
        id: ViewId::new(id)?,
        login,
        state: PresenceState::from_name(&state)?,
        default: PresenceState::from_name(&default)?,
        changed: millis::to_time(changed)?,
        ends,
    })
}

fn unreadable_of(person: &Durable, what: &'static str) -> Error {
    unreadable(what, &person.account.principal.address())
}
