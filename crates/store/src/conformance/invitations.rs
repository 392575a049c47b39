//! Stories of invitations.

use huis_proto::rest::{InvitationInfo, ServerRole};
use huis_proto::{Bytes32, InvitationId};

use super::administration::{act, head};
use super::people::People;
use crate::{Act, Acted, Creation, NewAccount, SharedStore};

const HASH: Bytes32 = Bytes32([7; 32]);

fn info(people: &People, uses: u32, made_at_ms: u64, expires_at_ms: u64) -> InvitationInfo {
    let made_by = "head".into();
    InvitationInfo {
        id: InvitationId::from_bytes(people.id()),
        uses,
        uses_left: uses,
        made_by,
        made_at_ms,
        expires_at_ms,
    }
}

fn newcomer(people: &People, name: &str, at_ms: u64) -> NewAccount {
    NewAccount { created_at_ms: at_ms, ..people.new_account(people.stranger(), name) }
}

/// Somebody who may makes or revokes one.
async fn by_head(people: &People) -> Act {
    act(head(people).await, ServerRole::Administrator, "try")
}

async fn is_good(store: &SharedStore, hash: Bytes32, now_ms: u64) -> bool {
    store.invitation_is_good(hash, now_ms).await.expect("read")
}

/// Every account that it lets in is counted, and a refused one is not.
pub async fn an_invitation_lets_in_as_many_as_it_was_made_for(store: SharedStore) {
    let people = People::new(store.clone());
    let made = info(&people, 2, 10, 1000);
    let act = by_head(&people).await;
    assert_eq!(store.put_invitation(act, HASH, made.clone(), 5).await.expect("kept"), Acted::Done(()));
    assert!(is_good(&store, HASH, 20).await && !is_good(&store, Bytes32([8; 32]), 20).await);
    let create = |name: &str| store.create_invited_account(newcomer(&people, name, 20), HASH);
    assert_eq!(create("anna").await.expect("made"), Creation::Created);
    assert_eq!(create("anna").await.expect("an answer"), Creation::NameTaken);
    let left = store.invitations(20).await.expect("read");
    assert_eq!(left, [InvitationInfo { uses_left: 1, ..made }]);
    assert_eq!(create("berta").await.expect("made"), Creation::Created);
    assert!(!is_good(&store, HASH, 20).await);
    assert_eq!(create("carla").await.expect("an answer"), Creation::NotInvited);
    assert!(store.account_by_name("carla").await.expect("read").is_none());
    assert_eq!(store.invitations(20).await.expect("read"), []);
}

/// The last use goes to one of those who come at the same moment.
pub async fn many_newcomers_at_once_cannot_overuse_an_invitation(store: SharedStore) {
    let people = People::new(store.clone());
    let act = by_head(&people).await;
    store.put_invitation(act, HASH, info(&people, 3, 10, 1000), 5).await.expect("kept");
    let create = |number: usize| {
        let account = newcomer(&people, &format!("newcomer-{number}"), 20);
        let store = store.clone();
        tokio::spawn(async move { store.create_invited_account(account, HASH).await.expect("an answer") })
    };
    let all: Vec<_> = (0..12).map(create).collect();
    let mut created = 0;
    for one in all {
        match one.await.expect("a task") {
            Creation::Created => created += 1,
            other => assert_eq!(other, Creation::NotInvited),
        }
    }
    assert_eq!(created, 3);
}

/// Its time ends it, and so does whoever made it.
pub async fn an_invitation_expires_and_is_revoked(store: SharedStore) {
    let people = People::new(store.clone());
    let (short, long) = (info(&people, 5, 10, 1000), info(&people, 5, 11, 2000));
    let other = Bytes32([8; 32]);
    let act = by_head(&people).await;
    store.put_invitation(act.clone(), HASH, short.clone(), 5).await.expect("kept");
    store.put_invitation(act.clone(), other, long.clone(), 5).await.expect("kept");
    assert_eq!(store.invitations(999).await.expect("read"), [short, long.clone()]);
    assert!(is_good(&store, HASH, 999).await && !is_good(&store, HASH, 1000).await);
    let late = store.create_invited_account(newcomer(&people, "late", 1000), HASH).await;
    assert_eq!(late.expect("an answer"), Creation::NotInvited);
    assert_eq!(store.invitations(1000).await.expect("read"), std::slice::from_ref(&long));
    let revoked = store.revoke_invitation(act.clone(), long.id).await.expect("an answer");
    assert_eq!(revoked, Acted::Done(()));
    assert_eq!(store.revoke_invitation(act, long.id).await.expect("an answer"), Acted::NotThere);
    assert!(!is_good(&store, other, 20).await);
}

/// Those that let nobody in any more leave their place to others.
pub async fn good_invitations_are_bounded_in_number(store: SharedStore) {
    let people = People::new(store.clone());
    let act = by_head(&people).await;
    let put = async |number: u8, made: InvitationInfo| {
        let put = store.put_invitation(act.clone(), Bytes32([number; 32]), made, 2).await.expect("an answer");
        put == Acted::Done(())
    };
    assert!(put(1, info(&people, 1, 10, 100)).await);
    assert!(put(2, info(&people, 1, 10, 1000)).await);
    assert!(!put(3, info(&people, 1, 99, 1000)).await);
    assert!(!is_good(&store, Bytes32([3; 32]), 99).await);
    assert!(put(3, info(&people, 1, 100, 1000)).await, "in place of the expired one");
    let used = store.create_invited_account(newcomer(&people, "anna", 200), Bytes32([2; 32])).await;
    assert_eq!(used.expect("made"), Creation::Created);
    assert!(put(4, info(&people, 1, 300, 1000)).await, "in place of the used one");
}
