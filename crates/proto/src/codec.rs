//! CBOR (RFC 8949) for frames and for what is signed or sealed, bounded on the way in.

mod reader;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How deep arrays and maps may be nested in what is read from outside.
const MOST_NESTING: usize = 16;
const MOST_NESTING_OF_ONES_OWN: usize = 256;

/// The bytes are not the CBOR that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Not CBOR, too deeply nested, or not of the expected shape. Holds what was wrong, never the bytes.
    #[error("not the expected CBOR: {0}")]
    Malformed(String),
    /// What it names is not among what is expected there.
    #[error("not the expected CBOR: an unknown variant")]
    UnknownVariant,
    /// A known form followed by further bytes.
    #[error("{0} bytes are left over after the value")]
    Trailing(usize),
    /// Begins with a version that this side does not speak.
    #[error("version {found} is not spoken here; the newest known is {newest}")]
    Version {
        /// The version byte that was found.
        found: u8,
        /// The newest version that this side reads.
        newest: u8,
    },
}

impl From<reader::Fault> for CodecError {
    fn from(fault: reader::Fault) -> Self {
        match fault {
            reader::Fault::Variant => Self::UnknownVariant,
            fault => Self::Malformed(fault.to_string()),
        }
    }
}

/// `value` as CBOR.
///
/// The types of this crate always encode: they hold no maps with composite keys and no foreign `Serialize` code.
pub fn to_cbor(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    append_cbor(value, &mut bytes);
    bytes
}

/// Appends `value` as CBOR to `bytes`; several values one after another are a CBOR sequence (RFC 8742).
pub fn append_cbor(value: &impl Serialize, bytes: &mut Vec<u8>) {
    let written = ciborium::into_writer(value, &mut *bytes);
    debug_assert!(written.is_ok(), "writing CBOR to memory does not fail");
}

/// Reads exactly one value.
///
/// # Errors
/// [`CodecError`] where the bytes are not one value of this type, or something follows it.
pub fn from_cbor<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, rest) = first_from_cbor(bytes)?;
    match rest.len() {
        0 => Ok(value),
        left => Err(CodecError::Trailing(left)),
    }
}

/// Reads the first value of a CBOR sequence and gives what follows it.
///
/// # Errors
/// [`CodecError::Malformed`] where the bytes do not begin with a value of this type.
pub fn first_from_cbor<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), CodecError> {
    let mut rest = bytes;
    match reader::read(&mut rest, MOST_NESTING) {
        Ok(value) => Ok((value, rest)),
        Err(fault) => Err(fault.into()),
    }
}

/// Reads a value of this device's own, which may be nested deeper than what comes from outside, and nothing behind it.
///
/// # Errors
/// [`CodecError`] where the bytes are not one value of this type.
pub fn from_own_cbor<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T, CodecError> {
    match reader::read(&mut bytes, MOST_NESTING_OF_ONES_OWN) {
        Ok(value) if bytes.is_empty() => Ok(value),
        Ok(_) => Err(CodecError::Trailing(bytes.len())),
        Err(fault) => Err(fault.into()),
    }
}

/// `value` as CBOR behind a version byte: the form of everything that is stored, signed or sealed.
pub fn to_versioned(version: u8, value: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![version];
    append_cbor(value, &mut bytes);
    bytes
}

/// Reads one value behind the version byte `version`.
///
/// # Errors
/// [`CodecError::Version`] for another version, otherwise as [`from_cbor`].
pub fn from_versioned<T: DeserializeOwned>(version: u8, bytes: &[u8]) -> Result<T, CodecError> {
    match bytes.split_first() {
        Some((found, value)) if *found == version => from_cbor(value),
        Some((found, _)) => Err(CodecError::Version { found: *found, newest: version }),
        None => Err(CodecError::Malformed("nothing there".into())),
    }
}
