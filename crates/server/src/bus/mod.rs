//! What the nodes of a server tell each other, count together, and agree on.
//!
//! Hints are hints: the store is the truth, so one that is lost, late or repeated costs time and nothing else. A bus that
//! has lost some says so ([`Hint::Missed`]), and whoever listens looks at the store.

mod address;
mod buckets;
mod counters;
mod hints;
mod in_process;
mod over_redis;

#[cfg(test)]
mod conformance;

use std::sync::Weak;

use futures_util::future::BoxFuture;

pub use address::BusAddress;
pub(crate) use buckets::{Rate, TooOften};
pub(crate) use counters::{Key, Limit};
pub(crate) use hints::{Hint, LiveEntry, Reached, RosterChange};
pub(crate) use in_process::InProcess;
pub(crate) use over_redis::RedisBus;

/// One node's end of the bus.
pub(crate) trait Bus: Send + Sync {
    /// Who is told of hints from here on; there is one for each end.
    fn listen(&self, listener: Weak<dyn Listener>);

    /// Sends a hint to every node, this one first. Never waits: what finds no room is lost, and that is told.
    fn publish(&self, hint: Hint);

    /// Takes one from the bucket of `key`, which all nodes share. Where they cannot be reached, this node counts alone, by
    /// its own time.
    fn take(&self, limit: Limit, key: Key, now_ms: u64) -> BoxFuture<'_, Result<(), TooOften>>;

    /// A number that is higher than every one that any node was given before; none where the nodes cannot be reached.
    fn number(&self) -> BoxFuture<'_, Option<u64>>;

    /// Whether hints of other nodes arrive; if not, whoever listens has to look at the store.
    fn is_whole(&self) -> bool;

    /// Sees to it that what was published has gone out, within a bounded time. Nothing is published after it.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Who is told of hints: the hub of a node.
pub(crate) trait Listener: Send + Sync {
    /// A hint has arrived.
    fn heard(&self, hint: Hint);
}
