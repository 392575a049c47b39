//! Full-text search over what was said.

use huis_proto::{AccountId, ConversationId};
use rusqlite::params;

use super::messages::COLUMNS;
use super::{DbError, MessageRow, Tables, int};

/// More words than this are not looked for.
const MOST_WORDS: usize = 16;

/// Begin and end marks around a hit; they cannot stand in a text that came through the content's codec as they are
/// characters for private use, and are taken out again by place, not by value.
const MARKS: [char; 2] = ['\u{f8fe}', '\u{f8ff}'];

/// A message and the places of the words in its text.
pub(crate) type Hit = (MessageRow, Vec<(u32, u32)>);

/// What is looked for: all of it must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The words, by [`query_of`].
    pub(crate) query: Option<String>,
    /// Who said it.
    pub(crate) from: Option<AccountId>,
    /// Where.
    pub(crate) place: Option<ConversationId>,
    /// Not before this, in milliseconds since 1970.
    pub(crate) from_ms: Option<u64>,
    /// Before this.
    pub(crate) before_ms: Option<u64>,
    /// Whether there is an address of the web in it.
    pub(crate) has_link: bool,
    /// Whether it names somebody.
    pub(crate) has_mention: bool,
}

/// The filters over `m`, a row of `messages`.
const FILTERS: &str = "m.deleted = 0 AND (?1 IS NULL OR m.author = ?1) AND (?2 IS NULL OR m.conversation = ?2)
    AND (?3 IS NULL OR coalesce(m.received_ms, m.sent_ms) >= ?3)
    AND (?4 IS NULL OR coalesce(m.received_ms, m.sent_ms) < ?4)
    AND (?5 = 0 OR m.body LIKE '%http://_%' OR m.body LIKE '%https://_%')
    AND (?6 = 0 OR m.mentions <> x'80')";

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
    /// Messages that hold the words, best first, with the places of the words in bytes; without words the newest first.
    pub(crate) fn search(self, wanted: &Wanted, most: u32) -> Result<Vec<Hit>, DbError> {
        match &wanted.query {
            Some(query) => self.search_words(query, wanted, most),
            None => self.search_filtered(wanted, most),
        }
    }

    fn search_words(self, query: &str, wanted: &Wanted, most: u32) -> Result<Vec<Hit>, DbError> {
        let sql = format!(
            "SELECT words.rowid, highlight(words, 0, ?8, ?9) FROM words CROSS JOIN messages AS m ON m.position = words.rowid
             WHERE words MATCH ?7 AND {FILTERS} ORDER BY words.rank, words.rowid DESC LIMIT ?10"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let [begin, end] = MARKS.map(String::from);
        let rows = statement.query_map(
            params![
                wanted.from.map(|account| account.as_bytes().to_vec()),
                wanted.place.map(|place| place.as_bytes().to_vec()),
                wanted.from_ms.map(int),
                wanted.before_ms.map(int),
                wanted.has_link,
                wanted.has_mention,
                query,
                begin,
                end,
                most,
            ],
            |row| Ok((super::uint(row, 0)?, row.get::<_, String>(1)?)),
        )?;
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

    fn search_filtered(self, wanted: &Wanted, most: u32) -> Result<Vec<Hit>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM messages AS m WHERE {FILTERS} ORDER BY m.position DESC LIMIT ?7");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(
            params![
                wanted.from.map(|account| account.as_bytes().to_vec()),
                wanted.place.map(|place| place.as_bytes().to_vec()),
                wanted.from_ms.map(int),
                wanted.before_ms.map(int),
                wanted.has_link,
                wanted.has_mention,
                most,
            ],
            MessageRow::read,
        )?;
        Ok(rows.map(|row| row.map(|row| (row, Vec::new()))).collect::<Result<_, _>>()?)
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
