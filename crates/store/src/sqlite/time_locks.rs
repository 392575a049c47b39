//! Time locks.

use huis_proto::{AccountId, Bytes32, ConversationId, MessageId, TimeShare};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{self, Key, signed, unsigned};
use super::fault::{Fault, Outcome};
use super::writer::Writer;
use crate::time_locks::Looked;
use crate::{Append, Appended, Opened, Release, Withdrawal};

pub(super) const WAITING: &str =
    "SELECT count(*) FROM time_locks WHERE account = ?1 AND unlocks_at_ms > ?2 AND length(share) > 0";
const IS_TAKEN: &str = "SELECT 1 FROM time_locks WHERE conversation = ?1 AND account = ?2 AND message = ?3";
const LOCK: &str = "INSERT INTO time_locks (conversation, account, message, unlocks_at_ms, ends_at_ms, share) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
/// A share whose time has not come, or of which it is not noted that it is given, does not leave the database.
pub(super) const RELEASE: &str = "SELECT t.unlocks_at_ms, length(t.share) = 0, t.released, \
     CASE WHEN t.released AND t.unlocks_at_ms <= ?5 THEN t.share ELSE x'' END \
     FROM time_locks t JOIN conversations c ON c.conversation = t.conversation \
     JOIN accounts a ON a.account = t.account JOIN accounts r ON r.id = ?1 \
     JOIN participants p ON p.conversation = t.conversation AND p.account = r.account \
     WHERE c.id = ?2 AND a.id = ?3 AND t.message = ?4";
pub(super) const NOTE_RELEASED: &str = "UPDATE time_locks SET released = 1 \
     WHERE conversation = (SELECT conversation FROM conversations WHERE id = ?1) \
     AND account = (SELECT account FROM accounts WHERE id = ?2) AND message = ?3 \
     AND unlocks_at_ms <= ?4 AND length(share) > 0";
pub(super) const OF_AUTHOR: &str = "SELECT t.conversation, t.account, t.unlocks_at_ms, length(t.share) = 0, t.released \
     FROM time_locks t JOIN conversations c ON c.conversation = t.conversation \
     JOIN accounts a ON a.account = t.account WHERE c.id = ?1 AND a.id = ?2 AND t.message = ?3";
const DESTROY: &str = "UPDATE time_locks SET share = x'' WHERE conversation = ?1 AND account = ?2 AND message = ?3";
pub(super) const OLD: &str =
    "SELECT conversation, account, message FROM time_locks WHERE ends_at_ms <= ?1 ORDER BY ends_at_ms LIMIT ?2";
/// Those whose time has come, and of which nobody who is away was told.
pub(super) const OPENED: &str = "SELECT t.conversation, t.account, t.message, c.id, a.id FROM time_locks t \
     JOIN conversations c ON c.conversation = t.conversation JOIN accounts a ON a.account = t.account \
     WHERE t.told = 0 AND length(t.share) > 0 AND t.unlocks_at_ms <= ?1 ORDER BY t.unlocks_at_ms LIMIT ?2";
const NOTE_TOLD: &str = "UPDATE time_locks SET told = 1 WHERE conversation = ?1 AND account = ?2 AND message = ?3";
const FORGET: &str = "DELETE FROM time_locks WHERE conversation = ?1 AND account = ?2 AND message = ?3";

pub(super) fn look(
    db: &Connection,
    asker: AccountId,
    (conversation, author, message): (ConversationId, AccountId, MessageId),
    now_ms: u64,
) -> Outcome<Looked> {
    let mut find = db.prepare_cached(RELEASE)?;
    let named =
        params![asker.as_bytes(), conversation.as_bytes(), author.as_bytes(), message.as_bytes(), signed(now_ms)];
    let found = find.query_row(named, |row| {
        if row.get(1)? {
            return Ok(Looked::Answer(Some(Release::Withdrawn)));
        }
        let unlocks_at_ms = columns::number(row, 0)?;
        if unlocks_at_ms > now_ms {
            return Ok(Looked::Answer(Some(Release::Waits { unlocks_at_ms })));
        }
        if !row.get::<_, bool>(2)? {
            return Ok(Looked::Due);
        }
        row.get(3).map(|share| Looked::Answer(Some(Release::Share(TimeShare(Bytes32(share))))))
    });
    Ok(found.optional()?.unwrap_or(Looked::Answer(None)))
}

impl Writer {
    /// Why a message can't be locked, if it can't.
    pub(super) fn wrong_lock(&self, append: &Append, conversation: Key, account: Key) -> Outcome<Option<Appended>> {
        let Some(lock) = &append.lock else { return Ok(None) };
        if self.db.prepare_cached(IS_TAKEN)?.exists(params![conversation, account, append.id.as_bytes()])? {
            return Ok(Some(Appended::LockTaken));
        }
        let since = signed(append.received_at_ms);
        let waiting: i64 = self.db.prepare_cached(WAITING)?.query_row([account, since], |row| row.get(0))?;
        Ok((unsigned(waiting) >= lock.most_waiting as u64).then_some(Appended::TooManyLocks))
    }

    /// Keeps what an entry's lock leaves here.
    pub(super) fn lock(&self, append: &Append, conversation: Key, account: Key) -> Outcome<()> {
        if let Some(lock) = &append.lock {
            self.db.prepare_cached(LOCK)?.execute(params![
                conversation,
                account,
                append.id.as_bytes(),
                signed(lock.unlocks_at_ms),
                signed(lock.ends_at_ms),
                lock.share.0.0,
            ])?;
        }
        Ok(())
    }

    /// Notes that a share which is [due](Looked::Due) is given, and gives it, unless it was withdrawn meanwhile.
    pub(super) fn release(
        &mut self,
        asker: AccountId,
        of: (ConversationId, AccountId, MessageId),
        now_ms: u64,
    ) -> Outcome<Option<Release>> {
        let (conversation, author, message) = of;
        let named = params![conversation.as_bytes(), author.as_bytes(), message.as_bytes(), signed(now_ms)];
        self.db.prepare_cached(NOTE_RELEASED)?.execute(named)?;
        match look(&self.db, asker, of, now_ms)? {
            Looked::Answer(answer) => Ok(answer),
            Looked::Due => Err(Fault::Damaged("a share does not stay noted as given")),
        }
    }

    pub(super) fn withdraw(
        &mut self,
        author: AccountId,
        conversation: ConversationId,
        message: MessageId,
        now_ms: u64,
    ) -> Outcome<Withdrawal> {
        let named = params![conversation.as_bytes(), author.as_bytes(), message.as_bytes()];
        let found = self.db.prepare_cached(OF_AUTHOR)?.query_row(named, |row| {
            let has_opened = columns::number(row, 2)? <= now_ms || row.get(4)?;
            Ok((row.get::<_, Key>(0)?, row.get::<_, Key>(1)?, row.get::<_, bool>(3)?, has_opened))
        });
        let Some((conversation, account, is_withdrawn, has_opened)) = found.optional()? else {
            return Ok(Withdrawal::Unknown);
        };
        if is_withdrawn {
            return Ok(Withdrawal::Done);
        }
        if has_opened {
            return Ok(Withdrawal::Opened);
        }
        self.db.prepare_cached(DESTROY)?.execute(params![conversation, account, message.as_bytes()])?;
        Ok(Withdrawal::Done)
    }

    pub(super) fn take_opened(&mut self, now_ms: u64, most: usize) -> Outcome<Vec<Opened>> {
        let mut opened = self.db.prepare_cached(OPENED)?;
        let opened = opened
            .query_map([signed(now_ms), signed(most as u64)], |row| {
                let conversation = ConversationId::from_bytes(row.get(3)?);
                let opened = Opened { conversation, author: AccountId::from_bytes(row.get(4)?) };
                Ok((row.get::<_, Key>(0)?, row.get::<_, Key>(1)?, row.get::<_, [u8; 16]>(2)?, opened))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for (conversation, account, message, _) in &opened {
            self.db.prepare_cached(NOTE_TOLD)?.execute(params![conversation, account, message])?;
        }
        Ok(opened.into_iter().map(|(_, _, _, opened)| opened).collect())
    }

    pub(super) fn end_time_locks(&mut self, now_ms: u64, most: usize) -> Outcome<usize> {
        let mut old = self.db.prepare_cached(OLD)?;
        let old = old
            .query_map([signed(now_ms), signed(most as u64)], |row| {
                Ok((row.get::<_, Key>(0)?, row.get::<_, Key>(1)?, row.get::<_, [u8; 16]>(2)?))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for (conversation, account, message) in &old {
            self.db.prepare_cached(FORGET)?.execute(params![conversation, account, message])?;
        }
        Ok(old.len())
    }
}
