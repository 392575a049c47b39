//! AES-256-GCM by ring, which computes it with what the processor has for it.

use huis_core::files::{GCM_NONCE, Gcm, TAG};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// The cipher of a key.
pub fn gcm(key: &[u8; 32]) -> Box<dyn Gcm> {
    let key = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes");
    Box::new(ByRing(LessSafeKey::new(key)))
}

struct ByRing(LessSafeKey);

impl Gcm for ByRing {
    fn seal(&self, nonce: &[u8; GCM_NONCE], bound_to: &[u8], bytes: &mut [u8]) -> Option<[u8; TAG]> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(bound_to), bytes).ok()?;
        tag.as_ref().try_into().ok()
    }

    fn open(&self, nonce: &[u8; GCM_NONCE], bound_to: &[u8], bytes: &mut [u8], tag: &[u8; TAG]) -> bool {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0.open_in_place_separate_tag(nonce, Aad::from(bound_to), (*tag).into(), bytes, 0..).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use huis_core::files::portable_gcm;

    use super::*;

    #[test]
    fn it_gives_the_same_bytes_as_the_one_that_runs_everywhere() {
        let key: [u8; 32] = std::array::from_fn(|at| at as u8);
        let (here, everywhere) = (gcm(&key), portable_gcm(&key));
        for length in [0, 1, 15, 16, 17, 255, 256, 257, 4096, 65_535, 65_536] {
            let nonce: [u8; GCM_NONCE] = std::array::from_fn(|at| (at + length) as u8);
            let own: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
            let (mut one, mut other) = (own.clone(), own.clone());
            let tag = here.seal(&nonce, b"bound", &mut one).unwrap();
            assert_eq!(everywhere.seal(&nonce, b"bound", &mut other), Some(tag), "{length}");
            assert_eq!(one, other, "{length}");
            assert!(!here.open(&nonce, b"", &mut other.clone(), &tag), "{length}");
            let mut forged = tag;
            forged[length % TAG] ^= 1;
            assert!(!here.open(&nonce, b"bound", &mut other.clone(), &forged), "{length}");
            if let Some(byte) = one.last_mut() {
                *byte ^= 1;
                assert!(!here.open(&nonce, b"bound", &mut one, &tag), "{length}");
            }
            assert!(here.open(&nonce, b"bound", &mut other, &tag), "{length}");
            assert_eq!(other, own, "{length}");
        }
    }
}
