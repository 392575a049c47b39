//! What is known of the history archive, and what of the database belongs into it.

use std::ops::RangeInclusive;

use huis_core::annotations::{Marks, MessageRef};
use huis_proto::{Bytes, Bytes32, ConversationId, IncarnationId};
use rusqlite::{Row, params};

use super::messages::COLUMNS;
use super::{DbError, MessageRow, Tables, int, uint};

/// Positions from here on are of messages that came since a restore was begun: those that it brings stand before them.
const BEHIND_RESTORED: u64 = 1 << 52;
/// Restored messages stand by when the server got them, and within a millisecond by so many bits of their places.
const PLACE_BITS: u32 = 10;

/// Whether a segment is to be fetched and read into the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RestoreStanding {
    NotNeeded,
    Due,
    Failed,
    Done,
}

/// A segment of the archive; the columns are described in the schema.
#[derive(Debug, Clone)]
pub(crate) struct SegmentRow {
    pub(crate) number: u64,
    pub(crate) outline: Bytes,
    pub(crate) body_hash: Bytes32,
    pub(crate) bytes: u64,
    pub(crate) to_ms: u64,
    pub(crate) held: bool,
    pub(crate) restore: RestoreStanding,
}

/// A life of the server's store, as a conversation's messages know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) incarnation: IncarnationId,
    pub(crate) from_seq: u64,
    /// Messages behind this position, up to where the next life begins.
    pub(crate) behind: u64,
}

/// Places of a log that hold what was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaving {
    pub(crate) conversation: ConversationId,
    pub(crate) incarnation: IncarnationId,
    pub(crate) from_seq: u64,
    pub(crate) to_seq: u64,
    /// The place at which it was taken back.
    pub(crate) done: u64,
    /// When that was noted.
    pub(crate) at_ms: u64,
}

impl SegmentRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: uint(row, 0)?,
            outline: Bytes(row.get(1)?),
            body_hash: Bytes32(row.get(2)?),
            bytes: uint(row, 3)?,
            to_ms: uint(row, 4)?,
            held: row.get(5)?,
            restore: match row.get::<_, i64>(6)? {
                0 => RestoreStanding::NotNeeded,
                1 => RestoreStanding::Due,
                2 => RestoreStanding::Failed,
                3 => RestoreStanding::Done,
                _ => return Err(super::damaged(6, "standing")),
            },
        })
    }
}

fn number(standing: RestoreStanding) -> i64 {
    match standing {
        RestoreStanding::NotNeeded => 0,
        RestoreStanding::Due => 1,
        RestoreStanding::Failed => 2,
        RestoreStanding::Done => 3,
    }
}

impl Tables<'_> {
    /// All segments that are known, by their numbers.
    pub(crate) fn archive_segments(self) -> Result<Vec<SegmentRow>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT number, outline, body_hash, bytes, to_ms, held, restore FROM archive_segments ORDER BY number",
        )?;
        let rows = statement.query_map([], SegmentRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many segments stand so.
    pub(crate) fn count_segments(self, standing: RestoreStanding) -> Result<u32, DbError> {
        let mut statement = self.0.prepare_cached("SELECT count(*) FROM archive_segments WHERE restore = ?1")?;
        Ok(statement.query_row([number(standing)], |row| row.get(0))?)
    }

    pub(crate) fn put_segment(self, row: &SegmentRow) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT OR REPLACE INTO archive_segments (number, outline, body_hash, bytes, to_ms, held, restore)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                int(row.number),
                &row.outline[..],
                &row.body_hash.0[..],
                int(row.bytes),
                int(row.to_ms),
                row.held,
                number(row.restore)
            ])?;
        Ok(())
    }

    /// A segment was read into the database, or could not be. `whole`: everything that stood in it is here.
    pub(crate) fn set_restored(self, segment: u64, standing: RestoreStanding, whole: bool) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE archive_segments SET restore = ?2, held = held OR ?3 WHERE number = ?1")?
            .execute(params![int(segment), number(standing), whole])?;
        Ok(())
    }

    /// Those that could not be read are tried again.
    pub(crate) fn try_segments_again(self) -> Result<(), DbError> {
        self.0.execute("UPDATE archive_segments SET restore = 1 WHERE restore = 2", [])?;
        Ok(())
    }

    /// Nothing is to be fetched any more.
    pub(crate) fn nothing_is_restored(self) -> Result<(), DbError> {
        self.0.execute("UPDATE archive_segments SET restore = 0", [])?;
        Ok(())
    }

    pub(crate) fn delete_segment(self, number: u64) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM archive_segments WHERE number = ?1")?.execute([int(number)])?;
        Ok(())
    }

    /// No segment is known any more.
    pub(crate) fn forget_segments(self) -> Result<(), DbError> {
        self.0.execute_batch("DELETE FROM archive_segments; DELETE FROM archive_leaving;")?;
        Ok(())
    }

    /// The lives of the store in which a conversation's messages got their places, the oldest first; none where there was
    /// but one.
    pub(crate) fn lives(self, id: ConversationId) -> Result<Vec<Life>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT incarnation, from_seq, behind FROM archive_lives WHERE conversation = ?1 ORDER BY behind, from_seq",
        )?;
        let rows = statement.query_map([&id.as_bytes()[..]], |row| {
            Ok(Life { incarnation: super::id(row, 0)?, from_seq: uint(row, 1)?, behind: uint(row, 2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn put_life(self, id: ConversationId, life: Life) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT OR REPLACE INTO archive_lives (conversation, incarnation, from_seq, behind)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                &id.as_bytes()[..],
                &life.incarnation.as_bytes()[..],
                int(life.from_seq),
                int(life.behind)
            ])?;
        Ok(())
    }

    /// Whether messages that a restored server lost wait to be said again.
    pub(crate) fn waits_again(self) -> Result<bool, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT 1 FROM archive_lives AS l CROSS JOIN messages AS m ON m.conversation = l.conversation
             WHERE m.state = 1 AND m.seq IS NULL AND m.position <= l.behind LIMIT 1",
        )?;
        Ok(statement.exists([])?)
    }

    /// This device has nothing of these places of a log, though it goes on behind them.
    pub(crate) fn add_hole(self, id: ConversationId, places: &RangeInclusive<u64>) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT OR REPLACE INTO archive_holes (conversation, from_seq, to_seq) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![&id.as_bytes()[..], int(*places.start()), int(*places.end())])?;
        Ok(())
    }

    /// The places of a log of which this device has nothing, in their order.
    pub(crate) fn holes(self, id: ConversationId) -> Result<Vec<RangeInclusive<u64>>, DbError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT from_seq, to_seq FROM archive_holes WHERE conversation = ?1 ORDER BY from_seq")?;
        let rows = statement.query_map([&id.as_bytes()[..]], |row| Ok(uint(row, 0)?..=uint(row, 1)?))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The log was cut behind `head`.
    pub(crate) fn forget_holes_behind(self, id: ConversationId, head: u64) -> Result<(), DbError> {
        let bounds = params![&id.as_bytes()[..], int(head)];
        self.0
            .prepare_cached("DELETE FROM archive_holes WHERE conversation = ?1 AND from_seq > ?2")?
            .execute(bounds)?;
        self.0
            .prepare_cached("UPDATE archive_holes SET to_seq = ?2 WHERE conversation = ?1 AND to_seq > ?2")?
            .execute(bounds)?;
        Ok(())
    }

    /// The first position of a conversation's messages, but for this one.
    pub(crate) fn positions_but(self, id: ConversationId, but: u64) -> Result<Option<u64>, DbError> {
        let mut statement =
            self.0.prepare_cached("SELECT min(position) FROM messages WHERE conversation = ?1 AND position <> ?2")?;
        Ok(statement.query_row(params![&id.as_bytes()[..], int(but)], |row| super::optional_uint(row, 0))?)
    }

    /// The last position that any message has.
    pub(crate) fn last_position(self) -> Result<u64, DbError> {
        let last = self.0.query_row("SELECT max(position) FROM messages", [], |row| super::optional_uint(row, 0))?;
        Ok(last.unwrap_or(0))
    }

    /// What was done to messages that a restore did not bring is kept like what was done to any other that is not here.
    pub(crate) fn marks_have_their_messages(self) -> Result<(), DbError> {
        self.0.execute(
            "UPDATE marks SET here = 0 WHERE here = 1 AND NOT EXISTS (
                 SELECT 1 FROM messages AS m
                 WHERE m.id = marks.message AND m.conversation = marks.conversation AND m.author = marks.author)",
            [],
        )?;
        Ok(())
    }

    /// Keeps the positions before those that come from here on for what is restored.
    pub(crate) fn leave_room_for_restored(self) -> Result<(), DbError> {
        let last = int(BEHIND_RESTORED);
        let changed =
            self.0.execute("UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'messages'", [last])?;
        if changed == 0 {
            self.0.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('messages', ?1)", [last])?;
        }
        Ok(())
    }

    /// A free position for a restored message: by when the server got it, and by its place in the log. `now_ms`: none is from
    /// later.
    pub(crate) fn restored_position(self, received_ms: u64, seq: u64, now_ms: u64) -> Result<u64, DbError> {
        let within = seq & ((1 << PLACE_BITS) - 1);
        let last = (BEHIND_RESTORED >> PLACE_BITS) - 2;
        let wished = (received_ms.clamp(1, now_ms.clamp(1, last)) << PLACE_BITS) + within;
        let mut statement = self.0.prepare_cached("SELECT 1 FROM messages WHERE position = ?1")?;
        let mut position = wished;
        while statement.exists([int(position)])? {
            position += 1;
        }
        Ok(position)
    }

    /// Messages of a log in their order, as far as they may be archived at all: at places from `places`, behind `behind` and up
    /// to `until` in this device's order.
    pub(crate) fn archivable(
        self,
        id: ConversationId,
        places: &RangeInclusive<u64>,
        (behind, until): (u64, u64),
        most: u32,
    ) -> Result<Vec<MessageRow>, DbError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages
             WHERE conversation = ?1 AND seq >= ?2 AND seq <= ?3 AND position > ?4 AND position <= ?5
             AND kind IN ('text', 'file') AND deleted = 0 AND once = 0 AND after_s IS NULL AND received_ms IS NOT NULL
             ORDER BY seq, position LIMIT ?6"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let bounds = params![
            &id.as_bytes()[..],
            place(*places.start()),
            place(*places.end()),
            place(behind),
            place(until),
            most
        ];
        let rows = statement.query_map(bounds, MessageRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many of them there are, up to `most`, and when the server got the oldest one; none from before `kept_from_ms`.
    pub(crate) fn count_archivable(
        self,
        id: ConversationId,
        places: &RangeInclusive<u64>,
        (behind, until): (u64, u64),
        kept_from_ms: u64,
        most: u32,
    ) -> Result<(u32, Option<u64>), DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT count(*), min(received_ms) FROM (SELECT received_ms FROM messages
             WHERE conversation = ?1 AND seq >= ?2 AND seq <= ?3 AND position > ?4 AND position <= ?5
             AND kind IN ('text', 'file') AND deleted = 0 AND once = 0 AND after_s IS NULL AND received_ms >= ?6
             ORDER BY seq LIMIT ?7)",
        )?;
        let bounds = params![
            &id.as_bytes()[..],
            place(*places.start()),
            place(*places.end()),
            place(behind),
            place(until),
            place(kept_from_ms),
            most
        ];
        Ok(statement.query_row(bounds, |row| Ok((row.get(0)?, super::optional_uint(row, 1)?)))?)
    }

    /// Places at which something stands that is locked still: what it says is archived once it has opened.
    pub(crate) fn locked_places(self, id: ConversationId, places: &RangeInclusive<u64>) -> Result<Vec<u64>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT m.seq FROM locks AS l CROSS JOIN messages AS m ON m.position = l.message
             WHERE l.state = 0 AND m.conversation = ?1 AND m.seq >= ?2 AND m.seq <= ?3 ORDER BY m.seq",
        )?;
        let bounds = params![&id.as_bytes()[..], place(*places.start()), place(*places.end())];
        let rows = statement.query_map(bounds, |row| uint(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was done last at these places of a log, with the messages to which it was done.
    pub(crate) fn marks_at(
        self,
        id: ConversationId,
        places: &RangeInclusive<u64>,
        most: u32,
    ) -> Result<Vec<(MessageRef, Marks)>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT author, message, marks FROM marks WHERE conversation = ?1 AND newest >= ?2 AND newest <= ?3
             ORDER BY newest LIMIT ?4",
        )?;
        let bounds = params![&id.as_bytes()[..], place(*places.start()), place(*places.end()), most];
        let rows = statement.query_map(bounds, |row| {
            let target = MessageRef { author: super::id(row, 0)?, message: super::id(row, 1)? };
            Ok((target, super::cbor(row, 2)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn add_leaving(self, leaving: &Leaving) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO archive_leaving (conversation, incarnation, from_seq, to_seq, done, at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (conversation, incarnation, from_seq, to_seq) DO UPDATE SET done = max(done, ?5)",
            )?
            .execute(params![
                &leaving.conversation.as_bytes()[..],
                &leaving.incarnation.as_bytes()[..],
                int(leaving.from_seq),
                int(leaving.to_seq),
                int(leaving.done),
                int(leaving.at_ms)
            ])?;
        Ok(())
    }

    pub(crate) fn leaving(self) -> Result<Vec<Leaving>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT conversation, incarnation, from_seq, to_seq, done, at_ms FROM archive_leaving ORDER BY at_ms",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Leaving {
                conversation: super::id(row, 0)?,
                incarnation: super::id(row, 1)?,
                from_seq: uint(row, 2)?,
                to_seq: uint(row, 3)?,
                done: uint(row, 4)?,
                at_ms: uint(row, 5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was noted before this time has left, or nobody has it who could take it out.
    pub(crate) fn forget_leaving(self, before_ms: u64) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM archive_leaving WHERE at_ms < ?1")?.execute([place(before_ms)])?;
        Ok(())
    }
}

/// A bound may be beyond everything that is stored.
fn place(bound: u64) -> i64 {
    i64::try_from(bound).unwrap_or(i64::MAX)
}
