//! QR codes, as modules: faces draw them.

use huis_proto::rest::Secret;
use huis_views::{Failure, SafetyCode, SecretCode};
use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

use super::entering::internal;

/// The code that holds a text. It is shown on a screen, where nothing of it is torn or stained, so the lowest level of
/// correction makes it as small as it can be.
pub(super) fn code_of(text: String) -> Result<SafetyCode, Failure> {
    let lines = rows(&text).map_err(internal)?;
    Ok(SafetyCode { lines, text })
}

/// The rows of the QR code that holds a text, of `1` (dark) and `0`; none where the text is too long for one.
pub fn code_rows(text: &str) -> Option<Vec<String>> {
    rows(text).ok()
}

fn rows(text: &str) -> Result<Vec<String>, QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L)?;
    let modules = code.to_colors();
    let line = |line: &[Color]| line.iter().map(|module| if *module == Color::Dark { '1' } else { '0' }).collect();
    Ok(modules.chunks(code.width()).map(line).collect())
}

/// The code that holds a secret.
pub(super) fn code_of_secret(text: &Secret) -> Result<SecretCode, Failure> {
    let SafetyCode { text, lines } = code_of(text.expose().into())?;
    // What was copied on the way is wiped.
    drop(Secret::new(text));
    Ok(SecretCode { lines: lines.into_iter().map(Secret::new).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_safety_number_is_a_square_of_41_modules() {
        let text = format!("HUIS:{}", "041G60R30C1G".repeat(13));
        let code = code_of(text.clone()).unwrap();
        assert_eq!((code.text, code.lines.len()), (text, 41));
        assert!(code.lines.iter().all(|line| line.len() == 41 && line.bytes().all(|module| b"01".contains(&module))));
        // The three corners by which a camera finds it.
        for (top, left) in [(0, 0), (0, 34), (34, 0)] {
            let corner: Vec<_> = code.lines[top..top + 7].iter().map(|line| &line[left..left + 7]).collect();
            assert_eq!(corner, ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]);
        }
    }
}
