//! What devices are told: recipients, cursors, pages of the log, welcomes, and what a conversation is.

use huis_proto::frames::{EntryKind, LogEntry, WelcomeEntry};
use huis_proto::rest::{ConversationInfo, GroupInfo, Room};
use huis_proto::{AccountId, Bytes, Bytes32, ConversationId, ConversationKind, Member, MessageId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{self, Key, signed};
use super::fault::{Fault, Outcome};
use super::published::{PublishedSeat, Seats};
use super::writer::Writer;
use crate::{Cursor, LogPage};

pub(super) const SEATS: &str = "SELECT a.id, d.id, m.joined, m.last FROM conversations c \
     JOIN members m ON m.conversation = c.conversation \
     JOIN devices d ON d.device = m.device JOIN accounts a ON a.account = d.account \
     WHERE c.id = ?1 AND m.last > 0";
const HEAD: &str = "SELECT head FROM conversations WHERE id = ?1";
pub(super) const CURSORS: &str = "SELECT c.id, c.kind, m.acked, m.last, c.expired, c.head \
     FROM accounts a JOIN devices d ON d.account = a.account AND d.id = ?2 \
     JOIN members m ON m.device = d.device \
     JOIN conversations c ON c.conversation = m.conversation \
     WHERE a.id = ?1 AND m.last > m.acked";
pub(super) const SEAT: &str = "SELECT m.conversation, m.device, m.joined, m.last FROM conversations c \
     JOIN accounts a ON a.id = ?2 JOIN devices d ON d.account = a.account AND d.id = ?3 \
     JOIN members m ON m.conversation = c.conversation AND m.device = d.device WHERE c.id = ?1";
pub(super) const PAGE: &str = "SELECT l.seq, l.kind, l.commit_counter, l.id, a.id, d.id, l.received_at_ms, l.mac, \
     CASE WHEN l.author = ?4 AND l.kind <> 1 THEN x'' ELSE l.payload END \
     FROM log l JOIN devices d ON d.device = l.author JOIN accounts a ON a.account = d.account \
     WHERE l.conversation = ?1 AND l.seq > ?2 AND l.seq <= ?3 ORDER BY l.seq";
pub(super) const WELCOMES: &str = "SELECT c.id, c.kind, b.seq, b.commit_counter, aa.id, ad.id, b.received_at_ms, b.welcome, \
     coalesce(m.joined, b.seq) FROM accounts a JOIN devices d ON d.account = a.account AND d.id = ?2 \
     JOIN welcomes w ON w.device = d.device \
     JOIN welcome_bodies b ON b.conversation = w.conversation AND b.seq = w.seq \
     JOIN conversations c ON c.conversation = w.conversation \
     LEFT JOIN members m ON m.conversation = w.conversation AND m.device = w.device \
     JOIN devices ad ON ad.device = b.author JOIN accounts aa ON aa.account = ad.account \
     WHERE a.id = ?1 ORDER BY w.number LIMIT ?3";
const DROP_WELCOME: &str = "DELETE FROM welcomes WHERE device = ?1 AND conversation = ?2 AND seq = ?3";
pub(super) const HIGHEST_SUBMISSION: &str = "SELECT d.highest_submission FROM accounts a \
     JOIN devices d ON d.account = a.account AND d.id = ?2 WHERE a.id = ?1";
pub(super) const GROUP_INFO: &str = "SELECT g.group_info, g.commit_counter, c.head FROM conversations c \
     JOIN group_infos g ON g.conversation = c.conversation WHERE c.id = ?1 \
     AND (c.kind = 2 OR EXISTS (SELECT 1 FROM accounts a JOIN participants p \
     ON p.conversation = c.conversation AND p.account = a.account WHERE a.id = ?2))";
/// Which devices of an account, by its two ids, asks; nobody where a device was never listed.
const ASKER: &str = "SELECT a.account, coalesce((SELECT d.device FROM devices d \
     WHERE d.account = a.account AND d.id = ?2), 0) FROM accounts a WHERE a.id = ?1";
pub(super) const OWN_CONVERSATIONS: &str = "SELECT c.conversation, c.id, c.kind, c.head, c.commit_counter, \
     coalesce((SELECT r.name FROM rooms r WHERE r.conversation = c.conversation), ''), \
     EXISTS (SELECT 1 FROM members m WHERE m.conversation = c.conversation AND m.device = ?2 \
     AND m.last = 9223372036854775807) \
     FROM participants p JOIN conversations c ON c.conversation = p.conversation WHERE p.account = ?1";
pub(super) const ONE_CONVERSATION: &str = "SELECT c.conversation, c.id, c.kind, c.head, c.commit_counter, \
     coalesce((SELECT r.name FROM rooms r WHERE r.conversation = c.conversation), ''), \
     EXISTS (SELECT 1 FROM members m WHERE m.conversation = c.conversation AND m.device = ?2 \
     AND m.last = 9223372036854775807) \
     FROM conversations c WHERE c.id = ?3 AND (c.kind = 2 OR EXISTS \
     (SELECT 1 FROM participants p WHERE p.conversation = c.conversation AND p.account = ?1))";
pub(super) const ACCOUNTS_OF: &str = "SELECT a.id FROM participants p \
     JOIN accounts a ON a.account = p.account WHERE p.conversation = ?1";
const ROOMS: &str = "SELECT r.name, c.id, (SELECT count(*) FROM participants p \
     WHERE p.conversation = r.conversation) FROM rooms r \
     JOIN conversations c ON c.conversation = r.conversation ORDER BY r.name LIMIT ?1";
pub(super) const ROOM: &str = "SELECT r.name, c.id, (SELECT count(*) FROM participants p \
     WHERE p.conversation = r.conversation) FROM rooms r \
     JOIN conversations c ON c.conversation = r.conversation WHERE r.name = ?1";

pub(super) fn seats(db: &Connection, id: ConversationId) -> Outcome<Seats> {
    let head =
        db.prepare_cached(HEAD)?.query_row([id.as_bytes()], |row| columns::number(row, 0)).optional()?.unwrap_or(0);
    let mut seats = db.prepare_cached(SEATS)?;
    let seats = seats.query_map([id.as_bytes()], |row| {
        Ok(PublishedSeat { member: columns::member(row, 0)?, joined: row.get(2)?, last: row.get(3)? })
    })?;
    Ok(Seats { head, seats: seats.collect::<rusqlite::Result<_>>()? })
}

pub(super) fn cursors(db: &Connection, device: Member) -> Outcome<Vec<Cursor>> {
    let mut cursors = db.prepare_cached(CURSORS)?;
    let cursors = cursors.query_map(ids(&device), |row| {
        let last: i64 = row.get(3)?;
        let head: i64 = row.get(5)?;
        Ok(Cursor {
            conversation: ConversationId::from_bytes(row.get(0)?),
            kind: columns::kind(row, 1)?,
            acked: columns::number(row, 2)?,
            last: columns::unsigned(last.min(head)),
            expired: columns::number(row, 4)?,
        })
    })?;
    Ok(cursors.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn log_page(
    db: &Connection,
    device: Member,
    id: ConversationId,
    after: u64,
    most: usize,
    most_bytes: usize,
) -> Outcome<LogPage> {
    let (account, own) = (device.account.as_bytes(), device.device.as_bytes());
    let seat = db
        .prepare_cached(SEAT)?
        .query_row([id.as_bytes(), account, own], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((conversation, device, joined, last)): Option<(Key, Key, i64, i64)> = seat else {
        return Ok(LogPage::default());
    };
    let mut page = LogPage::default();
    let mut bytes = 0;
    let mut entries = db.prepare_cached(PAGE)?;
    let mut rows = entries.query([conversation, signed(after).max(joined), last, device])?;
    while let Some(row) = rows.next()? {
        let size = row.get_ref(8)?.as_blob().map_or(0, <[u8]>::len);
        let is_full = page.entries.len() >= most.max(1) || !page.entries.is_empty() && bytes + size > most_bytes;
        if is_full {
            page.more = true;
            break;
        }
        bytes += size;
        page.entries.push(entry(row, id)?);
    }
    Ok(page)
}

fn entry(row: &Row<'_>, conversation: ConversationId) -> Outcome<LogEntry> {
    let kind = columns::entry_kind(row, 1)?;
    let mac = match kind {
        EntryKind::Message => Some(Bytes32(row.get(7)?)),
        EntryKind::Commit | EntryKind::Leave => None,
    };
    Ok(LogEntry {
        conversation,
        seq: columns::number(row, 0)?,
        kind,
        commit_counter: columns::number(row, 2)?,
        id: MessageId::from_bytes(row.get(3)?),
        author: columns::member(row, 4)?,
        received_at_ms: columns::number(row, 6)?,
        payload: Bytes(row.get(8)?),
        mac,
    })
}

pub(super) fn welcomes(db: &Connection, device: Member, most: usize) -> Outcome<Vec<WelcomeEntry>> {
    let mut welcomes = db.prepare_cached(WELCOMES)?;
    let (account, own) = (device.account.as_bytes(), device.device.as_bytes());
    let welcomes = welcomes.query_map(params![account, own, signed(most as u64)], |row| {
        Ok(WelcomeEntry {
            conversation: ConversationId::from_bytes(row.get(0)?),
            kind: columns::kind(row, 1)?,
            seq: columns::number(row, 2)?,
            commit_counter: columns::number(row, 3)?,
            author: columns::member(row, 4)?,
            received_at_ms: columns::number(row, 6)?,
            welcome: Bytes(row.get(7)?),
            seat: columns::number(row, 8)?,
        })
    })?;
    Ok(welcomes.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn highest_submission(db: &Connection, device: Member) -> Outcome<u64> {
    let mut highest = db.prepare_cached(HIGHEST_SUBMISSION)?;
    let highest = highest.query_row(ids(&device), |row| columns::number(row, 0));
    Ok(highest.optional()?.unwrap_or(0))
}

pub(super) fn group_info(db: &Connection, asker: AccountId, id: ConversationId) -> Outcome<Option<GroupInfo>> {
    let mut info = db.prepare_cached(GROUP_INFO)?;
    let info = info.query_row([id.as_bytes(), asker.as_bytes()], |row| {
        Ok(GroupInfo {
            group_info: columns::bytes(row, 0)?,
            commit_counter: columns::number(row, 1)?,
            head: columns::number(row, 2)?,
        })
    });
    Ok(info.optional()?)
}

pub(super) fn conversations(db: &Connection, asker: Member) -> Outcome<Vec<ConversationInfo>> {
    let mut all = db.prepare_cached(OWN_CONVERSATIONS)?;
    let found = all.query_map(asker_keys(db, asker)?, found_conversation)?.collect::<rusqlite::Result<Vec<_>>>()?;
    found.into_iter().map(|(key, info)| with_accounts(db, key, info)).collect()
}

pub(super) fn conversation(db: &Connection, asker: Member, id: ConversationId) -> Outcome<Option<ConversationInfo>> {
    let [account, device] = asker_keys(db, asker)?;
    let mut one = db.prepare_cached(ONE_CONVERSATION)?;
    let found = one.query_row(params![account, device, id.as_bytes()], found_conversation).optional()?;
    found.map(|(key, info)| with_accounts(db, key, info)).transpose()
}

pub(super) fn rooms(db: &Connection, most: usize) -> Outcome<Vec<Room>> {
    let mut rooms = db.prepare_cached(ROOMS)?;
    let rooms = rooms.query_map([signed(most as u64)], found_room)?;
    Ok(rooms.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn room(db: &Connection, name: &str) -> Outcome<Option<Room>> {
    let mut room = db.prepare_cached(ROOM)?;
    Ok(room.query_row([name], found_room).optional()?)
}

impl Writer {
    pub(super) fn acknowledge_welcome(
        &mut self,
        member: Member,
        conversation: ConversationId,
        seq: u64,
    ) -> Outcome<()> {
        let Some((conversation, device)) = self.hot.pair(&self.db, conversation, member)? else {
            return Ok(());
        };
        let key = conversation.key;
        let dropped = self.db.prepare_cached(DROP_WELCOME)?.execute([device.key, key, signed(seq)])?;
        if dropped > 0 {
            self.drop_read_welcomes(key)?;
        }
        Ok(())
    }
}

fn ids(member: &Member) -> [&[u8; 16]; 2] {
    [member.account.as_bytes(), member.device.as_bytes()]
}

pub(super) fn asker_keys(db: &Connection, asker: Member) -> Outcome<[Key; 2]> {
    let mut find = db.prepare_cached(ASKER)?;
    let keys = find.query_row(ids(&asker), |row| Ok([row.get(0)?, row.get(1)?]));
    Ok(keys.optional()?.unwrap_or([0, 0]))
}

fn found_conversation(row: &Row<'_>) -> rusqlite::Result<(Key, ConversationInfo)> {
    let kind = columns::kind(row, 2)?;
    let room = match kind {
        ConversationKind::Open => Some(row.get(5)?),
        ConversationKind::Direct | ConversationKind::Group => None,
    };
    let info = ConversationInfo {
        conversation: ConversationId::from_bytes(row.get(1)?),
        kind,
        room,
        head: columns::number(row, 3)?,
        commit_counter: columns::number(row, 4)?,
        joined: row.get(6)?,
        accounts: Vec::new(),
        restored_head: None,
        restored_commit_counter: None,
    };
    Ok((row.get(0)?, info))
}

fn with_accounts(db: &Connection, key: Key, mut info: ConversationInfo) -> Result<ConversationInfo, Fault> {
    let mut accounts = db.prepare_cached(ACCOUNTS_OF)?;
    let accounts = accounts.query_map([key], |row| row.get(0).map(AccountId::from_bytes))?;
    info.accounts = accounts.collect::<rusqlite::Result<_>>()?;
    Ok(info)
}

fn found_room(row: &Row<'_>) -> rusqlite::Result<Room> {
    Ok(Room {
        name: row.get(0)?,
        conversation: ConversationId::from_bytes(row.get(1)?),
        accounts: columns::number(row, 2)?,
    })
}
