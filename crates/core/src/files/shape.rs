//! How long a sealed file is, and where its chunks stand: all of it follows from the file's own size.

use std::ops::Range;

use super::FileError;

/// A chunk's bytes before it is sealed; the last one may have fewer, and has one at least.
pub const CHUNK: usize = 64 * 1024;
/// What sealing adds to each chunk.
pub const TAG: usize = 16;
/// A chunk's bytes once it is sealed.
pub const SEALED_CHUNK: usize = CHUNK + TAG;
/// The least size that a file is padded to.
pub const LEAST_PADDED: u64 = 4096;
/// The largest file that can be sealed; a server takes less.
pub const LARGEST: u64 = 1 << 40;

/// The sizes of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    size: u64,
    padded: u64,
}

impl Shape {
    /// The shape of a file of this many bytes.
    ///
    /// # Errors
    /// [`FileError::TooLarge`].
    pub fn of(size: u64) -> Result<Self, FileError> {
        if size > LARGEST { Err(FileError::TooLarge { size }) } else { Ok(Self { size, padded: padme(size) }) }
    }

    /// The file's own size.
    pub fn size(self) -> u64 {
        self.size
    }

    /// The size with its padding: all that the sealed size tells.
    pub fn padded(self) -> u64 {
        self.padded
    }

    /// How many chunks there are; one at least.
    pub fn chunks(self) -> u32 {
        // 2^40 bytes and their padding are less than 2^25 chunks.
        self.padded.div_ceil(CHUNK as u64) as u32
    }

    /// The size of the sealed file.
    pub fn sealed(self) -> u64 {
        self.padded + u64::from(self.chunks()) * TAG as u64
    }

    /// Where the sealed chunks from `first` on stand, up to `behind` or to the end.
    pub fn sealed_range(self, first: u32, behind: u32) -> Range<u64> {
        let place = |number: u32| (u64::from(number) * SEALED_CHUNK as u64).min(self.sealed());
        place(first)..place(behind)
    }

    /// Where the file's own bytes of a chunk stand in the file; empty where a chunk is nothing but padding.
    pub fn own_range(self, number: u32) -> Range<u64> {
        let place = |number: u64| (number * CHUNK as u64).min(self.size);
        place(u64::from(number))..place(u64::from(number) + 1)
    }

    /// A chunk's bytes with its padding, before it is sealed; none behind the end.
    pub(super) fn padded_length(self, number: u32) -> Option<usize> {
        let from = u64::from(number) * CHUNK as u64;
        let left = self.padded.checked_sub(from).filter(|left| *left > 0)?;
        Some(left.min(CHUNK as u64) as usize)
    }

    pub(super) fn is_last(self, number: u32) -> bool {
        number + 1 == self.chunks()
    }
}

/// PADMÉ (Nikitin, Barman, Lueks, Underwood, Hubaux, Ford 2019): of the size's binary digits only as many of the highest
/// stay as it takes to write down how many there are. So sizes tell O(log log) bits, for at most 12 % more.
fn padme(size: u64) -> u64 {
    if size <= LEAST_PADDED {
        return LEAST_PADDED;
    }
    let digits = size.ilog2();
    let kept = digits.ilog2() + 1;
    let dropped = (1_u64 << (digits - kept)) - 1;
    (size + dropped) & !dropped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_padded_as_padme_says() {
        let padded = [0, 1, 4096, 4097, 5000, 65_536, 65_537, 1_000_000, 5_000_000_000].map(padme);
        assert_eq!(
            padded,
            [4096, 4096, 4096, 4352, 5120, 65_536, 67_584, 1_015_808, 5_033_164_800],
            "the digits that are kept: 5 of 13, 6 of 17, 6 of 20, 7 of 33"
        );
    }

    #[test]
    fn a_shape_of_each_kind_of_size() {
        let of = |size| Shape::of(size).unwrap();
        assert_eq!((of(0).chunks(), of(0).sealed()), (1, LEAST_PADDED + 16));
        let chunk = CHUNK as u64;
        assert_eq!((of(chunk).chunks(), of(chunk).sealed()), (1, chunk + 16));
        assert_eq!((of(chunk + 1).chunks(), of(chunk + 1).sealed()), (2, 67_584 + 32));
        assert_eq!(of(chunk + 1).own_range(1), chunk..chunk + 1);
        assert_eq!(of(chunk + 1).own_range(2), chunk + 1..chunk + 1);
        assert_eq!(of(chunk + 1).sealed_range(1, 9), chunk + 16..67_584 + 32);
        assert_eq!(Shape::of(LARGEST + 1), Err(FileError::TooLarge { size: LARGEST + 1 }));
        assert!(Shape::of(LARGEST).is_ok());
    }

    proptest! {
        #[test]
        fn padding_is_never_less_and_never_much(size in 0..=LARGEST) {
            let padded = padme(size);
            prop_assert!(padded >= size);
            prop_assert!(padded <= LEAST_PADDED || padded - size <= size * 12 / 100, "{size} became {padded}");
            prop_assert_eq!(padme(padded), padded);
        }

        #[test]
        fn the_chunks_are_the_whole_file(size in 0..4_000_000_u64) {
            let shape = Shape::of(size).unwrap();
            let chunks = 0..shape.chunks();
            let own: u64 = chunks.clone().map(|number| shape.own_range(number)).map(|range| range.end - range.start).sum();
            let padded: usize = chunks.map(|number| shape.padded_length(number).unwrap()).sum();
            prop_assert_eq!(own, size);
            prop_assert_eq!(padded as u64, shape.padded());
            prop_assert_eq!(shape.padded_length(shape.chunks()), None);
            prop_assert_eq!(shape.sealed_range(0, shape.chunks()), 0..shape.sealed());
        }
    }
}
