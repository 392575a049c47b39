//! Pictures, decoded within bounds: the small one of a file that is sent, and the pixels of one that is drawn.
//!
//! What a picture says of itself is looked at before any of it is decoded: its kind by its first bytes, its measures, and what
//! they take. Of what can't be decoded nothing is given, whatever the reason. **Decoding takes its time**: it belongs on a
//! thread that nobody waits on.

#![deny(missing_docs)]

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits, RgbImage};

/// A file of more bytes is no picture to make a small one of, as in the web app.
pub const LARGEST_FILE: u64 = 64 * 1024 * 1024;
/// The longest side of a small picture, in pixels.
const SIDE: u32 = 400;
/// How much smaller than that it is tried, and in what quality of JPEG, until it takes no more bytes than it may.
const SCALES: [f64; 5] = [1.0, 0.6, 0.36, 0.216, 0.1296];
const QUALITIES: [u8; 3] = [82, 65, 45];

/// What a picture may take.
struct Bounds {
    /// Pixels on a side.
    side: u32,
    /// Bytes that its decoding takes at the most, beside the file.
    bytes: u64,
}

/// A file of one's own: a photo of 50 million pixels.
const FILE: Bounds = Bounds { side: 65_535, bytes: 450_000_000 };
/// A small picture that another one sent.
const SMALL: Bounds = Bounds { side: 2048, bytes: 40_000_000 };
/// Bytes for each pixel of a JPEG: its three colours, and three times two for the coefficients of one that comes in passes,
/// of which its decoder holds all.
const JPEG_PIXEL: u64 = 9;
/// Bytes for each pixel of a picture with holes, once they are white.
const WHITE_PIXEL: u64 = 4;

/// A small picture of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Small {
    /// As JPEG, without anything but its pixels.
    pub jpeg: Vec<u8>,
    /// How wide the file's own picture is as it is seen, in pixels, at most 65,535.
    pub width: u32,
    /// How high the file's own picture is as it is seen, in pixels, at most 65,535.
    pub height: u32,
}

/// What it shows is nobody's business but the members'.
impl std::fmt::Debug for Small {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Small(…)")
    }
}

/// Makes the small picture of a file: the first picture of a JPEG, PNG, WebP or GIF, upright, on white where it has holes, at
/// most 400 pixels on a side and `most` bytes. None where the file is no such picture, is damaged, or would take too much.
pub fn small(file: &[u8], most: usize) -> Option<Small> {
    let decoded = decoded(file, &FILE)?;
    let (width, height) = (decoded.width, decoded.height);
    let scale = (f64::from(SIDE) / f64::from(width.max(height))).min(1.0);
    let image = decoded.scaled(scaled(width, scale), scaled(height, scale));
    for scale in SCALES {
        let smaller = (scale < 1.0)
            .then(|| image::imageops::thumbnail(&image, scaled(image.width(), scale), scaled(image.height(), scale)));
        let image = smaller.as_ref().unwrap_or(&image);
        for quality in QUALITIES {
            let mut jpeg = Vec::new();
            let encoder = JpegEncoder::new_with_quality(&mut jpeg, quality);
            encoder.write_image(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgb8).ok()?;
            if jpeg.len() <= most {
                return Some(Small { jpeg, width, height });
            }
        }
    }
    None
}

/// The pixels of a small picture that another one sent, row by row, three bytes each (red, green, blue), scaled to these
/// measures; it is at most 2048 pixels on a side as it comes. None where it is damaged, no such picture, or larger.
pub fn pixels(picture: &[u8], width: u32, height: u32) -> Option<Vec<u8>> {
    if width == 0 || height == 0 || width > SMALL.side || height > SMALL.side {
        return None;
    }
    Some(decoded(picture, &SMALL)?.scaled(width, height).into_raw())
}

fn scaled(length: u32, scale: f64) -> u32 {
    ((f64::from(length) * scale).round() as u32).max(1)
}

struct Decoded {
    image: DynamicImage,
    /// How it is turned to stand upright.
    orientation: Orientation,
    /// Its measures when it stands upright.
    width: u32,
    height: u32,
}

fn decoded(file: &[u8], bounds: &Bounds) -> Option<Decoded> {
    let format = image::guess_format(file).ok()?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif) {
        return None;
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(bounds.side);
    limits.max_image_height = Some(bounds.side);
    limits.max_alloc = Some(bounds.bytes);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    // Not every decoder keeps to its limits, and what it gives comes on top of them.
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    let takes = match format {
        ImageFormat::Jpeg => pixels.saturating_mul(JPEG_PIXEL),
        _ if decoder.color_type().has_alpha() => {
            decoder.total_bytes().saturating_add(pixels.saturating_mul(WHITE_PIXEL))
        }
        _ => decoder.total_bytes(),
    };
    if width.max(height) > bounds.side || width.min(height) == 0 || takes > bounds.bytes {
        return None;
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).ok()?;
    let (width, height) = if lies(orientation) { (height, width) } else { (width, height) };
    Some(Decoded { image, orientation, width, height })
}

/// Whether a picture lies on its side.
fn lies(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

impl Decoded {
    /// Upright, of these measures, on white.
    fn scaled(self, width: u32, height: u32) -> RgbImage {
        let (width, height) = if lies(self.orientation) { (height, width) } else { (width, height) };
        let opaque = if self.image.color().has_alpha() { on_white(self.image) } else { self.image };
        // Its turning costs least when it is small.
        let mut image = DynamicImage::from(opaque.thumbnail_exact(width, height).into_rgb8());
        image.apply_orientation(self.orientation);
        image.into_rgb8()
    }
}

/// JPEG has no holes, and what the colour of a hole is nobody was to see.
fn on_white(image: DynamicImage) -> DynamicImage {
    let mut image = image.into_rgba8();
    for pixel in image.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let mixed = |colour: u8| {
            let sum = u32::from(colour) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from((sum + 127) / 255).unwrap_or(255)
        };
        pixel.0 = [mixed(red), mixed(green), mixed(blue), 255];
    }
    DynamicImage::from(image)
}

#[cfg(test)]
mod tests;
