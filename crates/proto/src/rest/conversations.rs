//! Conversations, their commits and messages, open rooms.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountId, Bytes, ConversationId, ConversationKind, TimeShare};

/// `POST /api/v1/conversations`: creates a conversation, with its first commit in the same step; answers with a
/// [`Committed`].
///
/// `conversation-exists` names the conversation where the two accounts of a direct one, or the open room's name,
/// have one already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreateConversation {
    /// Its id, chosen by the creator; equal to the MLS group id.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// Direct: the other account (or one's own, for notes to oneself).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<AccountId>,
    /// Open: the room's name, without `#`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The group's GroupInfo before the first commit (RFC 9420, section 12.4.3), with the ratchet tree.
    pub group_info: Bytes,
    /// The device's submission counter.
    pub submission: u64,
    /// The first commit, which follows counter 0. Its own `submission` must be the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_commit: Option<SubmitCommit>,
}

/// `POST /api/v1/conversations/{conversation}/commits`: one atomic step; answers with a [`Committed`].
///
/// Who joins and leaves, the id, the author and the counter that it follows stand in the commit's authenticated
/// data. Sent again after a lost answer, it gives the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmitCommit {
    /// The device's submission counter.
    pub submission: u64,
    /// The MLS commit: a private message, or a public one for a join by external commit.
    pub commit: Bytes,
    /// The welcome for those who join, if anybody does who is not the author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome: Option<Bytes>,
    /// The GroupInfo after the commit, with the ratchet tree.
    pub group_info: Bytes,
    /// The newest entry that the device had taken when it built the commit. A leave that was ordered behind it would
    /// be voided: the server refuses the commit then. Means nothing in a first or an external commit.
    #[serde(default)]
    pub seen: u64,
}

/// A commit or a conversation is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Committed {
    /// The commit's place in the log; 0 for a conversation without a first commit.
    pub seq: u64,
    /// The commit counter after it.
    pub commit_counter: u64,
    /// When, in milliseconds since 1970 by the server's clock.
    pub received_at_ms: u64,
}

/// `POST /api/v1/conversations/{conversation}/messages`: the same as the frame `submit`; answers with a
/// [`MessageAccepted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmitMessage {
    /// The device's submission counter.
    pub submission: u64,
    /// The MLS message.
    pub payload: Bytes,
    /// The server's share, where the message is locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<TimeShare>,
}

/// `GET /api/v1/conversations/{conversation}/time-locks/{author}/{message}`, for whoever takes part there: the server's
/// share of a locked message, once its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleasedShare {
    /// The share.
    pub share: TimeShare,
}

/// A message is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageAccepted {
    /// Its place in the log.
    pub seq: u64,
    /// When, in milliseconds since 1970 by the server's clock.
    pub received_at_ms: u64,
}

/// `GET /api/v1/conversations?known_incarnation=…`: the conversations that the account takes part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Conversations {
    /// In no particular order.
    pub conversations: Vec<ConversationInfo>,
    /// Whether the incarnation that was named is none of this server's: the device was in a life of it that another
    /// restore gave up, or that is too long ago. Then `restored_head` is the newest entry of *this* log that the
    /// device acknowledged, and nothing is known of commits.
    #[serde(default)]
    pub incarnation_is_unknown: bool,
}

/// What the server knows of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConversationInfo {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// Open: the room's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The newest entry's place.
    pub head: u64,
    /// The commit counter.
    pub commit_counter: u64,
    /// Whether the asking device is a member; if not, it may join by an external commit.
    pub joined: bool,
    /// The accounts that take part.
    pub accounts: Vec<AccountId>,
    /// The newest entry that every restore since the named incarnation has kept; what a device has seen behind it was
    /// lost, and other entries stand there. None if there was no restore, or no incarnation was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_head: Option<u64>,
    /// The commit counter behind that entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_commit_counter: Option<u64>,
}

/// `GET /api/v1/conversations/{conversation}/group-info`: for members' accounts, and for anybody in an open room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupInfo {
    /// The GroupInfo after the newest commit, with the ratchet tree.
    pub group_info: Bytes,
    /// The commit counter that an external commit built on it follows.
    pub commit_counter: u64,
    /// The newest entry's place.
    pub head: u64,
}

/// `POST /api/v1/conversations/{conversation}/dissents`: this device skips a commit as invalid; answers with a
/// [`Dissented`]. Sent again, it gives the same answer but for what has changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dissent {
    /// The commit's place in the log. The device must not have acknowledged it yet.
    pub seq: u64,
}

/// What became of a commit that somebody dissented from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dissented {
    /// Whether the seats that the commit took were given back, now or before.
    pub undone: bool,
    /// Whether the dissenting device has a seat, and so is delivered what follows.
    pub seated: bool,
    /// The commit counter for which the server wants a GroupInfo from this very device, in place of the one that came
    /// with the commit, as most accounts dissent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_info_wanted: Option<u64>,
}

/// `PUT /api/v1/conversations/{conversation}/group-info`: a member's GroupInfo in place of a bad one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PutGroupInfo {
    /// The commit counter that it is of, which must be the newest.
    pub commit_counter: u64,
    /// The GroupInfo, with the ratchet tree.
    pub group_info: Bytes,
}

/// `POST /api/v1/conversations/{conversation}/group-info-requests`: a device that is to join finds the GroupInfo bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestGroupInfo {
    /// The commit counter that came with it. If there is a newer one there is another GroupInfo, and nothing is asked.
    pub commit_counter: u64,
}

/// `GET /api/v1/conversations/{conversation}/group-info-requests`, for members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupInfoRequests {
    /// The commit counter for which a better GroupInfo is wanted, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_counter: Option<u64>,
}

/// `GET /api/v1/rooms`: the open rooms, by name, at most 1,000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rooms {
    /// The rooms.
    pub rooms: Vec<Room>,
}

/// An open room; also `GET /api/v1/rooms/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Room {
    /// Its name, without `#`.
    pub name: String,
    /// The conversation.
    pub conversation: ConversationId,
    /// How many accounts take part.
    pub accounts: u64,
}
