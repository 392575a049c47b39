//! What goes with many messages at once, and with a conversation in a list: a page is a handful of statements, however
//! many messages stand on it.

use std::collections::HashMap;

use huis_core::annotations::{Marks, Settings};
use huis_core::content::Timer;
use huis_core::groups::Role;
use huis_proto::{AccountId, ConversationId, MessageId};
use rusqlite::{OptionalExtension, Row, params};

use super::messages::COLUMNS;
use super::{ConversationRow, DbError, MessageRow, Tables, int, optional_uint, uint};

/// The most messages of a conversation that are shown as pinned.
const MOST_PINS: u32 = 50;
/// The most unread messages of a conversation that are counted.
const MOST_COUNTED: u32 = 10_000;
/// How much of a text is read for a line of it.
const LINE: u32 = 512;

/// A message that another one answers, as it stands here.
#[derive(Debug, Clone)]
pub(crate) struct Quoted {
    pub(crate) body: String,
    pub(crate) deleted: bool,
}

/// What a list says of a conversation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Glance {
    pub(crate) unread: u32,
    pub(crate) mentions: u32,
    pub(crate) pins: u32,
    pub(crate) topic: Option<String>,
    pub(crate) role: Option<Role>,
    /// The newest message: its author, whether it is one's own, the beginning of its text, whether it was deleted, whether
    /// it is opened once.
    pub(crate) newest: Option<(AccountId, bool, String, bool, bool)>,
    pub(crate) timer: Option<Timer>,
    /// The first message behind the mark of what was read that is to be read yet: it was locked before.
    pub(crate) opened: Option<u64>,
    /// Its content, where it brings files and says nothing with them, or is locked.
    pub(crate) brings: Option<Vec<u8>>,
}

/// The positions of messages, as SQLite takes a list.
fn list(rows: &[MessageRow]) -> String {
    let positions: Vec<String> = rows.iter().map(|row| row.position.to_string()).collect();
    format!("[{}]", positions.join(","))
}

impl Tables<'_> {
    /// Something of each of these messages that has it, by position.
    fn of_each<T>(
        self,
        sql: &str,
        rows: &[MessageRow],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<(u64, T)>,
    ) -> Result<HashMap<u64, T>, DbError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_map([list(rows)], read)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// What the annotations of these messages come to that are in the log.
    pub(crate) fn marks_of(self, rows: &[MessageRow]) -> Result<HashMap<u64, Marks>, DbError> {
        let sql = "SELECT m.position, k.marks FROM json_each(?1) AS p
                   CROSS JOIN messages AS m ON m.position = p.value
                   CROSS JOIN marks AS k ON k.conversation = m.conversation AND k.author = m.author AND k.message = m.id";
        self.of_each(sql, rows, |row| Ok((uint(row, 0)?, super::cbor(row, 1)?)))
    }

    /// What these messages answer, where that is here; of several of one id the first one.
    pub(crate) fn quoted_by(self, rows: &[MessageRow]) -> Result<HashMap<u64, Quoted>, DbError> {
        let sql = "SELECT m.position, q.body, q.deleted FROM json_each(?1) AS p
                   CROSS JOIN messages AS m ON m.position = p.value
                   CROSS JOIN messages AS q
                       ON q.id = m.quoted AND q.conversation = m.conversation AND q.author = m.quoted_author
                   WHERE m.quoted IS NOT NULL ORDER BY q.position DESC";
        self.of_each(sql, rows, |row| Ok((uint(row, 0)?, Quoted { body: row.get(1)?, deleted: row.get(2)? })))
    }

    /// How many others got, and read, these messages, where they are the own account's.
    pub(crate) fn receipts_of(
        self,
        rows: &[MessageRow],
        me: AccountId,
    ) -> Result<HashMap<MessageId, (u32, u32)>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT m.id, count(DISTINCT r.account), sum(r.read) FROM json_each(?1) AS p
             CROSS JOIN messages AS m ON m.position = p.value
             CROSS JOIN receipts AS r ON r.message = m.id
             WHERE m.own = 1 AND r.account <> ?2 GROUP BY m.id",
        )?;
        let found = statement.query_map(params![list(rows), &me.as_bytes()[..]], |row| {
            Ok((super::id(row, 0)?, (row.get(1)?, row.get(2)?)))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The messages that are pinned, the one that was pinned last first.
    pub(crate) fn pinned(self, conversation: ConversationId) -> Result<Vec<MessageRow>, DbError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE conversation = ?1 AND pinned IS NOT NULL
             ORDER BY pinned DESC, seq DESC LIMIT {MOST_PINS}"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([&conversation.as_bytes()[..]], MessageRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What a list says of a conversation, in one statement.
    pub(crate) fn glance(self, row: &ConversationRow) -> Result<Glance, DbError> {
        let sql = glance();
        let mut statement = self.0.prepare_cached(&sql)?;
        let found = statement.query_row(params![&row.id.as_bytes()[..], int(row.read_up_to)], |row| {
            let settings = match row.get::<_, Option<Vec<u8>>>(3)? {
                Some(_) => super::cbor::<Settings>(row, 3)?,
                None => Settings::default(),
            };
            let newest = match super::optional_id(row, 5)? {
                Some(author) => Some((author, row.get(6)?, row.get(7)?, row.get(8)?, row.get(10)?)),
                None => None,
            };
            Ok(Glance {
                unread: row.get(0)?,
                mentions: row.get(1)?,
                pins: row.get(2)?,
                topic: settings.topic().map(str::to_owned),
                role: optional_uint(row, 4)?.and_then(|number| super::marks::role_of(number as i64)),
                newest,
                timer: settings.timer(),
                brings: row.get(9)?,
                opened: optional_uint(row, 11)?,
            })
        });
        Ok(found.optional()?.unwrap_or_default())
    }
}

/// The statement of [`Tables::glance`]: of a conversation, as it was read up to a position.
fn glance() -> String {
    format!(
        "SELECT
             (SELECT count(*) FROM (SELECT 1 FROM messages
              WHERE conversation = ?1 AND position > ?2 AND own = 0 AND deleted = 0 LIMIT {MOST_COUNTED})),
             (SELECT count(*) FROM (SELECT 1 FROM messages
              WHERE conversation = ?1 AND position > ?2 AND mentions_me = 1 AND deleted = 0 LIMIT {MOST_COUNTED})),
             (SELECT count(*) FROM (SELECT 1 FROM messages
              WHERE conversation = ?1 AND pinned IS NOT NULL LIMIT {MOST_PINS})),
             t.settings, t.role, m.author, m.own, substr(m.body, 1, {LINE}), m.deleted,
             CASE WHEN m.kind IN ('file', 'timed') AND m.body = '' AND m.deleted = 0 AND m.once = 0
                  THEN m.content END,
             m.once,
             (SELECT min(position) FROM messages INDEXED BY messages_to_be_read WHERE conversation = ?1 AND position <= ?2
              AND from_reading = 1 AND own = 0 AND once = 0 AND vanishes_at_ms IS NULL)
         FROM (SELECT 1)
         LEFT JOIN titles AS t ON t.conversation = ?1
         LEFT JOIN messages AS m ON m.position =
             (SELECT max(position) FROM messages WHERE conversation = ?1)"
    )
}

#[cfg(test)]
mod tests {
    use huis_core::annotations::{Mark, MessageRef, Place};
    use huis_core::content::{CountedFrom, Stay};
    use huis_proto::{ConversationKind, DeviceId, Member};

    use super::*;
    use crate::config::DatabaseKey;
    use crate::db::{Db, MessageStanding, Wanted};

    const ME: AccountId = AccountId::from_bytes([1; 16]);
    const BEA: AccountId = AccountId::from_bytes([2; 16]);
    const PLACE: ConversationId = ConversationId::from_bytes([9; 16]);

    fn open(folder: &tempfile::TempDir) -> Db {
        Db::open(&folder.path().join("db"), &DatabaseKey::from_bytes([7; 32]), None).unwrap()
    }

    /// A message of bea's.
    fn message(number: u32, body: &str) -> MessageRow {
        let author = Member { account: BEA, device: DeviceId::from_bytes([2; 16]) };
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let mut row = MessageRow::waiting(PLACE, MessageId::from_bytes(id), author, 1);
        row.own = false;
        row.seq = Some(u64::from(number));
        row.body = body.into();
        row.standing = MessageStanding::Received;
        row
    }

    fn pinned_at(seq: u64) -> Marks {
        let mut marks = Marks::default();
        marks.take(&Mark::Pin(true), ME, Place { seq, id: MessageId::from_bytes([7; 16]) }, 0);
        marks
    }

    #[test]
    fn what_is_deleted_is_neither_unread_nor_pinned_nor_printed() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let tables = db.tables();
        let mut place = ConversationRow::new(PLACE, ConversationKind::Group);
        for number in 1..=4 {
            let mut row = message(number, &format!("number {number}"));
            row.mentions_me = number == 2;
            row.position = tables.add_message(&row).unwrap().unwrap();
            row.pinned = (number > 2).then_some(u64::from(number));
            tables.set_marked(&row).unwrap();
        }
        let glance = tables.glance(&place).unwrap();
        assert_eq!((glance.unread, glance.mentions, glance.pins), (4, 1, 2));
        assert_eq!(glance.newest, Some((BEA, false, "number 4".into(), false, false)));
        let pinned: Vec<_> = tables.pinned(PLACE).unwrap().into_iter().map(|row| row.body).collect();
        assert_eq!(pinned, ["number 4", "number 3"]);

        for mut row in tables.messages(PLACE, None, 10).unwrap().into_iter().skip(1).take(2) {
            row.deleted = true;
            row.pinned = None;
            row.body.clear();
            tables.set_marked(&row).unwrap();
        }
        place.read_up_to = 1;
        let glance = tables.glance(&place).unwrap();
        assert_eq!((glance.unread, glance.mentions, glance.pins), (1, 0, 1));
        assert_eq!(tables.unprinted(10).unwrap().len(), 2);
    }

    #[test]
    fn of_messages_that_are_not_here_only_so_many_annotations_are_kept_the_newest_ones() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let tables = db.tables();
        let target = |number: u32| MessageRef { message: message(number, "").id, author: BEA };
        tables.put_marks(PLACE, target(0), &pinned_at(1), true).unwrap();
        for number in 1..=600 {
            tables.put_marks(PLACE, target(number), &pinned_at(u64::from(number) + 1), false).unwrap();
        }
        let kept = |number| tables.marks(PLACE, target(number)).unwrap().is_some();
        assert!(kept(0), "those of a message that is here stay");
        assert!(!kept(1) && !kept(88) && kept(89) && kept(600));
        // Of one age those that come last by their names.
        let elsewhere = ConversationId::from_bytes([8; 16]);
        for number in 1..=600 {
            tables.put_marks(elsewhere, target(number), &pinned_at(1), false).unwrap();
        }
        let kept = (1..=600).filter(|number| tables.marks(elsewhere, target(*number)).unwrap().is_some());
        assert_eq!(kept.collect::<Vec<_>>(), (89..=600).collect::<Vec<_>>());
    }

    fn plan(tables: Tables<'_>, sql: &str) -> Vec<String> {
        let mut statement = tables.0.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = statement.parameter_count();
        let nothing = rusqlite::params_from_iter(vec![rusqlite::types::Null; count]);
        let plan = statement.query_map(nothing, |row| row.get(3)).unwrap();
        plan.map(Result::unwrap).collect()
    }

    #[test]
    fn what_is_opened_once_is_not_to_be_read_by_passing_it_by() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let tables = db.tables();
        let mut place = ConversationRow::new(PLACE, ConversationKind::Group);
        let timer = Some(Timer { after_s: 60, from: CountedFrom::Reading });
        let [_, stays] = [true, false].map(|once| {
            let mut row = message(u32::from(once), "x");
            row.stay = Stay { timer, once };
            tables.add_message(&row).unwrap().unwrap()
        });
        place.read_up_to = stays;
        assert_eq!(tables.glance(&place).unwrap().opened, Some(stays));
    }

    #[test]
    fn a_page_and_a_list_are_read_by_their_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let tables = db.tables();
        for number in 1..=300 {
            tables.add_message(&message(number, "x")).unwrap();
        }
        let page = tables.messages(PLACE, None, 100).unwrap();
        let place = ConversationRow::new(PLACE, ConversationKind::Group);
        tables.marks_of(&page).unwrap();
        tables.quoted_by(&page).unwrap();
        tables.receipts_of(&page, ME).unwrap();
        tables.glance(&place).unwrap();
        tables.pinned(PLACE).unwrap();
        tables.waiting_marks_of(PLACE).unwrap();
        tables.ids_of_answers_to(PLACE, page[0].as_target(), 10).unwrap();
        let of_bea = Wanted { from: Some(BEA), ..Wanted::default() };
        let in_place = Wanted { place: Some(PLACE), ..Wanted::default() };
        // What these asked, as SQLite plans it: nothing goes through all messages or marks.
        let searched = [of_bea, in_place].map(|wanted| crate::db::search::filtered(&wanted, 10).0);
        let asked = [
            "SELECT id FROM messages WHERE conversation = ?1 AND position < ?2 ORDER BY position DESC LIMIT 100",
            "SELECT count(*) FROM messages WHERE conversation = ?1 AND position > ?2 AND own = 0 AND deleted = 0",
            "SELECT count(*) FROM messages WHERE conversation = ?1 AND position > ?2 AND mentions_me = 1 AND deleted = 0",
            "SELECT id FROM messages WHERE conversation = ?1 AND pinned IS NOT NULL ORDER BY pinned DESC, seq DESC LIMIT 50",
            "SELECT max(position) FROM messages WHERE conversation = ?1",
            "SELECT id FROM messages WHERE conversation = ?1 AND quoted = ?2 ORDER BY position DESC LIMIT 10",
            "SELECT position FROM messages WHERE vanishes_at_ms IS NOT NULL AND vanishes_at_ms <= ?1
             ORDER BY vanishes_at_ms LIMIT 64",
            "UPDATE messages SET vanishes_at_ms = ?3 + after_s * 1000
             WHERE conversation = ?1 AND position <= ?2 AND from_reading = 1 AND own = 0 AND once = 0
             AND (vanishes_at_ms IS NULL OR vanishes_at_ms > ?3 + after_s * 1000)
             AND NOT EXISTS (SELECT 1 FROM locks WHERE message = position AND unlocks_ms > ?3)",
            "SELECT id FROM messages
             WHERE conversation = ?1 AND position <= ?2 AND from_reading = 1 AND own = 0 AND once = 0
             AND vanishes_at_ms IS NULL",
            "SELECT at_ms FROM vanished WHERE opened = 1 ORDER BY at_ms DESC LIMIT 256",
            "SELECT position FROM messages WHERE printed = 0 AND own = 0 AND deleted = 0 ORDER BY position LIMIT 10",
            "SELECT k.marks FROM json_each(?1) AS p CROSS JOIN messages AS m ON m.position = p.value
             CROSS JOIN marks AS k ON k.conversation = m.conversation AND k.author = m.author AND k.message = m.id",
        ];
        // With what was locked when it was read, of which there is little.
        let glance = plan(tables, &glance());
        assert!(glance.iter().any(|line| line.contains("INDEX messages_to_be_read")), "{glance:?}");
        assert!(!glance.iter().any(|line| line.starts_with("SCAN m")), "{glance:?}");
        for sql in asked.into_iter().chain(searched.iter().map(String::as_str)) {
            let plan = plan(tables, sql);
            let through_all = plan.iter().any(|line| {
                line.starts_with("SCAN")
                    && !line.contains("json_each")
                    && !line.contains(" p ")
                    && !line.contains("USING INDEX")
                    && !line.contains("USING COVERING INDEX messages_unprinted")
            });
            assert!(!through_all, "{sql}: {plan:?}");
            assert!(
                !plan.iter().any(|line| line.starts_with("USE TEMP B-TREE")) || sql.contains("quoted = "),
                "{sql}: {plan:?}"
            );
        }
    }
}
