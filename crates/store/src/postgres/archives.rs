//! Accounts' archives.

use huis_proto::{AccountId, Bytes};
use tokio_postgres::Row;

use super::accounts::HOLD_ACCOUNT;
use super::columns::{self, Key, signed, unsigned};
use super::db::Db;
use super::fault::Outcome;
use crate::{ArchiveChange, ArchiveChanged, ArchiveStanding, Dropped, KeptSegment};

pub(super) const STANDING: &str = "SELECT r.number, r.head, r.segments, r.bytes FROM accounts a \
     JOIN archives r ON r.account = a.account WHERE a.id = $1";
pub(super) const SEGMENTS: &str = "SELECT s.number, s.outline, s.body_hash, s.bytes FROM accounts a \
     JOIN archive_segments s ON s.account = a.account WHERE a.id = $1 AND s.number > $2 ORDER BY s.number LIMIT $3";
pub(super) const BODY: &str = "SELECT s.body FROM accounts a JOIN archive_segments s ON s.account = a.account \
     WHERE a.id = $1 AND s.number = $2";
/// What is held is the account's row, so that of two changes at once one comes first.
pub(super) const TOTALS: &str = "SELECT number, segments, bytes FROM archives WHERE account = $1";
pub(super) const SEGMENT_BYTES: &str =
    "SELECT number, bytes FROM archive_segments WHERE account = $1 AND number = ANY($2)";
const DROP_THESE: &str = "DELETE FROM archive_segments WHERE account = $1 AND number = ANY($2)";
const DROP_ALL: &str = "DELETE FROM archive_segments WHERE account = $1";
const PUT_SEGMENT: &str = "INSERT INTO archive_segments (account, number, body_hash, bytes, outline, body) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const PUT_HEAD: &str = "INSERT INTO archives (account, number, head, segments, bytes) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (account) DO UPDATE SET number = excluded.number, head = excluded.head, \
     segments = excluded.segments, bytes = excluded.bytes";

pub(super) async fn standing(db: &Db, account: AccountId) -> Outcome<Option<ArchiveStanding>> {
    let Some(row) = db.row(STANDING, &[&account.as_bytes().as_slice()]).await? else { return Ok(None) };
    Ok(Some(ArchiveStanding {
        number: columns::number(&row, 0)?,
        head: columns::bytes(&row, 1)?,
        segments: columns::number(&row, 2)?,
        bytes: columns::number(&row, 3)?,
    }))
}

pub(super) async fn segments(db: &Db, account: AccountId, after: u64, most: usize) -> Outcome<Vec<KeptSegment>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = db.rows(SEGMENTS, &[&account.as_bytes().as_slice(), &signed(after), &most]).await?;
    rows.iter().map(segment).collect()
}

fn segment(row: &Row) -> Outcome<KeptSegment> {
    Ok(KeptSegment {
        number: columns::number(row, 0)?,
        outline: columns::bytes(row, 1)?,
        body_hash: columns::bytes32(row, 2)?,
        bytes: columns::number(row, 3)?,
    })
}

pub(super) async fn body(db: &Db, account: AccountId, number: u64) -> Outcome<Option<Bytes>> {
    let row = db.row(BODY, &[&account.as_bytes().as_slice(), &signed(number)]).await?;
    row.map(|row| columns::bytes(&row, 0)).transpose()
}

pub(super) async fn change(db: &Db, change: &ArchiveChange) -> Outcome<ArchiveChanged> {
    let Some(held) = db.row(HOLD_ACCOUNT, &[&change.account.as_bytes().as_slice()]).await? else {
        return Ok(ArchiveChanged::NoAccount);
    };
    let account: Key = held.try_get(0)?;
    let (newest, kept) = match db.row(TOTALS, &[&account]).await? {
        Some(row) => (columns::number(&row, 0)?, (columns::number(&row, 1)?, columns::number(&row, 2)?)),
        None => (0, (0, 0)),
    };
    if newest.checked_add(1) != Some(change.number) {
        return Ok(ArchiveChanged::Conflict(newest));
    }
    let gone = match gone(db, account, kept, &change.drops).await? {
        Ok(gone) => gone,
        Err(refused) => return Ok(refused),
    };
    let (segments, bytes) = match change.totals(kept, gone) {
        Ok(totals) => totals,
        Err(refused) => return Ok(refused),
    };
    match &change.drops {
        Dropped::All => _ = db.execute(DROP_ALL, &[&account]).await?,
        Dropped::These(numbers) if numbers.is_empty() => {}
        Dropped::These(numbers) => _ = db.execute(DROP_THESE, &[&account, &all_signed(numbers)]).await?,
    }
    let number = signed(change.number);
    if let Some(new) = &change.segment {
        let (hash, outline, body) = (new.body_hash.0.as_slice(), &*new.outline, &*new.body);
        db.execute(PUT_SEGMENT, &[&account, &number, &hash, &signed(new.bytes()), &outline, &body]).await?;
    }
    db.execute(PUT_HEAD, &[&account, &number, &&*change.head, &signed(segments), &signed(bytes)]).await?;
    Ok(ArchiveChanged::Stored)
}

/// How many segments would go, and what they take.
async fn gone(db: &Db, account: Key, kept: (u64, u64), drops: &Dropped) -> Outcome<Result<(u64, u64), ArchiveChanged>> {
    let numbers = match drops {
        Dropped::All => return Ok(Ok(kept)),
        Dropped::These(numbers) if numbers.is_empty() => return Ok(Ok((0, 0))),
        Dropped::These(numbers) => numbers,
    };
    let rows = db.rows(SEGMENT_BYTES, &[&account, &all_signed(numbers)]).await?;
    let (mut found, mut bytes) = (Vec::with_capacity(rows.len()), 0);
    for row in &rows {
        found.push(unsigned(row.try_get(0)?));
        bytes += columns::number(row, 1)?;
    }
    match numbers.iter().find(|number| !found.contains(number)) {
        Some(missing) => Ok(Err(ArchiveChanged::NoSegment(*missing))),
        None => Ok(Ok((found.len() as u64, bytes))),
    }
}

fn all_signed(numbers: &[u64]) -> Vec<i64> {
    numbers.iter().copied().map(signed).collect()
}
