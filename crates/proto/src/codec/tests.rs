use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::*;

/// Each kind of thing that is written somewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sample {
    number: u32,
    signed: Option<i64>,
    list: Vec<u8>,
    bytes: ByteBuf,
    text: String,
    kinds: Vec<Kind>,
    map: BTreeMap<String, i16>,
    #[serde(default)]
    pairs: Vec<(u8, bool)>,
    array: [u8; 3],
    float: f64,
    sign: char,
    nothing: (),
    within: Option<Box<Sample>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    New(u64),
    Tuple(i8, String),
    Struct { a: Option<bool>, b: Wrapped },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wrapped(Vec<String>);

/// Knows less than what is written.
#[derive(Debug, PartialEq, Deserialize)]
struct Less {
    text: String,
    #[serde(default)]
    unheard_of: Option<u8>,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Unit),
        any::<u64>().prop_map(Kind::New),
        (any::<i8>(), ".{0,5}").prop_map(|(number, text)| Kind::Tuple(number, text)),
        (any::<Option<bool>>(), prop::collection::vec(".{0,3}", 0..3))
            .prop_map(|(a, b)| Kind::Struct { a, b: Wrapped(b) }),
    ]
}

fn flat() -> impl Strategy<Value = Sample> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..600);
    let first = (any::<u32>(), any::<Option<i64>>(), bytes(), bytes(), ".{0,40}", prop::collection::vec(kind(), 0..4));
    let map = prop::collection::btree_map("[a-z]{0,3}", any::<i16>(), 0..4);
    let second = (map, any::<Vec<(u8, bool)>>(), any::<[u8; 3]>(), -1e9_f64..1e9, any::<char>());
    (first, second).prop_map(|((number, signed, list, bytes, text, kinds), (map, pairs, array, float, sign))| Sample {
        number,
        signed,
        list,
        bytes: ByteBuf::from(bytes),
        text,
        kinds,
        map,
        pairs,
        array,
        float,
        sign,
        nothing: (),
        within: None,
    })
}

fn sample() -> impl Strategy<Value = Sample> {
    (flat(), prop::option::of(flat())).prop_map(|(outer, within)| Sample { within: within.map(Box::new), ..outer })
}

/// What the library's own reader makes of it.
fn by_ciborium<T: DeserializeOwned>(bytes: &[u8]) -> Option<(T, usize)> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MOST_NESTING).ok()?;
    Some((value, rest.len()))
}

proptest! {
    #[test]
    fn what_was_written_is_read(sample in sample()) {
        let bytes = to_cbor(&sample);
        prop_assert_eq!(from_cbor::<Sample>(&bytes), Ok(sample.clone()));
        let less = Less { text: sample.text.clone(), unheard_of: None };
        prop_assert_eq!(from_cbor::<Less>(&bytes), Ok(less));
        prop_assert_eq!(from_own_cbor::<ciborium::Value>(&bytes), Ok(ciborium::Value::serialized(&sample).unwrap()));
        for end in 0..bytes.len() {
            prop_assert!(from_cbor::<Sample>(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn nothing_is_read_that_the_library_would_not_read_so(
        sample in flat(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = to_cbor(&sample);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok((read, rest)) = first_from_cbor::<Sample>(&bytes) {
            // Floats that are no number are equal to nothing.
            let (other, left) = by_ciborium::<Sample>(&bytes).unwrap();
            prop_assert_eq!((format!("{read:?}"), rest.len()), (format!("{other:?}"), left));
        }
        if let Ok((read, rest)) = first_from_cbor::<Kind>(&bytes) {
            prop_assert_eq!(Some((read, rest.len())), by_ciborium::<Kind>(&bytes));
        }
    }
}

#[test]
fn other_forms_of_the_same_are_read_as_the_library_reads_them() {
    let forms: [&[u8]; 14] = [
        // Of a length that stands at its end: text, bytes, array, map.
        &[0x7f, 0x61, b'a', 0x62, 0xc3, 0xa9, 0xff],
        &[0x5f, 0x41, 1, 0x42, 2, 3, 0xff],
        &[0x9f, 0x01, 0x9f, 0xff, 0xff],
        &[0xbf, 0x61, b'a', 0x01, 0xff],
        // Longer than it would have to be, and behind a tag.
        &[0x1b, 0, 0, 0, 0, 0, 0, 0, 7],
        &[0xc1, 0x18, 0x2a],
        &[0xf6],
        &[0xf7],
        &[0xf9, 0x3e, 0x00],
        &[0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xa1, 0x63, b'N', b'e', b'w', 0x05],
        &[0x64, b'U', b'n', b'i', b't'],
        &[0x61, 0xff],
    ];
    fn same<T: DeserializeOwned + std::fmt::Debug + PartialEq>(bytes: &[u8]) {
        let read = first_from_cbor::<T>(bytes).ok().map(|(value, rest)| (value, rest.len()));
        assert_eq!(read, by_ciborium::<T>(bytes), "{bytes:02x?}");
    }
    for bytes in forms {
        same::<String>(bytes);
        same::<ByteBuf>(bytes);
        same::<Vec<u8>>(bytes);
        same::<u64>(bytes);
        same::<i64>(bytes);
        same::<Option<u64>>(bytes);
        same::<()>(bytes);
        same::<f32>(bytes);
        same::<bool>(bytes);
        same::<Kind>(bytes);
        same::<BTreeMap<String, u8>>(bytes);
        same::<serde::de::IgnoredAny>(bytes);
    }
}

#[test]
fn what_is_ones_own_may_be_deeper_and_has_an_end_too() {
    let nested = |depth| [vec![0x81; depth], vec![0xf6]].concat();
    assert!(from_cbor::<ciborium::Value>(&nested(MOST_NESTING)).is_ok());
    assert!(from_cbor::<ciborium::Value>(&nested(MOST_NESTING + 1)).is_err());
    assert!(from_own_cbor::<ciborium::Value>(&nested(MOST_NESTING_OF_ONES_OWN)).is_ok());
    assert!(from_own_cbor::<ciborium::Value>(&nested(MOST_NESTING_OF_ONES_OWN + 1)).is_err());
    assert_eq!(from_own_cbor::<u8>(&[1, 2]), Err(CodecError::Trailing(1)));
}

#[test]
fn deep_nesting_is_refused_instead_of_exhausting_the_stack() {
    let bytes = [vec![0x81; 100_000], vec![0x00]].concat();
    assert!(matches!(from_cbor::<ciborium::Value>(&bytes), Err(CodecError::Malformed(_))));
}

#[test]
fn a_length_that_lies_does_not_reserve_memory() {
    // A byte string that claims 2^63 bytes and brings none.
    let bytes = [0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert!(from_cbor::<crate::Bytes>(&bytes).is_err());
}

#[test]
fn what_follows_a_value_is_an_error_but_in_a_sequence() {
    let bytes = [to_cbor(&1_u8), to_cbor(&2_u8)].concat();
    assert_eq!(from_cbor::<u8>(&bytes), Err(CodecError::Trailing(1)));
    let (first, rest) = first_from_cbor::<u8>(&bytes).unwrap();
    assert_eq!((first, from_cbor::<u8>(rest).unwrap()), (1, 2));
}

#[test]
fn another_version_is_named() {
    let bytes = to_versioned(2, &1_u8);
    assert_eq!(from_versioned::<u8>(1, &bytes), Err(CodecError::Version { found: 2, newest: 1 }));
}
