//! Identities that are renewed, and accounts that keep their password out of the vault.

use crate::harness::{House, PASSPHRASE, PASSWORD, Person};

const NEW: &str = "copper-violin-harbour-seventeen";

#[test]
fn an_identity_is_renewed_and_contacts_accept_it_after_a_comparison() {
    let house = House::open();
    let (a, b) = (house.person("member-a"), house.stranger("member-b"));
    let registered = b.registers().objects().remove(0);
    a.says("@member-b", "hello");
    b.hears(1);
    b.says("@member-a", "hello yourself");
    a.hears(1);
    let tablet = b.with_profile("tablet");
    tablet.logs_in().well();

    let same = [("HUIS_NEW_PASSWORD", PASSWORD)];
    b.does_with(&same, &["identity", "renew"]).refused(1, "invalid");
    let new = [("HUIS_NEW_PASSWORD", NEW)];
    let renewed = b.does_with(&new, &["identity", "renew", "--json"]).objects().remove(0);
    assert_eq!((&renewed["renewed"], &renewed["earlier"]), (&true.into(), &false.into()));
    let (old_key, key) = (&registered["recovery_key"], &renewed["recovery_key"]);
    assert!(key.as_str().unwrap().len() > 60 && key != old_key, "{renewed}");
    let b = b.with_password(Some(NEW));
    let identity = b.does(&["whoami", "--json"]).objects().remove(0);
    assert_ne!(identity["identity_key"], registered["identity_key"]);
    assert_eq!(identity["device"], registered["device"]);

    a.does(&["receive"]).well();
    a.does(&["send", "@member-b", "is it you?"]).refused(1, "held");
    let notices = a.does(&["notices"]).well();
    assert!(notices.contains("signed the account over"), "{notices}");
    let shown = a.does(&["verify", "@member-b", "--json"]).objects().remove(0);
    let own = b.does(&["verify", "@member-a", "--json"]).objects().remove(0);
    assert_eq!((&shown["identity_changed"], &shown["safety_number"]), (&true.into(), &own["safety_number"]));
    let number = shown["safety_number"].as_str().unwrap();
    let another = "0".repeat(60);
    a.does(&["verify", "@member-b", "--number", &another]).refused(1, "other-number");
    assert_eq!(a.does(&["verify", "@member-b", "--json"]).objects().remove(0)["verified"], false);
    a.does(&["verify", "@member-b", "--number", number]).well();
    a.says("@member-b", "so it is");
    assert_eq!(b.hears_texts(2), ["is it you?", "so it is"]);

    tablet.does(&["receive", "--timeout", "60"]).refused(1, "session-ended");
    tablet.with_password(Some(NEW)).logs_in().refused(1, "revoked");
    let old = [("HUIS_RECOVERY_KEY", old_key.as_str().unwrap()), ("HUIS_NEW_PASSWORD", PASSWORD)];
    let (url, machine) = (house.url(), b.with_profile("machine"));
    machine.does_with(&old, &["recover", "member-b", "--server", &url]).refused(1, "wrong-recovery-key");
    machine.logs_in().well();
}

#[test]
fn an_account_by_recovery_key_only_asks_for_it_where_the_vault_is_opened() {
    let house = House::open();
    let (url, b) = (house.url(), house.stranger("member-b"));
    let register = ["register", "member-b", "--server", &url, "--recovery-key-only", "--json"];
    let registered = b.does_with(&[("HUIS_ACCESS_PASSPHRASE", PASSPHRASE)], &register).objects().remove(0);
    let key = registered["recovery_key"].as_str().unwrap().to_owned();
    let with_key = |person: &Person, args: &[&str]| person.does_with(&[("HUIS_RECOVERY_KEY", &key)], args);

    let tablet = b.with_profile("tablet");
    let line = tablet.logs_in().refused(1, "needs-recovery-key");
    assert!(line.contains("HUIS_RECOVERY_KEY") && !line.contains(&key[..9]), "{line}");
    assert!(!tablet.profile.exists(), "a refused sign-in leaves nothing behind");
    let login = ["login", "member-b", "--server", &url, "--json"];
    let signed_in = with_key(&tablet, &login).objects().remove(0);
    let phone = b.with_profile("phone").with_password(None);
    let lines = format!("{PASSWORD}\n{key}\n");
    let by_lines = ["login", "member-b", "--server", &url, "--password-stdin", "--recovery-key-stdin"];
    phone.pipes(lines.as_bytes(), &by_lines).well();

    let revoke = ["devices", "revoke", signed_in["device"].as_str().unwrap()];
    b.does(&revoke).refused(1, "needs-recovery-key");
    with_key(&b, &revoke).well();
    let new = [("HUIS_NEW_PASSWORD", NEW), ("HUIS_RECOVERY_KEY", key.as_str())];
    b.does_with(&new, &["password", "--under-password"]).well();
    let laptop = b.with_profile("laptop").with_password(Some(NEW));
    laptop.logs_in().well();
    let old = [("HUIS_NEW_PASSWORD", PASSWORD)];
    laptop.does_with(&old, &["password", "--recovery-key-only"]).refused(1, "needs-recovery-key");
    laptop.does(&["logout"]).well();
}

#[test]
fn a_new_recovery_key_takes_the_place_of_the_one_before_and_other_devices_say_so() {
    let house = House::open();
    let b = house.stranger("member-b");
    let old = b.registers().objects().remove(0)["recovery_key"].as_str().unwrap().to_owned();
    let tablet = b.with_profile("tablet");
    tablet.logs_in().well();

    b.does(&["recovery-key", "new"]).refused(2, "usage");
    let wrong = b.with_password(Some(NEW)).does(&["recovery-key", "new", "--yes"]).refused(1, "wrong-password");
    assert!(!wrong.contains(NEW), "{wrong}");
    let changed = b.does(&["recovery-key", "new", "--json"]).objects().remove(0);
    assert_eq!((&changed["changed"], &changed["earlier"]), (&true.into(), &false.into()));
    let first = changed["recovery_key"].as_str().unwrap().to_owned();
    // Each is another one, and the drawing is a square of two rows in a line.
    let shown = b.does(&["recovery-key", "new", "--yes", "--qr"]).well();
    let is_key = |line: &&str| line.len() == 14 * 4 + 13 && line.split('-').count() == 14;
    let key = shown.lines().map(str::trim).find(is_key).unwrap().to_owned();
    assert!(key != first && first != old, "{shown}");
    let drawn: Vec<_> = shown.lines().filter(|line| line.starts_with("██")).map(|line| line.chars().count()).collect();
    assert!(drawn.len() >= 15 && drawn.iter().all(|width| *width == drawn[0] && *width >= 29), "{shown}");
    // A command that ends at once may be gone before its device has fetched what another one of the account stored.
    let is_told = |_| {
        tablet.does(&["receive"]).well();
        tablet.does(&["notices"]).well().contains("another recovery key")
    };
    assert!((0..100).any(is_told), "{}", tablet.does(&["notices"]).well());

    let machine = b.with_profile("machine").with_password(None);
    let url = house.url();
    let recover = |key: &str| {
        let given = [("HUIS_RECOVERY_KEY", key), ("HUIS_NEW_PASSWORD", NEW)];
        machine.does_with(&given, &["recover", "member-b", "--server", &url])
    };
    for dead in [&old, &first] {
        recover(dead).refused(1, "wrong-recovery-key");
    }
    recover(&key).well();
    b.with_profile("laptop").with_password(Some(NEW)).logs_in().well();
}
