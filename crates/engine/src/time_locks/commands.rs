//! What a person does with messages that open later.

use huis_core::time_locks::{BeaconLock, Shares};
use huis_proto::{ErrorCode, MessageId, TimeShare, limits};
use huis_views::{Annotate, Annotation, Failure, LockTrust, MessageView, Sent, ToSend};

use super::{is_withdrawn, lock_path};
use crate::client::{Client, Step};
use crate::conversations::known_message;
use crate::db::{Asked, DbError, Keeper, LockStanding, MessageRow, MessageStanding, Tables};
use crate::ports::Method;
use crate::reading::MOST_ROWS;

/// How something is locked that is about to be stored.
#[derive(Debug, Clone)]
pub(crate) struct Locking {
    /// When it opens, in milliseconds since 1970.
    pub(crate) unlocks_at_ms: u64,
    /// What is sealed for a beacon, and the share that it opens; none where the server keeps a share.
    pub(crate) beacon: Option<(BeaconLock, TimeShare)>,
}

impl Client {
    /// Sends something that opens at this time, in milliseconds since 1970.
    pub(crate) async fn send_timed(&self, what: ToSend, unlocks_at_ms: u64, trust: LockTrust) -> Result<Sent, Failure> {
        let now_ms = self.server_now_ms();
        if unlocks_at_ms <= now_ms {
            return Err(invalid("the time at which it is to open is over"));
        }
        if unlocks_at_ms > now_ms.saturating_add(limits::TIME_LOCK_AHEAD.as_millis() as u64) {
            return Err(invalid("a message can be locked for ten years at most"));
        }
        let locking = match trust {
            LockTrust::Server => Locking { unlocks_at_ms, beacon: None },
            LockTrust::Drand => self.lock_by_beacon(unlocks_at_ms, matches!(what, ToSend::Files(_))).await?,
        };
        match what {
            ToSend::Text(wish) => self.send(wish, Some(locking)).await,
            ToSend::Files(wish) => self.send_files(wish, Some(locking)).await,
        }
    }

    /// Takes a message back before it opens: the server destroys its share, and everybody sees that it was taken back. Of one
    /// that a beacon opens the share can't be destroyed: everybody's devices are told to forget it. What was never sealed is
    /// forgotten here; of anything else the server may have the share, also where it waits again or failed.
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
        let lock = self.read(|tables| tables.lock(row.position))?;
        let by_beacon = lock.filter(|lock| lock.chain.is_some());
        let is_withdrawn = match by_beacon {
            Some(lock) => self.opens_ms(&lock) > self.due_ms(Asked::Beacon),
            None => self.destroy_share(&row).await?,
        };
        if !is_withdrawn {
            // By a clock that is late others have not opened it.
            let message = "The message may have opened already; delete it instead.".into();
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
        let lock = self.read(|tables| tables.lock(row.position))?;
        let is_locked = lock.is_some_and(|lock| lock.standing == LockStanding::Waiting && lock.chain.is_none());
        if row.own && row.seq.is_some() && is_locked {
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
    pub(crate) fn lock_until(&mut self, position: u64, locking: &Locking) -> Result<(), DbError> {
        let mut shares = Shares::random(&mut *self.client.random.borrow_mut());
        let mut keeper = Keeper::Server;
        if let Some((beacon, share)) = &locking.beacon {
            (shares.server, keeper) = (*share, Keeper::Beacon(&beacon.chain, Some(beacon)));
        }
        let chain = locking.beacon.as_ref().map(|(beacon, _)| &beacon.chain);
        let ask_ms = self.client.asked_ms(locking.unlocks_at_ms, chain);
        self.tables.add_lock(position, locking.unlocks_at_ms, (Some(&shares), keeper), ask_ms)?;
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

pub(super) fn invalid(reason: &str) -> Failure {
    Failure::Invalid { reason: reason.into() }
}
