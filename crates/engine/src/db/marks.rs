//! What is done to messages after they were said, and what a conversation is called and about.

use huis_core::annotations::{Annotation, Marks, MessageRef, Place, Settings};
use huis_core::content::Content;
use huis_core::groups::Role;
use huis_proto::{ConversationId, MessageId, codec};
use rusqlite::{OptionalExtension, Row, params};

use super::messages::COLUMNS;
use super::{DbError, MessageRow, Tables, int, uint};

/// Messages that are not here and of which annotations are kept, for each conversation; those that were annotated longest
/// ago are dropped first.
const ABSENT_KEPT: u32 = 512;

/// An annotation of one's own that is not in the log yet.
#[derive(Debug, Clone)]
pub(crate) struct WaitingMark {
    pub(crate) id: MessageId,
    pub(crate) annotation: Annotation,
    pub(crate) at_ms: u64,
    /// The higher, the newer.
    order: u64,
}

impl WaitingMark {
    /// Its place until it has one in the log.
    pub(crate) fn place(&self) -> Place {
        Place::waiting(self.order, self.id)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let content: Vec<u8> = row.get(3)?;
        let annotation = Content::from_bytes(&content).ok().and_then(|content| Annotation::of(&content));
        Ok(Self {
            order: uint(row, 0)?,
            id: super::id(row, 1)?,
            at_ms: uint(row, 2)?,
            annotation: annotation.ok_or_else(|| super::damaged(3, "annotation"))?,
        })
    }
}

impl Tables<'_> {
    /// What the annotations of a message come to that are in the log.
    pub(crate) fn marks(self, conversation: ConversationId, target: MessageRef) -> Result<Option<Marks>, DbError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT marks FROM marks WHERE conversation = ?1 AND author = ?2 AND message = ?3")?;
        let key = params![&conversation.as_bytes()[..], &target.author.as_bytes()[..], &target.message.as_bytes()[..]];
        Ok(statement.query_row(key, |row| super::cbor(row, 0)).optional()?)
    }

    /// Keeps them. `here` says whether the message is; of those that are not, only so many are kept.
    pub(crate) fn put_marks(
        self,
        conversation: ConversationId,
        target: MessageRef,
        marks: &Marks,
        here: bool,
    ) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO marks (conversation, author, message, marks, newest, here)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (conversation, author, message) DO UPDATE SET marks = ?4, newest = ?5, here = ?6",
            )?
            .execute(params![
                &conversation.as_bytes()[..],
                &target.author.as_bytes()[..],
                &target.message.as_bytes()[..],
                codec::to_cbor(marks),
                int(marks.newest()),
                here,
            ])?;
        if !here {
            self.0
                .prepare_cached(
                    "DELETE FROM marks WHERE (conversation, author, message) IN (
                         SELECT conversation, author, message FROM marks WHERE here = 0 AND conversation = ?1
                         ORDER BY newest DESC, author DESC, message DESC LIMIT -1 OFFSET ?2)",
                )?
                .execute(params![&conversation.as_bytes()[..], ABSENT_KEPT])?;
        }
        Ok(())
    }

    /// All messages of a conversation with annotations behind a place of its log.
    pub(crate) fn marks_behind(
        self,
        conversation: ConversationId,
        head: u64,
    ) -> Result<Vec<(MessageRef, Marks, bool)>, DbError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT author, message, marks, here FROM marks WHERE conversation = ?1 AND newest > ?2")?;
        let rows = statement.query_map(params![&conversation.as_bytes()[..], int(head)], |row| {
            let target = MessageRef { author: super::id(row, 0)?, message: super::id(row, 1)? };
            Ok((target, super::cbor(row, 2)?, row.get(3)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps an annotation of one's own that waits to be sent.
    pub(crate) fn add_waiting_mark(
        self,
        conversation: ConversationId,
        target: MessageRef,
        id: MessageId,
        at_ms: u64,
        content: &[u8],
    ) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO marks_waiting (conversation, author, message, id, at_ms, content)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                &conversation.as_bytes()[..],
                &target.author.as_bytes()[..],
                &target.message.as_bytes()[..],
                &id.as_bytes()[..],
                int(at_ms),
                content,
            ])?;
        Ok(())
    }

    /// Annotations of a message that wait to be sent, the oldest first.
    pub(crate) fn waiting_marks(
        self,
        conversation: ConversationId,
        target: MessageRef,
    ) -> Result<Vec<WaitingMark>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT position, id, at_ms, content FROM marks_waiting
             WHERE conversation = ?1 AND message = ?2 AND author = ?3 ORDER BY position",
        )?;
        let key = params![&conversation.as_bytes()[..], &target.message.as_bytes()[..], &target.author.as_bytes()[..]];
        let rows = statement.query_map(key, WaitingMark::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Annotations of a conversation that wait to be sent, the oldest first.
    pub(crate) fn waiting_marks_of(self, conversation: ConversationId) -> Result<Vec<WaitingMark>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT position, id, at_ms, content FROM marks_waiting WHERE conversation = ?1 ORDER BY position",
        )?;
        let rows = statement.query_map([&conversation.as_bytes()[..]], WaitingMark::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether an annotation of one's own waits to be sent.
    pub(crate) fn is_waiting_mark(self, conversation: ConversationId, id: MessageId) -> Result<bool, DbError> {
        Ok(self
            .0
            .prepare_cached("SELECT 1 FROM marks_waiting WHERE conversation = ?1 AND id = ?2")?
            .exists([&conversation.as_bytes()[..], &id.as_bytes()[..]])?)
    }

    /// Takes an annotation out of those that wait; whether it was there.
    pub(crate) fn delete_waiting_mark(self, conversation: ConversationId, id: MessageId) -> Result<bool, DbError> {
        let gone = self
            .0
            .prepare_cached("DELETE FROM marks_waiting WHERE conversation = ?1 AND id = ?2")?
            .execute([&conversation.as_bytes()[..], &id.as_bytes()[..]])?;
        Ok(gone > 0)
    }

    /// The messages that an annotation may mean: several where an account's devices used one id twice.
    pub(crate) fn messages_meant(
        self,
        conversation: ConversationId,
        target: MessageRef,
    ) -> Result<Vec<MessageRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM messages WHERE id = ?1 AND conversation = ?2 AND author = ?3");
        let key = params![&target.message.as_bytes()[..], &conversation.as_bytes()[..], &target.author.as_bytes()[..]];
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(key, MessageRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The messages that answer a message.
    pub(crate) fn answers_to(
        self,
        conversation: ConversationId,
        target: MessageRef,
    ) -> Result<Vec<MessageRow>, DbError> {
        let sql =
            format!("SELECT {COLUMNS} FROM messages WHERE conversation = ?1 AND quoted = ?2 AND quoted_author = ?3");
        let key = params![&conversation.as_bytes()[..], &target.message.as_bytes()[..], &target.author.as_bytes()[..]];
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(key, MessageRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The ids of the newest messages that answer a message.
    pub(crate) fn ids_of_answers_to(
        self,
        conversation: ConversationId,
        target: MessageRef,
        most: u32,
    ) -> Result<Vec<MessageId>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id FROM messages WHERE conversation = ?1 AND quoted = ?2 AND quoted_author = ?3
             ORDER BY position DESC LIMIT ?4",
        )?;
        let (message, author) = (&target.message.as_bytes()[..], &target.author.as_bytes()[..]);
        let rows = statement
            .query_map(params![&conversation.as_bytes()[..], message, author, most], |row| super::id(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Brings a message to where its annotations have it.
    pub(crate) fn set_marked(self, row: &MessageRow) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE messages SET mentions = ?2, mentions_me = ?3, deleted = ?4, pinned = ?5 WHERE position = ?1",
            )?
            .execute(params![
                int(row.position),
                codec::to_cbor(&row.mentions),
                row.mentions_me,
                row.deleted,
                row.pinned.map(int),
            ])?;
        // Apart, for each change of a body is one of the index of words.
        self.0
            .prepare_cached("UPDATE messages SET body = ?2 WHERE position = ?1 AND body <> ?2")?
            .execute(params![int(row.position), row.body])?;
        Ok(())
    }

    /// Puts other bytes in place of what was said: nothing, or what is left without an excerpt. Nobody could prove from
    /// them what was said, so that what belongs to the proof goes too.
    pub(crate) fn set_content(self, row: &MessageRow, content: &[u8]) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE messages SET content = ?2, opening = NULL, mac = NULL WHERE position = ?1 AND content <> ?2",
            )?
            .execute(params![int(row.position), content])?;
        Ok(())
    }

    /// Nothing is left of what a deleted message answered.
    pub(crate) fn forget_quote(self, row: &MessageRow) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE messages SET quoted = NULL, quoted_author = NULL WHERE position = ?1")?
            .execute([int(row.position)])?;
        Ok(())
    }

    /// Title and topic of a conversation: what all its settings come to.
    pub(crate) fn titles(self, conversation: ConversationId) -> Result<Settings, DbError> {
        let mut statement = self.0.prepare_cached("SELECT settings FROM titles WHERE conversation = ?1")?;
        let found = statement.query_row([&conversation.as_bytes()[..]], |row| super::cbor(row, 0)).optional()?;
        Ok(found.unwrap_or_default())
    }

    pub(crate) fn put_titles(self, conversation: ConversationId, settings: &Settings) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO titles (conversation, settings) VALUES (?1, ?2)
                 ON CONFLICT (conversation) DO UPDATE SET settings = ?2",
            )?
            .execute(params![&conversation.as_bytes()[..], codec::to_cbor(settings)])?;
        Ok(())
    }

    /// The own account's role, as the newest roster has it.
    pub(crate) fn own_role(self, conversation: ConversationId) -> Result<Option<Role>, DbError> {
        let mut statement = self.0.prepare_cached("SELECT role FROM titles WHERE conversation = ?1")?;
        let found = statement.query_row([&conversation.as_bytes()[..]], |row| row.get::<_, Option<i64>>(0));
        Ok(found.optional()?.flatten().and_then(role_of))
    }

    pub(crate) fn put_own_role(self, conversation: ConversationId, role: Option<Role>) -> Result<(), DbError> {
        let number = role.map(|role| match role {
            Role::Member => 0_i64,
            Role::Admin => 1,
            Role::Owner => 2,
        });
        self.0
            .prepare_cached(
                "INSERT INTO titles (conversation, role) VALUES (?1, ?2)
                 ON CONFLICT (conversation) DO UPDATE SET role = ?2",
            )?
            .execute(params![&conversation.as_bytes()[..], number])?;
        Ok(())
    }
}

pub(super) fn role_of(number: i64) -> Option<Role> {
    match number {
        0 => Some(Role::Member),
        1 => Some(Role::Admin),
        2 => Some(Role::Owner),
        _ => None,
    }
}
