//! Where SQLite puts files that it needs for a moment. They have the words of customers, too, so they belong beside the history.

use std::path::Path;

use rusqlite::Connection;

use super::error::HistoryError;

/// From now on they are in `directory`, for all histories that this process opens. To be called before it opens one: SQLite has one such
/// place for the whole process.
///
/// # Errors
/// When the directory can't be written. The files are then where they were before, mostly in `/var/tmp` or `/tmp`.
pub fn keep_temporary_files_in(directory: &Path) -> Result<(), HistoryError> {
    // A path that is not Unicode can't be named in SQL.
    let Some(directory) = directory.to_str() else {
        return Ok(());
    };
    let quoted = directory.replace('\'', "''");
    let set = Connection::open_in_memory()
        .and_then(|db| db.execute_batch(&format!("PRAGMA temp_store_directory = '{quoted}'")));
    set.map_err(|source| HistoryError::Open {
        path: directory.into(),
        source,
    })
}
