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

/// A fresh list of accounts, by name.
fn names(head: &Person, args: &[&str]) -> Vec<String> {
    let all = [&["admin", "accounts", "list", "--json"], args].concat();
    head.does(&all).objects().iter().map(|account| account["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_suspended_account_is_out_here_and_now_is_told_why_and_comes_back_when_it_is_lifted() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let a = house.person("member-a");
    let follows = a.starts(&["receive", "--follow"]);
    head.says("@member-a", "Who are you?");
    let suspended = head
        .does(&["admin", "accounts", "suspend", "@member-a", "--reason", "Too loud", "--for", "1h", "--json"])
        .objects()
        .remove(0);
    assert_eq!((&suspended["name"], &suspended["sessions"]), (&"member-a".into(), &1.into()));
    follows.end().refused_after_output(1, "session-ended");
    assert!(a.logs_in().refused(1, "suspended").contains("Too loud"));
    let shown = head.does(&["admin", "accounts", "show", "member-a", "--json"]).objects().remove(0);
    assert_eq!(shown["suspension"]["reason"], "Too loud");
    assert_eq!((&shown["role"], &shown["sessions"], &shown["devices"]), (&"member".into(), &0.into(), &1.into()));
    assert_eq!(names(&head, &["--suspended"]), ["member-a"]);
    // It outlives the server.
    house.stop("TERM").well();
    house.start(&[]);
    a.logs_in().refused(1, "suspended");
    head.does(&["admin", "accounts", "lift", "@member-a"]).well();
    head.does(&["admin", "accounts", "lift", "@member-a"]).refused(1, "not-found");
    a.logs_in().well();
    a.says("@head", "Back again");
    assert_eq!(head.hears_texts(1), ["Back again"]);
}

#[test]
fn roles_are_given_and_end_where_they_end() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    head.does(&["admin", "accounts", "role", "@member-a", "moderator"]).well();
    assert_eq!(names(&a, &["--search", "mem"]), ["member-a", "member-b"]);
    assert_eq!(names(&a, &["--role", "moderator"]), ["member-a"]);
    assert_eq!(names(&a, &["--most", "2"]), ["head", "member-a"]);
    a.does(&["admin", "accounts", "suspend", "member-b", "--reason", "spam"]).well();
    for args in [
        &["admin", "accounts", "suspend", "head", "--reason", "coup"][..],
        &["admin", "accounts", "role", "member-b", "moderator"],
        &["admin", "accounts", "delete", "member-b", "--yes"],
        &["admin", "audit", "list"],
        &["admin", "stop"],
    ] {
        a.does(args).refused(1, "forbidden");
    }
    head.does(&["admin", "accounts", "role", "head", "member"]).refused(1, "forbidden");
    head.does(&["admin", "accounts", "delete", "member-b", "--yes"]).well();
    b.does(&["send", "@head", "Am I here?"]).refused(1, "session-ended");
    b.logs_in().refused(1, "wrong-password");
    b.with_profile("another").registers().refused(1, "name-taken");
}

#[test]
fn bans_are_set_listed_and_lifted() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let a = house.person("member-a");
    let add = |target: &[&str]| {
        let args = [&["admin", "bans", "add", "--reason", "Flood", "--json"], target].concat();
        head.does(&args)
    };
    add(&["--network", "127.0.0.1"]).refused(1, "bad-request");
    let network = add(&["--network", "2001:DB8::1/32", "--for", "1d"]).objects().remove(0);
    assert_eq!((&network["network"], &network["set_by"]), (&"2001:db8::/32".into(), &"head".into()));
    let name = add(&["--name", "@member-a"]).objects().remove(0);
    assert_eq!((&name["name"], &name["ended_sessions"]), (&"member-a".into(), &1.into()));
    a.does(&["send", "@head", "Am I here?"]).refused(1, "session-ended");
    assert!(a.logs_in().refused(1, "banned").contains("Flood"));
    assert_eq!(head.does(&["admin", "bans", "list", "--json"]).objects().len(), 2);
    let id = name["id"].as_str().unwrap();
    head.does(&["admin", "bans", "lift", id]).well();
    head.does(&["admin", "bans", "lift", id]).refused(1, "not-found");
    a.logs_in().well();
    assert!(head.does(&["admin", "bans", "list"]).well().contains("2001:db8::/32"));
}

#[test]
fn the_audit_log_says_what_was_done_and_a_change_of_it_is_found() {
    let mut house = House::open();
    let head = head_of(&mut house);
    house.person("member-a");
    head.does(&["admin", "accounts", "role", "member-a", "moderator"]).well();
    head.does(&["admin", "accounts", "end-sessions", "member-a"]).well();
    let listed = |args: &[&str]| head.does(&[&["admin", "audit", "list", "--json"], args].concat()).objects();
    let mut log = listed(&[]);
    log.reverse();
    let actions: Vec<_> = log.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["super-administrator.claim", "accounts.set-role", "accounts.end-sessions"]);
    assert_eq!((&log[1]["actor_name"], &log[1]["address"]), (&"head".into(), &"127.0.0.1".into()));
    assert_eq!((&log[1]["before"], &log[1]["after"]), (&"member".into(), &"moderator".into()));
    assert_eq!(listed(&["--after", "1", "--most", "1"]), log[1..2]);
    assert_eq!(listed(&["--after", "0"]), log);
    assert_eq!(listed(&["--before", "3", "--most", "1"]), log[1..2]);
    assert_eq!(listed(&["--before", "1"]).len(), 0);
    let verified = head.does(&["admin", "audit", "verify", "--json"]).objects().remove(0);
    assert_eq!((&verified["entries"], &verified["hash"]), (&3.into(), &log[2]["hash"]));
    let known = format!("3:{}", verified["hash"].as_str().unwrap());
    head.does(&["admin", "audit", "verify", "--known", &known]).well();
    head.does(&["admin", "audit", "verify", "--known", &format!("4{}", &known[1..])]).refused(1, "audit-broken");
    let export = house.path("audit.jsonl");
    head.does(&["admin", "audit", "export", export.to_str().unwrap()]).well();
    head.does(&["admin", "audit", "export", export.to_str().unwrap()]).refused(1, "file");
    assert_eq!(std::fs::read_to_string(&export).unwrap().lines().count(), 3);
    // Somebody changes the database by hand.
    house.stop("TERM").well();
    let db = rusqlite::Connection::open(house.data().join("huis.db")).unwrap();
    assert_eq!(db.execute("UPDATE audit SET subject = 'member-x' WHERE number = 2", []).unwrap(), 1);
    drop(db);
    house.start(&[]);
    assert!(head.does(&["admin", "audit", "verify"]).refused(1, "audit-broken").contains("number 2"));
    house.stop("TERM").well();
    let db = rusqlite::Connection::open(house.data().join("huis.db")).unwrap();
    assert_eq!(db.execute("DELETE FROM audit", []).unwrap(), 3);
    drop(db);
    house.start(&[]);
    assert!(head.does(&["admin", "audit", "verify"]).refused(1, "audit-broken").contains("empty"));
}

#[test]
fn who_may_register_is_changed_while_the_server_runs_and_outlives_a_start() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let listed = || head.does(&["admin", "settings", "list", "--json"]).objects();
    let before = listed();
    assert_eq!((&before[0]["name"], &before[0]["value"]), (&"registration".into(), &"passphrase".into()));
    assert!(before.iter().all(|setting| setting.get("set_by").is_none()));
    let set = head.does(&["admin", "settings", "set", "registration", "invite", "--json"]).objects().remove(0);
    assert_eq!(
        (&set["value"], &set["configured"], &set["set_by"]),
        (&"invite".into(), &"passphrase".into(), &"head".into())
    );
    let a = house.stranger("member-a");
    a.registers().refused(1, "invitation-refused");
    head.does(&["admin", "settings", "set", "registration", "everybody"]).refused(1, "bad-request");
    head.does(&["admin", "settings", "set", "listen", "0.0.0.0:80"]).refused(1, "not-found");
    assert!(
        head.does(&["admin", "settings", "list"]).well().contains("registration = invite  (configured: passphrase;")
    );
    head.does(&["admin", "settings", "set", "guesses-per-minute", "500"]).well();
    house.stop("TERM").well();
    house.start(&[]);
    let after = listed();
    let value = |name: &str| &after.iter().find(|setting| setting["name"] == name).unwrap()["value"];
    assert_eq!((value("registration"), value("guesses-per-minute")), (&"invite".into(), &"500".into()));
    head.does(&["admin", "settings", "reset", "registration"]).well();
    head.does(&["admin", "settings", "reset", "registration"]).refused(1, "not-found");
    assert_eq!(listed()[0]["value"], "passphrase");
    assert_eq!(
        head.does(&["admin", "audit", "list", "--most", "1", "--json"]).objects()[0]["action"],
        "settings.reset"
    );
}

#[test]
fn a_report_tells_what_was_chosen_and_its_reporter_reads_the_answer() {
    let mut house = House::open();
    let head = head_of(&mut house);
    let (a, b) = (house.person("member-a"), house.person("member-b"));
    let said = b.says("@member-a", "You owe me\nten thousand");
    a.hears(1);
    let made = |args: &[&str]| {
        let args = [&["report"], args, &["--json"]].concat();
        a.does(&args).objects().remove(0)["id"].as_str().unwrap().to_owned()
    };
    let person = made(&["@member-b", "--as", "spam", "--note", "Every day"]);
    let told = made(&[&said, "--as", "abuse"]);
    let revealed = made(&[&said, "--as", "abuse", "--reveal"]);
    a.does(&["report", "@member-b", "--as", "spam", "--reveal"]).refused(2, "usage");
    a.does(&["report", "@nobody-here", "--as", "spam"]).refused(1, "unknown");
    a.does(&["report", "@member-a", "--as", "spam"]).refused(1, "invalid");
    a.does(&["admin", "reports", "list"]).refused(1, "forbidden");

    let listed = head.does(&["admin", "reports", "list", "--json"]).objects();
    let ids: Vec<_> = listed.iter().map(|report| report["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, [person.clone(), told.clone(), revealed.clone()]);
    assert_eq!((&listed[0]["note"], &listed[0]["reporter"]), (&"Every day".into(), &"member-a".into()));
    let show = |id: &str| head.does(&["admin", "reports", "show", id, "--json"]).objects().remove(0);
    let report = show(&told);
    assert_eq!((&report["message"]["id"], &report["proven"]), (&said.as_str().into(), &false.into()));
    assert!(report.get("revealed").is_none());
    let report = show(&revealed);
    assert_eq!(report["proven"], true);
    assert_eq!(report["revealed"]["text"], "You owe me\nten thousand");
    let shown = head.does(&["admin", "reports", "show", &revealed]).well();
    assert!(shown.contains("It says: You owe me\n    ten thousand"), "{shown}");

    head.does(&["admin", "reports", "take", &revealed]).well();
    head.does(&["admin", "reports", "close", &revealed, "--as", "acted", "--answer", "They are out"]).well();
    head.does(&["admin", "reports", "close", &revealed, "--as", "acted"]).refused(1, "state-conflict");
    let own = a.does(&["report", "list", "--json"]).objects();
    assert_eq!(own[0]["id"], revealed.as_str());
    assert_eq!((&own[0]["outcome"], &own[0]["answer"]), (&"acted".into(), &"They are out".into()));
    assert_eq!((&own[1]["state"], &own[1]["revealed"]), (&"open".into(), &false.into()));
    assert_eq!(b.does(&["report", "list", "--json"]).objects().len(), 0);
    assert_eq!(head.does(&["admin", "reports", "list", "--state", "closed", "--json"]).objects().len(), 1);
}
