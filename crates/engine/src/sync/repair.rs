//! Mending: a conversation whose state has parted from the others' is joined anew, rarely, and never in silence.

use huis_proto::ConversationId;
use huis_views::{Notice, RepairReason};

use crate::client::Step;
use crate::db::{DbError, State, Task};

/// This many repairs may follow one another at once.
const FREE: u64 = 3;
/// The pause after them, doubled each time.
const PAUSE_MS: u64 = 600_000;
const MOST_DOUBLINGS: u64 = 6;
/// After this long without a repair the count begins anew.
const FORGIVEN_MS: u64 = 24 * 3_600_000;

impl Step<'_> {
    /// Joins the conversation anew by an external commit, soon or after a pause. Where messages that could not be read
    /// are the only reason, it is first looked whether anything has parted.
    pub(crate) fn repair(&mut self, conversation: ConversationId, reason: RepairReason) -> Result<(), DbError> {
        match reason {
            RepairReason::Unreadable { .. } => {
                self.client.traffic.borrow_mut().suspects(conversation, reason);
                Ok(())
            }
            reason => self.repair_without_comparing(conversation, reason),
        }
    }

    /// As [`repair`](Self::repair), where it is certain that the state here has parted.
    pub(super) fn repair_without_comparing(
        &mut self,
        conversation: ConversationId,
        reason: RepairReason,
    ) -> Result<(), DbError> {
        let Some(mut row) = self.tables.conversation(conversation)? else { return Ok(()) };
        if row.state != State::Joined {
            return Ok(());
        }
        let now_ms = self.client.clock.now_ms();
        if row.repaired_ms.saturating_add(FORGIVEN_MS) < now_ms {
            row.repairs = 0;
        }
        let pause = match row.repairs.checked_sub(FREE) {
            None => 0,
            Some(more) => PAUSE_MS << more.min(MOST_DOUBLINGS),
        };
        let at_ms = now_ms.max(row.repaired_ms.saturating_add(pause));
        row.repairs += 1;
        row.repaired_ms = at_ms;
        row.state = State::Repairing;
        self.tables.put_conversation(&row)?;
        self.notice(Some(conversation), Notice::Repairing { reason })?;
        if at_ms > now_ms {
            self.notice(Some(conversation), Notice::RepairDelayed { until_ms: at_ms })?;
        }
        // Commits that were built on the lost state will never be accepted.
        for task in self.tables.tasks_of(conversation)? {
            if !task.task.is_message() && task.sealed.is_some() {
                self.tables.unseal(task.position)?;
            }
        }
        self.changed(conversation);
        self.task(conversation, self.client.random_id(), &Task::Join { checked: true })?;
        Ok(())
    }

    /// Entries are gone that this device never had.
    pub(super) fn expired(&mut self, conversation: ConversationId, seq: u64) -> Result<(), DbError> {
        let Some(row) = self.tables.conversation(conversation)? else { return Ok(()) };
        if row.cursor >= seq || row.state != State::Joined {
            return Ok(());
        }
        self.notice(Some(conversation), Notice::Expired { seq })?;
        self.repair(conversation, RepairReason::Expired)
    }
}
