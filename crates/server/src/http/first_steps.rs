//! How a sign-in and a recovery begin: both are guesses at a name, which are counted, and both travel sealed through the
//! client to their next step. Names that nobody has go the same way.

use std::net::IpAddr;

use huis_proto::{Bytes, ErrorCode, names};
use huis_store::PasswordRecord;
use rand::rngs::OsRng;
use serde::Serialize;

use super::problem::Refusal;
use crate::passwords::Malformed;
use crate::sealing::Purpose;
use crate::state::App;

/// How long the further steps may take.
const LIFETIME_MS: u64 = 2 * 60 * 1000;

/// Whom a first step is about.
pub(super) struct Named {
    /// The name in its one form.
    pub(super) username: String,
    /// None for a name that nobody has.
    pub(super) record: Option<PasswordRecord>,
}

impl Named {
    /// Counts the guess at the address and at the name, and looks the name up.
    pub(super) async fn find(app: &App, address: IpAddr, username: &str) -> Result<Self, Refusal> {
        let now_ms = app.clock.now_ms();
        app.rate_limits.guess(address, now_ms).await?;
        let username = names::username(username)
            .map_err(|error| Refusal::new(ErrorCode::NameRefused, format!("This can't be a username: {error}.")))?;
        app.rate_limits.guess_at_name(&username, now_ms).await?;
        let record = app.store.password_record(&username).await?;
        Ok(Self { username, record })
    }

    /// The number of the password, 0 for a name that nobody has, in a form whose size tells nothing.
    pub(super) fn password_number(&self) -> Bytes {
        fixed(self.record.as_ref().map_or(0, |record| record.number))
    }
}

/// Seals what the next step needs. It is good for two minutes.
pub(super) fn seal(app: &App, purpose: Purpose, state: &impl Serialize) -> Result<Bytes, Refusal> {
    let expires_at_ms = app.clock.now_ms().saturating_add(LIFETIME_MS);
    let sealed = app.sealing.seal(&mut OsRng, purpose, state, expires_at_ms);
    sealed.map(Bytes).map_err(|error| {
        tracing::error!(%error, "the state of a first step can't be sealed");
        Refusal::internal()
    })
}

/// A number in 8 bytes.
pub(super) fn fixed(number: u64) -> Bytes {
    Bytes(number.to_be_bytes().to_vec())
}

pub(super) fn malformed(_: Malformed) -> Refusal {
    Refusal::bad_request("The OPAQUE message is malformed (RFC 9807, ristretto255 with SHA-512).")
}
