//! The audit log, and who acts.

use huis_proto::AccountId;
use huis_proto::rest::AuditEntry;
use tokio_postgres::Row;

use super::columns::{self, signed};
use super::db::{Db, Params};
use super::fault::Outcome;
use super::{administration, sessions};
use crate::administration::Ranked;
use crate::{Act, Acted, Noted};

/// Acts come one after the other, so that entries are numbered, and roles looked at, one by one.
const HOLD: &str = "SELECT one FROM settings WHERE one = 1 FOR NO KEY UPDATE";
pub(super) const ACTOR: &str = "SELECT username, role FROM accounts WHERE id = $1 AND deleted_at_ms = 0";
pub(super) const NEWEST: &str = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
const PUT: &str = "INSERT INTO audit \
     (number, at_ms, actor, actor_name, address, action, subject, before, after, hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
pub(super) const PAGE: &str = "SELECT number, at_ms, actor, actor_name, address, action, subject, before, after, hash \
     FROM audit WHERE number > $1 ORDER BY number LIMIT $2";
pub(super) const BACK: &str = "SELECT number, at_ms, actor, actor_name, address, action, subject, before, after, hash \
     FROM audit WHERE number < $1 ORDER BY number DESC LIMIT $2";

pub(super) async fn page(db: &Db, after: u64, most: usize) -> Outcome<Vec<AuditEntry>> {
    db.rows(PAGE, &[&signed(after), &signed(most as u64)]).await?.iter().map(found).collect()
}

pub(super) async fn newest(db: &Db, before: Option<u64>, most: usize) -> Outcome<Vec<AuditEntry>> {
    db.rows(BACK, &[&before.map_or(i64::MAX, signed), &signed(most as u64)]).await?.iter().map(found).collect()
}

/// Waits for the acts that are under way, and has the others wait for this one.
pub(super) async fn hold(db: &Db) -> Outcome<()> {
    db.rows(HOLD, &[]).await?;
    Ok(())
}

/// Who acts, if they may. From here on nobody else does, until the transaction ends.
pub(super) async fn actor(db: &Db, act: &Act) -> Outcome<Option<Ranked>> {
    hold(db).await?;
    if let Some(session) = act.session
        && sessions::session(db, session).await?.is_none_or(|session| session.account != act.actor)
    {
        return Ok(None);
    }
    if administration::bar(db, act.actor, act.at_ms).await?.is_some() {
        return Ok(None);
    }
    let Some(row) = db.row(ACTOR, &[&act.actor.as_bytes().as_slice()]).await? else {
        return Ok(None);
    };
    let actor = Ranked { account: act.actor, username: row.try_get(0)?, role: columns::role(&row, 1)? };
    Ok(Some(actor).filter(|actor| actor.role >= act.needs))
}

/// Writes down what is done, in the transaction that does it and that [holds](hold) the log.
pub(super) async fn write_down(db: &Db, act: &Act, actor: &str, noted: Noted) -> Outcome<()> {
    let (number, previous) = match db.row(NEWEST, &[]).await? {
        Some(row) => (columns::number(&row, 0)?, columns::bytes32(&row, 1)?),
        None => (0, AuditEntry::BEGINNING),
    };
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
    let (number, at, actor) = (signed(entry.number), signed(entry.at_ms), entry.actor.as_bytes().as_slice());
    let hash = entry.hash.0.as_slice();
    let columns: Params<'_> = &[
        &number,
        &at,
        &actor,
        &entry.actor_name,
        &entry.address,
        &entry.action,
        &entry.subject,
        &entry.before,
        &entry.after,
        &hash,
    ];
    db.execute(PUT, columns).await?;
    Ok(())
}

pub(super) async fn note(db: &Db, act: &Act, noted: &Noted) -> Outcome<Acted<()>> {
    let Some(actor) = actor(db, act).await? else {
        return Ok(Acted::NotAllowed);
    };
    write_down(db, act, &actor.username, noted.clone()).await?;
    Ok(Acted::Done(()))
}

fn found(row: &Row) -> Outcome<AuditEntry> {
    Ok(AuditEntry {
        number: columns::number(row, 0)?,
        at_ms: columns::number(row, 1)?,
        actor: AccountId::from_bytes(columns::array(row, 2)?),
        actor_name: row.try_get(3)?,
        address: row.try_get(4)?,
        action: row.try_get(5)?,
        subject: row.try_get(6)?,
        before: row.try_get(7)?,
        after: row.try_get(8)?,
        hash: columns::bytes32(row, 9)?,
    })
}
