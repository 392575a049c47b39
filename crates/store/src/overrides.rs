//! Settings that were changed while the server runs. What they mean is the server's affair.

use async_trait::async_trait;

use crate::{Act, Acted, Noted, StoreResult};

/// A setting whose configured value does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Its name.
    pub name: String,
    /// What counts.
    pub value: String,
    /// The username of who set it.
    pub set_by: String,
    /// When, in milliseconds since 1970.
    pub since_ms: u64,
}

/// A value that is to count in place of the configured one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOverride {
    /// The setting's name.
    pub name: String,
    /// What is to count.
    pub value: String,
    /// What is configured: how it was before, where nothing was set yet.
    pub configured: String,
}

/// Changed settings.
#[async_trait]
pub trait Overrides: Send + Sync {
    /// All of them, in the order of the bytes of their names.
    async fn overrides(&self) -> StoreResult<Vec<Override>>;

    /// Sets one, in place of what was set before; `Unchanged` if that is the same.
    async fn put_override(&self, act: Act, new: NewOverride) -> StoreResult<Acted<()>>;

    /// Has what is configured count again; `NotThere` if it does already.
    async fn drop_override(&self, act: Act, name: &str, configured: &str) -> StoreResult<Acted<()>>;
}

/// What the audit log says of a change.
pub(crate) fn changed(name: &str, before: &str, after: &str) -> Noted {
    Noted { subject: format!("setting {name}"), before: before.to_owned(), after: after.to_owned() }
}
