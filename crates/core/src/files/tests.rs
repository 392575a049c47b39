use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use super::*;

const CHUNK_U64: u64 = CHUNK as u64;
/// Nothing, next to nothing, up to the least padding and one more, about a chunk, about two, and several.
const SIZES: [u64; 11] = [
    0,
    1,
    LEAST_PADDED - 1,
    LEAST_PADDED,
    LEAST_PADDED + 1,
    CHUNK_U64 - 1,
    CHUNK_U64,
    CHUNK_U64 + 1,
    2 * CHUNK_U64,
    2 * CHUNK_U64 + 1,
    5 * CHUNK_U64 + 77,
];

fn key(byte: u8) -> FileKey {
    FileKey::from_bytes(&[byte; 32])
}

fn shape(size: u64) -> Shape {
    Shape::of(size).unwrap()
}

fn file(size: u64) -> Vec<u8> {
    let mut bytes = vec![0; size as usize];
    StdRng::seed_from_u64(size).fill_bytes(&mut bytes);
    bytes
}

fn own(file: &[u8], number: u32) -> &[u8] {
    let range = shape(file.len() as u64).own_range(number);
    &file[range.start as usize..range.end as usize]
}

/// The sealed chunks of a file.
fn sealed(key: &FileKey, file: &[u8]) -> Vec<Vec<u8>> {
    let shape = shape(file.len() as u64);
    let mut sealer = FileSealer::new(key, shape);
    let mut chunks = Vec::new();
    for number in 0..shape.chunks() {
        let mut chunk = Vec::new();
        sealer.seal_next(own(file, number), &mut chunk).unwrap();
        chunks.push(chunk);
    }
    chunks
}

fn opened(key: &FileKey, size: u64, chunks: &[Vec<u8>]) -> Result<Vec<u8>, FileError> {
    let opener = FileOpener::new(key, shape(size));
    let mut file = Vec::new();
    for (number, chunk) in (0..).zip(chunks) {
        opener.open(number, chunk, &mut file)?;
    }
    Ok(file)
}

/// How chunk `number` of a file of `size` bytes opens.
fn answer(size: u64, number: u32, chunk: &[u8]) -> Result<(), FileError> {
    let mut before = b"before".to_vec();
    let answer = FileOpener::new(&key(7), shape(size)).open(number, chunk, &mut before);
    if answer.is_err() {
        assert_eq!(before, b"before", "nothing of what is refused comes out");
    }
    answer
}

#[test]
fn files_of_every_size_come_back() {
    for size in SIZES {
        let file = file(size);
        let chunks = sealed(&key(7), &file);
        let whole: usize = chunks.iter().map(Vec::len).sum();
        assert_eq!(whole as u64, shape(size).sealed(), "{size}");
        assert_eq!(opened(&key(7), size, &chunks).unwrap(), file, "{size}");
        // Each by itself, from the last one on.
        for number in (0..chunks.len() as u32).rev() {
            let chunk = &chunks[number as usize];
            let mut part = Vec::new();
            FileOpener::new(&key(7), shape(size)).open(number, chunk, &mut part).unwrap();
            assert_eq!(part, own(&file, number));
        }
    }
}

#[test]
fn sealed_files_keep_their_form() {
    let mut shown = String::new();
    for size in SIZES {
        let mut hasher = FileHasher::default();
        sealed(&key(7), &file(size)).iter().for_each(|chunk| hasher.update(chunk));
        let hash = hasher.so_far().0.map(|byte| format!("{byte:02x}")).concat();
        shown.push_str(&format!("{size} bytes: {} sealed, SHA-256 {hash}\n", shape(size).sealed()));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_goes_on_after_a_break_is_what_would_have_come_without_it() {
    let file = file(5 * CHUNK_U64 + 77);
    let whole = sealed(&key(7), &file);
    for cut in 0..=whole.len() as u32 {
        let mut sealer = FileSealer::new(&key(7), shape(file.len() as u64));
        for number in 0..cut {
            assert_eq!(sealer.next(), number);
            sealer.skip_next(own(&file, number)).unwrap();
        }
        for number in cut..whole.len() as u32 {
            let mut chunk = Vec::new();
            sealer.seal_next(own(&file, number), &mut chunk).unwrap();
            assert_eq!(chunk, whole[number as usize]);
        }
        let mut hasher = FileHasher::default();
        hasher.update(&file);
        assert_eq!(sealer.digest(), hasher.so_far());
        let end = FileError::NoSuchChunk { number: 6, chunks: 6 };
        assert_eq!(sealer.seal_next(b"", &mut Vec::new()), Err(end));
    }
}

#[test]
fn a_digest_tells_whether_the_bytes_are_those_of_before() {
    let file = file(2 * CHUNK_U64);
    let digest = |change: usize| {
        let mut sealer = FileSealer::new(&key(7), shape(file.len() as u64));
        sealer.skip_next(own(&file, 0)).unwrap();
        let mut own = own(&file, 1).to_vec();
        own[500] ^= change as u8;
        sealer.seal_next(&own, &mut Vec::new()).unwrap();
        sealer.digest()
    };
    assert_eq!(digest(0), digest(0));
    assert_ne!(digest(0), digest(1));
}

#[test]
fn a_file_that_grew_or_shrank_is_not_sealed() {
    let mut sealer = FileSealer::new(&key(7), shape(CHUNK_U64 + 5));
    for (bytes, expected) in [(CHUNK - 1, CHUNK), (CHUNK + 1, CHUNK)] {
        let length = FileError::Length { number: 0, expected, found: bytes };
        assert_eq!(sealer.seal_next(&vec![0; bytes], &mut Vec::new()), Err(length.clone()));
        assert_eq!(sealer.skip_next(&vec![0; bytes]), Err(length));
    }
    sealer.seal_next(&[0; CHUNK], &mut Vec::new()).unwrap();
    assert!(matches!(sealer.seal_next(&[0; 6], &mut Vec::new()), Err(FileError::Length { expected: 5, .. })));
}

#[test]
fn a_chunk_in_another_place_or_of_another_file_is_refused() {
    let size = 3 * CHUNK_U64;
    let chunks = sealed(&key(7), &file(size));
    for (from, chunk) in (0..).zip(&chunks) {
        for to in 0..3 {
            // The last chunk of three is as long as the others.
            let expected = if from == to { Ok(()) } else { Err(FileError::Refused { number: to }) };
            assert_eq!(answer(size, to, chunk), expected, "{from} at {to}");
        }
    }
    let other = sealed(&key(8), &file(size));
    assert_eq!(answer(size, 1, &other[1]), Err(FileError::Refused { number: 1 }));
    assert_eq!(answer(size, 3, &chunks[2]), Err(FileError::NoSuchChunk { number: 3, chunks: 3 }));
}

#[test]
fn a_row_of_chunks_opens_in_its_place_as_far_as_it_came_whole() {
    let size = 2 * CHUNK_U64 + 100;
    let file = file(size);
    let chunks = sealed(&key(7), &file);
    let opener = FileOpener::new(&key(7), shape(size));
    let (row, behind) = (chunks.concat(), chunks[1..].concat());
    for (first, sealed, count, own) in [
        (0, &row[..], 3, &file[..]),
        (0, &row[..row.len() - 1], 2, &file[..2 * CHUNK]),
        (0, &row[..SEALED_CHUNK], 1, &file[..CHUNK]),
        (0, &row[..SEALED_CHUNK - 1], 0, &[]),
        (0, &[], 0, &[]),
        (1, &behind[..], 2, &file[CHUNK..]),
        (2, &chunks[2][..], 1, &file[2 * CHUNK..]),
        (3, &chunks[2][..], 0, &[]),
    ] {
        let mut bytes = sealed.to_vec();
        assert_eq!(opener.open_row(first, &mut bytes), Ok(count), "{} from {first} on", sealed.len());
        assert!(bytes == own, "{} from {first} on", sealed.len());
    }
}

#[test]
fn of_a_row_with_one_wrong_chunk_nothing_comes_out() {
    let size = 2 * CHUNK_U64 + 100;
    let row = sealed(&key(7), &file(size)).concat();
    let opener = FileOpener::new(&key(7), shape(size));
    for (at, number) in [(0, 0), (SEALED_CHUNK - 1, 0), (SEALED_CHUNK, 1), (2 * SEALED_CHUNK, 2), (row.len() - 1, 2)] {
        let mut bytes = row.clone();
        bytes[at] ^= 1;
        assert_eq!(opener.open_row(0, &mut bytes), Err(FileError::Refused { number }), "byte {at}");
        assert!(bytes.is_empty(), "byte {at}");
    }
    let mut moved = row.clone();
    moved.rotate_left(SEALED_CHUNK);
    assert_eq!(opener.open_row(0, &mut moved), Err(FileError::Refused { number: 0 }));
    // Padding that is not zeros alone.
    let mut longer = sealed(&key(7), &[7; 10]).concat();
    assert_eq!(FileOpener::new(&key(7), shape(9)).open_row(0, &mut longer), Err(FileError::Padding));
    assert!(longer.is_empty());
}

#[test]
fn a_file_that_was_cut_or_extended_is_refused() {
    let size = 3 * CHUNK_U64;
    let chunks = sealed(&key(7), &file(size));
    // Whole chunks away, or one more than there were: none is the last one, or the last one is none.
    assert_eq!(answer(2 * CHUNK_U64, 1, &chunks[1]), Err(FileError::Refused { number: 1 }));
    assert_eq!(answer(4 * CHUNK_U64, 2, &chunks[2]), Err(FileError::Refused { number: 2 }));
    // Bytes away, or some more.
    let last = &chunks[2];
    for bytes in [&last[..0], &last[..TAG], &last[..last.len() - 1], &[last, &[0][..]].concat()] {
        let expected = FileError::Length { number: 2, expected: SEALED_CHUNK, found: bytes.len() };
        assert_eq!(answer(size, 2, bytes), Err(expected));
    }
}

#[test]
fn padding_is_zeros_alone() {
    // Who seals a longer file under the same key fills the padding of a shorter one.
    let longer = sealed(&key(7), &[7; 10]);
    assert_eq!(answer(10, 0, &longer[0]), Ok(()));
    assert_eq!(answer(9, 0, &longer[0]), Err(FileError::Padding));
}

#[test]
fn debug_of_a_file_key_shows_nothing() {
    assert_eq!(format!("{:?}", key(0xab)), "FileKey(…)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flipped_bit_anywhere_is_refused(size in 0..150_000_u64, place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut chunks = sealed(&key(7), &file(size));
        let at = place.index(shape(size).sealed() as usize);
        let number = at / SEALED_CHUNK;
        chunks[number][at % SEALED_CHUNK] ^= 1_u8 << bit;
        let number = number as u32;
        prop_assert_eq!(answer(size, number, &chunks[number as usize]), Err(FileError::Refused { number }));
    }

    #[test]
    fn whatever_comes_is_refused_or_opened(size in 0..200_000_u64, number in 0..5_u32, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(answer(size, number, &bytes).is_err());
    }
}
