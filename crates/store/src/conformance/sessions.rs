//! Stories of sessions.

use huis_proto::{Bytes32, Member, SessionId};

use super::people::People;
use crate::{Beginning, Refresh, Session, SharedStore, StoreError};

fn session(people: &People, device: Member, used_at_ms: u64, stays: bool) -> Session {
    Session {
        session: SessionId::from_bytes(people.id()),
        account: device.account,
        device: device.device,
        stays_signed_in: stays,
        began_at_ms: 1,
        used_at_ms,
    }
}

fn token(number: u8) -> Bytes32 {
    Bytes32([number; 32])
}

async fn begun(people: &People, tokens: u8) -> (Member, SessionId) {
    let device = people.account().await;
    let new = session(people, device, 1, true);
    let id = new.session;
    let begin = people.store.begin_session(new, token(tokens), 1);
    assert_eq!(begin.await.expect("begun"), Beginning::Begun { ended: None });
    (device, id)
}

async fn renews(store: &SharedStore, presented: u8, next: u8) -> bool {
    let refresh = store.refresh_session(token(presented), token(next), 50);
    matches!(refresh.await.expect("an answer"), Refresh::Renewed(_))
}

/// Signing in again ends the session before, with its tokens.
pub async fn a_device_has_one_session(store: SharedStore) {
    let people = People::new(store.clone());
    let (device, first) = begun(&people, 1).await;
    let second = session(&people, device, 7, false);
    let id = second.session;
    let begun = store.begin_session(second, token(2), 1).await.expect("begun");
    assert_eq!(begun, Beginning::Begun { ended: Some(first) });
    assert!(store.session(first).await.expect("read").is_none());
    assert!(!renews(&store, 1, 3).await);
    let found = store.session(id).await.expect("read").expect("the session");
    assert_eq!((found.account, found.device), (device.account, device.device));
    assert_eq!((found.used_at_ms, found.stays_signed_in), (7, false));
    assert_eq!(store.sessions(device.account).await.expect("read").len(), 1);
}

/// A device that was taken off the list while it signed in gets no session.
pub async fn a_session_is_for_listed_devices_alone(store: SharedStore) {
    let people = People::new(store.clone());
    let kept = people.account().await;
    let lost = people.second_device(kept).await;
    people.list(kept.account, &[kept]).await;
    for nobody in [lost, people.stranger()] {
        let refused = store.begin_session(session(&people, nobody, 1, true), token(1), 1).await;
        assert!(matches!(refused, Err(StoreError::Other(_))));
    }
    assert_eq!(store.sessions(kept.account).await.expect("read").len(), 0);
}

/// The previous token is valid until the newest was used.
pub async fn a_lost_refresh_answer_costs_nothing(store: SharedStore) {
    let people = People::new(store.clone());
    let (_, id) = begun(&people, 1).await;
    assert!(renews(&store, 1, 2).await);
    assert!(renews(&store, 1, 3).await);
    assert!(renews(&store, 3, 4).await);
    let found = store.session(id).await.expect("read").expect("the session");
    assert_eq!(found.used_at_ms, 50);
}

/// Two are about who hold the token: neither is trusted.
pub async fn an_older_refresh_token_ends_the_session(store: SharedStore) {
    let people = People::new(store.clone());
    let (_, id) = begun(&people, 1).await;
    assert!(renews(&store, 1, 2).await);
    assert!(renews(&store, 2, 3).await);
    let reused = store.refresh_session(token(1), token(4), 60).await;
    match reused.expect("an answer") {
        Refresh::Reused(ended) => assert_eq!(ended.session, id),
        other => panic!("{other:?}"),
    }
    assert!(store.session(id).await.expect("read").is_none());
    let after = store.refresh_session(token(3), token(5), 70).await;
    assert!(matches!(after, Ok(Refresh::Unknown)));
    let unknown = store.refresh_session(token(9), token(6), 70).await;
    assert!(matches!(unknown, Ok(Refresh::Unknown)));
}

/// Who caught the lost answer comes too late once another was given.
pub async fn the_token_of_a_lost_answer_is_no_second_way_in(store: SharedStore) {
    let people = People::new(store.clone());
    begun(&people, 1).await;
    assert!(renews(&store, 1, 2).await);
    assert!(renews(&store, 1, 3).await);
    let caught = store.refresh_session(token(2), token(4), 60).await;
    assert!(matches!(caught, Ok(Refresh::Reused(_))));
    assert!(!renews(&store, 3, 5).await);
}

/// Newest, previous and older tokens find the session, before anything is decided.
pub async fn looking_for_a_session_by_token_changes_nothing(store: SharedStore) {
    let people = People::new(store.clone());
    let (_, id) = begun(&people, 1).await;
    assert!(renews(&store, 1, 2).await);
    assert!(renews(&store, 2, 3).await);
    for number in [1, 2, 3] {
        let found = store.session_by_refresh(token(number)).await.expect("read");
        assert_eq!(found.expect("the session").session, id);
    }
    assert!(store.session_by_refresh(token(4)).await.expect("read").is_none());
    assert!(renews(&store, 3, 4).await);
}

/// Knowing another's session id is not enough.
pub async fn a_session_is_ended_by_its_own_account_alone(store: SharedStore) {
    let people = People::new(store.clone());
    let (device, id) = begun(&people, 1).await;
    let (other, _) = begun(&people, 2).await;
    assert!(!store.end_session(other.account, id).await.expect("an answer"));
    assert!(store.end_session(device.account, id).await.expect("an answer"));
    assert!(!store.end_session(device.account, id).await.expect("an answer"));
    assert!(!renews(&store, 1, 3).await);
}

/// Each kind by its own measure; using a session counts.
pub async fn idle_sessions_end_and_those_that_stay_end_later(store: SharedStore) {
    let people = People::new(store.clone());
    let mut ids = Vec::new();
    for (number, used_at_ms, stays) in [(1, 10, false), (2, 30, false), (3, 10, true), (4, 2, true), (5, 10, false)] {
        let device = people.account().await;
        let new = session(&people, device, used_at_ms, stays);
        ids.push(new.session);
        store.begin_session(new, token(number), 1).await.expect("begun");
    }
    assert!(renews(&store, 5, 6).await);
    let mut ended = store.end_idle_sessions(20, 5).await.expect("swept");
    ended.sort_unstable();
    assert_eq!(ended, [ids[0], ids[3]]);
    assert!(store.session(ids[0]).await.expect("read").is_none());
    assert!(store.session(ids[4]).await.expect("read").is_some());
    assert_eq!(store.end_idle_sessions(20, 5).await.expect("swept"), []);
}
