//! Who sends: the server's own key, by which push services know it again (VAPID, RFC 8292).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huis_proto::rest::Secret;
use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use rand::{CryptoRng, RngCore};
use serde_json::json;
use zeroize::Zeroizing;

/// How long a word to a push service is good, in seconds; a day is the most that they take.
const GOOD_FOR_S: u64 = 12 * 3600;

/// Signs what is said to push services.
pub(crate) struct Vapid {
    key: SigningKey,
    public: Vec<u8>,
}

impl Vapid {
    /// By this P-256 secret of 32 bytes; none if it is no such secret.
    pub(crate) fn new(secret: &[u8]) -> Option<Self> {
        // Shorter ones would be filled up with zeros.
        let secret = <[u8; 32]>::try_from(secret).map(Zeroizing::new).ok()?;
        let secret = SecretKey::from_bytes((&*secret).into()).ok()?;
        let public = secret.public_key().to_encoded_point(false).as_bytes().to_vec();
        Some(Self { key: SigningKey::from(secret), public })
    }

    /// A fresh secret.
    pub(crate) fn random(rng: &mut (impl RngCore + CryptoRng)) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(SecretKey::random(rng).to_bytes().into())
    }

    /// The public key, uncompressed (65 bytes): browsers subscribe for it.
    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    /// The `Authorization` header for a push service of this origin; `contact` is a URL under which its operators find
    /// this server's.
    pub(super) fn authorization(&self, origin: &str, contact: Option<&str>, now_ms: u64) -> Secret {
        let mut claims = json!({ "aud": origin, "exp": (now_ms / 1000).saturating_add(GOOD_FOR_S) });
        if let Some(contact) = contact {
            claims["sub"] = contact.into();
        }
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(r#"{"typ":"JWT","alg":"ES256"}"#), part(&claims.to_string()));
        let signature: Signature = self.key.sign(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        Secret::new(format!("vapid t={signed}.{signature}, k={}", URL_SAFE_NO_PAD.encode(&self.public)))
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier as _;
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_push_service_can_check_who_sends_for_whom_and_until_when() {
        let vapid = Vapid::new(&[7; 32]).unwrap();
        let header = vapid.authorization("https://push.example", Some("https://chat.example"), 1_800_000_000_000);
        let (token, key) = header.expose().strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let key = URL_SAFE_NO_PAD.decode(key).unwrap();
        assert_eq!(key, vapid.public());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        VerifyingKey::from_sec1_bytes(&key).unwrap().verify(signed.as_bytes(), &signature).unwrap();
        let (head, claims) = signed.split_once('.').unwrap();
        let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert_eq!(read(head), json!({ "typ": "JWT", "alg": "ES256" }));
        let expected = json!({ "aud": "https://push.example", "exp": 1_800_043_200, "sub": "https://chat.example" });
        assert_eq!(read(claims), expected);
    }

    #[test]
    fn what_is_no_secret_of_the_curve_makes_no_key() {
        assert!(Vapid::new(&[0; 32]).is_none() && Vapid::new(&[0xff; 32]).is_none() && Vapid::new(&[7; 31]).is_none());
    }
}
