//! Appending messages and leave proposals, and acknowledging entries: the hot path.

use huis_proto::frames::{EntryKind, LogEntry};
use huis_proto::{Bytes32, ConversationId, DeviceId, Member, MessageId};
use rusqlite::{OptionalExtension, params};

use super::columns::{self, Key, signed};
use super::fault::Outcome;
use super::repeats::RepeatKey;
use super::writer::Writer;
use crate::{Append, Appended};

pub(super) const READ_SUBMISSION: &str = "SELECT seq, commit_counter, received_at_ms FROM submissions WHERE stamp = ?1";
pub(super) const KEEP_SUBMISSION: &str = "INSERT INTO submissions \
     (stamp, id, author, conversation, seq, commit_counter, received_at_ms) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const APPEND_ENTRY: &str = "INSERT INTO log \
     (conversation, seq, kind, commit_counter, id, author, received_at_ms, mac, payload) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
pub(super) const ACCOUNTS_SEATS: &str = "SELECT d.id, d.device FROM devices d \
     JOIN members m ON m.device = d.device AND m.conversation = ?2 \
     WHERE d.account = ?1 AND m.last = 9223372036854775807";
const STOP_AT: &str = "UPDATE members SET last = ?3 WHERE conversation = ?1 AND device = ?2 \
     AND last = 9223372036854775807";
const NOTE_LEAVE: &str = "UPDATE conversations SET newest_leave = ?2 WHERE conversation = ?1";
const FORGET_UNSEATED: [&str; 3] = [
    "DELETE FROM unseatings WHERE conversation = ?1 AND account = ?2",
    "DELETE FROM expulsions WHERE conversation = ?1 AND account = ?2",
    "DELETE FROM seatings WHERE conversation = ?1 AND account = ?2",
];
const DROP_PARTICIPANT: &str = "DELETE FROM participants WHERE conversation = ?1 AND account = ?2";
const FREE_PAIR: &str = "DELETE FROM direct_conversations WHERE conversation = ?1";

/// An entry on its way into the log; its place is known.
pub(super) struct Placed<'a> {
    pub(super) conversation: Key,
    pub(super) author: Key,
    pub(super) seq: u64,
    pub(super) kind: EntryKind,
    pub(super) commit_counter: u64,
    pub(super) id: MessageId,
    pub(super) received_at_ms: u64,
    pub(super) mac: Option<Bytes32>,
    pub(super) payload: &'a [u8],
}

impl Writer {
    pub(super) fn append(&mut self, append: &Append) -> Outcome<Appended> {
        let Some((conversation, device)) = self.hot.pair(&self.db, append.conversation, append.author)? else {
            return Ok(Appended::NotAMember);
        };
        let (conversation_key, device_key, account) = (conversation.key, device.key, device.account);
        let commit_counter = conversation.commit_counter;
        let refusal = if !conversation.is_member(device_key) {
            Some(Appended::NotAMember)
        } else if append.submission <= device.highest_submission {
            Some(Appended::SubmissionBehind { highest: device.highest_submission })
        } else if append.follows != commit_counter {
            Some(Appended::Behind { commit_counter })
        } else {
            None
        };
        let seq = conversation.head + 1;
        let kind = append.kind();
        if let Some(before) = self.find_submission(append.id, device_key, conversation_key)? {
            return Ok(before);
        }
        if let Some(refusal) = refusal {
            return Ok(refusal);
        }
        if kind == EntryKind::Leave
            && let Some(wrong) = self.wrong_leaver(append, conversation_key, account)?
        {
            return Ok(Appended::WrongRoster(wrong));
        }
        if let Some(wrong) = self.wrong_file(append, account)? {
            return Ok(wrong);
        }
        if let Some(wrong) = self.wrong_lock(append, conversation_key, account)? {
            return Ok(wrong);
        }
        let mut placed = Placed {
            conversation: conversation_key,
            author: device_key,
            seq,
            kind,
            commit_counter,
            id: append.id,
            received_at_ms: append.received_at_ms,
            mac: None,
            payload: &append.payload,
        };
        self.keep_submission(&placed)?;
        placed.mac = append.commitment.as_ref().map(|commitment| {
            self.franking.mac(commitment, append.conversation, append.author, seq, append.received_at_ms)
        });
        self.put_entry(&placed)?;
        self.refer(append, conversation_key, account, seq)?;
        self.lock(append, conversation_key, account)?;
        self.hot.advance(append.conversation, append.author, append.submission);
        let mac = placed.mac;
        if kind == EntryKind::Leave {
            self.take_leave(append, conversation_key, account, seq)?;
        }
        Ok(Appended::Stored(LogEntry {
            conversation: append.conversation,
            seq,
            kind,
            commit_counter,
            id: append.id,
            author: append.author,
            received_at_ms: append.received_at_ms,
            payload: append.payload.clone(),
            mac,
        }))
    }

    pub(super) fn acknowledge(&mut self, device: Member, acks: &[(ConversationId, u64)]) -> Outcome<()> {
        for (conversation, seq) in acks {
            if let Some((_, hot)) = self.hot.pair(&self.db, *conversation, device)? {
                let key = hot.key;
                self.hot.acknowledge(*conversation, key, *seq);
            }
        }
        Ok(())
    }

    /// The answer to the same submission, if it came before.
    pub(super) fn find_submission(&self, id: MessageId, author: Key, conversation: Key) -> Outcome<Option<Appended>> {
        let key = RepeatKey { id, author, conversation };
        let Some(stamp) = self.repeats.find(&self.db, &key)? else {
            return Ok(None);
        };
        let mut read = self.db.prepare_cached(READ_SUBMISSION)?;
        let before = read.query_row([stamp], |row| {
            Ok(Appended::Repeat {
                seq: columns::number(row, 0)?,
                commit_counter: columns::number(row, 1)?,
                received_at_ms: columns::number(row, 2)?,
            })
        });
        Ok(before.optional()?)
    }

    /// Keeps the key of the repeat check with its answer.
    pub(super) fn keep_submission(&mut self, placed: &Placed<'_>) -> Outcome<()> {
        self.stamp += 1;
        self.db.prepare_cached(KEEP_SUBMISSION)?.execute(params![
            self.stamp,
            placed.id.as_bytes(),
            placed.author,
            placed.conversation,
            signed(placed.seq),
            signed(placed.commit_counter),
            signed(placed.received_at_ms),
        ])?;
        let key = RepeatKey { id: placed.id, author: placed.author, conversation: placed.conversation };
        self.repeats.add(key, self.stamp);
        Ok(())
    }

    pub(super) fn put_entry(&self, placed: &Placed<'_>) -> Outcome<()> {
        let mac: &[u8] = placed.mac.as_ref().map_or(&[], |mac| &mac.0);
        self.db.prepare_cached(APPEND_ENTRY)?.execute(params![
            placed.conversation,
            signed(placed.seq),
            columns::entry_kind_number(placed.kind),
            signed(placed.commit_counter),
            placed.id.as_bytes(),
            placed.author,
            signed(placed.received_at_ms),
            mac,
            placed.payload,
        ])?;
        Ok(())
    }

    /// Takes an account out of a conversation. The pair of a direct one is free again.
    pub(super) fn drop_participant(&self, conversation: Key, account: Key) -> Outcome<()> {
        // Somebody else may be named who never took part.
        if self.db.prepare_cached(DROP_PARTICIPANT)?.execute([conversation, account])? > 0 {
            self.db.prepare_cached(FREE_PAIR)?.execute([conversation])?;
        }
        Ok(())
    }

    /// A device that is named although it has no leaf there or is another account's, or one that is not named
    /// although it is a member of the leaving account.
    fn wrong_leaver(&mut self, append: &Append, conversation: Key, account: Key) -> Outcome<Option<Member>> {
        for leaver in &append.leaves {
            let pair = self.hot.pair(&self.db, append.conversation, *leaver)?;
            let has_leaf = pair.is_some_and(|(hot, device)| {
                device.account == account && hot.seats.get(&device.key).is_some_and(|seat| seat.leaf)
            });
            if !has_leaf {
                return Ok(Some(*leaver));
            }
        }
        let mut seats = self.db.prepare_cached(ACCOUNTS_SEATS)?;
        let mut rows = seats.query([account, conversation])?;
        while let Some(row) = rows.next()? {
            let member = Member { account: append.author.account, device: DeviceId::from_bytes(row.get(0)?) };
            if !append.leaves.contains(&member) {
                return Ok(Some(member));
            }
        }
        Ok(None)
    }

    fn take_leave(&mut self, append: &Append, conversation: Key, account: Key, seq: u64) -> Outcome<()> {
        self.write_back()?;
        for leaver in &append.leaves {
            if let Some(device) = self.hot.device(&self.db, *leaver)? {
                self.db.prepare_cached(STOP_AT)?.execute([conversation, device.key, signed(seq)])?;
            }
        }
        // Who leaves is not brought back by what others contest, and loses nothing by it.
        for sql in FORGET_UNSEATED {
            self.db.prepare_cached(sql)?.execute([conversation, account])?;
        }
        self.drop_participant(conversation, account)?;
        self.db.prepare_cached(NOTE_LEAVE)?.execute([conversation, signed(seq)])?;
        self.seats_changed.push(append.conversation);
        self.hot.forget_conversation(append.conversation);
        Ok(())
    }
}
