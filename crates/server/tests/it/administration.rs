use huis_proto::ErrorCode;
use huis_proto::rest::{
    AccessPassphraseMade, Admission, EndSessions, RegistrationPolicy, SessionGrant, SessionInfo, SessionsEnded,
};

use super::harness::{House, Person, administrator, begin_registration, with_passphrase};

const SESSIONS: &str = "/api/v1/sessions";
const END: &str = "/api/v1/administration/sessions/end";
const PASSPHRASE: &str = "/api/v1/administration/access-passphrase";
const STOP: &str = "/api/v1/administration/stop";

fn of(username: &str) -> EndSessions {
    EndSessions { username: username.into() }
}

#[tokio::test]
async fn all_sessions_of_an_account_end_at_once_and_no_others() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let (mut anna, ben) = (Person::registers(&house, "anna").await, Person::registers(&house, "ben").await);
    let (_, _, second) = anna.adds_device(&house).await;
    let ended: SessionsEnded = house.post(END, &of("Anna")).by(&head).send().await.read();
    assert_eq!(ended.count, 2);
    assert_eq!(house.get(SESSIONS).by(&anna).send().await.code(), ErrorCode::SessionEnded);
    assert_eq!(house.get(SESSIONS).token(&second.access_token).send().await.code(), ErrorCode::SessionEnded);
    assert_eq!(anna.refreshes(&house, &anna.grant.refresh_token).await.code(), ErrorCode::SessionEnded);
    let _: Vec<SessionInfo> = house.get(SESSIONS).by(&ben).send().await.read();
    let again: SessionsEnded = house.post(END, &of("anna")).by(&head).send().await.read();
    assert_eq!(again.count, 0);
    assert_eq!(house.post(END, &of("nobody")).by(&head).send().await.code(), ErrorCode::NotFound);
    assert_eq!(house.post(END, &of("no such name!")).by(&head).send().await.code(), ErrorCode::BadRequest);
    assert_eq!(house.post(END, &of("head")).by(&head).send().await.code(), ErrorCode::BadRequest);
    let _: Vec<SessionInfo> = house.get(SESSIONS).by(&head).send().await.read();
}

#[tokio::test]
async fn nobody_but_the_super_administrator_administrates() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let anna = Person::registers(&house, "anna").await;
    for path in [PASSPHRASE, STOP] {
        assert_eq!(house.post(path, &()).by(&anna).send().await.code(), ErrorCode::Forbidden, "{path}");
        assert_eq!(house.post(path, &()).send().await.code(), ErrorCode::NotSignedIn, "{path}");
    }
    assert_eq!(house.post(END, &of("head")).by(&anna).send().await.code(), ErrorCode::Forbidden);
    assert_eq!(house.post(END, &of("anna")).send().await.code(), ErrorCode::NotSignedIn);
    let _: Vec<SessionInfo> = house.get(SESSIONS).by(&head).send().await.read();
    begin_registration(&house, "ben", with_passphrase()).await.read::<serde_json::Value>();
}

#[tokio::test]
async fn a_renewed_passphrase_counts_at_once() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let made: AccessPassphraseMade = house.post(PASSPHRASE, &()).by(&head).send().await.read();
    assert_eq!(begin_registration(&house, "anna", with_passphrase()).await.code(), ErrorCode::PassphraseRefused);
    let admission = Admission { access_passphrase: Some(made.access_passphrase), ..Admission::default() };
    assert!(begin_registration(&house, "anna", admission).await.status.is_success());
}

#[tokio::test]
async fn where_nobody_comes_in_by_a_passphrase_none_is_made() {
    let house = House::with(|config| config.registration = RegistrationPolicy::Invite).await;
    let head = administrator(&house).await;
    assert_eq!(house.post(PASSPHRASE, &()).by(&head).send().await.code(), ErrorCode::BadRequest);
}

#[tokio::test]
async fn one_of_several_nodes_renews_no_passphrase() {
    let Some(bus) = huis_testredis::Server::start() else { return };
    let house = House::with(|config| config.bus = Some(bus.address().parse().unwrap())).await;
    let head = administrator(&house).await;
    assert_eq!(house.post(PASSPHRASE, &()).by(&head).send().await.code(), ErrorCode::BadRequest);
    assert!(begin_registration(&house, "anna", with_passphrase()).await.status.is_success());
}

#[tokio::test]
async fn who_runs_the_server_learns_that_it_is_to_stop() {
    let house = House::open().await;
    let head = administrator(&house).await;
    assert!(house.post(STOP, &()).by(&head).send().await.status.is_success());
    house.server.stop_asked().await;
    let _: SessionGrant = head.refreshes(&house, &head.grant.refresh_token).await.read();
}
