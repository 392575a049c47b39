//! The authenticated data of an MLS message: what the server has to know, and members check against the inside.
//!
//! It travels in the clear in the MLS framing (RFC 9420, section 6.3.1) and is covered by the sender's signature and
//! by the AEAD. Form: version byte 1, then CBOR of [`AuthenticatedData`].

use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};
use crate::{AccountId, BlobId, Bytes32, Member, MessageId, TimeLock, limits};

/// The version byte.
const VERSION: u8 = 1;

/// What is said in the clear beside a sealed message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticatedData {
    /// The message's id, which is also the key of the repeat check and stands inside the seal again.
    pub id: MessageId,
    /// Who sends.
    pub author: Member,
    /// The conversation's commit counter that this message was sealed under; a commit names the counter it follows.
    pub follows: u64,
    /// What the message does, as far as the server has to know.
    pub act: Act,
}

/// What a message does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Application data.
    Message {
        /// HMAC-SHA256 of the content under a key that stands inside the seal: makes reports provable (franking).
        commitment: Bytes32,
        /// The files that the message brings, each once: so the server knows how long it keeps them, and members see
        /// that it added and took away none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<BlobId>,
        /// When it opens, where it is locked: so the server keeps its share until then, and members see that the time
        /// is the one that the seal names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lock: Option<TimeLock>,
    },
    /// A commit that changes the group.
    Commit {
        /// Devices that the commit adds, in no particular order, each once.
        joins: Vec<Member>,
        /// Devices that the commit removes, each once.
        leaves: Vec<Member>,
        /// Accounts that it takes out of the conversation, each once, whether they had a device in it or not. Whoever
        /// loses the last device and does not stand here keeps its place: its devices join again by themselves.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        out: Vec<AccountId>,
    },
    /// A proposal by which the author's account leaves; the server stops delivering to these devices at once.
    Leave {
        /// All devices of the author's account in the conversation.
        leaves: Vec<Member>,
    },
}

impl AuthenticatedData {
    /// The bytes that stand in the MLS message.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::to_versioned(VERSION, self)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`CodecError`] for another version, another shape, repeated members or files, or more of them than a commit or message may
    /// name.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let data: Self = codec::from_versioned(VERSION, bytes)?;
        match &data.act {
            Act::Message { files, .. } => bounded("files", files, limits::FILES_PER_MESSAGE)?,
            Act::Commit { joins, leaves, out } => {
                bounded("joins", joins, limits::JOINS_PER_COMMIT)?;
                bounded("leaves", leaves, limits::MEMBERS)?;
                bounded("accounts that are out", out, limits::MEMBERS)?;
            }
            Act::Leave { leaves } => bounded("leaves", leaves, limits::DEVICES)?,
        }
        Ok(data)
    }
}

fn bounded<T: Copy + Ord>(name: &str, named: &[T], most: usize) -> Result<(), CodecError> {
    if named.len() > most {
        return Err(CodecError::Malformed(format!("{} {name}, at most {most} may be named", named.len())));
    }
    let mut sorted = named.to_vec();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(CodecError::Malformed(format!("one stands twice among the {name}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceId;

    fn member(byte: u8) -> Member {
        Member { account: AccountId::from_bytes([byte; 16]), device: DeviceId::from_bytes([byte; 16]) }
    }

    fn commit(joins: Vec<Member>) -> AuthenticatedData {
        AuthenticatedData {
            id: MessageId::from_bytes([1; 16]),
            author: member(2),
            follows: 7,
            act: Act::Commit { joins, leaves: vec![], out: vec![] },
        }
    }

    #[test]
    fn authenticated_data_keeps_its_bytes() {
        let data = AuthenticatedData {
            id: MessageId::from_bytes([1; 16]),
            author: member(2),
            follows: 7,
            act: Act::Message { commitment: Bytes32([3; 32]), files: vec![], lock: None },
        };
        let bytes = data.to_bytes();
        insta::assert_snapshot!(hex(&bytes));
        assert_eq!(AuthenticatedData::from_bytes(&bytes).unwrap(), data);
    }

    #[test]
    fn who_is_out_is_left_away_where_nobody_is_and_keeps_its_bytes_otherwise() {
        let plain = commit(vec![]).to_bytes();
        assert!(!plain.windows(4).any(|bytes| bytes == b"\x63out"));
        assert_eq!(AuthenticatedData::from_bytes(&plain).unwrap(), commit(vec![]));
        let act = Act::Commit { joins: vec![], leaves: vec![member(3)], out: vec![member(3).account] };
        let data = AuthenticatedData { act, ..commit(vec![]) };
        insta::assert_snapshot!(hex(&data.to_bytes()));
        assert_eq!(AuthenticatedData::from_bytes(&data.to_bytes()).unwrap(), data);
        let act = Act::Commit { joins: vec![], leaves: vec![], out: vec![member(3).account; 2] };
        assert!(AuthenticatedData::from_bytes(&AuthenticatedData { act, ..data }.to_bytes()).is_err());
    }

    #[test]
    fn a_messages_files_are_left_away_where_there_are_none_and_keep_their_bytes_otherwise() {
        let message = |files| AuthenticatedData {
            act: Act::Message { commitment: Bytes32([3; 32]), files, lock: None },
            ..commit(vec![])
        };
        assert!(!message(vec![]).to_bytes().windows(6).any(|bytes| bytes == b"\x65files"));
        let data = message(vec![BlobId::from_bytes([4; 16]), BlobId::from_bytes([5; 16])]);
        insta::assert_snapshot!(hex(&data.to_bytes()));
        assert_eq!(AuthenticatedData::from_bytes(&data.to_bytes()).unwrap(), data);
        let twice = message(vec![BlobId::from_bytes([4; 16]); 2]);
        assert!(AuthenticatedData::from_bytes(&twice.to_bytes()).is_err());
        let many = |count: usize| {
            message((0..count).map(|n| BlobId::from_bytes((n as u128).to_be_bytes())).collect()).to_bytes()
        };
        assert!(AuthenticatedData::from_bytes(&many(limits::FILES_PER_MESSAGE)).is_ok());
        assert!(AuthenticatedData::from_bytes(&many(limits::FILES_PER_MESSAGE + 1)).is_err());
    }

    #[test]
    fn a_messages_lock_is_left_away_where_there_is_none_and_keeps_its_bytes_otherwise() {
        let message = |lock| AuthenticatedData {
            act: Act::Message { commitment: Bytes32([3; 32]), files: vec![], lock },
            ..commit(vec![])
        };
        assert!(!message(None).to_bytes().windows(5).any(|bytes| bytes == b"\x64lock"));
        let data = message(Some(TimeLock { unlocks_at_ms: 1_900_000_000_000, share: Bytes32([6; 32]) }));
        insta::assert_snapshot!(hex(&data.to_bytes()));
        assert_eq!(AuthenticatedData::from_bytes(&data.to_bytes()).unwrap(), data);
    }

    #[test]
    fn a_member_named_twice_or_too_many_are_refused() {
        assert!(AuthenticatedData::from_bytes(&commit(vec![member(3), member(4), member(3)]).to_bytes()).is_err());
        let many = (0..=limits::JOINS_PER_COMMIT)
            .map(|n| Member { device: DeviceId::from_bytes((n as u128).to_be_bytes()), ..member(3) })
            .collect();
        assert!(AuthenticatedData::from_bytes(&commit(many).to_bytes()).is_err());
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
