//! Bans.

use huis_proto::BanId;
use huis_proto::rest::{BanInfo, BanTarget};
use tokio_postgres::Row;

use super::columns::{self, signed};
use super::db::{Db, Params};
use super::fault::{Fault, Outcome};
use super::{administration, audit, sessions};
use crate::administration::{may_act_on, said};
use crate::bans::{named, parts, target};
use crate::{Act, Acted, BanPut, Bar, Ended, EndedSessions, NewBan, Noted};

// There are ten thousand at most.
const ALL: &str = "SELECT id, kind, subject, reason, since_ms, ends_at_ms, set_by, set_by_role FROM bans \
     WHERE ends_at_ms = 0 OR ends_at_ms > $1 ORDER BY since_ms, id";
pub(super) const BY_TARGET: &str = "SELECT id, kind, subject, reason, since_ms, ends_at_ms, set_by, set_by_role \
     FROM bans WHERE kind = $1 AND subject = $2";
pub(super) const BY_ID: &str = "SELECT id, kind, subject, reason, since_ms, ends_at_ms, set_by, set_by_role \
     FROM bans WHERE id = $1";
pub(super) const OF_NAME: &str = "SELECT reason, ends_at_ms FROM bans \
     WHERE skeleton = $1 AND kind = 0 AND (ends_at_ms = 0 OR ends_at_ms > $2) LIMIT 1";
const FORGET_OVER: &str = "DELETE FROM bans WHERE ends_at_ms > 0 AND ends_at_ms <= $1";
const COUNT: &str = "SELECT count(*) FROM bans";
const PUT: &str = "INSERT INTO bans (id, kind, subject, skeleton, reason, since_ms, ends_at_ms, set_by, set_by_role) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
pub(super) const DROP: &str = "DELETE FROM bans WHERE id = $1";

pub(super) async fn all(db: &Db, now_ms: u64) -> Outcome<Vec<BanInfo>> {
    db.rows(ALL, &[&signed(now_ms)]).await?.iter().map(found).collect()
}

pub(super) async fn of_name(db: &Db, skeleton: &str, now_ms: u64) -> Outcome<Option<Bar>> {
    let Some(row) = db.row(OF_NAME, &[&skeleton, &signed(now_ms)]).await? else {
        return Ok(None);
    };
    Ok(Some(Bar { is_ban: true, reason: row.try_get(0)?, ends_at_ms: columns::end(&row, 1)? }))
}

pub(super) async fn put(db: &Db, act: &Act, new: &NewBan, most: usize) -> Outcome<Acted<BanPut>> {
    let Some(actor) = audit::actor(db, act).await? else {
        return Ok(Acted::NotAllowed);
    };
    let (kind, subject) = parts(&new.target);
    let on = match &new.target {
        BanTarget::Name(username) => administration::acted_on(db, username).await?,
        BanTarget::Network(_) => None,
    };
    if let Some(on) = &on
        && !may_act_on(&actor, &on.ranked)
    {
        return Ok(Acted::Outranked(on.ranked.role));
    }
    db.execute(FORGET_OVER, &[&signed(act.at_ms)]).await?;
    let before = db.row(BY_TARGET, &[&kind, &subject]).await?.map(|row| found(&row)).transpose()?;
    match &before {
        Some(before) if before.set_by_role > actor.role => return Ok(Acted::Outranked(before.set_by_role)),
        Some(before) => drop_one(db, before.id).await?,
        None => {
            let count = db.row(COUNT, &[]).await?.map(|row| columns::number(&row, 0)).transpose()?.unwrap_or(0);
            if count >= most as u64 {
                return Ok(Acted::TooMany);
            }
        }
    }
    let (id, role) = (new.id.as_bytes().as_slice(), i16::from(actor.role as u8));
    let (since, ends) = (signed(act.at_ms), signed(new.ends_at_ms.unwrap_or(0)));
    let columns: Params<'_> =
        &[&id, &kind, &subject, &new.skeleton, &new.reason, &since, &ends, &actor.username, &role];
    db.execute(PUT, columns).await?;
    let ended = match on {
        Some(on) => {
            let account = on.ranked.account;
            Some(Ended { account, sessions: sessions::end_sessions(db, account, EndedSessions::All).await? })
        }
        None => None,
    };
    let noted = Noted {
        subject: named(&new.target),
        before: before.map(|before| said(&before.reason, before.ends_at_ms)).unwrap_or_default(),
        after: said(&new.reason, new.ends_at_ms),
    };
    audit::write_down(db, act, &actor.username, noted).await?;
    let ban = BanInfo {
        id: new.id,
        target: new.target.clone(),
        reason: new.reason.clone(),
        since_ms: act.at_ms,
        ends_at_ms: new.ends_at_ms,
        set_by: actor.username,
        set_by_role: actor.role,
    };
    Ok(Acted::Done(BanPut { ban, ended }))
}

pub(super) async fn lift(db: &Db, act: &Act, ban: BanId) -> Outcome<Acted<BanInfo>> {
    let Some(actor) = audit::actor(db, act).await? else {
        return Ok(Acted::NotAllowed);
    };
    let Some(row) = db.row(BY_ID, &[&ban.as_bytes().as_slice()]).await? else {
        return Ok(Acted::NotThere);
    };
    let ban = found(&row)?;
    if ban.set_by_role > actor.role {
        return Ok(Acted::Outranked(ban.set_by_role));
    }
    if let BanTarget::Name(username) = &ban.target
        && let Some(on) = administration::acted_on(db, username).await?
        && !may_act_on(&actor, &on.ranked)
    {
        return Ok(Acted::Outranked(on.ranked.role));
    }
    drop_one(db, ban.id).await?;
    let before = said(&ban.reason, ban.ends_at_ms);
    let noted = Noted { subject: named(&ban.target), before, after: String::new() };
    audit::write_down(db, act, &actor.username, noted).await?;
    Ok(Acted::Done(ban))
}

async fn drop_one(db: &Db, ban: BanId) -> Outcome<()> {
    db.execute(DROP, &[&ban.as_bytes().as_slice()]).await?;
    Ok(())
}

fn found(row: &Row) -> Outcome<BanInfo> {
    const UNKNOWN: Fault = Fault::Damaged("the number of a ban's kind stands for nothing");
    let kind: i16 = row.try_get(1)?;
    Ok(BanInfo {
        id: BanId::from_bytes(columns::array(row, 0)?),
        target: target(kind.into(), row.try_get(2)?).ok_or(UNKNOWN)?,
        reason: row.try_get(3)?,
        since_ms: columns::number(row, 4)?,
        ends_at_ms: columns::end(row, 5)?,
        set_by: row.try_get(6)?,
        set_by_role: columns::role(row, 7)?,
    })
}
