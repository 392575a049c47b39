//! What a person does with messages that open later.

use huis_core::time_locks::Shares;
use huis_proto::{ErrorCode, MessageId, limits};
use huis_views::{Annotate, Annotation, Failure, MessageView, Sent, ToSend};

use super::{is_withdrawn, lock_path};
use crate::client::{Client, Step};
use crate::conversations::known_message;
use crate::db::{DbError, MessageRow, MessageStanding, Tables};
use crate::ports::Method;
use crate::reading::MOST_ROWS;

impl Client {
    /// Sends something that opens at this time, in milliseconds since 1970.
    pub(crate) async fn send_timed(&self, what: ToSend, unlocks_at_ms: u64) -> Result<Sent, Failure> {
        let now_ms = self.server_now_ms();
        if unlocks_at_ms <= now_ms {
            return Err(invalid("the time at which it is to open is over"));
        }
        if unlocks_at_ms > now_ms.saturating_add(limits::TIME_LOCK_AHEAD.as_millis() as u64) {
            return Err(invalid("a message can be locked for ten years at most"));
        }
        match what {
            ToSend::Text(wish) => self.send(wish, Some(unlocks_at_ms)).await,
            ToSend::Files(wish) => self.send_files(wish, Some(unlocks_at_ms)).await,
        }
    }

    /// Takes a message back before it opens: the server destroys its share, and everybody sees that it was taken back. What was
    /// never sealed is forgotten here; of anything else the server may have the share, also where it waits again or failed.
    pub(crate) async fn withdraw_timed(&self, message: MessageId) -> Result<(), Failure> {
        self.signed_in()?;
        let row = self.read(|tables| Ok::<_, DbError>(known_message(tables, message)))??;
        if !row.own {
            return Err(invalid("only who sent a message withdraws it"));
        }
        if !self.read(|tables| tables.is_locked(row.position))? {
            return Err(invalid("this message is not locked, or not any more"));
        }
        if self.read(|tables| was_never_sealed(tables, &row))? && self.discard(message).is_ok() {
            return Ok(());
        }
        if !self.destroy_share(&row).await? {
            let message = "The message has opened already; delete it instead.".into();
            return Err(Failure::Refused { code: ErrorCode::TimeLockOpened, message, retry_after_s: None });
        }
        // It may have come into the log meanwhile.
        if self.read(|tables| Ok::<_, DbError>(known_message(tables, message)))??.seq.is_none() {
            return self.discard(message);
        }
        self.mark(Annotate { message, annotation: Annotation::Delete, wait: false }).await.map(drop)
    }

    /// Before a message of one's own is deleted: while it is locked its share goes first, so that nobody opens it who does
    /// not hear of the deletion.
    pub(crate) async fn destroy_share_of(&self, message: MessageId) -> Result<(), Failure> {
        let row = self.read(|tables| Ok::<_, DbError>(known_message(tables, message)))??;
        if row.own && row.seq.is_some() && self.read(|tables| tables.is_locked(row.position))? {
            self.destroy_share(&row).await?;
        }
        Ok(())
    }

    async fn destroy_share(&self, row: &MessageRow) -> Result<bool, Failure> {
        let asked = self.ask::<()>(Method::Delete, lock_path(row), None::<&()>).await;
        Ok(is_withdrawn(asked)?)
    }

    /// What is locked, and what was.
    pub(crate) fn time_locks(&self, most: u32) -> Result<Vec<MessageView>, Failure> {
        self.views(|tables| tables.locked_messages(most.min(MOST_ROWS)))
    }
}

impl Step<'_> {
    /// A message of this device's, which is stored, opens at this time.
    pub(crate) fn lock_until(&mut self, position: u64, unlocks_at_ms: u64) -> Result<(), DbError> {
        let shares = Shares::random(&mut *self.client.random.borrow_mut());
        self.tables.add_lock(position, unlocks_at_ms, Some(&shares), unlocks_at_ms)?;
        self.wake_time_locks();
        Ok(())
    }

    /// Refuses what would show others what is inside a message before it opens.
    pub(crate) fn check_is_open(&self, row: &MessageRow) -> Result<(), Failure> {
        if self.tables.is_locked(row.position)? {
            return Err(invalid("this message is locked; wait until it opens, or withdraw it"));
        }
        Ok(())
    }
}

/// Whether no server can have the share of a message of one's own: it waits, and neither this device nor a copy of it has
/// sealed it.
fn was_never_sealed(tables: Tables<'_>, row: &MessageRow) -> Result<bool, DbError> {
    let task = tables.task_by_id(row.conversation, row.id)?;
    let is_draft = task.is_none_or(|task| task.sealed.is_none() && task.counter.is_none());
    Ok(row.standing == MessageStanding::Waiting && !row.perhaps_taken && is_draft)
}

fn invalid(reason: &str) -> Failure {
    Failure::Invalid { reason: reason.into() }
}
