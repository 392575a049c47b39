//! What nodes tell each other.

use std::sync::Arc;

use axum::body::Bytes;
use huis_proto::{AccountId, ConversationId, Member, SessionId};
use serde::{Deserialize, Serialize};

/// What nodes tell each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Hint {
    /// A conversation's log has grown.
    Reached(Reached),
    /// These devices have other seats in the conversation than before, without an entry that says so.
    Seats { conversation: ConversationId, devices: Vec<Member> },
    /// A better GroupInfo is wanted from the conversation's members.
    GroupInfoWanted { conversation: ConversationId, commit_counter: u64 },
    /// Something that is never stored.
    Ephemeral { conversation: ConversationId, from: Member, payload: huis_proto::Bytes },
    /// A session has ended.
    SessionEnded(SessionId),
    /// A device of the account has stored a new version of the account state.
    AccountState { account: AccountId, version: u64 },
    /// The account has a new device list.
    DeviceList { account: AccountId, number: u64 },
    /// A device's one-time key packages run low.
    KeyPackagesLow { device: Member, remaining: u32 },
    /// The device has connected; a connection of it with a lower [number](super::Bus::number) is over.
    Connected { device: Member, number: u64 },
    /// The account was suspended, or its name banned.
    Barred(AccountId),
    /// A network was banned, or a ban lifted.
    Bans,
    /// A setting was changed.
    Settings,
    /// Hints were lost: look at the store.
    Missed,
    /// A node lives. Who hears nothing of it any more has missed its last words.
    Alive,
    /// A node has said everything and goes.
    Leaving,
}

/// A conversation's log has reached `seq`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reached {
    pub conversation: ConversationId,
    pub seq: u64,
    /// The entry itself, for messages that are not too large: connections that are up to date send it on as it is.
    pub live: Option<Arc<LiveEntry>>,
    /// Who came and went by this entry.
    pub roster: Option<Arc<RosterChange>>,
}

/// Devices that came and went by an entry.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct RosterChange {
    pub joins: Vec<Member>,
    pub leaves: Vec<Member>,
}

/// A message of a log, encoded once for all who receive it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LiveEntry {
    pub conversation: ConversationId,
    pub seq: u64,
    pub author: Member,
    /// When it was appended, in milliseconds since 1970 by the clock of the node that took it.
    pub received_at_ms: u64,
    /// The frame for everybody else.
    #[serde(with = "plain")]
    pub frame: Bytes,
    /// The frame for the author's own device: without the payload, which that device can't open.
    #[serde(with = "plain")]
    pub own_frame: Bytes,
}

impl Hint {
    /// About how many bytes it holds.
    pub(super) fn size(&self) -> usize {
        const SMALL: usize = 128;
        let held = match self {
            Self::Reached(Reached { live: Some(live), .. }) => live.frame.len() + live.own_frame.len(),
            Self::Ephemeral { payload, .. } => payload.len(),
            _ => 0,
        };
        held + SMALL
    }

    /// The same without the entry itself, which whoever needs it reads from the store.
    pub(super) fn without_entry(self) -> Self {
        match self {
            Self::Reached(reached) => Self::Reached(Reached { live: None, ..reached }),
            other => other,
        }
    }
}

/// Bytes as a byte string.
mod plain {
    use axum::body::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        huis_proto::Bytes::deserialize(deserializer).map(|bytes| bytes.0.into())
    }
}
