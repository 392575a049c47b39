//! Stories of what is kept for a stated time only.

use super::people::{People, stored};
use crate::{Appended, SharedStore};

/// A device that comes later is told up to where (PROTOCOL 24).
pub async fn what_nobody_fetched_expires_and_cursors_say_so(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    for received_at_ms in [20, 30, 40] {
        let mut message = people.message(group, anna, 1);
        message.received_at_ms = received_at_ms;
        stored(store.append(message).await);
    }
    people.acks(group, anna, 4).await;
    assert_eq!(store.expire(15, 0, 100).await.expect("swept"), 1, "the welcome");
    assert_eq!(store.expire(40, 0, 100).await.expect("swept"), 2);
    assert_eq!(store.expire(40, 0, 100).await.expect("swept"), 0);
    assert_eq!(people.reads(group, berta, 0).await, [4]);
    let cursors = store.cursors(berta).await.expect("read");
    assert_eq!((cursors[0].acked, cursors[0].expired, cursors[0].last), (1, 3, 4));
    people.acks(group, berta, 3).await;
    assert_eq!(people.cursor(group, berta).await, Some((3, 4)));
    assert_eq!(people.says(group, anna, 1).await.seq, 5);
}

/// Later than the payloads, and then the id is free.
pub async fn repeat_keys_expire_by_age(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let mut message = people.message(group, anna, 1);
    stored(store.append(message.clone()).await);
    store.expire(100, 20, 100).await.expect("swept");
    let again = store.append(message.clone()).await.expect("an answer");
    assert!(matches!(again, Appended::Repeat { seq: 2, .. }), "{again:?}");
    store.expire(100, 21, 100).await.expect("swept");
    message.submission = people.next();
    assert_eq!(stored(store.append(message.clone()).await).seq, 3);
    let again = store.append(message).await.expect("an answer");
    assert!(matches!(again, Appended::Repeat { seq: 3, .. }), "{again:?}");
}

/// One sweep never holds everybody up.
pub async fn expiry_keeps_to_its_bound(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let groups = [people.group(&[anna]).await, people.group(&[anna]).await];
    for group in groups {
        for _ in 0..3 {
            people.says(group, anna, 1).await;
        }
    }
    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(store.expire(100, 0, 3).await.expect("swept"));
    }
    assert_eq!(swept, [3, 3, 2]);
    // Of the keys as well: two commits and six messages.
    let mut swept = Vec::new();
    for _ in 0..4 {
        swept.push(store.expire(0, 100, 3).await.expect("swept"));
    }
    assert_eq!(swept, [3, 3, 2, 0]);
    for group in groups {
        assert!(people.reads(group, anna, 0).await.is_empty());
    }
}

/// The device is a member all the same, and joins by itself.
pub async fn an_undelivered_welcome_expires(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    store.expire(10, 0, 100).await.expect("swept");
    assert_eq!(store.welcomes(berta, 10).await.expect("read").len(), 1);
    store.expire(11, 0, 100).await.expect("swept");
    assert_eq!(store.welcomes(berta, 10).await.expect("read"), []);
    assert_eq!(people.cursor(group, berta).await, Some((1, 1)));
    let told = store.conversations(berta).await.expect("read");
    assert_eq!(told.iter().map(|info| (info.conversation, info.joined)).collect::<Vec<_>>(), [(group, true)]);
    let mut rejoin = people.external(group, berta, 1);
    rejoin.leaves = vec![berta];
    stored(store.append_commit(rejoin).await);
}

/// Nor is anything kept for it behind that.
pub async fn a_leaver_whose_entries_have_expired_holds_nothing_back(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    stored(store.append(people.leave(group, &[berta], 1)).await);
    let mut late = people.message(group, anna, 1);
    late.received_at_ms = 50;
    stored(store.append(late).await);
    people.acks(group, anna, 3).await;
    assert_eq!(people.reads(group, anna, 1).await, [2, 3]);
    store.expire(50, 0, 100).await.expect("swept");
    assert!(people.reads(group, anna, 1).await.is_empty());
}

/// Also long after everything that it could have read is gone: it has to learn that it must join again. Whose account
/// takes part no longer is told nothing.
pub async fn who_was_removed_and_keeps_its_place_is_told_what_expired_whenever_it_is_back(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    let group = people.group(&[anna, berta, carla]).await;
    people.says(group, anna, 1).await;
    let mut remove = people.commit(group, anna, 1);
    remove.leaves = vec![berta, carla];
    remove.out = vec![carla.account];
    remove.received_at_ms = 30;
    stored(store.append_commit(remove).await);
    people.acks(group, anna, 3).await;
    store.expire(31, 0, 100).await.expect("swept");
    people.says(group, anna, 2).await;
    people.acks(group, anna, 4).await;
    assert_eq!(store.cursors(carla).await.expect("read"), []);
    let cursors = store.cursors(berta).await.expect("read");
    assert_eq!((cursors[0].acked, cursors[0].last, cursors[0].expired), (1, 3, 3));
    assert!(people.reads(group, berta, 1).await.is_empty());
    assert!(people.reads(group, anna, 0).await.is_empty(), "nothing is held back for it");
    stored(store.append_commit(people.external(group, berta, 2)).await);
    assert_eq!(people.cursor(group, berta).await, Some((5, 5)));
}
