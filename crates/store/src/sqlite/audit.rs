//! The audit log, and who acts.

use huis_proto::rest::AuditEntry;
use huis_proto::{AccountId, Bytes32};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{self, signed};
use super::fault::Outcome;
use super::writer::Writer;
use super::{administration, sessions};
use crate::administration::Ranked;
use crate::{Act, Acted, Noted};

pub(super) const ACTOR: &str = "SELECT username, role FROM accounts WHERE id = ?1 AND deleted_at_ms = 0";
pub(super) const NEWEST: &str = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
const PUT: &str = "INSERT INTO audit \
     (number, at_ms, actor, actor_name, address, action, subject, before, after, hash) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
pub(super) const PAGE: &str = "SELECT number, at_ms, actor, actor_name, address, action, subject, before, after, hash \
     FROM audit WHERE number > ?1 ORDER BY number LIMIT ?2";
pub(super) const BACK: &str = "SELECT number, at_ms, actor, actor_name, address, action, subject, before, after, hash \
     FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2";

pub(super) fn page(db: &Connection, after: u64, most: usize) -> Outcome<Vec<AuditEntry>> {
    let mut page = db.prepare_cached(PAGE)?;
    let page = page.query_map([signed(after), signed(most as u64)], found)?;
    Ok(page.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn newest(db: &Connection, before: Option<u64>, most: usize) -> Outcome<Vec<AuditEntry>> {
    let mut page = db.prepare_cached(BACK)?;
    let page = page.query_map([before.map_or(i64::MAX, signed), signed(most as u64)], found)?;
    Ok(page.collect::<rusqlite::Result<_>>()?)
}

impl Writer {
    /// Who acts, if they may.
    pub(super) fn actor(&self, act: &Act) -> Outcome<Option<Ranked>> {
        if let Some(session) = act.session
            && sessions::session(&self.db, session)?.is_none_or(|session| session.account != act.actor)
        {
            return Ok(None);
        }
        if administration::bar(&self.db, act.actor, act.at_ms)?.is_some() {
            return Ok(None);
        }
        let found = self.db.prepare_cached(ACTOR)?.query_row([act.actor.as_bytes()], |row| {
            Ok(Ranked { account: act.actor, username: row.get(0)?, role: columns::role(row, 1)? })
        });
        Ok(found.optional()?.filter(|actor| actor.role >= act.needs))
    }

    /// Writes down what is done, in the transaction that does it.
    pub(super) fn write_down(&self, act: &Act, actor: &str, noted: Noted) -> Outcome<()> {
        let newest =
            self.db.prepare_cached(NEWEST)?.query_row([], |row| Ok((columns::number(row, 0)?, Bytes32(row.get(1)?))));
        let (number, previous) = newest.optional()?.unwrap_or((0, AuditEntry::BEGINNING));
        let mut entry = AuditEntry {
            number: number + 1,
            at_ms: act.at_ms,
            actor: act.actor,
            actor_name: actor.to_owned(),
            address: act.address.clone(),
            action: act.action.to_owned(),
            subject: noted.subject,
            before: noted.before,
            after: noted.after,
            hash: AuditEntry::BEGINNING,
        };
        entry.hash = entry.chained(&previous);
        self.db.prepare_cached(PUT)?.execute(params![
            signed(entry.number),
            signed(entry.at_ms),
            entry.actor.as_bytes(),
            entry.actor_name,
            entry.address,
            entry.action,
            entry.subject,
            entry.before,
            entry.after,
            entry.hash.0,
        ])?;
        Ok(())
    }

    pub(super) fn note(&mut self, act: &Act, noted: &Noted) -> Outcome<Acted<()>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Acted::NotAllowed);
        };
        self.write_down(act, &actor.username, noted.clone())?;
        Ok(Acted::Done(()))
    }
}

fn found(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        number: columns::number(row, 0)?,
        at_ms: columns::number(row, 1)?,
        actor: AccountId::from_bytes(row.get(2)?),
        actor_name: row.get(3)?,
        address: row.get(4)?,
        action: row.get(5)?,
        subject: row.get(6)?,
        before: row.get(7)?,
        after: row.get(8)?,
        hash: Bytes32(row.get(9)?),
    })
}
