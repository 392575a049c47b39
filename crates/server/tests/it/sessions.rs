use huis_proto::ErrorCode;
use huis_proto::rest::{FinishRegistration, Secret, SessionGrant, SessionInfo};

use super::harness::{House, MINUTE_MS, Person, fresh_key, refresh, registration, with_passphrase};

const SESSIONS: &str = "/api/v1/sessions";

async fn registers_without_staying(house: &House, name: &str) -> Person {
    let (request, person) = registration(house, name, with_passphrase()).await;
    let request = FinishRegistration { stay_signed_in: false, ..request };
    let grant = house.post("/api/v1/registrations/finish", &request).send().await.read();
    Person { grant, ..person }
}

#[tokio::test]
async fn an_access_token_serves_fifteen_minutes_and_a_refresh_gives_the_next() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    house.pass(15 * MINUTE_MS - 1);
    let _: Vec<SessionInfo> = house.get(SESSIONS).by(&anna).send().await.read();
    house.pass(1);
    assert_eq!(house.get(SESSIONS).by(&anna).send().await.code(), ErrorCode::TokenExpired);
    let grant: SessionGrant = anna.refreshes(&house, &anna.grant.refresh_token).await.read();
    assert_eq!((grant.session, grant.username.as_str()), (anna.grant.session, "anna"));
    assert_ne!(grant.refresh_token, anna.grant.refresh_token);
    let _: Vec<SessionInfo> = house.get(SESSIONS).token(&grant.access_token).send().await.read();
}

#[tokio::test]
async fn a_lost_reply_to_a_refresh_is_no_theft() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let _lost: SessionGrant = anna.refreshes(&house, &anna.grant.refresh_token).await.read();
    let second: SessionGrant = anna.refreshes(&house, &anna.grant.refresh_token).await.read();
    let third: SessionGrant = anna.refreshes(&house, &second.refresh_token).await.read();
    let _: Vec<SessionInfo> = house.get(SESSIONS).token(&third.access_token).send().await.read();
}

#[tokio::test]
async fn an_old_token_that_is_used_again_ends_the_session() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let second: SessionGrant = anna.refreshes(&house, &anna.grant.refresh_token).await.read();
    let third: SessionGrant = anna.refreshes(&house, &second.refresh_token).await.read();
    let reused = anna.refreshes(&house, &anna.grant.refresh_token).await;
    assert_eq!(reused.code(), ErrorCode::SessionEnded);
    assert_eq!(anna.refreshes(&house, &third.refresh_token).await.code(), ErrorCode::SessionEnded);
    assert_eq!(house.get(SESSIONS).token(&third.access_token).send().await.code(), ErrorCode::SessionEnded);
}

#[tokio::test]
async fn a_stolen_refresh_token_is_of_no_use_without_the_devices_key() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let thief = fresh_key();
    let stolen = refresh(&house, &anna.grant.refresh_token, &thief).await;
    assert_eq!(stolen.code(), ErrorCode::ProofRefused);
    let _: SessionGrant = anna.refreshes(&house, &anna.grant.refresh_token).await.read();
    let made_up = anna.refreshes(&house, &Secret::new("made up")).await;
    assert_eq!(made_up.code(), ErrorCode::SessionEnded);
}

#[tokio::test]
async fn a_session_that_ended_is_dead_at_once() {
    let house = House::open().await;
    let mut anna = Person::registers(&house, "anna").await;
    let (device, key, second) = anna.adds_device(&house).await;
    let sessions: Vec<SessionInfo> = house.get(SESSIONS).by(&anna).send().await.read();
    let mut listed: Vec<_> = sessions.iter().map(|session| (session.device, session.current)).collect();
    listed.sort();
    let mut expected = vec![(anna.device, true), (device, false)];
    expected.sort();
    assert_eq!(listed, expected);

    house.delete(format!("{SESSIONS}/{}", second.session)).by(&anna).send().await.is_done();
    assert_eq!(house.get(SESSIONS).token(&second.access_token).send().await.code(), ErrorCode::SessionEnded);
    assert_eq!(refresh(&house, &second.refresh_token, &key).await.code(), ErrorCode::SessionEnded);
    let again = house.delete(format!("{SESSIONS}/{}", second.session)).by(&anna).send().await;
    assert_eq!(again.code(), ErrorCode::NotFound);

    house.delete("/api/v1/sessions/current").by(&anna).send().await.is_done();
    assert_eq!(house.get(SESSIONS).by(&anna).send().await.code(), ErrorCode::SessionEnded);
}

#[tokio::test]
async fn nobody_ends_another_accounts_session() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let answer = house.delete(format!("{SESSIONS}/{}", anna.grant.session)).by(&berta).send().await;
    assert_eq!(answer.code(), ErrorCode::NotFound);
    let sessions: Vec<SessionInfo> = house.get(SESSIONS).by(&anna).send().await.read();
    assert_eq!(sessions.len(), 1);
}

#[tokio::test]
async fn an_idle_session_ends_unless_its_person_stays_signed_in() {
    let house = House::open().await;
    let brief = registers_without_staying(&house, "anna").await;
    let staying = Person::registers(&house, "berta").await;
    house.pass(14 * MINUTE_MS);
    house.server.keep_up().await;
    let brief_grant: SessionGrant = brief.refreshes(&house, &brief.grant.refresh_token).await.read();
    house.pass(14 * MINUTE_MS);
    house.server.keep_up().await;
    let _: Vec<SessionInfo> = house.get(SESSIONS).token(&brief_grant.access_token).send().await.read();
    house.pass(2 * MINUTE_MS);
    house.server.keep_up().await;
    assert_eq!(brief.refreshes(&house, &brief_grant.refresh_token).await.code(), ErrorCode::SessionEnded);
    let _: SessionGrant = staying.refreshes(&house, &staying.grant.refresh_token).await.read();
}

#[tokio::test]
async fn an_idle_session_is_not_renewed_before_the_server_noticed_it() {
    let house = House::open().await;
    let anna = registers_without_staying(&house, "anna").await;
    house.pass(16 * MINUTE_MS);
    assert_eq!(anna.refreshes(&house, &anna.grant.refresh_token).await.code(), ErrorCode::SessionEnded);
}
