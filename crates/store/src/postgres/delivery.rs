//! What devices are told: recipients, cursors, pages of the log, welcomes, and what a conversation is.

use huis_proto::frames::{EntryKind, LogEntry, WelcomeEntry};
use huis_proto::rest::{ConversationInfo, GroupInfo, Room};
use huis_proto::{AccountId, Bytes, ConversationId, ConversationKind, Member, MessageId};
use tokio_postgres::Row;

use super::columns::{self, signed, unsigned};
use super::db::Db;
use super::fault::{Fault, Outcome};
use super::{commits, held, log};
use crate::{Cursor, Franking, LogPage, Recipients};

/// Without a place: at the head.
pub(super) const RECIPIENTS: &str = "SELECT a.id, d.id FROM conversations c \
     JOIN members m ON m.conversation = c.conversation \
     JOIN devices d ON d.device = m.device JOIN accounts a ON a.account = d.account \
     WHERE c.id = $1 AND m.last > 0 AND m.joined <= coalesce($2::bigint, c.head) AND m.last >= coalesce($2::bigint, c.head)";
pub(super) const CURSORS: &str = "SELECT c.id, c.kind, m.acked, m.last, f.expired, c.head \
     FROM accounts a JOIN devices d ON d.account = a.account AND d.id = $2 \
     JOIN members m ON m.device = d.device \
     JOIN conversations c ON c.conversation = m.conversation JOIN floors f ON f.conversation = m.conversation \
     WHERE a.id = $1 AND m.last > m.acked";
/// One entry more than wanted is looked at, to know whether there are more; of those, what the bytes allow, but one.
pub(super) const PAGE: &str = "WITH seat AS MATERIALIZED (SELECT m.conversation, m.device, m.joined, m.last \
       FROM conversations c JOIN accounts a ON a.id = $2 JOIN devices d ON d.account = a.account AND d.id = $3 \
       JOIN members m ON m.conversation = c.conversation AND m.device = d.device WHERE c.id = $1), \
     page AS MATERIALIZED (SELECT l.*, a.id AS account_id, d.id AS device_id, \
       CASE WHEN l.author = (SELECT device FROM seat) AND l.kind <> 1 THEN ''::bytea ELSE l.payload END AS told \
       FROM log l JOIN devices d ON d.device = l.author JOIN accounts a ON a.account = d.account \
       WHERE l.conversation = (SELECT conversation FROM seat) \
       AND l.seq > (SELECT greatest(joined, $4::bigint) FROM seat) AND l.seq <= (SELECT last FROM seat) \
       ORDER BY l.seq LIMIT $5::bigint + 1), \
     sized AS (SELECT page.*, row_number() OVER (ORDER BY seq) AS place, \
       sum(octet_length(told)) OVER (ORDER BY seq) AS size, count(*) OVER () AS found FROM page) \
     SELECT seq, kind, commit_counter, id, account_id, device_id, received_at_ms, commitment, seal, told, found \
     FROM sized WHERE place = 1 OR (place <= $5::bigint AND size <= $6::bigint) ORDER BY seq";
pub(super) const WELCOMES: &str = "SELECT c.id, c.kind, b.seq, b.commit_counter, aa.id, ad.id, b.received_at_ms, b.welcome, \
     coalesce(m.joined, b.seq) FROM accounts a JOIN devices d ON d.account = a.account AND d.id = $2 \
     JOIN welcomes w ON w.device = d.device \
     JOIN welcome_bodies b ON b.conversation = w.conversation AND b.seq = w.seq \
     JOIN conversations c ON c.conversation = w.conversation \
     LEFT JOIN members m ON m.conversation = w.conversation AND m.device = w.device \
     JOIN devices ad ON ad.device = b.author JOIN accounts aa ON aa.account = ad.account \
     WHERE a.id = $1 ORDER BY w.number LIMIT $3";
const DROP_WELCOME: &str = "DELETE FROM welcomes WHERE device = $1 AND conversation = $2 AND seq = $3";
pub(super) const GROUP_INFO: &str = "SELECT g.group_info, g.commit_counter, c.head FROM conversations c \
     JOIN group_infos g ON g.conversation = c.conversation WHERE c.id = $1 \
     AND (c.kind = 2 OR EXISTS (SELECT 1 FROM accounts a JOIN participants p \
     ON p.conversation = c.conversation AND p.account = a.account WHERE a.id = $2))";
pub(super) const OWN_CONVERSATIONS: &str = "SELECT c.id, c.kind, c.head, c.commit_counter, r.name, \
     coalesce(m.last = 9223372036854775807, false), ARRAY(SELECT o.id FROM participants op \
       JOIN accounts o ON o.account = op.account WHERE op.conversation = c.conversation) \
     FROM accounts a JOIN participants p ON p.account = a.account \
     JOIN conversations c ON c.conversation = p.conversation LEFT JOIN rooms r ON r.conversation = c.conversation \
     LEFT JOIN devices d ON d.account = a.account AND d.id = $2 \
     LEFT JOIN members m ON m.conversation = c.conversation AND m.device = d.device WHERE a.id = $1";
pub(super) const ONE_CONVERSATION: &str = "SELECT c.id, c.kind, c.head, c.commit_counter, r.name, \
     EXISTS (SELECT 1 FROM accounts a JOIN devices d ON d.account = a.account AND d.id = $2 JOIN members m \
       ON m.conversation = c.conversation AND m.device = d.device WHERE a.id = $1 AND m.last = 9223372036854775807), \
     ARRAY(SELECT o.id FROM participants op JOIN accounts o ON o.account = op.account \
       WHERE op.conversation = c.conversation) \
     FROM conversations c LEFT JOIN rooms r ON r.conversation = c.conversation \
     WHERE c.id = $3 AND (c.kind = 2 OR EXISTS (SELECT 1 FROM accounts a JOIN participants p \
       ON p.conversation = c.conversation AND p.account = a.account WHERE a.id = $1))";
const ROOMS: &str = "SELECT r.name, c.id, (SELECT count(*) FROM participants p \
     WHERE p.conversation = r.conversation) FROM rooms r \
     JOIN conversations c ON c.conversation = r.conversation ORDER BY r.name COLLATE \"C\" LIMIT $1";
pub(super) const ROOM: &str = "SELECT r.name, c.id, (SELECT count(*) FROM participants p \
     WHERE p.conversation = r.conversation) FROM rooms r \
     JOIN conversations c ON c.conversation = r.conversation WHERE r.name = $1";

pub(super) async fn recipients(db: &Db, id: ConversationId, seq: Option<u64>) -> Outcome<Recipients> {
    let rows = db.rows(RECIPIENTS, &[&id.as_bytes().as_slice(), &seq.map(signed)]).await?;
    rows.iter().map(|row| columns::member(row, 0)).collect()
}

pub(super) async fn cursors(db: &Db, device: Member) -> Outcome<Vec<Cursor>> {
    let rows = db.rows(CURSORS, &[&account(&device), &own(&device)]).await?;
    let cursor = |row: &Row| {
        let (last, head): (i64, i64) = (row.try_get(3)?, row.try_get(5)?);
        Ok(Cursor {
            conversation: ConversationId::from_bytes(columns::array(row, 0)?),
            kind: columns::kind(row, 1)?,
            acked: columns::number(row, 2)?,
            last: unsigned(last.min(head)),
            expired: columns::number(row, 4)?,
        })
    };
    rows.iter().map(cursor).collect()
}

pub(super) async fn log_page(
    db: &Db,
    franking: &dyn Franking,
    device: Member,
    id: ConversationId,
    after: u64,
    bounds: (usize, usize),
) -> Outcome<LogPage> {
    let (most, most_bytes) = (bounds.0.max(1), bounds.1);
    let (most, most_bytes) = (signed(most as u64).min(i64::MAX - 1), signed(most_bytes as u64));
    let conversation = id.as_bytes().as_slice();
    let rows =
        db.rows(PAGE, &[&conversation, &account(&device), &own(&device), &signed(after), &most, &most_bytes]).await?;
    let found = rows.first().map(|row| columns::number(row, 10)).transpose()?.unwrap_or(0);
    let entries: Vec<LogEntry> = rows.iter().map(|row| entry(franking, row, id)).collect::<Outcome<_>>()?;
    Ok(LogPage { more: found > entries.len() as u64, entries })
}

fn entry(franking: &dyn Franking, row: &Row, conversation: ConversationId) -> Outcome<LogEntry> {
    let (kind, seq) = (columns::entry_kind(row, 1)?, columns::number(row, 0)?);
    let (author, received_at_ms) = (columns::member(row, 4)?, columns::number(row, 6)?);
    let mac = match kind {
        EntryKind::Message => Some(log::mac(franking, row, 7, conversation, author, (seq, received_at_ms))?),
        EntryKind::Commit | EntryKind::Leave => None,
    };
    Ok(LogEntry {
        conversation,
        seq,
        kind,
        commit_counter: columns::number(row, 2)?,
        id: MessageId::from_bytes(columns::array(row, 3)?),
        author,
        received_at_ms,
        payload: Bytes(row.try_get(9)?),
        mac,
    })
}

pub(super) async fn welcomes(db: &Db, device: Member, most: usize) -> Outcome<Vec<WelcomeEntry>> {
    let rows = db.rows(WELCOMES, &[&account(&device), &own(&device), &signed(most as u64)]).await?;
    let welcome = |row: &Row| {
        Ok(WelcomeEntry {
            conversation: ConversationId::from_bytes(columns::array(row, 0)?),
            kind: columns::kind(row, 1)?,
            seq: columns::number(row, 2)?,
            commit_counter: columns::number(row, 3)?,
            author: columns::member(row, 4)?,
            received_at_ms: columns::number(row, 6)?,
            welcome: columns::bytes(row, 7)?,
            seat: columns::number(row, 8)?,
        })
    };
    rows.iter().map(welcome).collect()
}

pub(super) async fn highest_submission(db: &Db, device: Member) -> Outcome<u64> {
    Ok(held::device_now(db, device).await?.map_or(0, |device| device.highest_submission))
}

pub(super) async fn group_info(db: &Db, asker: AccountId, id: ConversationId) -> Outcome<Option<GroupInfo>> {
    let Some(row) = db.row(GROUP_INFO, &[&id.as_bytes().as_slice(), &asker.as_bytes().as_slice()]).await? else {
        return Ok(None);
    };
    Ok(Some(GroupInfo {
        group_info: columns::bytes(&row, 0)?,
        commit_counter: columns::number(&row, 1)?,
        head: columns::number(&row, 2)?,
    }))
}

pub(super) async fn conversations(db: &Db, asker: Member) -> Outcome<Vec<ConversationInfo>> {
    let rows = db.rows(OWN_CONVERSATIONS, &[&account(&asker), &own(&asker)]).await?;
    rows.iter().map(found_conversation).collect()
}

pub(super) async fn conversation(db: &Db, asker: Member, id: ConversationId) -> Outcome<Option<ConversationInfo>> {
    let row = db.row(ONE_CONVERSATION, &[&account(&asker), &own(&asker), &id.as_bytes().as_slice()]).await?;
    row.map(|row| found_conversation(&row)).transpose()
}

pub(super) async fn rooms(db: &Db, most: usize) -> Outcome<Vec<Room>> {
    db.rows(ROOMS, &[&signed(most as u64)]).await?.iter().map(found_room).collect()
}

pub(super) async fn room(db: &Db, name: &str) -> Outcome<Option<Room>> {
    db.row(ROOM, &[&name]).await?.map(|row| found_room(&row)).transpose()
}

pub(super) async fn acknowledge_welcome(db: &Db, member: Member, id: ConversationId, seq: u64) -> Outcome<()> {
    let Some(conversation) = held::conversation(db, id).await? else {
        return Ok(());
    };
    let Some(device) = held::device_now(db, member).await? else {
        return Ok(());
    };
    if db.execute(DROP_WELCOME, &[&device.key, &conversation.key, &signed(seq)]).await? > 0 {
        commits::drop_read_welcomes(db, conversation.key).await?;
    }
    Ok(())
}

fn account(member: &Member) -> &[u8] {
    member.account.as_bytes().as_slice()
}

fn own(member: &Member) -> &[u8] {
    member.device.as_bytes().as_slice()
}

fn found_conversation(row: &Row) -> Outcome<ConversationInfo> {
    let kind = columns::kind(row, 1)?;
    let room: Option<String> = row.try_get(4)?;
    let accounts: Vec<&[u8]> = row.try_get(6)?;
    let account = |id: &[u8]| {
        let id = id.try_into().map_err(|_| Fault::Damaged("an id has another length than it should"))?;
        Ok(AccountId::from_bytes(id))
    };
    Ok(ConversationInfo {
        conversation: ConversationId::from_bytes(columns::array(row, 0)?),
        kind,
        room: room.filter(|_| kind == ConversationKind::Open),
        head: columns::number(row, 2)?,
        commit_counter: columns::number(row, 3)?,
        joined: row.try_get(5)?,
        accounts: accounts.into_iter().map(account).collect::<Outcome<_>>()?,
        restored_head: None,
        restored_commit_counter: None,
    })
}

fn found_room(row: &Row) -> Outcome<Room> {
    Ok(Room {
        name: row.try_get(0)?,
        conversation: ConversationId::from_bytes(columns::array(row, 1)?),
        accounts: columns::number(row, 2)?,
    })
}
