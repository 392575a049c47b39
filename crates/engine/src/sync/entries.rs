//! Entries of a conversation's log: each is taken once, in order, and its effects and the cursor are one transaction.

use huis_core::groups::{Disposition, Entry, Opened};
use huis_core::history::entry_hash;
use huis_proto::aad::Act;
use huis_proto::frames::{EntryKind, LogEntry};
use huis_proto::{AccountId, Member, mls};
use huis_views::{Notice, RepairReason};

use crate::client::Step;
use crate::db::{ConversationRow, DbError, State, Task};

/// This many unreadable messages in a row mean that the fault is here.
const UNREADABLE_IN_A_ROW: u64 = 3;

/// What became of an entry.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It is taken, or passed over for good.
    Yes,
    /// First these accounts' device lists.
    NeedsLists(Vec<AccountId>),
    /// First the answer to this device's own join.
    AfterJoin,
}

impl Step<'_> {
    pub(crate) fn take_entry(&mut self, entry: &LogEntry, fetched: &[AccountId]) -> Result<Taken, DbError> {
        let Some(conversation) = self.tables.conversation(entry.conversation)? else {
            let what = format!("entry {} of a conversation that is not known here", entry.seq);
            self.notice(Some(entry.conversation), Notice::Unknown { what })?;
            return Ok(Taken::Yes);
        };
        if entry.seq <= conversation.cursor {
            return Ok(Taken::Yes);
        }
        match conversation.state {
            State::Joined => self.take_joined(conversation, entry, fetched),
            State::Joining | State::Repairing => self.take_while_entering(conversation, entry),
            State::Held | State::Left => Ok(Taken::Yes),
        }
    }

    /// Entries that come while this device joins: those behind its own commit wait for the answer to it, which comes by
    /// REST; others cannot be read and are passed over, as the repair's notice says.
    fn take_while_entering(&mut self, mut conversation: ConversationRow, entry: &LogEntry) -> Result<Taken, DbError> {
        let tasks = self.tables.tasks_of(conversation.id)?;
        let submitted = tasks
            .iter()
            .find(|task| task.sealed.is_some() && matches!(task.task, Task::Create { .. } | Task::Join { .. }));
        if let Some(task) = submitted {
            let behind = entry.commit_counter > task.follows.unwrap_or(0);
            if conversation.state == State::Joining || behind {
                return Ok(Taken::AfterJoin);
            }
        }
        conversation.cursor = entry.seq;
        self.tables.put_conversation(&conversation)?;
        Ok(Taken::Yes)
    }

    fn take_joined(
        &mut self,
        mut conversation: ConversationRow,
        entry: &LogEntry,
        fetched: &[AccountId],
    ) -> Result<Taken, DbError> {
        let Some(me) = self.client.me() else { return Ok(Taken::Yes) };
        let id = conversation.id;
        if entry.seq > conversation.cursor + 1 {
            let (from_seq, to_seq) = (conversation.cursor + 1, entry.seq - 1);
            self.notice(Some(id), Notice::Gap { from_seq, to_seq })?;
            self.tables.add_hole(id, &(from_seq..=to_seq))?;
            // Seen and said once, also where the entry itself has to be given again.
            conversation.cursor = to_seq;
            self.tables.put_conversation(&conversation)?;
        }
        if entry.author == me.device.member && entry.kind != EntryKind::Commit {
            self.own_entry(id, entry.id, entry.seq, entry.received_at_ms)?;
            return self.advance(entry);
        }
        let (tables, known) = (self.tables, self.client.known());
        let group = match self.group(id) {
            Ok(Some(group)) => group,
            Ok(None) => {
                self.repair(id, RepairReason::StateLost)?;
                return self.advance(entry);
            }
            Err(error) => {
                self.group_damaged(id, &error)?;
                return self.advance(entry);
            }
        };
        let follows = match entry.kind {
            EntryKind::Commit => entry.commit_counter.saturating_sub(1),
            EntryKind::Message | EntryKind::Leave => entry.commit_counter,
        };
        let is_passed = follows < group.commit_counter();
        let sealed = Entry { payload: &entry.payload, sender: entry.author, id: entry.id, follows, fetched };
        match group.open(&tables, &me.device, &known, &sealed) {
            Ok(opened) => self.take_opened(&conversation, entry, opened, is_passed)?,
            Err(error) => match error.disposition() {
                Disposition::FetchDeviceLists(accounts) => return Ok(Taken::NeedsLists(accounts)),
                Disposition::StoreFailed => return Err(DbError::Form("group")),
                Disposition::Stop => self.left(id)?,
                Disposition::Repair => {
                    if takes_out(entry, me.device.member) {
                        // Who is really taken out needs none of the commit's secrets to see it.
                        self.contest(id, entry.seq)?;
                    }
                    let detail = error.to_string();
                    self.repair_without_comparing(id, RepairReason::Unreadable { seq: entry.seq, detail })?;
                }
            },
        }
        self.advance(entry)
    }

    /// `is_passed` says that the group was beyond the entry's commit counter before: what is skipped then says nothing
    /// of a commit that was taken at its time.
    fn take_opened(
        &mut self,
        conversation: &ConversationRow,
        entry: &LogEntry,
        opened: Opened,
        is_passed: bool,
    ) -> Result<(), DbError> {
        let id = conversation.id;
        if entry.kind == EntryKind::Leave {
            // A commit may wait for it, valid or not.
            self.client.traffic.borrow_mut().unblock(id);
        }
        match opened {
            Opened::Message(message) => {
                self.client.traffic.borrow_mut().readable(id);
                self.tables.heard(id, message.author, entry.received_at_ms)?;
                self.take_opened_message(conversation, entry, *message)
            }
            Opened::Own => self.own_entry(id, entry.id, entry.seq, entry.received_at_ms),
            Opened::Commit(summary) => self.roster_changed(id, &summary, entry.received_at_ms),
            Opened::OwnCommit(summary) => {
                self.own_entry(id, entry.id, entry.seq, entry.received_at_ms)?;
                self.roster_changed(id, &summary, entry.received_at_ms)
            }
            Opened::Leaving { account } => {
                self.tables.add_leaver(id, account)?;
                self.changed(id);
                self.wake_upkeep();
                Ok(())
            }
            Opened::Skipped(breach) => {
                let (seq, reason) = (entry.seq, breach.to_string());
                if entry.kind == EntryKind::Commit {
                    if !is_passed {
                        self.contest(id, seq)?;
                    }
                    return self.notice(Some(id), Notice::InvalidCommit { seq, reason });
                }
                self.notice(Some(id), Notice::Unreadable { seq, reason: reason.clone() })?;
                if entry.kind == EntryKind::Message {
                    // Another device may have read it.
                    self.tables.add_hole(id, &(seq..=seq))?;
                }
                // Anybody can send garbage once; a state that has parted fails every time.
                let in_a_row = self.client.traffic.borrow_mut().unreadable(id);
                if breach.may_mean_parted() && in_a_row >= UNREADABLE_IN_A_ROW {
                    return self.repair(id, RepairReason::Unreadable { seq, detail: reason });
                }
                Ok(())
            }
        }
    }

    /// Moves the cursor over an entry and keeps its hash.
    fn advance(&mut self, entry: &LogEntry) -> Result<Taken, DbError> {
        if let Some(mut conversation) = self.tables.conversation(entry.conversation)? {
            conversation.cursor = conversation.cursor.max(entry.seq);
            self.tables.put_conversation(&conversation)?;
        }
        if !entry.payload.is_empty() {
            let hash = entry_hash(entry.conversation, entry.seq, entry.id, &entry.payload);
            self.tables.put_entry_hash(entry.conversation, entry.seq, hash)?;
        }
        Ok(Taken::Yes)
    }
}

/// Whether the entry is a commit that says that it removes this device.
fn takes_out(entry: &LogEntry, device: Member) -> bool {
    mls::header(&entry.payload)
        .is_ok_and(|header| matches!(header.data.act, Act::Commit { leaves, .. } if leaves.contains(&device)))
}
