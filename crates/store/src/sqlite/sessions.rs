//! Sessions and their refresh tokens.

use huis_proto::{AccountId, Bytes32, DeviceId, SessionId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::administration;
use super::columns::{self, Key, signed};
use super::fault::{Fault, Outcome};
use super::writer::Writer;
use crate::{Beginning, EndedSessions, Refresh, Session};

/// Older tokens of a session that are remembered, so that their use ends it: more than a day of refreshes.
const TOKENS_REMEMBERED: i64 = 100;
/// The most sessions that one sweep ends.
const ENDED_AT_ONCE: i64 = 1000;

macro_rules! session {
    ($rest:literal) => {
        concat!(
            "SELECT s.session, a.id, d.id, s.stays_signed_in, s.began_at_ms, s.used_at_ms FROM sessions s \
             JOIN devices d ON d.device = s.device JOIN accounts a ON a.account = d.account ",
            $rest
        )
    };
}

pub(super) const SESSION: &str = session!("WHERE s.session = ?1");
pub(super) const SESSIONS: &str = "SELECT s.session, a.id, d.id, s.stays_signed_in, s.began_at_ms, s.used_at_ms \
     FROM accounts a JOIN devices d ON d.account = a.account JOIN sessions s ON s.device = d.device \
     WHERE a.id = ?1";
pub(super) const SESSION_BY_TOKEN: &str = "SELECT s.session, a.id, d.id, s.stays_signed_in, s.began_at_ms, s.used_at_ms, \
     t.number, s.newest_token, s.previous_token FROM refresh_tokens t \
     JOIN sessions s ON s.session = t.session JOIN devices d ON d.device = s.device \
     JOIN accounts a ON a.account = d.account WHERE t.hash = ?1";
const LISTED_DEVICE: &str = "SELECT d.device, a.password_number FROM accounts a JOIN devices d ON d.account = a.account \
     WHERE a.id = ?1 AND d.id = ?2 AND d.listed = 1";
const SESSION_OF_DEVICE: &str = "SELECT session FROM sessions WHERE device = ?1";
const PUT_SESSION: &str = "INSERT INTO sessions \
     (session, device, stays_signed_in, began_at_ms, used_at_ms, newest_token, previous_token) \
     VALUES (?1, ?2, ?3, ?4, ?5, 1, 0)";
const PUT_TOKEN: &str = "INSERT INTO refresh_tokens (hash, session, number) VALUES (?1, ?2, ?3)";
const FORGET_TOKENS: &str = "DELETE FROM refresh_tokens WHERE session = ?1 AND number <= ?2";
const ROTATE: &str = "UPDATE sessions SET used_at_ms = ?2, newest_token = ?3, previous_token = ?4 WHERE session = ?1";
/// Its refresh tokens go with it.
const END: &str = "DELETE FROM sessions WHERE session = ?1";
pub(super) const IDLE: &str = "SELECT session FROM sessions WHERE stays_signed_in = ?1 AND used_at_ms < ?2 LIMIT ?3";

pub(super) fn session(db: &Connection, session: SessionId) -> Outcome<Option<Session>> {
    let mut find = db.prepare_cached(SESSION)?;
    Ok(find.query_row([session.as_bytes()], found_session).optional()?)
}

pub(super) fn session_by_refresh(db: &Connection, hash: Bytes32) -> Outcome<Option<Session>> {
    let mut find = db.prepare_cached(SESSION_BY_TOKEN)?;
    Ok(find.query_row([hash.0], found_session).optional()?)
}

pub(super) fn sessions(db: &Connection, account: AccountId) -> Outcome<Vec<Session>> {
    let mut find = db.prepare_cached(SESSIONS)?;
    let found = find.query_map([account.as_bytes()], found_session)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

impl Writer {
    pub(super) fn begin_session(
        &mut self,
        session: &Session,
        refresh_hash: Bytes32,
        password_number: u64,
    ) -> Outcome<Beginning> {
        let ids = [session.account.as_bytes(), session.device.as_bytes()];
        let mut find = self.db.prepare_cached(LISTED_DEVICE)?;
        let found = find.query_row(ids, |row| Ok((row.get(0)?, columns::number(row, 1)?))).optional()?;
        let Some((device, newest)): Option<(Key, u64)> = found else {
            return Err(Fault::Misuse("a session begins for a device that is not listed"));
        };
        drop(find);
        if newest != password_number {
            return Ok(Beginning::PasswordChanged);
        }
        if let Some(bar) = administration::bar(&self.db, session.account, session.began_at_ms)? {
            return Ok(Beginning::Barred(bar));
        }
        let ended = self
            .db
            .prepare_cached(SESSION_OF_DEVICE)?
            .query_row([device], |row| row.get(0).map(SessionId::from_bytes))
            .optional()?;
        if let Some(ended) = ended {
            self.end(ended)?;
        }
        let id = session.session.as_bytes();
        self.db.prepare_cached(PUT_SESSION)?.execute(params![
            id,
            device,
            session.stays_signed_in,
            signed(session.began_at_ms),
            signed(session.used_at_ms),
        ])?;
        self.put_token(refresh_hash, session.session, 1)?;
        self.seen(session.account, session.began_at_ms)?;
        Ok(Beginning::Begun { ended })
    }

    pub(super) fn refresh_session(&mut self, presented: Bytes32, next: Bytes32, now_ms: u64) -> Outcome<Refresh> {
        let found = self
            .db
            .prepare_cached(SESSION_BY_TOKEN)?
            .query_row([presented.0], |row| {
                let numbers: [i64; 3] = [row.get(6)?, row.get(7)?, row.get(8)?];
                Ok((found_session(row)?, numbers))
            })
            .optional()?;
        let Some((mut session, [number, newest, previous])) = found else {
            return Ok(Refresh::Unknown);
        };
        if number != newest && number != previous {
            self.end(session.session)?;
            return Ok(Refresh::Reused(session));
        }
        // The presented token stays valid until the next one is used; what was handed out beside it was never used.
        self.put_token(next, session.session, newest + 1)?;
        let id = session.session.as_bytes();
        let used = params![id, signed(now_ms), newest + 1, number];
        self.db.prepare_cached(ROTATE)?.execute(used)?;
        // The previous token may be older than those that nobody used: it is never forgotten.
        let forgotten = (newest + 1 - TOKENS_REMEMBERED).min(number - 1);
        self.db.prepare_cached(FORGET_TOKENS)?.execute(params![id, forgotten])?;
        self.seen(session.account, now_ms)?;
        session.used_at_ms = now_ms;
        Ok(Refresh::Renewed(session))
    }

    pub(super) fn end_session(&mut self, account: AccountId, id: SessionId) -> Outcome<bool> {
        let is_theirs = session(&self.db, id)?.is_some_and(|found| found.account == account);
        if is_theirs {
            self.end(id)?;
        }
        Ok(is_theirs)
    }

    /// Gives the sessions that it ended.
    pub(super) fn end_sessions(&mut self, account: AccountId, which: EndedSessions) -> Outcome<Vec<SessionId>> {
        let mut ended: Vec<SessionId> = match which {
            EndedSessions::None => return Ok(Vec::new()),
            _ => sessions(&self.db, account)?.into_iter().map(|session| session.session).collect(),
        };
        ended.retain(|session| which != EndedSessions::AllBut(*session));
        for session in &ended {
            self.end(*session)?;
        }
        Ok(ended)
    }

    pub(super) fn end_idle_sessions(&mut self, idle_since_ms: u64, long_idle_since_ms: u64) -> Outcome<Vec<SessionId>> {
        let mut idle = Vec::new();
        for (stays, since) in [(false, idle_since_ms), (true, long_idle_since_ms)] {
            let left = ENDED_AT_ONCE - idle.len() as i64;
            let mut find = self.db.prepare_cached(IDLE)?;
            let found =
                find.query_map(params![stays, signed(since), left], |row| row.get(0).map(SessionId::from_bytes))?;
            for session in found {
                idle.push(session?);
            }
        }
        for session in &idle {
            self.end(*session)?;
        }
        Ok(idle)
    }

    fn end(&self, session: SessionId) -> Outcome<()> {
        self.db.prepare_cached(END)?.execute([session.as_bytes()])?;
        Ok(())
    }

    fn put_token(&self, hash: Bytes32, session: SessionId, number: i64) -> Outcome<()> {
        self.db.prepare_cached(PUT_TOKEN)?.execute(params![hash.0, session.as_bytes(), number])?;
        Ok(())
    }
}

fn found_session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        session: SessionId::from_bytes(row.get(0)?),
        account: AccountId::from_bytes(row.get(1)?),
        device: DeviceId::from_bytes(row.get(2)?),
        stays_signed_in: row.get(3)?,
        began_at_ms: columns::number(row, 4)?,
        used_at_ms: columns::number(row, 5)?,
    })
}
