//! The terminal's answer to the question for its background. It comes among the keys, and at any time: late over a slow
//! line, or never. Nobody waits for it, and nothing of it is taken for typing.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::theme::{Ground, luminance};

/// The question (OSC 11).
pub(crate) const QUESTION: &str = "\x1b]11;?\x1b\\";

/// What the answer begins with, after the escape.
const BEGIN: &str = "]11;";
/// No answer is longer.
const LONGEST: usize = 40;

/// What became of a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It may be part of the answer.
    Nothing,
    /// It was typed, and so were these before it.
    Typed(Vec<KeyEvent>),
    /// The answer is whole.
    Ground(Ground),
}

/// Listens for the answer among the keys.
#[derive(Debug, Default)]
pub(crate) struct Background {
    held: Vec<KeyEvent>,
}

impl Background {
    pub(crate) fn hear(&mut self, key: KeyEvent) -> Heard {
        let alone = KeyModifiers::NONE;
        let letter = match key.code {
            KeyCode::Char(letter) if key.kind != KeyEventKind::Release => letter,
            _ => '\0',
        };
        let begins = letter == ']' && key.modifiers == KeyModifiers::ALT;
        if self.held.is_empty() && !begins {
            return Heard::Typed(vec![key]);
        }
        let is_end = (letter == '\\' && key.modifiers == KeyModifiers::ALT)
            || (letter == 'g' && key.modifiers == KeyModifiers::CONTROL);
        let at = self.held.len();
        let fits = match BEGIN.chars().nth(at) {
            Some(expected) => letter == expected && (at == 0 || key.modifiers == alone),
            None => letter.is_ascii_alphanumeric() || matches!(letter, ':' | '/' | '#'),
        };
        if is_end && at > BEGIN.len() {
            let text: String = self.held.drain(..).filter_map(|key| key.code.as_char()).skip(BEGIN.len()).collect();
            return ground(&text).map_or(Heard::Nothing, Heard::Ground);
        }
        self.held.push(key);
        if fits && at < LONGEST { Heard::Nothing } else { Heard::Typed(std::mem::take(&mut self.held)) }
    }
}

/// `rgb:1e1e/1e1e/2e2e`, with one to four digits each, also with `rgba:`.
fn ground(text: &str) -> Option<Ground> {
    let (_, parts) = text.split_once(':')?;
    let mut bytes = parts.split('/').take(3).map(|part| {
        let value = u32::from_str_radix(part, 16).ok()?;
        let most = 16_u32.checked_pow(u32::try_from(part.len()).ok()?)? - 1;
        u8::try_from((value * 255).checked_div(most)?).ok()
    });
    let (red, green, blue) = (bytes.next()??, bytes.next()??, bytes.next()??);
    Some(if luminance(red, green, blue) > 0.3 { Ground::Light } else { Ground::Dark })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: char, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(letter), modifiers)
    }

    fn answer(body: &str) -> Vec<KeyEvent> {
        let mut keys = vec![key(']', KeyModifiers::ALT)];
        keys.extend(body.chars().map(|letter| key(letter, KeyModifiers::NONE)));
        keys.push(key('\\', KeyModifiers::ALT));
        keys
    }

    #[test]
    fn the_answer_tells_the_ground_and_nothing_is_typed() {
        for (body, expected) in [
            ("11;rgb:ffff/ffff/ffff", Ground::Light),
            ("11;rgb:1e1e/1e1e/2e2e", Ground::Dark),
            ("11;rgb:f/f/e", Ground::Light),
            ("11;rgba:0000/0000/0000/ffff", Ground::Dark),
        ] {
            let mut background = Background::default();
            let mut heard: Vec<Heard> = answer(body).into_iter().map(|key| background.hear(key)).collect();
            assert_eq!(heard.pop(), Some(Heard::Ground(expected)), "{body}");
            assert!(heard.iter().all(|heard| *heard == Heard::Nothing));
        }
    }

    #[test]
    fn what_is_typed_stays_typed() {
        let mut background = Background::default();
        let plain = key('a', KeyModifiers::NONE);
        assert_eq!(background.hear(plain), Heard::Typed(vec![plain]));
        let bracket = key(']', KeyModifiers::ALT);
        assert_eq!(background.hear(bracket), Heard::Nothing);
        assert_eq!(background.hear(plain), Heard::Typed(vec![bracket, plain]));
    }

    #[test]
    fn an_answer_without_end_is_given_back() {
        let mut background = Background::default();
        let mut given = 0;
        for key in answer(&format!("11;{}", "f".repeat(200))) {
            if let Heard::Typed(keys) = background.hear(key) {
                given += keys.len();
            }
        }
        assert!(given > 150);
    }
}
