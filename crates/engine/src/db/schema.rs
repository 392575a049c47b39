//! The database's schema. Steps are only ever added; each runs in one transaction.

use rusqlite::Connection;

use super::OpenError;

/// One step for each `user_version`, from 1.
const STEPS: [&str; 1] = [include_str!("schema-1.sql")];

/// The newest schema that this version knows; the steps to it are counted from 1.
pub const NEWEST: u32 = STEPS.len() as u32;

/// The schema that the database has. A newer one than this version knows is refused.
pub(super) fn check(connection: &Connection) -> Result<i64, OpenError> {
    let known = i64::from(NEWEST);
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known { Err(OpenError::NewerSchema { found, known }) } else { Ok(found) }
}

/// Brings the database to the newest schema.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let found = check(connection)?;
    for (number, step) in (1_i64..).zip(STEPS).filter(|(number, _)| *number > found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}
