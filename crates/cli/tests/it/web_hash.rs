//! `huis web-hash`. The binary under test may have been built with the web app or without it: what needs it says then that it
//! was not run, and fails in CI, where the app is built before.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::harness::{Ended, House, Process, huis};

fn web_hash(args: &[&str]) -> Ended {
    Process::start(huis(&[&["web-hash"], args].concat()), None).end()
}

/// What the binary under test says of its web app. None where it has none, which is said, and in CI a failure.
fn app() -> Option<String> {
    const MISSING: &str =
        "NOT RUN: the tests of the web app in the binary, which was built without it (`cargo xtask web`)";
    let ended = web_hash(&[]);
    if ended.stderr.contains("[no-web-app]") {
        ended.refused(1, "no-web-app");
        assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{MISSING}");
        let _ = writeln!(std::io::stderr().lock(), "\n{MISSING}\n");
        return None;
    }
    Some(ended.well())
}

#[test]
fn a_binary_names_the_hashes_of_its_app_or_says_that_it_has_none() {
    let Some(hashes) = app() else {
        web_hash(&["http://127.0.0.1:1"]).refused(1, "no-web-app");
        return;
    };
    assert!(hashes.lines().any(|line| line.ends_with("  index.html")), "{hashes}");
    for line in hashes.lines() {
        let (hash, path) = line.split_once("  ").unwrap();
        assert!(hash.len() == 64 && !path.is_empty(), "{line}");
    }
    let objects = web_hash(&["--json"]).objects();
    assert_eq!(objects.len(), hashes.lines().count());
    assert!(objects.iter().all(|object| object["sha256"].as_str().unwrap().len() == 64));
}

#[test]
fn a_server_of_the_same_binary_serves_the_same_app() {
    let house = House::open();
    if app().is_none() {
        return;
    }
    let ended = web_hash(&[&house.url()]);
    let said = ended.well();
    assert!(said.contains("same     index.html") && said.contains("serves the web app of this binary"), "{said}");
}

#[test]
fn a_server_behind_a_certificate_of_its_own_is_compared_and_its_certificate_is_named() {
    let house = House::open_with(&["--tls", "self-signed"]);
    if app().is_none() {
        return;
    }
    let ended = web_hash(&[&house.url()]);
    assert!(ended.stderr.contains("its SHA-256 is"), "{}", ended.stderr);
    ended.well();
}

#[test]
fn another_app_is_noticed() {
    if app().is_none() {
        return;
    }
    // Whatever is asked for, it is not that.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nother");
        }
    });
    let ended = web_hash(&[&url]);
    assert!(ended.stdout.contains("differs  index.html") && !ended.stdout.contains("same"), "{}", ended.stdout);
    ended.refused_after_output(1, "web-app-differs");
}

#[test]
fn a_url_that_is_none_and_a_server_that_is_away_are_told_apart() {
    if app().is_none() {
        return;
    }
    assert_eq!(web_hash(&["chat.example"]).code, Some(2));
    web_hash(&["http://127.0.0.1:1"]).refused(1, "offline");
}
