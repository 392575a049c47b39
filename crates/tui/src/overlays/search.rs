//! Words in all that was said.

use crossterm::event::{KeyCode, KeyEvent};
use huis_views::Found;
use ratatui::layout::{Position, Rect};

use super::{Outcome, draw_line, edit_line, put_in_line, window};
use crate::app::App;
use crate::cells::{self, Canvas};
use crate::composer::Editor;
use crate::say;
use crate::theme::{Role, Theme, hue};

/// Messages that a search gives at most.
pub(crate) const FOUND: u32 = 100;
/// How long after the last letter it begins, in milliseconds.
const PAUSE: u64 = 150;

#[derive(Debug, Default)]
pub(crate) struct Search {
    words: Editor,
    pub(super) due_ms: Option<u64>,
    found: Vec<Found>,
    /// What was looked for last, once the answer is here.
    answered: Option<String>,
    refused: Option<String>,
    chosen: usize,
}

impl Search {
    pub(super) fn on_key(&mut self, now_ms: u64, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Up => self.choose(true),
            KeyCode::Down | KeyCode::Tab => self.choose(false),
            KeyCode::PageUp => (0..5).for_each(|_| self.choose(true)),
            KeyCode::PageDown => (0..5).for_each(|_| self.choose(false)),
            KeyCode::Enter => {
                if let Some(found) = self.found.get(self.chosen) {
                    let message = &found.message;
                    return Outcome::GoesTo {
                        conversation: message.conversation,
                        message: message.id,
                        position: message.position,
                    };
                }
            }
            _ => {
                if edit_line(&mut self.words, key) {
                    self.changed(now_ms);
                }
            }
        }
        Outcome::Stays
    }

    pub(crate) fn paste(&mut self, text: &str, now_ms: u64) {
        put_in_line(&mut self.words, text);
        self.changed(now_ms);
    }

    fn changed(&mut self, now_ms: u64) {
        self.due_ms = Some(now_ms + PAUSE);
        if self.words.text().trim().is_empty() {
            self.due_ms = None;
            self.found.clear();
            self.answered = None;
        }
        self.refused = None;
    }

    pub(super) fn choose(&mut self, up: bool) {
        let last = self.found.len().saturating_sub(1);
        self.chosen = if up { self.chosen.saturating_sub(1) } else { (self.chosen + 1).min(last) };
    }

    pub(super) fn take_due(&mut self, now_ms: u64) -> Option<String> {
        self.due_ms.take_if(|due| *due <= now_ms).map(|_| self.words.text().trim().to_owned())
    }

    pub(crate) fn answer(&mut self, words: &str, found: Vec<Found>) {
        if self.words.text().trim() == words {
            self.found = found;
            self.answered = Some(words.to_owned());
            self.chosen = 0;
        }
    }

    pub(crate) fn refuse(&mut self, words: &str, reason: String) {
        if self.words.text().trim() == words {
            self.found.clear();
            self.refused = Some(reason);
        }
    }

    pub(super) fn draw(&mut self, app: &App, canvas: &mut Canvas<'_>, around: Rect) -> Option<Position> {
        let theme = app.settings.theme;
        let size = (around.width.saturating_sub(8).min(96), around.height.saturating_sub(4).min(34));
        let area = window(canvas, around, size, &app.texts.text("search-title"), theme);
        let cursor = draw_line(&self.words, &app.texts.text("search-hint"), canvas, area, theme);
        let list = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        let said = match (&self.refused, &self.answered) {
            (Some(reason), _) => Some((reason.clone(), Role::Danger)),
            (None, Some(_)) if self.found.is_empty() => Some((app.texts.text("search-nothing"), Role::Muted)),
            (None, None) => Some((app.texts.text("search-filters"), Role::Muted)),
            _ => None,
        };
        if let Some((text, role)) = said {
            for (y, at) in (list.top()..list.bottom()).zip(cells::wrap(&text, list.width)) {
                canvas.put(list.x, y, list.right(), text.get(at).unwrap_or_default(), theme.style(role));
            }
            return Some(cursor);
        }
        let shown = usize::from(list.height / 2).max(1);
        let first = (self.chosen + 1).saturating_sub(shown);
        for (place, (number, found)) in (0_u16..).zip(self.found.iter().enumerate().skip(first).take(shown)) {
            let row = Rect { y: list.y + place * 2, height: 2, ..list };
            entry(app, canvas, row, found, number == self.chosen);
        }
        Some(cursor)
    }
}

fn entry(app: &App, canvas: &mut Canvas<'_>, row: Rect, found: &Found, is_chosen: bool) {
    let theme = app.settings.theme;
    let message = &found.message;
    if is_chosen {
        canvas.put(row.x, row.y, row.right(), "›", theme.style(Role::Accent));
    }
    let time = app.zone.short(&app.texts, message.sent_at_ms, app.now_ms);
    let end = canvas.put_right(row.x + 2, row.y, row.right(), &time, theme.style(Role::Muted)).saturating_sub(1);
    let author = cells::cut(&say::author(&app.texts, message), 20);
    let role = if message.own { Role::Accent } else { hue(message.from.account) };
    let x = canvas.put(row.x + 2, row.y, end, &author, theme.style(role));
    let place = format!(" · {}", message.conversation_name.trim_start_matches('@'));
    canvas.put(x, row.y, end, &cells::cut(&place, end.saturating_sub(x)), theme.style(Role::Muted));
    if row.y + 1 < row.bottom() {
        highlighted(
            canvas,
            Rect { x: row.x + 2, y: row.y + 1, width: row.width.saturating_sub(2), height: 1 },
            found,
            theme,
        );
    }
}

/// The text around the first word that was found, with what was found marked.
fn highlighted(canvas: &mut Canvas<'_>, area: Rect, found: &Found, theme: Theme) {
    let text = &found.message.text;
    let mut marks: Vec<(usize, usize)> = Vec::new();
    for (from, to) in &found.highlights {
        let (from, to) = (*from as usize, *to as usize);
        let is_in_order = marks.last().is_none_or(|last| last.1 <= from);
        if is_in_order && from < to && text.is_char_boundary(from) && text.is_char_boundary(to) && to <= text.len() {
            marks.push((from, to));
        }
    }
    let first = marks.first().map_or(0, |mark| mark.0);
    // A few words before the first mark say what it is about.
    let lead = usize::from(area.width / 4);
    let begin =
        text.get(..first).unwrap_or_default().char_indices().rev().take(lead).last().map_or(first, |(at, _)| at);
    let mut x = area.x;
    if begin > 0 {
        x = canvas.put(x, area.y, area.right(), "…", theme.style(Role::Muted));
    }
    // More than the row could hold is not looked at.
    let most = begin + usize::from(area.width) * 16;
    let mut put = |from: usize, to: usize, role| {
        let part: String = text.get(from..to).unwrap_or_default().chars().take(usize::from(area.width) * 4).collect();
        x = canvas.put(x, area.y, area.right(), &part.replace(['\n', '\r', '\t'], " "), theme.style(role));
    };
    let mut done = begin;
    for (from, to) in marks {
        if from > most {
            break;
        }
        put(done, from, Role::Text);
        put(from, to, Role::Match);
        done = to;
    }
    put(done, text.len(), Role::Text);
}
