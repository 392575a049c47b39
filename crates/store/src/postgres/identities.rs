//! Another identity key in place of the one before.

use super::accounts::{self, Sealed};
use super::columns;
use super::db::Db;
use super::fault::{Fault, Outcome};
use crate::{IdentityRenewal, NewIdentity, PasswordChange, Swap};

pub(super) const NEWEST_SEALED: &str = "SELECT v.number, s.number FROM vaults v \
     JOIN account_states s ON s.account = v.account WHERE v.account = $1";
const SET_KEYS: &str = "UPDATE accounts SET identity_key = $2, recovery_key = $3 WHERE account = $1";

pub(super) async fn renew(db: &Db, new: &NewIdentity) -> Outcome<IdentityRenewal> {
    let id = new.password.account;
    let Some(held) = accounts::hold(db, id).await? else {
        return Ok(IdentityRenewal::Conflict);
    };
    let sealed = db.row(NEWEST_SEALED, &[&held.account]).await?;
    let sealed = sealed.ok_or(Fault::Damaged("an account has no vault or no state"))?;
    let (vault, state) = (columns::number(&sealed, 0)?, columns::number(&sealed, 1)?);
    // Everything that can refuse comes before the first thing that is written.
    let follows = |before: u64, next: u64| before.checked_add(1) == Some(next);
    if !follows(held.device_list_number, new.device_list_number) {
        return Ok(IdentityRenewal::OtherList(held.device_list_number));
    }
    if held.password_number != new.password.follows
        || !follows(vault, new.password.vault.number)
        || !follows(state, new.account_state.number)
    {
        return Ok(IdentityRenewal::Conflict);
    }
    // Password and list are held. Whoever replaces vault or state meanwhile is seen when they are replaced here, and
    // undoes all of it: begun anew, the numbers above no longer fit.
    // Before the list, which takes sessions of its own without naming them.
    let PasswordChange::Stored(ended) = accounts::change_password(db, &new.password).await? else {
        return Err(Fault::Overtaken);
    };
    if accounts::put_sealed(db, id, &new.account_state, state, Sealed::AccountState).await? != Swap::Stored {
        return Err(Fault::Overtaken);
    }
    let (identity, recovery) = (new.identity_key.0.as_slice(), new.recovery_key.0.as_slice());
    db.execute(SET_KEYS, &[&held.account, &identity, &recovery]).await?;
    accounts::put_next_list(db, held.account, new.device_list_number, &new.device_list, &new.devices).await?;
    Ok(IdentityRenewal::Stored(ended))
}
