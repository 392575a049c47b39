//! What a server remembers of itself.

use async_trait::async_trait;
use huis_proto::{ConversationId, IncarnationId, Member};

use crate::StoreResult;

/// Where a restore cut a conversation's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoredLog {
    /// The conversation.
    pub conversation: ConversationId,
    /// The newest entry that was kept; 0 if the backup did not know the conversation.
    pub head: u64,
    /// The commit counter behind it.
    pub commit_counter: u64,
}

/// What a device has to make up for, in the conversations that its account takes part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restores {
    /// Nothing: this is the life that it knows.
    None,
    /// For each conversation the lowest of all cuts since the life that it knows.
    Since(Vec<RestoredLog>),
    /// The device comes from a life that this store does not know: a branch that another restore gave up, or one too
    /// long ago. All that is sure is how far the device had acknowledged *this* log; the commit counters are 0.
    Unknown(Vec<RestoredLog>),
}

/// The store's own facts.
#[async_trait]
pub trait Settings: Send + Sync {
    /// Which life of the store this is; minted with the store.
    async fn incarnation(&self) -> StoreResult<IncarnationId>;

    /// Mints another incarnation, after a restore from a backup, and notes where each conversation stands. One-time key
    /// packages are dropped, as they may have been handed out behind the backup. The last 16 restores are told apart.
    async fn renew_incarnation(&self) -> StoreResult<IncarnationId>;

    /// What restores have cut since the incarnation that a device knows.
    async fn restores_since(&self, asker: Member, known: IncarnationId) -> StoreResult<Restores>;

    /// Whether the store answers at all, for `/readyz`: reads and writes nothing of users.
    async fn check(&self) -> StoreResult<()>;

    /// Finishes what was accepted and closes. Later calls answer `Stopped`.
    async fn close(&self) -> StoreResult<()>;
}
