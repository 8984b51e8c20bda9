//! What is stored, whatever the engine: rows and what they mean, what a transaction comes to, and the statements that
//! every engine takes. To SQLite `$1` is a name, and names are numbered as they come: so they come in their order.
//!
//! Numbers are signed and of 64 bits in all rows, which every engine has.

pub(crate) mod account;
pub(crate) mod archive;
pub(crate) mod batch;
pub(crate) mod claims;
pub(crate) mod limited;
pub(crate) mod message;
pub(crate) mod millis;
pub(crate) mod people;
pub(crate) mod table;

use crate::Error;
use rvp::Principal;

/// Reads a stored principal.
pub(crate) fn principal(url: &str) -> Result<Principal, Error> {
    Principal::from_url(url).map_err(|_| unreadable("address", url))
}

/// Something stored is not what this program would have stored.
pub(crate) fn unreadable(what: &'static str, of: &str) -> Error {
    Error::Unreadable {
        what,
        of: of.to_owned(),
    }
}

/// What is stored for a number that only grows: an epoch, or the number of a message.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The epoch that was stored.
pub(crate) fn epoch(epoch: i64) -> Result<u64, Error> {
    u64::try_from(epoch).map_err(|_| unreadable("epoch", "the store"))
}
