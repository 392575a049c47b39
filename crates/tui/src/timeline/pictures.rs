//! Small pictures that messages bring, in half blocks: two pixels above each other in a cell. What a picture takes on the
//! screen follows from what its message says, so that nothing moves when it comes; it is decoded elsewhere, and drawn once it
//! is there.

use std::collections::VecDeque;

use huis_proto::MessageId;
use huis_views::ThumbnailView;

use super::{Env, Timeline};
use crate::cells::Canvas;
use crate::theme::Depth;

/// The most columns that one takes among messages.
pub(super) const COLUMNS: u16 = 40;
/// Pictures that are held beside those in sight.
const HELD: usize = 64;

/// Whether small pictures are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// In half blocks, where the terminal is known to show all colours.
    Auto,
    /// In half blocks, on any terminal with colours.
    Blocks,
    /// Never.
    Off,
}

impl Pictures {
    /// Whether they are drawn in so many colours.
    pub(crate) fn are_drawn(self, depth: Depth) -> bool {
        match self {
            Self::Auto => depth == Depth::True,
            Self::Blocks => depth != Depth::None,
            Self::Off => false,
        }
    }
}

/// A picture as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// The message that brings it.
    pub message: MessageId,
    /// Which of the message's files, counted from 1.
    pub number: u32,
    /// The columns that it takes.
    pub columns: u16,
    /// The rows that it takes, each with two pixels above each other.
    pub rows: u16,
}

impl Picture {
    /// Its pixels, by the bytes that the message brings; none where they can't be decoded. **It takes its time.**
    pub fn decoded(self, picture: &[u8]) -> Option<Vec<u8>> {
        huis_pictures::pixels(picture, self.columns.into(), u32::from(self.rows) * 2)
    }

    /// The one of a file, within so many columns and rows, no larger than the file's own picture; one pixel is as high as it is wide.
    pub(crate) fn within(message: MessageId, number: u32, small: &ThumbnailView, columns: u16, rows: u16) -> Self {
        let (width, height) = (f64::from(small.width.max(1)), f64::from(small.height.max(1)));
        let scale = (f64::from(columns) / width).min(f64::from(rows) * 2.0 / height).min(1.0);
        let cells = |length: f64, most: u16| (length.round() as u16).clamp(1, most.max(1));
        Self {
            message,
            number,
            columns: cells(width * scale, columns),
            rows: cells((height * scale / 2.0).ceil(), rows),
        }
    }
}

/// A row of a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) x: u16,
    pub(crate) picture: Picture,
    pub(crate) row: u16,
}

#[derive(Debug)]
enum Held {
    Coming,
    Here(Vec<u8>),
    /// It can't be shown.
    Nothing,
}

/// The pictures of a conversation that were drawn last.
#[derive(Debug, Default)]
pub(crate) struct Gallery(VecDeque<(Picture, Held)>);

impl Gallery {
    /// Keeps what is in sight and what was lately, of messages that are held. Gives what is to be decoded.
    pub(crate) fn look(&mut self, in_sight: &[Picture], is_held: impl Fn(MessageId) -> bool) -> Vec<Picture> {
        self.0.retain(|(drawn, _)| is_held(drawn.message));
        let fresh: Vec<Picture> = in_sight.iter().copied().filter(|drawn| self.held(*drawn).is_none()).collect();
        self.0.extend(fresh.iter().map(|drawn| (*drawn, Held::Coming)));
        let mut over = self.0.len().saturating_sub(HELD.max(in_sight.len()));
        self.0.retain(|(drawn, _)| {
            let goes = over > 0 && !in_sight.contains(drawn);
            over -= usize::from(goes);
            !goes
        });
        fresh
    }

    /// One was decoded, or could not be.
    pub(crate) fn put(&mut self, drawn: Picture, pixels: Option<Vec<u8>>) {
        let whole = usize::from(drawn.columns) * usize::from(drawn.rows) * 6;
        if let Some((_, held)) = self.0.iter_mut().find(|(known, _)| *known == drawn) {
            *held = pixels.filter(|pixels| pixels.len() == whole).map_or(Held::Nothing, Held::Here);
        }
    }

    fn held(&self, drawn: Picture) -> Option<&Held> {
        self.0.iter().find(|(known, _)| *known == drawn).map(|(_, held)| held)
    }

    pub(crate) fn awaits(&self, picture: Picture) -> bool {
        matches!(self.held(picture), Some(Held::Coming))
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Paints a row of a picture. Gives whether it can't be shown.
    pub(crate) fn draw(&self, slice: Slice, canvas: &mut Canvas<'_>, left: u16, y: u16, end: u16) -> bool {
        let pixels = match self.held(slice.picture) {
            Some(Held::Here(pixels)) => pixels,
            Some(Held::Nothing) => return slice.row == 0,
            Some(Held::Coming) | None => return false,
        };
        let line = usize::from(slice.picture.columns) * 3;
        let at = usize::from(slice.row) * 2 * line;
        let (Some(upper), Some(lower)) = (pixels.get(at..at + line), pixels.get(at + line..at + 2 * line)) else {
            return false;
        };
        canvas.put_pixels(left.saturating_add(slice.x), y, end, upper, lower);
        false
    }
}

impl Timeline {
    /// The pictures that are on the screen.
    pub(crate) fn pictures_in_sight(&mut self, env: &Env<'_>) -> Vec<Picture> {
        let mut seen: Vec<Picture> = Vec::new();
        for row in self.visible(env) {
            let drawn = row.block.rows.get(row.row).and_then(|row| row.picture).map(|slice| slice.picture);
            if let Some(drawn) = drawn.filter(|drawn| seen.last() != Some(drawn)) {
                seen.push(drawn);
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: MessageId = MessageId::from_bytes([7; 16]);

    fn cells(width: u32, height: u32, columns: u16, rows: u16) -> (u16, u16) {
        let small = ThumbnailView { picture: Vec::new().into(), width, height };
        let drawn = Picture::within(NOBODY, 1, &small, columns, rows);
        (drawn.columns, drawn.rows)
    }

    #[test]
    fn a_picture_has_its_own_shape_and_no_more_room_than_there_is() {
        assert_eq!(cells(4000, 3000, 40, 12), (32, 12));
        assert_eq!(cells(4000, 1000, 40, 12), (40, 5));
        assert_eq!(cells(4000, 3000, 20, 12), (20, 8));
        // One that is small is not made larger.
        assert_eq!(cells(16, 16, 40, 12), (16, 8));
        assert_eq!(cells(1, 1, 40, 12), (1, 1));
        // Whatever its sender says.
        for (width, height) in [(65_535, 1), (1, 65_535), (0, 0), (u32::MAX, u32::MAX), (u32::MAX, 0)] {
            let (columns, rows) = cells(width, height, COLUMNS, 12);
            assert!((1..=COLUMNS).contains(&columns) && (1..=12).contains(&rows), "{columns} {rows}");
            assert_eq!(cells(width, height, 0, 0), (1, 1));
        }
    }

    fn drawn(number: u32) -> Picture {
        Picture { message: NOBODY, number, columns: 2, rows: 1 }
    }

    #[test]
    fn what_is_in_sight_is_decoded_once_and_only_so_many_are_held() {
        let mut gallery = Gallery::default();
        assert_eq!(gallery.look(&[drawn(1), drawn(2)], |_| true), [drawn(1), drawn(2)]);
        assert_eq!(gallery.look(&[drawn(1), drawn(2)], |_| true), []);
        assert!(gallery.awaits(drawn(1)) && !gallery.awaits(drawn(3)));
        gallery.put(drawn(1), Some(vec![0; 12]));
        gallery.put(drawn(2), None);
        assert!(!gallery.awaits(drawn(1)) && !gallery.awaits(drawn(2)));
        assert_eq!(gallery.look(&[drawn(1), drawn(2)], |_| true), [], "nor is one that can't be");
        // One that is not wished any more is let go.
        gallery.put(drawn(99), Some(vec![0; 12]));
        for number in 3..500 {
            gallery.look(&[drawn(number)], |_| true);
            assert!(gallery.0.len() <= HELD);
        }
        let all: Vec<Picture> = (1000..1000 + 2 * HELD as u32).map(drawn).collect();
        assert_eq!(gallery.look(&all, |_| true).len(), 2 * HELD);
        assert_eq!(gallery.look(&all, |_| true), [], "all that is in sight is held");
        gallery.look(&[], |_| false);
        assert!(gallery.0.is_empty(), "nothing is held of a message that is gone");
    }

    #[test]
    fn they_are_drawn_where_there_are_colours_and_that_is_wished() {
        let drawn =
            |pictures: Pictures| [Depth::True, Depth::Sixteen, Depth::None].map(|depth| pictures.are_drawn(depth));
        assert_eq!(drawn(Pictures::Auto), [true, false, false]);
        assert_eq!(drawn(Pictures::Blocks), [true, true, false]);
        assert_eq!(drawn(Pictures::Off), [false; 3]);
    }
}
