//! Files, by commands.

use std::fs;

use serde_json::Value;

use crate::harness::House;
use crate::stories::acquainted;

#[test]
fn files_are_sent_listed_and_fetched() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let folder = house.path("own");
    fs::create_dir_all(&folder).unwrap();
    let large: Vec<u8> = (0..20_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (film, notes) = (folder.join("film.mkv"), folder.join("notes.txt"));
    fs::write(&film, &large).unwrap();
    fs::write(&notes, "what nobody else reads").unwrap();
    let paths = [&film, &notes].map(|path| path.to_str().unwrap());
    let id = a.does(&["send", "@member-b", "two files", "--file", paths[0], paths[1]]).well().trim().to_owned();
    assert_eq!(id.len(), 32, "{id:?}");

    let heard = b.hears(1).remove(0);
    assert_eq!(
        (&heard["id"], &heard["kind"], &heard["text"]),
        (&id.as_str().into(), &"file".into(), &"two files".into())
    );
    let files = heard["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    assert_eq!(files[0]["id"], format!("{id}:1"));
    assert_eq!((&files[0]["name"], &files[0]["size"]), (&"film.mkv".into(), &large.len().into()));
    assert_eq!((&files[1]["name"], &files[1]["type"]), (&"notes.txt".into(), &"text/plain".into()));

    let listed = b.does(&["files", "list", "@member-a", "--json"]).objects();
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[1]["from"], &listed[1]["own"]), (&"member-a".into(), &false.into()));
    let line = b.does(&["files", "list"]).well();
    assert!(line.contains(&format!("{id}:1")) && line.contains("20 MB  film.mkv"), "{line}");

    // One by its id into a folder that is made, then the other with all.
    let to = house.path("fetched");
    let to = to.to_str().unwrap();
    let path = b.does(&["files", "get", &format!("{id}:2"), "--to", to]).well().trim().to_owned();
    assert_eq!(fs::read_to_string(&path).unwrap(), "what nobody else reads");
    let saved = b.does(&["files", "get", "--all", "--to", to, "--json"]).objects();
    let mut names: Vec<&str> = saved.iter().map(|line| line["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["film.mkv", "notes.txt"]);
    assert_eq!(fs::read(format!("{to}/film.mkv")).unwrap(), large);
    let mut there: Vec<_> = fs::read_dir(to).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, ["film.mkv", "notes.txt"], "nothing twice, and nothing beside it");

    a.does(&["send", "@member-b", "--file", folder.join("missing").to_str().unwrap()]).refused(1, "file");
    b.does(&["files", "get", &format!("{id}:3"), "--to", to]).refused(1, "unknown");
    assert_eq!(a.does(&["files", "list", "--json"]).objects().len(), 2);
    b.hears_nothing_more();
}

#[test]
fn a_sender_killed_in_the_middle_goes_on_with_the_next_command() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let path = house.path("large.bin");
    let large: Vec<u8> = (0..60_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(&path, &large).unwrap();
    let mut process = a.starts(&["send", "@member-b", "--file", path.to_str().unwrap()]);
    // As soon as it is stored here, however far it is.
    loop {
        let listed = a.does(&["files", "list", "--json"]).objects();
        if !listed.is_empty() {
            break;
        }
    }
    process.kill();
    a.does(&["status", "--wait", "--timeout", "60"]).well();
    let heard = b.hears(1).remove(0);
    let id = heard["files"][0]["id"].as_str().unwrap().to_owned();
    let to = house.path("fetched");
    let saved = b.does(&["files", "get", &id, "--to", to.to_str().unwrap(), "--json"]).objects();
    assert_eq!(saved.len(), 1, "{saved:?}");
    assert_eq!(fs::read(saved[0]["path"].as_str().unwrap()).unwrap(), large);
    assert_eq!(b.does(&["files", "list", "--json"]).objects()[0]["saved_at"], saved[0]["path"]);
    assert_ne!(saved[0]["path"], Value::Null);
}
