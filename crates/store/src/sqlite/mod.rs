//! The store in one SQLite file.
//!
//! One writer thread drains its queue into one transaction (write-ahead log, `synchronous=FULL`), so that one fsync
//! serves all that waits; a few readers look beside it. One process owns the file at a time, by a lock file beside it.

mod accounts;
mod admin_visits;
mod administering;
mod administration;
mod archives;
mod audit;
mod bans;
mod columns;
mod commits;
mod contests;
mod copies;
mod delivery;
mod expiry;
mod fault;
mod files;
mod group_infos;
mod hot;
mod identities;
mod inspection;
mod invitations;
mod key_packages;
mod lives;
mod log;
mod moves;
mod moving;
mod overrides;
mod published;
mod push_subscriptions;
mod queue;
mod readers;
mod repeats;
mod reports;
mod schema;
mod second_factors;
mod sessions;
mod time_locks;
mod traits;
mod undoing;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

pub use self::copies::copy;
pub use self::inspection::{Inspection, inspect, is_held};
pub(crate) use self::moving::SqliteEnd;
pub use self::schema::NEWEST as NEWEST_SCHEMA;

use self::fault::{Fault, Outcome};
use self::published::Published;
use self::queue::{Queue, Urgency, Work};
use self::readers::Readers;
use self::writer::Writer;
use crate::turns::Submission;
use crate::{Franking, StoreError, StoreResult};

/// How long a lock of another program (a backup, `sqlite3`) is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// The writer's page cache.
const WRITER_CACHE_KIB: i64 = 2048;
/// After so many pages the write-ahead log is moved into the database.
const CHECKPOINT_PAGES: i64 = 2000;
/// Prepared statements kept by the writer: all that it has.
const WRITER_STATEMENTS: usize = 192;
/// The stack of the writer's thread.
const WRITER_STACK_BYTES: usize = 512 * 1024;

/// Where the store's work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// On threads of its own: what a server wants.
    Threads,
    /// On the caller's thread, each call a transaction of its own: for simulated runs on one thread with paused time.
    Inline,
}

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Makes the MAC of each message.
    pub franking: Arc<dyn Franking>,
    /// Where the work is done.
    pub mode: Mode,
}

/// The store in one SQLite file. Dropping it finishes what was accepted; [`close`](crate::Settings::close) does so
/// without blocking the caller's thread.
pub struct SqliteStore {
    writing: Writing,
    readers: Readers,
    published: Arc<Published>,
    faulty: Arc<AtomicBool>,
    /// Held as long as the store is open.
    lock: Mutex<Option<FileLock>>,
    path: PathBuf,
}

enum Writing {
    Thread { queue: Arc<Queue>, thread: Mutex<Option<JoinHandle<()>>> },
    Inline(Mutex<Option<Box<Writer>>>),
}

impl SqliteStore {
    /// Opens the database file `path`, or creates it (readable by its owner alone) in a folder that exists.
    ///
    /// # Errors
    /// `Locked` while another process or store has it open, [`StoreError::NewerSchema`] for a file that a newer
    /// version made, `Damaged` for one that is no database of Huis (neither is touched), `HalfMoved`, `Full`, or
    /// `Other` with the operating system's reason.
    pub fn open(path: impl AsRef<Path>, options: Options) -> StoreResult<Self> {
        let path = path.as_ref();
        let lock = take_lock(path)?;
        schema::refuse_foreign(path)?;
        create_privately(path).map_err(|error| unusable(path, &error))?;
        let told = |error: rusqlite::Error| Fault::from(error).told(&folder(path));
        let mut db = connect(path).map_err(told)?;
        schema::migrate(&mut db).map_err(told)?;
        schema::refuse_half_moved(&db).map_err(|fault| fault.told(&folder(path)))??;
        let readers = Readers::open(path, options.mode).map_err(told)?;
        let published = Arc::new(Published::default());
        let faulty = Arc::new(AtomicBool::new(false));
        let writer = Writer::new(db, options.franking, folder(path), Arc::clone(&published), Arc::clone(&faulty))
            .map_err(told)?;
        let writing = match options.mode {
            Mode::Inline => Writing::Inline(Mutex::new(Some(Box::new(writer)))),
            Mode::Threads => start(writer).map_err(|error| unusable(path, &error))?,
        };
        Ok(Self { writing, readers, published, faulty, lock: Mutex::new(Some(lock)), path: path.to_owned() })
    }

    /// Does `run` in the writer; it is on disk when this answers.
    async fn write<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Writer) -> Outcome<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.write_as(None, 0, Urgency::AtOnce, run).await
    }

    /// The same for work that holds `bytes` of payload, or that nobody waits for.
    async fn write_sized<T: Send + 'static>(
        &self,
        bytes: usize,
        urgency: Urgency,
        run: impl FnMut(&mut Writer) -> Outcome<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.write_as(None, bytes, urgency, run).await
    }

    /// The same for a device's submission, behind all its earlier ones.
    async fn submit<T: Send + 'static>(
        &self,
        submission: Submission,
        bytes: usize,
        run: impl FnMut(&mut Writer) -> Outcome<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.write_as(Some(submission), bytes, Urgency::AtOnce, run).await
    }

    async fn write_as<T: Send + 'static>(
        &self,
        submission: Option<Submission>,
        bytes: usize,
        urgency: Urgency,
        run: impl FnMut(&mut Writer) -> Outcome<T> + Send + 'static,
    ) -> StoreResult<T> {
        match &self.writing {
            Writing::Inline(writer) => match lock(writer).as_mut() {
                Some(writer) => writer.run_alone(submission, run),
                None => Err(StoreError::Stopped),
            },
            Writing::Thread { queue, .. } => {
                let (job, answer) = Work::with_answer(submission, run);
                queue.push(job, bytes, urgency).await?;
                answer.await.unwrap_or(Err(StoreError::Stopped))
            }
        }
    }

    /// Looks at the database beside the writer.
    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.readers.read(look).await
    }

    /// Whether the newest transaction failed for a fault of the store.
    fn is_faulty(&self) -> bool {
        self.faulty.load(Ordering::Relaxed)
    }

    fn is_stopped(&self) -> bool {
        match &self.writing {
            Writing::Inline(writer) => lock(writer).is_none(),
            Writing::Thread { queue, .. } => queue.is_stopped(),
        }
    }

    /// Stops taking work; gives what is to be joined.
    fn stop(&self) -> Option<JoinHandle<()>> {
        match &self.writing {
            Writing::Inline(writer) => {
                if let Some(mut writer) = lock(writer).take() {
                    writer.finish();
                }
                None
            }
            Writing::Thread { queue, thread } => {
                queue.stop();
                lock(thread).take()
            }
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(thread) = self.stop() {
            // A writer that panicked has been undone by SQLite; there is nobody to tell.
            let _ = thread.join();
        }
    }
}

fn start(writer: Writer) -> std::io::Result<Writing> {
    let queue = Arc::new(Queue::new());
    let served = Arc::clone(&queue);
    let builder = std::thread::Builder::new().name("huis-store".into()).stack_size(WRITER_STACK_BYTES);
    let thread = builder.spawn(move || writer.serve(&served))?;
    Ok(Writing::Thread { queue, thread: Mutex::new(Some(thread)) })
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // What is forgotten is overwritten in the file. Measured: a tenth more bytes written, no more processor time.
    db.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
    db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    db.query_row(&format!("PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}"), [], |_| Ok(()))?;
    db.set_prepared_statement_cache_capacity(WRITER_STATEMENTS);
    Ok(db)
}

/// The lock beside the database.
struct FileLock(File);

impl Drop for FileLock {
    /// Given back by word and not only by closing the file: a child process that is being made at this moment has a copy
    /// of it until it runs its own program.
    fn drop(&mut self) {
        // Closing the file does the rest.
        let _ = self.0.unlock();
    }
}

/// Takes the lock beside the database, which the operating system frees when the process ends, however it ends.
fn take_lock(path: &Path) -> StoreResult<FileLock> {
    let beside = with_suffix(path, ".lock");
    let file = private().open(&beside).map_err(|error| unusable(&beside, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(format!("{} is held", beside.display()))),
        Err(TryLockError::Error(error)) => Err(unusable(&beside, &error)),
    }
}

/// The log and index files beside the database get its permissions from SQLite.
fn create_privately(path: &Path) -> std::io::Result<()> {
    private().open(path).map(drop)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        StoreError::Full
    } else {
        StoreError::Other(format!("{} can't be opened: {error}", path.display()))
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
