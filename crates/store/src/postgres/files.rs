//! Files, and the messages that bring them.
//!
//! A message with files, or with a time lock, has a transaction of its own, beside those of `batch.rs`: it holds its files
//! behind the conversation and the device, so that none of them is marked as removed meanwhile. One with a time lock holds
//! its author's account before them.

use huis_proto::frames::{EntryKind, LogEntry};
use huis_proto::{AccountId, BlobId, Bytes32, ConversationId, limits};
use tokio_postgres::Row;

use super::columns::{self, Key, NO_LAST, signed};
use super::db::Db;
use super::fault::Outcome;
use super::{held, log, time_locks};
use crate::{Append, Appended, Arrived, FileCreation, Franking, NewFile, Upload};

/// The account is held, so that no two uploads of it are begun, and no two messages of it locked, at the same moment.
pub(super) const HOLD_ACCOUNT: &str = "SELECT account FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
const ACCOUNT: &str = "SELECT account FROM accounts WHERE id = $1";
pub(super) const UNFINISHED: &str =
    "SELECT count(*) FROM files WHERE account = $1 AND arrived < length AND removed_at_ms = 0";
pub(super) const USE: &str = "SELECT coalesce((SELECT sum(greatest($2, CASE f.removed_at_ms WHEN 0 THEN f.length \
     ELSE least(f.length, f.arrived + $3) END)) FROM files f WHERE f.account = $1 \
     AND (f.removed_at_ms > 0 OR NOT EXISTS (SELECT 1 FROM file_references r WHERE r.file = f.file)))::bigint, 0), \
     coalesce((SELECT sum(greatest(f.length, $2)) FROM files f \
     JOIN (SELECT DISTINCT r.file FROM file_references r WHERE r.account = $1) o ON o.file = f.file \
     WHERE f.removed_at_ms = 0)::bigint, 0)";
/// Looks at every file.
const TOTAL: &str = "SELECT coalesce(sum(greatest($1, CASE removed_at_ms WHEN 0 THEN length \
     ELSE least(length, arrived + $2) END))::bigint, 0) FROM files";
const CREATE: &str = "INSERT INTO files (file, account, length, expires_at_ms) VALUES ($1, $2, $3, $4)";
pub(super) const UPLOAD: &str = "SELECT f.length, f.arrived, f.parts, f.expires_at_ms \
     FROM files f JOIN accounts a ON a.account = f.account WHERE f.file = $1 AND a.id = $2 AND f.removed_at_ms = 0";
pub(super) const ADVANCE: &str = "UPDATE files SET arrived = $4, parts = parts + 1, \
     expires_at_ms = greatest(expires_at_ms, $5) WHERE file = $1 AND account = (SELECT account FROM accounts WHERE id = $2) \
     AND arrived = $3 AND removed_at_ms = 0";
pub(super) const READABLE: &str = "SELECT f.length FROM files f JOIN accounts a ON a.id = $2 \
     WHERE f.file = $1 AND f.removed_at_ms = 0 AND f.arrived = f.length AND (f.account = a.account OR EXISTS \
     (SELECT 1 FROM file_references r JOIN participants p ON p.conversation = r.conversation AND p.account = a.account \
     WHERE r.file = f.file))";
pub(super) const HOLD_FOR_MESSAGE: &str = "SELECT f.file, f.arrived = f.length, f.account = $2 OR EXISTS \
     (SELECT 1 FROM file_references r JOIN participants p ON p.conversation = r.conversation AND p.account = $2 \
     WHERE r.file = f.file) FROM files f WHERE f.file = ANY($1) AND f.removed_at_ms = 0 \
     ORDER BY f.file FOR NO KEY UPDATE OF f";
const KEEP_SUBMISSION: &str = "INSERT INTO submissions \
     (author, conversation, id, seq, commit_counter, received_at_ms) VALUES ($1, $2, $3, $4, $5, $6)";
const APPEND_ENTRY: &str = "INSERT INTO log \
     (conversation, seq, kind, commit_counter, id, author, received_at_ms, commitment, seal, payload) \
     VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9)";
const REFER: &str = "INSERT INTO file_references (file, conversation, seq, account, ends_at_ms) \
     SELECT u.file, $2, $3, $4, $5 FROM unnest($1::bytea[]) AS u (file)";
pub(super) const KEEP_UNTIL: &str = "UPDATE files SET expires_at_ms = greatest(expires_at_ms, $2) WHERE file = ANY($1)";
pub(super) const HOLD: &str = "SELECT account FROM files WHERE file = $1 AND removed_at_ms = 0 FOR NO KEY UPDATE";
const DROP_REFERENCE: &str = "DELETE FROM file_references WHERE file = $1 AND account = $2 \
     AND conversation = (SELECT conversation FROM conversations WHERE id = $3) AND seq = $4";
const DROP_REFERENCES: &str = "DELETE FROM file_references WHERE file = $1 AND account = $2";
pub(super) const LAST_END: &str = "SELECT max(ends_at_ms) FROM file_references WHERE file = $1";
const END_AT: &str = "UPDATE files SET expires_at_ms = $2 WHERE file = $1";
const MARK: &str = "UPDATE files SET removed_at_ms = $2 WHERE file = $1";
/// What another node ends just now is left to it.
pub(super) const DROP_OLD: &str = "DELETE FROM file_references WHERE ctid = ANY(ARRAY(SELECT ctid FROM file_references \
     WHERE ends_at_ms <= $1 ORDER BY ends_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED))";
/// What a message is being given just now is left for the next time.
pub(super) const MARK_OLD: &str = "UPDATE files SET removed_at_ms = $3 WHERE file = ANY(ARRAY(SELECT file FROM files \
     WHERE removed_at_ms = 0 AND expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED))";
pub(super) const MARKED: &str =
    "SELECT file FROM files WHERE removed_at_ms > 0 AND removed_at_ms <= $1 ORDER BY removed_at_ms LIMIT $2";
pub(super) const MARK_ANEW: &str = "UPDATE files SET removed_at_ms = $2 WHERE file = ANY(ARRAY(SELECT file FROM files \
     WHERE file = ANY($1) AND removed_at_ms > 0 ORDER BY file FOR NO KEY UPDATE))";
pub(super) const FORGET: &str = "DELETE FROM files WHERE file = ANY(ARRAY(SELECT file FROM files \
     WHERE file = ANY($1) AND removed_at_ms > 0 ORDER BY file FOR UPDATE))";

/// What may still be written of a file that is marked: the one part that was under way.
const UNDER_WAY: i64 = limits::FILE_REQUEST as i64;

fn upload_of(row: &Row) -> Outcome<Upload> {
    Ok(Upload {
        length: columns::number(row, 0)?,
        arrived: columns::number(row, 1)?,
        parts: columns::number(row, 2)?,
        expires_at_ms: columns::number(row, 3)?,
    })
}

pub(super) async fn create(db: &Db, new: &NewFile) -> Outcome<FileCreation> {
    let Some(row) = db.row(HOLD_ACCOUNT, &[&new.account.as_bytes().as_slice()]).await? else {
        return Ok(FileCreation::NoAccount);
    };
    let account: Key = row.try_get(0)?;
    let unfinished = db.row(UNFINISHED, &[&account]).await?.map_or(Ok(0), |row| columns::number(&row, 0))?;
    if unfinished >= new.most_unfinished as u64 {
        return Ok(FileCreation::TooManyUnfinished);
    }
    let used = usage_of(db, account, new.counted).await?;
    if used.saturating_add(new.length.max(new.counted)) > new.quota {
        return Ok(FileCreation::QuotaExceeded { used });
    }
    let (length, expires) = (signed(new.length), signed(new.expires_at_ms));
    db.execute(CREATE, &[&new.file.as_bytes().as_slice(), &account, &length, &expires]).await?;
    Ok(FileCreation::Created)
}

pub(super) async fn upload(db: &Db, account: AccountId, file: BlobId) -> Outcome<Option<Upload>> {
    let row = db.row(UPLOAD, &[&file.as_bytes().as_slice(), &account.as_bytes().as_slice()]).await?;
    row.as_ref().map(upload_of).transpose()
}

pub(super) async fn advance(db: &Db, account: AccountId, file: BlobId, arrived: Arrived) -> Outcome<Option<Upload>> {
    let [from, to, expires] = [arrived.from, arrived.to, arrived.expires_at_ms].map(signed);
    let (id, of) = (file.as_bytes().as_slice(), account.as_bytes().as_slice());
    db.execute(ADVANCE, &[&id, &of, &from, &to, &expires]).await?;
    upload(db, account, file).await
}

pub(super) async fn readable(db: &Db, reader: AccountId, file: BlobId) -> Outcome<Option<u64>> {
    let row = db.row(READABLE, &[&file.as_bytes().as_slice(), &reader.as_bytes().as_slice()]).await?;
    row.map(|row| columns::number(&row, 0)).transpose()
}

pub(super) async fn usage(db: &Db, account: AccountId, counted: u64) -> Outcome<u64> {
    match db.row(ACCOUNT, &[&account.as_bytes().as_slice()]).await? {
        Some(row) => usage_of(db, row.try_get(0)?, counted).await,
        None => Ok(0),
    }
}

async fn usage_of(db: &Db, account: Key, counted: u64) -> Outcome<u64> {
    let Some(row) = db.row(USE, &[&account, &signed(counted), &UNDER_WAY]).await? else { return Ok(0) };
    Ok(columns::number(&row, 0)?.saturating_add(columns::number(&row, 1)?))
}

pub(super) async fn total(db: &Db, counted: u64) -> Outcome<u64> {
    let row = db.row(TOTAL, &[&signed(counted), &UNDER_WAY]).await?;
    row.map_or(Ok(0), |row| columns::number(&row, 0))
}

/// Appends a message that brings files or is locked.
pub(super) async fn append(db: &Db, franking: &dyn Franking, append: &Append) -> Outcome<Appended> {
    if append.lock.is_some() {
        // Before the conversation, as everybody takes them.
        db.row(HOLD_ACCOUNT, &[&append.author.account.as_bytes().as_slice()]).await?;
    }
    let Some(conversation) = held::conversation(db, append.conversation).await? else {
        return Ok(Appended::NotAMember);
    };
    let devices = held::devices(db, [append.author]).await?;
    let Some(author) = devices.get(&append.author).copied() else {
        return Ok(Appended::NotAMember);
    };
    if let Some(before) = log::find_submission(db, append.id, author.key, conversation.key).await? {
        return Ok(before);
    }
    let commit_counter = conversation.commit_counter;
    let seat = held::seat_of(db, conversation.key, author.key).await?;
    if seat.is_none_or(|(_, last)| last != NO_LAST) {
        return Ok(Appended::NotAMember);
    } else if append.submission <= author.highest_submission {
        return Ok(Appended::SubmissionBehind { highest: author.highest_submission });
    } else if append.follows != commit_counter {
        return Ok(Appended::Behind { commit_counter });
    }
    if let Some(wrong) = wrong_file(db, append, author.account).await? {
        return Ok(wrong);
    }
    if let Some(wrong) = time_locks::wrong(db, append, conversation.key, author.account).await? {
        return Ok(wrong);
    }
    let seq = conversation.head + 1;
    let mac = put(db, franking, append, (conversation.key, author.key), (seq, commit_counter)).await?;
    held::advance(db, conversation.key, seq, commit_counter).await?;
    held::submitted(db, author.key, append.submission).await?;
    time_locks::put(db, append, conversation.key, author.account).await?;
    let (files, end) = (ids(&append.files), signed(append.files_end_at_ms));
    db.execute(REFER, &[&files, &conversation.key, &signed(seq), &author.account, &end]).await?;
    db.execute(KEEP_UNTIL, &[&files, &end]).await?;
    Ok(Appended::Stored(LogEntry {
        conversation: append.conversation,
        seq,
        kind: EntryKind::Message,
        commit_counter,
        id: append.id,
        author: append.author,
        received_at_ms: append.received_at_ms,
        payload: append.payload.clone(),
        mac,
    }))
}

/// Puts the entry into the log, with the key of its repeat check. Its MAC.
async fn put(
    db: &Db,
    franking: &dyn Franking,
    append: &Append,
    (conversation, author): (Key, Key),
    (seq, counter): (u64, u64),
) -> Outcome<Option<Bytes32>> {
    let id = append.id;
    let id = id.as_bytes().as_slice();
    let (place, counter, received) = (signed(seq), signed(counter), signed(append.received_at_ms));
    db.execute(KEEP_SUBMISSION, &[&author, &conversation, &id, &place, &counter, &received]).await?;
    let (of, by, at) = (append.conversation, append.author, append.received_at_ms);
    let sealed = append.commitment.as_ref().map(|commitment| log::seal(franking, commitment, of, by, at));
    let commitment = append.commitment.as_ref().map_or(&[][..], |commitment| &commitment.0);
    let seal = sealed.as_ref().map_or(&[][..], |seal| &seal.0);
    let payload: &[u8] = &append.payload;
    let entry: super::db::Params<'_> =
        &[&conversation, &place, &counter, &id, &author, &received, &commitment, &seal, &payload];
    db.execute(APPEND_ENTRY, entry).await?;
    Ok(append.commitment.as_ref().map(|commitment| franking.mac(commitment, of, by, seq, at)))
}

/// Why a message can't bring the files that it names, if it can't. They are held.
async fn wrong_file(db: &Db, append: &Append, account: Key) -> Outcome<Option<Appended>> {
    let rows = db.rows(HOLD_FOR_MESSAGE, &[&ids(&append.files), &account]).await?;
    for file in &append.files {
        let mut standing = None;
        for row in &rows {
            if row.try_get::<_, &[u8]>(0)? == file.as_bytes().as_slice() {
                standing = Some((row.try_get(1)?, row.try_get(2)?));
            }
        }
        match standing {
            Some((true, true)) => {}
            Some((false, true)) => return Ok(Some(Appended::FileUnfinished(*file))),
            Some((_, false)) | None => return Ok(Some(Appended::FileUnknown(*file))),
        }
    }
    Ok(None)
}

pub(super) async fn let_go(
    db: &Db,
    account: AccountId,
    file: BlobId,
    message: Option<(ConversationId, u64)>,
    now_ms: u64,
) -> Outcome<bool> {
    let Some(row) = db.row(ACCOUNT, &[&account.as_bytes().as_slice()]).await? else { return Ok(false) };
    let account: Key = row.try_get(0)?;
    let file = file.as_bytes().as_slice();
    let Some(row) = db.row(HOLD, &[&file]).await? else { return Ok(false) };
    let is_uploader = row.try_get::<_, Key>(0)? == account;
    let dropped = match message {
        Some((conversation, seq)) => {
            let conversation = conversation.as_bytes().as_slice();
            db.execute(DROP_REFERENCE, &[&file, &account, &conversation, &signed(seq)]).await?
        }
        None => db.execute(DROP_REFERENCES, &[&file, &account]).await?,
    };
    if dropped == 0 && (message.is_some() || !is_uploader) {
        return Ok(false);
    }
    let last_end: Option<i64> = db.row(LAST_END, &[&file]).await?.map_or(Ok(None), |row| row.try_get(0))?;
    let (sql, when) = last_end.map_or((MARK, marked_at(now_ms)), |end| (END_AT, end));
    db.execute(sql, &[&file, &when]).await?;
    Ok(true)
}

pub(super) async fn end(db: &Db, now_ms: u64, most: usize) -> Outcome<usize> {
    let (now, bound) = (signed(now_ms), signed(most as u64));
    let dropped = db.execute(DROP_OLD, &[&now, &bound]).await?;
    let marked = db.execute(MARK_OLD, &[&now, &bound, &marked_at(now_ms)]).await?;
    Ok(usize::try_from(dropped.max(marked)).unwrap_or(usize::MAX))
}

pub(super) async fn to_remove(db: &Db, marked_until_ms: u64, most: usize) -> Outcome<Vec<BlobId>> {
    let rows = db.rows(MARKED, &[&signed(marked_until_ms), &signed(most as u64)]).await?;
    rows.iter().map(file_of).collect()
}

pub(super) async fn mark_anew(db: &Db, files: &[BlobId], now_ms: u64) -> Outcome<()> {
    db.execute(MARK_ANEW, &[&ids(files), &marked_at(now_ms)]).await?;
    Ok(())
}

pub(super) async fn forget(db: &Db, files: &[BlobId]) -> Outcome<()> {
    db.execute(FORGET, &[&ids(files)]).await?;
    Ok(())
}

fn file_of(row: &Row) -> Outcome<BlobId> {
    Ok(BlobId::from_bytes(columns::array(row, 0)?))
}

fn ids(files: &[BlobId]) -> Vec<&[u8]> {
    files.iter().map(|file| file.as_bytes().as_slice()).collect()
}

/// Zero stands for a file that is not marked.
fn marked_at(now_ms: u64) -> i64 {
    signed(now_ms).max(1)
}
