//! Creating conversations and appending commits: who joins and leaves, in the same transaction as the entry.

use huis_proto::frames::{EntryKind, LogEntry};
use huis_proto::{ConversationId, ConversationKind, DeviceId, Member};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{self, Key, signed};
use super::fault::{Fault, Outcome};
use super::hot::Conversation;
use super::log::Placed;
use super::moves::{self, Moves, is_participant};
use super::writer::Writer;
use crate::{AppendCommit, Appended, Create};

const FIND_CREATION: &str = "SELECT conversation, creator, created_by_submission FROM conversations WHERE id = ?1";
const FIND_PAIR: &str = "SELECT c.id FROM direct_conversations d \
     JOIN conversations c ON c.conversation = d.conversation \
     WHERE d.lower_account = ?1 AND d.higher_account = ?2";
const FIND_ROOM: &str = "SELECT c.id FROM rooms r \
     JOIN conversations c ON c.conversation = r.conversation WHERE r.name = ?1";
const PUT_CONVERSATION: &str = "INSERT INTO conversations \
     (id, kind, creator, created_by_submission, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
const PUT_PAIR: &str = "INSERT INTO direct_conversations \
     (lower_account, higher_account, conversation) VALUES (?1, ?2, ?3)";
const PUT_ROOM: &str = "INSERT INTO rooms (name, conversation) VALUES (?1, ?2)";
const PUT_GROUP_INFO: &str = "INSERT INTO group_infos (conversation, commit_counter, source, group_info) \
     VALUES (?1, ?2, ?3, ?4) ON CONFLICT (conversation) DO UPDATE SET commit_counter = excluded.commit_counter, \
     standing = 0, source = excluded.source, asked_by = 0, group_info = excluded.group_info";
const PUT_PARTICIPANT: &str = "INSERT INTO participants (conversation, account) \
     VALUES (?1, ?2) ON CONFLICT DO NOTHING";
const PUT_MEMBER: &str = "INSERT INTO members (conversation, device, joined, acked, last, leaf) \
     VALUES (?1, ?2, ?3, ?3, 9223372036854775807, 1) ON CONFLICT (conversation, device) DO UPDATE \
     SET joined = excluded.joined, acked = excluded.acked, last = excluded.last, leaf = 1";
const REMOVE_LEAF: &str = "UPDATE members SET leaf = 0, last = min(last, ?3) \
     WHERE conversation = ?1 AND device = ?2";
const NEWEST_LEAVE: &str = "SELECT newest_leave FROM conversations WHERE conversation = ?1";
const FREE_SEATS: &str = "DELETE FROM members WHERE conversation = ?1 AND leaf = 0 AND acked >= last";
const PUT_WELCOME_BODY: &str = "INSERT INTO welcome_bodies \
     (conversation, seq, commit_counter, author, received_at_ms, welcome) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const PUT_WELCOME: &str = "INSERT INTO welcomes (device, conversation, seq) VALUES (?1, ?2, ?3)";
/// Those between the oldest, by which a device came to its seat, and the newest of them.
pub(super) const DROP_WELCOMES_BETWEEN: &str = "DELETE FROM welcomes WHERE device = ?1 AND conversation = ?2 \
     AND number > (SELECT min(number) FROM welcomes WHERE device = ?1 AND conversation = ?2) \
     AND number <= (SELECT number FROM welcomes WHERE device = ?1 AND conversation = ?2 \
     ORDER BY number DESC LIMIT 1 OFFSET ?3)";
pub(super) const DROP_WELCOMES_OF_SEAT: &str = "DELETE FROM welcomes WHERE device = ?1 AND conversation = ?2";
/// Welcomes that nobody waits for.
pub(super) const DROP_WELCOME_BODIES: &str = "DELETE FROM welcome_bodies WHERE conversation = ?1 AND NOT EXISTS \
     (SELECT 1 FROM welcomes w WHERE w.conversation = welcome_bodies.conversation \
     AND w.seq = welcome_bodies.seq)";

/// How many welcomes wait for a device in a conversation.
const WELCOMES_OF_SEAT: usize = 4;

/// What stands in a column of [`FIND_CREATION`].
struct Creation {
    conversation: Key,
    creator: Key,
    submission: u64,
}

impl Writer {
    pub(super) fn create_conversation(&mut self, create: &Create) -> Outcome<Appended> {
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
        let Some(creator) = self.hot.device(&self.db, create.creator)? else {
            return Ok(Appended::NotAMember);
        };
        let (creator_key, account, listed) = (creator.key, creator.account, creator.listed);
        let highest = creator.highest_submission;
        if let Some(before) = self.creation(create.conversation)? {
            return self.created_before(create, &before, creator_key);
        }
        if !listed {
            return Ok(Appended::NotAMember);
        }
        let (peer, room) = match create.kind {
            ConversationKind::Direct => {
                let peer = create.peer.ok_or(Fault::Misuse("a direct conversation without the other account"))?;
                let Some(key) = moves::account_key(&self.db, peer)? else {
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
        let pair = peer.map(|peer| (account.min(peer), account.max(peer)));
        if let Some(other) = self.same_purpose(pair, room)? {
            return Ok(Appended::Exists(other));
        }
        if create.submission <= highest {
            return Ok(Appended::SubmissionBehind { highest });
        }
        if first.is_some_and(|commit| commit.follows != 0) {
            return Ok(Appended::Behind { commit_counter: 0 });
        }
        let planned = Conversation::created(0, create.kind, creator_key);
        let moves = match first {
            None => None,
            Some(commit) => {
                let is_direct = create.kind == ConversationKind::Direct;
                let may_join = |_: &Connection, joiner| Ok(!is_direct || joiner == account || Some(joiner) == peer);
                match moves::find(&self.db, &planned, account, commit, &may_join)? {
                    Ok(moves) => Some(moves),
                    Err(refusal) => return Ok(refusal),
                }
            }
        };
        let key = self.put_conversation(create, creator_key)?;
        self.db.prepare_cached(PUT_MEMBER)?.execute([key, creator_key, 0])?;
        for account in [Some(account), peer].into_iter().flatten() {
            self.put_participant(key, account)?;
        }
        if let Some((lower, higher)) = pair {
            self.db.prepare_cached(PUT_PAIR)?.execute([lower, higher, key])?;
        }
        if let Some(room) = room {
            self.db.prepare_cached(PUT_ROOM)?.execute(params![room, key])?;
        }
        self.hot.submitted(create.creator, create.submission);
        match first.zip(moves) {
            None => {
                self.put_group_info(key, 0, account, &create.group_info)?;
                Ok(Appended::Created)
            }
            Some((commit, moves)) => {
                let planned = Conversation::created(key, create.kind, creator_key);
                self.hot.put(create.conversation, planned);
                self.perform(commit, &moves)
            }
        }
    }

    pub(super) fn append_commit(&mut self, commit: &AppendCommit) -> Outcome<Appended> {
        let Some((conversation, device)) = self.hot.pair(&self.db, commit.conversation, commit.author)? else {
            return Ok(Appended::NotAMember);
        };
        let (key, kind) = (conversation.key, conversation.kind);
        let (device_key, account, listed) = (device.key, device.account, device.listed);
        let (highest, commit_counter) = (device.highest_submission, conversation.commit_counter);
        let is_member = conversation.is_member(device_key);
        if let Some(before) = self.find_submission(commit.id, device_key, key)? {
            return Ok(before);
        }
        let may = if commit.external {
            listed && (kind == ConversationKind::Open || is_participant(&self.db, key, account)?)
        } else {
            is_member
        };
        if !may {
            return Ok(Appended::NotAMember);
        }
        if commit.submission <= highest {
            return Ok(Appended::SubmissionBehind { highest });
        }
        if commit.follows != commit_counter {
            return Ok(Appended::Behind { commit_counter });
        }
        let leave = self.db.prepare_cached(NEWEST_LEAVE)?.query_row([key], |row| columns::number(row, 0))?;
        if !commit.external && commit.seen < leave {
            return Ok(Appended::LeaveUnseen { seq: leave });
        }
        let Some(conversation) = self.hot.conversation(&self.db, commit.conversation)? else {
            return Ok(Appended::NotAMember);
        };
        let may_join = |db: &Connection, joiner: Key| {
            // A direct conversation stays one of two.
            Ok(kind != ConversationKind::Direct || is_participant(db, key, joiner)?)
        };
        match moves::find(&self.db, conversation, account, commit, &may_join)? {
            Ok(moves) => self.perform(commit, &moves),
            Err(refusal) => Ok(refusal),
        }
    }

    /// Everything that a commit changes; nothing of it is refused any more.
    fn perform(&mut self, commit: &AppendCommit, moves: &Moves) -> Outcome<Appended> {
        let Some((conversation, device)) = self.hot.pair(&self.db, commit.conversation, commit.author)? else {
            return Err(Fault::Damaged("a conversation is gone within a transaction"));
        };
        conversation.commit_counter += 1;
        let account = device.account;
        let placed = Placed {
            conversation: conversation.key,
            author: device.key,
            seq: conversation.head + 1,
            kind: EntryKind::Commit,
            commit_counter: conversation.commit_counter,
            id: commit.id,
            received_at_ms: commit.received_at_ms,
            mac: None,
            payload: &commit.commit,
        };
        self.keep_submission(&placed)?;
        self.put_entry(&placed)?;
        self.hot.advance(commit.conversation, commit.author, commit.submission);
        // The rows of the roster are changed in the database, and read again when they are next needed.
        self.write_back()?;
        self.hot.forget_conversation(commit.conversation);
        self.seats_changed.push(commit.conversation);
        let contest = self.contest_of(placed.conversation, account, commit, moves)?;
        for account in &moves.out {
            self.drop_participant(placed.conversation, *account)?;
        }
        self.seat(&placed, commit, moves)?;
        if let Some(contest) = contest {
            self.keep_contest(&placed, &contest)?;
        }
        // Who was furthest behind may have been replaced or removed.
        self.hot.look_at_floor(&self.db, commit.conversation)?;
        self.put_group_info(placed.conversation, placed.commit_counter, account, &commit.group_info)?;
        Ok(Appended::Stored(LogEntry {
            conversation: commit.conversation,
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
    fn seat(&self, placed: &Placed<'_>, commit: &AppendCommit, moves: &Moves) -> Outcome<()> {
        let (key, seq) = (placed.conversation, signed(placed.seq));
        for device in &moves.leaves {
            self.db.prepare_cached(REMOVE_LEAF)?.execute([key, *device, seq])?;
        }
        self.db.prepare_cached(FREE_SEATS)?.execute([key])?;
        let welcomed: Vec<Key> =
            moves.joins.iter().map(|join| join.device).filter(|device| *device != placed.author).collect();
        let welcome = commit.welcome.as_ref().filter(|_| !welcomed.is_empty());
        if let Some(welcome) = welcome {
            self.db.prepare_cached(PUT_WELCOME_BODY)?.execute(params![
                key,
                seq,
                signed(placed.commit_counter),
                placed.author,
                signed(placed.received_at_ms),
                &**welcome,
            ])?;
        }
        for join in &moves.joins {
            self.put_participant(key, join.account)?;
            if join.keeps_seat {
                // The one that waits may be the way in, if members skip this commit; or this one, if they skipped that.
                // The device tries them in their order.
                let newest_kept = signed(WELCOMES_OF_SEAT as u64 - 2);
                self.db.prepare_cached(DROP_WELCOMES_BETWEEN)?.execute([join.device, key, newest_kept])?;
            } else {
                self.db.prepare_cached(PUT_MEMBER)?.execute([key, join.device, seq])?;
                // A welcome to an earlier seat leads nowhere any more.
                self.db.prepare_cached(DROP_WELCOMES_OF_SEAT)?.execute([join.device, key])?;
            }
            if welcome.is_some() && join.device != placed.author {
                self.db.prepare_cached(PUT_WELCOME)?.execute([join.device, key, seq])?;
            }
        }
        if !moves.joins.is_empty() {
            self.drop_read_welcomes(key)?;
        }
        Ok(())
    }

    /// Drops welcomes of the conversation that nobody waits for.
    pub(super) fn drop_read_welcomes(&self, conversation: Key) -> Outcome<()> {
        self.db.prepare_cached(DROP_WELCOME_BODIES)?.execute([conversation])?;
        Ok(())
    }

    /// The answer to a creation of a conversation that exists.
    fn created_before(&self, create: &Create, before: &Creation, creator: Key) -> Outcome<Appended> {
        let exists = Appended::Exists(create.conversation);
        match &create.first_commit {
            Some(commit) => {
                let repeat = self.find_submission(commit.id, creator, before.conversation)?;
                Ok(repeat.unwrap_or(exists))
            }
            None if (before.creator, before.submission) == (creator, create.submission) => Ok(Appended::Created),
            None => Ok(exists),
        }
    }

    fn creation(&self, conversation: ConversationId) -> Outcome<Option<Creation>> {
        let mut find = self.db.prepare_cached(FIND_CREATION)?;
        let found = find.query_row([conversation.as_bytes()], |row| {
            Ok(Creation { conversation: row.get(0)?, creator: row.get(1)?, submission: columns::number(row, 2)? })
        });
        Ok(found.optional()?)
    }

    /// The direct conversation of the same two, or the room of the same name.
    fn same_purpose(&self, pair: Option<(Key, Key)>, room: Option<&str>) -> Outcome<Option<ConversationId>> {
        let id = |row: &Row<'_>| row.get(0).map(ConversationId::from_bytes);
        let found = match (pair, room) {
            (Some((lower, higher)), _) => {
                let mut find = self.db.prepare_cached(FIND_PAIR)?;
                find.query_row([lower, higher], id).optional()?
            }
            (None, Some(room)) => {
                let mut find = self.db.prepare_cached(FIND_ROOM)?;
                find.query_row([room], id).optional()?
            }
            (None, None) => None,
        };
        Ok(found)
    }

    fn put_conversation(&self, create: &Create, creator: Key) -> Outcome<Key> {
        let key = self.db.prepare_cached(PUT_CONVERSATION)?.insert(params![
            create.conversation.as_bytes(),
            columns::kind_number(create.kind),
            creator,
            signed(create.submission),
            signed(create.created_at_ms),
        ])?;
        Ok(key)
    }

    fn put_group_info(&self, conversation: Key, counter: u64, source: Key, info: &[u8]) -> Outcome<()> {
        self.db.prepare_cached(PUT_GROUP_INFO)?.execute(params![conversation, signed(counter), source, info])?;
        Ok(())
    }

    pub(super) fn put_participant(&self, conversation: Key, account: Key) -> Outcome<()> {
        self.db.prepare_cached(PUT_PARTICIPANT)?.execute([conversation, account])?;
        Ok(())
    }
}
