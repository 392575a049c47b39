//! Secrets as types of their own: wiped when dropped, silent in `Debug`, compared in constant time.

use std::fmt;

use huis_proto::Bytes32;
use rand::{CryptoRng, RngCore};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 secret bytes.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret32(Box<[u8; 32]>);

impl Secret32 {
    /// Fresh random bytes.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut secret = Self(Box::new([0; 32]));
        rng.fill_bytes(&mut *secret.0);
        secret
    }

    /// These bytes. **The caller wipes its own copy.**
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Box::new(*bytes))
    }

    /// The bytes. **Never log, print or store them unsealed.**
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn to_wire(&self) -> Bytes32 {
        Bytes32(*self.0)
    }
}

impl PartialEq for Secret32 {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for Secret32 {}

impl fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret32(…)")
    }
}

/// Declares a secret of 32 bytes with a name of its own.
macro_rules! secret_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(PartialEq, Eq)]
        pub struct $name($crate::secret::Secret32);

        impl $name {
            /// This key. **The caller wipes its own copy.**
            pub fn from_bytes(bytes: &[u8; 32]) -> Self {
                Self($crate::secret::Secret32::from_bytes(bytes))
            }

            /// A fresh key.
            pub fn random(rng: &mut (impl rand::RngCore + rand::CryptoRng)) -> Self {
                Self($crate::secret::Secret32::random(rng))
            }

            /// The key's bytes. **Never log, print or store them unsealed.**
            pub fn expose(&self) -> &[u8; 32] {
                self.0.expose()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
pub(crate) use secret_key;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_secret_shows_nothing() {
        assert_eq!(format!("{:?}", Secret32::from_bytes(&[0xab; 32])), "Secret32(…)");
    }
}
