//! What a person set for a conversation, on whichever device: one value for all of them.

use serde::{Deserialize, Serialize};

/// What is set. What stands at its default is left out of the account state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationSettings {
    /// For which messages a person is called.
    #[serde(skip_serializing_if = "is_default")]
    pub announced: Announced,
    /// Until when for none, in milliseconds since 1970; 0: it is not muted, [`MUTED_FOR_EVER`]: until that is undone.
    #[serde(skip_serializing_if = "is_default")]
    pub muted_until_ms: u64,
    /// Up to which entry of the log it was put aside; a message behind that brings it back.
    #[serde(skip_serializing_if = "is_default")]
    pub archived_at: Option<u64>,
    /// Whether it is kept at the top.
    #[serde(skip_serializing_if = "is_default")]
    pub favourite: bool,
}

/// Stands for a time that never comes.
pub const MUTED_FOR_EVER: u64 = u64::MAX;

/// For which messages a person is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Announced {
    /// For each.
    #[default]
    All,
    /// For those that name or answer the person.
    Mentions,
    /// For none.
    None,
}

/// Whether a value need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ConversationSettings {
    /// Whether nothing is announced at this time, in milliseconds since 1970.
    pub fn is_muted_at(&self, now_ms: u64) -> bool {
        now_ms < self.muted_until_ms
    }

    /// Both one's own changes since `base`, the last state that was common, and those of other devices, field by field.
    /// Where both changed one, the own change counts, as it is stored behind the other. But a conversation that another
    /// device put aside anew is aside: whether a message came behind that is seen by the log.
    #[must_use]
    pub fn merged(self, theirs: Self, base: Self) -> Self {
        let archived_anew = theirs.archived_at.filter(|_| theirs.archived_at != base.archived_at);
        Self {
            announced: newer(self.announced, theirs.announced, base.announced),
            muted_until_ms: newer(self.muted_until_ms, theirs.muted_until_ms, base.muted_until_ms),
            archived_at: archived_anew.or(newer(self.archived_at, theirs.archived_at, base.archived_at)),
            favourite: newer(self.favourite, theirs.favourite, base.favourite),
        }
    }
}

/// The own value where it was changed, else theirs.
pub fn newer<T: PartialEq>(mine: T, theirs: T, base: T) -> T {
    if mine == base { theirs } else { mine }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_settings() -> impl Strategy<Value = ConversationSettings> {
        let announced = prop_oneof![Just(Announced::All), Just(Announced::Mentions), Just(Announced::None)];
        (announced, 0..3_u64, proptest::option::of(0..3_u64), any::<bool>()).prop_map(
            |(announced, muted_until_ms, archived_at, favourite)| ConversationSettings {
                announced,
                muted_until_ms,
                archived_at,
                favourite,
            },
        )
    }

    #[test]
    fn changes_of_different_fields_are_all_kept() {
        let base = ConversationSettings::default();
        let mine = ConversationSettings { favourite: true, ..base };
        let theirs = ConversationSettings { announced: Announced::None, ..base };
        let both = ConversationSettings { favourite: true, announced: Announced::None, ..base };
        assert_eq!(mine.merged(theirs, base), both);
    }

    proptest! {
        /// Two devices change what they had in common; the one stores first, the other merges and stores, the first
        /// takes that over.
        #[test]
        fn two_devices_end_with_the_same(
            base in any_settings(), first in any_settings(), second in any_settings(),
        ) {
            let stored = second.merged(first, base);
            prop_assert_eq!(first.merged(stored, first), stored);
            prop_assert_eq!(stored.merged(stored, base), stored);
        }

        #[test]
        fn who_changed_nothing_takes_everything(base in any_settings(), theirs in any_settings()) {
            prop_assert_eq!(base.merged(theirs, base), theirs);
            prop_assert_eq!(theirs.merged(base, base), theirs);
        }
    }
}
