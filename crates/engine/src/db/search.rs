//! Full-text search over what was said.

use huis_proto::{AccountId, ConversationId};
use rusqlite::params_from_iter;
use rusqlite::types::Value;

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

/// Without words at most so many messages are looked through for a link or a name, the newest ones.
const MOST_LOOKED_AT: u32 = 100_000;

/// Conditions over `m`, a row of `messages`, with their values in order.
#[derive(Default)]
struct Filters {
    sql: String,
    values: Vec<Value>,
}

impl Filters {
    /// What an index finds, or the order of messages.
    fn placed(wanted: &Wanted) -> Self {
        let mut filters = Self { sql: "m.deleted = 0 AND m.once = 0".into(), values: Vec::new() };
        if let Some(account) = wanted.from {
            filters.and("m.author = ?", Value::Blob(account.as_bytes().to_vec()));
        }
        if let Some(place) = wanted.place {
            filters.and("m.conversation = ?", Value::Blob(place.as_bytes().to_vec()));
        }
        if let Some(from_ms) = wanted.from_ms {
            filters.and("coalesce(m.received_ms, m.sent_ms) >= ?", Value::Integer(int(from_ms)));
        }
        if let Some(before_ms) = wanted.before_ms {
            filters.and("coalesce(m.received_ms, m.sent_ms) < ?", Value::Integer(int(before_ms)));
        }
        filters
    }

    fn and(&mut self, condition: &str, value: Value) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.push(value);
    }
}

/// What has to be looked for in each message.
fn within(wanted: &Wanted) -> String {
    let mut sql = String::from("1");
    if wanted.has_link {
        sql.push_str(" AND (m.body LIKE '%http://_%' OR m.body LIKE '%https://_%')");
    }
    if wanted.has_mention {
        sql.push_str(" AND m.mentions <> x'80'");
    }
    sql
}

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
        let Filters { sql: placed, values } = Filters::placed(wanted);
        let sql = format!(
            "SELECT words.rowid, highlight(words, 0, ?, ?) FROM words CROSS JOIN messages AS m ON m.position = words.rowid
             WHERE words MATCH ? AND {placed} AND {} ORDER BY words.rank, words.rowid DESC LIMIT ?",
            within(wanted)
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let mut all: Vec<Value> = MARKS.map(|mark| Value::Text(mark.into())).into();
        all.push(Value::Text(query.into()));
        all.extend(values);
        all.push(Value::Integer(most.into()));
        let rows =
            statement.query_map(params_from_iter(all), |row| Ok((super::uint(row, 0)?, row.get::<_, String>(1)?)))?;
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
        let (sql, values) = filtered(wanted, most);
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), MessageRow::read)?;
        Ok(rows.map(|row| row.map(|row| (row, Vec::new()))).collect::<Result<_, _>>()?)
    }
}

/// The statement for messages by filters alone.
pub(super) fn filtered(wanted: &Wanted, most: u32) -> (String, Vec<Value>) {
    let Filters { sql: placed, mut values } = Filters::placed(wanted);
    values.push(Value::Integer(most.into()));
    let newest = format!("SELECT {COLUMNS} FROM messages AS m WHERE {placed} ORDER BY m.position DESC");
    let sql = if wanted.has_link || wanted.has_mention {
        format!(
            "SELECT {COLUMNS} FROM ({newest} LIMIT {MOST_LOOKED_AT}) AS m WHERE {} ORDER BY m.position DESC LIMIT ?",
            within(wanted)
        )
    } else {
        format!("{newest} LIMIT ?")
    };
    (sql, values)
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
