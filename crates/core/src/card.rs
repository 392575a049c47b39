//! What an account shows of itself to those with whom it talks.

use huis_proto::Bytes;
use serde::{Deserialize, Serialize};

use crate::content::{TITLE, TOPIC};

/// The largest picture, in bytes.
pub const PICTURE: usize = 32 * 1024;

/// A name, a line and a picture. Of an account's cards the one of the highest version counts, in whatever order they
/// come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Grows with each change: milliseconds since 1970, or one more than before where that is more.
    pub version: u64,
    /// A name as a person writes it, at most [`TITLE`] bytes in one line.
    #[serde(default)]
    pub name: Option<String>,
    /// A line about oneself, at most [`TOPIC`] bytes.
    #[serde(default)]
    pub about: Option<String>,
    /// PNG, JPEG or WebP by its first bytes, at most [`PICTURE`] bytes.
    #[serde(default)]
    pub picture: Option<Bytes>,
}

/// Why a card is not shown to anybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Longer than allowed.
    #[error("the {what} has {bytes} bytes; at most {most} are allowed")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The most that is allowed.
        most: usize,
    },
    /// A character that breaks the line, moves the cursor or turns the direction of reading.
    #[error("the {what} holds a character that is none to be seen (U+{code:04X}); take it out")]
    Character {
        /// Which part.
        what: &'static str,
        /// The character.
        code: u32,
    },
    /// Another kind of file.
    #[error("the picture is neither PNG nor JPEG nor WebP")]
    Picture,
}

impl Card {
    /// Whether it keeps the rules; asked before it leaves the device.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn check(&self) -> Result<(), CardError> {
        line("name", self.name.as_deref(), TITLE)?;
        line("line about oneself", self.about.as_deref(), TOPIC)?;
        match &self.picture {
            Some(picture) => check_picture(picture),
            None => Ok(()),
        }
    }

    /// Whether it counts in place of another card of the same account, whichever came first. Of two of one version,
    /// made on two devices, it is the same one everywhere: by the bytes of what they say.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        fn order(card: &Card) -> (u64, Option<&str>, Option<&str>, Option<&[u8]>) {
            let picture = card.picture.as_ref().map(|picture| &picture.0[..]);
            (card.version, card.name.as_deref(), card.about.as_deref(), picture)
        }
        order(self) > order(other)
    }

    /// The card without what breaks the rules: who sends it may be another client, or an enemy.
    pub fn tidied(mut self) -> Self {
        self.name = tidy(self.name, TITLE);
        self.about = tidy(self.about, TOPIC);
        self.picture = self.picture.filter(|picture| check_picture(picture).is_ok());
        self
    }
}

fn check_picture(picture: &[u8]) -> Result<(), CardError> {
    if picture.len() > PICTURE {
        return Err(CardError::TooLong { what: "picture", bytes: picture.len(), most: PICTURE });
    }
    if is_picture(picture) { Ok(()) } else { Err(CardError::Picture) }
}

/// Whether these are PNG, JPEG or WebP, by their first bytes.
pub(crate) fn is_picture(bytes: &[u8]) -> bool {
    let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(b"\xff\xd8\xff") || is_webp
}

fn line(what: &'static str, text: Option<&str>, most: usize) -> Result<(), CardError> {
    let text = text.unwrap_or_default();
    if text.len() > most {
        return Err(CardError::TooLong { what, bytes: text.len(), most });
    }
    match text.chars().find(|character| acts(*character)) {
        Some(character) => Err(CardError::Character { what, code: u32::from(character) }),
        None => Ok(()),
    }
}

fn tidy(text: Option<String>, most: usize) -> Option<String> {
    let text: String = text?.chars().filter(|character| !acts(*character)).collect();
    let text = text.trim();
    (!text.is_empty() && text.len() <= most).then(|| text.to_owned())
}

/// Whether a character does something other than stand there: controls, line and paragraph separators, and what turns
/// the direction (Unicode Annex 9).
pub(crate) fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    fn named(name: &str) -> Card {
        Card { name: Some(name.into()), ..Card::default() }
    }

    fn pictured(picture: &[u8]) -> Card {
        Card { picture: Some(Bytes(picture.to_vec())), ..Card::default() }
    }

    #[test]
    fn a_name_that_acts_is_refused_and_tidied_on_receipt() {
        assert_eq!(named("Zoë 👩‍🌾").check(), Ok(()));
        for name in ["two\nlines", "\u{1b}[2J", "\u{202e}gnp", "a\u{2028}b"] {
            assert!(matches!(named(name).check(), Err(CardError::Character { .. })), "{name:?}");
        }
        assert_eq!(named("\u{202e}Zoë\n ").tidied(), named("Zoë"));
        assert_eq!(named(" \n").tidied(), Card::default());
    }

    #[test]
    fn what_is_too_long_is_refused_and_dropped_on_receipt() {
        let long = named(&"x".repeat(TITLE + 1));
        assert!(matches!(long.check(), Err(CardError::TooLong { .. })));
        assert_eq!(long.tidied(), Card::default());
        let large = pictured(&[PNG, &[0; PICTURE]].concat());
        assert!(matches!(large.check(), Err(CardError::TooLong { .. })));
        assert_eq!(large.tidied(), Card::default());
    }

    #[test]
    fn of_two_cards_one_is_newer_and_it_is_the_same_one_everywhere() {
        let cards = [
            Card::default(),
            named("Ann"),
            named("Zoë"),
            Card { about: Some("I dig".into()), ..named("Zoë") },
            Card { version: 1, ..Card::default() },
            Card { version: 1, ..pictured(PNG) },
            Card { version: 2, ..named("Ann") },
        ];
        for (place, card) in cards.iter().enumerate() {
            for (other_place, other) in cards.iter().enumerate() {
                assert_eq!(card.is_newer_than(other), place > other_place, "{card:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        for picture in [PNG, b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WEBPVP8 "] {
            assert_eq!(pictured(picture).check(), Ok(()));
            assert_eq!(pictured(picture).tidied(), pictured(picture));
        }
        for other in [&b""[..], b"GIF89a", b"<svg/>", b"RIFF\0\0\0\0WAVE"] {
            assert_eq!(pictured(other).check(), Err(CardError::Picture));
            assert_eq!(pictured(other).tidied(), Card::default());
        }
    }
}
