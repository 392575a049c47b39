//! Single entries of the log, each in a transaction of its own: leave proposals, and what commits share with them.
//!
//! The franking MAC of a message goes over its place, which the database alone gives, and the key is not the database's
//! business. So that a message costs one way there and back, the log keeps the commitment, and beside it a *seal*: the
//! MAC over place 0, which no entry has. The MAC is made when the entry is read, if the seal is right: whoever can
//! write to the database, and has no key, can't have words put under another's name.

use huis_proto::frames::{EntryKind, LogEntry};
use huis_proto::{Bytes32, ConversationId, DeviceId, Member, MessageId};
use tokio_postgres::Row;

use super::columns::{self, Key, signed};
use super::db::Db;
use super::fault::{Fault, Outcome};
use super::held::{self, Seats};
use crate::{Append, Appended, Franking};

/// The place that seals are made over.
const NO_PLACE: u64 = 0;

pub(super) const FIND_SUBMISSION: &str = "SELECT seq, commit_counter, received_at_ms FROM submissions \
     WHERE author = $1 AND conversation = $2 AND id = $3";
const KEEP_SUBMISSION: &str = "INSERT INTO submissions \
     (author, conversation, id, seq, commit_counter, received_at_ms) VALUES ($1, $2, $3, $4, $5, $6)";
const APPEND_ENTRY: &str = "INSERT INTO log \
     (conversation, seq, kind, commit_counter, id, author, received_at_ms, commitment, seal, payload) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', $8)";
pub(super) const ACCOUNTS_SEATS: &str = "SELECT d.id, d.device FROM devices d \
     JOIN members m ON m.device = d.device AND m.conversation = $2 \
     WHERE d.account = $1 AND m.last = 9223372036854775807";
const STOP_AT: &str = "UPDATE members SET last = $3 WHERE conversation = $1 AND device = ANY($2) \
     AND last = 9223372036854775807";
const NOTE_LEAVE: &str = "UPDATE conversations SET newest_leave = $2 WHERE conversation = $1";
const FORGET_UNSEATED: [&str; 3] = [
    "DELETE FROM unseatings WHERE conversation = $1 AND account = $2",
    "DELETE FROM expulsions WHERE conversation = $1 AND account = $2",
    "DELETE FROM seatings WHERE conversation = $1 AND account = $2",
];
const DROP_PARTICIPANT: &str = "DELETE FROM participants WHERE conversation = $1 AND account = $2";
const FREE_PAIR: &str = "DELETE FROM direct_conversations WHERE conversation = $1";

/// An entry on its way into the log; its place is known.
pub(super) struct Placed<'a> {
    pub(super) conversation: Key,
    pub(super) author: Key,
    pub(super) seq: u64,
    pub(super) kind: EntryKind,
    pub(super) commit_counter: u64,
    pub(super) id: MessageId,
    pub(super) received_at_ms: u64,
    pub(super) payload: &'a [u8],
}

/// What stands beside a message's commitment in the log.
pub(super) fn seal(
    franking: &dyn Franking,
    commitment: &Bytes32,
    conversation: ConversationId,
    author: Member,
    received_at_ms: u64,
) -> Bytes32 {
    franking.mac(commitment, conversation, author, NO_PLACE, received_at_ms)
}

/// The MAC of an entry that was read, whose commitment and seal stand in two columns; messages have one.
pub(super) fn mac(
    franking: &dyn Franking,
    row: &Row,
    column: usize,
    conversation: ConversationId,
    author: Member,
    place: (u64, u64),
) -> Outcome<Bytes32> {
    let (seq, received_at_ms) = place;
    let (commitment, sealed) = (columns::bytes32(row, column)?, columns::bytes32(row, column + 1)?);
    if seal(franking, &commitment, conversation, author, received_at_ms) != sealed {
        return Err(Fault::Damaged("a message's franking is not what this server made"));
    }
    Ok(franking.mac(&commitment, conversation, author, seq, received_at_ms))
}

/// Appends a leave proposal. Messages go by `batch.rs`.
pub(super) async fn append_leave(db: &Db, append: &Append) -> Outcome<Appended> {
    let Some(conversation) = held::conversation(db, append.conversation).await? else {
        return Ok(Appended::NotAMember);
    };
    let devices = held::devices(db, append.leaves.iter().copied().chain([append.author])).await?;
    let Some(author) = devices.get(&append.author).copied() else {
        return Ok(Appended::NotAMember);
    };
    if let Some(before) = find_submission(db, append.id, author.key, conversation.key).await? {
        return Ok(before);
    }
    let seats = held::seats(db, conversation.key).await?;
    let commit_counter = conversation.commit_counter;
    if !seats.is_member(author.key) {
        return Ok(Appended::NotAMember);
    } else if append.submission <= author.highest_submission {
        return Ok(Appended::SubmissionBehind { highest: author.highest_submission });
    } else if append.follows != commit_counter {
        return Ok(Appended::Behind { commit_counter });
    }
    if let Some(wrong) = wrong_leaver(db, append, &devices, &seats, conversation.key).await? {
        return Ok(Appended::WrongRoster(wrong));
    }
    let placed = Placed {
        conversation: conversation.key,
        author: author.key,
        seq: conversation.head + 1,
        kind: EntryKind::Leave,
        commit_counter,
        id: append.id,
        received_at_ms: append.received_at_ms,
        payload: &append.payload,
    };
    put(db, &placed).await?;
    held::advance(db, conversation.key, placed.seq, commit_counter).await?;
    held::submitted(db, author.key, append.submission).await?;
    let leavers: Vec<Key> =
        append.leaves.iter().filter_map(|leaver| devices.get(leaver)).map(|device| device.key).collect();
    db.execute(STOP_AT, &[&conversation.key, &leavers, &signed(placed.seq)]).await?;
    // Who leaves is not brought back by what others contest, and loses nothing by it.
    for sql in FORGET_UNSEATED {
        db.execute(sql, &[&conversation.key, &author.account]).await?;
    }
    drop_participant(db, conversation.key, author.account).await?;
    db.execute(NOTE_LEAVE, &[&conversation.key, &signed(placed.seq)]).await?;
    Ok(Appended::Stored(LogEntry {
        conversation: append.conversation,
        seq: placed.seq,
        kind: EntryKind::Leave,
        commit_counter,
        id: append.id,
        author: append.author,
        received_at_ms: append.received_at_ms,
        payload: append.payload.clone(),
        mac: None,
    }))
}

/// The answer to the same submission, if it came before.
pub(super) async fn find_submission(
    db: &Db,
    id: MessageId,
    author: Key,
    conversation: Key,
) -> Outcome<Option<Appended>> {
    let row = db.row(FIND_SUBMISSION, &[&author, &conversation, &id.as_bytes().as_slice()]).await?;
    row.map(|row| {
        Ok(Appended::Repeat {
            seq: columns::number(&row, 0)?,
            commit_counter: columns::number(&row, 1)?,
            received_at_ms: columns::number(&row, 2)?,
        })
    })
    .transpose()
}

/// Puts a leave proposal or commit into the log, with the key of its repeat check.
pub(super) async fn put(db: &Db, placed: &Placed<'_>) -> Outcome<()> {
    let id = placed.id;
    let id = id.as_bytes().as_slice();
    let (seq, counter, received) = (signed(placed.seq), signed(placed.commit_counter), signed(placed.received_at_ms));
    let (author, conversation) = (placed.author, placed.conversation);
    db.execute(KEEP_SUBMISSION, &[&author, &conversation, &id, &seq, &counter, &received]).await?;
    let kind = columns::entry_kind_number(placed.kind);
    db.execute(APPEND_ENTRY, &[&conversation, &seq, &kind, &counter, &id, &author, &received, &placed.payload]).await?;
    Ok(())
}

/// Takes an account out of a conversation. The pair of a direct one is free again.
pub(super) async fn drop_participant(db: &Db, conversation: Key, account: Key) -> Outcome<()> {
    // Somebody else may be named who never took part.
    if db.execute(DROP_PARTICIPANT, &[&conversation, &account]).await? > 0 {
        db.execute(FREE_PAIR, &[&conversation]).await?;
    }
    Ok(())
}

/// A device that is named although it has no leaf there or is another account's, or one that is not named although it
/// is a member of the leaving account.
async fn wrong_leaver(
    db: &Db,
    append: &Append,
    devices: &held::Devices,
    seats: &Seats,
    conversation: Key,
) -> Outcome<Option<Member>> {
    let account = devices.get(&append.author).map(|device| device.account);
    for leaver in &append.leaves {
        let device = devices.get(leaver);
        if !device.is_some_and(|device| Some(device.account) == account && seats.has_leaf(device.key)) {
            return Ok(Some(*leaver));
        }
    }
    for row in db.rows(ACCOUNTS_SEATS, &[&account, &conversation]).await? {
        let device = DeviceId::from_bytes(columns::array(&row, 0)?);
        let member = Member { account: append.author.account, device };
        if !append.leaves.contains(&member) {
            return Ok(Some(member));
        }
    }
    Ok(None)
}
