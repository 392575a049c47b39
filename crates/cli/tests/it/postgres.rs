//! A server whose store is PostgreSQL.

use crate::harness::{Ended, House, PASSPHRASE, Process, huis};
use crate::stories::acquainted;

/// The shared server trusts whoever comes; the password is there to be looked for.
const SECRET: &str = "s3cr3t-of-the-database";

fn database() -> Option<(huis_testpg::Database<'static>, String)> {
    let database = huis_testpg::shared()?.database();
    let address = database.address().replacen("postgres@", &format!("postgres:{SECRET}@"), 1);
    Some((database, address))
}

#[test]
fn people_write_to_each_other_over_a_server_on_postgresql_and_over_its_restart() {
    let Some((database, address)) = database() else { return };
    let mut house = House::open_with(&["--database", &address, "--log-level", "debug"]);
    let (a, b) = acquainted(&house);
    a.does(&["room", "create", "club", "@member-b"]).well();
    a.says("#club", "Is it there?");
    let ended = house.stop("TERM");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains(SECRET) && !ended.stdout.contains(SECRET), "{ended:?}");
    assert!(!house.data().join("huis.db").exists());
    house.start(&["--database", &address]);
    assert_eq!(b.hears_texts(1), ["Is it there?"]);
    b.says("#club", "It is.");
    assert_eq!(a.hears_texts(1), ["It is."]);
    assert_eq!(database.ask("SELECT count(*) FROM accounts"), "2");
}

#[test]
fn a_node_with_other_keys_is_refused_and_a_password_is_never_told() {
    let Some((_database, address)) = database() else { return };
    let _first = House::open_with(&["--database", &address]);
    let folder = tempfile::tempdir().unwrap();
    let serve = |address: &str, data: &std::path::Path| {
        let mut command = huis(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
        command.env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE).env("HUIS_DATABASE", address);
        Process::start(command, None).end()
    };
    // A database that was begun, and no keys at all: they are not made anew.
    let none = serve(&address, &folder.path().join("none"));
    assert!(none.code != Some(0) && none.stderr.contains("keys"), "{none:?}");
    // Keys of another server.
    let other = folder.path().join("other");
    let mut elsewhere = huis(&["serve", "--listen", "127.0.0.1:0", "--data", other.to_str().unwrap()]);
    elsewhere.env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE);
    Process::start(elsewhere, None).line();
    let other = serve(&address, &other);
    assert!(other.code != Some(0) && other.stderr.contains("other keys"), "{other:?}");
    let away = serve(&format!("postgres://huis:{SECRET}@127.0.0.1:9/huis"), &folder.path().join("none"));
    assert!(away.code != Some(0) && away.stderr.contains("can't be reached"), "{away:?}");
    let wrong = serve(&format!("postgres://huis:{SECRET}@127.0.0.1/huis?sslmode=prefer"), &folder.path().join("none"));
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    for ended in [none, other, away, wrong] {
        assert!(!ended.stderr.contains(SECRET), "{ended:?}");
    }
}

#[test]
fn a_database_elsewhere_is_checked_backed_up_by_its_own_tools_and_given_another_incarnation() {
    let Some((_database, address)) = database() else { return };
    let mut house = House::open_with(&["--database", &address]);
    let (a, b) = acquainted(&house);
    let data = house.data();
    let with = |address: &str, arguments: &[&str]| {
        let mut command = huis(arguments);
        command.args(["--json", "--data", data.to_str().unwrap()]).env("HUIS_DATABASE", address);
        command.env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE);
        Process::start(command, None).end()
    };
    let does = |arguments: &[&str]| with(&address, arguments);
    let check = ["serve", "--check", "--listen", "127.0.0.1:0"];
    let checked = does(&check);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.contains("answers") && !checked.stdout.contains(SECRET), "{checked:?}");
    let backup = house.path("backup");
    let backup = backup.to_str().unwrap();
    let refused = does(&["backup", backup]);
    assert!(!refused.stderr.contains(SECRET), "{refused:?}");
    refused.refused(1, "database-elsewhere");
    assert!(!house.path("backup").exists());
    assert_eq!(house.stop("TERM").code, Some(0));
    let minted = does(&["restore", "--mint-incarnation"]);
    assert_eq!(minted.objects()[0]["incarnation"].as_str().unwrap().len(), 32);
    house.start(&["--database", &address]);
    a.says("@member-b", "Is it there?");
    assert_eq!(b.hears_texts(1), ["Is it there?"]);
    house.kill();
    let away = with("postgres://huis@127.0.0.1:9/huis", &check);
    assert!(away.code == Some(1) && away.stdout.contains("can't be reached"), "{away:?}");
    let blobs = house.path("blobs");
    let check_with = |bus: &str| does(&[&check[..], &["--bus", bus, "--blobs", blobs.to_str().unwrap()]].concat());
    let without_bus = check_with("redis://127.0.0.1:9");
    assert!(without_bus.code == Some(0) && without_bus.stdout.contains("does not answer"), "{without_bus:?}");
    let Some(redis) = huis_testredis::Server::start() else { return };
    let with_bus = check_with(&redis.address());
    let is_well = |line: &str| line.contains("\"bus\"") && line.contains("\"ok\"");
    assert!(with_bus.code == Some(0) && with_bus.stdout.lines().any(is_well), "{with_bus:?}");
}

/// What a move says, as JSON; how it ended is left to the test.
fn migrate(house: &House, from: &str, to: &str) -> Ended {
    let mut command = huis(&["migrate-store", "--json", "--data", house.data().to_str().unwrap()]);
    command.env("HUIS_MIGRATE_FROM", from).env("HUIS_MIGRATE_TO", to);
    let ended = Process::start(command, None).end();
    assert!(!ended.stderr.contains(SECRET) && !ended.stdout.contains(SECRET), "{ended:?}");
    ended
}

#[test]
fn a_server_moves_to_postgresql_and_back_and_its_people_notice_nothing() {
    let Some((database, address)) = database() else { return };
    let mut house = House::open();
    let (a, b) = acquainted(&house);
    a.does(&["room", "create", "club", "@member-b"]).well();
    a.says("#club", "Before the move.");
    let served = migrate(&house, "sqlite", &address);
    assert!(served.code == Some(1) && served.stderr.contains("[database]"), "{served:?}");
    house.stop("TERM");
    let there = migrate(&house, "sqlite", &address);
    assert_eq!(there.code, Some(0), "{there:?}");
    let there: serde_json::Value = serde_json::from_str(&there.stdout).unwrap();
    assert!(there["rows"].as_u64().unwrap() > 20, "{there}");
    let again = migrate(&house, "sqlite", &address);
    assert!(again.code == Some(1) && again.stderr.contains("[target-not-empty]"), "{again:?}");
    let unmoved = migrate(&house, "sqlite", "sqlite:");
    assert_eq!(unmoved.code, Some(2), "{unmoved:?}");

    let elsewhere = house.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    for file in std::fs::read_dir(house.data()).unwrap().map(|file| file.unwrap()) {
        if file.file_name().to_str().unwrap().starts_with("huis.db") {
            std::fs::rename(file.path(), elsewhere.join(file.file_name())).unwrap();
        }
    }
    let back = migrate(&house, &address, "sqlite");
    assert_eq!(back.code, Some(0), "{back:?}");
    let back: serde_json::Value = serde_json::from_str(&back.stdout).unwrap();
    assert_eq!((&back["content_sha256"], &back["rows"]), (&there["content_sha256"], &there["rows"]));

    house.start(&["--database", &address]);
    assert_eq!(b.hears_texts(1), ["Before the move."]);
    b.says("#club", "Behind it.");
    assert_eq!(a.hears_texts(1), ["Behind it."]);
    house.stop("TERM");
    assert_eq!(database.ask("SELECT count(*) FROM accounts"), "2");
}

#[test]
fn no_server_starts_on_half_a_store() {
    let Some((database, address)) = database() else { return };
    let mut house = House::open();
    acquainted(&house);
    house.stop("TERM");
    // The beginning of a move from elsewhere.
    assert_eq!(migrate(&house, "sqlite", &address).code, Some(0));
    let content = "decode(repeat('00', 32), 'hex')";
    let source = "decode(repeat('07', 16), 'hex')";
    database.ask(&format!(
        "INSERT INTO moving_in (one, source, layout, moved, content) VALUES (1, {source}, 1, 7, {content})"
    ));
    let serves = |more: &[&str]| {
        let mut command = huis(&["serve", "--listen", "127.0.0.1:0", "--data", house.data().to_str().unwrap()]);
        command.args(more).env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE).env("HUIS_DATABASE", &address);
        Process::start(command, None).end()
    };
    let refused = serves(&[]);
    assert!(refused.code == Some(1) && refused.stderr.contains("huis migrate-store"), "{refused:?}");
    let checked = serves(&["--check"]);
    assert!(checked.code == Some(1) && checked.stdout.contains("huis migrate-store"), "{checked:?}");
    let other = migrate(&house, "sqlite", &address);
    assert!(other.code == Some(1) && other.stderr.contains("[other-move]"), "{other:?}");
}
