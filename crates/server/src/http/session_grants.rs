//! How a session begins and goes on: its tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huis_proto::rest::{Secret, SessionGrant};
use huis_proto::{Bytes32, Member, SessionId, limits};
use huis_store::{Beginning, Session};
use rand::RngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use super::bars;
use super::problem::Refusal;
use super::tickets::password_changed;
use crate::access_tokens::Claims;
use crate::state::App;

/// A refresh token: 32 random bytes as text. The store keeps its hash alone.
pub(super) struct RefreshToken(Secret);

impl RefreshToken {
    pub(super) fn random() -> Self {
        let mut bytes = zeroize::Zeroizing::new([0; 32]);
        OsRng.fill_bytes(bytes.as_mut());
        Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    pub(super) fn hash(&self) -> Bytes32 {
        hash_of(&self.0)
    }

    pub(super) fn into_secret(self) -> Secret {
        self.0
    }
}

/// What the store knows a refresh token by.
pub(super) fn hash_of(token: &Secret) -> Bytes32 {
    Bytes32(Sha256::digest(token.expose()).into())
}

/// Begins a session of the device, which ends the one before. **The caller has checked that the device may**, when the
/// account's password was the one of this number; if that was changed meanwhile it is refused.
pub(super) async fn begin(
    app: &App,
    member: Member,
    username: String,
    stays_signed_in: bool,
    password_number: u64,
) -> Result<SessionGrant, Refusal> {
    let now_ms = app.clock.now_ms();
    let session = Session {
        session: SessionId::random(&mut OsRng),
        account: member.account,
        device: member.device,
        stays_signed_in,
        began_at_ms: now_ms,
        used_at_ms: now_ms,
    };
    let refresh = RefreshToken::random();
    let grant = grant(app, &session, username, refresh)?;
    let hash = hash_of(&grant.refresh_token);
    match app.store.begin_session(session, hash, password_number).await? {
        Beginning::Begun { ended } => {
            if let Some(ended) = ended {
                app.hub.session_ended(ended);
            }
            Ok(grant)
        }
        Beginning::PasswordChanged => Err(password_changed()),
        Beginning::Barred(bar) => Err(bars::account(&bar, now_ms)),
    }
}

/// The tokens of a session that goes on.
pub(super) fn grant(
    app: &App,
    session: &Session,
    username: String,
    refresh: RefreshToken,
) -> Result<SessionGrant, Refusal> {
    let now_ms = app.clock.now_ms();
    let member = Member { account: session.account, device: session.device };
    let claims = Claims { member, session: session.session };
    Ok(SessionGrant {
        session: session.session,
        account: session.account,
        device: session.device,
        username,
        access_token: app.tokens.issue(claims, now_ms).ok_or_else(Refusal::internal)?,
        access_expires_in_s: limits::ACCESS_TOKEN.as_secs(),
        refresh_token: refresh.0,
        server_time_ms: now_ms,
        incarnation: app.incarnation,
    })
}
