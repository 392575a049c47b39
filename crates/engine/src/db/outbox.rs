//! What waits to be submitted to the server.
//!
//! A row is a *draft* until it is sealed: then it has the bytes that travel and a submission counter, and these same
//! bytes are sent until the server answers.

use huis_core::groups::Role;
use huis_proto::{AccountId, Bytes, Bytes32, ConversationId, Member, MessageId, TimeShare, codec};
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{DbError, Tables, int, optional_uint, uint};

/// What a row does. Stored as CBOR; the names are part of the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Task {
    /// Says something: a [`Content`](huis_core::content::Content) in its bytes.
    Say { content: Bytes, shown: bool },
    /// Tells who was added what is set for the conversation: by then, so it is put together when it is sealed.
    Tell { content: Bytes },
    /// Creates the conversation with these other accounts.
    Create { others: Vec<AccountId> },
    /// Joins by an external commit, or joins anew. `checked`: the accounts must be those that are known.
    Join { checked: bool },
    /// Adds accounts.
    Invite { accounts: Vec<AccountId> },
    /// Takes accounts out.
    Remove { accounts: Vec<AccountId> },
    /// Takes silent devices out; their accounts keep their seats.
    RemoveSilent { devices: Vec<Member> },
    /// Gives roles.
    Roles { roles: Vec<(AccountId, Role)> },
    /// Gives the own leaf a fresh key.
    UpdateLeaf,
    /// Gives the own leaf a fresh key, and shows everybody the own account's newest device list.
    FollowOwnLists,
    /// Carries out what has to be done before the next message: leaves, and devices that are listed no more.
    Tidy,
    /// Leaves.
    Leave,
}

impl Task {
    /// Whether it travels as a message of the log, and not as a commit.
    pub(crate) fn is_message(&self) -> bool {
        matches!(self, Self::Say { .. } | Self::Tell { .. } | Self::Leave)
    }
}

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct OutboxRow {
    pub(crate) position: u64,
    pub(crate) conversation: ConversationId,
    pub(crate) id: MessageId,
    pub(crate) task: Task,
    pub(crate) submission: Option<u64>,
    /// The message's counter in its conversation; kept when it is sealed again.
    pub(crate) counter: Option<u64>,
    /// The commit counter that it was sealed under.
    pub(crate) follows: Option<u64>,
    pub(crate) sealed: Option<Vec<u8>>,
    /// The server's share, where the message is locked.
    pub(crate) share: Option<TimeShare>,
    pub(crate) tries: u64,
}

/// What goes out, and not joins of a request that is not answered yet: they would show others that this device is there.
/// Who declines it comes in, as only a member can leave. The first parameter is the task that leaves.
const GOES_OUT: &str = "(NOT EXISTS (SELECT 1 FROM conversations c WHERE c.id = outbox.conversation \
                        AND c.accepted = 0 AND c.state IN (0, 2)) \
                        OR EXISTS (SELECT 1 FROM outbox l WHERE l.conversation = outbox.conversation AND l.task = ?1))";

const COLUMNS: &str = "position, conversation, id, task, submission, counter, follows, sealed, tries, share";

impl OutboxRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            position: uint(row, 0)?,
            conversation: super::id(row, 1)?,
            id: super::id(row, 2)?,
            task: super::cbor(row, 3)?,
            submission: optional_uint(row, 4)?,
            counter: optional_uint(row, 5)?,
            follows: optional_uint(row, 6)?,
            sealed: row.get(7)?,
            tries: uint(row, 8)?,
            share: row.get::<_, Option<[u8; 32]>>(9)?.map(Bytes32).map(TimeShare),
        })
    }
}

impl Tables<'_> {
    /// Adds a draft; gives its position.
    pub(crate) fn add_task(self, conversation: ConversationId, id: MessageId, task: &Task) -> Result<u64, DbError> {
        self.0.prepare_cached("INSERT INTO outbox (conversation, id, task) VALUES (?1, ?2, ?3)")?.execute(params![
            &conversation.as_bytes()[..],
            &id.as_bytes()[..],
            codec::to_cbor(task)
        ])?;
        Ok(self.0.last_insert_rowid() as u64)
    }

    /// Rows in the order in which they go out: what is sealed by submission counter, then drafts.
    pub(crate) fn tasks(self, most: u32) -> Result<Vec<OutboxRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox ORDER BY submission IS NULL, submission, position LIMIT ?1");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([most], OutboxRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// As [`tasks`](Self::tasks), without what waits for a person: for the answer to a request, or a word about an identity
    /// key.
    pub(crate) fn tasks_to_do(self, most: u32) -> Result<Vec<OutboxRow>, DbError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE held = 0 AND {GOES_OUT}
             ORDER BY submission IS NULL, submission, position LIMIT ?2"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(params![codec::to_cbor(&Task::Leave), most], OutboxRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn task(self, position: u64) -> Result<Option<OutboxRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE position = ?1");
        Ok(self.0.prepare_cached(&sql)?.query_row([int(position)], OutboxRow::read).optional()?)
    }

    pub(crate) fn task_by_id(self, conversation: ConversationId, id: MessageId) -> Result<Option<OutboxRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE conversation = ?1 AND id = ?2");
        let mut statement = self.0.prepare_cached(&sql)?;
        let found = statement.query_row([&conversation.as_bytes()[..], &id.as_bytes()[..]], OutboxRow::read);
        Ok(found.optional()?)
    }

    pub(crate) fn tasks_of(self, conversation: ConversationId) -> Result<Vec<OutboxRow>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE conversation = ?1 ORDER BY position");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([&conversation.as_bytes()[..]], OutboxRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many are to be done, but for those that wait for a person, as for [`tasks_to_do`](Self::tasks_to_do).
    pub(crate) fn count_tasks(self) -> Result<u32, DbError> {
        let sql = format!("SELECT count(*) FROM outbox WHERE held = 0 AND {GOES_OUT}");
        Ok(self.0.query_row(&sql, [codec::to_cbor(&Task::Leave)], |row| row.get(0))?)
    }

    /// How many of them are messages that somebody wrote, and sees in a conversation.
    pub(crate) fn count_messages_to_send(self) -> Result<u32, DbError> {
        let sql = "SELECT count(*) FROM outbox o WHERE o.held = 0 AND EXISTS (SELECT 1 FROM messages m
                   WHERE m.id = o.id AND m.conversation = o.conversation AND m.own = 1 AND m.state = 1)";
        Ok(self.0.query_row(sql, [], |row| row.get(0))?)
    }

    /// How many are held back until a person has decided about an identity key.
    pub(crate) fn count_held(self) -> Result<u32, DbError> {
        Ok(self.0.query_row("SELECT count(*) FROM outbox WHERE held = 1", [], |row| row.get(0))?)
    }

    /// Holds a draft back.
    pub(crate) fn hold_task(self, position: u64) -> Result<(), DbError> {
        let sql = "UPDATE outbox SET held = 1 WHERE position = ?1 AND sealed IS NULL";
        self.0.prepare_cached(sql)?.execute([int(position)])?;
        Ok(())
    }

    /// Whether a draft is held back.
    pub(crate) fn is_held(self, position: u64) -> Result<bool, DbError> {
        let sql = "SELECT 1 FROM outbox WHERE position = ?1 AND held = 1 AND sealed IS NULL";
        Ok(self.0.prepare_cached(sql)?.exists([int(position)])?)
    }

    /// Holds nothing back any more; gives what was, by conversation and id.
    pub(crate) fn release_tasks(self) -> Result<Vec<(ConversationId, MessageId)>, DbError> {
        let sql = "UPDATE outbox SET held = 0 WHERE held = 1 RETURNING conversation, id";
        let mut statement = self.0.prepare_cached(sql)?;
        let released = statement.query_map([], |row| Ok((super::id(row, 0)?, super::id(row, 1)?)))?;
        Ok(released.collect::<Result<_, _>>()?)
    }

    /// Whether this account is about to leave a conversation.
    pub(crate) fn is_leaving(self, conversation: ConversationId) -> Result<bool, DbError> {
        Ok(self
            .0
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE conversation = ?1 AND task = ?2)")?
            .query_row(params![&conversation.as_bytes()[..], codec::to_cbor(&Task::Leave)], |row| row.get(0))?)
    }

    /// Messages and annotations of this device that wait.
    pub(crate) fn count_waiting(self) -> Result<u32, DbError> {
        let sql = "SELECT (SELECT count(*) FROM messages WHERE own = 1 AND state = 1)
                   + (SELECT count(*) FROM marks_waiting)";
        Ok(self.0.query_row(sql, [], |row| row.get(0))?)
    }

    /// Makes a draft a sealed row.
    pub(crate) fn set_sealed(
        self,
        position: u64,
        submission: u64,
        counter: Option<u64>,
        follows: u64,
        (sealed, share): (&[u8], Option<&TimeShare>),
    ) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE outbox SET submission = ?2, counter = ?3, follows = ?4, sealed = ?5, share = ?6 WHERE position = ?1",
            )?
            .execute(params![
                int(position),
                int(submission),
                counter.map(int),
                int(follows),
                sealed,
                share.map(|share| share.0.0.to_vec()),
            ])?;
        Ok(())
    }

    /// Makes a sealed row a draft again, of which nobody can say whether the server took it; its counter stays.
    pub(crate) fn unseal(self, position: u64) -> Result<(), DbError> {
        self.unseal_refused(position)?;
        self.is_perhaps_taken(position)
    }

    /// Makes a sealed row that the server refused a draft again; its counter stays.
    pub(crate) fn unseal_refused(self, position: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE outbox SET submission = NULL, follows = NULL, sealed = NULL, tries = tries + 1
                 WHERE position = ?1",
            )?
            .execute([int(position)])?;
        Ok(())
    }

    /// Others may have the message that a row says, if it says one. No later answer of the server takes that back: it may have
    /// been restored since.
    pub(crate) fn is_perhaps_taken(self, position: u64) -> Result<(), DbError> {
        let sql = "UPDATE messages SET perhaps_taken = 1
                   WHERE own = 1 AND id = (SELECT id FROM outbox WHERE position = ?1)";
        self.0.prepare_cached(sql)?.execute([int(position)])?;
        Ok(())
    }

    /// Makes a waiting message say something else when it is sealed (again).
    pub(crate) fn set_task(self, position: u64, task: &Task) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE outbox SET task = ?2 WHERE position = ?1")?
            .execute(params![int(position), codec::to_cbor(task)])?;
        Ok(())
    }

    pub(crate) fn delete_task(self, position: u64) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM outbox WHERE position = ?1")?.execute([int(position)])?;
        Ok(())
    }

    /// Whether anything of a conversation that is sealed, or in the log, has a higher counter.
    pub(crate) fn is_counted_behind(self, conversation: ConversationId, counter: u64) -> Result<bool, DbError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT 1 FROM outbox WHERE conversation = ?1 AND counter > ?2 AND sealed IS NOT NULL
                 UNION ALL SELECT 1 FROM entries WHERE conversation = ?1 AND own_counter > ?2",
            )?
            .exists(params![&conversation.as_bytes()[..], int(counter)])?)
    }

    /// Drafts with a higher counter move up by one.
    pub(crate) fn count_down(self, conversation: ConversationId, counter: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE outbox SET counter = counter - 1
                 WHERE conversation = ?1 AND counter > ?2 AND sealed IS NULL",
            )?
            .execute(params![&conversation.as_bytes()[..], int(counter)])?;
        Ok(())
    }

    /// Moves what waits in one conversation behind what waits in another.
    pub(crate) fn move_tasks(self, from: ConversationId, to: ConversationId) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE outbox SET conversation = ?2 WHERE conversation = ?1")?
            .execute([&from.as_bytes()[..], &to.as_bytes()[..]])?;
        Ok(())
    }

    /// The next submission counter of this device, never given twice.
    pub(crate) fn next_submission(self) -> Result<u64, DbError> {
        let next = self.submissions()? + 1;
        self.put_fact("submissions", &next)?;
        Ok(next)
    }

    /// The highest submission counter that was given.
    pub(crate) fn submissions(self) -> Result<u64, DbError> {
        Ok(self.fact("submissions")?.unwrap_or(0))
    }

    /// Continues behind `highest`, which the server knows and this database does not.
    pub(crate) fn raise_submissions(self, highest: u64) -> Result<(), DbError> {
        let known = self.submissions()?;
        self.put_fact("submissions", &known.max(highest))
    }
}
