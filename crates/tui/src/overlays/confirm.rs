//! A question before something that cannot be taken back.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{Outcome, window};
use crate::app::{App, Confirmed};
use crate::cells::{self, Canvas};
use crate::picture::put_keys;
use crate::theme::Role;

#[derive(Debug)]
pub(crate) struct Confirm {
    pub(crate) question: String,
    /// The key of what the yes says.
    pub(crate) yes: &'static str,
    pub(crate) confirmed: Confirmed,
}

impl Confirm {
    pub(super) fn on_key(&self, key: KeyEvent) -> Outcome {
        match key.code {
            // Both languages' letters, in both; but not the very key that led to the question, held a little long.
            KeyCode::Char('o') if matches!(self.confirmed, Confirmed::JoinAnyway(_)) => Outcome::Stays,
            KeyCode::Char('y' | 'Y' | 'o' | 'O') => Outcome::Confirms(self.confirmed.clone()),
            KeyCode::Char('n' | 'N') => Outcome::Closes,
            _ => Outcome::Stays,
        }
    }

    pub(super) fn draw(&self, app: &App, canvas: &mut Canvas<'_>, around: Rect) {
        let theme = app.settings.theme;
        let room = around.width.saturating_sub(8).min(56);
        let pieces = cells::wrap(&self.question, room);
        let height = u16::try_from(pieces.len()).unwrap_or(1) + 2;
        let area = window(canvas, around, (room, height), &app.texts.text("confirm-title"), theme);
        for (y, at) in (area.top()..).zip(pieces) {
            canvas.put(area.x, y, area.right(), self.question.get(at).unwrap_or_default(), theme.style(Role::Text));
        }
        let keys = [("y", app.texts.text(self.yes)), ("Esc", app.texts.text("confirm-no"))];
        let row = Rect { x: area.x.saturating_sub(1), y: area.bottom() - 1, width: area.width + 1, height: 1 };
        put_keys(canvas, row, theme, &keys);
    }
}
