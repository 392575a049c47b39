//! Second factors.

use huis_proto::{AccountId, Bytes32};

use super::columns::{self, Key, signed};
use super::db::Db;
use super::fault::Outcome;
use crate::{NewSecondFactor, SecondFactor};

pub(super) const FIND: &str = "SELECT second_factor, second_factor_step, second_factor_number, \
     (SELECT count(*) FROM recovery_codes r WHERE r.account = a.account) \
     FROM accounts a WHERE id = $1 AND octet_length(second_factor) > 0 AND deleted_at_ms = 0";
pub(super) const ENABLE: &str = "UPDATE accounts SET second_factor = $3, second_factor_step = $4, \
     second_factor_number = second_factor_number + 1 \
     WHERE id = $1 AND second_factor_number = $2 AND octet_length(second_factor) = 0 AND deleted_at_ms = 0";
pub(super) const USE_STEP: &str = "UPDATE accounts SET second_factor_step = $3 WHERE id = $1 AND second_factor_number = $2 \
     AND second_factor_step < $3 AND octet_length(second_factor) > 0 AND deleted_at_ms = 0";
/// Holds the account's row, so that its second factor stays the one that is meant.
pub(super) const HOLD_ON: &str = "SELECT account FROM accounts WHERE id = $1 AND second_factor_number = $2 \
     AND octet_length(second_factor) > 0 AND deleted_at_ms = 0 FOR NO KEY UPDATE";
const USE_CODE: &str = "DELETE FROM recovery_codes WHERE account = $1 AND hash = $2";
const DROP_CODES: &str = "DELETE FROM recovery_codes WHERE account = $1";
const PUT_CODE: &str = "INSERT INTO recovery_codes (account, hash) VALUES ($1, $2)";
const DISABLE: &str = "UPDATE accounts SET second_factor = '', second_factor_number = second_factor_number + 1 \
     WHERE account = $1";

pub(super) async fn find(db: &Db, account: AccountId) -> Outcome<Option<SecondFactor>> {
    let Some(row) = db.row(FIND, &[&account.as_bytes().as_slice()]).await? else { return Ok(None) };
    Ok(Some(SecondFactor {
        sealed: columns::bytes(&row, 0)?,
        step: columns::number(&row, 1)?,
        number: columns::number(&row, 2)?,
        codes_left: u32::try_from(columns::number(&row, 3)?).unwrap_or(u32::MAX),
    }))
}

pub(super) async fn enable(db: &Db, new: &NewSecondFactor) -> Outcome<bool> {
    let (id, follows, step) = (new.account.as_bytes().as_slice(), signed(new.follows), signed(new.step));
    if db.execute(ENABLE, &[&id, &follows, &&*new.sealed, &step]).await? == 0 {
        return Ok(false);
    }
    replace_codes(db, new.account, new.follows.saturating_add(1), &new.codes).await
}

pub(super) async fn use_step(db: &Db, account: AccountId, number: u64, step: u64) -> Outcome<bool> {
    let id = account.as_bytes().as_slice();
    Ok(db.execute(USE_STEP, &[&id, &signed(number), &signed(step)]).await? > 0)
}

pub(super) async fn use_code(db: &Db, account: AccountId, number: u64, hash: Bytes32) -> Outcome<bool> {
    let Some(account) = hold(db, account, number).await? else { return Ok(false) };
    Ok(db.execute(USE_CODE, &[&account, &hash.0.as_slice()]).await? > 0)
}

pub(super) async fn replace_codes(db: &Db, account: AccountId, number: u64, codes: &[Bytes32]) -> Outcome<bool> {
    let Some(account) = hold(db, account, number).await? else { return Ok(false) };
    db.execute(DROP_CODES, &[&account]).await?;
    for hash in codes {
        db.execute(PUT_CODE, &[&account, &hash.0.as_slice()]).await?;
    }
    Ok(true)
}

pub(super) async fn disable(db: &Db, account: AccountId, number: u64) -> Outcome<bool> {
    let Some(account) = hold(db, account, number).await? else { return Ok(false) };
    db.execute(DROP_CODES, &[&account]).await?;
    db.execute(DISABLE, &[&account]).await?;
    Ok(true)
}

async fn hold(db: &Db, account: AccountId, number: u64) -> Outcome<Option<Key>> {
    let row = db.row(HOLD_ON, &[&account.as_bytes().as_slice(), &signed(number)]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
