//! Messages that open later: when their time comes, the server is asked for its share, or the beacon for its round, and what is
//! inside takes the place of what was locked.

mod beacons;
mod commands;

use std::time::Duration;

use futures_util::future::select;
use huis_core::content::Content;
use huis_core::time_locks::{Place, Timed, UnlockError};
use huis_proto::rest::ReleasedShare;
use huis_proto::{ErrorCode, TimeShare};
use huis_views::{Connection, Event, Notice};
use rand::Rng;

use crate::api::ApiError;
use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, Keeper, LockRow, LockStanding, MessageRow};
use crate::sync::RECEIPTS_UP_TO;

pub(crate) use self::beacons::BeaconFault;
pub(crate) use self::commands::Locking;

/// Shares that are asked for one behind the other, before it is looked what is due.
const PORTION: u32 = 16;
/// Without anything due it is looked again this often, for clocks that were set.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// The pause before a share is asked for again: longer each time, from the first to the second, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 2_000..6 * 3_600_000;
/// After so many tries the pause is the longest.
const LONGEST_AFTER: u32 = 14;
/// A share that the server does not have is asked for so often: over about three months.
const MOST_TRIES: u32 = 360;
/// While the deletion of a locked message waits to be sent, in seconds.
const LOOK_AT_DELETED_S: u64 = 60;
/// Where many wait for the same moment they ask over this time, in milliseconds.
const SPREAD_MS: u64 = 10_000;
/// Who names a later time, which no server takes, is taken for naming this one: the database can't say more.
const LATEST_MS: u64 = i64::MAX as u64 - 2 * SPREAD_MS;
/// Who is away for so long, in milliseconds, opens by itself what the server is not needed for: until then it may hear yet that a
/// message was withdrawn.
const AWAY_MS: u64 = 60_000;

/// What became of a question.
enum Answer {
    Share(TimeShare),
    /// It is to be asked again, not before so many seconds if the server says so.
    Later(Option<u64>),
    /// The server has no such share, or not for this account.
    Unknown,
    Withdrawn,
    /// It is to be asked in a moment, and was not asked yet.
    Soon,
    /// It will not open, and why.
    Never(String),
}

impl Client {
    /// Opens whatever is due, for ever.
    pub(crate) async fn run_time_locks(&self) {
        let on_since_ms = self.clock.now_ms();
        let (mut was_away, mut away_since_ms) = (false, on_since_ms);
        loop {
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
            let has_moved = self.clock_moved.replace(false);
            if has_moved && let Err(error) = self.step(|step| step.tables.ask_anew()) {
                tracing::warn!(%error, "locked messages are asked for later than they could be");
            }
            // It was on, and could not ask, or did not know that it was time.
            let could_not_ask = was_away || has_moved;
            if could_not_ask && let Err(error) = self.could_not_ask_since(on_since_ms) {
                tracing::warn!(%error, "it is not noted which messages could not be opened in time");
            }
            let is_away = self.connection.get() != Connection::Open || !self.has_session();
            if !is_away || !was_away {
                away_since_ms = self.clock.now_ms();
            }
            was_away = is_away;
            let longest = match self.until_next_ask(is_away) {
                // It wakes this flow when it is open.
                Ok(_) if is_away && (self.beacons.ways.is_empty() || self.me().is_none()) => LOOK_EVERY,
                Ok(next) if is_away => {
                    let away_ms = self.clock.now_ms().saturating_sub(away_since_ms);
                    next.max(Duration::from_millis(AWAY_MS.saturating_sub(away_ms))).min(LOOK_EVERY)
                }
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "it can't be read which messages open next");
                    LOOK_EVERY
                }
            };
            if longest > Duration::ZERO {
                select(Box::pin(self.signals.time_locks.notified()), self.clock.sleep(longest)).await;
                continue;
            }
            if let Err(error) = self.open_what_is_due(is_away).await {
                tracing::warn!(%error, "messages that are due could not be opened");
                self.clock.sleep(LOOK_EVERY).await;
            }
        }
    }

    /// What came due since the device is on could not be asked for. By a slow clock, before the server is heard, nothing counts that
    /// came due while the device was off.
    fn could_not_ask_since(&self, on_since_ms: u64) -> Result<(), DbError> {
        self.step(|step| step.tables.put_off(self.begins_by_the_server(on_since_ms), self.server_now_ms()))
    }

    fn until_next_ask(&self, without_server: bool) -> Result<Duration, DbError> {
        let next = self.read(|tables| tables.next_ask_ms(without_server))?;
        let until = |at_ms: u64| Duration::from_millis(at_ms.saturating_sub(self.server_now_ms()));
        Ok(next.map_or(LOOK_EVERY, |at_ms| until(at_ms).min(LOOK_EVERY)))
    }

    /// Whether the time of a locked message has come.
    pub(crate) fn opens_something(&self) -> Result<bool, DbError> {
        Ok(self.read(|tables| tables.next_ask_ms(false))?.is_some_and(|at_ms| at_ms <= self.server_now_ms()))
    }

    async fn open_what_is_due(&self, without_server: bool) -> Result<(), DbError> {
        let mut due = self.read(|tables| tables.locks_due(self.server_now_ms(), without_server, PORTION))?;
        // A beacon that takes its time does not keep the server's shares waiting.
        due.sort_by_key(|lock| lock.chain.is_some());
        let mut is_dark = false;
        for lock in due {
            let Some(message) = self.read(|tables| tables.message_at(lock.message))? else {
                self.step(|step| step.tables.destroy_lock(lock.message))?;
                continue;
            };
            if message.deleted {
                // With its deletion in the log the lock would be gone: it may be refused yet, and is undone then.
                self.step(|step| step.is_put_off(&lock, Some(LOOK_AT_DELETED_S)))?;
                continue;
            }
            let answer = match &lock.chain {
                None => self.ask_for_share(&message).await,
                // Whoever did not give one round is not waited for with each of the others.
                Some(_) if is_dark => Answer::Later(None),
                Some(chain) => self.ask_for_round(chain, &lock, &message, without_server).await,
            };
            is_dark |= lock.chain.is_some() && matches!(answer, Answer::Later(_));
            self.step(|step| match answer {
                Answer::Share(share) => step.unlock(lock.message, &share),
                Answer::Withdrawn => step.lock_ends(lock.message, LockStanding::Withdrawn),
                Answer::Unknown if lock.tries >= MOST_TRIES => {
                    step.will_not_open(lock.message, "the server does not have its share any more".into())
                }
                Answer::Unknown => step.ask_later(&lock, lock.tries.saturating_add(1), None),
                Answer::Later(after_s) => step.is_put_off(&lock, after_s),
                Answer::Soon => step.ask_later(&lock, lock.tries, Some(beacons::CATCHES_UP_S)),
                Answer::Never(reason) => step.will_not_open(lock.message, reason),
            })?;
        }
        Ok(())
    }

    async fn ask_for_share(&self, message: &MessageRow) -> Answer {
        let asked = self.get::<ReleasedShare>(lock_path(message)).await;
        match asked {
            Ok(released) => Answer::Share(released.share),
            Err(error) => match error.code() {
                Some(ErrorCode::NotFound | ErrorCode::NotAMember) => Answer::Unknown,
                Some(ErrorCode::TimeLockWithdrawn) => Answer::Withdrawn,
                _ => Answer::Later(error.retry_after_s()),
            },
        }
    }
}

impl Step<'_> {
    /// A locked message was stored at this position: its share is asked for when its time has come.
    pub(crate) fn is_locked_until(
        &mut self,
        conversation: &ConversationRow,
        position: u64,
        timed: &Timed,
    ) -> Result<(), DbError> {
        let many = conversation.accounts.len() > RECEIPTS_UP_TO;
        let spread = if many { self.client.random.borrow_mut().gen_range(0..SPREAD_MS) } else { 0 };
        let unlocks_ms = timed.lock.unlocks_at_ms.min(LATEST_MS);
        let chain = timed.beacon.as_ref().map(|beacon| &beacon.chain);
        let keeper = chain.map_or(Keeper::Server, |chain| Keeper::Beacon(chain, None));
        let ask_ms = self.client.asked_ms(unlocks_ms, chain) + spread;
        self.tables.add_lock(position, unlocks_ms, (None, keeper), ask_ms)?;
        self.wake_time_locks();
        Ok(())
    }

    /// Opens a message with the server's share.
    fn unlock(&mut self, position: u64, share: &TimeShare) -> Result<(), DbError> {
        let Some((lock, mut row)) = self.locked(position)? else { return Ok(()) };
        let Some(me) = self.client.me() else { return Ok(()) };
        if lock.shares.is_some() {
            // It was locked on this device, which knows what it says.
            self.tables.end_lock(position, LockStanding::Opened)?;
            if !self.stays_open(&mut row, &lock)? {
                return self.vanish(&row);
            }
            if let Some(at_ms) = row.vanishes_at_ms {
                self.tables.vanishes_at(&row, at_ms)?;
            }
            self.forget_lock_of_once(&row)?;
            return self.has_opened(&row);
        }
        let place = Place { conversation: row.conversation, author: row.author.account, message: row.id };
        let opened = match Content::from_bytes(&row.content) {
            Ok(Content::Timed(timed)) => timed.open(&place, share),
            _ => Err(UnlockError::Sealed),
        };
        let (content, bytes) = match opened {
            Ok(opened) => opened,
            // No server gave it.
            Err(UnlockError::Share) if lock.chain.is_some() => {
                return self.will_not_open(position, UnlockError::Sealed.to_string());
            }
            Err(error) => return self.will_not_open(position, error.to_string()),
        };
        row.kind = if content.files().is_empty() { "text" } else { "file" }.into();
        row.set_text(&content, me.account());
        row.content = bytes;
        if !self.stays_open(&mut row, &lock)? {
            return self.vanish(&row);
        }
        let is_less = self.without_what_was_deleted(&mut row)?;
        self.tables.put_unlocked(&row, share, self.client.timers_begin_ms())?;
        if is_less {
            self.tables.forget_sealed(position)?;
        }
        self.forget_lock_of_once(&row)?;
        self.refresh_message(row.conversation, row.as_target())?;
        self.has_opened(&row)
    }

    /// Who wrote what is opened once has it no more, and nothing that would open it again.
    fn forget_lock_of_once(&mut self, row: &MessageRow) -> Result<(), DbError> {
        if row.own && row.stay.once {
            self.tables.forget_shares(row.position)?;
            self.forget_what_is_once(row)?;
        }
        Ok(())
    }

    /// A person is told, and finds it.
    fn has_opened(&mut self, row: &MessageRow) -> Result<(), DbError> {
        let (conversation, message) = (row.conversation, row.id);
        let now_ms = self.client.now_ms();
        self.heard_in(conversation, now_ms)?;
        self.brings_back(conversation, row.seq, now_ms)?;
        self.said(conversation, message);
        self.changed(conversation);
        self.event(Event::Unlocked { conversation, message });
        Ok(())
    }

    /// The lock of a message that waits, with its message.
    fn locked(&self, position: u64) -> Result<Option<(LockRow, MessageRow)>, DbError> {
        let lock = self.tables.lock(position)?.filter(|lock| lock.standing == LockStanding::Waiting);
        Ok(lock.zip(self.tables.message_at(position)?))
    }

    fn lock_ends(&mut self, position: u64, standing: LockStanding) -> Result<(), DbError> {
        let Some((_, row)) = self.locked(position)? else { return Ok(()) };
        self.tables.end_lock(position, standing)?;
        self.said(row.conversation, row.id);
        Ok(())
    }

    fn will_not_open(&mut self, position: u64, reason: String) -> Result<(), DbError> {
        let Some((_, row)) = self.locked(position)? else { return Ok(()) };
        let (message, sender) = (row.id, self.named(row.author.account)?);
        self.notice(Some(row.conversation), Notice::WillNotOpen { message, sender, reason })?;
        self.lock_ends(position, LockStanding::Broken)
    }

    /// Nobody said that there is no share: that makes the pauses longer, and is no reason to give up.
    fn is_put_off(&mut self, lock: &LockRow, after_s: Option<u64>) -> Result<(), DbError> {
        let tries = if lock.tries < LONGEST_AFTER { lock.tries + 1 } else { lock.tries };
        self.ask_later(lock, tries, after_s)
    }

    fn ask_later(&mut self, lock: &LockRow, tries: u32, after_s: Option<u64>) -> Result<(), DbError> {
        let longer = PAUSE_MS.start << lock.tries.min(LONGEST_AFTER);
        let pause_ms = match after_s {
            // As the server says, which knows better; but it does not put off a message for ever.
            Some(seconds) => seconds.saturating_mul(1000).clamp(1000, PAUSE_MS.end),
            None => self.client.random.borrow_mut().gen_range(longer / 2..=longer).min(PAUSE_MS.end),
        };
        let at_ms = self.client.server_now_ms().saturating_add(pause_ms);
        self.tables.ask_again(lock.message, tries, at_ms)
    }
}

fn lock_path(message: &MessageRow) -> String {
    let (author, id) = (message.author.account, message.id);
    format!("/api/v1/conversations/{}/time-locks/{author}/{id}", message.conversation)
}

/// Whether a share could be destroyed, or there is none to destroy any more.
fn is_withdrawn(answer: Result<(), ApiError>) -> Result<bool, ApiError> {
    match answer {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(ErrorCode::TimeLockOpened) => Ok(false),
        // The server has lost it: whoever has no share gets none.
        Err(error) if error.code() == Some(ErrorCode::NotFound) => Ok(true),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
