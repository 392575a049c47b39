//! Completions, manual pages and help.

use crate::harness::{House, Process, huis};

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Process::start(huis(&["completions", shell]), None).end().well();
        assert!(script.contains("huis") && script.contains("conversations"), "{shell}");
    }
    let bash = Process::start(huis(&["completions", "bash"]), None).end().well();
    let mut check = std::process::Command::new("bash");
    check.args(["-n", "/dev/stdin"]);
    Process::start(check, Some(bash.as_bytes())).end().well();
}

#[test]
fn every_command_has_a_manual_page() {
    let house = House::open();
    let folder = house.path("man");
    Process::start(huis(&["man", folder.to_str().unwrap()]), None).end().well();
    for page in ["huis.1", "huis-send.1", "huis-receive.1", "huis-room-create.1", "huis-react.1", "huis-serve.1"] {
        let text = std::fs::read_to_string(folder.join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
}

#[test]
fn the_help_explains_every_setting_of_the_server() {
    for args in [&["serve", "--help"][..], &["help", "serve"]] {
        let help = Process::start(huis(args), None).end().well();
        for setting in ["--listen", "--data", "--registration", "--tls", "HUIS_ACCESS_PASSPHRASE", "127.0.0.1:8080"] {
            assert!(help.contains(setting), "{setting}: {help}");
        }
    }
}

#[test]
fn exit_codes_stand_in_the_help() {
    let help = Process::start(huis(&["--help"]), None).end().well();
    assert!(help.contains("0 done; 1 failed"), "{help}");
}
