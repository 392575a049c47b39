//! Sessions and their refresh tokens.

use huis_proto::{AccountId, Bytes32, DeviceId, SessionId};
use tokio_postgres::Row;

use super::columns::{self, Key, signed};
use super::db::Db;
use super::fault::{Fault, Outcome};
use super::{accounts, administration};
use crate::administration::day;
use crate::{Beginning, EndedSessions, Refresh, Session};

/// Older tokens of a session that are remembered, so that their use ends it: more than a day of refreshes.
const TOKENS_REMEMBERED: i64 = 100;
/// The most sessions that one sweep ends.
const ENDED_AT_ONCE: i64 = 1000;

pub(super) const SESSION: &str = "SELECT s.session, a.id, d.id, s.stays_signed_in, s.began_at_ms, s.used_at_ms \
     FROM sessions s JOIN devices d ON d.device = s.device JOIN accounts a ON a.account = d.account WHERE s.session = $1";
pub(super) const SESSIONS: &str = "SELECT s.session, a.id, d.id, s.stays_signed_in, s.began_at_ms, s.used_at_ms \
     FROM accounts a JOIN devices d ON d.account = a.account JOIN sessions s ON s.device = d.device WHERE a.id = $1";
pub(super) const SESSION_BY_TOKEN: &str = "SELECT s.session, a.id, d.id, s.stays_signed_in, s.began_at_ms, s.used_at_ms \
     FROM refresh_tokens t JOIN sessions s ON s.session = t.session JOIN devices d ON d.device = s.device \
     JOIN accounts a ON a.account = d.account WHERE t.hash = $1";
/// Two refreshes of one session come one after the other.
pub(super) const HOLD_SESSION: &str = "SELECT s.session, a.id, d.id, s.stays_signed_in, s.began_at_ms, s.used_at_ms, \
     t.number, s.newest_token, s.previous_token FROM refresh_tokens t \
     JOIN sessions s ON s.session = t.session JOIN devices d ON d.device = s.device \
     JOIN accounts a ON a.account = d.account WHERE t.hash = $1 FOR UPDATE OF s";
const LISTED_DEVICE: &str = "SELECT device FROM devices WHERE account = $1 AND id = $2 AND listed";
const END_OF_DEVICE: &str = "DELETE FROM sessions WHERE device = $1 RETURNING session";
const PUT_SESSION: &str = "INSERT INTO sessions \
     (session, device, stays_signed_in, began_at_ms, used_at_ms, newest_token, previous_token) \
     VALUES ($1, $2, $3, $4, $5, 1, 0)";
const PUT_TOKEN: &str = "INSERT INTO refresh_tokens (hash, session, number) VALUES ($1, $2, $3)";
const FORGET_TOKENS: &str = "DELETE FROM refresh_tokens WHERE session = $1 AND number <= $2";
const ROTATE: &str = "UPDATE sessions SET used_at_ms = $2, newest_token = $3, previous_token = $4 WHERE session = $1";
/// Its refresh tokens go with it.
const END: &str = "DELETE FROM sessions WHERE session = $1";
const END_OWN: &str = "DELETE FROM sessions s USING devices d, accounts a WHERE s.session = $2 AND d.device = s.device \
     AND a.account = d.account AND a.id = $1";
const END_ALL_BUT: &str = "DELETE FROM sessions s USING devices d, accounts a WHERE a.id = $1 \
     AND d.account = a.account AND s.device = d.device AND s.session <> $2 RETURNING s.session";
/// Each node sweeps; none waits for another.
pub(super) const END_IDLE: &str = "DELETE FROM sessions WHERE session = ANY(ARRAY(SELECT session FROM sessions \
     WHERE stays_signed_in = $1 AND used_at_ms < $2 ORDER BY used_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED)) RETURNING session";

pub(super) async fn session(db: &Db, session: SessionId) -> Outcome<Option<Session>> {
    db.row(SESSION, &[&session.as_bytes().as_slice()]).await?.map(|row| found_session(&row)).transpose()
}

pub(super) async fn session_by_refresh(db: &Db, hash: Bytes32) -> Outcome<Option<Session>> {
    db.row(SESSION_BY_TOKEN, &[&hash.0.as_slice()]).await?.map(|row| found_session(&row)).transpose()
}

pub(super) async fn sessions(db: &Db, account: AccountId) -> Outcome<Vec<Session>> {
    db.rows(SESSIONS, &[&account.as_bytes().as_slice()]).await?.iter().map(found_session).collect()
}

pub(super) async fn begin_session(
    db: &Db,
    session: &Session,
    refresh_hash: Bytes32,
    password_number: u64,
) -> Outcome<Beginning> {
    const NOT_LISTED: Fault = Fault::Misuse("a session begins for a device that is not listed");
    // A change of the password holds the same row, and comes before or after all of this.
    let held = accounts::hold(db, session.account).await?.ok_or(NOT_LISTED)?;
    let device = session.device.as_bytes().as_slice();
    let device: Key = db.row(LISTED_DEVICE, &[&held.account, &device]).await?.ok_or(NOT_LISTED)?.try_get(0)?;
    if held.password_number != password_number {
        return Ok(Beginning::PasswordChanged);
    }
    // Whoever bars the account holds the same row.
    if let Some(bar) = administration::bar(db, session.account, session.began_at_ms).await? {
        return Ok(Beginning::Barred(bar));
    }
    administration::seen(db, session.account, session.began_at_ms).await?;
    let ended = db.row(END_OF_DEVICE, &[&device]).await?.map(|row| found_id(&row)).transpose()?;
    let id = session.session.as_bytes().as_slice();
    let (began, used) = (signed(session.began_at_ms), signed(session.used_at_ms));
    db.execute(PUT_SESSION, &[&id, &device, &session.stays_signed_in, &began, &used]).await?;
    db.execute(PUT_TOKEN, &[&refresh_hash.0.as_slice(), &id, &1i64]).await?;
    Ok(Beginning::Begun { ended })
}

pub(super) async fn refresh_session(db: &Db, presented: Bytes32, next: Bytes32, now_ms: u64) -> Outcome<Refresh> {
    // Before the session, for rows are taken in this order.
    db.execute(administration::SEEN_BY_TOKEN, &[&presented.0.as_slice(), &signed(day(now_ms))]).await?;
    let Some(row) = db.row(HOLD_SESSION, &[&presented.0.as_slice()]).await? else {
        return Ok(Refresh::Unknown);
    };
    let mut session = found_session(&row)?;
    let (number, newest, previous): (i64, i64, i64) = (row.try_get(6)?, row.try_get(7)?, row.try_get(8)?);
    let id = session.session;
    let id = id.as_bytes().as_slice();
    if number != newest && number != previous {
        db.execute(END, &[&id]).await?;
        return Ok(Refresh::Reused(session));
    }
    // The presented token stays valid until the next one is used; what was handed out beside it was never used.
    db.execute(PUT_TOKEN, &[&next.0.as_slice(), &id, &(newest + 1)]).await?;
    db.execute(ROTATE, &[&id, &signed(now_ms), &(newest + 1), &number]).await?;
    // The previous token may be older than those that nobody used: it is never forgotten.
    let forgotten = (newest + 1 - TOKENS_REMEMBERED).min(number - 1);
    db.execute(FORGET_TOKENS, &[&id, &forgotten]).await?;
    session.used_at_ms = now_ms;
    Ok(Refresh::Renewed(session))
}

pub(super) async fn end_session(db: &Db, account: AccountId, session: SessionId) -> Outcome<bool> {
    Ok(db.execute(END_OWN, &[&account.as_bytes().as_slice(), &session.as_bytes().as_slice()]).await? > 0)
}

/// Gives the sessions that it ended.
pub(super) async fn end_sessions(db: &Db, account: AccountId, which: EndedSessions) -> Outcome<Vec<SessionId>> {
    let but = match which {
        EndedSessions::None => return Ok(Vec::new()),
        EndedSessions::AllBut(but) => but.as_bytes().to_vec(),
        // No session's id is empty.
        EndedSessions::All => Vec::new(),
    };
    db.rows(END_ALL_BUT, &[&account.as_bytes().as_slice(), &but]).await?.iter().map(found_id).collect()
}

pub(super) async fn end_idle_sessions(db: &Db, idle_since_ms: u64, long_idle_since_ms: u64) -> Outcome<Vec<SessionId>> {
    let mut idle: Vec<SessionId> = Vec::new();
    for (stays, since) in [(false, idle_since_ms), (true, long_idle_since_ms)] {
        let left = ENDED_AT_ONCE - idle.len() as i64;
        for row in db.rows(END_IDLE, &[&stays, &signed(since), &left]).await? {
            idle.push(found_id(&row)?);
        }
    }
    Ok(idle)
}

fn found_id(row: &Row) -> Outcome<SessionId> {
    Ok(SessionId::from_bytes(columns::array(row, 0)?))
}

fn found_session(row: &Row) -> Outcome<Session> {
    Ok(Session {
        session: found_id(row)?,
        account: AccountId::from_bytes(columns::array(row, 1)?),
        device: DeviceId::from_bytes(columns::array(row, 2)?),
        stays_signed_in: row.try_get(3)?,
        began_at_ms: columns::number(row, 4)?,
        used_at_ms: columns::number(row, 5)?,
    })
}
