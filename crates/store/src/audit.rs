//! The audit log: what was done by those who look after the server. Entries are added, and never changed or taken out.

use async_trait::async_trait;
use huis_proto::rest::AuditEntry;

use crate::{Act, Acted, StoreResult};

/// What an entry says beside who did it and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Noted {
    /// On whom or what.
    pub subject: String,
    /// How it was before.
    pub before: String,
    /// How it is since.
    pub after: String,
}

/// The audit log. Most of it is written by the acts themselves.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Writes down an act that changes nothing in the store, before it is done.
    async fn note(&self, act: Act, noted: Noted) -> StoreResult<Acted<()>>;

    /// The entries behind number `after`, oldest first, at most `most`.
    async fn audit_page(&self, after: u64, most: usize) -> StoreResult<Vec<AuditEntry>>;

    /// The entries before number `before`, or all where there is none, newest first, at most `most`.
    async fn newest_audit(&self, before: Option<u64>, most: usize) -> StoreResult<Vec<AuditEntry>>;
}
