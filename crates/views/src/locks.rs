//! Messages that open later, as a face shows them.

use serde::{Deserialize, Serialize};

/// A message's time lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockView {
    /// When it opens, in milliseconds since 1970 by the server's clock.
    pub unlocks_at_ms: u64,
    /// How it stands.
    pub state: LockState,
    /// How many files are inside; none for a text.
    pub files: u32,
    /// Who keeps the key until then.
    pub trust: LockTrust,
}

/// Who keeps the key of a locked message until its time comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockTrust {
    /// The server has a part of it.
    #[default]
    Server,
    /// Nobody: the public randomness beacon drand publishes what opens it. The server is told nothing of it.
    Drand,
}

impl LockTrust {
    /// Whether the server is trusted.
    #[must_use]
    pub fn is_server(&self) -> bool {
        *self == Self::Server
    }
}

/// How a time lock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockState {
    /// Its time has not come, or the server has not been asked yet. On the device that sent it the message can be read.
    Waiting,
    /// It has opened.
    Opened,
    /// Its sender took it back before it opened.
    Withdrawn,
    /// It will not open; a notice says why.
    Broken,
}
