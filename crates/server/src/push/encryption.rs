//! What goes to a push service, sealed for the one browser that subscribed (RFC 8291, over the coding `aes128gcm` of
//! RFC 8188).

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes128Gcm, Nonce};
use hkdf::Hkdf;
use huis_proto::rest::PushSubscription;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::{PublicKey, SecretKey, ecdh};
use rand::{CryptoRng, RngCore};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The size of records that is stated (RFC 8188, section 2.1); there is one, and it is smaller.
const RECORD: u32 = 4096;
/// The end of the text in the last record (RFC 8188, section 2): what follows is padding.
const LAST: u8 = 2;

/// The keys of a subscription that can't be used: no point of P-256, or a secret of another size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the subscription's keys are no P-256 key (65 bytes) and secret (16 bytes) of RFC 8291")]
pub(crate) struct BadKeys;

/// The keys of a browser.
pub(crate) struct Recipient {
    key: PublicKey,
    auth: Zeroizing<[u8; 16]>,
}

impl Recipient {
    pub(crate) fn of(subscription: &PushSubscription) -> Result<Self, BadKeys> {
        // Uncompressed, as RFC 8291 section 2.1 has it.
        let is_uncompressed = subscription.p256dh.len() == 65 && subscription.p256dh.first() == Some(&4);
        let key = PublicKey::from_sec1_bytes(&subscription.p256dh).map_err(|_| BadKeys)?;
        let auth = subscription.auth.0.as_slice().try_into().map_err(|_| BadKeys)?;
        if is_uncompressed { Ok(Self { key, auth: Zeroizing::new(auth) }) } else { Err(BadKeys) }
    }

    /// Seals a text that is filled up to `padded_to` bytes.
    pub(super) fn seal(&self, rng: &mut (impl RngCore + CryptoRng), text: &[u8], padded_to: usize) -> Option<Vec<u8>> {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        self.seal_by(&SecretKey::random(rng), salt, text, padded_to)
    }

    fn seal_by(&self, own: &SecretKey, salt: [u8; 16], text: &[u8], padded_to: usize) -> Option<Vec<u8>> {
        let own_public = own.public_key().to_encoded_point(false);
        let shared = ecdh::diffie_hellman(own.to_nonzero_scalar(), self.key.as_affine());
        // RFC 8291, section 3.4.
        let theirs = self.key.to_encoded_point(false);
        let info = [b"WebPush: info\0".as_slice(), theirs.as_bytes(), own_public.as_bytes()].concat();
        let mut material = Zeroizing::new([0; 32]);
        expand(self.auth.as_slice(), shared.raw_secret_bytes(), &info, material.as_mut())?;
        let (mut key, mut nonce) = (Zeroizing::new([0; 16]), [0; 12]);
        expand(&salt, material.as_slice(), b"Content-Encoding: aes128gcm\0", key.as_mut())?;
        expand(&salt, material.as_slice(), b"Content-Encoding: nonce\0", &mut nonce)?;
        let mut plain = text.to_vec();
        plain.push(LAST);
        plain.resize(plain.len().max(padded_to.saturating_add(1)), 0);
        let sealed = Aes128Gcm::new_from_slice(key.as_slice())
            .ok()?
            .encrypt(Nonce::from_slice(&nonce), plain.as_slice())
            .ok()?;
        let own_public = own_public.as_bytes();
        let length = u8::try_from(own_public.len()).ok()?;
        Some([salt.as_slice(), RECORD.to_be_bytes().as_slice(), &[length], own_public, &sealed].concat())
    }
}

fn expand(salt: &[u8], secret: &[u8], info: &[u8], into: &mut [u8]) -> Option<()> {
    Hkdf::<Sha256>::new(Some(salt), secret).expand(info, into).ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use huis_proto::Bytes;
    use rand::rngs::OsRng;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn subscription(p256dh: Vec<u8>, auth: Vec<u8>) -> PushSubscription {
        PushSubscription { endpoint: "https://push.example/1".into(), p256dh: Bytes(p256dh), auth: Bytes(auth) }
    }

    const KEY: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

    /// RFC 8291, appendix A.
    #[test]
    fn the_example_of_the_standard_comes_out_as_it_stands_there() {
        let own = SecretKey::from_slice(&bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).unwrap();
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let recipient = Recipient::of(&subscription(bytes(KEY), bytes("BTBZMqHH6r4Tts7J_aSIgg"))).unwrap();
        let text = b"When I grow up, I want to be a watermelon";
        let sealed = recipient.seal_by(&own, salt, text, 0).unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(sealed),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn every_text_up_to_the_padding_has_the_same_size_and_another_form_each_time() {
        let recipient = Recipient::of(&subscription(bytes(KEY), vec![7; 16])).unwrap();
        let seal = |text: &[u8]| recipient.seal(&mut OsRng, text, 100).unwrap();
        let sealed = [seal(b""), seal(b"{\"t\":1}"), seal(b"{\"t\":1}"), seal(&[b'x'; 100])];
        assert!(sealed.iter().all(|one| one.len() == 16 + 4 + 1 + 65 + 101 + 16));
        assert_ne!(sealed[1], sealed[2]);
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let key = bytes(KEY);
        let mut off_the_curve = key.clone();
        off_the_curve[64] ^= 1;
        let compressed = [&[2], &key[1..33]].concat();
        for wrong in [Vec::new(), vec![0], key[..64].to_vec(), off_the_curve, compressed] {
            assert!(Recipient::of(&subscription(wrong, vec![7; 16])).is_err());
        }
        for wrong in [0, 15, 17] {
            assert!(Recipient::of(&subscription(key.clone(), vec![7; wrong])).is_err());
        }
    }
}
