//! One-time codes by time (TOTP, RFC 6238, on HOTP, RFC 4226: HMAC-SHA-1, six digits, steps of 30 seconds), and the recovery
//! codes that stand for them.

use hmac::{Hmac, Mac as _};
use rand::{CryptoRng, RngCore};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A secret's bytes: what RFC 4226 recommends, the length of SHA-1.
pub(crate) const SECRET: usize = 20;
/// Recovery codes that are made at once.
pub(crate) const RECOVERY_CODES: usize = 10;

const STEP_MS: u64 = 30_000;
const DIGITS: u32 = 6;
/// Clocks that are apart by up to a step, on either side.
const SKEW: u64 = 1;

/// RFC 4648's base 32.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Crockford's base 32: no I, L, O or U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 80 bits.
const CODE: usize = 10;
const GROUP: usize = 4;
/// A longer text is no code, however it is spaced.
const LONGEST: usize = 64;

/// What was typed, in its one form.
#[derive(PartialEq, Eq)]
pub(crate) enum Typed {
    /// Six digits of an authenticator.
    Digits(Zeroizing<String>),
    /// A recovery code.
    Recovery(Zeroizing<String>),
}

impl Typed {
    /// Reads a code: case, spaces and dashes don't matter, and in recovery codes O, I, L pass for 0, 1, 1.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let is_between = |c: &char| !c.is_whitespace() && *c != '-';
        let mut plain = Zeroizing::new(String::with_capacity(LONGEST));
        plain.extend(text.chars().filter(is_between).map(|c| c.to_ascii_uppercase()));
        if plain.len() == DIGITS as usize && plain.bytes().all(|c| c.is_ascii_digit()) {
            return Some(Self::Digits(plain));
        }
        let mut code = Zeroizing::new(String::with_capacity(LONGEST));
        code.extend(plain.chars().map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        }));
        let is_code = code.len() == CODE * 8 / 5 && code.bytes().all(|c| CROCKFORD.contains(&c));
        is_code.then_some(Self::Recovery(code))
    }
}

/// A fresh secret for an authenticator.
pub(crate) fn secret(rng: &mut (impl RngCore + CryptoRng)) -> Zeroizing<[u8; SECRET]> {
    let mut secret = Zeroizing::new([0; SECRET]);
    rng.fill_bytes(secret.as_mut());
    secret
}

/// A secret as authenticators take it: RFC 4648, without padding.
pub(crate) fn secret_text(secret: &[u8; SECRET]) -> Zeroizing<String> {
    in_base32(secret, BASE32)
}

/// A fresh recovery code in its one form; [`shown`] is how a person sees it.
pub(crate) fn recovery_code(rng: &mut (impl RngCore + CryptoRng)) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; CODE]);
    rng.fill_bytes(bytes.as_mut());
    in_base32(bytes.as_ref(), CROCKFORD)
}

/// A recovery code in groups.
pub(crate) fn shown(code: &str) -> Zeroizing<String> {
    let mut shown = Zeroizing::new(String::with_capacity(code.len() + code.len() / GROUP));
    for (place, character) in code.chars().enumerate() {
        if place > 0 && place % GROUP == 0 {
            shown.push('-');
        }
        shown.push(character);
    }
    shown
}

/// The time step to which these digits belong, if it is around `now_ms` and behind the newest that was used.
pub(crate) fn step_of(secret: &[u8], digits: &str, now_ms: u64, used: u64) -> Option<u64> {
    let now = now_ms / STEP_MS;
    let mut found = None;
    // All are computed, and compared without a hint at how much was right.
    for step in now.saturating_sub(SKEW)..=now.saturating_add(SKEW) {
        let code = Zeroizing::new(format!("{:0width$}", hotp(secret, step, DIGITS), width = DIGITS as usize));
        let is_it: bool = code.as_bytes().ct_eq(digits.as_bytes()).into();
        if is_it && step > used {
            found = Some(step);
        }
    }
    found
}

/// RFC 4226, section 5.3.
fn hotp(secret: &[u8], counter: u64, digits: u32) -> u32 {
    let Ok(mac) = Hmac::<Sha1>::new_from_slice(secret) else { unreachable!("HMAC takes any key") };
    let hash: [u8; 20] = mac.chain_update(counter.to_be_bytes()).finalize().into_bytes().into();
    let offset = usize::from(hash[19] & 0x0f);
    let mut part = [0; 4];
    part.copy_from_slice(&hash[offset..offset + 4]);
    (u32::from_be_bytes(part) & 0x7fff_ffff) % 10_u32.pow(digits)
}

/// Whole groups of 5 bytes as 8 characters each.
fn in_base32(bytes: &[u8], alphabet: &[u8; 32]) -> Zeroizing<String> {
    debug_assert_eq!(bytes.len() % 5, 0);
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 5 * 8));
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            text.push(char::from(alphabet[(bits >> (5 * place) & 31) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use rand::rngs::OsRng;

    use super::*;

    /// RFC 6238, appendix B, the rows of SHA-1, and the secret of its program.
    const RFC_6238: [(u64, u32); 6] = [
        (59, 94_287_082),
        (1_111_111_109, 7_081_804),
        (1_111_111_111, 14_050_471),
        (1_234_567_890, 89_005_924),
        (2_000_000_000, 69_279_037),
        (20_000_000_000, 65_353_130),
    ];
    const SECRET_OF_THE_RFC: &[u8; 20] = b"12345678901234567890";

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        for (time_s, code) in RFC_6238 {
            let step = time_s * 1000 / STEP_MS;
            assert_eq!(hotp(SECRET_OF_THE_RFC, step, 8), code, "{time_s}");
            // Six digits are the last six of eight.
            let digits = format!("{:06}", code % 1_000_000);
            assert_eq!(step_of(SECRET_OF_THE_RFC, &digits, time_s * 1000, 0), Some(step), "{time_s}");
        }
    }

    #[test]
    fn the_vectors_of_rfc_4226_hold() {
        let codes = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (counter, code) in codes.into_iter().enumerate() {
            assert_eq!(hotp(SECRET_OF_THE_RFC, counter as u64, DIGITS), code);
        }
    }

    #[test]
    fn the_vectors_of_rfc_4648_hold() {
        assert_eq!(in_base32(b"fooba", BASE32).as_str(), "MZXW6YTB");
        assert_eq!(secret_text(SECRET_OF_THE_RFC).as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_counts_one_step_early_or_late_and_not_two_and_never_behind_a_used_one() {
        let (now_ms, now) = (1_234_567_890_000, 41_152_263);
        for (away, counts) in [(-2_i64, false), (-1, true), (0, true), (1, true), (2, false)] {
            let step = (now as i64 + away) as u64;
            let digits = format!("{:06}", hotp(SECRET_OF_THE_RFC, step, DIGITS));
            assert_eq!(step_of(SECRET_OF_THE_RFC, &digits, now_ms, 0), counts.then_some(step), "{away}");
            assert_eq!(step_of(SECRET_OF_THE_RFC, &digits, now_ms, step), None, "{away}");
        }
        assert_eq!(step_of(SECRET_OF_THE_RFC, "12345", now_ms, 0), None);
    }

    #[test]
    fn what_is_typed_is_read_in_its_one_form() {
        let digits = |text: &str| Some(Typed::Digits(Zeroizing::new(text.to_owned())));
        let recovery = |text: &str| Some(Typed::Recovery(Zeroizing::new(text.to_owned())));
        assert!(Typed::read(" 012 345 ") == digits("012345") && Typed::read("012-345") == digits("012345"));
        assert!(Typed::read("abcd-oil0-7777-zzzz") == recovery("ABCD01107777ZZZZ"));
        for wrong in ["", "12345", "1234567", "ABCD-0110-7777-ZZZ", "UBCD-0110-7777-ZZZZ", "é12345", &"1".repeat(65)] {
            assert!(Typed::read(wrong).is_none(), "{wrong}");
        }
        let code = recovery_code(&mut OsRng);
        let shown = shown(&code);
        assert_eq!((code.len(), shown.len(), shown.split('-').count()), (16, 19, 4));
        assert!(Typed::read(&shown) == recovery(&code));
        assert_ne!(recovery_code(&mut OsRng), code);
    }
}
