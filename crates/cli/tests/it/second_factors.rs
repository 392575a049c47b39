//! A second factor, with an authenticator of the test's own.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use serde_json::Value;
use sha1::Sha1;

use crate::harness::{House, PASSWORD, Person};

const NEW: &str = "copper-violin-harbour-seventeen";

/// Somebody's authenticator.
struct Authenticator(Vec<u8>);

impl Authenticator {
    fn new(base32: &str) -> Self {
        let digit = |c: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap() as u64;
        let characters: Vec<char> = base32.chars().collect();
        let groups = characters.chunks_exact(8).map(|group| group.iter().fold(0, |bits, c| bits << 5 | digit(*c)));
        Self(groups.flat_map(|bits: u64| bits.to_be_bytes()[3..].to_vec()).collect())
    }

    /// The code of the step that is `ahead` of the present one.
    fn code(&self, ahead: u64) -> String {
        let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30 + ahead;
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap();
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[19] & 15);
        let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// Turns it on, by the code of the present step.
fn enables(person: &Person) -> (Authenticator, Vec<String>) {
    let (mut process, mut input) = person.converses(&["second-factor", "enable", "--json"]);
    let begun: Value = process.object();
    let (secret, address) = (begun["secret"].as_str().unwrap(), begun["address"].as_str().unwrap());
    assert!(address.starts_with("otpauth://totp/Huis:") && address.contains(&format!("secret={secret}&")), "{address}");
    let authenticator = Authenticator::new(secret);
    writeln!(input, "{}", authenticator.code(0)).unwrap();
    let made = process.object();
    process.end().well();
    let codes = made["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
    (authenticator, codes.collect())
}

#[test]
fn a_second_factor_is_asked_for_wherever_the_account_is_opened() {
    let house = House::open();
    let b = house.person("member-b");
    let status = |person: &Person| person.does(&["second-factor", "status", "--json"]).objects().remove(0);
    assert_eq!(status(&b)["enabled"], false);
    let (authenticator, codes) = enables(&b);
    assert_eq!((status(&b)["enabled"].clone(), status(&b)["codes_left"].clone()), (true.into(), 10.into()));
    assert_eq!(codes.len(), 10);
    let line = b.does(&["second-factor", "enable"]).refused(1, "state-conflict");
    assert!(line.contains("has a second factor already"), "{line}");

    let tablet = b.with_profile("tablet");
    let line = tablet.logs_in().refused(1, "needs-second-factor");
    assert!(line.contains("HUIS_CODE") && line.contains("--code"), "{line}");
    assert!(!tablet.profile.exists(), "a refused sign-in leaves nothing behind");
    let wrong = tablet.with_password(Some(NEW)).logs_in().refused(1, "wrong-password");
    assert!(!wrong.contains("factor"), "{wrong}");
    let (url, with) =
        (house.url(), |person: &Person, code: &str, args: &[&str]| person.does_with(&[("HUIS_CODE", code)], args));
    let login = ["login", "member-b", "--server", &url];
    with(&tablet, "not a code", &login).refused(1, "wrong-second-factor");
    // A clock that is half a minute fast is taken.
    let early = authenticator.code(1);
    with(&tablet, &early, &login).well();
    let phone = b.with_profile("phone");
    let line = with(&phone, &early, &login).refused(1, "wrong-second-factor");
    assert!(!line.contains(&early), "{line}");
    phone.does(&[&login[..], &["--code", &codes[0]]].concat()).well();
    assert_eq!(status(&b)["codes_left"], 9);

    // What opens the vault asks for it as well; what only needs the session does not.
    let new = ("HUIS_NEW_PASSWORD", NEW);
    b.does_with(&[new], &["password"]).refused(1, "needs-second-factor");
    b.does_with(&[new, ("HUIS_CODE", &codes[1])], &["password"]).well();
    let b = b.with_password(Some(NEW));
    b.does(&["recovery-key", "new", "--yes"]).refused(1, "needs-second-factor");
    with(&b, &codes[2], &["recovery-key", "new", "--json"]).objects();
    b.does(&["receive"]).well();
    let made = with(&b, &codes[3], &["second-factor", "codes", "--json"]).objects().remove(0);
    let made = made["recovery_codes"][0].as_str().unwrap().to_owned();
    with(&b, &codes[4], &["second-factor", "disable"]).refused(1, "wrong-second-factor");
    b.does(&["second-factor", "disable"]).refused(1, "needs-second-factor");
    with(&b, &made, &["second-factor", "disable"]).well();
    assert_eq!(status(&b)["enabled"], false);
    b.with_profile("laptop").logs_in().well();
}

#[test]
fn who_lost_the_authenticator_and_forgot_the_password_needs_a_recovery_code_and_the_recovery_key() {
    let house = House::open();
    let b = house.stranger("member-b");
    let key = b.registers().objects().remove(0)["recovery_key"].as_str().unwrap().to_owned();
    let (_, codes) = enables(&b);
    let (url, machine) = (house.url(), b.with_profile("machine").with_password(None));
    let given = [("HUIS_RECOVERY_KEY", key.as_str()), ("HUIS_NEW_PASSWORD", NEW)];
    let recover = ["recover", "member-b", "--server", &url];
    machine.does_with(&given, &recover).refused(1, "needs-second-factor");
    assert!(b.does(&["second-factor", "status"]).well().contains("10 recovery codes"), "nothing has happened");
    let with_code = [given[0], given[1], ("HUIS_CODE", codes[0].as_str())];
    machine.does_with(&with_code, &recover).well();
    machine.does(&["receive"]).well();
    b.with_password(Some(PASSWORD)).logs_in().refused(1, "wrong-password");
}

#[test]
fn a_wrong_first_code_turns_nothing_on() {
    let house = House::open();
    let b = house.person("member-b");
    let (mut process, mut input) = b.converses(&["second-factor", "enable"]);
    let mut shown = String::new();
    while !shown.contains("or to type:") {
        shown.push_str(&process.line());
        shown.push('\n');
    }
    let drawn: Vec<_> = shown.lines().filter(|line| line.starts_with("██")).map(|line| line.chars().count()).collect();
    assert!(drawn.len() >= 20 && drawn.iter().all(|width| *width == drawn[0]), "{shown}");
    writeln!(input, "abcdef").unwrap();
    process.end().refused_after_output(1, "wrong-second-factor");
    assert_eq!(b.does(&["second-factor", "status", "--json"]).objects()[0]["enabled"], false);
    b.with_profile("tablet").logs_in().well();
}
