//! What travels between a Huis client and a Huis server.
//!
//! Identifiers, REST bodies, WebSocket frames, error codes, limits, and the parameters that both sides must share
//! (the OPAQUE suite, the form of device lists, the authenticated data of MLS messages). Nothing here does I/O, and
//! nothing here can open what is sealed: of an MLS message it reads the header and the authenticated data alone.
//!
//! JSON (REST) and CBOR (WebSocket) are two encodings of the same types: bytes are base64url without padding in JSON
//! and byte strings in CBOR; identifiers are 32 lower-case hexadecimal digits in JSON and 16-byte strings in CBOR.

#![deny(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod aad;
pub mod beacon;
mod bytes;
pub mod codec;
pub mod device_list;
pub mod error;
pub mod frames;
mod ids;
pub mod labels;
pub mod limits;
pub mod mls;
pub mod names;
pub mod opaque;
pub mod recovery;
pub mod rest;
mod time_locks;
pub mod versions;

pub use bytes::{Bytes, Bytes32};
pub use error::{ErrorCode, Problem};
pub use ids::{
    AccountId, BanId, BlobId, ConversationId, DeviceId, IncarnationId, InvitationId, MessageId, ReportId, SessionId,
};
pub use time_locks::{TimeLock, TimeShare};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One device of one account: the unit that holds keys, has a leaf in a group, and is delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// The account that the device belongs to.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
}

/// The kind of a conversation, which decides who may join it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConversationKind {
    /// Two accounts; the server keeps at most one for each pair.
    Direct,
    /// Members are invited by members.
    Group,
    /// Any account of the server may join by itself; its name is known to the server.
    Open,
}
