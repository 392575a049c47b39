//! Who may ask how often: token buckets for addresses, names and accounts, which all nodes share.

use std::net::IpAddr;
use std::sync::Arc;

use huis_proto::{AccountId, Member};
use sha2::{Digest, Sha256};

use crate::bus::{Bus, Key, Limit, Rate, TooOften};
use crate::http::problem::Refusal;
use crate::running_settings::RunningSettings;

/// The limits, and where is counted.
pub(crate) struct RateLimits {
    bus: Arc<dyn Bus>,
    settings: Arc<RunningSettings>,
    guesses_at_codes: Limit,
    uploads: Limit,
    archive_changes: Limit,
    dissents: Limit,
    group_infos: Limit,
    group_info_requests: Limit,
    beacon_rounds: Limit,
    reports: Limit,
}

/// What one customer of an Internet provider holds: an IPv4 address, or the first 64 bits of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AddressBlock {
    V4([u8; 4]),
    V6([u8; 8]),
}

/// A school or family shares one address; its people sign in at the same time, each under a name of their own.
const NAMES_BEHIND_AN_ADDRESS: u32 = 10;
const ADDRESSES: usize = 65_536;
const NAMES: usize = 65_536;
const ACCOUNTS: usize = 16_384;
const DEVICES: usize = 16_384;
/// Those whose rates are settings, each with its name and the most buckets.
const REQUESTS: (&str, usize) = ("request", ADDRESSES);
const GUESSES_BY_ADDRESS: (&str, usize) = ("guess", ADDRESSES);
const GUESSES_BY_NAME: (&str, usize) = ("guess-at-name", NAMES);
const LOOKUPS: (&str, usize) = ("lookup", ACCOUNTS);
const KEY_PACKAGE_CLAIMS: (&str, usize) = ("key-package-claim", ACCOUNTS);
/// Three in a million codes are right at a time: whoever has the password has one chance in four within a year.
const CODES_PER_HOUR: u32 = 12;
/// A folder of pictures at once, then one every six seconds.
const UPLOADS_PER_HOUR: u32 = 600;
/// A device that archives a long history at once writes some hundred segments; then one every six seconds.
const ARCHIVE_CHANGES_PER_HOUR: u32 = 600;
/// A device that was away may have a whole attack to contest; each dissent is one small row at most.
const DISSENTS_PER_MINUTE: u32 = 120;
/// Each may be several megabytes.
const GROUP_INFOS_PER_HOUR: u32 = 30;
/// Each may make every member of a conversation look.
const GROUP_INFO_REQUESTS_PER_HOUR: u32 = 30;
/// Each that is not remembered is a question to a public beacon.
const BEACON_ROUNDS_PER_MINUTE: u32 = 60;
/// Each is to be read by a person, and may be as large as a message.
const REPORTS_PER_HOUR: u32 = 20;

impl RateLimits {
    pub(crate) fn new(settings: Arc<RunningSettings>, bus: Arc<dyn Bus>) -> Self {
        let limit = |what: &'static str, capacity, rate| {
            count_refused(what, 0);
            Limit { what, capacity, rate }
        };
        for (what, _) in [REQUESTS, GUESSES_BY_ADDRESS, GUESSES_BY_NAME, LOOKUPS, KEY_PACKAGE_CLAIMS] {
            count_refused(what, 0);
        }
        Self {
            bus,
            settings,
            guesses_at_codes: limit("guess-at-code", ACCOUNTS, Rate::per_hour(CODES_PER_HOUR)),
            uploads: limit("upload", ACCOUNTS, Rate::per_hour(UPLOADS_PER_HOUR)),
            archive_changes: limit("archive-change", ACCOUNTS, Rate::per_hour(ARCHIVE_CHANGES_PER_HOUR)),
            dissents: limit("dissent", DEVICES, Rate::per_minute(DISSENTS_PER_MINUTE)),
            group_infos: limit("group-info", DEVICES, Rate::per_hour(GROUP_INFOS_PER_HOUR)),
            group_info_requests: limit("group-info-request", DEVICES, Rate::per_hour(GROUP_INFO_REQUESTS_PER_HOUR)),
            beacon_rounds: limit("beacon-round", ACCOUNTS, Rate::per_minute(BEACON_ROUNDS_PER_MINUTE)),
            reports: limit("report", ACCOUNTS, Rate::per_hour(REPORTS_PER_HOUR)),
        }
    }

    /// Counts a request of any kind.
    pub(crate) async fn request(&self, address: IpAddr, now_ms: u64) -> Result<(), TooOften> {
        // A page's worth of requests at once, then the steady rate.
        let rate = Rate::per_second(self.settings.rates().requests_per_second, 5);
        self.take(limit(REQUESTS, rate), AddressBlock::of(address).key(), now_ms).await
    }

    /// Counts an attempt at something that could be guessed: a password, a passphrase, a code.
    pub(crate) async fn guess(&self, address: IpAddr, now_ms: u64) -> Result<(), TooOften> {
        let guesses = self.settings.rates().guesses_per_minute;
        let rate = Rate::per_minute(guesses.saturating_mul(NAMES_BEHIND_AN_ADDRESS));
        self.take(limit(GUESSES_BY_ADDRESS, rate), AddressBlock::of(address).key(), now_ms).await
    }

    /// Counts an attempt at this name's password, whether there is such a name or not.
    pub(crate) async fn guess_at_name(&self, name: &str, now_ms: u64) -> Result<(), TooOften> {
        // A name may be long and is chosen by strangers: a hash of it takes a known space.
        let rate = Rate::per_minute(self.settings.rates().guesses_per_minute);
        self.take(limit(GUESSES_BY_NAME, rate), Sha256::digest(name).into(), now_ms).await
    }

    /// Counts an attempt at the digits of the account's authenticator, whether they turn out to be right or not.
    pub(crate) async fn guess_at_code(&self, account: AccountId, now_ms: u64) -> Result<(), TooOften> {
        self.take(self.guesses_at_codes, padded(account.as_bytes()), now_ms).await
    }

    /// Counts a look-up of accounts by `asker`.
    pub(crate) async fn lookup(&self, asker: AccountId, now_ms: u64) -> Result<(), TooOften> {
        let rate = Rate::per_minute(self.settings.rates().lookups_per_minute);
        self.take(limit(LOOKUPS, rate), padded(asker.as_bytes()), now_ms).await
    }

    /// Counts a claim of key packages by `asker`.
    pub(crate) async fn key_package_claim(&self, asker: AccountId, now_ms: u64) -> Result<(), TooOften> {
        let rate = Rate::per_minute(self.settings.rates().key_package_claims_per_minute);
        self.take(limit(KEY_PACKAGE_CLAIMS, rate), padded(asker.as_bytes()), now_ms).await
    }

    /// Counts an upload that an account begins.
    pub(crate) async fn upload(&self, account: AccountId, now_ms: u64) -> Result<(), TooOften> {
        self.take(self.uploads, padded(account.as_bytes()), now_ms).await
    }

    /// Counts a change of an account's archive.
    pub(crate) async fn archive_change(&self, account: AccountId, now_ms: u64) -> Result<(), TooOften> {
        self.take(self.archive_changes, padded(account.as_bytes()), now_ms).await
    }

    /// Counts a dissent by a device.
    pub(crate) async fn dissent(&self, device: Member, now_ms: u64) -> Result<(), TooOften> {
        self.take(self.dissents, of_device(device), now_ms).await
    }

    /// Counts a GroupInfo that a device puts.
    pub(crate) async fn group_info(&self, device: Member, now_ms: u64) -> Result<(), TooOften> {
        self.take(self.group_infos, of_device(device), now_ms).await
    }

    /// Counts a device's wish for a better GroupInfo.
    pub(crate) async fn group_info_request(&self, device: Member, now_ms: u64) -> Result<(), TooOften> {
        self.take(self.group_info_requests, of_device(device), now_ms).await
    }

    /// Counts a beacon's round that an account asks for and that is not remembered.
    pub(crate) async fn beacon_round(&self, account: AccountId, now_ms: u64) -> Result<(), TooOften> {
        self.take(self.beacon_rounds, padded(account.as_bytes()), now_ms).await
    }

    /// Counts a report by an account.
    pub(crate) async fn report(&self, account: AccountId, now_ms: u64) -> Result<(), TooOften> {
        self.take(self.reports, padded(account.as_bytes()), now_ms).await
    }

    async fn take(&self, limit: Limit, key: Key, now_ms: u64) -> Result<(), TooOften> {
        let taken = self.bus.take(limit, key, now_ms).await;
        if taken.is_err() {
            count_refused(limit.what, 1);
        }
        taken
    }
}

fn limit((what, capacity): (&'static str, usize), rate: Rate) -> Limit {
    Limit { what, capacity, rate }
}

fn count_refused(what: &'static str, count: u64) {
    metrics::counter!("huis_rate_limited_total", "what" => what).increment(count);
}

impl AddressBlock {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }

    fn key(self) -> Key {
        match self {
            Self::V4(octets) => padded(&[&[4], octets.as_slice()].concat()),
            Self::V6(octets) => padded(&[&[6], octets.as_slice()].concat()),
        }
    }
}

impl From<TooOften> for Refusal {
    fn from(too_often: TooOften) -> Self {
        Self::too_many_requests(too_often.retry_after_s)
    }
}

fn of_device(device: Member) -> Key {
    padded(&[device.account.as_bytes().as_slice(), device.device.as_bytes()].concat())
}

fn padded(bytes: &[u8]) -> Key {
    let mut key = Key::default();
    key.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::InProcess;
    use crate::config::{Config, Rates};

    fn limits() -> RateLimits {
        let rates = Rates { guesses_per_minute: 2, ..Rates::default() };
        let settings = RunningSettings::new(Config { rates, ..Config::in_folder("nowhere") });
        RateLimits::new(Arc::new(settings), Arc::new(InProcess::default()))
    }

    #[tokio::test]
    async fn neighbours_in_one_ipv6_block_share_a_bucket_and_ipv4_addresses_do_not() {
        let limits = limits();
        let most = 2 * NAMES_BEHIND_AN_ADDRESS;
        let guess = async |address: &str| limits.guess(address.parse().unwrap(), 0).await.is_ok();
        for _ in 0..most / 2 {
            assert!(guess("2001:db8::1").await && guess("2001:db8::2:0:0:1").await);
            assert!(guess("192.0.2.1").await && guess("::ffff:192.0.2.1").await);
        }
        assert!(!guess("2001:db8::3").await);
        assert!(guess("2001:db8:0:1::3").await);
        assert!(!guess("::ffff:192.0.2.1").await);
        assert!(guess("192.0.2.2").await);
    }

    #[tokio::test]
    async fn one_name_is_guessed_at_from_many_addresses_only_so_often() {
        let limits = limits();
        assert!(limits.guess_at_name("anna", 0).await.is_ok());
        assert!(limits.guess_at_name("anna", 0).await.is_ok());
        assert_eq!(limits.guess_at_name("anna", 0).await, Err(TooOften { retry_after_s: 30 }));
        assert!(limits.guess_at_name("berta", 0).await.is_ok());
        assert!(limits.guess_at_name("anna", 30_000).await.is_ok());
    }
}
