//! Which rows of the outbox go next.

use std::collections::HashSet;
use std::time::Duration;

use super::WINDOW;
use crate::client::Client;
use crate::db::{DbError, OutboxRow, State, Task};

/// Rows that are looked at.
const LOOKED_AT: u32 = 256;

/// Whether what a restored server lost is said again: what others did meanwhile is heard first.
pub(crate) const SAYS_AGAIN: &str = "says_again";

/// What the outbox does next.
pub(super) enum Next {
    /// Sends sealed messages (again).
    Resend(Vec<OutboxRow>),
    /// Seals drafts of messages, and sends them.
    Seal(Vec<OutboxRow>),
    /// Builds a commit if it is a draft, and submits it.
    Commit(Box<OutboxRow>),
    /// Waits for a signal, or this long.
    Wait(Option<Duration>),
}

impl Client {
    pub(super) fn choose(&self) -> Result<Next, DbError> {
        let now_ms = self.clock.now_ms();
        let traffic = self.traffic.borrow();
        if !traffic.open || self.stopping.get() || self.me().is_none() {
            return Ok(Next::Wait(None));
        }
        if now_ms < traffic.not_before_ms {
            return Ok(Next::Wait(Some(Duration::from_millis(traffic.not_before_ms - now_ms))));
        }
        let rows = self.read(|tables| tables.tasks_to_do(LOOKED_AT))?;
        let idle = traffic.in_flight.is_empty();
        let room = WINDOW.saturating_sub(traffic.in_flight.len());

        let mut resend = Vec::new();
        for row in rows.iter().filter(|row| row.sealed.is_some()) {
            if traffic.sends(row.position) || traffic.awaited.contains(&row.position) {
                continue;
            }
            if row.task.is_message() && resend.len() < room {
                resend.push(row.clone());
            } else if row.task.is_message() || !resend.is_empty() {
                break;
            } else if idle {
                return Ok(Next::Commit(Box::new(row.clone())));
            } else {
                return Ok(Next::Wait(None));
            }
        }
        if !resend.is_empty() {
            return Ok(Next::Resend(resend));
        }
        if room == 0 {
            return Ok(Next::Wait(None));
        }

        let catches_up_first = !self.caught_up.get() && self.read(|tables| tables.fact(SAYS_AGAIN))? == Some(true);
        let mut held = HashSet::new();
        let awaited = rows.iter().filter(|row| traffic.awaited.contains(&row.position) || traffic.may_be_refused(row));
        held.extend(awaited.map(|row| row.conversation));
        let mut seal: Vec<OutboxRow> = Vec::new();
        let mut wake_at_ms = None;
        for row in rows.into_iter().filter(|row| row.sealed.is_none()) {
            let conversation = row.conversation;
            let enters = matches!(row.task, Task::Create { .. } | Task::Join { .. });
            if catches_up_first && row.task.is_message() {
                held.insert(conversation);
                continue;
            }
            if traffic.is_blocked(conversation, now_ms) {
                let until = traffic.blocked.get(&conversation).map_or(now_ms, |block| block.until_ms);
                wake_at_ms = Some(wake_at_ms.map_or(until, |other: u64| other.min(until)));
                held.insert(conversation);
                continue;
            }
            let standing = self.read(|tables| tables.conversation(conversation))?;
            let state = standing.as_ref().map_or(State::Left, |row| row.state);
            if enters && state == State::Repairing {
                // Repairs are rate-limited: the row says when the next one may begin.
                let from = standing.map_or(0, |row| row.repaired_ms);
                if from > now_ms {
                    wake_at_ms = Some(wake_at_ms.map_or(from, |other: u64| other.min(from)));
                    held.insert(conversation);
                    continue;
                }
            }
            if !enters && (held.contains(&conversation) || matches!(state, State::Joining | State::Repairing)) {
                held.insert(conversation);
                continue;
            }
            if row.task.is_message() {
                seal.push(row);
                if seal.len() == room {
                    break;
                }
            } else if !seal.is_empty() {
                break;
            } else if idle {
                return Ok(Next::Commit(Box::new(row)));
            } else {
                return Ok(Next::Wait(None));
            }
        }
        if seal.is_empty() {
            let longest = wake_at_ms.map(|at| Duration::from_millis(at.saturating_sub(now_ms).max(1)));
            Ok(Next::Wait(longest))
        } else {
            Ok(Next::Seal(seal))
        }
    }
}
