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

/// The bytes of a variant with what it holds.
fn variant(name: &str, held: &[&[u8]]) -> Vec<u8> {
    [&[0xa1][..], &to_cbor(&name), &held.concat()].concat()
}

#[test]
fn a_variant_that_holds_several_things_is_read_as_it_was_written_and_no_other_way() {
    let read = |held: &[&[u8]]| from_cbor::<Kind>(&variant("Tuple", held));
    let (minus_one, x) = (&[0x20][..], &[0x61, b'x'][..]);
    assert_eq!(to_cbor(&Kind::Tuple(-1, "x".into())), variant("Tuple", &[&[0x82], minus_one, x]));
    assert_eq!(read(&[&[0x82], minus_one, x]), Ok(Kind::Tuple(-1, "x".into())));
    let shape = || Err(CodecError::Malformed("not of the expected shape".into()));
    // Too short, without anything, in another order, no array, and what is no variant at all.
    for held in [&[&[0x81], minus_one][..], &[&[0x80]], &[&[0x82], x, minus_one], &[minus_one], &[x], &[&[0xf6]]] {
        assert_eq!(read(held), shape(), "{held:02x?}");
    }
    for bytes in [&[0xa0][..], &[0xa2], &[0x00], &[0x81, 0x64, b'U', b'n', b'i', b't'], &[0xbf, 0xff]] {
        assert_eq!(from_cbor::<Kind>(bytes), shape(), "{bytes:02x?}");
    }
    // More than it holds, and what it says to hold and does not.
    assert_eq!(read(&[&[0x83], minus_one, x, &[0x00]]), shape());
    assert_eq!(read(&[&[0x82], minus_one]), Err(CodecError::Malformed("it ends too early".into())));
    assert_eq!(read(&[&[0x82], minus_one, x, &[0x00]]), Err(CodecError::Trailing(1)));
    assert_eq!(from_cbor::<Kind>(&variant("Triple", &[&[0x82], minus_one, x])), Err(CodecError::UnknownVariant));
    assert_eq!(from_cbor::<Kind>(&to_cbor(&"Unheard")), Err(CodecError::UnknownVariant));
    // A name alone holds nothing.
    assert!(from_cbor::<Kind>(&to_cbor(&"Tuple")).is_err());
}

#[test]
fn what_an_array_holds_too_much_is_refused_and_not_taken_for_what_comes_behind_it() {
    type Pairs = Vec<(u8, bool)>;
    let pairs = |held: &[&[u8]]| from_cbor::<Pairs>(&held.concat());
    let (pair, shape) = (&[0x82, 0x01, 0xf5][..], || CodecError::Malformed("not of the expected shape".into()));
    assert_eq!(pairs(&[&[0x82], pair, pair]), Ok(vec![(1, true); 2]));
    // The third item of the first would be the second pair.
    assert_eq!(pairs(&[&[0x82, 0x83, 0x01, 0xf5], pair]), Err(shape()));
    assert_eq!(pairs(&[&[0x81, 0x83, 0x01, 0xf5, 0x00]]), Err(shape()));
    for array in [&[0x83, 1, 2, 3][..], &[0x43, 1, 2, 3], &[0x9f, 1, 2, 3, 0xff]] {
        assert_eq!(from_cbor::<(u8, u8)>(array), Err(shape()), "{array:02x?}");
        assert_eq!(from_cbor::<[u8; 2]>(array), Err(shape()), "{array:02x?}");
        assert_eq!(from_cbor::<Vec<u8>>(array), Ok(vec![1, 2, 3]), "{array:02x?}");
    }
    assert_eq!(from_cbor::<[u8; 3]>(&[0x43, 1, 2, 3]), Ok([1, 2, 3]));
}

#[test]
fn a_variant_with_named_fields_is_read_as_it_was_written_and_no_other_way() {
    let read = |held: &[&[u8]]| from_cbor::<Kind>(&variant("Struct", held));
    let (a, b) = (&[0x61, b'a', 0xf5][..], &[0x61, b'b', 0x81, 0x61, b'x'][..]);
    let whole = Kind::Struct { a: Some(true), b: Wrapped(vec!["x".into()]) };
    assert_eq!(to_cbor(&whole), variant("Struct", &[&[0xa2], a, b]));
    assert_eq!(read(&[&[0xa2], a, b]), Ok(whole.clone()));
    assert_eq!(read(&[&[0xa2], b, a]), Ok(whole.clone()), "in any order");
    assert_eq!(read(&[&[0xbf], a, b, &[0xff]]), Ok(whole.clone()), "of a length that stands at its end");
    assert_eq!(read(&[&[0xa3], a, b, &[0x61, b'c', 0x82, 0x00, 0xa0]]), Ok(whole), "with what a later version says");
    assert_eq!(read(&[&[0xa1], b]), Ok(Kind::Struct { a: None, b: Wrapped(vec!["x".into()]) }));
    let malformed = |why: &str| Err(CodecError::Malformed(why.into()));
    assert_eq!(read(&[&[0xa1], a]), malformed("b is missing"));
    assert_eq!(read(&[&[0xa0]]), malformed("b is missing"));
    let shape = "not of the expected shape";
    // Twice, as an array, with a number for a name, no map.
    for held in [&[&[0xa3], a, b, a][..], &[&[0x82, 0xf5], &b[2..]], &[&[0xa1, 0x00], &b[2..]], &[&[0xf6]], &[&[0x00]]]
    {
        assert_eq!(read(held), malformed(shape), "{held:02x?}");
    }
    assert_eq!(read(&[&[0xa2], b]), malformed("it ends too early"));
    assert_eq!(read(&[&[0xa1], b, a]), Err(CodecError::Trailing(a.len())));
}

/// Variants within variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Deep {
    End,
    Tuple(Box<Deep>, u8),
    Struct { within: Box<Deep> },
}

#[test]
fn variants_count_for_the_depth_with_what_they_hold() {
    fn same(bytes: &[u8]) -> Result<Deep, CodecError> {
        let read = first_from_cbor::<Deep>(bytes).ok().map(|(value, rest)| (value, rest.len()));
        assert_eq!(read, by_ciborium::<Deep>(bytes));
        from_cbor(bytes)
    }
    let nested = |depth: usize, around: fn(Deep) -> Deep| (0..depth).fold(Deep::End, |deep, _| around(deep));
    let arounds: [fn(Deep) -> Deep; 2] =
        [|deep| Deep::Tuple(Box::new(deep), 1), |deep| Deep::Struct { within: Box::new(deep) }];
    // Each is one level, and so is what it holds; at the end stands one more.
    let (deepest, deepest_of_ones_own) = ((MOST_NESTING - 1) / 2, (MOST_NESTING_OF_ONES_OWN - 1) / 2);
    for around in arounds {
        let deep = nested(deepest, around);
        assert_eq!(same(&to_cbor(&deep)), Ok(deep));
        let too_deep = to_cbor(&nested(deepest + 1, around));
        assert_eq!(same(&too_deep), Err(CodecError::Malformed("nested too deeply".into())));
        let own = nested(deepest_of_ones_own, around);
        assert_eq!(from_own_cbor(&to_cbor(&own)), Ok(own));
        let own = to_cbor(&nested(deepest_of_ones_own + 1, around));
        assert_eq!(from_own_cbor::<Deep>(&own), Err(CodecError::Malformed("nested too deeply".into())));
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
    // And so do a text, an array, a map, and what stands in a variant.
    for major in [0x7b, 0x9b, 0xbb] {
        let bytes = [&[major], &bytes[1..]].concat();
        let ends = CodecError::Malformed("it ends too early".into());
        match major {
            0x7b => assert_eq!(from_cbor::<String>(&bytes), Err(ends)),
            0x9b => assert_eq!(from_cbor::<Vec<u64>>(&bytes), Err(ends)),
            _ => assert_eq!(from_cbor::<BTreeMap<String, u8>>(&bytes), Err(ends)),
        }
        assert!(from_cbor::<Kind>(&variant("Tuple", &[&bytes])).is_err());
        assert!(from_cbor::<Kind>(&variant("Struct", &[&bytes])).is_err());
        assert!(from_cbor::<Kind>(&[&[0xa1], &bytes[..]].concat()).is_err());
    }
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
