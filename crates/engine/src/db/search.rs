//! Full-text search over what was said.

use rusqlite::params;

use super::{DbError, MessageRow, Tables};

/// More words than this are not looked for.
const MOST_WORDS: usize = 16;

/// Begin and end marks around a hit; they cannot stand in a text that came through the content's codec as they are
/// characters for private use, and are taken out again by place, not by value.
const MARKS: [char; 2] = ['\u{f8fe}', '\u{f8ff}'];

/// A message and the places of the words in its text.
pub(crate) type Hit = (MessageRow, Vec<(u32, u32)>);

/// The FTS5 query for words as typed: all of them, each as a quoted string, so that nothing in them is an operator; the
/// last one may be a beginning. None if there is no word.
pub(crate) fn query_of(words: &str) -> Option<String> {
    let words: Vec<&str> =
        words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(MOST_WORDS).collect();
    if words.is_empty() {
        return None;
    }
    let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    Some(format!("{} *", quoted.join(" ")))
}

impl Tables<'_> {
    /// Messages that hold the words, best first, with the places of the words in bytes.
    pub(crate) fn search(self, query: &str, most: u32) -> Result<Vec<Hit>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT rowid, highlight(words, 0, ?2, ?3) FROM words WHERE words MATCH ?1 ORDER BY rank, rowid DESC LIMIT ?4",
        )?;
        let [begin, end] = MARKS.map(String::from);
        let rows = statement
            .query_map(params![query, begin, end, most], |row| Ok((super::uint(row, 0)?, row.get::<_, String>(1)?)))?;
        let mut found = Vec::new();
        for row in rows {
            let (position, marked) = row?;
            if let Some(message) = self.message_at(position)? {
                let highlights = places(&message.body, &marked);
                found.push((message, highlights));
            }
        }
        Ok(found)
    }
}

/// Where the marks stand, compared with the unmarked text (which may hold the same characters itself).
fn places(text: &str, marked: &str) -> Vec<(u32, u32)> {
    let mut places = Vec::new();
    let mut plain = text.char_indices().peekable();
    let mut begun = None;
    for character in marked.chars() {
        let offset = plain.peek().map_or(text.len(), |(offset, _)| *offset) as u32;
        match plain.peek() {
            Some((_, expected)) if *expected == character => {
                plain.next();
            }
            _ if character == MARKS[0] => begun = Some(offset),
            _ if character == MARKS[1] => places.extend(begun.take().map(|begin| (begin, offset))),
            _ => return places,
        }
    }
    places
}
