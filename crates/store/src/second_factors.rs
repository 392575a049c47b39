//! The second factor of accounts.

use async_trait::async_trait;
use huis_proto::{AccountId, Bytes, Bytes32};

use crate::StoreResult;

/// An account's second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The authenticator's secret, sealed by the server.
    pub sealed: Bytes,
    /// The newest time step whose code was used.
    pub step: u64,
    /// Counts how often the second factor was turned on or off.
    pub number: u64,
    /// How many recovery codes are left.
    pub codes_left: u32,
}

/// A second factor that is to count.
#[derive(Debug, Clone)]
pub struct NewSecondFactor {
    /// The account.
    pub account: AccountId,
    /// The number of the account's second factor before, which is off.
    pub follows: u64,
    /// The authenticator's secret, sealed by the server; not empty.
    pub sealed: Bytes,
    /// The time step of the code that was shown.
    pub step: u64,
    /// Hashes of the recovery codes.
    pub codes: Vec<Bytes32>,
}

/// Second factors. `number` says which one is meant: what was checked of another one changes nothing.
#[async_trait]
pub trait SecondFactors: Send + Sync {
    /// The second factor of an account, if it is on.
    async fn second_factor(&self, account: AccountId) -> StoreResult<Option<SecondFactor>>;

    /// Turns it on, if it is off and its number is the one before: one more then.
    async fn enable_second_factor(&self, new: NewSecondFactor) -> StoreResult<bool>;

    /// Uses a time step up, if no code of it or of a later one was used. Of many at once one is told that it was.
    async fn use_second_factor_step(&self, account: AccountId, number: u64, step: u64) -> StoreResult<bool>;

    /// Uses a recovery code up by its hash, if it is there. Of many at once one is told that it was.
    async fn use_recovery_code(&self, account: AccountId, number: u64, hash: Bytes32) -> StoreResult<bool>;

    /// Puts other recovery codes in place of those that are left.
    async fn replace_recovery_codes(&self, account: AccountId, number: u64, codes: Vec<Bytes32>) -> StoreResult<bool>;

    /// Turns it off and forgets secret and recovery codes; the number is one more then.
    async fn disable_second_factor(&self, account: AccountId, number: u64) -> StoreResult<bool>;
}
