//! Typing and presence: small signs between the members of a group that nobody stores.
//!
//! They never touch the application ratchet, so that a lost one costs nothing. Each is sealed under a key that the MLS
//! exporter (RFC 9420, section 8.5) gives for its sender in this epoch, and signed by the sender's device, as every
//! member can derive that key.
//!
//! Form: version byte 1, nonce (12 bytes), AES-256-GCM ciphertext and tag of 128 bytes: the sign (1), its time (8),
//! the signature (64), zeros. All have one size.

use huis_proto::{Member, labels};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::{Group, GroupError};
use crate::directory::KnownDevices;
use crate::identity::LocalDevice;
use crate::sealing;

/// The version byte.
const VERSION: u8 = 1;
/// The exporter's label.
const LABEL: &str = "huis presence v1";
/// The size of what is sealed.
const PADDED: usize = 128;
const SIGNATURE: usize = 64;
/// The size of a sealed sign.
pub const SEALED_PRESENCE: usize = 1 + 28 + PADDED;

/// What somebody lets others know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Is there.
    Here,
    /// Is writing.
    Writing,
    /// Is gone.
    Away,
}

/// Why a sign is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Whom the server names as its sender is no member.
    #[error("its sender is no member")]
    Stranger,
    /// It was sealed in another epoch or conversation or by another sender, or it was changed.
    #[error("it does not open under the sender's key of this epoch")]
    NotOpened,
    /// Its form is wrong.
    #[error("it is no sign of presence")]
    Form,
    /// The signature is not that of the sender's listed device.
    #[error("its signature is not that of a listed device")]
    Signature,
}

impl Group {
    /// Seals a sign under the present epoch. `at_ms` is in milliseconds since 1970 by the server's clock, and grows.
    ///
    /// # Errors
    /// [`GroupError`] where this device is not in the group any more.
    pub fn seal_sign(
        &self,
        me: &LocalDevice,
        rng: &mut (impl RngCore + CryptoRng),
        sign: Sign,
        at_ms: u64,
    ) -> Result<Vec<u8>, GroupError> {
        let signature = me.secret.sign(labels::PRESENCE, &self.signed(me.member, sign, at_ms));
        let mut plain = Vec::with_capacity(PADDED);
        plain.push(number_of(sign));
        plain.extend_from_slice(&at_ms.to_be_bytes());
        plain.extend_from_slice(&signature);
        plain.resize(PADDED, 0);
        let key = self.presence_key(me.member)?;
        let sealed = sealing::seal(rng, &key, &self.bound_to(me.member), &plain);
        Ok([&[VERSION], &sealed[..]].concat())
    }

    /// Opens a sign that the server says is from `sender`, and gives the time that it states. **The caller refuses what
    /// is old, or not newer than the sender's last.**
    ///
    /// # Errors
    /// [`SignError`].
    pub fn open_sign(&self, known: &KnownDevices, sender: Member, sealed: &[u8]) -> Result<(Sign, u64), SignError> {
        let leaf = self.leaves.iter().map(|(_, leaf)| leaf).find(|leaf| leaf.member == sender);
        let leaf = leaf.ok_or(SignError::Stranger)?;
        let sealed = match sealed.split_first() {
            Some((&VERSION, rest)) if sealed.len() == SEALED_PRESENCE => rest,
            _ => return Err(SignError::Form),
        };
        let key = self.presence_key(sender).map_err(|_| SignError::NotOpened)?;
        let plain = sealing::open(&key, &self.bound_to(sender), sealed).map_err(|_| SignError::NotOpened)?;
        let (number, rest) = plain.split_first().ok_or(SignError::Form)?;
        let (time, rest) = rest.split_first_chunk::<8>().ok_or(SignError::Form)?;
        let (signature, padding) = rest.split_first_chunk::<SIGNATURE>().ok_or(SignError::Form)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(SignError::Form);
        }
        let (sign, at_ms) = (sign_of(*number).ok_or(SignError::Form)?, u64::from_be_bytes(*time));
        let signed = self.signed(sender, sign, at_ms);
        let is_signed = labels::verify(&leaf.key, labels::PRESENCE, &signed, signature).is_ok();
        if is_signed && known.lists(sender, &leaf.key) { Ok((sign, at_ms)) } else { Err(SignError::Signature) }
    }

    pub(super) fn presence_key(&self, sender: Member) -> Result<Zeroizing<[u8; 32]>, GroupError> {
        let context = [&sender.account.as_bytes()[..], sender.device.as_bytes()].concat();
        let exported = self.export(LABEL, &context, 32)?;
        let key = <[u8; 32]>::try_from(exported.as_slice());
        key.map(Zeroizing::new).map_err(|_| GroupError::Mls("the exporter gave another length".into()))
    }

    /// Version, conversation, epoch and sender.
    pub(super) fn bound_to(&self, sender: Member) -> Vec<u8> {
        [
            &[VERSION][..],
            self.conversation().as_bytes(),
            &self.epoch().to_be_bytes(),
            sender.account.as_bytes(),
            sender.device.as_bytes(),
        ]
        .concat()
    }

    pub(super) fn signed(&self, sender: Member, sign: Sign, at_ms: u64) -> Vec<u8> {
        [&self.bound_to(sender)[..], &at_ms.to_be_bytes(), &[number_of(sign)]].concat()
    }
}

fn number_of(sign: Sign) -> u8 {
    match sign {
        Sign::Here => 0,
        Sign::Writing => 1,
        Sign::Away => 2,
    }
}

fn sign_of(number: u8) -> Option<Sign> {
    match number {
        0 => Some(Sign::Here),
        1 => Some(Sign::Writing),
        2 => Some(Sign::Away),
        _ => None,
    }
}
