//! QR codes drawn with characters.

/// Light modules around a code in a terminal, on each side. The standard asks for four, and a screen's own border is hardly
/// ever as light; cameras read it with two, and it stays within 24 lines.
const QUIET: usize = 2;

/// The lines of a QR code, two of its rows in each, from rows of `1` (dark) and `0`. What is light is drawn, so it is right
/// on a dark ground; on a light one it is inverted, which most cameras read as well.
pub fn drawn_code(rows: &[String]) -> Vec<String> {
    let width = rows.first().map_or(0, String::len) + 2 * QUIET;
    let is_light = |x: usize, y: usize| {
        let module = y.checked_sub(QUIET).and_then(|y| rows.get(y)).zip(x.checked_sub(QUIET));
        module.and_then(|(row, x)| row.as_bytes().get(x)).is_none_or(|module| *module != b'1')
    };
    let height = rows.len() + 2 * QUIET;
    let line = |y: usize| {
        let cell = |x: usize| match (is_light(x, y), y + 1 < height && is_light(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        (0..width).map(cell).collect()
    };
    (0..height).step_by(2).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_is_drawn_and_two_rows_share_a_line() {
        let rows = ["101", "011", "001"].map(String::from);
        let drawn = ["███████", "██▄▀ ██", "████▄██", "▀▀▀▀▀▀▀"];
        assert_eq!(drawn_code(&rows), drawn);
    }
}
