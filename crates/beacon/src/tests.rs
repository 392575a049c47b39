use ark_ff::UniformRand as _;
use proptest::prelude::*;

use super::*;

/// The key of drand's chain *quicknet*, as <https://api.drand.sh/52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971/info>
/// says it.
const QUICKNET: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
/// Rounds of *quicknet* and their signatures, as drand published them.
const ROUNDS: [(u64, &str); 6] = [
    // Also in the documentation of the crate `drand-verify`, by other authors.
    (123, "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92"),
    (1000, "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"),
    (1001, "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41"),
    (1002, "ab066f9c12dd6de1336fca0f925192fb0c72a771c3e4c82ede1fd362c1a770f9eb05843c6308ce2530b53a99c0281a6e"),
    (1003, "b104c82771698f45fd8dcfead083d482694c31ab519bcef077f126f3736fe98c8392fd5d45d88aeb76b56ccfcb0296d7"),
    (657_413, "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"),
];
/// What version 0.0.10 of the crate `tlock`, by the authors of drand's Rust client, made of the bytes 1 to 15 and this last one.
const BY_TLOCK: [(u64, u8, &str); 5] = [
    (
        1000,
        0,
        "93dc10bf0a53564cd9203f731f2a9f871e0706bfc9bc439315b4d455558359d49d64d086cafff8bcaa98f49f27c20f99025d6022bb656ea94d522fe85fe460dc29345bc0368e357c635335bf734e6b1d61152b43f85a727be464f3cf037c497789f4c74ff90a54d5db6f3880fa14b04a3a1aa49293f2e5c93f122ef177e1e183",
    ),
    (
        1001,
        1,
        "990993f4f0a3f1460242a1e730717f26435d9def28b3731e14dd04e70b3c8a606bf1752ea690757ad412d2fda83688e314700df7b84cd6817ed58323b0eef4b54eedd9a6be6d19913fbee25dba4b4c075e517486ea7aecc0473396a7e1ce4d91840a72b0c0f4f82fe778e4e85a4b01f3e59042420516ae098d5b0cfb4249238b",
    ),
    (
        1002,
        255,
        "b9a6d468afc1e17b250d09f0e82ca180976e4ed3be413b39775374c8b2934984e19d316fc9d691c7b27999366a38dcbf120d3f4db197cb246d0bbc60d5f8db25adf0d712766008861fed87c7c432f01a442b05648ea93ea5155b531793a80ff564e453e8949aa025551a059b2def60b546d0327b24b978fd7e9167cd4493ab9b",
    ),
    (
        1003,
        0,
        "b5768aa0c7277bd3183af231bf68231d8301d20c680c11e333aa3717d77cb8876877ab07109681dca92d5ef19aaf045805abfcbbca9afeaafdbd61aeffe08bf5eb519deb9dd55f49c3254533d83b55050d2ed90ac406c5b896f46aa9855317cbd0230e0098b95ed6fc9c1f64fe8e4020cd4683a23ba513c8ae725a3cea586f68",
    ),
    (
        657_413,
        1,
        "87c522aceef1f54c3a0641c02c83333326acf27a230227f3edea1c207f6638236f1d95885334458295bb57b3fba50ab702a4b3fb4d1cd34c84dcdaa2611173d232850cbfdfa8be33789949debb3be635af0c2f622e843769695ba531db079ff0504fd49322d619e86a06485f18dedab9b45a14180da4e686753303b76ed3d2c2",
    ),
];
const SECRET_HERE: [u8; SECRET] = *b"opens at a round";
const SIGMA: [u8; SECRET] = [7; SECRET];

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
    assert_eq!(hex.len(), 2 * N);
    std::array::from_fn(byte)
}

fn quicknet() -> [u8; PUBLIC_KEY] {
    bytes(QUICKNET)
}

fn signature(round: u64) -> [u8; SIGNATURE] {
    bytes(ROUNDS.iter().find(|(known, _)| *known == round).unwrap().1)
}

/// Sealed for round 1000.
fn sealed() -> [u8; SEALED] {
    seal(&quicknet(), 1000, &SECRET_HERE, &SIGMA).unwrap()
}

fn opened(sealed: &[u8]) -> Result<[u8; SECRET], BeaconError> {
    open(&quicknet(), 1000, &signature(1000), sealed).map(|secret| *secret)
}

#[test]
fn published_rounds_are_signed_by_quicknet_and_by_no_other_number() {
    for (round, hex) in ROUNDS {
        let signature: [u8; SIGNATURE] = bytes(hex);
        assert_eq!(check(&quicknet(), round, &signature), Ok(()), "{round}");
        for other in [0, round - 1, round + 1, u64::MAX] {
            assert_eq!(check(&quicknet(), other, &signature), Err(BeaconError::Signature), "{round} as {other}");
        }
    }
}

#[test]
fn a_secret_opens_with_the_signature_of_its_round_alone() {
    for (round, _) in ROUNDS {
        let sealed = seal(&quicknet(), round, &SECRET_HERE, &SIGMA).unwrap();
        assert_eq!(open(&quicknet(), round, &signature(round), &sealed).as_deref(), Ok(&SECRET_HERE));
    }
    assert_eq!(opened(&sealed()), Ok(SECRET_HERE));
    // A round's own signature, and what was sealed for another one.
    assert_eq!(open(&quicknet(), 1001, &signature(1001), &sealed()), Err(BeaconError::Sealed));
    // Another round's signature, said to be of this one.
    assert_eq!(open(&quicknet(), 1000, &signature(1001), &sealed()), Err(BeaconError::Signature));
}

/// The same bytes come out of both: what is sealed here opens there.
#[test]
fn what_tlock_sealed_opens_here_and_is_sealed_here_to_the_same_bytes() {
    for (round, last, hex) in BY_TLOCK {
        let (theirs, signature): ([u8; SEALED], _) = (bytes(hex), signature(round));
        let secret: [u8; SECRET] = std::array::from_fn(|at| if at == SECRET - 1 { last } else { at as u8 + 1 });
        assert_eq!(open(&quicknet(), round, &signature, &theirs).as_deref(), Ok(&secret));
        let point = point_of_g2(&theirs[..PUBLIC_KEY]).unwrap();
        let paired = Bls12_381::pairing(point_of_g1(&signature).unwrap(), point);
        let mut sigma = [0; SECRET];
        put(&mut sigma, &theirs[PUBLIC_KEY..PUBLIC_KEY + SECRET], &pad_of_pairing(&paired).unwrap());
        assert_eq!(seal(&quicknet(), round, &secret, &sigma), Ok(theirs));
    }
}

#[test]
fn nothing_is_sealed_or_signed_by_a_key_that_is_none() {
    // The neutral point, one that is on no curve, one on the curve and outside of the subgroup, and bytes that are no point.
    let neutral: [u8; PUBLIC_KEY] = std::array::from_fn(|at| if at == 0 { 0xc0 } else { 0 });
    for key in [neutral, [0; PUBLIC_KEY], [0xff; PUBLIC_KEY], outside_of_g2()] {
        assert_eq!(seal(&key, 1000, &SECRET_HERE, &SIGMA), Err(BeaconError::PublicKey));
        assert_eq!(check(&key, 1000, &signature(1000)), Err(BeaconError::PublicKey));
    }
}

#[test]
fn a_signature_that_is_no_point_of_the_group_opens_nothing() {
    let neutral: [u8; SIGNATURE] = std::array::from_fn(|at| if at == 0 { 0xc0 } else { 0 });
    for forged in [neutral, [0; SIGNATURE], [0xff; SIGNATURE], outside_of_g1()] {
        assert_eq!(open(&quicknet(), 1000, &forged, &sealed()), Err(BeaconError::Signature));
    }
    for forged in [&[][..], &signature(1000)[1..], &quicknet()[..], &[0xb4; 4096][..]] {
        assert_eq!(open(&quicknet(), 1000, forged, &sealed()), Err(BeaconError::Signature));
    }
    // Another chain's signature of the round.
    let mut rng = ark_std::test_rng();
    let stranger = (named(1000).unwrap() * Fr::rand(&mut rng)).into_affine();
    let mut forged = [0; SIGNATURE];
    stranger.serialize_compressed(&mut forged[..]).unwrap();
    assert_eq!(open(&quicknet(), 1000, &forged, &sealed()), Err(BeaconError::Signature));
}

#[test]
fn a_sealed_secret_with_another_point_or_length_does_not_open() {
    let neutral: [u8; PUBLIC_KEY] = std::array::from_fn(|at| if at == 0 { 0xc0 } else { 0 });
    let mut generator = [0; PUBLIC_KEY];
    G2Affine::generator().serialize_compressed(&mut generator[..]).unwrap();
    for point in [neutral, [0; PUBLIC_KEY], [0xff; PUBLIC_KEY], outside_of_g2(), generator, quicknet()] {
        let mut forged = sealed();
        forged[..PUBLIC_KEY].copy_from_slice(&point);
        assert_eq!(opened(&forged), Err(BeaconError::Sealed));
    }
    for length in [0, 1, PUBLIC_KEY, SEALED - 1] {
        assert_eq!(opened(&sealed()[..length]), Err(BeaconError::Sealed));
    }
    assert_eq!(opened(&[&sealed()[..], &[0]].concat()), Err(BeaconError::Sealed));
}

/// With the field's order added to a coordinate it names the same point in another form, where that has room: 381 bits.
fn with_the_order_added<const N: usize>(bytes: &[u8; N], coordinate: usize) -> [u8; N] {
    use ark_ff::{BigInteger, PrimeField};
    let order = ark_bls12_381::Fq::MODULUS.to_bytes_be();
    let (mut bytes, flags) = (*bytes, bytes[0] & 0xe0);
    bytes[0] ^= flags;
    let mut carry = 0;
    for (byte, of_order) in bytes[48 * coordinate..][..48].iter_mut().zip(order).rev() {
        let sum = u16::from(*byte) + u16::from(of_order) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert!(carry == 0 && bytes[0] < 0x20);
    bytes[0] |= flags;
    bytes
}

#[test]
fn a_point_has_one_form_alone() {
    // Small multiples of the generators, with coordinates that leave room.
    let g1 = (1u64..).map(|times| (G1Affine::generator() * Fr::from(times)).into_affine());
    let g1 = g1.map(|point| {
        let mut bytes = [0; SIGNATURE];
        point.serialize_compressed(&mut bytes[..]).unwrap();
        bytes
    });
    let g1 = g1.into_iter().find(|bytes| bytes[0] & 0x1f < 5).unwrap();
    assert!(point_of_g1(&g1).is_some());
    assert_eq!(point_of_g1(&with_the_order_added(&g1, 0)), None);
    let g2 = (1u64..).map(|times| (G2Affine::generator() * Fr::from(times)).into_affine());
    let g2 = g2.map(|point| {
        let mut bytes = [0; PUBLIC_KEY];
        point.serialize_compressed(&mut bytes[..]).unwrap();
        bytes
    });
    let g2 = g2.into_iter().find(|bytes| bytes[0] & 0x1f < 5 && bytes[48] < 5).unwrap();
    assert!(point_of_g2(&g2).is_some());
    for coordinate in [0, 1] {
        assert_eq!(point_of_g2(&with_the_order_added(&g2, coordinate)), None);
    }
    // The flags: not compressed, neutral, both; and in the second coordinate there are none.
    for flag in [0x80, 0x40, 0xc0] {
        let (mut one, mut other) = (g1, g2);
        (one[0], other[0]) = (one[0] ^ flag, other[0] ^ flag);
        assert_eq!((point_of_g1(&one), point_of_g2(&other)), (None, None), "{flag}");
    }
    for flag in [0x80, 0x40, 0x20] {
        let mut other = g2;
        other[48] |= flag;
        assert_eq!(point_of_g2(&other), None, "{flag}");
    }
}

/// A point on the curve whose order is not the group's: there are many more of them than others.
fn outside_of_g1() -> [u8; SIGNATURE] {
    let points = (0..=u8::MAX).map(|last| {
        let mut bytes = [0; SIGNATURE];
        (bytes[0], bytes[SIGNATURE - 1]) = (0x80, last);
        bytes
    });
    let on_the_curve = |bytes: &[u8; SIGNATURE]| {
        let point = G1Affine::deserialize_compressed_unchecked(&bytes[..]);
        point.is_ok_and(|point| point.is_on_curve() && !point.is_in_correct_subgroup_assuming_on_curve())
    };
    points.into_iter().find(on_the_curve).unwrap()
}

/// As [`outside_of_g1`].
fn outside_of_g2() -> [u8; PUBLIC_KEY] {
    let points = (0..=u8::MAX).map(|last| {
        let mut bytes = [0; PUBLIC_KEY];
        (bytes[0], bytes[PUBLIC_KEY - 1]) = (0x80, last);
        bytes
    });
    let on_the_curve = |bytes: &[u8; PUBLIC_KEY]| {
        let point = G2Affine::deserialize_compressed_unchecked(&bytes[..]);
        point.is_ok_and(|point| point.is_on_curve() && !point.is_in_correct_subgroup_assuming_on_curve())
    };
    points.into_iter().find(on_the_curve).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic_or_open(
        key in any::<[u8; PUBLIC_KEY]>(),
        signed in prop::collection::vec(any::<u8>(), 0..2 * SIGNATURE),
        other in prop::collection::vec(any::<u8>(), 0..2 * SEALED),
        round in any::<u64>(),
    ) {
        prop_assert_eq!(seal(&key, round, &SECRET_HERE, &SIGMA), Err(BeaconError::PublicKey));
        prop_assert_eq!(check(&quicknet(), round, &signed), Err(BeaconError::Signature));
        prop_assert_eq!(open(&key, round, &signed, &other), Err(BeaconError::PublicKey));
        prop_assert_eq!(opened(&other), Err(BeaconError::Sealed));
    }

    /// Bytes behind a point that is one.
    #[test]
    fn nothing_opens_behind_a_right_point(behind in any::<[u8; 2 * SECRET]>()) {
        let mut forged = sealed();
        forged[PUBLIC_KEY..].copy_from_slice(&behind);
        prop_assert_eq!(opened(&forged), Err(BeaconError::Sealed));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused(at in 0..SEALED, bit in 0..8u8) {
        let mut sealed = sealed();
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(opened(&sealed), Err(BeaconError::Sealed));
    }

    #[test]
    fn a_flipped_bit_of_a_signature_is_refused(at in 0..SIGNATURE, bit in 0..8u8) {
        let mut forged = signature(1000);
        forged[at] ^= 1 << bit;
        prop_assert_eq!(open(&quicknet(), 1000, &forged, &sealed()), Err(BeaconError::Signature));
    }
}
