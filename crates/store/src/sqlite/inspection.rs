//! A database file looked at from beside, by whoever does not serve from it: nothing in it is changed, and a server that
//! has it open is not disturbed.

use std::fs::{File, TryLockError};
use std::path::Path;

use huis_proto::IncarnationId;
use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::{BUSY_TIMEOUT, folder, schema, unusable, with_suffix};
use crate::{StoreError, StoreResult};

/// How many damaged places are looked for before they are enough.
const DAMAGES_TOLD: usize = 3;

const NEWEST_MOMENT: &str = "SELECT max(\
     (SELECT coalesce(max(received_at_ms), 0) FROM submissions), \
     (SELECT coalesce(max(received_at_ms), 0) FROM log), \
     (SELECT coalesce(max(used_at_ms), 0) FROM sessions), \
     (SELECT coalesce(max(created_at_ms), 0) FROM accounts), \
     (SELECT coalesce(max(created_at_ms), 0) FROM conversations))";

/// What stands in a database file whose pages are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspection {
    /// The number of its schema; the newest is [`NEWEST_SCHEMA`](super::NEWEST_SCHEMA).
    pub schema: u32,
    /// Which life of the store it is.
    pub incarnation: IncarnationId,
    /// The time of the newest thing in it, in milliseconds since 1970; 0 if there is none.
    pub newest_ms: u64,
    /// What its pages take.
    pub bytes: u64,
}

/// Looks at every page of the database file `path`. None where no store has been made in it yet.
///
/// # Errors
/// `Damaged` names the first damages, [`StoreError::NewerSchema`] a file that a newer version made, `HalfMoved` one into
/// which a move is not whole; otherwise as for
/// [`SqliteStore::open`](super::SqliteStore::open).
pub fn inspect(path: &Path) -> StoreResult<Option<Inspection>> {
    schema::refuse_foreign(path)?;
    let is_empty = match std::fs::metadata(path) {
        Ok(file) => file.len() == 0,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(unusable(path, &error)),
    };
    if is_empty {
        return Ok(None);
    }
    let told = |error: rusqlite::Error| Fault::from(error).told(&folder(path));
    let db = read_only(path).map_err(told)?;
    let damages = damages(&db).map_err(told)?;
    if !damages.is_empty() {
        return Err(StoreError::Damaged(damages.join(", ")));
    }
    let schema = schema::version(&db).map_err(told)?;
    if schema == 0 {
        return Ok(None);
    }
    schema::refuse_half_moved(&db).map_err(|fault| fault.told(&folder(path)))??;
    facts(&db, schema).map(Some).map_err(told)
}

/// Whether a store has the database file `path` open, in this process or another one. Without one there is no lock.
///
/// # Errors
/// `Other` where the lock beside it can't be looked at.
pub fn is_held(path: &Path) -> StoreResult<bool> {
    let beside = with_suffix(path, ".lock");
    let file = match File::open(&beside) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unusable(&beside, &error)),
    };
    match file.try_lock_shared() {
        // Given back when the file is closed, which is at once.
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(unusable(&beside, &error)),
    }
}

pub(super) fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    Ok(db)
}

fn damages(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = db.prepare(&format!("PRAGMA quick_check({DAMAGES_TOLD})"))?;
    let said = check.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(said.into_iter().filter(|line| line != "ok").map(|line| line.replace('\n', " ")).collect())
}

fn facts(db: &Connection, schema: u32) -> rusqlite::Result<Inspection> {
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let incarnation =
        db.query_row("SELECT incarnation FROM settings", [], |row| row.get(0).map(IncarnationId::from_bytes))?;
    let bytes = number("PRAGMA page_count")? * number("PRAGMA page_size")?;
    Ok(Inspection { schema, incarnation, newest_ms: number(NEWEST_MOMENT)?, bytes })
}
