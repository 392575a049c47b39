//! Passphrases that can be read aloud, and one-time codes.

use huis_proto::rest::Secret;
use rand::seq::SliceRandom;
use rand::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Plain English words, one a line, sorted, each once.
const WORDS: &str = include_str!("passphrase/words.txt");

/// Six words of a list of at least 1,024 are at least 60 bits: at a million guesses a second, 18,000 years on average.
/// The rate limits allow a few a minute.
const WORDS_TAKEN: usize = 6;

/// A random passphrase of words with dashes between, at least 60 bits.
pub(crate) fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Secret {
    let words: Vec<&str> = WORDS.lines().collect();
    let taken: Vec<&str> = (0..WORDS_TAKEN).filter_map(|_| words.choose(rng).copied()).collect();
    Secret::new(taken.join("-"))
}

/// What is kept of a passphrase to compare others with: a hash of its one form, in which letter case and what stands
/// between words do not matter.
#[derive(Clone)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(passphrase: &Secret) -> Self {
        let mut hash = Sha256::new();
        let text = passphrase.expose();
        let between = |character: char| character.is_whitespace() || matches!(character, '-' | '_' | '.' | ',');
        for word in text.split(between).filter(|word| !word.is_empty()) {
            hash.update(word.to_lowercase());
            hash.update([0]);
        }
        Self(hash.finalize().into())
    }

    /// Whether `passphrase` is the same, in a time that does not depend on the answer.
    pub(crate) fn matches(&self, passphrase: &Secret) -> bool {
        self.0.ct_eq(&Self::of(passphrase).0).into()
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::OsRng;

    use super::*;

    #[test]
    fn a_passphrase_has_at_least_sixty_bits() {
        let words: Vec<&str> = WORDS.lines().collect();
        let mut distinct = words.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct, words, "sorted, each once");
        assert!(words.iter().all(|word| word.bytes().all(|letter| letter.is_ascii_lowercase())));
        let bits = WORDS_TAKEN as f64 * (words.len() as f64).log2();
        assert!(bits >= 60.0, "{bits}");
        let passphrase = generate(&mut OsRng);
        assert_eq!(passphrase.expose().split('-').count(), WORDS_TAKEN);
        assert_ne!(passphrase, generate(&mut OsRng));
    }

    #[test]
    fn case_and_what_stands_between_words_do_not_matter_but_words_do() {
        let kept = Fingerprint::of(&Secret::new("amber-basket-cedar"));
        for same in ["amber-basket-cedar", " Amber basket  CEDAR ", "amber, basket. cedar"] {
            assert!(kept.matches(&Secret::new(same)), "{same}");
        }
        for other in ["", "amber-basket", "amberbasket-cedar", "basket-amber-cedar"] {
            assert!(!kept.matches(&Secret::new(other)), "{other}");
        }
    }
}
