//! Entries of the log: they travel with the MACs of messages, which this backend makes of a commitment and keeps a seal
//! beside it instead.
//!
//! A move must not make words genuine that were put under another's name: so the seal is checked where a message leaves,
//! and the MAC where it arrives, before another seal is made.

use std::collections::{BTreeSet, HashMap};

use huis_proto::frames::EntryKind;
use huis_proto::{Bytes32, ConversationId, Member};

use super::super::columns::{self, Key, unsigned};
use super::super::db::Db;
use super::super::fault::{Fault, Outcome};
use super::super::log::{mac, seal};
use super::rows::{self, Array};
use crate::Franking;
use crate::moving::{Column, CommitmentOf, Kind, Row, Table, Value};

const CONVERSATIONS: &str = "SELECT conversation, id FROM conversations WHERE conversation = ANY($1)";
const AUTHORS: &str = "SELECT d.device, a.id, d.id FROM devices d JOIN accounts a ON a.account = d.account \
     WHERE d.device = ANY($1)";
const COMMITMENT: Column = Column { name: "commitment", kind: Kind::Bytes };
const SEAL: Column = Column { name: "seal", kind: Kind::Bytes };
const MAC: &str = "mac";

/// Where the columns of an entry stand in a row, but for its MAC.
struct Entry<'a> {
    conversation: Key,
    seq: u64,
    kind: i64,
    author: Key,
    received_at_ms: u64,
    mac: &'a [u8],
    payload: &'a [u8],
}

/// The next entries behind a key.
pub(super) async fn page(
    db: &Db,
    table: &Table,
    after: Option<&[Value]>,
    most: usize,
    franking: &dyn Franking,
) -> Outcome<Vec<Row>> {
    let others = table.columns.len() - 1;
    let read = |row: &tokio_postgres::Row| {
        let mut values: Row = Vec::with_capacity(table.columns.len());
        let mut place = 0;
        for column in table.columns {
            if column.name == MAC {
                values.push(Value::Bytes(Vec::new()));
            } else {
                values.push(rows::value(row, place, column.kind)?);
                place += 1;
            }
        }
        let entry = entry(&values)?;
        if columns::entry_kind_number(EntryKind::Message) == entry.kind as i16 {
            let conversation = ConversationId::from_bytes(columns::array(row, others + 2)?);
            let author = columns::member(row, others + 3)?;
            let place = (entry.seq, entry.received_at_ms);
            let mac = mac(franking, row, others, conversation, author, place)?;
            if let Some(place) = table.columns.iter().position(|column| column.name == MAC)
                && let Some(value) = values.get_mut(place)
            {
                *value = Value::Bytes(mac.0.to_vec());
            }
        }
        Ok(values)
    };
    rows::found(db, &select(table, after.is_some()), after, most, read).await
}

/// The statement that gives a page. An entry whose author or conversation is missing is found all the same.
pub(super) fn select(table: &Table, is_behind: bool) -> String {
    let kept = rows::names(table.columns.iter().map(|column| column.name).filter(|name| *name != MAC));
    let key = rows::names(table.key_columns().iter().map(|column| column.name));
    format!(
        "SELECT {kept}, commitment, seal, (SELECT c.id FROM conversations c WHERE c.conversation = log.conversation), \
         (SELECT a.id FROM devices d JOIN accounts a ON a.account = d.account WHERE d.device = log.author), \
         (SELECT d.id FROM devices d WHERE d.device = log.author) FROM log {}",
        rows::behind(&key, table, is_behind),
    )
}

/// Puts entries into the log.
pub(super) async fn put(
    db: &Db,
    table: &Table,
    rows: &[Row],
    franking: &dyn Franking,
    commitment_of: CommitmentOf,
) -> Outcome<()> {
    let entries = rows.iter().map(entry).collect::<Outcome<Vec<_>>>()?;
    let conversations: BTreeSet<Key> = entries.iter().map(|entry| entry.conversation).collect();
    let conversations: Vec<Key> = conversations.into_iter().collect();
    let authors: BTreeSet<Key> = entries.iter().map(|entry| entry.author).collect();
    let authors: Vec<Key> = authors.into_iter().collect();
    let conversations: HashMap<Key, ConversationId> = db
        .rows(CONVERSATIONS, &[&conversations])
        .await?
        .iter()
        .map(|row| Ok((row.try_get(0)?, ConversationId::from_bytes(columns::array(row, 1)?))))
        .collect::<Outcome<_>>()?;
    let authors: HashMap<Key, Member> = db
        .rows(AUTHORS, &[&authors])
        .await?
        .iter()
        .map(|row| Ok((row.try_get(0)?, columns::member(row, 1)?)))
        .collect::<Outcome<_>>()?;
    let (mut commitments, mut seals) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for entry in &entries {
        let (commitment, seal) = if i64::from(columns::entry_kind_number(EntryKind::Message)) == entry.kind {
            let conversation = conversations.get(&entry.conversation);
            let conversation = *conversation.ok_or(Fault::Damaged("an entry is of no conversation"))?;
            let author = *authors.get(&entry.author).ok_or(Fault::Damaged("an entry is of no author"))?;
            let commitment = commitment_of(entry.payload).ok_or(Fault::Damaged("a message can't be read"))?;
            let made = franking.mac(&commitment, conversation, author, entry.seq, entry.received_at_ms);
            if made.0 != entry.mac {
                return Err(Fault::Damaged("a message's franking is not what this server made"));
            }
            let Bytes32(seal) = seal(franking, &commitment, conversation, author, entry.received_at_ms);
            (commitment.0.to_vec(), seal.to_vec())
        } else {
            (Vec::new(), Vec::new())
        };
        commitments.push(Value::Bytes(commitment));
        seals.push(Value::Bytes(seal));
    }
    let kept = (0..).zip(table.columns).filter(|(_, column)| column.name != MAC);
    let mut arrays: Vec<Array<'_>> = kept.map(|(place, column)| Array::of(*column, rows, place)).collect();
    arrays.push(Array { column: COMMITMENT, values: commitments.iter().collect() });
    arrays.push(Array { column: SEAL, values: seals.iter().collect() });
    rows::insert(db, table.name, &arrays).await
}

fn entry(row: &Row) -> Outcome<Entry<'_>> {
    match row.as_slice() {
        [
            Value::Number(conversation),
            Value::Number(seq),
            Value::Number(kind),
            Value::Number(_),
            Value::Bytes(_),
            Value::Number(author),
            Value::Number(received_at_ms),
            Value::Bytes(mac),
            Value::Bytes(payload),
        ] => Ok(Entry {
            conversation: *conversation,
            seq: unsigned(*seq),
            kind: *kind,
            author: *author,
            received_at_ms: unsigned(*received_at_ms),
            mac,
            payload,
        }),
        _ => Err(Fault::Damaged("an entry of the log has another form than it should")),
    }
}
