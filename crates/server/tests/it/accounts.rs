use huis_proto::rest::{
    AccountCard, AccountState, ClaimKeyPackages, ClaimedKeyPackages, DeviceLists, KeyPackageStock, PutKeyPackages,
};
use huis_proto::{Bytes, DeviceId, ErrorCode, limits};
use huis_server::Rates;

use super::harness::{House, Person};

const STATE: &str = "/api/v1/account/state";
const PACKAGES: &str = "/api/v1/key-packages";

fn packages(bytes: std::ops::Range<u8>) -> PutKeyPackages {
    PutKeyPackages { one_time: bytes.map(|byte| Bytes(vec![byte; 8])).collect(), last_resort: None, replace: false }
}

#[tokio::test]
async fn accounts_are_found_by_name_and_id_by_those_who_are_signed_in() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let by_name: AccountCard = house.get("/api/v1/accounts/by-name/Anna").by(&berta).send().await.read();
    let by_id: AccountCard = house.get(format!("/api/v1/accounts/{}", anna.account)).by(&berta).send().await.read();
    assert_eq!(by_name, by_id);
    for nobody in ["by-name/nobody", "by-name/a%20b", &"0".repeat(32)] {
        let answer = house.get(format!("/api/v1/accounts/{nobody}")).by(&berta).send().await;
        assert_eq!(answer.code(), ErrorCode::NotFound, "{nobody}");
    }
    assert_eq!(house.get("/api/v1/accounts/by-name/anna").send().await.code(), ErrorCode::NotSignedIn);
    assert_eq!(house.get("/api/v1/accounts/anna").by(&berta).send().await.code(), ErrorCode::BadRequest);
    let lists = format!("/api/v1/accounts/{}/device-lists", "0".repeat(32));
    assert_eq!(house.get(lists).by(&berta).send().await.code(), ErrorCode::NotFound);
    let lists = format!("/api/v1/accounts/{}/device-lists?after=1", anna.account);
    assert_eq!(house.get(lists).by(&berta).send().await.read::<DeviceLists>().lists, []);
}

#[tokio::test]
async fn look_ups_are_limited_for_each_asker() {
    let house = House::with(|config| config.rates = Rates { lookups_per_minute: 2, ..Rates::UNLIMITED }).await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let look_up = |person| house.get("/api/v1/accounts/by-name/anna").by(person).send();
    assert!(look_up(&anna).await.status.is_success() && look_up(&anna).await.status.is_success());
    assert_eq!(look_up(&anna).await.code(), ErrorCode::TooManyRequests);
    assert!(look_up(&berta).await.status.is_success());
}

#[tokio::test]
async fn the_account_state_grows_by_one_and_an_old_one_does_not_replace_it() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let first: AccountState = house.get(STATE).by(&anna).send().await.read();
    assert_eq!((first.version, &*first.sealed), (1, &b"a sealed state"[..]));
    let second = AccountState { version: 2, sealed: Bytes(b"second".to_vec()), replaces: None };
    house.put(STATE, &second).by(&anna).send().await.is_done();
    house.put(STATE, &second).by(&anna).send().await.is_done();
    for (version, sealed) in [(1, "first"), (2, "other"), (4, "fourth"), (0, "zeroth"), (u64::MAX, "last")] {
        let state = AccountState { version, sealed: Bytes(sealed.into()), replaces: None };
        assert_eq!(house.put(STATE, &state).by(&anna).send().await.code(), ErrorCode::StateConflict, "{version}");
    }
    assert_eq!(house.get(STATE).by(&anna).send().await.read::<AccountState>(), second);
    assert_eq!(house.get(STATE).by(&berta).send().await.read::<AccountState>(), first);
    let empty = AccountState { version: 3, sealed: Bytes(Vec::new()), replaces: None };
    assert_eq!(house.put(STATE, &empty).by(&anna).send().await.code(), ErrorCode::BadRequest);
    let large = AccountState { version: 3, sealed: Bytes(vec![0; limits::ACCOUNT_STATE + 1]), replaces: None };
    assert_eq!(house.put(STATE, &large).by(&anna).send().await.code(), ErrorCode::TooLarge);
}

#[tokio::test]
async fn a_one_time_key_package_is_claimed_once_and_the_last_resort_one_after_that() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let request = PutKeyPackages { last_resort: Some(Bytes(vec![9; 8])), ..packages(1..3) };
    let stock: KeyPackageStock = house.post(PACKAGES, &request).by(&anna).send().await.read();
    assert_eq!(stock, KeyPackageStock { one_time: 2, last_resort: true });
    let mut claimed = Vec::new();
    for _ in 0..4 {
        let path = format!("/api/v1/accounts/{}/key-packages/claim", anna.account);
        let answer: ClaimedKeyPackages = house.post(path, &ClaimKeyPackages::default()).by(&berta).send().await.read();
        assert_eq!(answer.devices_without, []);
        claimed.push((answer.packages[0].key_package[0], answer.packages[0].last_resort));
    }
    assert_eq!(claimed, [(1, false), (2, false), (9, true), (9, true)]);
    let left: KeyPackageStock = house.get(PACKAGES).by(&anna).send().await.read();
    assert_eq!(left, KeyPackageStock { one_time: 0, last_resort: true });
}

#[tokio::test]
async fn key_packages_are_bounded_in_number_and_size() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let most = u8::try_from(limits::KEY_PACKAGES_KEPT).unwrap();
    let put = |request: PutKeyPackages| house.post(PACKAGES, &request).by(&anna).send();
    assert_eq!(put(packages(0..most + 1)).await.code(), ErrorCode::LimitReached);
    assert!(put(packages(0..most)).await.status.is_success());
    assert_eq!(put(packages(0..1)).await.code(), ErrorCode::LimitReached);
    assert!(put(PutKeyPackages { replace: true, ..packages(0..1) }).await.status.is_success());
    let large = PutKeyPackages { one_time: vec![Bytes(vec![0; limits::KEY_PACKAGE + 1])], ..packages(0..0) };
    assert_eq!(put(large).await.code(), ErrorCode::TooLarge);
    let empty = PutKeyPackages { last_resort: Some(Bytes(Vec::new())), ..packages(0..0) };
    assert_eq!(put(empty).await.code(), ErrorCode::BadRequest);
}

#[tokio::test]
async fn claims_are_limited_for_each_asker_and_name_who_has_none() {
    let house =
        House::with(|config| config.rates = Rates { key_package_claims_per_minute: 3, ..Rates::UNLIMITED }).await;
    let anna = Person::registers(&house, "anna").await;
    let path = format!("/api/v1/accounts/{}/key-packages/claim", anna.account);
    let claim = |request: &ClaimKeyPackages| house.post(&path, request).by(&anna).send();
    let answer: ClaimedKeyPackages = claim(&ClaimKeyPackages::default()).await.read();
    assert_eq!(answer.devices_without, [anna.device]);
    let many = ClaimKeyPackages { devices: Some(vec![DeviceId::from_bytes([1; 16]); limits::DEVICES + 1]) };
    assert_eq!(claim(&many).await.code(), ErrorCode::BadRequest);
    let nobody = format!("/api/v1/accounts/{}/key-packages/claim", "0".repeat(32));
    let answer = house.post(nobody, &ClaimKeyPackages::default()).by(&anna).send().await;
    assert_eq!(answer.code(), ErrorCode::NotFound);
    assert_eq!(claim(&ClaimKeyPackages::default()).await.code(), ErrorCode::TooManyRequests);
}
