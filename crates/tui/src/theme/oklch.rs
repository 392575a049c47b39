//! Colours by lightness, chroma and hue as the eye sees them (OKLCH), to what a terminal takes.

use ratatui::style::Color;

/// The colour with this lightness in percent, chroma, and hue in degrees.
pub(crate) fn colour(lightness: f64, chroma: f64, hue: f64) -> Color {
    let l = lightness / 100.0;
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let long = (l + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let medium = (l - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let short = (l - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    Color::Rgb(
        encode(4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short),
        encode(-1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short),
        encode(-0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short),
    )
}

fn encode(linear: f64) -> u8 {
    let linear = linear.clamp(0.0, 1.0);
    let encoded = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    (encoded * 255.0).round() as u8
}

/// How light a colour is, from 0 to 1 (WCAG's relative luminance).
pub(crate) fn luminance(red: u8, green: u8, blue: u8) -> f64 {
    let part = |byte: u8| {
        let encoded = f64::from(byte) / 255.0;
        if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
}

/// The contrast of two colours, from 1 to 21 (WCAG).
#[cfg(test)]
pub(crate) fn contrast(one: Color, other: Color) -> f64 {
    let light = |colour| match colour {
        Color::Rgb(red, green, blue) => luminance(red, green, blue) + 0.05,
        other => panic!("{other:?} is no full colour"),
    };
    let (one, other) = (light(one), light(other));
    if one > other { one / other } else { other / one }
}
