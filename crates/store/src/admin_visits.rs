//! Who is on the administration pages: let in once by a code, then known by a cookie (both as hashes).

use async_trait::async_trait;
use huis_proto::rest::ServerRole;
use huis_proto::{Bytes32, SessionId};

use crate::StoreResult;

/// A code that lets somebody in once.
#[derive(Debug, Clone)]
pub struct NewVisitCode {
    /// The session that asked for it.
    pub session: SessionId,
    /// The SHA-256 of the code.
    pub hash: Bytes32,
    /// The account's role. A visit does not outlive it.
    pub role: ServerRole,
    /// When it was made, in milliseconds since 1970.
    pub at_ms: u64,
}

/// A visit to the administration pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminVisit {
    /// The session that was asked for the code.
    pub session: SessionId,
    /// The account's role when the code was made.
    pub role: ServerRole,
    /// When it began, in milliseconds since 1970.
    pub began_at_ms: u64,
    /// When it was used last, in milliseconds since 1970, as far as that was noted.
    pub used_at_ms: u64,
}

/// Visits to the administration pages. A session has at most one, or one code that was not used yet, which ends with it.
#[async_trait]
pub trait AdminVisits: Send + Sync {
    /// Keeps the code's hash, in place of the session's visit or code before. Whether there is such a session.
    async fn put_visit_code(&self, admission: NewVisitCode) -> StoreResult<bool>;

    /// Turns the code of this hash into a visit that is known by `token`, if it was made after `earliest_ms`. Of two who
    /// ask at once one is let in.
    async fn enter(
        &self,
        code: Bytes32,
        token: Bytes32,
        earliest_ms: u64,
        now_ms: u64,
    ) -> StoreResult<Option<AdminVisit>>;

    /// The visit that is known by this hash, however old it is.
    async fn admin_visit(&self, token: Bytes32) -> StoreResult<Option<AdminVisit>>;

    /// Notes that the visit was used.
    async fn note_admin_visit(&self, token: Bytes32, now_ms: u64) -> StoreResult<()>;

    /// Ends the visit. Whether there was one.
    async fn end_admin_visit(&self, token: Bytes32) -> StoreResult<bool>;
}
