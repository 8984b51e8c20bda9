//! People put together from the rows of many tables.

use super::account::Found;
use super::message::{HeaderRow, header};
use super::{millis, principal, unreadable};
use crate::{Contact, Durable, Error, Login, PropertySubscription, View};
use rvp::{AccessList, Identity, PresenceState, Reach, SubscriptionId, ViewId};
use std::collections::HashMap;
use std::time::SystemTime;

/// Whose, id, how it is reached, router, end.
pub(crate) type LoginRow = (i64, i64, String, String, i64);
/// Whose, id, login, state, default, change, end.
pub(crate) type ViewRow = (i64, i64, Option<i64>, String, String, i64, Option<i64>);
/// Whose, id, watcher, subscriber unless it is the watcher, end.
pub(crate) type SubscriptionRow = (i64, i64, String, Option<String>, i64);
/// Whose, document.
pub(crate) type AccessRow = (i64, Vec<u8>);
/// Whose, state.
pub(crate) type ToldRow = (i64, String);
/// Whose, principal, name, group.
pub(crate) type ContactRow = (i64, String, String, String);

/// The statements that read what belongs to people.
pub(crate) struct Belongings {
    pub(crate) logins: &'static str,
    pub(crate) views: &'static str,
    pub(crate) subscriptions: &'static str,
    pub(crate) access: &'static str,
    pub(crate) told: &'static str,
    pub(crate) kept: &'static str,
    pub(crate) contacts: &'static str,
}

/// The same with an engine's own way to say to whom.
macro_rules! belongings {
    ($whose:literal) => {
        belongings! { $whose,
            logins: "SELECT account, id, call_back, router, ends FROM logins", "id";
            views: "SELECT account, id, login, state, default_state, changed, ends FROM views", "id";
            subscriptions: "SELECT account, id, watcher, subscriber, ends FROM property_subscriptions", "id";
            access: "SELECT account, document FROM access_lists", "1";
            told: "SELECT account, state FROM told", "1";
            kept: "SELECT account, number, message_id, sender, bytes, accepted, taken FROM kept_messages", "number";
            contacts: "SELECT account, principal, name, group_name FROM contacts", "position";
        }
    };
    ($whose:literal, $($name:ident: $select:literal, $order:literal;)*) => {
        $crate::stored::people::Belongings {
            $($name: concat!($select, " WHERE account ", $whose, " ORDER BY account, ", $order),)*
        }
    };
}
pub(crate) use belongings;

/// People whose belongings are being read, a table at a time. Rows of one person come in the order that the
/// person's things have.
pub(crate) struct People {
    /// Where each account is in the list.
    places: HashMap<i64, usize>,
    people: Vec<Durable>,
}

impl People {
    /// People of whom nothing but the account is read yet, in this order.
    pub(crate) fn new(found: Vec<Found>) -> Self {
        let nothing_yet = |found: Found| Durable::new(found.account);
        Self {
            places: found.iter().map(|found| found.id).zip(0..).collect(),
            people: found.into_iter().map(nothing_yet).collect(),
        }
    }

    /// The people with all that was added.
    pub(crate) fn finish(self) -> Vec<Durable> {
        self.people
    }

    fn get(&mut self, account: i64) -> Option<&mut Durable> {
        self.people.get_mut(*self.places.get(&account)?)
    }

    /// Gives each person what is in the rows, and says whose cannot be read.
    fn add<R>(
        &mut self,
        rows: Vec<R>,
        what: &'static str,
        of: impl Fn(&R) -> i64,
        give: impl Fn(&mut Durable, R) -> Option<()>,
    ) -> Result<(), Error> {
        for row in rows {
            if let Some(person) = self.get(of(&row)) {
                give(person, row).ok_or_else(|| unreadable(what, &person.account.principal.address()))?;
            }
        }
        Ok(())
    }

    pub(crate) fn add_logins(&mut self, rows: Vec<LoginRow>) -> Result<(), Error> {
        self.add(
            rows,
            "login",
            |row| row.0,
            |person, (_, id, reach, router, ends)| {
                person.logins.push(Login {
                    id: subscription_id(id)?,
                    reach: Reach::parse(&reach).ok()?,
                    router,
                    ends: millis::to_time(ends)?,
                });
                Some(())
            },
        )
    }

    pub(crate) fn add_views(&mut self, rows: Vec<ViewRow>) -> Result<(), Error> {
        self.add(
            rows,
            "view",
            |row| row.0,
            |person, row| {
                person.views.push(view(row)?);
                Some(())
            },
        )
    }

    pub(crate) fn add_subscriptions(&mut self, rows: Vec<SubscriptionRow>) -> Result<(), Error> {
        self.add(
            rows,
            "subscription",
            |row| row.0,
            |person, row| {
                let (_, id, watcher, subscriber, ends) = row;
                let watcher = principal(&watcher).ok()?;
                let subscriber = match subscriber {
                    Some(subscriber) => Identity::parse(&subscriber).ok()?,
                    None => Identity::Person(watcher.clone()),
                };
                person.subscriptions.push(PropertySubscription {
                    id: subscription_id(id)?,
                    watcher,
                    subscriber,
                    ends: millis::to_time(ends)?,
                });
                Some(())
            },
        )
    }

    pub(crate) fn add_access(&mut self, rows: Vec<AccessRow>) -> Result<(), Error> {
        self.add(
            rows,
            "access list",
            |row| row.0,
            |person, (_, document)| {
                person.access = Some(AccessList::parse(&document).ok()?);
                Some(())
            },
        )
    }

    pub(crate) fn add_told(&mut self, rows: Vec<ToldRow>) -> Result<(), Error> {
        self.add(
            rows,
            "state told",
            |row| row.0,
            |person, (_, state)| {
                person.told = Some(PresenceState::from_name(&state)?);
                Some(())
            },
        )
    }

    pub(crate) fn add_kept(&mut self, rows: Vec<HeaderRow>) -> Result<(), Error> {
        self.add(
            rows,
            "message",
            |row| row.0,
            |person, row| {
                person.kept.push(header(row)?);
                Some(())
            },
        )
    }

    pub(crate) fn add_contacts(&mut self, rows: Vec<ContactRow>) -> Result<(), Error> {
        self.add(
            rows,
            "contact",
            |row| row.0,
            |person, (_, url, name, group)| {
                let principal = principal(&url).ok()?;
                person.contacts.push(Contact {
                    principal,
                    name,
                    group,
                });
                Some(())
            },
        )
    }
}

fn view((_, id, login, state, default, changed, ends): ViewRow) -> Option<View> {
    let login = match login {
        Some(login) => Some(subscription_id(login)?),
        None => None,
    };
    let ends: Option<SystemTime> = match ends {
        Some(ends) => Some(millis::to_time(ends)?),
        None => None,
    };
    Some(View {
        id: ViewId::new(u32::try_from(id).ok()?)?,
        login,
        state: PresenceState::from_name(&state)?,
        default: PresenceState::from_name(&default)?,
        changed: millis::to_time(changed)?,
        ends,
    })
}

fn subscription_id(id: i64) -> Option<SubscriptionId> {
    SubscriptionId::new(u32::try_from(id).ok()?)
}
