//! The second factor: one-time codes by time (RFC 6238: HMAC-SHA-1, six digits, steps of 30 seconds), and recovery codes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Secret;
use crate::Bytes;

/// The answer to `GET /api/v1/account/second-factor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecondFactorStatus {
    /// Whether a sign-in needs a code.
    pub enabled: bool,
    /// How many recovery codes are left.
    pub codes_left: u32,
}

/// What proves password and second factor, for `POST /api/v1/account/second-factor/start` (answers with a
/// [`SecondFactorStarted`]), `…/codes` (answers with [`RecoveryCodes`], in place of those before) and `…/disable`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ShowTicket {
    /// The ticket of a sign-in, at most ten minutes old.
    pub ticket: Secret,
}

/// A second factor that does not count yet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SecondFactorStarted {
    /// The secret that an authenticator keeps: 20 bytes in base 32 (RFC 4648) without padding.
    pub secret: Secret,
    /// The same, sealed by the server; it goes back with the second step within ten minutes.
    pub state: Bytes,
}

/// `POST /api/v1/account/second-factor/finish`: the second factor counts from here on; answers with [`RecoveryCodes`].
/// `second-factor-refused` where the code is not the authenticator's, `state-conflict` where there is a second factor.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FinishSecondFactor {
    /// The same ticket. It is of no use afterwards, as is every other one from before.
    pub ticket: Secret,
    /// The `state` of the first step.
    pub state: Bytes,
    /// Six digits that the authenticator shows.
    pub code: Secret,
}

/// Codes that each stand once for one of the authenticator, where that is lost.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    /// 80 random bits each: four groups of four letters and digits (Crockford's base 32).
    pub codes: Vec<Secret>,
}
