//! Passwords that are changed, and forgotten.

use serde_json::json;

use crate::harness::{House, PASSWORD, Person};

const NEW: &str = "copper-violin-harbour-seventeen";
const NEWER: &str = "walnut-comet-ladder-marzipan";

/// A person with an account, and what was shown to be written down.
fn registered(house: &House, name: &str) -> (Person, String) {
    let person = house.stranger(name);
    let shown = person.registers().objects().remove(0);
    (person, shown["recovery_key"].as_str().unwrap().to_owned())
}

#[test]
fn a_password_is_changed_while_another_device_is_signed_in() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "hello");
    b.hears(1);
    b.says("@member-a", "hello yourself");
    a.hears(1);
    let tablet = b.with_profile("tablet");
    tablet.logs_in().well();
    let mut follower = tablet.starts(&["receive", "--follow", "--json"]);

    let new = [("HUIS_NEW_PASSWORD", NEW)];
    let wrong = b.with_password(Some("tulip-garage-velvet-wrong")).does_with(&new, &["password"]);
    let line = wrong.refused(1, "wrong-password");
    assert!(!line.contains("velvet") && !line.contains("violin"), "{line}");
    let weak = b.does_with(&[("HUIS_NEW_PASSWORD", "member-b1")], &["password"]).refused(1, "weak-password");
    assert!(weak.contains("too easy to guess") && !weak.contains("member-b1"), "{weak}");
    b.does(&["password"]).refused(2, "usage");
    let changed = b.does_with(&new, &["password", "--json"]).objects();
    assert_eq!(changed, [json!({"changed": true, "ended_sessions": 0})]);

    a.says("@member-b", "are you there?");
    assert_eq!(follower.object()["text"], "are you there?");
    b.says("@member-a", "yes");
    assert_eq!(a.hears_texts(1), ["yes"]);
    let phone = b.with_profile("phone");
    phone.logs_in().refused(1, "wrong-password");
    phone.with_password(Some(NEW)).logs_in().well();

    let lines = format!("{NEW}\n{NEWER}\n");
    let change = ["password", "--password-stdin", "--end-other-sessions", "--json"];
    let changed = b.with_password(None).pipes(lines.as_bytes(), &change).objects();
    assert_eq!(changed, [json!({"changed": true, "ended_sessions": 2})]);
    follower.end().refused(1, "session-ended");
    tablet.with_password(Some(NEW)).logs_in().refused(1, "wrong-password");
    tablet.with_password(Some(NEWER)).logs_in().well();
    a.says("@member-b", "to all of your devices");
    assert_eq!(b.hears_texts(2), ["are you there?", "to all of your devices"]);
    assert_eq!(tablet.hears_texts(1), ["to all of your devices"]);
}

#[test]
fn who_forgot_the_password_has_everything_again_on_an_empty_machine() {
    let house = House::open();
    let (a, key) = registered(&house, "member-a");
    let (b, others) = registered(&house, "member-b");
    a.says("@member-b", "hello");
    b.hears(1);
    b.says("@member-a", "hello yourself");
    a.hears(1);
    a.does(&["room", "create", "club", "@member-b"]).well();
    b.does(&["room", "list"]).well();
    let before = a.does(&["whoami", "--json"]).objects().remove(0);

    let machine = a.with_profile("machine").with_password(None);
    let url = house.url();
    let recover = ["recover", "member-a", "--server", &url, "--json"];
    let with =
        |key: &str, args: &[&str]| machine.does_with(&[("HUIS_RECOVERY_KEY", key), ("HUIS_NEW_PASSWORD", NEW)], args);
    let wrong = with(&others, &recover).refused(1, "wrong-recovery-key");
    assert!(!wrong.contains(&others[..4]), "{wrong}");
    let unknown = with(&key, &["recover", "nobody", "--server", &url, "--json"]).refused(1, "wrong-recovery-key");
    assert_eq!(unknown, wrong);
    let mistyped = format!("{}{}", &key[1..], &key[..1]);
    let line = with(&mistyped, &recover).refused(1, "invalid");
    assert!(!line.contains(&key[5..9]), "{line}");
    let weak = [("HUIS_RECOVERY_KEY", key.as_str()), ("HUIS_NEW_PASSWORD", "member-a")];
    machine.does_with(&weak, &recover).refused(1, "weak-password");
    assert!(!machine.profile.exists(), "a refused recovery leaves nothing behind");

    let recovered = with(&key, &recover).objects().remove(0);
    assert_eq!(recovered["conversations"], 2);
    assert_eq!(recovered["identity_key"], before["identity_key"]);
    assert_ne!(recovered["device"], before["device"]);
    b.says("#club", "In the club");
    b.says("@member-a", "Between us");
    let mut heard = machine.hears_texts(2);
    heard.sort();
    assert_eq!(heard, ["Between us", "In the club"]);
    machine.says("#club", "I am back");
    assert_eq!(b.hears_texts(1), ["I am back"]);

    a.does(&["receive", "--timeout", "60"]).refused(1, "session-ended");
    a.logs_in().refused(1, "wrong-password");
    let a = a.with_password(Some(NEW));
    a.logs_in().well();
    let mut heard = a.hears_texts(2);
    heard.sort();
    assert_eq!(heard, ["Between us", "In the club"]);

    // The same key serves again, by the standard input.
    let another = a.with_profile("another").with_password(None);
    let lines = format!("{}\n{NEWER}\n", key.to_lowercase());
    another.pipes(lines.as_bytes(), &["recover", "@Member-A", "--server", &url, "--password-stdin"]).well();
    a.with_password(Some(NEWER)).logs_in().well();
    assert_ne!(PASSWORD, NEWER);
}
