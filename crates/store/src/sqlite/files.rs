//! Files, and the messages that bring them.

use huis_proto::{AccountId, BlobId, ConversationId, limits};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{self, Key, signed, unsigned};
use super::fault::Outcome;
use super::writer::Writer;
use crate::{Append, Appended, Arrived, FileCreation, NewFile, Upload};

const ACCOUNT: &str = "SELECT account FROM accounts WHERE id = ?1";
pub(super) const UNFINISHED: &str =
    "SELECT count(*) FROM files WHERE account = ?1 AND arrived < length AND removed_at_ms = 0";
pub(super) const OWN_USE: &str = "SELECT coalesce(sum(max(?2, CASE f.removed_at_ms WHEN 0 THEN f.length \
     ELSE min(f.length, f.arrived + ?3) END)), 0) FROM files f WHERE f.account = ?1 \
     AND (f.removed_at_ms > 0 OR NOT EXISTS (SELECT 1 FROM file_references r WHERE r.file = f.file))";
pub(super) const USE_BY_MESSAGES: &str = "SELECT coalesce(sum(max(f.length, ?2)), 0) FROM files f \
     WHERE f.removed_at_ms = 0 AND f.file IN (SELECT r.file FROM file_references r WHERE r.account = ?1)";
/// Looks at every file, so it is for readers alone.
const TOTAL: &str = "SELECT coalesce(sum(max(?1, CASE removed_at_ms WHEN 0 THEN length \
     ELSE min(length, arrived + ?2) END)), 0) FROM files";
const CREATE: &str = "INSERT INTO files (file, account, length, expires_at_ms) VALUES (?1, ?2, ?3, ?4)";
pub(super) const UPLOAD: &str = "SELECT f.length, f.arrived, f.parts, f.expires_at_ms \
     FROM files f JOIN accounts a ON a.account = f.account WHERE f.file = ?1 AND a.id = ?2 AND f.removed_at_ms = 0";
pub(super) const ADVANCE: &str = "UPDATE files SET arrived = ?4, parts = parts + 1, \
     expires_at_ms = max(expires_at_ms, ?5) WHERE file = ?1 AND account = (SELECT account FROM accounts WHERE id = ?2) \
     AND arrived = ?3 AND removed_at_ms = 0";
pub(super) const READABLE: &str = "SELECT f.length FROM files f JOIN accounts a ON a.id = ?2 \
     WHERE f.file = ?1 AND f.removed_at_ms = 0 AND f.arrived = f.length AND (f.account = a.account OR EXISTS \
     (SELECT 1 FROM file_references r JOIN participants p ON p.conversation = r.conversation AND p.account = a.account \
     WHERE r.file = f.file))";
pub(super) const FOR_MESSAGE: &str = "SELECT f.arrived = f.length, f.account = ?2 OR EXISTS \
     (SELECT 1 FROM file_references r JOIN participants p ON p.conversation = r.conversation AND p.account = ?2 \
     WHERE r.file = f.file) FROM files f WHERE f.file = ?1 AND f.removed_at_ms = 0";
const REFER: &str =
    "INSERT INTO file_references (file, conversation, seq, account, ends_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
const KEEP_UNTIL: &str = "UPDATE files SET expires_at_ms = max(expires_at_ms, ?2) WHERE file = ?1";
const LIVE: &str = "SELECT account FROM files WHERE file = ?1 AND removed_at_ms = 0";
const DROP_REFERENCE: &str = "DELETE FROM file_references WHERE file = ?1 AND account = ?2 \
     AND conversation = (SELECT conversation FROM conversations WHERE id = ?3) AND seq = ?4";
const DROP_REFERENCES: &str = "DELETE FROM file_references WHERE file = ?1 AND account = ?2";
pub(super) const LAST_END: &str = "SELECT max(ends_at_ms) FROM file_references WHERE file = ?1";
const END_AT: &str = "UPDATE files SET expires_at_ms = ?2 WHERE file = ?1";
const MARK: &str = "UPDATE files SET removed_at_ms = ?2 WHERE file = ?1";
pub(super) const OLD_REFERENCES: &str =
    "SELECT file, conversation, seq FROM file_references WHERE ends_at_ms <= ?1 ORDER BY ends_at_ms LIMIT ?2";
const DROP_OLD: &str = "DELETE FROM file_references WHERE file = ?1 AND conversation = ?2 AND seq = ?3";
pub(super) const OLD_FILES: &str =
    "SELECT file FROM files WHERE removed_at_ms = 0 AND expires_at_ms <= ?1 ORDER BY expires_at_ms LIMIT ?2";
pub(super) const MARKED: &str =
    "SELECT file FROM files WHERE removed_at_ms > 0 AND removed_at_ms <= ?1 ORDER BY removed_at_ms LIMIT ?2";
const MARK_ANEW: &str = "UPDATE files SET removed_at_ms = ?2 WHERE file = ?1 AND removed_at_ms > 0";
const FORGET: &str = "DELETE FROM files WHERE file = ?1 AND removed_at_ms > 0";

/// What may still be written of a file that is marked: the one part that was under way.
const UNDER_WAY: i64 = limits::FILE_REQUEST as i64;

fn upload_of(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        length: columns::number(row, 0)?,
        arrived: columns::number(row, 1)?,
        parts: columns::number(row, 2)?,
        expires_at_ms: columns::number(row, 3)?,
    })
}

fn account_key(db: &Connection, account: AccountId) -> Outcome<Option<Key>> {
    Ok(db.prepare_cached(ACCOUNT)?.query_row([account.as_bytes()], |row| row.get(0)).optional()?)
}

pub(super) fn upload(db: &Connection, account: AccountId, file: BlobId) -> Outcome<Option<Upload>> {
    Ok(db.prepare_cached(UPLOAD)?.query_row([file.as_bytes(), account.as_bytes()], upload_of).optional()?)
}

pub(super) fn readable(db: &Connection, reader: AccountId, file: BlobId) -> Outcome<Option<u64>> {
    let mut find = db.prepare_cached(READABLE)?;
    Ok(find.query_row([file.as_bytes(), reader.as_bytes()], |row| columns::number(row, 0)).optional()?)
}

pub(super) fn usage(db: &Connection, account: AccountId, counted: u64) -> Outcome<u64> {
    account_key(db, account)?.map_or(Ok(0), |key| usage_of(db, key, counted))
}

fn usage_of(db: &Connection, account: Key, counted: u64) -> Outcome<u64> {
    let counted = signed(counted);
    let own: i64 = db.prepare_cached(OWN_USE)?.query_row([account, counted, UNDER_WAY], |row| row.get(0))?;
    let by_messages: i64 = db.prepare_cached(USE_BY_MESSAGES)?.query_row([account, counted], |row| row.get(0))?;
    Ok(unsigned(own).saturating_add(unsigned(by_messages)))
}

pub(super) fn total(db: &Connection, counted: u64) -> Outcome<u64> {
    let bytes: i64 = db.prepare_cached(TOTAL)?.query_row([signed(counted), UNDER_WAY], |row| row.get(0))?;
    Ok(unsigned(bytes))
}

pub(super) fn to_remove(db: &Connection, marked_until_ms: u64, most: usize) -> Outcome<Vec<BlobId>> {
    let mut find = db.prepare_cached(MARKED)?;
    let found = find.query_map([signed(marked_until_ms), signed(most as u64)], file_of)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn file_of(row: &Row<'_>) -> rusqlite::Result<BlobId> {
    row.get(0).map(BlobId::from_bytes)
}

impl Writer {
    pub(super) fn create_file(&mut self, new: &NewFile) -> Outcome<FileCreation> {
        let Some(account) = account_key(&self.db, new.account)? else { return Ok(FileCreation::NoAccount) };
        let unfinished: i64 = self.db.prepare_cached(UNFINISHED)?.query_row([account], |row| row.get(0))?;
        if unsigned(unfinished) >= new.most_unfinished as u64 {
            return Ok(FileCreation::TooManyUnfinished);
        }
        let used = usage_of(&self.db, account, new.counted)?;
        if used.saturating_add(new.length.max(new.counted)) > new.quota {
            return Ok(FileCreation::QuotaExceeded { used });
        }
        let row = params![new.file.as_bytes(), account, signed(new.length), signed(new.expires_at_ms)];
        self.db.prepare_cached(CREATE)?.execute(row)?;
        Ok(FileCreation::Created)
    }

    pub(super) fn advance_upload(
        &mut self,
        account: AccountId,
        file: BlobId,
        arrived: Arrived,
    ) -> Outcome<Option<Upload>> {
        let [from, to, expires] = [arrived.from, arrived.to, arrived.expires_at_ms].map(signed);
        let moved = params![file.as_bytes(), account.as_bytes(), from, to, expires];
        self.db.prepare_cached(ADVANCE)?.execute(moved)?;
        upload(&self.db, account, file)
    }

    /// Why a message can't bring the files that it names, if it can't.
    pub(super) fn wrong_file(&self, append: &Append, account: Key) -> Outcome<Option<Appended>> {
        let mut find = self.db.prepare_cached(FOR_MESSAGE)?;
        for file in &append.files {
            let found = find.query_row(params![file.as_bytes(), account], |row| Ok((row.get(0)?, row.get(1)?)));
            match found.optional()? {
                Some((true, true)) => {}
                Some((false, true)) => return Ok(Some(Appended::FileUnfinished(*file))),
                Some((_, false)) | None => return Ok(Some(Appended::FileUnknown(*file))),
            }
        }
        Ok(None)
    }

    /// Notes that an entry brings the files that it names.
    pub(super) fn refer(&self, append: &Append, conversation: Key, account: Key, seq: u64) -> Outcome<()> {
        let end = signed(append.files_end_at_ms);
        for file in &append.files {
            let reference = params![file.as_bytes(), conversation, signed(seq), account, end];
            self.db.prepare_cached(REFER)?.execute(reference)?;
            self.db.prepare_cached(KEEP_UNTIL)?.execute(params![file.as_bytes(), end])?;
        }
        Ok(())
    }

    pub(super) fn let_go_of_file(
        &mut self,
        account: AccountId,
        file: BlobId,
        message: Option<(ConversationId, u64)>,
        now_ms: u64,
    ) -> Outcome<bool> {
        let Some(account) = account_key(&self.db, account)? else { return Ok(false) };
        let uploader: Option<Key> =
            self.db.prepare_cached(LIVE)?.query_row([file.as_bytes()], |row| row.get(0)).optional()?;
        let Some(uploader) = uploader else { return Ok(false) };
        let dropped = match message {
            Some((conversation, seq)) => {
                let one = params![file.as_bytes(), account, conversation.as_bytes(), signed(seq)];
                self.db.prepare_cached(DROP_REFERENCE)?.execute(one)?
            }
            None => self.db.prepare_cached(DROP_REFERENCES)?.execute(params![file.as_bytes(), account])?,
        };
        if dropped == 0 && (message.is_some() || uploader != account) {
            return Ok(false);
        }
        let last_end: Option<i64> = self.db.prepare_cached(LAST_END)?.query_row([file.as_bytes()], |row| row.get(0))?;
        let (sql, when) = last_end.map_or((MARK, marked_at(now_ms)), |end| (END_AT, end));
        self.db.prepare_cached(sql)?.execute(params![file.as_bytes(), when])?;
        Ok(true)
    }

    pub(super) fn end_files(&mut self, now_ms: u64, most: usize) -> Outcome<usize> {
        let bounds = [signed(now_ms), signed(most as u64)];
        let mut old = self.db.prepare_cached(OLD_REFERENCES)?;
        let old = old
            .query_map(bounds, |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, Key>(1)?, row.get::<_, i64>(2)?)))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for (file, conversation, seq) in &old {
            self.db.prepare_cached(DROP_OLD)?.execute(params![file, conversation, seq])?;
        }
        let mut due = self.db.prepare_cached(OLD_FILES)?;
        let due = due.query_map(bounds, file_of)?.collect::<rusqlite::Result<Vec<_>>>()?;
        for file in &due {
            self.db.prepare_cached(MARK)?.execute(params![file.as_bytes(), marked_at(now_ms)])?;
        }
        Ok(old.len().max(due.len()))
    }

    pub(super) fn mark_anew(&mut self, files: &[BlobId], now_ms: u64) -> Outcome<()> {
        let mut mark = self.db.prepare_cached(MARK_ANEW)?;
        for file in files {
            mark.execute(params![file.as_bytes(), marked_at(now_ms)])?;
        }
        Ok(())
    }

    pub(super) fn forget_files(&mut self, files: &[BlobId]) -> Outcome<()> {
        let mut forget = self.db.prepare_cached(FORGET)?;
        for file in files {
            forget.execute([file.as_bytes()])?;
        }
        Ok(())
    }
}

/// Zero stands for a file that is not marked.
fn marked_at(now_ms: u64) -> i64 {
    signed(now_ms).max(1)
}
