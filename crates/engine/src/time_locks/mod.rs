//! Messages that open later: when their time comes, the server is asked for its share, or the beacon for its round, and what is
//! inside takes the place of what was locked.

mod beacons;
mod commands;

use std::time::Duration;

use futures_util::future::select;
use huis_core::content::Content;
use huis_core::time_locks::{Place, Timed, UnlockError};
use huis_proto::rest::ReleasedShare;
use huis_proto::{ErrorCode, TimeShare, limits};
use huis_views::{Connection, Event, Notice};
use rand::Rng;
use tokio::sync::Notify;

use crate::api::ApiError;
use crate::client::{Client, Step};
use crate::db::{Asked, ConversationRow, DbError, Keeper, LockRow, LockStanding, MessageRow};
use crate::sync::RECEIPTS_UP_TO;

pub(crate) use self::beacons::{BeaconFault, Rounds};
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
/// The same where the server is there now and then, and it is not heard to the end what it has.
const BEHIND_MS: u64 = 600_000;
/// Between portions of what is due.
const YIELDS_FOR: Duration = Duration::from_millis(1);
/// The longest pause before a beacon is asked again, in milliseconds: nobody may be there to say that it is reached again.
const BEACON_PAUSE_MS: u64 = 300_000;

/// What became of a question.
enum Answer {
    Share(TimeShare),
    /// It is to be asked again, not before so many seconds if the server says so.
    Later(Option<u64>),
    /// It was locked by a beacon that this device does not know; it may be told of it.
    NotKnown,
    /// The beacon gives no round now: whatever else is due is asked for when this one is, not before so many seconds if the server
    /// says so.
    Dark(Option<u64>),
    /// The server has no such share, or not for this account.
    Unknown,
    Withdrawn,
    /// It will not open, and why.
    Never(String),
}

/// Who can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// The server, and what it passes on of a beacon; it has said what was said meanwhile.
    Server,
    /// The beacon, by ways of the device's own.
    BeaconAlone,
}

/// Since when the device has not heard what was said meanwhile, by its clock.
#[derive(Debug, Clone, Copy)]
struct Behind {
    away_since_ms: u64,
    since_ms: u64,
    /// How it was when it was looked the last time, which may be long ago.
    was_open: bool,
    was_heard: bool,
}

impl Behind {
    fn at(now_ms: u64) -> Self {
        Self { away_since_ms: now_ms, since_ms: now_ms, was_open: false, was_heard: false }
    }

    /// How much longer it waits for what was said meanwhile.
    fn left(&mut self, is_open: bool, is_heard: bool, now_ms: u64) -> Duration {
        // That it has ended may be known only now; and a clock that was set back counts from there.
        if std::mem::replace(&mut self.was_open, is_open) || is_open || now_ms < self.away_since_ms {
            self.away_since_ms = now_ms;
        }
        if std::mem::replace(&mut self.was_heard, is_heard) || is_heard || now_ms < self.since_ms {
            self.since_ms = now_ms;
        }
        let left = |since_ms: u64, bound_ms: u64| bound_ms.saturating_sub(now_ms.saturating_sub(since_ms));
        Duration::from_millis(left(self.away_since_ms, AWAY_MS).min(left(self.since_ms, BEHIND_MS)))
    }
}

impl Client {
    /// Opens whatever is due by the server's share, for ever.
    pub(crate) async fn run_time_locks(&self) {
        self.opens_for_ever(Asked::Server, &self.signals.time_locks).await;
    }

    /// Opens whatever is due by a beacon's round, for ever: a beacon that takes its time keeps none of the server's shares waiting.
    pub(crate) async fn run_beacon_locks(&self) {
        // A chain that was not known may be known now.
        self.note("locked messages are asked for later than they could be", |step| step.tables.ask_anew(Asked::Beacon));
        self.opens_for_ever(Asked::Beacon, &self.signals.beacon_locks).await;
    }

    async fn opens_for_ever(&self, asked: Asked, signal: &Notify) {
        let on_since_ms = self.clock.now_ms();
        let (mut moves, mut could_ask) = (0, true);
        let mut behind = Behind::at(on_since_ms);
        loop {
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
            let has_moved = std::mem::replace(&mut moves, self.clock_moves.get()) != moves;
            let who = self.who_is_asked(asked, &mut behind);
            let can_ask = who.is_ok();
            // What was put off by another clock, or while no beacon was reached, is asked for at once.
            let is_back = asked == Asked::Beacon && !could_ask && who == Ok(Who::Server);
            if has_moved || is_back {
                self.note("locked messages are asked for later than they could be", |step| step.tables.ask_anew(asked));
            }
            // It was on, and could not ask, or did not know that it was time.
            if !could_ask || has_moved {
                self.note("it is not noted which messages could not be opened in time", |step| {
                    self.could_not_ask_since(step, asked, on_since_ms)
                });
            }
            could_ask = can_ask;
            let pause = match who {
                Ok(who) => self.open_what_is_due(asked, who).await.and_then(|()| self.until_next_ask(asked)),
                Err(pause) => Ok(pause),
            };
            let pause = pause.unwrap_or_else(|error| {
                tracing::warn!(%error, "messages that are due could not be opened");
                LOOK_EVERY
            });
            // However much is due, everything else of the device goes on.
            let pause = self.clock.sleep(pause.max(YIELDS_FOR));
            select(Box::pin(signal.notified()), pause).await;
        }
    }

    /// Who can be asked now; or how long to wait for somebody, who wakes this flow when it is there.
    fn who_is_asked(&self, asked: Asked, behind: &mut Behind) -> Result<Who, Duration> {
        let is_open = self.connection.get() == Connection::Open && self.has_session();
        let now_ms = self.clock.now_ms();
        // Whose machine slept holds a connection for open that is none any more.
        let is_awake = self.last_frame_ms.get().saturating_add(limits::SILENCE.as_millis() as u64) > now_ms;
        let is_heard = is_open && self.caught_up.get() && is_awake;
        let left = behind.left(is_open, is_heard, now_ms);
        match asked {
            Asked::Server if is_open => Ok(Who::Server),
            Asked::Beacon if is_heard => Ok(Who::Server),
            Asked::Beacon if self.me().is_some() && !self.beacons.ways.is_empty() => match left {
                Duration::ZERO => Ok(Who::BeaconAlone),
                left => Err(left),
            },
            _ => Err(LOOK_EVERY),
        }
    }

    /// Notes something without which the device goes on.
    fn note(&self, otherwise: &'static str, note: impl FnOnce(&mut Step<'_>) -> Result<(), DbError>) {
        if let Err(error) = self.step(note) {
            tracing::warn!(%error, "{otherwise}");
        }
    }

    /// What came due since the device is on could not be asked for. By a slow clock, before the server is heard, nothing counts that
    /// came due while the device was off.
    fn could_not_ask_since(&self, step: &mut Step<'_>, asked: Asked, on_since_ms: u64) -> Result<(), DbError> {
        step.tables.put_off(asked, self.begins_by_the_server(on_since_ms), self.due_ms(asked))
    }

    /// The time by which is asked. A beacon gives nothing early, whoever asks: so no server's clock keeps its rounds back.
    fn due_ms(&self, asked: Asked) -> u64 {
        match asked {
            Asked::Server => self.server_now_ms(),
            Asked::Beacon => self.server_now_ms().max(self.clock.now_ms()),
        }
    }

    fn until_next_ask(&self, asked: Asked) -> Result<Duration, DbError> {
        let next = self.read(|tables| tables.next_ask_ms(asked))?;
        let until = |at_ms: u64| Duration::from_millis(at_ms.saturating_sub(self.due_ms(asked)));
        Ok(next.map_or(LOOK_EVERY, |at_ms| until(at_ms).min(LOOK_EVERY)))
    }

    /// Whether the time of a locked message has come.
    pub(crate) fn opens_something(&self) -> Result<bool, DbError> {
        let is_due = |asked| {
            let next = self.read(|tables| tables.next_ask_ms(asked))?;
            Ok::<_, DbError>(next.is_some_and(|at_ms| at_ms <= self.due_ms(asked)))
        };
        Ok(is_due(Asked::Server)? || is_due(Asked::Beacon)?)
    }

    fn due(&self, asked: Asked) -> Result<Vec<LockRow>, DbError> {
        self.read(|tables| match asked {
            Asked::Server => tables.shares_due(self.due_ms(asked), PORTION),
            Asked::Beacon => tables.rounds_due(self.due_ms(asked), self.clock.now_ms(), PORTION),
        })
    }

    async fn open_what_is_due(&self, asked: Asked, who: Who) -> Result<(), DbError> {
        for lock in self.due(asked)? {
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
                Some(chain) => self.ask_for_round(chain, &lock, &message, who).await,
            };
            let is_dark = matches!(answer, Answer::Dark(_));
            self.step(|step| match answer {
                Answer::Share(share) => step.unlock(lock.message, &share),
                Answer::Withdrawn => step.lock_ends(lock.message, LockStanding::Withdrawn),
                Answer::Unknown if lock.tries >= MOST_TRIES => {
                    step.will_not_open(lock.message, "the server does not have its share any more".into())
                }
                Answer::Unknown => step.ask_later(&lock, lock.tries.saturating_add(1), None),
                Answer::Later(after_s) => step.is_put_off(&lock, after_s),
                Answer::Dark(after_s) => step.all_is_put_off(&lock, after_s),
                Answer::NotKnown => step.waits_for_a_setting(&lock),
                Answer::Never(reason) => step.will_not_open(lock.message, reason),
            })?;
            if is_dark {
                break;
            }
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
        self.ask_later(lock, more_tries(lock), after_s)
    }

    /// As [`is_put_off`](Self::is_put_off), and with it everything else that is due by a beacon; what was asked for less often comes
    /// first then, for it may be this round alone that nobody gives.
    fn all_is_put_off(&mut self, lock: &LockRow, after_s: Option<u64>) -> Result<(), DbError> {
        let now_ms = self.client.due_ms(Asked::Beacon);
        let pause_ms = self.pause_ms(lock, None).max(after_s.map_or(0, |_| self.pause_ms(lock, after_s)));
        let at_ms = now_ms.saturating_add(pause_ms);
        self.tables.put_off_rounds_due(now_ms, at_ms)?;
        // More than those have that were put off with it.
        self.tables.ask_again(lock.message, more_tries(lock).max(2), at_ms)
    }

    /// It is looked at again now and then, and at each start.
    fn waits_for_a_setting(&mut self, lock: &LockRow) -> Result<(), DbError> {
        tracing::warn!(message = lock.message, "a message was locked by a beacon that this device does not know");
        let at_ms = self.client.due_ms(Asked::Beacon).saturating_add(PAUSE_MS.end);
        self.tables.ask_again(lock.message, more_tries(lock), at_ms)
    }

    fn ask_later(&mut self, lock: &LockRow, tries: u32, after_s: Option<u64>) -> Result<(), DbError> {
        let asked = if lock.chain.is_some() { Asked::Beacon } else { Asked::Server };
        let at_ms = self.client.due_ms(asked).saturating_add(self.pause_ms(lock, after_s));
        self.tables.ask_again(lock.message, tries, at_ms)
    }

    fn pause_ms(&self, lock: &LockRow, after_s: Option<u64>) -> u64 {
        let longest = if lock.chain.is_some() { BEACON_PAUSE_MS } else { PAUSE_MS.end };
        let longer = (PAUSE_MS.start << lock.tries.min(LONGEST_AFTER)).min(longest * 3 / 2);
        match after_s {
            // As the server says, which knows better; but it does not put off a message for ever.
            Some(seconds) => seconds.saturating_mul(1000).clamp(1000, longest),
            None => self.client.random.borrow_mut().gen_range(longer / 2..=longer).min(longest),
        }
    }
}

/// The tries of a lock where nobody said that there is no share.
fn more_tries(lock: &LockRow) -> u32 {
    if lock.tries < LONGEST_AFTER { lock.tries + 1 } else { lock.tries }
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
