//! What a word that is being written may become: a name after `@`, an emoji after `:`.

use crate::signals::sorted;
use huis_views::Named;

/// The most that is offered.
const MOST: usize = 8;

/// Something that a word may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What is put in.
    pub(crate) insert: String,
    /// What is shown of it.
    pub(crate) shown: String,
    /// What stands beside it.
    pub(crate) about: String,
}

/// The word before the cursor, if it may become something: where it begins, in bytes, and its mark.
pub(super) fn word(text: &str, cursor: usize) -> Option<(usize, char)> {
    let before = text.get(..cursor)?;
    let begin =
        before.rfind(char::is_whitespace).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let mark = before[begin..].chars().next()?;
    matches!(mark, '@' | ':').then_some((begin, mark))
}

/// Who of these may be meant, whatever is written in capitals; `small_letters` has a text without.
pub(super) fn people(typed: &str, people: &[Named], small_letters: impl Fn(&str) -> String) -> Vec<Candidate> {
    let typed = small_letters(typed);
    let rank = |named: &Named| {
        let username = named.name.as_deref()?;
        let card = small_letters(named.card_name.as_deref().unwrap_or_default());
        if username.starts_with(&typed) {
            Some(0)
        } else if card.split_whitespace().any(|word| word.starts_with(&typed)) {
            Some(1)
        } else {
            None
        }
    };
    let found: Vec<_> = people.iter().filter_map(|named| Some((rank(named)?, named))).collect();
    let found = sorted(found, |(a, one), (b, other)| a.cmp(b).then_with(|| one.name.cmp(&other.name)));
    let candidate = |(_, named): (i32, &Named)| Candidate {
        insert: format!("@{} ", named.name.as_deref().unwrap_or_default()),
        shown: crate::say::name(named),
        about: crate::say::handle(named).unwrap_or_default(),
    };
    found.into_iter().take(MOST).map(candidate).collect()
}

/// The emoji whose names begin so.
pub(super) fn emoji(typed: &str) -> Vec<Candidate> {
    if typed.chars().count() < 2 {
        return Vec::new();
    }
    let found = super::emoji::find(typed).into_iter().take(MOST);
    found.map(|emoji| Candidate { insert: format!("{} ", emoji.sign), shown: emoji.sign, about: emoji.name }).collect()
}

/// The place in bytes of a place that the browser counts in units of UTF-16.
pub(super) fn byte_at(text: &str, units: u32) -> usize {
    let mut left = usize::try_from(units).unwrap_or(usize::MAX);
    for (at, character) in text.char_indices() {
        if left == 0 {
            return at;
        }
        left = left.saturating_sub(character.len_utf16());
    }
    text.len()
}

/// As [`byte_at`], the other way round.
pub(super) fn units_at(text: &str, byte: usize) -> u32 {
    let units = text.get(..byte).unwrap_or(text).encode_utf16().count();
    u32::try_from(units).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use huis_proto::AccountId;

    use super::*;

    #[test]
    fn a_word_with_a_mark_may_become_something() {
        assert_eq!(word("hi @me", 6), Some((3, '@')));
        assert_eq!(word("a\u{a0}:ta", 6), Some((3, ':')));
        assert_eq!(word("mail@me", 7), None);
        assert_eq!(word("@me you", 7), None);
        assert_eq!(word("", 0), None);
    }

    #[test]
    fn usernames_come_before_other_names() {
        let named = |name: &str, card: Option<&str>| Named {
            account: AccountId::from_bytes([1; 16]),
            name: Some(name.into()),
            card_name: card.map(Into::into),
        };
        let all = [named("zoe", Some("The Mel")), named("mel", None), named("bob", None)];
        let inserts: Vec<_> =
            people("mE", &all, str::to_lowercase).into_iter().map(|candidate| candidate.insert).collect();
        assert_eq!(inserts, ["@mel ", "@zoe "]);
    }

    #[test]
    fn places_are_the_same_in_both_countings() {
        let text = "a🎉é";
        for (byte, units) in [(0, 0), (1, 1), (5, 3), (7, 4)] {
            assert_eq!(byte_at(text, units), byte);
            assert_eq!(units_at(text, byte), units);
        }
    }
}
