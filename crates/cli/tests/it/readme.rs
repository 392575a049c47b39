//! What the README shows is run as it stands there: a command that works no longer fails these tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{House, PASSPHRASE, Person, Process, huis};

const NEW_PASSWORD: &str = "copper-violin-harbour-seventeen";

/// A command of a README: one line of a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// As it stands there, without the prompt and the comment.
    command: String,
    /// Whether it stands behind a prompt, with what it prints: told from the middle of a story.
    told: bool,
    /// What stands below a told command as its output.
    shown: Vec<String>,
}

fn readme(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Every `huis …` of the fenced blocks, also those that a comment names behind a colon.
fn commands(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    // What is fenced stands between the first and the second fence, the third and the fourth, and so on.
    for block in text.split("\n```").skip(1).step_by(2) {
        let before = lines.len();
        for line in block.lines() {
            let (line, told) = match line.strip_prefix("$ ") {
                Some(line) => (line, true),
                None => (line, false),
            };
            if line.starts_with("huis ") {
                let (command, comment) = line.split_once(" # ").unwrap_or((line, ""));
                lines.push(Line { command: command.trim().into(), told, shown: Vec::new() });
                if let Some((_, further)) = comment.split_once(": huis ") {
                    let command = format!("huis {}", further.trim());
                    lines.push(Line { command, told, shown: Vec::new() });
                }
            } else if let Some(last) = lines[before..].last_mut().filter(|last| last.told) {
                last.shown.push(line.into());
            }
        }
    }
    lines
}

/// The line with the test's people, server and secrets in place of what a reader fills in.
fn filled_in(line: &str, url: &str) -> String {
    let mut line = line.to_owned();
    for (placeholder, value) in [
        ("http://127.0.0.1:8080", url),
        ("the words that the server printed", PASSPHRASE),
        ("les mots affichés par le serveur", PASSPHRASE),
        ("@somebody", "@member-b"),
        ("@quelquun", "@member-b"),
        (" NAME ", " member-a "),
        (" NOM ", " member-a "),
        (" URL", &format!(" {url}")),
        ("do … done", "do printf '%s\\n' \"$line\"; done"),
    ] {
        line = line.replace(placeholder, value);
    }
    assert!(!line.contains('…') && !line.contains("127.0.0.1:8080"), "{line}: what stands for something else?");
    line
}

/// The line for a shell that finds `huis`, on this person's profile.
fn shell(line: &str, person: &Person) -> Command {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_huis"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("PATH", path);
    // As `person.command` does it.
    for (name, value) in person.command(&[]).get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Runs the commands of a README one after another, as a newcomer would.
fn runs(name: &str) {
    let house = House::open();
    let lines = commands(&readme(name));
    assert!(lines.len() >= 10, "{lines:?}");
    let mut newcomer = house.stranger("member-a");
    let friend = house.person("member-b");
    let (told, asked): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|line| line.told);
    let mut recovery_key = String::new();
    // Where a reader stands, and what they have there.
    let here = house.path("here");
    std::fs::create_dir_all(&here).unwrap();
    std::fs::write(here.join("plan.pdf"), "a plan").unwrap();
    for line in asked {
        let command = filled_in(&line.command, &house.url());
        let mut person = newcomer.clone();
        if command.starts_with("huis login ") || command.starts_with("huis recover ") {
            // "On another machine", "on any machine".
            person = newcomer.with_profile(command.split(' ').nth(1).unwrap());
        }
        if !command.contains("--follow") {
            let mut shell = shell(&command, &person);
            // What a person types at a prompt.
            shell.current_dir(&here);
            shell.env("HUIS_NEW_PASSWORD", NEW_PASSWORD).env("HUIS_RECOVERY_KEY", &recovery_key);
            let said = Process::start(shell, None).end().well();
            if command.starts_with("huis register ") {
                recovery_key = said.lines().map(str::trim).find(|line| line.len() == 14 * 4 + 13).unwrap().to_owned();
            } else if command.starts_with("huis password") {
                newcomer = newcomer.with_password(Some(NEW_PASSWORD));
            } else if command.starts_with("huis recover ") {
                // Every other device is signed out by it.
                newcomer = person.with_password(Some(NEW_PASSWORD));
            }
            continue;
        }
        // It goes on until it is stopped, and shows what comes meanwhile.
        let mut follower = Process::start(shell(&command, &person), None);
        friend.does(&["receive"]).well();
        friend.says("@member-a", "Hello from here");
        while !follower.line().contains("Hello from here") {}
        follower.interrupt();
        follower.end();
    }
    newcomer.does(&["receive"]).well();
    friend.says("@member-a", "Yes. Two remarks.");
    for line in told {
        let ended = Process::start(shell(&filled_in(&line.command, &house.url()), &newcomer), None).end().well();
        let printed: Vec<&str> = ended.lines().collect();
        assert_eq!(printed.len(), line.shown.len(), "{line:?}: {printed:?}");
        for (printed, shown) in printed.iter().zip(&line.shown) {
            looks_like(printed, shown);
        }
    }
}

/// Whether what was printed has the form of what is shown: an id, or an object with the keys that are shown.
fn looks_like(printed: &str, shown: &str) {
    if !shown.starts_with('{') {
        assert_eq!(printed.len(), shown.len(), "{printed} is shown as {shown}");
        assert!(printed.bytes().all(|digit| digit.is_ascii_hexdigit()), "{printed} is shown as {shown}");
        return;
    }
    let printed: serde_json::Value = serde_json::from_str(printed).unwrap();
    let keys = shown.split([',', '{']).filter_map(|part| part.strip_prefix('"')?.split_once("\":"));
    let mut known = 0;
    for (key, _) in keys {
        assert!(printed.get(key).is_some(), "{printed} is shown with {key}");
        known += 1;
    }
    assert!(known >= 3, "{shown}");
}

/// What a command is in any language: the words that a program reads, without what a person chooses.
fn bones(line: &Line) -> Vec<String> {
    let mut command = line.command.clone();
    for (french, english) in [("NOM", "NAME"), ("@quelquun", "@somebody"), ("brouillon", "draft")] {
        command = command.replace(french, english);
    }
    // What stands in double quotes is said by people.
    command.split('"').step_by(2).flat_map(str::split_whitespace).map(str::to_owned).collect()
}

#[test]
fn every_command_of_the_readme_works() {
    runs("README.md");
}

#[test]
fn every_command_of_the_french_readme_works() {
    runs("README.fr.md");
}

#[test]
fn both_readmes_show_the_same_commands() {
    let of = |name: &str| commands(&readme(name)).iter().map(bones).collect::<Vec<_>>();
    assert_eq!(of("README.fr.md"), of("README.md"));
    for name in ["README.md", "README.fr.md"] {
        let text = readme(name);
        for command in ["cargo xtask serve", "cargo xtask test"] {
            assert!(text.contains(&format!("```\n{command}\n```")), "{name}: {command}");
        }
    }
}

#[test]
fn the_help_that_the_readme_names_is_there() {
    let text = readme("README.md");
    assert!(text.contains("`huis serve --help`") && text.contains("`huis help COMMAND`"));
    for args in [["serve", "--help"], ["help", "send"]] {
        Process::start(huis(&args), None).end().well();
    }
}
