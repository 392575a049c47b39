//! The handbook of whoever runs a server: each of its blocks that is marked is run as it stands there, one behind the other;
//! what it puts under systemd is what the binary takes.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::harness::{Ended, PASSWORD, Process, huis};
use crate::nodes::{CONFIGURATION, own_address};

/// How a block begins that is run.
const MARK: &str = "```sh test\n";
/// The most that one block may take.
const BLOCK: Duration = Duration::from_secs(90);
/// What an operator has, and what is elsewhere in the test.
const FOLDERS: [&str; 3] = ["/var/lib/huis", "/var/backups", "/etc/huis"];

/// A machine of an operator: a folder in which everything is that the handbook makes, and addresses of its own.
struct Machine {
    folder: tempfile::TempDir,
    /// What stands in the handbook, and what stands for it here.
    places: Vec<(String, String)>,
    groups: Vec<u32>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn blocks(text: &str) -> Vec<&str> {
    text.split(MARK).skip(1).map(|rest| rest.split_once("\n```\n").expect("a block has an end").0).collect()
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Nobody else listens at this address, and each port is another one as long as all of them are held.
        let own = own_address();
        let held: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind((own, 0)).unwrap()).collect();
        let mut places: Vec<(String, String)> = ["127.0.0.1:8080", "127.0.0.1:9464", "192.168.1.10:8443"]
            .iter()
            .zip(&held)
            .map(|(place, held)| ((*place).to_owned(), held.local_addr().unwrap().to_string()))
            .collect();
        // Behind the addresses with ports that begin with it.
        places.push(("192.168.1.10".into(), own.to_string()));
        for place in FOLDERS {
            places.push((place.into(), format!("{}{place}", folder.path().display())));
        }
        let machine = Self { folder, places, groups: Vec::new() };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(machine.path("/var/lib/huis")).unwrap();
        std::fs::create_dir(machine.path("/bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_huis"), machine.path("/bin/huis")).unwrap();
        machine
    }

    fn path(&self, place: &str) -> PathBuf {
        self.folder.path().join(place.trim_start_matches('/'))
    }

    fn here(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, (place, here)| text.replace(place, here))
    }

    fn runs(&mut self, block: &str) -> Ended {
        // Away from what is set where the tests run, as any command of the harness.
        let mut command = Command::new("timeout");
        for (name, _) in huis(&[]).get_envs() {
            command.env_remove(name);
        }
        let path = format!("{}:{}", self.path("/bin").display(), std::env::var("PATH").unwrap());
        command.args(["--foreground", &BLOCK.as_secs().to_string(), "bash", "-euo", "pipefail", "-c"]);
        command.arg(self.here(block)).current_dir(self.folder.path());
        // What a person types where they are asked.
        command.env("PATH", path).env("HOME", self.folder.path()).env("HUIS_PASSWORD", PASSWORD);
        let process = Process::start(command, None);
        self.groups.push(process.id());
        process.end()
    }
}

impl Drop for Machine {
    /// A server that a block started goes on behind it, in the block's group of processes.
    fn drop(&mut self) {
        for group in &self.groups {
            let script = format!("kill -KILL -{group} 2>/dev/null");
            let _ = Command::new("sh").args(["-c", &script]).status();
        }
    }
}

#[test]
fn every_marked_block_of_the_handbook_works_one_behind_the_other() {
    let text = std::fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let blocks = blocks(&text);
    assert!(blocks.len() >= 8, "{} blocks are marked", blocks.len());
    let mut machine = Machine::new();
    let mut said = String::new();
    for block in blocks {
        let ended = machine.runs(block);
        assert_eq!(ended.code, Some(0), "{block}\n{ended:?}");
        said.push_str(&ended.stdout);
    }
    // What a reader is told to look for is there.
    for words in ["Recovery key, shown this once", "anna  super-administrator", "local.pem: OK", "huis_store_up 1"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_block_that_fails_is_seen_to_fail_and_one_that_is_not_marked_is_not_run() {
    let text =
        "```\nfalse\n```\n\n```sh test\ntrue\nls /var/lib/huis/nothing\ntrue\n```\n\n```sh test\nfalse | true\n```\n";
    let found = blocks(text);
    assert_eq!(found, ["true\nls /var/lib/huis/nothing\ntrue", "false | true"]);
    let mut machine = Machine::new();
    for block in found {
        assert_ne!(machine.runs(block).code, Some(0), "{block}");
    }
}

#[test]
fn the_unit_starts_what_the_binary_takes_and_is_one_that_systemd_takes() {
    let folder = root().join("deploy/systemd");
    let machine = Machine::new();
    let unit = std::fs::read_to_string(folder.join("huis.service")).unwrap();
    let started = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/huis ")).unwrap();
    let started = machine.here(started);
    let mut args: Vec<&str> = started.split(' ').collect();
    args.extend(["--check", "--listen", "127.0.0.1:0"]);
    Process::start(huis(&args), None).end().well();
    // The access passphrase and the one-time code are printed there.
    assert!(unit.contains("\nStandardOutput=null\n"), "{unit}");
    const MISSING: &str = "NOT RUN: the test of the units, for there is no systemd-analyze here (Debian: systemd)";
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{MISSING}");
        let _ = writeln!(std::io::stderr().lock(), "\n{MISSING}\n");
        return;
    }
    for name in ["huis.service", "huis-backup.service", "huis-backup.timer"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let text = text.replace("/usr/local/bin/huis", env!("CARGO_BIN_EXE_huis"));
        // Which is there only where somebody has put it.
        let text = text.replace("/usr/bin/rsync", "/bin/true");
        std::fs::write(machine.path(name), text).unwrap();
    }
    for name in ["huis.service", "huis-backup.service", "huis-backup.timer"] {
        let mut command = Command::new("systemd-analyze");
        command.arg("verify").arg(machine.path(name));
        let ended = Process::start(command, None).end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{name}: {ended:?}");
    }
}

#[test]
fn nginx_is_configured_as_it_is_in_the_tests_of_nodes() {
    let deployed = std::fs::read_to_string(root().join("deploy/nginx/huis.conf")).unwrap();
    let of = |text: &str| -> Vec<String> {
        let location = text.split_once("location / {").unwrap().1.split_once('}').unwrap().0;
        let lines = location.lines().map(|line| line.trim().to_owned());
        lines.filter(|line| line.starts_with("proxy_") && !line.starts_with("proxy_pass ")).collect()
    };
    assert_eq!(of(&deployed), of(CONFIGURATION));
    assert_eq!(of(CONFIGURATION).len(), 6);
    for line in ["client_max_body_size 64m;", "map $http_upgrade $connection_upgrade { default upgrade; '' close; }"] {
        assert!(deployed.contains(line) && CONFIGURATION.contains(line), "{line}");
    }
}
