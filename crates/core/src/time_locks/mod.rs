//! Time locks: content that opens no sooner than its sender said.
//!
//! The key is made of two shares. One travels inside the message, so that only members have it; the other one is left with
//! the server, which hands it to members when the time has come. Neither is of any use alone. **Together they open before the
//! time:** a member whom the server helps reads early.
//!
//! Where nobody is to be trusted with the other share, it is [sealed for a round of a public beacon](BeaconLock) instead, and travels
//! in the message as well.

use huis_proto::{AccountId, BlobId, Bytes, Bytes32, ConversationId, MessageId, TimeLock, TimeShare, limits};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::content::{Content, ContentError};
use crate::sealing;

mod beacon;

pub use self::beacon::{BeaconLock, BeaconSecret, SEALED_SECRET, SECRET};

const LABEL: &[u8] = b"huis time lock v1\0";
const BEACON_LABEL: &[u8] = b"huis time lock drand v1\0";
/// The most bytes of content that are locked: with everything around them they still fit into the log.
pub const MOST_LOCKED: usize = 126 * 1024;

/// Content that is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// When it opens, and by what the share that is missing is recognised.
    pub lock: TimeLock,
    /// Where the share that is missing is sealed until then; none where the server has it.
    pub beacon: Option<BeaconLock>,
    /// The members' share.
    pub share: TimeShare,
    /// The files that it brings: the server and the members hold this against what it says once it is open.
    pub files: Vec<BlobId>,
    /// What it says, sealed.
    pub sealed: Bytes,
}

/// Where a locked message stands; it opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The conversation.
    pub conversation: ConversationId,
    /// Whose message it is.
    pub author: AccountId,
    /// Its id.
    pub message: MessageId,
}

/// Both shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Goes into the message.
    pub members: TimeShare,
    /// Goes to the server, beside the message; or is what a beacon lets open.
    pub server: TimeShare,
}

/// Why locked content does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// The server gave another share than the sender left with it, or another one was sealed for the beacon.
    #[error("the server's share is not the one that the message names")]
    Share,
    /// Nothing opens with these shares at this place.
    #[error("the message does not open, though its time has come: it was sealed wrongly or changed")]
    Sealed,
    /// What was inside is neither text nor files, or not the files that it announced.
    #[error("what was inside is not what the message announced")]
    Inside,
    /// What was inside breaks its rules.
    #[error("what was inside can't be read: {0}")]
    Content(#[from] ContentError),
}

impl Shares {
    /// Fresh ones.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut share = || {
            let mut bytes = [0; 32];
            rng.fill_bytes(&mut bytes);
            TimeShare(Bytes32(bytes))
        };
        Self { members: share(), server: share() }
    }
}

impl Timed {
    /// Locks a text or files until `unlocks_at_ms`, by the server's clock or by the beacon's round.
    ///
    /// # Errors
    /// [`ContentError`] where the content breaks its rules, is of another kind, or has more than [`MOST_LOCKED`] bytes.
    pub fn lock(
        rng: &mut (impl RngCore + CryptoRng),
        place: &Place,
        unlocks_at_ms: u64,
        (shares, beacon): (&Shares, Option<BeaconLock>),
        content: &Content,
    ) -> Result<Self, ContentError> {
        if !is_lockable(content) {
            return Err(ContentError::NotLocked);
        }
        let inside = Zeroizing::new(content.to_bytes()?);
        if inside.len() > MOST_LOCKED {
            return Err(ContentError::TooLong { what: "message to lock", bytes: inside.len(), most: MOST_LOCKED });
        }
        let lock = TimeLock { unlocks_at_ms, share: shares.server.commitment() };
        let bound_to = bound_to(&lock, beacon.as_ref(), place);
        let sealed = Bytes(sealing::seal(rng, &key(shares, &bound_to), &bound_to, &inside));
        let files = content.files().iter().map(|file| file.id).collect();
        Ok(Self { lock, beacon, share: shares.members, files, sealed })
    }

    /// Opens it with the other share: the server's, or the one that the beacon let open. Gives what it says, and the bytes of that.
    ///
    /// # Errors
    /// [`UnlockError`]. All members judge alike: a share that one takes opens the same for every other.
    pub fn open(&self, place: &Place, server: &TimeShare) -> Result<(Content, Vec<u8>), UnlockError> {
        if server.commitment() != self.lock.share {
            return Err(UnlockError::Share);
        }
        let bound_to = bound_to(&self.lock, self.beacon.as_ref(), place);
        let shares = Shares { members: self.share, server: *server };
        let inside =
            sealing::open(&key(&shares, &bound_to), &bound_to, &self.sealed).map_err(|_| UnlockError::Sealed)?;
        let content = Content::from_bytes(&inside)?;
        let announced = content.files().iter().map(|file| &file.id).eq(&self.files);
        if !announced || !is_lockable(&content) {
            return Err(UnlockError::Inside);
        }
        Ok((content, inside.to_vec()))
    }

    pub(crate) fn check(&self) -> Result<(), ContentError> {
        let (bytes, most) = (self.sealed.len(), MOST_LOCKED + sealing::OVERHEAD);
        if bytes > most {
            return Err(ContentError::TooLong { what: "locked message", bytes, most });
        }
        match self.files.len() {
            count if count > limits::FILES_PER_MESSAGE => Err(ContentError::TooManyFiles { count }),
            _ => Ok(()),
        }
    }
}

fn is_lockable(content: &Content) -> bool {
    matches!(content, Content::Text { .. } | Content::Files { .. })
}

/// The label, the lock and the place, and behind them what is sealed for a beacon: 106 bytes, or 272.
fn bound_to(lock: &TimeLock, beacon: Option<&BeaconLock>, place: &Place) -> Vec<u8> {
    let mut bytes = if beacon.is_some() { BEACON_LABEL.to_vec() } else { LABEL.to_vec() };
    bytes.extend_from_slice(&lock.unlocks_at_ms.to_be_bytes());
    bytes.extend_from_slice(&lock.share.0);
    bytes.extend_from_slice(place.conversation.as_bytes());
    bytes.extend_from_slice(place.author.as_bytes());
    bytes.extend_from_slice(place.message.as_bytes());
    if let Some(beacon) = beacon {
        bytes.extend_from_slice(&beacon.chain.0);
        bytes.extend_from_slice(&beacon.sealed);
    }
    bytes
}

fn key(shares: &Shares, bound_to: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut both = Zeroizing::new([0; 64]);
    for (to, from) in both.iter_mut().zip(shares.members.0.0.iter().chain(&shares.server.0.0)) {
        *to = *from;
    }
    sealing::derive_bound(&*both, bound_to)
}

#[cfg(test)]
mod tests;
