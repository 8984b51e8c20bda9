//! Applies changes of people's state.

use super::failure::Failure;
use super::rows::{Bound, Shape, execute, pieces};
use super::{archive, contacts, kept as messages};
use crate::stored::batch::{Batch, Outcomes, Sorted};
use crate::stored::millis;
use crate::{Login, PropertySubscription, View, Write};
use rvp::{Identity, PresenceState, Principal};
use sqlx::SqliteConnection;
use std::collections::{BTreeSet, HashMap};

/// Applies the changes in their order. The transaction around them is the caller's.
pub(super) async fn writes(connection: &mut SqliteConnection, writes: &[&Write]) -> Result<(), Failure> {
    let accounts = accounts_of(connection, writes).await?;
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
    } = Batch::of(writes, &accounts);
    outcomes(connection, logins, &LOGINS).await?;
    outcomes(connection, views, &VIEWS).await?;
    outcomes(connection, subscriptions, &SUBSCRIPTIONS).await?;

    let access: Vec<_> = access
        .into_iter()
        .map(|(account, list)| (account, list.write()))
        .collect();
    let bind = |query: Bound, (account, document): &(i64, _)| {
        query.bind(*account).bind(AsRef::<[u8]>::as_ref(document))
    };
    execute(connection, PUT_ACCESS, &access, bind).await?;
    let (told, unknown): (Vec<_>, Vec<_>) = told.into_iter().partition(|(_, state)| state.is_some());
    let told: Vec<(i64, PresenceState)> = told
        .into_iter()
        .filter_map(|(account, state)| Some((account, state?)))
        .collect();
    execute(connection, FORGET_TOLD, &unknown, |query, (account, _)| {
        query.bind(*account)
    })
    .await?;
    execute(connection, PUT_TOLD, &told, |query, (account, state)| {
        query.bind(*account).bind(state.name())
    })
    .await?;
    for (account, name) in display_names {
        let update = sqlx::query("UPDATE accounts SET display_name = ? WHERE id = ?")
            .bind(name)
            .bind(account);
        update.execute(&mut *connection).await?;
    }
    messages::apply(connection, kept).await?;
    contacts::put(connection, lists).await?;
    archive::append(connection, entries).await
}

/// The row ids of those who have an account.
async fn accounts_of(
    connection: &mut SqliteConnection,
    writes: &[&Write],
) -> Result<HashMap<Principal, i64>, Failure> {
    const FIND: Shape = Shape {
        before: "SELECT principal, id FROM accounts WHERE principal IN (",
        row: "?",
        after: ")",
    };
    let principals: BTreeSet<&Principal> = writes.iter().map(|write| &write.principal).collect();
    let principals: Vec<&Principal> = principals.into_iter().collect();
    let mut accounts = HashMap::with_capacity(principals.len());
    for piece in pieces(&principals) {
        let query = sqlx::query_as::<_, (String, i64)>(FIND.over(piece.len()));
        let query = piece
            .iter()
            .fold(query, |query, principal| query.bind(principal.as_url()));
        let found: HashMap<String, i64> = query.fetch_all(&mut *connection).await?.into_iter().collect();
        let known = piece
            .iter()
            .filter_map(|principal| Some(((*principal).clone(), *found.get(principal.as_url())?)));
        accounts.extend(known);
    }
    Ok(accounts)
}

/// How things of one kind are written.
struct Kind<T> {
    remove: Shape,
    renew: Option<Shape>,
    put: Shape,
    bind: fn(Bound, i64, &T) -> Bound,
}

/// Removes, renews and puts things of one kind.
async fn outcomes<T: Clone>(
    connection: &mut SqliteConnection,
    outcomes: Outcomes<'_, T>,
    kind: &Kind<T>,
) -> Result<(), Failure> {
    let Sorted {
        put,
        renewed,
        removed,
    } = Sorted::of(outcomes);
    execute(connection, kind.remove, &removed, |query, (account, id)| {
        query.bind(*account).bind(*id)
    })
    .await?;
    if let Some(renew) = kind.renew {
        execute(connection, renew, &renewed, |query, (account, id, ends)| {
            query.bind(*account).bind(*id).bind(millis::from_time(*ends))
        })
        .await?;
    }
    execute(connection, kind.put, &put, |query, (account, thing)| {
        (kind.bind)(query, *account, thing)
    })
    .await
}

const LOGINS: Kind<Login> = Kind {
    remove: REMOVE_LOGINS,
    renew: Some(RENEW_LOGINS),
    put: PUT_LOGINS,
    bind: bind_login,
};

const VIEWS: Kind<View> = Kind {
    remove: REMOVE_VIEWS,
    renew: None,
    put: PUT_VIEWS,
    bind: bind_view,
};

const SUBSCRIPTIONS: Kind<PropertySubscription> = Kind {
    remove: REMOVE_SUBSCRIPTIONS,
    renew: Some(RENEW_SUBSCRIPTIONS),
    put: PUT_SUBSCRIPTIONS,
    bind: bind_subscription,
};

pub(super) const RENEW_LOGINS: Shape = Shape {
    before: "WITH renewal (account, id, ends) AS (VALUES ",
    row: "(?,?,?)",
    after: ") UPDATE logins SET ends = renewal.ends FROM renewal
        WHERE logins.account = renewal.account AND logins.id = renewal.id",
};

pub(super) const RENEW_SUBSCRIPTIONS: Shape = Shape {
    before: "WITH renewal (account, id, ends) AS (VALUES ",
    row: "(?,?,?)",
    after: ") UPDATE property_subscriptions SET ends = renewal.ends FROM renewal
        WHERE property_subscriptions.account = renewal.account AND property_subscriptions.id = renewal.id",
};

const REMOVE_LOGINS: Shape = Shape {
    before: "DELETE FROM logins WHERE (account, id) IN (VALUES ",
    row: "(?,?)",
    after: ")",
};

const PUT_LOGINS: Shape = Shape {
    before: "INSERT INTO logins (account, id, call_back, router, ends) VALUES ",
    row: "(?,?,?,?,?)",
    after: " ON CONFLICT (account, id) DO UPDATE SET
        call_back = excluded.call_back, router = excluded.router, ends = excluded.ends",
};

fn bind_login(query: Bound, account: i64, login: &Login) -> Bound {
    let Login {
        id,
        reach,
        router,
        ends,
    } = login;
    let query = query
        .bind(account)
        .bind(id.get())
        .bind(reach.to_string())
        .bind(router.as_str());
    query.bind(millis::from_time(*ends))
}

const REMOVE_VIEWS: Shape = Shape {
    before: "DELETE FROM views WHERE (account, id) IN (VALUES ",
    row: "(?,?)",
    after: ")",
};

const PUT_VIEWS: Shape = Shape {
    before: "INSERT INTO views (account, id, login, state, default_state, changed, ends) VALUES ",
    row: "(?,?,?,?,?,?,?)",
    after: " ON CONFLICT (account, id) DO UPDATE SET
        login = excluded.login, state = excluded.state, default_state = excluded.default_state,
        changed = excluded.changed, ends = excluded.ends",
};

fn bind_view(query: Bound, account: i64, view: &View) -> Bound {
    let View {
        id,
        login,
        state,
        default,
        changed,
        ends,
    } = view;
    let query = query
        .bind(account)
        .bind(id.get())
        .bind(login.map(|login| login.get()));
    let query = query.bind(state.name()).bind(default.name());
    query
        .bind(millis::from_time(*changed))
        .bind(ends.map(millis::from_time))
}

const REMOVE_SUBSCRIPTIONS: Shape = Shape {
    before: "DELETE FROM property_subscriptions WHERE (account, id) IN (VALUES ",
    row: "(?,?)",
    after: ")",
};

const PUT_SUBSCRIPTIONS: Shape = Shape {
    before: "INSERT INTO property_subscriptions (account, id, watcher, subscriber, ends) VALUES ",
    row: "(?,?,?,?,?)",
    after: " ON CONFLICT (account, id) DO UPDATE SET
        watcher = excluded.watcher, subscriber = excluded.subscriber, ends = excluded.ends",
};

fn bind_subscription(query: Bound, account: i64, subscription: &PropertySubscription) -> Bound {
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
    let query = query
        .bind(account)
        .bind(id.get())
        .bind(watcher.as_url())
        .bind(another);
    query.bind(millis::from_time(*ends))
}

const PUT_ACCESS: Shape = Shape {
    before: "INSERT INTO access_lists (account, document) VALUES ",
    row: "(?,?)",
    after: " ON CONFLICT (account) DO UPDATE SET document = excluded.document",
};

const FORGET_TOLD: Shape = Shape {
    before: "DELETE FROM told WHERE account IN (VALUES ",
    row: "(?)",
    after: ")",
};

const PUT_TOLD: Shape = Shape {
    before: "INSERT INTO told (account, state) VALUES ",
    row: "(?,?)",
    after: " ON CONFLICT (account) DO UPDATE SET state = excluded.state",
};
