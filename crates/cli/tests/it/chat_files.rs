//! Files in `huis chat`, in a real terminal.

use std::fs;

use crate::harness::House;
use crate::stories::acquainted;

#[test]
fn a_file_is_found_and_saved_beside_one_of_its_name_and_a_picture_is_sent_from_the_chat() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let notes = house.path("notes.txt");
    fs::write(&notes, "what nobody else reads").unwrap();
    a.does(&["send", "@member-b", "--file", notes.to_str().unwrap()]).well();
    let folder = house.path("saved");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("notes.txt"), "my own").unwrap();
    let refused = b.chats_in(100, 30, &["--save-in", notes.to_str().unwrap()]);
    refused.shows("--save-in");
    assert_eq!(refused.ends().0, 1);
    let mut terminal = b.chats_in(100, 30, &["--save-in", folder.to_str().unwrap()]);
    terminal.shows("notes.txt (22 B)");
    terminal.enters("/files");
    terminal.shows("1 notes.txt");
    terminal.types("\r");
    terminal.shows("saved at");
    terminal.types("\u{1b}");
    terminal.hides("1 notes.txt");
    assert_eq!(fs::read_to_string(folder.join("notes (2).txt")).unwrap(), "what nobody else reads");
    assert_eq!(fs::read_to_string(folder.join("notes.txt")).unwrap(), "my own");

    let other = house.path("other folder");
    fs::create_dir_all(&other).unwrap();
    terminal.enters(&format!("/save notes {}", other.display()));
    terminal.shows("is being saved in");
    terminal.waits_for("the other folder", |_| other.join("notes.txt").exists());
    terminal.enters(&format!("/save notes {}/missing", other.display()));
    terminal.shows("There is no folder");

    // A picture of a kind out of which nothing is taken; what was mistaken stands in the line until then.
    let picture = house.path("garden.gif");
    fs::write(&picture, b"GIF89a\x01\0\x01\0\0\0\0;").unwrap();
    terminal.enters(&format!("\u{15}/file {}", picture.display()));
    terminal.shows("garden.gif may say where and when it was taken");
    // It is sent as long as the chat is open.
    assert_eq!(a.hears(1)[0]["files"][0]["name"], "garden.gif");
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}
