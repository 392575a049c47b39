//! Files on their way.

use std::collections::BTreeSet;

use huis_proto::{BlobId, Bytes32, ConversationId};
use huis_views::Failure;
use rusqlite::{OptionalExtension, Row, params};

use super::messages::COLUMNS as MESSAGE_COLUMNS;
use super::{DbError, MessageRow, Tables, int, uint};

/// The most transfers that are listed.
const MOST: u32 = 1000;

/// How a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransferStanding {
    ToDo,
    Paused,
    Done,
    Failed,
    /// What is there of it is removed, and then the row.
    LetGo,
}

/// One transfer; the columns are described in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransferRow {
    /// 0 before it is stored.
    pub(crate) number: u64,
    pub(crate) outgoing: bool,
    /// The position of its message.
    pub(crate) message: u64,
    /// Which of its message's files, from 0.
    pub(crate) file: u32,
    pub(crate) path: String,
    pub(crate) target: String,
    pub(crate) folder: String,
    pub(crate) stripped: bool,
    pub(crate) size: u64,
    pub(crate) changed_ns: u64,
    pub(crate) blob: Option<BlobId>,
    pub(crate) done: u64,
    pub(crate) sealed_from: u32,
    pub(crate) sealed_to: u32,
    pub(crate) digest: Option<Bytes32>,
    /// How often it was begun anew.
    pub(crate) begun: u32,
    pub(crate) standing: TransferStanding,
    pub(crate) failure: Option<Failure>,
}

const COLUMNS: &str = "number, outgoing, message, file, path, target, folder, stripped, size, changed_ns, blob, done, \
                       sealed_from, sealed_to, digest, begun, state, failure";

impl TransferRow {
    /// A transfer of a message's file that is to be done.
    pub(crate) fn to_do(outgoing: bool, message: u64, file: u32, path: String) -> Self {
        Self {
            number: 0,
            outgoing,
            message,
            file,
            path,
            target: String::new(),
            folder: String::new(),
            stripped: false,
            size: 0,
            changed_ns: 0,
            blob: None,
            done: 0,
            sealed_from: 0,
            sealed_to: 0,
            digest: None,
            begun: 0,
            standing: TransferStanding::ToDo,
            failure: None,
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let failure: Option<String> = row.get(17)?;
        Ok(Self {
            number: uint(row, 0)?,
            outgoing: row.get(1)?,
            message: uint(row, 2)?,
            file: row.get(3)?,
            path: row.get(4)?,
            target: row.get(5)?,
            folder: row.get(6)?,
            stripped: row.get(7)?,
            size: uint(row, 8)?,
            changed_ns: uint(row, 9)?,
            blob: super::optional_id(row, 10)?,
            done: uint(row, 11)?,
            sealed_from: row.get(12)?,
            sealed_to: row.get(13)?,
            digest: row.get::<_, Option<[u8; 32]>>(14)?.map(Bytes32),
            begun: row.get(15)?,
            standing: match row.get::<_, i64>(16)? {
                0 => TransferStanding::ToDo,
                1 => TransferStanding::Paused,
                2 => TransferStanding::Done,
                3 => TransferStanding::Failed,
                4 => TransferStanding::LetGo,
                _ => return Err(super::damaged(16, "state")),
            },
            failure: failure.and_then(|text| serde_json::from_str(&text).ok()),
        })
    }
}

impl Tables<'_> {
    /// Stores a transfer; gives its number.
    pub(crate) fn add_transfer(self, row: &TransferRow) -> Result<u64, DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO transfers (outgoing, message, file, path, folder, stripped, size, changed_ns)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                row.outgoing,
                int(row.message),
                row.file,
                row.path,
                row.folder,
                row.stripped,
                int(row.size),
                int(row.changed_ns)
            ])?;
        Ok(self.0.last_insert_rowid() as u64)
    }

    /// Stores how a transfer stands; not where it comes from and where it goes.
    pub(crate) fn put_transfer(self, row: &TransferRow) -> Result<(), DbError> {
        let failure = row.failure.as_ref().map(serde_json::to_string).transpose();
        let state = match row.standing {
            TransferStanding::ToDo => 0,
            TransferStanding::Paused => 1,
            TransferStanding::Done => 2,
            TransferStanding::Failed => 3,
            TransferStanding::LetGo => 4,
        };
        self.0
            .prepare_cached(
                "UPDATE transfers SET target = ?2, size = ?3, changed_ns = ?4, blob = ?5, done = ?6, sealed_from = ?7,
                 sealed_to = ?8, digest = ?9, begun = ?10, state = ?11, failure = ?12 WHERE number = ?1",
            )?
            .execute(params![
                int(row.number),
                row.target,
                int(row.size),
                int(row.changed_ns),
                row.blob.map(|blob| blob.as_bytes().to_vec()),
                int(row.done),
                row.sealed_from,
                row.sealed_to,
                row.digest.map(|digest| digest.0.to_vec()),
                row.begun,
                state,
                failure.map_err(|_| DbError::Form("failure"))?,
            ])?;
        Ok(())
    }

    pub(crate) fn delete_transfer(self, number: u64) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM transfers WHERE number = ?1")?.execute([int(number)])?;
        Ok(())
    }

    pub(crate) fn transfer(self, number: u64) -> Result<Option<TransferRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM transfers WHERE number = ?1");
        Ok(self.0.prepare_cached(&sql)?.query_row([int(number)], TransferRow::read).optional()?)
    }

    /// What is shown, oldest first.
    pub(crate) fn transfers(self) -> Result<Vec<TransferRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM transfers WHERE state <> 4 ORDER BY number DESC LIMIT {MOST}");
        let mut statement = self.0.prepare_cached(&sql)?;
        let mut rows: Vec<_> = statement.query_map([], TransferRow::read)?.collect::<Result<_, _>>()?;
        rows.reverse();
        Ok(rows)
    }

    /// What is to be done or cleared away, oldest first.
    pub(crate) fn transfers_to_do(self, most: u32) -> Result<Vec<TransferRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM transfers WHERE state IN (0, 4) ORDER BY number LIMIT ?1");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([most], TransferRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was not fetched to its end and is to be removed.
    pub(crate) fn parts_to_remove(self, most: u32) -> Result<Vec<TransferRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM transfers WHERE state = 4 AND outgoing = 0 ORDER BY number LIMIT ?1");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([most], TransferRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Those of a message, by its position, but for what is cleared away.
    pub(crate) fn transfers_of(self, message: u64) -> Result<Vec<TransferRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM transfers WHERE message = ?1 AND state <> 4 ORDER BY file, number");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([int(message)], TransferRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many uploads are not at the server yet.
    pub(crate) fn count_uploads(self) -> Result<u32, DbError> {
        let sql = "SELECT count(*) FROM transfers WHERE outgoing = 1 AND state IN (0, 1, 3)";
        Ok(self.0.query_row(sql, [], |row| row.get(0))?)
    }

    /// How many messages wait for their files.
    pub(crate) fn count_messages_without_files(self) -> Result<u32, DbError> {
        let sql = "SELECT count(DISTINCT message) FROM transfers WHERE outgoing = 1 AND state = 0";
        Ok(self.0.query_row(sql, [], |row| row.get(0))?)
    }

    /// The paths that transfers name.
    pub(crate) fn paths_of_transfers(self) -> Result<BTreeSet<String>, DbError> {
        let mut statement = self.0.prepare_cached("SELECT path FROM transfers UNION SELECT target FROM transfers")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// A message is sent: the ways of its files are of no interest any more.
    pub(crate) fn forget_uploads_of(self, message: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached("DELETE FROM transfers WHERE message = ?1 AND outgoing = 1 AND state <> 4")?
            .execute([int(message)])?;
        Ok(())
    }

    /// A message is gone: so is what is there of its files, but for what was fetched to its end.
    pub(crate) fn let_transfers_go(self, message: u64) -> Result<(), DbError> {
        self.0.prepare_cached("UPDATE transfers SET state = 4 WHERE message = ?1")?.execute([int(message)])?;
        Ok(())
    }

    /// As [`let_transfers_go`](Self::let_transfers_go), for all messages of a conversation.
    pub(crate) fn let_transfers_of_all_go(self, conversation: ConversationId) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE transfers SET state = 4
                 WHERE message IN (SELECT position FROM messages WHERE conversation = ?1 AND kind = 'file')",
            )?
            .execute([&conversation.as_bytes()[..]])?;
        Ok(())
    }

    /// Messages that bring files, the newest before a position, oldest first.
    pub(crate) fn messages_with_files(
        self,
        conversation: Option<ConversationId>,
        before: Option<u64>,
        most: u32,
    ) -> Result<Vec<MessageRow>, DbError> {
        let place = if conversation.is_some() { "AND conversation = ?3" } else { "AND ?3 IS NULL" };
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS} FROM messages WHERE kind = 'file' AND deleted = 0 AND once = 0 AND position < ?1 {place}
             ORDER BY position DESC LIMIT ?2"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let before = before.map_or(i64::MAX, int);
        let conversation = conversation.map(|id| id.as_bytes().to_vec());
        let rows = statement.query_map(params![before, most, conversation], MessageRow::read)?;
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        rows.reverse();
        Ok(rows)
    }
}
