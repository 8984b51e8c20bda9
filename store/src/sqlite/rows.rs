//! Many rows with few statements.
//!
//! A statement with as many placeholders as there are rows would be prepared anew for each number of rows.
//! So rows go in pieces of a few fixed sizes, whose statements stay prepared.

use super::failure::Failure;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

/// Sizes of pieces, from large to small. With six columns the largest has 384 placeholders, of 32,766 that
/// are allowed.
const SIZES: [usize; 3] = [64, 8, 1];

/// A statement with values to bind.
pub(super) type Bound = Query<'static, Sqlite, SqliteArguments>;

/// A statement over any number of rows: `before`, then `row` for each with a comma between, then `after`.
/// All three are text of this program, so no data is ever part of a statement.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) before: &'static str,
    pub(super) row: &'static str,
    pub(super) after: &'static str,
}

impl Shape {
    /// The statement over that many rows.
    pub(super) fn over(&self, rows: usize) -> AssertSqlSafe<String> {
        let Self { before, row, after } = self;
        let mut sql = String::with_capacity(before.len() + rows * (row.len() + 1) + after.len());
        sql.push_str(before);
        for index in 0..rows {
            if index > 0 {
                sql.push(',');
            }
            sql.push_str(row);
        }
        sql.push_str(after);
        AssertSqlSafe(sql)
    }
}

/// The rows in pieces, each of one of the fixed sizes.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

/// Executes a statement over all rows.
pub(super) async fn execute<T>(
    connection: &mut SqliteConnection,
    shape: Shape,
    rows: &[T],
    bind: impl Fn(Bound, &T) -> Bound,
) -> Result<(), Failure> {
    for piece in pieces(rows) {
        let query = piece.iter().fold(sqlx::query(shape.over(piece.len())), &bind);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_of_fixed_sizes_and_leave_nothing_out() {
        let rows: Vec<usize> = (0..146).collect();
        let sizes: Vec<usize> = pieces(&rows).map(<[usize]>::len).collect();
        assert_eq!(sizes, [64, 64, 8, 8, 1, 1]);
        assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(pieces::<usize>(&[]).count(), 0);
    }

    #[test]
    fn a_shape_repeats_its_row() {
        let shape = Shape {
            before: "VALUES ",
            row: "(?)",
            after: ";",
        };
        assert_eq!(shape.over(3).0, "VALUES (?),(?),(?);");
    }
}
