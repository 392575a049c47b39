//! Backups: made while people talk, brought back elsewhere, and refused where they are not what they were.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::harness::{Ended, House, Process, files, huis};
use crate::terminal::Terminal;

fn at(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl House {
    /// `huis backup` of this house's server.
    fn backs_up(&self, file: &Path, args: &[&str]) -> Ended {
        let mut command = huis(&["backup", at(file), "--json", "--data", at(&self.data())]);
        command.args(args);
        Process::start(command, None).end()
    }

    /// A backup whose key was shown; the key's file.
    fn backed_up(&self, file: &Path) -> std::path::PathBuf {
        let made = self.backs_up(file, &[]).objects().remove(0);
        let key = file.with_extension("key");
        fs::write(&key, made["restore_key"].as_str().unwrap()).unwrap();
        key
    }
}

fn restores(file: &Path, data: &Path, args: &[&str]) -> Ended {
    let mut command = huis(&["restore", at(file), "--json", "--data", at(data)]);
    command.args(args);
    Process::start(command, None).end()
}

/// What lies in a folder, path by path.
fn content(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = files(folder);
    found.sort();
    found
}

#[test]
fn a_backup_that_is_made_while_people_talk_brings_everything_back_elsewhere() {
    const TLS: &[&str] = &["--tls", "self-signed"];
    let mut house = House::open_with(TLS);
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "read before");
    assert_eq!(b.hears_texts(1), ["read before"]);
    let (file, key) = (house.path("huis.backup"), house.path("backup.key"));
    let made = Process::start(huis(&["backup", "--make-key", at(&key), "--json"]), None).end().objects().remove(0);
    let recipient = made["recipient"].as_str().unwrap().to_owned();
    let talks = AtomicBool::new(true);
    let mut said = std::thread::scope(|scope| {
        let talking = scope.spawn(|| {
            let mut said = Vec::new();
            while talks.load(Ordering::Relaxed) || said.len() < 3 {
                said.push(format!("word {}", said.len()));
                a.says("@member-b", said.last().unwrap());
            }
            said
        });
        house.backs_up(&file, &["--recipient", &recipient]).well();
        talks.store(false, Ordering::Relaxed);
        talking.join().unwrap()
    });
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // Behind the backup one thing is read, and another one waits at the server when that is lost.
    a.says("@member-b", "read behind");
    said.push("read behind".into());
    assert_eq!(b.hears_texts(said.len()), said);
    a.says("@member-b", "not read yet");
    let behind = house.person("member-c");
    house.kill();

    house.serves_from("elsewhere");
    let restored = restores(&file, &house.data(), &["--key-file", at(&key)]).objects().remove(0);
    assert!(restored["incarnation"].as_str().unwrap().len() == 32, "{restored}");
    house.start(TLS);
    a.does(&["status", "--wait"]).well();
    assert_eq!(b.hears_texts(1), ["not read yet"]);
    a.says("@member-b", "and on");
    assert_eq!(b.hears_texts(1), ["and on"]);
    b.hears_nothing_more();
    b.says("@member-a", "here as well");
    assert_eq!(a.hears_texts(1), ["here as well"]);
    // Passwords are those of before, and who came behind the backup is gone.
    a.with_profile("another").logs_in().well();
    behind.with_profile("third").logs_in().refused(1, "wrong-password");
}

#[test]
fn the_secrets_of_a_backup_are_sealed_in_any_case_and_the_rest_if_asked() {
    let house = House::open();
    house.person("member-a");
    fs::write(house.data().join("huis.toml"), "access-passphrase = \"cherry orchard in winter\"\n").unwrap();
    let secret = fs::read_to_string(house.data().join("keys/opaque-setup")).unwrap();
    let secret = secret.lines().nth(1).unwrap().as_bytes()[..40].to_vec();
    let (open, sealed) = (house.path("open.backup"), house.path("sealed.backup"));
    let passphrase = house.path("passphrase");
    fs::write(&passphrase, "seven quiet herons\n").unwrap();
    let key = house.backed_up(&open);
    house.backs_up(&sealed, &["--passphrase-file", at(&passphrase)]).well();
    let holds = |file: &Path, what: &[u8]| fs::read(file).unwrap().windows(what.len()).any(|window| window == what);
    for file in [&open, &sealed] {
        for secret in [&secret[..], b"cherry orchard", b"opaque-setup"] {
            assert!(!holds(file, secret), "{}", String::from_utf8_lossy(secret));
        }
    }
    assert!(holds(&open, b"member-a") && holds(&open, b"SQLite format"));
    assert!(!holds(&sealed, b"member-a") && !holds(&sealed, b"SQLite format"));
    // Both bring the same back.
    restores(&open, &house.path("one"), &["--key-file", at(&key)]).well();
    restores(&sealed, &house.path("other"), &["--passphrase-file", at(&passphrase)]).well();
    for name in ["huis.toml", "keys/opaque-setup", "keys/token-signing", "keys/sealing", "keys/franking", "keys/push"] {
        let before = fs::read(house.data().join(name)).unwrap();
        for folder in ["one", "other"] {
            assert!(fs::read(house.path(folder).join(name)).unwrap() == before, "{folder} {name}");
        }
    }
    for (path, _) in content(&house.path("one")) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn a_backup_that_is_not_what_it_was_is_refused_and_nothing_is_changed() {
    let house = House::open();
    house.person("member-a");
    let (open, sealed) = (house.path("open.backup"), house.path("sealed.backup"));
    let (right, wrong) = (house.path("right"), house.path("wrong"));
    fs::write(&right, "seven quiet herons\n").unwrap();
    fs::write(&wrong, "seven loud herons\n").unwrap();
    let key = house.backed_up(&open);
    house.backs_up(&sealed, &["--passphrase-file", at(&right)]).well();
    let other = house.path("other.key");
    Process::start(huis(&["backup", "--make-key", at(&other)]), None).end().well();
    let data = house.path("elsewhere");
    let refuses = |file: &Path, args: &[&str], word: &str| {
        let line = restores(file, &data, args).refused(1, word);
        assert!(line.contains(at(file)), "{line}");
        assert!(!data.exists(), "{word}: nothing is made");
    };
    let by_key = ["--key-file", at(&key)];
    let by_passphrase = ["--passphrase-file", at(&right)];
    refuses(&open, &["--key-file", at(&other)], "wrong-key");
    refuses(&open, &by_passphrase, "wrong-key");
    refuses(&sealed, &["--passphrase-file", at(&wrong)], "wrong-key");
    refuses(&sealed, &by_key, "wrong-key");
    for (good, args) in [(&open, by_key), (&sealed, by_passphrase)] {
        let bytes = fs::read(good).unwrap();
        let forged = house.path("forged.backup");
        let refuses = |bytes: &[u8], word: &str| {
            fs::write(&forged, bytes).unwrap();
            refuses(&forged, &args, word);
        };
        refuses(&bytes[..bytes.len() - 1], "damaged-backup");
        refuses(&bytes[..bytes.len() / 2], "damaged-backup");
        refuses(&bytes[..10], "not-a-backup");
        refuses(&[&bytes[..], b"x"].concat(), "damaged-backup");
        for place in [bytes.len() / 2, bytes.len() - 40, bytes.len() - 1] {
            let mut bytes = bytes.clone();
            bytes[place] ^= 1;
            refuses(&bytes, "damaged-backup");
        }
        let later = [b"huis backup 2", &bytes[13..]].concat();
        refuses(&later, "newer-backup");
        refuses(b"SQLite format 3\0, or something else", "not-a-backup");
    }
    // The database of one backup beside the secrets of another one is no backup either.
    house.person("member-b");
    let second = house.path("second.backup");
    house.backed_up(&second);
    let (first, mut mixed) = (fs::read(&open).unwrap(), fs::read(&second).unwrap());
    let begin = |bytes: &[u8]| bytes.windows(13).position(|window| window == b"SQLite format").unwrap() - 5;
    mixed.splice(..begin(&mixed), first[..begin(&first)].iter().copied());
    let forged = house.path("forged.backup");
    fs::write(&forged, mixed).unwrap();
    refuses(&forged, &by_key, "damaged-backup");
    restores(&open, &data, &by_key).well();
}

#[test]
fn nothing_is_overwritten() {
    let mut house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let file = house.path("huis.backup");
    let key = house.backed_up(&file);
    let by_key = ["--key-file", at(&key)];
    let before = fs::read(&file).unwrap();
    house.backs_up(&file, &[]).refused(1, "exists");
    assert!(fs::read(&file).unwrap() == before);
    Process::start(huis(&["backup", "--make-key", at(&key)]), None).end().refused(1, "exists");
    restores(&file, &house.data(), &by_key).refused(1, "server-runs");
    a.says("@member-b", "undisturbed");
    assert_eq!(b.hears_texts(1), ["undisturbed"]);
    assert_eq!(house.stop("TERM").code, Some(0));
    let before = content(&house.data());
    restores(&file, &house.data(), &by_key).refused(1, "not-empty");
    assert!(content(&house.data()) == before);
    let names: Vec<_> = before.iter().map(|(path, _)| path.file_name().unwrap().to_string_lossy()).collect();
    assert!(!names.iter().any(|name| name.contains("copy")), "nothing is left of the backup: {names:?}");
}

#[test]
fn a_restore_that_was_cut_short_is_not_served_and_not_mixed_with_another() {
    let house = House::open();
    house.person("member-a");
    let file = house.path("huis.backup");
    let key = house.backed_up(&file);
    let data = house.path("elsewhere");
    fs::create_dir_all(data.join("restore-unfinished")).unwrap();
    restores(&file, &data, &["--key-file", at(&key)]).refused(1, "unfinished");
    let serve = huis(&["serve", "--listen", "127.0.0.1:0", "--data", at(&data)]);
    let line = Process::start(serve, None).end().refused(1, "serve");
    assert!(line.contains("a restore that has not ended"), "{line}");
    assert_eq!(content(&data), []);
    fs::remove_dir(data.join("restore-unfinished")).unwrap();
    restores(&file, &data, &["--key-file", at(&key)]).well();
}

#[test]
fn what_a_killed_backup_left_is_taken_over_and_one_that_runs_is_not_disturbed() {
    let house = House::open();
    house.person("member-a");
    let file = house.path("huis.backup");
    let part = house.path("huis.backup.part");
    let copy = house.data().join("huis.db.copy");
    for left in [&part, &copy] {
        fs::write(left, "half of a backup").unwrap();
        let held = fs::File::open(left).unwrap();
        held.lock().unwrap();
        house.backs_up(&file, &[]).refused(1, "busy");
    }
    let key = house.backed_up(&file);
    assert!(!part.exists() && !copy.exists());
    restores(&file, &house.path("elsewhere"), &["--key-file", at(&key)]).well();
}

#[test]
fn a_key_that_nobody_would_see_is_not_made() {
    let house = House::open();
    let file = house.path("huis.backup");
    let command = huis(&["backup", at(&file), "--data", at(&house.data())]);
    Process::start(command, None).end().refused(2, "usage");
    house.backs_up(&file, &["--recipient", "age1nobody"]).refused(2, "usage");
    let short = house.path("short");
    fs::write(&short, "too short\n").unwrap();
    house.backs_up(&file, &["--passphrase-file", at(&short)]).refused(1, "weak-passphrase");
    let command = huis(&["backup", at(&file), "--json", "--data", at(&house.path("nowhere"))]);
    Process::start(command, None).end().refused(1, "no-server");
    assert!(!file.exists() && !house.path("huis.backup.part").exists() && !house.path("nowhere").exists());
}

#[test]
fn a_person_at_a_terminal_is_shown_the_key_and_asked_for_it() {
    let house = House::open();
    house.person("member-a");
    let file = house.path("b");
    let backup = huis(&["backup", at(&file), "--data", at(&house.data())]);
    let (code, shown) = Terminal::open(&backup, 120, 24).ends();
    assert_eq!(code, 0, "{shown}");
    let key = shown.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap().to_owned();
    assert!(shown.contains("SHA-256"), "{shown}");
    let data = house.path("d");
    let mut terminal = Terminal::open(&huis(&["restore", at(&file), "--data", at(&data)]), 120, 24);
    terminal.shows("restore key that was shown");
    terminal.hides_what_is_typed();
    terminal.enters(&key);
    let (code, shown) = terminal.ends();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("huis serve --data") && !shown.contains(&key), "{shown}");
    assert!(data.join("huis.db").exists());
}

#[test]
fn data_that_came_back_by_other_means_gets_another_incarnation_and_loses_nothing() {
    let mut house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "before");
    assert_eq!(b.hears_texts(1), ["before"]);
    let mint = |house: &House| {
        let command = huis(&["restore", "--mint-incarnation", "--json", "--data", at(&house.data())]);
        Process::start(command, None).end()
    };
    mint(&house).refused(1, "server-runs");
    assert_eq!(house.stop("TERM").code, Some(0));
    // A snapshot of the file system.
    let snapshot = content(&house.data());
    house.start(&[]);
    a.says("@member-b", "read behind it");
    assert_eq!(b.hears_texts(1), ["read behind it"]);
    a.says("@member-b", "not read yet");
    house.kill();
    let from = house.data();
    house.serves_from("snapshot");
    mint(&house).refused(1, "no-server");
    assert!(!house.data().exists(), "nothing is made");
    for (path, bytes) in snapshot {
        let to = house.data().join(path.strip_prefix(&from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
    }
    let minted: Vec<Value> = mint(&house).objects();
    assert_eq!(minted[0]["incarnation"].as_str().unwrap().len(), 32);
    house.start(&[]);
    a.does(&["status", "--wait"]).well();
    assert_eq!(b.hears_texts(1), ["not read yet"]);
    b.hears_nothing_more();
}
