//! Safety numbers and codes: how two people find out that no other identity key stands between them.
//!
//! Each side has a *fingerprint* of its account id and identity key: SHA-512, 5,200 times, in the way of Signal's numeric
//! fingerprints. Two of them make the number that people compare by eye or voice, and the code that a camera reads. Both
//! go over account ids and identity keys alone, so they are the same on all devices, and change when a key does.

use huis_proto::{AccountId, Bytes32};
use sha2::{Digest, Sha512};

use crate::identity::IdentityKey;
use crate::recovery::{ALPHABET, digit};

/// The version of fingerprints, and so of numbers and codes.
const VERSION: u8 = 1;
const LABEL: &[u8] = b"huis safety number\0";
/// How often a fingerprint is hashed: somebody who looks for a key with a similar number pays it for each try.
const ITERATIONS: u32 = 5200;
/// How many groups of five digits each side adds to a safety number, of five bytes each.
const GROUPS: usize = 6;
/// The digits of a safety number.
pub const DIGITS: usize = 60;

/// What a code's text begins with.
const SCHEME: &str = "HUIS:";
/// Version, and of each side account and fingerprint.
const CODE: usize = 1 + 2 * (16 + 32);
/// The characters of a code behind [`SCHEME`].
const CHARACTERS: usize = (CODE * 8).div_ceil(5);
/// A text longer than this is no code, however it is spaced.
const LONGEST_TEXT: usize = 1024;

/// An account with the identity key that counts for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// The account.
    pub account: AccountId,
    /// Its identity key.
    pub identity: IdentityKey,
}

/// One's own account and another one, as this device knows them. It is dear to make: twice 5,200 hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    own: Half,
    other: Half,
}

/// One side in a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Half {
    account: AccountId,
    fingerprint: Bytes32,
}

/// What a code that was scanned says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// The other one's device knows the same two identity keys.
    Match,
    /// It is of these two accounts, and one of them is known there by another identity key: somebody may be between them.
    Mismatch,
    /// It is of other accounts.
    OtherPair,
}

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// It does not begin as codes do.
    #[error("this is no code of Huis; those begin with {SCHEME}")]
    Scheme,
    /// Too few or too many characters.
    #[error("a code has {CHARACTERS} letters and digits behind {SCHEME}, this one has {0}")]
    Length(usize),
    /// A character that no code holds.
    #[error("a code holds no '{0}'")]
    Character(char),
    /// A later version's.
    #[error("the code is of version {found}, and this version of Huis knows {VERSION}; update Huis")]
    Newer {
        /// Its version.
        found: u8,
    },
    /// Version 0, or bits behind the end.
    #[error("the code is damaged; scan or copy it again")]
    Damaged,
}

impl Pair {
    /// Both fingerprints.
    pub fn new(own: Side, other: Side) -> Self {
        Self { own: Half::new(own), other: Half::new(other) }
    }

    /// The safety number: 60 digits, the same on both sides.
    pub fn number(&self) -> String {
        let mut halves = [self.own.digits(), self.other.digits()];
        halves.sort_unstable();
        halves.concat()
    }

    /// Whether this is the number, however it is spaced.
    pub fn is_number(&self, text: &str) -> bool {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits == self.number()
    }

    /// What the other one scans: capital letters, digits and a colon, 161 characters, which a QR code holds in its
    /// alphanumeric mode (ISO/IEC 18004). Nothing in it is secret.
    pub fn code(&self) -> String {
        let halves = [self.own, self.other].map(|half| [&half.account.as_bytes()[..], &half.fingerprint.0].concat());
        let bytes = [&[VERSION][..], &halves.concat()].concat();
        let mut text = String::with_capacity(SCHEME.len() + CHARACTERS);
        text.push_str(SCHEME);
        let (mut bits, mut held) = (0_u32, 0_u32);
        for byte in bytes {
            (bits, held) = (bits << 8 | u32::from(byte), held + 8);
            while held >= 5 {
                held -= 5;
                text.push(letter(bits >> held));
            }
        }
        if held > 0 {
            text.push(letter(bits << (5 - held)));
        }
        text
    }

    /// What the code on the other one's screen says of the two. Case, spaces and dashes don't matter.
    ///
    /// # Errors
    /// [`CodeError`] where it is no code, or one of a later version.
    pub fn scan(&self, text: &str) -> Result<Scan, CodeError> {
        let shown = Self::parse(text)?;
        Ok(if (shown.own.account, shown.other.account) != (self.other.account, self.own.account) {
            Scan::OtherPair
        } else if (shown.own, shown.other) == (self.other, self.own) {
            Scan::Match
        } else {
            Scan::Mismatch
        })
    }

    /// The two sides in a code, that of whose screen it stood on first.
    fn parse(text: &str) -> Result<Self, CodeError> {
        if text.len() > LONGEST_TEXT {
            return Err(CodeError::Length(text.chars().count()));
        }
        let text: String = text.chars().filter(|character| !character.is_whitespace() && *character != '-').collect();
        let body = text
            .get(SCHEME.len()..)
            .filter(|_| text.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME)));
        let body = body.ok_or(CodeError::Scheme)?;
        let mut bytes = Vec::with_capacity(CODE);
        let (mut bits, mut held) = (0_u32, 0_u32);
        for character in body.chars() {
            let digit = digit(character).ok_or(CodeError::Character(character))?;
            (bits, held) = (bits << 5 | digit, held + 5);
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held & 0xff) as u8);
            }
        }
        // A later version may be longer.
        match bytes.first() {
            Some(&found) if found > VERSION => return Err(CodeError::Newer { found }),
            Some(0) => return Err(CodeError::Damaged),
            _ => {}
        }
        let count = body.chars().count();
        if count != CHARACTERS {
            return Err(CodeError::Length(count));
        }
        if bits & ((1 << held) - 1) != 0 {
            return Err(CodeError::Damaged);
        }
        let halves = bytes.get(1..).and_then(|halves| halves.split_at_checked(16 + 32));
        let (own, other) = halves.ok_or(CodeError::Damaged)?;
        Ok(Self { own: Half::parse(own)?, other: Half::parse(other)? })
    }
}

impl Half {
    fn new(side: Side) -> Self {
        let Side { account, identity: IdentityKey(key) } = side;
        let begun = [LABEL, &[0, VERSION], account.as_bytes(), &key.0].concat();
        let mut hash = Sha512::new().chain_update(begun).chain_update(key.0).finalize();
        for _ in 1..ITERATIONS {
            hash = Sha512::new().chain_update(hash).chain_update(key.0).finalize();
        }
        let mut fingerprint = [0; 32];
        for (to, from) in fingerprint.iter_mut().zip(hash) {
            *to = from;
        }
        Self { account, fingerprint: Bytes32(fingerprint) }
    }

    fn parse(bytes: &[u8]) -> Result<Self, CodeError> {
        let (account, fingerprint) = bytes.split_at_checked(16).ok_or(CodeError::Damaged)?;
        let account = AccountId::try_from(account).map_err(|_| CodeError::Damaged)?;
        let fingerprint = fingerprint.try_into().map_err(|_| CodeError::Damaged)?;
        Ok(Self { account, fingerprint: Bytes32(fingerprint) })
    }

    /// This side's 30 digits.
    fn digits(&self) -> String {
        let numbers = self.fingerprint.0.chunks_exact(5).take(GROUPS).map(|chunk| {
            let number = chunk.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            format!("{:05}", number % 100_000)
        });
        numbers.collect()
    }
}

fn letter(bits: u32) -> char {
    ALPHABET.get((bits & 31) as usize).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn side(account: u8, identity: u8) -> Side {
        Side { account: AccountId::from_bytes([account; 16]), identity: IdentityKey(Bytes32([identity; 32])) }
    }

    const NUMBER: &str = "117900355403685700488508645358184376818279740003815132973528";
    const CODE_OF_THREE: &str = "HUIS:041G60R30C1G60R30C1G60R30C1G47F3XX745P7PY119EJWENT2M3WZP53GEDB3QD6Z4MBWQKPQ85GG\
                                 40G2081040G2081040G208104TZN02FB50Y5XG83P4KX0X2QWSPJYTZ8XKT6WAM11B2DRN63RVG2G";

    #[test]
    fn number_and_code_keep_their_form() {
        let pair = Pair::new(side(3, 0x11), side(4, 0x22));
        assert_eq!(pair.number(), NUMBER);
        assert_eq!(pair.number().len(), DIGITS);
        assert_eq!(pair.code(), CODE_OF_THREE);
        assert_eq!(pair.code().len(), 161);
        let fingerprint = pair.own.fingerprint.0.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(fingerprint, "021de3ef4e42d8f6f042974b8eae8541f3f628e0e6ac7769be4a2f979dae82c2");
    }

    #[test]
    fn both_sides_see_the_same_number_and_another_key_or_account_changes_it() {
        let (ann, bea) = (side(1, 2), side(3, 4));
        let number = Pair::new(ann, bea).number();
        assert_eq!(number, Pair::new(bea, ann).number());
        for (own, other) in [(side(1, 9), bea), (ann, side(3, 9)), (side(9, 2), bea), (ann, side(9, 4))] {
            assert_ne!(number, Pair::new(own, other).number());
        }
        let spaced = number.chars().map(|digit| format!("{digit} ")).collect::<String>();
        assert!(Pair::new(ann, bea).is_number(&spaced));
        assert!(!Pair::new(ann, bea).is_number(&number[1..]) && !Pair::new(ann, bea).is_number(""));
    }

    #[test]
    fn a_scan_says_whether_both_know_the_same_keys() {
        let (ann, bea, cem) = (side(1, 2), side(3, 4), side(5, 6));
        let at_ann = Pair::new(ann, bea);
        let scanned = |own, other| at_ann.scan(&Pair::new(own, other).code());
        assert_eq!(scanned(bea, ann), Ok(Scan::Match));
        // Somebody between them: either is known by another key, here or there.
        assert_eq!(scanned(side(3, 9), ann), Ok(Scan::Mismatch));
        assert_eq!(scanned(bea, side(1, 9)), Ok(Scan::Mismatch));
        for (own, other) in [(bea, cem), (cem, ann), (cem, bea)] {
            assert_eq!(scanned(own, other), Ok(Scan::OtherPair));
        }
        // One's own screen proves nothing.
        assert_eq!(scanned(ann, bea), Ok(Scan::OtherPair));
    }

    #[test]
    fn what_is_no_code_says_why() {
        let pair = Pair::new(side(3, 0x11), side(4, 0x22));
        let code = pair.code();
        assert_eq!(Pair::parse(&code), Ok(pair));
        let loose: String = code.to_lowercase().chars().map(|letter| format!("{letter} ")).collect();
        assert_eq!(Pair::parse(&loose.replacen(' ', "\n-", 1)), Ok(pair));
        assert_eq!(Pair::parse(""), Err(CodeError::Scheme));
        assert_eq!(Pair::parse("https://example.org"), Err(CodeError::Scheme));
        assert_eq!(Pair::parse("HUI\u{20ac}:"), Err(CodeError::Scheme));
        assert_eq!(Pair::parse("HUIS:"), Err(CodeError::Length(0)));
        assert_eq!(Pair::parse(&code[..160]), Err(CodeError::Length(155)));
        assert_eq!(Pair::parse(&format!("{code}0")), Err(CodeError::Length(157)));
        assert_eq!(Pair::parse(&"0".repeat(LONGEST_TEXT + 1)), Err(CodeError::Length(LONGEST_TEXT + 1)));
        assert_eq!(Pair::parse(&code.replacen('G', "U", 1)), Err(CodeError::Character('U')));
        assert_eq!(Pair::parse(&code.replacen(":04", ":00", 1)), Err(CodeError::Damaged));
        // Version 2, of whatever length.
        assert_eq!(Pair::parse(&code.replacen(":041", ":081", 1)), Err(CodeError::Newer { found: 2 }));
        assert_eq!(Pair::parse("HUIS:08"), Err(CodeError::Newer { found: 2 }));
        // A code has 776 bits in 156 characters of five: four are left.
        let with_rest = format!("{}1", &code[..160]);
        assert_eq!(Pair::parse(&with_rest), Err(CodeError::Damaged));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn every_pair_agrees_on_number_and_code(own: [u8; 48], other: [u8; 48]) {
            let side = |bytes: &[u8; 48]| Side {
                account: AccountId::try_from(&bytes[..16]).unwrap(),
                identity: IdentityKey(Bytes32(bytes[16..].try_into().unwrap())),
            };
            let (here, there) = (Pair::new(side(&own), side(&other)), Pair::new(side(&other), side(&own)));
            prop_assert_eq!(here.number(), there.number());
            prop_assert!(here.number().bytes().all(|digit| digit.is_ascii_digit()) && here.number().len() == DIGITS);
            prop_assert_eq!(Pair::parse(&here.code()), Ok(here));
            let expected = if own[..16] == other[..16] && own != other { Scan::Mismatch } else { Scan::Match };
            prop_assert_eq!(here.scan(&there.code()), Ok(expected));
        }

        #[test]
        fn no_text_makes_the_reading_fail_otherwise(text in ".{0,400}") {
            let _ = Pair::parse(&text);
            let _ = Pair::parse(&format!("HUIS:{text}"));
        }
    }
}
