//! What the writer keeps in memory of conversations and devices in use, written back in the transaction that changed it.

use std::collections::HashMap;

use huis_proto::{ConversationId, ConversationKind, Member};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{self, Key, unsigned};
use super::contests;
use super::fault::Outcome;
use super::schema::NO_LAST;

/// Conversations and seats together that stay in memory between two batches (about 100 bytes each).
const SEATS_KEPT: usize = 16 * 1024;
/// Devices that stay in memory between two batches (about 120 bytes each).
const DEVICES_KEPT: usize = 8 * 1024;

pub(super) const LOAD_CONVERSATION: &str = "SELECT conversation, kind, head, commit_counter, forgotten, expired \
     FROM conversations WHERE id = ?1";
pub(super) const LOAD_SEATS: &str = "SELECT device, acked, last, leaf FROM members WHERE conversation = ?1";
pub(super) const LOAD_DEVICE: &str = "SELECT d.device, d.account, d.listed, d.highest_submission \
     FROM accounts a JOIN devices d ON d.account = a.account WHERE a.id = ?1 AND d.id = ?2";
pub(super) const FORGET_ENTRIES: &str = "DELETE FROM log WHERE conversation = ?1 AND seq > ?2 AND seq <= ?3";
pub(super) const STORE_CONVERSATION: &str = "UPDATE conversations \
     SET head = ?2, commit_counter = ?3, forgotten = ?4, expired = ?5 WHERE conversation = ?1";
pub(super) const STORE_ACKED: &str = "UPDATE members SET acked = ?3 WHERE conversation = ?1 AND device = ?2";
pub(super) const FREE_SEAT: &str = "DELETE FROM members WHERE conversation = ?1 AND device = ?2";
pub(super) const STORE_SUBMISSION: &str = "UPDATE devices SET highest_submission = ?2 WHERE device = ?1";

/// A conversation as the writer sees it: ahead of the database within a transaction.
pub(super) struct Conversation {
    pub(super) key: Key,
    pub(super) kind: ConversationKind,
    pub(super) head: u64,
    pub(super) commit_counter: u64,
    /// The log holds nothing up to and with this entry.
    pub(super) forgotten: u64,
    pub(super) expired: u64,
    /// The oldest commit that can be contested.
    contested: Option<u64>,
    pub(super) seats: HashMap<Key, Seat>,
    /// Devices whose `acked` moved.
    moved: Vec<Key>,
    /// Whether something may be forgotten that could not before.
    pub(super) floor_moved: bool,
    changed: bool,
    used_in: u64,
}

/// A device's place in a conversation; see the table `members`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) acked: u64,
    pub(super) last: i64,
    pub(super) leaf: bool,
}

/// A device as the writer sees it.
pub(super) struct Device {
    pub(super) key: Key,
    pub(super) account: Key,
    pub(super) listed: bool,
    pub(super) highest_submission: u64,
    changed: bool,
    used_in: u64,
}

/// Both, and what is to be written back.
#[derive(Default)]
pub(super) struct Hot {
    conversations: HashMap<ConversationId, Conversation>,
    devices: HashMap<Member, Device>,
    changed_conversations: Vec<ConversationId>,
    changed_devices: Vec<Member>,
    batch: u64,
}

/// A conversation that was written back: what readers may be told once the transaction is on disk.
pub(super) struct WrittenBack {
    pub(super) id: ConversationId,
    pub(super) head: u64,
    /// Whether a device that had left is through with its entries.
    pub(super) seat_freed: bool,
}

impl Seat {
    pub(super) fn is_member(&self) -> bool {
        self.last == NO_LAST
    }

    /// Whether entries wait for this device, so that they must not be forgotten.
    fn waits(&self) -> bool {
        self.last > columns::signed(self.acked)
    }
}

impl Conversation {
    /// A conversation that is about to be created.
    pub(super) fn created(key: Key, kind: ConversationKind, creator: Key) -> Self {
        let seat = Seat { acked: 0, last: NO_LAST, leaf: true };
        Self { seats: HashMap::from([(creator, seat)]), ..Self::empty(key, kind) }
    }

    fn empty(key: Key, kind: ConversationKind) -> Self {
        Self {
            key,
            kind,
            head: 0,
            commit_counter: 0,
            forgotten: 0,
            expired: 0,
            contested: None,
            seats: HashMap::new(),
            moved: Vec::new(),
            floor_moved: false,
            changed: false,
            used_in: 0,
        }
    }

    pub(super) fn is_member(&self, device: Key) -> bool {
        self.seats.get(&device).is_some_and(Seat::is_member)
    }

    pub(super) fn leaves(&self) -> usize {
        self.seats.values().filter(|seat| seat.leaf).count()
    }

    /// Everything up to here was acknowledged by all who may have it.
    fn floor(&self) -> u64 {
        // Who left and could only have read what has expired waits for nothing.
        let waits = |seat: &&Seat| seat.waits() && seat.last > columns::signed(self.forgotten);
        self.seats.values().filter(waits).map(|seat| seat.acked).min().unwrap_or(self.head)
    }
}

impl Hot {
    /// The conversation and the device, each if it exists.
    pub(super) fn pair(
        &mut self,
        db: &Connection,
        conversation: ConversationId,
        device: Member,
    ) -> Outcome<Option<(&mut Conversation, &mut Device)>> {
        self.load_conversation(db, conversation)?;
        self.load_device(db, device)?;
        let pair = self.conversations.get_mut(&conversation).zip(self.devices.get_mut(&device));
        Ok(pair)
    }

    /// The conversation, if it exists.
    pub(super) fn conversation(&mut self, db: &Connection, id: ConversationId) -> Outcome<Option<&mut Conversation>> {
        self.load_conversation(db, id)?;
        Ok(self.conversations.get_mut(&id))
    }

    /// The device, if it was ever listed.
    pub(super) fn device(&mut self, db: &Connection, member: Member) -> Outcome<Option<&mut Device>> {
        self.load_device(db, member)?;
        Ok(self.devices.get_mut(&member))
    }

    /// The next entry's place, for the device's next submission.
    pub(super) fn advance(&mut self, conversation: ConversationId, device: Member, submission: u64) {
        if let Some(hot) = self.conversations.get_mut(&conversation) {
            hot.head += 1;
            mark(&mut hot.changed, conversation, &mut self.changed_conversations);
        }
        self.submitted(device, submission);
    }

    /// The device has used this submission counter.
    pub(super) fn submitted(&mut self, device: Member, submission: u64) {
        if let Some(hot) = self.devices.get_mut(&device) {
            hot.highest_submission = submission;
            mark(&mut hot.changed, device, &mut self.changed_devices);
        }
    }

    /// Moves a cursor forward, as far as the device may go.
    pub(super) fn acknowledge(&mut self, conversation: ConversationId, device: Key, seq: u64) {
        let Some(hot) = self.conversations.get_mut(&conversation) else {
            return;
        };
        let Some(seat) = hot.seats.get_mut(&device) else {
            return;
        };
        let acked = seq.min(hot.head).min(unsigned(seat.last));
        if acked <= seat.acked {
            return;
        }
        // Only who is furthest behind holds the others' entries back.
        hot.floor_moved |= seat.acked <= hot.forgotten;
        seat.acked = acked;
        hot.moved.push(device);
        mark(&mut hot.changed, conversation, &mut self.changed_conversations);
    }

    /// Has what nobody waits for forgotten when the conversation is written back.
    pub(super) fn look_at_floor(&mut self, db: &Connection, id: ConversationId) -> Outcome<()> {
        if let Some(hot) = self.conversation(db, id)? {
            hot.floor_moved = true;
        }
        self.changed(id);
        Ok(())
    }

    /// Notes a change of the conversation's own numbers.
    pub(super) fn changed(&mut self, id: ConversationId) {
        if let Some(hot) = self.conversations.get_mut(&id) {
            mark(&mut hot.changed, id, &mut self.changed_conversations);
        }
    }

    /// Takes in a conversation that stands in the database already.
    pub(super) fn put(&mut self, id: ConversationId, conversation: Conversation) {
        self.conversations.insert(id, conversation);
    }

    /// Writes all changes to the database, inside the caller's transaction.
    pub(super) fn write_back(&mut self, db: &Connection) -> Outcome<Vec<WrittenBack>> {
        let mut written = Vec::with_capacity(self.changed_conversations.len());
        for id in self.changed_conversations.drain(..) {
            if let Some(hot) = self.conversations.get_mut(&id) {
                let seat_freed = store_conversation(db, hot)?;
                written.push(WrittenBack { id, head: hot.head, seat_freed });
            }
        }
        for member in self.changed_devices.drain(..) {
            if let Some(hot) = self.devices.get_mut(&member) {
                hot.changed = false;
                db.prepare_cached(STORE_SUBMISSION)?
                    .execute(params![hot.key, columns::signed(hot.highest_submission)])?;
            }
        }
        Ok(written)
    }

    /// Drops a conversation, which must have been written back: its rows are about to change.
    pub(super) fn forget_conversation(&mut self, id: ConversationId) {
        self.conversations.remove(&id);
    }

    /// Drops a device, which must have been written back.
    pub(super) fn forget_device(&mut self, member: Member) {
        self.devices.remove(&member);
    }

    /// Drops everything: the transaction that it belonged to was undone.
    pub(super) fn forget_all(&mut self) {
        *self = Self::default();
    }

    /// Between two batches: drops what was not used lately, where there is too much.
    pub(super) fn trim(&mut self) {
        self.batch += 1;
        let weight = |hot: &Conversation| 1 + hot.seats.len();
        // Looking at every conversation after each batch would cost more than the batch.
        const LOOK_EVERY: u64 = 64;
        if self.devices.len() > DEVICES_KEPT {
            let used = self.devices.values().map(|hot| hot.used_in).collect();
            let since = median(used);
            self.devices.retain(|_, hot| hot.used_in > since);
        }
        let many = self.conversations.len() > SEATS_KEPT / 4;
        if (many || self.batch.is_multiple_of(LOOK_EVERY))
            && self.conversations.values().map(weight).sum::<usize>() > SEATS_KEPT
        {
            let used = self.conversations.values().map(|hot| hot.used_in).collect();
            let since = median(used);
            self.conversations.retain(|_, hot| hot.used_in > since);
        }
    }

    fn load_conversation(&mut self, db: &Connection, id: ConversationId) -> Outcome<()> {
        if let Some(hot) = self.conversations.get_mut(&id) {
            hot.used_in = self.batch;
            return Ok(());
        }
        let Some(mut hot) = db
            .prepare_cached(LOAD_CONVERSATION)?
            .query_row([id.as_bytes()], |row| {
                let mut hot = Conversation::empty(row.get(0)?, columns::kind(row, 1)?);
                hot.head = columns::number(row, 2)?;
                hot.commit_counter = columns::number(row, 3)?;
                hot.forgotten = columns::number(row, 4)?;
                hot.expired = columns::number(row, 5)?;
                Ok(hot)
            })
            .optional()?
        else {
            return Ok(());
        };
        hot.used_in = self.batch;
        hot.contested = contests::oldest(db, hot.key)?;
        hot.seats = db
            .prepare_cached(LOAD_SEATS)?
            .query_map([hot.key], |row| {
                let seat = Seat { acked: columns::number(row, 1)?, last: row.get(2)?, leaf: row.get(3)? };
                Ok((row.get(0)?, seat))
            })?
            .collect::<rusqlite::Result<_>>()?;
        self.conversations.insert(id, hot);
        Ok(())
    }

    fn load_device(&mut self, db: &Connection, member: Member) -> Outcome<()> {
        if let Some(hot) = self.devices.get_mut(&member) {
            hot.used_in = self.batch;
            return Ok(());
        }
        let (account, device) = (member.account.as_bytes(), member.device.as_bytes());
        let loaded = db
            .prepare_cached(LOAD_DEVICE)?
            .query_row([account, device], |row| {
                Ok(Device {
                    key: row.get(0)?,
                    account: row.get(1)?,
                    listed: row.get(2)?,
                    highest_submission: columns::number(row, 3)?,
                    changed: false,
                    used_in: self.batch,
                })
            })
            .optional()?;
        if let Some(hot) = loaded {
            self.devices.insert(member, hot);
        }
        Ok(())
    }
}

fn store_conversation(db: &Connection, hot: &mut Conversation) -> Outcome<bool> {
    let mut seat_freed = false;
    hot.moved.sort_unstable();
    hot.moved.dedup();
    for device in std::mem::take(&mut hot.moved) {
        let Some(seat) = hot.seats.get(&device).copied() else {
            continue;
        };
        if seat.leaf || seat.waits() {
            db.prepare_cached(STORE_ACKED)?.execute(params![hot.key, device, columns::signed(seat.acked)])?;
        } else {
            db.prepare_cached(FREE_SEAT)?.execute([hot.key, device])?;
            hot.seats.remove(&device);
            seat_freed = true;
        }
    }
    if std::mem::take(&mut hot.floor_moved) {
        let floor = hot.floor();
        if floor > hot.forgotten {
            let (from, to) = (columns::signed(hot.forgotten), columns::signed(floor));
            db.prepare_cached(FORGET_ENTRIES)?.execute([hot.key, from, to])?;
            hot.forgotten = floor;
        }
    }
    if hot.contested.is_some_and(|oldest| oldest <= hot.forgotten) {
        hot.contested = contests::forget(db, hot.key, hot.forgotten)?;
    }
    db.prepare_cached(STORE_CONVERSATION)?.execute(params![
        hot.key,
        columns::signed(hot.head),
        columns::signed(hot.commit_counter),
        columns::signed(hot.forgotten),
        columns::signed(hot.expired),
    ])?;
    hot.changed = false;
    Ok(seat_freed)
}

fn mark<T>(changed: &mut bool, id: T, list: &mut Vec<T>) {
    if !std::mem::replace(changed, true) {
        list.push(id);
    }
}

fn median(mut used: Vec<u64>) -> u64 {
    let middle = used.len() / 2;
    *used.select_nth_unstable(middle).1
}
