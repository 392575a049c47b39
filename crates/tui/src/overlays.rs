//! What is laid over the screen for a while, and the details beside a conversation.

mod confirm;
mod details;
mod emoji;
mod files;
mod help;
mod palette;
mod receipts;
mod search;
mod sheet;
mod viewer;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use huis_proto::{ConversationId, MessageId};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::app::{Action, App, Confirmed};
use crate::cells::{self, Canvas};
use crate::composer::{Editor, Motion};
use crate::picture::{draw_frame, title};
use crate::theme::{Role, Theme};

pub(crate) use confirm::Confirm;
pub(crate) use details::{Details, draw_details};
pub(crate) use emoji::Emoji;
pub(crate) use files::{FILES, Files, counted};
pub(crate) use help::Help;
pub(crate) use palette::Palette;
pub(crate) use receipts::Receipts;
pub(crate) use search::{FOUND, Search};
pub(crate) use sheet::Sheet;
pub(crate) use viewer::Viewer;

/// What is laid over the screen.
#[derive(Debug)]
pub(crate) enum Overlay {
    Help(Help),
    Palette(Palette),
    Search(Search),
    Files(Files),
    Emoji(Emoji),
    Confirm(Confirm),
    Receipts(Receipts),
    Sheet(Sheet),
    Viewer(Viewer),
}

/// What a key in an overlay leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Stays,
    Closes,
    Acts(Action),
    Opens(ConversationId),
    GoesTo {
        conversation: ConversationId,
        message: MessageId,
        position: u64,
    },
    Reacts(MessageId, String),
    Forwards(MessageId, ConversationId),
    Confirms(Confirmed),
    /// A message of one's own is given up, after a question.
    Discards(MessageId),
    /// The line of a sheet that was chosen.
    Does(usize),
}

impl Overlay {
    pub(crate) fn on_key(&mut self, app: &mut App, key: KeyEvent) -> Outcome {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.code == KeyCode::Esc || (control && key.code == KeyCode::Char('c')) {
            return Outcome::Closes;
        }
        match self {
            Self::Help(help) => help.on_key(key),
            Self::Palette(palette) => palette.on_key(app, key),
            Self::Search(search) => search.on_key(app.now_ms, key),
            Self::Files(files) => files.on_key(app, key),
            Self::Emoji(emoji) => emoji.on_key(key),
            Self::Confirm(confirm) => confirm.on_key(key),
            Self::Receipts(_) => Outcome::Stays,
            Self::Viewer(viewer) => viewer.on_key(app, key),
            Self::Sheet(sheet) => {
                if key.code == KeyCode::Char('s') {
                    app.save_files(sheet.brings());
                }
                sheet.on_key(key)
            }
        }
    }

    pub(crate) fn paste(&mut self, text: &str, now_ms: u64) {
        match self {
            Self::Palette(palette) => palette.paste(text),
            Self::Search(search) => search.paste(text, now_ms),
            _ => {}
        }
    }

    /// When something is to be asked, in milliseconds since 1970.
    pub(crate) fn due(&self) -> Option<u64> {
        if let Self::Search(search) = self { search.due_ms } else { None }
    }

    /// The words to look for, once their time came.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Option<String> {
        if let Self::Search(search) = self { search.take_due(now_ms) } else { None }
    }

    pub(crate) fn wheel(&mut self, app: &App, up: bool) {
        match self {
            Self::Help(help) => help.scroll(up, 1),
            Self::Palette(palette) => palette.choose(app, up),
            Self::Search(search) => search.choose(up),
            Self::Files(files) => files.choose(up, 1),
            Self::Sheet(sheet) => sheet.choose(up),
            _ => {}
        }
    }

    /// Paints it into the middle. Gives where the cursor stands.
    pub(crate) fn draw(&mut self, app: &App, canvas: &mut Canvas<'_>, around: Rect) -> Option<Position> {
        match self {
            Self::Help(help) => help.draw(app, canvas, around),
            Self::Palette(palette) => return palette.draw(app, canvas, around),
            Self::Search(search) => return search.draw(app, canvas, around),
            Self::Files(files) => files.draw(app, canvas, around),
            Self::Emoji(emoji) => emoji.draw(app, canvas, around),
            Self::Confirm(confirm) => confirm.draw(app, canvas, around),
            Self::Receipts(receipts) => receipts.draw(app, canvas, around),
            Self::Sheet(sheet) => sheet.draw(app, canvas, around),
            Self::Viewer(viewer) => viewer.draw(app, canvas, around),
        }
        None
    }

    /// Its keys, for the footer.
    pub(crate) fn keys(&self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Help(_) => vec![("Esc", "key-close"), ("↑↓", "key-scroll")],
            Self::Palette(_) => vec![("↵", "key-choose"), ("↑↓", "key-move"), ("Esc", "key-close")],
            Self::Search(_) => vec![("↵", "key-go-there"), ("↑↓", "key-move"), ("Esc", "key-close")],
            Self::Files(_) => vec![
                ("↵", "key-save"),
                ("␣", "key-pause"),
                ("x", "key-cancel-file"),
                ("g", "key-go-there"),
                ("Esc", "key-close"),
            ],
            Self::Emoji(_) => vec![("↵", "key-react"), ("↑↓←→", "key-move"), ("Esc", "key-close")],
            Self::Confirm(_) => vec![("y", "key-yes"), ("Esc", "key-no")],
            Self::Receipts(_) => vec![("Esc", "key-close")],
            Self::Viewer(viewer) => {
                let others = viewer.has_others().then_some(("←→", "key-move"));
                others.into_iter().chain([("s", "key-save"), ("Esc", "key-close")]).collect()
            }
            Self::Sheet(sheet) if sheet.has_choices() => {
                vec![("↵", "key-choose"), ("↑↓", "key-move"), ("Esc", "key-close")]
            }
            Self::Sheet(_) => vec![("Esc", "key-close"), ("↑↓", "key-scroll")],
        }
    }
}

/// A box of this inner size in the middle, empty and framed. Gives what is inside.
fn window(canvas: &mut Canvas<'_>, around: Rect, size: (u16, u16), heading: &str, theme: Theme) -> Rect {
    let wanted = size.0 + 4;
    // Beside a window on a narrow screen there is no room for anything that could be read.
    let width = if around.width < 60 && wanted + 8 > around.width { around.width } else { wanted.min(around.width) };
    let height = (size.1 + 2).min(around.height);
    let frame =
        Rect { x: around.x + (around.width - width) / 2, y: around.y + (around.height - height) / 3, width, height };
    canvas.clear(frame, Style::new());
    draw_frame(canvas, frame, theme, true);
    title(canvas, frame, heading, theme.style(Role::Strong));
    Rect { x: frame.x + 2, y: frame.y + 1, width: width - 4, height: height - 2 }
}

/// A line to write in.
fn draw_line(editor: &Editor, hint: &str, canvas: &mut Canvas<'_>, area: Rect, theme: Theme) -> Position {
    let x = canvas.put(area.x, area.y, area.right(), "› ", theme.style(Role::Accent));
    if editor.is_empty() {
        canvas.put(x, area.y, area.right(), &cells::cut(hint, area.width.saturating_sub(2)), theme.style(Role::Muted));
        return Position::new(x, area.y);
    }
    // The end that is being written is what is seen.
    let room = area.right().saturating_sub(x + 1);
    let (before, after) = editor.text().split_at(editor.cursor());
    let mut shown = before;
    while cells::width(shown) > room {
        let mut letters = shown.chars();
        letters.next();
        shown = letters.as_str();
    }
    let cursor = canvas.put(x, area.y, area.right(), shown, theme.style(Role::Text));
    canvas.put(cursor, area.y, area.right(), after, theme.style(Role::Text));
    Position::new(cursor, area.y)
}

/// A key for a line to write in. Gives whether its text is another one.
fn edit_line(editor: &mut Editor, key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let word = control || key.modifiers.contains(KeyModifiers::ALT);
    let before = editor.text().to_owned();
    match key.code {
        KeyCode::Left => editor.go(if word { Motion::WordLeft } else { Motion::Left }),
        KeyCode::Right => editor.go(if word { Motion::WordRight } else { Motion::Right }),
        KeyCode::Home => editor.go(Motion::Begin),
        KeyCode::End => editor.go(Motion::End),
        KeyCode::Backspace => editor.delete(if word { Motion::WordLeft } else { Motion::Left }),
        KeyCode::Delete => editor.delete(Motion::Right),
        KeyCode::Char('u') if control => editor.delete(Motion::Begin),
        KeyCode::Char('w') if control => editor.delete(Motion::WordLeft),
        KeyCode::Char(letter) if !word || (control && key.modifiers.contains(KeyModifiers::ALT)) => {
            put_in_line(editor, letter.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
    editor.text() != before
}

/// Puts a text into a line; what does not fit is left.
fn put_in_line(editor: &mut Editor, text: &str) {
    const LINE: usize = 1024;
    let line = text.replace(['\n', '\r'], " ");
    if editor.text().len() + line.len() <= LINE {
        // Far below a message's length.
        let _ = editor.insert(&line);
    }
}
