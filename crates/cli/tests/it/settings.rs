//! What a person sets: for a conversation, for all of them, and what is shown of oneself.

use serde_json::Value;

use crate::harness::{House, Person, texts};
use crate::stories::acquainted;

fn only_conversation(person: &Person) -> Value {
    person.does(&["conversations", "--json"]).objects().remove(0)
}

#[test]
fn what_is_set_for_a_conversation_holds_on_a_further_device() {
    let house = House::open();
    let (a, _b) = acquainted(&house);
    let set = a.does(&["mute", "@member-b", "--for", "8h", "--json"]).objects().remove(0);
    assert_eq!((&set["name"], &set["muted"]), (&"@member-b".into(), &true.into()));
    assert!(set["muted_until"].as_str().unwrap().ends_with('Z'), "{set}");
    let line = a.does(&["notify", "@member-b", "mentions"]).well();
    assert!(line.contains("muted until"), "{line}");
    a.does(&["archive", "@member-b"]).well();

    let tablet = a.with_profile("tablet");
    tablet.logs_in().well();
    let seen = only_conversation(&tablet);
    assert_eq!((&seen["muted"], &seen["archived"]), (&true.into(), &true.into()));
    assert_eq!((&seen["notifications"], &seen["favourite"]), (&"mentions".into(), &false.into()));
    tablet.does(&["unmute", "@member-b"]).well();
    tablet.does(&["unarchive", "@member-b"]).well();
    let seen = only_conversation(&a);
    assert_eq!((&seen["muted"], &seen["archived"]), (&false.into(), &false.into()));
    assert_eq!(seen["muted_until"], Value::Null);
    let set = a.does(&["mute", "@member-b", "--json"]).objects().remove(0);
    assert_eq!((&set["muted"], &set["muted_until"]), (&true.into(), &Value::Null));
    a.does(&["archive", "#nowhere"]).refused(1, "unknown");
}

#[test]
fn a_profile_is_shown_to_whom_one_talks_with() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("me.png");
    std::fs::write(&picture, b"\x89PNG\r\n\x1a\n and so on").unwrap();
    let picture = picture.to_str().unwrap();
    let card = a.does(&["profile", "--name", "Zoë", "--about", "I climb", "--picture", picture, "--json"]).objects();
    assert_eq!((&card[0]["name"], &card[0]["about"]), (&"Zoë".into(), &"I climb".into()));
    assert_eq!(card[0]["picture_bytes"], 18);
    let of_a = |person: &Person| person.does(&["verify", "@member-a", "--json"]).objects().remove(0);
    assert_eq!(of_a(&b)["card_name"], Value::Null);
    a.says("@member-b", "That is me");
    assert_eq!(texts(&b.hears(1)), ["That is me"]);
    assert_eq!(of_a(&b)["card_name"], "Zoë");
    b.hears_nothing_more();

    a.does(&["profile", "--no-picture", "--about", ""]).well();
    assert_eq!(a.does(&["profile"]).well(), "Name: Zoë\nAbout: –\nPicture: –\n");
    a.does(&["profile", "--name", "two\nlines"]).refused(1, "invalid");
    std::fs::write(picture, b"GIF89a").unwrap();
    a.does(&["profile", "--picture", picture]).refused(1, "invalid");
    std::fs::write(picture, vec![0; 32 * 1024 + 1]).unwrap();
    a.does(&["profile", "--picture", picture]).refused(1, "invalid");
    a.does(&["profile", "--picture", "/nowhere/me.png"]).refused(1, "file");
}

#[test]
fn who_wants_no_read_receipts_sends_none() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let preferred = a.does(&["preferences", "--read-receipts", "off", "--json"]).objects();
    assert_eq!((&preferred[0]["read_receipts"], &preferred[0]["presence"]), (&false.into(), &true.into()));
    let id = b.says("@member-a", "Did you read this?");
    assert_eq!(a.hears_texts(1), ["Did you read this?"]);
    a.does(&["receive"]).well();
    b.does(&["receive"]).well();
    let receipts = b.does(&["receipts", &id, "--json"]).objects();
    assert!(!receipts.is_empty() && receipts.iter().all(|receipt| receipt["read"] == false), "{receipts:?}");
    assert_eq!(a.does(&["preferences"]).well(), "Read receipts: off\nPresence: on\n");
}
