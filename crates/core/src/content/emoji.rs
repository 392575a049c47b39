//! What passes for a reaction: one emoji, and nothing that could be read as text or change how text is read.

use unicode_segmentation::UnicodeSegmentation;

use super::REACTION;

const JOINER: char = '\u{200d}';
const AS_PICTURE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const BLACK_FLAG: char = '\u{1f3f4}';

/// Whether a text is one emoji: a single grapheme cluster of pictographs and what joins and colours them, a flag, or a
/// keycap. Letters, control characters and marks of direction are none.
pub fn is_emoji(text: &str) -> bool {
    if text.len() > REACTION || text.graphemes(true).count() != 1 {
        return false;
    }
    let mut characters = text.chars();
    match characters.next() {
        Some('0'..='9' | '#' | '*') => matches!(characters.as_str(), "\u{20e3}" | "\u{fe0f}\u{20e3}"),
        Some(first) if is_pictograph(first) => {
            characters.all(|next| is_pictograph(next) || is_modifier(next) || first == BLACK_FLAG && is_tag(next))
        }
        _ => false,
    }
}

/// The blocks in which emoji stand (Unicode, `emoji-data.txt`), with the symbols around them.
fn is_pictograph(character: char) -> bool {
    matches!(
        character,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{24c2}' | '\u{3030}' | '\u{303d}'
            | '\u{3297}' | '\u{3299}'
            | '\u{2190}'..='\u{21ff}'
            | '\u{2300}'..='\u{23ff}'
            | '\u{25a0}'..='\u{27bf}'
            | '\u{2900}'..='\u{297f}'
            | '\u{2b00}'..='\u{2bff}'
            | '\u{1f000}'..='\u{1faff}'
    )
}

fn is_modifier(character: char) -> bool {
    matches!(character, JOINER | AS_PICTURE | KEYCAP)
}

/// Spells the region behind a flag.
fn is_tag(character: char) -> bool {
    matches!(character, '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_emoji_of_any_make_is_one() {
        for emoji in ["👍", "👍🏽", "❤️", "👨‍👩‍👧‍👦", "👩🏽‍❤️‍💋‍👨🏿", "🇨🇭", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "#⃣", "✅", "☎️", "ℹ️", "Ⓜ️", "🅱️"]
        {
            assert!(is_emoji(emoji), "{emoji}");
        }
    }

    #[test]
    fn nothing_else_is() {
        let stacked = format!("👍{}", "\u{301}".repeat(3));
        let long = "👍\u{200d}".repeat(20);
        for text in [
            "",
            " ",
            "a",
            "1",
            "#",
            "é",
            "ok",
            "👍👍",
            "👍 ",
            "👍a",
            "a👍",
            "\u{200d}",
            "\u{fe0f}",
            "\u{202e}",
            "\u{202e}👍",
            "👍\u{202e}",
            "\u{1b}[31m",
            "\n",
            "漢",
            "\u{e0067}",
            "👍\u{e0067}\u{e007f}",
            &stacked,
            &long,
        ] {
            assert!(!is_emoji(text), "{text:?}");
        }
    }
}
