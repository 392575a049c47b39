//! What lies on a disk.

use std::fs;
use std::path::{Path, PathBuf};

/// The files under `folder` that hold any of the texts, as UTF-8 or UTF-16, with the text that was found. How many
/// bytes were looked at comes second, so that a scan of nothing is noticed.
pub fn files_that_hold(folder: &Path, texts: &[&str]) -> (Vec<(PathBuf, String)>, u64) {
    let needles: Vec<(String, Vec<u8>)> = texts.iter().flat_map(|text| needles(text)).collect();
    let (mut found, mut looked_at) = (Vec::new(), 0);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that can be read") {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).expect("a file that can be read");
            looked_at += bytes.len() as u64;
            for (text, needle) in &needles {
                if bytes.windows(needle.len()).any(|window| window == needle.as_slice()) {
                    found.push((path.clone(), text.clone()));
                }
            }
        }
    }
    (found, looked_at)
}

/// Copies an SQLite database with its write-ahead log, over whatever was there. Nobody may be writing.
pub(crate) fn copy_database(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let with = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let (from, to) = (with(from), with(to));
        // The shared memory is an index of the log, which is made again.
        if from.exists() && suffix != "-shm" {
            fs::copy(&from, &to).expect("a copy of the database");
        } else if to.exists() {
            fs::remove_file(&to).expect("an old file is removed");
        }
    }
}

fn needles(text: &str) -> [(String, Vec<u8>); 2] {
    let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [(text.to_owned(), text.as_bytes().to_vec()), (text.to_owned(), wide)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_on_disk_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("inner/file"), b"..a secret..").unwrap();
        let (found, looked_at) = files_that_hold(folder.path(), &["secret", "other"]);
        assert_eq!(found, [(folder.path().join("inner/file"), "secret".to_owned())]);
        assert_eq!(looked_at, 12);
    }
}
