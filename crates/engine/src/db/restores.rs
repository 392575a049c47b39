//! What is needed to make up for a server that was restored from a backup.

use huis_proto::device_list::SignedDeviceList;
use huis_proto::{Bytes, ConversationId, DeviceId, MessageId};
use huis_views::Failure;
use rusqlite::params;

use super::{DbError, Tables, int, uint};

/// How many device lists of the own account are kept: far more than change between two backups.
const LISTS_KEPT: u64 = 256;

/// A message that was in a log and is so no longer.
pub(crate) struct LostMessage {
    pub(crate) position: u64,
    pub(crate) id: MessageId,
    pub(crate) content: Vec<u8>,
}

impl Tables<'_> {
    /// Notes the counter under which this device said the entry, whose hash is there.
    pub(crate) fn put_own_counter(self, id: ConversationId, seq: u64, counter: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached("UPDATE entries SET own_counter = ?3 WHERE conversation = ?1 AND seq = ?2")?
            .execute(params![&id.as_bytes()[..], int(seq), int(counter)])?;
        Ok(())
    }

    /// The lowest counter of this device's entries behind `head`, as far as they are kept.
    pub(crate) fn lowest_own_counter(self, id: ConversationId, head: u64) -> Result<Option<u64>, DbError> {
        let lowest: Option<i64> = self
            .0
            .prepare_cached(
                "SELECT min(own_counter) FROM entries WHERE conversation = ?1 AND seq > ?2 AND own_counter > 0",
            )?
            .query_row(params![&id.as_bytes()[..], int(head)], |row| row.get(0))?;
        Ok(lowest.map(|counter| counter as u64))
    }

    /// Forgets the entries behind `head`, and how far each sender had counted.
    pub(crate) fn forget_history_behind(self, id: ConversationId, head: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached("DELETE FROM entries WHERE conversation = ?1 AND seq > ?2")?
            .execute(params![&id.as_bytes()[..], int(head)])?;
        // A commit that was skipped there is in the log no more; another one may stand in its place.
        self.0
            .prepare_cached("DELETE FROM dissents WHERE conversation = ?1 AND seq > ?2")?
            .execute(params![&id.as_bytes()[..], int(head)])?;
        self.0.prepare_cached("DELETE FROM senders WHERE conversation = ?1")?.execute([&id.as_bytes()[..]])?;
        Ok(())
    }

    /// Messages of this device that the server had behind `head` and got at `since_ms` or later, oldest first, at most
    /// `most`.
    pub(crate) fn sent_behind(
        self,
        id: ConversationId,
        device: DeviceId,
        head: u64,
        since_ms: u64,
        most: u32,
    ) -> Result<Vec<LostMessage>, DbError> {
        let mut statement = self.0.prepare_cached(
            "SELECT position, id, content FROM messages WHERE conversation = ?1 AND own = 1 AND device = ?2
             AND state = 2 AND deleted = 0 AND once = 0 AND seq > ?3 AND received_ms >= ?4 ORDER BY seq LIMIT ?5",
        )?;
        let bounds = params![&id.as_bytes()[..], &device.as_bytes()[..], int(head), int(since_ms), most];
        let rows = statement.query_map(bounds, |row| {
            Ok(LostMessage { position: uint(row, 0)?, id: super::id(row, 1)?, content: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Those of [`sent_behind`](Self::sent_behind) that are opened once: nothing is left here that could be said again. They
    /// have failed. Gives their names.
    pub(crate) fn fail_once_behind(
        self,
        id: ConversationId,
        device: DeviceId,
        head: u64,
        since_ms: u64,
        failure: &Failure,
    ) -> Result<Vec<MessageId>, DbError> {
        let failure = serde_json::to_string(failure).map_err(|_| DbError::Form("failure"))?;
        let mut statement = self.0.prepare_cached(
            "UPDATE messages SET state = 3, failure = ?5, seq = NULL, received_ms = NULL
             WHERE conversation = ?1 AND own = 1 AND device = ?2 AND state = 2 AND deleted = 0 AND once = 1
             AND seq > ?3 AND received_ms >= ?4 RETURNING id",
        )?;
        let bounds = params![&id.as_bytes()[..], &device.as_bytes()[..], int(head), int(since_ms), failure];
        let rows = statement.query_map(bounds, |row| super::id(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A message that was sent waits again; others may have it.
    pub(crate) fn wait_again(self, position: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "UPDATE messages SET state = 1, seq = NULL, received_ms = NULL, perhaps_taken = 1 WHERE position = ?1",
            )?
            .execute([int(position)])?;
        Ok(())
    }

    /// Keeps a device list of the own account, and drops the oldest.
    pub(crate) fn put_own_list(self, number: u64, signed: &SignedDeviceList) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT OR REPLACE INTO own_lists (number, list, signature, handover) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![int(number), &signed.list[..], &signed.signature[..], signed.handover.as_deref()])?;
        self.0
            .prepare_cached("DELETE FROM own_lists WHERE number <= ?1")?
            .execute([int(number.saturating_sub(LISTS_KEPT))])?;
        Ok(())
    }

    /// The device list of this number, if it is kept.
    pub(crate) fn own_list(self, number: u64) -> Result<Option<SignedDeviceList>, DbError> {
        let mut statement =
            self.0.prepare_cached("SELECT list, signature, handover FROM own_lists WHERE number = ?1")?;
        let mut rows = statement.query_map([int(number)], |row| {
            let handover: Option<Vec<u8>> = row.get(2)?;
            Ok(SignedDeviceList {
                list: Bytes(row.get(0)?),
                signature: Bytes(row.get(1)?),
                handover: handover.map(Bytes),
            })
        })?;
        Ok(rows.next().transpose()?)
    }
}
