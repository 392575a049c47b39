//! Commands that show a recovery key, and are cut off before anybody has seen it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{House, PASSPHRASE, Person};

const NEW: &str = "copper-violin-harbour-seventeen";

/// Runs a command whose reader is gone before it says anything.
fn unheard(mut command: Command) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn a_recovery_key_that_nobody_heard_is_shown_by_the_same_command() {
    let house = House::open();
    let b = house.stranger("member-b");
    let mut register = b.command(&["register", "member-b", "--server", b.url(), "--json"]);
    register.env("HUIS_ACCESS_PASSPHRASE", PASSPHRASE);
    unheard(register);
    let key = b.registers().objects().remove(0)["recovery_key"].clone();
    assert!(key.as_str().unwrap().len() > 60, "{key}");
    b.registers().refused(1, "already-signed-in");

    b.does(&["lock"]).well();
    let mut renew = b.command(&["identity", "renew", "--json"]);
    renew.env("HUIS_NEW_PASSWORD", NEW);
    unheard(renew);
    // The profile opens by the old password still, because nobody has heard of the new one.
    let new = [("HUIS_NEW_PASSWORD", NEW)];
    let renewed = b.does_with(&new, &["identity", "renew", "--json"]).objects().remove(0);
    assert_eq!((&renewed["earlier"], &renewed["new_password_counts"]), (&true.into(), &true.into()));
    assert!(renewed["recovery_key"].as_str().unwrap().len() > 60 && renewed["recovery_key"] != key, "{renewed}");
    b.does(&["whoami"]).refused(1, "wrong-password");
    b.with_password(Some(NEW)).does(&["whoami"]).well();
}

/// A way to a server on which the answer to a request gets lost, and all that follows until it is mended.
struct BadWay {
    url: String,
    is_cut: Arc<AtomicBool>,
}

impl BadWay {
    fn to(house: &House, loses_the_answer_to: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (is_cut, was_cut) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let server = house.url().split("://").last().unwrap().to_owned();
        let cut = Arc::clone(&is_cut);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { break };
                if cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&server) else { continue };
                let (cut, was_cut) = (Arc::clone(&cut), Arc::clone(&was_cut));
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (up_cut, up_was) = (Arc::clone(&cut), was_cut);
                std::thread::spawn(move || {
                    let mut bytes = [0; 65536];
                    while let Ok(count @ 1..) = from.read(&mut bytes) {
                        let is_it = String::from_utf8_lossy(&bytes[..count]).contains(loses_the_answer_to);
                        if is_it && !up_was.swap(true, Ordering::SeqCst) {
                            up_cut.store(true, Ordering::SeqCst);
                        }
                        if to.write_all(&bytes[..count]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
                std::thread::spawn(move || {
                    let (mut server, mut client) = (server, client);
                    let mut bytes = [0; 65536];
                    while let Ok(count @ 1..) = server.read(&mut bytes) {
                        if cut.load(Ordering::SeqCst) || client.write_all(&bytes[..count]).is_err() {
                            break;
                        }
                    }
                    let _ = client.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        Self { url, is_cut }
    }

    fn is_mended(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

#[test]
fn a_registration_whose_answer_got_lost_is_gone_on_with_and_nothing_of_it_is_deleted() {
    let house = House::open();
    let way = BadWay::to(&house, "/registrations/finish");
    let b = house.stranger("member-b");
    let register = |person: &Person, server: &str| {
        let args = ["register", "member-b", "--server", server, "--recovery-key-only", "--json"];
        person.does_with(&[("HUIS_ACCESS_PASSPHRASE", PASSPHRASE)], &args)
    };
    register(&b, &way.url).refused(1, "offline");
    let line = b.does(&["whoami"]).refused(1, "registration-cut-off");
    assert!(line.contains("@member-b") && line.contains(&way.url), "{line}");
    // What a sign-in that is refused finds there it leaves there.
    b.does(&["login", "member-b", "--server", &way.url]).refused(1, "offline");
    register(&b, &house.url()).refused(1, "registration-cut-off");
    way.is_mended();
    b.does(&["login", "member-b", "--server", &way.url]).refused(1, "needs-recovery-key");
    let registered = register(&b, &way.url).objects().remove(0);
    let key = registered["recovery_key"].as_str().unwrap();
    let tablet = b.with_profile("tablet");
    tablet.does_with(&[("HUIS_RECOVERY_KEY", key)], &["login", "member-b", "--server", &house.url()]).well();

    // Who gives it up has an empty profile.
    let way = BadWay::to(&house, "/registrations/finish");
    let c = house.stranger("member-c");
    let args = ["register", "member-c", "--server", way.url.as_str()];
    c.does_with(&[("HUIS_ACCESS_PASSPHRASE", PASSPHRASE)], &args).refused(1, "offline");
    c.does(&["logout", "--local"]).well();
    assert!(!c.profile.exists());
}
