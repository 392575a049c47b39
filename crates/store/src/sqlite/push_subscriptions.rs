//! Subscriptions to pushes.

use huis_proto::rest::PushSubscription;
use huis_proto::{Bytes, Member, SessionId};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::signed;
use super::fault::Outcome;
use super::writer::Writer;
use crate::PushDue;

pub(super) const PUT: &str = "INSERT INTO push_subscriptions (session, endpoint, p256dh, auth, away, woken_at_ms) \
     SELECT session, ?2, ?3, ?4, 0, 0 FROM sessions WHERE session = ?1 \
     ON CONFLICT (session) DO UPDATE SET endpoint = excluded.endpoint, p256dh = excluded.p256dh, auth = excluded.auth, \
     away = 0, woken_at_ms = 0";
const REMOVE: &str = "DELETE FROM push_subscriptions WHERE session = ?1";
const FORGET: &str = "DELETE FROM push_subscriptions WHERE session = ?1 AND endpoint = ?2";
const NOTE_AWAY: &str = "UPDATE push_subscriptions SET away = ?2, woken_at_ms = 0 WHERE session = ?1 \
     AND (away <> ?2 OR woken_at_ms <> 0)";
// All of them, at a start.
const NOTE_ALL_AWAY: &str = "UPDATE push_subscriptions SET away = 1 WHERE away = 0";
const ANY: &str = "SELECT EXISTS (SELECT 1 FROM push_subscriptions)";
pub(super) const WANTED: &str =
    "SELECT EXISTS (SELECT 1 FROM push_subscriptions WHERE session = ?1 AND endpoint = ?2 AND away = 1)";
pub(super) const DUE: &str = "SELECT p.session FROM accounts a \
     JOIN devices d ON d.account = a.account AND d.id = ?2 JOIN sessions s ON s.device = d.device \
     JOIN push_subscriptions p ON p.session = s.session WHERE a.id = ?1 AND p.away = 1 \
     AND p.woken_at_ms <= ?3";
/// What goes out is the subscription as it is by then.
pub(super) const TAKE: &str = "UPDATE push_subscriptions SET woken_at_ms = ?2 WHERE session = ?1 AND away = 1 \
     AND woken_at_ms <= ?3 RETURNING endpoint, p256dh, auth";

pub(super) fn any(db: &Connection) -> Outcome<bool> {
    Ok(db.prepare_cached(ANY)?.query_row([], |row| row.get(0))?)
}

pub(super) fn is_wanted(db: &Connection, session: SessionId, endpoint: &str) -> Outcome<bool> {
    Ok(db.prepare_cached(WANTED)?.query_row(params![session.as_bytes(), endpoint], |row| row.get(0))?)
}

/// The sessions of those of these devices that are due; nothing is taken.
pub(super) fn due(db: &Connection, devices: &[Member], earliest_ms: u64) -> Outcome<Vec<SessionId>> {
    let mut find = db.prepare_cached(DUE)?;
    let mut due = Vec::new();
    for member in devices {
        let of = params![member.account.as_bytes(), member.device.as_bytes(), signed(earliest_ms)];
        due.extend(find.query_row(of, |row| row.get(0).map(SessionId::from_bytes)).optional()?);
    }
    Ok(due)
}

impl Writer {
    pub(super) fn put_push_subscription(&mut self, session: SessionId, new: &PushSubscription) -> Outcome<bool> {
        let put = params![session.as_bytes(), new.endpoint, new.p256dh.0, new.auth.0];
        Ok(self.db.prepare_cached(PUT)?.execute(put)? > 0)
    }

    pub(super) fn remove_push_subscription(&mut self, session: SessionId) -> Outcome<bool> {
        Ok(self.db.prepare_cached(REMOVE)?.execute([session.as_bytes()])? > 0)
    }

    pub(super) fn forget_push_subscription(&mut self, session: SessionId, endpoint: &str) -> Outcome<bool> {
        Ok(self.db.prepare_cached(FORGET)?.execute(params![session.as_bytes(), endpoint])? > 0)
    }

    pub(super) fn note_away(&mut self, sessions: &[(SessionId, bool)]) -> Outcome<()> {
        let mut note = self.db.prepare_cached(NOTE_AWAY)?;
        for (session, is_away) in sessions {
            note.execute(params![session.as_bytes(), is_away])?;
        }
        Ok(())
    }

    pub(super) fn note_all_away(&mut self) -> Outcome<bool> {
        self.db.prepare_cached(NOTE_ALL_AWAY)?.execute([])?;
        any(&self.db)
    }

    /// Of those that were found to be due, the ones that still are.
    pub(super) fn take_push_due(
        &mut self,
        found: &[SessionId],
        now_ms: u64,
        earliest_ms: u64,
    ) -> Outcome<Vec<PushDue>> {
        let mut take = self.db.prepare_cached(TAKE)?;
        let mut taken = Vec::with_capacity(found.len());
        for session in found {
            let due = take.query_row(params![session.as_bytes(), signed(now_ms), signed(earliest_ms)], |row| {
                let subscription =
                    PushSubscription { endpoint: row.get(0)?, p256dh: Bytes(row.get(1)?), auth: Bytes(row.get(2)?) };
                Ok(PushDue { session: *session, subscription })
            });
            taken.extend(due.optional()?);
        }
        Ok(taken)
    }
}
