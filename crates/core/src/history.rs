//! Noticing holes and forks: each message names its sender's counter and the last log entry that the sender had seen.

use huis_proto::{Bytes32, ConversationId, MessageId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The last entry of the conversation's log that a sender had seen when it sealed a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSeen {
    /// The entry's place in the log.
    pub seq: u64,
    /// [`entry_hash`] of the entry.
    pub hash: Bytes32,
}

/// The hash by which two members compare an entry of the log: SHA-256 over label, conversation, place, id and payload.
pub fn entry_hash(conversation: ConversationId, seq: u64, id: MessageId, payload: &[u8]) -> Bytes32 {
    let hash = Sha256::new()
        .chain_update(b"huis log entry v1\0")
        .chain_update(conversation.as_bytes())
        .chain_update(seq.to_be_bytes())
        .chain_update(id.as_bytes())
        .chain_update(payload)
        .finalize();
    Bytes32(hash.into())
}

/// How a sender's counter continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuation {
    /// The next message, or the first one seen of this sender.
    InOrder,
    /// This many messages of the sender are missing before it.
    Missing(u64),
    /// The counter was used before, or went back: the sender's state is an old copy, or somebody replays.
    Repeated,
}

/// Compares a message's counter with the highest one seen of its sender. Counters begin at 1 and rise by 1 with each
/// message that the device submits to the conversation.
pub fn continuation(highest_seen: Option<u64>, counter: u64) -> Continuation {
    match highest_seen {
        None => Continuation::InOrder,
        Some(highest) if counter <= highest => Continuation::Repeated,
        Some(highest) => match counter - highest - 1 {
            0 => Continuation::InOrder,
            missing => Continuation::Missing(missing),
        },
    }
}

/// How the sender's view of the log compares with one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same entry stands there here.
    Same,
    /// Another entry stands there here: the server showed two histories.
    Forked,
    /// The sender had seen an entry which has not come here although a later one has.
    Hole,
    /// Too old to be kept here, or from before this device joined.
    NotKept,
}

/// Compares a sender's last seen entry with one's own log: `own` is the hash kept for that place, `oldest_kept` the
/// lowest place that is kept, and `before` the place of the message itself.
pub fn compare(last_seen: &LastSeen, own: Option<&Bytes32>, oldest_kept: u64, before: u64) -> Comparison {
    match own {
        Some(hash) if *hash == last_seen.hash => Comparison::Same,
        Some(_) => Comparison::Forked,
        // A sender cannot have seen what stands behind its own message.
        None if last_seen.seq >= before => Comparison::Forked,
        None if last_seen.seq < oldest_kept => Comparison::NotKept,
        None => Comparison::Hole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entrys_hash_is_fixed_and_depends_on_all_of_it() {
        let conversation = ConversationId::from_bytes([1; 16]);
        let id = MessageId::from_bytes([2; 16]);
        let hash = entry_hash(conversation, 3, id, b"payload");
        let hex: String = hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
        assert_ne!(hash, entry_hash(conversation, 4, id, b"payload"));
        assert_ne!(hash, entry_hash(conversation, 3, id, b"payloaf"));
        assert_ne!(hash, entry_hash(conversation, 3, MessageId::from_bytes([3; 16]), b"payload"));
        assert_ne!(hash, entry_hash(ConversationId::from_bytes([9; 16]), 3, id, b"payload"));
    }

    #[test]
    fn holes_and_repeats_of_a_sender_are_seen() {
        assert_eq!(continuation(None, 7), Continuation::InOrder);
        assert_eq!(continuation(Some(7), 8), Continuation::InOrder);
        assert_eq!(continuation(Some(7), 10), Continuation::Missing(2));
        assert_eq!(continuation(Some(7), 7), Continuation::Repeated);
        assert_eq!(continuation(Some(7), 0), Continuation::Repeated);
    }

    #[test]
    fn a_forked_history_and_a_hole_are_seen() {
        let seen = LastSeen { seq: 5, hash: Bytes32([1; 32]) };
        assert_eq!(compare(&seen, Some(&Bytes32([1; 32])), 1, 9), Comparison::Same);
        assert_eq!(compare(&seen, Some(&Bytes32([2; 32])), 1, 9), Comparison::Forked);
        assert_eq!(compare(&seen, None, 1, 9), Comparison::Hole);
        assert_eq!(compare(&seen, None, 6, 9), Comparison::NotKept);
        assert_eq!(compare(&seen, None, 1, 5), Comparison::Forked);
    }
}
