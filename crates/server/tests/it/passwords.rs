//! A new password by the old one.

use http::StatusCode;
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{
    ChangeRecoveryKey, FinishPasswordChange, PasswordChanged, RegistrationStarted, Rooms, Secret, SignInStarted,
    StartPasswordChange, Vault,
};
use huis_proto::{Bytes, Bytes32, DeviceId, ErrorCode};
use huis_store::{Accounts as _, EndedSessions, NewPassword, Numbered, PasswordChange};
use rand::rngs::OsRng;

use super::harness::{
    Answer, FreshPassword, House, MINUTE_MS, Person, enrol, finish_sign_in, fresh_key, sign_in, start_sign_in,
};

const START: &str = "/api/v1/account/password/start";
const FINISH: &str = "/api/v1/account/password/finish";
const NEW: &str = "staple battery";

/// Everything up to the second step, which the caller may change before sending it.
async fn begin(house: &House, person: &Person, ticket: &Secret, vault: u64) -> FinishPasswordChange {
    let fresh = FreshPassword::of(&person.name, NEW);
    let start = StartPasswordChange { ticket: ticket.clone(), opaque: fresh.request.clone() };
    let started: RegistrationStarted = house.post(START, &start).by(person).send().await.read();
    FinishPasswordChange {
        ticket: ticket.clone(),
        opaque: fresh.upload(&started.opaque),
        stretch: started.stretch,
        vault: Vault { number: vault, sealed: Bytes(b"the next vault".to_vec()) },
        end_other_sessions: false,
    }
}

async fn finish(house: &House, person: &Person, request: &FinishPasswordChange) -> Answer {
    house.post(FINISH, request).by(person).send().await
}

#[tokio::test]
async fn the_old_password_sets_a_new_one_and_the_vault_with_it() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let request = begin(&house, &anna, &ticket, 2).await;
    let changed: PasswordChanged = finish(&house, &anna, &request).await.read();
    assert_eq!(changed.ended_sessions, 0);
    let refused = sign_in(&house, "anna", anna.password).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::SignInRefused);
    let signed_in = sign_in(&house, "anna", NEW).await.unwrap();
    assert_eq!((signed_in.vault_number, &*signed_in.vault), (2, &b"the next vault"[..]));
    let _: Rooms = house.get("/api/v1/rooms").by(&anna).send().await.read();
}

#[tokio::test]
async fn a_new_password_needs_a_session_and_a_fresh_ticket_of_the_same_account() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let request = begin(&house, &anna, &ticket, 2).await;
    assert_eq!(house.post(FINISH, &request).send().await.code(), ErrorCode::NotSignedIn);
    assert_eq!(finish(&house, &berta, &request).await.code(), ErrorCode::ProofRefused);
    let start = StartPasswordChange { ticket: ticket.clone(), opaque: FreshPassword::of("anna", NEW).request };
    assert_eq!(house.post(START, &start).send().await.code(), ErrorCode::NotSignedIn);
    assert_eq!(house.post(START, &start).by(&berta).send().await.code(), ErrorCode::ProofRefused);
    let made_up = FinishPasswordChange { ticket: Secret::new("made up"), ..request.clone() };
    assert_eq!(finish(&house, &anna, &made_up).await.code(), ErrorCode::ProofRefused);
    house.pass(10 * MINUTE_MS);
    assert_eq!(finish(&house, &anna, &request).await.code(), ErrorCode::ProofRefused);
    assert_eq!(anna.signs_in(&house).await.vault_number, 1);
}

#[tokio::test]
async fn what_was_begun_with_the_old_password_ends_with_it() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let (ticket, other) = (anna.signs_in(&house).await.ticket, anna.signs_in(&house).await.ticket);
    let (state, begun) = start_sign_in(&house, "anna", anna.password).await;
    let request = begin(&house, &anna, &ticket, 2).await;
    let concurrent = begin(&house, &anna, &other, 2).await;
    let _: PasswordChanged = finish(&house, &anna, &request).await.read();

    let late = finish_sign_in(&house, "anna", anna.password, state, begun.read()).await.unwrap_err();
    assert_eq!(late.code(), ErrorCode::SignInRefused);
    for ticket in [&ticket, &other] {
        let resumed = enrol(&house, ticket, anna.device, &anna.device_key, None).await;
        assert_eq!(resumed.code(), ErrorCode::ProofRefused);
        let (device, key) = (DeviceId::random(&mut OsRng), fresh_key());
        let list = anna.next_list(&[(anna.device, &anna.device_key), (device, &key)]);
        let enrolled = enrol(&house, ticket, device, &key, Some(list)).await;
        assert_eq!(enrolled.code(), ErrorCode::ProofRefused);
        let vault = house.get("/api/v1/account/vault").by(&anna).header("huis-ticket", ticket.expose()).send().await;
        assert_eq!(vault.code(), ErrorCode::ProofRefused);
    }
    let again = FinishPasswordChange { vault: Vault { number: 3, ..concurrent.vault.clone() }, ..concurrent };
    assert_eq!(finish(&house, &anna, &again).await.code(), ErrorCode::ProofRefused);
    assert_eq!(finish(&house, &anna, &request).await.code(), ErrorCode::ProofRefused);
}

#[tokio::test]
async fn a_vault_that_does_not_follow_and_another_stretch_change_nothing() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let ticket = anna.signs_in(&house).await.ticket;
    for number in [0, 1, 3] {
        let request = begin(&house, &anna, &ticket, number).await;
        assert_eq!(finish(&house, &anna, &request).await.code(), ErrorCode::StateConflict, "vault {number}");
    }
    let right = begin(&house, &anna, &ticket, 2).await;
    let weaker = StretchParameters { memory_kib: 8, ..right.stretch };
    let wrong = [
        FinishPasswordChange { stretch: weaker, ..right.clone() },
        FinishPasswordChange { opaque: Bytes(vec![7; 10]), ..right.clone() },
        FinishPasswordChange { vault: Vault { number: 2, sealed: Bytes(Vec::new()) }, ..right.clone() },
    ];
    for request in wrong {
        assert_eq!(finish(&house, &anna, &request).await.code(), ErrorCode::BadRequest);
    }
    let large = Vault { number: 2, sealed: Bytes(vec![1; 16 * 1024 + 1]) };
    let large = FinishPasswordChange { vault: large, ..right.clone() };
    assert_eq!(finish(&house, &anna, &large).await.code(), ErrorCode::TooLarge);
    let signed_in = anna.signs_in(&house).await;
    assert_eq!((signed_in.vault_number, &*signed_in.vault), (1, &b"a sealed vault"[..]));
    let _: PasswordChanged = finish(&house, &anna, &right).await.read();
}

#[tokio::test]
async fn other_sessions_end_with_the_old_password_if_that_is_wished() {
    let house = House::open().await;
    let mut anna = Person::registers(&house, "anna").await;
    let (_, _, tablet) = anna.adds_device(&house).await;
    let ticket = anna.signs_in(&house).await.ticket;
    let request = FinishPasswordChange { end_other_sessions: true, ..begin(&house, &anna, &ticket, 2).await };
    let changed: PasswordChanged = finish(&house, &anna, &request).await.read();
    assert_eq!(changed.ended_sessions, 1);
    assert_eq!(house.get("/api/v1/rooms").token(&tablet.access_token).send().await.code(), ErrorCode::SessionEnded);
    let _: Rooms = house.get("/api/v1/rooms").by(&anna).send().await.read();
}

#[tokio::test]
async fn an_account_keeps_its_parameters_until_its_password_is_set_anew() {
    let older = StretchParameters::LEAST;
    let raised = StretchParameters { passes: 5, ..older };
    let house = House::with(|config| config.stretch = raised).await;
    let anna = Person::registers(&house, "anna").await;
    // As an earlier version has stored it.
    let record = house.store.password_record("anna").await.unwrap().unwrap();
    let vault = Numbered { number: 2, sealed: Bytes(b"a sealed vault".to_vec()) };
    let (account, opaque, ends) = (anna.account, record.opaque, EndedSessions::None);
    let stored = NewPassword { account, follows: 1, opaque, stretch: older, vault, ends };
    assert_eq!(house.store.change_password(stored).await.unwrap(), PasswordChange::Stored(Vec::new()));

    let (state, begun) = start_sign_in(&house, "anna", anna.password).await;
    let begun: SignInStarted = begun.read();
    assert_eq!(begun.stretch, older);
    let ticket = finish_sign_in(&house, "anna", anna.password, state, begun).await.unwrap().ticket;
    let request = begin(&house, &anna, &ticket, 3).await;
    assert_eq!(request.stretch, raised);
    let weaker = FinishPasswordChange { stretch: older, ..request.clone() };
    assert_eq!(finish(&house, &anna, &weaker).await.code(), ErrorCode::BadRequest);
    let _: PasswordChanged = finish(&house, &anna, &request).await.read();
    let (_, begun) = start_sign_in(&house, "anna", NEW).await;
    assert_eq!(begun.read::<SignInStarted>().stretch, raised);
}

const RECOVERY_KEY: &str = "/api/v1/account/recovery-key";

fn another_key(ticket: &Secret, vault: u64) -> ChangeRecoveryKey {
    let vault = Vault { number: vault, sealed: Bytes(b"the next vault".to_vec()) };
    let recovery_key = Bytes32(fresh_key().verifying_key().to_bytes());
    ChangeRecoveryKey { ticket: ticket.clone(), recovery_key, vault }
}

#[tokio::test]
async fn a_ticket_puts_another_recovery_key_in_place_and_the_vault_with_it() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let request = another_key(&ticket, 2);
    assert_eq!(house.post(RECOVERY_KEY, &request).by(&anna).send().await.status, StatusCode::NO_CONTENT);
    let record = house.store.password_record("anna").await.unwrap().unwrap();
    assert_eq!((record.recovery_key, record.number), (request.recovery_key, 1));
    // The same ticket builds on what is there; a repeat does not.
    assert_eq!(house.post(RECOVERY_KEY, &request).by(&anna).send().await.code(), ErrorCode::StateConflict);
    let signed_in = anna.signs_in(&house).await;
    assert_eq!((signed_in.vault_number, &*signed_in.vault), (2, &b"the next vault"[..]));
}

#[tokio::test]
async fn another_recovery_key_needs_a_session_a_fresh_ticket_and_a_vault_that_follows() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let right = another_key(&ticket, 2);
    assert_eq!(house.post(RECOVERY_KEY, &right).send().await.code(), ErrorCode::NotSignedIn);
    assert_eq!(house.post(RECOVERY_KEY, &right).by(&berta).send().await.code(), ErrorCode::ProofRefused);
    let large = Vault { number: 2, sealed: Bytes(vec![1; 16 * 1024 + 1]) };
    let refused = [
        (ChangeRecoveryKey { recovery_key: Bytes32([0; 32]), ..right.clone() }, ErrorCode::BadRequest),
        (ChangeRecoveryKey { vault: large, ..right.clone() }, ErrorCode::TooLarge),
        (ChangeRecoveryKey { ticket: Secret::new("made up"), ..right.clone() }, ErrorCode::ProofRefused),
        (another_key(&ticket, 0), ErrorCode::StateConflict),
        (another_key(&ticket, 1), ErrorCode::StateConflict),
        (another_key(&ticket, 3), ErrorCode::StateConflict),
    ];
    let before = house.store.password_record("anna").await.unwrap().unwrap().recovery_key;
    for (request, code) in refused {
        assert_eq!(house.post(RECOVERY_KEY, &request).by(&anna).send().await.code(), code);
    }
    house.pass(10 * MINUTE_MS);
    assert_eq!(house.post(RECOVERY_KEY, &right).by(&anna).send().await.code(), ErrorCode::ProofRefused);
    assert_eq!(house.store.password_record("anna").await.unwrap().unwrap().recovery_key, before);
    assert_eq!(anna.signs_in(&house).await.vault_number, 1);
}
