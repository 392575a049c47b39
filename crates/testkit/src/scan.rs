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
    for path in files_under(folder) {
        let bytes = fs::read(&path).expect("a file that can be read");
        looked_at += bytes.len() as u64;
        for (text, needle) in &needles {
            if bytes.windows(needle.len()).any(|window| window == needle.as_slice()) {
                found.push((path.clone(), text.clone()));
            }
        }
    }
    (found, looked_at)
}

/// All files below a folder. A socket is none: it holds nothing.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that can be read") {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    files
}

/// Every value of every table of a database, as bytes. `key` opens an encrypted one.
pub(crate) fn values_in(database: &Path, key: Option<&[u8; 32]>) -> Vec<Vec<u8>> {
    use rusqlite::types::ValueRef;
    let db = rusqlite::Connection::open(database).expect("a database");
    if let Some(key) = key {
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        db.pragma_update(None, "key", format!("x'{key}'")).expect("a key");
    }
    let mut tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("it opens");
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).expect("its tables");
    let mut values = Vec::new();
    for table in tables.map(|table| table.expect("a table")) {
        let mut rows = db.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table that can be read");
        let columns = rows.column_count();
        let mut rows = rows.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for column in 0..columns {
                if let Ok(ValueRef::Blob(bytes) | ValueRef::Text(bytes)) = row.get_ref(column) {
                    values.push(bytes.to_vec());
                }
            }
        }
    }
    values
}

/// What the database keeps of locks: shares, and what was sealed.
pub(crate) fn kept_of_locks(database: &Path, key: &[u8; 32]) -> Vec<Vec<u8>> {
    let db = rusqlite::Connection::open(database).expect("a database");
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    db.pragma_update(None, "key", format!("x'{key}'")).expect("a key");
    let mut locks = db.prepare("SELECT members_share, server_share, sealed FROM locks").expect("the table of locks");
    let mut rows = locks.query([]).expect("its rows");
    let mut kept = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        kept.extend((0..3).filter_map(|column| row.get::<_, Option<Vec<u8>>>(column).expect("bytes")));
    }
    kept
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
    let pages = pages_of(database, key);
    let stands = |text: &&&str| stands_on(&pages, text.as_bytes());
    (texts.iter().filter(stands).map(|text| (*text).to_owned()).collect(), pages.len())
}

/// How many of these runs of bytes stand on any page, as [`texts_on_pages`] looks for texts.
pub(crate) fn runs_on_pages(database: &Path, key: &[u8; 32], runs: &[Vec<u8>]) -> usize {
    let pages = pages_of(database, key);
    runs.iter().filter(|run| stands_on(&pages, run)).count()
}

/// How many of these runs of bytes stand in any file under `folder`, as [`files_that_hold`] looks for texts.
pub(crate) fn runs_in_files(folder: &Path, runs: &[Vec<u8>]) -> usize {
    let read = |path| fs::read(path).expect("a file that can be read");
    let files: Vec<_> = files_under(folder).into_iter().map(read).collect();
    runs.iter().filter(|run| stands_on(&files, run)).count()
}

fn stands_on(pages: &[Vec<u8>], run: &[u8]) -> bool {
    pages.iter().any(|page| page.windows(run.len()).any(|window| window == run))
}

/// The pages of a database and of its write-ahead log, decrypted.
fn pages_of(database: &Path, key: &[u8; 32]) -> Vec<Vec<u8>> {
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
    pages
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
