//! Who may ask how often: token buckets for addresses, names and accounts, in a bounded space.

mod buckets;

use std::net::IpAddr;

use huis_proto::{AccountId, Member};
use sha2::{Digest, Sha256};

use crate::config::Rates;
use crate::http::problem::Refusal;
use buckets::{Buckets, Rate};

/// The limits of one node. Each kind of bucket has a fixed capacity; beyond it the oldest goes.
pub(crate) struct RateLimits {
    requests: Buckets<AddressBlock>,
    guesses_by_address: Buckets<AddressBlock>,
    guesses_by_name: Buckets<[u8; 16]>,
    lookups: Buckets<AccountId>,
    key_package_claims: Buckets<AccountId>,
    dissents: Buckets<Member>,
    group_infos: Buckets<Member>,
    group_info_requests: Buckets<Member>,
}

/// Too often; come back after this many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooOften {
    pub retry_after_s: u64,
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
/// A device that was away may have a whole attack to contest; each dissent is one small row at most.
const DISSENTS_PER_MINUTE: u32 = 120;
/// Each may be several megabytes.
const GROUP_INFOS_PER_HOUR: u32 = 30;
/// Each may make every member of a conversation look.
const GROUP_INFO_REQUESTS_PER_HOUR: u32 = 30;

impl RateLimits {
    pub(crate) fn new(rates: &Rates) -> Self {
        let guesses = rates.guesses_per_minute;
        let guesses_by_address = Rate::per_minute(guesses.saturating_mul(NAMES_BEHIND_AN_ADDRESS));
        Self {
            // A page's worth of requests at once, then the steady rate.
            requests: Buckets::new(ADDRESSES, Rate::per_second(rates.requests_per_second, 5)),
            guesses_by_address: Buckets::new(ADDRESSES, guesses_by_address),
            guesses_by_name: Buckets::new(NAMES, Rate::per_minute(guesses)),
            lookups: Buckets::new(ACCOUNTS, Rate::per_minute(rates.lookups_per_minute)),
            key_package_claims: Buckets::new(ACCOUNTS, Rate::per_minute(rates.key_package_claims_per_minute)),
            dissents: Buckets::new(DEVICES, Rate::per_minute(DISSENTS_PER_MINUTE)),
            group_infos: Buckets::new(DEVICES, Rate::per_hour(GROUP_INFOS_PER_HOUR)),
            group_info_requests: Buckets::new(DEVICES, Rate::per_hour(GROUP_INFO_REQUESTS_PER_HOUR)),
        }
    }

    /// Counts a request of any kind.
    pub(crate) fn request(&self, address: IpAddr, now_ms: u64) -> Result<(), TooOften> {
        counted("request", self.requests.take(AddressBlock::of(address), now_ms))
    }

    /// Counts an attempt at something that could be guessed: a password, a passphrase, a code.
    pub(crate) fn guess(&self, address: IpAddr, now_ms: u64) -> Result<(), TooOften> {
        counted("guess", self.guesses_by_address.take(AddressBlock::of(address), now_ms))
    }

    /// Counts an attempt at this name's password, whether there is such a name or not.
    pub(crate) fn guess_at_name(&self, name: &str, now_ms: u64) -> Result<(), TooOften> {
        let mut key = [0; 16];
        // A name may be long and is chosen by strangers: a hash of it takes a known space.
        key.iter_mut().zip(Sha256::digest(name)).for_each(|(to, from)| *to = from);
        counted("guess-at-name", self.guesses_by_name.take(key, now_ms))
    }

    /// Counts a look-up of accounts by `asker`.
    pub(crate) fn lookup(&self, asker: AccountId, now_ms: u64) -> Result<(), TooOften> {
        counted("lookup", self.lookups.take(asker, now_ms))
    }

    /// Counts a claim of key packages by `asker`.
    pub(crate) fn key_package_claim(&self, asker: AccountId, now_ms: u64) -> Result<(), TooOften> {
        counted("key-package-claim", self.key_package_claims.take(asker, now_ms))
    }

    /// Counts a dissent by a device.
    pub(crate) fn dissent(&self, device: Member, now_ms: u64) -> Result<(), TooOften> {
        counted("dissent", self.dissents.take(device, now_ms))
    }

    /// Counts a GroupInfo that a device puts.
    pub(crate) fn group_info(&self, device: Member, now_ms: u64) -> Result<(), TooOften> {
        counted("group-info", self.group_infos.take(device, now_ms))
    }

    /// Counts a device's wish for a better GroupInfo.
    pub(crate) fn group_info_request(&self, device: Member, now_ms: u64) -> Result<(), TooOften> {
        counted("group-info-request", self.group_info_requests.take(device, now_ms))
    }
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
}

impl From<TooOften> for Refusal {
    fn from(too_often: TooOften) -> Self {
        Self::too_many_requests(too_often.retry_after_s)
    }
}

fn counted(what: &'static str, taken: Result<(), TooOften>) -> Result<(), TooOften> {
    if taken.is_err() {
        metrics::counter!("huis_rate_limited_total", "what" => what).increment(1);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> RateLimits {
        RateLimits::new(&Rates { guesses_per_minute: 2, ..Rates::default() })
    }

    #[test]
    fn neighbours_in_one_ipv6_block_share_a_bucket_and_ipv4_addresses_do_not() {
        let limits = limits();
        let most = 2 * NAMES_BEHIND_AN_ADDRESS;
        let guess = |address: &str| limits.guess(address.parse().unwrap(), 0).is_ok();
        for _ in 0..most / 2 {
            assert!(guess("2001:db8::1") && guess("2001:db8::2:0:0:1"));
            assert!(guess("192.0.2.1") && guess("::ffff:192.0.2.1"));
        }
        assert!(!guess("2001:db8::3"));
        assert!(guess("2001:db8:0:1::3"));
        assert!(!guess("::ffff:192.0.2.1"));
        assert!(guess("192.0.2.2"));
    }

    #[test]
    fn one_name_is_guessed_at_from_many_addresses_only_so_often() {
        let limits = limits();
        assert!(limits.guess_at_name("anna", 0).is_ok());
        assert!(limits.guess_at_name("anna", 0).is_ok());
        assert_eq!(limits.guess_at_name("anna", 0), Err(TooOften { retry_after_s: 30 }));
        assert!(limits.guess_at_name("berta", 0).is_ok());
        assert!(limits.guess_at_name("anna", 30_000).is_ok());
    }
}
