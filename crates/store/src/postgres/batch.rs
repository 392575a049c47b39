//! The hot path: many messages, of any authors in any conversations, by one way there and back and one commit.
//!
//! The statements of the transaction are sent one behind the other without waiting. The first two hold the
//! conversations and the devices, each in the order of their keys, so that no two batches of any nodes wait for each
//! other in a circle. The third one therefore sees the newest of everything, and decides for each message by itself.

use std::collections::{BTreeSet, HashMap, HashSet};

use huis_proto::frames::{EntryKind, LogEntry};
use huis_proto::{Bytes32, ConversationId, Member, MessageId};
use tokio_postgres::Row;

use super::columns::{self, signed, unsigned};
use super::db::Db;
use super::fault::{Fault, Outcome};
use super::held::HOLD_DEVICES;
use super::log;
use crate::{Append, Appended, Franking};

/// The most messages of one transaction.
const BATCH_MESSAGES: usize = 512;
/// The most bytes of payload of one transaction, but for a single large message.
const BATCH_BYTES: usize = 1024 * 1024;

pub(super) const HOLD_CONVERSATIONS: &str = "SELECT c.conversation FROM unnest($1::bytea[]) AS u (id) \
     JOIN conversations c ON c.id = u.id ORDER BY c.conversation FOR NO KEY UPDATE OF c";
/// The repeat check looks for each message by itself, by its whole key: as a plain join the database may look through
/// everything that the author ever said in the conversation, for it goes by the mean of all authors and conversations.
pub(super) const APPEND: &str = "WITH item AS MATERIALIZED (SELECT i.*, c.conversation AS c, c.head, c.commit_counter, \
       d.device AS d, d.highest_submission, coalesce(m.last = 9223372036854775807, false) AS is_member, \
       s.seq AS before, s.commit_counter AS before_counter, s.received_at_ms AS before_received \
     FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], \
       $8::bytea[], $9::bytea[], $10::bytea[]) WITH ORDINALITY AS i \
       (conversation, account, device, id, submission, follows, received, commitment, seal, payload, place) \
     JOIN conversations c ON c.id = i.conversation \
     JOIN accounts a ON a.id = i.account JOIN devices d ON d.account = a.account AND d.id = i.device \
     LEFT JOIN members m ON m.conversation = c.conversation AND m.device = d.device \
     LEFT JOIN LATERAL (SELECT x.seq, x.commit_counter, x.received_at_ms FROM submissions x \
       WHERE x.author = d.device AND x.conversation = c.conversation AND x.id = i.id LIMIT 1) s ON true), \
     judged AS MATERIALIZED (SELECT item.*, before IS NULL AND is_member AND submission > highest_submission \
       AND follows = commit_counter AS good FROM item), \
     placed AS MATERIALIZED (SELECT judged.*, head + count(*) FILTER (WHERE good) OVER (PARTITION BY c ORDER BY place) \
       AS seq FROM judged), \
     entries AS (INSERT INTO log (conversation, seq, kind, commit_counter, id, author, received_at_ms, commitment, seal, \
       payload) SELECT c, seq, 0, commit_counter, id, d, received, commitment, seal, payload FROM placed WHERE good), \
     keys AS (INSERT INTO submissions (author, conversation, id, seq, commit_counter, received_at_ms) \
       SELECT d, c, id, seq, commit_counter, received FROM placed WHERE good), \
     heads AS (UPDATE conversations SET head = g.head FROM \
       (SELECT c, max(seq) AS head FROM placed WHERE good GROUP BY c) g WHERE conversations.conversation = g.c), \
     submitted AS (UPDATE devices SET highest_submission = g.highest FROM \
       (SELECT d, max(submission) AS highest FROM placed WHERE good GROUP BY d) g WHERE devices.device = g.d) \
     SELECT place, good, seq, commit_counter, is_member, highest_submission, before, before_counter, before_received \
     FROM placed";

/// Messages that can be decided together: what one of them changes, no other one is judged by.
#[derive(Default)]
pub(super) struct Together {
    bytes: usize,
    submissions: HashMap<Member, u64>,
    ids: HashSet<(ConversationId, Member, MessageId)>,
}

impl Together {
    /// Whether the message may be judged with those before, to which it counts from here on.
    pub(super) fn takes(&mut self, message: &Append) -> bool {
        let grows = self.submissions.get(&message.author).is_none_or(|before| message.submission > *before);
        let is_full = self.ids.len() >= BATCH_MESSAGES || self.bytes + message.payload.len() > BATCH_BYTES;
        if !self.ids.is_empty() && (!grows || is_full) {
            return false;
        }
        let is_new = self.ids.insert((message.conversation, message.author, message.id));
        if is_new {
            self.submissions.insert(message.author, message.submission);
            self.bytes += message.payload.len();
        }
        is_new
    }
}

/// Appends messages that [`Together`] took, in a transaction of its own. The answers are in their order.
pub(super) async fn append(db: &Db, franking: &dyn Franking, messages: &[&Append]) -> Outcome<Vec<Appended>> {
    let [hold_conversations, hold_devices, append] =
        [db.prepare(HOLD_CONVERSATIONS).await?, db.prepare(HOLD_DEVICES).await?, db.prepare(APPEND).await?];
    let batch = Columns::of(franking, messages);
    let held_conversations: BTreeSet<&[u8]> = batch.conversations.iter().copied().collect();
    let held_conversations: Vec<&[u8]> = held_conversations.into_iter().collect();
    let held_devices: BTreeSet<(&[u8], &[u8])> =
        batch.accounts.iter().copied().zip(batch.devices.iter().copied()).collect();
    let (held_accounts, held_devices): (Vec<&[u8]>, Vec<&[u8]>) = held_devices.into_iter().unzip();
    let connection = db.connection()?;
    db.begun();
    // Bound first, for parameters are borrowed.
    let (conversations_held, devices_held) = (
        [&held_conversations as &(dyn tokio_postgres::types::ToSql + Sync)],
        [&held_accounts as &(dyn tokio_postgres::types::ToSql + Sync), &held_devices],
    );
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 10] = [
        &batch.conversations,
        &batch.accounts,
        &batch.devices,
        &batch.ids,
        &batch.submissions,
        &batch.follows,
        &batch.received,
        &batch.commitments,
        &batch.seals,
        &batch.payloads,
    ];
    let (begun, conversations, devices, rows, ended) = tokio::join!(
        connection.batch_execute(super::BEGIN),
        connection.query(&hold_conversations, &conversations_held),
        connection.query(&hold_devices, &devices_held),
        connection.query(&append, &params),
        connection.batch_execute("COMMIT"),
    );
    if ended.is_ok() {
        // Also a transaction that failed has ended by that.
        db.ended();
    }
    begun?;
    conversations?;
    devices?;
    let rows = rows?;
    ended?;
    answers(franking, messages, &rows)
}

/// The messages, a column each.
struct Columns<'a> {
    conversations: Vec<&'a [u8]>,
    accounts: Vec<&'a [u8]>,
    devices: Vec<&'a [u8]>,
    ids: Vec<&'a [u8]>,
    submissions: Vec<i64>,
    follows: Vec<i64>,
    received: Vec<i64>,
    commitments: Vec<&'a [u8]>,
    seals: Vec<Vec<u8>>,
    payloads: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    fn of(franking: &dyn Franking, messages: &[&'a Append]) -> Self {
        let column = |of: fn(&Append) -> i64| messages.iter().map(|message| of(message)).collect();
        let seal = |message: &&Append| {
            let commitment = message.commitment.as_ref()?;
            let sealed = log::seal(franking, commitment, message.conversation, message.author, message.received_at_ms);
            Some(sealed.0.to_vec())
        };
        Self {
            conversations: messages.iter().map(|message| message.conversation.as_bytes().as_slice()).collect(),
            accounts: messages.iter().map(|message| message.author.account.as_bytes().as_slice()).collect(),
            devices: messages.iter().map(|message| message.author.device.as_bytes().as_slice()).collect(),
            ids: messages.iter().map(|message| message.id.as_bytes().as_slice()).collect(),
            submissions: column(|message| signed(message.submission)),
            follows: column(|message| signed(message.follows)),
            received: column(|message| signed(message.received_at_ms)),
            commitments: messages.iter().map(|message| commitment(message).map_or(&[][..], |some| &some.0)).collect(),
            seals: messages.iter().map(|message| seal(message).unwrap_or_default()).collect(),
            payloads: messages.iter().map(|message| &*message.payload).collect(),
        }
    }
}

fn commitment(message: &Append) -> Option<&Bytes32> {
    message.commitment.as_ref()
}

fn answers(franking: &dyn Franking, messages: &[&Append], rows: &[Row]) -> Outcome<Vec<Appended>> {
    // Of those whose conversation or author does not exist there is no row.
    let mut answers = vec![Appended::NotAMember; messages.len()];
    for row in rows {
        let place = usize::try_from(row.try_get::<_, i64>(0)? - 1).unwrap_or(usize::MAX);
        let (Some(answer), Some(message)) = (answers.get_mut(place), messages.get(place)) else {
            return Err(Fault::Damaged("the database answers for a message that it was not given"));
        };
        *answer = self::answer(franking, message, row)?;
    }
    Ok(answers)
}

fn answer(franking: &dyn Franking, message: &Append, row: &Row) -> Outcome<Appended> {
    let commit_counter = columns::number(row, 3)?;
    if row.try_get(1)? {
        let seq = columns::number(row, 2)?;
        let (conversation, author, received_at_ms) = (message.conversation, message.author, message.received_at_ms);
        let mac = |commitment| franking.mac(commitment, conversation, author, seq, received_at_ms);
        return Ok(Appended::Stored(LogEntry {
            conversation,
            seq,
            kind: EntryKind::Message,
            commit_counter,
            id: message.id,
            author,
            received_at_ms,
            payload: message.payload.clone(),
            mac: message.commitment.as_ref().map(mac),
        }));
    }
    if let Some(seq) = row.try_get::<_, Option<i64>>(6)? {
        return Ok(Appended::Repeat {
            seq: unsigned(seq),
            commit_counter: columns::number(row, 7)?,
            received_at_ms: columns::number(row, 8)?,
        });
    }
    let highest = columns::number(row, 5)?;
    if !row.try_get::<_, bool>(4)? {
        Ok(Appended::NotAMember)
    } else if message.submission <= highest {
        Ok(Appended::SubmissionBehind { highest })
    } else {
        Ok(Appended::Behind { commit_counter })
    }
}
