//! What a public randomness beacon of drand's lets open: secrets that are sealed for a round which is not published yet, and
//! open with the beacon's signature of that round.
//!
//! The curve BLS12-381, its pairing and its hash to the curve (RFC 9380) are `ark-bls12-381`'s. What is composed of them here is
//! the published scheme and nothing else, for chains of drand's kind `bls-unchained-g1-rfc9380`, where signatures are points of G1
//! and keys are points of G2: tlock (Gailly, Melissaris, Romailler: *tlock: Practical Timelock Encryption from Threshold BLS*,
//! ePrint 2023/189). That is the identity-based encryption of Boneh and Franklin (*Identity-Based Encryption from the Weil
//! Pairing*, CRYPTO 2001) in its form that withstands chosen ciphertexts, *FullIdent* (section 4.2), in which a round's number is the
//! identity, and what opens for it is the beacon's signature of it. Step by step as drand's program has it (`EncryptCCAonG2`,
//! `DecryptCCAonG2` and `h3` in `encrypt/ibe/ibe.go` of `drand/kyber`):
//!
//! ```text
//! id    = SHA-256(round as 8 bytes, big-endian)              what the beacon signs
//! Q     = hash to G1 of id, with the beacon's own domain     H1
//! σ     = 16 fresh random bytes; M = the secret, 16 bytes
//! r     = H3(σ, M), below the group's order                  by rejection: as kyber's h3
//! U     = r·P, P the generator of G2                         96 bytes
//! V     = σ ⊕ H2(e(Q, key)^r)                                H2(g) = SHA-256("IBE-H2" ‖ g), the first 16 bytes
//! W     = M ⊕ H4(σ)                                          H4(σ) = SHA-256("IBE-H4" ‖ σ), the first 16 bytes
//! open:   σ = V ⊕ H2(e(signature, U)), M = W ⊕ H4(σ); refused unless U = H3(σ, M)·P
//! ```
//!
//! `e(Q, key)^r` is computed as `e(r·Q, key)`, which is the same and cheaper. That last check makes whatever was changed, or sealed
//! for another round, open for nobody: it is why a change is refused here, and not only by what the secret opens.
//!
//! What is stricter than drand's program: a signature is held against the chain's key before anything is opened by it, and no
//! neutral point is taken for a key, a signature or `U`. Every point that comes from outside has to be compressed, in its one
//! canonical form (coordinates below the field's order, no flag too many), on the curve, and in the subgroup of prime order; all
//! lengths are fixed. **No bytes make it panic:** the pairing's only failure is the neutral element of its last step, which points of the
//! subgroups do not reach.
//!
//! The tests hold it against drand's published rounds of *quicknet*, and against what the crate `tlock` 0.0.10 by other authors
//! sealed: byte by byte the same. That crate is not used itself, because it panics where somebody has changed what is to be
//! opened. No message is encrypted with this: a secret of 16 random bytes is sealed, of which `huis-core` derives one of the two
//! shares of an AES-256-GCM key.
//!
//! **What is sealed is safe until the round for as long as fewer of the beacon's members than its threshold work together,** and
//! not against quantum computers. The arithmetic does not run in constant time: who can measure a device while it seals or opens may learn
//! of that one secret, and of nothing else, as no key outlives a call.

use ark_bls12_381::{Bls12_381, Fr, G1Affine, G1Projective, G2Affine, g1};
use ark_ec::hashing::HashToCurve;
use ark_ec::hashing::curve_maps::wb::WBMap;
use ark_ec::hashing::map_to_curve_hasher::MapToCurveBasedHasher;
use ark_ec::models::short_weierstrass::Projective;
use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::field_hashers::DefaultFieldHasher;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The bytes of a chain's public key: a compressed point of G2.
pub const PUBLIC_KEY: usize = 96;
/// The bytes of a round's signature: a compressed point of G1.
pub const SIGNATURE: usize = 48;
/// The bytes of a secret.
pub const SECRET: usize = 16;
/// The bytes of a sealed secret: a point of G2, and two blocks of [`SECRET`] (`U`, `V` and `W`).
pub const SEALED: usize = PUBLIC_KEY + 2 * SECRET;

/// How signatures are hashed to the curve, as RFC 9380 says it (section 8.8.1) and drand names it.
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// Why nothing is sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BeaconError {
    /// It is no point of the right group in its canonical form, or the neutral one.
    #[error("the chain's public key is none")]
    PublicKey,
    /// The chain did not sign this round so.
    #[error("this is not the chain's signature of the round")]
    Signature,
    /// It was sealed for something else, or changed.
    #[error("what is sealed does not open with the round's signature")]
    Sealed,
    /// The curve's own code refused what it has to take.
    #[error("the curve could not be computed with")]
    Curve,
}

/// Seals a secret so that nobody opens it without the signature of this round. `sigma` is 16 fresh random bytes, for this alone.
///
/// # Errors
/// [`BeaconError::PublicKey`].
pub fn seal(
    public_key: &[u8; PUBLIC_KEY],
    round: u64,
    secret: &[u8; SECRET],
    sigma: &[u8; SECRET],
) -> Result<[u8; SEALED], BeaconError> {
    let public_key = point_of_g2(public_key).ok_or(BeaconError::PublicKey)?;
    let exponent = exponent(sigma, secret)?;
    let to_it = (named(round)? * exponent).into_affine();
    let point = (G2Affine::generator() * exponent).into_affine();
    let mut sealed = [0; SEALED];
    point.serialize_compressed(&mut sealed[..PUBLIC_KEY]).map_err(|_| BeaconError::Curve)?;
    let pad = pad_of_pairing(&Bls12_381::pairing(to_it, public_key))?;
    put(&mut sealed[PUBLIC_KEY..PUBLIC_KEY + SECRET], sigma, &pad);
    put(&mut sealed[PUBLIC_KEY + SECRET..], secret, &pad_of_sigma(sigma));
    Ok(sealed)
}

/// Whether the chain with this key signed the round so.
///
/// # Errors
/// [`BeaconError::PublicKey`] or [`BeaconError::Signature`].
pub fn check(public_key: &[u8; PUBLIC_KEY], round: u64, signature: &[u8]) -> Result<(), BeaconError> {
    signed(public_key, round, signature).map(drop)
}

/// Opens what [`seal`] sealed, with the chain's signature of the round, which is checked first: so it depends on nobody's word
/// what opens, and opens alike for everybody.
///
/// # Errors
/// [`BeaconError`].
pub fn open(
    public_key: &[u8; PUBLIC_KEY],
    round: u64,
    signature: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<[u8; SECRET]>, BeaconError> {
    let signature = signed(public_key, round, signature)?;
    let sealed: &[u8; SEALED] = sealed.try_into().map_err(|_| BeaconError::Sealed)?;
    let point = point_of_g2(&sealed[..PUBLIC_KEY]).ok_or(BeaconError::Sealed)?;
    let (mut sigma, mut secret) = (Zeroizing::new([0; SECRET]), Zeroizing::new([0; SECRET]));
    let pad = pad_of_pairing(&Bls12_381::pairing(signature, point))?;
    put(&mut *sigma, &sealed[PUBLIC_KEY..PUBLIC_KEY + SECRET], &pad);
    put(&mut *secret, &sealed[PUBLIC_KEY + SECRET..], &pad_of_sigma(&sigma));
    // Who sealed it knew what is inside: nothing else comes out for anybody.
    let again = (G2Affine::generator() * exponent(&sigma, &secret)?).into_affine();
    if again == point { Ok(secret) } else { Err(BeaconError::Sealed) }
}

fn signed(public_key: &[u8; PUBLIC_KEY], round: u64, signature: &[u8]) -> Result<G1Affine, BeaconError> {
    let public_key = point_of_g2(public_key).ok_or(BeaconError::PublicKey)?;
    let signature = point_of_g1(signature).ok_or(BeaconError::Signature)?;
    let is_signed =
        Bls12_381::pairing(signature, G2Affine::generator()) == Bls12_381::pairing(named(round)?, public_key);
    if is_signed { Ok(signature) } else { Err(BeaconError::Signature) }
}

/// What the chain signs of a round: the hash of its number, as a point.
fn named(round: u64) -> Result<G1Affine, BeaconError> {
    type ToG1 = MapToCurveBasedHasher<Projective<g1::Config>, DefaultFieldHasher<Sha256, 128>, WBMap<g1::Config>>;
    let message = Sha256::digest(round.to_be_bytes());
    let hasher = ToG1::new(DOMAIN).map_err(|_| BeaconError::Curve)?;
    let point = hasher.hash(&message).map_err(|_| BeaconError::Curve)?;
    Ok(G1Projective::from(point).into_affine())
}

/// A point of the subgroup of prime order, in its one compressed form, and not the neutral one.
fn point_of_g1(bytes: &[u8]) -> Option<G1Affine> {
    let bytes: &[u8; SIGNATURE] = bytes.try_into().ok()?;
    G1Affine::deserialize_compressed(&bytes[..]).ok().filter(|point| !point.is_zero())
}

/// As [`point_of_g1`].
fn point_of_g2(bytes: &[u8]) -> Option<G2Affine> {
    let bytes: &[u8; PUBLIC_KEY] = bytes.try_into().ok()?;
    G2Affine::deserialize_compressed(&bytes[..]).ok().filter(|point| !point.is_zero())
}

/// H3, as drand has it: hashes of a count (little-endian) and of both are tried, without their first bit, until one is below the
/// group's order.
fn exponent(sigma: &[u8; SECRET], secret: &[u8; SECRET]) -> Result<Fr, BeaconError> {
    let both = Zeroizing::new(<[u8; 32]>::from(
        Sha256::new().chain_update(b"IBE-H3").chain_update(sigma).chain_update(secret).finalize(),
    ));
    for count in 1..u16::MAX {
        let hash = Sha256::new().chain_update(count.to_le_bytes()).chain_update(&both[..]).finalize();
        let mut hash = Zeroizing::new(<[u8; 32]>::from(hash));
        hash[0] >>= 1;
        hash.reverse();
        if let Ok(exponent) = Fr::deserialize_compressed(&hash[..]) {
            return Ok(exponent);
        }
    }
    Err(BeaconError::Curve)
}

/// H2. The pairing's bytes are drand's: the highest coefficient first, each big-endian, which is the reverse of arkworks'.
fn pad_of_pairing(paired: &PairingOutput<Bls12_381>) -> Result<Zeroizing<[u8; 32]>, BeaconError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(paired.compressed_size()));
    paired.serialize_compressed(&mut *bytes).map_err(|_| BeaconError::Curve)?;
    bytes.reverse();
    Ok(Zeroizing::new(Sha256::new().chain_update(b"IBE-H2").chain_update(&*bytes).finalize().into()))
}

/// H4.
fn pad_of_sigma(sigma: &[u8; SECRET]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(Sha256::new().chain_update(b"IBE-H4").chain_update(sigma).finalize().into())
}

fn put(to: &mut [u8], from: &[u8], pad: &[u8; 32]) {
    for ((to, from), pad) in to.iter_mut().zip(from).zip(pad) {
        *to = from ^ pad;
    }
}

#[cfg(test)]
mod tests;
