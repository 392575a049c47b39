//! Two people who make sure of each other.

use crate::harness::{House, Person};

const NEW: &str = "copper-violin-harbour-seventeen";

fn verify(person: &Person, of: &str) -> serde_json::Value {
    person.does(&["verify", of, "--json"]).objects().remove(0)
}

fn trust(person: &Person) -> serde_json::Value {
    person.does(&["conversations", "--json"]).objects().remove(0)["trust"].clone()
}

#[test]
fn two_people_compare_by_number_and_by_code_and_a_changed_identity_holds_what_is_said() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "hello");
    b.hears(1);
    b.says("@member-a", "hello yourself");
    a.hears(1);

    let (at_a, at_b) = (verify(&a, "@member-b"), verify(&b, "@member-a"));
    let number = at_b["safety_number"].as_str().unwrap();
    assert_eq!(at_a["safety_number"], number);
    assert_eq!((&at_a["verified"], trust(&a)), (&false.into(), "not-yet".into()));
    let another = "0".repeat(60);
    let line = a.does(&["verify", "@member-b", "--number", &another]).refused(1, "other-number");
    assert!(line.contains("somebody is between you"), "{line}");
    assert_eq!(trust(&a), "not-yet");
    // As it is read aloud.
    let shown = b.does(&["verify", "@member-a"]).well();
    let spoken: Vec<&str> = shown.lines().skip(2).take(3).flat_map(str::split_whitespace).collect();
    assert_eq!((spoken.len(), spoken.concat()), (12, number.to_owned()));
    let compared = a.does(&["verify", "@member-b", "--number", &spoken.join(" ")]).well();
    assert!(compared.contains("✓ compared"), "{compared}");
    assert_eq!((&verify(&a, "@member-b")["compared_by"], trust(&a)), (&"number".into(), "verified".into()));

    // The code that is drawn is the one that is said: 41 modules and the ground around them.
    let code = at_a["code"].as_str().unwrap();
    let drawn = a.does(&["verify", "@member-b"]).well();
    assert!(drawn.lines().any(|line| line == code), "{drawn}");
    let blocks: Vec<_> = drawn.lines().filter(|line| line.starts_with("██")).map(|line| line.chars().count()).collect();
    assert!(blocks.len() >= 20 && blocks.iter().all(|width| *width == 45), "{drawn}");
    b.does(&["verify", "@member-a", "--scanned", at_b["code"].as_str().unwrap()]).refused(1, "other-pair");
    b.does(&["verify", "@member-a", "--scanned", "https://example.org"]).refused(1, "invalid");
    b.does(&["verify", "@member-a", "--scanned", code]).well();
    assert_eq!(verify(&b, "@member-a")["compared_by"], "code");
    b.does(&["verify", "@member-a", "--forget"]).well();
    assert_eq!((&verify(&b, "@member-a")["verified"], trust(&b)), (&false.into(), "not-yet".into()));

    b.does_with(&[("HUIS_NEW_PASSWORD", NEW)], &["identity", "renew"]).well();
    let b = b.with_password(Some(NEW));
    a.does(&["receive"]).well();
    let line = a.does(&["send", "@member-b", "is it you?"]).refused(1, "held");
    assert!(line.contains("waits here"), "{line}");
    let line = a.does(&["status", "--wait"]).refused(1, "held");
    assert!(line.contains("1 messages"), "{line}");
    assert_eq!(a.does(&["status", "--json"]).objects()[0]["held"], 1);
    a.does(&["verify", "@member-b", "--forget"]).refused(1, "identity-changed");
    let broken = verify(&a, "@member-b");
    assert_eq!((&broken["broken"], &broken["verified"], trust(&a)), (&true.into(), &false.into(), "broken".into()));
    let notices = a.does(&["notices"]).well();
    assert!(notices.contains("you had compared the safety number"), "{notices}");
    b.hears_nothing_more();
    a.does(&["verify", "@member-b", "--scanned", verify(&b, "@member-a")["code"].as_str().unwrap()]).well();
    a.does(&["status", "--wait"]).well();
    assert_eq!(b.hears_texts(1), ["is it you?"]);
    assert_eq!(trust(&a), "verified");
}
