//! Accounts, device lists, vaults, account states.

use huis_proto::device_list::SignedDeviceList;
use huis_proto::opaque::StretchParameters;
use huis_proto::{AccountId, Bytes32, ConversationId, DeviceId, Member};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{self, Key, signed};
use super::fault::Outcome;
use super::writer::Writer;
use crate::administration::claim;
use crate::{
    Account, Creation, NewAccount, NewPassword, NewRecoveryKey, Numbered, PasswordChange, PasswordRecord,
    RecoveryKeyChange, ServerRole, Swap,
};

const ID_TAKEN: &str = "SELECT 1 FROM accounts WHERE id = ?1";
const NAME_TAKEN: &str = "SELECT 1 FROM accounts WHERE username = ?1";
const SKELETON_TAKEN: &str = "SELECT 1 FROM accounts WHERE skeleton = ?1";
pub(super) const SLOT_TAKEN: &str = "SELECT 1 FROM accounts WHERE role > 0 AND role = 3";
const PUT_ACCOUNT: &str = "INSERT INTO accounts (id, username, skeleton, email, role, opaque, \
     stretch_memory_kib, stretch_passes, stretch_lanes, identity_key, recovery_key, \
     device_list_number, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1, ?12)";
pub(super) const ACCOUNT_BY_NAME: &str = "SELECT a.id, a.username, a.role, a.identity_key, a.device_list_number, \
     l.list, l.signature, l.handover, a.password_number, a.second_factor_number, a.second_factor <> x'' \
     FROM accounts a \
     JOIN device_lists l ON l.account = a.account AND l.number = a.device_list_number \
     WHERE a.username = ?1 AND a.deleted_at_ms = 0";
pub(super) const ACCOUNT_BY_ID: &str = "SELECT a.id, a.username, a.role, a.identity_key, a.device_list_number, \
     l.list, l.signature, l.handover, a.password_number, a.second_factor_number, a.second_factor <> x'' \
     FROM accounts a \
     JOIN device_lists l ON l.account = a.account AND l.number = a.device_list_number \
     WHERE a.id = ?1";
pub(super) const PASSWORD: &str = "SELECT id, username, opaque, stretch_memory_kib, stretch_passes, stretch_lanes, \
     password_number, recovery_key FROM accounts WHERE username = ?1 AND deleted_at_ms = 0";
pub(super) const DEVICE_LISTS: &str = "SELECT l.list, l.signature, l.handover FROM accounts a \
     JOIN device_lists l ON l.account = a.account WHERE a.id = ?1 AND l.number > ?2 \
     ORDER BY l.number LIMIT ?3";
pub(super) const NEWEST_PASSWORD: &str =
    "SELECT account, password_number FROM accounts WHERE id = ?1 AND deleted_at_ms = 0";
const SET_PASSWORD: &str = "UPDATE accounts SET password_number = ?2, opaque = ?3, stretch_memory_kib = ?4, \
     stretch_passes = ?5, stretch_lanes = ?6 WHERE account = ?1";
const SET_RECOVERY_KEY: &str = "UPDATE accounts SET recovery_key = ?2 WHERE account = ?1";
const NEWEST_LIST: &str = "SELECT account, device_list_number FROM accounts WHERE id = ?1 AND deleted_at_ms = 0";
const PUT_LIST: &str = "INSERT INTO device_lists (account, number, list, signature, handover) \
     VALUES (?1, ?2, ?3, ?4, ?5)";
const SET_NEWEST_LIST: &str = "UPDATE accounts SET device_list_number = ?2 WHERE account = ?1";
const PUT_DEVICE: &str = "INSERT INTO devices (account, id, listed, place) VALUES (?1, ?2, 1, ?3) \
     ON CONFLICT (account, id) DO UPDATE SET listed = 1, place = excluded.place";
pub(super) const LISTED_DEVICES: &str = "SELECT device, id FROM devices WHERE account = ?1 AND listed = 1";
const UNLIST: &str = "UPDATE devices SET listed = 0 WHERE device = ?1";
/// What an unlisted device loses, and its seats that nobody has to tidy.
const STRIP: [&str; 6] = [
    "DELETE FROM sessions WHERE device = ?1",
    "DELETE FROM key_packages WHERE device = ?1",
    "DELETE FROM last_resort_key_packages WHERE device = ?1",
    "DELETE FROM welcomes WHERE device = ?1",
    "DELETE FROM members WHERE device = ?1 AND leaf = 0",
    "UPDATE members SET last = 0 WHERE device = ?1",
];
const CONVERSATIONS_OF_DEVICE: &str = "SELECT c.conversation, c.id FROM members m \
     JOIN conversations c ON c.conversation = m.conversation WHERE m.device = ?1";
const WELCOMED_TO: &str = "SELECT DISTINCT conversation FROM welcomes WHERE device = ?1";

/// The two kinds of sealed bytes that have numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sealed {
    Vault,
    AccountState,
}

impl Sealed {
    fn find(self) -> &'static str {
        match self {
            Self::Vault => {
                "SELECT s.number, s.sealed FROM accounts a JOIN vaults s ON s.account = a.account WHERE a.id = ?1"
            }
            Self::AccountState => {
                "SELECT s.number, s.sealed FROM accounts a JOIN account_states s ON s.account = a.account WHERE a.id = ?1"
            }
        }
    }

    fn put(self) -> &'static str {
        match self {
            Self::Vault => "INSERT INTO vaults (account, number, sealed) VALUES (?1, 1, ?2)",
            Self::AccountState => "INSERT INTO account_states (account, number, sealed) VALUES (?1, 1, ?2)",
        }
    }

    fn number(self) -> &'static str {
        match self {
            Self::Vault => "SELECT s.number FROM accounts a JOIN vaults s ON s.account = a.account WHERE a.id = ?1",
            Self::AccountState => {
                "SELECT s.number FROM accounts a JOIN account_states s ON s.account = a.account WHERE a.id = ?1"
            }
        }
    }

    fn replace(self) -> &'static str {
        match self {
            Self::Vault => {
                "UPDATE vaults SET number = ?2, sealed = ?3 WHERE account = (SELECT account FROM accounts WHERE id = ?1)"
            }
            Self::AccountState => {
                "UPDATE account_states SET number = ?2, sealed = ?3 WHERE account = (SELECT account FROM accounts WHERE id = ?1)"
            }
        }
    }
}

pub(super) fn name_state(db: &Connection, username: &str, skeleton: &str) -> Outcome<Creation> {
    if db.prepare_cached(NAME_TAKEN)?.exists([username])? {
        Ok(Creation::NameTaken)
    } else if db.prepare_cached(SKELETON_TAKEN)?.exists([skeleton])? {
        Ok(Creation::NameLooksAlike)
    } else {
        Ok(Creation::Created)
    }
}

pub(super) fn super_administrator_exists(db: &Connection) -> Outcome<bool> {
    Ok(db.prepare_cached(SLOT_TAKEN)?.exists([])?)
}

pub(super) fn account_by_name(db: &Connection, username: &str) -> Outcome<Option<Account>> {
    let mut find = db.prepare_cached(ACCOUNT_BY_NAME)?;
    Ok(find.query_row([username], found_account).optional()?)
}

pub(super) fn account(db: &Connection, account: AccountId) -> Outcome<Option<Account>> {
    let mut find = db.prepare_cached(ACCOUNT_BY_ID)?;
    Ok(find.query_row([account.as_bytes()], found_account).optional()?)
}

pub(super) fn password_record(db: &Connection, username: &str) -> Outcome<Option<PasswordRecord>> {
    let mut find = db.prepare_cached(PASSWORD)?;
    let found = find.query_row([username], |row| {
        Ok(PasswordRecord {
            account: AccountId::from_bytes(row.get(0)?),
            username: row.get(1)?,
            opaque: columns::bytes(row, 2)?,
            stretch: StretchParameters { memory_kib: row.get(3)?, passes: row.get(4)?, lanes: row.get(5)? },
            number: columns::number(row, 6)?,
            recovery_key: Bytes32(row.get(7)?),
        })
    });
    Ok(found.optional()?)
}

pub(super) fn device_lists(
    db: &Connection,
    account: AccountId,
    after: u64,
    most: usize,
) -> Outcome<Vec<SignedDeviceList>> {
    let mut lists = db.prepare_cached(DEVICE_LISTS)?;
    let bounds = params![account.as_bytes(), signed(after), signed(most as u64)];
    let lists = lists.query_map(bounds, |row| found_list(row, 0))?;
    Ok(lists.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn sealed(db: &Connection, account: AccountId, what: Sealed) -> Outcome<Option<Numbered>> {
    let mut find = db.prepare_cached(what.find())?;
    let found = find.query_row([account.as_bytes()], |row| {
        Ok(Numbered { number: columns::number(row, 0)?, sealed: columns::bytes(row, 1)? })
    });
    Ok(found.optional()?)
}

impl Writer {
    pub(super) fn create_account(&mut self, new: &NewAccount) -> Outcome<Creation> {
        let db = &self.db;
        if db.prepare_cached(ID_TAKEN)?.exists([new.account.as_bytes()])? {
            return Ok(Creation::NameTaken);
        }
        match name_state(db, &new.username, &new.skeleton)? {
            Creation::Created => {}
            refusal => return Ok(refusal),
        }
        let role = if !new.claims_super_administrator {
            ServerRole::Member
        } else if super_administrator_exists(db)? {
            return Ok(Creation::SlotTaken);
        } else {
            ServerRole::SuperAdministrator
        };
        let account = db.prepare_cached(PUT_ACCOUNT)?.insert(params![
            new.account.as_bytes(),
            new.username,
            new.skeleton,
            new.email.as_deref().unwrap_or(""),
            role as u8,
            &*new.opaque,
            new.stretch.memory_kib,
            new.stretch.passes,
            new.stretch.lanes,
            new.identity_key.0,
            new.recovery_key.0,
            signed(new.created_at_ms),
        ])?;
        self.put_list(account, 1, &new.device_list)?;
        self.put_devices(account, &new.devices)?;
        for (what, sealed) in [(Sealed::Vault, &new.vault), (Sealed::AccountState, &new.account_state)] {
            self.db.prepare_cached(what.put())?.execute(params![account, &**sealed])?;
        }
        if new.claims_super_administrator {
            let (act, noted) = claim(new);
            self.write_down(&act, &new.username, noted)?;
        }
        Ok(Creation::Created)
    }

    pub(super) fn put_device_list(
        &mut self,
        id: AccountId,
        number: u64,
        list: &SignedDeviceList,
        devices: &[DeviceId],
    ) -> Outcome<Swap> {
        let newest = self
            .db
            .prepare_cached(NEWEST_LIST)?
            .query_row([id.as_bytes()], |row| Ok((row.get(0)?, columns::number(row, 1)?)))
            .optional()?;
        let Some((account, newest)): Option<(Key, u64)> = newest else {
            return Ok(Swap::Conflict(0));
        };
        if newest.checked_add(1) != Some(number) {
            return Ok(Swap::Conflict(newest));
        }
        // What is in memory of these devices and their conversations is read again after this.
        self.write_back()?;
        self.put_list(account, number, list)?;
        self.db.prepare_cached(SET_NEWEST_LIST)?.execute(params![account, signed(number)])?;
        let listed = self.listed_devices(account)?;
        self.put_devices(account, devices)?;
        for device in devices {
            self.hot.forget_device(Member { account: id, device: *device });
        }
        for (key, device) in listed {
            if !devices.contains(&device) {
                self.hot.forget_device(Member { account: id, device });
                self.unlist(key)?;
            }
        }
        Ok(Swap::Stored)
    }

    pub(super) fn put_sealed(
        &mut self,
        account: AccountId,
        new: &Numbered,
        replaces: u64,
        what: Sealed,
    ) -> Outcome<Swap> {
        let newest = self
            .db
            .prepare_cached(what.number())?
            .query_row([account.as_bytes()], |row| columns::number(row, 0))
            .optional()?
            .unwrap_or(0);
        if newest == 0 || newest != replaces || new.number <= replaces {
            return Ok(Swap::Conflict(newest));
        }
        self.db.prepare_cached(what.replace())?.execute(params![
            account.as_bytes(),
            signed(new.number),
            &*new.sealed
        ])?;
        Ok(Swap::Stored)
    }

    pub(super) fn change_password(&mut self, new: &NewPassword) -> Outcome<PasswordChange> {
        let newest = self
            .db
            .prepare_cached(NEWEST_PASSWORD)?
            .query_row([new.account.as_bytes()], |row| Ok((row.get(0)?, columns::number(row, 1)?)))
            .optional()?;
        let Some((account, number)): Option<(Key, u64)> = newest else {
            return Ok(PasswordChange::Conflict);
        };
        // The vault is the last thing that can refuse: nothing was written before it.
        let replaces = new.vault.number.saturating_sub(1);
        if number != new.follows || self.put_sealed(new.account, &new.vault, replaces, Sealed::Vault)? != Swap::Stored {
            return Ok(PasswordChange::Conflict);
        }
        self.db.prepare_cached(SET_PASSWORD)?.execute(params![
            account,
            signed(number.saturating_add(1)),
            &*new.opaque,
            new.stretch.memory_kib,
            new.stretch.passes,
            new.stretch.lanes,
        ])?;
        Ok(PasswordChange::Stored(self.end_sessions(new.account, new.ends)?))
    }

    pub(super) fn change_recovery_key(&mut self, new: &NewRecoveryKey) -> Outcome<RecoveryKeyChange> {
        let newest = self
            .db
            .prepare_cached(NEWEST_PASSWORD)?
            .query_row([new.account.as_bytes()], |row| Ok((row.get(0)?, columns::number(row, 1)?)))
            .optional()?;
        let Some((account, number)): Option<(Key, u64)> = newest else {
            return Ok(RecoveryKeyChange::Conflict);
        };
        // The vault is the last thing that can refuse: nothing was written before it.
        let replaces = new.vault.number.saturating_sub(1);
        if number != new.password_number
            || self.put_sealed(new.account, &new.vault, replaces, Sealed::Vault)? != Swap::Stored
        {
            return Ok(RecoveryKeyChange::Conflict);
        }
        self.db.prepare_cached(SET_RECOVERY_KEY)?.execute(params![account, new.recovery_key.0])?;
        Ok(RecoveryKeyChange::Stored)
    }

    fn put_list(&self, account: Key, number: u64, list: &SignedDeviceList) -> Outcome<()> {
        let handover: &[u8] = list.handover.as_deref().unwrap_or_default();
        let columns = params![account, signed(number), &*list.list, &*list.signature, handover];
        self.db.prepare_cached(PUT_LIST)?.execute(columns)?;
        Ok(())
    }

    fn put_devices(&self, account: Key, devices: &[DeviceId]) -> Outcome<()> {
        for (place, device) in devices.iter().enumerate() {
            let place = signed(place as u64);
            self.db.prepare_cached(PUT_DEVICE)?.execute(params![account, device.as_bytes(), place])?;
        }
        Ok(())
    }

    pub(super) fn unlist(&mut self, device: Key) -> Outcome<()> {
        let conversations: Vec<(Key, ConversationId)> = self
            .db
            .prepare_cached(CONVERSATIONS_OF_DEVICE)?
            .query_map([device], |row| Ok((row.get(0)?, ConversationId::from_bytes(row.get(1)?))))?
            .collect::<rusqlite::Result<_>>()?;
        let welcomed: Vec<Key> = self
            .db
            .prepare_cached(WELCOMED_TO)?
            .query_map([device], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.db.prepare_cached(UNLIST)?.execute([device])?;
        for strip in STRIP {
            self.db.prepare_cached(strip)?.execute([device])?;
        }
        for conversation in welcomed {
            self.drop_read_welcomes(conversation)?;
        }
        for (_, id) in conversations {
            self.hot.forget_conversation(id);
            self.seats_changed.push(id);
            self.hot.look_at_floor(&self.db, id)?;
        }
        // Written back one device at a time, so that the next one's rows may be changed as well.
        self.write_back()
    }
}

fn found_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        account: AccountId::from_bytes(row.get(0)?),
        username: row.get(1)?,
        role: columns::role(row, 2)?,
        identity_key: Bytes32(row.get(3)?),
        device_list: found_list(row, 5)?,
        device_list_number: columns::number(row, 4)?,
        password_number: columns::number(row, 8)?,
        second_factor_number: columns::number(row, 9)?,
        second_factor_is_on: row.get(10)?,
    })
}

fn found_list(row: &Row<'_>, column: usize) -> rusqlite::Result<SignedDeviceList> {
    let handover = columns::bytes(row, column + 2)?;
    Ok(SignedDeviceList {
        list: columns::bytes(row, column)?,
        signature: columns::bytes(row, column + 1)?,
        handover: (!handover.is_empty()).then_some(handover),
    })
}
