//! Random 128-bit identifiers, one type for each thing.

use std::fmt;
use std::str::FromStr;

use rand::{CryptoRng, RngCore};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

/// The text is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier is 32 hexadecimal digits")]
pub struct ParseIdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A fresh identifier from `rng`.
            pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
                let mut bytes = [0; 16];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// The identifier with these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The identifier's 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = ParseIdError;

            fn try_from(bytes: &[u8]) -> Result<Self, ParseIdError> {
                bytes.try_into().map(Self).map_err(|_| ParseIdError)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_hex(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(IdVisitor).map(Self)
                } else {
                    deserializer.deserialize_bytes(IdVisitor).map(Self)
                }
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some("^[0-9a-f]{32}$"))
                    .description(Some("A random identifier: 32 lower-case hexadecimal digits."))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

id!(
    /// Names an account for ever; its username may be looked up, this may not be guessed.
    AccountId
);
id!(
    /// Names a device of an account.
    DeviceId
);
id!(
    /// Names a conversation; equal to the MLS group id.
    ConversationId
);
id!(
    /// Names a message or a commit; chosen by the sending device, the key of the repeat check.
    MessageId
);
id!(
    /// Names a blob: the ciphertext of a file.
    BlobId
);
id!(
    /// Names a signed-in session of a device.
    SessionId
);
id!(
    /// Names one life of a server's store; a restore from a backup mints another.
    IncarnationId
);
id!(
    /// Names an invitation; lets nobody in.
    InvitationId
);
id!(
    /// Names a ban.
    BanId
);
id!(
    /// Names a report.
    ReportId
);

fn parse_hex(text: &str) -> Result<[u8; 16], ParseIdError> {
    let text = text.as_bytes();
    if text.len() != 32 {
        return Err(ParseIdError);
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digits = std::str::from_utf8(pair).map_err(|_| ParseIdError)?;
        // `from_str_radix` takes a sign, which is no digit here.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ParseIdError);
        }
        *byte = u8::from_str_radix(digits, 16).map_err(|_| ParseIdError)?;
    }
    Ok(bytes)
}

struct IdVisitor;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = [u8; 16];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identifier: 32 hexadecimal digits, or 16 bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        parse_hex(text).map_err(E::custom)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    #[test]
    fn an_id_is_hexadecimal_in_json_and_bytes_in_cbor() {
        let id = AccountId::from_bytes([0xab; 16]);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{}\"", "ab".repeat(16)));
        assert_eq!(codec::to_cbor(&id).len(), 17);
        let back: AccountId = codec::from_cbor(&codec::to_cbor(&id)).unwrap();
        assert_eq!(back, id);
    }

    #[test]
    fn what_is_not_32_hexadecimal_digits_is_refused() {
        for wrong in ["", "ab", &"+a".repeat(16), &"zz".repeat(16), &"ab".repeat(17), &"é".repeat(16)] {
            assert_eq!(wrong.parse::<DeviceId>(), Err(ParseIdError), "{wrong}");
        }
    }
}
