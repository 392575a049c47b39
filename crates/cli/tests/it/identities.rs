//! Accounts that keep their password out of the vault.

use crate::harness::{House, PASSPHRASE, PASSWORD, Person};

const NEW: &str = "copper-violin-harbour-seventeen";

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
