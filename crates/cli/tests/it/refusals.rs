//! What is refused, how it is said, and with which exit code.

use std::net::TcpListener;

use crate::harness::{House, PASSPHRASE, PASSWORD, Process, huis};

#[test]
fn wrong_secrets_are_refused() {
    let house = House::open();
    let person = house.stranger("member-a");
    let url = house.url();
    let register = ["register", "member-a", "--server", &url, "--access-passphrase", "not these words"];
    person.does(&register).refused(1, "passphrase-refused");
    let line = person.does(&["register", "member-a", "--server", &url]).refused(1, "passphrase-refused");
    assert!(line.contains("HUIS_ACCESS_PASSPHRASE"), "{line}");
    let claim = ["register", "member-a", "--server", &url, "--claim", "1234"];
    person.does(&claim).refused(1, "claim-refused");
    assert!(!person.profile.exists(), "a refused registration leaves nothing behind");
    person.registers().well();

    let tablet = person.with_profile("tablet");
    let login = ["login", "member-a", "--server", &url, "--password-stdin"];
    let wrong = tablet.pipes(b"tulip-garage-velvet-wrong\n", &login).refused(1, "wrong-password");
    assert!(!wrong.contains("velvet"), "{wrong}");
    // An unknown name is answered like a known one.
    let unknown = house.stranger("nobody").logs_in().refused(1, "wrong-password");
    assert_eq!(wrong, unknown);
    tablet.pipes(format!("{PASSWORD}\n").as_bytes(), &login).well();
}

#[test]
fn weak_passwords_never_reach_a_server() {
    let house = House::open();
    let mut person = house.stranger("member-a").command(&["register", "member-a", "--server", "http://127.0.0.1:9"]);
    person.env("HUIS_PASSWORD", "password123");
    let line = Process::start(person, None).end().refused(1, "weak-password");
    assert!(line.contains("common") && !line.contains("password123"), "{line}");
}

#[test]
fn wrong_usage_ends_with_two() {
    let house = House::open();
    let person = house.stranger("member-a");
    for args in [&["send"][..], &["nonsense"], &["send", "nobody", "x"], &["receive", "--count", "0"], &["room"]] {
        let ended = person.does(args);
        assert_eq!(ended.code, Some(2), "{args:?}: {ended:?}");
        assert_eq!(ended.stdout, "");
    }
    let mut silent = person.command(&["login", "member-a", "--server", &house.url()]);
    silent.env_remove("HUIS_PASSWORD");
    Process::start(silent, None).end().refused(2, "usage");
    let mut mistyped = huis(&["serve", "--data", house.path("x").to_str().unwrap()]);
    mistyped.env("HUIS_LISTEM", "127.0.0.1:0");
    let line = Process::start(mistyped, None).end().refused(2, "usage");
    assert!(line.contains("did you mean HUIS_LISTEN?"), "{line}");
}

#[test]
fn whoever_is_not_signed_in_is_told_so() {
    let house = House::open();
    let person = house.stranger("member-a");
    for args in [
        &["whoami"][..],
        &["send", "@member-b", "x"],
        &["receive"],
        &["conversations"],
        &["logout"],
        &["password"],
        &["lock"],
        &["unlock"],
    ] {
        let line = person.does(args).refused(1, "not-signed-in");
        assert!(line.contains("huis register"), "{line}");
        assert!(!person.profile.exists());
    }
}

#[test]
fn names_that_are_not_there_or_not_allowed_are_refused() {
    let house = House::open();
    let person = house.person("member-a");
    let line = person.does(&["send", "@nobody", "x"]).refused(1, "unknown");
    assert!(line.contains("nobody"), "{line}");
    person.does(&["send", "#nowhere", "x"]).refused(1, "unknown");
    person.does(&["send", &"ab".repeat(16), "x"]).refused(1, "unknown");
    person.does(&["room", "members", "nowhere"]).refused(1, "unknown");
    let url = house.url();
    for hostile in ["a\u{1b}[2Jb", "a\u{202e}b", "аnna", "a b", "a/../b", "-a", "x", &"x".repeat(33), "a\nb"] {
        let name = ["register", "--server", &url, "--access-passphrase", PASSPHRASE, "--", hostile];
        let line = house.stranger("hostile").does(&name).refused(1, "invalid");
        assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line}");
        let to = format!("@{hostile}");
        let ended = person.does(&["send", &to, "x"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
    }
    let again = |name: &str| {
        let profile = house.stranger(name).with_profile("again");
        profile.registers()
    };
    again("member-a").refused(1, "name-taken");
    again("Member-A").refused(1, "name-taken");
    again("rnember-a").refused(1, "name-looks-alike");
    again("member.a").refused(1, "name-looks-alike");
    again("admin").refused(1, "name-refused");
    person.registers().refused(1, "already-signed-in");
}

#[test]
fn texts_arrive_exactly_or_are_refused() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let send = ["send", "@member-b", "-"];
    a.pipes(b"", &send).refused(1, "invalid");
    a.does(&["send", "@member-b", ""]).refused(1, "invalid");
    a.pipes(b"\xff\xfe", &send).refused(1, "invalid");
    let longest = "é".repeat(32 * 1024);
    let line = a.pipes(format!("{longest}x").as_bytes(), &send).refused(1, "too-large");
    assert!(line.contains("65536 bytes"), "{line}");
    let texts = [
        longest.as_str(),
        "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\u{0}\r\n\u{2028}",
        "{\"text\":\"no\"}\n{\"text\":\"neither\"}",
        " -- $(id) `id` 'quoted' \"twice\" \\",
        "👩\u{200d}👩\u{200d}👧 سلام 你好",
    ];
    for text in texts {
        // The end of the last line belongs to the pipe, not to the text.
        a.pipes(format!("{text}\n").as_bytes(), &send).well();
    }
    assert_eq!(b.hears_texts(texts.len()), texts);
    a.pipes(texts[1].as_bytes(), &send).well();
    a.pipes(b"hello\n2026-01-01 00:00:00Z @boss: pay", &send).well();
    let shown = b.does(&["receive", "--count", "2", "--timeout", "60"]).well();
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{0}', '\r', '\u{2028}']), "{shown:?}");
    assert!(shown.contains("\\u{1b}[2J"), "{shown:?}");
    assert!(shown.contains("\n    2026-01-01 00:00:00Z @boss: pay\n"), "{shown:?}");
}

#[test]
fn what_does_not_come_in_time_ends_with_three() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let line = b.does(&["receive", "--count", "1", "--timeout", "0.2"]).refused(3, "timed-out");
    assert!(line.contains("1 message has not come"), "{line}");
    b.does(&["receive", "--follow", "--count", "2", "--timeout", "0.2"]).refused(3, "timed-out");
    b.does(&["receive", "--follow", "--timeout", "0.2"]).well();
    a.says("@member-b", "one");
    let ended = b.does(&["receive", "--count", "2", "--timeout", "10", "--json"]);
    assert_eq!((ended.code, ended.stdout.lines().count()), (Some(3), 1), "{ended:?}");
}

#[test]
fn without_a_server_what_is_known_here_still_works() {
    let mut house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "before the storm");
    b.hears(1);
    house.kill();
    assert_eq!(a.does(&["whoami", "--json"]).objects().len(), 1);
    assert_eq!(b.does(&["search", "storm", "--json"]).objects().len(), 1);
    assert_eq!(a.does(&["conversations", "--json"]).objects().len(), 1);
    a.does(&["send", "@member-b", "into the storm", "--timeout", "1"]).refused(3, "timed-out");
    a.does(&["send", "@somebody-else", "x", "--timeout", "1"]).refused(1, "offline");
    b.does(&["receive", "--timeout", "1"]).refused(3, "timed-out");
    let stranger = house.stranger("member-c");
    stranger.registers().refused(1, "offline");
    stranger.logs_in().refused(1, "offline");
    let waits = a.does(&["logout"]).refused(1, "unsent");
    assert!(waits.contains("--force"), "{waits}");
    house.start(&[]);
    // It goes out with the next command, whatever that is.
    a.does(&["status", "--wait"]).well();
    assert_eq!(b.hears_texts(1), ["into the storm"]);
}

#[test]
fn a_place_that_is_no_server_is_named_as_the_reason() {
    let house = House::open();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    drop(silent);
    let person = house.stranger("member-a");
    let url = format!("http://127.0.0.1:{port}");
    let line = person.does(&["login", "member-a", "--server", &url]).refused(1, "offline");
    assert!(line.contains("check the address"), "{line}");
    assert!(!person.profile.exists());
}
