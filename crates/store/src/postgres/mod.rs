//! The store in a PostgreSQL database, for servers of several nodes.
//!
//! Nodes are equal and keep nothing: what one of them wrote, all see. Rows are held in one order (see the schema), so
//! that nodes change a conversation one after another and none waits in a circle; work that the database undoes all the
//! same is begun anew. Messages go in batches by one way there and back (`batch.rs`), each device's in their order
//! (`writers.rs`); so do acknowledgements (`acks.rs`).

mod accounts;
mod acks;
mod address;
mod admin_visits;
mod administering;
mod administration;
mod archives;
mod audit;
mod bans;
mod batch;
mod columns;
mod commits;
mod contests;
mod db;
mod delivery;
mod expiry;
mod fault;
mod files;
mod floors;
mod group_infos;
mod held;
mod identities;
mod invitations;
mod key_packages;
mod listing;
mod lives;
mod log;
mod moves;
mod moving;
mod overrides;
mod pool;
mod push_subscriptions;
mod queue;
mod reports;
mod schema;
mod second_factors;
mod sessions;
mod time_locks;
mod traits;
mod undoing;
mod writers;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

use self::db::Db;
use self::fault::{Fault, Outcome};
use self::pool::Pools;
use self::writers::Writers;
use crate::{Franking, StoreResult};

pub use self::address::DatabaseAddress;
pub(crate) use self::moving::PostgresEnd;
pub use self::schema::NEWEST as NEWEST_SCHEMA;

/// Each statement sees what was committed before it began: what is held is read anew.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// The store in one PostgreSQL database. [`close`](crate::Settings::close) finishes what was accepted; a store that is
/// dropped without that finishes it as long as the runtime lives.
pub struct PostgresStore {
    pools: Arc<Pools>,
    writers: Writers,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    franking: Arc<dyn Franking>,
}

impl PostgresStore {
    /// Connects to the database and brings its schema up to date. The store's tasks run on the runtime of the caller.
    ///
    /// # Errors
    /// `Unavailable` where the database does not answer, [`StoreError::NewerSchema`](crate::StoreError::NewerSchema) for
    /// one that a newer version made, `Damaged` for one that another program uses, `HalfMoved`, `Other` with the
    /// database's reason, or where the franking key is not that of the nodes before.
    pub async fn open(address: &DatabaseAddress, franking: Arc<dyn Franking>) -> StoreResult<Self> {
        let pools = Arc::new(Pools::new(address)?);
        schema::migrate(&pools.general, &*franking).await?;
        // Behind the row of the schema's number, which whoever begins a move holds.
        moving::refuse_half_moved(&pools.general).await?;
        let (writers, tasks) = Writers::start(&pools, &franking);
        Ok(Self { pools, writers, tasks: Mutex::new(tasks), franking })
    }

    /// Whether a store was begun in this database; nothing is changed by looking.
    ///
    /// # Errors
    /// As for [`open`](Self::open), as far as they concern the connection; `HalfMoved`.
    pub async fn is_begun(address: &DatabaseAddress) -> StoreResult<bool> {
        let pools = Pools::new(address)?;
        let is_begun = schema::is_begun(&pools.general).await?;
        if is_begun {
            moving::refuse_half_moved(&pools.general).await?;
        }
        Ok(is_begun)
    }

    /// Does `run` in a transaction; it is on disk when this answers.
    async fn write<T, F, Fut>(&self, run: F) -> StoreResult<T>
    where
        F: Fn(Db) -> Fut + Sync,
        Fut: Future<Output = Outcome<T>> + Send,
        T: Send,
    {
        self.pools.general.transact(run).await.map_err(Fault::told_and_logged)
    }

    /// Does `run`, which is a single statement.
    async fn single<T, F, Fut>(&self, run: F) -> StoreResult<T>
    where
        F: Fn(Db) -> Fut,
        Fut: Future<Output = Outcome<T>>,
    {
        self.pools.general.try_repeatedly(run).await.map_err(Fault::told_and_logged)
    }

    fn take_tasks(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.writers.stop();
    }
}
