//! The server's MAC for reports: proves later that this server received this commitment, from whom, where and when.

use std::fmt;

use hmac::{Hmac, Mac};
use huis_proto::rest::FrankingProof;
use huis_proto::{Bytes32, ConversationId, Member};
use huis_store::Franking;
use sha2::Sha256;
use zeroize::Zeroizing;

/// What the MAC is for, so that the key serves nothing else by accident.
const LABEL: &[u8; 16] = b"huis franking v1";

/// The key of the MAC. `Debug` hides it; it is wiped when dropped.
///
/// The MAC is HMAC-SHA256 (RFC 2104) over 113 bytes: the label `huis franking v1` (16 bytes), a zero byte, the
/// commitment (32), the conversation (16), the author's account (16) and device (16), then the place in the log and the
/// time in milliseconds since 1970, each a big-endian 64-bit number (8 + 8). No field's length varies, so no two
/// different inputs have the same bytes. It is 32 bytes, not shortened.
pub struct FrankingKey(Zeroizing<[u8; 32]>);

impl FrankingKey {
    /// Wraps the key's bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// Whether the author sent this content there, in this place and at this time: the opening and the content give the
    /// commitment, and the MAC is over that. Compared in constant time.
    #[expect(clippy::too_many_arguments, reason = "what the MAC covers, and what is held against it")]
    pub(crate) fn proves(
        &self,
        opening: &FrankingProof,
        content: &[u8],
        mac: &Bytes32,
        conversation: ConversationId,
        author: Member,
        seq: u64,
        received_at_ms: u64,
    ) -> bool {
        let commitment = keyed(&opening.0.0).chain_update(content).finalize().into_bytes();
        let over = self.over(&Bytes32(commitment.into()), conversation, author, seq, received_at_ms);
        over.verify_slice(&mac.0).is_ok()
    }

    fn over(
        &self,
        commitment: &Bytes32,
        conversation: ConversationId,
        author: Member,
        seq: u64,
        received_at_ms: u64,
    ) -> Hmac<Sha256> {
        let mut mac = keyed(&self.0);
        mac.update(LABEL);
        mac.update(&[0]);
        mac.update(&commitment.0);
        mac.update(conversation.as_bytes());
        mac.update(author.account.as_bytes());
        mac.update(author.device.as_bytes());
        mac.update(&seq.to_be_bytes());
        mac.update(&received_at_ms.to_be_bytes());
        mac
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    }
}

impl fmt::Debug for FrankingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrankingKey(…)")
    }
}

impl Franking for FrankingKey {
    fn mac(
        &self,
        commitment: &Bytes32,
        conversation: ConversationId,
        author: Member,
        seq: u64,
        received_at_ms: u64,
    ) -> Bytes32 {
        let mac = self.over(commitment, conversation, author, seq, received_at_ms);
        Bytes32(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::{AccountId, DeviceId};

    use super::*;

    fn author() -> Member {
        Member { account: AccountId::from_bytes([3; 16]), device: DeviceId::from_bytes([4; 16]) }
    }

    fn mac(commitment: u8, conversation: u8, author: Member, seq: u64, time: u64) -> Bytes32 {
        FrankingKey::new([1; 32]).mac(
            &Bytes32([commitment; 32]),
            ConversationId::from_bytes([conversation; 16]),
            author,
            seq,
            time,
        )
    }

    #[test]
    fn the_mac_covers_the_documented_bytes() {
        let text = [
            &b"huis franking v1\0"[..],
            &[2; 32],
            &[5; 16],
            &[3; 16],
            &[4; 16],
            &[0, 0, 0, 0, 0, 0, 0, 6],
            &[0, 0, 0, 0, 0, 0, 0, 7],
        ]
        .concat();
        assert_eq!(text.len(), 113);
        let mut plain = Hmac::<Sha256>::new_from_slice(&[1; 32]).unwrap();
        plain.update(&text);
        let expected: [u8; 32] = plain.finalize().into_bytes().into();
        assert_eq!(mac(2, 5, author(), 6, 7), Bytes32(expected));
    }

    #[test]
    fn every_field_changes_the_mac() {
        let other = Member { device: DeviceId::from_bytes([9; 16]), ..author() };
        let plain = mac(2, 5, author(), 6, 7);
        for changed in [
            mac(9, 5, author(), 6, 7),
            mac(2, 9, author(), 6, 7),
            mac(2, 5, other, 6, 7),
            mac(2, 5, author(), 9, 7),
            mac(2, 5, author(), 6, 9),
        ] {
            assert_ne!(plain, changed);
        }
    }

    #[test]
    fn only_the_whole_of_what_was_sent_is_proved() {
        let key = FrankingKey::new([1; 32]);
        let opening = FrankingProof(Bytes32([8; 32]));
        let commitment = keyed(&opening.0.0).chain_update(b"content").finalize().into_bytes();
        let there = ConversationId::from_bytes([5; 16]);
        let mac = key.mac(&Bytes32(commitment.into()), there, author(), 6, 7);
        let elsewhere = ConversationId::from_bytes([9; 16]);
        let other = Member { account: AccountId::from_bytes([9; 16]), ..author() };
        let wrong = FrankingProof(Bytes32([9; 32]));
        assert!(key.proves(&opening, b"content", &mac, there, author(), 6, 7));
        assert!(!key.proves(&opening, b"another", &mac, there, author(), 6, 7));
        assert!(!key.proves(&wrong, b"content", &mac, there, author(), 6, 7));
        assert!(!key.proves(&opening, b"content", &Bytes32([0; 32]), there, author(), 6, 7));
        assert!(!key.proves(&opening, b"content", &mac, elsewhere, author(), 6, 7));
        assert!(!key.proves(&opening, b"content", &mac, there, other, 6, 7));
        assert!(!key.proves(&opening, b"content", &mac, there, author(), 7, 7));
        assert!(!key.proves(&opening, b"content", &mac, there, author(), 6, 8));
        assert!(!FrankingKey::new([2; 32]).proves(&opening, b"content", &mac, there, author(), 6, 7));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", FrankingKey::new([7; 32])), "FrankingKey(…)");
    }
}
