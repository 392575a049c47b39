//! Creating conversations and appending commits: who joins and leaves, in the same transaction as the entry.

use std::collections::BTreeSet;

use huis_proto::frames::{EntryKind, LogEntry};
use huis_proto::{ConversationId, ConversationKind, DeviceId, Member};

use super::columns::{self, Key, signed};
use super::db::Db;
use super::fault::{Fault, Outcome};
use super::held::{self, Conversation, Device, Seats};
use super::log::{self, Placed};
use super::moves::{self, Before, Moves};
use super::{contests, floors};
use crate::{AppendCommit, Appended, Create};

const FIND_CREATION: &str = "SELECT conversation, creator, created_by_submission FROM conversations WHERE id = $1";
const FIND_PAIR: &str = "SELECT c.id FROM direct_conversations d \
     JOIN conversations c ON c.conversation = d.conversation \
     WHERE d.lower_account = $1 AND d.higher_account = $2";
const FIND_ROOM: &str = "SELECT c.id FROM rooms r \
     JOIN conversations c ON c.conversation = r.conversation WHERE r.name = $1";
const PUT_CONVERSATION: &str = "INSERT INTO conversations \
     (id, kind, creator, created_by_submission, created_at_ms) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT DO NOTHING RETURNING conversation";
const PUT_FLOOR: &str = "INSERT INTO floors (conversation) VALUES ($1)";
const PUT_PAIR: &str = "INSERT INTO direct_conversations \
     (lower_account, higher_account, conversation) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const PUT_ROOM: &str = "INSERT INTO rooms (name, conversation) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const PUT_GROUP_INFO: &str = "INSERT INTO group_infos (conversation, commit_counter, source, group_info) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (conversation) DO UPDATE SET commit_counter = excluded.commit_counter, \
     standing = 0, source = excluded.source, asked_by = 0, group_info = excluded.group_info";
const PUT_PARTICIPANTS: &str = "INSERT INTO participants (conversation, account) \
     SELECT DISTINCT $1::bigint, u.account FROM unnest($2::bigint[]) AS u (account) ON CONFLICT DO NOTHING";
const PUT_MEMBERS: &str = "INSERT INTO members (conversation, device, joined, acked, last, leaf) \
     SELECT $1::bigint, u.device, $3::bigint, $3::bigint, 9223372036854775807, true FROM unnest($2::bigint[]) AS u (device) \
     ON CONFLICT (conversation, device) DO UPDATE \
     SET joined = excluded.joined, acked = excluded.acked, last = excluded.last, leaf = true";
const REMOVE_LEAVES: &str = "UPDATE members SET leaf = false, last = least(last, $3) \
     WHERE conversation = $1 AND device = ANY($2)";
const FREE_SEATS: &str = "DELETE FROM members WHERE conversation = $1 AND NOT leaf AND acked >= last";
const PUT_WELCOME_BODY: &str = "INSERT INTO welcome_bodies \
     (conversation, seq, commit_counter, author, received_at_ms, welcome) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const PUT_WELCOMES: &str = "INSERT INTO welcomes (device, conversation, seq) \
     SELECT u.device, $2::bigint, $3::bigint FROM unnest($1::bigint[]) AS u (device)";
/// Those between the oldest, by which a device came to its seat, and the newest of them.
pub(super) const DROP_WELCOMES_BETWEEN: &str = "DELETE FROM welcomes w USING (SELECT number, \
       row_number() OVER (PARTITION BY device ORDER BY number) AS up, \
       row_number() OVER (PARTITION BY device ORDER BY number DESC) AS down \
       FROM welcomes WHERE device = ANY($1) AND conversation = $2) r \
     WHERE w.number = r.number AND r.up > 1 AND r.down > $3";
pub(super) const DROP_WELCOMES_OF_SEATS: &str = "DELETE FROM welcomes WHERE device = ANY($1) AND conversation = $2";
/// Welcomes that nobody waits for.
pub(super) const DROP_WELCOME_BODIES: &str = "DELETE FROM welcome_bodies b WHERE b.conversation = $1 AND NOT EXISTS \
     (SELECT 1 FROM welcomes w WHERE w.conversation = b.conversation AND w.seq = b.seq)";

/// How many welcomes wait for a device in a conversation.
const WELCOMES_OF_SEAT: i64 = 4;

/// What stands in a column of [`FIND_CREATION`].
struct Creation {
    conversation: Key,
    creator: Key,
    submission: u64,
}

pub(super) async fn create_conversation(db: &Db, create: &Create) -> Outcome<Appended> {
    let first = create.first_commit.as_ref();
    let wrong_first = first.is_some_and(|commit| {
        commit.conversation != create.conversation
            || commit.author != create.creator
            || commit.submission != create.submission
            || commit.external
    });
    if wrong_first {
        return Err(Fault::Misuse("the first commit is of another conversation, author or submission"));
    }
    let named = first.map_or_else(Vec::new, named);
    let devices = held::devices(db, named.into_iter().chain([create.creator])).await?;
    let Some(creator) = devices.get(&create.creator).copied() else {
        return Ok(Appended::NotAMember);
    };
    if let Some(before) = creation(db, create.conversation).await? {
        return created_before(db, create, &before, creator.key).await;
    }
    if !creator.listed {
        return Ok(Appended::NotAMember);
    }
    let (peer, room) = match create.kind {
        ConversationKind::Direct => {
            let peer = create.peer.ok_or(Fault::Misuse("a direct conversation without the other account"))?;
            let Some(key) = moves::account_key(db, peer).await? else {
                let device = DeviceId::from_bytes([0; 16]);
                return Ok(Appended::WrongRoster(Member { account: peer, device }));
            };
            (Some(key), None)
        }
        ConversationKind::Group => (None, None),
        ConversationKind::Open => {
            let room = create.room.as_deref();
            (None, Some(room.ok_or(Fault::Misuse("an open room without a name"))?))
        }
    };
    let account = creator.account;
    let pair = peer.map(|peer| (account.min(peer), account.max(peer)));
    if let Some(other) = same_purpose(db, pair, room).await? {
        return Ok(Appended::Exists(other));
    }
    let highest = creator.highest_submission;
    if create.submission <= highest {
        return Ok(Appended::SubmissionBehind { highest });
    }
    if first.is_some_and(|commit| commit.follows != 0) {
        return Ok(Appended::Behind { commit_counter: 0 });
    }
    let participants: BTreeSet<Key> = [Some(account), peer].into_iter().flatten().collect();
    let seats = Seats::of_creator(creator.key);
    let planned = Before { conversation: 0, kind: create.kind, seats: &seats, participants: &participants };
    let moves = match first {
        None => None,
        Some(commit) => match moves::find(db, &planned, account, commit, &devices).await? {
            Ok(moves) => Some(moves),
            Err(refusal) => return Ok(refusal),
        },
    };
    let key = put_conversation(db, create, creator.key).await?;
    db.execute(PUT_FLOOR, &[&key]).await?;
    db.execute(PUT_MEMBERS, &[&key, &vec![creator.key], &0i64]).await?;
    put_participants(db, key, participants.iter().copied()).await?;
    let kept = match (pair, room) {
        (Some((lower, higher)), _) => db.execute(PUT_PAIR, &[&lower, &higher, &key]).await?,
        (None, Some(room)) => db.execute(PUT_ROOM, &[&room, &key]).await?,
        (None, None) => 1,
    };
    if kept == 0 {
        return Err(Fault::Overtaken);
    }
    match first.zip(moves) {
        None => {
            held::submitted(db, creator.key, create.submission).await?;
            put_group_info(db, key, 0, account, &create.group_info).await?;
            Ok(Appended::Created)
        }
        Some((commit, moves)) => {
            let created = Conversation {
                id: create.conversation,
                key,
                kind: create.kind,
                head: 0,
                commit_counter: 0,
                newest_leave: 0,
                forgotten: 0,
            };
            perform(db, &created, &creator, &participants, commit, &moves).await
        }
    }
}

pub(super) async fn append_commit(db: &Db, commit: &AppendCommit) -> Outcome<Appended> {
    let Some(conversation) = held::conversation(db, commit.conversation).await? else {
        return Ok(Appended::NotAMember);
    };
    let devices = held::devices(db, named(commit).into_iter().chain([commit.author])).await?;
    let Some(author) = devices.get(&commit.author).copied() else {
        return Ok(Appended::NotAMember);
    };
    if let Some(before) = log::find_submission(db, commit.id, author.key, conversation.key).await? {
        return Ok(before);
    }
    let (seats, participants) =
        (held::seats(db, conversation.key).await?, moves::participants(db, conversation.key).await?);
    let may = if commit.external {
        author.listed && (conversation.kind == ConversationKind::Open || participants.contains(&author.account))
    } else {
        seats.is_member(author.key)
    };
    let (highest, commit_counter) = (author.highest_submission, conversation.commit_counter);
    if !may {
        return Ok(Appended::NotAMember);
    } else if commit.submission <= highest {
        return Ok(Appended::SubmissionBehind { highest });
    } else if commit.follows != commit_counter {
        return Ok(Appended::Behind { commit_counter });
    } else if !commit.external && commit.seen < conversation.newest_leave {
        return Ok(Appended::LeaveUnseen { seq: conversation.newest_leave });
    }
    let before =
        Before { conversation: conversation.key, kind: conversation.kind, seats: &seats, participants: &participants };
    match moves::find(db, &before, author.account, commit, &devices).await? {
        Ok(moves) => perform(db, &conversation, &author, &participants, commit, &moves).await,
        Err(refusal) => Ok(refusal),
    }
}

/// Every device that a commit names.
fn named(commit: &AppendCommit) -> Vec<Member> {
    commit.joins.iter().chain(&commit.leaves).copied().collect()
}

/// Everything that a commit changes; nothing of it is refused any more.
async fn perform(
    db: &Db,
    conversation: &Conversation,
    author: &Device,
    participants: &BTreeSet<Key>,
    commit: &AppendCommit,
    moves: &Moves,
) -> Outcome<Appended> {
    let placed = Placed {
        conversation: conversation.key,
        author: author.key,
        seq: conversation.head + 1,
        kind: EntryKind::Commit,
        commit_counter: conversation.commit_counter + 1,
        id: commit.id,
        received_at_ms: commit.received_at_ms,
        payload: &commit.commit,
    };
    let key = placed.conversation;
    log::put(db, &placed).await?;
    held::advance(db, key, placed.seq, placed.commit_counter).await?;
    held::submitted(db, author.key, commit.submission).await?;
    let contest = contests::find(db, key, author.account, participants, commit, moves).await?;
    for account in &moves.out {
        log::drop_participant(db, key, *account).await?;
    }
    seat(db, &placed, commit, moves).await?;
    if let Some(contest) = contest {
        contests::keep(db, &placed, &contest).await?;
    }
    // Who was furthest behind may have been replaced or removed.
    floors::look(db, &[key]).await?;
    put_group_info(db, key, placed.commit_counter, author.account, &commit.group_info).await?;
    Ok(Appended::Stored(LogEntry {
        conversation: conversation.id,
        seq: placed.seq,
        kind: EntryKind::Commit,
        commit_counter: placed.commit_counter,
        id: commit.id,
        author: commit.author,
        received_at_ms: commit.received_at_ms,
        payload: commit.commit.clone(),
        mac: None,
    }))
}

/// Removes the leavers' leaves and seats the joiners, with their welcomes.
async fn seat(db: &Db, placed: &Placed<'_>, commit: &AppendCommit, moves: &Moves) -> Outcome<()> {
    let (key, seq) = (placed.conversation, signed(placed.seq));
    db.execute(REMOVE_LEAVES, &[&key, &moves.leaves, &seq]).await?;
    db.execute(FREE_SEATS, &[&key]).await?;
    if moves.joins.is_empty() {
        return Ok(());
    }
    let of = |keeps: bool| -> Vec<Key> {
        moves.joins.iter().filter(|join| join.keeps_seat == keeps).map(|join| join.device).collect()
    };
    let (kept, new) = (of(true), of(false));
    put_participants(db, key, moves.joins.iter().map(|join| join.account)).await?;
    // The one that waits may be the way in, if members skip this commit; or this one, if they skipped that. The device
    // tries them in their order.
    db.execute(DROP_WELCOMES_BETWEEN, &[&kept, &key, &(WELCOMES_OF_SEAT - 2)]).await?;
    db.execute(PUT_MEMBERS, &[&key, &new, &seq]).await?;
    // A welcome to an earlier seat leads nowhere any more.
    db.execute(DROP_WELCOMES_OF_SEATS, &[&new, &key]).await?;
    let welcomed: Vec<Key> =
        moves.joins.iter().map(|join| join.device).filter(|device| *device != placed.author).collect();
    if let Some(welcome) = commit.welcome.as_ref().filter(|_| !welcomed.is_empty()) {
        let (counter, received) = (signed(placed.commit_counter), signed(placed.received_at_ms));
        db.execute(PUT_WELCOME_BODY, &[&key, &seq, &counter, &placed.author, &received, &&**welcome]).await?;
        db.execute(PUT_WELCOMES, &[&welcomed, &key, &seq]).await?;
    }
    drop_read_welcomes(db, key).await
}

/// Drops welcomes of the conversation that nobody waits for.
pub(super) async fn drop_read_welcomes(db: &Db, conversation: Key) -> Outcome<()> {
    db.execute(DROP_WELCOME_BODIES, &[&conversation]).await?;
    Ok(())
}

/// The answer to a creation of a conversation that exists.
async fn created_before(db: &Db, create: &Create, before: &Creation, creator: Key) -> Outcome<Appended> {
    let exists = Appended::Exists(create.conversation);
    match &create.first_commit {
        Some(commit) => {
            let repeat = log::find_submission(db, commit.id, creator, before.conversation).await?;
            Ok(repeat.unwrap_or(exists))
        }
        None if (before.creator, before.submission) == (creator, create.submission) => Ok(Appended::Created),
        None => Ok(exists),
    }
}

async fn creation(db: &Db, conversation: ConversationId) -> Outcome<Option<Creation>> {
    let Some(row) = db.row(FIND_CREATION, &[&conversation.as_bytes().as_slice()]).await? else {
        return Ok(None);
    };
    let (conversation, creator) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Some(Creation { conversation, creator, submission: columns::number(&row, 2)? }))
}

/// The direct conversation of the same two, or the room of the same name.
async fn same_purpose(db: &Db, pair: Option<(Key, Key)>, room: Option<&str>) -> Outcome<Option<ConversationId>> {
    let found = match (pair, room) {
        (Some((lower, higher)), _) => db.row(FIND_PAIR, &[&lower, &higher]).await?,
        (None, Some(room)) => db.row(FIND_ROOM, &[&room]).await?,
        (None, None) => None,
    };
    found.map(|row| Ok(ConversationId::from_bytes(columns::array(&row, 0)?))).transpose()
}

async fn put_conversation(db: &Db, create: &Create, creator: Key) -> Outcome<Key> {
    let (submission, created) = (signed(create.submission), signed(create.created_at_ms));
    let (id, kind) = (create.conversation.as_bytes().as_slice(), columns::kind_number(create.kind));
    let row = db.row(PUT_CONVERSATION, &[&id, &kind, &creator, &submission, &created]).await?;
    Ok(row.ok_or(Fault::Overtaken)?.try_get(0)?)
}

async fn put_group_info(db: &Db, conversation: Key, counter: u64, source: Key, info: &[u8]) -> Outcome<()> {
    db.execute(PUT_GROUP_INFO, &[&conversation, &signed(counter), &source, &info]).await?;
    Ok(())
}

pub(super) async fn put_participants(
    db: &Db,
    conversation: Key,
    accounts: impl IntoIterator<Item = Key>,
) -> Outcome<()> {
    let accounts: Vec<Key> = accounts.into_iter().collect();
    db.execute(PUT_PARTICIPANTS, &[&conversation, &accounts]).await?;
    Ok(())
}
