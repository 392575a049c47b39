//! What travels over the WebSocket `/api/v1/ws`, subprotocol `huis.v1`.
//!
//! Every WebSocket message is binary and holds a CBOR sequence (RFC 8742) of one or more frames. A frame is a map
//! with one entry: the frame's name, and its fields. Each side skips fields and frames that it does not know.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};
use crate::{Bytes, Bytes32, ConversationId, ConversationKind, IncarnationId, Member, MessageId, Problem, TimeShare};

/// The WebSocket subprotocol (RFC 6455, section 1.9), which names the version.
pub const SUBPROTOCOL: &str = "huis.v1";

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientFrame {
    /// Appends an application message or a leave proposal to a conversation's log. The conversation, id and counter
    /// stand in the message's own header.
    Submit(Submit),
    /// Everything of the conversation up to and with `seq` is safely stored by this device.
    Ack {
        /// The conversation.
        conversation: ConversationId,
        /// The newest entry that is stored, with none missing before it.
        seq: u64,
    },
    /// The welcome is safely stored by this device.
    AckWelcome {
        /// The conversation that the welcome leads to.
        conversation: ConversationId,
        /// The welcome's `seq`, so that a later welcome to the same conversation is not lost.
        seq: u64,
    },
    /// Something that is never stored: goes to the members' connected devices, or nowhere.
    Ephemeral {
        /// The conversation.
        conversation: ConversationId,
        /// Sealed bytes, at most [`EPHEMERAL_PAYLOAD`](crate::limits::EPHEMERAL_PAYLOAD).
        payload: Bytes,
    },
    /// Asks for a `pong`.
    Ping {},
}

/// A message for a conversation's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submit {
    /// Chosen by the client; the answer names it.
    pub request: u32,
    /// The device's submission counter, which grows with every submission of this device, in any conversation.
    pub submission: u64,
    /// The MLS message (RFC 9420, section 6).
    pub payload: Bytes,
    /// The server's share, where the message is locked. **Beside the message and never in it:** what is in it goes to
    /// the members at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<TimeShare>,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerFrame {
    /// The first frame of a connection.
    Ready(Ready),
    /// A submission is on disk.
    Accepted(Accepted),
    /// A submission is refused; nothing of it was stored.
    Refused {
        /// The submission's request.
        request: u32,
        /// Why.
        problem: Problem,
    },
    /// The next entry of a conversation's log.
    Entry(LogEntry),
    /// This device was added to a conversation. Entries of the conversation follow only after its `ack-welcome`.
    Welcome(WelcomeEntry),
    /// Entries of this conversation up to and with `seq` have expired before this device fetched them.
    Expired {
        /// The conversation.
        conversation: ConversationId,
        /// The last entry that is gone.
        seq: u64,
    },
    /// Everything that waited for this device when it connected has been sent.
    CaughtUp {},
    /// Something that was never stored.
    Ephemeral {
        /// The conversation.
        conversation: ConversationId,
        /// Which device sent it, as the server knows it.
        from: Member,
        /// Sealed bytes.
        payload: Bytes,
    },
    /// The GroupInfo on the server is bad, or said to be: a member that has reached this commit counter is asked for its
    /// own. Said once to each member, when it is asked or when it connects.
    GroupInfoWanted {
        /// The conversation.
        conversation: ConversationId,
        /// The newest commit counter.
        commit_counter: u64,
    },
    /// The device's stock of one-time key packages runs low.
    KeyPackagesLow {
        /// How many are left.
        remaining: u32,
    },
    /// Another device of the account has stored a new version of the account state.
    AccountStateChanged {
        /// The newest version.
        version: u64,
    },
    /// The account has a new device list.
    DeviceListChanged {
        /// The newest list's number.
        number: u64,
    },
    /// Answers a `ping`.
    Pong {
        /// The server's clock, in milliseconds since 1970.
        server_time_ms: u64,
    },
}

/// How a connection begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The server's clock, in milliseconds since 1970.
    pub server_time_ms: u64,
    /// Which life of the store this is; another one than before means that the server was restored from a backup.
    pub incarnation: IncarnationId,
    /// The highest submission counter that the server has of this device. If it is ahead of the device's own
    /// database, that database is an old copy.
    pub submission: u64,
    /// The device's one-time key packages that are left.
    pub key_packages: u32,
    /// The newest version of the account state.
    pub account_state: u64,
    /// The server's version, for diagnostics.
    pub server: String,
}

/// The answer to a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The submission's request.
    pub request: u32,
    /// Its place in the conversation's log.
    pub seq: u64,
    /// When it was appended, in milliseconds since 1970 by the server's clock.
    pub received_at_ms: u64,
}

/// One entry of a conversation's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its place: counts from 1 without gaps.
    pub seq: u64,
    /// What it is.
    pub kind: EntryKind,
    /// The commit counter after this entry.
    pub commit_counter: u64,
    /// The message's id.
    pub id: MessageId,
    /// Who sent it, as the server knows it; the seal says it again.
    pub author: Member,
    /// When it was appended, in milliseconds since 1970 by the server's clock.
    pub received_at_ms: u64,
    /// The MLS message; empty for the receiving device's own application messages and leave proposals, which MLS
    /// lets nobody open who sealed them.
    pub payload: Bytes,
    /// The server's MAC for reports (franking); messages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Bytes32>,
}

/// What a log entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// Application data.
    Message,
    /// A commit; it raised the commit counter by one.
    Commit,
    /// A proposal by which an account leaves.
    Leave,
}

/// How a device learns that it was added to a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WelcomeEntry {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its kind, as the server knows it.
    pub kind: ConversationKind,
    /// The place of the commit that added the device; its first entry is the next one.
    pub seq: u64,
    /// The commit counter after that commit.
    pub commit_counter: u64,
    /// Who added the device, as the server knows it.
    pub author: Member,
    /// When, in milliseconds since 1970 by the server's clock.
    pub received_at_ms: u64,
    /// The MLS welcome (RFC 9420, section 12.4.3.1), with the ratchet tree.
    pub welcome: Bytes,
    /// The place behind which the device's seat begins: that of the commit, or an earlier one if it had a seat. Then the
    /// entries up to the commit are delivered as well.
    pub seat: u64,
}

/// A frame as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received<T> {
    /// A frame that this side knows.
    Frame(T),
    /// A well-formed frame of a name that this side does not know: skipped, and said.
    Unknown(String),
}

/// The frames of one WebSocket message, in order. `T` is [`ClientFrame`] or [`ServerFrame`].
///
/// # Errors
/// [`CodecError`] where the message is empty or something in it is no frame; frames before it are lost with it, for
/// who sends garbage is not to be trusted with half a message.
pub fn read_message<T: DeserializeOwned>(message: &[u8]) -> Result<Vec<Received<T>>, CodecError> {
    let mut rest = message;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (frame, after) = first_frame(rest)?;
        frames.push(frame);
        rest = after;
    }
    if frames.is_empty() { Err(CodecError::Malformed("a message without a frame".into())) } else { Ok(frames) }
}

/// The first frame of a WebSocket message, and what follows it: for who reads a long message without holding all of
/// its frames at once.
///
/// # Errors
/// [`CodecError`] where the bytes do not begin with a frame.
pub fn first_frame<T: DeserializeOwned>(message: &[u8]) -> Result<(Received<T>, &[u8]), CodecError> {
    match codec::first_from_cbor::<T>(message) {
        Ok((frame, after)) => Ok((Received::Frame(frame), after)),
        Err(error) => {
            let (value, after) = codec::first_from_cbor::<ciborium::Value>(message)?;
            let name = unknown_name::<T>(&value).ok_or(error)?;
            Ok((Received::Unknown(name), after))
        }
    }
}

/// The name of a frame that `T` has no variant for; none if the name is known, and so the fields are at fault.
fn unknown_name<T: DeserializeOwned>(value: &ciborium::Value) -> Option<String> {
    const LONGEST_NAME: usize = 64;
    let [(ciborium::Value::Text(name), _)] = value.as_map()?.as_slice() else {
        return None;
    };
    if name.len() > LONGEST_NAME || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
        return None;
    }
    let probe = codec::to_cbor(&ciborium::Value::Map(vec![(name.as_str().into(), ciborium::Value::Null)]));
    matches!(codec::from_cbor::<T>(&probe), Err(CodecError::UnknownVariant)).then(|| name.clone())
}

/// Why a WebSocket ends, beside the codes of RFC 6455, section 7.4.1 (1000 normal, 1001 going away: the server
/// stops, come back; 1009 message too big).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// The server stops or restarts: connect again.
    GoingAway = 1001,
    /// A message is larger than allowed.
    TooBig = 1009,
    /// A message that is no sequence of frames: a fault of the client.
    BadFrame = 4000,
    /// The session has ended: sign in again, do not reconnect.
    SessionEnded = 4001,
    /// Nothing was heard for too long: connect again.
    Silent = 4002,
    /// The same device has connected again: this is the older connection.
    Replaced = 4003,
    /// Too many connections or frames: connect again after a while.
    TooMany = 4004,
    /// The store has a fault: connect again after a while.
    StoreFault = 4005,
    /// The account was suspended, or its name banned: its session has ended, and the reason is said.
    Suspended = 4006,
    /// The address was banned, and the reason is said: connect again after a long while.
    Banned = 4007,
}

impl CloseCode {
    /// The code as it travels.
    pub const fn code(self) -> u16 {
        self as u16
    }
}

#[cfg(test)]
mod tests {
    use ciborium::cbor;
    use proptest::prelude::*;

    use super::*;

    fn ack() -> ClientFrame {
        ClientFrame::Ack { conversation: ConversationId::from_bytes([1; 16]), seq: 300 }
    }

    #[test]
    fn a_frame_keeps_its_bytes() {
        let bytes = codec::to_cbor(&ack());
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
    }

    #[test]
    fn several_frames_travel_in_one_message() {
        let message = [codec::to_cbor(&ack()), codec::to_cbor(&ClientFrame::Ping {})].concat();
        let frames = read_message(&message).unwrap();
        assert_eq!(frames, [Received::Frame(ack()), Received::Frame(ClientFrame::Ping {})]);
    }

    #[test]
    fn frames_and_fields_from_the_future_are_skipped_and_named() {
        let value = cbor!({ "wave" => { "hand" => "left" } }).unwrap();
        let more = cbor!({ "pong" => { "server_time_ms" => 5, "mood" => "good" } }).unwrap();
        let message = [codec::to_cbor(&value), codec::to_cbor(&more)].concat();
        let frames = read_message::<ServerFrame>(&message).unwrap();
        assert_eq!(
            frames,
            [Received::Unknown("wave".into()), Received::Frame(ServerFrame::Pong { server_time_ms: 5 })]
        );
    }

    #[test]
    fn a_known_frame_with_wrong_fields_is_an_error_not_an_unknown_frame() {
        let value = cbor!({ "ack" => { "seq" => "three" } }).unwrap();
        assert!(read_message::<ClientFrame>(&codec::to_cbor(&value)).is_err());
        assert!(read_message::<ClientFrame>(b"").is_err());
        assert!(read_message::<ClientFrame>(b"\xff").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_message::<ClientFrame>(&bytes);
            let _ = read_message::<ServerFrame>(&bytes);
        }
    }
}
