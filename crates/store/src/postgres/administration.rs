//! What is done to others' accounts.

use huis_proto::AccountId;
use huis_proto::rest::{AdministeredAccount, ServerRole, SuspensionInfo};
use tokio_postgres::Row;

use super::columns::{self, Key, signed};
use super::db::{Db, Params};
use super::fault::Outcome;
use super::{audit, listing, sessions};
use crate::administration::{Ranked, day, may_act_on, may_give, said, seen_on_ms};
use crate::{AccountsWanted, Act, Acted, Bar, Ended, EndedSessions, NewSuspension, Noted, WhichAccounts};

/// `$2` is the time: suspensions end.
macro_rules! administered {
    ($from:literal) => {
        concat!(
            "SELECT a.id, a.username, a.role, a.created_at_ms, a.seen_day, a.deleted_at_ms, \
             s.reason, s.since_ms, s.ends_at_ms, s.set_by, \
             (SELECT count(*) FROM devices d WHERE d.account = a.account AND d.listed), \
             (SELECT count(*) FROM devices d JOIN sessions x ON x.device = d.device WHERE d.account = a.account) FROM ",
            $from
        )
    };
}

pub(super) const ONE: &str = administered!(
    "accounts a LEFT JOIN suspensions s ON s.account = a.account AND (s.ends_at_ms = 0 OR s.ends_at_ms > $2) \
     WHERE a.username = $1"
);
pub(super) const ALL: &str = administered!(
    "accounts a LEFT JOIN suspensions s ON s.account = a.account AND (s.ends_at_ms = 0 OR s.ends_at_ms > $2) \
     WHERE a.username >= $1 AND a.username < $3 ORDER BY a.username LIMIT $4"
);
pub(super) const OF_ROLE: &str = administered!(
    "accounts a LEFT JOIN suspensions s ON s.account = a.account AND (s.ends_at_ms = 0 OR s.ends_at_ms > $2) \
     WHERE a.role > 0 AND a.role = $5 AND a.username >= $1 AND a.username < $3 ORDER BY a.username LIMIT $4"
);
pub(super) const SUSPENDED: &str = administered!(
    "suspensions s JOIN accounts a ON a.account = s.account WHERE s.username >= $1 AND s.username < $3 \
     AND (s.ends_at_ms = 0 OR s.ends_at_ms > $2) ORDER BY s.username LIMIT $4"
);
pub(super) const BAR: &str = "SELECT false, s.reason, s.ends_at_ms FROM accounts a \
     JOIN suspensions s ON s.account = a.account \
     WHERE a.id = $1 AND (s.ends_at_ms = 0 OR s.ends_at_ms > $2) \
     UNION ALL SELECT true, b.reason, b.ends_at_ms FROM accounts a JOIN bans b ON b.kind = 0 AND b.subject = a.username \
     WHERE a.id = $1 AND (b.ends_at_ms = 0 OR b.ends_at_ms > $2) LIMIT 1";
/// Holds the account's row: whoever begins a session holds it too.
pub(super) const HOLD_ACTED_ON: &str =
    "SELECT account, id, role FROM accounts WHERE username = $1 AND deleted_at_ms = 0 FOR NO KEY UPDATE";
pub(super) const SUSPENSION: &str = "SELECT reason, ends_at_ms, set_by_role FROM suspensions \
     WHERE account = $1 AND (ends_at_ms = 0 OR ends_at_ms > $2)";
const PUT_SUSPENSION: &str = "INSERT INTO suspensions \
     (account, username, reason, since_ms, ends_at_ms, set_by, set_by_role) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (account) DO UPDATE SET reason = excluded.reason, since_ms = excluded.since_ms, \
     ends_at_ms = excluded.ends_at_ms, set_by = excluded.set_by, set_by_role = excluded.set_by_role";
const DROP_SUSPENSION: &str = "DELETE FROM suspensions WHERE account = $1";
/// Another super-administrator, who is not barred at this time.
pub(super) const OTHER_HEAD: &str = "SELECT 1 FROM accounts a WHERE a.role > 0 AND a.role = 3 AND a.account <> $1 \
     AND NOT EXISTS (SELECT 1 FROM suspensions s WHERE s.account = a.account \
     AND (s.ends_at_ms = 0 OR s.ends_at_ms > $2)) \
     AND NOT EXISTS (SELECT 1 FROM bans b WHERE b.kind = 0 AND b.subject = a.username \
     AND (b.ends_at_ms = 0 OR b.ends_at_ms > $2))";
const SET_ROLE: &str = "UPDATE accounts SET role = $2 WHERE account = $1";
/// With the password's next number, what was proved by the one before is of no use.
const DELETE: &str = "UPDATE accounts SET deleted_at_ms = $2, role = 0, email = '', opaque = '', \
     recovery_key = decode(repeat('00', 32), 'hex'), password_number = password_number + 1, second_factor = '', \
     second_factor_number = second_factor_number + 1 WHERE account = $1";
const DROP_SECRETS: [&str; 7] = [
    "DELETE FROM recovery_codes WHERE account = $1",
    "DELETE FROM vaults WHERE account = $1",
    "DELETE FROM account_states WHERE account = $1",
    "DELETE FROM archives WHERE account = $1",
    "DELETE FROM archive_segments WHERE account = $1",
    "DELETE FROM suspensions WHERE account = $1",
    "DELETE FROM reports WHERE reporter = $1",
];
pub(super) const SEEN: &str = "UPDATE accounts SET seen_day = $2 WHERE id = $1 AND seen_day < $2";
/// The account of the session that a refresh token belongs to was there on this day, unless the token was used up before.
pub(super) const SEEN_BY_TOKEN: &str = "UPDATE accounts SET seen_day = $2 WHERE account = (SELECT d.account \
     FROM refresh_tokens t JOIN sessions s ON s.session = t.session JOIN devices d ON d.device = s.device \
     WHERE t.hash = $1 AND (t.number = s.newest_token OR t.number = s.previous_token)) AND seen_day < $2";

/// An account that is acted on; its row is held.
pub(super) struct ActedOn {
    pub(super) key: Key,
    pub(super) ranked: Ranked,
}

pub(super) async fn page(db: &Db, wanted: &AccountsWanted) -> Outcome<Vec<AdministeredAccount>> {
    let (first, behind) = wanted.bounds();
    let (now, most) = (signed(wanted.now_ms), signed(wanted.most as u64));
    let rows = match wanted.which {
        WhichAccounts::All => db.rows(ALL, &[&first, &now, &behind, &most]).await?,
        WhichAccounts::Suspended => db.rows(SUSPENDED, &[&first, &now, &behind, &most]).await?,
        WhichAccounts::OfRole(role) => {
            db.rows(OF_ROLE, &[&first, &now, &behind, &most, &i16::from(role as u8)]).await?
        }
    };
    rows.iter().map(found).collect()
}

pub(super) async fn one(db: &Db, username: &str, now_ms: u64) -> Outcome<Option<AdministeredAccount>> {
    db.row(ONE, &[&username, &signed(now_ms)]).await?.map(|row| found(&row)).transpose()
}

pub(super) async fn bar(db: &Db, account: AccountId, now_ms: u64) -> Outcome<Option<Bar>> {
    let Some(row) = db.row(BAR, &[&account.as_bytes().as_slice(), &signed(now_ms)]).await? else {
        return Ok(None);
    };
    Ok(Some(Bar { is_ban: row.try_get(0)?, reason: row.try_get(1)?, ends_at_ms: columns::end(&row, 2)? }))
}

/// The account was there on this day. Its row is held, or nothing behind it is.
pub(super) async fn seen(db: &Db, account: AccountId, now_ms: u64) -> Outcome<()> {
    db.execute(SEEN, &[&account.as_bytes().as_slice(), &signed(day(now_ms))]).await?;
    Ok(())
}

/// The account of a username, unless it was deleted.
pub(super) async fn acted_on(db: &Db, username: &str) -> Outcome<Option<ActedOn>> {
    let Some(row) = db.row(HOLD_ACTED_ON, &[&username]).await? else {
        return Ok(None);
    };
    let account = AccountId::from_bytes(columns::array(&row, 1)?);
    let ranked = Ranked { account, username: username.to_owned(), role: columns::role(&row, 2)? };
    Ok(Some(ActedOn { key: row.try_get(0)?, ranked }))
}

/// The actor and the account, if the one may act on the other.
async fn both(db: &Db, act: &Act, username: &str) -> Outcome<Result<(Ranked, ActedOn), Acted<Ended>>> {
    let Some(actor) = audit::actor(db, act).await? else {
        return Ok(Err(Acted::NotAllowed));
    };
    let Some(on) = acted_on(db, username).await? else {
        return Ok(Err(Acted::NotThere));
    };
    if !may_act_on(&actor, &on.ranked) {
        return Ok(Err(Acted::Outranked(on.ranked.role)));
    }
    Ok(Ok((actor, on)))
}

async fn suspension(db: &Db, account: Key, now_ms: u64) -> Outcome<Option<(String, ServerRole)>> {
    let Some(row) = db.row(SUSPENSION, &[&account, &signed(now_ms)]).await? else {
        return Ok(None);
    };
    let reason: &str = row.try_get(0)?;
    Ok(Some((said(reason, columns::end(&row, 1)?), columns::role(&row, 2)?)))
}

pub(super) async fn end_sessions_of(db: &Db, act: &Act, username: &str) -> Outcome<Acted<Ended>> {
    let (actor, on) = match both(db, act, username).await? {
        Ok(both) => both,
        Err(refused) => return Ok(refused),
    };
    let account = on.ranked.account;
    let sessions = sessions::end_sessions(db, account, EndedSessions::All).await?;
    let before = sessions.len().to_string();
    let noted = Noted { subject: username.into(), before, after: "0".into() };
    audit::write_down(db, act, &actor.username, noted).await?;
    Ok(Acted::Done(Ended { account, sessions }))
}

pub(super) async fn suspend(db: &Db, act: &Act, username: &str, new: &NewSuspension) -> Outcome<Acted<Ended>> {
    let (actor, on) = match both(db, act, username).await? {
        Ok(both) => both,
        Err(refused) => return Ok(refused),
    };
    let before = match suspension(db, on.key, act.at_ms).await? {
        Some((_, role)) if role > actor.role => return Ok(Acted::Outranked(role)),
        Some((said, _)) => said,
        None => String::new(),
    };
    let (since, ends, role) = (signed(act.at_ms), signed(new.ends_at_ms.unwrap_or(0)), i16::from(actor.role as u8));
    let columns: Params<'_> = &[&on.key, &username, &new.reason, &since, &ends, &actor.username, &role];
    db.execute(PUT_SUSPENSION, columns).await?;
    let account = on.ranked.account;
    let sessions = sessions::end_sessions(db, account, EndedSessions::All).await?;
    let noted = Noted { subject: username.into(), before, after: said(&new.reason, new.ends_at_ms) };
    audit::write_down(db, act, &actor.username, noted).await?;
    Ok(Acted::Done(Ended { account, sessions }))
}

pub(super) async fn lift_suspension(db: &Db, act: &Act, username: &str) -> Outcome<Acted<()>> {
    let (actor, on) = match both(db, act, username).await? {
        Ok(both) => both,
        Err(refused) => return Ok(refused.without_answer()),
    };
    let before = match suspension(db, on.key, act.at_ms).await? {
        Some((_, role)) if role > actor.role => return Ok(Acted::Outranked(role)),
        Some((said, _)) => said,
        None => return Ok(Acted::Unchanged),
    };
    db.execute(DROP_SUSPENSION, &[&on.key]).await?;
    let noted = Noted { subject: username.into(), before, after: String::new() };
    audit::write_down(db, act, &actor.username, noted).await?;
    Ok(Acted::Done(()))
}

pub(super) async fn set_role(db: &Db, act: &Act, username: &str, role: ServerRole) -> Outcome<Acted<()>> {
    let Some(actor) = audit::actor(db, act).await? else {
        return Ok(Acted::NotAllowed);
    };
    let Some(on) = acted_on(db, username).await? else {
        return Ok(Acted::NotThere);
    };
    let before = on.ranked.role;
    if before == role && may_act_on(&actor, &on.ranked) {
        return Ok(Acted::Unchanged);
    }
    if !may_give(&actor, &on.ranked, role) {
        return Ok(Acted::Outranked(before.max(role)));
    }
    if role == ServerRole::SuperAdministrator && bar(db, on.ranked.account, act.at_ms).await?.is_some() {
        return Ok(Acted::Barred);
    }
    if before == ServerRole::SuperAdministrator && !db.exists(OTHER_HEAD, &[&on.key, &signed(act.at_ms)]).await? {
        return Ok(Acted::LastSuperAdministrator);
    }
    db.execute(SET_ROLE, &[&on.key, &i16::from(role as u8)]).await?;
    let noted = Noted { subject: username.into(), before: before.to_string(), after: role.to_string() };
    audit::write_down(db, act, &actor.username, noted).await?;
    Ok(Acted::Done(()))
}

pub(super) async fn delete_account(db: &Db, act: &Act, username: &str) -> Outcome<Acted<Ended>> {
    let (actor, on) = match both(db, act, username).await? {
        Ok(both) => both,
        Err(refused) => return Ok(refused),
    };
    let account = on.ranked.account;
    let sessions = sessions::end_sessions(db, account, EndedSessions::All).await?;
    listing::replace(db, on.key, &[]).await?;
    db.execute(DELETE, &[&on.key, &signed(act.at_ms)]).await?;
    for drop in DROP_SECRETS {
        db.execute(drop, &[&on.key]).await?;
    }
    let noted = Noted { subject: username.into(), before: on.ranked.role.to_string(), after: "deleted".into() };
    audit::write_down(db, act, &actor.username, noted).await?;
    Ok(Acted::Done(Ended { account, sessions }))
}

fn found(row: &Row) -> Outcome<AdministeredAccount> {
    let suspension = match row.try_get::<_, Option<String>>(6)? {
        Some(reason) => Some(SuspensionInfo {
            reason,
            since_ms: columns::number(row, 7)?,
            ends_at_ms: columns::end(row, 8)?,
            set_by: row.try_get(9)?,
        }),
        None => None,
    };
    Ok(AdministeredAccount {
        account: AccountId::from_bytes(columns::array(row, 0)?),
        username: row.try_get(1)?,
        role: columns::role(row, 2)?,
        created_at_ms: columns::number(row, 3)?,
        seen_on_ms: seen_on_ms(columns::number(row, 4)?),
        suspension,
        deleted_at_ms: columns::end(row, 5)?,
        devices: columns::small(row, 10)?,
        sessions: columns::small(row, 11)?,
    })
}
