//! What an engine is started with.

use std::fmt;
use std::path::PathBuf;

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
    /// For tests of crashes: after this many transactions nothing is written and nothing is sent any more, as if the
    /// process had ended between the last transaction and what follows it.
    pub halt_after_commits: Option<u64>,
}

impl Config {
    /// An engine over this database.
    pub fn new(database: impl Into<PathBuf>, key: DatabaseKey) -> Self {
        Self { database: database.into(), key, server: None, halt_after_commits: None }
    }
}

/// The raw key of the encrypted database: 32 random bytes, wiped when dropped. Where it lives between two runs is the
/// caller's choice (a key ring, a passphrase, a file that only its owner can read).
pub struct DatabaseKey(Zeroizing<[u8; 32]>);

impl DatabaseKey {
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
