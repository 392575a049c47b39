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
