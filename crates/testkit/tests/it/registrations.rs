//! Accounts that are made while the network or the device fails.

use std::cell::Cell;

use huis_engine::HttpRequest;
use huis_proto::rest::{Admission, Secret};
use huis_testkit::{Device, PASSWORD, World, story};
use huis_views::{Command, Failure, Register, Reply};

const OTHER: &str = "seven green herons mend 31 bicycles";

fn registration(name: &str, password: &str) -> Command {
    Command::Register(Register {
        username: name.into(),
        password: Secret::new(password),
        email: None,
        admission: Admission::default(),
        recovery_key_only: true,
        stay_signed_in: true,
    })
}

/// Asks for an account, and sees its recovery key without saying so.
async fn registers_unseen(device: &Device) -> Secret {
    match device.command(registration(device.name(), PASSWORD)).await {
        Reply::Registered { recovery_key, .. } => recovery_key,
        other => panic!("{other:?}"),
    }
}

/// The recovery key is the account's: with it a further device comes in.
async fn opens(world: &World, first: &Device) {
    let tablet = world.blank_device(first, "tablet");
    tablet.start();
    tablet.signs_in_with(PASSWORD, Some(&first.recovery_key())).await.unwrap();
}

/// Loses the request of this number, or its answer; and all that follows, if `and_all_after`.
fn loses(device: &Device, number: usize, answer: bool, and_all_after: bool) {
    let seen = Cell::new(0);
    let is_lost = move |request: &HttpRequest| {
        let concerned = ["/registrations/", "/sign-ins/", "/devices", "/key-packages"];
        let concerned = concerned.iter().any(|part| request.path.contains(part));
        let counted = seen.get();
        seen.set(counted + usize::from(concerned));
        (concerned && counted == number) || (and_all_after && seen.get() > number)
    };
    if answer {
        device.answers_pass(move |request, response| (!is_lost(request)).then_some(response));
    } else {
        device.requests_pass(move |request| (!is_lost(&request)).then_some(request));
    }
}

#[test]
fn whatever_gets_lost_while_an_account_is_made_its_recovery_key_is_shown_in_the_end() {
    story(async |world| {
        for and_all_after in [false, true] {
            for answer in [false, true] {
                // Two steps of a registration, and the key packages behind it.
                for number in 0..3 {
                    let name = format!("bea-{number}-{answer}-{and_all_after}");
                    let bea = world.blank_account(&name);
                    bea.start();
                    loses(&bea, number, answer, and_all_after);
                    let registered = bea.tries_to_register_by_recovery_key_only().await;
                    bea.nobody_meddles();
                    match &registered {
                        Ok(_) => assert!(number > 0, "{name}"),
                        Err(Failure::Offline { .. }) => {
                            bea.restarts().await;
                            let is_known = match bea.tries(Command::WhoAmI).await.unwrap_err() {
                                Failure::RegistrationCutOff { username, .. } => username == name,
                                other => {
                                    assert_eq!(other, Failure::NotSignedIn);
                                    false
                                }
                            };
                            assert_eq!(is_known, number > 0, "{name}");
                            bea.registers_by_recovery_key_only().await;
                        }
                        Err(other) => panic!("{name}: {other:?}"),
                    }
                    opens(&world, &bea).await;
                }
            }
        }
    });
}

#[test]
fn whoever_makes_an_account_may_die_after_any_transaction() {
    story(async |world| {
        for step in 1..=8 {
            let bea = world.blank_account(&format!("bea-{step}"));
            bea.starts_and_dies_after(step);
            let _ = bea.attempts(registration(bea.name(), PASSWORD)).await;
            bea.restarts().await;
            bea.registers_by_recovery_key_only().await;
            opens(&world, &bea).await;
        }
    });
}

#[test]
fn the_recovery_key_of_a_fresh_account_is_shown_by_the_same_command_until_it_was_seen() {
    story(async |world| {
        let bea = world.blank_account("bea");
        bea.start();
        let key = registers_unseen(&bea).await;
        bea.restarts().await;
        bea.is_connected().await;
        assert_eq!(bea.tries(registration("bea", OTHER)).await.unwrap_err(), Failure::WrongPassword);
        let signed_in = Failure::AlreadySignedIn { username: "bea".into() };
        assert_eq!(bea.tries(registration("cem", PASSWORD)).await.unwrap_err(), signed_in);
        let other = world.account("ann").await.recovery_key();
        bea.command(Command::RecoveryKeyShown { recovery_key: other }).await;
        assert_eq!(registers_unseen(&bea).await, key);
        bea.command(Command::RecoveryKeyShown { recovery_key: key }).await;
        assert_eq!(bea.tries(registration("bea", PASSWORD)).await.unwrap_err(), signed_in);
    });
}
