//! A locked profile: nothing on the disk opens it, and nothing of it is lost.

use std::path::Path;

use serde_json::json;

use crate::harness::{House, PASSWORD, files};

const WRONG: &str = "tulip-garage-velvet-wrong";

/// The database's key as it stands in its file, and its bytes.
fn key_of(profile: &Path) -> (String, Vec<u8>) {
    let text = std::fs::read_to_string(profile.join("key")).unwrap();
    let digits = text.trim().rsplit(' ').next().unwrap().to_owned();
    let bytes = (0..32).map(|place| u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).unwrap()).collect();
    (digits, bytes)
}

/// The files that hold either form of the key.
fn files_that_hold(profile: &Path, (digits, bytes): &(String, Vec<u8>)) -> Vec<String> {
    let holds = |content: &[u8], needle: &[u8]| content.windows(needle.len()).any(|window| window == needle);
    let found = files(profile).into_iter().filter(|(_, content)| {
        holds(content, digits.as_bytes()) || holds(content, digits.to_uppercase().as_bytes()) || holds(content, bytes)
    });
    found.map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_locked_profile_holds_its_key_nowhere_and_each_command_asks_for_the_password() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "before the lock");
    b.hears(1);
    let key = key_of(&b.profile);
    assert_eq!(files_that_hold(&b.profile, &key), ["key"], "the scan finds what is there");
    b.with_password(Some(WRONG)).does(&["lock"]).refused(1, "wrong-password");
    b.with_password(None).does(&["lock"]).refused(2, "usage");
    b.with_password(None).does(&["whoami"]).well();
    b.does(&["lock"]).well();
    assert_eq!(files_that_hold(&b.profile, &key), Vec::<String>::new());
    assert!(!b.profile.join("key").exists());

    let (nobody, wrong) = (b.with_password(None), b.with_password(Some(WRONG)));
    for args in [
        &["whoami"][..],
        &["send", "@member-a", "x"],
        &["receive"],
        &["search", "lock"],
        &["conversations"],
        &["devices"],
        &["status"],
    ] {
        let line = nobody.does(args).refused(1, "locked");
        assert!(line.contains("HUIS_PASSWORD") && line.contains("huis unlock"), "{line}");
        wrong.does(args).refused(1, "wrong-password");
        b.does(args).well();
        assert_eq!(files_that_hold(&b.profile, &key), Vec::<String>::new(), "after {args:?}");
    }
    a.says("@member-b", "behind the lock");
    assert_eq!(b.hears_texts(1), ["behind the lock"]);
    nobody.pipes(format!("{WRONG}\n").as_bytes(), &["unlock", "--password-stdin"]).refused(1, "wrong-password");
    nobody.does(&["whoami"]).refused(1, "locked");
    nobody.pipes(format!("{PASSWORD}\n").as_bytes(), &["unlock", "--password-stdin"]).well();
    assert_eq!(nobody.does(&["search", "behind", "--json"]).objects().len(), 1);
    assert_eq!(key_of(&b.profile), key);
    assert!(!b.profile.join("key.locked").exists());
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(b.profile.join("key")).unwrap().permissions().mode() & 0o077, 0);
    nobody.does(&["unlock"]).well();
}

#[test]
fn locking_ends_whatever_runs_on_the_profile() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let silent = b.with_password(None);
    let mut owner = silent.starts(&["receive", "--follow", "--json"]);
    a.says("@member-b", "who owns the profile?");
    assert_eq!(owner.object()["text"], "who owns the profile?");
    // Guests of the first; whether they have begun when the profile is locked makes no difference to them.
    let guests = [0, 1].map(|_| silent.starts(&["receive", "--follow", "--json"]));
    silent.pipes(format!("{PASSWORD}\n").as_bytes(), &["lock", "--password-stdin"]).well();
    for follower in [owner].into_iter().chain(guests) {
        follower.end().refused_after_output(1, "locked");
    }
    assert!(b.profile.join("key.locked").exists() && !b.profile.join("key").exists());
    a.says("@member-b", "while it was locked");
    assert_eq!(b.hears_texts(1), ["while it was locked"]);

    // Whoever was given the password runs on the locked profile, and lets nobody in without it.
    let mut follower = b.starts(&["receive", "--follow", "--json"]);
    a.says("@member-b", "to the follower");
    assert_eq!(follower.object()["text"], "to the follower");
    silent.does(&["search", "follower"]).refused(1, "locked");
    assert_eq!(b.does(&["search", "follower", "--json"]).objects().len(), 1);
    silent.does(&["lock"]).well();
    follower.end().refused_after_output(1, "locked");
    silent.does(&["whoami"]).refused(1, "locked");
    b.does(&["whoami"]).well();
}

#[test]
fn a_locked_profile_locks_again_by_itself_when_nobody_asks_for_anything() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let args = ["receive", "--follow", "--json", "--lock-after"];
    let with = |time: &'static str| [&args[..], &[time]].concat();
    b.does(&with("1h")).refused(1, "not-locked");
    let key = key_of(&b.profile);
    b.does(&["lock"]).well();
    b.with_password(None).does(&with("1h")).refused(1, "locked");
    b.with_password(Some(WRONG)).does(&with("1h")).refused(1, "wrong-password");

    let mut owner = b.starts(&with("10s"));
    a.says("@member-b", "who is there?");
    assert_eq!(owner.object()["text"], "who is there?");
    assert_eq!(files_that_hold(&b.profile, &key), Vec::<String>::new());
    // Whoever reads along in the owner's engine is put out with it.
    let reader = b.starts(&with("1h"));
    for ended in [owner, reader] {
        ended.end().refused_after_output(1, "locked");
    }
    b.with_password(None).does(&["whoami"]).refused(1, "locked");
    a.says("@member-b", "while it was locked");
    assert_eq!(b.hears_texts(1), ["while it was locked"]);
}

#[test]
fn a_profile_locks_by_itself_also_where_nobody_reads_what_it_prints() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    b.does(&["lock"]).well();
    // More than a pipe holds.
    for _ in 0..4 {
        a.says("@member-b", &"x".repeat(60_000));
    }
    let unread = b.starts_unread(&["receive", "--follow", "--json", "--lock-after", "10s"]);
    unread.end().refused_after_output(1, "locked");
}

#[test]
fn what_waits_to_be_sent_is_there_after_unlocking_and_goes_out() {
    let mut house = House::open();
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    a.says("@member-b", "one");
    b.hears(1);
    house.kill();
    a.does(&["send", "@member-b", "two", "--timeout", "1"]).refused(3, "timed-out");
    let locked = a.does(&["lock"]);
    assert!(locked.stderr.contains("did not check the password"), "{locked:?}");
    locked.well();
    // The tag of the key tells a wrong password, without any server.
    a.with_password(Some(WRONG)).does(&["whoami"]).refused(1, "wrong-password");
    assert_eq!(a.does(&["status", "--json"]).objects()[0]["waiting"], 1);
    a.does(&["unlock"]).well();
    house.start(&[]);
    a.with_password(None).does(&["status", "--wait"]).well();
    assert_eq!(b.hears_texts(1), ["two"]);
    b.hears_nothing_more();
}

#[test]
fn a_new_password_opens_the_profile_that_was_locked_with_the_old_one() {
    const NEW: &str = "copper-violin-harbour-seventeen";
    let house = House::open();
    let a = house.person("member-a");
    a.does(&["lock"]).well();
    let lines = format!("{PASSWORD}\n{NEW}\n");
    let silent = a.with_password(None);
    let changed = silent.pipes(lines.as_bytes(), &["password", "--password-stdin", "--json"]).objects();
    assert_eq!(changed, [json!({"changed": true, "ended_sessions": 0})]);
    a.does(&["whoami"]).refused(1, "wrong-password");
    a.with_password(Some(NEW)).does(&["whoami"]).well();
    silent.does(&["whoami"]).refused(1, "locked");
    // One line serves for both: to open the profile, and to take the device off the list.
    silent.pipes(format!("{NEW}\n").as_bytes(), &["logout", "--password-stdin"]).well();
    assert!(!a.profile.exists());
}
