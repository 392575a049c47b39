//! What an account's devices agree on of its archive: it stands in the sealed account state.

use huis_proto::{Bytes32, IncarnationId};
use serde::{Deserialize, Serialize};

use super::{ArchiveError, ArchiveKey, KnownHead, OpeningKey};
use crate::conversation_settings::newer;
use crate::secret::Secret32;

/// The key in use, and so many behind it that devices can go on without the vault.
const KEYS: usize = 6;
/// A key is in use for this long at most while there is a next one, in milliseconds.
const MONTH_MS: u64 = 30 * 24 * 3_600_000;

/// Keys and the newest head, as the devices tell each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArchiveAgreement {
    /// Public keys by their generations: the one in use, then those that follow it.
    keys: Vec<ArchiveKey>,
    /// Since when the first one is in use, in milliseconds since 1970.
    since_ms: u64,
    /// The newest head that its writer saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<NotedHead>,
}

/// A head that was seen, and in which life of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedHead {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: Bytes32,
    /// The life of the store: a restored one may have an older head.
    pub incarnation: IncarnationId,
}

impl NotedHead {
    /// By what later heads are compared with it.
    pub fn known(&self) -> KnownHead {
        KnownHead { number: self.number, hash: self.hash }
    }
}

impl ArchiveAgreement {
    /// The key that is sealed to.
    pub fn key(&self) -> Option<&ArchiveKey> {
        self.keys.first()
    }

    /// The newest head that was noted.
    pub fn head(&self) -> Option<NotedHead> {
        self.head
    }

    /// Fills the keys up, from the vault's archive seed; whether any was missing.
    ///
    /// # Errors
    /// [`ArchiveError::NoKey`].
    pub fn fill(&mut self, seed: &Secret32, now_ms: u64) -> Result<bool, ArchiveError> {
        if self.keys.is_empty() {
            self.since_ms = now_ms;
        }
        let missing = KEYS.saturating_sub(self.keys.len());
        for _ in 0..missing {
            self.keys.push(OpeningKey::of(seed, self.last().saturating_add(1)).public()?);
        }
        Ok(missing > 0)
    }

    /// Puts keys of another seed in place of those before. Their generations go on, so that none stands for two keys.
    ///
    /// # Errors
    /// [`ArchiveError::NoKey`].
    pub fn renew(&mut self, seed: &Secret32, now_ms: u64) -> Result<(), ArchiveError> {
        let first = OpeningKey::of(seed, self.last().saturating_add(1)).public()?;
        self.keys = vec![first];
        self.since_ms = now_ms;
        self.fill(seed, now_ms).map(drop)
    }

    /// Goes to the next key where the one in use has been for a month; whether it did.
    pub fn advance(&mut self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.since_ms) >= MONTH_MS && self.replace(now_ms)
    }

    /// Goes to the next key at once, as a device was taken off the account; whether there was one.
    pub fn replace(&mut self, now_ms: u64) -> bool {
        if self.keys.len() < 2 {
            return false;
        }
        self.keys.remove(0);
        self.since_ms = now_ms;
        true
    }

    /// Notes a head; whether it is another one than before.
    pub fn note(&mut self, head: NotedHead) -> bool {
        self.head.replace(head) != Some(head)
    }

    /// One's own changes since `base` and those of other devices. The later generation counts, and no head goes back in one
    /// life of the store.
    #[must_use]
    pub fn merged(self, theirs: Self, base: &Self) -> Self {
        let head = match (self.head, theirs.head) {
            (Some(mine), Some(other)) if mine.incarnation == other.incarnation => {
                Some(if other.number > mine.number { other } else { mine })
            }
            (mine, other) => newer(mine, other, base.head).or(mine).or(other),
        };
        let (ahead, behind) = if theirs.progress() > self.progress() { (theirs, self) } else { (self, theirs) };
        let last = ahead.last();
        let Self { mut keys, since_ms, .. } = ahead;
        keys.extend(behind.keys.into_iter().filter(|key| key.generation > last));
        Self { keys, since_ms, head }
    }

    fn progress(&self) -> (u64, u64) {
        (self.key().map_or(0, |key| key.generation), self.since_ms)
    }

    fn last(&self) -> u64 {
        self.keys.last().map_or(0, |key| key.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: IncarnationId = IncarnationId::from_bytes([1; 16]);

    fn seed(byte: u8) -> Secret32 {
        Secret32::from_bytes(&[byte; 32])
    }

    fn filled() -> ArchiveAgreement {
        let mut agreement = ArchiveAgreement::default();
        assert_eq!(agreement.fill(&seed(7), 1_000), Ok(true));
        agreement
    }

    fn generations(agreement: &ArchiveAgreement) -> Vec<u64> {
        agreement.keys.iter().map(|key| key.generation).collect()
    }

    fn noted(number: u64) -> NotedHead {
        NotedHead { number, hash: Bytes32([number as u8; 32]), incarnation: LIFE }
    }

    #[test]
    fn whoever_has_opened_the_vault_fills_the_keys_up() {
        let mut agreement = filled();
        assert_eq!(generations(&agreement), [1, 2, 3, 4, 5, 6]);
        assert_eq!(agreement.key(), Some(&OpeningKey::of(&seed(7), 1).public().unwrap()));
        assert_eq!(agreement.fill(&seed(7), 2_000), Ok(false));
        assert!(agreement.replace(2_000) && agreement.replace(3_000));
        assert_eq!(agreement.fill(&seed(7), 4_000), Ok(true));
        assert_eq!(generations(&agreement), [3, 4, 5, 6, 7, 8]);
        assert_eq!(agreement.keys.last(), Some(&OpeningKey::of(&seed(7), 8).public().unwrap()));
    }

    #[test]
    fn a_key_is_used_for_a_month_and_the_last_one_for_longer() {
        let mut agreement = filled();
        assert!(!agreement.advance(1_000 + MONTH_MS - 1));
        for generation in 2..=6 {
            assert!(agreement.advance(1_000 + (generation - 1) * MONTH_MS));
            assert_eq!(agreement.key().map(|key| key.generation), Some(generation));
        }
        assert!(!agreement.advance(u64::MAX) && !agreement.replace(u64::MAX));
        assert!(!ArchiveAgreement::default().advance(u64::MAX));
    }

    #[test]
    fn the_generations_of_another_seed_go_on_behind_those_before() {
        let mut agreement = filled();
        agreement.renew(&seed(8), 2_000).unwrap();
        assert_eq!(generations(&agreement), [7, 8, 9, 10, 11, 12]);
        assert_eq!(agreement.key(), Some(&OpeningKey::of(&seed(8), 7).public().unwrap()));
        // Who has the keys before still takes over the others.
        let merged = filled().merged(agreement.clone(), &filled());
        assert_eq!(merged, agreement);
        assert_eq!(agreement.clone().merged(filled(), &filled()), agreement);
    }

    #[test]
    fn the_later_generation_counts_and_all_keys_behind_it_are_kept() {
        let (base, mut ahead, mut longer) = (filled(), filled(), filled());
        assert!(ahead.replace(2_000));
        longer.keys.push(OpeningKey::of(&seed(7), 7).public().unwrap());
        for merged in [ahead.clone().merged(longer.clone(), &base), longer.merged(ahead, &base)] {
            assert_eq!((generations(&merged), merged.since_ms), (vec![2, 3, 4, 5, 6, 7], 2_000));
        }
    }

    #[test]
    fn no_head_goes_back_in_one_life_of_the_store() {
        let (mut older, mut later) = (filled(), filled());
        assert!(older.note(noted(3)) && later.note(noted(5)) && !later.note(noted(5)));
        for merged in [older.clone().merged(later.clone(), &older), later.clone().merged(older.clone(), &later)] {
            assert_eq!(merged.head(), Some(noted(5)));
        }
        let restored = NotedHead { incarnation: IncarnationId::from_bytes([2; 16]), ..noted(2) };
        let mut of_another_life = later.clone();
        of_another_life.note(restored);
        assert_eq!(later.clone().merged(of_another_life.clone(), &later).head(), Some(restored));
        assert_eq!(of_another_life.merged(later.clone(), &later).head(), Some(restored));
        assert_eq!(filled().merged(later.clone(), &filled()).head(), Some(noted(5)));
        assert_eq!(later.clone().merged(filled(), &later).head(), Some(noted(5)));
    }
}
