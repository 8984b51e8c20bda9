//! Access lists.

use super::{Error, at_most, enumerated, messages};
use crate::v1;
use crate::v1::entry::Who as Whom;
use rvp::access::{Credentials, Entry, Right, Who};
use rvp::limits::ACCESS_ENTRIES_MAX;
use rvp::{AccessList, Credential};
use std::collections::BTreeSet;

impl From<AccessList> for v1::AccessList {
    fn from(list: AccessList) -> Self {
        Self {
            entries: messages(list.entries),
        }
    }
}

impl TryFrom<v1::AccessList> for AccessList {
    type Error = Error;

    fn try_from(message: v1::AccessList) -> Result<Self, Error> {
        Ok(Self {
            entries: at_most("AccessList.entries", ACCESS_ENTRIES_MAX, message.entries)?,
        })
    }
}

impl From<Entry> for v1::Entry {
    fn from(entry: Entry) -> Self {
        let (any_credential, credentials) = match entry.credentials {
            Credentials::Any => (true, Vec::new()),
            Credentials::Listed(listed) => (false, numbers::<v1::Credential, _>(listed)),
        };
        Self {
            who: Some(match entry.who {
                Who::One(identity) => Whom::One(identity.into()),
                Who::All => Whom::All(v1::Everybody {}),
            }),
            any_credential,
            credentials,
            grant: numbers::<v1::Right, _>(entry.grant),
            deny: numbers::<v1::Right, _>(entry.deny),
        }
    }
}

impl TryFrom<v1::Entry> for Entry {
    type Error = Error;

    fn try_from(message: v1::Entry) -> Result<Self, Error> {
        Ok(Self {
            who: match message.who.ok_or(Error::Missing("Entry.who"))? {
                Whom::One(identity) => Who::One(identity.try_into()?),
                Whom::All(v1::Everybody {}) => Who::All,
            },
            credentials: credentials(message.any_credential, &message.credentials)?,
            grant: set::<v1::Right, _>("Entry.grant", Right::ALL.len(), &message.grant)?,
            deny: set::<v1::Right, _>("Entry.deny", Right::ALL.len(), &message.deny)?,
        })
    }
}

/// Both or neither of "any" and a list would leave open what is meant, so neither is taken for the other.
fn credentials(any: bool, listed: &[i32]) -> Result<Credentials, Error> {
    const FIELD: &str = "Entry.credentials";
    match (any, listed.is_empty()) {
        (true, true) => Ok(Credentials::Any),
        (true, false) => Err(Error::OutOfRange(FIELD)),
        (false, true) => Err(Error::Missing(FIELD)),
        (false, false) => {
            set::<v1::Credential, _>(FIELD, Credential::ALL.len(), listed).map(Credentials::Listed)
        }
    }
}

/// A set as the numbers of the enum `W`.
fn numbers<W, V>(set: BTreeSet<V>) -> Vec<i32>
where
    W: From<V> + Into<i32>,
{
    set.into_iter().map(|value| W::from(value).into()).collect()
}

/// The numbers of the enum `W` as a set.
fn set<W, V>(field: &'static str, max: usize, numbers: &[i32]) -> Result<BTreeSet<V>, Error>
where
    W: TryFrom<i32>,
    V: TryFrom<W> + Ord,
{
    if numbers.len() > max {
        return Err(Error::OutOfRange(field));
    }
    numbers
        .iter()
        .map(|number| enumerated::<W, V>(field, *number))
        .collect()
}

impl From<Right> for v1::Right {
    fn from(right: Right) -> Self {
        match right {
            Right::List => Self::List,
            Right::Read => Self::Read,
            Right::Write => Self::Write,
            Right::SendTo => Self::SendTo,
            Right::ReceiveFrom => Self::ReceiveFrom,
            Right::ReadAcl => Self::ReadAcl,
            Right::WriteAcl => Self::WriteAcl,
            Right::Presence => Self::Presence,
            Right::Subscriptions => Self::Subscriptions,
            Right::SubscribeOthers => Self::SubscribeOthers,
        }
    }
}

impl TryFrom<v1::Right> for Right {
    type Error = Error;

    fn try_from(message: v1::Right) -> Result<Self, Error> {
        match message {
            v1::Right::Unspecified => Err(Error::Missing("Right")),
            v1::Right::List => Ok(Self::List),
            v1::Right::Read => Ok(Self::Read),
            v1::Right::Write => Ok(Self::Write),
            v1::Right::SendTo => Ok(Self::SendTo),
            v1::Right::ReceiveFrom => Ok(Self::ReceiveFrom),
            v1::Right::ReadAcl => Ok(Self::ReadAcl),
            v1::Right::WriteAcl => Ok(Self::WriteAcl),
            v1::Right::Presence => Ok(Self::Presence),
            v1::Right::Subscriptions => Ok(Self::Subscriptions),
            v1::Right::SubscribeOthers => Ok(Self::SubscribeOthers),
        }
    }
}
