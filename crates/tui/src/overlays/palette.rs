//! Conversations and commands, found by a few of their letters.

use crossterm::event::{KeyCode, KeyEvent};
use huis_proto::{ConversationId, MessageId};
use huis_views::ConversationState;
use ratatui::layout::{Position, Rect};

use super::{Outcome, draw_line, edit_line, put_in_line, window};
use crate::app::{Action, App};
use crate::cells::{self, Canvas};
use crate::composer::Editor;
use crate::say;
use crate::theme::Role;

#[derive(Debug, Default)]
pub(crate) struct Palette {
    query: Editor,
    /// What is chosen: the list may move beneath. None is the first one.
    chosen: Option<Choice>,
    /// The message to say again where one chooses.
    forwards: Option<MessageId>,
}

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Conversation(ConversationId),
    Action(Action),
}

struct Entry {
    choice: Choice,
    text: String,
    aside: String,
}

impl Palette {
    pub(crate) fn go() -> Self {
        Self::default()
    }

    pub(crate) fn forward(message: MessageId) -> Self {
        Self { forwards: Some(message), ..Self::default() }
    }

    pub(super) fn on_key(&mut self, app: &App, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Up => self.choose(app, true),
            KeyCode::Down | KeyCode::Tab => self.choose(app, false),
            KeyCode::Enter => {
                let entries = self.entries(app);
                let chosen = entries.get(self.at(&entries));
                return match (chosen.map(|entry| entry.choice), self.forwards) {
                    (Some(Choice::Conversation(to)), Some(message)) => Outcome::Forwards(message, to),
                    (Some(Choice::Conversation(to)), None) => Outcome::Opens(to),
                    (Some(Choice::Action(action)), _) => Outcome::Acts(action),
                    (None, _) => Outcome::Stays,
                };
            }
            _ => {
                if edit_line(&mut self.query, key) {
                    self.chosen = None;
                }
            }
        }
        Outcome::Stays
    }

    pub(super) fn paste(&mut self, text: &str) {
        put_in_line(&mut self.query, text);
        self.chosen = None;
    }

    pub(super) fn choose(&mut self, app: &App, up: bool) {
        let entries = self.entries(app);
        let at = self.at(&entries);
        let next = if up { at.saturating_sub(1) } else { (at + 1).min(entries.len().saturating_sub(1)) };
        self.chosen = entries.get(next).map(|entry| entry.choice);
    }

    /// Where the chosen one stands; the first one where it is gone.
    fn at(&self, entries: &[Entry]) -> usize {
        self.chosen.and_then(|chosen| entries.iter().position(|entry| entry.choice == chosen)).unwrap_or(0)
    }

    /// What fits, best first.
    fn entries(&self, app: &App) -> Vec<Entry> {
        let query = self.query.text();
        let mut found: Vec<(u32, Entry)> = Vec::new();
        for view in app.list.all() {
            let is_open_to_it = view.state == ConversationState::Joined && !view.request;
            if self.forwards.is_some() && !is_open_to_it {
                continue;
            }
            let text = say::full_name(view);
            if let Some(rank) = rank(query, &text) {
                let aside = match view.unread {
                    0 => String::new(),
                    unread => unread.to_string(),
                };
                found.push((rank, Entry { choice: Choice::Conversation(view.id), text, aside }));
            }
        }
        if self.forwards.is_none() {
            for action in Action::ALL {
                let text = app.texts.text(action.text());
                if let Some(rank) = rank(query, &text) {
                    found.push((
                        rank + 5,
                        Entry { choice: Choice::Action(action), text, aside: action.key().to_owned() },
                    ));
                }
            }
        }
        if !query.is_empty() {
            found.sort_by_key(|entry| entry.0);
        }
        found.into_iter().map(|entry| entry.1).collect()
    }

    pub(super) fn draw(&mut self, app: &App, canvas: &mut Canvas<'_>, around: Rect) -> Option<Position> {
        let theme = app.settings.theme;
        let entries = self.entries(app);
        // What is seen as chosen is what Enter takes, whatever comes meanwhile.
        let chosen = self.at(&entries);
        self.chosen = entries.get(chosen).map(|entry| entry.choice);
        let heading = app.texts.text(if self.forwards.is_some() { "palette-forward" } else { "palette-title" });
        let height = around.height.saturating_sub(4).min(18);
        let area = window(canvas, around, (52, height), &heading, theme);
        let cursor = draw_line(&self.query, &app.texts.text("palette-hint"), canvas, area, theme);
        let shown = usize::from(area.height.saturating_sub(2));
        let first = (chosen + 1).saturating_sub(shown);
        for (y, (number, entry)) in (area.y + 2..area.bottom()).zip(entries.iter().enumerate().skip(first)) {
            let is_chosen = number == chosen;
            let role = if is_chosen { Role::Strong } else { Role::Text };
            if is_chosen {
                canvas.put(area.x, y, area.right(), "›", theme.style(Role::Accent));
            }
            let end = canvas.put_right(area.x + 2, y, area.right(), &entry.aside, theme.style(Role::Muted));
            let room = end.saturating_sub(area.x + 3);
            canvas.put(area.x + 2, y, end, &cells::cut(&entry.text, room), theme.style(role));
        }
        if entries.is_empty() {
            canvas.put(
                area.x + 2,
                area.y + 2,
                area.right(),
                &app.texts.text("palette-nothing"),
                theme.style(Role::Muted),
            );
        }
        Some(cursor)
    }
}

/// How well a text fits: all letters of the query in their order; none if it does not. Less is better.
fn rank(query: &str, text: &str) -> Option<u32> {
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let query: Vec<char> =
        query.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect();
    // The letters are taken from the beginnings of words where that can be, and else from where they come first.
    let ranks = [walk(&query, &text, true), walk(&query, &text, false)];
    ranks.into_iter().flatten().min()
}

fn walk(query: &[char], text: &[char], prefers_words: bool) -> Option<u32> {
    let begins_word =
        |at: usize| at.checked_sub(1).and_then(|before| text.get(before)).is_none_or(|c| !c.is_alphanumeric());
    let mut at = 0;
    let mut rank = 0_u32;
    for wanted in query {
        let mut places = (at..text.len()).filter(|place| text.get(*place) == Some(wanted));
        let first = places.next()?;
        let follows = at > 0 && first == at;
        let better = places.find(|place| prefers_words && !follows && begins_word(*place));
        let found = if begins_word(first) { first } else { better.unwrap_or(first) };
        if at > 0 && found != at && begins_word(found) {
            // A word that stands whole is nearer than the beginnings of several.
            rank += 1;
        }
        if !begins_word(found) && (at == 0 || found != at) {
            rank += 10 + u32::try_from(found - at).unwrap_or(100).min(100);
        }
        at = found + 1;
    }
    Some(rank)
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn beginnings_of_words_fit_best_and_missing_letters_do_not_fit() {
        assert_eq!(rank("", "anything"), Some(0));
        assert_eq!(rank("mb", "member-b"), Some(1));
        assert_eq!(rank("mem", "member-b"), Some(0));
        assert!(rank("club", "#club") < rank("club", "c-long-u-b"));
        assert_eq!(rank("z", "club"), None);
        assert_eq!(rank("bulc", "club"), None);
        assert!(rank("ÉT", "été").is_some());
    }
}
