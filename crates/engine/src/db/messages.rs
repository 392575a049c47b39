//! Messages, their printed marks and receipts.

use huis_core::annotations::MessageRef;
use huis_core::content::{Content, CountedFrom, FrankingOpening, Stay, Timer};
use huis_proto::{AccountId, Bytes32, ConversationId, DeviceId, Member, MessageId, codec};
use huis_views::Failure;
use rusqlite::{OptionalExtension, Row, params};

use super::{DbError, Tables, int, optional_uint, uint};

/// How far a message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageStanding {
    Received,
    Waiting,
    Sent,
    Failed,
}

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct MessageRow {
    /// 0 before it is stored.
    pub(crate) position: u64,
    pub(crate) conversation: ConversationId,
    pub(crate) id: MessageId,
    pub(crate) author: Member,
    /// Whether it is the own account's.
    pub(crate) own: bool,
    pub(crate) seq: Option<u64>,
    pub(crate) sent_ms: u64,
    pub(crate) received_ms: Option<u64>,
    pub(crate) kind: String,
    pub(crate) body: String,
    /// The content's bytes, for later versions and for reports.
    pub(crate) content: Vec<u8>,
    pub(crate) opening: Option<[u8; 32]>,
    pub(crate) mac: Option<Bytes32>,
    pub(crate) author_listed: bool,
    pub(crate) standing: MessageStanding,
    pub(crate) failure: Option<Failure>,
    /// What it answers.
    pub(crate) quoted: Option<MessageRef>,
    pub(crate) forwarded: bool,
    /// Whom it names, as it stands.
    pub(crate) mentions: Vec<AccountId>,
    /// Whether it is another's, and names the own account or answers it.
    pub(crate) mentions_me: bool,
    pub(crate) deleted: bool,
    /// Whether it is pinned: the higher, the later.
    pub(crate) pinned: Option<u64>,
    pub(crate) stay: Stay,
    /// Whether it is one that is opened once, and was.
    pub(crate) opened: bool,
    /// When it is gone, where its time runs.
    pub(crate) vanishes_at_ms: Option<u64>,
    /// Whether others may have what was not sent here, whatever becomes of it in the outbox: it left this device, or a copy of
    /// it, and the server did not refuse it.
    pub(crate) perhaps_taken: bool,
}

pub(super) const COLUMNS: &str = "position, conversation, id, author, device, own, seq, sent_ms, received_ms, kind, \
                                  body, content, opening, mac, author_listed, state, failure, quoted, quoted_author, \
                                  forwarded, mentions, mentions_me, deleted, pinned, after_s, \
                                  from_reading, once, opened, vanishes_at_ms, perhaps_taken";

impl MessageRow {
    /// A message of this device that waits to be sent.
    pub(crate) fn waiting(conversation: ConversationId, id: MessageId, author: Member, sent_ms: u64) -> Self {
        Self {
            position: 0,
            conversation,
            id,
            author,
            own: true,
            seq: None,
            sent_ms,
            received_ms: None,
            kind: "text".into(),
            body: String::new(),
            content: Vec::new(),
            opening: None,
            mac: None,
            author_listed: true,
            standing: MessageStanding::Waiting,
            failure: None,
            quoted: None,
            forwarded: false,
            mentions: Vec::new(),
            mentions_me: false,
            deleted: false,
            pinned: None,
            stay: Stay::default(),
            opened: false,
            vanishes_at_ms: None,
            perhaps_taken: false,
        }
    }

    /// Whether its time is over, though it may be here still.
    pub(crate) fn is_over(&self, now_ms: u64) -> bool {
        self.vanishes_at_ms.is_some_and(|at_ms| at_ms <= now_ms)
    }

    /// Whether it is one's own and not in the log yet.
    pub(crate) fn is_unsent(&self) -> bool {
        self.own && self.seq.is_none()
    }

    /// The message by which annotations name it.
    pub(crate) fn as_target(&self) -> MessageRef {
        MessageRef { message: self.id, author: self.author.account }
    }

    /// Takes over what a text, or a message with files, says and what goes with it.
    pub(crate) fn set_text(&mut self, content: &Content, me: AccountId) {
        let (Content::Text { body, mentions, reply_to, forwarded, stay }
        | Content::Files { body, mentions, reply_to, forwarded, stay, .. }) = content
        else {
            return;
        };
        self.stay = *stay;
        // What is opened once is found by nobody before.
        self.body = if stay.once { String::new() } else { body.clone() };
        self.quoted = reply_to.as_ref().map(|quote| quote.target);
        self.forwarded = *forwarded;
        self.set_mentions(mentions, me);
    }

    /// Whom it names from here on. What is forwarded calls nobody, whatever is done to it.
    pub(crate) fn set_mentions(&mut self, mentions: &[AccountId], me: AccountId) {
        let mentions = if self.forwarded { &[] } else { mentions };
        self.mentions = mentions.to_vec();
        let answers_me = self.quoted.is_some_and(|quoted| quoted.author == me);
        self.mentions_me = !self.own && (answers_me || mentions.contains(&me));
    }

    /// The opening of its franking commitment, for a report.
    pub(crate) fn set_opening(&mut self, opening: &FrankingOpening) {
        self.opening = Some(*opening.expose());
    }

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let failure: Option<String> = row.get(16)?;
        let quoted = super::optional_id(row, 17)?.zip(super::optional_id(row, 18)?);
        Ok(Self {
            position: uint(row, 0)?,
            conversation: super::id(row, 1)?,
            id: super::id(row, 2)?,
            author: Member { account: super::id(row, 3)?, device: super::id(row, 4)? },
            own: row.get(5)?,
            seq: optional_uint(row, 6)?,
            sent_ms: uint(row, 7)?,
            received_ms: optional_uint(row, 8)?,
            kind: row.get(9)?,
            body: row.get(10)?,
            content: row.get(11)?,
            opening: row.get(12)?,
            mac: row.get::<_, Option<[u8; 32]>>(13)?.map(Bytes32),
            author_listed: row.get(14)?,
            standing: match row.get::<_, i64>(15)? {
                0 => MessageStanding::Received,
                1 => MessageStanding::Waiting,
                2 => MessageStanding::Sent,
                3 => MessageStanding::Failed,
                _ => return Err(super::damaged(15, "state")),
            },
            failure: failure.and_then(|text| serde_json::from_str(&text).ok()),
            quoted: quoted.map(|(message, author)| MessageRef { message, author }),
            forwarded: row.get(19)?,
            mentions: super::cbor(row, 20)?,
            mentions_me: row.get(21)?,
            deleted: row.get(22)?,
            pinned: optional_uint(row, 23)?,
            stay: Stay {
                timer: optional_uint(row, 24)?.zip(Some(row.get::<_, bool>(25)?)).map(|(after_s, reading)| Timer {
                    after_s,
                    from: if reading { CountedFrom::Reading } else { CountedFrom::Sending },
                }),
                once: row.get(26)?,
            },
            opened: row.get(27)?,
            vanishes_at_ms: optional_uint(row, 28)?,
            perhaps_taken: row.get(29)?,
        })
    }
}

fn standing_number(standing: MessageStanding) -> i64 {
    match standing {
        MessageStanding::Received => 0,
        MessageStanding::Waiting => 1,
        MessageStanding::Sent => 2,
        MessageStanding::Failed => 3,
    }
}

impl Tables<'_> {
    /// Stores a message, at the end if its position is 0; gives its position, or none if the same message is there already.
    pub(crate) fn add_message(self, row: &MessageRow) -> Result<Option<u64>, DbError> {
        let changed = self
            .0
            .prepare_cached(
                "INSERT INTO messages (position, conversation, id, author, device, own, seq, sent_ms, received_ms, kind, body,
                 content, opening, mac, author_listed, state, quoted, quoted_author, forwarded, mentions, mentions_me,
                 after_s, from_reading, once, vanishes_at_ms)
                 VALUES (?25, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                 ?21, ?22, ?23, ?24)
                 ON CONFLICT (conversation, device, id) DO NOTHING",
            )?
            .execute(params![
                &row.conversation.as_bytes()[..],
                &row.id.as_bytes()[..],
                &row.author.account.as_bytes()[..],
                &row.author.device.as_bytes()[..],
                row.own,
                row.seq.map(int),
                int(row.sent_ms),
                row.received_ms.map(int),
                row.kind,
                row.body,
                row.content,
                row.opening.map(|opening| opening.to_vec()),
                row.mac.map(|mac| mac.0.to_vec()),
                row.author_listed,
                standing_number(row.standing),
                row.quoted.map(|quoted| quoted.message.as_bytes().to_vec()),
                row.quoted.map(|quoted| quoted.author.as_bytes().to_vec()),
                row.forwarded,
                codec::to_cbor(&row.mentions),
                row.mentions_me,
                row.stay.timer.map(|timer| int(timer.after_s)),
                row.stay.timer.is_some_and(|timer| timer.from == CountedFrom::Reading),
                row.stay.once,
                row.vanishes_at_ms.map(int),
                (row.position > 0).then(|| int(row.position)),
            ])?;
        Ok((changed > 0).then(|| self.0.last_insert_rowid() as u64))
    }

    /// A message of the own account by its id.
    pub(crate) fn own_message(self, id: MessageId) -> Result<Option<MessageRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM messages WHERE id = ?1 AND own = 1");
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_row([&id.as_bytes()[..]], MessageRow::read).optional()?)
    }

    /// Marks a message of this device as sent.
    pub(crate) fn mark_sent(
        self,
        conversation: ConversationId,
        device: DeviceId,
        id: MessageId,
        seq: u64,
        received_ms: u64,
    ) -> Result<bool, DbError> {
        let changed = self
            .0
            .prepare_cached(
                "UPDATE messages SET state = 2, failure = NULL, seq = ?4, received_ms = ?5
                 WHERE conversation = ?1 AND device = ?2 AND id = ?3",
            )?
            .execute(params![
                &conversation.as_bytes()[..],
                &device.as_bytes()[..],
                &id.as_bytes()[..],
                int(seq),
                int(received_ms)
            ])?;
        Ok(changed > 0)
    }

    /// Sets how far a waiting message of this account got.
    pub(crate) fn set_standing(
        self,
        id: MessageId,
        standing: MessageStanding,
        failure: Option<&Failure>,
    ) -> Result<(), DbError> {
        let failure = failure.map(serde_json::to_string).transpose().map_err(|_| DbError::Form("failure"))?;
        self.0
            .prepare_cached("UPDATE messages SET state = ?2, failure = ?3 WHERE id = ?1 AND own = 1")?
            .execute(params![&id.as_bytes()[..], standing_number(standing), failure])?;
        Ok(())
    }

    /// Moves what waits in one conversation to another.
    pub(crate) fn move_waiting(self, from: ConversationId, to: ConversationId) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE messages SET conversation = ?2 WHERE conversation = ?1 AND state = 1")?
            .execute([&from.as_bytes()[..], &to.as_bytes()[..]])?;
        Ok(())
    }

    /// Others may have whatever waits here, also where its files are not sent yet: another copy of this database may have sent
    /// it.
    pub(crate) fn all_is_perhaps_taken(self) -> Result<(), DbError> {
        self.0.execute("UPDATE messages SET perhaps_taken = 1 WHERE own = 1 AND state = 1", [])?;
        Ok(())
    }

    pub(crate) fn delete_message(self, position: u64) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM messages WHERE position = ?1")?.execute([int(position)])?;
        Ok(())
    }

    /// Messages of others that were never printed, oldest first.
    pub(crate) fn unprinted(self, most: u32) -> Result<Vec<MessageRow>, DbError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE printed = 0 AND own = 0 AND deleted = 0 ORDER BY position LIMIT ?1"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([most], MessageRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn mark_printed(self, position: u64) -> Result<(), DbError> {
        self.0.prepare_cached("UPDATE messages SET printed = 1 WHERE position = ?1")?.execute([int(position)])?;
        Ok(())
    }

    /// The newest messages before a position, oldest first.
    pub(crate) fn messages(
        self,
        conversation: ConversationId,
        before: Option<u64>,
        most: u32,
    ) -> Result<Vec<MessageRow>, DbError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE conversation = ?1 AND position < ?2 ORDER BY position DESC LIMIT ?3"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let before = before.map_or(i64::MAX, int);
        let rows = statement.query_map(params![&conversation.as_bytes()[..], before, most], MessageRow::read)?;
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        rows.reverse();
        Ok(rows)
    }

    /// The oldest messages after a position, oldest first.
    pub(crate) fn messages_after(
        self,
        conversation: ConversationId,
        after: u64,
        most: u32,
    ) -> Result<Vec<MessageRow>, DbError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE conversation = ?1 AND position > ?2 ORDER BY position LIMIT ?3"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(params![&conversation.as_bytes()[..], int(after), most], MessageRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The message of this id; of several that an account said in a conversation the first one.
    pub(crate) fn message(self, id: MessageId) -> Result<Option<MessageRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM messages WHERE id = ?1 ORDER BY position LIMIT 1");
        let mut statement = self.0.prepare_cached(&sql)?;
        Ok(statement.query_row([&id.as_bytes()[..]], MessageRow::read).optional()?)
    }

    /// Whether this id is also that of somebody else's message, or of one elsewhere.
    pub(crate) fn is_ambiguous(self, row: &MessageRow) -> Result<bool, DbError> {
        Ok(self
            .0
            .prepare_cached("SELECT 1 FROM messages WHERE id = ?1 AND (author <> ?2 OR conversation <> ?3)")?
            .exists([&row.id.as_bytes()[..], &row.author.account.as_bytes()[..], &row.conversation.as_bytes()[..]])?)
    }

    /// Whether any other message has this id, be it the same account's in the same conversation.
    pub(crate) fn has_namesake(self, row: &MessageRow) -> Result<bool, DbError> {
        Ok(self
            .0
            .prepare_cached("SELECT 1 FROM messages WHERE id = ?1 AND position <> ?2")?
            .exists(params![&row.id.as_bytes()[..], int(row.position)])?)
    }

    pub(crate) fn message_at(self, position: u64) -> Result<Option<MessageRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM messages WHERE position = ?1");
        Ok(self.0.prepare_cached(&sql)?.query_row([int(position)], MessageRow::read).optional()?)
    }

    /// Ids of others' messages in a range of positions, for read receipts.
    pub(crate) fn received_between(
        self,
        conversation: ConversationId,
        after: u64,
        up_to: u64,
    ) -> Result<Vec<MessageId>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id FROM messages WHERE conversation = ?1 AND position > ?2 AND position <= ?3 AND own = 0
             ORDER BY position DESC LIMIT 1000",
        )?;
        let rows = statement
            .query_map(params![&conversation.as_bytes()[..], int(after), int(up_to)], |row| super::id(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes a receipt that came.
    pub(crate) fn add_receipt(
        self,
        message: MessageId,
        account: AccountId,
        read: bool,
        at_ms: u64,
    ) -> Result<bool, DbError> {
        let known = self
            .0
            .prepare_cached("SELECT 1 FROM messages WHERE id = ?1 AND own = 1")?
            .exists([&message.as_bytes()[..]])?;
        if !known {
            return Ok(false);
        }
        let changed = self
            .0
            .prepare_cached(
                "INSERT INTO receipts (message, account, read, at_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (message, account, read) DO NOTHING",
            )?
            .execute(params![&message.as_bytes()[..], &account.as_bytes()[..], read, int(at_ms)])?;
        Ok(changed > 0)
    }

    pub(crate) fn receipts(self, message: MessageId) -> Result<Vec<(AccountId, bool, u64)>, DbError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT account, read, at_ms FROM receipts WHERE message = ?1 ORDER BY at_ms, account")?;
        let rows = statement
            .query_map([&message.as_bytes()[..]], |row| Ok((super::id(row, 0)?, row.get(1)?, uint(row, 2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A receipt that is to be sent with the next batch.
    pub(crate) fn owe_receipt(
        self,
        conversation: ConversationId,
        message: MessageId,
        read: bool,
    ) -> Result<(), DbError> {
        let (conversation, message) = (&conversation.as_bytes()[..], &message.as_bytes()[..]);
        if read {
            // What is read has come: one receipt says both.
            self.0
                .prepare_cached("DELETE FROM receipts_due WHERE conversation = ?1 AND message = ?2 AND read = 0")?
                .execute(params![conversation, message])?;
        }
        self.0
            .prepare_cached("INSERT OR IGNORE INTO receipts_due (conversation, message, read) VALUES (?1, ?2, ?3)")?
            .execute(params![conversation, message, read])?;
        Ok(())
    }

    /// Conversations in which receipts are owed that can be sent.
    pub(crate) fn owing_receipts(self) -> Result<Vec<ConversationId>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT DISTINCT d.conversation FROM receipts_due d JOIN conversations c ON c.id = d.conversation
             WHERE c.accepted = 1 AND c.state = 1",
        )?;
        let rows = statement.query_map([], |row| super::id(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One batch of receipts of one kind that are owed in a conversation; they are no longer owed after it.
    pub(crate) fn take_receipts(
        self,
        conversation: ConversationId,
        most: u32,
    ) -> Result<Option<(bool, Vec<MessageId>)>, DbError> {
        let first: Option<bool> = self
            .0
            .prepare_cached("SELECT read FROM receipts_due WHERE conversation = ?1 LIMIT 1")?
            .query_row([&conversation.as_bytes()[..]], |row| row.get(0))
            .optional()?;
        let Some(read) = first else { return Ok(None) };
        let mut statement =
            self.0.prepare_cached("SELECT message FROM receipts_due WHERE conversation = ?1 AND read = ?2 LIMIT ?3")?;
        let rows = statement.query_map(params![&conversation.as_bytes()[..], read, most], |row| super::id(row, 0))?;
        let messages: Vec<MessageId> = rows.collect::<Result<_, _>>()?;
        for message in &messages {
            self.0
                .prepare_cached("DELETE FROM receipts_due WHERE conversation = ?1 AND message = ?2 AND read = ?3")?
                .execute(params![&conversation.as_bytes()[..], &message.as_bytes()[..], read])?;
        }
        Ok(Some((read, messages)))
    }
}
