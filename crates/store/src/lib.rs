//! What a Huis server keeps: one narrow trait for each job, implemented by every backend alike.
//!
//! Two backends, with SQL of their own: [`sqlite`] in a file, and [`postgres`] for servers of several nodes.
//!
//! A method is one transaction. `Ok` means that what it wrote is on disk (fsync). Refusals that belong to the domain
//! (a name is taken, another commit came first) are values; [`StoreError`] is for faults of the store itself.

mod accounts;
mod admin_visits;
mod administration;
mod archives;
mod audit;
mod bans;
pub mod conformance;
mod contests;
mod conversations;
mod crowd;
mod files;
mod invitations;
mod key_packages;
pub mod moving;
mod overrides;
pub mod postgres;
mod push_subscriptions;
mod reports;
mod second_factors;
mod sessions;
mod settings;
pub mod sqlite;
mod time_locks;
mod turns;

use std::sync::Arc;

pub use accounts::*;
pub use admin_visits::*;
pub use administration::*;
pub use archives::*;
pub use audit::*;
pub use bans::*;
pub use contests::*;
pub use conversations::*;
pub use files::*;
pub use invitations::*;
pub use key_packages::*;
pub use overrides::*;
pub use push_subscriptions::*;
pub use reports::*;
pub use second_factors::*;
pub use sessions::*;
pub use settings::*;
pub use time_locks::*;

/// A fault of the store. What was attempted did not happen, unless the variant says otherwise.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No space left on the device.
    #[error("the disk is full: free some space; nothing that was acknowledged is lost")]
    Full,
    /// Another process holds the database, or it did not answer in time.
    #[error("the database is locked by another process: {0}")]
    Locked(String),
    /// The file is not a database, or its pages are damaged.
    #[error("the database is damaged: {0}; restore a backup, or recover it by the means of the database")]
    Damaged(String),
    /// Made by a newer version of Huis; it was not touched.
    #[error("the database has schema {found}, this version of huis knows up to {newest}: install the newer version")]
    NewerSchema {
        /// The schema's number in the database.
        found: u32,
        /// The newest number that this version knows.
        newest: u32,
    },
    /// A move into the database is not whole.
    #[error(
        "a move into it is not whole: go on with it by the same `huis migrate-store` as before, or serve from where it \
         comes from"
    )]
    HalfMoved,
    /// The database can't be reached, or the way to it broke while it worked: whether what was attempted happened is not
    /// known. Come back; a submission that comes again is recognised.
    #[error("the database can't be reached: {0}")]
    Unavailable(String),
    /// More work waits than the store takes; come back.
    #[error("the store is busy")]
    Busy,
    /// An earlier submission of the device was not taken, for a fault of the store: come back with that one first.
    #[error("an earlier submission of the device was not taken")]
    OutOfTurn,
    /// The store is stopping.
    #[error("the store is stopping")]
    Stopped,
    /// Anything else, in the backend's words; holds no data of users.
    #[error("the database: {0}")]
    Other(String),
}

/// The result of a store's method.
pub type StoreResult<T> = Result<T, StoreError>;

/// Everything that a server keeps.
pub trait Store:
    Accounts
    + Invitations
    + Sessions
    + SecondFactors
    + PushSubscriptions
    + AdminVisits
    + KeyPackages
    + Conversations
    + Contests
    + Files
    + TimeLocks
    + Archives
    + Administration
    + Bans
    + Reports
    + AuditLog
    + Overrides
    + Settings
{
}

impl<T> Store for T where
    T: Accounts
        + Invitations
        + Sessions
        + SecondFactors
        + SecondFactors
        + PushSubscriptions
        + AdminVisits
        + KeyPackages
        + Conversations
        + Contests
        + Files
        + TimeLocks
        + Archives
        + Administration
        + Bans
        + Reports
        + AuditLog
        + Overrides
        + Settings
{
}

/// A store that is shared by all of a server.
pub type SharedStore = Arc<dyn Store>;
