//! A copy of a database that goes on being used.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::inspection::{Inspection, inspect, read_only};
use super::{folder, schema};
use crate::{StoreError, StoreResult};

/// How much is copied between two words about it.
const PAGES_AT_ONCE: i32 = 512;

/// Copies the database file `from`, which a store may have open and go on writing, into `to`, an empty file that
/// exists. The copy is what was on disk at one moment; every page of it is looked at. `progress` is told the bytes that
/// are done, and all that there are.
///
/// The store goes on meanwhile. What it writes stays in its write-ahead log, which grows until the copy is there.
///
/// # Errors
/// As for [`inspect`], of either file; `Damaged` also where there is no store to copy.
pub fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> StoreResult<Inspection> {
    schema::refuse_foreign(from)?;
    copy_pages(from, to, progress).map_err(|error| Fault::from(error).told(&folder(to)))?;
    inspect(to)?.ok_or_else(|| StoreError::Damaged("there is no store in it".into()))
}

fn copy_pages(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
    let source = read_only(from)?;
    // One moment for all steps: a copy that reads without would begin anew whenever the store writes.
    let moment = source.unchecked_transaction()?;
    let page_bytes: i64 = moment.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    {
        let mut target = write_only(to)?;
        // The file is of use when it is whole, and until then is nobody's.
        target.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))?;
        target.pragma_update(None, "synchronous", "OFF")?;
        let steps = Backup::new(&source, &mut target)?;
        loop {
            let step = steps.step(PAGES_AT_ONCE)?;
            let pages = steps.progress();
            let bytes = |pages: i32| u64::from(pages.unsigned_abs()) * page_bytes.unsigned_abs();
            progress(bytes(pages.pagecount - pages.remaining), bytes(pages.pagecount));
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                // Nobody else knows the target, and readers of a write-ahead log wait for nobody.
                _ => {
                    return Err(rusqlite::Error::SqliteFailure(
                        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                        None,
                    ));
                }
            }
        }
    }
    // The copy says of itself that it has a write-ahead log; as one file it is whole without.
    write_only(to)?.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
}

fn write_only(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}
