//! The schema and its migrations: each step one transaction, only ever added.

use std::path::Path;

use huis_proto::IncarnationId;
use rand::rngs::OsRng;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use super::fault::Outcome;
use crate::{StoreError, StoreResult};

/// The `last` of a member that may have every entry to come.
pub(super) const NO_LAST: i64 = i64::MAX;

/// Marks the file as a Huis store ("Huis" in ASCII).
const APPLICATION_ID: i32 = 0x4875_6973;

/// Each step leads from its index to the next number of `user_version`. **A released step is never changed.**
const STEPS: [&str; 1] = [include_str!("schema_1.sql")];

/// The newest schema that this version knows; the steps to it are counted from 1.
pub const NEWEST: u32 = STEPS.len() as u32;

/// Looks at an existing database without changing a byte of it.
///
/// # Errors
/// [`StoreError::NewerSchema`], or `Damaged` where it is no database of Huis.
pub(super) fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    let exists = std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
    if !exists {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let look = || -> rusqlite::Result<(u32, i32)> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        Ok((version(&db)?, db.pragma_query_value(None, "application_id", |row| row.get(0))?))
    };
    match look().map_err(|error| super::fault::Fault::from(error).told(folder))? {
        (0, 0) => Ok(()),
        (_, other) if other != APPLICATION_ID => {
            Err(StoreError::Damaged("the file is a database of another program".into()))
        }
        (found, _) if found > NEWEST => Err(StoreError::NewerSchema { found, newest: NEWEST }),
        _ => Ok(()),
    }
}

/// Brings the schema up to date. Each step reads the version again inside its own write transaction, so that any
/// number of processes and threads may start together: one makes the step, the others find it made.
pub(super) fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    loop {
        let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = version(&step)?;
        let Some(sql) = STEPS.get(found as usize) else {
            return Ok(());
        };
        step.execute_batch(sql)?;
        if found == 0 {
            step.pragma_update(None, "application_id", APPLICATION_ID)?;
            step.execute(
                "INSERT INTO settings (one, incarnation) VALUES (1, ?1)",
                params![IncarnationId::random(&mut OsRng).as_bytes()],
            )?;
            step.execute("INSERT INTO lives (life, incarnation) SELECT 0, incarnation FROM settings", [])?;
        }
        step.pragma_update(None, "user_version", found + 1)?;
        step.commit()?;
    }
}

/// The error where a move into the store is not whole.
pub(super) fn refuse_half_moved(db: &Connection) -> Outcome<StoreResult<()>> {
    let is_moving: bool = db.query_row("SELECT EXISTS (SELECT 1 FROM moving_in)", [], |row| row.get(0))?;
    Ok(if is_moving { Err(StoreError::HalfMoved) } else { Ok(()) })
}

/// The number of the schema; 0 where there is none.
pub(super) fn version(db: &Connection) -> rusqlite::Result<u32> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}
