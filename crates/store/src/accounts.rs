//! Accounts: name, OPAQUE record, identity, device lists, vault, sealed state.

use async_trait::async_trait;
use huis_proto::device_list::SignedDeviceList;
use huis_proto::opaque::StretchParameters;
pub use huis_proto::rest::ServerRole;
use huis_proto::{AccountId, Bytes, Bytes32, DeviceId, SessionId};

use crate::StoreResult;

/// A person's account, as the server knows it.
#[derive(Debug, Clone)]
pub struct Account {
    /// The account.
    pub account: AccountId,
    /// The username in its one form.
    pub username: String,
    /// What the account may do on the server.
    pub role: ServerRole,
    /// The identity key.
    pub identity_key: Bytes32,
    /// The newest device list.
    pub device_list: SignedDeviceList,
    /// Its number.
    pub device_list_number: u64,
    /// Counts the passwords that the account has had, from 1.
    pub password_number: u64,
    /// Counts how often the second factor was turned on or off, from 0.
    pub second_factor_number: u64,
    /// Whether the account has a second factor.
    pub second_factor_is_on: bool,
}

/// How an account signs in.
#[derive(Debug, Clone)]
pub struct PasswordRecord {
    /// The account.
    pub account: AccountId,
    /// The username in its one form, to which the OPAQUE record is bound.
    pub username: String,
    /// OPAQUE's password file.
    pub opaque: Bytes,
    /// How the password is stretched.
    pub stretch: StretchParameters,
    /// Counts the passwords that the account has had, from 1.
    pub number: u64,
    /// The recovery key's public signing half, which allows a new password.
    pub recovery_key: Bytes32,
}

/// A new password in place of the one before. `Debug` is left out: it holds password material.
#[derive(Clone)]
pub struct NewPassword {
    /// The account.
    pub account: AccountId,
    /// The number of the password before, on which this one was allowed.
    pub follows: u64,
    /// OPAQUE's password file.
    pub opaque: Bytes,
    /// How the password is stretched.
    pub stretch: StretchParameters,
    /// The vault, sealed under the new password.
    pub vault: Numbered,
    /// Which sessions of the account end with it.
    pub ends: EndedSessions,
}

/// Which sessions end with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedSessions {
    /// None.
    None,
    /// All but this one.
    AllBut(SessionId),
    /// All.
    All,
}

/// Another identity in place of the one before, with everything that was in the same vault. `Debug` is left out: it holds
/// password material.
#[derive(Clone)]
pub struct NewIdentity {
    /// The new password, with the vault of the new secrets.
    pub password: NewPassword,
    /// The identity key.
    pub identity_key: Bytes32,
    /// The recovery key's public signing half.
    pub recovery_key: Bytes32,
    /// The number of the device list.
    pub device_list_number: u64,
    /// The device list, which the identity before has handed over; checked by the caller.
    pub device_list: SignedDeviceList,
    /// The devices of that list.
    pub devices: Vec<DeviceId>,
    /// The account state, sealed under the new state key.
    pub account_state: Numbered,
}

/// What became of a renewal of the identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityRenewal {
    /// Stored; these sessions have ended.
    Stored(Vec<SessionId>),
    /// Another device list came first; this is the newest number. Nothing was changed.
    OtherList(u64),
    /// Another password, vault or account state came first, or there is no such account. Nothing was changed.
    Conflict,
}

/// What became of a change of password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordChange {
    /// Stored; these sessions have ended.
    Stored(Vec<SessionId>),
    /// Another password or vault came first, or there is no such account. Nothing was changed.
    Conflict,
}

/// Another recovery key in place of the one before.
#[derive(Debug, Clone)]
pub struct NewRecoveryKey {
    /// The account.
    pub account: AccountId,
    /// The number of the password on which this was allowed; the password stays.
    pub password_number: u64,
    /// The recovery key's public signing half.
    pub recovery_key: Bytes32,
    /// The vault, sealed under the recovery key to come.
    pub vault: Numbered,
}

/// What became of a change of the recovery key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryKeyChange {
    /// Stored.
    Stored,
    /// Another password or vault came first, or there is no such account. Nothing was changed.
    Conflict,
}

/// Sealed bytes with a number that grows by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The number; counts from 1.
    pub number: u64,
    /// The sealed bytes.
    pub sealed: Bytes,
}

/// Everything that an account begins with. `Debug` is left out: it holds password material.
#[derive(Clone)]
pub struct NewAccount {
    /// The account.
    pub account: AccountId,
    /// The username in its one form.
    pub username: String,
    /// [`huis_proto::names::skeleton`] of the username.
    pub skeleton: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether it claims the super-administrator's slot; refused if the slot is taken.
    pub claims_super_administrator: bool,
    /// OPAQUE's password file.
    pub opaque: Bytes,
    /// How the password is stretched.
    pub stretch: StretchParameters,
    /// The identity key.
    pub identity_key: Bytes32,
    /// The recovery key's public signing half.
    pub recovery_key: Bytes32,
    /// Device list number 1, checked by the caller.
    pub device_list: SignedDeviceList,
    /// The devices of that list.
    pub devices: Vec<DeviceId>,
    /// Vault number 1.
    pub vault: Bytes,
    /// Account state version 1.
    pub account_state: Bytes,
    /// Milliseconds since 1970.
    pub created_at_ms: u64,
}

/// What became of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The account exists.
    Created,
    /// The name or the account id is taken.
    NameTaken,
    /// Another name has the same skeleton.
    NameLooksAlike,
    /// There is a super-administrator already.
    SlotTaken,
    /// The invitation is none, or no longer good.
    NotInvited,
}

/// What became of a compare-and-swap on a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// Stored.
    Stored,
    /// Something else came first; this is the newest number.
    Conflict(u64),
}

/// Accounts and what belongs to them.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Creates an account with its first device list, vault and state, or nothing.
    async fn create_account(&self, account: NewAccount) -> StoreResult<Creation>;

    /// Whether a name can still be had: as `Creation` would answer, without creating anything.
    async fn name_state(&self, username: &str, skeleton: &str) -> StoreResult<Creation>;

    /// Whether a super-administrator exists.
    async fn super_administrator_exists(&self) -> StoreResult<bool>;

    /// An account by its username in its one form, unless it was deleted.
    async fn account_by_name(&self, username: &str) -> StoreResult<Option<Account>>;

    /// An account by its id, also one that was deleted: what it said is still checked.
    async fn account(&self, account: AccountId) -> StoreResult<Option<Account>>;

    /// How the account of this name signs in, unless it was deleted.
    async fn password_record(&self, username: &str) -> StoreResult<Option<PasswordRecord>>;

    /// Replaces password and vault together, if the newest ones are those before: OPAQUE record, stretch, vault and the
    /// end of sessions are one step, so that a vault is never there under another password than the one that signs in.
    async fn change_password(&self, new: NewPassword) -> StoreResult<PasswordChange>;

    /// Replaces recovery key and vault together, if password and vault are those before: so a vault is never there under
    /// another recovery key than the one that allows a new password.
    async fn change_recovery_key(&self, new: NewRecoveryKey) -> StoreResult<RecoveryKeyChange>;

    /// Replaces the identity key and everything that was in the same vault, if the newest of each are those before: device
    /// list (as [`put_device_list`](Self::put_device_list) does), OPAQUE record, recovery key, vault, account state and the
    /// end of sessions are one step.
    async fn renew_identity(&self, new: NewIdentity) -> StoreResult<IdentityRenewal>;

    /// The device lists behind number `after`, oldest first, at most `most`.
    async fn device_lists(&self, account: AccountId, after: u64, most: usize) -> StoreResult<Vec<SignedDeviceList>>;

    /// Stores the device list `number`, if the newest is the one before. Devices that are no longer listed lose
    /// their sessions, key packages and undelivered welcomes, and are delivered nothing any more; their accounts
    /// stay participants of their conversations. `devices` are those of the list, in its order.
    async fn put_device_list(
        &self,
        account: AccountId,
        number: u64,
        list: SignedDeviceList,
        devices: Vec<DeviceId>,
    ) -> StoreResult<Swap>;

    /// The newest vault.
    async fn vault(&self, account: AccountId) -> StoreResult<Option<Numbered>>;

    /// Stores the vault `number`, if the newest is the one before.
    async fn put_vault(&self, account: AccountId, vault: Numbered) -> StoreResult<Swap>;

    /// The newest account state.
    async fn account_state(&self, account: AccountId) -> StoreResult<Option<Numbered>>;

    /// Stores an account state, if the newest has the number `replaces` and its own is a higher one.
    async fn put_account_state(&self, account: AccountId, state: Numbered, replaces: u64) -> StoreResult<Swap>;
}
