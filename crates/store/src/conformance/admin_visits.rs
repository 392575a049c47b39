//! Stories of visits to the administration pages.

use futures_util::future::join_all;
use huis_proto::rest::ServerRole;
use huis_proto::{Bytes32, SessionId};

use super::people::People;
use crate::{AdminVisit, NewVisitCode, Session, SharedStore};

const NOW_MS: u64 = 1_000_000;

/// A session that holds a code, which was made now.
async fn admitted(people: &People, code: u8) -> SessionId {
    let device = people.account().await;
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
    assert!(admits(&people.store, session, code).await);
    session
}

async fn admits(store: &SharedStore, session: SessionId, code: u8) -> bool {
    let new = NewVisitCode { session, hash: Bytes32([code; 32]), role: ServerRole::Moderator, at_ms: NOW_MS };
    store.put_visit_code(new).await.expect("an answer")
}

async fn enters(store: &SharedStore, code: u8, token: u8, earliest_ms: u64) -> Option<AdminVisit> {
    store.enter(Bytes32([code; 32]), Bytes32([token; 32]), earliest_ms, NOW_MS + 5).await.expect("an answer")
}

async fn visit(store: &SharedStore, token: u8) -> Option<AdminVisit> {
    store.admin_visit(Bytes32([token; 32])).await.expect("an answer")
}

/// Neither the code lets in again, nor is it a cookie, nor is the cookie a code.
pub async fn a_code_lets_one_in_once_and_in_time(store: SharedStore) {
    let people = People::new(store.clone());
    let session = admitted(&people, 1).await;
    assert_eq!(visit(&store, 1).await, None);
    assert_eq!(enters(&store, 1, 2, NOW_MS).await, None);
    let at_once = join_all((2..10).map(|token| enters(&store, 1, token, NOW_MS - 1))).await;
    let entered: Vec<_> = at_once.into_iter().flatten().collect();
    let expected = AdminVisit { session, role: ServerRole::Moderator, began_at_ms: NOW_MS + 5, used_at_ms: NOW_MS + 5 };
    assert_eq!(entered, [expected]);
    let mut tokens = Vec::new();
    for token in 1..10 {
        tokens.extend(visit(&store, token).await.map(|_| token));
    }
    let [token] = tokens[..] else { panic!("one is known: {tokens:?}") };
    assert_ne!(token, 1);
    assert_eq!(enters(&store, token, 20, 0).await, None);
    store.note_admin_visit(Bytes32([token; 32]), NOW_MS + 9).await.expect("noted");
    assert_eq!(visit(&store, token).await, Some(AdminVisit { used_at_ms: NOW_MS + 9, ..expected }));
    assert!(store.end_admin_visit(Bytes32([token; 32])).await.expect("ended"));
    assert_eq!(visit(&store, token).await, None);
}

/// A session has one visit, or one code.
pub async fn a_visit_ends_with_its_session_and_with_the_next_code(store: SharedStore) {
    let people = People::new(store.clone());
    let session = admitted(&people, 1).await;
    assert!(enters(&store, 1, 2, 0).await.is_some());
    assert!(admits(&store, session, 3).await && admits(&store, session, 4).await);
    assert_eq!((visit(&store, 2).await, enters(&store, 3, 5, 0).await), (None, None));
    assert!(enters(&store, 4, 6, 0).await.is_some());
    let account = store.session(session).await.expect("read").expect("there").account;
    assert!(store.end_session(account, session).await.expect("ended"));
    assert_eq!(visit(&store, 6).await, None);
    assert!(!admits(&store, session, 7).await);
}
