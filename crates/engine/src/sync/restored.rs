//! A server that was restored from a backup: this device goes back to where the log was cut, and offers again what it said
//! behind that. Nothing is opened twice and nothing is passed over because places are used again.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use huis_proto::rest::{ConversationInfo, Conversations};
use huis_proto::{Bytes, ConversationId, ConversationKind, IncarnationId, limits};
use huis_views::{Failure, Notice, RepairReason};

use super::Ended;
use super::comparing::Standing;
use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, Life, State, Task};
use crate::outbox::SAYS_AGAIN;

/// How many messages are offered again at a time; the next follow at once.
const PORTION: u32 = 256;

/// Where a conversation's log was cut.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// Behind this entry.
    Behind(u64),
    /// Nobody can say: this device was in a life of the server that another restore gave up. What it acknowledged of the
    /// present log goes up to here.
    Unknown(u64),
}

impl Client {
    /// Makes up for what the server lost since the incarnation that is known. Done again from the beginning if it is
    /// cut off, until the new incarnation is stored.
    pub(super) async fn make_up_for_restore(self: &Rc<Self>, known: IncarnationId) -> Result<(), Ended> {
        let server: Conversations = self.get(format!("/api/v1/conversations?known_incarnation={known}")).await?;
        let unknown = server.incarnation_is_unknown;
        let theirs: HashMap<ConversationId, ConversationInfo> =
            server.conversations.into_iter().map(|info| (info.conversation, info)).collect();
        self.step(|step| step.tables.put_fact(SAYS_AGAIN, &true))?;
        for row in self.read(|tables| tables.conversations())? {
            let theirs = theirs.get(&row.id);
            let has_parted = match theirs {
                Some(theirs) if unknown && row.state == State::Joined => {
                    !theirs.joined || self.standing(row.id).await? == Standing::Parted
                }
                _ => false,
            };
            let awaits_welcome = self.step(|step| step.restored(row.id, theirs, unknown, has_parted))?;
            if awaits_welcome {
                self.wait_for_welcome(row.id);
            }
        }
        self.traffic.borrow_mut().counted_otherwise();
        // The key packages were dropped with the restore, as they may have been handed out before.
        self.step(|step| step.tables.put_fact("stock_lost", &true))?;
        Ok(self.offer_own_lists().await?)
    }
}

impl Step<'_> {
    /// The server is in another life from here on: messages that are here have their places from the one before.
    pub(super) fn another_life(&mut self, before: IncarnationId, present: IncarnationId) -> Result<(), DbError> {
        let behind = self.tables.last_position()?;
        for row in self.tables.conversations()? {
            if self.tables.lives(row.id)?.is_empty() {
                self.tables.put_life(row.id, Life { incarnation: before, from_seq: 0, behind: 0 })?;
            }
            let from_seq = row.cursor.saturating_add(1);
            self.tables.put_life(row.id, Life { incarnation: present, from_seq, behind })?;
        }
        self.archive_is_looked_at();
        Ok(())
    }

    /// Whether a welcome is to be waited for before the conversation is joined by oneself.
    fn restored(
        &mut self,
        id: ConversationId,
        theirs: Option<&ConversationInfo>,
        unknown: bool,
        has_parted: bool,
    ) -> Result<bool, DbError> {
        let Some(mut row) = self.tables.conversation(id)? else { return Ok(false) };
        for task in self.tables.tasks_of(id)? {
            // A join that was built on what may be lost.
            if matches!(task.task, Task::Join { .. }) && task.sealed.is_some() {
                self.undo(&task)?;
            }
        }
        if row.state == State::Left {
            if theirs.is_some() && self.forget_lost(id)? {
                // An earlier restore had lost it, and this one has brought it back.
                row.state = State::Joining;
                self.tables.put_conversation(&row)?;
                self.task(id, self.client.random_id(), &Task::Join { checked: row.kind != ConversationKind::Open })?;
                self.changed(id);
            }
            return Ok(false);
        }
        if !matches!(row.state, State::Joined | State::Repairing) {
            return Ok(false);
        }
        let Some(theirs) = theirs else { return self.lost(row).map(|()| false) };
        let Some(head) = theirs.restored_head else { return Ok(false) };
        let counter = theirs.restored_commit_counter.unwrap_or(0);
        if unknown {
            self.go_back(&mut row, Cut::Unknown(head))?;
            if has_parted {
                self.repair(id, RepairReason::ServerRestored)?;
            }
            return Ok(false);
        }
        let was_beyond = row.cursor > head;
        self.go_back(&mut row, Cut::Behind(head))?;
        if was_beyond {
            self.forget_leavers(id)?;
        }
        if counter == 0 {
            // The backup did not know it; somebody has made it anew, and has welcomed this device if it could.
            self.begin_anew(&mut row)?;
            self.task(id, self.client.random_id(), &Task::Join { checked: true })?;
            return Ok(true);
        }
        let commits_are_lost = match self.group(id) {
            Ok(Some(group)) => group.commit_counter() > counter,
            // Where it can't be read at all it is joined anew as well.
            _ => true,
        };
        // Proposals that were cut off are known to some and not to others.
        let is_untidy = matches!(self.group(id), Ok(Some(group)) if group.has_pending_proposals());
        if commits_are_lost || !theirs.joined || is_untidy && was_beyond {
            self.repair(id, RepairReason::ServerRestored)?;
        }
        Ok(false)
    }

    /// The server does not know the conversation, or this account in it, any more.
    fn lost(&mut self, mut row: ConversationRow) -> Result<(), DbError> {
        let id = row.id;
        if row.kind == ConversationKind::Direct
            && row.accepted
            && let Some(peer) = row.peer
        {
            // Both have the same rights in it, so either makes it anew; who comes second joins the other's.
            self.go_back(&mut row, Cut::Behind(0))?;
            self.begin_anew(&mut row)?;
            self.task(id, self.client.random_id(), &Task::Create { others: vec![peer] })?;
            return Ok(());
        }
        // A group made anew by whoever comes first would be that one's to rule.
        self.notice(Some(id), Notice::LostByServer)?;
        let mut lost = self.lost_conversations()?;
        lost.insert(id);
        self.tables.put_fact("lost_conversations", &lost)?;
        self.left(id)
    }

    fn lost_conversations(&self) -> Result<BTreeSet<ConversationId>, DbError> {
        Ok(self.tables.fact("lost_conversations")?.unwrap_or_default())
    }

    /// Whether a restore had lost the conversation; it is no longer noted then.
    fn forget_lost(&mut self, id: ConversationId) -> Result<bool, DbError> {
        let mut lost = self.lost_conversations()?;
        let was_lost = lost.remove(&id);
        if was_lost {
            self.tables.put_fact("lost_conversations", &lost)?;
        }
        Ok(was_lost)
    }

    /// Everything of the group goes; what was said, and what is to be said, stays.
    fn begin_anew(&mut self, row: &mut ConversationRow) -> Result<(), DbError> {
        let id = row.id;
        self.forget_group(id).map_err(|_| DbError::Form("group"))?;
        for task in self.tables.tasks_of(id)? {
            if !matches!(task.task, Task::Say { .. }) {
                self.fail_task(&task, Failure::NotAMember)?;
            }
        }
        self.tables.forget_history(id)?;
        self.tables.forget_history_behind(id, 0)?;
        self.forget_leavers(id)?;
        row.state = State::Joining;
        row.first = 0;
        self.tables.put_conversation(row)?;
        self.changed(id);
        Ok(())
    }

    /// Goes back to where the log was cut, as if what stood behind had never come, and offers again what this device
    /// said there.
    fn go_back(&mut self, row: &mut ConversationRow, cut: Cut) -> Result<(), DbError> {
        let id = row.id;
        let Some(me) = self.client.me() else { return Ok(()) };
        let head = match cut {
            Cut::Behind(head) => head,
            Cut::Unknown(_) => 0,
        };
        let lowest_lost = self.tables.lowest_own_counter(id, head)?;
        match cut {
            Cut::Behind(head) => {
                let said = self.tables.sent_behind(id, me.device.member.device, head, 0, 1)?;
                if row.cursor <= head && lowest_lost.is_none() && said.is_empty() {
                    return Ok(());
                }
                row.cursor = row.cursor.min(head);
                row.first = row.first.min(head);
                if let Some(lowest) = lowest_lost {
                    // What is offered again takes the counters of what was lost, so that nobody misses any.
                    row.counter = lowest - 1;
                }
            }
            Cut::Unknown(acknowledged) => {
                row.cursor = acknowledged;
                row.first = row.first.min(acknowledged);
            }
        }
        self.tables.forget_history_behind(id, head)?;
        self.tables.forget_holes_behind(id, row.cursor)?;
        self.tables.put_conversation(row)?;
        self.settings_go_back(id, row.cursor)?;
        let known = match cut {
            Cut::Behind(head) => head,
            Cut::Unknown(acknowledged) => acknowledged,
        };
        self.offer_again(id, head, known, me.device.member.device, lowest_lost.is_some())?;
        self.changed(id);
        Ok(())
    }

    /// What was said behind the cut waits again, before what waits already. What had expired for those who did not fetch
    /// it stays expired.
    pub(super) fn offer_again(
        &mut self,
        id: ConversationId,
        head: u64,
        known: u64,
        device: huis_proto::DeviceId,
        counts_anew: bool,
    ) -> Result<(), DbError> {
        let waiting: Vec<_> = self.tables.tasks_of(id)?.into_iter().filter(|task| task.task.is_message()).collect();
        let since_ms = self.client.now_ms().saturating_sub(limits::RETENTION.as_millis() as u64);
        loop {
            let lost = self.tables.sent_behind(id, device, head, since_ms, PORTION)?;
            if lost.is_empty() {
                break;
            }
            for message in lost {
                self.tables.wait_again(message.position)?;
                self.task(id, message.id, &Task::Say { content: Bytes(message.content), shown: true })?;
                self.said(id, message.id);
            }
        }
        let reason = "the server lost this message, and what is opened once is not kept here; write it again".into();
        for message in self.tables.fail_once_behind(id, device, known, since_ms, &Failure::Invalid { reason })? {
            self.said(id, message);
        }
        self.marks_go_back(id, known)?;
        for task in waiting {
            // What was sealed names an entry that is no more, and its counter belongs to what comes before it.
            if counts_anew {
                if task.sealed.is_some() {
                    self.tables.is_perhaps_taken(task.position)?;
                }
                self.tables.delete_task(task.position)?;
                self.task(id, task.id, &task.task)?;
            } else if task.sealed.is_some() {
                self.tables.unseal(task.position)?;
            }
        }
        Ok(())
    }
}
