//! Another identity key in place of the one before.

use ed25519_dalek::SigningKey;
use huis_proto::device_list::{DeviceList, SignedDeviceList};
use huis_proto::rest::{
    AccountCard, AccountState, DeviceLists, PasswordChanged, PutDeviceList, RegistrationStarted, RenewIdentity, Rooms,
    Secret, SessionGrant, StartPasswordChange, Vault,
};
use huis_proto::{Bytes, Bytes32, DeviceId, ErrorCode};
use huis_store::Accounts as _;
use rand::rngs::OsRng;

use super::harness::{
    Answer, FreshPassword, House, MINUTE_MS, Person, enrol, finish_sign_in, fresh_key, public, sign_in, start_sign_in,
};

const RENEW: &str = "/api/v1/account/identity";
const LIST: &str = "/api/v1/account/device-list";
const NEW: &str = "staple battery";

/// The list by which the person hands over to `to`, with these devices.
fn handover(person: &Person, to: &SigningKey, devices: &[(DeviceId, &SigningKey)]) -> SignedDeviceList {
    named(person, to, devices).sign_over(to, &person.identity)
}

/// The same, before it is signed.
fn named(person: &Person, to: &SigningKey, devices: &[(DeviceId, &SigningKey)]) -> DeviceList {
    let number = person.lists.len() as u64 + 1;
    let list = person.unsigned(number, person.lists.last().unwrap().hash(), devices);
    DeviceList { identity: public(to), ..list }
}

/// A renewal that is as it should be, which the caller may change before sending it.
async fn renewal(house: &House, person: &Person, ticket: &Secret, to: &SigningKey) -> RenewIdentity {
    let fresh = FreshPassword::of(&person.name, NEW);
    let start = StartPasswordChange { ticket: ticket.clone(), opaque: fresh.request.clone() };
    let started: RegistrationStarted =
        house.post("/api/v1/account/password/start", &start).by(person).send().await.read();
    RenewIdentity {
        ticket: ticket.clone(),
        opaque: fresh.upload(&started.opaque),
        stretch: started.stretch,
        device_list: handover(person, to, &[(person.device, &person.device_key)]),
        recovery_key: public(&SigningKey::from_bytes(&[77; 32])),
        vault: Vault { number: 2, sealed: Bytes(b"the next vault".to_vec()) },
        account_state: AccountState { version: 2, sealed: Bytes(b"the next state".to_vec()), replaces: None },
    }
}

async fn renew(house: &House, person: &Person, request: &RenewIdentity) -> Answer {
    house.post(RENEW, request).by(person).send().await
}

async fn card(house: &House, of: &Person, by: &Person) -> AccountCard {
    house.get(format!("/api/v1/accounts/{}", of.account)).by(by).send().await.read()
}

#[tokio::test]
async fn a_renewal_replaces_identity_password_vault_and_state_and_leaves_one_device() {
    let house = House::open().await;
    let mut anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let (tablet, tablet_key, tablet_grant) = anna.adds_device(&house).await;
    let (ticket, other_ticket) = (anna.signs_in(&house).await.ticket, anna.signs_in(&house).await.ticket);
    let (state, begun) = start_sign_in(&house, "anna", anna.password).await;
    let to = fresh_key();
    let request = renewal(&house, &anna, &ticket, &to).await;
    let changed: PasswordChanged = renew(&house, &anna, &request).await.read();
    assert_eq!(changed.ended_sessions, 1);

    let shown = card(&house, &anna, &berta).await;
    assert_eq!((shown.identity_key, &shown.device_list), (public(&to), &request.device_list));
    let path = format!("/api/v1/accounts/{}/device-lists", anna.account);
    let chain: DeviceLists = house.get(path).by(&berta).send().await.read();
    assert_eq!(chain.lists, [&anna.lists[..], std::slice::from_ref(&request.device_list)].concat());
    let _: Rooms = house.get("/api/v1/rooms").by(&anna).send().await.read();
    let out = house.get("/api/v1/rooms").token(&tablet_grant.access_token).send().await;
    assert_eq!(out.code(), ErrorCode::SessionEnded);

    let refused = sign_in(&house, "anna", anna.password).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::SignInRefused);
    let late = finish_sign_in(&house, "anna", anna.password, state, begun.read()).await.unwrap_err();
    assert_eq!(late.code(), ErrorCode::SignInRefused);
    let signed_in = sign_in(&house, "anna", NEW).await.unwrap();
    assert_eq!((signed_in.vault_number, &*signed_in.vault), (2, &b"the next vault"[..]));
    assert_eq!((signed_in.identity_key, &*signed_in.account_state), (public(&to), &b"the next state"[..]));
    let record = house.store.password_record("anna").await.unwrap().unwrap();
    assert_eq!(record.recovery_key, request.recovery_key);
    // Tickets of before are over; the other device is not of the account any more, and does not come back under its key.
    let resumed = enrol(&house, &other_ticket, anna.device, &anna.device_key, None).await;
    assert_eq!(resumed.code(), ErrorCode::ProofRefused);
    let back = enrol(&house, &signed_in.ticket, tablet, &tablet_key, None).await;
    assert_eq!(back.code(), ErrorCode::BadDeviceList);
    assert_eq!(renew(&house, &anna, &request).await.code(), ErrorCode::ProofRefused, "sent again");
}

#[tokio::test]
async fn a_renewal_needs_a_session_and_a_fresh_ticket_of_the_same_account() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let request = renewal(&house, &anna, &ticket, &fresh_key()).await;
    assert_eq!(house.post(RENEW, &request).send().await.code(), ErrorCode::NotSignedIn);
    assert_eq!(renew(&house, &berta, &request).await.code(), ErrorCode::ProofRefused);
    let made_up = RenewIdentity { ticket: Secret::new("made up"), ..request.clone() };
    assert_eq!(renew(&house, &anna, &made_up).await.code(), ErrorCode::ProofRefused);
    let of_berta = RenewIdentity { ticket: berta.signs_in(&house).await.ticket, ..request.clone() };
    assert_eq!(renew(&house, &anna, &of_berta).await.code(), ErrorCode::ProofRefused);
    house.pass(10 * MINUTE_MS);
    assert_eq!(renew(&house, &anna, &request).await.code(), ErrorCode::ProofRefused);
    assert_eq!(card(&house, &anna, &berta).await.identity_key, public(&anna.identity));
}

#[tokio::test]
async fn a_handover_that_is_none_of_the_identity_before_and_other_lists_are_refused() {
    let house = House::open().await;
    let mut anna = Person::registers(&house, "anna").await;
    let (tablet, tablet_key, _) = anna.adds_device(&house).await;
    let ticket = anna.signs_in(&house).await.ticket;
    let (to, thief, own) = (fresh_key(), fresh_key(), anna.device_key.clone());
    let right = renewal(&house, &anna, &ticket, &to).await;
    let only = [(anna.device, &own)];
    let both = [(anna.device, &own), (tablet, &tablet_key)];
    let new = fresh_key();
    let mut moved = named(&anna, &thief, &only).sign(&thief);
    moved.handover.clone_from(&right.device_list.handover);
    for (what, device_list, code) in [
        ("no handover", named(&anna, &to, &only).sign(&to), ErrorCode::BadDeviceList),
        ("handed over to itself", named(&anna, &to, &only).sign_over(&to, &to), ErrorCode::BadDeviceList),
        ("by a stranger", named(&anna, &thief, &only).sign_over(&thief, &thief), ErrorCode::BadDeviceList),
        ("another list's handover", moved, ErrorCode::BadDeviceList),
        (
            "signed by the old one",
            named(&anna, &to, &only).sign_over(&anna.identity, &anna.identity),
            ErrorCode::BadDeviceList,
        ),
        ("the same identity", anna.next_list(&only), ErrorCode::BadDeviceList),
        ("two devices", handover(&anna, &to, &both), ErrorCode::BadDeviceList),
        ("no device", handover(&anna, &to, &[]), ErrorCode::BadDeviceList),
        ("another device", handover(&anna, &to, &both[1..]), ErrorCode::BadDeviceList),
        ("a new device", handover(&anna, &to, &[(DeviceId::random(&mut OsRng), &new)]), ErrorCode::BadDeviceList),
        ("another key", handover(&anna, &to, &[(anna.device, &new)]), ErrorCode::BadDeviceList),
        ("an earlier list", anna.lists[0].clone(), ErrorCode::DeviceListConflict),
    ] {
        let request = RenewIdentity { device_list, ..right.clone() };
        assert_eq!(renew(&house, &anna, &request).await.code(), code, "{what}");
    }
    let after = AccountState { replaces: Some(1), ..right.account_state.clone() };
    let state = |version| AccountState { version, ..right.account_state.clone() };
    let vault = |number| Vault { number, ..right.vault.clone() };
    for (what, request, code) in [
        ("no recovery key", RenewIdentity { recovery_key: Bytes32([0; 32]), ..right.clone() }, ErrorCode::BadRequest),
        ("a state that skips", RenewIdentity { account_state: state(3), ..right.clone() }, ErrorCode::StateConflict),
        ("a state in place of", RenewIdentity { account_state: after, ..right.clone() }, ErrorCode::BadRequest),
        ("the same vault", RenewIdentity { vault: vault(1), ..right.clone() }, ErrorCode::StateConflict),
        ("no password", RenewIdentity { opaque: Bytes(vec![7; 10]), ..right.clone() }, ErrorCode::BadRequest),
    ] {
        assert_eq!(renew(&house, &anna, &request).await.code(), code, "{what}");
    }
    let signed_in = anna.signs_in(&house).await;
    assert_eq!((signed_in.vault_number, &signed_in.device_list), (1, &anna.lists[1]));
    let _: PasswordChanged = renew(&house, &anna, &right).await.read();
}

#[tokio::test]
async fn a_handover_comes_in_by_a_renewal_alone() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let (to, own) = (fresh_key(), anna.device_key.clone());
    let over = handover(&anna, &to, &[(anna.device, &own)]);
    let put = house.put(LIST, &PutDeviceList { device_list: over.clone() }).by(&anna).send().await;
    assert_eq!(put.code(), ErrorCode::BadDeviceList);
    let ticket = anna.signs_in(&house).await.ticket;
    let (tablet, tablet_key) = (DeviceId::random(&mut OsRng), fresh_key());
    let both = [(anna.device, &own), (tablet, &tablet_key)];
    // Alone, within a chain that goes on under the new key, and behind a list that is as it should be.
    let behind = DeviceList { identity: public(&to), ..anna.unsigned(3, over.hash(), &both) }.sign(&to);
    let first = anna.next_list(&both);
    let at_the_end =
        DeviceList { identity: public(&to), ..anna.unsigned(3, first.hash(), &both) }.sign_over(&to, &anna.identity);
    for (what, device, key, lists) in [
        ("alone", anna.device, &own, vec![over.clone()]),
        ("a chain over it", tablet, &tablet_key, vec![over, behind]),
        ("a chain up to it", tablet, &tablet_key, vec![first.clone(), at_the_end]),
    ] {
        assert_eq!(enrol(&house, &ticket, device, key, lists).await.code(), ErrorCode::BadDeviceList, "{what}");
        let shown = card(&house, &anna, &anna).await;
        assert_eq!((shown.identity_key, &shown.device_list), (public(&anna.identity), &anna.lists[0]), "{what}");
    }
    let _: SessionGrant = enrol(&house, &ticket, tablet, &tablet_key, vec![first]).await.read();
}
