//! Wakes the nodes of a server. What travels here are hints: the store is the truth, so a hint that is lost, repeated or
//! late costs time and nothing else.

use std::sync::{Arc, Weak};

use axum::body::Bytes;
use huis_proto::{AccountId, ConversationId, Member, SessionId};

/// Carries hints to every node, this one included.
pub(crate) trait Bus: Send + Sync {
    /// Sends a hint on its way; never waits.
    fn publish(&self, hint: Hint);
}

/// Who is told of hints: the hub of a node.
pub(crate) trait Listener: Send + Sync {
    /// A hint has arrived.
    fn heard(&self, hint: Hint);
}

/// What nodes tell each other.
#[derive(Debug, Clone)]
pub(crate) enum Hint {
    /// A conversation's log has grown.
    Reached(Reached),
    /// These devices have other seats in the conversation than before, without an entry that says so.
    Seats { conversation: ConversationId, devices: Vec<Member> },
    /// A better GroupInfo is wanted from the conversation's members.
    GroupInfoWanted { conversation: ConversationId, commit_counter: u64 },
    /// Something that is never stored.
    Ephemeral { conversation: ConversationId, from: Member, payload: Vec<u8> },
    /// A session has ended.
    SessionEnded(SessionId),
    /// A device of the account has stored a new version of the account state.
    AccountState { account: AccountId, version: u64 },
    /// The account has a new device list.
    DeviceList { account: AccountId, number: u64 },
    /// A device's one-time key packages run low.
    KeyPackagesLow { device: Member, remaining: u32 },
}

/// A conversation's log has reached `seq`.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub conversation: ConversationId,
    pub seq: u64,
    /// The entry itself, for messages that are not too large: connections that are up to date send it on as it is.
    pub live: Option<Arc<LiveEntry>>,
    /// Who came and went by this entry.
    pub roster: Option<Arc<RosterChange>>,
}

/// Devices that came and went by an entry.
#[derive(Debug, Clone, Default)]
pub(crate) struct RosterChange {
    pub joins: Vec<Member>,
    pub leaves: Vec<Member>,
}

/// A message of a log, encoded once for all who receive it.
#[derive(Debug)]
pub(crate) struct LiveEntry {
    pub conversation: ConversationId,
    pub seq: u64,
    pub author: Member,
    /// The frame for everybody else.
    pub frame: Bytes,
    /// The frame for the author's own device: without the payload, which that device can't open.
    pub own_frame: Bytes,
}

/// The bus of a single node: a call.
pub(crate) struct InProcess(Weak<dyn Listener>);

impl InProcess {
    pub(crate) fn new(listener: Weak<dyn Listener>) -> Self {
        Self(listener)
    }
}

impl Bus for InProcess {
    fn publish(&self, hint: Hint) {
        if let Some(listener) = self.0.upgrade() {
            listener.heard(hint);
        }
    }
}
