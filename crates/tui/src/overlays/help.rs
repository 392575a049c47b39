//! All keys.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{Outcome, window};
use crate::app::App;
use crate::cells::{self, Canvas};
use crate::slash;
use crate::theme::Role;

#[derive(Debug, Default)]
pub(crate) struct Help {
    top: usize,
    lines: usize,
}

/// Cells of a key, or of how a command is written.
const WIDEST_KEY: u16 = 24;

/// Keys and the keys of their texts, by where they count.
const SECTIONS: &[(&str, &[(&str, &str)])] = &[
    (
        "help-everywhere",
        &[
            ("Ctrl+K", "help-palette"),
            ("Ctrl+F", "help-search"),
            ("Alt+↑ Alt+↓", "help-next"),
            ("Alt+U", "help-unread"),
            ("F2", "help-details"),
            ("PgUp PgDn", "help-scroll"),
            ("Ctrl+End", "help-newest"),
            ("Tab", "help-tab"),
            ("F1 ?", "help-help"),
            ("Ctrl+Q", "help-quit"),
        ],
    ),
    (
        "help-writing",
        &[
            ("↵", "help-send"),
            ("Alt+↵ Ctrl+J", "help-line"),
            ("↑", "help-select"),
            ("Ctrl+P Ctrl+N", "help-history"),
            ("Ctrl+Z Ctrl+Y", "help-undo"),
            ("Ctrl+W", "help-word"),
            ("Esc", "help-cancel"),
        ],
    ),
    (
        "help-message",
        &[
            ("r", "help-reply"),
            ("e", "help-edit"),
            ("d", "help-delete"),
            ("+", "help-react"),
            ("p", "help-pin"),
            ("f", "help-forward"),
            ("y", "help-copy"),
            ("i", "help-receipts"),
            ("o", "help-open-once"),
            ("↵", "help-quoted"),
            ("s", "help-save"),
            ("v", "help-view"),
            ("␣", "help-pause"),
            ("t x", "help-trouble"),
        ],
    ),
    (
        "help-list",
        &[
            ("↵", "help-open"),
            ("s", "help-favourite"),
            ("a", "help-archive"),
            ("m", "help-mute"),
            ("n", "help-notifications"),
        ],
    ),
];

impl Help {
    pub(super) fn on_key(&mut self, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.scroll(true, 1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll(false, 1),
            KeyCode::PageUp => self.scroll(true, 10),
            KeyCode::PageDown => self.scroll(false, 10),
            _ => return Outcome::Closes,
        }
        Outcome::Stays
    }

    pub(super) fn scroll(&mut self, up: bool, lines: usize) {
        self.top = if up { self.top.saturating_sub(lines) } else { (self.top + lines).min(self.lines) };
    }

    pub(super) fn draw(&mut self, app: &App, canvas: &mut Canvas<'_>, around: Rect) {
        let theme = app.settings.theme;
        let mut lines: Vec<(String, String, Role)> = Vec::new();
        for (number, (heading, keys)) in SECTIONS.iter().enumerate() {
            if number > 0 {
                lines.push((String::new(), String::new(), Role::Text));
            }
            lines.push((String::new(), app.texts.text(heading), Role::Strong));
            lines.extend(keys.iter().map(|(key, text)| ((*key).to_owned(), app.texts.text(text), Role::Text)));
        }
        lines.push((String::new(), String::new(), Role::Text));
        lines.push((String::new(), app.texts.text("help-commands"), Role::Strong));
        for word in slash::WORDS.iter().filter(|word| !word.administers) {
            lines.push((slash::usage(&app.texts, word), slash::help(&app.texts, word), Role::Text));
        }
        lines.push((String::new(), String::new(), Role::Text));
        lines.push((String::new(), app.texts.text("help-administrators"), Role::Strong));
        for word in slash::WORDS.iter().filter(|word| word.administers) {
            lines.push((slash::usage(&app.texts, word), slash::help(&app.texts, word), Role::Text));
        }
        let keys = lines.iter().map(|line| cells::width(&line.0)).max().unwrap_or(0).min(WIDEST_KEY);
        let texts = lines.iter().map(|line| cells::width(&line.1)).max().unwrap_or(0);
        let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let area = window(canvas, around, (keys + 2 + texts, count), &app.texts.text("help-title"), theme);
        let height = usize::from(area.height);
        self.lines = lines.len().saturating_sub(height);
        self.top = self.top.min(self.lines);
        for (y, (key, text, role)) in (area.top()..area.bottom()).zip(lines.iter().skip(self.top)) {
            if key.is_empty() {
                canvas.put(area.x, y, area.right(), text, theme.style(*role));
            } else {
                canvas.put(area.x, y, area.right(), &cells::cut(key, keys), theme.style(Role::Key));
                let x = area.x + keys + 2;
                canvas.put(x, y, area.right(), &cells::cut(text, area.right().saturating_sub(x)), theme.style(*role));
            }
        }
        if self.top < self.lines {
            canvas.put_right(area.x, area.bottom(), area.right(), " ↓ ", theme.style(Role::Muted));
        }
        if self.top > 0 {
            canvas.put_right(area.x, area.top() - 1, area.right(), " ↑ ", theme.style(Role::Muted));
        }
    }
}
