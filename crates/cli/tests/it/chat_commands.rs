//! Every command of `huis chat`, used by people who talk: two in terminals, one by script.

use crate::admin::head_of;
use crate::harness::{House, texts};
use crate::terminal::Terminal;

/// Says yes to what a command asks before it is done.
fn confirms(terminal: &mut Terminal, question: &str) {
    terminal.shows(question);
    terminal.types("y");
    terminal.hides(question);
}

/// Opens something that lies over the messages, and closes it.
fn looks_at(terminal: &mut Terminal, command: &str, shows: &[&str]) {
    terminal.enters(command);
    for text in shows {
        terminal.shows(text);
    }
    terminal.types("\u{1b}");
    terminal.hides(shows.last().unwrap());
}

#[test]
fn two_terminals_and_a_script_use_every_command() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let (b, c) = (house.person("member-b"), house.person("member-c"));
    let (mut one, mut other) = (head.chats_in(100, 30, &[]), b.chats_in(100, 30, &[]));

    // Between two.
    one.shows("No conversation yet");
    one.enters("/dm member-b");
    one.enters("Did you see teh draft?");
    other.shows("head");
    other.types("\t\r");
    other.shows("would like to talk with you");
    other.shows("Today");
    other.enters("/accept");
    other.enters("/reply Yes. Two remarks.");
    one.shows("Yes. Two remarks.");
    one.shows("Did you see teh draft?");
    one.enters("/react thumbsup");
    other.shows("👍");
    one.enters("/edit Did you see the draft?");
    other.shows("Did you see the draft?");
    one.enters("/pin");
    other.shows("(pinned)");
    one.shows("(pinned)");
    one.enters("/pin");
    other.hides("(pinned)");
    other.enters("A word too many");
    one.shows("A word too many");
    // Among the messages, and not where it is written.
    other.waits_for("the message", |screen| {
        let shown = screen.contents();
        shown.contains("A word too many") && shown.contains("write a message")
    });
    other.enters("/delete");
    confirms(&mut other, "Delete “A word too many” for everybody?");
    one.shows("(deleted)");
    one.hides("A word too many");

    // What one shows of oneself, and what one knows of others.
    looks_at(&mut one, "/profile name The Head", &["What you show of yourself", "The Head"]);
    looks_at(&mut one, "/profile", &["@head", "The Head"]);
    // It goes with the next message.
    one.enters("What do you think of me?");
    other.shows("The Head");
    looks_at(&mut one, "/devices", &["Your devices", "this device"]);
    looks_at(&mut other, "/verify", &["Safety number", "mark as verified"]);
    looks_at(&mut one, "/help", &["Keys", "go to a conversation or command"]);
    one.enters("/help mute");
    one.shows("/mute");

    // A group, in which the script is.
    one.enters("/group The club @member-b @member-c");
    one.shows("#The club · 3 people");
    one.enters("Welcome to the club");
    assert_eq!(c.hears_texts(1), ["Welcome to the club"]);
    c.does(&["requests", "accept", "#The club"]).well();
    other.shows("#The club");
    other.types("\u{1b}u");
    other.shows("Welcome to the club");
    other.enters("/accept");
    other.enters("Thank you");
    assert_eq!(c.hears_texts(1), ["Thank you"]);
    c.says("#The club", "The script is here as well");
    one.shows("The script is here as well");
    other.shows("The script is here as well");
    one.enters("/topic What we read");
    other.shows("What we read");
    one.enters("/title Readers");
    other.shows("#Readers");
    one.enters("/role admin member-b");
    looks_at(&mut one, "/users", &["member-b", "admin", "Calls you for every message."]);
    one.enters("/mute 2h");
    one.shows("muted");
    one.enters("/mute off");
    one.hides("muted");
    one.enters("/notify mentions");
    one.enters("/favourite");
    one.shows("Favourites");
    one.enters("/search club");
    one.shows("Filters:");
    one.types("\u{1b}");
    one.hides("Filters:");
    one.enters("/forward @member-b");
    other.shows("The Head               1");
    other.types("\u{1b}u");
    other.shows("The Head @head");
    other.shows("→ forwarded");

    // An open room.
    one.enters("/join #garden");
    one.shows("#garden · 1 person");
    c.does(&["room", "join", "#garden"]).well();
    one.enters("The roses are out");
    assert_eq!(texts(&c.hears(1)), ["The roses are out"]);
    looks_at(&mut other, "/rooms", &["Open rooms", "#garden"]);
    other.enters("/join garden");
    other.shows("#garden · 3 people");
    other.enters("So are the tulips");
    one.shows("So are the tulips");
    assert_eq!(texts(&c.hears(1)), ["So are the tulips"]);
    other.enters("/leave");
    confirms(&mut other, "Leave this conversation?");
    other.enters("exit");
    one.enters("/quit");
    assert_eq!((one.ends().0, other.ends().0), (0, 0));
}

#[test]
fn somebody_is_blocked_a_group_is_thinned_out_and_the_device_is_locked() {
    let house = House::open();
    let [a, b, c] = ["member-a", "member-b", "member-c"].map(|name| house.person(name));
    a.says("@member-b", "first");
    b.hears(1);
    b.says("@member-a", "second");
    let mut terminal = a.chats_in(100, 30, &[]);
    terminal.shows("second");
    terminal.enters("/block");
    confirms(&mut terminal, "Block @member-b?");
    b.says("@member-a", "not heard");
    terminal.enters("/group Us @member-c");
    terminal.shows("#Us · 2 people");
    terminal.enters("Among us");
    assert_eq!(c.hears_texts(1), ["Among us"]);
    terminal.enters("/remove @member-c");
    confirms(&mut terminal, "Take @member-c out");
    terminal.shows("#Us · 1 person");
    c.does(&["receive"]).well();
    c.does(&["send", "#Us", "Am I here?"]).refused(1, "not-a-member");
    terminal.enters("/invite member-b");
    terminal.shows("block");
    terminal.enters("/unblock member-b");
    terminal.enters("/invite member-b");
    terminal.shows("#Us · 2 people");
    terminal.enters("/archive");
    terminal.shows("Archived 1");
    terminal.enters("/dm member-b");
    b.says("@member-a", "heard again");
    let screen = terminal.shows("heard again");
    assert!(!screen.contains("not heard"), "{screen}");
    terminal.enters("/lock");
    terminal.shows("Password");
    terminal.types("\u{3}");
    terminal.ends();
}

#[test]
fn the_super_administrator_looks_after_the_server_from_within() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let b = house.person("member-b");
    head.says("@member-b", "first");
    b.hears(1);
    b.says("@head", "second");
    let (mut one, mut other) = (head.chats_in(100, 30, &[]), b.chats_in(100, 30, &["--lang", "fr"]));
    one.shows("second");
    other.shows("second");
    other.enters("/kick head");
    other.types("o");
    other.shows("rôle plus élevé");
    one.enters("/regen");
    confirms(&mut one, "Make a fresh access passphrase?");
    let screen = one.shows("The fresh access passphrase");
    let passphrase = screen.lines().find_map(|line| line.split('│').find(|cell| cell.matches('-').count() >= 3));
    let passphrase = passphrase.unwrap_or_else(|| panic!("{screen}")).trim().to_owned();
    one.types("\u{1b}");
    one.hides("The fresh access passphrase");
    let c = house.stranger("member-c");
    c.registers().refused(1, "passphrase-refused");
    c.does(&["register", "member-c", "--server", &house.url(), "--access-passphrase", &passphrase]).well();
    one.enters("/kick member-b");
    confirms(&mut one, "End all sessions of @member-b");
    one.shows("1 session has ended.");
    other.shows("Mot de passe");
    one.enters("/stop");
    confirms(&mut one, "Stop the server?");
    one.shows("Offline");
    house.ends_by_itself().well();
    one.enters("exit");
    assert_eq!(one.ends().0, 0);
}
