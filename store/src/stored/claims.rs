//! Claims and moves of slots from their rows.

use super::{epoch, millis, unreadable};
use crate::{Error, Move};

/// Reads the columns of [`MoveRow`], in their order, newest first.
pub(crate) const MOVES: &str = "SELECT epoch, member, at FROM moves WHERE slot = $1 ORDER BY epoch DESC";

/// The columns of a move: epoch, member, time.
pub(crate) type MoveRow = (i64, String, i64);

/// Moves of their rows.
pub(crate) fn moves(rows: Vec<MoveRow>) -> Result<Vec<Move>, Error> {
    let one = |(number, member, at)| {
        Ok(Move {
            member,
            epoch: epoch(number)?,
            at: millis::to_time(at).ok_or_else(|| unreadable("time of a move", "the store"))?,
        })
    };
    rows.into_iter().map(one).collect()
}
