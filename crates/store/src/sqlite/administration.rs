//! What is done to others' accounts.

use huis_proto::rest::{AdministeredAccount, ServerRole, SuspensionInfo};
use huis_proto::{AccountId, DeviceId, Member};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{self, Key, signed};
use super::fault::Outcome;
use super::writer::Writer;
use crate::administration::{Ranked, day, may_act_on, may_give, said, seen_on_ms};
use crate::{AccountsWanted, Act, Acted, Bar, Ended, EndedSessions, NewSuspension, Noted, WhichAccounts};

/// `?2` is the time: suspensions end.
macro_rules! administered {
    ($from:literal) => {
        concat!(
            "SELECT a.id, a.username, a.role, a.created_at_ms, a.seen_day, a.deleted_at_ms, \
             s.reason, s.since_ms, s.ends_at_ms, s.set_by, \
             (SELECT count(*) FROM devices d WHERE d.account = a.account AND d.listed = 1), \
             (SELECT count(*) FROM devices d JOIN sessions x ON x.device = d.device WHERE d.account = a.account) FROM ",
            $from
        )
    };
}

pub(super) const ONE: &str = administered!(
    "accounts a LEFT JOIN suspensions s ON s.account = a.account AND (s.ends_at_ms = 0 OR s.ends_at_ms > ?2) \
     WHERE a.username = ?1"
);
pub(super) const ALL: &str = administered!(
    "accounts a LEFT JOIN suspensions s ON s.account = a.account AND (s.ends_at_ms = 0 OR s.ends_at_ms > ?2) \
     WHERE a.username >= ?1 AND a.username < ?3 ORDER BY a.username LIMIT ?4"
);
pub(super) const OF_ROLE: &str = administered!(
    "accounts a LEFT JOIN suspensions s ON s.account = a.account AND (s.ends_at_ms = 0 OR s.ends_at_ms > ?2) \
     WHERE a.role > 0 AND a.role = ?5 AND a.username >= ?1 AND a.username < ?3 ORDER BY a.username LIMIT ?4"
);
pub(super) const SUSPENDED: &str = administered!(
    "suspensions s JOIN accounts a ON a.account = s.account WHERE s.username >= ?1 AND s.username < ?3 \
     AND (s.ends_at_ms = 0 OR s.ends_at_ms > ?2) ORDER BY s.username LIMIT ?4"
);
pub(super) const BAR: &str = "SELECT 0, s.reason, s.ends_at_ms FROM accounts a \
     JOIN suspensions s ON s.account = a.account \
     WHERE a.id = ?1 AND (s.ends_at_ms = 0 OR s.ends_at_ms > ?2) \
     UNION ALL SELECT 1, b.reason, b.ends_at_ms FROM accounts a JOIN bans b ON b.kind = 0 AND b.subject = a.username \
     WHERE a.id = ?1 AND (b.ends_at_ms = 0 OR b.ends_at_ms > ?2) LIMIT 1";
pub(super) const ACTED_ON: &str = "SELECT account, id, role FROM accounts WHERE username = ?1 AND deleted_at_ms = 0";
pub(super) const SUSPENSION: &str = "SELECT reason, ends_at_ms, set_by_role FROM suspensions \
     WHERE account = ?1 AND (ends_at_ms = 0 OR ends_at_ms > ?2)";
const PUT_SUSPENSION: &str = "INSERT INTO suspensions \
     (account, username, reason, since_ms, ends_at_ms, set_by, set_by_role) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
     ON CONFLICT (account) DO UPDATE SET reason = excluded.reason, since_ms = excluded.since_ms, \
     ends_at_ms = excluded.ends_at_ms, set_by = excluded.set_by, set_by_role = excluded.set_by_role";
const DROP_SUSPENSION: &str = "DELETE FROM suspensions WHERE account = ?1";
/// Another super-administrator, who is not barred at this time.
pub(super) const OTHER_HEAD: &str = "SELECT 1 FROM accounts a WHERE a.role > 0 AND a.role = 3 AND a.account <> ?1 \
     AND NOT EXISTS (SELECT 1 FROM suspensions s WHERE s.account = a.account \
     AND (s.ends_at_ms = 0 OR s.ends_at_ms > ?2)) \
     AND NOT EXISTS (SELECT 1 FROM bans b WHERE b.kind = 0 AND b.subject = a.username \
     AND (b.ends_at_ms = 0 OR b.ends_at_ms > ?2))";
const SET_ROLE: &str = "UPDATE accounts SET role = ?2 WHERE account = ?1";
/// With the password's next number, what was proved by the one before is of no use.
const DELETE: &str = "UPDATE accounts SET deleted_at_ms = ?2, role = 0, email = '', opaque = x'', \
     recovery_key = zeroblob(32), password_number = password_number + 1, second_factor = x'', \
     second_factor_number = second_factor_number + 1 WHERE account = ?1";
const DROP_SECRETS: [&str; 7] = [
    "DELETE FROM recovery_codes WHERE account = ?1",
    "DELETE FROM vaults WHERE account = ?1",
    "DELETE FROM account_states WHERE account = ?1",
    "DELETE FROM archives WHERE account = ?1",
    "DELETE FROM archive_segments WHERE account = ?1",
    "DELETE FROM suspensions WHERE account = ?1",
    "DELETE FROM reports WHERE reporter = ?1",
];
pub(super) const SEEN: &str = "UPDATE accounts SET seen_day = ?2 WHERE id = ?1 AND seen_day < ?2";

/// An account that is acted on.
pub(super) struct ActedOn {
    pub(super) key: Key,
    pub(super) ranked: Ranked,
}

pub(super) fn page(db: &Connection, wanted: &AccountsWanted) -> Outcome<Vec<AdministeredAccount>> {
    let (first, behind) = wanted.bounds();
    let (now, most) = (signed(wanted.now_ms), signed(wanted.most as u64));
    let accounts = match wanted.which {
        WhichAccounts::All => db.prepare_cached(ALL)?.query_map(params![first, now, behind, most], found)?.collect(),
        WhichAccounts::Suspended => {
            db.prepare_cached(SUSPENDED)?.query_map(params![first, now, behind, most], found)?.collect()
        }
        WhichAccounts::OfRole(role) => {
            db.prepare_cached(OF_ROLE)?.query_map(params![first, now, behind, most, role as u8], found)?.collect()
        }
    };
    let accounts: rusqlite::Result<Vec<_>> = accounts;
    Ok(accounts?)
}

pub(super) fn one(db: &Connection, username: &str, now_ms: u64) -> Outcome<Option<AdministeredAccount>> {
    Ok(db.prepare_cached(ONE)?.query_row(params![username, signed(now_ms)], found).optional()?)
}

pub(super) fn bar(db: &Connection, account: AccountId, now_ms: u64) -> Outcome<Option<Bar>> {
    let found = db.prepare_cached(BAR)?.query_row(params![account.as_bytes(), signed(now_ms)], |row| {
        Ok(Bar { is_ban: row.get(0)?, reason: row.get(1)?, ends_at_ms: columns::end(row, 2)? })
    });
    Ok(found.optional()?)
}

impl Writer {
    /// The account of a username, unless it was deleted.
    pub(super) fn acted_on(&self, username: &str) -> Outcome<Option<ActedOn>> {
        let found = self.db.prepare_cached(ACTED_ON)?.query_row([username], |row| {
            let account = AccountId::from_bytes(row.get(1)?);
            let ranked = Ranked { account, username: username.to_owned(), role: columns::role(row, 2)? };
            Ok(ActedOn { key: row.get(0)?, ranked })
        });
        Ok(found.optional()?)
    }

    /// The actor and the account, if the one may act on the other.
    fn both(&self, act: &Act, username: &str) -> Outcome<Result<(Ranked, ActedOn), Acted<Ended>>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Err(Acted::NotAllowed));
        };
        let Some(on) = self.acted_on(username)? else {
            return Ok(Err(Acted::NotThere));
        };
        if !may_act_on(&actor, &on.ranked) {
            return Ok(Err(Acted::Outranked(on.ranked.role)));
        }
        Ok(Ok((actor, on)))
    }

    fn suspension(&self, account: Key, now_ms: u64) -> Outcome<Option<(String, ServerRole)>> {
        let found = self.db.prepare_cached(SUSPENSION)?.query_row(params![account, signed(now_ms)], |row| {
            let reason: String = row.get(0)?;
            Ok((said(&reason, columns::end(row, 1)?), columns::role(row, 2)?))
        });
        Ok(found.optional()?)
    }

    /// The account was there on this day.
    pub(super) fn seen(&self, account: AccountId, now_ms: u64) -> Outcome<()> {
        self.db.prepare_cached(SEEN)?.execute(params![account.as_bytes(), signed(day(now_ms))])?;
        Ok(())
    }

    pub(super) fn end_sessions_of(&mut self, act: &Act, username: &str) -> Outcome<Acted<Ended>> {
        let (actor, on) = match self.both(act, username)? {
            Ok(both) => both,
            Err(refused) => return Ok(refused),
        };
        let account = on.ranked.account;
        let sessions = self.end_sessions(account, EndedSessions::All)?;
        let before = sessions.len().to_string();
        self.write_down(act, &actor.username, Noted { subject: username.into(), before, after: "0".into() })?;
        Ok(Acted::Done(Ended { account, sessions }))
    }

    pub(super) fn suspend(&mut self, act: &Act, username: &str, new: &NewSuspension) -> Outcome<Acted<Ended>> {
        let (actor, on) = match self.both(act, username)? {
            Ok(both) => both,
            Err(refused) => return Ok(refused),
        };
        let before = match self.suspension(on.key, act.at_ms)? {
            Some((_, role)) if role > actor.role => return Ok(Acted::Outranked(role)),
            Some((said, _)) => said,
            None => String::new(),
        };
        self.db.prepare_cached(PUT_SUSPENSION)?.execute(params![
            on.key,
            username,
            new.reason,
            signed(act.at_ms),
            signed(new.ends_at_ms.unwrap_or(0)),
            actor.username,
            actor.role as u8,
        ])?;
        let account = on.ranked.account;
        let sessions = self.end_sessions(account, EndedSessions::All)?;
        let after = said(&new.reason, new.ends_at_ms);
        self.write_down(act, &actor.username, Noted { subject: username.into(), before, after })?;
        Ok(Acted::Done(Ended { account, sessions }))
    }

    pub(super) fn lift_suspension(&mut self, act: &Act, username: &str) -> Outcome<Acted<()>> {
        let (actor, on) = match self.both(act, username)? {
            Ok(both) => both,
            Err(refused) => return Ok(refused.without_answer()),
        };
        let before = match self.suspension(on.key, act.at_ms)? {
            Some((_, role)) if role > actor.role => return Ok(Acted::Outranked(role)),
            Some((said, _)) => said,
            None => return Ok(Acted::Unchanged),
        };
        self.db.prepare_cached(DROP_SUSPENSION)?.execute([on.key])?;
        self.write_down(act, &actor.username, Noted { subject: username.into(), before, after: String::new() })?;
        Ok(Acted::Done(()))
    }

    pub(super) fn set_role(&mut self, act: &Act, username: &str, role: ServerRole) -> Outcome<Acted<()>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Acted::NotAllowed);
        };
        let Some(on) = self.acted_on(username)? else {
            return Ok(Acted::NotThere);
        };
        let before = on.ranked.role;
        if before == role && may_act_on(&actor, &on.ranked) {
            return Ok(Acted::Unchanged);
        }
        if !may_give(&actor, &on.ranked, role) {
            return Ok(Acted::Outranked(before.max(role)));
        }
        if role == ServerRole::SuperAdministrator && bar(&self.db, on.ranked.account, act.at_ms)?.is_some() {
            return Ok(Acted::Barred);
        }
        let others = params![on.key, signed(act.at_ms)];
        if before == ServerRole::SuperAdministrator && !self.db.prepare_cached(OTHER_HEAD)?.exists(others)? {
            return Ok(Acted::LastSuperAdministrator);
        }
        self.db.prepare_cached(SET_ROLE)?.execute(params![on.key, role as u8])?;
        let noted = Noted { subject: username.into(), before: before.to_string(), after: role.to_string() };
        self.write_down(act, &actor.username, noted)?;
        Ok(Acted::Done(()))
    }

    pub(super) fn delete_account(&mut self, act: &Act, username: &str) -> Outcome<Acted<Ended>> {
        let (actor, on) = match self.both(act, username)? {
            Ok(both) => both,
            Err(refused) => return Ok(refused),
        };
        let account = on.ranked.account;
        let sessions = self.end_sessions(account, EndedSessions::All)?;
        self.take_off_all_devices(on.key, account)?;
        self.db.prepare_cached(DELETE)?.execute(params![on.key, signed(act.at_ms)])?;
        for drop in DROP_SECRETS {
            self.db.prepare_cached(drop)?.execute([on.key])?;
        }
        let noted = Noted { subject: username.into(), before: on.ranked.role.to_string(), after: "deleted".into() };
        self.write_down(act, &actor.username, noted)?;
        Ok(Acted::Done(Ended { account, sessions }))
    }

    fn take_off_all_devices(&mut self, account: Key, id: AccountId) -> Outcome<()> {
        // What is in memory of these devices and their conversations is read again after this.
        self.write_back()?;
        for (key, device) in self.listed_devices(account)? {
            self.hot.forget_device(Member { account: id, device });
            self.unlist(key)?;
        }
        Ok(())
    }

    pub(super) fn listed_devices(&self, account: Key) -> Outcome<Vec<(Key, DeviceId)>> {
        let mut listed = self.db.prepare_cached(super::accounts::LISTED_DEVICES)?;
        let listed = listed.query_map([account], |row| Ok((row.get(0)?, DeviceId::from_bytes(row.get(1)?))))?;
        Ok(listed.collect::<rusqlite::Result<_>>()?)
    }
}

fn found(row: &Row<'_>) -> rusqlite::Result<AdministeredAccount> {
    let suspension = match row.get::<_, Option<String>>(6)? {
        Some(reason) => Some(SuspensionInfo {
            reason,
            since_ms: columns::number(row, 7)?,
            ends_at_ms: columns::end(row, 8)?,
            set_by: row.get(9)?,
        }),
        None => None,
    };
    Ok(AdministeredAccount {
        account: AccountId::from_bytes(row.get(0)?),
        username: row.get(1)?,
        role: columns::role(row, 2)?,
        created_at_ms: columns::number(row, 3)?,
        seen_on_ms: seen_on_ms(columns::number(row, 4)?),
        suspension,
        deleted_at_ms: columns::end(row, 5)?,
        devices: row.get(10)?,
        sessions: row.get(11)?,
    })
}
