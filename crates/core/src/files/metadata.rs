//! Pictures without what they tell of where, when and with what they were taken.
//!
//! JPEG, PNG and WebP are rows of segments. What a picture needs to look as it does is kept, and everything else is left
//! out: Exif, XMP, IPTC, comments, previews, what makers of cameras put in, what stands behind the end. A photo's
//! orientation is kept, for without it photos lie on their sides.

use std::ops::Range;

/// A part of a file as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// These bytes of the file.
    Range(Range<usize>),
    /// Bytes in place of others.
    Bytes(Vec<u8>),
}

impl Kept {
    /// How many bytes it has.
    pub fn length(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// It begins like a picture and does not go on like one, so that what is in it can't be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the picture is damaged, so what says where it was taken can't be taken out: send it with its metadata")]
pub struct DamagedPicture;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// What a PNG needs beside its critical chunks: colours, transparency, measures, animation.
const PNG_KEPT: [&[u8; 4]; 16] = [
    b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"hIST", b"tRNS", b"pHYs",
    b"sPLT", b"acTL", b"fcTL", b"fdAT",
];
const WEBP_KEPT: [&[u8; 4]; 6] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ICCP"];
/// What a frame of an animation needs.
const WEBP_FRAME_KEPT: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
/// Where a frame stands, how large it is, and how long it is shown.
const WEBP_FRAME_HEAD: usize = 16;
/// The flags of a WebP that say that Exif and XMP follow.
const WEBP_FLAGS: u8 = 0x08 | 0x04;

/// Whether a file that begins like this may have something taken out.
pub fn is_stripped_kind(beginning: &[u8]) -> bool {
    beginning.starts_with(b"\xff\xd8\xff") || beginning.starts_with(PNG) || is_webp(beginning)
}

/// What of a picture is sent; none for all of it, because nothing has to be taken out or it is no picture of these kinds.
///
/// # Errors
/// [`DamagedPicture`].
pub fn without_metadata(file: &[u8]) -> Result<Option<Vec<Kept>>, DamagedPicture> {
    let mut kept = Pieces::default();
    let read = if file.starts_with(b"\xff\xd8\xff") {
        jpeg(file, &mut kept)
    } else if file.starts_with(PNG) {
        png(file, &mut kept)
    } else if is_webp(file) {
        webp(file, &mut kept)
    } else {
        return Ok(None);
    };
    read.ok_or(DamagedPicture)?;
    let whole = [Kept::Range(0..file.len())];
    Ok((kept.0 != whole).then_some(kept.0))
}

/// What is kept, with ranges that meet as one.
#[derive(Default)]
struct Pieces(Vec<Kept>);

impl Pieces {
    fn range(&mut self, range: Range<usize>) {
        match self.0.last_mut() {
            Some(Kept::Range(before)) if before.end == range.start => before.end = range.end,
            _ => self.0.push(Kept::Range(range)),
        }
    }

    fn bytes(&mut self, bytes: Vec<u8>) {
        self.0.push(Kept::Bytes(bytes));
    }
}

fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

fn big_endian(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
}

/// Bytes of a JFIF segment without a preview (JFIF 1.02).
const JFIF: usize = 14;
/// Bytes of Adobe's segment, which says how colours are coded.
const ADOBE: usize = 12;

/// ITU-T T.81, annex B.
fn jpeg(file: &[u8], kept: &mut Pieces) -> Option<()> {
    kept.range(0..2);
    let mut at = 2;
    loop {
        if *file.get(at)? != 0xff {
            return None;
        }
        // Any number of bytes may fill the place in front of a marker.
        let marker_at = at + 1 + file.get(at + 1..)?.iter().position(|byte| *byte != 0xff)?;
        let marker = *file.get(marker_at)?;
        let content_at = marker_at + 1;
        if marker == 0xd9 {
            kept.range(at..content_at);
            return Some(());
        }
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            kept.range(at..content_at);
            at = content_at;
            continue;
        }
        let length = u16::from_be_bytes(file.get(content_at..content_at + 2)?.try_into().ok()?) as usize;
        let behind = content_at + length;
        let content = file.get(content_at + 2..behind)?;
        let stays = match marker {
            // A JFIF that brings a preview of its own is kept without it.
            0xe0 => content.starts_with(b"JFIF\0") && content.len() == JFIF && content.ends_with(&[0, 0]),
            0xe2 => content.starts_with(b"ICC_PROFILE\0"),
            0xee => content.starts_with(b"Adobe") && content.len() == ADOBE,
            // Frames, tables, scans, and what belongs to these.
            0xc0..=0xcf | 0xda..=0xdf => true,
            _ => false,
        };
        if stays {
            kept.range(at..behind);
        } else if marker == 0xe0 && content.starts_with(b"JFIF\0") && content.len() >= JFIF {
            kept.bytes([&[0xff, 0xe0, 0, JFIF as u8 + 2], content.get(..JFIF - 2)?, &[0, 0]].concat());
        } else if let Some(orientation) = (marker == 0xe1).then(|| orientation(content)).flatten() {
            kept.bytes(only_orientation(orientation));
        }
        at = behind;
        if marker == 0xda {
            // Coded data lasts up to the next marker that is none of those that may stand in it.
            let mut end = at;
            while *file.get(end)? != 0xff || matches!(*file.get(end + 1)?, 0x00 | 0xff | 0xd0..=0xd7) {
                end += 1;
            }
            kept.range(at..end);
            at = end;
        }
    }
}

/// The orientation that Exif gives a photo, if it is not the usual one (Exif 2.32, tag 0x0112).
fn orientation(content: &[u8]) -> Option<u8> {
    let tiff = content.strip_prefix(b"Exif\0\0")?;
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = tiff.get(at..at + 2)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| {
        let bytes = tiff.get(at..at + 4)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) } as usize)
    };
    let directory = long(4)?;
    let entries = short(directory)? as usize;
    let entry = (0..entries).map(|number| directory + 2 + number * 12).find(|at| short(*at) == Some(0x0112))?;
    (2..=8).contains(&short(entry + 8)?).then_some(short(entry + 8)? as u8)
}

/// An Exif segment that says nothing but an orientation.
fn only_orientation(orientation: u8) -> Vec<u8> {
    let mut segment = b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.push(orientation);
    segment.extend_from_slice(&[0; 6]);
    segment
}

/// PNG (Third Edition), section 5.
fn png(file: &[u8], kept: &mut Pieces) -> Option<()> {
    kept.range(0..PNG.len());
    let mut at = PNG.len();
    loop {
        let length = big_endian(file, at)?;
        let kind: &[u8; 4] = file.get(at + 4..at + 8)?.try_into().ok()?;
        let behind = at.checked_add(length)?.checked_add(12).filter(|behind| *behind <= file.len())?;
        if kind.first()?.is_ascii_uppercase() || PNG_KEPT.contains(&kind) {
            kept.range(at..behind);
        }
        if kind == b"IEND" {
            return Some(());
        }
        at = behind;
    }
}

/// RFC 9649, section 2.
fn webp(file: &[u8], kept: &mut Pieces) -> Option<()> {
    let declared = u32::from_le_bytes(file.get(4..8)?.try_into().ok()?) as usize;
    let end = declared.checked_add(8).filter(|end| *end <= file.len())?;
    let mut pieces = Pieces::default();
    let mut at = 12;
    while at < end {
        let kind: &[u8; 4] = file.get(at..at + 4)?.try_into().ok()?;
        let length = u32::from_le_bytes(file.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        let behind = at.checked_add(length)?.checked_add(8 + length % 2).filter(|behind| *behind <= end)?;
        if kind == b"VP8X" && length > 0 {
            pieces.range(at..at + 8);
            pieces.bytes(vec![*file.get(at + 8)? & !WEBP_FLAGS]);
            pieces.range(at + 9..behind);
        } else if kind == b"ANMF" {
            frame(file, at..behind, &mut pieces)?;
        } else if WEBP_KEPT.contains(&kind) {
            pieces.range(at..behind);
        }
        at = behind;
    }
    let size: usize = 4 + pieces.0.iter().map(Kept::length).sum::<usize>();
    let changed = size != declared || end != file.len() || has_flags(file);
    if !changed {
        kept.range(0..file.len());
        return Some(());
    }
    kept.bytes([b"RIFF", &(size as u32).to_le_bytes()[..], b"WEBP"].concat());
    kept.0.append(&mut pieces.0);
    Some(())
}

/// A frame of an animation with nothing in it but its picture.
fn frame(file: &[u8], chunk: Range<usize>, pieces: &mut Pieces) -> Option<()> {
    let content = chunk.start + 8;
    let mut at = content + WEBP_FRAME_HEAD;
    let mut inside = Vec::new();
    while at < chunk.end {
        let kind: &[u8; 4] = file.get(at..at + 4)?.try_into().ok()?;
        let length = u32::from_le_bytes(file.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        let behind = at.checked_add(length)?.checked_add(8 + length % 2).filter(|behind| *behind <= chunk.end)?;
        if WEBP_FRAME_KEPT.contains(&kind) {
            inside.push(at..behind);
        }
        at = behind;
    }
    let length = WEBP_FRAME_HEAD + inside.iter().map(Range::len).sum::<usize>();
    if content + length == chunk.end {
        pieces.range(chunk);
        return Some(());
    }
    pieces.bytes([b"ANMF", &(length as u32).to_le_bytes()[..], file.get(content..content + WEBP_FRAME_HEAD)?].concat());
    inside.into_iter().for_each(|range| pieces.range(range));
    Some(())
}

fn has_flags(file: &[u8]) -> bool {
    file.get(12..16) == Some(b"VP8X") && file.get(20).is_some_and(|flags| flags & WEBP_FLAGS != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(file: &[u8]) -> Vec<u8> {
        let Some(kept) = without_metadata(file).unwrap() else { return file.to_vec() };
        let part = |part: &Kept| match part {
            Kept::Range(range) => file[range.clone()].to_vec(),
            Kept::Bytes(bytes) => bytes.clone(),
        };
        kept.iter().flat_map(part).collect()
    }

    fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
        [&[0xff, marker][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
    }

    const JFIF_ALONE: &[u8] = b"JFIF\0\x01\x02\0\0\x48\0\x48\0\0";

    fn exif(orientation: u8) -> Vec<u8> {
        // Two entries, the orientation second; then what a camera says of a place.
        let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
        tiff.extend_from_slice(b"\x25\x88\x04\0\x01\0\0\0\x26\0\0\0");
        tiff.extend_from_slice(&[0x12, 0x01, 0x03, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
        tiff.extend_from_slice(b"\0\0\0\0secret place");
        segment(0xe1, &[&b"Exif\0\0"[..], &tiff].concat())
    }

    fn photo(private: &[Vec<u8>], behind: &[u8]) -> Vec<u8> {
        let mut file = b"\xff\xd8".to_vec();
        file.extend(segment(0xe0, JFIF_ALONE));
        file.extend(private.concat());
        file.extend(segment(0xe2, b"ICC_PROFILE\0\x01\x01colours"));
        file.extend(segment(0xdb, b"tables"));
        file.extend(segment(0xda, b"scan"));
        file.extend(b"coded\xff\x00data\xff\xd0more");
        file.extend(segment(0xc4, b"tables between scans"));
        file.extend(segment(0xda, b"scan"));
        file.extend(b"the rest\xff\xd9");
        file.extend(behind);
        file
    }

    #[test]
    fn of_a_photo_nothing_is_sent_but_the_picture() {
        let private = [
            exif(1),
            segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0secret place"),
            segment(0xe2, b"MPF\0secret second picture"),
            segment(0xed, b"Photoshop 3.0\0secret"),
            segment(0xfe, b"secret comment"),
            segment(0xf0, b"secret of a marker that nobody knows"),
            segment(0xee, b"Adobe\0\x64\0\0\0\0\0secret"),
        ];
        let file = photo(&private, b"secret second picture");
        assert_eq!(sent(&file), photo(&[], b""));
        assert!(!sent(&file).windows(6).any(|bytes| bytes == b"secret"));
        assert_eq!(without_metadata(&photo(&[], b"")), Ok(None), "nothing is taken out, so it is sent as it is");
    }

    #[test]
    fn the_preview_in_the_first_segment_of_a_photo_is_not_sent() {
        let with_preview = segment(0xe0, b"JFIF\0\x01\x02\0\0\x48\0\x48\x01\x02secret");
        let mut file = photo(&[], b"");
        file.splice(2..2 + segment(0xe0, JFIF_ALONE).len(), with_preview);
        assert_eq!(sent(&file), photo(&[], b""));
    }

    #[test]
    fn a_photo_that_lies_on_its_side_says_so_and_no_more() {
        let stripped = sent(&photo(&[exif(6)], b""));
        assert_eq!(stripped, photo(&[only_orientation(6)], b""));
        let (length, at) = (only_orientation(6).len(), 2 + segment(0xe0, JFIF_ALONE).len());
        assert_eq!(orientation(&stripped[at + 4..at + length]), Some(6), "it is read as it was written");
        assert_eq!(usize::from(stripped[at + 3]) + 2, length);
        assert_eq!(sent(&photo(&[exif(9)], b"")), photo(&[], b""), "no orientation");
        assert_eq!(sent(&stripped), stripped);
    }

    fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32).to_be_bytes()[..], kind, content, b"crc!"].concat()
    }

    #[test]
    fn of_a_png_nothing_is_sent_but_the_picture() {
        let with = |private: &[Vec<u8>], behind: &[u8]| {
            let chunks = [chunk(b"IHDR", b"head"), chunk(b"gAMA", b"1"), private.concat(), chunk(b"IDAT", b"picture")];
            [PNG, &chunks.concat(), &chunk(b"IEND", b""), behind].concat()
        };
        let private = [
            chunk(b"eXIf", b"secret"),
            chunk(b"tEXt", b"secret"),
            chunk(b"iTXt", b"secret"),
            chunk(b"tIME", b"secret"),
            chunk(b"caBX", b"secret"),
        ];
        assert_eq!(sent(&with(&private, b"secret")), with(&[], b""));
        assert_eq!(without_metadata(&with(&[], b"")), Ok(None));
    }

    fn riff(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let padding = &[0][..content.len() % 2];
        [&kind[..], &(content.len() as u32).to_le_bytes(), content, padding].concat()
    }

    #[test]
    fn of_a_webp_nothing_is_sent_but_the_picture() {
        let with = |flags: u8, private: &[Vec<u8>], behind: &[u8]| {
            let chunks =
                [riff(b"VP8X", &[flags, 0, 0, 0, 9, 0, 0, 9, 0, 0]), riff(b"VP8 ", b"picture"), private.concat()];
            let body = chunks.concat();
            [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body, behind].concat()
        };
        let private = [riff(b"EXIF", b"secret!"), riff(b"XMP ", b"secret"), riff(b"abcd", b"secret")];
        assert_eq!(sent(&with(0x2c, &private, b"secret")), with(0x20, &[], b""));
        assert_eq!(sent(&with(0x08, &[], b"")), with(0, &[], b""));
        assert_eq!(without_metadata(&with(0x20, &[], b"")), Ok(None));
        let frame = |private: &[u8]| riff(b"ANMF", &[&[7; 16], &riff(b"VP8L", b"odd")[..], private].concat());
        let moves = |private: &[u8]| {
            let body = [riff(b"VP8X", &[2, 0, 0, 0, 9, 0, 0, 9, 0, 0]), frame(private), frame(private)].concat();
            [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat()
        };
        assert_eq!(sent(&moves(&riff(b"XMP ", b"secret"))), moves(b""));
        assert_eq!(without_metadata(&moves(b"")), Ok(None));
        let simple = [b"RIFF", &20_u32.to_le_bytes()[..], b"WEBP", &riff(b"VP8 ", b"picture")].concat();
        assert_eq!(without_metadata(&simple), Ok(None));
    }

    #[test]
    fn a_damaged_picture_is_none_and_other_files_are_left_alone() {
        let photo = photo(&[exif(1)], b"");
        for end in 3..photo.len() {
            assert_eq!(without_metadata(&photo[..end]), Err(DamagedPicture), "cut at {end}");
        }
        for other in [&b""[..], b"GIF89a", b"%PDF-1.7", b"\xff\xd8"] {
            assert_eq!(without_metadata(other), Ok(None));
        }
    }

    proptest! {
        #[test]
        fn whatever_a_picture_holds_is_read_to_an_end(kind in 0..3_usize, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let beginning = [&b"\xff\xd8\xff"[..], PNG, b"RIFF\x40\0\0\0WEBP"][kind];
            let file = [beginning, &bytes].concat();
            if let Ok(Some(kept)) = without_metadata(&file) {
                let inside = |part: &Kept| !matches!(part, Kept::Range(range) if range.end > file.len() || range.start > range.end);
                prop_assert!(kept.iter().all(inside));
            }
        }
    }
}
