//! When messages vanish, and what is kept of those that have: their names.

use huis_core::account_state::Opened;
use huis_core::annotations::MessageRef;
use huis_proto::{ConversationId, MessageId};
use rusqlite::{OptionalExtension, params};

use super::messages::COLUMNS;
use super::{DbError, MessageRow, Tables, int, uint};

impl Tables<'_> {
    /// Messages whose time is over, those first that should have gone first.
    pub(crate) fn overdue(self, now_ms: u64, most: u32) -> Result<Vec<MessageRow>, DbError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE vanishes_at_ms IS NOT NULL AND vanishes_at_ms <= ?1
             ORDER BY vanishes_at_ms LIMIT ?2"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(params![int(now_ms), most], MessageRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When the next one vanishes.
    pub(crate) fn next_vanishing_ms(self) -> Result<Option<u64>, DbError> {
        let sql =
            "SELECT vanishes_at_ms FROM messages WHERE vanishes_at_ms IS NOT NULL ORDER BY vanishes_at_ms LIMIT 1";
        Ok(self.0.prepare_cached(sql)?.query_row([], |row| uint(row, 0)).optional()?)
    }

    /// Messages of others up to a position whose timer counts from a reading that is still to come.
    pub(crate) fn to_be_read(self, id: ConversationId, up_to: u64) -> Result<Vec<MessageId>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id FROM messages
             WHERE conversation = ?1 AND position <= ?2 AND from_reading = 1 AND own = 0 AND once = 0
             AND vanishes_at_ms IS NULL",
        )?;
        let ids = statement.query_map(params![&id.as_bytes()[..], int(up_to)], |row| super::id(row, 0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Whether behind a position and up to another one there are such messages, of which other devices would take a reading at this
    /// time for that of them.
    pub(crate) fn is_to_be_read_between(
        self,
        id: ConversationId,
        after: u64,
        up_to: u64,
        read_ms: u64,
    ) -> Result<bool, DbError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT 1 FROM messages
                 WHERE conversation = ?1 AND position > ?2 AND position <= ?3 AND from_reading = 1 AND own = 0 AND once = 0
                 AND vanishes_at_ms IS NULL
                 AND NOT EXISTS (SELECT 1 FROM locks WHERE message = position AND unlocks_ms > ?4)",
            )?
            .exists(params![&id.as_bytes()[..], int(after), int(up_to), int(read_ms)])?)
    }

    /// What others said up to a position was read at this time: where a timer counts from that, it runs, and no longer than from
    /// the first time that is heard of. What is opened once is read by that alone, and what was locked at that time was not
    /// read, whatever was shown of it; nor, as far as is known here, what opened here only after it. How many.
    pub(crate) fn timers_run(self, id: ConversationId, up_to: u64, read_ms: u64) -> Result<usize, DbError> {
        Ok(self
            .0
            .prepare_cached(
                "UPDATE messages SET vanishes_at_ms = ?3 + after_s * 1000
                 WHERE conversation = ?1 AND position <= ?2 AND from_reading = 1 AND own = 0 AND once = 0
                 AND (vanishes_at_ms IS NULL OR vanishes_at_ms > ?3 + after_s * 1000)
                 AND NOT EXISTS (SELECT 1 FROM locks
                                 WHERE message = position AND max(unlocks_ms, coalesce(opened_ms, 0)) > ?3)",
            )?
            .execute(params![&id.as_bytes()[..], int(up_to), int(read_ms)])?)
    }

    /// A message is gone at this time, in any case.
    pub(crate) fn vanishes_at(self, row: &MessageRow, at_ms: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE messages SET vanishes_at_ms = ?2 WHERE position = ?1")?
            .execute([int(row.position), int(at_ms)])?;
        Ok(())
    }

    /// A message that is opened once was, and stays for its files for a little while.
    pub(crate) fn set_opened(self, row: &MessageRow) -> Result<(), DbError> {
        self.0.prepare_cached("UPDATE messages SET opened = 1 WHERE position = ?1")?.execute([int(row.position)])?;
        Ok(())
    }

    /// Whom a message names is said in its content alone.
    pub(crate) fn forget_mentions(self, row: &MessageRow) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE messages SET mentions = x'80', mentions_me = 0 WHERE position = ?1")?
            .execute([int(row.position)])?;
        Ok(())
    }

    /// Nothing of a message is left but what others could say of it.
    pub(crate) fn forget_receipts_of(self, message: MessageId) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM receipts WHERE message = ?1")?.execute([&message.as_bytes()[..]])?;
        Ok(())
    }

    pub(crate) fn forget_marks(self, conversation: ConversationId, target: MessageRef) -> Result<(), DbError> {
        self.0
            .prepare_cached("DELETE FROM marks WHERE conversation = ?1 AND author = ?2 AND message = ?3")?
            .execute([&conversation.as_bytes()[..], &target.author.as_bytes()[..], &target.message.as_bytes()[..]])?;
        Ok(())
    }

    /// Notes that a message has vanished.
    pub(crate) fn put_vanished(
        self,
        conversation: ConversationId,
        target: MessageRef,
        at_ms: u64,
        opened: bool,
    ) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO vanished (conversation, author, message, at_ms, opened) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (conversation, author, message) DO NOTHING",
            )?
            .execute(params![
                &conversation.as_bytes()[..],
                &target.author.as_bytes()[..],
                &target.message.as_bytes()[..],
                int(at_ms),
                opened,
            ])?;
        Ok(())
    }

    /// Whether a message has vanished here.
    pub(crate) fn has_vanished(self, conversation: ConversationId, target: MessageRef) -> Result<bool, DbError> {
        Ok(self
            .0
            .prepare_cached("SELECT 1 FROM vanished WHERE conversation = ?1 AND author = ?2 AND message = ?3")?
            .exists([&conversation.as_bytes()[..], &target.author.as_bytes()[..], &target.message.as_bytes()[..]])?)
    }

    /// What was opened once here, the newest first.
    pub(crate) fn opened(self, most: u32) -> Result<Vec<Opened>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT at_ms, conversation, author, message FROM vanished WHERE opened = 1 ORDER BY at_ms DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([most], |row| {
            let message = MessageRef { author: super::id(row, 2)?, message: super::id(row, 3)? };
            Ok(Opened { at_ms: uint(row, 0)?, conversation: super::id(row, 1)?, message })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Drops the names of messages that nobody can send again, and of those that were opened once all but the newest.
    pub(crate) fn forget_vanished(self, before_ms: u64, opened_kept: u32) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM vanished WHERE opened = 0 AND at_ms < ?1")?.execute([int(before_ms)])?;
        self.0
            .prepare_cached(
                "DELETE FROM vanished WHERE opened = 1 AND at_ms < ?1 AND at_ms < coalesce(
                     (SELECT at_ms FROM vanished WHERE opened = 1 ORDER BY at_ms DESC LIMIT 1 OFFSET ?2), 0)",
            )?
            .execute(params![int(before_ms), opened_kept])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use huis_core::content::{CountedFrom, Stay, Timer};
    use huis_proto::{AccountId, Bytes32, DeviceId, Member, TimeShare};

    use super::*;
    use crate::config::DatabaseKey;
    use crate::db::{Db, Keeper};

    const PLACE: ConversationId = ConversationId::from_bytes([9; 16]);

    fn opened(folder: &tempfile::TempDir) -> Db {
        Db::open(&folder.path().join("db"), &DatabaseKey::from_bytes([7; 32]), None).unwrap()
    }

    /// What somebody else said, for a minute from when it is read.
    fn for_a_minute(number: u8) -> MessageRow {
        let author = Member { account: AccountId::from_bytes([2; 16]), device: DeviceId::from_bytes([2; 16]) };
        let mut row = MessageRow::waiting(PLACE, MessageId::from_bytes([number; 16]), author, 1);
        row.own = false;
        row.stay = Stay { timer: Some(Timer { after_s: 60, from: CountedFrom::Reading }), once: false };
        row
    }

    #[test]
    fn what_was_locked_when_it_was_read_was_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let db = opened(&folder);
        let (tables, place, row) = (db.tables(), PLACE, for_a_minute(1));
        let position = tables.add_message(&row).unwrap().unwrap();
        tables.add_lock(position, 5_000, (None, Keeper::Server), 5_000).unwrap();
        // A receipt from before it opened, which came behind that; then one from after it.
        assert_eq!(tables.timers_run(place, position, 4_999).unwrap(), 0);
        assert_eq!(tables.to_be_read(place, position).unwrap(), [row.id]);
        assert_eq!(tables.timers_run(place, position, 6_000).unwrap(), 1);
        assert_eq!(tables.to_be_read(place, position).unwrap(), []);
        let at_ms = tables.message_at(position).unwrap().unwrap().vanishes_at_ms;
        assert_eq!(at_ms, Some(66_000));
    }

    #[test]
    fn what_opened_here_only_after_it_was_read_past_was_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let db = opened(&folder);
        let tables = db.tables();
        let mut rows = [for_a_minute(1), for_a_minute(2)];
        for row in &mut rows {
            row.position = tables.add_message(row).unwrap().unwrap();
            tables.add_lock(row.position, 5_000, (None, Keeper::Server), 5_000).unwrap();
        }
        // One opened in time, and the other later than it was to.
        tables.put_unlocked(&rows[0], &TimeShare(Bytes32([1; 32])), 5_000).unwrap();
        tables.put_unlocked(&rows[1], &TimeShare(Bytes32([1; 32])), 9_000).unwrap();
        let last = rows[1].position;
        assert_eq!(tables.timers_run(PLACE, last, 8_999).unwrap(), 1);
        assert_eq!(tables.to_be_read(PLACE, last).unwrap(), [rows[1].id]);
        let is_left = |after, read_ms| tables.is_to_be_read_between(PLACE, after, last, read_ms).unwrap();
        assert!(is_left(rows[0].position, 8_999), "it was open for others");
        assert!(!is_left(last, 8_999));
        assert!(!is_left(0, 4_999), "it was open for nobody yet");
        assert_eq!(tables.timers_run(PLACE, last, 9_000).unwrap(), 1);
        assert!(!is_left(0, 9_000));
    }
}
