//! What has waited too long.

use huis_proto::ConversationId;
use rusqlite::{Connection, params};

use super::columns::{self, Key, signed};
use super::fault::Outcome;
use super::writer::Writer;

/// Looks at every conversation that has entries waiting, but only at the first of them; run on a reader, now and then.
const OLD_CONVERSATIONS: &str = "SELECT c.id FROM conversations c WHERE c.forgotten < c.head AND \
     (SELECT l.received_at_ms FROM log l WHERE l.conversation = c.conversation ORDER BY l.seq LIMIT 1) < ?1 \
     LIMIT ?2";
pub(super) const OLDEST_ENTRIES: &str = "SELECT seq, received_at_ms FROM log \
     WHERE conversation = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
const DROP_ENTRIES: &str = "DELETE FROM log WHERE conversation = ?1 AND seq <= ?2";
/// A listed device of an account that takes part is told what expired whenever it is back, and joins again; nobody else
/// has anything to come back for.
const FREE_SEATS: &str = "DELETE FROM members WHERE conversation = ?1 AND leaf = 0 AND last <= ?2 AND NOT EXISTS \
     (SELECT 1 FROM devices d JOIN participants p ON p.account = d.account AND p.conversation = ?1 \
     WHERE d.device = members.device AND d.listed = 1)";
const OLD_WELCOMES: &str = "SELECT conversation, seq FROM welcome_bodies WHERE received_at_ms < ?1 LIMIT ?2";
pub(super) const DROP_WELCOMES: &str = "DELETE FROM welcomes WHERE conversation = ?1 AND seq = ?2";
const STAMPS_USED: &str = "UPDATE settings SET stamps_used = ?1 WHERE one = 1";

/// What there is to drop, found beside the writer.
pub(super) struct Old {
    conversations: Vec<ConversationId>,
    welcomes: Vec<(Key, i64)>,
}

pub(super) fn find_old(db: &Connection, before_ms: u64, most: usize) -> Outcome<Old> {
    let bounds = [signed(before_ms), signed(most as u64)];
    let mut conversations = db.prepare_cached(OLD_CONVERSATIONS)?;
    let conversations = conversations
        .query_map(bounds, |row| row.get(0).map(ConversationId::from_bytes))?
        .collect::<rusqlite::Result<_>>()?;
    let mut welcomes = db.prepare_cached(OLD_WELCOMES)?;
    let welcomes =
        welcomes.query_map(bounds, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    Ok(Old { conversations, welcomes })
}

impl Writer {
    pub(super) fn expire(&mut self, old: &Old, before_ms: u64, keys_before_ms: u64, most: usize) -> Outcome<usize> {
        let mut dropped = 0;
        for id in &old.conversations {
            dropped += self.expire_entries(*id, before_ms, most - dropped)?;
        }
        for (conversation, seq) in old.welcomes.iter().take(most - dropped) {
            self.db.prepare_cached(DROP_WELCOMES)?.execute([*conversation, *seq])?;
            self.drop_read_welcomes(*conversation)?;
            dropped += 1;
        }
        let keys = self.repeats.expire(&self.db, signed(keys_before_ms), signed(most as u64))?;
        if keys > 0 {
            self.db.prepare_cached(STAMPS_USED)?.execute([self.stamp])?;
        }
        Ok(dropped.max(keys))
    }

    fn expire_entries(&mut self, id: ConversationId, before_ms: u64, most: usize) -> Outcome<usize> {
        let Some(conversation) = self.hot.conversation(&self.db, id)? else {
            return Ok(0);
        };
        let key = conversation.key;
        let mut last = 0;
        let mut dropped = 0;
        let mut oldest = self.db.prepare_cached(OLDEST_ENTRIES)?;
        let forgotten = signed(conversation.forgotten);
        let mut rows = oldest.query(params![key, forgotten, signed(most as u64)])?;
        while let Some(row) = rows.next()? {
            if columns::number(row, 1)? >= before_ms {
                break;
            }
            last = columns::number(row, 0)?;
            dropped += 1;
        }
        drop(rows);
        drop(oldest);
        if dropped == 0 {
            return Ok(0);
        }
        self.db.prepare_cached(DROP_ENTRIES)?.execute([key, signed(last)])?;
        conversation.expired = last;
        conversation.forgotten = last;
        self.hot.changed(id);
        self.write_back()?;
        self.db.prepare_cached(FREE_SEATS)?.execute([key, signed(last)])?;
        self.hot.forget_conversation(id);
        self.seats_changed.push(id);
        self.hot.look_at_floor(&self.db, id)?;
        Ok(dropped)
    }
}
