//! Single values, each under its name.

use huis_proto::codec;
use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{DbError, Tables, int};
use huis_views::NoticeView;

impl Tables<'_> {
    /// The value of this name, if it was put.
    pub(crate) fn fact<T: DeserializeOwned>(self, name: &'static str) -> Result<Option<T>, DbError> {
        let bytes: Option<Vec<u8>> = self
            .0
            .prepare_cached("SELECT value FROM facts WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        bytes.map(|bytes| codec::from_cbor(&bytes).map_err(|_| DbError::Form(name))).transpose()
    }

    /// Puts a value in place of the one before.
    pub(crate) fn put_fact(self, name: &'static str, value: &impl Serialize) -> Result<(), DbError> {
        let bytes = zeroize::Zeroizing::new(codec::to_cbor(value));
        self.0
            .prepare_cached(
                "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            )?
            .execute(params![name, &*bytes])?;
        Ok(())
    }

    /// Counts one more change of what the account state holds.
    pub(crate) fn count_state_change(self) -> Result<(), DbError> {
        self.put_fact("state_changes", &(self.state_changes()? + 1))
    }

    /// How many changes of what the account state holds there were.
    pub(crate) fn state_changes(self) -> Result<u64, DbError> {
        Ok(self.fact("state_changes")?.unwrap_or(0))
    }

    /// Whether there are changes that the server's account state does not hold yet.
    pub(crate) fn state_is_unstored(self) -> Result<bool, DbError> {
        let stored: u64 = self.fact("state_stored")?.unwrap_or(0);
        Ok(self.state_changes()? > stored)
    }

    /// Whether the server has told of a newer account state than the one that was taken over here.
    pub(crate) fn state_is_behind(self) -> Result<bool, DbError> {
        let version: u64 = self.fact("state_version")?.unwrap_or(0);
        Ok(self.fact::<u64>("state_newest")?.is_some_and(|newest| newest > version))
    }

    /// Adds a notice, and drops the oldest beyond 10,000.
    pub(crate) fn add_notice(self, notice: &NoticeView) -> Result<(), DbError> {
        let text = serde_json::to_string(&notice.notice).map_err(|_| DbError::Form("notice"))?;
        let conversation = notice.conversation.map(|id| id.as_bytes().to_vec());
        self.0
            .prepare_cached("INSERT INTO notices (at_ms, conversation, notice) VALUES (?1, ?2, ?3)")?
            .execute(params![int(notice.at_ms), conversation, text])?;
        self.0
            .prepare_cached("DELETE FROM notices WHERE position <= (SELECT max(position) FROM notices) - 10000")?
            .execute([])?;
        Ok(())
    }

    /// The newest notices, newest first.
    pub(crate) fn notices(self, most: u32) -> Result<Vec<NoticeView>, DbError> {
        let mut statement =
            self.0.prepare_cached("SELECT at_ms, conversation, notice FROM notices ORDER BY position DESC LIMIT ?1")?;
        let rows = statement.query_map([most], |row| {
            let text: String = row.get(2)?;
            Ok(NoticeView {
                at_ms: super::uint(row, 0)?,
                conversation: super::optional_id(row, 1)?,
                notice: serde_json::from_str(&text).map_err(|_| super::damaged(2, "notice"))?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Brings the write-ahead log into the database file and empties it.
    pub(crate) fn empty_log(self) -> Result<(), DbError> {
        // It answers with a row, so that it is a query.
        self.0.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Removes everything: what remains is an empty database of the same schema.
    pub(crate) fn empty(self) -> Result<(), DbError> {
        self.0.execute_batch(
            "DELETE FROM facts; DELETE FROM mls; DELETE FROM accounts; DELETE FROM conversations;
             DELETE FROM messages; DELETE FROM outbox; DELETE FROM dissents; DELETE FROM leavers;
             DELETE FROM entries; DELETE FROM senders; DELETE FROM receipts; DELETE FROM receipts_due;
             DELETE FROM notices; DELETE FROM heard; DELETE FROM settings; DELETE FROM cards; DELETE FROM cards_shown;
             DELETE FROM own_lists; DELETE FROM marks; DELETE FROM marks_waiting; DELETE FROM titles;
             DELETE FROM transfers; DELETE FROM vanished; DELETE FROM locks; DELETE FROM archive_segments;
             DELETE FROM archive_lives; DELETE FROM archive_leaving; DELETE FROM archive_holes;",
        )?;
        Ok(())
    }
}
