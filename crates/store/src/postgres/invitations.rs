//! Invitations.

use huis_proto::rest::InvitationInfo;
use huis_proto::{Bytes32, InvitationId};
use tokio_postgres::Row;

use super::columns::{self, signed};
use super::db::Db;
use super::fault::Outcome;
use super::{accounts, audit};
use crate::invitations::{made, revoked};
use crate::{Act, Acted, Creation, NewAccount};

pub(super) const IS_GOOD: &str = "SELECT 1 FROM invitations WHERE hash = $1 AND uses_left > 0 AND expires_at_ms > $2";
/// Newcomers by one invitation come one after the other.
pub(super) const HOLD_GOOD: &str =
    "SELECT 1 FROM invitations WHERE hash = $1 AND uses_left > 0 AND expires_at_ms > $2 FOR NO KEY UPDATE";
pub(super) const TAKE_USE: &str = "UPDATE invitations SET uses_left = uses_left - 1 WHERE hash = $1";
pub(super) const REVOKE: &str = "DELETE FROM invitations WHERE id = $1";
// There are a thousand at most.
const FORGET_DEAD: &str = "DELETE FROM invitations WHERE uses_left = 0 OR expires_at_ms <= $1";
const COUNT: &str = "SELECT count(*) FROM invitations";
const PUT: &str = "INSERT INTO invitations (hash, id, uses, uses_left, made_by, made_at_ms, expires_at_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
const GOOD: &str = "SELECT id, uses, uses_left, made_by, made_at_ms, expires_at_ms FROM invitations \
     WHERE uses_left > 0 AND expires_at_ms > $1 ORDER BY made_at_ms, id";

pub(super) async fn is_good(db: &Db, hash: Bytes32, now_ms: u64) -> Outcome<bool> {
    db.exists(IS_GOOD, &[&hash.0.as_slice(), &signed(now_ms)]).await
}

pub(super) async fn good(db: &Db, now_ms: u64) -> Outcome<Vec<InvitationInfo>> {
    db.rows(GOOD, &[&signed(now_ms)]).await?.iter().map(found).collect()
}

pub(super) async fn put(db: &Db, act: &Act, hash: Bytes32, info: &InvitationInfo, most: usize) -> Outcome<Acted<()>> {
    // Whoever makes an invitation waits for the one who makes another, so that they are counted.
    let Some(actor) = audit::actor(db, act).await? else {
        return Ok(Acted::NotAllowed);
    };
    let (made_at, expires) = (signed(info.made_at_ms), signed(info.expires_at_ms));
    db.execute(FORGET_DEAD, &[&made_at]).await?;
    let kept = db.row(COUNT, &[]).await?.map(|row| columns::number(&row, 0)).transpose()?.unwrap_or(0);
    if kept >= most as u64 {
        return Ok(Acted::TooMany);
    }
    let (uses, left) = (i64::from(info.uses), i64::from(info.uses_left));
    let (hash, id) = (hash.0.as_slice(), info.id.as_bytes().as_slice());
    db.execute(PUT, &[&hash, &id, &uses, &left, &info.made_by, &made_at, &expires]).await?;
    audit::write_down(db, act, &actor.username, made(info)).await?;
    Ok(Acted::Done(()))
}

pub(super) async fn revoke(db: &Db, act: &Act, invitation: InvitationId) -> Outcome<Acted<()>> {
    let Some(actor) = audit::actor(db, act).await? else {
        return Ok(Acted::NotAllowed);
    };
    if db.execute(REVOKE, &[&invitation.as_bytes().as_slice()]).await? == 0 {
        return Ok(Acted::NotThere);
    }
    audit::write_down(db, act, &actor.username, revoked(invitation)).await?;
    Ok(Acted::Done(()))
}

pub(super) async fn create_invited_account(db: &Db, new: &NewAccount, hash: Bytes32) -> Outcome<Creation> {
    let hash = hash.0.as_slice();
    if !db.exists(HOLD_GOOD, &[&hash, &signed(new.created_at_ms)]).await? {
        return Ok(Creation::NotInvited);
    }
    let creation = accounts::create_account(db, new).await?;
    if creation == Creation::Created {
        db.execute(TAKE_USE, &[&hash]).await?;
    }
    Ok(creation)
}

fn found(row: &Row) -> Outcome<InvitationInfo> {
    Ok(InvitationInfo {
        id: InvitationId::from_bytes(columns::array(row, 0)?),
        uses: columns::small(row, 1)?,
        uses_left: columns::small(row, 2)?,
        made_by: row.try_get(3)?,
        made_at_ms: columns::number(row, 4)?,
        expires_at_ms: columns::number(row, 5)?,
    })
}
