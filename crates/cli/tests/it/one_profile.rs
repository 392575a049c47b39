//! Several processes on one profile.

use std::collections::BTreeSet;

use crate::harness::{House, Process, texts};

#[test]
fn a_follower_and_senders_share_a_profile() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let mut follower = b.starts(&["receive", "--follow", "--json"]);
    for round in 0..3 {
        let question = format!("question {round}");
        a.says("@member-b", &question);
        assert_eq!(follower.object()["text"], question.as_str());
        b.says("@member-a", &format!("answer {round}"));
        assert_eq!(a.hears_texts(1), [format!("answer {round}")]);
    }
    b.does(&["room", "create", "club"]).well();
    assert_eq!(b.does(&["whoami", "--json"]).objects()[0]["username"], "member-b");
    follower.interrupt();
    assert_eq!(follower.end().code, Some(0));
}

#[test]
fn what_a_follower_prints_can_be_piped_into_answers() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let huis = env!("CARGO_BIN_EXE_huis");
    let script = format!(
        "{huis} receive --follow --count 3 --json | while read -r line; do printf 'got %s' \"$line\" | {huis} send @member-a; done"
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).env("HUIS_PROFILE", &b.profile).env_remove("HUIS_LONG");
    let mut pipeline = Process::start(shell, None);
    for text in ["one", "two", "three"] {
        a.says("@member-b", text);
        pipeline.line();
        let answer = a.hears_texts(1).remove(0);
        let object: serde_json::Value = serde_json::from_str(answer.strip_prefix("got ").unwrap()).unwrap();
        assert_eq!(object["text"], text);
    }
    pipeline.end().well();
}

#[test]
fn each_message_is_printed_once_however_many_receive() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let receivers: Vec<Process> =
        (0..3).map(|_| b.starts(&["receive", "--follow", "--json", "--timeout", "600"])).collect();
    let said: BTreeSet<String> = (0..10).map(|number| format!("number {number}")).collect();
    for text in &said {
        a.says("@member-b", text);
    }
    // The end of the list: whoever prints it, all before it are printed.
    let mut last = b.starts(&["receive", "--json", "--timeout", "60"]);
    let mut heard = Vec::new();
    let rest = loop {
        match last.try_line() {
            Some(line) => heard.push(serde_json::from_str(&line).unwrap()),
            None => break last.end(),
        }
    };
    rest.well();
    for receiver in receivers {
        receiver.interrupt();
        heard.extend(receiver.end().objects());
    }
    let mut heard = texts(&heard);
    heard.sort();
    assert_eq!(heard, said.into_iter().collect::<Vec<_>>());
}

#[test]
fn when_the_owner_dies_another_process_takes_over() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let mut first = b.starts(&["receive", "--follow", "--json"]);
    a.says("@member-b", "for the first");
    let seen = first.object();
    // A guest that is there: it has come once it has printed. The two take turns, so both are read.
    let mut second = b.starts(&["receive", "--follow", "--json"]);
    first.kill();
    a.says("@member-b", "for the second");
    let mut next = second.object();
    // Killed between printing and noting that it had printed: shown again, then, under the same id.
    if next == seen {
        next = second.object();
    }
    assert_eq!(next["text"], "for the second");
    b.says("@member-a", "through the second");
    assert_eq!(a.hears_texts(1), ["through the second"]);
    // An owner that ends in good order hands over as well.
    let mut third = b.starts(&["receive", "--follow", "--json"]);
    second.interrupt();
    assert_eq!(second.end().code, Some(0));
    a.says("@member-b", "for the third");
    assert_eq!(third.object()["text"], "for the third");
}

#[test]
fn a_profile_deep_in_the_folders_has_a_socket_too() {
    let house = House::open();
    let a = house.person("member-a");
    let deep = format!("{}/{}", "d".repeat(100), "e".repeat(100));
    let b = house.stranger("member-b").with_profile(&deep);
    b.registers().well();
    let mut follower = b.starts(&["receive", "--follow", "--json"]);
    a.says("@member-b", "down there");
    assert_eq!(follower.object()["text"], "down there");
    b.says("@member-a", "up there");
    assert_eq!(a.hears_texts(1), ["up there"]);
    follower.interrupt();
    follower.end().well();
}

#[test]
fn a_reader_that_goes_away_takes_no_message_with_it() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    for number in 0..5 {
        a.says("@member-b", &format!("number {number}"));
    }
    let huis = env!("CARGO_BIN_EXE_huis");
    let mut shell = std::process::Command::new("sh");
    // `true` reads nothing and is gone at once; the first write finds nobody.
    let script = format!("{huis} receive --count 5 --json | true; echo over");
    shell.args(["-c", &script]).env("HUIS_PROFILE", &b.profile);
    let ended = Process::start(shell, None).end();
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("over\n", ""));
    let numbers: Vec<String> = (0..5).map(|number| format!("number {number}")).collect();
    assert_eq!(b.hears_texts(5), numbers);
}

#[test]
fn logging_out_ends_whoever_follows() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let mut follower = b.starts(&["receive", "--follow", "--json"]);
    a.says("@member-b", "still here?");
    follower.object();
    b.does(&["logout"]).well();
    follower.end().refused(1, "session-ended");
    assert!(!b.profile.exists());
}
