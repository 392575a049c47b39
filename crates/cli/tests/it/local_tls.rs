//! `huis serve --tls`: how a device comes to trust a server of the local network, from what the start shows on.

use std::fs;
use std::process::Command;

use crate::harness::{House, Process, huis};

/// What a program says that has to end well.
fn ran(program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(args);
    Process::start(command, None).end().well()
}

#[test]
fn a_start_shows_the_way_to_trust_it_and_the_fingerprint_that_a_device_finds() {
    let mut house = House::open_with(&["--tls"]);
    assert!(house.url().starts_with("https://127.0.0.1:"));
    let in_digits = house.announced("Authority (SHA-256): ");
    assert_eq!(house.announced("  http://"), format!("{}/", house.address()));
    let mut code = Vec::new();
    let lines = loop {
        let line = house.says();
        if line.contains("fingerprint (SHA-256):") {
            break code.len();
        }
        code.push(line);
    };
    // A square of light and dark, two rows in a line.
    assert!(lines >= 12 && code.iter().all(|line| line.chars().all(|c| "█▀▄ ".contains(c))), "{code:?}");
    let width = code[0].chars().count();
    assert!(width >= 25 && code.iter().all(|line| line.chars().count() == width), "{code:?}");
    let shown = format!("{}:{}", house.says().trim(), house.says().trim());
    let found = house.path("authority.crt");
    let found = found.to_str().unwrap();
    ran("curl", &["--silent", "--fail", "--output", found, &format!("http://{}/authority.crt", house.address())]);
    let says = ran("openssl", &["x509", "-inform", "der", "-in", found, "-noout", "-fingerprint", "-sha256"]);
    assert_eq!(says.trim().rsplit('=').next().unwrap(), shown);
    // Strictly, and for the names that it is for alone.
    let tls = house.data().join("tls");
    let [authority, issuer, served] =
        ["authority.pem", "issuer.pem", "local.pem"].map(|name| tls.join(name).to_str().unwrap().to_owned());
    let verify = |name: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", &authority, "-untrusted", &issuer]);
        command.args(name).arg(&served);
        Process::start(command, None).end()
    };
    for name in [&["-verify_ip", "127.0.0.1"], &["-verify_hostname", "localhost"]] {
        verify(name).well();
    }
    assert_ne!(verify(&["-verify_hostname", "example.org"]).code, Some(0));
    // People with a terminal hold to the authority as well, under the fingerprint that the start shows.
    let newcomer = house.person("member-a");
    let pinned = fs::read_to_string(newcomer.profile.join("server.pin")).unwrap();
    assert_eq!(pinned.trim(), in_digits);
    assert_eq!(pinned.trim().to_uppercase(), shown.replace(':', ""));
    // A certificate that was made anew is the same server's; another authority's is not.
    house.kill();
    fs::remove_file(tls.join("local.pem")).unwrap();
    house.start(&["--tls"]);
    newcomer.does(&["status", "--wait"]).well();
    house.kill();
    for name in ["authority.pem", "issuer.pem", "local.pem"] {
        fs::remove_file(tls.join(name)).unwrap();
    }
    house.start(&["--tls"]);
    let said = newcomer.does(&["receive"]).refused(1, "certificate-changed");
    assert!(said.contains(&format!("pinned {}", pinned.trim())), "{said}");
}

#[test]
fn the_authority_outlives_a_start_and_a_backup_and_a_check_says_when_it_ends() {
    let mut house = House::open_with(&["--tls"]);
    let person = house.person("member-a");
    let tls = |house: &House| {
        ["authority.pem", "issuer.pem", "local.pem"].map(|name| fs::read(house.data().join("tls").join(name)).unwrap())
    };
    let first = tls(&house);
    house.kill();
    house.start(&["--tls"]);
    assert_eq!(tls(&house), first);
    let (file, key) = (house.path("huis.backup"), house.path("backup.key"));
    let (file, key) = (file.to_str().unwrap(), key.to_str().unwrap());
    let made = Process::start(huis(&["backup", "--make-key", key, "--json"]), None).end().objects().remove(0);
    let data = house.data();
    let recipient = made["recipient"].as_str().unwrap();
    Process::start(huis(&["backup", file, "--data", data.to_str().unwrap(), "--recipient", recipient]), None)
        .end()
        .well();
    house.kill();
    house.serves_from("elsewhere");
    let data = house.data();
    let data = data.to_str().unwrap();
    Process::start(huis(&["restore", file, "--data", data, "--key-file", key]), None).end().well();
    house.start(&["--tls"]);
    assert_eq!(tls(&house), first);
    person.does(&["status", "--wait"]).well();
    house.kill();

    let check = |settings: &[&str]| {
        let mut command = huis(&["serve", "--check", "--data", data, "--listen", "127.0.0.1:0", "--tls"]);
        command.args(settings);
        let ended = Process::start(command, None).end();
        let lines = ended.stdout.lines().filter(|line| line.contains("certificate"));
        (ended.code, lines.collect::<Vec<_>>().join("\n"))
    };
    let (code, said) = check(&[]);
    assert!(code == Some(0) && !said.contains("warning"), "{said}");
    for words in ["the authority", "SHA-256", "local.pem is good until", "renewed by itself"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let (code, said) = check(&["--public-url", "https://chat.example.org"]);
    assert!(code == Some(1) && said.contains("made without chat.example.org"), "{said}");
    fs::remove_file(house.data().join("tls/issuer.pem")).unwrap();
    let (code, said) = check(&[]);
    assert!(code == Some(1) && said.contains("issuer.pem is missing") && said.contains("backup"), "{said}");
    let ended = Process::start(huis(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--tls"]), None).end();
    assert!(ended.code == Some(1) && ended.stderr.contains("issuer.pem is missing"), "{ended:?}");
}
