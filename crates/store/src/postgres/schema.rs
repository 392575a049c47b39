//! The schema and its migrations: each step one transaction, only ever added.
//!
//! The row that holds the schema's number is the lock: of nodes that start together one does the step, and the others
//! find it done. No advisory lock, which not every engine of the protocol has.

use huis_proto::{AccountId, Bytes32, ConversationId, DeviceId, IncarnationId, Member};
use rand::rngs::OsRng;
use tokio_postgres::error::SqlState;

use super::db::Db;
use super::fault::{Fault, Outcome};
use super::log;
use super::pool::Pool;
use crate::{Franking, StoreError, StoreResult};

/// Each step leads from its index to the next number. **A released step is never changed.**
pub(super) const STEPS: [&str; 1] = [include_str!("schema_1.sql")];

/// The newest schema that this version knows; the steps to it are counted from 1.
pub const NEWEST: u32 = STEPS.len() as u32;

/// The oldest PostgreSQL that is good enough.
const OLDEST_SERVER: i32 = 13;

const VERSION: &str = "SELECT version FROM huis_schema WHERE one = 1";
/// Two nodes that create the table at the same moment: one of them is refused by the database's own catalogue.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS huis_schema \
     (one SMALLINT PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL)";
const BEGIN_COUNTING: &str = "INSERT INTO huis_schema (one, version) VALUES (1, 0) ON CONFLICT DO NOTHING";
/// Whoever waits for a step of another node waits longer than for other locks, though less than an attempt may take.
const WAIT_FOR_STEPS: &str = "SET LOCAL lock_timeout = '50s'; SET LOCAL statement_timeout = '50s'";
const KEYS: &str = "SELECT keys FROM settings WHERE one = 1";
/// Whoever brings the schema up to date, and whoever moves a store, holds this row.
pub(super) const HOLD_VERSION: &str = "SELECT version FROM huis_schema WHERE one = 1 FOR UPDATE";
const SET_VERSION: &str = "UPDATE huis_schema SET version = $1 WHERE one = 1";

/// How the search for the schema ended.
enum Found {
    UpToDate,
    Newer(u32),
    Stepped,
}

/// Brings the schema up to date, however many begin with it at once.
///
/// All nodes of a server have the same keys; one that has others is refused, before it answers somebody with them.
pub(super) async fn migrate(pool: &Pool, franking: &dyn Franking) -> StoreResult<()> {
    steps(pool, &of_nothing(franking)).await?;
    refuse_other_keys(pool, franking).await
}

/// The error where the database belongs to other keys than these.
pub(super) async fn refuse_other_keys(pool: &Pool, franking: &dyn Franking) -> StoreResult<()> {
    let keys = of_nothing(franking);
    let found = pool.try_repeatedly(|db| async move { db.row(KEYS, &[]).await }).await.map_err(Fault::told)?;
    let found = found.map(|row| super::columns::bytes32(&row, 0)).transpose().map_err(Fault::told)?;
    if found == Some(keys) {
        Ok(())
    } else {
        let other =
            "this node has other keys than those that the database belongs to: copy the folder `keys` of another";
        Err(StoreError::Other(format!("{other} node into its data folder")))
    }
}

/// Whether a store was begun in the database.
pub(super) async fn is_begun(pool: &Pool) -> StoreResult<bool> {
    let found = pool.try_repeatedly(|db| async move { number(&db).await }).await.map_err(Fault::told)?;
    Ok(found.is_some_and(|number| number > 0))
}

/// The error where there is no store in the database, or one of another version.
pub(super) async fn refuse_other_than_newest(pool: &Pool) -> StoreResult<()> {
    let found = pool.try_repeatedly(|db| async move { number(&db).await }).await.map_err(Fault::told)?;
    match found.unwrap_or_default() {
        0 => Err(StoreError::Other("there is no store in it".into())),
        NEWEST => Ok(()),
        found if found > NEWEST => Err(StoreError::NewerSchema { found, newest: NEWEST }),
        _ => Err(StoreError::Other("an older version made it: start this one on it once, and stop it".into())),
    }
}

fn of_nothing(franking: &dyn Franking) -> Bytes32 {
    let nobody = Member { account: AccountId::from_bytes([0; 16]), device: DeviceId::from_bytes([0; 16]) };
    log::seal(franking, &Bytes32([0; 32]), ConversationId::from_bytes([0; 16]), nobody, 0)
}

async fn steps(pool: &Pool, keys: &Bytes32) -> StoreResult<()> {
    pool.try_repeatedly(|db| async move { Ok(fit(&db).await) }).await.map_err(Fault::told)??;
    if let Some(found) = pool.try_repeatedly(|db| async move { number(&db).await }).await.map_err(Fault::told)? {
        // One of the future is not touched.
        if found > NEWEST {
            return Err(StoreError::NewerSchema { found, newest: NEWEST });
        }
    } else {
        let create = |db: Db| async move { created(db.run(CREATE).await) };
        pool.try_repeatedly(create).await.map_err(Fault::told)?;
        pool.try_repeatedly(|db| async move { db.run(BEGIN_COUNTING).await }).await.map_err(Fault::told)?;
    }
    loop {
        match pool.transact(|db| async move { step(&db, keys).await }).await.map_err(Fault::told)? {
            Found::UpToDate => return Ok(()),
            Found::Newer(found) => return Err(StoreError::NewerSchema { found, newest: NEWEST }),
            Found::Stepped => {}
        }
    }
}

/// Whether the database is one that can be used.
async fn fit(db: &Db) -> StoreResult<()> {
    let settings = "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'), \
         coalesce(current_setting('fsync', true), 'on')";
    let told = |fault: Fault| fault.told();
    let row = db.row(settings, &[]).await.map_err(told)?.ok_or(StoreError::Other("it says no version".into()))?;
    let column = |error: tokio_postgres::Error| Fault::from(error).told();
    let version: i32 = row.try_get(0).map_err(column)?;
    let (encoding, fsync): (String, String) = (row.try_get(1).map_err(column)?, row.try_get(2).map_err(column)?);
    if version < OLDEST_SERVER {
        let old = format!("PostgreSQL {version} is too old: huis needs {OLDEST_SERVER} or later");
        return Err(StoreError::Other(old));
    }
    if encoding != "UTF8" {
        return Err(StoreError::Other(format!("its encoding is {encoding}: create it with encoding UTF8")));
    }
    if fsync == "off" {
        tracing::warn!("the database has fsync off: what it acknowledges may be lost when its machine fails");
    }
    Ok(())
}

async fn number(db: &Db) -> Outcome<Option<u32>> {
    match db.row(VERSION, &[]).await {
        Ok(row) => row.map(|row| version(&row)).transpose(),
        Err(Fault::Sql(error)) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn created(done: Outcome<()>) -> Outcome<()> {
    match done {
        Err(Fault::Sql(error))
            if error.code() == Some(&SqlState::UNIQUE_VIOLATION)
                || error.code() == Some(&SqlState::DUPLICATE_TABLE)
                || error.code() == Some(&SqlState::DUPLICATE_OBJECT) =>
        {
            Err(Fault::Overtaken)
        }
        done => done,
    }
}

async fn step(db: &Db, keys: &Bytes32) -> Outcome<Found> {
    db.run(WAIT_FOR_STEPS).await?;
    let row = db.row(HOLD_VERSION, &[]).await?.ok_or(Fault::Damaged("the schema has no number"))?;
    let found = version(&row)?;
    let Some(sql) = STEPS.get(found as usize) else {
        return Ok(if found == NEWEST { Found::UpToDate } else { Found::Newer(found) });
    };
    match db.run(sql).await {
        Err(Fault::Sql(error)) if error.code() == Some(&SqlState::DUPLICATE_TABLE) => {
            return Err(Fault::Damaged("it holds tables of another program; give Huis a database of its own"));
        }
        done => done?,
    }
    if found == 0 {
        let incarnation = IncarnationId::random(&mut OsRng);
        let incarnation = incarnation.as_bytes().as_slice();
        let keys = keys.0.as_slice();
        db.execute("INSERT INTO settings (one, incarnation, keys) VALUES (1, $1, $2)", &[&incarnation, &keys]).await?;
        db.execute("INSERT INTO lives (life, incarnation) VALUES (0, $1)", &[&incarnation]).await?;
    }
    db.execute(SET_VERSION, &[&i64::from(found + 1)]).await?;
    Ok(Found::Stepped)
}

fn version(row: &tokio_postgres::Row) -> Outcome<u32> {
    super::columns::small(row, 0)
}
