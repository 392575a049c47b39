//! Settings that are changed while the server runs.

use http::StatusCode;
use huis_proto::rest::{
    AccessPassphraseMade, Admission, AuditPage, ChangeSetting, RegistrationPolicy, ServerInfo, SettingInfo,
};
use huis_proto::{ErrorCode, limits};
use huis_server::Rates;

use super::harness::{Answer, House, MINUTE_MS, Person, administrator, begin_registration, with_passphrase};

const SETTINGS: &str = "/api/v1/admin/settings";

async fn sets(house: &House, by: &Person, name: &str, value: &str) -> Answer {
    house.put(format!("{SETTINGS}/{name}"), &ChangeSetting { value: value.into() }).by(by).send().await
}

async fn resets(house: &House, by: &Person, name: &str) -> Answer {
    house.delete(format!("{SETTINGS}/{name}")).by(by).send().await
}

async fn setting(house: &House, by: &Person, name: &str) -> SettingInfo {
    let all: Vec<SettingInfo> = house.get(SETTINGS).by(by).send().await.read();
    all.into_iter().find(|setting| setting.name == name).unwrap()
}

async fn registration(house: &House) -> RegistrationPolicy {
    house.get("/api/v1/server").send().await.read::<ServerInfo>().registration
}

async fn is_let_in(house: &House, name: &str) -> bool {
    begin_registration(house, name, Admission::default()).await.status.is_success()
}

#[tokio::test]
async fn who_may_register_is_changed_at_once_and_given_back() {
    let house = House::open().await;
    let head = administrator(&house).await;
    assert!(!is_let_in(&house, "anna").await);
    let set: SettingInfo = sets(&house, &head, "registration", " open ").await.read();
    assert_eq!((set.value.as_str(), set.configured.as_str()), ("open", "passphrase"));
    assert_eq!((set.set_by.as_deref(), set.since_ms), (Some("head"), Some(house.now_ms())));
    assert_eq!(set.choices, ["passphrase", "open", "invite", "closed"]);
    assert_eq!(setting(&house, &head, "registration").await, set);
    assert!(is_let_in(&house, "anna").await);
    assert_eq!(registration(&house).await, RegistrationPolicy::Open);
    let welcome = house.get("/").send().await;
    assert!(String::from_utf8_lossy(&welcome.body).contains("Anybody can join."));
    // The same once more is fine.
    assert_eq!(sets(&house, &head, "registration", "open").await.read::<SettingInfo>(), set);

    sets(&house, &head, "registration", "closed").await.read::<SettingInfo>();
    let refused = begin_registration(&house, "anna", with_passphrase()).await;
    assert_eq!(refused.code(), ErrorCode::RegistrationClosed);
    resets(&house, &head, "registration").await.is_done();
    assert_eq!(resets(&house, &head, "registration").await.code(), ErrorCode::NotFound);
    assert!(begin_registration(&house, "anna", with_passphrase()).await.status.is_success());
    let back = setting(&house, &head, "registration").await;
    assert_eq!((back.value.as_str(), back.set_by, back.since_ms), ("passphrase", None, None));
    let log: AuditPage = house.get("/api/v1/admin/audit?after=1").by(&head).send().await.read();
    let told: Vec<[&str; 4]> = log
        .entries
        .iter()
        .map(|entry| [entry.action.as_str(), entry.subject.as_str(), entry.before.as_str(), entry.after.as_str()])
        .collect();
    assert_eq!(
        told,
        [
            ["settings.set", "setting registration", "passphrase", "open"],
            ["settings.set", "setting registration", "open", "closed"],
            ["settings.reset", "setting registration", "closed", "passphrase"],
        ]
    );
}

#[tokio::test]
async fn a_changed_setting_counts_on_every_node_and_after_a_start() {
    let house = House::open().await;
    let head = administrator(&house).await;
    let beside = house.beside().await;
    sets(&house, &head, "registration", "open").await.read::<SettingInfo>();
    // The other one has no bus to hear it by, and learns it in its round.
    assert_eq!(registration(&beside).await, RegistrationPolicy::Passphrase);
    beside.server.keep_up().await;
    assert_eq!(registration(&beside).await, RegistrationPolicy::Open);
    let later = house.beside_with(|config| config.registration = RegistrationPolicy::Closed).await;
    assert_eq!(registration(&later).await, RegistrationPolicy::Open);
    assert_eq!(later.server.newcomers().registration, RegistrationPolicy::Open);
    assert_eq!(setting(&later, &head, "registration").await.configured, "closed");
    resets(&later, &head, "registration").await.is_done();
    assert_eq!(registration(&later).await, RegistrationPolicy::Closed);
    house.server.keep_up().await;
    assert_eq!(registration(&house).await, RegistrationPolicy::Passphrase);
}

#[tokio::test]
async fn nodes_on_a_bus_go_by_a_changed_setting_within_seconds() {
    let Some(bus) = huis_testredis::Server::start() else { return };
    let with_bus = |config: &mut huis_server::Config| config.bus = Some(bus.address().parse().unwrap());
    let house = House::with(with_bus).await;
    let head = administrator(&house).await;
    let beside = house.beside_with(with_bus).await;
    sets(&house, &head, "registration", "open").await.read::<SettingInfo>();
    let hears = async {
        while registration(&beside).await != RegistrationPolicy::Open {
            tokio::task::yield_now().await;
        }
    };
    // Its own round comes after half a minute.
    tokio::time::timeout(std::time::Duration::from_secs(15), hears).await.unwrap();
}

#[tokio::test]
async fn a_rate_is_changed_at_once() {
    let house = House::with(|config| config.rates = Rates { lookups_per_minute: 2, ..Rates::UNLIMITED }).await;
    let head = administrator(&house).await;
    let anna = Person::registers(&house, "anna").await;
    let looks_up = async || house.get("/api/v1/accounts/by-name/head").by(&anna).send().await;
    for _ in 0..2 {
        assert_eq!(looks_up().await.status, StatusCode::OK);
    }
    assert_eq!(looks_up().await.code(), ErrorCode::TooManyRequests);
    let set: SettingInfo = sets(&house, &head, "lookups-per-minute", "0005").await.read();
    assert_eq!((set.value.as_str(), set.configured.as_str()), ("5", "2"));
    assert_eq!((set.least, set.most), (Some(1), Some(1_000_000)));
    house.pass(MINUTE_MS);
    for _ in 0..5 {
        assert_eq!(looks_up().await.status, StatusCode::OK);
    }
    assert_eq!(looks_up().await.code(), ErrorCode::TooManyRequests);
}

#[tokio::test]
async fn what_is_no_value_or_no_such_setting_is_refused_and_changes_nothing() {
    let house = House::open().await;
    let head = administrator(&house).await;
    for (name, value) in [
        ("registration", ""),
        ("registration", "Open"),
        ("registration", "everybody"),
        ("guesses-per-minute", "0"),
        ("guesses-per-minute", "1000001"),
        ("guesses-per-minute", "-1"),
        ("guesses-per-minute", "many"),
    ] {
        assert_eq!(sets(&house, &head, name, value).await.code(), ErrorCode::BadRequest, "{name} {value}");
    }
    for name in ["listen", "access-passphrase", "REGISTRATION", "no-such-setting"] {
        assert_eq!(sets(&house, &head, name, "open").await.code(), ErrorCode::NotFound, "{name}");
        assert_eq!(resets(&house, &head, name).await.code(), ErrorCode::NotFound, "{name}");
    }
    let all: Vec<SettingInfo> = house.get(SETTINGS).by(&head).send().await.read();
    assert!(all.len() < limits::ADMINISTRATION_PAGE && all.iter().all(|setting| setting.set_by.is_none()));
}

#[tokio::test]
async fn a_server_that_is_opened_by_passphrase_while_it_runs_makes_one() {
    let house = House::with(|config| {
        config.registration = RegistrationPolicy::Closed;
        config.access_passphrase = None;
    })
    .await;
    let head = administrator(&house).await;
    sets(&house, &head, "registration", "passphrase").await.read::<SettingInfo>();
    let made: AccessPassphraseMade =
        house.call("POST", "/api/v1/admin/access-passphrase").by(&head).send().await.read();
    let shown = Admission { access_passphrase: Some(made.access_passphrase), ..Admission::default() };
    assert!(begin_registration(&house, "anna", shown).await.status.is_success());
}

#[tokio::test]
async fn who_starts_the_server_has_the_configuration_count_and_gives_settings_back() {
    let house = House::open().await;
    let head = administrator(&house).await;
    sets(&house, &head, "registration", "open").await.read::<SettingInfo>();
    let beside = house.beside_with(|config| config.ignore_changed_settings = true).await;
    beside.server.keep_up().await;
    assert_eq!(registration(&beside).await, RegistrationPolicy::Passphrase);
    assert!(!is_let_in(&beside, "anna").await);
    let shown = setting(&beside, &head, "registration").await;
    assert_eq!((shown.value.as_str(), shown.set_by.as_deref()), ("passphrase", Some("head")));
    assert_eq!(sets(&beside, &head, "registration", "closed").await.code(), ErrorCode::BadRequest);
    resets(&beside, &head, "registration").await.is_done();
    house.server.keep_up().await;
    assert_eq!(registration(&house).await, RegistrationPolicy::Passphrase);
}
