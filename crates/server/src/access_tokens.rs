//! Access tokens: short-lived JWTs (RFC 7519) signed with Ed25519 (RFC 8037).

use ed25519_dalek::SigningKey;
use huis_proto::rest::Secret;
use huis_proto::{AccountId, DeviceId, Member, SessionId, limits};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Makes and checks access tokens.
pub(crate) struct AccessTokens {
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
}

/// What a valid token says. **Whether the session still exists is the store's to say.**
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claims {
    pub member: Member,
    pub session: SessionId,
}

/// Why a token lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the access token has expired")]
    Expired,
    #[error("the access token was not made by this server")]
    NotOurs,
}

/// The claims as they stand in the token. `iat` and `exp` are in seconds since 1970 (RFC 7519, section 4.1).
#[derive(Serialize, Deserialize)]
struct Payload {
    iss: String,
    sub: AccountId,
    dev: DeviceId,
    sid: SessionId,
    iat: u64,
    exp: u64,
}

const ISSUER: &str = "huis";

/// PKCS #8 in front of an Ed25519 seed (RFC 8410, section 7), the form that the signing library takes.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

impl AccessTokens {
    /// Signs with the Ed25519 key of this seed.
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        let public = SigningKey::from_bytes(seed).verifying_key().to_bytes();
        let private = Zeroizing::new([PKCS8_PREFIX.as_slice(), seed].concat());
        let mut validation = Validation::new(Algorithm::EdDSA);
        // The time is checked below, by the server's own clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        validation.set_issuer(&[ISSUER]);
        Self { signing: EncodingKey::from_ed_der(&private), checking: DecodingKey::from_ed_der(&public), validation }
    }

    /// A token for the session, valid for [`limits::ACCESS_TOKEN`] from `now_ms`; none if signing failed, which is a
    /// fault of the key.
    pub(crate) fn issue(&self, claims: Claims, now_ms: u64) -> Option<Secret> {
        let iat = now_ms / 1000;
        let payload = Payload {
            iss: ISSUER.into(),
            sub: claims.member.account,
            dev: claims.member.device,
            sid: claims.session,
            iat,
            exp: iat.saturating_add(limits::ACCESS_TOKEN.as_secs()),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &payload, &self.signing);
        match token {
            Ok(token) => Some(Secret::new(token)),
            Err(error) => {
                tracing::error!(%error, "an access token can't be signed");
                None
            }
        }
    }

    /// What the token says, if this server made it and it has not expired.
    pub(crate) fn verify(&self, token: &str, now_ms: u64) -> Result<Claims, TokenError> {
        let token = jsonwebtoken::decode::<Payload>(token, &self.checking, &self.validation)
            .map_err(|_| TokenError::NotOurs)?;
        let Payload { sub, dev, sid, exp, .. } = token.claims;
        if now_ms / 1000 >= exp {
            return Err(TokenError::Expired);
        }
        Ok(Claims { member: Member { account: sub, device: dev }, session: sid })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const NOW_MS: u64 = 1_800_000_000_000;

    fn claims() -> Claims {
        Claims {
            member: Member { account: AccountId::from_bytes([1; 16]), device: DeviceId::from_bytes([2; 16]) },
            session: SessionId::from_bytes([3; 16]),
        }
    }

    #[test]
    fn a_token_says_who_its_holder_is_for_fifteen_minutes() {
        let tokens = AccessTokens::new(&[7; 32]);
        let token = tokens.issue(claims(), NOW_MS).unwrap();
        assert_eq!(tokens.verify(token.expose(), NOW_MS), Ok(claims()));
        let last = NOW_MS + limits::ACCESS_TOKEN.as_secs() * 1000;
        assert_eq!(tokens.verify(token.expose(), last - 1), Ok(claims()));
        assert_eq!(tokens.verify(token.expose(), last), Err(TokenError::Expired));
    }

    #[test]
    fn another_key_another_algorithm_and_a_changed_claim_are_refused() {
        let tokens = AccessTokens::new(&[7; 32]);
        let token = tokens.issue(claims(), NOW_MS).unwrap();
        let (head, signature) = token.expose().rsplit_once('.').unwrap();
        let (_, payload) = head.split_once('.').unwrap();
        let other_key = AccessTokens::new(&[8; 32]).issue(claims(), NOW_MS).unwrap();
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let mut other_claims = claims();
        other_claims.member.account = AccountId::from_bytes([9; 16]);
        let other = tokens.issue(other_claims, NOW_MS).unwrap();
        let (other_head, _) = other.expose().rsplit_once('.').unwrap();
        // The public key as the secret of a symmetric algorithm: the classic confusion.
        let public = SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
        let symmetric = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &serde_json::json!({ "iss": "huis", "exp": u64::MAX }),
            &EncodingKey::from_secret(&public),
        )
        .unwrap();
        for forged in [
            other_key.expose().to_owned(),
            format!("{unsigned}.{payload}."),
            format!("{other_head}.{signature}"),
            symmetric,
            String::new(),
            "a.b.c".into(),
        ] {
            assert_eq!(tokens.verify(&forged, NOW_MS), Err(TokenError::NotOurs), "{forged}");
        }
    }
}
