//! Accounts' archives.

use huis_proto::{AccountId, Bytes, Bytes32};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{self, Key, signed};
use super::fault::Outcome;
use super::writer::Writer;
use crate::{ArchiveChange, ArchiveChanged, ArchiveStanding, Dropped, KeptSegment};

pub(super) const STANDING: &str = "SELECT r.number, r.head, r.segments, r.bytes FROM accounts a \
     JOIN archives r ON r.account = a.account WHERE a.id = ?1";
pub(super) const SEGMENTS: &str = "SELECT s.number, s.outline, s.body_hash, s.bytes FROM accounts a \
     JOIN archive_segments s ON s.account = a.account WHERE a.id = ?1 AND s.number > ?2 ORDER BY s.number LIMIT ?3";
pub(super) const BODY: &str = "SELECT s.body FROM accounts a JOIN archive_segments s ON s.account = a.account \
     WHERE a.id = ?1 AND s.number = ?2";
pub(super) const TOTALS: &str = "SELECT a.account, coalesce(r.number, 0), coalesce(r.segments, 0), coalesce(r.bytes, 0) \
     FROM accounts a LEFT JOIN archives r ON r.account = a.account WHERE a.id = ?1 AND a.deleted_at_ms = 0";
pub(super) const SEGMENT_BYTES: &str = "SELECT bytes FROM archive_segments WHERE account = ?1 AND number = ?2";
const DROP_ONE: &str = "DELETE FROM archive_segments WHERE account = ?1 AND number = ?2";
const DROP_ALL: &str = "DELETE FROM archive_segments WHERE account = ?1";
const PUT_SEGMENT: &str = "INSERT INTO archive_segments (account, number, body_hash, bytes, outline, body) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const PUT_HEAD: &str = "INSERT INTO archives (account, number, head, segments, bytes) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (account) DO UPDATE SET number = excluded.number, head = excluded.head, \
     segments = excluded.segments, bytes = excluded.bytes";

pub(super) fn standing(db: &Connection, account: AccountId) -> Outcome<Option<ArchiveStanding>> {
    let found = db.prepare_cached(STANDING)?.query_row([account.as_bytes()], |row| {
        Ok(ArchiveStanding {
            number: columns::number(row, 0)?,
            head: columns::bytes(row, 1)?,
            segments: columns::number(row, 2)?,
            bytes: columns::number(row, 3)?,
        })
    });
    Ok(found.optional()?)
}

pub(super) fn segments(db: &Connection, account: AccountId, after: u64, most: usize) -> Outcome<Vec<KeptSegment>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut find = db.prepare_cached(SEGMENTS)?;
    let found = find.query_map(params![account.as_bytes(), signed(after), most], |row| {
        Ok(KeptSegment {
            number: columns::number(row, 0)?,
            outline: columns::bytes(row, 1)?,
            body_hash: Bytes32(row.get(2)?),
            bytes: columns::number(row, 3)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn body(db: &Connection, account: AccountId, number: u64) -> Outcome<Option<Bytes>> {
    let of = params![account.as_bytes(), signed(number)];
    Ok(db.prepare_cached(BODY)?.query_row(of, |row| columns::bytes(row, 0)).optional()?)
}

impl Writer {
    pub(super) fn change_archive(&mut self, change: &ArchiveChange) -> Outcome<ArchiveChanged> {
        let found = self.db.prepare_cached(TOTALS)?.query_row([change.account.as_bytes()], |row| {
            let totals = (columns::number(row, 2)?, columns::number(row, 3)?);
            Ok((row.get(0)?, columns::number(row, 1)?, totals))
        });
        let Some((account, newest, kept)): Option<(Key, u64, (u64, u64))> = found.optional()? else {
            return Ok(ArchiveChanged::NoAccount);
        };
        if newest.checked_add(1) != Some(change.number) {
            return Ok(ArchiveChanged::Conflict(newest));
        }
        let gone = match self.gone(account, kept, &change.drops)? {
            Ok(gone) => gone,
            Err(refused) => return Ok(refused),
        };
        let (segments, bytes) = match change.totals(kept, gone) {
            Ok(totals) => totals,
            Err(refused) => return Ok(refused),
        };
        match &change.drops {
            Dropped::All => _ = self.db.prepare_cached(DROP_ALL)?.execute([account])?,
            Dropped::These(numbers) => {
                let mut drop = self.db.prepare_cached(DROP_ONE)?;
                for number in numbers {
                    drop.execute(params![account, signed(*number)])?;
                }
            }
        }
        let number = signed(change.number);
        if let Some(new) = &change.segment {
            let row = params![account, number, new.body_hash.0, signed(new.bytes()), &*new.outline, &*new.body];
            self.db.prepare_cached(PUT_SEGMENT)?.execute(row)?;
        }
        let row = params![account, number, &*change.head, signed(segments), signed(bytes)];
        self.db.prepare_cached(PUT_HEAD)?.execute(row)?;
        Ok(ArchiveChanged::Stored)
    }

    /// How many segments would go, and what they take.
    fn gone(&self, account: Key, kept: (u64, u64), drops: &Dropped) -> Outcome<Result<(u64, u64), ArchiveChanged>> {
        let Dropped::These(numbers) = drops else { return Ok(Ok(kept)) };
        let mut find = self.db.prepare_cached(SEGMENT_BYTES)?;
        let mut gone = (0, 0);
        for number in numbers {
            let found = find.query_row(params![account, signed(*number)], |row| columns::number(row, 0)).optional()?;
            let Some(bytes) = found else { return Ok(Err(ArchiveChanged::NoSegment(*number))) };
            gone = (gone.0 + 1, gone.1 + bytes);
        }
        Ok(Ok(gone))
    }
}
