//! What lies on a disk.

use std::fs;
use std::path::{Path, PathBuf};

use aes::Aes256Dec;
use aes::cipher::{BlockDecrypt, KeyInit};

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

/// The bytes of a page, and of what stands before one in a write-ahead log and before all of them.
const PAGE: usize = 4096;
const FRAME_HEADER: usize = 24;
const LOG_HEADER: usize = 32;
/// What SQLCipher keeps at the end of a page: the vector that it begins with, and an HMAC.
const RESERVED: usize = 80;
/// The first page begins with the database's salt, which is plain.
const SALT: usize = 16;
const BLOCK: usize = 16;

/// Which of the texts stand on any page of an SQLCipher database or of its write-ahead log, as UTF-8, once the pages are
/// decrypted: also in what is left of what was deleted, and on pages that are free. How many pages were read comes second.
pub fn texts_on_pages(database: &Path, key: &[u8; 32], texts: &[&str]) -> (Vec<String>, usize) {
    let cipher = Aes256Dec::new(key.into());
    let mut pages: Vec<Vec<u8>> = Vec::new();
    let file = fs::read(database).expect("the database");
    for (number, page) in file.chunks_exact(PAGE).enumerate() {
        pages.push(decrypted(&cipher, page, number == 0));
    }
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    let log = fs::read(PathBuf::from(log)).unwrap_or_default();
    for frame in log.get(LOG_HEADER..).unwrap_or_default().chunks_exact(FRAME_HEADER + PAGE) {
        let (header, page) = frame.split_at(FRAME_HEADER);
        pages.push(decrypted(&cipher, page, header.starts_with(&[0, 0, 0, 1])));
    }
    let stands = |text: &&&str| {
        let needle = text.as_bytes();
        pages.iter().any(|page| page.windows(needle.len()).any(|window| window == needle))
    };
    (texts.iter().filter(stands).map(|text| (*text).to_owned()).collect(), pages.len())
}

/// A page as SQLCipher decrypts it: AES-256-CBC without padding.
fn decrypted(cipher: &Aes256Dec, page: &[u8], is_first: bool) -> Vec<u8> {
    let sealed = &page[if is_first { SALT } else { 0 }..PAGE - RESERVED];
    let mut before = page[PAGE - RESERVED..][..BLOCK].to_vec();
    let mut plain = Vec::with_capacity(PAGE);
    for block in sealed.chunks_exact(BLOCK) {
        let mut opened = aes::Block::clone_from_slice(block);
        cipher.decrypt_block(&mut opened);
        plain.extend(opened.iter().zip(&before).map(|(byte, other)| byte ^ other));
        before = block.to_vec();
    }
    plain
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
