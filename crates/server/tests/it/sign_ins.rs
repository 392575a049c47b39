use huis_proto::rest::{FinishSignIn, Rooms, SessionGrant, SignInStarted, Vault};
use huis_proto::{Bytes, DeviceId, ErrorCode};
use huis_server::Rates;
use rand::rngs::OsRng;

use super::harness::{
    House, MINUTE_MS, Person, enrol, finish_sign_in, fresh_key, public, refresh, sign_in, start_sign_in,
};

#[tokio::test]
async fn the_password_alone_enrols_a_second_device_of_the_same_account() {
    let house = House::open().await;
    let mut anna = Person::registers(&house, "anna").await;
    let signed_in = anna.signs_in(&house).await;
    assert_eq!((signed_in.account, signed_in.identity_key), (anna.account, public(&anna.identity)));
    assert_eq!((&*signed_in.vault, signed_in.vault_number), (&b"a sealed vault"[..], 1));
    assert_eq!(signed_in.device_list, anna.lists[0]);
    let (device, _, grant) = anna.adds_device(&house).await;
    assert_eq!((grant.account, grant.device), (anna.account, device));
    let _: Rooms = house.get("/api/v1/rooms").token(&grant.access_token).send().await.read();
    let _: Rooms = house.get("/api/v1/rooms").by(&anna).send().await.read();
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_refused_alike() {
    let house = House::open().await;
    Person::registers(&house, "anna").await;
    let wrong = sign_in(&house, "anna", "wrong horse").await.unwrap_err();
    let unknown = sign_in(&house, "nobody", "wrong horse").await.unwrap_err();
    assert_eq!(wrong.code(), ErrorCode::SignInRefused);
    assert_eq!((wrong.status, &wrong.body), (unknown.status, &unknown.body));
}

#[tokio::test]
async fn known_and_unknown_names_are_answered_in_the_same_shape_and_size() {
    let house = House::open().await;
    Person::registers(&house, "anna").await;
    let (_, known) = start_sign_in(&house, "anna", "guess").await;
    let (_, unknown) = start_sign_in(&house, "otto", "guess").await;
    assert_eq!(known.status, unknown.status);
    assert_eq!(known.body.len(), unknown.body.len());
    let (known, unknown): (SignInStarted, SignInStarted) = (known.read(), unknown.read());
    assert_eq!(known.stretch, unknown.stretch);
    assert_eq!((known.opaque.len(), known.state.len()), (unknown.opaque.len(), unknown.state.len()));
    // Asked again, both change in the same places: the evaluation for one request is the same, the rest is fresh.
    let (_, again) = start_sign_in(&house, "otto", "guess").await;
    assert_ne!(again.read::<SignInStarted>().opaque, unknown.opaque);
}

#[tokio::test]
async fn the_second_step_takes_two_minutes_at_most_and_only_the_servers_own_state() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let (_, answer) = start_sign_in(&house, "anna", anna.password).await;
    let started: SignInStarted = answer.read();
    let finish = |state: Bytes| {
        let request = FinishSignIn { state, opaque: Bytes(vec![7; 64]), second_factor: None };
        house.post("/api/v1/sign-ins/finish", &request).send()
    };
    let mut changed = started.state.clone();
    changed.0[20] ^= 1;
    assert_eq!(finish(changed).await.code(), ErrorCode::ProofRefused);
    assert_eq!(finish(Bytes(Vec::new())).await.code(), ErrorCode::ProofRefused);
    assert_eq!(finish(started.state.clone()).await.code(), ErrorCode::SignInRefused);
    house.pass(2 * MINUTE_MS);
    assert_eq!(finish(started.state).await.code(), ErrorCode::ProofRefused);
}

#[tokio::test]
async fn one_name_and_one_address_are_guessed_at_only_so_often() {
    let house = House::with(|config| config.rates = Rates { guesses_per_minute: 3, ..Rates::UNLIMITED }).await;
    for _ in 0..3 {
        assert!(start_sign_in(&house, "anna", "guess").await.1.status.is_success());
    }
    let (_, refused) = start_sign_in(&house, "anna", "guess").await;
    assert_eq!(refused.code(), ErrorCode::TooManyRequests);
    assert_eq!(refused.headers["retry-after"], "20");
    assert_eq!(refused.value()["retry_after_s"], 20);
    // Others behind the same address are not held up by that, until the address is at its own limit.
    for attempt in 4..30 {
        let name = format!("person-{attempt}");
        assert!(start_sign_in(&house, &name, "guess").await.1.status.is_success(), "{name}");
    }
    let (_, refused) = start_sign_in(&house, "berta", "guess").await;
    assert_eq!(refused.code(), ErrorCode::TooManyRequests);
    assert_eq!(refused.value()["retry_after_s"], 2);
    house.pass(2_000);
    assert!(start_sign_in(&house, "berta", "guess").await.1.status.is_success());
}

#[tokio::test]
async fn a_ticket_enrols_one_device_within_ten_minutes() {
    let house = House::open().await;
    let mut anna = Person::registers(&house, "anna").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let late = anna.signs_in(&house).await.ticket;
    let keys = [fresh_key(), fresh_key()];
    let devices = [DeviceId::random(&mut OsRng), DeviceId::random(&mut OsRng)];
    let own = anna.device_key.clone();
    let list = anna.next_list(&[(anna.device, &own), (devices[0], &keys[0])]);
    assert!(enrol(&house, &ticket, devices[0], &keys[0], Some(list.clone())).await.status.is_success());
    // The same once more, for its answer may have been lost.
    assert!(enrol(&house, &ticket, devices[0], &keys[0], Some(list.clone())).await.status.is_success());
    anna.lists.push(list);
    let more = anna.next_list(&[(anna.device, &own), (devices[0], &keys[0]), (devices[1], &keys[1])]);
    let second = enrol(&house, &ticket, devices[1], &keys[1], Some(more)).await;
    assert_eq!(second.code(), ErrorCode::DeviceListConflict);
    house.pass(10 * MINUTE_MS);
    assert_eq!(enrol(&house, &late, devices[0], &keys[0], None).await.code(), ErrorCode::ProofRefused);
}

#[tokio::test]
async fn a_device_resumes_only_with_its_own_key_and_while_it_is_listed() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let stranger = fresh_key();
    let forged = enrol(&house, &ticket, anna.device, &stranger, None).await;
    assert_eq!(forged.code(), ErrorCode::ProofRefused);
    let unlisted = enrol(&house, &ticket, DeviceId::random(&mut OsRng), &stranger, None).await;
    assert_eq!(unlisted.code(), ErrorCode::BadDeviceList);
    assert!(enrol(&house, &ticket, anna.device, &anna.device_key, None).await.status.is_success());
    // The device has one session: the one from before has ended.
    let before = house.get("/api/v1/rooms").by(&anna).send().await;
    assert_eq!(before.code(), ErrorCode::SessionEnded);
}

#[tokio::test]
async fn a_list_that_the_proof_does_not_fit_is_not_published() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let (device, key) = (DeviceId::random(&mut OsRng), fresh_key());
    let list = anna.next_list(&[(anna.device, &anna.device_key), (device, &key)]);
    let forged = enrol(&house, &ticket, device, &anna.device_key, Some(list)).await;
    assert_eq!(forged.code(), ErrorCode::ProofRefused);
    assert_eq!(anna.signs_in(&house).await.device_list, anna.lists[0]);
}

#[tokio::test]
async fn the_vault_is_given_and_replaced_only_with_a_fresh_ticket_of_the_same_account() {
    const VAULT: &str = "/api/v1/account/vault";
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let ticket = anna.signs_in(&house).await.ticket;
    let others = berta.signs_in(&house).await.ticket;
    let get = |ticket: &str| house.get(VAULT).by(&anna).header("huis-ticket", ticket).send();
    assert_eq!(house.get(VAULT).by(&anna).send().await.code(), ErrorCode::ProofRefused);
    assert_eq!(get("garbage").await.code(), ErrorCode::ProofRefused);
    assert_eq!(get(others.expose()).await.code(), ErrorCode::ProofRefused);
    let vault: Vault = get(ticket.expose()).await.read();
    assert_eq!((vault.number, &*vault.sealed), (1, &b"a sealed vault"[..]));

    let put = |number, sealed: &[u8]| {
        let vault = Vault { number, sealed: sealed.into() };
        house.put(VAULT, &vault).by(&anna).header("huis-ticket", ticket.expose()).send()
    };
    assert_eq!(house.put(VAULT, &vault).by(&anna).send().await.code(), ErrorCode::ProofRefused);
    put(2, b"another").await.is_done();
    put(2, b"another").await.is_done();
    assert_eq!(put(2, b"a third").await.code(), ErrorCode::StateConflict);
    assert_eq!(put(4, b"a third").await.code(), ErrorCode::StateConflict);
    house.pass(10 * MINUTE_MS);
    let token = &anna.grant.access_token;
    let late = house.get(VAULT).token(token).header("huis-ticket", ticket.expose()).send().await;
    assert_eq!(late.code(), ErrorCode::ProofRefused);
}

#[tokio::test]
async fn the_steps_of_a_sign_in_may_meet_different_nodes() {
    let first = House::open().await;
    let second = first.beside().await;
    let mut anna = Person::registers(&first, "anna").await;
    let (state, answer) = start_sign_in(&first, "anna", anna.password).await;
    let signed_in = finish_sign_in(&second, "anna", anna.password, state, answer.read()).await.unwrap();
    assert_eq!(signed_in.account, anna.account);
    // The ticket and the tokens that come of it, too.
    let (_, key, grant) = anna.adds_device(&second).await;
    let _: Rooms = first.get("/api/v1/rooms").token(&grant.access_token).send().await.read();
    let _: SessionGrant = refresh(&first, &grant.refresh_token, &key).await.read();
}
