//! What is known of accounts: names, device lists, marks.

use huis_core::account_state::Comparison;
use huis_core::directory::AccountDevices;
use huis_core::identity::IdentityKey;
use huis_proto::{AccountId, Bytes32, ConversationKind};
use rusqlite::{OptionalExtension, Row, params};

use super::{ConversationRow, DbError, Tables, int, uint};

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
    /// Where a person compared the safety number: of which identity key. It stays when another one comes, so that it shows
    /// that it broke.
    pub(crate) compared: Option<Comparison>,
    /// Whether nothing of it is taken any more.
    pub(crate) blocked: bool,
    /// The identity key that no person has accepted yet: the server shows it, or the one before has handed over to it.
    pub(crate) shown_identity: Option<Bytes32>,
}

const COLUMNS: &str =
    "account, name, devices, checked_ms, compared_key, blocked, shown_identity, compared_ms, compared_by_code";

impl AccountRow {
    /// An account of which nothing is known.
    pub(crate) fn new(account: AccountId) -> Self {
        Self { account, name: None, devices: None, checked_ms: 0, compared: None, blocked: false, shown_identity: None }
    }

    /// Whether the key that no person has accepted yet is the one to which the one before has handed the account over.
    pub(crate) fn is_handed_over(&self) -> bool {
        self.shown_identity.is_some_and(|shown| self.devices.as_ref().is_some_and(|known| known.identity().0 == shown))
    }

    /// The identity key that a safety number goes over: what no person has accepted yet, where there is such a one, so that
    /// it is that one which is compared.
    pub(crate) fn counts(&self) -> Option<IdentityKey> {
        self.shown_identity.map(IdentityKey).or_else(|| self.devices.as_ref().map(AccountDevices::identity))
    }

    /// Whether a person compared the safety number of the identity key that is there.
    pub(crate) fn is_verified(&self) -> bool {
        self.shown_identity.is_none() && self.compared.is_some_and(|compared| Some(compared.identity) == self.counts())
    }

    /// Whether there is another identity key than the one of which a person compared the safety number.
    pub(crate) fn is_broken(&self) -> bool {
        self.compared.is_some_and(|compared| self.counts().is_some_and(|counts| counts != compared.identity))
    }

    /// Whether what is said in a conversation of this kind waits as long as the account is in it, until a person has decided
    /// about its identity key. A group goes on over a handover: its members are the same devices, and everybody sees who they
    /// are. Not so where this person has compared the key before; but an open room is open to others anyhow.
    pub(crate) fn stops(&self, kind: ConversationKind) -> bool {
        let goes_on = match kind {
            ConversationKind::Direct => false,
            ConversationKind::Group => self.is_handed_over() && !self.is_broken(),
            ConversationKind::Open => self.is_handed_over(),
        };
        self.shown_identity.is_some() && !goes_on
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let devices: Option<Vec<u8>> = row.get(2)?;
        let key = |column: usize| {
            let key: Option<Vec<u8>> = row.get(column)?;
            key.map(|bytes| bytes.try_into().map(Bytes32).map_err(|_| super::damaged(column, "key"))).transpose()
        };
        let (at_ms, scanned) = (uint(row, 7)?, row.get(8)?);
        Ok(Self {
            account: super::id(row, 0)?,
            name: row.get(1)?,
            devices: devices
                .map(|bytes| AccountDevices::from_bytes(&bytes).map_err(|_| super::damaged(2, "device list")))
                .transpose()?,
            checked_ms: uint(row, 3)?,
            compared: key(4)?.map(|key| Comparison { identity: IdentityKey(key), at_ms, scanned }),
            blocked: row.get(5)?,
            shown_identity: key(6)?,
        })
    }
}

impl Tables<'_> {
    pub(crate) fn account(self, account: AccountId) -> Result<Option<AccountRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE account = ?1");
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_row([&account.as_bytes()[..]], AccountRow::read).optional()?)
    }

    /// Somebody in a conversation because of whom what is said there waits: see [`AccountRow::stops`].
    pub(crate) fn stopped_by(self, row: &ConversationRow) -> Result<Option<AccountRow>, DbError> {
        for account in &row.accounts {
            if let Some(known) = self.account(*account)?.filter(|known| known.stops(row.kind)) {
                return Ok(Some(known));
            }
        }
        Ok(None)
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
            "INSERT INTO accounts ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (account) DO UPDATE SET name = ?2, devices = ?3, checked_ms = ?4, compared_key = ?5, blocked = ?6,
             shown_identity = ?7, compared_ms = ?8, compared_by_code = ?9"
        );
        self.0.prepare_cached(&sql)?.execute(params![
            &row.account.as_bytes()[..],
            row.name,
            row.devices.as_ref().map(AccountDevices::to_bytes),
            int(row.checked_ms),
            row.compared.map(|compared| compared.identity.0.0.to_vec()),
            row.blocked,
            row.shown_identity.map(|key| key.0.to_vec()),
            int(row.compared.map_or(0, |compared| compared.at_ms)),
            row.compared.is_some_and(|compared| compared.scanned),
        ])?;
        Ok(())
    }
}
