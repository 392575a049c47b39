//! Time locks. A locked message has a transaction of its own, as one that brings files has.

use huis_proto::{AccountId, ConversationId, MessageId, TimeShare};

use super::columns::{self, Key, signed};
use super::db::Db;
use super::fault::{Fault, Outcome};
use crate::time_locks::Looked;
use crate::{Append, Appended, Opened, Release, Withdrawal};

pub(super) const WAITING: &str =
    "SELECT count(*) FROM time_locks WHERE account = $1 AND unlocks_at_ms > $2 AND octet_length(share) > 0";
const IS_TAKEN: &str = "SELECT 1 FROM time_locks WHERE conversation = $1 AND account = $2 AND message = $3";
const LOCK: &str = "INSERT INTO time_locks (conversation, account, message, unlocks_at_ms, ends_at_ms, share) \
     VALUES ($1, $2, $3, $4, $5, $6)";
/// A share whose time has not come, or of which it is not noted that it is given, does not leave the database.
pub(super) const RELEASE: &str = "SELECT t.unlocks_at_ms, octet_length(t.share) = 0, t.released, \
     CASE WHEN t.released AND t.unlocks_at_ms <= $5 THEN t.share ELSE '' END \
     FROM time_locks t JOIN conversations c ON c.conversation = t.conversation \
     JOIN accounts a ON a.account = t.account JOIN accounts r ON r.id = $1 \
     JOIN participants p ON p.conversation = t.conversation AND p.account = r.account \
     WHERE c.id = $2 AND a.id = $3 AND t.message = $4";
pub(super) const NOTE_RELEASED: &str = "UPDATE time_locks SET released = true \
     WHERE conversation = (SELECT conversation FROM conversations WHERE id = $1) \
     AND account = (SELECT account FROM accounts WHERE id = $2) AND message = $3 \
     AND unlocks_at_ms <= $4 AND octet_length(share) > 0";
/// Held, so that a withdrawal, a release and the end of the lock come one after the other.
pub(super) const HOLD_OF_AUTHOR: &str = "SELECT t.conversation, t.account, t.unlocks_at_ms, octet_length(t.share) = 0, \
     t.released FROM time_locks t JOIN conversations c ON c.conversation = t.conversation \
     JOIN accounts a ON a.account = t.account WHERE c.id = $1 AND a.id = $2 AND t.message = $3 \
     FOR NO KEY UPDATE OF t";
const DESTROY: &str = "UPDATE time_locks SET share = '' WHERE conversation = $1 AND account = $2 AND message = $3";
/// What another node takes, releases or ends just now is left to the next time.
pub(super) const TAKE_OPENED: &str = "WITH opened AS (UPDATE time_locks SET told = true WHERE ctid = ANY(ARRAY( \
     SELECT ctid FROM time_locks WHERE NOT told AND octet_length(share) > 0 AND unlocks_at_ms <= $1 \
     ORDER BY unlocks_at_ms LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)) RETURNING conversation, account) \
     SELECT c.id, a.id FROM opened o JOIN conversations c ON c.conversation = o.conversation \
     JOIN accounts a ON a.account = o.account";
/// What another node ends just now is left to it.
pub(super) const FORGET_OLD: &str = "DELETE FROM time_locks WHERE ctid = ANY(ARRAY(SELECT ctid FROM time_locks \
     WHERE ends_at_ms <= $1 ORDER BY ends_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Why a message can't be locked, if it can't. Its author's account is held, so that all its locks are counted.
pub(super) async fn wrong(db: &Db, append: &Append, conversation: Key, account: Key) -> Outcome<Option<Appended>> {
    let Some(lock) = &append.lock else { return Ok(None) };
    if db.row(IS_TAKEN, &[&conversation, &account, &append.id.as_bytes().as_slice()]).await?.is_some() {
        return Ok(Some(Appended::LockTaken));
    }
    let waiting = db.row(WAITING, &[&account, &signed(append.received_at_ms)]).await?;
    let waiting = waiting.map_or(Ok(0), |row| columns::number(&row, 0))?;
    Ok((waiting >= lock.most_waiting as u64).then_some(Appended::TooManyLocks))
}

/// Keeps what an entry's lock leaves here.
pub(super) async fn put(db: &Db, append: &Append, conversation: Key, account: Key) -> Outcome<()> {
    if let Some(lock) = &append.lock {
        let (unlocks, ends) = (signed(lock.unlocks_at_ms), signed(lock.ends_at_ms));
        let (id, share) = (append.id.as_bytes().as_slice(), lock.share.0.0.as_slice());
        db.execute(LOCK, &[&conversation, &account, &id, &unlocks, &ends, &share]).await?;
    }
    Ok(())
}

pub(super) async fn look(
    db: &Db,
    asker: AccountId,
    (conversation, author, message): (ConversationId, AccountId, MessageId),
    now_ms: u64,
) -> Outcome<Looked> {
    let ids = [asker.as_bytes().as_slice(), conversation.as_bytes(), author.as_bytes(), message.as_bytes()];
    let Some(row) = db.row(RELEASE, &[&ids[0], &ids[1], &ids[2], &ids[3], &signed(now_ms)]).await? else {
        return Ok(Looked::Answer(None));
    };
    if row.try_get(1)? {
        return Ok(Looked::Answer(Some(Release::Withdrawn)));
    }
    let unlocks_at_ms = columns::number(&row, 0)?;
    if unlocks_at_ms > now_ms {
        return Ok(Looked::Answer(Some(Release::Waits { unlocks_at_ms })));
    }
    if !row.try_get::<_, bool>(2)? {
        return Ok(Looked::Due);
    }
    Ok(Looked::Answer(Some(Release::Share(TimeShare(columns::bytes32(&row, 3)?)))))
}

/// Notes that a share which is [due](Looked::Due) is given, and gives it, unless it was withdrawn meanwhile.
pub(super) async fn release(
    db: &Db,
    asker: AccountId,
    of: (ConversationId, AccountId, MessageId),
    now_ms: u64,
) -> Outcome<Option<Release>> {
    let (conversation, author, message) = of;
    let ids = [conversation.as_bytes().as_slice(), author.as_bytes(), message.as_bytes()];
    db.execute(NOTE_RELEASED, &[&ids[0], &ids[1], &ids[2], &signed(now_ms)]).await?;
    match look(db, asker, of, now_ms).await? {
        Looked::Answer(answer) => Ok(answer),
        Looked::Due => Err(Fault::Damaged("a share does not stay noted as given")),
    }
}

pub(super) async fn withdraw(
    db: &Db,
    author: AccountId,
    conversation: ConversationId,
    message: MessageId,
    now_ms: u64,
) -> Outcome<Withdrawal> {
    let message = message.as_bytes().as_slice();
    let (of, by) = (conversation.as_bytes().as_slice(), author.as_bytes().as_slice());
    let Some(row) = db.row(HOLD_OF_AUTHOR, &[&of, &by, &message]).await? else { return Ok(Withdrawal::Unknown) };
    if row.try_get(3)? {
        return Ok(Withdrawal::Done);
    }
    if columns::number(&row, 2)? <= now_ms || row.try_get(4)? {
        return Ok(Withdrawal::Opened);
    }
    let (conversation, account): (Key, Key) = (row.try_get(0)?, row.try_get(1)?);
    db.execute(DESTROY, &[&conversation, &account, &message]).await?;
    Ok(Withdrawal::Done)
}

pub(super) async fn take_opened(db: &Db, now_ms: u64, most: usize) -> Outcome<Vec<Opened>> {
    let taken = db.rows(TAKE_OPENED, &[&signed(now_ms), &signed(most as u64)]).await?;
    let opened = taken.iter().map(|row| {
        let conversation = ConversationId::from_bytes(columns::array(row, 0)?);
        Ok(Opened { conversation, author: AccountId::from_bytes(columns::array(row, 1)?) })
    });
    opened.collect()
}

pub(super) async fn end(db: &Db, now_ms: u64, most: usize) -> Outcome<usize> {
    let ended = db.execute(FORGET_OLD, &[&signed(now_ms), &signed(most as u64)]).await?;
    Ok(usize::try_from(ended).unwrap_or(usize::MAX))
}
