//! What the super-administrator does on the running server.

use std::process::Command;

use crate::harness::{House, Person, Process};

/// The super-administrator of a house.
pub(crate) fn head_of(house: &mut House) -> Person {
    let claim = house.announced("--claim ");
    let head = house.stranger("head");
    head.does(&["register", "head", "--server", &house.url(), "--claim", &claim]).well();
    head
}

fn registration(house: &House, person: &Person, passphrase: &str) -> Command {
    let url = house.url();
    person.command(&["register", &person.name, "--server", &url, "--access-passphrase", passphrase])
}

#[test]
fn a_kicked_account_is_out_here_and_now_and_may_come_back() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let a = house.person("member-a");
    let follows = a.starts(&["receive", "--follow"]);
    head.says("@member-a", "Who are you?");
    let kicked = head.does(&["admin", "kick", "@member-a", "--json"]).objects().remove(0);
    assert_eq!((&kicked["name"], &kicked["sessions"]), (&"member-a".into(), &1.into()));
    follows.end().refused_after_output(1, "session-ended");
    a.does(&["send", "@head", "I am still here"]).refused(1, "session-ended");
    assert_eq!(head.does(&["admin", "kick", "member-a"]).well().trim(), "member-a had no session.");
    a.logs_in().well();
    a.says("@head", "Back again");
    assert_eq!(head.hears_texts(1), ["Back again"]);
}

#[test]
fn a_renewed_passphrase_lets_in_and_the_one_before_no_longer() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let renewed = head.does(&["admin", "passphrase", "--json"]).objects().remove(0);
    assert_eq!(renewed["server"], house.url());
    let (a, b) = (house.stranger("member-a"), house.stranger("member-b"));
    a.registers().refused(1, "passphrase-refused");
    Process::start(registration(&house, &a, renewed["access_passphrase"].as_str().unwrap()), None).end().well();
    let shown = head.does(&["admin", "passphrase"]).well();
    let line = shown.lines().find(|line| line.contains("huis register")).unwrap();
    Process::start(registration(&house, &b, line.rsplit(' ').next().unwrap()), None).end().well();
}

#[test]
fn the_super_administrator_stops_the_server_and_nothing_is_lost() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let a = house.person("member-a");
    a.says("@head", "Good night");
    head.does(&["admin", "stop"]).well();
    house.ends_by_itself().well();
    house.start(&[]);
    assert_eq!(head.hears_texts(1), ["Good night"]);
}

#[test]
fn nobody_else_looks_after_the_server() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let a = house.person("member-a");
    for args in [&["admin", "kick", "head"][..], &["admin", "passphrase"], &["admin", "stop"]] {
        a.does(args).refused(1, "forbidden");
        house.stranger("member-b").does(args).refused(1, "not-signed-in");
    }
    head.does(&["admin", "kick", "head"]).refused(1, "bad-request");
    head.does(&["admin", "kick", "nobody-here"]).refused(1, "not-found");
    a.says("@head", "It still runs");
    assert_eq!(head.hears_texts(1), ["It still runs"]);
}
