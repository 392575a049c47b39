//! Bans of names and of addresses.

use async_trait::async_trait;
use huis_proto::BanId;
use huis_proto::rest::{BanInfo, BanTarget};

use crate::{Act, Acted, Bar, Ended, StoreResult};

/// A ban to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBan {
    /// Its id.
    pub id: BanId,
    /// A username in its one form, or a network in its one form.
    pub target: BanTarget,
    /// [`huis_proto::names::skeleton`] of the username; empty for a network.
    pub skeleton: String,
    /// Why.
    pub reason: String,
    /// Until when, in milliseconds since 1970; none if it has no end.
    pub ends_at_ms: Option<u64>,
}

/// A ban that was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BanPut {
    /// The ban.
    pub ban: BanInfo,
    /// The sessions of the account of this name, if there is one, which have ended.
    pub ended: Option<Ended>,
}

/// Bans. One is over when its end has come.
#[async_trait]
pub trait Bans: Send + Sync {
    /// All that are not over, oldest first.
    async fn bans(&self, now_ms: u64) -> StoreResult<Vec<BanInfo>>;

    /// What keeps anybody from registering under a name with this skeleton.
    async fn bar_of_name(&self, skeleton: &str, now_ms: u64) -> StoreResult<Option<Bar>>;

    /// Sets a ban, in place of one of the same target whose setter's role was not higher, unless there are `most`. Those
    /// that are over are forgotten. An account of the name, whose role must be below the actor's, loses its sessions.
    async fn put_ban(&self, act: Act, new: NewBan, most: usize) -> StoreResult<Acted<BanPut>>;

    /// Lifts a ban, unless who set it had a higher role.
    async fn lift_ban(&self, act: Act, ban: BanId) -> StoreResult<Acted<BanInfo>>;
}

/// The numbers under which targets are kept, and their texts.
pub(crate) fn parts(target: &BanTarget) -> (i16, &str) {
    match target {
        BanTarget::Name(name) => (0, name),
        BanTarget::Network(network) => (1, network),
    }
}

/// The target of such parts.
pub(crate) fn target(kind: i64, subject: String) -> Option<BanTarget> {
    match kind {
        0 => Some(BanTarget::Name(subject)),
        1 => Some(BanTarget::Network(subject)),
        _ => None,
    }
}

/// How the audit log names it.
pub(crate) fn named(target: &BanTarget) -> String {
    match target {
        BanTarget::Name(name) => format!("name {name}"),
        BanTarget::Network(network) => format!("network {network}"),
    }
}
