//! The stores as their users meet them: the conformance suite on each, crashes, full disks, two processes or nodes.

#![expect(clippy::print_stdout, reason = "figures are stated on the standard output")]

mod copies;
mod crash;
mod files;
mod moving;
mod postgres;
mod sqlite_inline;
mod sqlite_threads;

use std::path::Path;
use std::sync::Arc;

use huis_store::StoreResult;
use huis_store::conformance::CountingFranking;
use huis_store::sqlite::{Mode, Options, SqliteStore};

/// Opens the SQLite store in this folder.
fn open(folder: &Path, mode: Mode) -> StoreResult<Arc<SqliteStore>> {
    let franking = Arc::new(CountingFranking);
    SqliteStore::open(folder.join("huis.db"), Options { franking, mode }).map(Arc::new)
}
