//! Key packages: a stock of one-time ones for each device, and a last-resort one.

use async_trait::async_trait;
use huis_proto::rest::{ClaimedKeyPackages, KeyPackageStock};
use huis_proto::{AccountId, Bytes, DeviceId, Member};

use crate::StoreResult;

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stocked {
    /// Stored; this is the stock.
    Stored(KeyPackageStock),
    /// There would be more than [`KEY_PACKAGES_KEPT`](huis_proto::limits::KEY_PACKAGES_KEPT); nothing was stored.
    LimitReached(KeyPackageStock),
}

/// Key packages.
#[async_trait]
pub trait KeyPackages: Send + Sync {
    /// Adds to a device's stock. `replace` drops its one-time key packages first.
    async fn put_key_packages(
        &self,
        owner: Member,
        one_time: Vec<Bytes>,
        last_resort: Option<Bytes>,
        replace: bool,
    ) -> StoreResult<Stocked>;

    /// A device's stock.
    async fn key_package_stock(&self, owner: Member) -> StoreResult<KeyPackageStock>;

    /// Takes one key package for each listed device of the account (or for those of `devices` that are listed): a
    /// one-time one, oldest first, which nobody gets again, or else the last-resort one; none of an account that is barred at
    /// this time. `None` if there is no such account.
    async fn claim_key_packages(
        &self,
        account: AccountId,
        devices: Option<Vec<DeviceId>>,
        now_ms: u64,
    ) -> StoreResult<Option<ClaimedKeyPackages>>;
}
