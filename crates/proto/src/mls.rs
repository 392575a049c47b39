//! Reads the clear part of an MLS message (RFC 9420, section 6): enough to route and order it, nothing sealed.

use crate::ConversationId;
use crate::aad::AuthenticatedData;
use crate::codec::CodecError;

/// The clear part of a message of a conversation's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The conversation, which is the MLS group id.
    pub conversation: ConversationId,
    /// The MLS epoch that the message was framed in.
    pub epoch: u64,
    /// What the framing says that the message holds.
    pub content: ContentType,
    /// Whether the framing is a public message, which is allowed for external commits alone.
    pub public: bool,
    /// What the author says in the clear.
    pub data: AuthenticatedData,
}

/// The content type of a framed message (RFC 9420, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// Application data.
    Application,
    /// A proposal.
    Proposal,
    /// A commit.
    Commit,
}

/// Why a message of a log can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Shorter than its framing says, or not MLS 1.0.
    #[error("not an MLS 1.0 message: {0}")]
    Framing(&'static str),
    /// The group id is not one of ours.
    #[error("the group id is not a conversation's id")]
    Group,
    /// The authenticated data can't be read.
    #[error("the authenticated data: {0}")]
    Data(#[from] CodecError),
}

const MLS10: u16 = 1;
const WIRE_PUBLIC_MESSAGE: u16 = 1;
const WIRE_PRIVATE_MESSAGE: u16 = 2;
const SENDER_MEMBER: u8 = 1;
const SENDER_NEW_MEMBER_COMMIT: u8 = 4;

/// Reads the header of an `MLSMessage` that holds a private message, or a public one by a joiner (external commit).
///
/// # Errors
/// [`HeaderError`] where the bytes are not such a message. Trust nothing of it but the form: only members can check
/// the signature.
pub fn header(bytes: &[u8]) -> Result<Header, HeaderError> {
    let mut reader = Reader(bytes);
    if reader.u16()? != MLS10 {
        return Err(HeaderError::Framing("another protocol version"));
    }
    let public = match reader.u16()? {
        WIRE_PRIVATE_MESSAGE => false,
        WIRE_PUBLIC_MESSAGE => true,
        _ => {
            return Err(HeaderError::Framing("neither a private nor a public message"));
        }
    };
    let conversation = ConversationId::try_from(reader.vector()?).map_err(|_| HeaderError::Group)?;
    let epoch = reader.u64()?;
    let (content, data) = if public {
        match reader.u8()? {
            SENDER_NEW_MEMBER_COMMIT => {}
            SENDER_MEMBER => {
                return Err(HeaderError::Framing("a member's message must be private"));
            }
            _ => {
                return Err(HeaderError::Framing("a public message by somebody else than a joiner"));
            }
        }
        let data = reader.vector()?;
        (reader.content_type()?, data)
    } else {
        let content = reader.content_type()?;
        (content, reader.vector()?)
    };
    if public && content != ContentType::Commit {
        return Err(HeaderError::Framing("a public message that is no commit"));
    }
    Ok(Header { conversation, epoch, content, public, data: AuthenticatedData::from_bytes(data)? })
}

/// A private message's framing around made-up ciphertext, for load tests: has a header that servers accept, and
/// opens for nobody.
pub fn made_up_private_message(
    conversation: ConversationId,
    epoch: u64,
    data: &AuthenticatedData,
    ciphertext: &[u8],
) -> Vec<u8> {
    const APPLICATION: u8 = 1;
    const MADE_UP_SENDER_DATA: [u8; 28] = [0; 28];
    let mut bytes = Vec::with_capacity(ciphertext.len() + 256);
    bytes.extend_from_slice(&MLS10.to_be_bytes());
    bytes.extend_from_slice(&WIRE_PRIVATE_MESSAGE.to_be_bytes());
    append_vector(&mut bytes, conversation.as_bytes());
    bytes.extend_from_slice(&epoch.to_be_bytes());
    bytes.push(APPLICATION);
    append_vector(&mut bytes, &data.to_bytes());
    append_vector(&mut bytes, &MADE_UP_SENDER_DATA);
    append_vector(&mut bytes, ciphertext);
    bytes
}

fn append_vector(bytes: &mut Vec<u8>, vector: &[u8]) {
    // The prefix of a variable-size vector: RFC 9420, section 2.1.2.
    match vector.len() {
        length @ 0..=0x3f => bytes.push(length as u8),
        length @ 0x40..=0x3fff => bytes.extend_from_slice(&(length as u16 | 0x4000).to_be_bytes()),
        length => bytes.extend_from_slice(&(length as u32 | 0x8000_0000).to_be_bytes()),
    }
    bytes.extend_from_slice(vector);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], HeaderError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(HeaderError::Framing("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        self.take(N)?.try_into().map_err(|_| HeaderError::Framing("it ends too early"))
    }

    fn u8(&mut self) -> Result<u8, HeaderError> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, HeaderError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, HeaderError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A variable-size vector, whose prefix must be the shortest one (RFC 9420, section 2.1.2).
    fn vector(&mut self) -> Result<&'a [u8], HeaderError> {
        let first = self.u8()?;
        let (length, least) = match first >> 6 {
            0 => (usize::from(first), 0),
            1 => (usize::from(first & 0x3f) << 8 | usize::from(self.u8()?), 0x40),
            2 => {
                let [a, b, c] = self.array()?;
                let length = u32::from_be_bytes([first & 0x3f, a, b, c]);
                (length as usize, 0x4000)
            }
            _ => {
                return Err(HeaderError::Framing("a vector's length has an invalid prefix"));
            }
        };
        if length < least {
            return Err(HeaderError::Framing("a vector's length is not in its shortest form"));
        }
        self.take(length)
    }

    fn content_type(&mut self) -> Result<ContentType, HeaderError> {
        match self.u8()? {
            1 => Ok(ContentType::Application),
            2 => Ok(ContentType::Proposal),
            3 => Ok(ContentType::Commit),
            _ => Err(HeaderError::Framing("an unknown content type")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::aad::Act;
    use crate::{AccountId, Bytes32, DeviceId, Member, MessageId};

    fn data() -> AuthenticatedData {
        AuthenticatedData {
            id: MessageId::from_bytes([1; 16]),
            author: Member { account: AccountId::from_bytes([2; 16]), device: DeviceId::from_bytes([3; 16]) },
            follows: 4,
            act: Act::Message { commitment: Bytes32([5; 32]), files: vec![], lock: None },
        }
    }

    #[test]
    fn the_header_of_a_private_message_is_read() {
        let conversation = ConversationId::from_bytes([6; 16]);
        let bytes = made_up_private_message(conversation, 9, &data(), &[0; 300]);
        let header = header(&bytes).unwrap();
        assert_eq!(header.conversation, conversation);
        assert_eq!((header.epoch, header.content, header.public), (9, ContentType::Application, false));
        assert_eq!(header.data, data());
    }

    #[test]
    fn a_member_may_not_speak_in_public_framing() {
        let mut bytes = made_up_private_message(ConversationId::from_bytes([6; 16]), 9, &data(), &[0; 8]);
        bytes[3] = WIRE_PUBLIC_MESSAGE as u8;
        bytes[4 + 17 + 8] = SENDER_MEMBER;
        assert_eq!(header(&bytes), Err(HeaderError::Framing("a member's message must be private")));
    }

    #[test]
    fn every_cut_of_a_message_is_refused_without_a_panic() {
        let bytes = made_up_private_message(ConversationId::from_bytes([6; 16]), 9, &data(), &[]);
        let end_of_data = bytes.len() - 1 - 29;
        for cut in 0..end_of_data {
            assert!(header(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = header(&bytes);
            let framed = [&[0, 1, 0, 2, 16][..], &bytes].concat();
            let _ = header(&framed);
        }
    }
}
