//! A connection while it is lent to one piece of work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::fault::{Fault, Outcome};

/// The parameters of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection, as the work with it sees it. Clones are the same connection.
#[derive(Clone)]
pub(super) struct Db(Arc<Lent>);

/// Goes back to the pool when the last clone is dropped, unless a transaction may be open in it: work whose caller went
/// away in the middle is undone by closing its connection.
struct Lent {
    connection: Option<Object>,
    in_transaction: AtomicBool,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.in_transaction.load(Ordering::Relaxed)
            && let Some(connection) = self.connection.take()
        {
            drop(Object::take(connection));
        }
    }
}

impl Db {
    pub(super) fn new(connection: Object) -> Self {
        Self(Arc::new(Lent { connection: Some(connection), in_transaction: AtomicBool::new(false) }))
    }

    /// Begins a transaction. Each of its statements sees what was committed before the statement began.
    pub(super) async fn begin(&self) -> Outcome<()> {
        self.0.in_transaction.store(true, Ordering::Relaxed);
        self.run(super::BEGIN).await
    }

    /// Ends it; what it wrote is on disk.
    pub(super) async fn commit(&self) -> Outcome<()> {
        self.run("COMMIT").await?;
        self.ended();
        Ok(())
    }

    /// Undoes it.
    pub(super) async fn roll_back(&self) -> Outcome<()> {
        self.run("ROLLBACK").await?;
        self.ended();
        Ok(())
    }

    /// It is not known what the connection is doing: it is closed and not lent again.
    pub(super) fn give_up(&self) {
        self.begun();
    }

    /// A transaction was begun by hand.
    pub(super) fn begun(&self) {
        self.0.in_transaction.store(true, Ordering::Relaxed);
    }

    /// It was ended by hand.
    pub(super) fn ended(&self) {
        self.0.in_transaction.store(false, Ordering::Relaxed);
    }

    pub(super) async fn run(&self, sql: &str) -> Outcome<()> {
        Ok(self.connection()?.batch_execute(sql).await?)
    }

    /// The rows of a statement that is prepared once for each connection.
    pub(super) async fn rows(&self, sql: &str, params: Params<'_>) -> Outcome<Vec<Row>> {
        let connection = self.connection()?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.query(&statement, params).await?)
    }

    /// The first row, if there is one.
    pub(super) async fn row(&self, sql: &str, params: Params<'_>) -> Outcome<Option<Row>> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    /// Whether there is a row.
    pub(super) async fn exists(&self, sql: &str, params: Params<'_>) -> Outcome<bool> {
        Ok(!self.rows(sql, params).await?.is_empty())
    }

    /// How many rows the statement changed.
    pub(super) async fn execute(&self, sql: &str, params: Params<'_>) -> Outcome<u64> {
        let connection = self.connection()?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.execute(&statement, params).await?)
    }

    /// Has the statement ready.
    pub(super) async fn prepare(&self, sql: &str) -> Outcome<tokio_postgres::Statement> {
        Ok(self.connection()?.prepare_cached(sql).await?)
    }

    pub(super) fn connection(&self) -> Outcome<&Object> {
        self.0.connection.as_ref().ok_or(Fault::Stopped)
    }
}
