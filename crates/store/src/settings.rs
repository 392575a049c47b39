//! What a server remembers of itself.

use async_trait::async_trait;
use huis_proto::IncarnationId;

use crate::StoreResult;

/// The store's own facts.
#[async_trait]
pub trait Settings: Send + Sync {
    /// Which life of the store this is; minted with the store.
    async fn incarnation(&self) -> StoreResult<IncarnationId>;

    /// Mints another incarnation, after a restore from a backup.
    async fn renew_incarnation(&self) -> StoreResult<IncarnationId>;

    /// Whether the store answers at all, for `/readyz`: reads and writes nothing of users.
    async fn check(&self) -> StoreResult<()>;

    /// Finishes what was accepted and closes. Later calls answer `Stopped`.
    async fn close(&self) -> StoreResult<()>;
}
