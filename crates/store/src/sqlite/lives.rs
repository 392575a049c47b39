//! The lives of a store: a restore from a backup ends one and begins another, and notes where each log was cut.

use huis_proto::{ConversationId, IncarnationId, Member};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns;
use super::delivery::asker_keys;
use super::fault::Outcome;
use super::writer::Writer;
use crate::{RestoredLog, Restores};

/// How many restores are told apart. Who knows only an older life is answered like one who knows none.
const LIVES_KEPT: i64 = 16;

const INCARNATION: &str = "SELECT incarnation FROM settings WHERE one = 1";
const SET_INCARNATION: &str = "UPDATE settings SET incarnation = ?1 WHERE one = 1";
const NEWEST_LIFE: &str = "SELECT max(life) FROM lives";
pub(super) const FIND_LIFE: &str = "SELECT life FROM lives WHERE incarnation = ?1";
const PUT_LIFE: &str = "INSERT INTO lives (life, incarnation) VALUES (?1, ?2)";
const PUT_LOGS: &str = "INSERT INTO restored_logs (conversation, life, head, commit_counter) \
     SELECT conversation, ?1, head, commit_counter FROM conversations";
/// The oldest life that is kept is one that somebody may know: what was lost when it began concerns nobody any more.
const DROP_LOGS: &str = "DELETE FROM restored_logs WHERE life <= ?1";
/// Any of them may have been handed out behind the backup, and a device uses each once. The last-resort ones stay.
const DROP_KEY_PACKAGES: &str = "DELETE FROM key_packages";
const DROP_LIVES: &str = "DELETE FROM lives WHERE life < ?1";
/// A conversation that is not noted for each of the lives did not exist when one of them began: nothing of it was kept.
pub(super) const LOST_SINCE: &str = "SELECT c.id, \
     CASE WHEN count(r.life) < ?3 THEN 0 ELSE min(r.head) END, \
     CASE WHEN count(r.life) < ?3 THEN 0 ELSE min(r.commit_counter) END \
     FROM participants p JOIN conversations c ON c.conversation = p.conversation \
     LEFT JOIN restored_logs r ON r.conversation = c.conversation AND r.life > ?2 \
     WHERE p.account = ?1 GROUP BY p.conversation";
pub(super) const ACKNOWLEDGED: &str = "SELECT c.id, coalesce((SELECT m.acked FROM members m \
     WHERE m.conversation = c.conversation AND m.device = ?2), 0), 0 \
     FROM participants p JOIN conversations c ON c.conversation = p.conversation WHERE p.account = ?1";

pub(super) fn incarnation(db: &Connection) -> Outcome<IncarnationId> {
    let mut find = db.prepare_cached(INCARNATION)?;
    Ok(find.query_row([], |row| row.get(0).map(IncarnationId::from_bytes))?)
}

pub(super) fn restores_since(db: &Connection, asker: Member, known: IncarnationId) -> Outcome<Restores> {
    let newest: i64 = db.prepare_cached(NEWEST_LIFE)?.query_row([], |row| row.get(0))?;
    let life: Option<i64> = db.prepare_cached(FIND_LIFE)?.query_row([known.as_bytes()], |row| row.get(0)).optional()?;
    let [account, device] = asker_keys(db, asker)?;
    let log = |row: &rusqlite::Row<'_>| {
        Ok(RestoredLog {
            conversation: ConversationId::from_bytes(row.get(0)?),
            head: columns::number(row, 1)?,
            commit_counter: columns::number(row, 2)?,
        })
    };
    match life {
        Some(life) if life == newest => Ok(Restores::None),
        Some(life) => {
            let mut lost = db.prepare_cached(LOST_SINCE)?;
            let lost = lost.query_map([account, life, newest - life], log)?;
            Ok(Restores::Since(lost.collect::<rusqlite::Result<_>>()?))
        }
        None => {
            let mut acknowledged = db.prepare_cached(ACKNOWLEDGED)?;
            let acknowledged = acknowledged.query_map([account, device], log)?;
            Ok(Restores::Unknown(acknowledged.collect::<rusqlite::Result<_>>()?))
        }
    }
}

impl Writer {
    pub(super) fn begin_life(&mut self, incarnation: IncarnationId) -> Outcome<()> {
        // The heads that are noted are those of the database.
        self.write_back()?;
        let life: i64 = self.db.prepare_cached(NEWEST_LIFE)?.query_row([], |row| row.get::<_, i64>(0))? + 1;
        self.db.prepare_cached(PUT_LIFE)?.execute(params![life, incarnation.as_bytes()])?;
        self.db.prepare_cached(PUT_LOGS)?.execute([life])?;
        self.db.prepare_cached(DROP_LOGS)?.execute([life - LIVES_KEPT])?;
        self.db.prepare_cached(DROP_LIVES)?.execute([life - LIVES_KEPT])?;
        self.db.prepare_cached(DROP_KEY_PACKAGES)?.execute([])?;
        self.db.prepare_cached(SET_INCARNATION)?.execute([incarnation.as_bytes()])?;
        Ok(())
    }
}
