//! A text with a cursor in it.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::LONGEST;
use super::undo::{Change, Undo};
use crate::cells;

/// How the cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    Left,
    Right,
    WordLeft,
    WordRight,
    LineBegin,
    LineEnd,
    Begin,
    End,
}

/// The text would be longer than a message may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong {
    pub(crate) bytes: usize,
}

/// A text with a cursor in it.
#[derive(Debug, Default)]
pub(crate) struct Editor {
    text: String,
    cursor: usize,
    undo: Undo,
    /// The rows for a width.
    rows: Option<(u16, Vec<Range<usize>>)>,
}

impl Editor {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Another text, with the cursor at its end and nothing to undo.
    pub(crate) fn set(&mut self, text: &str) {
        self.undo = Undo::default();
        self.put(text.to_owned(), text.len());
    }

    /// Another text, which can be undone.
    pub(crate) fn replace_all(&mut self, text: &str) {
        self.undo.keep(Change::Other, &self.text, self.cursor);
        self.put(text.to_owned(), text.len());
    }

    /// Puts a text at the cursor: line breaks as they are here, and nothing of what terminals act on.
    ///
    /// # Errors
    /// [`TooLong`], and nothing is changed.
    pub(crate) fn insert(&mut self, text: &str) -> Result<(), TooLong> {
        let clean = clean(text);
        self.insert_at(self.cursor..self.cursor, &clean)
    }

    /// Puts a text in place of a part.
    ///
    /// # Errors
    /// [`TooLong`], and nothing is changed.
    pub(crate) fn insert_at(&mut self, part: Range<usize>, text: &str) -> Result<(), TooLong> {
        let (Some(before), Some(after)) = (self.text.get(..part.start), self.text.get(part.end..)) else {
            return Ok(());
        };
        let bytes = before.len() + text.len() + after.len();
        if bytes > LONGEST {
            return Err(TooLong { bytes });
        }
        let is_typing = text.chars().count() == 1 && part.is_empty();
        let change = match text {
            " " | "\n" => Change::Other,
            _ if is_typing => Change::Typing,
            _ => Change::Other,
        };
        let cursor = before.len() + text.len();
        let whole = [before, text, after].concat();
        self.undo.keep(change, &self.text, self.cursor);
        self.put(whole, cursor);
        Ok(())
    }

    /// Takes away what lies between the cursor and where it would move.
    pub(crate) fn delete(&mut self, motion: Motion) {
        let to = self.target(motion);
        let (from, to) = (self.cursor.min(to), self.cursor.max(to));
        if from == to {
            return;
        }
        let change = if matches!(motion, Motion::Left | Motion::Right) { Change::Deleting } else { Change::Other };
        self.undo.keep(change, &self.text, self.cursor);
        let mut text = self.text.clone();
        text.replace_range(from..to, "");
        self.put(text, from);
    }

    pub(crate) fn undo(&mut self) {
        if let Some((text, cursor)) = self.undo.back(&self.text, self.cursor) {
            self.put(text, cursor);
        }
    }

    pub(crate) fn redo(&mut self) {
        if let Some((text, cursor)) = self.undo.forth(&self.text, self.cursor) {
            self.put(text, cursor);
        }
    }

    pub(crate) fn go(&mut self, motion: Motion) {
        self.cursor = self.target(motion);
        self.undo.pause();
    }

    /// A row up or down. Gives whether there was one.
    pub(crate) fn go_row(&mut self, cells: u16, up: bool) -> bool {
        let (row, column) = self.place(cells);
        let target = if up { row.checked_sub(1) } else { Some(row + 1) };
        let Some(target) = target.filter(|target| *target < self.rows(cells).len()) else { return false };
        self.cursor = self.at(cells, target, column);
        self.undo.pause();
        true
    }

    /// Where a cell of the shown text lies.
    pub(crate) fn at(&mut self, cells: u16, row: usize, column: u16) -> usize {
        let Some(range) = self.rows(cells).get(row).cloned() else { return self.text.len() };
        let mut used = 0;
        for (at, cluster) in self.text.get(range.clone()).unwrap_or_default().grapheme_indices(true) {
            used = u16::saturating_add(used, cells::width(cluster));
            if used > column {
                return range.start + at;
            }
        }
        range.end
    }

    pub(crate) fn set_cursor(&mut self, at: usize) {
        if self.text.is_char_boundary(at) {
            self.cursor = at;
            self.undo.pause();
        }
    }

    /// The rows of the text at a width.
    pub(crate) fn rows(&mut self, cells: u16) -> &[Range<usize>] {
        let text = &self.text;
        let rows = self.rows.take_if(|rows| rows.0 == cells).map(|rows| rows.1).unwrap_or_else(|| {
            let mut rows = Vec::new();
            let mut begin = 0;
            for line in text.split('\n') {
                // The cursor may stand behind the last letter.
                rows.extend(
                    cells::wrap_typed(line, cells.saturating_sub(1))
                        .into_iter()
                        .map(|at| begin + at.start..begin + at.end),
                );
                begin += line.len() + 1;
            }
            rows
        });
        &self.rows.insert((cells, rows)).1
    }

    /// The row and the column of the cursor.
    pub(crate) fn place(&mut self, cells: u16) -> (usize, u16) {
        let cursor = self.cursor;
        let rows = self.rows(cells);
        let row = rows.iter().rposition(|row| row.start <= cursor).unwrap_or(0);
        let begin = rows.get(row).map_or(0, |row| row.start);
        (row, cells::width(self.text.get(begin..cursor).unwrap_or_default()))
    }

    fn target(&self, motion: Motion) -> usize {
        let (before, after) = self.text.split_at(self.cursor);
        match motion {
            Motion::Left => before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at),
            Motion::Right => self.cursor + after.graphemes(true).next().map_or(0, str::len),
            Motion::WordLeft => before.unicode_word_indices().next_back().map_or(0, |(at, _)| at),
            Motion::WordRight => {
                after.unicode_word_indices().next().map_or(self.text.len(), |(at, word)| self.cursor + at + word.len())
            }
            Motion::LineBegin => before.rfind('\n').map_or(0, |at| at + 1),
            Motion::LineEnd => after.find('\n').map_or(self.text.len(), |at| self.cursor + at),
            Motion::Begin => 0,
            Motion::End => self.text.len(),
        }
    }

    fn put(&mut self, text: String, cursor: usize) {
        self.text = text;
        self.cursor = cursor;
        self.rows = None;
    }
}

/// What was typed or pasted, as a text: one kind of line break, and no controls.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
    text.chars().filter(|character| *character == '\n' || !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(text: &str) -> Editor {
        let mut editor = Editor::default();
        editor.set(text);
        editor
    }

    #[test]
    fn the_cursor_steps_over_what_stands_together() {
        let mut editor = editor("a👩\u{200d}👩\u{200d}👧e\u{301}");
        for at in [editor.text.len() - 3, 1, 0, 0] {
            editor.go(Motion::Left);
            assert_eq!(editor.cursor(), at);
        }
        editor.go(Motion::Right);
        editor.delete(Motion::Right);
        assert_eq!(editor.text(), "ae\u{301}");
    }

    #[test]
    fn words_and_lines_are_steps_too() {
        let mut editor = editor("one two\nthree, four");
        for at in [15, 8, 4, 0, 0] {
            editor.go(Motion::WordLeft);
            assert_eq!(editor.cursor(), at);
        }
        editor.go(Motion::WordRight);
        assert_eq!(editor.cursor(), 3);
        editor.go(Motion::LineEnd);
        assert_eq!(editor.cursor(), 7);
        editor.go(Motion::End);
        editor.delete(Motion::WordLeft);
        assert_eq!(editor.text(), "one two\nthree, ");
        editor.delete(Motion::LineBegin);
        assert_eq!(editor.text(), "one two\n");
    }

    #[test]
    fn a_paste_that_is_too_long_changes_nothing() {
        let mut editor = editor("kept");
        editor.insert(&"x".repeat(LONGEST - 4)).unwrap();
        assert_eq!(editor.text().len(), LONGEST);
        assert_eq!(editor.insert("y"), Err(TooLong { bytes: LONGEST + 1 }));
        assert_eq!(editor.text().len(), LONGEST);
        editor.undo();
        assert_eq!(editor.text(), "kept");
    }

    #[test]
    fn a_paste_keeps_its_lines_and_loses_its_controls() {
        let mut editor = editor("");
        editor.insert("a\r\nb\rc\td\u{1b}[31m\u{9b}\u{7}").unwrap();
        assert_eq!(editor.text(), "a\nb\nc    d[31m");
    }

    #[test]
    fn rows_are_walked_by_column() {
        let mut editor = editor("abcdef ghi\nx\nabcdef");
        assert_eq!(editor.rows(8).len(), 4);
        assert_eq!(editor.place(8), (3, 6));
        assert!(editor.go_row(8, true));
        assert_eq!(editor.place(8), (2, 1));
        assert!(editor.go_row(8, true) && editor.go_row(8, true));
        assert_eq!(editor.cursor(), 1);
        assert!(!editor.go_row(8, true));
    }

    #[test]
    fn undo_takes_back_words_and_redo_gives_them_again() {
        let mut editor = editor("");
        for letter in "one two".chars() {
            editor.insert(&letter.to_string()).unwrap();
        }
        editor.delete(Motion::WordLeft);
        assert_eq!(editor.text(), "one ");
        editor.undo();
        assert_eq!(editor.text(), "one two");
        editor.undo();
        assert_eq!(editor.text(), "one ");
        editor.redo();
        assert_eq!(editor.text(), "one two");
        for _ in 0..9 {
            editor.undo();
        }
        assert_eq!(editor.text(), "");
    }
}
