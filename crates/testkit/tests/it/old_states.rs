//! A server that gives an older account state than the one that a device has seen or that a device list names.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_engine::Method;
use huis_proto::Bytes;
use huis_proto::rest::{AccountState, FinishRegistration, SignedIn};
use huis_testkit::story;
use huis_views::{ConversationState, Failure, Notice};

use crate::hostile_servers::changing;
use crate::two_friends;

#[test]
fn an_older_account_state_is_refused_and_shown() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let old: Rc<RefCell<Option<AccountState>>> = Rc::default();
        let tablet = world.blank_device(&bea, "tablet");
        let kept = Rc::clone(&old);
        tablet.answers_pass(changing("/account/state", move |state: &mut AccountState| {
            kept.borrow_mut().get_or_insert_with(|| state.clone());
        }));
        tablet.start();
        tablet.signs_in().await;
        let version = old.borrow().as_ref().unwrap().version;
        bea.opens_a_group("garden", &[&ann]).await;
        tablet.hears_title("garden").await;
        tablet.has_settled().await;

        tablet.answers_pass(changing("/account/state", move |state: &mut AccountState| {
            // What it says of its version is the newest; what is sealed is old.
            state.sealed = old.borrow().as_ref().unwrap().sealed.clone();
        }));
        bea.opens_a_group("cellar", &[&ann]).await;
        tablet.notices("the old state", |notice| matches!(notice, Notice::AccountStateRefused { .. })).await;
        assert!(version > 0);
        assert_eq!(tablet.looks_at("#garden").await.unwrap().state, ConversationState::Joined);
        tablet.nobody_meddles();
        tablet.restarts().await;
        tablet.hears_title("cellar").await;
    });
}

#[test]
fn a_new_device_takes_no_account_state_older_than_the_one_that_the_newest_device_list_names() {
    story(async |world| {
        let bea = world.blank_account("bea");
        let first: Rc<RefCell<Option<Bytes>>> = Rc::default();
        let kept = Rc::clone(&first);
        bea.requests_pass(move |request| {
            if request.path.ends_with("/registrations/finish") {
                let body: FinishRegistration = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
                kept.replace(Some(body.account_state));
            }
            Some(request)
        });
        bea.start();
        bea.registers().await;
        world.account("ann").await;
        bea.says("@ann", "hello").await;
        bea.has_settled().await;
        // The list that adds the tablet names the state as it is now.
        let tablet = world.another_device_of(&bea).await;
        tablet.is_in("@ann").await;

        let laptop = world.blank_device(&bea, "laptop");
        let (old, shown) = (first.borrow().clone().unwrap(), first.borrow().clone().unwrap());
        laptop.answers_pass(changing("/sign-ins/finish", move |signed_in: &mut SignedIn| {
            signed_in.account_state = old.clone();
        }));
        laptop.start();
        let failure = laptop.tries_to_sign_in().await.unwrap_err();
        assert!(matches!(&failure, Failure::BadAnswer { reason } if reason.contains("state")), "{failure:?}");
        // Nor later, when it fetches the state to take it over.
        laptop.answers_pass(changing("/account/state", move |state: &mut AccountState| {
            state.sealed = shown.clone();
        }));
        laptop.tries_to_sign_in().await.unwrap_err();
        laptop.notices("the old state", |notice| matches!(notice, Notice::AccountStateRefused { .. })).await;
        laptop.nobody_meddles();
        laptop.restarts().await;
        laptop.is_in("@ann").await;
    });
}

#[test]
fn an_old_account_state_that_a_new_device_is_given_again_and_again_is_shown_once_and_asked_for_ever_less() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let first: Rc<RefCell<Option<AccountState>>> = Rc::default();
        let kept = Rc::clone(&first);
        bea.requests_pass(move |request| {
            if request.method == Method::Put && request.path.ends_with("/account/state") {
                kept.borrow_mut()
                    .get_or_insert_with(|| serde_json::from_slice(&request.body.clone().unwrap()).unwrap());
            }
            Some(request)
        });
        bea.opens_a_group("garden", &[&ann]).await;
        bea.restarts_in_order().await;
        bea.opens_a_group("cellar", &[&ann]).await;
        bea.restarts_in_order().await;
        // The list that adds the tablet names the state as it is now.
        world.another_device_of(&bea).await;
        let laptop = world.blank_device(&bea, "laptop");
        let asked: Rc<Cell<u32>> = Rc::default();
        let counted = Rc::clone(&asked);
        laptop.answers_pass(changing("/account/state", move |state: &mut AccountState| {
            counted.set(counted.get() + 1);
            state.sealed = first.borrow().as_ref().unwrap().sealed.clone();
        }));
        laptop.start();
        laptop.tries_to_sign_in().await.unwrap_err();
        world.passes(Duration::from_secs(6 * 3600)).await;
        let refused = |notice: &&Notice| matches!(notice, Notice::AccountStateRefused { .. });
        assert_eq!(laptop.noticed().await.iter().filter(refused).count(), 1);
        assert!((4..=20).contains(&asked.get()), "{}", asked.get());

        // What is heard of a newer one is asked for soon.
        laptop.nobody_meddles();
        bea.opens_a_group("attic", &[&ann]).await;
        laptop.is_in("#attic").await;
        laptop.is_in("#garden").await;
    });
}
