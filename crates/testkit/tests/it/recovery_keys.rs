//! Recovery keys that are changed, and what can go wrong on the way.

use std::cell::Cell;
use std::rc::Rc;

use huis_proto::rest::Secret;
use huis_testkit::{Device, PASSWORD, World, story};
use huis_views::{ChangeRecoveryKey, Command, Failure, Notice, Reply};

use crate::{nobody_is_alarmed, two_friends};

const NEW: &str = "seven green herons mend 31 bicycles";
const NEWER: &str = "four amber kettles borrow 88 umbrellas";

fn change(password: &str) -> Command {
    Command::ChangeRecoveryKey(ChangeRecoveryKey { password: Secret::new(password), recovery_key: None })
}

/// Whether this recovery key opens the account, on an empty device; the password is the new one then.
async fn recovers(world: &World, ann: &Device, name: &str, key: &Secret, password: &str) -> bool {
    let fresh = world.blank_device(ann, name);
    fresh.start();
    match fresh.recovers(key, password).await {
        Ok(()) => {
            fresh.has_settled().await;
            true
        }
        Err(Failure::WrongRecoveryKey) => false,
        Err(failure) => panic!("{failure:?}"),
    }
}

/// The same on the device itself, which goes on: an account has no more than twenty devices.
async fn recovers_here(ann: &Device, key: &Secret, password: &str) -> bool {
    match ann.recovers(key, password).await {
        Ok(()) => {
            ann.has_settled().await;
            true
        }
        Err(Failure::WrongRecoveryKey) => false,
        Err(failure) => panic!("{failure:?}"),
    }
}

#[test]
fn a_new_recovery_key_opens_everything_and_the_old_one_nothing() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&ann).await;
        let old = ann.recovery_key();
        assert_eq!(ann.changes_recovery_key("not the password at all").await, Err(Failure::WrongPassword));
        assert_eq!(ann.recovery_key(), old);
        ann.changes_recovery_key(PASSWORD).await.unwrap();
        let key = ann.recovery_key();
        assert_ne!(key, old);
        tablet.notices("the new key", |notice| matches!(notice, Notice::RecoveryKeyChanged)).await;
        // The password is as it was, and a new one is sealed beside the new key.
        assert!(tablet.password_is(PASSWORD).await);
        assert_eq!(tablet.changes_password(PASSWORD, NEW).await, Ok(Some(0)));
        assert!(!recovers(&world, &ann, "by the old key", &old, NEWER).await);
        assert!(ann.password_is(NEW).await, "nothing was set");
        ann.says("@bea", "still signed in").await;
        bea.hears("@ann", "still signed in").await;
        assert!(recovers(&world, &ann, "by the new key", &key, NEWER).await);
        nobody_is_alarmed(&[&bea]).await;
    });
}

#[test]
fn the_device_that_made_the_key_and_one_that_comes_later_hear_of_nothing() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        ann.changes_recovery_key(PASSWORD).await.unwrap();
        ann.has_settled().await;
        let tablet = world.another_device_of(&ann).await;
        tablet.has_settled().await;
        nobody_is_alarmed(&[&ann, &tablet]).await;
    });
}

/// What gets lost on the way of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lost {
    Request,
    Answer,
}

/// Loses the request of this number, counted from 0, among those of a change, and what follows it for good.
fn loses(device: &Device, number: usize, lost: Lost, and_all_after: bool) -> Rc<Cell<usize>> {
    let seen = Rc::new(Cell::new(0));
    let counter = Rc::clone(&seen);
    let is_lost = move |path: &str| {
        if !path.contains("/sign-ins/") && !path.ends_with("/recovery-key") {
            return false;
        }
        let counted = counter.replace(counter.get() + 1);
        counted == number || (and_all_after && counted > number)
    };
    match lost {
        Lost::Request => device.requests_pass(move |request| (!is_lost(&request.path)).then_some(request)),
        Lost::Answer => device.answers_pass(move |request, answer| (!is_lost(&request.path)).then_some(answer)),
    }
    seen
}

#[test]
fn of_two_changes_at_once_the_one_that_came_second_forgets_no_key_but_its_own() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        let old = ann.recovery_key();
        // No password opens the vault: a key that counts and is forgotten is lost for good.
        ann.changes_password_with(Some(&old), PASSWORD, PASSWORD, Some(false)).await.unwrap();
        let lost = Rc::new(Cell::new(0));
        let counter = Rc::clone(&lost);
        // Whichever counts, its device does not hear of it before the other one was refused.
        ann.answers_pass(move |request, answer| {
            let is_lost = request.path.ends_with("/recovery-key") && answer.status == 204;
            counter.set(counter.get() + u32::from(is_lost));
            (!is_lost).then_some(answer)
        });
        let wish = || ChangeRecoveryKey { password: Secret::new(PASSWORD), recovery_key: Some(old.clone()) };
        let (one, other) = futures_util::join!(
            ann.tries(Command::ChangeRecoveryKey(wish())),
            ann.tries(Command::ChangeRecoveryKey(wish()))
        );
        ann.nobody_meddles();
        assert_eq!(lost.get(), 1);
        let key = |answer| match answer {
            Ok(Reply::RecoveryKeyChanged { recovery_key, .. }) => recovery_key,
            other => panic!("{other:?}"),
        };
        let key = [one, other].map(key);
        assert_eq!(key[0], key[1]);
        assert!(recovers(&world, &ann, "recovered", &key[0], NEW).await);
    });
}

/// A sign-in, and the change.
const REQUESTS_OF_A_CHANGE: usize = 3;

#[test]
fn whatever_gets_lost_or_crashes_while_a_recovery_key_is_changed_one_of_the_two_counts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let (mut password, mut next) = (PASSWORD, NEW);
        let mut became_new = Vec::new();
        for and_all_after in [false, true] {
            for lost in [Lost::Request, Lost::Answer] {
                for number in 0..REQUESTS_OF_A_CHANGE {
                    let old = ann.recovery_key();
                    let seen = loses(&ann, number, lost, and_all_after);
                    let answer = ann.tries(change(password)).await;
                    ann.nobody_meddles();
                    assert!(seen.get() > number, "request {number} was made");
                    // Both sides forget whatever they had in memory alone.
                    ann.crashes().await;
                    world.server_crashes().await;
                    world.server_starts().await;
                    ann.start();
                    ann.is_connected().await;
                    match &answer {
                        // A lost answer alone is made up for.
                        Ok(_) => assert_eq!((lost, number, and_all_after), (Lost::Answer, 2, false)),
                        Err(failure) => assert!(matches!(failure, Failure::Offline { .. }), "{failure:?}"),
                    }
                    let name = format!("{number} {lost:?} {and_all_after}");
                    let old_counts = recovers_here(&ann, &old, next).await;
                    if old_counts {
                        (password, next) = (next, password);
                    }
                    became_new.push(!old_counts);
                    // The same command shows the one that counts, where nobody has seen it, or makes another one.
                    let Reply::RecoveryKeyChanged { recovery_key, earlier, .. } = ann.command(change(password)).await
                    else {
                        panic!("no key")
                    };
                    assert_eq!(earlier, !old_counts, "{name}");
                    if let Ok(Reply::RecoveryKeyChanged { recovery_key: shown, .. }) = &answer {
                        assert_eq!(*shown, recovery_key);
                    }
                    ann.command(Command::RecoveryKeyShown { recovery_key: recovery_key.clone() }).await;
                    // Written down, it opens the account.
                    assert!(recovers_here(&ann, &recovery_key, next).await);
                    (password, next) = (next, password);
                    ann.changes_recovery_key(password).await.unwrap();
                }
            }
        }
        // The one request that does it is the last, and it does it whether its answer comes or not.
        let only_the_last_answer = [false, false, false, false, false, true];
        assert_eq!(became_new, [only_the_last_answer, only_the_last_answer].concat());
        ann.says("@bea", "still here").await;
        bea.hears("@ann", "still here").await;
    });
}

#[test]
fn whoever_changes_the_recovery_key_may_die_after_any_transaction() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let mut became_new = 0;
        for step in 1..=8 {
            ann.crashes().await;
            ann.starts_and_dies_after(step);
            let _ = ann.attempts(change(PASSWORD)).await;
            ann.restarts().await;
            ann.has_settled().await;
            let Reply::RecoveryKeyChanged { recovery_key, earlier, .. } = ann.command(change(PASSWORD)).await else {
                panic!("no key")
            };
            became_new += u32::from(earlier);
            ann.command(Command::RecoveryKeyShown { recovery_key }).await;
        }
        assert!(became_new > 0, "some steps are behind the server's");
        // What was shown last is what counts.
        ann.changes_recovery_key(PASSWORD).await.unwrap();
        assert!(recovers(&world, &ann, "recovered", &ann.recovery_key(), NEW).await);
        ann.signs_in_by(NEW).await.unwrap();
        ann.says("@bea", "still here").await;
        bea.hears("@ann", "still here").await;
    });
}

#[test]
fn a_new_recovery_key_and_a_new_password_at_once_both_come_to_count_or_one_is_refused() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&ann).await;
        let (key, password) =
            futures_util::join!(ann.changes_recovery_key(PASSWORD), tablet.changes_password(PASSWORD, NEW));
        let counts = if password.is_ok() { NEW } else { PASSWORD };
        assert!(ann.password_is(counts).await && tablet.password_is(counts).await);
        // Whoever came second was told so: the password is another one, or the vault is.
        match (&key, &password) {
            (Ok(()), Ok(_)) | (Ok(()), Err(Failure::Refused { .. })) | (Err(Failure::WrongPassword), Ok(_)) => {}
            (Err(Failure::Refused { .. }), Ok(_)) => {}
            other => panic!("{other:?}"),
        }
        assert!(recovers(&world, &ann, "recovered", &ann.recovery_key(), NEWER).await);
    });
}

#[test]
fn an_account_by_recovery_key_only_changes_it_by_the_one_before() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        let old = ann.recovery_key();
        ann.changes_password_with(Some(&old), PASSWORD, PASSWORD, Some(false)).await.unwrap();
        assert_eq!(ann.changes_recovery_key(PASSWORD).await, Err(Failure::NeedsRecoveryKey));
        ann.changes_recovery_key_with(Some(&old), PASSWORD).await.unwrap();
        assert_ne!(ann.recovery_key(), old);
        // The password opens it as little as before.
        assert_eq!(ann.changes_recovery_key_with(Some(&old), PASSWORD).await, Err(Failure::WrongRecoveryKey));
        let tablet = world.blank_device(&ann, "tablet");
        tablet.start();
        assert_eq!(tablet.signs_in_with(PASSWORD, None).await, Err(Failure::NeedsRecoveryKey));
        tablet.signs_in_with(PASSWORD, Some(&ann.recovery_key())).await.unwrap();
    });
}
