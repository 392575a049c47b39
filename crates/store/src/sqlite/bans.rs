//! Bans.

use huis_proto::BanId;
use huis_proto::rest::{BanInfo, BanTarget};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{self, signed};
use super::fault::Outcome;
use super::writer::Writer;
use crate::administration::{may_act_on, said};
use crate::bans::{named, parts, target};
use crate::{Act, Acted, BanPut, Bar, Ended, EndedSessions, NewBan, Noted};

// There are ten thousand at most.
const ALL: &str = "SELECT id, kind, subject, reason, since_ms, ends_at_ms, set_by, set_by_role FROM bans \
     WHERE ends_at_ms = 0 OR ends_at_ms > ?1 ORDER BY since_ms, id";
pub(super) const BY_TARGET: &str = "SELECT id, kind, subject, reason, since_ms, ends_at_ms, set_by, set_by_role \
     FROM bans WHERE kind = ?1 AND subject = ?2";
pub(super) const BY_ID: &str = "SELECT id, kind, subject, reason, since_ms, ends_at_ms, set_by, set_by_role \
     FROM bans WHERE id = ?1";
pub(super) const OF_NAME: &str = "SELECT reason, ends_at_ms FROM bans \
     WHERE skeleton = ?1 AND kind = 0 AND (ends_at_ms = 0 OR ends_at_ms > ?2) LIMIT 1";
const FORGET_OVER: &str = "DELETE FROM bans WHERE ends_at_ms > 0 AND ends_at_ms <= ?1";
const COUNT: &str = "SELECT count(*) FROM bans";
const PUT: &str = "INSERT INTO bans (id, kind, subject, skeleton, reason, since_ms, ends_at_ms, set_by, set_by_role) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
pub(super) const DROP: &str = "DELETE FROM bans WHERE id = ?1";

pub(super) fn all(db: &Connection, now_ms: u64) -> Outcome<Vec<BanInfo>> {
    let mut all = db.prepare_cached(ALL)?;
    let all = all.query_map([signed(now_ms)], found)?;
    Ok(all.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn of_name(db: &Connection, skeleton: &str, now_ms: u64) -> Outcome<Option<Bar>> {
    let found = db.prepare_cached(OF_NAME)?.query_row(params![skeleton, signed(now_ms)], |row| {
        Ok(Bar { is_ban: true, reason: row.get(0)?, ends_at_ms: columns::end(row, 1)? })
    });
    Ok(found.optional()?)
}

impl Writer {
    pub(super) fn put_ban(&mut self, act: &Act, new: &NewBan, most: usize) -> Outcome<Acted<BanPut>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Acted::NotAllowed);
        };
        let (kind, subject) = parts(&new.target);
        let on = match &new.target {
            BanTarget::Name(username) => self.acted_on(username)?,
            BanTarget::Network(_) => None,
        };
        if let Some(on) = &on
            && !may_act_on(&actor, &on.ranked)
        {
            return Ok(Acted::Outranked(on.ranked.role));
        }
        self.db.prepare_cached(FORGET_OVER)?.execute([signed(act.at_ms)])?;
        let before = self.db.prepare_cached(BY_TARGET)?.query_row(params![kind, subject], found).optional()?;
        match &before {
            Some(before) if before.set_by_role > actor.role => return Ok(Acted::Outranked(before.set_by_role)),
            Some(before) => self.drop_ban(before.id)?,
            None => {
                let count: i64 = self.db.prepare_cached(COUNT)?.query_row([], |row| row.get(0))?;
                if count >= signed(most as u64) {
                    return Ok(Acted::TooMany);
                }
            }
        }
        self.db.prepare_cached(PUT)?.execute(params![
            new.id.as_bytes(),
            kind,
            subject,
            new.skeleton,
            new.reason,
            signed(act.at_ms),
            signed(new.ends_at_ms.unwrap_or(0)),
            actor.username,
            actor.role as u8,
        ])?;
        let ended = match on {
            Some(on) => {
                let account = on.ranked.account;
                Some(Ended { account, sessions: self.end_sessions(account, EndedSessions::All)? })
            }
            None => None,
        };
        let noted = Noted {
            subject: named(&new.target),
            before: before.map(|before| said(&before.reason, before.ends_at_ms)).unwrap_or_default(),
            after: said(&new.reason, new.ends_at_ms),
        };
        self.write_down(act, &actor.username, noted)?;
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

    pub(super) fn lift_ban(&mut self, act: &Act, ban: BanId) -> Outcome<Acted<BanInfo>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Acted::NotAllowed);
        };
        let Some(ban) = self.db.prepare_cached(BY_ID)?.query_row([ban.as_bytes()], found).optional()? else {
            return Ok(Acted::NotThere);
        };
        if ban.set_by_role > actor.role {
            return Ok(Acted::Outranked(ban.set_by_role));
        }
        if let BanTarget::Name(username) = &ban.target
            && let Some(on) = self.acted_on(username)?
            && !may_act_on(&actor, &on.ranked)
        {
            return Ok(Acted::Outranked(on.ranked.role));
        }
        self.drop_ban(ban.id)?;
        let before = said(&ban.reason, ban.ends_at_ms);
        let noted = Noted { subject: named(&ban.target), before, after: String::new() };
        self.write_down(act, &actor.username, noted)?;
        Ok(Acted::Done(ban))
    }

    fn drop_ban(&self, ban: BanId) -> Outcome<()> {
        self.db.prepare_cached(DROP)?.execute([ban.as_bytes()])?;
        Ok(())
    }
}

fn found(row: &Row<'_>) -> rusqlite::Result<BanInfo> {
    let kind = row.get(1)?;
    Ok(BanInfo {
        id: BanId::from_bytes(row.get(0)?),
        target: target(kind, row.get(2)?).ok_or_else(|| columns::unknown(1, kind))?,
        reason: row.get(3)?,
        since_ms: columns::number(row, 4)?,
        ends_at_ms: columns::end(row, 5)?,
        set_by: row.get(6)?,
        set_by_role: columns::role(row, 7)?,
    })
}
