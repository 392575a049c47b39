//! A device's database key while the device is locked: sealed under a password, so that nothing on the disk opens the
//! database.
//!
//! Form: version byte 1, then CBOR of the Argon2id parameters, a salt, and the key under AES-256-GCM. It is bound to
//! parameters and salt. Its tag is the only thing that tells a wrong password: nothing else is kept of it.

use huis_proto::Bytes;
use huis_proto::codec::{self, CodecError};
use huis_proto::opaque::{StretchParameters, StretchRefused};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::sealing;
use crate::secret::Secret32;

const VERSION: u8 = 1;
const SALT: usize = 16;
const LABEL: &str = "huis locked key v1";

/// More is no locked key.
pub const LARGEST: usize = 1024;

/// Why a key can't be locked, or does not come back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockedKeyError {
    /// Another password, or bytes that were changed.
    #[error("the password does not open it")]
    WrongPassword,
    /// Parameters that are too weak, or too large to compute.
    #[error(transparent)]
    Stretch(#[from] StretchRefused),
    /// Not a locked key.
    #[error("it can't be read: {0}")]
    Form(#[from] CodecError),
    /// Argon2id could not run.
    #[error("the password can't be stretched")]
    Stretching,
}

#[derive(Serialize, Deserialize)]
struct LockedKey {
    stretch: StretchParameters,
    salt: Bytes,
    sealed: Bytes,
}

/// The locked form of a database's key. Stretching the password takes its time.
///
/// # Errors
/// [`LockedKeyError::Stretch`] and [`LockedKeyError::Stretching`].
pub fn lock(
    rng: &mut (impl RngCore + CryptoRng),
    key: &Secret32,
    password: &[u8],
    stretch: StretchParameters,
) -> Result<Vec<u8>, LockedKeyError> {
    let mut salt = [0; SALT];
    rng.fill_bytes(&mut salt);
    let under = stretched(password, &salt, stretch)?;
    let sealed = Bytes(sealing::seal(rng, &under, &bound_to(stretch, &salt), key.expose()));
    Ok(codec::to_versioned(VERSION, &LockedKey { stretch, salt: Bytes(salt.to_vec()), sealed }))
}

/// The key that [`lock`] locked.
///
/// # Errors
/// [`LockedKeyError`].
pub fn unlock(locked: &[u8], password: &[u8]) -> Result<Secret32, LockedKeyError> {
    if locked.len() > LARGEST {
        return Err(CodecError::Malformed("too long".into()).into());
    }
    let LockedKey { stretch, salt, sealed } = codec::from_versioned(VERSION, locked)?;
    let under = stretched(password, &salt, stretch)?;
    let opened =
        sealing::open(&under, &bound_to(stretch, &salt), &sealed).map_err(|_| LockedKeyError::WrongPassword)?;
    let key: &[u8; 32] =
        opened.as_slice().try_into().map_err(|_| CodecError::Malformed("a key has 32 bytes".into()))?;
    Ok(Secret32::from_bytes(key))
}

fn stretched(password: &[u8], salt: &[u8], stretch: StretchParameters) -> Result<Zeroizing<[u8; 32]>, LockedKeyError> {
    let mut stretched = Zeroizing::new([0; 32]);
    let argon2 = stretch.argon2()?;
    argon2.hash_password_into(password, salt, &mut *stretched).map_err(|_| LockedKeyError::Stretching)?;
    Ok(sealing::derive(&*stretched, LABEL))
}

fn bound_to(stretch: StretchParameters, salt: &[u8]) -> Vec<u8> {
    let StretchParameters { memory_kib, passes, lanes } = stretch;
    let numbers = [memory_kib, passes, lanes].map(u32::to_be_bytes);
    [&b"huis locked key"[..], &[0, VERSION], numbers.as_flattened(), salt].concat()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn locked() -> Vec<u8> {
        let key = Secret32::from_bytes(&[7; 32]);
        lock(&mut StdRng::seed_from_u64(1), &key, b"password", StretchParameters::LEAST).unwrap()
    }

    #[test]
    fn a_locked_key_comes_back_by_its_password_alone() {
        let locked = locked();
        assert_eq!(unlock(&locked, b"password").unwrap(), Secret32::from_bytes(&[7; 32]));
        assert_eq!(unlock(&locked, b"passwort").unwrap_err(), LockedKeyError::WrongPassword);
        assert!(!locked.windows(8).any(|window| window == [7; 8]), "the key does not stand in it");
    }

    #[test]
    fn a_locked_key_keeps_its_bytes() {
        let hex: String = locked().iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
    }

    #[test]
    fn weaker_or_crushing_parameters_and_other_changes_are_refused() {
        let LockedKey { stretch, salt, sealed } = codec::from_versioned(VERSION, &locked()).unwrap();
        let with = |stretch, salt: &Bytes, sealed: &Bytes| {
            let changed = LockedKey { stretch, salt: salt.clone(), sealed: sealed.clone() };
            unlock(&codec::to_versioned(VERSION, &changed), b"password").unwrap_err()
        };
        for wrong in [
            StretchParameters { memory_kib: 8, ..stretch },
            StretchParameters { passes: 1, ..stretch },
            StretchParameters { memory_kib: u32::MAX, ..stretch },
        ] {
            assert!(matches!(with(wrong, &salt, &sealed), LockedKeyError::Stretch(_)), "{wrong:?}");
        }
        let mut other = sealed.clone();
        other.0[20] ^= 1;
        assert_eq!(with(stretch, &salt, &other), LockedKeyError::WrongPassword);
        for garbage in [&b""[..], &[1], &[2; 40], &[1; LARGEST + 1]] {
            assert!(matches!(unlock(garbage, b"password"), Err(LockedKeyError::Form(_))), "{garbage:?}");
        }
    }
}
