//! A server whose disk is full, by a real one: what it refuses, what it keeps, and what goes on meanwhile.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::harness::{House, Person, Process};
use crate::stories::acquainted;
use crate::terminal::Terminal;

const MISSING: &str =
    "NOT RUN: the tests of a server whose disk is full, for nobody may mount a disk of their own here (`unshare -Urm`)";
const MIB: u64 = 1024 * 1024;

/// A server on a disk of 128 MiB and 400 files.
fn house() -> Option<House> {
    let house = House::open_on_disk(128 * MIB, 400);
    if house.is_none() {
        // Not by a macro, whose output the test's runner keeps to itself.
        let _ = writeln!(std::io::stderr().lock(), "\n{MISSING}\n");
    }
    house
}

/// A file of somebody's that tells where each byte stands.
fn file(house: &House, name: &str, bytes: u32) -> PathBuf {
    let path = house.path(name);
    let content: Vec<u8> = (0..bytes).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(&path, content).unwrap();
    path
}

/// The pieces of files at the server, with their lengths. There is nothing beside them, such as half of one.
fn pieces(house: &House) -> Vec<(PathBuf, u64)> {
    let mut pieces = Vec::new();
    let mut folders = vec![house.data_on_disk().join("blobs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.metadata() {
                Ok(known) if known.is_dir() => folders.push(path),
                Ok(known) => pieces.push((path, known.len())),
                // What was being written has its name.
                Err(_) => {}
            }
        }
    }
    pieces.sort();
    pieces
}

fn are_whole(pieces: &[(PathBuf, u64)]) -> bool {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    pieces.iter().all(|(path, _)| name(path).len() == 16 && name(path).bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn bytes_of(pieces: &[(PathBuf, u64)]) -> u64 {
    pieces.iter().map(|(_, bytes)| bytes).sum()
}

/// So many bytes are free on the server's disk from here on, and somebody else has the rest.
fn leaves_free(house: &House, bytes: u64) -> PathBuf {
    let path = house.data_on_disk().join("of somebody else");
    let mut other = File::create(&path).unwrap();
    loop {
        let disk = rustix::fs::statvfs(&path).unwrap();
        let more = (disk.f_bavail * disk.f_frsize).saturating_sub(bytes);
        if more == 0 {
            return path;
        }
        other.write_all(&vec![7; usize::try_from(more.min(MIB)).unwrap()]).unwrap();
    }
}

/// Tries the newest message but so many again, in the chat. It goes out as long as that is open.
fn tries_again(person: &Person, but: usize, file: &str) -> Terminal {
    let mut terminal = person.chats(&[]);
    terminal.shows(file);
    for _ in 0..=but {
        terminal.types("\u{1b}[A");
    }
    terminal.types("t");
    terminal
}

/// Whoever sends is told that the disk is full, and nothing else.
fn is_refused(process: Process, sentence: &str) {
    let said = process.end().refused(1, "storage-full");
    assert!(said.contains(sentence), "{said}");
}

#[test]
fn an_upload_that_fills_the_servers_disk_is_refused_keeps_what_is_there_and_goes_on_once_there_is_room() {
    let Some(house) = house() else { return };
    let (a, b) = acquainted(&house);
    let path = file(&house, "large.bin", 90_000_000);
    let mut process = a.starts(&["send", "@member-b", "--file", path.to_str().unwrap()]);
    // What is being written has another name, and may go again.
    let whole =
        || pieces(&house).into_iter().filter(|piece| are_whole(std::slice::from_ref(piece))).collect::<Vec<_>>();
    while bytes_of(&whole()) < 8_000_000 {
        assert!(process.is_running(), "it ends with so much of it there: {:?}", pieces(&house));
    }
    // While nobody writes.
    process.freeze();
    house.freezes();
    let other = leaves_free(&house, 3 * MIB);
    house.thaws();
    process.thaw();
    is_refused(process, "The server's disk ");
    let there = pieces(&house);
    assert!(are_whole(&there), "{there:?}");
    assert!((8_000_000..90_000_000).contains(&bytes_of(&there)), "it was in the middle: {there:?}");

    // What is said takes room that files leave.
    a.says("@member-b", "no film yet");
    assert_eq!(b.hears_texts(1), ["no film yet"]);
    b.says("@member-a", "never mind");
    assert_eq!(a.hears_texts(1), ["never mind"]);
    fs::remove_file(other).unwrap();
    let terminal = tries_again(&a, 2, "large.bin");
    arrives(&house, &b, &path);
    terminal.dies();
    let now = pieces(&house);
    assert!(now.starts_with(&there) && bytes_of(&now) > 90_000_000, "what was there is not sent again: {now:?}");
}

#[test]
fn a_disk_that_takes_no_more_files_refuses_an_upload_and_nothing_else() {
    let Some(house) = house() else { return };
    let (a, b) = acquainted(&house);
    let path = file(&house, "notes.bin", 300_000);
    // There is room for bytes, as the server sees, and none to write them down: it hears of that from the disk alone.
    let folder = house.data_on_disk().join("of somebody else");
    fs::create_dir(&folder).unwrap();
    let full = (0..).find_map(|number| File::create(folder.join(format!("{number}"))).err()).unwrap();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    is_refused(a.starts(&["send", "@member-b", "--file", path.to_str().unwrap()]), "The server's disk is full");
    assert_eq!(pieces(&house), [], "nothing of it is there");
    a.says("@member-b", "no notes yet");
    assert_eq!(b.hears_texts(1), ["no notes yet"]);
    fs::remove_dir_all(folder).unwrap();
    let terminal = tries_again(&a, 1, "notes.bin");
    arrives(&house, &b, &path);
    terminal.dies();
}

/// A file that was sent comes as it is.
fn arrives(house: &House, person: &Person, path: &Path) {
    let heard = person.hears(1).remove(0);
    let to = house.path("fetched");
    person.does(&["files", "get", heard["id"].as_str().unwrap(), "--to", to.to_str().unwrap()]).well();
    assert!(fs::read(to.join(path.file_name().unwrap())).unwrap() == fs::read(path).unwrap());
}
