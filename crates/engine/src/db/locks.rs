//! Messages that open later.

use std::collections::HashMap;

use huis_core::content::CountedFrom;
use huis_core::time_locks::{BeaconLock, SEALED_SECRET, Shares};
use huis_proto::{Bytes32, TimeShare};
use rusqlite::{OptionalExtension, Row, params};

use super::messages::COLUMNS as MESSAGE_COLUMNS;
use super::{DbError, MessageRow, Tables, int, uint};

/// How a lock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockStanding {
    Waiting,
    Opened,
    Withdrawn,
    /// It will not open: it was made wrongly, or the server has lost its share.
    Broken,
}

/// One lock; the columns are described in the schema.
#[derive(Debug, Clone)]
pub(crate) struct LockRow {
    /// The position of its message.
    pub(crate) message: u64,
    pub(crate) unlocks_ms: u64,
    pub(crate) standing: LockStanding,
    /// Both shares, on the device that locked it.
    pub(crate) shares: Option<Shares>,
    pub(crate) tries: u32,
    /// The beacon whose round is waited for; none where it is the server.
    pub(crate) chain: Option<Bytes32>,
    /// What is sealed for that round, on the device that locked it.
    pub(crate) beacon: Option<BeaconLock>,
}

/// Who has the share that is missing, of a lock that is noted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keeper<'a> {
    Server,
    /// A beacon's round; with what this device sealed for it.
    Beacon(&'a Bytes32, Option<&'a BeaconLock>),
}

/// What there is for a report of a message that opens later.
pub(crate) enum LockReport {
    /// It has not opened.
    Shut,
    /// It has, and what had come is here no longer.
    Forgotten,
    /// What had come, and the share.
    Kept(Vec<u8>, TimeShare),
}

/// Who is asked for what opens messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Server,
    /// The public beacon of a lock's chain.
    Beacon,
}

impl Asked {
    /// What locks of this kind have, and the other ones have not.
    fn condition(self) -> &'static str {
        match self {
            Self::Server => "chain IS NULL",
            Self::Beacon => "chain IS NOT NULL",
        }
    }
}

impl LockRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let share =
            |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<[u8; 32]>>(column)?.map(Bytes32).map(TimeShare));
        let shares = share(3)?.zip(share(4)?).map(|(members, server)| Shares { members, server });
        let chain = row.get::<_, Option<[u8; 32]>>(6)?.map(Bytes32);
        let sealed = row.get::<_, Option<[u8; SEALED_SECRET]>>(7)?;
        Ok(Self {
            message: uint(row, 0)?,
            unlocks_ms: uint(row, 1)?,
            standing: match row.get::<_, i64>(2)? {
                0 => LockStanding::Waiting,
                1 => LockStanding::Opened,
                2 => LockStanding::Withdrawn,
                3 => LockStanding::Broken,
                _ => return Err(super::damaged(2, "state")),
            },
            shares,
            tries: row.get(5)?,
            chain,
            beacon: chain.zip(sealed).map(|(chain, sealed)| BeaconLock { chain, sealed }),
        })
    }
}

const COLUMNS: &str = "message, unlocks_ms, state, members_share, server_share, tries, chain, beacon";
/// What is asked for: not what the server does not have yet, and not what came with a request that nobody answered, as it would
/// show that somebody is there.
const ASKED_FOR: &str =
    "state = 0 AND EXISTS (SELECT 1 FROM messages AS m JOIN conversations AS c ON c.id = m.conversation
                         WHERE m.position = locks.message AND m.seq IS NOT NULL AND c.accepted = 1)";

fn number(standing: LockStanding) -> i64 {
    match standing {
        LockStanding::Waiting => 0,
        LockStanding::Opened => 1,
        LockStanding::Withdrawn => 2,
        LockStanding::Broken => 3,
    }
}

impl Tables<'_> {
    /// A message opens later; the share is asked for from `ask_ms` on.
    pub(crate) fn add_lock(
        self,
        message: u64,
        unlocks_ms: u64,
        (shares, keeper): (Option<&Shares>, Keeper<'_>),
        ask_ms: u64,
    ) -> Result<(), DbError> {
        let (chain, beacon) = match keeper {
            Keeper::Server => (None, None),
            Keeper::Beacon(chain, beacon) => (Some(chain.0.to_vec()), beacon.map(|beacon| beacon.sealed.to_vec())),
        };
        self.0
            .prepare_cached(
                "INSERT INTO locks (message, unlocks_ms, members_share, server_share, ask_ms, chain, beacon)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                int(message),
                int(unlocks_ms),
                shares.map(|shares| shares.members.0.0.to_vec()),
                shares.map(|shares| shares.server.0.0.to_vec()),
                int(ask_ms),
                chain,
                beacon,
            ])?;
        Ok(())
    }

    pub(crate) fn lock(self, message: u64) -> Result<Option<LockRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM locks WHERE message = ?1");
        Ok(self.0.prepare_cached(&sql)?.query_row([int(message)], LockRow::read).optional()?)
    }

    /// Whether a message waits for its time.
    pub(crate) fn is_locked(self, message: u64) -> Result<bool, DbError> {
        Ok(self.lock(message)?.is_some_and(|lock| lock.standing == LockStanding::Waiting))
    }

    /// The locks of a page of messages.
    pub(crate) fn locks_of(self, rows: &[MessageRow]) -> Result<HashMap<u64, LockRow>, DbError> {
        let Some(first) = rows.iter().map(|row| row.position).min() else { return Ok(HashMap::new()) };
        let last = rows.iter().map(|row| row.position).max().unwrap_or(first);
        let sql = format!("SELECT {COLUMNS} FROM locks WHERE message BETWEEN ?1 AND ?2");
        let mut statement = self.0.prepare_cached(&sql)?;
        let locks = statement.query_map([int(first), int(last)], LockRow::read)?;
        locks.map(|lock| lock.map(|lock| (lock.message, lock)).map_err(DbError::from)).collect()
    }

    /// When a share is to be asked for next.
    pub(crate) fn next_ask_ms(self, asked: Asked) -> Result<Option<u64>, DbError> {
        let sql = format!("SELECT min(ask_ms) FROM locks WHERE {ASKED_FOR} AND {}", asked.condition());
        let next: Option<i64> = self.0.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
        Ok(next.map(|ms| ms as u64))
    }

    /// Those whose share is to be asked of the server, the one that is due longest first.
    pub(crate) fn shares_due(self, now_ms: u64, most: u32) -> Result<Vec<LockRow>, DbError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM locks WHERE {ASKED_FOR} AND ask_ms <= ?1 AND {} ORDER BY ask_ms, message LIMIT ?2",
            Asked::Server.condition()
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let locks = statement.query_map(params![int(now_ms), most], LockRow::read)?;
        Ok(locks.collect::<Result<_, _>>()?)
    }

    /// Those whose round is to be asked for: first what is over by the device's own clock, and of that what was asked for less often.
    /// The others have their turn by chance, so that no round which nobody gives keeps one back that is published.
    pub(crate) fn rounds_due(self, now_ms: u64, own_now_ms: u64, most: u32) -> Result<Vec<LockRow>, DbError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM locks WHERE {ASKED_FOR} AND ask_ms <= ?1 AND {}
             ORDER BY unlocks_ms > ?2, tries, random() LIMIT ?3",
            Asked::Beacon.condition()
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let locks = statement.query_map(params![int(now_ms), int(own_now_ms), most], LockRow::read)?;
        Ok(locks.collect::<Result<_, _>>()?)
    }

    /// The share is asked for again.
    pub(crate) fn ask_again(self, message: u64, tries: u32, ask_ms: u64) -> Result<(), DbError> {
        self.0.prepare_cached("UPDATE locks SET tries = ?2, ask_ms = ?3 WHERE message = ?1")?.execute(params![
            int(message),
            tries,
            int(ask_ms)
        ])?;
        Ok(())
    }

    /// Shares that came due between these times could not be asked for: that counts as a try.
    pub(crate) fn put_off(self, asked: Asked, from_ms: u64, to_ms: u64) -> Result<(), DbError> {
        let sql = format!(
            "UPDATE locks SET tries = 1 WHERE state = 0 AND tries = 0 AND ask_ms BETWEEN ?1 AND ?2 AND {}",
            asked.condition()
        );
        self.0.prepare_cached(&sql)?.execute([int(from_ms), int(to_ms)])?;
        Ok(())
    }

    /// Every round that is due is asked for from `at_ms` on, for who was asked gives nothing now: that counts as a try where it is
    /// the first.
    pub(crate) fn put_off_rounds_due(self, now_ms: u64, at_ms: u64) -> Result<(), DbError> {
        let sql = format!(
            "UPDATE locks SET ask_ms = ?2, tries = max(tries, 1) WHERE {ASKED_FOR} AND ask_ms <= ?1 AND {}",
            Asked::Beacon.condition()
        );
        self.0.prepare_cached(&sql)?.execute([int(now_ms), int(at_ms)])?;
        Ok(())
    }

    /// Shares that were asked for before are asked for as if they had not been, and with short pauses where it is a beacon that is
    /// asked: what it gave nobody when it was asked too early it may give in a moment.
    pub(crate) fn ask_anew(self, asked: Asked) -> Result<(), DbError> {
        let tries = match asked {
            Asked::Server => "tries",
            Asked::Beacon => "1",
        };
        let sql = format!(
            "UPDATE locks SET ask_ms = unlocks_ms, tries = {tries}
             WHERE state = 0 AND ask_ms > unlocks_ms AND tries > 0 AND {}",
            asked.condition()
        );
        self.0.prepare_cached(&sql)?.execute([])?;
        Ok(())
    }

    /// A lock waits no longer.
    pub(crate) fn end_lock(self, message: u64, standing: LockStanding) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE locks SET state = ?2 WHERE message = ?1 AND state = 0")?
            .execute(params![int(message), number(standing)])?;
        Ok(())
    }

    /// Nothing is left by which a deleted message could open.
    pub(crate) fn destroy_lock(self, message: u64) -> Result<(), DbError> {
        self.end_lock(message, LockStanding::Withdrawn)?;
        self.forget_shares(message)
    }

    /// Nothing is left of what a lock keeps.
    pub(crate) fn forget_shares(self, message: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE locks SET members_share = NULL, server_share = NULL, sealed = NULL, beacon = NULL WHERE message = ?1",
            )?
            .execute([int(message)])?;
        Ok(())
    }

    /// What had come of a message that has opened says more than what is left of it, and goes with the share that opens it.
    pub(crate) fn forget_sealed(self, message: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE locks SET sealed = NULL, server_share = NULL WHERE message = ?1 AND sealed IS NOT NULL",
            )?
            .execute([int(message)])?;
        Ok(())
    }

    /// What a report needs of a message that opened later: what had come, and the share that opened it. None where it is no
    /// such message.
    pub(crate) fn report_of_lock(self, message: u64) -> Result<Option<LockReport>, DbError> {
        let found = self
            .0
            .prepare_cached("SELECT state, sealed, server_share FROM locks WHERE message = ?1")?
            .query_row([int(message)], |row| {
                if row.get::<_, i64>(0)? != number(LockStanding::Opened) {
                    return Ok(LockReport::Shut);
                }
                let share = row.get::<_, Option<[u8; 32]>>(2)?.map(|share| TimeShare(Bytes32(share)));
                let kept = row.get::<_, Option<Vec<u8>>>(1)?.zip(share);
                Ok(kept.map_or(LockReport::Forgotten, |(sealed, share)| LockReport::Kept(sealed, share)))
            });
        Ok(found.optional()?)
    }

    /// A message has opened: it says from here on what was inside. What had come is kept beside it with the share, for a
    /// report; and it has not been printed as it is.
    pub(crate) fn put_unlocked(self, row: &MessageRow, share: &TimeShare, opened_ms: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE locks SET state = 1, server_share = ?2, opened_ms = ?3,
                 sealed = (SELECT content FROM messages WHERE position = ?1) WHERE message = ?1",
            )?
            .execute(params![int(row.position), share.0.0.to_vec(), int(opened_ms)])?;
        self.0
            .prepare_cached(
                "UPDATE messages SET kind = ?2, body = ?3, content = ?4, quoted = ?5, quoted_author = ?6, forwarded = ?7,
                 printed = 0, after_s = ?8, from_reading = ?9, once = ?10, vanishes_at_ms = ?11, opening = ?12,
                 mac = ?13 WHERE position = ?1",
            )?
            .execute(params![
                int(row.position),
                row.kind,
                row.body,
                row.content,
                row.quoted.map(|quoted| quoted.message.as_bytes().to_vec()),
                row.quoted.map(|quoted| quoted.author.as_bytes().to_vec()),
                row.forwarded,
                row.stay.timer.map(|timer| int(timer.after_s)),
                row.stay.timer.is_some_and(|timer| timer.from == CountedFrom::Reading),
                row.stay.once,
                row.vanishes_at_ms.map(int),
                row.opening.map(|opening| opening.to_vec()),
                row.mac.map(|mac| mac.0.to_vec()),
            ])?;
        self.set_marked(row)
    }

    /// The messages that are locked, the next one to open first, and behind them those that were, the newest first.
    pub(crate) fn locked_messages(self, most: u32) -> Result<Vec<MessageRow>, DbError> {
        let columns: Vec<_> = MESSAGE_COLUMNS.split(", ").map(|column| format!("m.{column}")).collect();
        let sql = format!(
            "SELECT {} FROM locks l JOIN messages m ON m.position = l.message WHERE m.deleted = 0
             ORDER BY l.state <> 0, CASE l.state WHEN 0 THEN l.unlocks_ms ELSE -l.unlocks_ms END, m.position LIMIT ?1",
            columns.join(", ")
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([most], MessageRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::{AccountId, ConversationId, DeviceId, Member, MessageId};

    use super::*;
    use crate::config::DatabaseKey;
    use crate::db::Db;

    #[test]
    fn what_has_opened_has_the_proof_that_fits_it_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("db"), &DatabaseKey::from_bytes([7; 32]), None).unwrap();
        let tables = db.tables();
        let author = Member { account: AccountId::from_bytes([2; 16]), device: DeviceId::from_bytes([2; 16]) };
        for (number, is_lost) in [(1, false), (2, true)] {
            let (place, id) = (ConversationId::from_bytes([9; 16]), MessageId::from_bytes([number; 16]));
            let mut row = MessageRow::waiting(place, id, author, 1);
            (row.opening, row.mac) = (Some([4; 32]), Some(Bytes32([5; 32])));
            row.position = tables.add_message(&row).unwrap().unwrap();
            tables.add_lock(row.position, 5_000, (None, Keeper::Server), 5_000).unwrap();
            if is_lost {
                (row.opening, row.mac) = (None, None);
            }
            tables.put_unlocked(&row, &TimeShare(Bytes32([1; 32])), 5_000).unwrap();
            let open = tables.message_at(row.position).unwrap().unwrap();
            assert_eq!((open.opening, open.mac), (row.opening, row.mac));
        }
    }
}
