//! What people do with it.

use serde_json::Value;

use crate::harness::{House, Person, texts};

/// Two people who have spoken with each other.
pub(crate) fn acquainted(house: &House) -> (Person, Person) {
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "Did you see the draft?");
    b.hears(1);
    b.says("@member-a", "Yes.");
    a.hears(1);
    (a, b)
}

#[test]
fn two_people_write_to_each_other() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let id = a.says("@member-b", "Did you see the draft?");
    let heard = b.hears(1).remove(0);
    assert_eq!(heard["id"], id.as_str());
    assert_eq!(heard["from"], "member-a");
    assert_eq!(heard["conversation_name"], "@member-a");
    assert_eq!(heard["kind"], "text");
    assert_eq!(heard["text"], "Did you see the draft?");
    assert_eq!(heard["request"], true);
    for time in ["sent_at", "received_at"] {
        let time = heard[time].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    }
    assert_eq!(heard["device"], a.does(&["whoami", "--json"]).objects()[0]["device"]);
    assert_eq!(b.does(&["requests", "--json"]).objects().len(), 1);

    b.says("@member-a", "Yes.");
    let answer = a.hears(1).remove(0);
    assert_eq!(answer["text"], "Yes.");
    assert_eq!(answer["request"], false);
    assert_eq!(answer["conversation"], heard["conversation"]);
    assert_eq!(b.does(&["requests", "--json"]).objects(), Vec::<Value>::new());

    a.says(heard["conversation"].as_str().unwrap(), "By the conversation's id.");
    let last = b.hears(1).remove(0);
    assert_eq!((&last["text"], &last["request"]), (&"By the conversation's id.".into(), &false.into()));
    a.hears_nothing_more();
    b.hears_nothing_more();
    let found = b.does(&["search", "dra", "--json"]).objects();
    assert_eq!(texts(&found), ["Did you see the draft?"]);
}

#[test]
fn three_people_share_a_group() {
    let house = House::open();
    let [a, b, c] = ["member-a", "member-b", "member-c"].map(|name| house.person(name));
    a.does(&["room", "create", "club", "@member-b", "@member-c"]).well();
    a.says("#club", "Welcome");
    assert_eq!(b.hears_texts(1), ["Welcome"]);
    let heard = c.hears(1).remove(0);
    assert_eq!((&heard["conversation_name"], &heard["text"]), (&"#club".into(), &"Welcome".into()));
    b.says("#club", "Thank you");
    assert_eq!(a.hears_texts(1), ["Thank you"]);
    assert_eq!(c.hears_texts(1), ["Thank you"]);
    let members = c.does(&["room", "members", "club", "--json"]).objects();
    let mut names: Vec<&str> = members.iter().map(|member| member["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["member-a", "member-b", "member-c"]);

    a.does(&["room", "remove", "club", "@member-c"]).well();
    a.says("#club", "Among us");
    assert_eq!(b.hears_texts(1), ["Among us"]);
    c.hears_nothing_more();
    let line = c.does(&["send", "#club", "Am I here?"]).refused(1, "not-a-member");
    assert!(line.contains("not in this conversation (any more)") && line.contains("a member can invite you"), "{line}");
    b.does(&["room", "leave", "#club"]).well();
    assert_eq!(b.does(&["room", "list", "--json"]).objects(), Vec::<Value>::new());
}

#[test]
fn a_plain_receive_prints_what_waits_behind_an_invitation() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "Come in");
    assert_eq!(texts(&b.does(&["receive", "--json"]).objects()), ["Come in"]);
}

#[test]
fn what_a_command_changed_is_known_to_a_device_that_signs_in_right_after_it() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.does(&["room", "create", "club"]).well();
    a.does(&["room", "invite", "club", "@member-b"]).well();
    let tablet = a.with_profile("tablet");
    tablet.logs_in().well();
    tablet.says("#club", "From the tablet");
    assert_eq!(b.hears_texts(1), ["From the tablet"]);
}

#[test]
fn a_command_that_ends_at_once_sends_its_receipts_before() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let id = a.says("@member-b", "Did it come?");
    assert_eq!(texts(&b.does(&["receive", "--json"]).objects()), ["Did it come?"]);
    a.does(&["receive"]).well();
    let receipts = a.does(&["receipts", &id, "--json"]).objects();
    assert!(receipts.iter().any(|receipt| receipt["name"] == "member-b"), "{receipts:?}");
}

#[test]
fn everybody_meets_in_the_lobby() {
    let house = House::open();
    let [a, b, c] = ["member-a", "member-b", "member-c"].map(|name| house.person(name));
    for person in [&a, &b, &c] {
        person.does(&["room", "join", "lobby"]).well();
    }
    a.says("#lobby", "Good morning");
    for person in [&b, &c] {
        let heard = person.hears(1).remove(0);
        assert_eq!((&heard["text"], &heard["from"]), (&"Good morning".into(), &"member-a".into()));
        assert_eq!((&heard["conversation_name"], &heard["request"]), (&"#lobby".into(), &false.into()));
    }
    c.says("#lobby", "To you too");
    assert_eq!(a.hears_texts(1), ["To you too"]);
    let rooms = a.does(&["room", "list", "--json"]).objects();
    assert_eq!((&rooms[0]["name"], &rooms[0]["accounts"]), (&"#lobby".into(), &3.into()));
    assert_eq!((&rooms[0]["open"], &rooms[0]["joined"]), (&true.into(), &true.into()));
}

#[test]
fn a_second_device_needs_the_password_alone() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    a.does(&["room", "create", "club", "@member-b"]).well();
    a.says("#club", "Welcome");
    b.hears(1);
    b.says("#club", "Thank you");
    a.hears(1);

    let tablet = b.with_profile("tablet");
    let login = tablet.logs_in().objects();
    assert_eq!((&login[0]["username"], &login[0]["conversations"]), (&"member-b".into(), &2.into()));
    let laptop = b.does(&["whoami", "--json"]).objects();
    assert_eq!(login[0]["identity_key"], laptop[0]["identity_key"]);
    assert_ne!(login[0]["device"], laptop[0]["device"]);

    a.says("@member-b", "To both of your devices");
    a.says("#club", "And in the club");
    for device in [&b, &tablet] {
        let mut heard = device.hears_texts(2);
        heard.sort();
        assert_eq!(heard, ["And in the club", "To both of your devices"]);
    }
    tablet.says("#club", "From the tablet");
    tablet.says("@member-a", "And here");
    let mut heard = a.hears_texts(2);
    heard.sort();
    assert_eq!(heard, ["And here", "From the tablet"]);
    let devices = b.does(&["devices", "--json"]).objects();
    assert_eq!(devices.len(), 2);
    for device in [&b, &tablet] {
        device.hears_nothing_more();
    }

    let gone = login[0]["device"].as_str().unwrap();
    b.does(&["devices", "revoke", gone]).well();
    a.says("#club", "After the revocation");
    assert_eq!(b.hears_texts(1), ["After the revocation"]);
    assert_eq!(b.does(&["devices", "--json"]).objects().len(), 1);
    tablet.does(&["receive", "--json", "--timeout", "60"]).refused(1, "session-ended");
}

#[test]
fn requests_are_answered_and_blocks_hold() {
    let house = House::open();
    let [a, b, c] = ["member-a", "member-b", "member-c"].map(|name| house.person(name));
    a.says("@member-b", "Let me in");
    c.says("@member-b", "Buy this");
    b.hears(2);
    b.does(&["requests", "accept", "@member-a"]).well();
    b.does(&["requests", "block", "@member-c"]).well();
    assert_eq!(b.does(&["requests", "--json"]).objects(), Vec::<Value>::new());
    a.says("@member-b", "Thank you");
    assert_eq!(b.hears_texts(1), ["Thank you"]);
    b.does(&["send", "@member-c", "No"]).refused(1, "blocked");
    c.says("@member-b", "Buy this now");
    b.hears_nothing_more();
}

#[test]
fn two_people_compare_the_same_safety_number() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let of = |person: &Person, name: &str| person.does(&["verify", name, "--json"]).objects().remove(0);
    assert_eq!(of(&a, "@member-b")["safety_number"], of(&b, "@member-a")["safety_number"]);
    assert_eq!(of(&a, "@member-b")["verified"], false);
    let number = of(&b, "@member-a")["safety_number"].as_str().unwrap().to_owned();
    a.does(&["verify", "@member-b", "--number", &number]).well();
    assert_eq!(of(&a, "@member-b")["verified"], true);
}

#[test]
fn what_was_printed_is_read_and_its_author_learns_it() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    let mut follower = b.starts(&["receive", "--follow", "--json"]);
    let id = a.says("@member-b", "Got it?");
    let heard = follower.object();
    assert_eq!(heard["id"], id.as_str());
    // Receipts are gathered for a moment before they go out, so they are asked for until they are there.
    let mut receipts = Vec::new();
    for _ in 0..500 {
        receipts = a.does(&["receipts", &id, "--json"]).objects();
        if receipts.iter().any(|receipt| receipt["read"] == true) {
            break;
        }
    }
    assert!(receipts.iter().any(|receipt| receipt["name"] == "member-b" && receipt["read"] == true), "{receipts:?}");
    let only = |person: &Person| person.does(&["conversations", "--json"]).objects().remove(0);
    assert_eq!(only(&b)["unread"], 0);
    assert_eq!(only(&a)["newest_at"], heard["received_at"], "a receipt is nothing that a person sees");
}

#[test]
fn a_logged_out_device_leaves_nothing_behind() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    b.does(&["logout"]).well();
    assert!(!b.profile.exists());
    b.does(&["whoami"]).refused(1, "not-signed-in");
    b.logs_in().well();
    a.says("@member-b", "Welcome back");
    assert!(b.hears_texts(1).contains(&"Welcome back".to_owned()));
    assert_eq!(b.does(&["devices", "--json"]).objects().len(), 1);
}

#[test]
fn the_one_time_code_and_a_recovery_key_are_shown() {
    let house = House::open();
    let person = house.stranger("member-a");
    let registered = person.registers().objects().remove(0);
    assert_eq!(registered["username"], "member-a");
    assert!(registered["recovery_key"].as_str().unwrap().len() >= 26, "{registered}");
    let other = house.stranger("member-b");
    let mut command = other.command(&["register", "member-b", "--server", &house.url()]);
    command.env("HUIS_ACCESS_PASSPHRASE", crate::harness::PASSPHRASE);
    let shown = crate::harness::Process::start(command, None).end();
    assert!(shown.stderr.contains("note: the key of this profile's database"), "{shown:?}");
    let shown = shown.well();
    assert!(shown.contains("Recovery key, shown this once:\n\n    "), "{shown}");
}
