//! The lives of a store: a restore from a backup ends one and begins another, and notes where each log was cut.

use huis_proto::{ConversationId, IncarnationId, Member};
use tokio_postgres::Row;

use super::columns;
use super::db::Db;
use super::fault::{Fault, Outcome};
use crate::{RestoredLog, Restores};

/// How many restores are told apart. Who knows only an older life is answered like one who knows none.
const LIVES_KEPT: i64 = 16;

const INCARNATION: &str = "SELECT incarnation FROM settings WHERE one = 1";
/// Two restores at once are told one after the other.
const HOLD_SETTINGS: &str = "SELECT one FROM settings WHERE one = 1 FOR NO KEY UPDATE";
/// Every conversation is looked at, by the operator who restores and waits for it.
const TAKES_ITS_TIME: &str = "SET LOCAL statement_timeout = '1h'";
const SET_INCARNATION: &str = "UPDATE settings SET incarnation = $1 WHERE one = 1";
const NEWEST_LIFE: &str = "SELECT max(life) FROM lives";
pub(super) const FIND_LIFE: &str =
    "SELECT (SELECT life FROM lives WHERE incarnation = $1), (SELECT max(life) FROM lives)";
const PUT_LIFE: &str = "INSERT INTO lives (life, incarnation) VALUES ($1, $2)";
const PUT_LOGS: &str = "INSERT INTO restored_logs (conversation, life, head, commit_counter) \
     SELECT conversation, $1::bigint, head, commit_counter FROM conversations";
/// The oldest life that is kept is one that somebody may know: what was lost when it began concerns nobody any more.
const DROP_LOGS: &str = "DELETE FROM restored_logs WHERE life <= $1";
/// Any of them may have been handed out behind the backup, and a device uses each once. The last-resort ones stay.
const DROP_KEY_PACKAGES: &str = "DELETE FROM key_packages";
const DROP_LIVES: &str = "DELETE FROM lives WHERE life < $1";
/// A conversation that is not noted for each of the lives did not exist when one of them began: nothing of it was kept.
pub(super) const LOST_SINCE: &str = "SELECT c.id, \
     CASE WHEN count(r.life) < $3 THEN 0 ELSE min(r.head) END, \
     CASE WHEN count(r.life) < $3 THEN 0 ELSE min(r.commit_counter) END \
     FROM accounts a JOIN participants p ON p.account = a.account \
     JOIN conversations c ON c.conversation = p.conversation \
     LEFT JOIN restored_logs r ON r.conversation = c.conversation AND r.life > $2 \
     WHERE a.id = $1 GROUP BY c.id";
pub(super) const ACKNOWLEDGED: &str = "SELECT c.id, coalesce(m.acked, 0), 0::bigint \
     FROM accounts a JOIN participants p ON p.account = a.account \
     JOIN conversations c ON c.conversation = p.conversation \
     LEFT JOIN devices d ON d.account = a.account AND d.id = $2 \
     LEFT JOIN members m ON m.conversation = c.conversation AND m.device = d.device WHERE a.id = $1";

pub(super) async fn incarnation(db: &Db) -> Outcome<IncarnationId> {
    let row = db.row(INCARNATION, &[]).await?.ok_or(Fault::Damaged("the settings have no row"))?;
    Ok(IncarnationId::from_bytes(columns::array(&row, 0)?))
}

pub(super) async fn restores_since(db: &Db, asker: Member, known: IncarnationId) -> Outcome<Restores> {
    let found = db.row(FIND_LIFE, &[&known.as_bytes().as_slice()]).await?;
    let found = found.ok_or(Fault::Damaged("the lives have no row"))?;
    let (life, newest): (Option<i64>, i64) = (found.try_get(0)?, found.try_get(1)?);
    let (account, device) = (asker.account.as_bytes().as_slice(), asker.device.as_bytes().as_slice());
    match life {
        Some(life) if life == newest => Ok(Restores::None),
        Some(life) => {
            let lost = db.rows(LOST_SINCE, &[&account, &life, &(newest - life)]).await?;
            Ok(Restores::Since(lost.iter().map(found_log).collect::<Outcome<_>>()?))
        }
        None => {
            let acknowledged = db.rows(ACKNOWLEDGED, &[&account, &device]).await?;
            Ok(Restores::Unknown(acknowledged.iter().map(found_log).collect::<Outcome<_>>()?))
        }
    }
}

/// Changes nothing, by a write.
pub(super) async fn touch(db: &Db) -> Outcome<()> {
    const TOUCH: &str = "UPDATE settings SET one = one WHERE one = 1";
    db.execute(TOUCH, &[]).await?;
    Ok(())
}

pub(super) async fn begin(db: &Db, incarnation: IncarnationId) -> Outcome<()> {
    db.run(TAKES_ITS_TIME).await?;
    db.rows(HOLD_SETTINGS, &[]).await?;
    let newest = db.row(NEWEST_LIFE, &[]).await?.ok_or(Fault::Damaged("the lives have no row"))?;
    let life = newest.try_get::<_, i64>(0)? + 1;
    db.execute(PUT_LIFE, &[&life, &incarnation.as_bytes().as_slice()]).await?;
    db.execute(PUT_LOGS, &[&life]).await?;
    db.execute(DROP_LOGS, &[&(life - LIVES_KEPT)]).await?;
    db.execute(DROP_LIVES, &[&(life - LIVES_KEPT)]).await?;
    db.execute(DROP_KEY_PACKAGES, &[]).await?;
    db.execute(SET_INCARNATION, &[&incarnation.as_bytes().as_slice()]).await?;
    Ok(())
}

fn found_log(row: &Row) -> Outcome<RestoredLog> {
    Ok(RestoredLog {
        conversation: ConversationId::from_bytes(columns::array(row, 0)?),
        head: columns::number(row, 1)?,
        commit_counter: columns::number(row, 2)?,
    })
}
