//! Points and lengths of time as SQLite stores them: whole milliseconds.

use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};

use crate::clock::Millis;

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_i64()))
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Millis::new)
    }
}

/// The length of time in a column; zero if it is negative.
pub(super) fn length(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Duration>> {
    let millis: Option<i64> = row.get(column)?;
    Ok(millis.map(|millis| Duration::from_millis(u64::try_from(millis).unwrap_or(0))))
}
