//! What is free where something is to be written.

use std::io;
use std::path::Path;

use rustix::fs::statvfs;

/// How many bytes this user may still write at `path`, or where it would be made.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let absolute = std::path::absolute(path)?;
    let there = absolute.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let volume = statvfs(there)?;
    Ok(volume.f_bavail.saturating_mul(volume.f_frsize))
}
