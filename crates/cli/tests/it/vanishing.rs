//! Messages that do not stay, by commands.

use std::time::Duration;

use huis_testkit::{files_that_hold, texts_on_pages};
use serde_json::Value;

use crate::harness::{House, Person};
use crate::stories::acquainted;

#[test]
fn a_timer_is_set_and_stated_and_what_can_be_opened_once_is_opened_once() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "Hello");
    b.hears(1);
    b.does(&["requests", "accept", "@member-a"]).well();
    let view = a.does(&["room", "timer", "@member-b", "7d", "--from", "sending", "--json"]).objects().remove(0);
    assert_eq!(view["timer"], serde_json::json!({"after_s": 604_800, "from": "sending"}));
    a.says("@member-b", "Not for long");
    let heard = b.hears(1).remove(0);
    assert_eq!((&heard["text"], &heard["vanishes"]["after_s"]), (&"Not for long".into(), &604_800.into()));
    assert!(heard["vanishes_at"].as_str().unwrap().ends_with('Z') && heard.get("view_once").is_none(), "{heard}");
    let view = b.does(&["room", "timer", "@member-a", "off", "--json"]).objects().remove(0);
    assert!(view.get("timer").is_none(), "{view}");

    let once = a.does(&["send", "@member-b", "The cake is a surprise", "--view-once"]).well().trim().to_owned();
    let heard = b.hears(1).remove(0);
    assert_eq!((&heard["id"], &heard["text"], &heard["view_once"]), (&once.as_str().into(), &"".into(), &true.into()));
    assert_eq!(b.does(&["search", "surprise", "--json"]).objects(), Vec::<Value>::new());
    assert!(b.does(&["open", &once]).well().contains("The cake is a surprise"));
    b.does(&["open", &once]).refused(1, "unknown");
    a.does(&["open", &once]).refused(1, "invalid");
}

/// Which of these words stand on the pages of a profile's database, decrypted, or as they are in any of its files.
fn on_disk(person: &Person, words: &[&str]) -> Vec<String> {
    let key = std::fs::read_to_string(person.profile.join("key")).unwrap();
    let digits = key.trim_end().rsplit(' ').next().unwrap();
    let key: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&digits[2 * at..][..2], 16).unwrap()).collect();
    let key = key.as_slice().try_into().unwrap();
    let database = person.profile.join("huis.db");
    let (schema, pages) = texts_on_pages(&database, key, &["CREATE TABLE"]);
    assert!(pages > 10 && !schema.is_empty(), "its pages were read");
    let (mut found, _) = texts_on_pages(&database, key, words);
    found.extend(files_that_hold(&person.profile, words).0.into_iter().map(|(_, word)| word));
    found
}

#[test]
fn what_was_to_vanish_while_a_killed_program_was_off_is_gone_once_it_is_on() {
    let mut house = House::open();
    let (a, b) = acquainted(&house);
    a.does(&["room", "timer", "@member-b", "60s", "--from", "sending"]).well();
    let mut follower = b.starts(&["receive", "--follow", "--json"]);
    a.says("@member-b", "the xylophagous beetles");
    let heard = follower.object();
    assert_eq!(heard["text"], "the xylophagous beetles");
    // In the middle of its life, without a word.
    follower.kill();
    assert_eq!(on_disk(&b, &["xylophagous"]), ["xylophagous"]);
    // It goes without the server, which tells it no time.
    house.kill();
    // No clock of a process can be set from outside, so this one passes.
    std::thread::sleep(Duration::from_secs(61));
    assert_eq!(on_disk(&b, &["xylophagous"]), ["xylophagous"], "a program that is off does nothing");
    assert_eq!(b.does(&["search", "xylophagous", "--json"]).objects(), Vec::<Value>::new());
    assert_eq!(on_disk(&b, &["xylophagous"]), Vec::<String>::new());
    assert_eq!(on_disk(&b, &["draft"]), ["draft"], "what has no timer is there still");
}
