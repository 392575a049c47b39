//! Who moves in a commit: found before anything is changed.

use huis_proto::{AccountId, ConversationKind, DeviceId, Member, limits};
use rusqlite::{Connection, OptionalExtension};

use super::columns::Key;
use super::fault::Outcome;
use super::hot::{Conversation, LOAD_DEVICE};
use super::log::ACCOUNTS_SEATS;
use crate::{AppendCommit, Appended};

const FIND_ACCOUNT: &str = "SELECT account FROM accounts WHERE id = ?1";
const IS_PARTICIPANT: &str = "SELECT 1 FROM participants WHERE conversation = ?1 AND account = ?2";

/// Who moves in a commit, found in the database.
pub(super) struct Moves {
    pub(super) joins: Vec<Joining>,
    /// Devices without a leaf afterwards.
    pub(super) leaves: Vec<Key>,
    /// Accounts that take part no longer.
    pub(super) out: Vec<Key>,
}

pub(super) struct Joining {
    pub(super) device: Key,
    pub(super) account: Key,
    /// It has a seat that somebody else's commit may not move: what it has not read yet stays to be read.
    pub(super) keeps_seat: bool,
}

/// Finds who joins and leaves, or the refusal. `author` is the account of the commit's author.
pub(super) fn find(
    db: &Connection,
    conversation: &Conversation,
    author: Key,
    commit: &AppendCommit,
    may_join: &dyn Fn(&Connection, Key) -> Outcome<bool>,
) -> Outcome<Result<Moves, Appended>> {
    let wrong = |member: Member| Ok(Err(Appended::WrongRoster(member)));
    let mut leaves = Vec::with_capacity(commit.leaves.len());
    for member in &commit.leaves {
        // Nobody removes itself by its own commit (RFC 9420, section 12.2), but for the old leaf of one that joins
        // by an external one, which removes nothing else.
        let by_itself = *member == commit.author;
        let Some(device) = find_device(db, *member)?.filter(|_| by_itself == commit.external) else {
            return wrong(*member);
        };
        // The members' roster is the truth, this one follows what commits say of themselves: a commit that they all
        // skipped may have taken the seat before, and must not stand in the way of the one that they take.
        if conversation.seats.get(&device.key).is_some_and(|seat| seat.leaf) {
            leaves.push(device.key);
        }
    }
    let mut out = Vec::with_capacity(commit.out.len());
    for id in &commit.out {
        // Nobody takes the own account out by a commit; that is what leaving is for.
        let Some(account) = account_key(db, *id)?.filter(|account| *account != author) else {
            continue;
        };
        // In a direct conversation nobody takes the other out. Who left takes part no longer.
        if conversation.kind == ConversationKind::Direct && may_join(db, account)? {
            return wrong(Member { account: *id, device: DeviceId::from_bytes([0; 16]) });
        }
        out.push(account);
        // Nothing more goes to an account that is out, also where the commit does not name a device that has a seat by
        // a commit that all members skipped.
        let mut seats = db.prepare_cached(ACCOUNTS_SEATS)?;
        let mut rows = seats.query([account, conversation.key])?;
        while let Some(row) = rows.next()? {
            let device = row.get(1)?;
            if !leaves.contains(&device) {
                leaves.push(device);
            }
        }
    }
    if commit.external && commit.joins != [commit.author] {
        let other = commit.joins.iter().find(|join| **join != commit.author);
        return wrong(other.copied().unwrap_or(commit.author));
    }
    let mut joins: Vec<Joining> = Vec::with_capacity(commit.joins.len());
    let mut replaced = 0;
    for member in &commit.joins {
        let Some(device) = find_device(db, *member)?.filter(|device| device.listed) else {
            return wrong(*member);
        };
        let is_named_twice = joins.iter().any(|join| join.device == device.key);
        if is_named_twice || !may_join(db, device.account)? {
            return wrong(*member);
        }
        // Joined anew: by an external commit of its own, by members who never took the commit that seated it, or with a
        // leaf in place of another.
        let seat = conversation.seats.get(&device.key).filter(|seat| seat.leaf);
        let keeps_seat = seat.is_some_and(|seat| seat.is_member()) && *member != commit.author;
        if keeps_seat {
            leaves.retain(|leaving| *leaving != device.key);
        }
        replaced += usize::from(seat.is_some() && !leaves.contains(&device.key));
        joins.push(Joining { device: device.key, account: device.account, keeps_seat });
    }
    replaced += leaves.len();
    if conversation.leaves() + joins.len() > limits::MEMBERS + replaced {
        return Ok(Err(Appended::TooManyMembers));
    }
    Ok(Ok(Moves { joins, leaves, out }))
}

pub(super) struct FoundDevice {
    pub(super) key: Key,
    pub(super) account: Key,
    listed: bool,
}

pub(super) fn find_device(db: &Connection, member: Member) -> Outcome<Option<FoundDevice>> {
    let mut find = db.prepare_cached(LOAD_DEVICE)?;
    let (account, device) = (member.account.as_bytes(), member.device.as_bytes());
    let found = find.query_row([account, device], |row| {
        Ok(FoundDevice { key: row.get(0)?, account: row.get(1)?, listed: row.get(2)? })
    });
    Ok(found.optional()?)
}

pub(super) fn account_key(db: &Connection, account: AccountId) -> Outcome<Option<Key>> {
    let mut find = db.prepare_cached(FIND_ACCOUNT)?;
    let key = find.query_row([account.as_bytes()], |row| row.get(0));
    Ok(key.optional()?)
}

pub(super) fn is_participant(db: &Connection, conversation: Key, account: Key) -> Outcome<bool> {
    Ok(db.prepare_cached(IS_PARTICIPANT)?.exists([conversation, account])?)
}
