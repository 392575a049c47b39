//! A whole store moved into another database, of the same kind or of the other one.
//!
//! Rows leave their source in one order, page by page, in a shape that is no backend's own (`shape.rs`), and each page
//! is committed in the target together with a note of how far the move is. As long as that note is there the target is
//! no store: nothing serves from it. A move that was cut off is gone on with by beginning it again: what arrived before
//! is read from the source once more, and has to have the same hash. When everything has arrived the target is read
//! from its beginning, and the note goes if its content has the hash of what was sent (`content.rs`).
//!
//! The source is not changed, and nothing may serve from it meanwhile.

mod content;
mod shape;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use huis_proto::{Bytes32, IncarnationId};

pub(crate) use self::content::Content;
pub(crate) use self::shape::{COUNTED, Column, Kind, Row, TABLES, Table, Value, Way, bytes_of};

use crate::postgres::{DatabaseAddress, PostgresEnd};
use crate::sqlite::SqliteEnd;
use crate::{Franking, StoreError, StoreResult};

/// The number of the shape in which rows travel, and of the hash over them. A move is gone on with by a version that has
/// the same one.
pub(crate) const LAYOUT: i64 = 7;
/// A page holds so many bytes, and what its last row has beyond them.
pub(crate) const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// A page holds at most so many rows.
pub(crate) const PAGE_ROWS: usize = 512;

/// Where a store is.
#[derive(Debug, Clone)]
pub enum Place {
    /// In this file.
    Sqlite(PathBuf),
    /// In this database.
    Postgres(Box<DatabaseAddress>),
}

impl fmt::Display for Place {
    /// Without any password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(formatter),
            Self::Postgres(address) => address.fmt(formatter),
        }
    }
}

/// What gives the franking commitment of a message: it stands in the message's authenticated data.
pub type CommitmentOf = fn(&[u8]) -> Option<Bytes32>;

/// A move that is to be made.
pub struct Move {
    /// From here.
    pub from: Place,
    /// To here: an empty database, or a file that is not there yet, or one into which this move was begun.
    pub to: Place,
    /// Makes the MACs of both: they have the same keys.
    pub franking: Arc<dyn Franking>,
    /// PostgreSQL's store keeps a message's commitment beside it, SQLite's does not.
    pub commitment_of: CommitmentOf,
}

/// A move that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The hash of everything that the store holds. It depends on nothing else: moved back, it is the same.
    pub content: Bytes32,
    /// How many rows moved.
    pub rows: u64,
    /// How many of them a move that was cut off had brought already.
    pub found: u64,
    /// How many of them each table has.
    pub tables: Vec<(&'static str, u64)>,
}

/// Why a store was not moved. The source is as it was; nothing serves from the target.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// One of the two databases can't be used.
    #[error("{place}: {error}")]
    Store {
        /// Which one, without any password.
        place: String,
        /// Why.
        error: StoreError,
    },
    /// The target is not empty.
    #[error("{0} holds a store already: move into an empty database, or to a file that is not there yet")]
    Taken(String),
    /// The target holds the beginning of something else.
    #[error(
        "{0} holds the beginning of another move, of another server or by another version: go on with that one, or empty \
         the target"
    )]
    OtherMove(String),
    /// What is in the source is not what it was when the move began.
    #[error("{from} has changed since the move into {to} was begun: empty the target and begin anew")]
    Changed {
        /// The source.
        from: String,
        /// The target.
        to: String,
    },
    /// The target does not hold what was sent to it.
    #[error("{to} does not hold what was sent to it from {from}: empty it and begin anew; its disk may be at fault")]
    Differs {
        /// The source.
        from: String,
        /// The target.
        to: String,
    },
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    /// So many rows have arrived, in the order of [`TABLES`].
    pub(crate) rows: u64,
    /// Their hash.
    pub(crate) content: Bytes32,
}

/// What a target is found to be.
pub(crate) enum Standing {
    /// A move from this source is on its way into it.
    Begun(Reached),
    /// It holds a store.
    Taken,
    /// It holds the beginning of another move.
    OtherMove,
}

/// One end of a move: a store that is read, and that nothing serves from.
#[async_trait]
pub(crate) trait End: Send {
    /// Which life of which store it is.
    async fn incarnation(&mut self) -> StoreResult<IncarnationId>;

    /// How many rows there are about, for who waits.
    async fn count(&mut self) -> StoreResult<u64>;

    /// The next rows of a table behind this key, in the order of the key: at most `most`, and few enough to be held in
    /// memory. None where there are no more.
    async fn page(&mut self, table: &'static Table, after: Option<&[Value]>, most: usize) -> StoreResult<Vec<Row>>;

    /// Holds nothing any more, as far as that is possible.
    async fn let_go(&mut self);
}

/// The end that is written.
#[async_trait]
pub(crate) trait Arrival: End {
    /// Begins a move from this store, or goes on with it.
    async fn begin(&mut self, source: IncarnationId) -> StoreResult<Standing>;

    /// Takes rows, which are not there yet, and notes how far the move is with them: both or neither.
    async fn put(&mut self, table: &'static Table, rows: &[Row], reached: Reached) -> StoreResult<()>;

    /// Makes what no rows travel for. May be done more than once.
    async fn complete(&mut self) -> StoreResult<()>;

    /// Drops the note: this is a store, and may be served from.
    async fn release(&mut self) -> StoreResult<()>;
}

impl Move {
    /// Moves the store, or goes on with that. `progress` is told what is done, and of how much.
    ///
    /// # Errors
    /// As [`MoveError`] says; nothing serves from the target then, and going on is possible where the reason has gone.
    pub async fn run(self, progress: &mut (dyn FnMut(u64, u64) + Send)) -> Result<Moved, MoveError> {
        let mut source = self.source().await.map_err(|error| self.of_source(error))?;
        let moved = match self.target().await {
            Ok(mut target) => {
                let moved = self.between(&mut *source, &mut *target, progress).await;
                target.let_go().await;
                moved
            }
            Err(error) => Err(self.of_target(error)),
        };
        source.let_go().await;
        moved
    }

    async fn between(
        &self,
        source: &mut dyn End,
        target: &mut dyn Arrival,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Moved, MoveError> {
        let incarnation = source.incarnation().await.map_err(|error| self.of_source(error))?;
        let reached = match target.begin(incarnation).await.map_err(|error| self.of_target(error))? {
            Standing::Begun(reached) => reached,
            Standing::Taken => return Err(MoveError::Taken(self.to.to_string())),
            Standing::OtherMove => return Err(MoveError::OtherMove(self.to.to_string())),
        };
        // Each row is sent, and looked at where it has arrived.
        let all = source.count().await.map_err(|error| self.of_source(error))?.saturating_mul(2);
        let sent = self.send(source, target, reached, &mut |rows| progress(rows, all)).await?;
        let arrived = async {
            target.complete().await?;
            content_of(target, &mut |rows| progress(sent.rows + rows, all)).await
        };
        if arrived.await.map_err(|error| self.of_target(error))? != sent.reached() {
            return Err(MoveError::Differs { from: self.from.to_string(), to: self.to.to_string() });
        }
        target.release().await.map_err(|error| self.of_target(error))?;
        Ok(Moved { content: sent.content.hash(), rows: sent.rows, found: reached.rows, tables: sent.tables })
    }

    async fn source(&self) -> StoreResult<Box<dyn End>> {
        Ok(match &self.from {
            Place::Sqlite(path) => Box::new(SqliteEnd::source(path)?),
            Place::Postgres(address) => {
                Box::new(PostgresEnd::source(address, &self.franking, self.commitment_of).await?)
            }
        })
    }

    async fn target(&self) -> StoreResult<Box<dyn Arrival>> {
        Ok(match &self.to {
            Place::Sqlite(path) => Box::new(SqliteEnd::target(path)?),
            Place::Postgres(address) => {
                Box::new(PostgresEnd::target(address, &self.franking, self.commitment_of).await?)
            }
        })
    }

    /// Sends every row that has not arrived yet. Those that have are read as well: they have to be what they were.
    async fn send(
        &self,
        source: &mut dyn End,
        target: &mut dyn Arrival,
        reached: Reached,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Sent, MoveError> {
        let mut sent = Sent::default();
        for table in TABLES {
            let (mut after, before) = (None, sent.rows);
            loop {
                // The last page of those ends where the move was cut off.
                let left = usize::try_from(reached.rows.saturating_sub(sent.rows)).unwrap_or(PAGE_ROWS);
                let most = if left == 0 { PAGE_ROWS } else { left.min(PAGE_ROWS) };
                let page = source.page(table, after.as_deref(), most).await.map_err(|error| self.of_source(error))?;
                let Some(last) = page.last() else { break };
                after = Some(table.key_of(last));
                sent.add(table, &page);
                if left == 0 {
                    target.put(table, &page, sent.reached()).await.map_err(|error| self.of_target(error))?;
                } else if sent.rows == reached.rows && sent.reached() != reached {
                    return Err(self.changed());
                }
                progress(sent.rows);
            }
            sent.tables.push((table.name, sent.rows - before));
        }
        if sent.rows < reached.rows { Err(self.changed()) } else { Ok(sent) }
    }

    fn of_source(&self, error: StoreError) -> MoveError {
        MoveError::Store { place: self.from.to_string(), error }
    }

    fn of_target(&self, error: StoreError) -> MoveError {
        MoveError::Store { place: self.to.to_string(), error }
    }

    fn changed(&self) -> MoveError {
        MoveError::Changed { from: self.from.to_string(), to: self.to.to_string() }
    }
}

/// Rows that were read, in their order.
#[derive(Default)]
struct Sent {
    content: Content,
    rows: u64,
    tables: Vec<(&'static str, u64)>,
}

impl Sent {
    fn add(&mut self, table: &Table, page: &[Row]) {
        page.iter().for_each(|row| self.content.add(table, row));
        self.rows += page.len() as u64;
    }

    fn reached(&self) -> Reached {
        Reached { rows: self.rows, content: self.content.hash() }
    }
}

async fn content_of(end: &mut dyn Arrival, progress: &mut (dyn FnMut(u64) + Send)) -> StoreResult<Reached> {
    let mut found = Sent::default();
    for table in TABLES {
        let mut after = None;
        loop {
            let page = end.page(table, after.as_deref(), PAGE_ROWS).await?;
            let Some(last) = page.last() else { break };
            after = Some(table.key_of(last));
            found.add(table, &page);
            progress(found.rows);
        }
    }
    Ok(found.reached())
}
