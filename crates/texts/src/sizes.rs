//! Sizes of files, as a person reads them.

use crate::{Language, Texts};

impl Texts {
    /// A number of bytes with a unit, decimal as on disks and in file managers: `1.2 MB`, `1,2 Mo`.
    pub fn size(&self, bytes: u64) -> String {
        let english = size(bytes);
        match self.language() {
            Language::English => english,
            // A byte is "octet" there.
            Language::French => english.replace('.', ",").replace('B', "o"),
        }
    }
}

/// A number of bytes with a unit, in English: `512 B`, `1.2 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut scale = 1_u64;
    // Rounded, so that 999,950 bytes are 1.0 MB and not 1000.0 kB.
    while unit + 1 < UNITS.len() && bytes.saturating_add(scale / 20) >= scale * 1000 {
        unit += 1;
        scale *= 1000;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if scale == 1 {
        return format!("{bytes} {name}");
    }
    let tenths = bytes / scale * 10 + (bytes % scale * 10 + scale / 2) / scale;
    if tenths < 100 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", (tenths + 5) / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_and_have_a_unit() {
        let sizes = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (9_940, "9.9 kB"),
            (12_345, "12 kB"),
            (999_949, "1000 kB"),
            (999_950, "1.0 MB"),
            (1_234_567, "1.2 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18446744 TB"),
        ];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(Texts::of(Language::French).size(1_234_567), "1,2 Mo");
        assert_eq!(Texts::of(Language::English).size(1_234_567), "1.2 MB");
    }
}
