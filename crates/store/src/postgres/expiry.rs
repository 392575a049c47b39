//! What has waited too long. Each conversation is swept in a transaction of its own, so that none is held for long; and
//! every node sweeps, for what one has dropped the others do not find.

use huis_proto::ConversationId;

use super::columns::{self, Key, signed};
use super::db::Db;
use super::fault::Outcome;
use super::{commits, floors, held};

/// Looks at every conversation that has entries waiting, but only at the first of them; run now and then.
const OLD_CONVERSATIONS: &str = "SELECT c.id FROM conversations c JOIN floors f ON f.conversation = c.conversation \
     WHERE f.forgotten < c.head AND \
     (SELECT l.received_at_ms FROM log l WHERE l.conversation = c.conversation ORDER BY l.seq LIMIT 1) < $1 \
     LIMIT $2";
pub(super) const OLDEST_ENTRIES: &str = "SELECT seq, received_at_ms FROM log \
     WHERE conversation = $1 AND seq > $2 ORDER BY seq LIMIT $3";
const DROP_ENTRIES: &str = "DELETE FROM log WHERE conversation = $1 AND seq <= $2";
const EXPIRED: &str = "UPDATE floors SET expired = $2, forgotten = $2 WHERE conversation = $1";
/// A listed device of an account that takes part is told what expired whenever it is back, and joins again; nobody else
/// has anything to come back for.
const FREE_SEATS: &str = "DELETE FROM members m WHERE m.conversation = $1 AND NOT m.leaf AND m.last <= $2 \
     AND NOT EXISTS (SELECT 1 FROM devices d JOIN participants p ON p.account = d.account AND p.conversation = $1 \
     WHERE d.device = m.device AND d.listed)";
pub(super) const OLD_WELCOMES: &str = "SELECT c.id, b.seq FROM welcome_bodies b \
     JOIN conversations c ON c.conversation = b.conversation WHERE b.received_at_ms < $1 LIMIT $2";
pub(super) const DROP_WELCOMES: &str = "DELETE FROM welcomes WHERE conversation = $1 AND seq = $2";
pub(super) const OLD_KEYS: &str = "SELECT author, conversation, id FROM submissions \
     WHERE received_at_ms < $1 ORDER BY received_at_ms LIMIT $2";
pub(super) const DROP_KEYS: &str = "DELETE FROM submissions s \
     USING unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS u (author, conversation, id) \
     WHERE s.author = u.author AND s.conversation = u.conversation AND s.id = u.id AND s.received_at_ms < $1";

/// What there is to drop.
pub(super) struct Old {
    pub(super) conversations: Vec<ConversationId>,
    /// Welcomes, by conversation and place.
    pub(super) welcomes: Vec<(ConversationId, i64)>,
}

pub(super) async fn find(db: &Db, before_ms: u64, most: usize) -> Outcome<Old> {
    let (before, most) = (signed(before_ms), signed(most as u64));
    let conversations = db.rows(OLD_CONVERSATIONS, &[&before, &most]).await?;
    let welcomes = db.rows(OLD_WELCOMES, &[&before, &most]).await?;
    let id = |row: &tokio_postgres::Row| Ok(ConversationId::from_bytes(columns::array(row, 0)?));
    Ok(Old {
        conversations: conversations.iter().map(id).collect::<Outcome<_>>()?,
        welcomes: welcomes.iter().map(|row| Ok((id(row)?, row.try_get(1)?))).collect::<Outcome<_>>()?,
    })
}

/// Drops old entries of one conversation; how many.
pub(super) async fn entries(db: &Db, id: ConversationId, before_ms: u64, most: usize) -> Outcome<usize> {
    let Some(conversation) = held::conversation(db, id).await? else {
        return Ok(0);
    };
    let key = conversation.key;
    let rows = db.rows(OLDEST_ENTRIES, &[&key, &conversation.forgotten, &signed(most as u64)]).await?;
    let (mut last, mut dropped) = (0i64, 0);
    for row in rows {
        if columns::number(&row, 1)? >= before_ms {
            break;
        }
        last = row.try_get(0)?;
        dropped += 1;
    }
    if dropped == 0 {
        return Ok(0);
    }
    db.execute(DROP_ENTRIES, &[&key, &last]).await?;
    db.execute(EXPIRED, &[&key, &last]).await?;
    db.execute(FREE_SEATS, &[&key, &last]).await?;
    floors::look(db, &[key]).await?;
    Ok(dropped)
}

/// Drops a welcome that nobody fetched.
pub(super) async fn welcome(db: &Db, id: ConversationId, seq: i64) -> Outcome<()> {
    let Some(conversation) = held::conversation(db, id).await? else {
        return Ok(());
    };
    db.execute(DROP_WELCOMES, &[&conversation.key, &seq]).await?;
    commits::drop_read_welcomes(db, conversation.key).await
}

/// Drops old keys of the repeat check; how many.
pub(super) async fn keys(db: &Db, before_ms: u64, most: usize) -> Outcome<usize> {
    let before = signed(before_ms);
    let rows = db.rows(OLD_KEYS, &[&before, &signed(most as u64)]).await?;
    let (mut authors, mut conversations, mut ids) = (Vec::new(), Vec::new(), Vec::<&[u8]>::new());
    for row in &rows {
        authors.push(row.try_get::<_, Key>(0)?);
        conversations.push(row.try_get::<_, Key>(1)?);
        ids.push(row.try_get(2)?);
    }
    let dropped = db.execute(DROP_KEYS, &[&before, &authors, &conversations, &ids]).await?;
    Ok(usize::try_from(dropped).unwrap_or(usize::MAX))
}
