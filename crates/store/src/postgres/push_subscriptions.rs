//! Subscriptions to pushes.

use huis_proto::rest::PushSubscription;
use huis_proto::{Bytes, Member, SessionId};

use super::columns::{self, signed};
use super::db::Db;
use super::fault::Outcome;
use crate::PushDue;

/// The session is held, so that it does not end in between.
pub(super) const PUT: &str = "INSERT INTO push_subscriptions (session, endpoint, p256dh, auth, away, woken_at_ms) \
     SELECT session, $2, $3, $4, false, 0 FROM sessions WHERE session = $1 FOR KEY SHARE \
     ON CONFLICT (session) DO UPDATE SET endpoint = excluded.endpoint, p256dh = excluded.p256dh, auth = excluded.auth, \
     away = false, woken_at_ms = 0";
const REMOVE: &str = "DELETE FROM push_subscriptions WHERE session = $1";
const FORGET: &str = "DELETE FROM push_subscriptions WHERE session = $1 AND endpoint = $2";
/// In one order, so that nodes do not wait for each other in a ring.
pub(super) const NOTE_AWAY: &str = "UPDATE push_subscriptions SET away = $2, woken_at_ms = 0 WHERE session = ANY(ARRAY(SELECT session \
     FROM push_subscriptions WHERE session = ANY($1) AND (away <> $2 OR woken_at_ms <> 0) ORDER BY session \
     FOR NO KEY UPDATE))";
// All of them, at a start.
const NOTE_ALL_AWAY: &str = "UPDATE push_subscriptions SET away = true WHERE session = ANY(ARRAY(SELECT session \
     FROM push_subscriptions WHERE NOT away ORDER BY session FOR NO KEY UPDATE))";
const ANY: &str = "SELECT 1 FROM push_subscriptions LIMIT 1";
pub(super) const WANTED: &str = "SELECT 1 FROM push_subscriptions WHERE session = $1 AND endpoint = $2 AND away";
/// What another node takes just now is waited for, and looked at again: a device that was noted meanwhile is not missed.
pub(super) const TAKE_DUE: &str = "UPDATE push_subscriptions SET woken_at_ms = $3 WHERE session = ANY(ARRAY(SELECT p.session \
     FROM unnest($1::BYTEA[], $2::BYTEA[]) AS m (account, device) JOIN accounts a ON a.id = m.account \
     JOIN devices d ON d.account = a.account AND d.id = m.device JOIN sessions s ON s.device = d.device \
     JOIN push_subscriptions p ON p.session = s.session WHERE p.away AND p.woken_at_ms <= $4 ORDER BY p.session \
     FOR NO KEY UPDATE OF p)) AND away AND woken_at_ms <= $4 RETURNING session, endpoint, p256dh, auth";

pub(super) async fn put(db: &Db, session: SessionId, new: &PushSubscription) -> Outcome<bool> {
    let (p256dh, auth) = (new.p256dh.0.as_slice(), new.auth.0.as_slice());
    Ok(db.execute(PUT, &[&session.as_bytes().as_slice(), &new.endpoint, &p256dh, &auth]).await? > 0)
}

pub(super) async fn remove(db: &Db, session: SessionId) -> Outcome<bool> {
    Ok(db.execute(REMOVE, &[&session.as_bytes().as_slice()]).await? > 0)
}

pub(super) async fn forget(db: &Db, session: SessionId, endpoint: &str) -> Outcome<bool> {
    Ok(db.execute(FORGET, &[&session.as_bytes().as_slice(), &endpoint]).await? > 0)
}

pub(super) async fn note_away(db: &Db, sessions: &[(SessionId, bool)]) -> Outcome<()> {
    for away in [false, true] {
        let of_these = sessions.iter().filter(|(_, is_away)| *is_away == away);
        let of_these: Vec<&[u8]> = of_these.map(|(session, _)| session.as_bytes().as_slice()).collect();
        if !of_these.is_empty() {
            db.execute(NOTE_AWAY, &[&of_these, &away]).await?;
        }
    }
    Ok(())
}

pub(super) async fn note_all_away(db: &Db) -> Outcome<bool> {
    db.execute(NOTE_ALL_AWAY, &[]).await?;
    any(db).await
}

pub(super) async fn any(db: &Db) -> Outcome<bool> {
    db.exists(ANY, &[]).await
}

pub(super) async fn is_wanted(db: &Db, session: SessionId, endpoint: &str) -> Outcome<bool> {
    db.exists(WANTED, &[&session.as_bytes().as_slice(), &endpoint]).await
}

pub(super) async fn take_due(db: &Db, devices: &[Member], now_ms: u64, earliest_ms: u64) -> Outcome<Vec<PushDue>> {
    let accounts: Vec<&[u8]> = devices.iter().map(|member| member.account.as_bytes().as_slice()).collect();
    let ids: Vec<&[u8]> = devices.iter().map(|member| member.device.as_bytes().as_slice()).collect();
    let mut due = Vec::new();
    for row in db.rows(TAKE_DUE, &[&accounts, &ids, &signed(now_ms), &signed(earliest_ms)]).await? {
        let subscription = PushSubscription {
            endpoint: row.try_get(1)?,
            p256dh: Bytes(row.try_get(2)?),
            auth: Bytes(row.try_get(3)?),
        };
        due.push(PushDue { session: SessionId::from_bytes(columns::array(&row, 0)?), subscription });
    }
    Ok(due)
}
