//! Welcomes: somebody added this device to a conversation.

use std::collections::BTreeSet;
use std::rc::Rc;

use huis_core::groups::{Disposition, Expectation, Group, JoinError};
use huis_proto::frames::{ClientFrame, WelcomeEntry};
use huis_proto::{AccountId, ConversationId, ConversationKind};
use huis_views::{Notice, RepairReason};

use super::Ended;
use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, State, Task};

/// How often device lists are fetched for one welcome.
const ROUNDS: usize = 4;

/// What became of a welcome.
enum Welcomed {
    /// It is used, or of no use; it need not come again.
    Done,
    NeedsLists(Vec<AccountId>),
}

impl Client {
    pub(super) async fn take_welcome(self: &Rc<Self>, welcome: &WelcomeEntry) -> Result<(), Ended> {
        let mut fetched = Vec::new();
        for _ in 0..ROUNDS {
            match self.step(|step| step.take_welcome(welcome, &fetched))? {
                Welcomed::Done => {
                    let ack = ClientFrame::AckWelcome { conversation: welcome.conversation, seq: welcome.seq };
                    let mut traffic = self.traffic.borrow_mut();
                    traffic.reached(welcome.conversation, welcome.commit_counter);
                    traffic.queue(&[ack]);
                    drop(traffic);
                    self.signals.frames.notify_one();
                    return Ok(());
                }
                Welcomed::NeedsLists(accounts) => {
                    self.fetch_lists(&accounts).await?;
                    fetched.extend(accounts);
                }
            }
        }
        Err(Ended::Garbage("device lists stay incomplete".into()))
    }
}

impl Step<'_> {
    fn take_welcome(&mut self, welcome: &WelcomeEntry, fetched: &[AccountId]) -> Result<Welcomed, DbError> {
        let Some(me) = self.client.me() else { return Ok(Welcomed::Done) };
        let id = welcome.conversation;
        let before = self.tables.conversation(id)?;
        if before.as_ref().is_some_and(|row| row.state == State::Joined && row.first >= welcome.seq) {
            return Ok(Welcomed::Done);
        }
        // Anybody there can add this device once more, by a commit that the others skip. The log, which is delivered
        // without a hole from a seat that is older, says whether this device has lost its leaf meanwhile.
        let is_told_by_the_log = |row: &ConversationRow| row.state == State::Joined && welcome.seat <= row.cursor;
        if before.as_ref().is_some_and(is_told_by_the_log) && self.has_living_group(id) {
            return Ok(Welcomed::Done);
        }
        let (tables, known) = (self.tables, self.client.known());
        // A welcome to a conversation that the account knows brings in nobody whom it does not know there.
        let known_there = before
            .as_ref()
            .filter(|row| row.state != State::Left && !row.accounts.is_empty() && row.kind != ConversationKind::Open);
        let expected: Option<BTreeSet<AccountId>> = known_there.map(|row| row.accounts.iter().copied().collect());
        let accounts = expected.as_ref();
        let expectation = Expectation { conversation: id, kind: Some(welcome.kind), accounts, fetched };
        // A group in memory is of no use any more if this succeeds, and as it was if not.
        let bytes = &welcome.welcome;
        let counter = welcome.commit_counter;
        let joined = match Group::join_from_welcome(&tables, &me.device, &known, bytes, counter, &expectation) {
            Ok(joined) => joined,
            Err(error) => return self.not_welcomed(before, welcome, error),
        };
        let inviter = joined.inviter.account;
        let mut row = before.unwrap_or_else(|| {
            let mut row = ConversationRow::new(id, welcome.kind);
            row.accepted = false;
            row
        });
        let was_left = row.state == State::Left;
        if was_left {
            // Invited once more: a request again, unless by a friend, or as another device of the account has it.
            row.accepted = false;
        }
        row.state = State::Joined;
        row.first = welcome.seq;
        row.cursor = welcome.seq;
        row.opened_by = Some(inviter);
        row.accepted |= inviter == me.account() || self.is_friend(inviter)?;
        row.newest_ms = row.newest_ms.max(welcome.received_at_ms);
        if welcome.kind == ConversationKind::Direct {
            row.peer = joined.group.roster().accounts().find(|account| *account != me.account());
        }
        row.update_due_ms = self.first_update_due(&Task::Tidy);
        tables.forget_history(id)?;
        // Nor is it known who came in while this device was out.
        tables.forget_card_shown(id)?;
        tables.put_conversation(&row)?;
        self.set_group(joined.group);
        self.read_roster(id, welcome.received_at_ms)?;
        if was_left {
            self.take_acceptance(id)?;
        }
        self.state_changed()?;
        self.wake_joined();
        self.wake_outbox();
        self.wake_upkeep();
        Ok(Welcomed::Done)
    }

    /// Whether a conversation with this account alone was accepted: its invitations are no stranger's.
    fn is_friend(&self, account: AccountId) -> Result<bool, DbError> {
        Ok(self.tables.conversation_with(account)?.is_some_and(|row| row.accepted))
    }

    fn has_living_group(&mut self, id: ConversationId) -> bool {
        self.group(id).is_ok_and(|group| group.is_some_and(|group| group.is_active()))
    }

    fn not_welcomed(
        &mut self,
        before: Option<ConversationRow>,
        welcome: &WelcomeEntry,
        error: JoinError,
    ) -> Result<Welcomed, DbError> {
        let id = welcome.conversation;
        match error.disposition() {
            Disposition::FetchDeviceLists(accounts) => return Ok(Welcomed::NeedsLists(accounts)),
            Disposition::StoreFailed => return Err(DbError::Form("group")),
            Disposition::Repair | Disposition::Stop => {}
        }
        let reason = RepairReason::Welcome { detail: error.to_string() };
        match before {
            // A member by what is stored here, and yet with a seat that begins behind what was read: commits are missing.
            Some(row) if row.state == State::Joined => self.repair(id, reason)?,
            // It joins by itself and compares the members, or a person decides.
            Some(row) if matches!(row.state, State::Joining | State::Repairing | State::Held) => {}
            before => {
                // The account is in; this device comes in by itself.
                let mut row = before.unwrap_or_else(|| ConversationRow::new(id, welcome.kind));
                row.state = State::Joining;
                row.accepted = false;
                row.opened_by = Some(welcome.author.account);
                if welcome.kind == ConversationKind::Direct {
                    row.peer = Some(welcome.author.account);
                }
                self.tables.put_conversation(&row)?;
                self.notice(Some(id), Notice::Repairing { reason })?;
                self.task(id, self.client.random_id(), &Task::Join { checked: false })?;
                self.changed(id);
            }
        }
        Ok(Welcomed::Done)
    }
}
