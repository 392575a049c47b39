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

#[test]
fn a_chat_opens_in_a_folder_that_is_gone_or_has_no_name_as_text_and_asks_where_to_save() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let notes = house.path("notes.txt");
    fs::write(&notes, "what nobody else reads").unwrap();
    a.does(&["send", "@member-b", "--file", notes.to_str().unwrap()]).well();
    let gone = house.path("gone");
    fs::create_dir_all(&gone).unwrap();
    let goes = format!("cd '{0}' && rmdir '{0}'", gone.display());
    // One byte that UTF-8 never has.
    let nameless =
        format!("cd '{}' && mkdir \"$(printf '\\377')\" && cd \"$(printf '\\377')\"", house.path("").display());
    // Others than Linux refuse such a name.
    for there in [Some(&goes), Some(&nameless).filter(|_| cfg!(target_os = "linux"))].into_iter().flatten() {
        let saved = tempfile::tempdir().unwrap();
        let mut terminal = b.chats_behind(there);
        terminal.shows("notes.txt (22 B)");
        terminal.enters("/save notes");
        terminal.shows("Name one: /save /FOLDER");
        terminal.enters(&format!("\u{15}/save notes {}", saved.path().display()));
        terminal.waits_for("the file", |_| saved.path().join("notes.txt").exists());
        terminal.enters("exit");
        assert_eq!(terminal.ends().0, 0);
    }
}
