//! Identities that are renewed because somebody else may have them, and what can go wrong on the way.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_engine::{HttpRequest, Method};
use huis_proto::rest::Secret;
use huis_testkit::{Device, Faults, PASSWORD, story};
use huis_views::{Command, Connection, ContactView, Failure, Notice, RenewIdentity, Reply};

use crate::{is_alarming, nobody_is_alarmed, two_friends};

pub(crate) const NEW: &str = "seven green herons mend 31 bicycles";
const NEWER: &str = "four amber kettles borrow 88 umbrellas";

/// Device lists older than this are asked for before something is said.
pub(crate) const ASKED_ANEW: Duration = Duration::from_secs(2 * 3600);

pub(crate) fn is_handover(notice: &Notice) -> bool {
    matches!(notice, Notice::IdentityChanged { handed_over: true, .. })
}

pub(crate) fn is_refusal(notice: &Notice) -> bool {
    matches!(notice, Notice::DeviceListRefused { .. })
}

pub(crate) async fn contact(device: &Device, name: &str) -> ContactView {
    match device.command(Command::Contact { name: name.into() }).await {
        Reply::Contact(view) => *view,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn accepts_identity(device: &Device, name: &str) {
    device.command(Command::AcceptIdentity { name: name.into(), safety_number: None }).await;
}

/// Nothing alarming but this.
async fn is_alarmed_only_by(device: &Device, like: impl Fn(&Notice) -> bool) {
    let alarming: Vec<_> = device.noticed().await.into_iter().filter(|one| is_alarming(one) && !like(one)).collect();
    assert_eq!(alarming, [], "what {device:?} noticed");
}

#[test]
fn contacts_are_told_of_a_renewed_identity_and_say_nothing_in_private_before_they_accept_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        for each in [&bea, &cem] {
            each.hears_title("garden").await;
        }
        let before = contact(&bea, "ann").await;
        let device = ann.profile().await.device;
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        // Nobody has to say anything for it.
        for each in [&bea, &cem] {
            each.notices("the handover", is_handover).await;
        }
        assert_eq!(ann.profile().await.device, device);
        assert_eq!(bea.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        let shown = contact(&bea, "ann").await;
        assert!(shown.identity_changed && !shown.verified && !shown.broken);
        assert_ne!(shown.safety_number, before.safety_number);
        assert_eq!(shown.safety_number, contact(&ann, "bea").await.safety_number);

        bea.says("#garden", "the group goes on").await;
        ann.hears("#garden", "the group goes on").await;
        ann.says("#garden", "it does").await;
        cem.hears("#garden", "it does").await;
        ann.says("@bea", "it is me").await;
        bea.hears("@ann", "it is me").await;

        accepts_identity(&bea, "ann").await;
        bea.says("@ann", "so it is").await;
        ann.hears("@bea", "so it is").await;
        let accepted = contact(&bea, "ann").await;
        assert!(!accepted.identity_changed && !accepted.verified);
        ann.agrees_with(&[&bea, &cem], "#garden").await;
        nobody_is_alarmed(&[&ann]).await;
        for each in [&bea, &cem] {
            is_alarmed_only_by(each, is_handover).await;
        }
    });
}

pub(crate) fn renamed(name: &str) -> Failure {
    Failure::IdentityChanged { name: name.into() }
}

#[test]
fn what_was_stolen_opens_nothing_after_a_renewal_and_other_devices_are_out() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        let tablet = world.another_device_of(&ann).await;
        tablet.is_in("#garden").await;
        let (old_key, gone) = (ann.recovery_key(), tablet.profile().await.device);
        let in_group = async || bea.members("#garden").await.iter().any(|member| member.devices.contains(&gone));
        assert!(in_group().await);
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        bea.notices("the handover", is_handover).await;
        tablet.until("its session has ended", async || tablet.status().await.connection == Connection::Idle).await;
        bea.until("its leaf is gone", async || !in_group().await).await;

        assert_eq!(tablet.tries_to_sign_in().await.unwrap_err(), Failure::WrongPassword);
        assert_eq!(tablet.signs_in_by(NEW).await.unwrap_err(), Failure::Revoked);
        let blank = world.blank_device(&ann, "blank");
        blank.start();
        assert_eq!(blank.tries_to_sign_in().await.unwrap_err(), Failure::WrongPassword);
        assert_eq!(blank.recovers(&old_key, NEWER).await.unwrap_err(), Failure::WrongRecoveryKey);
        assert!(ann.password_is(NEW).await && !ann.password_is(PASSWORD).await);

        // A further device follows the handover as part of the chain, and is alarmed by nothing.
        blank.signs_in_by(NEW).await.unwrap();
        blank.has_settled().await;
        blank.says("#garden", "a new one").await;
        bea.hears("#garden", "a new one").await;
        ann.stops().await;
        let recovered = world.blank_device(&ann, "recovered");
        recovered.start();
        recovered.recovers(&ann.recovery_key(), NEWER).await.unwrap();
        recovered.has_settled().await;
        recovered.says("@bea", "by the new recovery key").await;
        bea.hears("@ann", "by the new recovery key").await;
        ann.start();
        ann.signs_in_by(NEWER).await.unwrap();
        ann.has_settled().await;
        nobody_is_alarmed(&[&ann, &blank, &recovered]).await;
    });
}

#[test]
fn the_same_password_a_weak_one_and_a_wrong_one_renew_nothing() {
    story(async |world| {
        let ann = world.account("ann").await;
        let identity = ann.profile().await.identity_key;
        assert!(matches!(ann.renews_identity(PASSWORD, PASSWORD).await, Err(Failure::Invalid { .. })));
        assert!(matches!(ann.renews_identity(PASSWORD, "ann").await, Err(Failure::WeakPassword { .. })));
        assert_eq!(ann.renews_identity(NEWER, NEW).await, Err(Failure::WrongPassword));
        assert_eq!(ann.profile().await.identity_key, identity);
        assert!(ann.password_is(PASSWORD).await);
    });
}

#[test]
fn what_one_device_accepts_counts_on_one_that_hears_of_the_handover_before_the_account_state() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let phone = world.another_device_of(&bea).await;
        phone.is_in("@ann").await;
        for each in [&bea, &phone] {
            each.has_settled().await;
        }
        phone.requests_pass(|request| (!request.path.ends_with("/account/state")).then_some(request));
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        bea.notices("the handover", is_handover).await;
        accepts_identity(&bea, "ann").await;
        bea.command(Command::SetVerified { name: "ann".into(), verified: true, safety_number: None }).await;
        bea.has_settled().await;
        phone.notices("the handover", is_handover).await;
        assert!(contact(&phone, "ann").await.identity_changed);
        phone.nobody_meddles();
        let is_accepted = async || {
            let known = contact(&phone, "ann").await;
            !known.identity_changed && known.verified
        };
        phone.until("it is accepted", is_accepted).await;
        // And the phone says nothing else to the others.
        phone.command(Command::SetVerified { name: "ann".into(), verified: true, safety_number: None }).await;
        phone.has_settled().await;
        world.passes(Duration::from_secs(3600)).await;
        for each in [&bea, &phone] {
            let known = contact(each, "ann").await;
            assert!(!known.identity_changed && known.verified, "{each:?}");
        }
    });
}

#[test]
fn what_one_device_accepts_the_account_has_accepted_and_a_new_device_accepts_nothing_by_itself() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let phone = world.another_device_of(&bea).await;
        phone.is_in("@ann").await;
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        for each in [&bea, &phone] {
            each.notices("the handover", is_handover).await;
        }
        bea.has_settled().await;
        phone.has_settled().await;
        world.passes(Duration::from_secs(60)).await;
        let tablet = world.another_device_of(&bea).await;
        assert_eq!(tablet.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        accepts_identity(&phone, "ann").await;
        for each in [&bea, &tablet] {
            each.until("it is accepted", async || !contact(each, "ann").await.identity_changed).await;
        }
        tablet.says("@ann", "it is you").await;
        ann.hears("@bea", "it is you").await;
    });
}

/// The requests of a renewal: a sign-in, and two steps.
const REQUESTS: usize = 4;

/// Loses the request of this number, or its answer; and all that follows, if `and_all_after`.
fn loses(device: &Device, number: usize, answer: bool, and_all_after: bool) {
    let seen = Cell::new(0);
    let is_lost = move |request: &HttpRequest| {
        let concerned =
            ["/sign-ins/", "/password/", "/account/identity"].iter().any(|part| request.path.contains(part));
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

/// Whether the renewal counts; either it does as a whole or not at all.
async fn counts(ann: &Device, old: &str, new: &str) -> bool {
    let (is_old, is_new) = (ann.password_is(old).await, ann.password_is(new).await);
    assert_ne!(is_old, is_new, "one of the two, with its vault");
    is_new
}

#[test]
fn whatever_gets_lost_or_crashes_while_an_identity_is_renewed_one_of_the_two_counts() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let (mut current, mut next) = (PASSWORD, NEW);
        let mut became_new = Vec::new();
        for and_all_after in [false, true] {
            for answer in [false, true] {
                for number in 0..REQUESTS {
                    loses(&ann, number, answer, and_all_after);
                    let renewed = ann.renews_identity(current, next).await;
                    ann.nobody_meddles();
                    ann.crashes().await;
                    world.server_crashes().await;
                    world.server_starts().await;
                    ann.start();
                    ann.is_connected().await;
                    world.passes(Duration::from_secs(60)).await;
                    let is_new = counts(&ann, current, next).await;
                    match &renewed {
                        Ok(()) => assert!(is_new),
                        Err(Failure::Offline { .. }) => {}
                        Err(other) => panic!("{number}: {other:?}"),
                    }
                    if is_new {
                        if renewed.is_err() {
                            // The recovery key that nobody has seen yet.
                            ann.renews_identity(current, next).await.unwrap();
                        }
                        (current, next) = (next, current);
                    }
                    became_new.push(is_new);
                    // A request that was lost for good is not waited for without end.
                    world.passes(Duration::from_secs(15 * 60)).await;
                }
            }
        }
        let only_the_last_answer = [false, false, false, false, false, false, false, true];
        assert_eq!(became_new, [only_the_last_answer, only_the_last_answer].concat());
        ann.has_settled().await;
        bea.notices("the handover", is_handover).await;
        accepts_identity(&bea, "ann").await;
        bea.says("@ann", "still there?").await;
        ann.hears("@bea", "still there?").await;
        // The recovery key that was shown last is the one.
        ann.recovers(&ann.recovery_key(), NEWER).await.unwrap();
        ann.has_settled().await;
        nobody_is_alarmed(&[&ann]).await;
    });
}

#[test]
fn whoever_renews_an_identity_may_die_after_any_transaction() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let (mut current, mut next) = (PASSWORD, NEW);
        let mut became_new = 0;
        for step in 1..=12 {
            ann.crashes().await;
            ann.starts_and_dies_after(step);
            let renewal = RenewIdentity { old: Secret::new(current), new: Secret::new(next), recovery_key: None };
            let _ = ann.attempts(Command::RenewIdentity(renewal)).await;
            ann.restarts().await;
            ann.has_settled().await;
            world.passes(Duration::from_secs(15 * 60)).await;
            if counts(&ann, current, next).await {
                became_new += 1;
                // Its recovery key, which nobody was shown.
                ann.renews_identity(current, next).await.unwrap();
                (current, next) = (next, current);
            }
        }
        assert!(became_new > 0, "some steps are behind the server's");
        ann.recovers(&ann.recovery_key(), NEWER).await.unwrap();
        ann.has_settled().await;
        bea.notices("the handover", is_handover).await;
        accepts_identity(&bea, "ann").await;
        bea.says("@ann", "still there?").await;
        ann.hears("@bea", "still there?").await;
        nobody_is_alarmed(&[&ann]).await;
    });
}

#[test]
fn the_recovery_key_of_a_renewal_is_shown_by_the_same_command_until_it_was_seen() {
    story(async |world| {
        let ann = world.account("ann").await;
        let renews = async |old: &str, new: &str| {
            let renewal = RenewIdentity { old: Secret::new(old), new: Secret::new(new), recovery_key: None };
            match ann.command(Command::RenewIdentity(renewal)).await {
                Reply::IdentityRenewed { recovery_key, earlier, new_password_counts, .. } => {
                    (recovery_key, earlier, new_password_counts)
                }
                other => panic!("{other:?}"),
            }
        };
        let (key, earlier, new_password_counts) = renews(PASSWORD, NEW).await;
        assert!(!earlier && new_password_counts);
        let identity = ann.profile().await.identity_key;
        ann.restarts().await;
        ann.is_connected().await;
        // Whose answer nobody saw, and who took that for a failure and tries another password.
        assert_eq!(renews(PASSWORD, NEW).await, (key.clone(), true, true));
        assert_eq!(renews(NEW, NEWER).await, (key.clone(), true, false));
        assert_eq!(ann.profile().await.identity_key, identity);
        ann.command(Command::RecoveryKeyShown { recovery_key: key.clone() }).await;
        let (another, earlier, _) = renews(NEW, NEWER).await;
        assert!(!earlier && another != key);
        assert_ne!(ann.profile().await.identity_key, identity);
    });
}

#[test]
fn who_saw_a_handover_refuses_what_a_restored_server_has_of_the_old_identity() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        bea.notices("the handover", is_handover).await;
        accepts_identity(&bea, "ann").await;
        let known = contact(&bea, "ann").await.safety_number;
        world.server_is_restored_from(&backup).await;
        bea.notices("the restore", |notice| matches!(notice, Notice::ServerRestored)).await;
        world.passes(ASKED_ANEW).await;
        let _ = bea.writes("@ann", "are you there?").await;
        bea.notices("the refused identity", is_refusal).await;
        assert_eq!(contact(&bea, "ann").await.safety_number, known);
    });
}

#[test]
fn no_vault_of_an_identity_that_was_signed_away_is_taken_from_a_restored_server() {
    story(async |world| {
        let ann = world.account("ann").await;
        let tablet = world.another_device_of(&ann).await;
        tablet.has_settled().await;
        tablet.stops().await;
        let backup = world.server_is_backed_up();
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        let renewed = ann.profile().await.identity_key;
        world.server_is_restored_from(&backup).await;
        ann.notices("the restore", |notice| matches!(notice, Notice::ServerRestored)).await;
        // Its vault gets the number that the renewed one had.
        tablet.start();
        tablet.is_connected().await;
        tablet.changes_password_and_ends_others(PASSWORD, NEWER).await.unwrap();
        ann.until("its session has ended", async || ann.status().await.connection == Connection::Idle).await;
        let failure = ann.signs_in_by(NEWER).await.unwrap_err();
        assert!(matches!(failure, Failure::BadAnswer { .. }), "{failure:?}");
        assert_eq!(ann.profile().await.identity_key, renewed);
    });
}

#[test]
fn a_state_that_is_sealed_anew_while_the_device_asks_for_it_alarms_nobody() {
    story(async |world| {
        let (ann, _bea) = two_friends(&world).await;
        // What the device stores arrives between the renewal and its answer.
        ann.network_is(Faults { delay: Duration::from_secs(60), ..Faults::NONE });
        ann.command(Command::SetVerified { name: "bea".into(), verified: true, safety_number: None }).await;
        world.passes(Duration::from_millis(1)).await;
        ann.network_is(Faults::NONE);
        let (slow, order) = (ann.clone(), Rc::new(RefCell::new(Vec::new())));
        let seen = Rc::clone(&order);
        ann.requests_pass(move |request| {
            if request.path.ends_with("/account/identity") {
                slow.network_is(Faults { delay: Duration::from_secs(900), ..Faults::NONE });
                seen.borrow_mut().push("renewal");
            } else if request.path.ends_with("/account/state") {
                slow.network_is(Faults::NONE);
                seen.borrow_mut().push(if request.method == Method::Put { "stores" } else { "asks" });
            }
            Some(request)
        });
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        ann.nobody_meddles();
        assert_eq!(order.take()[..3], ["renewal", "stores", "asks"]);
        ann.has_settled().await;
        nobody_is_alarmed(&[&ann]).await;
    });
}
