//! The conformance suite on PostgreSQL, and what goes beyond it: several nodes on one database.

mod nodes;
mod protection;
mod restarts;
mod suite;

use std::sync::Arc;

use huis_store::conformance::CountingFranking;
use huis_store::postgres::{DatabaseAddress, PostgresStore};
use huis_testpg::Database;

/// An empty database; none where there is no PostgreSQL here.
pub(crate) fn database() -> Option<Database<'static>> {
    huis_testpg::shared().map(|server| server.database())
}

/// A node on this database.
pub(crate) async fn node(database: &Database<'_>) -> Arc<PostgresStore> {
    let address: DatabaseAddress = database.address().parse().expect("an address");
    Arc::new(PostgresStore::open(&address, Arc::new(CountingFranking)).await.expect("a store"))
}
