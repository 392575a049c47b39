//! Accounts, device lists, vaults, account states.

use huis_proto::device_list::SignedDeviceList;
use huis_proto::opaque::StretchParameters;
use huis_proto::{AccountId, DeviceId};
use tokio_postgres::Row;

use super::columns::{self, Key, signed};
use super::db::{Db, Params};
use super::fault::{Fault, Outcome};
use super::{audit, listing, sessions};
use crate::administration::claim;
use crate::{
    Account, Creation, NewAccount, NewPassword, NewRecoveryKey, Numbered, PasswordChange, PasswordRecord,
    RecoveryKeyChange, ServerRole, Swap,
};

const ID_TAKEN: &str = "SELECT 1 FROM accounts WHERE id = $1";
const NAME_TAKEN: &str = "SELECT 1 FROM accounts WHERE username = $1";
const SKELETON_TAKEN: &str = "SELECT 1 FROM accounts WHERE skeleton = $1";
pub(super) const SLOT_TAKEN: &str = "SELECT 1 FROM accounts WHERE role > 0 AND role = 3";
const PUT_ACCOUNT: &str = "INSERT INTO accounts (id, username, skeleton, email, role, opaque, \
     stretch_memory_kib, stretch_passes, stretch_lanes, identity_key, recovery_key, \
     device_list_number, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12) \
     ON CONFLICT DO NOTHING RETURNING account";
pub(super) const ACCOUNT_BY_NAME: &str = "SELECT a.id, a.username, a.role, a.identity_key, a.device_list_number, \
     a.password_number, l.list, l.signature, l.handover, a.second_factor_number, octet_length(a.second_factor) > 0 \
     FROM accounts a \
     JOIN device_lists l ON l.account = a.account AND l.number = a.device_list_number \
     WHERE a.username = $1 AND a.deleted_at_ms = 0";
pub(super) const ACCOUNT_BY_ID: &str = "SELECT a.id, a.username, a.role, a.identity_key, a.device_list_number, \
     a.password_number, l.list, l.signature, l.handover, a.second_factor_number, octet_length(a.second_factor) > 0 \
     FROM accounts a \
     JOIN device_lists l ON l.account = a.account AND l.number = a.device_list_number \
     WHERE a.id = $1";
pub(super) const PASSWORD: &str = "SELECT id, username, opaque, stretch_memory_kib, stretch_passes, stretch_lanes, \
     password_number, recovery_key FROM accounts WHERE username = $1 AND deleted_at_ms = 0";
pub(super) const DEVICE_LISTS: &str = "SELECT l.list, l.signature, l.handover FROM accounts a \
     JOIN device_lists l ON l.account = a.account WHERE a.id = $1 AND l.number > $2 \
     ORDER BY l.number LIMIT $3";
/// Holds the account's row, unless it was deleted, so that what its numbers are compared with stays true.
pub(super) const HOLD_ACCOUNT: &str = "SELECT account, password_number, device_list_number FROM accounts WHERE id = $1 \
     AND deleted_at_ms = 0 FOR NO KEY UPDATE";
const SET_PASSWORD: &str = "UPDATE accounts SET password_number = $2, opaque = $3, stretch_memory_kib = $4, \
     stretch_passes = $5, stretch_lanes = $6 WHERE account = $1";
const SET_RECOVERY_KEY: &str = "UPDATE accounts SET recovery_key = $2 WHERE account = $1";
const PUT_LIST: &str = "INSERT INTO device_lists (account, number, list, signature, handover) \
     VALUES ($1, $2, $3, $4, $5)";
const SET_NEWEST_LIST: &str = "UPDATE accounts SET device_list_number = $2 WHERE account = $1";

/// The two kinds of sealed bytes that have numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sealed {
    Vault,
    AccountState,
}

impl Sealed {
    pub(super) const fn find(self) -> &'static str {
        match self {
            Self::Vault => {
                "SELECT s.number, s.sealed FROM accounts a JOIN vaults s ON s.account = a.account WHERE a.id = $1"
            }
            Self::AccountState => {
                "SELECT s.number, s.sealed FROM accounts a JOIN account_states s ON s.account = a.account WHERE a.id = $1"
            }
        }
    }

    fn put(self) -> &'static str {
        match self {
            Self::Vault => "INSERT INTO vaults (account, number, sealed) VALUES ($1, 1, $2)",
            Self::AccountState => "INSERT INTO account_states (account, number, sealed) VALUES ($1, 1, $2)",
        }
    }

    fn number(self) -> &'static str {
        match self {
            Self::Vault => "SELECT s.number FROM accounts a JOIN vaults s ON s.account = a.account WHERE a.id = $1",
            Self::AccountState => {
                "SELECT s.number FROM accounts a JOIN account_states s ON s.account = a.account WHERE a.id = $1"
            }
        }
    }

    /// Replaces the one with the number `$4`, and no other.
    pub(super) const fn replace(self) -> &'static str {
        match self {
            Self::Vault => {
                "UPDATE vaults SET number = $2, sealed = $3 \
                 WHERE account = (SELECT account FROM accounts WHERE id = $1) AND number = $4"
            }
            Self::AccountState => {
                "UPDATE account_states SET number = $2, sealed = $3 \
                 WHERE account = (SELECT account FROM accounts WHERE id = $1) AND number = $4"
            }
        }
    }
}

/// An account whose row is held.
pub(super) struct Held {
    pub(super) account: Key,
    pub(super) password_number: u64,
    pub(super) device_list_number: u64,
}

pub(super) async fn name_state(db: &Db, username: &str, skeleton: &str) -> Outcome<Creation> {
    if db.exists(NAME_TAKEN, &[&username]).await? {
        Ok(Creation::NameTaken)
    } else if db.exists(SKELETON_TAKEN, &[&skeleton]).await? {
        Ok(Creation::NameLooksAlike)
    } else {
        Ok(Creation::Created)
    }
}

pub(super) async fn super_administrator_exists(db: &Db) -> Outcome<bool> {
    db.exists(SLOT_TAKEN, &[]).await
}

pub(super) async fn account_by_name(db: &Db, username: &str) -> Outcome<Option<Account>> {
    db.row(ACCOUNT_BY_NAME, &[&username]).await?.map(|row| found_account(&row)).transpose()
}

pub(super) async fn account(db: &Db, account: AccountId) -> Outcome<Option<Account>> {
    db.row(ACCOUNT_BY_ID, &[&account.as_bytes().as_slice()]).await?.map(|row| found_account(&row)).transpose()
}

pub(super) async fn password_record(db: &Db, username: &str) -> Outcome<Option<PasswordRecord>> {
    let Some(row) = db.row(PASSWORD, &[&username]).await? else {
        return Ok(None);
    };
    Ok(Some(PasswordRecord {
        account: AccountId::from_bytes(columns::array(&row, 0)?),
        username: row.try_get(1)?,
        opaque: columns::bytes(&row, 2)?,
        stretch: StretchParameters {
            memory_kib: columns::small(&row, 3)?,
            passes: columns::small(&row, 4)?,
            lanes: columns::small(&row, 5)?,
        },
        number: columns::number(&row, 6)?,
        recovery_key: columns::bytes32(&row, 7)?,
    }))
}

pub(super) async fn device_lists(
    db: &Db,
    account: AccountId,
    after: u64,
    most: usize,
) -> Outcome<Vec<SignedDeviceList>> {
    let bounds = (signed(after), signed(most as u64));
    let lists = db.rows(DEVICE_LISTS, &[&account.as_bytes().as_slice(), &bounds.0, &bounds.1]).await?;
    lists.iter().map(|row| found_list(row, 0)).collect()
}

pub(super) async fn sealed(db: &Db, account: AccountId, what: Sealed) -> Outcome<Option<Numbered>> {
    let Some(row) = db.row(what.find(), &[&account.as_bytes().as_slice()]).await? else {
        return Ok(None);
    };
    Ok(Some(Numbered { number: columns::number(&row, 0)?, sealed: columns::bytes(&row, 1)? }))
}

pub(super) async fn create_account(db: &Db, new: &NewAccount) -> Outcome<Creation> {
    let id = new.account.as_bytes().as_slice();
    if new.claims_super_administrator {
        // Of two who claim the place at once, one comes first.
        audit::hold(db).await?;
    }
    if db.exists(ID_TAKEN, &[&id]).await? {
        return Ok(Creation::NameTaken);
    }
    match name_state(db, &new.username, &new.skeleton).await? {
        Creation::Created => {}
        refusal => return Ok(refusal),
    }
    let role = if !new.claims_super_administrator {
        ServerRole::Member
    } else if super_administrator_exists(db).await? {
        return Ok(Creation::SlotTaken);
    } else {
        ServerRole::SuperAdministrator
    };
    let role = role as i16;
    let stretch = [new.stretch.memory_kib, new.stretch.passes, new.stretch.lanes].map(i64::from);
    let (email, opaque, created) =
        (new.email.as_deref().unwrap_or(""), &*new.opaque as &[u8], signed(new.created_at_ms));
    let (identity, recovery) = (new.identity_key.0.as_slice(), new.recovery_key.0.as_slice());
    let columns: Params<'_> = &[
        &id,
        &new.username,
        &new.skeleton,
        &email,
        &role,
        &opaque,
        &stretch[0],
        &stretch[1],
        &stretch[2],
        &identity,
        &recovery,
        &created,
    ];
    let row = db.row(PUT_ACCOUNT, columns).await?.ok_or(Fault::Overtaken)?;
    let account: Key = row.try_get(0)?;
    put_list(db, account, 1, &new.device_list).await?;
    listing::put_devices(db, account, &new.devices).await?;
    for (what, sealed) in [(Sealed::Vault, &new.vault), (Sealed::AccountState, &new.account_state)] {
        db.execute(what.put(), &[&account, &&**sealed]).await?;
    }
    if new.claims_super_administrator {
        let (act, noted) = claim(new);
        audit::write_down(db, &act, &new.username, noted).await?;
    }
    Ok(Creation::Created)
}

/// Holds an account's row until the transaction ends, unless the account was deleted.
pub(super) async fn hold(db: &Db, account: AccountId) -> Outcome<Option<Held>> {
    let Some(row) = db.row(HOLD_ACCOUNT, &[&account.as_bytes().as_slice()]).await? else {
        return Ok(None);
    };
    Ok(Some(Held {
        account: row.try_get(0)?,
        password_number: columns::number(&row, 1)?,
        device_list_number: columns::number(&row, 2)?,
    }))
}

pub(super) async fn put_device_list(
    db: &Db,
    id: AccountId,
    number: u64,
    list: &SignedDeviceList,
    devices: &[DeviceId],
) -> Outcome<Swap> {
    let Some(held) = hold(db, id).await? else {
        return Ok(Swap::Conflict(0));
    };
    if held.device_list_number.checked_add(1) != Some(number) {
        return Ok(Swap::Conflict(held.device_list_number));
    }
    put_next_list(db, held.account, number, list, devices).await?;
    Ok(Swap::Stored)
}

/// The account's row is held, and `number` is its next.
pub(super) async fn put_next_list(
    db: &Db,
    account: Key,
    number: u64,
    list: &SignedDeviceList,
    devices: &[DeviceId],
) -> Outcome<()> {
    put_list(db, account, number, list).await?;
    db.execute(SET_NEWEST_LIST, &[&account, &signed(number)]).await?;
    listing::replace(db, account, devices).await
}

pub(super) async fn put_sealed(
    db: &Db,
    account: AccountId,
    new: &Numbered,
    replaces: u64,
    what: Sealed,
) -> Outcome<Swap> {
    let id = account.as_bytes().as_slice();
    if new.number > replaces {
        let (number, before) = (signed(new.number), signed(replaces));
        if db.execute(what.replace(), &[&id, &number, &&*new.sealed, &before]).await? > 0 {
            return Ok(Swap::Stored);
        }
    }
    let newest = db.row(what.number(), &[&id]).await?;
    Ok(Swap::Conflict(newest.map(|row| columns::number(&row, 0)).transpose()?.unwrap_or(0)))
}

pub(super) async fn change_password(db: &Db, new: &NewPassword) -> Outcome<PasswordChange> {
    let Some(held) = hold(db, new.account).await? else {
        return Ok(PasswordChange::Conflict);
    };
    // The vault is the last thing that can refuse: nothing was written before it.
    let replaces = new.vault.number.saturating_sub(1);
    if held.password_number != new.follows
        || put_sealed(db, new.account, &new.vault, replaces, Sealed::Vault).await? != Swap::Stored
    {
        return Ok(PasswordChange::Conflict);
    }
    let stretch = [new.stretch.memory_kib, new.stretch.passes, new.stretch.lanes].map(i64::from);
    let number = signed(held.password_number.saturating_add(1));
    db.execute(SET_PASSWORD, &[&held.account, &number, &&*new.opaque, &stretch[0], &stretch[1], &stretch[2]]).await?;
    Ok(PasswordChange::Stored(sessions::end_sessions(db, new.account, new.ends).await?))
}

pub(super) async fn change_recovery_key(db: &Db, new: &NewRecoveryKey) -> Outcome<RecoveryKeyChange> {
    let Some(held) = hold(db, new.account).await? else {
        return Ok(RecoveryKeyChange::Conflict);
    };
    // The vault is the last thing that can refuse: nothing was written before it.
    let replaces = new.vault.number.saturating_sub(1);
    if held.password_number != new.password_number
        || put_sealed(db, new.account, &new.vault, replaces, Sealed::Vault).await? != Swap::Stored
    {
        return Ok(RecoveryKeyChange::Conflict);
    }
    db.execute(SET_RECOVERY_KEY, &[&held.account, &new.recovery_key.0.as_slice()]).await?;
    Ok(RecoveryKeyChange::Stored)
}

async fn put_list(db: &Db, account: Key, number: u64, list: &SignedDeviceList) -> Outcome<()> {
    let handover: &[u8] = list.handover.as_deref().unwrap_or_default();
    db.execute(PUT_LIST, &[&account, &signed(number), &&*list.list, &&*list.signature, &handover]).await?;
    Ok(())
}

fn found_account(row: &Row) -> Outcome<Account> {
    Ok(Account {
        account: AccountId::from_bytes(columns::array(row, 0)?),
        username: row.try_get(1)?,
        role: columns::role(row, 2)?,
        identity_key: columns::bytes32(row, 3)?,
        device_list_number: columns::number(row, 4)?,
        password_number: columns::number(row, 5)?,
        device_list: found_list(row, 6)?,
        second_factor_number: columns::number(row, 9)?,
        second_factor_is_on: row.try_get(10)?,
    })
}

fn found_list(row: &Row, column: usize) -> Outcome<SignedDeviceList> {
    let handover = columns::bytes(row, column + 2)?;
    Ok(SignedDeviceList {
        list: columns::bytes(row, column)?,
        signature: columns::bytes(row, column + 1)?,
        handover: (!handover.is_empty()).then_some(handover),
    })
}
