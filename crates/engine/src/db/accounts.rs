//! What is known of accounts: names, device lists, marks.

use huis_core::directory::AccountDevices;
use huis_proto::{AccountId, Bytes32};
use rusqlite::{OptionalExtension, Row, params};

use super::{DbError, Tables, int, uint};

/// One account.
#[derive(Debug, Clone)]
pub(crate) struct AccountRow {
    pub(crate) account: AccountId,
    /// Its username, where it was looked up.
    pub(crate) name: Option<String>,
    /// Identity key and device lists, from the first contact on.
    pub(crate) devices: Option<AccountDevices>,
    /// When its device lists were last fetched.
    pub(crate) checked_ms: u64,
    /// Whether a person compared the safety number.
    pub(crate) verified: bool,
    /// Whether nothing of it is taken any more.
    pub(crate) blocked: bool,
    /// The identity key that no person has accepted yet: the server shows it, or the one before has handed over to it.
    pub(crate) shown_identity: Option<Bytes32>,
}

const COLUMNS: &str = "account, name, devices, checked_ms, verified, blocked, shown_identity";

impl AccountRow {
    /// An account of which nothing is known.
    pub(crate) fn new(account: AccountId) -> Self {
        Self {
            account,
            name: None,
            devices: None,
            checked_ms: 0,
            verified: false,
            blocked: false,
            shown_identity: None,
        }
    }

    /// Whether the key that no person has accepted yet is the one to which the one before has handed the account over.
    pub(crate) fn is_handed_over(&self) -> bool {
        self.shown_identity.is_some_and(|shown| self.devices.as_ref().is_some_and(|known| known.identity().0 == shown))
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let devices: Option<Vec<u8>> = row.get(2)?;
        let shown: Option<Vec<u8>> = row.get(6)?;
        Ok(Self {
            account: super::id(row, 0)?,
            name: row.get(1)?,
            devices: devices
                .map(|bytes| AccountDevices::from_bytes(&bytes).map_err(|_| super::damaged(2, "device list")))
                .transpose()?,
            checked_ms: uint(row, 3)?,
            verified: row.get(4)?,
            blocked: row.get(5)?,
            shown_identity: shown
                .map(|bytes| bytes.try_into().map(Bytes32).map_err(|_| super::damaged(6, "key")))
                .transpose()?,
        })
    }
}

impl Tables<'_> {
    pub(crate) fn account(self, account: AccountId) -> Result<Option<AccountRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE account = ?1");
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_row([&account.as_bytes()[..]], AccountRow::read).optional()?)
    }

    /// An account's username, where it is known, without all the rest.
    pub(crate) fn name_of(self, account: AccountId) -> Result<Option<String>, DbError> {
        let mut statement = self.0.prepare_cached("SELECT name FROM accounts WHERE account = ?1")?;
        Ok(statement.query_row([&account.as_bytes()[..]], |row| row.get(0)).optional()?.flatten())
    }

    pub(crate) fn account_by_name(self, name: &str) -> Result<Option<AccountRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE name = ?1");
        Ok(self.0.prepare_cached(&sql)?.query_row([name], AccountRow::read).optional()?)
    }

    pub(crate) fn accounts(self) -> Result<Vec<AccountRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([], AccountRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn put_account(self, row: &AccountRow) -> Result<(), DbError> {
        let sql = format!(
            "INSERT INTO accounts ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (account) DO UPDATE SET
             name = ?2, devices = ?3, checked_ms = ?4, verified = ?5, blocked = ?6, shown_identity = ?7"
        );
        self.0.prepare_cached(&sql)?.execute(params![
            &row.account.as_bytes()[..],
            row.name,
            row.devices.as_ref().map(AccountDevices::to_bytes),
            int(row.checked_ms),
            row.verified,
            row.blocked,
            row.shown_identity.map(|key| key.0.to_vec()),
        ])?;
        Ok(())
    }
}
