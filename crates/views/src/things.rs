//! The things that a face shows.

use huis_proto::{AccountId, ConversationId, ConversationKind, DeviceId, MessageId};
use serde::{Deserialize, Serialize};

use crate::{Connection, Failure, Named};

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The account.
    pub account: AccountId,
    /// The username in its one form.
    pub username: String,
    /// This device.
    pub device: DeviceId,
    /// The server.
    pub server: String,
    /// The identity key, in hexadecimal.
    pub identity_key: String,
}

/// How the engine is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The way to the server.
    pub connection: Connection,
    /// Whether everything that waited at the server when the connection began is here.
    pub caught_up: bool,
    /// How many messages and changes of groups wait to be sent.
    pub waiting: u32,
    /// Conversations that this device is about to join.
    pub joining: u32,
    /// Why there can be no connection before somebody installs another version of the client or the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions_apart: Option<Failure>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Its id, the same on all devices.
    pub id: MessageId,
    /// Its place in this device's own order; grows with each message.
    pub position: u64,
    /// Where it was said.
    pub conversation: ConversationId,
    /// The name of the conversation, as [`ConversationView::name`].
    pub conversation_name: String,
    /// The author.
    pub from: Named,
    /// The author's device.
    pub device: DeviceId,
    /// Whether it is one's own, from whichever device.
    pub own: bool,
    /// When the author says it was sent, in milliseconds since 1970.
    pub sent_at_ms: u64,
    /// When the server got it, in milliseconds since 1970; none while it waits to be sent.
    pub received_at_ms: Option<u64>,
    /// Its place in the conversation's log; none while it waits to be sent.
    pub seq: Option<u64>,
    /// `text`, or a kind that this version stores but cannot show.
    pub kind: String,
    /// The text; empty for a kind that this version cannot show.
    pub text: String,
    /// Whether the conversation is a request that nobody answered.
    pub request: bool,
    /// Whether the author's device stood in its account's newest list of devices when the message came.
    pub author_listed: bool,
    /// How far it got.
    pub state: MessageState,
}

/// How far a message got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// It came from somebody else, or from another device of one's own.
    Received,
    /// Stored here; it goes out by itself.
    Waiting,
    /// The server has it on disk.
    Sent,
    /// It was not and will not be sent, unless it is tried again.
    Failed(Failure),
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationView {
    /// The conversation.
    pub id: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// How to call it: `@name`, `#title`, or its id.
    pub name: String,
    /// The title or the room's name, where there is one.
    pub title: Option<String>,
    /// The accounts in it, oneself among them.
    pub accounts: Vec<Named>,
    /// Where this device stands.
    pub state: ConversationState,
    /// Whether it is a request that nobody answered.
    pub request: bool,
    /// When its newest message was received, in milliseconds since 1970; 0 if there is none.
    pub newest_ms: u64,
    /// How many messages of others are not read.
    pub unread: u32,
}

/// Where this device stands in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConversationState {
    /// It is being created or joined.
    Joining,
    /// This device is a member.
    Joined,
    /// It is being joined anew.
    Repairing,
    /// Not joined: its members differ from those that the account knew, and a person decides.
    Held,
    /// Left, or removed from it.
    Left,
}

/// A member of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// The account.
    pub account: Named,
    /// Its role.
    pub role: MemberRole,
    /// Its devices in the conversation.
    pub devices: Vec<DeviceId>,
}

/// What an account may do in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberRole {
    /// Speaks.
    Member,
    /// Invites, and removes members.
    Admin,
    /// Gives roles, and removes anybody.
    Owner,
}

/// A device of one's own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// The device.
    pub device: DeviceId,
    /// When it was added, in milliseconds since 1970 by the clock of who added it; 0 if not known here.
    pub added_at_ms: u64,
    /// Whether it is this device.
    pub current: bool,
    /// When its session was last used, in milliseconds since 1970; none if it has no session.
    pub used_at_ms: Option<u64>,
}

/// What is known of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// The account.
    pub account: Named,
    /// 60 digits, the same on both sides, to be compared by two people.
    pub safety_number: String,
    /// Whether they were compared.
    pub verified: bool,
    /// Whether the server shows another identity key than the pinned one.
    pub identity_changed: bool,
    /// Whether the account is blocked here.
    pub blocked: bool,
    /// Its devices.
    pub devices: Vec<DeviceId>,
}

/// Who has got or read a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// Who.
    pub account: Named,
    /// Whether it was read; otherwise it was delivered.
    pub read: bool,
    /// When the receipt came, in milliseconds since 1970 by the server's clock.
    pub at_ms: u64,
}

/// A message that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The message.
    pub message: MessageView,
    /// Where the words stand in the text: begin and end, in bytes of UTF-8, in order.
    pub highlights: Vec<(u32, u32)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_inside_a_view_comes_back_from_json() {
        let state = MessageState::Failed(Failure::Unsent { count: 3 });
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(text, r#"{"failed":{"failure":"unsent","count":3}}"#);
        assert_eq!(serde_json::from_str::<MessageState>(&text).unwrap(), state);
    }
}
