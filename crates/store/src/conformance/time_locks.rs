//! Stories of messages that open later.

use huis_proto::{Bytes32, ConversationId, Member, MessageId, TimeShare};

use super::people::{People, stored};
use crate::{Append, Appended, Locked, Opened, Release, SharedStore, Withdrawal};

const AT_MS: u64 = 1000;
const KEPT_UNTIL_MS: u64 = 5000;

fn locked(people: &People, group: ConversationId, author: Member, share: u8) -> Append {
    let share = TimeShare(Bytes32([share; 32]));
    let lock = Locked { unlocks_at_ms: AT_MS, share, ends_at_ms: KEPT_UNTIL_MS, most_waiting: 3 };
    Append { lock: Some(Box::new(lock)), ..people.message(group, author, 1) }
}

/// A message that is locked until then; its id.
pub(super) async fn locks(
    people: &People,
    group: ConversationId,
    author: Member,
    follows: u64,
    unlocks_at_ms: u64,
) -> MessageId {
    let mut append = people.message(group, author, follows);
    let share = TimeShare(Bytes32([7; 32]));
    append.lock = Some(Box::new(Locked { unlocks_at_ms, share, ends_at_ms: unlocks_at_ms + 1, most_waiting: 100 }));
    let id = append.id;
    stored(people.store.append(append).await);
    id
}

async fn asks(people: &People, asker: Member, of: &Append, now_ms: u64) -> Option<Release> {
    let (conversation, author) = (of.conversation, of.author.account);
    people.store.release(asker.account, conversation, author, of.id, now_ms).await.expect("an answer")
}

async fn withdraws(people: &People, by: Member, of: &Append, now_ms: u64) -> Withdrawal {
    people.store.withdraw(by.account, of.conversation, of.id, now_ms).await.expect("an answer")
}

fn share(byte: u8) -> Option<Release> {
    Some(Release::Share(TimeShare(Bytes32([byte; 32]))))
}

/// Nobody gets it early, and nobody but who takes part in that conversation ever.
pub async fn a_share_is_for_who_takes_part_and_from_its_time_on(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let elsewhere = people.group(&[anna, berta, carla]).await;
    let message = locked(&people, group, anna, 7);
    stored(store.append(message.clone()).await);
    for now_ms in [0, AT_MS - 1] {
        let waits = Some(Release::Waits { unlocks_at_ms: AT_MS });
        assert_eq!(asks(&people, berta, &message, now_ms).await, waits);
        assert_eq!(asks(&people, anna, &message, now_ms).await, waits);
    }
    for now_ms in [AT_MS, u64::MAX] {
        assert_eq!(asks(&people, berta, &message, now_ms).await, share(7));
        assert_eq!(asks(&people, carla, &message, now_ms).await, None);
        let wrong = Append { conversation: elsewhere, ..message.clone() };
        assert_eq!(asks(&people, carla, &wrong, now_ms).await, None);
        assert_eq!(asks(&people, berta, &Append { author: berta, ..message.clone() }, now_ms).await, None);
    }
    stored(store.append(people.leave(group, &[berta], 1)).await);
    assert_eq!(asks(&people, berta, &message, AT_MS).await, None);
    assert_eq!(asks(&people, anna, &message, AT_MS).await, share(7));
}

/// Neither the same submission again nor another message of that id changes its time or its share.
pub async fn a_lock_is_never_changed(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let tablet = people.second_device(anna).await;
    let group = people.group(&[anna, tablet, berta]).await;
    let message = locked(&people, group, anna, 7);
    stored(store.append(message.clone()).await);
    let mut again = locked(&people, group, anna, 8);
    again.id = message.id;
    assert!(matches!(store.append(again).await, Ok(Appended::Repeat { .. })));
    let mut same_id = locked(&people, group, tablet, 8);
    same_id.id = message.id;
    assert_eq!(store.append(same_id).await.expect("an answer"), Appended::LockTaken);
    assert_eq!(asks(&people, berta, &message, AT_MS).await, share(7));
    // Another account's message of this id is another message.
    let mut other = locked(&people, group, berta, 9);
    other.id = message.id;
    stored(store.append(other.clone()).await);
    assert_eq!(asks(&people, anna, &message, AT_MS).await, share(7));
    assert_eq!(asks(&people, anna, &other, AT_MS).await, share(9));
}

/// A refused message leaves no lock, so that it can be sent again.
pub async fn a_refused_message_leaves_no_lock(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let message = locked(&people, group, anna, 7);
    let stale = Append { follows: 0, ..message.clone() };
    assert!(matches!(store.append(stale).await, Ok(Appended::Behind { .. })));
    assert_eq!(asks(&people, berta, &message, AT_MS).await, None);
    let again = Append { submission: people.next(), ..message };
    stored(store.append(again.clone()).await);
    assert_eq!(asks(&people, berta, &again, AT_MS).await, share(7));
}

/// Before its time, by its author's account; again and again with the same answer; and nothing brings it back.
pub async fn a_withdrawn_share_is_destroyed(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let tablet = people.second_device(anna).await;
    let group = people.group(&[anna, tablet, berta]).await;
    let (message, opened) = (locked(&people, group, anna, 7), locked(&people, group, anna, 8));
    stored(store.append(message.clone()).await);
    stored(store.append(opened.clone()).await);
    assert_eq!(withdraws(&people, berta, &message, AT_MS - 1).await, Withdrawal::Unknown);
    assert_eq!(withdraws(&people, anna, &message, AT_MS - 1).await, Withdrawal::Done);
    for now_ms in [0, AT_MS - 1, AT_MS, KEPT_UNTIL_MS - 1] {
        assert_eq!(withdraws(&people, anna, &message, now_ms).await, Withdrawal::Done);
        assert_eq!(asks(&people, berta, &message, now_ms).await, Some(Release::Withdrawn));
    }
    // Neither the message once more nor another one of its id.
    let again = Append { submission: people.next(), ..message.clone() };
    assert!(matches!(store.append(again).await, Ok(Appended::Repeat { .. })));
    let same_id = Append { id: message.id, ..locked(&people, group, tablet, 9) };
    assert_eq!(store.append(same_id).await.expect("an answer"), Appended::LockTaken);
    assert_eq!(asks(&people, berta, &message, AT_MS).await, Some(Release::Withdrawn));
    assert_eq!(withdraws(&people, anna, &opened, AT_MS).await, Withdrawal::Opened);
    assert_eq!(asks(&people, berta, &opened, AT_MS).await, share(8));
}

/// Nodes may tell the time differently, and the same one by and by.
pub async fn a_share_that_was_given_is_not_withdrawn_by_any_clock(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let (given, kept) = (locked(&people, group, anna, 7), locked(&people, group, anna, 8));
    stored(store.append(given.clone()).await);
    stored(store.append(kept.clone()).await);
    assert_eq!(asks(&people, berta, &given, AT_MS).await, share(7));
    for now_ms in [0, AT_MS - 1, AT_MS] {
        assert_eq!(withdraws(&people, anna, &given, now_ms).await, Withdrawal::Opened);
    }
    assert_eq!(asks(&people, berta, &given, AT_MS - 1).await, Some(Release::Waits { unlocks_at_ms: AT_MS }));
    assert_eq!(asks(&people, berta, &given, AT_MS).await, share(7));
    // Who asked in vain was given nothing.
    assert_eq!(asks(&people, berta, &kept, AT_MS - 1).await, Some(Release::Waits { unlocks_at_ms: AT_MS }));
    assert_eq!(asks(&people, carla, &kept, AT_MS).await, None);
    assert_eq!(withdraws(&people, anna, &kept, AT_MS - 1).await, Withdrawal::Done);
    assert_eq!(asks(&people, berta, &kept, AT_MS).await, Some(Release::Withdrawn));
}

/// What is withdrawn or open waits no longer.
pub async fn locked_messages_that_wait_are_bounded_for_each_account(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let first = locked(&people, group, anna, 1);
    stored(store.append(first.clone()).await);
    for _ in 0..2 {
        stored(store.append(locked(&people, group, anna, 2)).await);
    }
    assert_eq!(store.append(locked(&people, group, anna, 3)).await.expect("an answer"), Appended::TooManyLocks);
    stored(store.append(locked(&people, group, berta, 3)).await);
    assert_eq!(withdraws(&people, anna, &first, 1).await, Withdrawal::Done);
    stored(store.append(locked(&people, group, anna, 4)).await);
    assert_eq!(store.append(locked(&people, group, anna, 5)).await.expect("an answer"), Appended::TooManyLocks);
    let mut later = locked(&people, group, anna, 6);
    later.received_at_ms = AT_MS;
    stored(store.append(later).await);
}

/// They outlive the log, and end a bounded number at a time.
pub async fn locks_end_when_their_time_to_be_kept_is_over(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let message = locked(&people, group, anna, 7);
    stored(store.append(message.clone()).await);
    stored(store.append(locked(&people, group, berta, 8)).await);
    store.expire(u64::MAX / 2, u64::MAX / 2, 100).await.expect("expired");
    assert_eq!(store.end_time_locks(KEPT_UNTIL_MS - 1, 100).await.expect("an answer"), 0);
    assert_eq!(asks(&people, berta, &message, AT_MS).await, share(7));
    assert_eq!(store.end_time_locks(KEPT_UNTIL_MS, 1).await.expect("an answer"), 1);
    assert_eq!(store.end_time_locks(KEPT_UNTIL_MS, 100).await.expect("an answer"), 1);
    assert_eq!(asks(&people, berta, &message, AT_MS).await, None);
}

/// Not before, not of what was withdrawn, and each once, however many nodes ask.
pub async fn who_is_away_is_told_once_that_a_lock_opened(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    for (at_ms, author) in [(30, anna), (10, berta), (20, anna)] {
        locks(&people, group, author, 1, at_ms).await;
    }
    let withdrawn = locked(&people, group, anna, 7);
    stored(store.append(withdrawn.clone()).await);
    assert_eq!(withdraws(&people, anna, &withdrawn, 1).await, Withdrawal::Done);
    let of = |author: Member| Opened { conversation: group, author: author.account };
    assert_eq!(store.take_opened(9, 100).await.expect("an answer"), []);
    // At most as many as are wished, those that opened first before the others.
    assert_eq!(store.take_opened(30, 1).await.expect("an answer"), [of(berta)]);
    let (some, others) = futures_util::join!(store.take_opened(AT_MS, 100), store.take_opened(AT_MS, 100));
    let mut both = some.expect("an answer");
    both.extend(others.expect("an answer"));
    both.extend(store.take_opened(AT_MS, 100).await.expect("an answer"));
    assert_eq!(both, [of(anna), of(anna)]);
    assert_eq!(store.take_opened(u64::MAX / 2, 100).await.expect("an answer"), []);
}
