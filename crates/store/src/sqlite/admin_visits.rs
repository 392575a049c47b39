//! Visits to the administration pages.

use huis_proto::rest::ServerRole;
use huis_proto::{Bytes32, SessionId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{self, signed};
use super::fault::Outcome;
use super::writer::Writer;
use crate::{AdminVisit, NewVisitCode};

pub(super) const PUT: &str = "INSERT INTO admin_visits (session, hash, entered, role, began_at_ms, used_at_ms) \
     SELECT session, ?2, 0, ?3, ?4, ?4 FROM sessions WHERE session = ?1 \
     ON CONFLICT (session) DO UPDATE SET hash = excluded.hash, entered = excluded.entered, role = excluded.role, \
     began_at_ms = excluded.began_at_ms, used_at_ms = excluded.used_at_ms";
pub(super) const ENTER: &str = "UPDATE admin_visits SET hash = ?2, entered = 1, began_at_ms = ?4, used_at_ms = ?4 \
     WHERE hash = ?1 AND entered = 0 AND began_at_ms > ?3 RETURNING session, role, began_at_ms, used_at_ms";
pub(super) const FIND: &str =
    "SELECT session, role, began_at_ms, used_at_ms FROM admin_visits WHERE hash = ?1 AND entered = 1";
pub(super) const NOTE: &str = "UPDATE admin_visits SET used_at_ms = ?2 WHERE hash = ?1 AND entered = 1";
const END: &str = "DELETE FROM admin_visits WHERE hash = ?1 AND entered = 1";

pub(super) fn find(db: &Connection, token: Bytes32) -> Outcome<Option<AdminVisit>> {
    Ok(db.prepare_cached(FIND)?.query_row([token.0], found).optional()?)
}

impl Writer {
    pub(super) fn put_visit_code(&mut self, new: &NewVisitCode) -> Outcome<bool> {
        let put = params![new.session.as_bytes(), new.hash.0, new.role as i64, signed(new.at_ms)];
        Ok(self.db.prepare_cached(PUT)?.execute(put)? > 0)
    }

    pub(super) fn enter(
        &mut self,
        code: Bytes32,
        token: Bytes32,
        earliest_ms: u64,
        now_ms: u64,
    ) -> Outcome<Option<AdminVisit>> {
        let by = params![code.0, token.0, signed(earliest_ms), signed(now_ms)];
        Ok(self.db.prepare_cached(ENTER)?.query_row(by, found).optional()?)
    }

    pub(super) fn note_admin_visit(&mut self, token: Bytes32, now_ms: u64) -> Outcome<()> {
        self.db.prepare_cached(NOTE)?.execute(params![token.0, signed(now_ms)])?;
        Ok(())
    }

    pub(super) fn end_admin_visit(&mut self, token: Bytes32) -> Outcome<bool> {
        Ok(self.db.prepare_cached(END)?.execute([token.0])? > 0)
    }
}

fn found(row: &Row<'_>) -> rusqlite::Result<AdminVisit> {
    Ok(AdminVisit {
        session: SessionId::from_bytes(row.get(0)?),
        // Of a role that nobody knows a visit may nothing.
        role: ServerRole::from_number(row.get(1)?).unwrap_or_default(),
        began_at_ms: columns::number(row, 2)?,
        used_at_ms: columns::number(row, 3)?,
    })
}
