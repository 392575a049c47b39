//! Visits to the administration pages.

use huis_proto::rest::ServerRole;
use huis_proto::{Bytes32, SessionId};
use tokio_postgres::Row;

use super::columns::{self, signed};
use super::db::Db;
use super::fault::Outcome;
use crate::{AdminVisit, NewVisitCode};

/// The session is held, so that it does not end in between.
pub(super) const PUT: &str = "INSERT INTO admin_visits (session, hash, entered, role, began_at_ms, used_at_ms) \
     SELECT session, $2, false, $3, $4, $4 FROM sessions WHERE session = $1 FOR KEY SHARE \
     ON CONFLICT (session) DO UPDATE SET hash = excluded.hash, entered = excluded.entered, role = excluded.role, \
     began_at_ms = excluded.began_at_ms, used_at_ms = excluded.used_at_ms";
pub(super) const ENTER: &str = "UPDATE admin_visits SET hash = $2, entered = true, began_at_ms = $4, used_at_ms = $4 \
     WHERE hash = $1 AND NOT entered AND began_at_ms > $3 RETURNING session, role, began_at_ms, used_at_ms";
pub(super) const FIND: &str =
    "SELECT session, role, began_at_ms, used_at_ms FROM admin_visits WHERE hash = $1 AND entered";
pub(super) const NOTE: &str = "UPDATE admin_visits SET used_at_ms = $2 WHERE hash = $1 AND entered";
const END: &str = "DELETE FROM admin_visits WHERE hash = $1 AND entered";

pub(super) async fn put(db: &Db, new: &NewVisitCode) -> Outcome<bool> {
    let (session, hash) = (new.session.as_bytes().as_slice(), new.hash.0.as_slice());
    Ok(db.execute(PUT, &[&session, &hash, &i16::from(new.role as u8), &signed(new.at_ms)]).await? > 0)
}

pub(super) async fn enter(
    db: &Db,
    code: Bytes32,
    token: Bytes32,
    earliest_ms: u64,
    now_ms: u64,
) -> Outcome<Option<AdminVisit>> {
    let (code, token) = (code.0.as_slice(), token.0.as_slice());
    let entered = db.row(ENTER, &[&code, &token, &signed(earliest_ms), &signed(now_ms)]).await?;
    entered.map(|row| found(&row)).transpose()
}

pub(super) async fn find(db: &Db, token: Bytes32) -> Outcome<Option<AdminVisit>> {
    db.row(FIND, &[&token.0.as_slice()]).await?.map(|row| found(&row)).transpose()
}

pub(super) async fn note(db: &Db, token: Bytes32, now_ms: u64) -> Outcome<()> {
    db.execute(NOTE, &[&token.0.as_slice(), &signed(now_ms)]).await?;
    Ok(())
}

pub(super) async fn end(db: &Db, token: Bytes32) -> Outcome<bool> {
    Ok(db.execute(END, &[&token.0.as_slice()]).await? > 0)
}

fn found(row: &Row) -> Outcome<AdminVisit> {
    let role: i16 = row.try_get(1)?;
    Ok(AdminVisit {
        session: SessionId::from_bytes(columns::array(row, 0)?),
        // Of a role that nobody knows a visit may nothing.
        role: ServerRole::from_number(role.into()).unwrap_or_default(),
        began_at_ms: columns::number(row, 2)?,
        used_at_ms: columns::number(row, 3)?,
    })
}
