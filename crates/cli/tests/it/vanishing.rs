//! Messages that do not stay, by commands.

use serde_json::Value;

use crate::harness::House;

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
