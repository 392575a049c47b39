//! Files, by commands.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Ended, House, Process};
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

/// Bytes that tell where they stand.
fn large(length: u32) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// How much lies in a folder, however deep, by the lengths of its files.
fn lies_in(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    // A file may go while one looks.
    let known = entries.filter_map(|entry| Some((entry.as_ref().ok()?.path(), entry.ok()?.metadata().ok()?)));
    known.map(|(path, known)| if known.is_dir() { lies_in(&path) } else { known.len() }).sum()
}

/// Waits until so many bytes lie in a folder, in the middle of what a process does.
fn until_lies_in(folder: &Path, bytes: u64, process: &mut Process) {
    while lies_in(folder) < bytes {
        assert!(process.is_running(), "it ends with so much of it there: {}", lies_in(folder));
        std::thread::yield_now();
    }
}

/// How little of a file is there at any moment until a process ends: it cuts what is not noted as done.
fn least_until_end(part: &Path, mut process: Process) -> u64 {
    let mut least = u64::MAX;
    while process.is_running() {
        // Once it is whole it has another name.
        if let Ok(known) = part.metadata() {
            least = least.min(known.len());
        }
        std::thread::yield_now();
    }
    process.end().well();
    least
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn a_receiver_killed_or_interrupted_in_the_middle_goes_on_and_says_how() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let (path, bytes) = (house.path("large.bin"), large(100_000_000));
    fs::write(&path, &bytes).unwrap();
    let sent = a.does(&["send", "@member-b", "--file", path.to_str().unwrap()]).well();
    let id = format!("{}:1", sent.trim());
    b.hears(1);
    let folder = house.path("fetched");
    let to = folder.to_str().unwrap();
    let gets_until = |there: u64| {
        let mut process = b.starts(&["files", "get", &id, "--to", to]);
        until_lies_in(&folder, there, &mut process);
        process
    };
    let process = gets_until(1_000_000);
    process.interrupt();
    let ended = process.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains(&format!("`huis files get {id} --to {to}` goes on where it was")), "{ended:?}");
    gets_until(60_000_000).kill();
    let left = names(&folder);
    assert!(left.len() == 1 && left[0].ends_with(".part"), "it has its name once it is whole: {left:?}");
    // Of what was written 8 MiB are not noted at most, and one range is written at a time.
    let least = least_until_end(&folder.join(&left[0]), b.starts(&["files", "get", &id, "--to", to]));
    assert!((60_000_000 - 2 * 8 * 1024 * 1024..100_000_000).contains(&least), "it went on from {least} bytes");
    assert_eq!(names(&folder), ["large.bin"]);
    assert_eq!(fs::read(folder.join("large.bin")).unwrap(), bytes);
}

#[test]
fn what_another_process_fetches_is_paused_by_who_asked_for_it() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let (path, bytes) = (house.path("large.bin"), large(100_000_000));
    fs::write(&path, &bytes).unwrap();
    let sent = a.does(&["send", "@member-b", "--file", path.to_str().unwrap()]).well();
    let mut owner = b.starts(&["receive", "--follow", "--json"]);
    assert_eq!(owner.object()["id"], sent.trim());
    let folder = house.path("fetched");
    let to = folder.to_str().unwrap();
    let mut process = b.starts(&["files", "get", sent.trim(), "--to", to]);
    until_lies_in(&folder, 1_000_000, &mut process);
    process.interrupt();
    let ended = process.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains("goes on where it was"), "{ended:?}");
    let listed = b.does(&["files", "list", "--json"]).objects();
    assert_eq!(listed[0]["state"], "paused", "the owner, who fetches it, knows: {listed:?}");
    assert!(b.does(&["files", "list"]).well().trim_end().ends_with("large.bin  paused"));
    assert!(names(&folder).iter().all(|name| name.ends_with(".part")), "{:?}", names(&folder));
    b.does(&["files", "get", sent.trim(), "--to", to]).well();
    assert_eq!(fs::read(folder.join("large.bin")).unwrap(), bytes);
    assert_eq!(b.does(&["files", "list", "--json"]).objects()[0]["state"], "done");
    owner.kill();
}

/// Waits until a file is there under its own name, as long as a process runs.
fn until_there(file: &Path, process: &mut Process) {
    while !file.exists() {
        assert!(process.is_running(), "it ends without {}", file.display());
        std::thread::yield_now();
    }
}

#[test]
fn whoever_interrupts_is_told_of_each_file_that_is_there() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let own = ["small.bin", "large.bin"].map(|name| house.path(name));
    fs::write(&own[0], large(1_000_000)).unwrap();
    fs::write(&own[1], large(100_000_000)).unwrap();
    let paths = [&own[0], &own[1]].map(|path| path.to_str().unwrap());
    let sent = a.does(&["send", "@member-b", "--file", paths[0], paths[1]]).well();
    let id = sent.trim();
    let mut owner = b.starts(&["receive", "--follow", "--json"]);
    assert_eq!(owner.object()["id"], id);
    let folder = house.path("fetched");
    let to = folder.to_str().unwrap();

    // One is there when it comes, though whoever asked for it has not heard so, and the other is not.
    let mut process = b.starts(&["files", "get", id, "--to", to, "--json"]);
    until_there(&folder.join("small.bin"), &mut process);
    house.freezes();
    process.freeze();
    process.interrupt();
    process.thaw();
    let ended = process.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let printed: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(printed.len(), 1, "{ended:?}");
    assert_eq!(printed[0]["id"], format!("{id}:1"));
    assert!(ended.stderr.contains(&format!("`huis files get {id}:2 --to {to}` goes on where it was")), "{ended:?}");

    // All are there when it comes, so that nothing was left undone.
    let process = b.starts(&["files", "get", id, "--to", to, "--json"]);
    while b.does(&["files", "list", "--json"]).objects()[1]["state"] == "paused" {}
    process.freeze();
    house.thaws();
    until_there(&folder.join("large.bin"), &mut owner);
    process.interrupt();
    process.thaw();
    assert_eq!(process.end().objects().len(), 2);
    owner.kill();
}

#[test]
fn a_second_interruption_ends_a_command_that_still_waits_for_an_answer() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let path = house.path("large.bin");
    fs::write(&path, large(100_000_000)).unwrap();
    let sent = a.does(&["send", "@member-b", "--file", path.to_str().unwrap()]).well();
    let mut owner = b.starts(&["receive", "--follow", "--json"]);
    assert_eq!(owner.object()["id"], sent.trim());
    let folder = house.path("fetched");
    let mut process = b.starts(&["files", "get", sent.trim(), "--to", folder.to_str().unwrap()]);
    until_lies_in(&folder, 1_000_000, &mut process);
    // Whoever fetches it is there, and answers nothing: that it is paused is waited for.
    owner.freeze();
    process.interrupt();
    // That it says so shows that the first one came and did not end it.
    process.notes("Ctrl-C once more ends it at once");
    process.interrupt();
    let ended = process.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(!ended.stderr.contains("[interrupted]"), "{ended:?}");
    owner.kill();
}

#[test]
fn an_upload_outlives_a_server_that_is_killed_in_the_middle() {
    let mut house = House::open();
    let (a, b) = acquainted(&house);
    let (path, bytes) = (house.path("large.bin"), large(100_000_000));
    fs::write(&path, &bytes).unwrap();
    let mut process = a.starts(&["send", "@member-b", "--file", path.to_str().unwrap()]);
    let blobs = house.data().join("blobs");
    until_lies_in(&blobs, 8_000_000, &mut process);
    house.kill();
    assert!(lies_in(&blobs) < bytes.len() as u64, "it was in the middle");
    house.start(&[]);
    let id = process.end().well().trim().to_owned();
    b.hears(1);
    let to = house.path("fetched");
    b.does(&["files", "get", &id, "--to", to.to_str().unwrap()]).well();
    assert_eq!(fs::read(to.join("large.bin")).unwrap(), bytes);
}

#[test]
fn a_download_outlives_a_server_that_is_killed_in_the_middle() {
    let mut house = House::open();
    let (a, b) = acquainted(&house);
    let (path, bytes) = (house.path("large.bin"), large(100_000_000));
    fs::write(&path, &bytes).unwrap();
    let id = a.does(&["send", "@member-b", "--file", path.to_str().unwrap()]).well().trim().to_owned();
    b.hears(1);
    let folder = house.path("fetched");
    let mut process = b.starts(&["files", "get", &id, "--to", folder.to_str().unwrap()]);
    until_lies_in(&folder, 40_000_000, &mut process);
    house.kill();
    let left = names(&folder);
    assert!(left.len() == 1 && left[0].ends_with(".part"), "it was in the middle: {left:?}");
    let part = folder.join(&left[0]);
    assert!(process.is_running(), "it waits for the server");
    house.start(&[]);
    // Of what was written 8 MiB are not noted at most, and one range is written at a time.
    let least = least_until_end(&part, process);
    assert!((40_000_000 - 2 * 8 * 1024 * 1024..100_000_000).contains(&least), "it went on from {least} bytes");
    assert_eq!(names(&folder), ["large.bin"]);
    assert_eq!(fs::read(folder.join("large.bin")).unwrap(), bytes);
}

#[test]
fn a_sender_that_is_interrupted_says_what_becomes_of_the_file() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let (path, bytes) = (house.path("large.bin"), large(100_000_000));
    fs::write(&path, &bytes).unwrap();
    let mut process = a.starts(&["send", "@member-b", "--file", path.to_str().unwrap()]);
    let blobs = house.data().join("blobs");
    until_lies_in(&blobs, 1_000_000, &mut process);
    process.interrupt();
    let ended = process.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains("is not taken back: with what was sent of its files"), "{ended:?}");
    assert!(ended.stderr.contains("goes on in the huis that runs this profile, or with the next command"), "{ended:?}");
    a.does(&["status", "--wait", "--timeout", "100"]).well();
    let heard = b.hears(1).remove(0);
    let to = house.path("fetched");
    b.does(&["files", "get", heard["id"].as_str().unwrap(), "--to", to.to_str().unwrap()]).well();
    assert_eq!(fs::read(to.join("large.bin")).unwrap(), bytes);
}

/// The paths of a picture of one pixel with a text in it, as cameras and phones leave them, and of a film.
fn picture_and_film(house: &House) -> [String; 2] {
    let (picture, film) = (house.path("photo.png"), house.path("film.mov"));
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut put = |kind: &[u8; 4], data: &[u8]| {
        png.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
        let from = png.len();
        png.extend_from_slice(kind);
        png.extend_from_slice(data);
        let sum = crc32(&png[from..]);
        png.extend_from_slice(&sum.to_be_bytes());
    };
    put(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    put(b"tEXt", b"Comment\0taken at 48.85 N, 2.35 E");
    put(b"IDAT", b"\x78\x9c\x63\x60\x00\x00\x00\x02\x00\x01");
    put(b"IEND", b"");
    fs::write(&picture, &png).unwrap();
    fs::write(&film, b"\0\0\0\x14ftypqt  \0\0\0\0qt  ").unwrap();
    [picture, film].map(|path| path.to_str().unwrap().to_owned())
}

/// It was said of which of the two something was taken out.
fn says_what_was_taken_out(sent: &Ended) {
    assert!(sent.stderr.contains("what said where, when and with what photo.png was taken was left out"), "{sent:?}");
    assert!(sent.stderr.contains("film.mov may say where and when it was taken"), "{sent:?}");
}

#[test]
fn of_a_picture_it_is_said_what_was_taken_out_and_of_a_film_that_nothing_is() {
    let house = House::open();
    let (a, _) = acquainted(&house);
    let [picture, film] = picture_and_film(&house);
    let sent = a.does(&["send", "@member-b", "--file", &picture, &film]);
    says_what_was_taken_out(&sent);
    let kept = a.does(&["send", "@member-b", "--keep-metadata", "--file", &picture, &film]);
    assert!(kept.code == Some(0) && !kept.stderr.contains("was taken"), "{kept:?}");
}

#[test]
fn a_picture_goes_with_a_small_one_and_what_is_none_without() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let [picture, film] = picture_and_film(&house);
    let damaged = house.path("damaged.png");
    fs::write(&damaged, b"\x89PNG\r\n\x1a\nnot much of a picture").unwrap();
    let damaged = damaged.to_str().unwrap();
    a.does(&["send", "@member-b", "--keep-metadata", "--file", &picture, &film, damaged]).well();
    b.does(&["status", "--wait"]).well();
    let files = b.does(&["files", "list", "--json"]).objects();
    let pictures: Vec<_> = files.iter().map(|file| (file["name"].as_str().unwrap(), &file["picture"])).collect();
    let measures = serde_json::json!({ "width": 1, "height": 1 });
    let none = serde_json::Value::Null;
    assert_eq!(pictures, [("photo.png", &measures), ("film.mov", &none), ("damaged.png", &none)]);
}

#[test]
fn what_was_taken_out_is_said_of_a_message_that_waits_and_of_one_that_is_opened_once() {
    let mut house = House::open();
    let (a, _) = acquainted(&house);
    let [picture, film] = picture_and_film(&house);
    house.kill();
    for how in [&[][..], &["--view-once"]] {
        let sends = ["send", "@member-b", "--timeout", "1", "--file", &picture, &film];
        let waits = a.does(&[&sends, how].concat());
        says_what_was_taken_out(&waits);
        assert!(waits.refused(3, "timed-out").contains("stays here and goes out with the next command"));
    }
}

/// The sum of a chunk in a PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _: u32| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

/// Memory that a transfer may take on either side, whatever the file's size, in bytes.
const MEMORY: u64 = 64_000_000;

#[test]
#[cfg(target_os = "linux")]
fn a_transfer_takes_no_more_memory_than_it_may_whatever_the_files_size() {
    let mib = if std::env::var_os("HUIS_LONG").is_some() { 256 } else { 64 };
    let house = House::open();
    let (a, b) = acquainted(&house);
    let path = house.path("large.bin");
    fs::write(&path, large(mib * 1024 * 1024)).unwrap();
    let most = |mut process: Process| {
        let mut most = 0;
        // It only grows, so what is seen last is the most.
        while let Some(peak) = process.most_memory().filter(|_| process.is_running()) {
            most = peak;
            std::thread::yield_now();
        }
        (most, process.end().well())
    };
    let (sending, sent) = most(a.starts(&["send", "@member-b", "--file", path.to_str().unwrap()]));
    b.hears(1);
    let to = house.path("fetched");
    let (fetching, _) = most(b.starts(&["files", "get", sent.trim(), "--to", to.to_str().unwrap()]));
    assert_eq!(lies_in(&to), u64::from(mib) * 1024 * 1024);
    println!("HUIS_FIGURE {{\"name\":\"memory to send {mib} MiB\",\"value\":{sending}}}");
    println!("HUIS_FIGURE {{\"name\":\"memory to fetch {mib} MiB\",\"value\":{fetching}}}");
    assert!((1..=MEMORY).contains(&sending), "sending took {sending} bytes");
    assert!((1..=MEMORY).contains(&fetching), "fetching took {fetching} bytes");
}
