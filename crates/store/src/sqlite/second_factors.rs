//! Second factors.

use huis_proto::{AccountId, Bytes32};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{self, Key, signed};
use super::fault::Outcome;
use super::writer::Writer;
use crate::{NewSecondFactor, SecondFactor};

pub(super) const FIND: &str = "SELECT second_factor, second_factor_step, second_factor_number, \
     (SELECT count(*) FROM recovery_codes r WHERE r.account = a.account) \
     FROM accounts a WHERE id = ?1 AND second_factor <> x'' AND deleted_at_ms = 0";
pub(super) const ENABLE: &str = "UPDATE accounts SET second_factor = ?3, second_factor_step = ?4, \
     second_factor_number = second_factor_number + 1 \
     WHERE id = ?1 AND second_factor_number = ?2 AND second_factor = x'' AND deleted_at_ms = 0";
pub(super) const USE_STEP: &str = "UPDATE accounts SET second_factor_step = ?3 WHERE id = ?1 AND second_factor_number = ?2 \
     AND second_factor_step < ?3 AND second_factor <> x'' AND deleted_at_ms = 0";
pub(super) const ON: &str = "SELECT account FROM accounts WHERE id = ?1 AND second_factor_number = ?2 \
     AND second_factor <> x'' AND deleted_at_ms = 0";
const USE_CODE: &str = "DELETE FROM recovery_codes WHERE account = ?1 AND hash = ?2";
const DROP_CODES: &str = "DELETE FROM recovery_codes WHERE account = ?1";
const PUT_CODE: &str = "INSERT INTO recovery_codes (account, hash) VALUES (?1, ?2)";
const DISABLE: &str = "UPDATE accounts SET second_factor = x'', second_factor_number = second_factor_number + 1 \
     WHERE account = ?1";

pub(super) fn find(db: &Connection, account: AccountId) -> Outcome<Option<SecondFactor>> {
    let found = db.prepare_cached(FIND)?.query_row([account.as_bytes()], |row| {
        Ok(SecondFactor {
            sealed: columns::bytes(row, 0)?,
            step: columns::number(row, 1)?,
            number: columns::number(row, 2)?,
            codes_left: row.get(3)?,
        })
    });
    Ok(found.optional()?)
}

impl Writer {
    pub(super) fn enable_second_factor(&mut self, new: &NewSecondFactor) -> Outcome<bool> {
        let row = params![new.account.as_bytes(), signed(new.follows), &*new.sealed, signed(new.step)];
        if self.db.prepare_cached(ENABLE)?.execute(row)? == 0 {
            return Ok(false);
        }
        self.replace_recovery_codes(new.account, new.follows.saturating_add(1), &new.codes)
    }

    pub(super) fn use_second_factor_step(&mut self, account: AccountId, number: u64, step: u64) -> Outcome<bool> {
        let row = params![account.as_bytes(), signed(number), signed(step)];
        Ok(self.db.prepare_cached(USE_STEP)?.execute(row)? > 0)
    }

    pub(super) fn use_recovery_code(&mut self, account: AccountId, number: u64, hash: Bytes32) -> Outcome<bool> {
        let Some(account) = self.with_second_factor(account, number)? else { return Ok(false) };
        Ok(self.db.prepare_cached(USE_CODE)?.execute(params![account, hash.0])? > 0)
    }

    pub(super) fn replace_recovery_codes(
        &mut self,
        account: AccountId,
        number: u64,
        codes: &[Bytes32],
    ) -> Outcome<bool> {
        let Some(account) = self.with_second_factor(account, number)? else { return Ok(false) };
        self.db.prepare_cached(DROP_CODES)?.execute([account])?;
        for hash in codes {
            self.db.prepare_cached(PUT_CODE)?.execute(params![account, hash.0])?;
        }
        Ok(true)
    }

    pub(super) fn disable_second_factor(&mut self, account: AccountId, number: u64) -> Outcome<bool> {
        let Some(account) = self.with_second_factor(account, number)? else { return Ok(false) };
        self.db.prepare_cached(DROP_CODES)?.execute([account])?;
        self.db.prepare_cached(DISABLE)?.execute([account])?;
        Ok(true)
    }

    fn with_second_factor(&self, account: AccountId, number: u64) -> Outcome<Option<Key>> {
        let row = params![account.as_bytes(), signed(number)];
        Ok(self.db.prepare_cached(ON)?.query_row(row, |row| row.get(0)).optional()?)
    }
}
