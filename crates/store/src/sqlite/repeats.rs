//! The index of the repeat check, in two levels.
//!
//! Message ids are random, so an index of them is touched at another page by every append, and each page costs 4 KiB
//! of write-ahead log. Therefore the newest keys stand in memory, and beside the log in the order of their arrival
//! (table `submissions`), from which the memory is read again after a start. Every few thousand keys they are merged
//! into the index in their own order, some with each transaction, so that many share a page.

use std::collections::{HashMap, HashSet};

use huis_proto::MessageId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::Key;
use super::fault::Outcome;

/// How many keys wait in memory before they are merged; twice as many may be there (about 64 bytes each).
const MERGED_TOGETHER: usize = 8 * 1024;
/// How many keys are merged for each one that arrives, so that merging ends long before the next one is due.
const MERGED_PER_ARRIVAL: usize = 2;

const RECENT: &str = "SELECT stamp, id, author, conversation FROM submissions WHERE stamp > \
     (SELECT indexed_stamps FROM settings WHERE one = 1) ORDER BY stamp";
pub(super) const FIND: &str = "SELECT stamp FROM submission_index \
     WHERE id = ?1 AND author = ?2 AND conversation = ?3";
const MERGE: &str = "INSERT INTO submission_index (id, author, conversation, stamp) \
     VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET stamp = excluded.stamp";
const MERGED: &str = "UPDATE settings SET indexed_stamps = ?1 WHERE one = 1";
const OLDEST: &str = "SELECT stamp, id, author, conversation FROM \
     (SELECT stamp, id, author, conversation, received_at_ms FROM submissions ORDER BY stamp LIMIT ?2) \
     WHERE received_at_ms < ?1";
const DROP: &str = "DELETE FROM submissions WHERE stamp = ?1";
const DROP_INDEXED: &str = "DELETE FROM submission_index \
     WHERE id = ?1 AND author = ?2 AND conversation = ?3";

/// The key of the repeat check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RepeatKey {
    pub(super) id: MessageId,
    pub(super) author: Key,
    pub(super) conversation: Key,
}

/// The newest keys, each with its stamp.
#[derive(Default)]
pub(super) struct Repeats {
    recent: HashMap<RepeatKey, i64>,
    /// In order; those before `merged` stand in the index.
    merging: Vec<(RepeatKey, i64)>,
    merged: usize,
    /// What this transaction added and merged, to be taken back if it is undone.
    added: Vec<RepeatKey>,
    merged_before: usize,
    /// What it dropped, to be forgotten once that is on disk.
    dropped: HashSet<RepeatKey>,
}

impl Repeats {
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut recent = db.prepare(RECENT)?;
        let recent = recent.query_map([], |row| Ok((found_key(row)?, row.get(0)?)))?;
        Ok(Self { recent: recent.collect::<rusqlite::Result<_>>()?, ..Self::default() })
    }

    /// The stamp of the submission with this key.
    pub(super) fn find(&self, db: &Connection, key: &RepeatKey) -> Outcome<Option<i64>> {
        if let Some(stamp) = self.recent.get(key) {
            return Ok(Some(*stamp));
        }
        if let Ok(place) = self.merging.binary_search_by_key(key, |(key, _)| *key) {
            return Ok(self.merging.get(place).map(|(_, stamp)| *stamp));
        }
        let mut find = db.prepare_cached(FIND)?;
        let indexed = find.query_row(params![key.id.as_bytes(), key.author, key.conversation], |row| row.get(0));
        Ok(indexed.optional()?)
    }

    /// Remembers a key that stands in the table `submissions` with this stamp.
    pub(super) fn add(&mut self, key: RepeatKey, stamp: i64) {
        self.recent.insert(key, stamp);
        self.added.push(key);
    }

    /// Merges some keys into the index, at the end of a transaction.
    pub(super) fn merge(&mut self, db: &Connection) -> Outcome<()> {
        self.merged_before = self.merged;
        let some = self.added.len() * MERGED_PER_ARRIVAL;
        let next = self.merging.iter().skip(self.merged).take(some);
        let mut merged = 0;
        if self.merged < self.merging.len() && some > 0 {
            let mut merge = db.prepare_cached(MERGE)?;
            for (key, stamp) in next {
                merge.execute(params![key.id.as_bytes(), key.author, key.conversation, stamp])?;
                merged += 1;
            }
        }
        self.merged += merged;
        if merged > 0 && self.merged == self.merging.len() {
            let newest = self.merging.iter().map(|(_, stamp)| *stamp).max();
            db.prepare_cached(MERGED)?.execute([newest])?;
        }
        Ok(())
    }

    /// The transaction is on disk.
    pub(super) fn on_disk(&mut self) {
        self.added.clear();
        if !self.dropped.is_empty() {
            let dropped = std::mem::take(&mut self.dropped);
            self.recent.retain(|key, _| !dropped.contains(key));
            let before = self.merging.iter().take(self.merged);
            self.merged -= before.filter(|(key, _)| dropped.contains(key)).count();
            self.merging.retain(|(key, _)| !dropped.contains(key));
        }
        if self.merged < self.merging.len() {
            return;
        }
        self.merging.clear();
        self.merged = 0;
        if self.recent.len() >= MERGED_TOGETHER {
            self.merging.extend(self.recent.drain());
            self.merging.sort_unstable();
        }
    }

    /// The transaction was undone.
    pub(super) fn undo(&mut self) {
        for key in self.added.drain(..) {
            self.recent.remove(&key);
        }
        self.merged = self.merged.min(self.merged_before);
        self.dropped.clear();
    }

    /// Forgets keys older than `before_ms`, looking at the `most` oldest.
    pub(super) fn expire(&mut self, db: &Connection, before_ms: i64, most: i64) -> Outcome<usize> {
        let mut oldest = db.prepare_cached(OLDEST)?;
        let old: Vec<(RepeatKey, i64)> = oldest
            .query_map([before_ms, most], |row| Ok((found_key(row)?, row.get(0)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (key, stamp) in &old {
            db.prepare_cached(DROP)?.execute([stamp])?;
            db.prepare_cached(DROP_INDEXED)?.execute(params![key.id.as_bytes(), key.author, key.conversation])?;
        }
        self.dropped.extend(old.iter().map(|(key, _)| *key));
        Ok(old.len())
    }
}

fn found_key(row: &Row<'_>) -> rusqlite::Result<RepeatKey> {
    Ok(RepeatKey { id: MessageId::from_bytes(row.get(1)?), author: row.get(2)?, conversation: row.get(3)? })
}
