//! What must not stand anywhere in plain.

use crate::harness::{House, PASSPHRASE, PASSWORD, Person, Process, files};

#[test]
fn no_file_of_server_or_client_holds_what_was_said() {
    let mut house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let said =
        ["a first whispered sentence", "an answer, whispered too", "what the club whispered", "the whispered title"];
    a.says("@member-b", said[0]);
    b.hears(1);
    b.says("@member-a", said[1]);
    a.hears(1);
    a.does(&["room", "create", said[3], "@member-b"]).well();
    a.says(&format!("#{}", said[3]), said[2]);
    b.hears(1);
    let tablet = b.with_profile("tablet");
    tablet.logs_in().well();
    b.does(&["search", "whispered"]).well();
    house.kill();
    a.does(&["send", "@member-b", "a whispered word that waits", "--timeout", "0.5"]).refused(3, "timed-out");

    let mut looked_at = 0;
    for folder in [house.data(), a.profile.clone(), b.profile.clone(), tablet.profile.clone()] {
        for (file, bytes) in files(&folder) {
            looked_at += bytes.len();
            let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            for text in said.iter().chain(&["a whispered word that waits", "whispered", PASSWORD]) {
                assert!(!holds(text), "{} holds {text:?}", file.display());
            }
            // A database of the client is noise from its first byte.
            assert!(!file.ends_with("huis.db") || folder == house.data() || !holds("SQLite format 3"));
        }
    }
    assert!(looked_at > 100_000, "{looked_at} bytes are too few to be all");
    let in_server = |text: &str| {
        files(&house.data()).iter().any(|(_, bytes)| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    assert!(in_server("member-a"), "the scan finds what is there");
    assert!(!in_server(PASSPHRASE));
}

#[test]
fn a_profile_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::open();
    let person = house.person("member-a");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&person.profile), 0);
    assert_eq!(mode(&person.profile.join("key")), 0);
    person.does(&["whoami"]).well();
    assert!(!person.profile.join("socket").exists(), "an owner that ended in good order leaves no socket");
    assert_eq!(mode(&house.data()), 0);
}

#[test]
fn a_profile_without_its_key_stays_shut() {
    let house = House::open();
    let person = house.person("member-a");
    let key = person.profile.join("key");
    let right = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    person.does(&["whoami"]).refused(1, "key");
    std::fs::write(&key, format!("huis-key-1 {}\n", "ab".repeat(32))).unwrap();
    person.does(&["whoami"]).refused(1, "key");
    std::fs::write(&key, right).unwrap();
    person.does(&["whoami"]).well();
}

#[test]
fn no_log_holds_what_was_said_or_a_secret() {
    let mut house = House::open_with(&["--log-level", "trace"]);
    let (a, b) = (house.stranger("member-a"), house.stranger("member-b"));
    let mut logs = String::new();
    let mut does = |person: &Person, args: &[&str]| {
        let mut command = person.command(args);
        command.env("HUIS_LOG", "debug").env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE);
        let ended = Process::start(command, None).end();
        logs.push_str(&ended.stderr);
        ended.code
    };
    let url = house.url();
    for person in [&a, &b] {
        assert_eq!(does(person, &["register", &person.name, "--server", &url]), Some(0));
    }
    assert_eq!(does(&a, &["send", "@member-b", "an unmistakable sentence"]), Some(0));
    assert_eq!(does(&b, &["receive", "--count", "1", "--timeout", "60"]), Some(0));
    assert_eq!(does(&a, &["room", "create", "unmistakable-title", "@member-b"]), Some(0));
    let tablet = b.with_profile("tablet");
    assert_eq!(does(&tablet, &["login", "member-b", "--server", &url]), Some(0));
    assert_eq!(does(&tablet, &["logout"]), Some(0));
    let wrong = ["register", "member-c", "--server", &url, "--invitation", "unmistakable-invitation"];
    let mut command = house.stranger("member-c").command(&wrong);
    command.env("HUIS_LOG", "debug");
    let refused = Process::start(command, None).end();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    logs.push_str(&refused.stderr);
    let server = house.stop("TERM").stderr;
    assert!(logs.contains("DEBUG") && server.contains("answered"), "both have logged: {logs}{server}");
    for (whose, log) in [("a client", &logs), ("the server", &server)] {
        // Every access token begins with the first of these, in base64url.
        for text in ["eyJ", "unmistakable", PASSWORD, PASSPHRASE, "Bearer "] {
            let line = log.lines().find(|line| line.contains(text));
            assert_eq!(line, None, "the log of {whose} holds {text:?}");
        }
    }
    // Whom it serves from where is nobody's business unless the operator asks for it.
    let names_an_address = |line: &&str| line.contains("answered") && line.contains("127.0.0.1");
    assert_eq!(server.lines().find(names_an_address), None);
}
