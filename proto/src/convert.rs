//! Values and messages, each way.
//!
//! [`call_to_wire`] and [`answer_to_wire`] are what a link sends, [`call_from_wire`] and
//! [`answer_from_wire`] what it reads; the parts convert by `From` and `TryFrom`. A value becomes a message
//! without fail, and by moving what can be moved: a document is handed on as the same octets. A message is
//! not trusted: texts are read by the constructors of `rvp`, lists are bounded by [`rvp::limits`], and a
//! number that names nothing is an error, never a default. A list without a bound there (watchers, clients,
//! subscriptions of one node) is bounded by the size of the frame it came in.
//!
//! There is no arm for "everything else" in here: whoever adds a method is shown every place by the compiler.

mod access;
mod answer;
mod authenticate;
mod call;
mod change;
mod contacts;
mod delivery;
mod identity;
mod method;
mod notification;
mod operator;
mod patch;
mod property;
mod reply;
mod subscription;
mod watch;

pub use answer::{answer_from_wire, answer_to_wire};
pub use call::{call_from_wire, call_to_wire};

use rvp::ParseError;

/// Why a message is not a value. Names the message's field and holds no text that came from outside.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The field is absent, or holds the number or text that stands for absence.
    #[error("field {0} is missing")]
    Missing(&'static str),
    /// A number that its type does not know or allow, or a list or text that is too long.
    #[error("field {0} is out of range")]
    OutOfRange(&'static str),
    /// A text that its type cannot be read from.
    #[error("field {field} cannot be read")]
    Malformed {
        /// The message's field.
        field: &'static str,
        /// What is wrong with the text.
        source: ParseError,
    },
}

/// A message within a message, which every sender of this version sets.
fn required<W, V>(field: &'static str, message: Option<W>) -> Result<V, Error>
where
    V: TryFrom<W, Error = Error>,
{
    message.ok_or(Error::Missing(field)).and_then(V::try_from)
}

/// A field of an enum type `W`. The number 0 is the absence of a value, except where `W` gives it a meaning.
fn enumerated<W, V>(field: &'static str, number: i32) -> Result<V, Error>
where
    W: TryFrom<i32>,
    V: TryFrom<W>,
{
    let known = W::try_from(number).map_err(|_| Error::OutOfRange(field))?;
    V::try_from(known).map_err(|_| Error::Missing(field))
}

/// A text that a constructor of `rvp` reads.
fn text<V>(
    field: &'static str,
    text: &str,
    read: impl FnOnce(&str) -> Result<V, ParseError>,
) -> Result<V, Error> {
    if text.is_empty() {
        return Err(Error::Missing(field));
    }
    read(text).map_err(|source| Error::Malformed { field, source })
}

/// A repeated field of at most `max` items.
fn at_most<W, V>(field: &'static str, max: usize, items: Vec<W>) -> Result<Vec<V>, Error>
where
    V: TryFrom<W, Error = Error>,
{
    if items.len() > max {
        return Err(Error::OutOfRange(field));
    }
    every(items)
}

/// A repeated field that nothing but its frame bounds.
fn every<W, V>(items: Vec<W>) -> Result<Vec<V>, Error>
where
    V: TryFrom<W, Error = Error>,
{
    items.into_iter().map(V::try_from).collect()
}

/// The messages of a list of values.
fn messages<V, W>(values: Vec<V>) -> Vec<W>
where
    W: From<V>,
{
    values.into_iter().map(W::from).collect()
}

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
#[path = "convert/refused_tests.rs"]
mod tests;
