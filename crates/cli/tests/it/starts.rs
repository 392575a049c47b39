//! What stands in the way of a server or a client at its start, and how each ends.

use std::fs;
use std::path::Path;

use crate::harness::{Ended, House, Person, Process, huis};

/// A server over this folder that must end by itself.
fn serves(data: &Path) -> Ended {
    let settings = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    Process::start(huis(&settings), None).end()
}

/// A house with two people who have spoken, whose server has stopped.
fn stopped() -> (House, Person, Person) {
    let mut house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "before the fault");
    b.hears(1);
    let ended = house.stop("TERM");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    (house, a, b)
}

/// Writes into SQLite's header: the number of the schema stands at 60 (SQLite file format, section 1.3).
fn with_schema_number(file: &Path, number: u32) {
    let mut bytes = fs::read(file).unwrap();
    bytes[60..64].copy_from_slice(&number.to_be_bytes());
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_server_that_is_asked_to_end_ends_well_and_has_everything_again() {
    for signal in ["TERM", "INT"] {
        let mut house = House::open();
        let (a, b) = (house.person("member-a"), house.person("member-b"));
        a.says("@member-b", "stored");
        let ended = house.stop(signal);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        house.start(&[]);
        assert_eq!(b.hears_texts(1), ["stored"]);
    }
}

#[test]
fn a_server_over_a_newer_or_damaged_database_says_so_and_leaves_it_alone() {
    let (mut house, a, b) = stopped();
    let file = house.data().join("huis.db");
    let good = fs::read(&file).unwrap();
    let newer = {
        with_schema_number(&file, 99);
        fs::read(&file).unwrap()
    };
    let damaged = [&vec![0x5a; 8192], &good[8192..]].concat();
    let other = b"This is a letter and no database.".to_vec();
    for (bytes, words) in [(newer, "install the newer version"), (damaged, "damaged"), (other, "damaged")] {
        fs::write(&file, &bytes).unwrap();
        let line = serves(&house.data()).refused(1, "serve");
        assert!(line.contains("huis.db") && line.contains(words), "{line}");
        assert!(fs::read(&file).unwrap() == bytes, "untouched: {words}");
    }
    fs::write(&file, good).unwrap();
    house.start(&[]);
    b.says("@member-a", "all is there");
    assert_eq!(a.hears_texts(1), ["all is there"]);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let line = serves(&house.data()).refused(1, "serve");
    assert!(line.contains("locked"), "{line}");
    a.says("@member-b", "undisturbed");
    assert_eq!(b.hears_texts(1), ["undisturbed"]);
}

#[test]
fn a_damaged_profile_is_told_and_left_alone() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "kept");
    b.hears(1);
    let file = b.profile.join("huis.db");
    let good = fs::read(&file).unwrap();
    let mut first_page = good.clone();
    first_page[..4096].fill(0x5a);
    let cut = good[..good.len() / 2 + 100].to_vec();
    for bytes in [first_page, cut] {
        fs::write(&file, &bytes).unwrap();
        for args in [&["receive"][..], &["search", "kept"], &["send", "@member-a", "x"]] {
            let ended = b.does(args);
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{args:?}: {ended:?}");
            assert!(ended.stderr.lines().last().unwrap().starts_with("huis "), "{ended:?}");
            assert!(!ended.stderr.contains("panicked"), "{ended:?}");
        }
    }
    fs::write(&file, good).unwrap();
    assert_eq!(b.does(&["search", "kept", "--json"]).objects().len(), 1);
}
