//! Connections, and how often work is begun anew on them.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, PoolError, RecyclingMethod, Runtime, TimeoutType};
use rand::Rng as _;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::address::DatabaseAddress;
use super::db::Db;
use super::fault::{Fault, Outcome};
use super::writers::WRITERS;
use crate::StoreError;
use crate::crowd::Crowd;

/// The connections of a node for everything but the writers, each of which has one.
const CONNECTIONS: usize = 11;
/// How long a connection is waited for, or its making, or its answer whether it is still there.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one attempt may take. The database ends each statement sooner: this is for one that answers nothing at all.
pub(super) const ATTEMPT: Duration = Duration::from_secs(60);
/// How often work is begun that another node's work, or a lock, undoes.
const ATTEMPTS: u32 = 10;
/// The wait before the second attempt; it doubles.
const FIRST_WAIT_MS: u64 = 2;
/// The longest wait.
const LONGEST_WAIT_MS: u64 = 200;
/// Nothing runs or waits for ever; and what is acknowledged is on disk, also where the database's own default is not to
/// wait for that.
const SETTINGS: &str = "SET statement_timeout = '20s'; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '30s'; \
     SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit', true) = 'off'";
/// All statements find few rows by an index: one plan serves every call, and planning costs nothing. It is often made
/// while a table is small, or has just been emptied, and is kept when it has grown; so reading a table from end to end is
/// never it. Compiling a plan takes longer than any of them.
const ONE_PLAN: &str = "SET plan_cache_mode = 'force_generic_plan'; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";

const SILENT: &str = "it does not answer in time";

/// Connections to one database.
pub(super) struct Pool {
    connections: deadpool_postgres::Pool,
    callers: Crowd,
}

/// The connections of a node.
pub(super) struct Pools {
    /// For the writers of what is written all the time, which never wait for others.
    pub(super) hot: Pool,
    /// For everything else.
    pub(super) general: Pool,
}

impl Pools {
    pub(super) fn new(address: &DatabaseAddress) -> Result<Self, StoreError> {
        Ok(Self { hot: Pool::new(address, WRITERS + 1)?, general: Pool::new(address, CONNECTIONS)? })
    }

    pub(super) fn close(&self) {
        self.hot.connections.close();
        self.general.connections.close();
    }
}

impl Pool {
    fn new(address: &DatabaseAddress, most: usize) -> Result<Self, StoreError> {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match address.tls()? {
            Some(tls) => Manager::from_config(address.config().clone(), tls, config),
            None => Manager::from_config(address.config().clone(), tokio_postgres::NoTls, config),
        };
        let settings = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move {
                match tokio::time::timeout(PATIENCE, set_up(client)).await {
                    Ok(done) => done.map_err(HookError::Backend),
                    Err(_) => Err(HookError::message(SILENT)),
                }
            })
        });
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(most)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .post_create(settings)
            .runtime(Runtime::Tokio1)
            .build();
        let connections = pool.map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(Self { connections, callers: Crowd::default() })
    }

    /// A connection, as soon as there is one.
    pub(super) async fn lend(&self) -> Outcome<Db> {
        let _waiting = self.callers.enter().map_err(|_| Fault::Crowded)?;
        match self.connections.get().await {
            Ok(connection) => Ok(Db::new(connection)),
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(Fault::Crowded),
            Err(PoolError::Timeout(_)) => Err(Fault::NoConnection(SILENT.into())),
            Err(PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error))) => {
                Err(Fault::no_connection(&error))
            }
            Err(PoolError::Closed) => Err(Fault::Stopped),
            Err(other) => Err(Fault::NoConnection(other.to_string())),
        }
    }

    /// Does `run` in a transaction; it is on disk when this answers.
    pub(super) async fn transact<T, F, Fut>(&self, run: F) -> Outcome<T>
    where
        F: Fn(Db) -> Fut + Sync,
        Fut: Future<Output = Outcome<T>> + Send,
        T: Send,
    {
        let run = &run;
        self.try_repeatedly(|db| async move {
            db.begin().await?;
            match run(db.clone()).await {
                Ok(done) => {
                    db.commit().await?;
                    Ok(done)
                }
                Err(fault) => {
                    // Where that fails the connection is closed, which undoes as well.
                    let _ = db.roll_back().await;
                    Err(fault)
                }
            }
        })
        .await
    }

    /// Does `run`, once more where nothing of it happened and it may go well the next time.
    pub(super) async fn try_repeatedly<T, F, Fut>(&self, run: F) -> Outcome<T>
    where
        F: Fn(Db) -> Fut,
        Fut: Future<Output = Outcome<T>>,
    {
        let mut attempt = 1;
        loop {
            let db = self.lend().await?;
            let done = in_time(ATTEMPT, db.clone(), run(db)).await;
            match done {
                Err(fault) if fault.passes() && attempt < ATTEMPTS => {
                    let longest = (FIRST_WAIT_MS << attempt).min(LONGEST_WAIT_MS);
                    let wait = Duration::from_millis(rand::thread_rng().gen_range(0..=longest));
                    tokio::time::sleep(wait).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }
}

/// Does work with a connection, unless it takes too long: whether it happened is not known then.
pub(super) async fn in_time<T>(most: Duration, db: Db, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    match tokio::time::timeout(most, work).await {
        Ok(done) => done,
        Err(_) => {
            db.give_up();
            Err(Fault::NoConnection(SILENT.into()))
        }
    }
}

async fn set_up(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(SETTINGS).await?;
    match client.batch_execute(ONE_PLAN).await {
        // Other engines of the protocol plan in their own way.
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_OBJECT) => Ok(()),
        done => done,
    }
}
