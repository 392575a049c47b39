//! Conversations, the hashes of their entries, the counters of their senders.

use huis_proto::{AccountId, Bytes32, ConversationId, ConversationKind, Member, codec};
use rusqlite::{OptionalExtension, Row, params};

use super::{DbError, Tables, int, uint};

/// How many hashes of entries are kept for each conversation.
const HASHES_KEPT: u64 = 2000;

/// Where this device stands in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Being created or joined for the first time.
    Joining,
    /// A member.
    Joined,
    /// Being joined anew.
    Repairing,
    /// Not joined before a person decides.
    Held,
    /// Left, or removed.
    Left,
}

/// One conversation.
#[derive(Debug, Clone)]
pub(crate) struct ConversationRow {
    pub(crate) id: ConversationId,
    pub(crate) kind: ConversationKind,
    pub(crate) state: State,
    /// Whether it is no request (any more).
    pub(crate) accepted: bool,
    pub(crate) title: Option<String>,
    /// Open: the room's name.
    pub(crate) room: Option<String>,
    /// Direct: the other account.
    pub(crate) peer: Option<AccountId>,
    /// Who brought this account in, where it was not this account itself.
    pub(crate) opened_by: Option<AccountId>,
    /// The accounts in it.
    pub(crate) accounts: Vec<AccountId>,
    /// The newest entry that was taken.
    pub(crate) cursor: u64,
    /// The entry by which this device (last) joined.
    pub(crate) first: u64,
    /// The counter of the newest message that was sealed here.
    pub(crate) counter: u64,
    /// The position of the newest message that was read.
    pub(crate) read_up_to: u64,
    pub(crate) newest_ms: u64,
    /// How many repairs there were in short succession, and when the last one was.
    pub(crate) repairs: u64,
    pub(crate) repaired_ms: u64,
    /// When the own leaf gets a fresh key.
    pub(crate) update_due_ms: u64,
}

const COLUMNS: &str = "id, kind, state, accepted, title, room, peer, opened_by, accounts, cursor, first, counter, \
                       read_up_to, newest_ms, repairs, repaired_ms, update_due_ms";

impl ConversationRow {
    /// A conversation that is about to be created or joined.
    pub(crate) fn new(id: ConversationId, kind: ConversationKind) -> Self {
        Self {
            id,
            kind,
            state: State::Joining,
            accepted: true,
            title: None,
            room: None,
            peer: None,
            opened_by: None,
            accounts: Vec::new(),
            cursor: 0,
            first: 0,
            counter: 0,
            read_up_to: 0,
            newest_ms: 0,
            repairs: 0,
            repaired_ms: 0,
            update_due_ms: 0,
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: super::id(row, 0)?,
            kind: match row.get::<_, i64>(1)? {
                0 => ConversationKind::Direct,
                1 => ConversationKind::Group,
                2 => ConversationKind::Open,
                _ => return Err(super::damaged(1, "kind")),
            },
            state: match row.get::<_, i64>(2)? {
                0 => State::Joining,
                1 => State::Joined,
                2 => State::Repairing,
                3 => State::Held,
                4 => State::Left,
                _ => return Err(super::damaged(2, "state")),
            },
            accepted: row.get(3)?,
            title: row.get(4)?,
            room: row.get(5)?,
            peer: super::optional_id(row, 6)?,
            opened_by: super::optional_id(row, 7)?,
            accounts: super::cbor(row, 8)?,
            cursor: uint(row, 9)?,
            first: uint(row, 10)?,
            counter: uint(row, 11)?,
            read_up_to: uint(row, 12)?,
            newest_ms: uint(row, 13)?,
            repairs: uint(row, 14)?,
            repaired_ms: uint(row, 15)?,
            update_due_ms: uint(row, 16)?,
        })
    }
}

impl Tables<'_> {
    pub(crate) fn conversation(self, id: ConversationId) -> Result<Option<ConversationRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM conversations WHERE id = ?1");
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_row([&id.as_bytes()[..]], ConversationRow::read).optional()?)
    }

    /// All conversations, the one with the newest message first.
    pub(crate) fn conversations(self) -> Result<Vec<ConversationRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM conversations ORDER BY newest_ms DESC, id");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([], ConversationRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The conversation with one account that was not left.
    pub(crate) fn conversation_with(self, peer: AccountId) -> Result<Option<ConversationRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM conversations WHERE peer = ?1 AND state <> 4 ORDER BY state = 1 DESC");
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_row([&peer.as_bytes()[..]], ConversationRow::read).optional()?)
    }

    pub(crate) fn put_conversation(self, row: &ConversationRow) -> Result<(), DbError> {
        let sql = format!(
            "INSERT INTO conversations ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
             ON CONFLICT (id) DO UPDATE SET kind = ?2, state = ?3, accepted = ?4, title = ?5, room = ?6, peer = ?7,
             opened_by = ?8, accounts = ?9, cursor = ?10, first = ?11, counter = ?12, read_up_to = ?13,
             newest_ms = ?14, repairs = ?15, repaired_ms = ?16, update_due_ms = ?17"
        );
        let kind = match row.kind {
            ConversationKind::Direct => 0_i64,
            ConversationKind::Group => 1,
            ConversationKind::Open => 2,
        };
        let state = match row.state {
            State::Joining => 0_i64,
            State::Joined => 1,
            State::Repairing => 2,
            State::Held => 3,
            State::Left => 4,
        };
        self.0.prepare_cached(&sql)?.execute(params![
            &row.id.as_bytes()[..],
            kind,
            state,
            row.accepted,
            row.title,
            row.room,
            row.peer.map(|id| id.as_bytes().to_vec()),
            row.opened_by.map(|id| id.as_bytes().to_vec()),
            codec::to_cbor(&row.accounts),
            int(row.cursor),
            int(row.first),
            int(row.counter),
            int(row.read_up_to),
            int(row.newest_ms),
            int(row.repairs),
            int(row.repaired_ms),
            int(row.update_due_ms),
        ])?;
        Ok(())
    }

    /// Removes a conversation with everything that was said in it. The group's keys go with the group.
    pub(crate) fn delete_conversation(self, id: ConversationId) -> Result<(), DbError> {
        self.let_transfers_of_all_go(id)?;
        for table in [
            "messages",
            "vanished",
            "marks",
            "marks_waiting",
            "titles",
            "settings",
            "cards_shown",
            "outbox",
            "dissents",
            "leavers",
            "entries",
            "senders",
            "heard",
            "receipts_due",
            "archive_lives",
            "archive_leaving",
            "archive_holes",
        ] {
            let sql = format!("DELETE FROM {table} WHERE conversation = ?1");
            self.0.prepare_cached(&sql)?.execute([&id.as_bytes()[..]])?;
        }
        self.0.prepare_cached("DELETE FROM conversations WHERE id = ?1")?.execute([&id.as_bytes()[..]])?;
        Ok(())
    }

    /// Keeps the hash of an entry, and drops those that are too old to be compared.
    pub(crate) fn put_entry_hash(self, id: ConversationId, seq: u64, hash: Bytes32) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO entries (conversation, seq, hash) VALUES (?1, ?2, ?3)
                 ON CONFLICT (conversation, seq) DO UPDATE SET hash = ?3",
            )?
            .execute(params![&id.as_bytes()[..], int(seq), &hash.0[..]])?;
        self.0
            .prepare_cached("DELETE FROM entries WHERE conversation = ?1 AND seq <= ?2")?
            .execute(params![&id.as_bytes()[..], int(seq.saturating_sub(HASHES_KEPT))])?;
        Ok(())
    }

    pub(crate) fn entry_hash(self, id: ConversationId, seq: u64) -> Result<Option<Bytes32>, DbError> {
        Ok(self
            .0
            .prepare_cached("SELECT hash FROM entries WHERE conversation = ?1 AND seq = ?2")?
            .query_row(params![&id.as_bytes()[..], int(seq)], |row| row.get::<_, [u8; 32]>(0))
            .optional()?
            .map(Bytes32))
    }

    /// The lowest entry whose hash is kept, if any is.
    pub(crate) fn oldest_entry_hash(self, id: ConversationId) -> Result<Option<u64>, DbError> {
        let oldest: Option<i64> = self
            .0
            .prepare_cached("SELECT min(seq) FROM entries WHERE conversation = ?1")?
            .query_row([&id.as_bytes()[..]], |row| row.get(0))?;
        Ok(oldest.map(|seq| seq as u64))
    }

    /// Forgets hashes, senders' counters, and when they were heard: this device starts anew in the conversation.
    pub(crate) fn forget_history(self, id: ConversationId) -> Result<(), DbError> {
        for table in ["entries", "senders", "heard"] {
            let sql = format!("DELETE FROM {table} WHERE conversation = ?1");
            self.0.prepare_cached(&sql)?.execute([&id.as_bytes()[..]])?;
        }
        Ok(())
    }

    pub(crate) fn sender_counter(self, id: ConversationId, sender: Member) -> Result<Option<u64>, DbError> {
        Ok(self
            .0
            .prepare_cached("SELECT counter FROM senders WHERE conversation = ?1 AND device = ?2")?
            .query_row(params![&id.as_bytes()[..], &sender.device.as_bytes()[..]], |row| uint(row, 0))
            .optional()?)
    }

    pub(crate) fn put_sender_counter(self, id: ConversationId, sender: Member, counter: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO senders (conversation, device, counter) VALUES (?1, ?2, ?3)
                 ON CONFLICT (conversation, device) DO UPDATE SET counter = max(counter, ?3)",
            )?
            .execute(params![&id.as_bytes()[..], &sender.device.as_bytes()[..], int(counter)])?;
        Ok(())
    }
}
