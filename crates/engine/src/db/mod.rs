//! The encrypted database: one file, one connection, one transaction for each step of the engine.

mod accounts;
mod archive;
mod cards;
mod contests;
mod conversations;
mod facts;
mod heard;
mod locks;
mod marks;
mod messages;
mod mls;
mod outbox;
mod pages;
mod restores;
mod schema;
mod search;
mod settings;
#[cfg(test)]
mod tests;
mod transfers;
mod vanishing;

use std::path::Path;

use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, Row, Transaction};
use zeroize::Zeroizing;

use crate::config::DatabaseKey;
use crate::platform::ACCESS;

pub(crate) use self::accounts::AccountRow;
pub(crate) use self::archive::{Leaving, Life, RestoreStanding, SegmentRow};
pub(crate) use self::conversations::{ConversationRow, State};
pub(crate) use self::heard::Heard;
pub(crate) use self::locks::{Asked, Keeper, LockReport, LockRow, LockStanding};
pub(crate) use self::marks::WaitingMark;
pub(crate) use self::messages::{MessageRow, MessageStanding};
pub(crate) use self::outbox::{OutboxRow, Task};
pub(crate) use self::pages::{Glance, Quoted};
pub use self::schema::NEWEST as NEWEST_SCHEMA;
pub(crate) use self::search::{Wanted, query_of as search_query};
pub(crate) use self::settings::SettingsRow;
pub(crate) use self::transfers::{TransferRow, TransferStanding};

/// Why a database is not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("its schema is number {found}, this version knows up to {known}")]
    NewerSchema { found: i64, known: i64 },
    #[error("the key does not open it, or it is no database")]
    WrongKey,
    #[error("its changes can't be logged beside it, but by {0:?}")]
    Journal(String),
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// Why a step was not done; nothing of it is on disk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("a stored {0} can't be read")]
    Form(&'static str),
    #[error("halted")]
    Halted,
}

impl From<DbError> for huis_views::Failure {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Halted => Self::Stopped,
            other => Self::Database { reason: other.to_string() },
        }
    }
}

/// The open database.
pub(crate) struct Db {
    connection: Connection,
    /// How many more transactions are made; a test's crash.
    left: Option<u64>,
}

/// The tables, through a connection or an open transaction.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a>(&'a Connection);

impl<'a> Tables<'a> {
    /// The tables inside a transaction.
    pub(crate) fn over(transaction: &'a Transaction<'_>) -> Self {
        Self(transaction)
    }
}

#[cfg(test)]
impl Tables<'_> {
    /// Everything that is stored, in all tables, those of the index of words among them.
    pub(crate) fn everything(self) -> Result<Vec<u8>, DbError> {
        let mut names = self.0.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'words'")?;
        let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut all = Vec::new();
        for name in names {
            let mut statement = self.0.prepare(&format!("SELECT * FROM {name}"))?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                for column in 0..columns {
                    if let Ok(bytes) = row.get_ref(column)?.as_bytes() {
                        all.extend_from_slice(bytes);
                        all.push(0);
                    }
                }
            }
        }
        Ok(all)
    }
}

impl Db {
    /// Opens or creates the database.
    pub(crate) fn open(path: &Path, key: &DatabaseKey, halt_after: Option<u64>) -> Result<Self, OpenError> {
        let mut connection = Connection::open(path)?;
        apply_key(&connection, key)?;
        // Before the first look at the file, which may have a log beside it.
        connection.execute_batch(ACCESS)?;
        let readable = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
        match readable {
            Ok(_) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                return Err(OpenError::WrongKey);
            }
            Err(error) => return Err(error.into()),
        }
        // Looked at before anything is written: a newer schema is left untouched.
        schema::check(&connection)?;
        let journal: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if journal != "wal" {
            // SQLite says what it took instead, and nothing else.
            return Err(OpenError::Journal(journal));
        }
        connection.execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA secure_delete = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA foreign_keys = ON;",
        )?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(64);
        schema::migrate(&mut connection)?;
        Ok(Self { connection, left: halt_after })
    }

    /// The tables, outside of a transaction: for reading.
    pub(crate) fn tables(&self) -> Tables<'_> {
        Tables(&self.connection)
    }

    /// Begins a transaction.
    pub(crate) fn begin(&mut self) -> Result<Transaction<'_>, DbError> {
        match &mut self.left {
            Some(0) => return Err(DbError::Halted),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?)
    }

    /// Whether nothing may be written or sent any more.
    pub(crate) fn halted(&self) -> bool {
        self.left == Some(0)
    }
}

fn apply_key(connection: &Connection, key: &DatabaseKey) -> Result<(), rusqlite::Error> {
    let hex: Zeroizing<String> =
        Zeroizing::new(key.expose().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    // SQLCipher writes its own complaints to the standard error; ours go to the caller.
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    let pragma = Zeroizing::new(format!("PRAGMA key = \"x'{}'\";", hex.as_str()));
    connection.execute_batch(&pragma)
}

/// SQLite's integers have a sign; nothing that is counted here reaches it.
fn int(number: u64) -> i64 {
    number as i64
}

fn uint(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| number as u64)
}

fn optional_uint(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    row.get::<_, Option<i64>>(column).map(|number| number.map(|number| number as u64))
}

/// An identifier's column.
fn id<T: for<'b> TryFrom<&'b [u8]>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let bytes: Vec<u8> = row.get(column)?;
    T::try_from(&bytes).map_err(|_| damaged(column, "identifier"))
}

fn optional_id<T: for<'b> TryFrom<&'b [u8]>>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    match row.get::<_, Option<Vec<u8>>>(column)? {
        Some(bytes) => T::try_from(&bytes).map(Some).map_err(|_| damaged(column, "identifier")),
        None => Ok(None),
    }
}

fn cbor<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let bytes: Vec<u8> = row.get(column)?;
    huis_proto::codec::from_cbor(&bytes).map_err(|_| damaged(column, "CBOR"))
}

fn damaged(column: usize, what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, format!("damaged {what}").into())
}
