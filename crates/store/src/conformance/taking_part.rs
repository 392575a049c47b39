//! Stories of who takes part and who leaves, or is taken out.

use super::commits::{both, three, wrong};
use super::people::{People, sorted, stored};
use crate::{Appended, SharedStore};

/// And so does it see the conversation.
pub async fn a_joiner_of_an_account_makes_it_a_participant(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let group = people.group(&[anna]).await;
    assert!(store.conversation(berta, group).await.expect("read").is_none());
    let mut add = people.commit(group, anna, 1);
    add.joins = vec![berta];
    stored(store.append_commit(add).await);
    assert_eq!(people.accounts(group, berta).await, both(anna, berta));
}

/// Also one that has lost its last device before, and could come back by itself until then (PROTOCOL 10).
pub async fn an_account_that_a_commit_takes_out_takes_part_no_longer(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let second = people.second_device(berta).await;
    let group = people.group(&[anna, berta, second]).await;
    for (follows, leavers) in [(1, vec![berta, second]), (2, vec![])] {
        assert_eq!(people.accounts(group, anna).await, both(anna, berta));
        assert!(store.group_info(berta.account, group).await.expect("read").is_some());
        let mut remove = people.commit(group, anna, follows);
        remove.leaves = leavers;
        remove.out = if follows == 2 { vec![berta.account] } else { vec![] };
        stored(store.append_commit(remove).await);
    }
    assert_eq!(people.accounts(group, anna).await, [anna.account]);
    let back = store.append_commit(people.external(group, berta, 3)).await;
    assert_eq!(back.expect("an answer"), Appended::NotAMember);
    assert_eq!(store.group_info(berta.account, group).await.expect("read"), None);
}

/// A commit that all members skipped may have given it a seat that no other commit names.
pub async fn nothing_more_goes_to_any_device_of_an_account_that_is_out(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let second = people.second_device(berta).await;
    let group = people.group(&[anna, berta, second]).await;
    let mut remove = people.commit(group, anna, 1);
    (remove.leaves, remove.out) = (vec![berta], vec![berta.account]);
    stored(store.append_commit(remove).await);
    let said = people.says(group, anna, 2).await.seq;
    assert_eq!(people.recipients(group).await, [anna]);
    assert!(!people.reads(group, second, 1).await.contains(&said));
    let says = store.append(people.message(group, second, 2)).await;
    assert_eq!(says.expect("an answer"), Appended::NotAMember);
}

/// Whom the commit does not name as out.
pub async fn an_account_that_keeps_its_place_comes_back_by_itself(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let group = people.group(&[anna, berta, carla]).await;
    let mut remove = people.commit(group, anna, 1);
    remove.leaves = vec![berta, carla];
    remove.out = vec![carla.account];
    stored(store.append_commit(remove).await);
    assert_eq!(people.accounts(group, anna).await, both(anna, berta));
    for removed in [berta, carla] {
        people.acks(group, removed, 2).await;
    }
    assert_eq!(people.recipients(group).await, [anna]);
    let says = store.append(people.message(group, berta, 2)).await;
    assert_eq!(says.expect("an answer"), Appended::NotAMember);
    assert_eq!(store.append_commit(people.external(group, carla, 2)).await.expect("an answer"), Appended::NotAMember);
    assert!(store.group_info(berta.account, group).await.expect("read").is_some());
    stored(store.append_commit(people.external(group, berta, 2)).await);
    assert_eq!(people.recipients(group).await, sorted(vec![anna, berta]));
}

/// What is removed had no way in any more.
pub async fn removing_an_unlisted_device_is_mere_tidying(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    let fresh = people.second_device(berta).await;
    people.list(berta.account, &[fresh]).await;
    let mut tidy = people.commit(group, anna, 1);
    tidy.leaves = vec![berta];
    stored(store.append_commit(tidy).await);
    assert_eq!(people.accounts(group, anna).await, both(anna, berta));
    stored(store.append_commit(people.external(group, fresh, 2)).await);
}

/// Leaving is done by a leave proposal, not so.
pub async fn an_account_that_removes_its_own_device_stays(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let second = people.second_device(berta).await;
    let group = people.group(&[anna, berta, second]).await;
    let mut remove = people.commit(group, berta, 1);
    remove.leaves = vec![second];
    stored(store.append_commit(remove).await);
    assert_eq!(people.accounts(group, anna).await, both(anna, berta));
    stored(store.append_commit(people.external(group, second, 2)).await);
}

/// At once, before any commit (PROTOCOL 17).
pub async fn who_leaves_gets_the_leave_and_nothing_behind_it(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    let leave = stored(store.append(people.leave(group, &[berta], 1)).await);
    assert_eq!((leave.kind, leave.mac), (huis_proto::frames::EntryKind::Leave, None));
    assert_eq!(people.recipients(group).await, sorted(vec![anna, berta]));
    people.says(group, anna, 1).await;
    assert_eq!(people.recipients(group).await, [anna]);
    assert_eq!(people.reads(group, berta, 0).await, [2]);
    assert_eq!(people.cursor(group, berta).await, Some((1, 2)));
    assert_eq!(people.accounts(group, anna).await, [anna.account]);
    let late = store.append(people.message(group, berta, 1)).await;
    assert_eq!(late.expect("an answer"), Appended::NotAMember);
    people.acks(group, berta, 9).await;
    assert_eq!(people.cursor(group, berta).await, None);
}

/// Otherwise a device would be left that nobody removes, or another's be thrown out.
pub async fn a_leave_names_all_devices_of_the_account_and_no_others(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let second = people.second_device(berta).await;
    let group = people.group(&[anna, berta, second]).await;
    for (leaves, at_fault) in
        [(vec![berta], second), (vec![berta, second, anna], anna), (vec![berta, second, carla], carla)]
    {
        let refused = store.append(people.leave(group, &leaves, 1)).await;
        assert_eq!(refused.expect("an answer"), wrong(at_fault));
    }
    stored(store.append(people.leave(group, &[berta, second], 1)).await);
    assert_eq!(people.accounts(group, anna).await, [anna.account]);
}

/// The commit that carries the proposal out names who is gone already.
pub async fn a_leavers_leaf_is_tidied_by_a_later_commit(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    let leave = stored(store.append(people.leave(group, &[berta], 1)).await);
    people.acks(group, berta, leave.seq).await;
    let mut tidy = people.commit(group, anna, 1);
    tidy.leaves = vec![berta];
    stored(store.append_commit(tidy).await);
    let mut add = people.commit(group, anna, 2);
    add.joins = vec![berta];
    let entry = stored(store.append_commit(add).await);
    assert_eq!(people.cursor(group, berta).await, Some((entry.seq, entry.seq)));
}
