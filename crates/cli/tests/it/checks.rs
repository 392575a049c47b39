//! `huis serve --check`: what would stand in the way of a start is said in words, and nothing is changed by looking.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Ended, House, Process, files, huis};

fn checks(data: &Path, settings: &[&str]) -> Ended {
    let mut command = huis(&["serve", "--check", "--json", "--data", data.to_str().unwrap()]);
    command.args(settings);
    Process::start(command, None).end()
}

/// The findings of one check: verdicts, with what is said and advised in one text.
fn of(ended: &Ended, check: &str) -> Vec<(String, String)> {
    let lines = ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines
        .filter(|line| line["check"] == check)
        .map(|line| (text(&line["verdict"]), format!("{}; {}", text(&line["says"]), text(&line["advice"]))))
        .collect()
}

/// The one finding of this check is of this verdict and holds these words; the exit code is that of the worst.
fn says(ended: &Ended, check: &str, verdict: &str, words: &[&str]) {
    let found = of(ended, check);
    assert!(
        found.iter().any(|(found, text)| found == verdict && words.iter().all(|word| text.contains(word))),
        "{ended:?}"
    );
    if verdict == "fault" {
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.trim_end().ends_with("[check]"), "{ended:?}");
    }
}

/// A data folder in which a server has run.
fn used() -> House {
    let mut house = House::open();
    house.person("member-a");
    assert_eq!(house.stop("TERM").code, Some(0));
    house
}

const FREE: [&str; 2] = ["--listen", "127.0.0.1:0"];

#[test]
fn where_nothing_is_yet_a_check_finds_nothing_wrong_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("server");
    let ended = checks(&data, &[&FREE[..], &["--tls", "self-signed"]].concat());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    for check in ["configuration", "folder", "space", "server", "database", "keys", "certificate", "address", "clock"] {
        let found = of(&ended, check);
        // How much is free is this machine's affair.
        assert!(found.len() == 1 && (found[0].0 == "ok" || check == "space"), "{check}: {ended:?}");
    }
    assert!(!data.exists());
}

#[test]
fn a_server_that_runs_is_seen_and_not_disturbed() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let address = house.url().replace("http://", "");
    let before: Vec<_> = files(&house.data()).into_iter().map(|(path, _)| path).collect();
    let ended = checks(&house.data(), &["--listen", &address]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    says(&ended, "server", "ok", &["a server runs on this folder"]);
    says(&ended, "address", "ok", &["held by the server that runs on this folder"]);
    says(&ended, "database", "ok", &["whole"]);
    let after: Vec<_> = files(&house.data()).into_iter().map(|(path, _)| path).collect();
    assert_eq!(after, before);
    a.says("@member-b", "undisturbed");
    assert_eq!(b.hears_texts(1), ["undisturbed"]);
}

#[test]
fn an_address_that_another_program_holds_is_a_fault() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let house = used();
    let ended = checks(&house.data(), &["--listen", &address]);
    says(&ended, "address", "fault", &[&address, "--listen"]);
    // Nor is it this folder's server where one runs elsewhere.
    let running = House::open();
    let elsewhere = House::open();
    let address = elsewhere.url().replace("http://", "");
    let ended = checks(&running.data(), &["--listen", &address]);
    says(&ended, "address", "fault", &["not by the server that runs on this folder"]);
}

#[test]
fn a_damaged_or_newer_database_and_one_of_others_are_faults() {
    let house = used();
    let file = house.data().join("huis.db");
    let good = fs::read(&file).unwrap();
    let mut newer = good.clone();
    // SQLite file format, section 1.3.
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut damaged = good.clone();
    // Nobody reads these pages by chance.
    let last = damaged.len() - 4096 * 3;
    damaged[last..].fill(0x5a);
    let other = b"This is a letter and no database.".to_vec();
    for (bytes, words) in [(newer, "install the newer version"), (damaged, "huis restore"), (other, "huis restore")] {
        fs::write(&file, &bytes).unwrap();
        says(&checks(&house.data(), &FREE), "database", "fault", &[words]);
        assert!(fs::read(&file).unwrap() == bytes, "untouched");
    }
    fs::write(&file, good).unwrap();
    assert_eq!(checks(&house.data(), &FREE).code, Some(0));
}

#[test]
fn keys_that_are_missing_or_open_to_others_are_told() {
    let house = used();
    let key = house.data().join("keys/sealing");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let ended = checks(&house.data(), &FREE);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    says(&ended, "keys", "warning", &["keys/sealing", "chmod 600"]);
    fs::remove_file(&key).unwrap();
    says(&checks(&house.data(), &FREE), "keys", "fault", &["keys/sealing is missing", "backup"]);
    assert!(!key.exists(), "none is made");
    fs::set_permissions(house.data(), fs::Permissions::from_mode(0o755)).unwrap();
    says(&checks(&house.data(), &FREE), "folder", "warning", &["chmod 700"]);
}

#[test]
fn a_configuration_or_certificate_that_cannot_be_used_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("huis.toml"), "listen = \"somewhere\"\n").unwrap();
    let ended = checks(folder.path(), &[]);
    says(&ended, "configuration", "fault", &["huis.toml", "line 1"]);
    assert_eq!(ended.stdout.lines().count(), 1, "nothing else can be tried");
    fs::remove_file(folder.path().join("huis.toml")).unwrap();
    let missing = folder.path().join("missing.pem");
    let missing = missing.to_str().unwrap();
    let tls = ["--tls", "files", "--tls-certificate", missing, "--tls-key", missing];
    says(&checks(folder.path(), &[&FREE[..], &tls].concat()), "certificate", "fault", &["missing.pem"]);
}

#[test]
fn a_person_reads_a_line_for_each_check() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("server");
    let command = huis(&["serve", "--check", "--listen", "0.0.0.0:0", "--data", data.to_str().unwrap()]);
    let shown = Process::start(command, None).end().well();
    let line = shown.lines().find(|line| line.contains("certificate")).unwrap();
    assert!(line.starts_with("warning  certificate") && line.ends_with("where a proxy does it"), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("ok       database")), "{shown}");
}
