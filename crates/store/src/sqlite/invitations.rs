//! Invitations.

use huis_proto::rest::InvitationInfo;
use huis_proto::{Bytes32, InvitationId};
use rusqlite::{Connection, params};

use super::columns::{self, signed};
use super::fault::Outcome;
use super::writer::Writer;
use crate::invitations::{made, revoked};
use crate::{Act, Acted, Creation, NewAccount};

pub(super) const IS_GOOD: &str = "SELECT 1 FROM invitations WHERE hash = ?1 AND uses_left > 0 AND expires_at_ms > ?2";
pub(super) const TAKE_USE: &str = "UPDATE invitations SET uses_left = uses_left - 1 \
     WHERE hash = ?1 AND uses_left > 0 AND expires_at_ms > ?2";
pub(super) const REVOKE: &str = "DELETE FROM invitations WHERE id = ?1";
// There are a thousand at most.
const FORGET_DEAD: &str = "DELETE FROM invitations WHERE uses_left = 0 OR expires_at_ms <= ?1";
const COUNT: &str = "SELECT count(*) FROM invitations";
const PUT: &str = "INSERT INTO invitations (hash, id, uses, uses_left, made_by, made_at_ms, expires_at_ms) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const GOOD: &str = "SELECT id, uses, uses_left, made_by, made_at_ms, expires_at_ms FROM invitations \
     WHERE uses_left > 0 AND expires_at_ms > ?1 ORDER BY made_at_ms, id";

pub(super) fn is_good(db: &Connection, hash: Bytes32, now_ms: u64) -> Outcome<bool> {
    Ok(db.prepare_cached(IS_GOOD)?.exists(params![hash.0, signed(now_ms)])?)
}

pub(super) fn good(db: &Connection, now_ms: u64) -> Outcome<Vec<InvitationInfo>> {
    let mut good = db.prepare_cached(GOOD)?;
    let good = good.query_map([signed(now_ms)], |row| {
        Ok(InvitationInfo {
            id: InvitationId::from_bytes(row.get(0)?),
            uses: row.get(1)?,
            uses_left: row.get(2)?,
            made_by: row.get(3)?,
            made_at_ms: columns::number(row, 4)?,
            expires_at_ms: columns::number(row, 5)?,
        })
    })?;
    Ok(good.collect::<rusqlite::Result<_>>()?)
}

impl Writer {
    pub(super) fn put_invitation(
        &mut self,
        act: &Act,
        hash: Bytes32,
        info: &InvitationInfo,
        most: usize,
    ) -> Outcome<Acted<()>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Acted::NotAllowed);
        };
        self.db.prepare_cached(FORGET_DEAD)?.execute([signed(info.made_at_ms)])?;
        let kept: i64 = self.db.prepare_cached(COUNT)?.query_row([], |row| row.get(0))?;
        if kept >= signed(most as u64) {
            return Ok(Acted::TooMany);
        }
        self.db.prepare_cached(PUT)?.execute(params![
            hash.0,
            info.id.as_bytes(),
            info.uses,
            info.uses_left,
            info.made_by,
            signed(info.made_at_ms),
            signed(info.expires_at_ms),
        ])?;
        self.write_down(act, &actor.username, made(info))?;
        Ok(Acted::Done(()))
    }

    pub(super) fn revoke_invitation(&mut self, act: &Act, invitation: InvitationId) -> Outcome<Acted<()>> {
        let Some(actor) = self.actor(act)? else {
            return Ok(Acted::NotAllowed);
        };
        if self.db.prepare_cached(REVOKE)?.execute([invitation.as_bytes()])? == 0 {
            return Ok(Acted::NotThere);
        }
        self.write_down(act, &actor.username, revoked(invitation))?;
        Ok(Acted::Done(()))
    }

    pub(super) fn create_invited_account(&mut self, new: &NewAccount, hash: Bytes32) -> Outcome<Creation> {
        if !is_good(&self.db, hash, new.created_at_ms)? {
            return Ok(Creation::NotInvited);
        }
        let creation = self.create_account(new)?;
        if creation == Creation::Created {
            self.db.prepare_cached(TAKE_USE)?.execute(params![hash.0, signed(new.created_at_ms)])?;
        }
        Ok(creation)
    }
}
