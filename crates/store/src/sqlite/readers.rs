//! Read-only connections beside the writer.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::fault::Outcome;
use super::{BUSY_TIMEOUT, Mode};
use crate::crowd::Crowd;
use crate::{StoreError, StoreResult};

/// How many reads run at the same time.
const CONNECTIONS: usize = 2;
/// Each reader's page cache; what is read often stands in the operating system's cache anyway.
const CACHE_KIB: i64 = 384;
/// Prepared statements kept by each reader.
const STATEMENTS: usize = 32;

/// The pool. One permit stands for one idle connection.
pub(super) struct Readers {
    mode: Mode,
    folder: std::path::PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
    callers: Crowd,
}

impl Readers {
    /// Opens the connections of a database that exists and is migrated.
    pub(super) fn open(path: &Path, mode: Mode) -> rusqlite::Result<Self> {
        let count = match mode {
            Mode::Threads => CONNECTIONS,
            Mode::Inline => 1,
        };
        let idle: Vec<_> = (0..count).map(|_| connect(path)).collect::<rusqlite::Result<_>>()?;
        Ok(Self {
            mode,
            folder: super::folder(path),
            turns: Arc::new(Semaphore::new(idle.len())),
            idle: Arc::new(Mutex::new(idle)),
            callers: Crowd::default(),
        })
    }

    /// Runs `look` on a reader, on one snapshot of the database.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> StoreResult<T> {
        let turn = match Arc::clone(&self.turns).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => {
                let _waiting = self.callers.enter()?;
                let turn = Arc::clone(&self.turns).acquire_owned().await;
                turn.map_err(|_| StoreError::Stopped)?
            }
        };
        let idle = Arc::clone(&self.idle);
        let work = move || {
            let db = lock(&idle).pop().ok_or(None)?;
            let seen = on_one_snapshot(&db, look);
            lock(&idle).push(db);
            drop(turn);
            seen.map_err(Some)
        };
        let seen = match self.mode {
            Mode::Inline => work(),
            Mode::Threads => tokio::task::spawn_blocking(work).await.unwrap_or(Err(None)),
        };
        seen.map_err(|fault| match fault {
            Some(fault) => fault.told(&self.folder),
            None => StoreError::Stopped,
        })
    }

    /// Waits for the reads that run and closes the connections.
    pub(super) async fn close(&self) {
        let count = match self.mode {
            Mode::Threads => CONNECTIONS,
            Mode::Inline => 1,
        };
        let all = self.turns.acquire_many(count as u32).await;
        self.turns.close();
        drop(all);
        lock(&self.idle).clear();
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

fn on_one_snapshot<T>(db: &Connection, look: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    // Ends by being dropped: there is nothing to commit.
    let _snapshot = db.unchecked_transaction()?;
    look(db)
}

fn lock(idle: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
