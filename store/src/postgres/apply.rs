//! Applies changes of people's state: a statement for each kind of change, whose values are the columns of all
//! its rows.

use super::failure::Failure;
use super::{archive, contacts, messages, text};
use crate::stored::batch::{Batch, Outcomes, Sorted};
use crate::stored::millis;
use crate::{Login, PropertySubscription, View, Write};
use rvp::{AccessList, Identity, PresenceState, Principal};
use sqlx::PgConnection;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Applies the changes in their order. The transaction around them is the caller's.
pub(super) async fn writes(connection: &mut PgConnection, writes: &[&Write]) -> Result<(), Failure> {
    let accounts = accounts_of(connection, writes).await?;
    let each = writes
        .iter()
        .map(|write| (*write, accounts.get(&write.principal).copied()));
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
    } = Batch::of(each);
    let logins = remove_and_renew(connection, &LOGINS, logins).await?;
    put_logins(connection, logins).await?;
    let views = remove_and_renew(connection, &VIEWS, views).await?;
    put_views(connection, views).await?;
    let subscriptions = remove_and_renew(connection, &SUBSCRIPTIONS, subscriptions).await?;
    put_subscriptions(connection, subscriptions).await?;
    put_access(connection, access).await?;
    put_display_names(connection, display_names).await?;
    put_told(connection, told).await?;
    messages::apply(connection, kept).await?;
    contacts::put(connection, lists).await?;
    // Last, since whoever appends keeps others from doing so until the end.
    archive::append(connection, entries).await
}

/// The ids of those who have an account. Until the transaction ends nobody can remove these.
async fn accounts_of(
    connection: &mut PgConnection,
    writes: &[&Write],
) -> Result<HashMap<Principal, i64>, Failure> {
    const FIND: &str =
        "SELECT principal, id FROM accounts WHERE principal = ANY($1) ORDER BY id FOR KEY SHARE";
    let principals: BTreeSet<&Principal> = writes.iter().map(|write| &write.principal).collect();
    let urls: Vec<&str> = principals.iter().map(|principal| principal.as_url()).collect();
    let found: Vec<(String, i64)> = sqlx::query_as(FIND).bind(urls).fetch_all(connection).await?;
    let found: HashMap<String, i64> = found.into_iter().collect();
    let known = principals
        .into_iter()
        .filter_map(|principal| Some((principal.clone(), *found.get(principal.as_url())?)));
    Ok(known.collect())
}

/// Statements about things of one kind.
struct Kind {
    remove: &'static str,
    renew: &'static str,
}

const LOGINS: Kind = Kind {
    remove: "DELETE FROM logins USING unnest($1, $2) AS gone (account, id)
        WHERE logins.account = gone.account AND logins.id = gone.id",
    renew: "UPDATE logins SET ends = renewal.ends FROM unnest($1, $2, $3) AS renewal (account, id, ends)
        WHERE logins.account = renewal.account AND logins.id = renewal.id",
};

const VIEWS: Kind = Kind {
    remove: "DELETE FROM views USING unnest($1, $2) AS gone (account, id)
        WHERE views.account = gone.account AND views.id = gone.id",
    // Nobody renews one.
    renew: "",
};

const SUBSCRIPTIONS: Kind = Kind {
    remove: "DELETE FROM property_subscriptions USING unnest($1, $2) AS gone (account, id)
        WHERE property_subscriptions.account = gone.account AND property_subscriptions.id = gone.id",
    renew: "UPDATE property_subscriptions SET ends = renewal.ends
        FROM unnest($1, $2, $3) AS renewal (account, id, ends)
        WHERE property_subscriptions.account = renewal.account AND property_subscriptions.id = renewal.id",
};

/// Removes what is gone, renews what is renewed, and returns what is to be put.
async fn remove_and_renew<'a, T: Clone>(
    connection: &mut PgConnection,
    kind: &Kind,
    outcomes: Outcomes<'a, T>,
) -> Result<Vec<(i64, Cow<'a, T>)>, Failure> {
    let Sorted {
        put,
        renewed,
        removed,
    } = Sorted::of(outcomes);
    if !removed.is_empty() {
        let (accounts, ids): (Vec<i64>, Vec<i64>) = removed.into_iter().unzip();
        let query = sqlx::query(kind.remove).bind(accounts).bind(ids);
        query.execute(&mut *connection).await?;
    }
    if !renewed.is_empty() {
        let accounts: Vec<i64> = renewed.iter().map(|(account, ..)| *account).collect();
        let ids: Vec<i64> = renewed.iter().map(|(_, id, _)| *id).collect();
        let ends: Vec<i64> = renewed
            .iter()
            .map(|(.., ends)| millis::from_time(*ends))
            .collect();
        let query = sqlx::query(kind.renew).bind(accounts).bind(ids).bind(ends);
        query.execute(connection).await?;
    }
    Ok(put)
}

async fn put_logins(connection: &mut PgConnection, rows: Vec<(i64, Cow<'_, Login>)>) -> Result<(), Failure> {
    const PUT: &str = "INSERT INTO logins (account, id, call_back, router, ends)
        SELECT * FROM unnest($1, $2, $3, $4, $5)
        ON CONFLICT (account, id) DO UPDATE SET
            call_back = excluded.call_back, router = excluded.router, ends = excluded.ends";
    if rows.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&Login) -> i64| -> Vec<i64> { rows.iter().map(|(_, login)| of(login)).collect() };
    let reaches: Vec<String> = rows.iter().map(|(_, login)| login.reach.to_string()).collect();
    let routers: Vec<String> = rows.iter().map(|(_, login)| text(&login.router)).collect();
    let query = sqlx::query(PUT)
        .bind(accounts(&rows))
        .bind(column(|login| login.id.get().into()))
        .bind(reaches)
        .bind(routers)
        .bind(column(|login| millis::from_time(login.ends)));
    query.execute(connection).await?;
    Ok(())
}

async fn put_views(connection: &mut PgConnection, rows: Vec<(i64, Cow<'_, View>)>) -> Result<(), Failure> {
    const PUT: &str = "INSERT INTO views (account, id, login, state, default_state, changed, ends)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (account, id) DO UPDATE SET
            login = excluded.login, state = excluded.state, default_state = excluded.default_state,
            changed = excluded.changed, ends = excluded.ends";
    if rows.is_empty() {
        return Ok(());
    }
    let views = || rows.iter().map(|(_, view)| view);
    let ids: Vec<i64> = views().map(|view| view.id.get().into()).collect();
    let logins: Vec<Option<i64>> = views()
        .map(|view| view.login.map(|login| login.get().into()))
        .collect();
    let states: Vec<&str> = views().map(|view| view.state.name()).collect();
    let defaults: Vec<&str> = views().map(|view| view.default.name()).collect();
    let changed: Vec<i64> = views().map(|view| millis::from_time(view.changed)).collect();
    let ends: Vec<Option<i64>> = views().map(|view| view.ends.map(millis::from_time)).collect();
    let query = sqlx::query(PUT).bind(accounts(&rows)).bind(ids).bind(logins);
    let query = query.bind(states).bind(defaults).bind(changed).bind(ends);
    query.execute(connection).await?;
    Ok(())
}

async fn put_subscriptions(
    connection: &mut PgConnection,
    rows: Vec<(i64, Cow<'_, PropertySubscription>)>,
) -> Result<(), Failure> {
    const PUT: &str = "INSERT INTO property_subscriptions (account, id, watcher, subscriber, ends)
        SELECT * FROM unnest($1, $2, $3, $4, $5)
        ON CONFLICT (account, id) DO UPDATE SET
            watcher = excluded.watcher, subscriber = excluded.subscriber, ends = excluded.ends";
    if rows.is_empty() {
        return Ok(());
    }
    let each = || rows.iter().map(|(_, subscription)| subscription);
    let ids: Vec<i64> = each().map(|each| each.id.get().into()).collect();
    let watchers: Vec<&str> = each().map(|each| each.watcher.as_url()).collect();
    let others: Vec<Option<String>> = each()
        .map(|each| match &each.subscriber {
            Identity::Person(person) if *person == each.watcher => None,
            Identity::Person(_) | Identity::Server(_) => Some(each.subscriber.to_string()),
        })
        .collect();
    let ends: Vec<i64> = each().map(|each| millis::from_time(each.ends)).collect();
    let query = sqlx::query(PUT).bind(accounts(&rows)).bind(ids);
    let query = query.bind(watchers).bind(others).bind(ends);
    query.execute(connection).await?;
    Ok(())
}

async fn put_access(connection: &mut PgConnection, lists: BTreeMap<i64, &AccessList>) -> Result<(), Failure> {
    const PUT: &str = "INSERT INTO access_lists (account, document) SELECT * FROM unnest($1, $2)
        ON CONFLICT (account) DO UPDATE SET document = excluded.document";
    if lists.is_empty() {
        return Ok(());
    }
    let accounts: Vec<i64> = lists.keys().copied().collect();
    let documents: Vec<Vec<u8>> = lists.values().map(|list| list.write().to_vec()).collect();
    let query = sqlx::query(PUT).bind(accounts).bind(documents);
    query.execute(connection).await?;
    Ok(())
}

async fn put_display_names(connection: &mut PgConnection, names: BTreeMap<i64, &str>) -> Result<(), Failure> {
    const PUT: &str = "UPDATE accounts SET display_name = named.name
        FROM unnest($1, $2) AS named (id, name) WHERE accounts.id = named.id";
    if names.is_empty() {
        return Ok(());
    }
    let accounts: Vec<i64> = names.keys().copied().collect();
    let names: Vec<String> = names.values().map(|name| text(name)).collect();
    let query = sqlx::query(PUT).bind(accounts).bind(names);
    query.execute(connection).await?;
    Ok(())
}

async fn put_told(
    connection: &mut PgConnection,
    told: BTreeMap<i64, Option<PresenceState>>,
) -> Result<(), Failure> {
    const FORGET: &str = "DELETE FROM told WHERE account = ANY($1)";
    const PUT: &str = "INSERT INTO told (account, state) SELECT * FROM unnest($1, $2)
        ON CONFLICT (account) DO UPDATE SET state = excluded.state";
    let (mut accounts, mut states, mut unknown): (Vec<i64>, Vec<&str>, Vec<i64>) = Default::default();
    for (account, state) in told {
        if let Some(state) = state {
            accounts.push(account);
            states.push(state.name());
        } else {
            unknown.push(account);
        }
    }
    if !unknown.is_empty() {
        sqlx::query(FORGET)
            .bind(unknown)
            .execute(&mut *connection)
            .await?;
    }
    if !accounts.is_empty() {
        let query = sqlx::query(PUT).bind(accounts).bind(states);
        query.execute(connection).await?;
    }
    Ok(())
}

fn accounts<T>(rows: &[(i64, T)]) -> Vec<i64> {
    rows.iter().map(|(account, _)| *account).collect()
}
