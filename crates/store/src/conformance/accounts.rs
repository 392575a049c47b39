//! Stories of accounts, device lists, vaults; and of the store itself.

use huis_proto::{Bytes, Bytes32, Member, SessionId};

use super::people::{People, device_list, stored};
use crate::{Creation, Numbered, Session, SharedStore, StoreError, Swap};

/// Everything of a registration is there afterwards, and of a refused one nothing.
pub async fn an_account_is_made_once_and_found_by_name_and_id(store: SharedStore) {
    let people = People::new(store.clone());
    let member = people.stranger();
    let new = people.new_account(member, "anna");
    assert_eq!(store.create_account(new.clone()).await.expect("made"), Creation::Created);
    let by_name = store.account_by_name("anna").await.expect("read").expect("anna");
    let by_id = store.account(member.account).await.expect("read").expect("anna");
    for found in [by_name, by_id] {
        assert_eq!(found.account, member.account);
        assert_eq!(found.identity_key, new.identity_key);
        assert_eq!((found.device_list, found.device_list_number), (device_list(1), 1));
    }
    let password = store.password_record("anna").await.expect("read").expect("anna");
    assert_eq!((password.opaque, password.stretch), (new.opaque, new.stretch));
    let vault = store.vault(member.account).await.expect("read").expect("a vault");
    assert_eq!((vault.number, vault.sealed), (1, new.vault));
    assert!(store.account_by_name("berta").await.expect("read").is_none());
    assert!(store.password_record("berta").await.expect("read").is_none());
    assert!(store.vault(people.stranger().account).await.expect("read").is_none());
}

/// Name, account id and skeleton, in this order.
pub async fn names_are_unique_and_so_are_their_looks(store: SharedStore) {
    let people = People::new(store.clone());
    let member = people.stranger();
    let first = people.new_account(member, "lilo");
    store.create_account(first).await.expect("made");
    let create = |member: Member, name: &str, skeleton: &str| {
        let mut account = people.new_account(member, name);
        account.skeleton = skeleton.into();
        store.create_account(account)
    };
    let other = people.stranger();
    assert_eq!(create(other, "lilo", "else").await.expect("read"), Creation::NameTaken);
    assert_eq!(create(member, "else", "else").await.expect("read"), Creation::NameTaken);
    assert_eq!(create(other, "1i1o", "lilo").await.expect("read"), Creation::NameLooksAlike);
    let state = |name, skeleton| store.name_state(name, skeleton);
    assert_eq!(state("lilo", "else").await.expect("read"), Creation::NameTaken);
    assert_eq!(state("1i1o", "lilo").await.expect("read"), Creation::NameLooksAlike);
    assert_eq!(state("else", "else").await.expect("read"), Creation::Created);
    assert!(store.account(other.account).await.expect("read").is_none());
}

/// There is one super-administrator.
pub async fn the_super_administrators_slot_is_taken_once(store: SharedStore) {
    let people = People::new(store.clone());
    assert!(!store.super_administrator_exists().await.expect("read"));
    let mut first = people.new_account(people.stranger(), "first");
    first.claims_super_administrator = true;
    assert_eq!(store.create_account(first).await.expect("made"), Creation::Created);
    assert!(store.super_administrator_exists().await.expect("read"));
    let mut second = people.new_account(people.stranger(), "second");
    second.claims_super_administrator = true;
    assert_eq!(store.create_account(second).await.expect("read"), Creation::SlotTaken);
    assert!(store.account_by_name("second").await.expect("read").is_none());
}

/// The name is not free for both.
pub async fn of_two_registrations_of_one_name_at_once_one_wins(store: SharedStore) {
    let people = People::new(store.clone());
    let one = store.create_account(people.new_account(people.stranger(), "same"));
    let other = store.create_account(people.new_account(people.stranger(), "same"));
    let (one, other) = tokio::join!(one, other);
    let mut answers = [one.expect("an answer"), other.expect("an answer")];
    answers.sort_by_key(|answer| *answer != Creation::Created);
    assert_eq!(answers, [Creation::Created, Creation::NameTaken]);
}

/// Each list follows the one before; the chain is read in order and in portions.
pub async fn device_lists_form_a_chain_by_compare_and_swap(store: SharedStore) {
    let people = People::new(store.clone());
    let member = people.account().await;
    let put = |number| store.put_device_list(member.account, number, device_list(number), vec![member.device]);
    assert_eq!(put(3).await.expect("read"), Swap::Conflict(1));
    assert_eq!(put(1).await.expect("read"), Swap::Conflict(1));
    let (one, other) = tokio::join!(put(2), put(2));
    let mut answers = [one.expect("an answer"), other.expect("an answer")];
    answers.sort_by_key(|answer| *answer != Swap::Stored);
    assert_eq!(answers, [Swap::Stored, Swap::Conflict(2)]);
    assert_eq!(put(3).await.expect("stored"), Swap::Stored);
    let lists = |after, most| store.device_lists(member.account, after, most);
    assert_eq!(lists(1, 10).await.expect("read"), [device_list(2), device_list(3)]);
    assert_eq!(lists(0, 2).await.expect("read"), [device_list(1), device_list(2)]);
    assert_eq!(lists(3, 10).await.expect("read"), []);
    let newest = store.account(member.account).await.expect("read").expect("there");
    assert_eq!((newest.device_list, newest.device_list_number), (device_list(3), 3));
    let nobody = people.stranger();
    let put = store.put_device_list(nobody.account, 1, device_list(1), vec![nobody.device]);
    assert_eq!(put.await.expect("read"), Swap::Conflict(0));
}

/// A number that does not follow the newest is refused with the newest.
pub async fn vault_and_account_state_grow_by_compare_and_swap(store: SharedStore) {
    let people = People::new(store.clone());
    let account = people.account().await.account;
    let numbered = |number: u64| Numbered { number, sealed: Bytes(format!("sealed {number}").into_bytes()) };
    for (number, answer) in [(1, Swap::Conflict(1)), (2, Swap::Stored), (2, Swap::Conflict(2)), (4, Swap::Conflict(2))]
    {
        let vault = store.put_vault(account, numbered(number)).await;
        assert_eq!(vault.expect("an answer"), answer, "vault {number}");
        let state = store.put_account_state(account, numbered(number), number - 1).await;
        assert_eq!(state.expect("an answer"), answer, "state {number}");
    }
    assert_eq!(store.vault(account).await.expect("read"), Some(numbered(2)));
    assert_eq!(store.account_state(account).await.expect("read"), Some(numbered(2)));
    let nobody = people.stranger().account;
    assert_eq!(store.put_vault(nobody, numbered(1)).await.expect("read"), Swap::Conflict(0));
}

/// What a restored server has is older than what the account's devices have seen: one of them offers its own again, under
/// a number that all of them take.
pub async fn an_account_state_may_skip_numbers_over_the_one_that_it_replaces(store: SharedStore) {
    let people = People::new(store.clone());
    let account = people.account().await.account;
    let numbered = |number: u64| Numbered { number, sealed: Bytes(format!("sealed {number}").into_bytes()) };
    for (number, replaces, answer) in [
        (1, 1, Swap::Conflict(1)),
        (7, 2, Swap::Conflict(1)),
        (7, 1, Swap::Stored),
        (8, 1, Swap::Conflict(7)),
        (6, 7, Swap::Conflict(7)),
        (8, 7, Swap::Stored),
    ] {
        let state = store.put_account_state(account, numbered(number), replaces).await;
        assert_eq!(state.expect("an answer"), answer, "state {number} in place of {replaces}");
    }
    assert_eq!(store.account_state(account).await.expect("read"), Some(numbered(8)));
}

/// Everything that would let the device act or be added goes with its place on the list.
pub async fn a_device_off_the_list_loses_session_key_packages_and_welcomes(store: SharedStore) {
    let people = People::new(store.clone());
    let (kept, friend) = (people.account().await, people.account().await);
    let lost = people.second_device(kept).await;
    let session = Session {
        session: SessionId::from_bytes(people.id()),
        account: lost.account,
        device: lost.device,
        stays_signed_in: true,
        began_at_ms: 1,
        used_at_ms: 1,
    };
    let id = session.session;
    store.begin_session(session, Bytes32([1; 32]), 1).await.expect("begun");
    let packages = vec![Bytes(vec![1])];
    let put = store.put_key_packages(lost, packages, Some(Bytes(vec![2])), false);
    put.await.expect("stocked");
    people.group(&[friend, kept, lost]).await;
    assert_eq!(store.welcomes(lost, 10).await.expect("read").len(), 1);
    people.list(kept.account, &[kept]).await;
    assert!(store.session(id).await.expect("read").is_none());
    assert!(store.session_by_refresh(Bytes32([1; 32])).await.expect("read").is_none());
    let stock = store.key_package_stock(lost).await.expect("read");
    assert_eq!((stock.one_time, stock.last_resort), (0, false));
    assert_eq!(store.welcomes(lost, 10).await.expect("read"), []);
    assert_eq!(store.welcomes(kept, 10).await.expect("read").len(), 1);
    let claimed = store.claim_key_packages(kept.account, None, 1).await.expect("read");
    assert_eq!(claimed.expect("the account").devices_without, [kept.device]);
}

/// Losing a device does not put its account out of its conversations.
pub async fn a_device_off_the_list_is_delivered_nothing_but_its_account_stays(store: SharedStore) {
    let people = People::new(store.clone());
    let (friend, lost) = (people.account().await, people.account().await);
    let group = people.group(&[friend, lost]).await;
    people.says(group, friend, 1).await;
    let fresh = people.second_device(lost).await;
    people.list(lost.account, &[fresh]).await;
    assert_eq!(people.recipients(group).await, [friend]);
    assert_eq!(people.cursor(group, lost).await, None);
    assert!(people.reads(group, lost, 0).await.is_empty());
    let message = people.message(group, lost, 1);
    let refused = store.append(message).await.expect("an answer");
    assert_eq!(refused, crate::Appended::NotAMember);
    assert!(people.accounts(group, friend).await.contains(&lost.account));
    let joined = stored(store.append_commit(people.external(group, fresh, 1)).await);
    assert_eq!(joined.commit_counter, 2);
    assert_eq!(people.cursor(group, fresh).await, Some((joined.seq, joined.seq)));
}

/// A place on the list is no leaf in a group.
pub async fn a_device_that_is_listed_again_has_to_join_again(store: SharedStore) {
    let people = People::new(store.clone());
    let (friend, back) = (people.account().await, people.account().await);
    let group = people.group(&[friend, back]).await;
    let other = people.second_device(back).await;
    people.list(back.account, &[other]).await;
    people.list(back.account, &[other, back]).await;
    assert_eq!(people.recipients(group).await, [friend]);
    let mut again = people.external(group, back, 1);
    again.leaves = vec![back];
    let entry = stored(store.append_commit(again).await);
    assert_eq!(people.cursor(group, back).await, Some((entry.seq, entry.seq)));
}

/// It changes on purpose alone.
pub async fn the_incarnation_stays_until_it_is_renewed(store: SharedStore) {
    let first = store.incarnation().await.expect("read");
    assert_eq!(store.incarnation().await.expect("read"), first);
    let second = store.renew_incarnation().await.expect("renewed");
    assert_ne!(second, first);
    assert_eq!(store.incarnation().await.expect("read"), second);
    store.check().await.expect("a healthy store");
}

/// What was accepted is finished, what comes later is told that it is too late.
pub async fn a_store_that_is_closed_says_so(store: SharedStore) {
    let people = People::new(store.clone());
    people.account().await;
    store.close().await.expect("closed");
    let late = store.create_account(people.new_account(people.stranger(), "late"));
    assert!(matches!(late.await, Err(StoreError::Stopped)));
    assert!(matches!(store.rooms(1).await, Err(StoreError::Stopped)));
    assert!(matches!(store.check().await, Err(StoreError::Stopped)));
}
