use image::{ImageBuffer, Rgb, Rgba};

use super::*;

const RED: [u8; 3] = [220, 20, 20];
const BLUE: [u8; 3] = [20, 20, 220];
const KINDS: [ImageFormat; 4] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif];

/// Red on its left, blue on its right.
fn halves(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = ImageBuffer::from_fn(width, height, |x, _| Rgb(if x < width / 2 { RED } else { BLUE }));
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// The file with an orientation as cameras write it.
fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0, 0]);
    [&jpeg[..2], &exif, &jpeg[2..]].concat()
}

fn is_near(seen: &[u8], colour: [u8; 3]) -> bool {
    seen.iter().zip(colour).all(|(seen, wanted)| seen.abs_diff(wanted) < 40)
}

/// The colours in the middle of the left, right, upper and lower edge.
fn edges(jpeg: &[u8]) -> [Rgb<u8>; 4] {
    let seen = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap().into_rgb8();
    let (right, bottom) = (seen.width() - 1, seen.height() - 1);
    [(0, bottom / 2), (right, bottom / 2), (right / 2, 0), (right / 2, bottom)].map(|(x, y)| *seen.get_pixel(x, y))
}

#[test]
fn of_each_kind_a_small_picture_is_made_with_the_measures_of_the_large_one() {
    for kind in KINDS {
        let small = small(&halves(1000, 500, kind), 16 * 1024).unwrap();
        assert_eq!((small.width, small.height), (1000, 500), "{kind:?}");
        let [left, right, ..] = edges(&small.jpeg);
        assert!(is_near(&left.0, RED) && is_near(&right.0, BLUE), "{kind:?} {left:?} {right:?}");
        let seen = image::load_from_memory(&small.jpeg).unwrap();
        assert_eq!((seen.width(), seen.height()), (400, 200), "{kind:?}");
    }
    // One that is small already is not made larger.
    let small = small(&halves(30, 10, ImageFormat::Png), 16 * 1024).unwrap();
    let seen = image::load_from_memory(&small.jpeg).unwrap();
    assert_eq!((seen.width(), seen.height()), (30, 10));
}

#[test]
fn a_photo_stands_upright_and_brings_nothing_but_its_pixels() {
    let photo = halves(600, 300, ImageFormat::Jpeg);
    for (orientation, measures, red) in
        [(1, (600, 300), 0), (3, (600, 300), 1), (6, (300, 600), 2), (8, (300, 600), 3), (5, (300, 600), 2)]
    {
        let small = small(&turned(&photo, orientation), 16 * 1024).unwrap();
        assert_eq!((small.width, small.height), measures, "{orientation}");
        let edges = edges(&small.jpeg);
        assert!(is_near(&edges[red].0, RED) && is_near(&edges[red ^ 1].0, BLUE), "{orientation} {edges:?}");
        assert!(!small.jpeg.windows(4).any(|bytes| bytes == b"Exif"));
    }
}

#[test]
fn holes_are_white_whatever_stands_in_them() {
    let picture = ImageBuffer::from_pixel(8, 8, Rgba([255_u8, 0, 0, 0]));
    for kind in [ImageFormat::Png, ImageFormat::WebP] {
        let mut file = Cursor::new(Vec::new());
        DynamicImage::from(picture.clone()).write_to(&mut file, kind).unwrap();
        let seen = pixels(file.get_ref(), 4, 4).unwrap();
        assert!(seen.iter().all(|colour| *colour == 255), "{kind:?} {seen:?}");
    }
}

#[test]
fn it_takes_no_more_bytes_than_it_may() {
    // As hard to press as can be.
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let picture = ImageBuffer::from_fn(700, 900, |_, _| Rgb([noise(), noise(), noise()]));
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut file, ImageFormat::Png).unwrap();
    for most in [16 * 1024, 4096] {
        let small = small(file.get_ref(), most).unwrap();
        assert!(small.jpeg.len() <= most, "{} of {most}", small.jpeg.len());
    }
    assert_eq!(small(file.get_ref(), 100), None);
}

#[test]
fn what_would_take_too_much_is_not_begun() {
    // The measures stand in the first chunk, which has a checksum of its own.
    let png = |width: u32, height: u32| {
        let mut head = b"IHDR".to_vec();
        head.extend(width.to_be_bytes());
        head.extend(height.to_be_bytes());
        head.extend([8, 2, 0, 0, 0]);
        let mut file = halves(2, 2, ImageFormat::Png);
        file[12..29].copy_from_slice(&head);
        file[29..33].copy_from_slice(&crc32(&head).to_be_bytes());
        file
    };
    assert!(small(&png(2, 2), 16 * 1024).is_some());
    assert_eq!(small(&png(60_000, 60_000), 16 * 1024), None);
    assert_eq!(small(&png(65_536, 1), 16 * 1024), None);
    assert_eq!(small(&png(u32::MAX, u32::MAX), 16 * 1024), None);

    let mut jpeg = halves(16, 16, ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|bytes| bytes == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    assert_eq!(small(&jpeg, 16 * 1024), None);

    let mut gif = halves(2, 2, ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(small(&gif, 16 * 1024), None);

    // What another one sent is small, or not drawn.
    for kind in KINDS {
        assert!(pixels(&halves(2048, 20, kind), 40, 2).is_some(), "{kind:?}");
        assert_eq!(pixels(&halves(2049, 20, kind), 40, 2), None, "{kind:?}");
    }
    let small = halves(20, 20, ImageFormat::Png);
    assert_eq!(pixels(&small, 0, 2), None);
    assert_eq!(pixels(&small, 2, u32::MAX), None);
    assert_eq!(pixels(&small, 7, 5).unwrap().len(), 7 * 5 * 3);
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

#[test]
fn what_is_damaged_or_no_picture_gives_none_and_nothing_worse() {
    for none in [&b""[..], b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\nx", b"RIFF\x04\0\0\0WEBP", b"BM", b"<svg/>"] {
        assert_eq!(small(none, 16 * 1024), None, "{none:?}");
        assert_eq!(pixels(none, 4, 4), None, "{none:?}");
    }
    for kind in KINDS {
        let whole = halves(24, 16, kind);
        for length in 0..whole.len() {
            let cut = pixels(&whole[..length], 4, 4);
            assert!(cut.is_none() || kind != ImageFormat::Png || length > whole.len() / 2, "{kind:?} {length}");
            let mut other = whole.clone();
            other[length] ^= 0xff;
            assert!(pixels(&other, 4, 4).is_none_or(|seen| seen.len() == 4 * 4 * 3));
        }
    }
}
