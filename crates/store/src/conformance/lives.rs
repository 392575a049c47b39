//! Stories of restored stores.

use huis_proto::{Bytes, ConversationId, IncarnationId};

use super::people::{People, stored};
use crate::{RestoredLog, Restores, SharedStore};

fn log(conversation: ConversationId, head: u64, commit_counter: u64) -> RestoredLog {
    RestoredLog { conversation, head, commit_counter }
}

fn sorted(restores: Restores) -> Restores {
    match restores {
        Restores::Since(mut logs) => {
            logs.sort_by_key(|log| log.conversation);
            Restores::Since(logs)
        }
        other => other,
    }
}

/// And goes on from there: what is said later does not change it.
pub async fn a_restore_notes_where_each_log_was_cut(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let (group, other) = (people.group(&[anna, berta]).await, people.group(&[anna]).await);
    people.says(group, anna, 1).await;
    let first = store.incarnation().await.expect("read");
    assert_eq!(store.restores_since(anna, first).await.expect("read"), Restores::None);

    let second = store.renew_incarnation().await.expect("renewed");
    people.says(group, anna, 1).await;
    stored(store.append_commit(people.commit(group, anna, 1)).await);
    let later = people.group(&[anna]).await;
    let told = store.restores_since(anna, first).await.expect("read");
    // One that did not exist then has nothing of it left.
    let mut logs = vec![log(group, 2, 1), log(other, 1, 1), log(later, 0, 0)];
    logs.sort_by_key(|log| log.conversation);
    assert_eq!(sorted(told), Restores::Since(logs));
    assert_eq!(store.restores_since(berta, first).await.expect("read"), Restores::Since(vec![log(group, 2, 1)]));
    assert_eq!(store.restores_since(anna, second).await.expect("read"), Restores::None);
    assert_eq!(store.restores_since(people.stranger(), first).await.expect("read"), Restores::Since(vec![]));
}

/// Heads only grow within one store, so the earliest restore behind the known life decides; the last 16 are kept.
pub async fn of_several_restores_the_lowest_cut_since_the_known_life_counts(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let mut known = vec![store.incarnation().await.expect("read")];
    for _ in 0..17 {
        known.push(store.renew_incarnation().await.expect("renewed"));
        people.says(group, anna, 1).await;
    }
    // Life n begins at head n.
    for (life, incarnation) in known.iter().enumerate().skip(1).take(16) {
        let told = store.restores_since(anna, *incarnation).await.expect("read");
        assert_eq!(told, Restores::Since(vec![log(group, life as u64 + 1, 1)]), "who knows life {life}");
    }
    let told = store.restores_since(anna, known[0]).await.expect("read");
    assert!(matches!(told, Restores::Unknown(_)), "the oldest is forgotten: {told:?}");
}

/// It may come from a branch that another restore gave up.
pub async fn who_knows_no_life_of_the_store_is_told_what_it_acknowledged(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let second = people.second_device(berta).await;
    for _ in 0..3 {
        people.says(group, anna, 1).await;
    }
    people.acks(group, berta, 3).await;
    store.renew_incarnation().await.expect("renewed");
    let stranger = IncarnationId::from_bytes([7; 16]);
    let told = store.restores_since(berta, stranger).await.expect("read");
    assert_eq!(told, Restores::Unknown(vec![log(group, 3, 0)]));
    let told = store.restores_since(second, stranger).await.expect("read");
    assert_eq!(told, Restores::Unknown(vec![log(group, 0, 0)]), "one without a seat has acknowledged nothing");
}

/// One that was used behind the backup opens no welcome any more; the last-resort one always does.
pub async fn no_key_package_from_before_a_restore_is_handed_out_again(store: SharedStore) {
    let people = People::new(store.clone());
    let berta = people.account().await;
    let one_time = vec![Bytes(b"once".to_vec())];
    let put = store.put_key_packages(berta, one_time, Some(Bytes(b"last resort".to_vec())), false);
    put.await.expect("stocked");
    store.renew_incarnation().await.expect("renewed");
    assert_eq!(store.key_package_stock(berta).await.expect("read").one_time, 0);
    let claimed = store.claim_key_packages(berta.account, None, 1).await.expect("claimed").expect("an account");
    assert_eq!(claimed.packages.len(), 1);
    assert_eq!(claimed.packages[0].key_package, Bytes(b"last resort".to_vec()));
}
