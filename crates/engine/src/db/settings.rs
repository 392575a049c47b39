//! What a person set for a conversation, what was read on another device, and what is being written.

use huis_core::conversation_settings::{Announced, ConversationSettings};
use huis_proto::{ConversationId, MessageId};
use huis_views::{LockTrust, Wish};
use rusqlite::{OptionalExtension, Row, params};

use super::{DbError, Tables, int, optional_uint, uint};

/// A conversation's row, or the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SettingsRow {
    pub(crate) settings: ConversationSettings,
    /// The entry up to which everything was read on one of the account's devices.
    pub(crate) read_seq: u64,
    /// When the newest of what was read was, on whichever device; 0 where that is not known.
    pub(crate) read_ms: u64,
    pub(crate) draft: String,
    /// What is wished of the draft.
    pub(crate) draft_wish: Wish,
    /// Whether the other side of a direct conversation has spoken here.
    pub(crate) answered: bool,
}

impl SettingsRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let announced = match row.get::<_, i64>(0)? {
            0 => Announced::All,
            1 => Announced::Mentions,
            2 => Announced::None,
            _ => return Err(super::damaged(0, "level")),
        };
        let settings = ConversationSettings {
            announced,
            muted_until_ms: uint(row, 1)?,
            archived_at: optional_uint(row, 2)?,
            favourite: row.get(3)?,
        };
        Ok(Self {
            settings,
            read_seq: uint(row, 4)?,
            draft: row.get(5)?,
            answered: row.get(6)?,
            read_ms: uint(row, 7)?,
            draft_wish: Wish {
                view_once: row.get(8)?,
                opens_at_ms: optional_uint(row, 9)?,
                trust: if row.get(10)? { LockTrust::Drand } else { LockTrust::Server },
            },
        })
    }
}

impl Tables<'_> {
    pub(crate) fn settings(self, id: ConversationId) -> Result<SettingsRow, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT announced, muted_until_ms, archived_at, favourite, read_seq, draft, answered, read_ms, draft_once,
             draft_opens_ms, draft_drand FROM settings WHERE conversation = ?1",
        )?;
        Ok(statement.query_row([&id.as_bytes()[..]], SettingsRow::read).optional()?.unwrap_or_default())
    }

    pub(crate) fn put_settings(self, id: ConversationId, settings: &ConversationSettings) -> Result<(), DbError> {
        let announced = match settings.announced {
            Announced::All => 0_i64,
            Announced::Mentions => 1,
            Announced::None => 2,
        };
        self.0
            .prepare_cached(
                "INSERT INTO settings (conversation, announced, muted_until_ms, archived_at, favourite)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (conversation) DO UPDATE SET
                 announced = ?2, muted_until_ms = ?3, archived_at = ?4, favourite = ?5",
            )?
            .execute(params![
                &id.as_bytes()[..],
                announced,
                int(settings.muted_until_ms),
                settings.archived_at.map(int),
                settings.favourite
            ])?;
        Ok(())
    }

    pub(crate) fn put_read_seq(self, id: ConversationId, seq: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO settings (conversation, read_seq) VALUES (?1, ?2)
                 ON CONFLICT (conversation) DO UPDATE SET read_seq = ?2",
            )?
            .execute(params![&id.as_bytes()[..], int(seq)])?;
        Ok(())
    }

    pub(crate) fn put_read_ms(self, id: ConversationId, read_ms: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO settings (conversation, read_ms) VALUES (?1, ?2)
                 ON CONFLICT (conversation) DO UPDATE SET read_ms = ?2",
            )?
            .execute(params![&id.as_bytes()[..], int(read_ms)])?;
        Ok(())
    }

    pub(crate) fn put_draft(self, id: ConversationId, text: &str, wish: Wish) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO settings (conversation, draft, draft_once, draft_opens_ms, draft_drand) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (conversation)
                 DO UPDATE SET draft = ?2, draft_once = ?3, draft_opens_ms = ?4, draft_drand = ?5",
            )?
            .execute(params![
                &id.as_bytes()[..],
                text,
                wish.view_once,
                wish.opens_at_ms.map(int),
                !wish.trust.is_server()
            ])?;
        Ok(())
    }

    /// What was set for one conversation holds for the one in its place, where something else may be set already. It is
    /// not put aside: something waits to be said there, and its log has other places.
    pub(crate) fn move_settings(self, from: ConversationId, to: ConversationId) -> Result<(), DbError> {
        let (moved, known) = (self.settings(from)?, self.settings(to)?);
        let merged = moved.settings.merged(known.settings, ConversationSettings::default());
        self.put_settings(to, &ConversationSettings { archived_at: None, ..merged })?;
        let wish = moved.draft_wish.with(known.draft_wish);
        let draft = if moved.draft.is_empty() { &known.draft } else { &moved.draft };
        self.put_draft(to, draft, wish)?;
        self.0.prepare_cached("DELETE FROM settings WHERE conversation = ?1")?.execute([&from.as_bytes()[..]])?;
        Ok(())
    }

    /// The log's entry of what others said at a position, or last before it. One's own messages stand where they were
    /// written, not where they came into the log. What a restored server has lost stands behind `cursor` and counts for
    /// nothing.
    pub(crate) fn seq_at(self, id: ConversationId, position: u64, cursor: u64) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT seq FROM messages WHERE conversation = ?1 AND position <= ?2 AND own = 0 AND seq <= ?3
             ORDER BY position DESC LIMIT 1",
        )?;
        let found = statement.query_row(params![&id.as_bytes()[..], int(position), int(cursor)], |row| uint(row, 0));
        Ok(found.optional()?.unwrap_or(0))
    }

    /// Where the newest message of others up to an entry of the log stands on this device; 0 where none is here.
    pub(crate) fn position_of_seq(self, id: ConversationId, seq: u64) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT position FROM messages WHERE conversation = ?1 AND seq <= ?2 AND own = 0 ORDER BY seq DESC LIMIT 1",
        )?;
        Ok(statement.query_row(params![&id.as_bytes()[..], int(seq)], |row| uint(row, 0)).optional()?.unwrap_or(0))
    }

    /// Where another account's message stands on this device.
    pub(crate) fn position_of_received(
        self,
        conversation: ConversationId,
        id: MessageId,
    ) -> Result<Option<u64>, DbError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT position FROM messages WHERE id = ?1 AND conversation = ?2 AND own = 0 LIMIT 1")?;
        let found = statement.query_row([&id.as_bytes()[..], &conversation.as_bytes()[..]], |row| uint(row, 0));
        Ok(found.optional()?)
    }

    /// Whether anything to be seen was said behind an entry of the log, and not before a time of the server's.
    pub(crate) fn is_said_behind(self, id: ConversationId, seq: u64, since_ms: u64) -> Result<bool, DbError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT 1 FROM messages WHERE conversation = ?1 AND seq > ?2 AND received_ms >= ?3 LIMIT 1",
            )?
            .exists(params![&id.as_bytes()[..], int(seq), int(since_ms.min(i64::MAX as u64))])?)
    }

    /// Read receipts that are owed are owed no longer.
    pub(crate) fn forget_read_receipts(self) -> Result<(), DbError> {
        self.0.execute("DELETE FROM receipts_due WHERE read = 1", [])?;
        Ok(())
    }

    /// The other side of a direct conversation has spoken here.
    pub(crate) fn put_answered(self, id: ConversationId) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO settings (conversation, answered) VALUES (?1, 1)
                 ON CONFLICT (conversation) DO UPDATE SET answered = 1",
            )?
            .execute([&id.as_bytes()[..]])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::{AccountId, DeviceId, Member};

    use super::*;
    use crate::config::DatabaseKey;
    use crate::db::{Db, MessageRow};

    const PLACE: ConversationId = ConversationId::from_bytes([9; 16]);
    const OTHER: ConversationId = ConversationId::from_bytes([8; 16]);

    fn open(folder: &tempfile::TempDir) -> Db {
        Db::open(&folder.path().join("db"), &DatabaseKey::from_bytes([7; 32]), None).unwrap()
    }

    /// Adds a message that came into the log as entry `seq`, and at that time.
    fn add(tables: Tables<'_>, seq: u64, own: bool) -> u64 {
        let author = Member { account: AccountId::from_bytes([2; 16]), device: DeviceId::from_bytes([2; 16]) };
        let mut id = [0; 16];
        id[..8].copy_from_slice(&seq.to_be_bytes());
        let mut row = MessageRow::waiting(PLACE, MessageId::from_bytes(id), author, 1);
        (row.own, row.seq, row.received_ms) = (own, Some(seq), Some(seq));
        tables.add_message(&row).unwrap().unwrap()
    }

    #[test]
    fn ones_own_messages_say_nothing_of_what_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let tables = db.tables();
        // The own one was written before the second of the others came, and got behind it in the log.
        let (one, mine, two) = (add(tables, 1, false), add(tables, 3, true), add(tables, 2, false));
        assert_eq!([one, mine, two].map(|position| tables.seq_at(PLACE, position, 9).unwrap()), [1, 1, 2]);
        assert_eq!([1, 2, 3].map(|seq| tables.position_of_seq(PLACE, seq).unwrap()), [one, two, two]);
    }

    #[test]
    fn what_came_while_it_was_muted_is_not_said_behind() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let tables = db.tables();
        add(tables, 5, false);
        let said = |seq, since_ms| tables.is_said_behind(PLACE, seq, since_ms).unwrap();
        assert!(said(4, 0) && said(4, 5) && !said(5, 0));
        assert!(!said(4, 6) && !said(4, huis_core::conversation_settings::MUTED_FOR_EVER));
    }

    #[test]
    fn what_is_set_in_both_places_is_merged_when_one_takes_the_others_place() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let tables = db.tables();
        let moved = ConversationSettings { muted_until_ms: 7, archived_at: Some(3), ..Default::default() };
        tables.put_settings(OTHER, &moved).unwrap();
        tables
            .put_draft(OTHER, "dear", Wish { opens_at_ms: Some(11), trust: LockTrust::Drand, ..Wish::default() })
            .unwrap();
        tables.put_draft(PLACE, "", Wish { view_once: true, opens_at_ms: Some(10), ..Wish::default() }).unwrap();
        let known = ConversationSettings { favourite: true, archived_at: Some(2), ..Default::default() };
        tables.put_settings(PLACE, &known).unwrap();
        tables.put_read_seq(PLACE, 4).unwrap();
        tables.put_read_ms(PLACE, 5).unwrap();
        tables.put_answered(PLACE).unwrap();
        tables.move_settings(OTHER, PLACE).unwrap();
        let settings = ConversationSettings { muted_until_ms: 7, favourite: true, ..Default::default() };
        let draft_wish = Wish { view_once: true, opens_at_ms: Some(11), trust: LockTrust::Drand };
        let merged =
            SettingsRow { settings, read_seq: 4, read_ms: 5, draft: "dear".into(), draft_wish, answered: true };
        assert_eq!(tables.settings(PLACE).unwrap(), merged);
        assert_eq!(tables.settings(OTHER).unwrap(), SettingsRow::default());
    }
}
