//! Commits that were skipped here and that the server has not been told of yet; and leaves that are not carried out.

use huis_proto::{AccountId, ConversationId};
use rusqlite::{OptionalExtension, params};

use super::{DbError, Tables, int, uint};

/// The most dissents that wait. Whoever is told of more garbage than this at once contests the first of it.
const DISSENTS: u32 = 10_000;

impl Tables<'_> {
    /// Notes that the server is to be told that the commit at `seq` is skipped here.
    pub(crate) fn add_dissent(self, conversation: ConversationId, seq: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO dissents (conversation, seq) SELECT ?1, ?2
                 WHERE (SELECT count(*) FROM dissents) < ?3 ON CONFLICT DO NOTHING",
            )?
            .execute(params![&conversation.as_bytes()[..], int(seq), DISSENTS])?;
        Ok(())
    }

    /// Dissents that wait, in each conversation in the log's order.
    pub(crate) fn dissents(self, most: u32) -> Result<Vec<(ConversationId, u64)>, DbError> {
        let mut statement =
            self.0.prepare_cached("SELECT conversation, seq FROM dissents ORDER BY conversation, seq LIMIT ?1")?;
        let rows = statement.query_map([most], |row| Ok((super::id(row, 0)?, uint(row, 1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first commit of a conversation of which the server is to be told yet.
    pub(crate) fn first_dissent(self, conversation: ConversationId) -> Result<Option<u64>, DbError> {
        let mut statement =
            self.0.prepare_cached("SELECT seq FROM dissents WHERE conversation = ?1 ORDER BY seq LIMIT 1")?;
        Ok(statement.query_row([&conversation.as_bytes()[..]], |row| uint(row, 0)).optional()?)
    }

    /// The server has answered.
    pub(crate) fn delete_dissent(self, conversation: ConversationId, seq: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached("DELETE FROM dissents WHERE conversation = ?1 AND seq = ?2")?
            .execute(params![&conversation.as_bytes()[..], int(seq)])?;
        Ok(())
    }

    /// The account has proposed to leave, and a commit is to carry that out.
    pub(crate) fn add_leaver(self, conversation: ConversationId, account: AccountId) -> Result<(), DbError> {
        self.0
            .prepare_cached("INSERT INTO leavers (conversation, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute([&conversation.as_bytes()[..], &account.as_bytes()[..]])?;
        Ok(())
    }

    /// Accounts whose leave is not carried out.
    pub(crate) fn leavers(self, conversation: ConversationId) -> Result<Vec<AccountId>, DbError> {
        let mut statement = self.0.prepare_cached("SELECT account FROM leavers WHERE conversation = ?1")?;
        let rows = statement.query_map([&conversation.as_bytes()[..]], |row| super::id(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Conversations with accounts whose leave is not carried out.
    pub(crate) fn conversations_with_leavers(self) -> Result<Vec<ConversationId>, DbError> {
        let mut statement = self.0.prepare_cached("SELECT DISTINCT conversation FROM leavers")?;
        let rows = statement.query_map([], |row| super::id(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The account is gone, or has come back.
    pub(crate) fn delete_leaver(self, conversation: ConversationId, account: AccountId) -> Result<(), DbError> {
        self.0
            .prepare_cached("DELETE FROM leavers WHERE conversation = ?1 AND account = ?2")?
            .execute([&conversation.as_bytes()[..], &account.as_bytes()[..]])?;
        Ok(())
    }
}
