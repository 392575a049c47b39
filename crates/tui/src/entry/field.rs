//! A line that is typed into a form.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use huis_proto::rest::Secret;
use zeroize::Zeroizing;

/// The longest line, in bytes: a recovery key, an address and a passphrase are shorter.
const LONGEST: usize = 1024;

/// A line with a cursor. Whatever was in it is wiped when it goes.
pub(super) struct Field {
    text: Zeroizing<String>,
    cursor: usize,
    pub(super) is_hidden: bool,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Field(…)")
    }
}

impl Field {
    pub(super) fn plain(text: &str) -> Self {
        let mut field = Self { text: Zeroizing::new(String::with_capacity(LONGEST)), cursor: 0, is_hidden: false };
        field.insert(text);
        field
    }

    pub(super) fn hidden() -> Self {
        Self { is_hidden: true, ..Self::plain("") }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn secret(&self) -> Secret {
        Secret::new(self.text.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Self { is_hidden: self.is_hidden, ..Self::plain("") };
    }

    /// What is shown of the line, and of the part before the cursor.
    pub(super) fn shown(&self) -> (String, String) {
        let before = self.text.get(..self.cursor).unwrap_or_default();
        if self.is_hidden {
            let dots = |text: &str| "•".repeat(text.chars().count());
            (dots(&self.text), dots(before))
        } else {
            (self.text.to_string(), before.to_owned())
        }
    }

    /// Puts a text at the cursor, without what would end the line. What is too long is left off.
    pub(super) fn insert(&mut self, text: &str) {
        for character in text.chars().filter(|character| !character.is_control()) {
            // It never grows, which would leave a copy behind.
            if self.text.len() + character.len_utf8() > LONGEST {
                return;
            }
            self.text.insert(self.cursor, character);
            self.cursor += character.len_utf8();
        }
    }

    /// Gives whether the key was for this line.
    pub(super) fn on_key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => {
                let rest = Zeroizing::new(self.text.get(self.cursor..).unwrap_or_default().to_owned());
                self.clear();
                self.insert(&rest);
                self.cursor = 0;
            }
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char('w') if control => {
                while self.before().is_some_and(char::is_whitespace) {
                    self.delete_before();
                }
                while self.before().is_some_and(|character| !character.is_whitespace()) {
                    self.delete_before();
                }
            }
            KeyCode::Char(character) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(character.encode_utf8(&mut [0; 4]));
            }
            KeyCode::Backspace => self.delete_before(),
            KeyCode::Delete => {
                if let Some(next) = self.after() {
                    self.cursor += next.len_utf8();
                    self.delete_before();
                }
            }
            KeyCode::Left => self.cursor -= self.before().map_or(0, char::len_utf8),
            KeyCode::Right => self.cursor += self.after().map_or(0, char::len_utf8),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    fn before(&self) -> Option<char> {
        self.text.get(..self.cursor)?.chars().next_back()
    }

    fn after(&self) -> Option<char> {
        self.text.get(self.cursor..)?.chars().next()
    }

    fn delete_before(&mut self) {
        if let Some(character) = self.before() {
            self.cursor -= character.len_utf8();
            self.text.remove(self.cursor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(field: &mut Field, code: KeyCode, modifiers: KeyModifiers) {
        assert!(field.on_key(KeyEvent::new(code, modifiers)));
    }

    #[test]
    fn a_line_is_edited_where_the_cursor_stands() {
        let mut field = Field::plain("héllo");
        press(&mut field, KeyCode::Home, KeyModifiers::NONE);
        press(&mut field, KeyCode::Right, KeyModifiers::NONE);
        press(&mut field, KeyCode::Delete, KeyModifiers::NONE);
        press(&mut field, KeyCode::Char('e'), KeyModifiers::NONE);
        assert_eq!(field.text(), "hello");
        press(&mut field, KeyCode::End, KeyModifiers::NONE);
        press(&mut field, KeyCode::Backspace, KeyModifiers::NONE);
        assert_eq!(field.text(), "hell");
        press(&mut field, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert_eq!(field.text(), "");
        press(&mut field, KeyCode::Backspace, KeyModifiers::NONE);
        press(&mut field, KeyCode::Left, KeyModifiers::NONE);
        assert_eq!(field.text(), "");
    }

    #[test]
    fn a_pasted_text_becomes_one_line_of_bounded_length() {
        let mut field = Field::plain("");
        field.insert("six words\r\nof a\u{1b} passphrase\n");
        assert_eq!(field.text(), "six wordsof a passphrase");
        field.insert(&"é".repeat(100_000));
        assert!(field.text().len() <= LONGEST && field.text.capacity() == LONGEST);
    }

    #[test]
    fn a_hidden_line_is_shown_and_debugged_by_its_length_at_most() {
        let mut field = Field::hidden();
        field.insert("sesame");
        assert_eq!(field.shown(), ("••••••".into(), "••••••".into()));
        assert!(!format!("{field:?}").contains("sesame"));
    }
}
