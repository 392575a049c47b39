//! The PostgreSQL store as one end of a move; see [`crate::moving`].
//!
//! What keeps nodes away: whoever moves holds the row of the schema's number, for which every node that starts waits; and
//! a node that runs already has a connection to the database, and is seen by it. Beyond that the tables of the source are
//! locked against being written, so that a node which is not seen can do no harm but to itself.

mod log;
mod rows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use huis_proto::{Bytes32, IncarnationId};

use super::address::DatabaseAddress;
use super::columns::{self, signed};
use super::db::Db;
use super::fault::{Fault, Outcome};
use super::pool::{ATTEMPT, Pool, Pools, in_time};
use super::schema;
use crate::moving::{Arrival, COUNTED, CommitmentOf, End, LAYOUT, Reached, Row, Standing, TABLES, Table, Value, Way};
use crate::{Franking, StoreError, StoreResult};

/// A node that has just ended may be seen for a moment.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// All of it is read at one moment, however long that takes.
const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ; \
     SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
/// Of another role's connections a user without privileges is not told of which type they are, but whose. The database's
/// own workers are nobody's.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity \
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL \
     AND coalesce(backend_type, 'client backend') = 'client backend'";
const INCARNATION: &str = "SELECT incarnation FROM settings WHERE one = 1";
const SET_INCARNATION: &str = "UPDATE settings SET incarnation = $1 WHERE one = 1";
const HALF_MOVED: &str = "SELECT 1 FROM moving_in";
const FIND_NOTE: &str = "SELECT source, layout, moved, content FROM moving_in WHERE one = 1";
const NOTE_BEGINNING: &str = "INSERT INTO moving_in (one, source, layout, moved, content) VALUES (1, $1, $2, 0, $3)";
const NOTE: &str = "UPDATE moving_in SET moved = $1, content = $2 WHERE one = 1 AND moved = $3";
const DROP_NOTE: &str = "DELETE FROM moving_in";
const DROP_LIVES: &str = "DELETE FROM lives";

/// One end of a move, in a database.
pub(crate) struct PostgresEnd {
    pools: Pools,
    franking: Arc<dyn Franking>,
    commitment_of: CommitmentOf,
    /// The one connection of a source, in a transaction that holds the tables.
    held: Option<Db>,
}

impl PostgresEnd {
    /// The end that is read.
    pub(crate) async fn source(
        address: &DatabaseAddress,
        franking: &Arc<dyn Franking>,
        commitment_of: CommitmentOf,
    ) -> StoreResult<Self> {
        let pools = Pools::new(address)?;
        schema::refuse_other_than_newest(&pools.general).await?;
        schema::refuse_other_keys(&pools.general, &**franking).await?;
        refuse_half_moved(&pools.general).await?;
        let db = pools.general.lend().await.map_err(Fault::told)?;
        db.begun();
        in_time(ATTEMPT, db.clone(), hold(&db)).await.map_err(Fault::told)?;
        refuse_others(&db).await?;
        Ok(Self { pools, franking: Arc::clone(franking), commitment_of, held: Some(db) })
    }

    /// The end that is written.
    pub(crate) async fn target(
        address: &DatabaseAddress,
        franking: &Arc<dyn Franking>,
        commitment_of: CommitmentOf,
    ) -> StoreResult<Self> {
        let pools = Pools::new(address)?;
        schema::migrate(&pools.general, &**franking).await?;
        Ok(Self { pools, franking: Arc::clone(franking), commitment_of, held: None })
    }

    async fn connection(&self) -> StoreResult<Db> {
        match &self.held {
            Some(db) => Ok(db.clone()),
            None => self.pools.general.lend().await.map_err(Fault::told),
        }
    }

    /// One look.
    async fn looks<T>(&self, look: impl AsyncFnOnce(&Db) -> Outcome<T>) -> StoreResult<T> {
        let db = self.connection().await?;
        in_time(ATTEMPT, db.clone(), look(&db)).await.map_err(Fault::told)
    }
}

/// The error where a move into the store is not whole.
pub(super) async fn refuse_half_moved(pool: &Pool) -> StoreResult<()> {
    let is_moving = pool.try_repeatedly(|db| async move { db.exists(HALF_MOVED, &[]).await }).await;
    if is_moving.map_err(Fault::told)? { Err(StoreError::HalfMoved) } else { Ok(()) }
}

/// Before the first look, which decides at which moment everything is seen.
async fn hold(db: &Db) -> Outcome<()> {
    db.run(ONE_MOMENT).await?;
    let relations = TABLES.iter().filter(|table| table.way != Way::Counters).map(|table| table.name);
    let relations = relations.chain(["floors", "moving_in"]).collect::<Vec<_>>().join(", ");
    db.run(&format!("LOCK TABLE {relations} IN SHARE MODE")).await?;
    db.rows(schema::HOLD_VERSION, &[]).await?;
    Ok(())
}

/// The error where somebody else has a connection to this database.
async fn refuse_others(db: &Db) -> StoreResult<()> {
    let since = Instant::now();
    loop {
        let row = db.row(OTHERS, &[]).await.map_err(Fault::told)?;
        let others = row.map_or(Ok(0), |row| columns::number(&row, 0)).map_err(Fault::told)?;
        if others == 0 {
            return Ok(());
        }
        if since.elapsed() >= PATIENCE {
            let others = if others == 1 { "1 other connection".into() } else { format!("{others} other connections") };
            let what = "stop every node that serves from it, and whatever else is connected";
            return Err(StoreError::Locked(format!("there is {others} to it; {what}")));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[async_trait]
impl End for PostgresEnd {
    async fn incarnation(&mut self) -> StoreResult<IncarnationId> {
        self.looks(async |db| {
            let row = db.row(INCARNATION, &[]).await?.ok_or(Fault::Damaged("the store has no incarnation"))?;
            Ok(IncarnationId::from_bytes(columns::array(&row, 0)?))
        })
        .await
    }

    async fn count(&mut self) -> StoreResult<u64> {
        // As long as it takes, in tables of any size.
        let (db, mut all) = (self.connection().await?, 0);
        for table in TABLES.iter().filter(|table| table.way != Way::Counters) {
            let row = db.row(&format!("SELECT count(*) FROM {}", table.name), &[]).await.map_err(Fault::told)?;
            all += row.map_or(Ok(0), |row| columns::number(&row, 0)).map_err(Fault::told)?;
        }
        Ok(all)
    }

    async fn page(&mut self, table: &'static Table, after: Option<&[Value]>, most: usize) -> StoreResult<Vec<Row>> {
        self.looks(async |db| match (table.way, after) {
            (Way::Settings | Way::Counters, Some(_)) => Ok(Vec::new()),
            (Way::Counters, None) => counters(db).await,
            (Way::Log, after) => log::page(db, table, after, most, &*self.franking).await,
            (_, after) => rows::page(db, table, after, most).await,
        })
        .await
    }

    async fn let_go(&mut self) {
        if let Some(db) = self.held.take() {
            // Where that fails the connection is closed, which undoes as well.
            let _ = in_time(ATTEMPT, db.clone(), db.roll_back()).await;
        }
        self.pools.close();
    }
}

#[async_trait]
impl Arrival for PostgresEnd {
    async fn begin(&mut self, source: IncarnationId) -> StoreResult<Standing> {
        // Without a fault the transaction has written nothing where this is refused.
        let begun = |db: Db| async move {
            db.rows(schema::HOLD_VERSION, &[]).await?;
            match refuse_others(&db).await {
                Ok(()) => Ok(Ok(begin(&db, source).await?)),
                Err(refused) => Ok(Err(refused)),
            }
        };
        self.pools.general.transact(begun).await.map_err(Fault::told)?
    }

    async fn put(&mut self, table: &'static Table, rows: &[Row], reached: Reached) -> StoreResult<()> {
        let (franking, commitment_of) = (&*self.franking, self.commitment_of);
        let put = |db: Db| async move {
            match table.way {
                Way::Settings => {
                    if let [row] = rows {
                        db.execute(SET_INCARNATION, &row.iter().map(rows::bound).collect::<Vec<_>>()).await?;
                    }
                }
                Way::Counters => set_counters(&db, rows).await?,
                Way::Log => log::put(&db, table, rows, franking, commitment_of).await?,
                Way::Plain | Way::Conversations | Way::Submissions => rows::put(&db, table, rows).await?,
            }
            let before = reached.rows.saturating_sub(rows.len() as u64);
            let note: super::db::Params<'_> = &[&signed(reached.rows), &reached.content.0.as_slice(), &signed(before)];
            match db.execute(NOTE, note).await? {
                1 => Ok(()),
                _ => Err(Fault::Damaged("the note of how far the move is has changed")),
            }
        };
        self.pools.general.transact(put).await.map_err(Fault::told)
    }

    async fn complete(&mut self) -> StoreResult<()> {
        Ok(())
    }

    async fn release(&mut self) -> StoreResult<()> {
        self.pools.general.transact(|db| async move { db.run(DROP_NOTE).await }).await.map_err(Fault::told)
    }
}

async fn begin(db: &Db, source: IncarnationId) -> Outcome<Standing> {
    if let Some(row) = db.row(FIND_NOTE, &[]).await? {
        let (from, layout) = (IncarnationId::from_bytes(columns::array(&row, 0)?), row.try_get::<_, i64>(1)?);
        let reached = Reached { rows: columns::number(&row, 2)?, content: columns::bytes32(&row, 3)? };
        let is_this = from == source && layout == LAYOUT;
        return Ok(if is_this { Standing::Begun(reached) } else { Standing::OtherMove });
    }
    for table in TABLES.iter().filter(|table| table.way != Way::Counters) {
        let most = match table.name {
            "settings" | "lives" => 1,
            _ => 0,
        };
        if db.rows(&format!("SELECT 1 FROM {} LIMIT 2", table.name), &[]).await?.len() > most {
            return Ok(Standing::Taken);
        }
    }
    // That of the life that it was made with.
    db.run(DROP_LIVES).await?;
    let reached = Reached { rows: 0, content: Bytes32([0; 32]) };
    let note: super::db::Params<'_> = &[&source.as_bytes().as_slice(), &LAYOUT, &reached.content.0.as_slice()];
    db.execute(NOTE_BEGINNING, note).await?;
    Ok(Standing::Begun(reached))
}

/// The sequence behind a counted column, by the name that the database gives it.
fn sequence((table, column): (&str, &str)) -> String {
    format!("{table}_{column}_seq")
}

async fn counters(db: &Db) -> Outcome<Vec<Row>> {
    let mut rows = Vec::with_capacity(COUNTED.len());
    for (place, counted) in (0..).zip(COUNTED) {
        let used = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}", sequence(*counted));
        let row = db.row(&used, &[]).await?.ok_or(Fault::Damaged("a counter is missing"))?;
        rows.push(vec![Value::Number(place), Value::Number(row.try_get(0)?)]);
    }
    Ok(rows)
}

/// Sequences are no part of a transaction: set again they are the same.
async fn set_counters(db: &Db, rows: &[Row]) -> Outcome<()> {
    for (row, counted) in rows.iter().zip(COUNTED) {
        if let [_, Value::Number(used)] = row.as_slice()
            && *used > 0
        {
            db.rows(&format!("SELECT setval('{}', $1)", sequence(*counted)), &[used]).await?;
        }
    }
    Ok(())
}

/// The statements by which pages behind a key are read, of all tables that have many rows.
#[cfg(test)]
pub(super) fn pages() -> Vec<String> {
    let large = TABLES.iter().filter(|table| !["settings", "lives", "counters"].contains(&table.name));
    large
        .map(|table| if table.way == Way::Log { log::select(table, true) } else { rows::select(table, true) })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::conformance::CountingFranking;

    /// What does not travel, for it is this backend's own business.
    const OWN: &[(&str, &str)] = &[
        ("huis_schema", "one"),
        ("huis_schema", "version"),
        ("settings", "one"),
        ("settings", "keys"),
        ("floors", "conversation"),
        ("log", "commitment"),
        ("log", "seal"),
        ("moving_in", "one"),
        ("moving_in", "source"),
        ("moving_in", "layout"),
        ("moving_in", "moved"),
        ("moving_in", "content"),
    ];

    async fn pairs(db: &Db, sql: &str) -> BTreeSet<(String, String)> {
        let rows = db.rows(sql, &[]).await.expect("rows");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    #[tokio::test]
    async fn every_column_of_the_schema_travels_or_is_this_backends_own_business() {
        let Some(database) = huis_testpg::shared().map(|server| server.database()) else { return };
        let address = database.address().parse().expect("an address");
        let franking: Arc<dyn Franking> = Arc::new(CountingFranking);
        let end = PostgresEnd::target(&address, &franking, |_| None).await.expect("a target");
        let db = end.pools.general.lend().await.expect("a connection");
        let there = pairs(
            &db,
            "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
        )
        .await;
        let travelling = TABLES.iter().filter(|table| table.way != Way::Counters).flat_map(|table| {
            let columns = table.columns.iter().filter(|column| (table.name, column.name) != ("log", "mac"));
            columns.map(|column| (rows::relation_of(table, column).to_owned(), column.name.to_owned()))
        });
        let own = OWN.iter().map(|(table, column)| ((*table).to_owned(), (*column).to_owned()));
        assert_eq!(travelling.chain(own).collect::<BTreeSet<_>>(), there);
        let counted = pairs(
            &db,
            "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = 'public' AND is_identity = 'YES'",
        )
        .await;
        let listed = COUNTED.iter().map(|(table, column)| ((*table).to_owned(), (*column).to_owned()));
        assert_eq!(listed.collect::<BTreeSet<_>>(), counted);
    }
}
