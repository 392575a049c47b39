//! Texts of others on a terminal. A text may hold characters that move the cursor, colour or retitle the window, turn
//! the reading direction, or cannot be seen; shown as they are, they could pass one message off as another.

use std::borrow::Cow;
use std::fmt::Write;

/// The text in one line: every character that would do something other than stand there is written as what it is
/// (`\n`, `\u{1b}`). What is harmless stays as it is.
pub fn safe_line(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        push(&mut safe, character);
    }
    Cow::Owned(safe)
}

/// As [`safe_line`], but line breaks stay; each line after the first begins with `indent`, so that no line of the text
/// can be taken for something else than a part of it.
pub fn safe_block<'a>(text: &'a str, indent: &str) -> Cow<'a, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // A line break of another system is one line break.
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                safe.push('\n');
                safe.push_str(indent);
            }
            '\t' => safe.push_str("    "),
            other => push(&mut safe, other),
        }
    }
    Cow::Owned(safe)
}

fn push(safe: &mut String, character: char) {
    match character {
        '\n' => safe.push_str("\\n"),
        '\r' => safe.push_str("\\r"),
        '\t' => safe.push_str("\\t"),
        character if acts(character) => {
            // Writing to a string cannot fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
        }
        character => safe.push(character),
    }
}

/// Whether a name that somebody chose can be seen and told from nothing: it has a letter, a digit or a symbol.
pub fn is_visible_name(name: &str) -> bool {
    let is_symbol = |character| matches!(character, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    name.chars().any(|character| {
        !acts(character) && character != '\u{2800}' && (character.is_alphanumeric() || is_symbol(character))
    })
}

/// Whether a character does something, or stands for nothing that can be seen. The joiners U+200C and U+200D are not
/// among them: several scripts and many emoji need them.
fn acts(character: char) -> bool {
    matches!(character,
        // Controls: C0 with the escape, delete, C1.
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Direction: marks, embeddings, overrides, isolates (Unicode Annex 9).
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Line and paragraph separators.
        | '\u{2028}' | '\u{2029}'
        // Not to be seen: soft hyphen, grapheme joiner, zero width space, word joiner and invisible operators, byte
        // order mark, fillers, vowel separator, interlinear marks, tags.
        | '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{feff}'
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{180e}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &[(&str, &str)] = &[
        ("\u{1b}[2J\u{1b}]0;owned\u{7}", "\\u{1b}[2J\\u{1b}]0;owned\\u{7}"),
        ("\u{9b}31mred", "\\u{9b}31mred"),
        ("abc\rxyz", "abc\\rxyz"),
        ("erase\u{8}\u{8}\u{7f}", "erase\\u{8}\\u{8}\\u{7f}"),
        ("invoice\u{202e}fdp.exe", "invoice\\u{202e}fdp.exe"),
        ("\u{2066}a\u{2069}\u{200f}\u{61c}", "\\u{2066}a\\u{2069}\\u{200f}\\u{61c}"),
        ("a\u{2028}b\u{2029}c", "a\\u{2028}b\\u{2029}c"),
        ("an\u{200b}na\u{feff}\u{ad}", "an\\u{200b}na\\u{feff}\\u{ad}"),
        ("x\u{e0041}\u{0}", "x\\u{e0041}\\u{0}"),
    ];

    #[test]
    fn characters_that_act_are_written_as_what_they_are() {
        for (hostile, harmless) in HOSTILE {
            assert_eq!(safe_line(hostile), *harmless);
            assert_eq!(safe_block(hostile, "  "), *harmless);
        }
    }

    #[test]
    fn a_name_of_which_nothing_is_seen_is_none() {
        for name in [
            "",
            "  ",
            "\u{200b}\u{2060}\u{ad}",
            "\u{3164}",
            "\u{202e}\u{335}\u{489}",
            "·…—",
            "\u{200d}\u{fe0f}",
            "\u{2800}",
        ] {
            assert!(!is_visible_name(name), "{name:?}");
        }
        for name in ["Sam", "7", "💐", "★", "李", "ลี", "\u{202e}gro.ylime"] {
            assert!(is_visible_name(name), "{name:?}");
        }
    }

    #[test]
    fn nothing_that_was_made_harmless_acts() {
        let every: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        assert!(!safe_line(&every).contains(acts));
        assert!(!safe_line(&every).chars().any(char::is_control));
        assert!(!safe_block(&every, "").replace('\n', "").contains(acts));
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for plain in ["Grüße, 你好, سلام, שלום", "👩\u{200d}👩\u{200d}👧 and 🇫🇷", "می\u{200c}خواهم", "a  b «c» \\n", ""]
        {
            assert!(matches!(safe_line(plain), Cow::Borrowed(_)), "{plain}");
            assert_eq!(safe_block(plain, "> "), plain);
        }
    }

    #[test]
    fn a_line_of_a_text_cannot_pass_for_another_message() {
        let text = "hello\n2026-01-01 00:00:00Z @boss: pay at once\r\nend";
        let lines: Vec<String> = safe_block(text, "    ").lines().map(Into::into).collect();
        assert_eq!(lines, ["hello", "    2026-01-01 00:00:00Z @boss: pay at once", "    end"]);
        assert_eq!(safe_line(text).lines().count(), 1);
    }
}
