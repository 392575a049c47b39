//! Stories of subscriptions to pushes.

use huis_proto::rest::PushSubscription;
use huis_proto::{Bytes, Bytes32, Member, SessionId};

use super::people::People;
use crate::{PushDue, Session, SharedStore};

const NOW_MS: u64 = 1_000_000;

fn subscription(endpoint: &str) -> PushSubscription {
    PushSubscription { endpoint: endpoint.into(), p256dh: Bytes(vec![4; 65]), auth: Bytes(vec![7; 16]) }
}

async fn signs_in(people: &People, device: Member) -> SessionId {
    let session = SessionId::from_bytes(people.id());
    let new = Session {
        session,
        account: device.account,
        device: device.device,
        stays_signed_in: true,
        began_at_ms: 1,
        used_at_ms: 1,
    };
    let token = Bytes32([u8::try_from(people.next() % 251).expect("small"); 32]);
    people.store.begin_session(new, token, 1).await.expect("begun");
    session
}

/// A device with a session and a subscription, which is away.
async fn away(people: &People, endpoint: &str) -> (Member, SessionId) {
    let device = people.account().await;
    let session = signs_in(people, device).await;
    assert!(people.store.put_push_subscription(session, subscription(endpoint)).await.expect("kept"));
    people.store.note_away(vec![(session, true)]).await.expect("noted");
    (device, session)
}

/// The endpoints of those that are due at this time, and were not taken in the 100 ms before.
async fn due_at(store: &SharedStore, devices: &[Member], now_ms: u64) -> Vec<String> {
    let due = store.take_push_due(devices.to_vec(), now_ms, now_ms - 100).await.expect("an answer");
    let mut endpoints: Vec<_> = due.into_iter().map(|PushDue { subscription, .. }| subscription.endpoint).collect();
    endpoints.sort();
    endpoints
}

async fn due(store: &SharedStore, devices: &[Member]) -> Vec<String> {
    due_at(store, devices, NOW_MS).await
}

/// And a fresh subscription's device is here.
pub async fn a_device_that_is_away_is_due_again_when_it_was_here_in_between(store: SharedStore) {
    let people = People::new(store.clone());
    assert!(!store.has_push_subscriptions().await.expect("read"));
    let (anna, session) = away(&people, "a").await;
    let (berta, _) = away(&people, "b").await;
    let (carla, here) = (people.account().await, people.stranger());
    assert_eq!(due(&store, &[anna, carla, here]).await, ["a"]);
    assert_eq!(due(&store, &[anna, berta]).await, ["b"]);
    assert!(due(&store, &[anna, berta]).await.is_empty());
    store.note_away(vec![(session, false)]).await.expect("noted");
    assert!(due(&store, &[anna]).await.is_empty());
    store.note_away(vec![(session, true), (SessionId::from_bytes([9; 16]), true)]).await.expect("noted");
    let taken = store.take_push_due(vec![anna], NOW_MS, NOW_MS - 100).await.expect("an answer");
    assert_eq!(taken, [PushDue { session, subscription: subscription("a") }]);
    // A visit that was too short to be noted but by its end is one.
    store.note_away(vec![(session, true)]).await.expect("noted");
    assert_eq!(due(&store, &[anna]).await, ["a"]);
    store.note_away(vec![(session, false)]).await.expect("noted");
    assert!(store.note_all_away().await.expect("noted"));
    assert_eq!(due(&store, &[anna, berta]).await, ["a"], "who was told before is not told at a start");
    assert!(store.put_push_subscription(session, subscription("a")).await.expect("kept"));
    store.note_away(vec![(session, true)]).await.expect("noted");
    assert!(store.put_push_subscription(session, subscription("new")).await.expect("kept"));
    assert!(due(&store, &[anna]).await.is_empty(), "whoever subscribes is here");
}

pub async fn a_device_that_stays_away_is_due_again_after_a_while(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, session) = away(&people, "a").await;
    assert_eq!(due_at(&store, &[anna], NOW_MS).await, ["a"]);
    assert!(due_at(&store, &[anna], NOW_MS + 99).await.is_empty());
    assert_eq!(due_at(&store, &[anna], NOW_MS + 100).await, ["a"]);
    assert!(due_at(&store, &[anna], NOW_MS + 199).await.is_empty(), "it counts from the last time");
    // Where it is woken by then is where it is woken.
    assert!(store.is_push_wanted(session, "a".into()).await.expect("read"));
    assert!(!store.is_push_wanted(session, "b".into()).await.expect("read"));
    assert!(store.put_push_subscription(session, subscription("b")).await.expect("kept"));
    assert!(!store.is_push_wanted(session, "b".into()).await.expect("read"), "it is here");
    store.note_away(vec![(session, true)]).await.expect("noted");
    assert!(store.is_push_wanted(session, "b".into()).await.expect("read"));
    assert_eq!(due_at(&store, &[anna], NOW_MS + 200).await, ["b"]);
}

/// However it ends; and there is none without one.
pub async fn a_subscription_ends_with_its_session(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, session) = away(&people, "a").await;
    store.end_session(anna.account, session).await.expect("ended");
    assert!(!store.has_push_subscriptions().await.expect("read"));
    assert!(!store.put_push_subscription(session, subscription("a")).await.expect("an answer"));
    let (berta, _) = away(&people, "b").await;
    let second = signs_in(&people, berta).await;
    assert!(due(&store, &[berta]).await.is_empty());
    assert!(!store.note_all_away().await.expect("noted"));
    assert!(store.put_push_subscription(second, subscription("b")).await.expect("kept"));
    assert!(store.remove_push_subscription(second).await.expect("removed"));
    assert!(!store.remove_push_subscription(second).await.expect("an answer"));
    assert!(store.session(second).await.expect("read").is_some(), "the session goes on");
}

/// A browser that subscribed anew meanwhile keeps what it has.
pub async fn an_endpoint_that_is_gone_takes_no_newer_subscription_with_it(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, session) = away(&people, "old").await;
    assert!(store.put_push_subscription(session, subscription("new")).await.expect("kept"));
    assert!(!store.forget_push_subscription(session, "old".into()).await.expect("an answer"));
    store.note_away(vec![(session, true)]).await.expect("noted");
    assert_eq!(due(&store, &[anna]).await, ["new"]);
    assert!(store.forget_push_subscription(session, "new".into()).await.expect("forgotten"));
    assert!(!store.has_push_subscriptions().await.expect("read"));
}

/// Of many who ask at the same moment, one is given the device.
pub async fn of_many_nodes_one_wakes_a_device(store: SharedStore) {
    let people = People::new(store.clone());
    let mut devices = Vec::new();
    for endpoint in ["a", "b", "c", "d"] {
        devices.push(away(&people, endpoint).await.0);
    }
    let asks = (0..8).map(|_| {
        let (store, devices) = (store.clone(), devices.clone());
        tokio::spawn(async move { due(&store, &devices).await })
    });
    let mut taken = Vec::new();
    for ask in asks.collect::<Vec<_>>() {
        taken.extend(ask.await.expect("a task"));
    }
    taken.sort();
    assert_eq!(taken, ["a", "b", "c", "d"]);
}
