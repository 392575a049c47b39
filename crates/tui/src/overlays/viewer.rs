//! The small pictures of a message, as large as the screen has room for them.

use crossterm::event::{KeyCode, KeyEvent};
use huis_proto::MessageId;
use huis_views::{MessageView, ThumbnailView};
use ratatui::layout::Rect;

use super::{Outcome, window};
use crate::app::App;
use crate::cells::{self, Canvas};
use crate::theme::Role;
use crate::timeline::{Picture, Slice};

/// The most columns and rows of a picture: more than a small picture has pixels shows no more.
const LARGEST: (u16, u16) = (200, 100);

#[derive(Debug)]
pub(crate) struct Viewer {
    message: MessageId,
    pictures: Vec<Shown>,
    chosen: usize,
}

#[derive(Debug)]
struct Shown {
    number: u32,
    name: String,
    small: ThumbnailView,
}

impl Viewer {
    /// Of a message that brings small pictures.
    pub(crate) fn of(message: &MessageView) -> Option<Self> {
        let shown = message.files.iter().filter_map(|file| {
            let small = file.thumbnail.clone()?;
            Some(Shown { number: file.number, name: file.name.clone(), small })
        });
        let pictures: Vec<Shown> = shown.collect();
        (!pictures.is_empty()).then_some(Self { message: message.id, pictures, chosen: 0 })
    }

    pub(super) fn has_others(&self) -> bool {
        self.pictures.len() > 1
    }

    /// The one that is looked at, on a screen of this size.
    pub(crate) fn picture(&self, (columns, rows): (u16, u16)) -> Option<Picture> {
        let shown = self.pictures.get(self.chosen)?;
        let (columns, rows) = (columns.saturating_sub(6).min(LARGEST.0), rows.saturating_sub(4).min(LARGEST.1));
        Some(Picture::within(self.message, shown.number, &shown.small, columns, rows))
    }

    pub(super) fn on_key(&mut self, app: &mut App, key: KeyEvent) -> Outcome {
        let last = self.pictures.len().saturating_sub(1);
        match key.code {
            KeyCode::Left | KeyCode::Up | KeyCode::PageUp => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::Right | KeyCode::Down | KeyCode::PageDown => self.chosen = (self.chosen + 1).min(last),
            KeyCode::Home => self.chosen = 0,
            KeyCode::End => self.chosen = last,
            KeyCode::Char('s') => {
                if let Some(shown) = self.pictures.get(self.chosen) {
                    app.save_file(self.message, shown.number, None);
                }
            }
            KeyCode::Char('v' | 'q') | KeyCode::Enter => return Outcome::Closes,
            _ => {}
        }
        Outcome::Stays
    }

    pub(super) fn draw(&self, app: &App, canvas: &mut Canvas<'_>, around: Rect) {
        let theme = app.settings.theme;
        let (Some(picture), Some(shown)) = (self.picture(app.size), self.pictures.get(self.chosen)) else {
            return;
        };
        let place =
            if self.has_others() { format!(" {}/{}", self.chosen + 1, self.pictures.len()) } else { String::new() };
        let room = around.width.saturating_sub(8 + cells::width(&place));
        let heading = format!("{}{place}", cells::cut(&shown.name, room));
        let width = picture.columns.max(cells::width(&heading) + 2);
        let area = window(canvas, around, (width, picture.rows), &heading, theme);
        let x = area.width.saturating_sub(picture.columns) / 2;
        for (y, row) in (area.top()..area.bottom()).zip(0..picture.rows) {
            if app.gallery.draw(Slice { x, picture, row }, canvas, area.left(), y, area.right()) {
                canvas.put(area.x, y, area.right(), &app.texts.text("picture-not-shown"), theme.style(Role::Muted));
            }
        }
    }
}
