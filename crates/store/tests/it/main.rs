//! The SQLite store as its users meet it: the conformance suite in both modes, crashes, full disks, two processes.

mod crash;
mod files;
mod sqlite_inline;
mod sqlite_threads;

use std::path::Path;
use std::sync::Arc;

use huis_store::StoreResult;
use huis_store::conformance::CountingFranking;
use huis_store::sqlite::{Mode, Options, SqliteStore};

/// Opens the store in this folder.
fn open(folder: &Path, mode: Mode) -> StoreResult<Arc<SqliteStore>> {
    let franking = Arc::new(CountingFranking);
    SqliteStore::open(folder.join("huis.db"), Options { franking, mode }).map(Arc::new)
}
