//! Emoji by their names.

use super::{Candidate, MOST};

/// Whether a text can be an emoji's name.
pub(super) fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_+-".contains(&byte))
}

/// The emoji with a name that begins so, then those with a name that holds it, at most [`MOST`].
pub(super) fn candidates(typed: &str) -> Vec<Candidate> {
    let mut found: Vec<(usize, usize, &'static emojis::Emoji, &'static str)> = emojis::iter()
        .enumerate()
        .filter_map(|(order, emoji)| {
            let ranked = emoji.shortcodes().filter_map(|name| rank(name, typed).map(|rank| (rank, name)));
            let (rank, name) = ranked.min()?;
            Some((rank, order, emoji, name))
        })
        .collect();
    found.sort_by_key(|(rank, order, ..)| (*rank, *order));
    found.truncate(MOST);
    let candidate = |(.., emoji, name): (usize, usize, &'static emojis::Emoji, &'static str)| Candidate {
        insert: emoji.as_str().to_owned(),
        shown: format!("{} :{name}:", emoji.as_str()),
        about: String::new(),
    };
    found.into_iter().map(candidate).collect()
}

fn rank(name: &str, typed: &str) -> Option<usize> {
    if name == typed {
        Some(0)
    } else if name.starts_with(typed) {
        Some(1)
    } else if name.split('_').any(|part| part.starts_with(typed)) {
        Some(2)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_name_comes_first() {
        let first = |typed| candidates(typed).first().map(|found| found.insert.clone());
        assert_eq!(first("heart").as_deref(), Some("❤️"));
        assert_eq!(first("+1").as_deref(), Some("👍"));
        assert_eq!(first("tada").as_deref(), Some("🎉"));
        assert!(candidates("").len() == MOST);
        assert!(candidates("no-such-emoji").is_empty());
    }
}
