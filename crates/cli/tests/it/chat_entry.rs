//! Coming in: what `huis chat` shows before somebody is signed in.

use crate::harness::{House, PASSPHRASE, PASSWORD, Person, huis};
use crate::terminal::Terminal;

/// What a newcomer reads and types in a language.
struct Reads {
    lang: &'static str,
    welcome: &'static str,
    recovery_key: &'static str,
    write: &'static str,
}

const ENGLISH: Reads = Reads {
    lang: "en",
    welcome: "New account",
    recovery_key: "Your recovery key, shown this once",
    write: "/dm member-b",
};
const FRENCH: Reads = Reads {
    lang: "fr",
    welcome: "Nouveau compte",
    recovery_key: "Votre clé de secours, montrée cette seule fois",
    write: "/écrire member-b",
};

/// Goes through the form of a new account; the recovery key is on the screen then.
fn registers(terminal: &mut Terminal, name: &str, reads: &Reads) {
    terminal.shows(reads.welcome);
    terminal.enters("");
    terminal.enters(PASSPHRASE);
    terminal.enters(name);
    terminal.enters(PASSWORD);
    terminal.enters(PASSWORD);
    terminal.shows(reads.recovery_key);
}

fn a_newcomer_says_hello(reads: &Reads) {
    let house = House::open();
    let friend = house.person("member-b");
    let newcomer = house.stranger("member-a");
    let mut terminal = newcomer.chats(&["--lang", reads.lang]);
    // Five groups of keystrokes, and the sixth says that the key is written down.
    registers(&mut terminal, "member-a", reads);
    terminal.enters("");
    terminal.hides(reads.recovery_key);
    // The seventh says to whom, and the eighth what.
    terminal.enters(reads.write);
    terminal.shows("member-b");
    terminal.enters("hello from the other side");
    assert_eq!(friend.hears_texts(1), ["hello from the other side"]);
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn a_newcomer_gets_to_a_first_message_in_eight_groups_of_keystrokes_in_english() {
    a_newcomer_says_hello(&ENGLISH);
}

#[test]
fn a_newcomer_gets_to_a_first_message_in_eight_groups_of_keystrokes_in_french() {
    a_newcomer_says_hello(&FRENCH);
}

/// What a screen shows, as one word: a long one is cut at the end of a line.
fn squeezed(screen: &vt100::Screen) -> String {
    screen.contents().split_whitespace().collect()
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_held_to_from_the_first_use_on_and_another_is_refused_with_the_reason() {
    const TLS: &[&str] = &["--tls", "self-signed"];
    const REFUSED: &str = "certificate is not the one that was seen at first";
    let mut house = House::open_with(TLS);
    let fingerprint = house.announced("Certificate (SHA-256): ");
    let newcomer = house.stranger("member-a");
    let mut terminal = newcomer.chats_in(100, 30, &[]);
    registers(&mut terminal, "member-a", &ENGLISH);
    terminal.waits_for("the fingerprint", |screen| squeezed(screen).contains(&fingerprint));
    terminal.enters("");
    terminal.shows("No conversation yet");
    let pinned = || std::fs::read_to_string(newcomer.profile.join("server.pin")).unwrap();
    assert_eq!(pinned().trim(), fingerprint);

    // Another server in its place, and later the right one.
    let (kept, elsewhere) = (house.data().join("tls"), house.path("tls"));
    house.kill();
    terminal.shows("Offline");
    std::fs::rename(&kept, &elsewhere).unwrap();
    house.start(TLS);
    assert_ne!(house.announced("Certificate (SHA-256): "), fingerprint);
    terminal.shows(REFUSED);
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
    let mut terminal = newcomer.chats_in(100, 30, &[]);
    terminal.shows(REFUSED);
    let said = newcomer.does(&["receive"]).refused(1, "certificate-changed");
    assert!(said.contains(&fingerprint), "{said}");
    assert_eq!(pinned().trim(), fingerprint, "and the first one stays the one");

    house.kill();
    std::fs::remove_dir_all(&kept).unwrap();
    std::fs::rename(&elsewhere, &kept).unwrap();
    house.start(TLS);
    terminal.hides(REFUSED);
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn a_failure_stays_on_the_form_and_the_second_try_succeeds() {
    let house = House::open();
    house.person("member-b");
    let newcomer = house.stranger("member-a");
    let mut terminal = newcomer.chats(&[]);
    terminal.shows("New account");
    for text in ["", PASSPHRASE, "member-b", PASSWORD, PASSWORD] {
        terminal.enters(text);
    }
    terminal.shows("belongs to somebody");
    assert!(!newcomer.profile.join("huis.db").exists(), "what the attempt made is gone");
    // Another name; the passwords are still there.
    terminal.enters("\u{15}member-a");
    terminal.enters("");
    terminal.enters("");
    terminal.shows("Your recovery key");
    terminal.enters("");
    terminal.shows("No conversation yet");
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
    assert_eq!(newcomer.does(&["whoami", "--json"]).objects()[0]["username"], "member-a");
}

#[test]
fn a_server_that_is_not_there_is_said_beside_its_address() {
    let house = House::open();
    let mut terminal = house.stranger("member-a").chats(&["--server", "http://127.0.0.1:9"]);
    terminal.shows("New account");
    for text in ["", PASSPHRASE, "member-a", PASSWORD, PASSWORD] {
        terminal.enters(text);
    }
    terminal.shows("nothing answers");
    terminal.types("\u{3}");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn a_second_device_signs_in_by_its_password_alone() {
    let house = House::open();
    let person = house.person("member-a");
    let mut terminal = person.with_profile("second").chats(&["--lang", "fr"]);
    terminal.shows("J'ai un compte");
    terminal.types("2");
    terminal.enters("member-a");
    terminal.enters("wrong-password");
    terminal.shows("est faux");
    terminal.enters(PASSWORD);
    terminal.shows("Aucune conversation");
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

fn silent(person: &Person) -> Person {
    person.with_password(None)
}

#[test]
fn a_locked_device_asks_for_its_password() {
    let house = House::open();
    let person = house.person("member-a");
    person.does(&["lock"]).well();
    let mut terminal = silent(&person).chats(&[]);
    terminal.shows("This device is locked");
    terminal.enters("wrong");
    terminal.shows("The password is wrong");
    terminal.enters(PASSWORD);
    terminal.shows("No conversation yet");
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
    assert!(!person.profile.join("key").exists(), "it is as locked as before");
}

#[test]
fn a_device_is_locked_from_within_and_opens_again() {
    let house = House::open();
    let person = silent(&house.person("member-a"));
    let mut terminal = person.chats(&[]);
    terminal.shows("No conversation yet");
    terminal.enters("/lock");
    terminal.shows("Lock this device");
    terminal.enters("wrong");
    terminal.enters("wrong");
    terminal.shows("The password is wrong");
    terminal.enters(PASSWORD);
    terminal.enters(&format!("\u{15}{PASSWORD}"));
    terminal.shows("This device is locked");
    assert!(person.profile.join("key.locked").exists() && !person.profile.join("key").exists());
    terminal.enters(PASSWORD);
    terminal.shows("No conversation yet");
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn a_session_that_ended_is_begun_again_where_one_is() {
    let house = House::open();
    let person = house.person("member-a");
    let mut terminal = person.chats(&[]);
    terminal.shows("member-a");
    let other = person.with_profile("second");
    other.logs_in().well();
    other
        .does_with(&[("HUIS_NEW_PASSWORD", "harbour-violin-copper-meadow")], &["password", "--end-other-sessions"])
        .well();
    terminal.shows("Sign in again");
    terminal.enters(PASSWORD);
    terminal.shows("The password is wrong");
    terminal.enters("harbour-violin-copper-meadow");
    terminal.shows("No conversation yet");
    terminal.enters("exit");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn without_a_terminal_it_says_so_and_what_there_is_instead() {
    let house = House::open();
    let person = house.person("member-a");
    let line = person.does(&["chat"]).refused(2, "usage");
    assert!(line.contains("huis send") && line.contains("huis receive"), "{line}");
    let line = person.does(&["chat", "--lang", "fr"]).refused(2, "usage");
    assert!(line.contains("a besoin d'un terminal"), "{line}");
}

#[test]
fn a_damaged_database_is_said_in_a_sentence_and_ends_with_one() {
    let house = House::open();
    let person = house.person("member-a");
    let database = person.profile.join("huis.db");
    let length = std::fs::metadata(&database).unwrap().len();
    std::fs::write(&database, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
    for beside in ["huis.db-wal", "huis.db-shm"] {
        let _ = std::fs::remove_file(person.profile.join(beside));
    }
    let (code, screen) = person.chats(&[]).ends();
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains("huis chat: ") && screen.contains("does not open the database"), "{screen}");
}

#[test]
fn the_terminal_is_as_it_was_after_a_stop_from_outside() {
    let house = House::open();
    let person = house.person("member-a");
    for signal in ["TERM", "HUP", "INT"] {
        let chat = huis(&["chat"]);
        let script = format!("{} chat; stty -a; echo ended", chat.get_program().to_str().unwrap());
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]).env("HUIS_PROFILE", &person.profile);
        for (name, value) in chat.get_envs() {
            if value.is_none() {
                shell.env_remove(name);
            }
        }
        let terminal = Terminal::open(&shell, 80, 40);
        terminal.shows("member-a");
        terminal.signal(signal);
        let screen = terminal.shows("ended");
        assert!(["-echo ", "-icanon", "-isig", "-icrnl"].iter().all(|off| !screen.contains(off)), "{screen}");
        assert!(["echo", "icanon", "isig", "icrnl"].iter().all(|on| screen.contains(on)), "{screen}");
        terminal.ends();
    }
}
