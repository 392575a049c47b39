//! Forgetting what everybody has.

use super::columns::Key;
use super::db::Db;
use super::fault::Outcome;

/// Forgets, of conversations whose floors are held, what nobody waits for any more, and contests whose entries are gone.
/// Who left and could only have read what has expired waits for nothing. Whether somebody waits for the oldest entry is
/// looked at first, for that ends at the first one who does. At most 2,000 places at once, so that nothing is held for
/// long; the next look, after an acknowledgement or by the sweep, goes on from there.
macro_rules! look {
    ($of:literal) => {
        concat!(
            "WITH looked AS MATERIALIZED (SELECT f.conversation, f.forgotten, least(f.forgotten + 2000, CASE \
               WHEN EXISTS (SELECT 1 FROM members m WHERE m.conversation = f.conversation \
                 AND m.last > m.acked AND m.last > f.forgotten AND m.acked <= f.forgotten) THEN f.forgotten \
               ELSE coalesce((SELECT min(m.acked) FROM members m WHERE m.conversation = f.conversation \
                 AND m.last > m.acked AND m.last > f.forgotten), c.head) END) AS floor \
             FROM conversations c JOIN floors f ON f.conversation = c.conversation WHERE ",
            $of,
            "), entries AS (DELETE FROM log x USING looked l \
               WHERE x.conversation = l.conversation AND x.seq > l.forgotten AND x.seq <= l.floor), \
             contested AS (DELETE FROM contests x USING looked l \
               WHERE x.conversation = l.conversation AND x.seq <= l.floor), \
             unseated AS (DELETE FROM unseatings x USING looked l \
               WHERE x.conversation = l.conversation AND x.seq <= l.floor), \
             expelled AS (DELETE FROM expulsions x USING looked l \
               WHERE x.conversation = l.conversation AND x.seq <= l.floor), \
             seated AS (DELETE FROM seatings x USING looked l \
               WHERE x.conversation = l.conversation AND x.seq <= l.floor), \
             dissented AS (DELETE FROM dissents x USING looked l \
               WHERE x.conversation = l.conversation AND x.seq <= l.floor) \
             UPDATE floors f SET forgotten = l.floor FROM looked l \
             WHERE f.conversation = l.conversation AND l.floor > l.forgotten"
        )
    };
}

pub(super) const LOOK: &str = look!("c.conversation = ANY($1::bigint[])");
pub(super) const LOOK_BY_ID: &str = look!("c.id = ANY($1::bytea[])");

/// Has what nobody waits for forgotten.
pub(super) async fn look(db: &Db, conversations: &[Key]) -> Outcome<()> {
    db.execute(LOOK, &[&conversations]).await?;
    Ok(())
}
