//! What an engine is started with.

use std::fmt;
use std::path::PathBuf;

use huis_core::locked_key;
use huis_core::secret::Secret32;
use huis_proto::beacon::Chain;
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::Secret;
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

/// How to open an engine.
#[derive(Debug)]
pub struct Config {
    /// The database file; its folder exists.
    pub database: PathBuf,
    /// The database's key.
    pub key: DatabaseKey,
    /// The server's URL, for a database in which none is noted yet.
    pub server: Option<String>,
    /// Which public randomness messages are locked by, and whom this device asks for it.
    pub beacon: BeaconConfig,
    /// For tests of crashes: after this many transactions nothing is written and nothing is sent any more, as if the
    /// process had ended between the last transaction and what follows it.
    pub halt_after_commits: Option<u64>,
}

impl Config {
    /// An engine over this database.
    pub fn new(database: impl Into<PathBuf>, key: DatabaseKey) -> Self {
        Self { database: database.into(), key, server: None, beacon: BeaconConfig::default(), halt_after_commits: None }
    }
}

/// A beacon, and where it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeaconConfig {
    /// The chain.
    pub chain: Chain,
    /// URLs of its HTTP interface, tried one behind the other; without any the device asks its server alone.
    pub urls: Vec<String>,
}

impl BeaconConfig {
    /// Where drand's own beacon is asked unless something else is set.
    pub const URL: &str = "https://api.drand.sh";
}

/// drand's *quicknet*.
impl Default for BeaconConfig {
    fn default() -> Self {
        Self { chain: Chain::quicknet(), urls: vec![Self::URL.to_owned()] }
    }
}

/// The raw key of the encrypted database: 32 random bytes, wiped when dropped. Where it lives between two runs is the
/// caller's choice (a key ring, a passphrase, a file that only its owner can read).
pub struct DatabaseKey(Zeroizing<[u8; 32]>);

/// Why a locked key does not come back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockedKeyError {
    /// Another password than it was locked with.
    #[error("the password is not the one that this device was locked with")]
    WrongPassword,
    /// It is no locked key, or one that this version does not accept.
    #[error("the locked key can't be used: {0}")]
    Unreadable(String),
}

impl From<locked_key::LockedKeyError> for LockedKeyError {
    fn from(error: locked_key::LockedKeyError) -> Self {
        match error {
            locked_key::LockedKeyError::WrongPassword => Self::WrongPassword,
            other => Self::Unreadable(other.to_string()),
        }
    }
}

impl DatabaseKey {
    /// The largest locked form, in bytes.
    pub const LARGEST_LOCKED: usize = locked_key::LARGEST;

    /// A fresh key.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *key);
        Self(key)
    }

    /// The key with these bytes. **The caller wipes its own copy.**
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key sealed under a password, to be kept in its place while the device is locked. Stretching the password takes
    /// its time.
    ///
    /// # Errors
    /// [`LockedKeyError::Unreadable`] where the password can't be stretched.
    pub fn lock(&self, rng: &mut (impl RngCore + CryptoRng), password: &Secret) -> Result<Vec<u8>, LockedKeyError> {
        let key = Secret32::from_bytes(self.expose());
        let password = password.expose().as_bytes();
        Ok(locked_key::lock(rng, &key, password, StretchParameters::NEW_ACCOUNTS)?)
    }

    /// The key that [`lock`](Self::lock) sealed.
    ///
    /// # Errors
    /// [`LockedKeyError`].
    pub fn unlock(locked: &[u8], password: &Secret) -> Result<Self, LockedKeyError> {
        let key = locked_key::unlock(locked, password.expose().as_bytes())?;
        Ok(Self(Zeroizing::new(*key.expose())))
    }

    /// The key's bytes. **Never log or print them.**
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_database_key_shows_nothing() {
        assert_eq!(format!("{:?}", DatabaseKey::from_bytes([0xab; 32])), "DatabaseKey(…)");
    }
}
