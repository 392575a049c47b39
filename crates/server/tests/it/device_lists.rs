use huis_proto::rest::{AccountCard, DeviceLists, PutDeviceList, SessionInfo};
use huis_proto::{Bytes32, DeviceId, ErrorCode};
use rand::rngs::OsRng;

use super::harness::{House, Person, first_list, fresh_key, refresh};

const LIST: &str = "/api/v1/account/device-list";

#[tokio::test]
async fn revoking_a_device_ends_its_session_and_publishes_the_list() {
    let house = House::open().await;
    let mut anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let (_, key, second) = anna.adds_device(&house).await;
    let own = anna.device_key.clone();
    let device_list = anna.next_list(&[(anna.device, &own)]);
    let request = PutDeviceList { device_list: device_list.clone() };
    house.put(LIST, &request).by(&anna).send().await.is_done();
    // Sent again, because the answer was lost.
    house.put(LIST, &request).by(&anna).send().await.is_done();
    anna.lists.push(device_list);

    let revoked = house.get("/api/v1/sessions").token(&second.access_token).send().await;
    assert_eq!(revoked.code(), ErrorCode::SessionEnded);
    assert_eq!(refresh(&house, &second.refresh_token, &key).await.code(), ErrorCode::SessionEnded);
    let _: Vec<SessionInfo> = house.get("/api/v1/sessions").by(&anna).send().await.read();

    let path = format!("/api/v1/accounts/{}", anna.account);
    let card: AccountCard = house.get(&path).by(&berta).send().await.read();
    assert_eq!(Some(&card.device_list), anna.lists.last());
    let chain: DeviceLists = house.get(format!("{path}/device-lists")).by(&berta).send().await.read();
    assert_eq!(chain.lists, anna.lists);
    let newer: DeviceLists = house.get(format!("{path}/device-lists?after=2")).by(&berta).send().await.read();
    assert_eq!(newer.lists, anna.lists[2..]);
}

#[tokio::test]
async fn an_older_a_forked_a_forged_and_anothers_list_are_refused() {
    let house = House::open().await;
    let mut anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let (device, key, _) = anna.adds_device(&house).await;
    let own = anna.device_key.clone();
    let both = [(anna.device, &own), (device, &key)];
    let rekeyed = [(anna.device, &key), (device, &key)];
    let stranger = fresh_key();
    let newest = anna.lists[1].hash();
    for (what, list, code) in [
        ("the first again", anna.lists[0].clone(), ErrorCode::DeviceListConflict),
        ("another second", anna.list(2, anna.lists[0].hash(), &both[..1]), ErrorCode::DeviceListConflict),
        ("a third after a fork", anna.list(3, Bytes32([4; 32]), &both), ErrorCode::DeviceListConflict),
        ("a hole", anna.list(4, newest, &both), ErrorCode::DeviceListConflict),
        ("another's signature", first_list(&stranger, anna.account, device, &key), ErrorCode::BadDeviceList),
        ("another's account", first_list(&anna.identity, berta.account, device, &key), ErrorCode::BadDeviceList),
        ("one device twice", anna.list(3, newest, &[both[0], both[0]]), ErrorCode::BadDeviceList),
        ("a device with another key", anna.list(3, newest, &rekeyed), ErrorCode::BadDeviceList),
    ] {
        let request = PutDeviceList { device_list: list };
        assert_eq!(house.put(LIST, &request).by(&anna).send().await.code(), code, "{what}");
    }
    let request = PutDeviceList { device_list: anna.next_list(&both) };
    assert_eq!(house.put(LIST, &request).by(&berta).send().await.code(), ErrorCode::BadDeviceList);
    assert_eq!(house.put(LIST, &request).send().await.code(), ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn a_list_of_more_devices_than_an_account_may_have_is_refused() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let devices: Vec<_> = (0..21).map(|_| (DeviceId::random(&mut OsRng), fresh_key())).collect();
    let many: Vec<_> = devices.iter().map(|(device, key)| (*device, key)).collect();
    let request = PutDeviceList { device_list: anna.next_list(&many) };
    assert_eq!(house.put(LIST, &request).by(&anna).send().await.code(), ErrorCode::BadDeviceList);
}
