//! The emoji that are offered, with the names by which they are found, in the person's language. Any other can be typed.

use crate::signals::sorted;
use crate::{page, say};

/// Those that answer most messages.
pub(crate) const QUICK: [&str; 6] = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

/// The title of each group, and the text with its emoji: one a line, with its name and other words.
pub(crate) const GROUPS: [(&str, &str); 6] = [
    ("emoji-faces", "emoji-faces-names"),
    ("emoji-gestures", "emoji-gestures-names"),
    ("emoji-hearts", "emoji-hearts-names"),
    ("emoji-nature", "emoji-nature-names"),
    ("emoji-food", "emoji-food-names"),
    ("emoji-things", "emoji-things-names"),
];

/// An emoji with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Emoji {
    pub(crate) sign: String,
    pub(crate) name: String,
}

/// An emoji with all its names.
fn entry(line: &str) -> Option<(&str, impl Iterator<Item = &str>)> {
    let (sign, names) = line.split_once(' ')?;
    Some((sign, names.split(", ")))
}

/// The emoji of a group.
pub(crate) fn of_group(names: &str) -> Vec<Emoji> {
    let text = say::text(names);
    let emoji = |line| {
        let (sign, mut names) = entry(line)?;
        Some(Emoji { sign: sign.to_owned(), name: names.next()?.to_owned() })
    };
    text.lines().filter_map(emoji).collect()
}

/// How it is called.
pub(crate) fn name_of(sign: &str) -> Option<String> {
    let all = GROUPS.iter().flat_map(|(_, names)| of_group(names));
    all.into_iter().find(|emoji| emoji.sign == sign).map(|emoji| emoji.name)
}

/// The emoji with a name that begins so, then those with a name of which a word does. Of letters with marks those without
/// are enough.
pub(crate) fn find(typed: &str) -> Vec<Emoji> {
    find_by(typed, page::plain_letters)
}

fn find_by(typed: &str, plain: impl Fn(&str) -> String) -> Vec<Emoji> {
    let typed = plain(&typed.replace('_', " "));
    let mut found = Vec::new();
    for (_, names) in GROUPS {
        let text = say::text(names);
        let plain_text = plain(&text);
        for (line, plain_line) in text.lines().zip(plain_text.lines()) {
            let (Some((sign, mut names)), Some((_, plain_names))) = (entry(line), entry(plain_line)) else { continue };
            let rank = |name: &str| {
                if name == typed {
                    Some(0)
                } else if name.starts_with(&typed) {
                    Some(1)
                } else {
                    name.split([' ', '-', '\'']).any(|word| word.starts_with(&typed)).then_some(2)
                }
            };
            if let (Some(rank), Some(name)) = (plain_names.filter_map(rank).min(), names.next()) {
                found.push((rank, found.len(), Emoji { sign: sign.to_owned(), name: name.to_owned() }));
            }
        }
    }
    sorted(found, |(rank, order, _), (other_rank, other_order, _)| (rank, order).cmp(&(other_rank, other_order)))
        .into_iter()
        .map(|(.., emoji)| emoji)
        .collect()
}

#[cfg(test)]
mod tests {
    use huis_texts::{Language, Texts};

    use super::*;

    #[test]
    fn the_exact_name_comes_first_then_beginnings_then_words() {
        let first = |typed: &str| find_by(typed, str::to_lowercase).into_iter().next();
        assert_eq!(first("Star").unwrap().sign, "⭐");
        assert_eq!(first("tada").unwrap(), Emoji { sign: "🎉".into(), name: "party popper".into() });
        assert_eq!(first("crossed_fing").unwrap().sign, "🤞");
        assert!(first("no-such-emoji").is_none());
    }

    #[test]
    fn each_language_has_the_same_emoji_each_with_a_name() {
        let signs = |language| {
            let texts = Texts::for_page(language);
            let mut signs = Vec::new();
            for (key, names) in GROUPS {
                let text = texts.text(names);
                for line in text.lines() {
                    let (sign, names) = entry(line).unwrap();
                    assert!(!sign.is_ascii() && names.into_iter().all(|name| !name.trim().is_empty()), "{key}: {line}");
                    signs.push(sign.to_owned());
                }
            }
            signs
        };
        let english = signs(Language::English);
        assert!(english.len() > 250 && QUICK.iter().all(|quick| english.iter().any(|sign| sign == quick)));
        assert_eq!(english, signs(Language::French));
    }
}
