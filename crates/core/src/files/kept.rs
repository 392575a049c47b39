//! Files that a device keeps for itself where its disk is not its own: in a browser.
//!
//! Form: version byte 1, a salt of 16 random bytes, and blocks of 64 KiB, each under AES-256-GCM with a random nonce in front
//! and bound to its number. The key comes of the database's key and the salt, so such a file opens where the database opens
//! and nowhere else: it is locked with it, and lost with it. Blocks may be written again, in any order, which is why a nonce
//! is random here and not a count. That a file was cut is not noticed here: its reader knows its length and its hash.

use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::sealing;

const VERSION: u8 = 1;
const SALT: usize = 16;
const LABEL: &str = "huis kept file v1";

/// Bytes of a file that are sealed together; the last ones may be fewer.
pub const BLOCK: usize = 64 * 1024;
/// What sealing adds to a block, in bytes.
pub const BLOCK_OVERHEAD: usize = 12 + 16;

/// What stands at the beginning of a kept file.
pub type KeptHead = [u8; 1 + SALT];

/// Seals and opens the blocks of one kept file.
pub struct KeptFile {
    key: Zeroizing<[u8; 32]>,
}

/// Why a kept file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// Its beginning is none of this version.
    #[error("it is no kept file of this version")]
    Form,
    /// A block was changed, stands in another place, or is sealed under another key.
    #[error("block {number} is not what was kept")]
    Refused {
        /// The number, counted from 0.
        number: u64,
    },
}

impl KeptFile {
    /// A fresh file: what seals it, and what stands at its beginning.
    pub fn fresh(rng: &mut (impl RngCore + CryptoRng), database_key: &[u8; 32]) -> (Self, KeptHead) {
        let mut head = [VERSION; 1 + SALT];
        let (_, salt) = head.split_at_mut(1);
        rng.fill_bytes(salt);
        (Self::under(database_key, salt), head)
    }

    /// The file with this beginning.
    ///
    /// # Errors
    /// [`KeptError::Form`].
    pub fn with_head(database_key: &[u8; 32], head: &KeptHead) -> Result<Self, KeptError> {
        match head.split_first() {
            Some((&VERSION, salt)) => Ok(Self::under(database_key, salt)),
            _ => Err(KeptError::Form),
        }
    }

    fn under(database_key: &[u8; 32], salt: &[u8]) -> Self {
        let mut secret = Zeroizing::new(Vec::with_capacity(32 + SALT));
        secret.extend_from_slice(database_key);
        secret.extend_from_slice(salt);
        Self { key: sealing::derive(&secret, LABEL) }
    }

    /// A block as it is kept.
    pub fn seal(&self, rng: &mut (impl RngCore + CryptoRng), number: u64, block: &[u8]) -> Vec<u8> {
        sealing::seal(rng, &self.key, &number.to_be_bytes(), block)
    }

    /// A block as it was.
    ///
    /// # Errors
    /// [`KeptError::Refused`].
    pub fn open(&self, number: u64, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeptError> {
        sealing::open(&self.key, &number.to_be_bytes(), sealed).map_err(|_| KeptError::Refused { number })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const KEY: [u8; 32] = [5; 32];

    #[test]
    fn a_kept_block_opens_in_its_place_and_under_the_databases_key_alone() {
        let mut rng = StdRng::seed_from_u64(1);
        let (file, head) = KeptFile::fresh(&mut rng, &KEY);
        let sealed = file.seal(&mut rng, 7, b"roses");
        assert_eq!(sealed.len(), 5 + BLOCK_OVERHEAD);
        let again = KeptFile::with_head(&KEY, &head).unwrap();
        assert_eq!(again.open(7, &sealed).unwrap().as_slice(), b"roses");
        let refused = Err(KeptError::Refused { number: 7 });
        assert_eq!(again.open(8, &sealed), Err(KeptError::Refused { number: 8 }));
        assert_eq!(KeptFile::with_head(&[6; 32], &head).unwrap().open(7, &sealed), refused);
        let (other, _) = KeptFile::fresh(&mut rng, &KEY);
        assert_eq!(other.open(7, &sealed), refused);
        let mut flipped = sealed.clone();
        flipped[20] ^= 1;
        assert_eq!(again.open(7, &flipped), refused);
        assert_eq!(again.open(7, &sealed[..10]), refused);
    }

    #[test]
    fn what_is_written_again_has_another_nonce() {
        let mut rng = StdRng::seed_from_u64(1);
        let (file, _) = KeptFile::fresh(&mut rng, &KEY);
        let (one, other) = (file.seal(&mut rng, 0, b"roses"), file.seal(&mut rng, 0, b"roses"));
        assert_ne!(one[..12], other[..12]);
    }

    #[test]
    fn a_kept_file_has_a_version_and_a_form() {
        let mut rng = StdRng::seed_from_u64(1);
        let (file, mut head) = KeptFile::fresh(&mut rng, &KEY);
        let sealed = file.seal(&mut rng, 3, b"roses");
        insta::assert_snapshot!("kept_file", format!("{}\n{}", hex(&head), hex(&sealed)));
        head[0] = 2;
        assert_eq!(KeptFile::with_head(&KEY, &head).err(), Some(KeptError::Form));
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
