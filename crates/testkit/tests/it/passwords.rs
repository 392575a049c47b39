//! Passwords that are changed and recovered, and what can go wrong on the way.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use huis_engine::HttpRequest;
use huis_proto::Bytes;
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{RecoveryVault, Secret, SignInStarted};
use huis_testkit::{Device, PASSWORD, story};
use huis_views::{Command, Connection, Failure, Register};

use crate::{nobody_is_alarmed, two_friends};

const NEW: &str = "seven green herons mend 31 bicycles";
const NEWER: &str = "four amber kettles borrow 88 umbrellas";

#[test]
fn a_new_password_opens_everything_and_the_old_one_nothing() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&ann).await;
        assert_eq!(ann.changes_password("not the old one at all", NEW).await, Err(Failure::WrongPassword));
        assert!(ann.password_is(PASSWORD).await);
        assert_eq!(ann.changes_password(PASSWORD, NEW).await, Ok(Some(0)));

        let late = world.blank_device(&ann, "a late device");
        late.start();
        assert_eq!(late.tries_to_sign_in().await.unwrap_err(), Failure::WrongPassword);
        late.signs_in_by(NEW).await.unwrap();
        late.has_settled().await;
        late.says("@bea", "from the late device").await;
        bea.hears("@ann", "from the late device").await;
        tablet.hears("@bea", "from the late device").await;
        tablet.says("@bea", "the tablet was never signed out").await;
        bea.hears("@ann", "the tablet was never signed out").await;
        // A device that has not seen the change takes the newer vault.
        assert_eq!(tablet.changes_password_and_ends_others(NEW, NEWER).await, Ok(Some(2)));
        for out in [&ann, &late] {
            out.until("its session has ended", async || out.status().await.connection == Connection::Idle).await;
        }
        ann.signs_in_by(NEWER).await.unwrap();
        ann.says("@bea", "back again").await;
        bea.hears("@ann", "back again").await;
        assert!(!ann.password_is(NEW).await && ann.password_is(NEWER).await);
        nobody_is_alarmed(&[&ann, &bea, &tablet]).await;
    });
}

#[test]
fn a_weak_password_is_refused_by_the_engine_before_anything_is_asked() {
    story(async |world| {
        let ann = world.account("ann").await;
        let key = ann.recovery_key();
        let asked = Rc::new(Cell::new(0));
        let counts = |device: &Device| {
            let asked = Rc::clone(&asked);
            device.requests_pass(move |request| {
                asked.set(asked.get() + u32::from(request.path.contains("start")));
                Some(request)
            });
        };
        let blank = world.blank_device(&ann, "blank");
        blank.start();
        counts(&ann);
        counts(&blank);
        let is_weak = |failure: Failure| matches!(failure, Failure::WeakPassword { .. });
        for weak in ["password123", "ann", "ann2026", "memory://huis"] {
            assert!(is_weak(ann.changes_password(PASSWORD, weak).await.unwrap_err()), "{weak}");
            assert!(is_weak(blank.recovers(&key, weak).await.unwrap_err()), "{weak}");
            let register = Register {
                username: "cem".into(),
                password: Secret::new(weak),
                email: None,
                admission: Default::default(),
                recovery_key_only: false,
                stay_signed_in: true,
            };
            assert!(is_weak(blank.tries(Command::Register(register)).await.unwrap_err()), "{weak}");
        }
        assert_eq!(asked.get(), 0);
    });
}

/// What gets lost on the way of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lost {
    Request,
    Answer,
}

/// Loses the request of this number, counted from 0, among those that have to do with passwords, and what follows it for
/// good if `and_all_after`.
fn loses(device: &Device, number: usize, lost: Lost, and_all_after: bool) -> Rc<Cell<usize>> {
    let seen = Rc::new(Cell::new(0));
    let is_lost = move |counted: usize| counted == number || (and_all_after && counted > number);
    let concerned = |request: &HttpRequest| {
        ["/sign-ins/", "/password/", "/recoveries/"].iter().any(|part| request.path.contains(part))
    };
    let counter = Rc::clone(&seen);
    match lost {
        Lost::Request => device.requests_pass(move |request| {
            let counted = counter.get();
            if concerned(&request) {
                counter.set(counted + 1);
            }
            (!concerned(&request) || !is_lost(counted)).then_some(request)
        }),
        Lost::Answer => device.answers_pass(move |request, answer| {
            let counted = counter.get();
            if concerned(request) {
                counter.set(counted + 1);
            }
            (!concerned(request) || !is_lost(counted)).then_some(answer)
        }),
    }
    seen
}

/// The one of the two that counts; another device tells.
async fn which_counts<'a>(witness: &Device, old: &'a str, new: &'a str) -> &'a str {
    let (old_counts, new_counts) = (witness.password_is(old).await, witness.password_is(new).await);
    assert_ne!(old_counts, new_counts, "one of the two, with its vault");
    if new_counts { new } else { old }
}

/// A sign-in, and two steps of the change.
const REQUESTS_OF_A_CHANGE: usize = 4;

#[test]
fn whatever_gets_lost_or_crashes_while_a_password_is_changed_one_of_the_two_counts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let witness = world.another_device_of(&ann).await;
        let (mut current, mut next) = (PASSWORD, NEW);
        let mut became_new = Vec::new();
        for and_all_after in [false, true] {
            for lost in [Lost::Request, Lost::Answer] {
                for number in 0..REQUESTS_OF_A_CHANGE {
                    let seen = loses(&ann, number, lost, and_all_after);
                    let answer = ann.changes_password(current, next).await;
                    ann.nobody_meddles();
                    assert!(seen.get() > number, "request {number} was made");
                    // Both sides forget whatever they had in memory alone.
                    ann.crashes().await;
                    world.server_crashes().await;
                    world.server_starts().await;
                    ann.start();
                    witness.is_connected().await;
                    ann.is_connected().await;
                    let counts = which_counts(&witness, current, next).await;
                    assert_eq!(which_counts(&ann, current, next).await, counts);
                    // A lost answer alone is made up for.
                    match answer {
                        Ok(None) => assert_eq!((counts, lost, and_all_after), (next, Lost::Answer, false)),
                        Err(Failure::Offline { .. }) => assert!(counts == current || and_all_after),
                        other => panic!("{number} {lost:?}: {other:?}"),
                    }
                    became_new.push(counts == next);
                    if counts == next {
                        (current, next) = (next, current);
                    }
                }
            }
        }
        // The one request that does it is the last, and it does it whether its answer comes or not.
        let only_the_last_answer = [false, false, false, false, false, false, false, true];
        assert_eq!(became_new, [only_the_last_answer, only_the_last_answer].concat());
        ann.says("@bea", "still here").await;
        bea.hears("@ann", "still here").await;
        nobody_is_alarmed(&[&ann, &bea, &witness]).await;
    });
}

#[test]
fn whoever_changes_the_password_may_die_after_any_transaction() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let witness = world.another_device_of(&ann).await;
        let (mut current, mut next) = (PASSWORD, NEW);
        for step in 1..=6 {
            ann.crashes().await;
            ann.starts_and_dies_after(step);
            let change = huis_views::ChangePassword {
                old: Secret::new(current),
                new: Secret::new(next),
                recovery_key: None,
                under_password: None,
                end_other_sessions: false,
            };
            let _ = ann.attempts(Command::ChangePassword(change)).await;
            ann.restarts().await;
            ann.has_settled().await;
            let counts = which_counts(&witness, current, next).await;
            assert_eq!(which_counts(&ann, current, next).await, counts, "step {step}");
            if counts == next {
                (current, next) = (next, current);
            }
        }
        ann.says("@bea", "still here").await;
        bea.hears("@ann", "still here").await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_forgotten_password_is_made_up_for_by_the_recovery_key_on_an_empty_device() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.opens_a_group("garden", &[&bea]).await;
        ann.says("#garden", "seeds").await;
        bea.hears("#garden", "seeds").await;
        ann.has_settled().await;
        let tablet = world.another_device_of(&ann).await;
        let fresh = world.blank_device(&ann, "recovered");
        fresh.start();
        fresh.recovers(&ann.recovery_key(), NEW).await.unwrap();
        fresh.has_settled().await;
        assert_eq!(fresh.profile().await.identity_key, ann.profile().await.identity_key);
        fresh.says("#garden", "from the recovered device").await;
        bea.hears("#garden", "from the recovered device").await;
        fresh.says("@bea", "and here").await;
        bea.hears("@ann", "and here").await;
        // All other devices are out, and come back by the new password.
        for out in [&ann, &tablet] {
            out.until("its session has ended", async || out.status().await.connection == Connection::Idle).await;
            assert_eq!(out.tries_to_sign_in().await.unwrap_err(), Failure::WrongPassword);
            out.signs_in_by(NEW).await.unwrap();
            out.hears("#garden", "from the recovered device").await;
        }
        bea.says("@ann", "welcome back").await;
        for device in [&ann, &tablet, &fresh] {
            device.hears("@bea", "welcome back").await;
        }
        // The recovery key is the same as before, also with the password that it has set.
        assert_eq!(tablet.changes_password(NEW, NEWER).await, Ok(Some(0)));
        let another = world.blank_device(&ann, "recovered again");
        another.start();
        ann.stops().await;
        another.recovers(&ann.recovery_key(), NEW).await.unwrap();
        another.has_settled().await;
        // A device that was off meanwhile has heard of nothing when it signs in.
        ann.start();
        ann.signs_in_by(NEW).await.unwrap();
        ann.has_settled().await;
        ann.says("@bea", "and again").await;
        bea.hears("@ann", "and again").await;
        nobody_is_alarmed(&[&ann, &bea, &tablet, &fresh, &another]).await;
    });
}

#[test]
fn a_device_that_is_signed_in_goes_on_after_it_has_recovered_its_account() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let device = ann.profile().await.device;
        let other = Failure::AlreadySignedIn { username: "bea".into() };
        assert_eq!(bea.tries(recovery_of("ann", &ann.recovery_key())).await.unwrap_err(), other);
        ann.recovers(&ann.recovery_key(), NEW).await.unwrap();
        ann.has_settled().await;
        assert_eq!(ann.profile().await.device, device);
        ann.says("@bea", "the same device").await;
        bea.hears("@ann", "the same device").await;
        assert!(ann.password_is(NEW).await);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

fn recovery_of(name: &str, key: &Secret) -> Command {
    Command::Recover(huis_views::Recover {
        username: name.into(),
        recovery_key: key.clone(),
        password: Secret::new(NEW),
        stay_signed_in: true,
    })
}

#[test]
fn another_accounts_recovery_key_an_unknown_name_and_a_mistyped_key_change_nothing() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let blank = world.blank_device(&ann, "blank");
        blank.start();
        let wrong = blank.recovers(&bea.recovery_key(), NEW).await.unwrap_err();
        assert_eq!(wrong, Failure::WrongRecoveryKey);
        let unknown = blank.tries(recovery_of("nobody", &ann.recovery_key())).await.unwrap_err();
        assert_eq!(unknown, wrong);
        let mistyped = ann.recovery_key().expose().replacen(['2', '3', '4', '5', '6'], "7", 1);
        let mistyped = blank.recovers(&Secret::new(mistyped), NEW).await.unwrap_err();
        assert!(matches!(&mistyped, Failure::Invalid { reason } if reason.contains("typing mistake")), "{mistyped:?}");
        for device in [&ann, &bea] {
            assert!(device.password_is(PASSWORD).await);
            device.has_settled().await;
        }
    });
}

/// Start, vault, finish.
const REQUESTS_OF_A_RECOVERY: usize = 3;

#[test]
fn whatever_gets_lost_while_an_account_is_recovered_one_of_the_two_passwords_counts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let key = ann.recovery_key();
        let mut became_new = Vec::new();
        for (round, (lost, number)) in [Lost::Request, Lost::Answer]
            .into_iter()
            .flat_map(|lost| (0..REQUESTS_OF_A_RECOVERY).map(move |number| (lost, number)))
            .enumerate()
        {
            let (old, new) = (if became_new.contains(&true) { NEW } else { PASSWORD }, NEW);
            let fresh = world.blank_device(&ann, &format!("fresh {round}"));
            fresh.start();
            let seen = loses(&fresh, number, lost, false);
            let answer = fresh.recovers(&key, new).await;
            fresh.nobody_meddles();
            assert!(seen.get() > number);
            fresh.crashes().await;
            world.server_crashes().await;
            world.server_starts().await;
            fresh.start();
            let recovered = answer.is_ok();
            if recovered {
                fresh.has_settled().await;
                fresh.says("@bea", "recovered").await;
                bea.hears("@ann", "recovered").await;
            } else {
                assert!(matches!(answer, Err(Failure::Offline { .. })), "{number} {lost:?}: {answer:?}");
                // Nothing has happened: the other device is signed in still.
                ann.is_connected().await;
                assert!(ann.password_is(old).await);
            }
            became_new.push(recovered);
        }
        // The last request does it, and a lost answer is made up for by signing in with the new password.
        assert_eq!(became_new, [false, false, false, false, false, true]);
    });
}

#[test]
fn an_account_with_older_parameters_signs_in_and_a_new_password_raises_them() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let raised = StretchParameters { passes: 4, ..StretchParameters::LEAST };
        world.server_stretches_passwords_by(raised).await;
        let tablet = world.blank_device(&ann, "tablet");
        let stated = Rc::new(RefCell::new(Vec::new()));
        let heard = Rc::clone(&stated);
        tablet.answers_pass(move |request, answer| {
            if request.path.ends_with("/sign-ins/start") {
                let started: SignInStarted = serde_json::from_slice(&answer.body).unwrap();
                heard.borrow_mut().push(started.stretch);
            }
            Some(answer)
        });
        tablet.start();
        tablet.signs_in().await;
        assert_eq!(stated.take(), [StretchParameters::LEAST]);
        // The same password will do.
        tablet.changes_password(PASSWORD, PASSWORD).await.unwrap();
        stated.take();
        assert!(tablet.password_is(PASSWORD).await);
        assert_eq!(stated.take(), [raised]);
        let cem = world.account("cem").await;
        cem.says("@bea", "registered with the raised ones").await;
        bea.accepts("@cem").await;
    });
}

#[test]
fn a_server_that_gives_another_vault_at_a_recovery_is_refused_and_nothing_is_set() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let fresh = world.blank_device(&ann, "fresh");
        let finished = Rc::new(Cell::new(false));
        let seen = Rc::clone(&finished);
        let bea_account = bea.profile().await.account;
        for forgery in ["a changed vault", "another account", "another identity"] {
            let seen = Rc::clone(&seen);
            fresh.answers_pass(move |request, mut answer| {
                seen.set(seen.get() || request.path.ends_with("/recoveries/finish"));
                if request.path.ends_with("/recoveries/vault") {
                    let mut given: RecoveryVault = serde_json::from_slice(&answer.body).unwrap();
                    match forgery {
                        "a changed vault" => {
                            let mut bytes = given.vault.sealed.to_vec();
                            *bytes.last_mut().unwrap() ^= 1;
                            given.vault.sealed = Bytes(bytes);
                        }
                        "another account" => given.account = bea_account,
                        _ => given.identity_key.0[0] ^= 1,
                    }
                    answer.body = serde_json::to_vec(&given).unwrap();
                }
                Some(answer)
            });
            if forgery == "a changed vault" {
                fresh.start();
            }
            let refused = fresh.recovers(&ann.recovery_key(), NEW).await.unwrap_err();
            assert!(matches!(refused, Failure::BadAnswer { .. }), "{forgery}: {refused:?}");
        }
        assert!(!finished.get(), "the new password never left the device");
        assert!(ann.password_is(PASSWORD).await);
    });
}
