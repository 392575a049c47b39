//! Stories of second factors.

use huis_proto::rest::ServerRole;
use huis_proto::{AccountId, Bytes, Bytes32};

use super::administration::act;
use super::people::People;
use crate::{Acted, NewSecondFactor, SecondFactor, SharedStore};

pub(super) fn second_factor(account: AccountId, follows: u64, step: u64) -> NewSecondFactor {
    let codes = (1..=3).map(|byte| Bytes32([byte; 32])).collect();
    NewSecondFactor { account, follows, sealed: Bytes(b"sealed".to_vec()), step, codes }
}

async fn somebody(store: &SharedStore) -> (People, AccountId) {
    let people = People::new(store.clone());
    let account = people.account().await.account;
    (people, account)
}

async fn on(store: &SharedStore, account: AccountId) -> Option<SecondFactor> {
    let (found, known) = (store.second_factor(account).await, store.account(account).await);
    let (found, known) = (found.expect("read"), known.expect("read").expect("an account"));
    assert_eq!(known.second_factor_is_on, found.is_some());
    assert!(found.as_ref().is_none_or(|found| found.number == known.second_factor_number));
    found
}

/// The number tells one from the next.
pub async fn a_second_factor_is_turned_on_and_off_and_counted(store: SharedStore) {
    let (people, anna) = somebody(&store).await;
    let other = people.account().await.account;
    assert_eq!(on(&store, anna).await, None);
    assert!(!store.enable_second_factor(second_factor(anna, 1, 7)).await.expect("an answer"), "it follows none");
    assert!(store.enable_second_factor(second_factor(anna, 0, 7)).await.expect("an answer"));
    let enabled = SecondFactor { sealed: Bytes(b"sealed".to_vec()), step: 7, number: 1, codes_left: 3 };
    assert_eq!(on(&store, anna).await, Some(enabled.clone()));
    for follows in [0, 1] {
        assert!(!store.enable_second_factor(second_factor(anna, follows, 9)).await.expect("an answer"));
    }
    assert_eq!(on(&store, anna).await, Some(enabled));
    assert!(store.disable_second_factor(anna, 1).await.expect("an answer"));
    assert_eq!(on(&store, anna).await, None);
    assert_eq!(store.account(anna).await.expect("read").expect("anna").second_factor_number, 2);
    assert!(!store.disable_second_factor(anna, 2).await.expect("an answer"));
    assert!(store.enable_second_factor(second_factor(anna, 2, 8)).await.expect("an answer"));
    assert_eq!(on(&store, anna).await.map(|factor| (factor.number, factor.codes_left)), Some((3, 3)));
    assert_eq!(on(&store, other).await, None);
    let nobody = people.stranger().account;
    assert!(!store.enable_second_factor(second_factor(nobody, 0, 7)).await.expect("an answer"));
}

/// Whoever looks over a shoulder and is as fast gets nothing by the same code.
pub async fn of_two_sign_ins_with_one_code_at_once_one_counts(store: SharedStore) {
    let (_people, anna) = somebody(&store).await;
    assert!(store.enable_second_factor(second_factor(anna, 0, 7)).await.expect("an answer"));
    let (one, other) = tokio::join!(store.use_second_factor_step(anna, 1, 8), store.use_second_factor_step(anna, 1, 8));
    assert!(one.expect("an answer") != other.expect("an answer"));
    let code = Bytes32([1; 32]);
    let (one, other) = tokio::join!(store.use_recovery_code(anna, 1, code), store.use_recovery_code(anna, 1, code));
    assert!(one.expect("an answer") != other.expect("an answer"));
}

/// Not even the one that it was turned on with.
pub async fn a_time_step_is_used_once_and_none_before_it(store: SharedStore) {
    let (_people, anna) = somebody(&store).await;
    assert!(!store.use_second_factor_step(anna, 0, 7).await.expect("an answer"));
    assert!(store.enable_second_factor(second_factor(anna, 0, 7)).await.expect("an answer"));
    for (step, is_used) in [(7, false), (6, false), (9, true), (9, false), (8, false), (10, true)] {
        assert_eq!(store.use_second_factor_step(anna, 1, step).await.expect("an answer"), is_used, "{step}");
    }
    assert_eq!(on(&store, anna).await.map(|factor| factor.step), Some(10));
}

/// Also where others take the place of those that are left.
pub async fn each_recovery_code_is_used_once(store: SharedStore) {
    let (people, anna) = somebody(&store).await;
    let berta = people.account().await.account;
    for account in [anna, berta] {
        assert!(store.enable_second_factor(second_factor(account, 0, 7)).await.expect("an answer"));
    }
    for (byte, is_used) in [(1, true), (1, false), (9, false), (2, true)] {
        assert_eq!(store.use_recovery_code(anna, 1, Bytes32([byte; 32])).await.expect("an answer"), is_used, "{byte}");
    }
    assert_eq!(on(&store, anna).await.map(|factor| factor.codes_left), Some(1));
    let others = vec![Bytes32([4; 32]), Bytes32([5; 32])];
    assert!(store.replace_recovery_codes(anna, 1, others).await.expect("an answer"));
    assert_eq!(on(&store, anna).await.map(|factor| factor.codes_left), Some(2));
    for (byte, is_used) in [(3, false), (4, true), (5, true), (5, false)] {
        assert_eq!(store.use_recovery_code(anna, 1, Bytes32([byte; 32])).await.expect("an answer"), is_used, "{byte}");
    }
    assert_eq!(on(&store, berta).await.map(|factor| factor.codes_left), Some(3));
}

/// It was turned off, and perhaps on again, since.
pub async fn what_was_checked_of_another_second_factor_changes_nothing(store: SharedStore) {
    let (_people, anna) = somebody(&store).await;
    assert!(store.enable_second_factor(second_factor(anna, 0, 7)).await.expect("an answer"));
    assert!(store.disable_second_factor(anna, 1).await.expect("an answer"));
    assert!(!store.use_recovery_code(anna, 2, Bytes32([1; 32])).await.expect("an answer"), "they are forgotten");
    assert!(store.enable_second_factor(second_factor(anna, 2, 7)).await.expect("an answer"));
    let before = on(&store, anna).await;
    for number in [0, 1, 2, 4] {
        assert!(!store.use_second_factor_step(anna, number, 99).await.expect("an answer"));
        assert!(!store.use_recovery_code(anna, number, Bytes32([1; 32])).await.expect("an answer"));
        assert!(!store.replace_recovery_codes(anna, number, Vec::new()).await.expect("an answer"));
        assert!(!store.disable_second_factor(anna, number).await.expect("an answer"));
    }
    assert_eq!(on(&store, anna).await, before);
}

/// Makes and deletes an account with a second factor. What is left of it no trait tells: each store's own tests look.
pub async fn an_account_with_a_second_factor_is_deleted(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna) = (people.stranger(), people.stranger());
    let mut new = people.new_account(head, "head");
    new.claims_super_administrator = true;
    store.create_account(new).await.expect("made");
    store.create_account(people.new_account(anna, "anna")).await.expect("made");
    assert!(store.enable_second_factor(second_factor(anna.account, 0, 7)).await.expect("an answer"));
    let act = act(head, ServerRole::Administrator, "accounts.delete");
    assert!(matches!(store.delete_account(act, "anna").await, Ok(Acted::Done(_))));
}
