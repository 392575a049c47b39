//! Stories of key packages.

use std::collections::BTreeSet;

use huis_proto::{Bytes, DeviceId, limits};

use super::people::People;
use crate::{SharedStore, Stocked, StoreError};

fn packages(numbers: std::ops::Range<u8>) -> Vec<Bytes> {
    numbers.map(|number| Bytes(vec![number])).collect()
}

async fn claim(store: &SharedStore, of: huis_proto::Member) -> Option<(u8, bool)> {
    let claimed = store.claim_key_packages(of.account, None, 1).await;
    let claimed = claimed.expect("an answer").expect("the account");
    let package = claimed.packages.first()?;
    assert_eq!(package.device, of.device);
    Some((package.key_package[0], package.last_resort))
}

/// Nobody gets the same one again.
pub async fn key_packages_are_handed_out_once_oldest_first(store: SharedStore) {
    let people = People::new(store.clone());
    let owner = people.account().await;
    let put = store.put_key_packages(owner, packages(1..4), None, false).await;
    let Stocked::Stored(stock) = put.expect("stocked") else { panic!("there is room") };
    assert_eq!((stock.one_time, stock.last_resort), (3, false));
    for number in 1..4 {
        assert_eq!(claim(&store, owner).await, Some((number, false)));
    }
    assert_eq!(claim(&store, owner).await, None);
    let unknown = store.claim_key_packages(people.stranger().account, None, 1).await;
    assert_eq!(unknown.expect("an answer"), None);
}

/// It stands in when the others are used up, and can be replaced.
pub async fn the_last_resort_key_package_is_handed_out_again_and_again(store: SharedStore) {
    let people = People::new(store.clone());
    let owner = people.account().await;
    let put = |one_time, last| store.put_key_packages(owner, one_time, Some(Bytes(vec![last])), false);
    put(packages(1..2), 90).await.expect("stocked");
    assert_eq!(claim(&store, owner).await, Some((1, false)));
    assert_eq!(claim(&store, owner).await, Some((90, true)));
    assert_eq!(claim(&store, owner).await, Some((90, true)));
    put(Vec::new(), 91).await.expect("stocked");
    assert_eq!(claim(&store, owner).await, Some((91, true)));
    let stock = store.key_package_stock(owner).await.expect("read");
    assert_eq!((stock.one_time, stock.last_resort), (0, true));
}

/// A key package that two get would be two groups with one key.
pub async fn no_two_claims_at_once_get_the_same_key_package(store: SharedStore) {
    let people = People::new(store.clone());
    let owner = people.account().await;
    let put = store.put_key_packages(owner, packages(0..50), Some(Bytes(vec![99])), false);
    put.await.expect("stocked");
    let claims: Vec<_> = (0..60)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { claim(&store, owner).await })
        })
        .collect();
    let mut one_time = BTreeSet::new();
    let mut last_resort = 0;
    for answer in claims {
        match answer.await.expect("a claim").expect("a key package") {
            (number, false) => assert!(one_time.insert(number), "{number} twice"),
            (number, true) => {
                assert_eq!(number, 99);
                last_resort += 1;
            }
        }
    }
    assert_eq!((one_time.len(), last_resort), (50, 10));
}

/// Beyond the limit nothing is stored; a device that lost its private halves starts anew.
pub async fn a_stock_has_a_limit_and_can_be_replaced(store: SharedStore) {
    let people = People::new(store.clone());
    let owner = people.account().await;
    let most = limits::KEY_PACKAGES_KEPT as u8;
    let put = |one_time, replace| store.put_key_packages(owner, one_time, None, replace);
    let full = put(packages(0..most), false).await.expect("an answer");
    assert!(matches!(full, Stocked::Stored(stock) if stock.one_time == u32::from(most)));
    let over = put(packages(0..1), false).await.expect("an answer");
    assert!(matches!(over, Stocked::LimitReached(stock) if stock.one_time == u32::from(most)));
    let replaced = put(packages(200..202), true).await.expect("an answer");
    assert!(matches!(replaced, Stocked::Stored(stock) if stock.one_time == 2));
    assert_eq!(claim(&store, owner).await, Some((200, false)));
}

/// The list decides, in its order; a device without any is named.
pub async fn only_listed_devices_that_were_asked_for_are_claimed(store: SharedStore) {
    let people = People::new(store.clone());
    let first = people.account().await;
    let second = people.second_device(first).await;
    for (owner, number) in [(first, 1), (second, 2)] {
        let put = store.put_key_packages(owner, packages(number..number + 2), None, false);
        put.await.expect("stocked");
    }
    let only = Some(vec![second.device, DeviceId::from_bytes([0; 16])]);
    let claimed = store.claim_key_packages(first.account, only, 1).await;
    let claimed = claimed.expect("an answer").expect("the account");
    assert_eq!(claimed.packages.len(), 1);
    assert_eq!(claimed.packages[0].device, second.device);
    assert_eq!(claimed.devices_without, []);
    people.list(first.account, &[second, first]).await;
    let claimed = store.claim_key_packages(first.account, None, 1).await;
    let claimed = claimed.expect("an answer").expect("the account");
    let devices: Vec<_> = claimed.packages.iter().map(|package| package.device).collect();
    assert_eq!(devices, [second.device, first.device]);
    let stranger = people.stranger();
    let refused = store.put_key_packages(stranger, packages(0..1), None, false).await;
    assert!(matches!(refused, Err(StoreError::Other(_))));
}
