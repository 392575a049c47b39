//! A server that takes newcomers by invitation.

use std::process::Command;

use serde_json::Value;

use crate::harness::{House, Person, Process, huis};

/// A house that takes newcomers by invitation, and its super-administrator.
fn by_invitation() -> (House, Person) {
    let mut house = House::open_with(&["--registration", "invite"]);
    let claim = house.announced("--claim ");
    let head = house.stranger("head");
    head.does(&["register", "head", "--server", &house.url(), "--claim", &claim]).well();
    (house, head)
}

fn registration(person: &Person, url: &str, code: &str) -> Command {
    person.command(&["register", &person.name, "--server", url, "--invitation", code])
}

fn made(head: &Person, args: &[&str]) -> Value {
    head.does(&[&["invitations", "create", "--json"], args].concat()).objects().remove(0)
}

#[test]
fn newcomers_come_in_by_invitation() {
    let (house, head) = by_invitation();
    let invitation = made(&head, &["--uses", "2", "--expires", "1h"]);
    assert_eq!((&invitation["uses"], &invitation["server"]), (&2.into(), &house.url().into()));
    let code = invitation["invitation"].as_str().unwrap();
    let (a, b, c) = (house.stranger("member-a"), house.stranger("member-b"), house.stranger("member-c"));
    a.registers().refused(1, "invitation-refused");
    Process::start(registration(&a, &house.url(), code), None).end().well();
    let list = head.does(&["invitations", "list", "--json"]).objects();
    assert_eq!((list.len(), &list[0]["uses_left"], &list[0]["id"]), (1, &1.into(), &invitation["id"]));
    assert_eq!(list[0]["made_by"], "head");
    assert!(list[0].get("invitation").is_none());
    // By the variable, which keeps it off the list of processes.
    let mut by_variable = b.command(&["register", "member-b", "--server", &house.url()]);
    by_variable.env("HUIS_INVITATION", code);
    Process::start(by_variable, None).end().well();
    let late = Process::start(registration(&c, &house.url(), code), None).end().refused(1, "invitation-refused");
    assert!(late.contains("HUIS_INVITATION"), "{late}");
    assert!(!c.profile.exists(), "a refused registration leaves nothing behind");
    a.says("@member-b", "We are in");
    assert_eq!(b.hears_texts(1), ["We are in"]);

    let shown = head.does(&["invitations", "create"]).well();
    let line = shown.lines().find(|line| line.contains("huis register")).unwrap();
    let code = line.rsplit(' ').next().unwrap();
    assert!(line.contains(&house.url()), "{line}");
    let id = head.does(&["invitations", "list", "--json"]).objects()[0]["id"].as_str().unwrap().to_owned();
    head.does(&["invitations", "revoke", &id]).well();
    head.does(&["invitations", "revoke", &id]).refused(1, "not-found");
    Process::start(registration(&c, &house.url(), code), None).end().refused(1, "invitation-refused");
    assert_eq!(head.does(&["invitations", "list"]).well(), "");
}

#[test]
fn only_the_super_administrator_makes_invitations() {
    let (house, head) = by_invitation();
    let a = house.stranger("member-a");
    let code = made(&head, &[]);
    Process::start(registration(&a, &house.url(), code["invitation"].as_str().unwrap()), None).end().well();
    for args in [&["invitations", "create"][..], &["invitations", "list"]] {
        a.does(args).refused(1, "forbidden");
        house.stranger("member-b").does(args).refused(1, "not-signed-in");
    }
    let ended = Process::start(huis(&["invitations", "create", "--uses", "1001"]), None).end();
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
