//! What is free where something is to be written.

use std::io;
use std::path::Path;

use rustix::fs::statvfs;

/// How many bytes this user may still write at `path`, or where it would be made.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    volume(path).map(|(free, _)| free)
}

/// How many bytes this user may still write at `path`, or where it would be made, and how many the volume has.
pub(crate) fn volume(path: &Path) -> io::Result<(u64, u64)> {
    let absolute = std::path::absolute(path)?;
    let there = absolute.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let volume = statvfs(there)?;
    Ok((volume.f_bavail.saturating_mul(volume.f_frsize), volume.f_blocks.saturating_mul(volume.f_frsize)))
}

/// A number of bytes for a person.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1000.0;
    let mut unit = 0;
    while amount >= 999.95 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_the_unit_that_fits() {
        for (bytes, said) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (2_100_000_000, "2.1 GB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }
}
