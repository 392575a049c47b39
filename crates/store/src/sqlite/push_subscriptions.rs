//! Subscriptions to pushes.

use huis_proto::rest::PushSubscription;
use huis_proto::{Bytes, Member, SessionId};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Outcome;
use super::writer::Writer;
use crate::PushDue;

pub(super) const PUT: &str = "INSERT INTO push_subscriptions (session, endpoint, p256dh, auth, away) \
     SELECT session, ?2, ?3, ?4, 0 FROM sessions WHERE session = ?1 \
     ON CONFLICT (session) DO UPDATE SET endpoint = excluded.endpoint, p256dh = excluded.p256dh, auth = excluded.auth, away = 0";
const REMOVE: &str = "DELETE FROM push_subscriptions WHERE session = ?1";
const FORGET: &str = "DELETE FROM push_subscriptions WHERE session = ?1 AND endpoint = ?2";
const NOTE_AWAY: &str = "UPDATE push_subscriptions SET away = ?2 WHERE session = ?1 AND away <> ?2";
// All of them, at a start.
const NOTE_ALL_AWAY: &str = "UPDATE push_subscriptions SET away = 1 WHERE away = 0";
const ANY: &str = "SELECT EXISTS (SELECT 1 FROM push_subscriptions)";
pub(super) const DUE: &str = "SELECT p.session, p.endpoint, p.p256dh, p.auth FROM accounts a \
     JOIN devices d ON d.account = a.account AND d.id = ?2 JOIN sessions s ON s.device = d.device \
     JOIN push_subscriptions p ON p.session = s.session WHERE a.id = ?1 AND p.away = 1";

pub(super) fn any(db: &Connection) -> Outcome<bool> {
    Ok(db.prepare_cached(ANY)?.query_row([], |row| row.get(0))?)
}

/// Which of these devices are due; nothing is taken.
pub(super) fn due(db: &Connection, devices: &[Member]) -> Outcome<Vec<PushDue>> {
    let mut find = db.prepare_cached(DUE)?;
    let mut due = Vec::new();
    for member in devices {
        let found = find.query_row([member.account.as_bytes(), member.device.as_bytes()], |row| {
            let subscription =
                PushSubscription { endpoint: row.get(1)?, p256dh: Bytes(row.get(2)?), auth: Bytes(row.get(3)?) };
            Ok(PushDue { session: SessionId::from_bytes(row.get(0)?), subscription })
        });
        due.extend(found.optional()?);
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

    /// Of those that were found to be due, the ones that still are; they are not any more.
    pub(super) fn take_push_due(&mut self, mut found: Vec<PushDue>) -> Outcome<Vec<PushDue>> {
        let mut take = self.db.prepare_cached(NOTE_AWAY)?;
        let mut taken = Vec::with_capacity(found.len());
        for due in found.drain(..) {
            if take.execute(params![due.session.as_bytes(), false])? > 0 {
                taken.push(due);
            }
        }
        Ok(taken)
    }
}
