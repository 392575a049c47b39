//! Sessions of devices: which exist, and their rotating refresh tokens (as hashes).

use async_trait::async_trait;
use huis_proto::{AccountId, Bytes32, DeviceId, SessionId};

use crate::{Bar, StoreResult};

/// A session that has not ended.
#[derive(Debug, Clone)]
pub struct Session {
    /// The session.
    pub session: SessionId,
    /// Its account.
    pub account: AccountId,
    /// Its device.
    pub device: DeviceId,
    /// Whether it outlives 15 idle minutes.
    pub stays_signed_in: bool,
    /// When it began, in milliseconds since 1970.
    pub began_at_ms: u64,
    /// When its tokens were last refreshed, in milliseconds since 1970.
    pub used_at_ms: u64,
}

/// What became of the wish for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beginning {
    /// It has begun, and ended this one of the same device.
    Begun {
        /// The session before, if there was one.
        ended: Option<SessionId>,
    },
    /// The account has another password by now than the one that was proved.
    PasswordChanged,
    /// The account is suspended, or its name banned.
    Barred(Bar),
}

/// What became of a refresh.
#[derive(Debug, Clone)]
pub enum Refresh {
    /// The session goes on with the new token.
    Renewed(Session),
    /// An older token was used again although its successor had been used: a copy is about, so the session ended.
    Reused(Session),
    /// No session has this token.
    Unknown,
}

/// Sessions. A device has at most one: a new one ends the one before.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Begins a session with the SHA-256 of its refresh token, if the account's password is still the one of this number:
    /// a change of the password ends sessions, and this one must not slip in behind it. Neither does one of an account that
    /// is barred when it begins.
    async fn begin_session(
        &self,
        session: Session,
        refresh_hash: Bytes32,
        password_number: u64,
    ) -> StoreResult<Beginning>;

    /// The session, unless it has ended.
    async fn session(&self, session: SessionId) -> StoreResult<Option<Session>>;

    /// Finds the session that a refresh token (its hash) belongs to, as newest, previous or older token, without changing anything: so
    /// that the caller can check the device's signature first.
    async fn session_by_refresh(&self, refresh_hash: Bytes32) -> StoreResult<Option<Session>>;

    /// Rotates the token `presented` to `next`. The newest token and, until the newest was first used, the one before
    /// it are valid; anything older ends the session.
    async fn refresh_session(&self, presented: Bytes32, next: Bytes32, now_ms: u64) -> StoreResult<Refresh>;

    /// The account's sessions.
    async fn sessions(&self, account: AccountId) -> StoreResult<Vec<Session>>;

    /// Ends a session of the account; whether there was one.
    async fn end_session(&self, account: AccountId, session: SessionId) -> StoreResult<bool>;

    /// Ends sessions that were not used since `idle_since_ms`, but for those that stay signed in, which end if not
    /// used since `long_idle_since_ms`. Gives those that ended, at most 1,000 at once.
    async fn end_idle_sessions(&self, idle_since_ms: u64, long_idle_since_ms: u64) -> StoreResult<Vec<SessionId>>;
}
