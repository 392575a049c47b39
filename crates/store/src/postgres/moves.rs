//! Who moves in a commit: found before anything is changed.

use std::collections::BTreeSet;

use huis_proto::{AccountId, ConversationKind, DeviceId, Member, limits};

use super::columns::Key;
use super::db::Db;
use super::fault::Outcome;
use super::held::{Devices, Seats};
use super::log::ACCOUNTS_SEATS;
use crate::{AppendCommit, Appended};

const FIND_ACCOUNT: &str = "SELECT account FROM accounts WHERE id = $1";
const PARTICIPANTS: &str = "SELECT account FROM participants WHERE conversation = $1";

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

/// The conversation that a commit is for, as it stands before.
pub(super) struct Before<'a> {
    pub(super) conversation: Key,
    pub(super) kind: ConversationKind,
    pub(super) seats: &'a Seats,
    /// Accounts that take part; those alone may join a direct conversation.
    pub(super) participants: &'a BTreeSet<Key>,
}

impl Before<'_> {
    fn may_join(&self, account: Key) -> bool {
        // A direct conversation stays one of two.
        self.kind != ConversationKind::Direct || self.participants.contains(&account)
    }
}

/// Finds who joins and leaves, or the refusal. `author` is the account of the commit's author, `devices` are all that the
/// commit names.
pub(super) async fn find(
    db: &Db,
    before: &Before<'_>,
    author: Key,
    commit: &AppendCommit,
    devices: &Devices,
) -> Outcome<Result<Moves, Appended>> {
    let wrong = |member: Member| Ok(Err(Appended::WrongRoster(member)));
    let mut leaves: Vec<Key> = Vec::with_capacity(commit.leaves.len());
    for member in &commit.leaves {
        // Nobody removes itself by its own commit (RFC 9420, section 12.2), but for the old leaf of one that joins
        // by an external one, which removes nothing else.
        let by_itself = *member == commit.author;
        let Some(device) = devices.get(member).filter(|_| by_itself == commit.external) else {
            return wrong(*member);
        };
        // The members' roster is the truth, this one follows what commits say of themselves: a commit that they all
        // skipped may have taken the seat before, and must not stand in the way of the one that they take.
        if before.seats.has_leaf(device.key) {
            leaves.push(device.key);
        }
    }
    let mut out = Vec::with_capacity(commit.out.len());
    for id in &commit.out {
        // Nobody takes the own account out by a commit; that is what leaving is for.
        let Some(account) = account_key(db, *id).await?.filter(|account| *account != author) else {
            continue;
        };
        // In a direct conversation nobody takes the other out. Who left takes part no longer.
        if before.kind == ConversationKind::Direct && before.may_join(account) {
            return wrong(Member { account: *id, device: DeviceId::from_bytes([0; 16]) });
        }
        out.push(account);
        // Nothing more goes to an account that is out, also where the commit does not name a device that has a seat by
        // a commit that all members skipped.
        for row in db.rows(ACCOUNTS_SEATS, &[&account, &before.conversation]).await? {
            let device = row.try_get(1)?;
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
    let mut named = BTreeSet::new();
    let mut replaced = 0;
    for member in &commit.joins {
        let Some(device) = devices.get(member).filter(|device| device.listed) else {
            return wrong(*member);
        };
        if !named.insert(device.key) || !before.may_join(device.account) {
            return wrong(*member);
        }
        // Joined anew: by an external commit of its own, by members who never took the commit that seated it, or with a
        // leaf in place of another.
        let seat = before.seats.get(device.key).filter(|seat| seat.leaf);
        let keeps_seat = seat.is_some_and(|seat| seat.is_member()) && *member != commit.author;
        if keeps_seat {
            leaves.retain(|leaving| *leaving != device.key);
        }
        replaced += usize::from(seat.is_some() && !leaves.contains(&device.key));
        joins.push(Joining { device: device.key, account: device.account, keeps_seat });
    }
    replaced += leaves.len();
    if before.seats.leaves() + joins.len() > limits::MEMBERS + replaced {
        return Ok(Err(Appended::TooManyMembers));
    }
    Ok(Ok(Moves { joins, leaves, out }))
}

pub(super) async fn account_key(db: &Db, account: AccountId) -> Outcome<Option<Key>> {
    let row = db.row(FIND_ACCOUNT, &[&account.as_bytes().as_slice()]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// The accounts that take part in a conversation that is held.
pub(super) async fn participants(db: &Db, conversation: Key) -> Outcome<BTreeSet<Key>> {
    let rows = db.rows(PARTICIPANTS, &[&conversation]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
