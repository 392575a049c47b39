//! Another identity key in place of the one before.

use rusqlite::{OptionalExtension, params};

use super::accounts::Sealed;
use super::columns::{self, Key};
use super::fault::{Fault, Outcome};
use super::writer::Writer;
use crate::{IdentityRenewal, NewIdentity, PasswordChange, Swap};

pub(super) const NEWEST_OF_ALL: &str = "SELECT a.account, a.password_number, a.device_list_number, v.number, s.number \
     FROM accounts a JOIN vaults v ON v.account = a.account JOIN account_states s ON s.account = a.account \
     WHERE a.id = ?1";
const SET_KEYS: &str = "UPDATE accounts SET identity_key = ?2, recovery_key = ?3 WHERE account = ?1";

impl Writer {
    pub(super) fn renew_identity(&mut self, new: &NewIdentity) -> Outcome<IdentityRenewal> {
        let id = new.password.account;
        let newest = self
            .db
            .prepare_cached(NEWEST_OF_ALL)?
            .query_row([id.as_bytes()], |row| {
                let number = |column| columns::number(row, column);
                Ok((row.get(0)?, number(1)?, number(2)?, number(3)?, number(4)?))
            })
            .optional()?;
        let Some((account, password, list, vault, state)): Option<(Key, u64, u64, u64, u64)> = newest else {
            return Ok(IdentityRenewal::Conflict);
        };
        // Everything that can refuse comes before the first thing that is written.
        if list.checked_add(1) != Some(new.device_list_number) {
            return Ok(IdentityRenewal::OtherList(list));
        }
        let follows = |before: u64, next: u64| before.checked_add(1) == Some(next);
        if password != new.password.follows
            || !follows(vault, new.password.vault.number)
            || !follows(state, new.account_state.number)
        {
            return Ok(IdentityRenewal::Conflict);
        }
        // Before the list, which takes sessions of its own without naming them.
        let PasswordChange::Stored(ended) = self.change_password(&new.password)? else {
            return Ok(IdentityRenewal::Conflict);
        };
        self.db.prepare_cached(SET_KEYS)?.execute(params![account, new.identity_key.0, new.recovery_key.0])?;
        let put = self.put_sealed(id, &new.account_state, state, Sealed::AccountState)?;
        let listed = self.put_device_list(id, new.device_list_number, &new.device_list, &new.devices)?;
        match (put, listed) {
            (Swap::Stored, Swap::Stored) => Ok(IdentityRenewal::Stored(ended)),
            // The numbers were looked at; nothing of it may stay.
            _ => Err(Fault::Misuse("a renewal of an identity that is half another's")),
        }
    }
}
