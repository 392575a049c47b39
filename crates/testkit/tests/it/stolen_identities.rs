//! Identities that somebody else has, and servers that help him.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_core::identity::{IdentitySecret, list_position, next_device_list};
use huis_core::recovery::RecoveryKey;
use huis_core::vault;
use huis_engine::{HttpRequest, HttpResponse, Method};
use huis_proto::device_list::SignedDeviceList;
use huis_proto::rest::{AccountCard, DeviceLists, FinishRegistration};
use huis_proto::{AccountId, Bytes32};
use huis_testkit::{Device, Faults, PASSWORD, World, story};
use huis_views::{Command, Connection, Notice};

use crate::renewals::{ASKED_ANEW, NEW, accepts_identity, contact, is_handover, is_refusal, renamed};

const NEWER: &str = "four amber kettles borrow 88 umbrellas";

fn is_own_handover(notice: &Notice) -> bool {
    matches!(notice, Notice::OwnIdentityChanged)
}

/// Somebody who has the account's identity, and what he builds on.
struct Thief {
    account: AccountId,
    identity: IdentitySecret,
    before: AccountCard,
}

impl Thief {
    /// A list behind the one that was there before the renewal, with a device of the thief.
    fn list(&self, named: &IdentitySecret) -> huis_proto::device_list::DeviceList {
        let list = self.before.device_list.open(self.account, &self.before.identity_key).unwrap();
        let mut devices = list.devices;
        let mut own = devices[0].clone();
        own.device = huis_proto::DeviceId::from_bytes([66; 16]);
        own.signature_key = Bytes32([66; 32]);
        devices.push(own);
        let position = list_position(&self.before.device_list).unwrap();
        next_device_list(self.account, named.key(), Some(position), 1, 1, devices)
    }

    /// The server shows this to the device, whatever it asks for of the account.
    fn is_shown_to(&self, device: &Device, identity: &IdentitySecret, list: SignedDeviceList) {
        let card = AccountCard { identity_key: identity.key().0, device_list: list.clone(), ..self.before.clone() };
        let account = self.account;
        device.answers_pass(move |request: &HttpRequest, response: HttpResponse| {
            let with = |body: Vec<u8>| HttpResponse { status: 200, body };
            if request.path.contains(&format!("/accounts/{account}/device-lists")) {
                let lists = DeviceLists { lists: vec![list.clone()] };
                return Some(with(serde_json::to_vec(&lists).unwrap()));
            }
            let is_card = request.path.ends_with(&account.to_string()) || request.path.ends_with("/by-name/ann");
            Some(if is_card { with(serde_json::to_vec(&card).unwrap()) } else { response })
        });
    }
}

/// ann, whose vault and recovery key somebody has copied.
async fn robbed(world: &World) -> (Device, Thief) {
    let ann = world.blank_account("ann");
    let taken: Rc<RefCell<Option<FinishRegistration>>> = Rc::default();
    let kept = Rc::clone(&taken);
    ann.requests_pass(move |request| {
        if request.path.ends_with("/registrations/finish") {
            kept.replace(serde_json::from_slice(request.body.as_deref().unwrap()).ok());
        }
        Some(request)
    });
    ann.start();
    ann.registers().await;
    ann.nobody_meddles();
    let finish = taken.take().unwrap();
    let key = RecoveryKey::parse(ann.recovery_key().expose()).unwrap();
    let opened = vault::open_with_recovery_key(&finish.vault, finish.account, 0, &key).unwrap();
    let before = AccountCard {
        account: finish.account,
        username: "ann".into(),
        identity_key: finish.identity_key,
        device_list: finish.device_list,
    };
    (ann, Thief { account: finish.account, identity: opened.contents.identity, before })
}

#[test]
fn who_saw_the_handover_takes_nothing_more_of_the_old_identity() {
    story(async |world| {
        let (ann, thief) = robbed(&world).await;
        let bea = world.account("bea").await;
        ann.says("@bea", "hello").await;
        bea.accepts("@ann").await;
        ann.has_settled().await;
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        bea.notices("the handover", is_handover).await;
        accepts_identity(&bea, "ann").await;

        // By a server that helps him: the old identity adds a device beside the handover.
        thief.is_shown_to(&bea, &thief.identity, thief.identity.sign_device_list(&thief.list(&thief.identity)));
        world.passes(ASKED_ANEW).await;
        bea.says("@ann", "not for the thief").await;
        bea.notices("the refused list", is_refusal).await;
        ann.hears("@bea", "not for the thief").await;
        let devices = contact(&bea, "ann").await.devices;
        assert_eq!(devices, [ann.profile().await.device]);
        // And he hands the account over to himself, which a person would have to believe.
        let his = IdentitySecret::from_bytes(&[67; 32]);
        thief.is_shown_to(&bea, &his, thief.identity.hand_over(&his, &thief.list(&his)));
        world.passes(ASKED_ANEW).await;
        assert_eq!(bea.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        let is_no_handover = |notice: &Notice| matches!(notice, Notice::IdentityChanged { handed_over: false, .. });
        bea.notices("the changed identity", is_no_handover).await;
        assert_eq!(contact(&bea, "ann").await.devices, devices);
    });
}

#[test]
fn a_thief_who_hands_the_account_over_to_himself_is_shown_and_nothing_is_said_to_him_in_private() {
    story(async |world| {
        let (ann, thief) = robbed(&world).await;
        let bea = world.account("bea").await;
        ann.says("@bea", "hello").await;
        bea.accepts("@ann").await;
        ann.has_settled().await;
        let his = IdentitySecret::from_bytes(&[67; 32]);
        let over = thief.identity.hand_over(&his, &thief.list(&his));
        for each in [&ann, &bea] {
            thief.is_shown_to(each, &his, over.clone());
        }
        world.passes(ASKED_ANEW).await;
        assert_eq!(bea.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        bea.notices("the handover", is_handover).await;
        let _ = ann.tries_to_say("@bea", "is that me?").await;
        ann.notices("that it was robbed", is_own_handover).await;
    });
}

#[test]
fn a_third_key_that_one_device_is_shown_accepts_no_handover_for_the_others() {
    story(async |world| {
        let (ann, thief) = robbed(&world).await;
        let (bea, cem) = (world.account("bea").await, world.account("cem").await);
        ann.says("@bea", "hello").await;
        bea.accepts("@ann").await;
        bea.opens_a_group("garden", &[&ann, &cem]).await;
        let phone = world.another_device_of(&bea).await;
        phone.is_in("@ann").await;
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        for each in [&bea, &phone] {
            each.notices("the handover", is_handover).await;
            each.has_settled().await;
        }
        // Some key, for which nobody has signed anything.
        let third = IdentitySecret::from_bytes(&[68; 32]);
        thief.is_shown_to(&bea, &third, third.sign_device_list(&thief.list(&third)));
        world.passes(ASKED_ANEW).await;
        let refused = bea.tries_to_say("#garden", "who is there?").await;
        assert_eq!(refused.unwrap_err(), renamed("ann"));
        bea.command(Command::SetVerified { name: "cem".into(), verified: true, safety_number: None }).await;
        phone.until("it has what the other knows", async || contact(&phone, "cem").await.verified).await;
        let tablet = world.another_device_of(&bea).await;
        for each in [&phone, &tablet] {
            each.has_settled().await;
            assert_eq!(each.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        }
    });
}

#[test]
fn a_first_contact_of_another_device_accepts_no_handover_from_a_key_that_is_known_here() {
    story(async |world| {
        let (ann, bea, _) = (world.account("ann").await, world.account("bea").await, world.account("cem").await);
        let tablet = world.another_device_of(&bea).await;
        tablet.has_settled().await;
        // What this device learns does not come to the others.
        bea.requests_pass(|request| {
            let stores = request.method == Method::Put && request.path.ends_with("/account/state");
            (!stores).then_some(request)
        });
        bea.command(Command::SetVerified { name: "ann".into(), verified: true, safety_number: None }).await;
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        assert!(!contact(&tablet, "ann").await.identity_changed);
        tablet.command(Command::Block { name: "cem".into() }).await;
        tablet.has_settled().await;
        bea.nobody_meddles();
        bea.until("it has what the tablet knows", async || contact(&bea, "cem").await.blocked).await;
        assert_eq!(bea.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        bea.notices("the handover", is_handover).await;
        let shown = contact(&bea, "ann").await;
        assert!(shown.identity_changed && !shown.verified);
        for each in [&bea, &tablet] {
            each.until("nobody has accepted it", async || contact(each, "ann").await.identity_changed).await;
            assert_eq!(each.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        }
        accepts_identity(&tablet, "ann").await;
        bea.until("it is accepted", async || !contact(&bea, "ann").await.identity_changed).await;
        bea.says("@ann", "it is you").await;
        ann.hears("@bea", "it is you").await;
    });
}

#[test]
fn a_first_contact_is_doubted_once_another_device_has_known_the_key_that_was_signed_away() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        let tablet = world.another_device_of(&bea).await;
        tablet.has_settled().await;
        bea.has_settled().await;
        tablet.requests_pass(|request| (!request.path.ends_with("/account/state")).then_some(request));
        bea.command(Command::SetVerified { name: "ann".into(), verified: true, safety_number: None }).await;
        bea.has_settled().await;
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        assert!(!contact(&tablet, "ann").await.identity_changed);
        tablet.nobody_meddles();
        tablet.until("it is doubted", async || contact(&tablet, "ann").await.identity_changed).await;
        tablet.has_settled().await;
        assert_eq!(bea.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        for each in [&bea, &tablet] {
            each.has_settled().await;
            each.notices("the handover", is_handover).await;
            assert_eq!(each.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        }
    });
}

#[test]
fn an_identity_with_more_device_lists_than_a_page_has_is_accepted_whole() {
    story(async |world| {
        let (ann, thief) = robbed(&world).await;
        let bea = world.account("bea").await;
        ann.says("@bea", "hello").await;
        bea.accepts("@ann").await;
        let his = IdentitySecret::from_bytes(&[67; 32]);
        let mut lists: Vec<SignedDeviceList> = Vec::new();
        let mut devices = thief.list(&his).devices;
        let added = devices.split_off(1);
        for number in 1..=101 {
            if number == 101 {
                devices.extend(added.clone());
            }
            let position = lists.last().map(|list| list_position(list).unwrap());
            let list = next_device_list(thief.account, his.key(), position, number, 1, devices.clone());
            lists.push(his.sign_device_list(&list));
        }
        let account = thief.account;
        let newest = AccountCard { identity_key: his.key().0, device_list: lists[100].clone(), ..thief.before.clone() };
        bea.answers_pass(move |request, response| {
            let with = |body: Vec<u8>| Some(HttpResponse { status: 200, body });
            if let Some(after) = request.path.strip_prefix(&format!("/api/v1/accounts/{account}/device-lists?after=")) {
                let page = lists.iter().skip(after.parse().unwrap()).take(100).cloned().collect();
                return with(serde_json::to_vec(&DeviceLists { lists: page }).unwrap());
            }
            let is_card = request.path.ends_with(&account.to_string()) || request.path.ends_with("/by-name/ann");
            if is_card { with(serde_json::to_vec(&newest).unwrap()) } else { Some(response) }
        });
        world.passes(ASKED_ANEW).await;
        assert_eq!(bea.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        accepts_identity(&bea, "ann").await;
        let accepted = contact(&bea, "ann").await;
        assert!(!accepted.identity_changed);
        assert!(accepted.devices.contains(&added[0].device), "{accepted:?}");
    });
}

#[test]
fn nothing_is_accepted_where_something_else_is_learnt_before_the_acceptance_is_through() {
    story(async |world| {
        let (ann, thief) = robbed(&world).await;
        let bea = world.account("bea").await;
        ann.says("@bea", "hello").await;
        bea.accepts("@ann").await;
        ann.has_settled().await;
        let his = IdentitySecret::from_bytes(&[67; 32]);
        let mut list = thief.list(&his);
        (list.number, list.previous) = (1, Bytes32([0; 32]));
        let list = his.sign_device_list(&list);
        let card = AccountCard { identity_key: his.key().0, device_list: list.clone(), ..thief.before.clone() };
        let (lies, asked) = (Rc::new(Cell::new(true)), Rc::new(Cell::new(false)));
        let (account, lying) = (thief.account, Rc::clone(&lies));
        bea.answers_pass(move |request, response| {
            let with = |body: Vec<u8>| Some(HttpResponse { status: 200, body });
            // An answer to the acceptance, however late it comes.
            let is_whole = request.path.ends_with("/device-lists?after=0");
            if is_whole || (lying.get() && request.path.contains("/device-lists")) {
                return with(serde_json::to_vec(&DeviceLists { lists: vec![list.clone()] }).unwrap());
            }
            let is_card = lying.get() && request.path.ends_with(&account.to_string());
            if is_card { with(serde_json::to_vec(&card).unwrap()) } else { Some(response) }
        });
        world.passes(ASKED_ANEW).await;
        assert_eq!(bea.tries_to_say("@ann", "is it you?").await.unwrap_err(), renamed("ann"));
        let (slow, asks) = (bea.clone(), Rc::clone(&asked));
        bea.requests_pass(move |request| {
            if request.path.ends_with("/device-lists?after=0") && !asks.replace(true) {
                slow.network_is(Faults { delay: Duration::from_secs(3600), ..Faults::NONE });
            }
            Some(request)
        });
        let handle = bea.handle();
        let accepting = handle.command(Command::AcceptIdentity { name: "ann".into(), safety_number: None });
        let meanwhile = async {
            bea.until("the lists are on their way", async || asked.get()).await;
            bea.network_is(Faults::NONE);
            lies.set(false);
            ann.renews_identity(PASSWORD, NEW).await.unwrap();
            bea.notices("the handover", is_handover).await;
        };
        let (accepted, ()) = tokio::join!(accepting, meanwhile);
        assert_eq!(accepted.unwrap_err(), renamed("ann"));
        let shown = contact(&bea, "ann").await;
        assert!(shown.identity_changed);
        assert_eq!(shown.devices, [ann.profile().await.device]);
    });
}

#[test]
fn a_device_that_does_not_know_of_its_own_renewal_is_shown_it_and_goes_on() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        ann.stops().await;
        let before = ann.copy_of_its_profile();
        ann.start();
        ann.renews_identity(PASSWORD, NEW).await.unwrap();
        let identity = ann.profile().await.identity_key;
        let tablet = world.blank_device(&ann, "tablet");
        tablet.start();
        tablet.signs_in_by(NEW).await.unwrap();
        tablet.changes_password_and_ends_others(NEW, NEWER).await.unwrap();
        ann.stops().await;
        ann.is_restored_from(&before);
        ann.start();
        ann.until("its session has ended", async || ann.status().await.connection == Connection::Idle).await;
        ann.signs_in_by(NEWER).await.unwrap();
        ann.notices("the handover", is_own_handover).await;
        assert_eq!(ann.profile().await.identity_key, identity);
        ann.has_settled().await;
        ann.says("@bea", "from the old copy").await;
        bea.accepts("@ann").await;
        bea.hears("@ann", "from the old copy").await;
    });
}
