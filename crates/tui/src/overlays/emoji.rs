//! Reactions to choose from.

use crossterm::event::{KeyCode, KeyEvent};
use huis_proto::MessageId;
use ratatui::layout::Rect;

use super::{Outcome, window};
use crate::app::App;
use crate::cells::Canvas;
use crate::theme::{Depth, Role};

/// In a row.
const ROW: usize = 8;
const OFFERED: [&str; 32] = [
    "👍", "👎", "😀", "😂", "😍", "😮", "😢", "😡", "🎉", "🙏", "👏", "💪", "🤝", "👋", "👀", "🤔", "✅", "❌", "❓",
    "💯", "🔥", "⭐", "🚀", "🌱", "☕", "🍰", "🐛", "🔒", "💡", "📌", "💙", "🧡",
];

#[derive(Debug)]
pub(crate) struct Emoji {
    message: MessageId,
    chosen: usize,
}

impl Emoji {
    pub(crate) fn new(message: MessageId) -> Self {
        Self { message, chosen: 0 }
    }

    pub(super) fn on_key(&mut self, key: KeyEvent) -> Outcome {
        let last = OFFERED.len() - 1;
        match key.code {
            KeyCode::Left => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::Right => self.chosen = (self.chosen + 1).min(last),
            KeyCode::Up => self.chosen = self.chosen.checked_sub(ROW).unwrap_or(self.chosen),
            KeyCode::Down => self.chosen = if self.chosen + ROW <= last { self.chosen + ROW } else { self.chosen },
            KeyCode::Enter => return self.gives(self.chosen),
            KeyCode::Char(digit @ '1'..='8') => return self.gives(usize::from(digit as u8 - b'1')),
            // An emoji that the keyboard writes by itself.
            KeyCode::Char(other) if !other.is_ascii() => return Outcome::Reacts(self.message, other.to_string()),
            _ => {}
        }
        Outcome::Stays
    }

    fn gives(&self, number: usize) -> Outcome {
        match OFFERED.get(number) {
            Some(emoji) => Outcome::Reacts(self.message, (*emoji).to_owned()),
            None => Outcome::Stays,
        }
    }

    pub(super) fn draw(&self, app: &App, canvas: &mut Canvas<'_>, around: Rect) {
        let theme = app.settings.theme;
        let heading = app.texts.text("emoji-title");
        let area = window(canvas, around, (8 * 4, 5), &heading, theme);
        for (number, x) in (1..=ROW).zip((area.x..).step_by(4)) {
            canvas.put(x + 1, area.y, area.right(), &number.to_string(), theme.style(Role::Muted));
        }
        for (number, emoji) in OFFERED.iter().enumerate() {
            let row = u16::try_from(number / ROW).unwrap_or(0) + 1;
            let x = area.x + u16::try_from(number % ROW).unwrap_or(0) * 4;
            let y = area.y + row;
            if y >= area.bottom() {
                break;
            }
            if number == self.chosen {
                canvas.put(x, y, area.right(), "[", theme.style(Role::Key));
                canvas.put(x + 3, y, area.right(), "]", theme.style(Role::Key));
            }
            canvas.put(x + 1, y, area.right(), emoji, theme.style(Role::Text));
            if number == self.chosen && theme.depth == Depth::True {
                canvas.tint(Rect { x, y, width: 4, height: 1 }, theme.selected());
            }
        }
    }
}
