//! Applies changes of people's state.
//!
//! A row at a time: every statement stays prepared, and costs no more than a row of a longer one.

use super::failure::Failure;
use super::{archive, contacts, kept as messages};
use crate::stored::batch::{Batch, Outcome, Outcomes};
use crate::stored::millis;
use crate::{Login, PropertySubscription, View, Write};
use rusqlite::{CachedStatement, Connection, params};
use rvp::Identity;

/// Applies changes in their order, each with the row id of the person if there is one. The transaction around them is the
/// caller's.
pub(super) fn writes<'a>(
    connection: &Connection,
    writes: impl Iterator<Item = (&'a Write, Option<i64>)>,
) -> Result<(), Failure> {
    let Batch {
        logins,
        views,
        subscriptions,
        access,
        display_names,
        told,
        kept,
        contacts: lists,
        archive: entries,
    } = Batch::of(writes);
    outcomes(connection, logins, &LOGINS)?;
    outcomes(connection, views, &VIEWS)?;
    outcomes(connection, subscriptions, &SUBSCRIPTIONS)?;
    for (account, list) in access {
        let document = list.write();
        let document: &[u8] = document.as_ref();
        connection
            .prepare_cached(PUT_ACCESS)?
            .execute(params![account, document])?;
    }
    for (account, state) in told {
        match state {
            Some(state) => {
                let mut put = connection.prepare_cached(PUT_TOLD)?;
                put.execute(params![account, state.name()])?;
            }
            None => drop(connection.prepare_cached(FORGET_TOLD)?.execute([account])?),
        }
    }
    for (account, name) in display_names {
        let mut put = connection.prepare_cached("UPDATE accounts SET display_name = ? WHERE id = ?")?;
        put.execute(params![name, account])?;
    }
    messages::apply(connection, kept)?;
    contacts::put(connection, lists)?;
    archive::append(connection, entries)
}

/// How things of one kind are written.
pub(super) struct Kind<T> {
    pub(super) remove: &'static str,
    pub(super) renew: Option<&'static str>,
    put: &'static str,
    execute: fn(&mut CachedStatement<'_>, i64, &T) -> rusqlite::Result<usize>,
}

/// Removes, renews and puts things of one kind.
fn outcomes<T: Clone>(
    connection: &Connection,
    outcomes: Outcomes<'_, T>,
    kind: &Kind<T>,
) -> Result<(), Failure> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(kind.put)?;
    for ((account, id), outcome) in outcomes {
        match outcome {
            Outcome::Put(thing) => drop((kind.execute)(&mut put, account, &thing)?),
            Outcome::Renewed(ends) => {
                if let Some(renew) = kind.renew {
                    let mut renew = connection.prepare_cached(renew)?;
                    renew.execute(params![account, id, millis::from_time(ends)])?;
                }
            }
            Outcome::Removed => {
                connection
                    .prepare_cached(kind.remove)?
                    .execute(params![account, id])?;
            }
        }
    }
    Ok(())
}

pub(super) const LOGINS: Kind<Login> = Kind {
    remove: "DELETE FROM logins WHERE account = ? AND id = ?",
    renew: Some("UPDATE logins SET ends = ?3 WHERE account = ?1 AND id = ?2"),
    put: "INSERT INTO logins (account, id, call_back, router, ends) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (account, id) DO UPDATE SET
            call_back = excluded.call_back, router = excluded.router, ends = excluded.ends",
    execute: put_login,
};

fn put_login(put: &mut CachedStatement<'_>, account: i64, login: &Login) -> rusqlite::Result<usize> {
    let Login {
        id,
        reach,
        router,
        ends,
    } = login;
    let ends = millis::from_time(*ends);
    put.execute(params![account, id.get(), reach.to_string(), router, ends])
}

pub(super) const VIEWS: Kind<View> = Kind {
    remove: "DELETE FROM views WHERE account = ? AND id = ?",
    renew: None,
    put: "INSERT INTO views (account, id, login, state, default_state, changed, ends)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (account, id) DO UPDATE SET
            login = excluded.login, state = excluded.state, default_state = excluded.default_state,
            changed = excluded.changed, ends = excluded.ends",
    execute: put_view,
};

fn put_view(put: &mut CachedStatement<'_>, account: i64, view: &View) -> rusqlite::Result<usize> {
    let View {
        id,
        login,
        state,
        default,
        changed,
        ends,
    } = view;
    put.execute(params![
        account,
        id.get(),
        login.map(|login| login.get()),
        state.name(),
        default.name(),
        millis::from_time(*changed),
        ends.map(millis::from_time),
    ])
}

pub(super) const SUBSCRIPTIONS: Kind<PropertySubscription> = Kind {
    remove: "DELETE FROM property_subscriptions WHERE account = ? AND id = ?",
    renew: Some("UPDATE property_subscriptions SET ends = ?3 WHERE account = ?1 AND id = ?2"),
    put: "INSERT INTO property_subscriptions (account, id, watcher, subscriber, ends)
        VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (account, id) DO UPDATE SET
            watcher = excluded.watcher, subscriber = excluded.subscriber, ends = excluded.ends",
    execute: put_subscription,
};

fn put_subscription(
    put: &mut CachedStatement<'_>,
    account: i64,
    subscription: &PropertySubscription,
) -> rusqlite::Result<usize> {
    let PropertySubscription {
        id,
        watcher,
        subscriber,
        ends,
    } = subscription;
    let another = match subscriber {
        Identity::Person(person) if person == watcher => None,
        Identity::Person(_) | Identity::Server(_) => Some(subscriber.to_string()),
    };
    let ends = millis::from_time(*ends);
    put.execute(params![account, id.get(), watcher.as_url(), another, ends])
}

const PUT_ACCESS: &str = "INSERT INTO access_lists (account, document) VALUES (?, ?)
    ON CONFLICT (account) DO UPDATE SET document = excluded.document";

const FORGET_TOLD: &str = "DELETE FROM told WHERE account = ?";

const PUT_TOLD: &str = "INSERT INTO told (account, state) VALUES (?, ?)
    ON CONFLICT (account) DO UPDATE SET state = excluded.state";
