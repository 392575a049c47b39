//! Conversations and devices whose rows are held until the transaction ends: what is read of them stays true.
//!
//! Whoever changes a conversation's roster, log or contests holds it, so that all nodes change it one after another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use huis_proto::{AccountId, ConversationId, ConversationKind, DeviceId, Member};

use super::columns::{self, Key, NO_LAST, unsigned};
use super::db::Db;
use super::fault::Outcome;

pub(super) const HOLD_CONVERSATION: &str =
    "SELECT conversation, kind, head, commit_counter, newest_leave FROM conversations WHERE id = $1 FOR NO KEY UPDATE";
pub(super) const HOLD_FLOOR: &str = "SELECT forgotten FROM floors WHERE conversation = $1 FOR NO KEY UPDATE";
/// Each device once, in the order in which everybody takes them.
pub(super) const HOLD_DEVICES: &str = "SELECT a.id, d.id, d.device, d.account, d.listed, d.highest_submission \
     FROM unnest($1::bytea[], $2::bytea[]) AS u (account, device) JOIN accounts a ON a.id = u.account \
     JOIN devices d ON d.account = a.account AND d.id = u.device ORDER BY d.device FOR NO KEY UPDATE OF d";
pub(super) const LOAD_DEVICE: &str = "SELECT d.device, d.account, d.listed, d.highest_submission \
     FROM accounts a JOIN devices d ON d.account = a.account WHERE a.id = $1 AND d.id = $2";
pub(super) const LOAD_SEATS: &str = "SELECT device, last, leaf FROM members WHERE conversation = $1";
pub(super) const SEAT_OF: &str = "SELECT joined, last FROM members WHERE conversation = $1 AND device = $2";
const ADVANCE: &str = "UPDATE conversations SET head = $2, commit_counter = $3 WHERE conversation = $1";
const SUBMITTED: &str = "UPDATE devices SET highest_submission = $2 WHERE device = $1";

/// A conversation that is held.
pub(super) struct Conversation {
    pub(super) id: ConversationId,
    pub(super) key: Key,
    pub(super) kind: ConversationKind,
    pub(super) head: u64,
    pub(super) commit_counter: u64,
    pub(super) newest_leave: u64,
    /// The log holds nothing up to and with this entry.
    pub(super) forgotten: i64,
}

/// A device's place in a conversation; see the table `members`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    last: i64,
    pub(super) leaf: bool,
}

/// A device that was ever listed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Device {
    pub(super) key: Key,
    pub(super) account: Key,
    pub(super) listed: bool,
    pub(super) highest_submission: u64,
}

/// The devices of a submission, by their ids.
pub(super) type Devices = HashMap<Member, Device>;

/// The seats of a conversation.
pub(super) struct Seats(BTreeMap<Key, Seat>);

impl Seat {
    pub(super) fn is_member(&self) -> bool {
        self.last == NO_LAST
    }
}

impl Seats {
    /// Those of a conversation that is about to be created.
    pub(super) fn of_creator(creator: Key) -> Self {
        Self(BTreeMap::from([(creator, Seat { last: NO_LAST, leaf: true })]))
    }

    pub(super) fn get(&self, device: Key) -> Option<&Seat> {
        self.0.get(&device)
    }

    pub(super) fn has_leaf(&self, device: Key) -> bool {
        self.0.get(&device).is_some_and(|seat| seat.leaf)
    }

    pub(super) fn is_member(&self, device: Key) -> bool {
        self.0.get(&device).is_some_and(Seat::is_member)
    }

    pub(super) fn leaves(&self) -> usize {
        self.0.values().filter(|seat| seat.leaf).count()
    }
}

/// Holds a conversation and its floor.
pub(super) async fn conversation(db: &Db, id: ConversationId) -> Outcome<Option<Conversation>> {
    let Some(row) = db.row(HOLD_CONVERSATION, &[&id.as_bytes().as_slice()]).await? else {
        return Ok(None);
    };
    let key: Key = row.try_get(0)?;
    let floor = db.row(HOLD_FLOOR, &[&key]).await?;
    Ok(Some(Conversation {
        id,
        key,
        kind: columns::kind(&row, 1)?,
        head: columns::number(&row, 2)?,
        commit_counter: columns::number(&row, 3)?,
        newest_leave: columns::number(&row, 4)?,
        forgotten: floor.map(|row| row.try_get(0)).transpose()?.unwrap_or(0),
    }))
}

/// Holds those of these devices that exist.
pub(super) async fn devices(db: &Db, members: impl IntoIterator<Item = Member>) -> Outcome<Devices> {
    let members: BTreeSet<Member> = members.into_iter().collect();
    let accounts: Vec<&[u8]> = members.iter().map(|member| member.account.as_bytes().as_slice()).collect();
    let devices: Vec<&[u8]> = members.iter().map(|member| member.device.as_bytes().as_slice()).collect();
    let rows = db.rows(HOLD_DEVICES, &[&accounts, &devices]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let device = Device {
            key: row.try_get(2)?,
            account: row.try_get(3)?,
            listed: row.try_get(4)?,
            highest_submission: columns::number(&row, 5)?,
        };
        let member = Member {
            account: AccountId::from_bytes(columns::array(&row, 0)?),
            device: DeviceId::from_bytes(columns::array(&row, 1)?),
        };
        found.insert(member, device);
    }
    Ok(found)
}

/// A device as it is at this moment.
pub(super) async fn device_now(db: &Db, member: Member) -> Outcome<Option<Device>> {
    let (account, device) = (member.account.as_bytes().as_slice(), member.device.as_bytes().as_slice());
    let Some(row) = db.row(LOAD_DEVICE, &[&account, &device]).await? else {
        return Ok(None);
    };
    Ok(Some(Device {
        key: row.try_get(0)?,
        account: row.try_get(1)?,
        listed: row.try_get(2)?,
        highest_submission: unsigned(row.try_get(3)?),
    }))
}

/// The seats of a conversation that is held.
pub(super) async fn seats(db: &Db, conversation: Key) -> Outcome<Seats> {
    let rows = db.rows(LOAD_SEATS, &[&conversation]).await?;
    let seat = |row: &tokio_postgres::Row| -> Outcome<(Key, Seat)> {
        Ok((row.try_get(0)?, Seat { last: row.try_get(1)?, leaf: row.try_get(2)? }))
    };
    Ok(Seats(rows.iter().map(seat).collect::<Outcome<_>>()?))
}

/// When the device joined, and the last entry that it may have.
pub(super) async fn seat_of(db: &Db, conversation: Key, device: Key) -> Outcome<Option<(i64, i64)>> {
    let row = db.row(SEAT_OF, &[&conversation, &device]).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

/// The conversation has reached this place and counter.
pub(super) async fn advance(db: &Db, conversation: Key, head: u64, commit_counter: u64) -> Outcome<()> {
    let (head, commit_counter) = (columns::signed(head), columns::signed(commit_counter));
    db.execute(ADVANCE, &[&conversation, &head, &commit_counter]).await?;
    Ok(())
}

/// The device has used this submission counter.
pub(super) async fn submitted(db: &Db, device: Key, submission: u64) -> Outcome<()> {
    db.execute(SUBMITTED, &[&device, &columns::signed(submission)]).await?;
    Ok(())
}
