//! What this device lets others know.

use std::time::Duration;

use futures_util::future::select;
use huis_core::groups::Sign;
use huis_proto::frames::ClientFrame;
use huis_proto::{ConversationId, ConversationKind};
use huis_views::{Connection, Event, Failure};
use rand::Rng;

use super::ATTENDED_MS;
use crate::accounts::is_talked_in;
use crate::client::Client;
use crate::db::{ConversationRow, DbError, State, Tables};

/// The pauses between two signs that somebody is here, in milliseconds.
const HERE_EVERY_MS: std::ops::RangeInclusive<u64> = 40_000..=50_000;
/// Where it is said: in so many conversations, those with the newest messages.
const PLACES: usize = 16;
/// Conversations of more accounts are not told anything.
const ACCOUNTS: usize = 64;
/// That somebody is writing is said again after this long at the earliest, in milliseconds.
const WRITING_EVERY_MS: u64 = 4_000;
/// How long it is waited where the database does not answer.
const FAULT: Duration = Duration::from_secs(60);

impl Client {
    /// A person is at a face.
    pub(crate) fn attend(&self) -> Result<(), Failure> {
        self.signed_in()?;
        self.presence.borrow_mut().attended_until_ms = self.clock.now_ms().saturating_add(ATTENDED_MS);
        self.signals.presence.notify_one();
        Ok(())
    }

    /// A person is writing.
    pub(crate) fn typing(&self, conversation: ConversationId) -> Result<(), Failure> {
        self.signed_in()?;
        let now_ms = self.clock.now_ms();
        let recent = |told_ms: u64| now_ms.saturating_sub(told_ms) < WRITING_EVERY_MS && told_ms <= now_ms;
        if self.presence.borrow().written.get(&conversation).is_some_and(|told_ms| recent(*told_ms)) {
            return Ok(());
        }
        if self.is_told(conversation)? && self.say_sign(conversation, Sign::Writing)? {
            let mut presence = self.presence.borrow_mut();
            presence.written.retain(|_, told_ms| recent(*told_ms));
            presence.written.insert(conversation, now_ms);
        }
        Ok(())
    }

    /// Says that somebody is here for as long as that is so, lets go what others said, and has the other devices told
    /// what was read; for ever.
    pub(crate) async fn run_presence(&self) {
        loop {
            let next = self.tend_presence().unwrap_or_else(|error| {
                tracing::warn!(%error, "presence can't be told");
                Some(FAULT)
            });
            match next {
                None => self.signals.presence.notified().await,
                Some(pause) => {
                    let pause = self.clock.sleep(pause);
                    select(Box::pin(self.signals.presence.notified()), pause).await;
                }
            }
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// The connection has caught up: whoever is there says so anew.
    pub(crate) fn presence_begins_anew(&self) {
        self.presence.borrow_mut().next_here_ms = 0;
        self.signals.presence.notify_one();
    }

    /// Says that nobody is here any more, where the contrary was said.
    pub(crate) fn say_away(&self) -> Result<(), DbError> {
        let told = {
            let mut presence = self.presence.borrow_mut();
            presence.attended_until_ms = 0;
            presence.next_here_ms = 0;
            std::mem::take(&mut presence.told)
        };
        for conversation in told {
            if self.may_be_told(conversation)? {
                self.say_sign(conversation, Sign::Away)?;
            }
        }
        Ok(())
    }

    /// Does what is due; gives how long there is nothing to do then.
    fn tend_presence(&self) -> Result<Option<Duration>, DbError> {
        if !self.has_session() {
            return Ok(None);
        }
        let reads_ms = self.share_reads(false)?;
        let now_ms = self.clock.now_ms();
        let mut next_ms = reads_ms.map(|pause_ms| now_ms.saturating_add(pause_ms));
        let mut wake_at = |at_ms: u64| next_ms = Some(next_ms.map_or(at_ms, |other: u64| other.min(at_ms)));
        let changed = if self.read(|tables| tables.preferences())?.presence {
            self.presence.borrow_mut().expire(now_ms)
        } else {
            self.say_away()?;
            self.presence.borrow_mut().forget(None)
        };
        changed.into_iter().for_each(|conversation| self.emit(Event::Presence { conversation }));
        let (attended_until_ms, next_here_ms) = {
            let presence = self.presence.borrow();
            (presence.attended_until_ms, presence.next_here_ms)
        };
        if now_ms >= attended_until_ms {
            self.say_away()?;
        } else if self.connection.get() == Connection::Open && self.caught_up.get() {
            wake_at(attended_until_ms);
            let pause_ms = self.random.borrow_mut().gen_range(HERE_EVERY_MS);
            if now_ms >= next_here_ms || next_here_ms > now_ms.saturating_add(*HERE_EVERY_MS.end()) {
                self.say_here()?;
                self.presence.borrow_mut().next_here_ms = now_ms.saturating_add(pause_ms);
            }
            wake_at(self.presence.borrow().next_here_ms);
        } else {
            wake_at(attended_until_ms);
        }
        if let Some(expiry_ms) = self.presence.borrow().next_expiry_ms() {
            wake_at(expiry_ms);
        }
        Ok(next_ms.map(|at_ms| Duration::from_millis(at_ms.saturating_sub(now_ms).max(1))))
    }

    fn say_here(&self) -> Result<(), DbError> {
        let rows = self.read(|tables| tables.conversations())?;
        let mut places = 0;
        for row in rows {
            if places == PLACES {
                break;
            }
            if self.read(|tables| self.may_hear(tables, &row))? && self.say_sign(row.id, Sign::Here)? {
                self.presence.borrow_mut().told.insert(row.id);
                places += 1;
            }
        }
        Ok(())
    }

    /// Whether a conversation is told anything of the person here.
    fn is_told(&self, conversation: ConversationId) -> Result<bool, DbError> {
        Ok(self.read(|tables| tables.preferences())?.presence && self.may_be_told(conversation)?)
    }

    fn may_be_told(&self, conversation: ConversationId) -> Result<bool, DbError> {
        self.read(|tables| match tables.conversation(conversation)? {
            Some(row) => self.may_hear(tables, &row),
            None => Ok(false),
        })
    }

    /// Nothing is told to who has not answered or was not accepted, nor to an account that is blocked, nor where an
    /// identity changed and nobody accepted that, nor to whom one is about to leave.
    fn may_hear(&self, tables: Tables<'_>, row: &ConversationRow) -> Result<bool, DbError> {
        if row.state != State::Joined || !(2..=ACCOUNTS).contains(&row.accounts.len()) {
            return Ok(false);
        }
        for account in &row.accounts {
            let Some(known) = tables.account(*account)? else { continue };
            let is_blocked_peer = known.blocked && row.kind == ConversationKind::Direct;
            if known.shown_identity.is_some() || is_blocked_peer {
                return Ok(false);
            }
        }
        Ok(is_talked_in(tables, row)? && !tables.is_leaving(row.id)?)
    }

    /// Sends a sign, if the connection is there; whether it did. A group that holds a device which its account does not
    /// list any more is told nothing before that device is out.
    fn say_sign(&self, conversation: ConversationId, sign: Sign) -> Result<bool, DbError> {
        let (Some(me), Connection::Open, true) = (self.me(), self.connection.get(), self.caught_up.get()) else {
            return Ok(false);
        };
        let at_ms = self.presence.borrow_mut().next_own_ms(self.now_ms());
        let known = self.known();
        let sealed = self.look_at_group(conversation, |group| {
            let is_tidy = group.is_active() && group.unlisted(&known).is_empty();
            let seal = || group.seal_sign(&me.device, &mut *self.random.borrow_mut(), sign, at_ms).ok();
            if is_tidy { seal() } else { None }
        })?;
        let Some(payload) = sealed.flatten() else { return Ok(false) };
        self.traffic.borrow_mut().queue(&[ClientFrame::Ephemeral { conversation, payload: payload.into() }]);
        self.signals.frames.notify_one();
        Ok(true)
    }
}
