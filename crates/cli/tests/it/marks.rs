//! What is done to messages that were said, by commands.

use serde_json::Value;

use crate::harness::{House, Person, texts};

fn only<'a>(objects: &'a [Value], text: &str) -> &'a Value {
    objects.iter().find(|object| object["text"] == text).unwrap_or_else(|| panic!("no {text:?} in {objects:?}"))
}

/// The id that a command prints.
fn id_of(person: &Person, args: &[&str]) -> String {
    let id = person.does(args).well().trim().to_owned();
    assert_eq!(id.len(), 32, "{id:?}");
    id
}

#[test]
fn what_is_done_to_a_message_is_seen_by_the_other_side() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let asked = a.says("@member-b", "Did you see teh draft?");
    b.hears(1);
    let answered = id_of(&b, &["send", "@member-a", "Yes, @member-a", "--reply-to", &asked]);
    let heard = a.hears(1).remove(0);
    assert_eq!((&heard["id"], &heard["reply_to"]), (&answered.as_str().into(), &asked.as_str().into()));
    assert_eq!(heard["mentions_me"], true);
    assert!(heard.get("forwarded").is_none() && heard.get("edited_at").is_none(), "{heard}");

    id_of(&a, &["edit", &asked, "Did you see the draft?"]);
    id_of(&a, &["react", &answered, "👍"]);
    id_of(&b, &["pin", &asked]);
    let line = b.does(&["edit", &asked, "No"]).refused(1, "invalid");
    assert!(line.contains("only who wrote a message changes it"), "{line}");
    b.does(&["react", &asked, "no"]).refused(1, "invalid");
    b.does(&["delete", &"0".repeat(32)]).refused(1, "unknown");
    let pinned = a.does(&["pins", "@member-b", "--json"]).objects();
    assert_eq!(texts(&pinned), ["Did you see the draft?"]);
    assert!(pinned[0]["edited_at"].as_str().unwrap().ends_with('Z'), "{pinned:?}");
    b.hears_nothing_more();
    assert_eq!(b.does(&["search", "teh", "--json"]).objects(), Vec::<Value>::new());

    id_of(&a, &["react", &answered, "--remove"]);
    id_of(&a, &["unpin", &asked]);
    assert_eq!(b.pipes(b"Did you read it?\n", &["edit", &answered, "-"]).well().trim().len(), 32);
    id_of(&a, &["delete", &asked]);
    b.does(&["status", "--wait"]).well();
    a.does(&["status", "--wait"]).well();
    assert_eq!(b.does(&["pins", "@member-a", "--json"]).objects(), Vec::<Value>::new());
    for person in [&a, &b] {
        assert_eq!(person.does(&["search", "draft", "--json"]).objects(), Vec::<Value>::new());
    }
    let found = a.does(&["search", "from:member-b", "read", "--json"]).objects();
    assert_eq!(only(&found, "Did you read it?")["id"], answered.as_str());
}

#[test]
fn what_is_taken_back_before_it_is_printed_is_not_printed() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let gone = a.says("@member-b", "A slip of the tongue");
    let kept = a.says("@member-b", "Good mornig");
    id_of(&a, &["delete", &gone]);
    id_of(&a, &["edit", &kept, "Good morning"]);
    assert_eq!(texts(&b.does(&["receive", "--json"]).objects()), ["Good morning"]);
    b.hears_nothing_more();
}

#[test]
fn a_message_is_forwarded_and_a_room_has_a_topic() {
    let house = House::open();
    let [a, b, c] = ["member-a", "member-b", "member-c"].map(|name| house.person(name));
    a.does(&["room", "create", "club", "@member-b"]).well();
    let said = a.says("#club", "We read on page 12");
    b.hears(1);
    b.does(&["requests", "accept", "#club"]).well();
    a.says("@member-c", "Hello");
    c.hears(1);
    let forwarded = id_of(&a, &["forward", &said, "@member-c"]);
    let heard = c.hears(1).remove(0);
    assert_eq!((&heard["id"], &heard["forwarded"]), (&forwarded.as_str().into(), &true.into()));
    assert_eq!(heard["text"], "We read on page 12");

    let view = a.does(&["room", "topic", "club", "What we read", "--json"]).objects().remove(0);
    assert_eq!(view["topic"], "What we read");
    b.does(&["room", "topic", "club", "What I read"]).refused(1, "not-allowed");
    b.does(&["pin", &said]).refused(1, "not-allowed");
    let of_b = b.does(&["conversations", "--json"]).objects();
    assert_eq!(of_b.iter().find(|view| view["name"] == "#club").unwrap()["topic"], "What we read");
    let view = a.does(&["room", "topic", "club", "--json"]).objects().remove(0);
    assert!(view.get("topic").is_none(), "{view}");
}
