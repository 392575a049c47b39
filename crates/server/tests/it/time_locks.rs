//! Locked messages: who gets the server's share, and when.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use http::StatusCode;
use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::rest::{ReleasedShare, SubmitMessage};
use huis_proto::{BlobId, Bytes32, ConversationId, ErrorCode, MessageId, Problem, TimeLock, TimeShare, limits, mls};
use huis_store::TimeLocks as _;

use super::files::{group, id, member, next};
use super::harness::{Answer, House, Person};

/// For how long a message is locked here: less than an access token is good for, even if the clock jumps over it.
const LOCK_MS: u64 = 180_000;
const JUMP_MS: u64 = 400_000;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const SHARE: TimeShare = TimeShare(Bytes32([7; 32]));

/// A locked message as it is submitted.
fn locked(
    author: &Person,
    conversation: ConversationId,
    id: MessageId,
    lock: Option<TimeLock>,
    share: Option<TimeShare>,
) -> SubmitMessage {
    let act = Act::Message { commitment: Bytes32([5; 32]), files: Vec::<BlobId>::new(), lock };
    let data = AuthenticatedData { id, author: member(author), follows: 1, act };
    let payload = mls::made_up_private_message(conversation, 1, &data, &[7; 64]).into();
    SubmitMessage { submission: next(), payload, share }
}

fn lock_at(unlocks_at_ms: u64) -> TimeLock {
    TimeLock { unlocks_at_ms, share: SHARE.commitment() }
}

async fn submit(house: &House, author: &Person, conversation: ConversationId, message: &SubmitMessage) -> Answer {
    house.post(format!("/api/v1/conversations/{conversation}/messages"), message).by(author).send().await
}

/// Locks a message for three minutes.
async fn locks(house: &House, author: &Person, conversation: ConversationId) -> MessageId {
    let id = MessageId::from_bytes(id());
    let message = locked(author, conversation, id, Some(lock_at(house.now_ms() + LOCK_MS)), Some(SHARE));
    assert_eq!(submit(house, author, conversation, &message).await.status, StatusCode::OK);
    id
}

fn path(conversation: ConversationId, author: &Person, message: MessageId) -> String {
    format!("/api/v1/conversations/{conversation}/time-locks/{}/{message}", author.account)
}

async fn asks(house: &House, asker: &Person, path: &str) -> Answer {
    house.get(path).by(asker).send().await
}

/// Whether the store has the share still, whoever may ask for it.
async fn is_kept(house: &House, conversation: ConversationId, author: &Person, message: MessageId) -> bool {
    let account = author.account;
    house.store.release(account, conversation, account, message, u64::MAX / 2).await.unwrap().is_some()
}

/// The machine's time synchronisation touches the file, at this time of the machine's clock.
fn touch(file: &Path, at_ms: u64) {
    File::create(file).unwrap().set_modified(UNIX_EPOCH + Duration::from_millis(at_ms)).unwrap();
}

async fn gets(house: &House, asker: &Person, path: &str) -> bool {
    let answer = asks(house, asker, path).await;
    answer.status == StatusCode::OK && answer.read::<ReleasedShare>().share == SHARE
}

#[tokio::test]
async fn a_share_is_released_when_its_time_has_come_to_who_takes_part_and_to_nobody_else() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let carla = Person::registers(&house, "carla").await;
    let (here, there) = (group(&house, &[&anna, &berta]).await, group(&house, &[&anna, &carla]).await);
    let path = path(here, &anna, locks(&house, &anna, here).await);
    for passed in 0..3 {
        for person in [&anna, &berta] {
            let early = asks(&house, person, &path).await;
            assert_eq!(early.code(), ErrorCode::TimeLocked);
            let problem: Problem = serde_json::from_slice(&early.body).unwrap();
            assert_eq!(problem.retry_after_s, Some(180 - 50 * passed));
            assert!(!String::from_utf8_lossy(&early.body).contains("BwcHBwcH"));
        }
        // A member of another conversation learns nothing: the same answer as for what is not there.
        let stranger = asks(&house, &carla, &path).await;
        let nothing = asks(&house, &carla, &super::time_locks::path(there, &carla, MessageId::from_bytes(id()))).await;
        assert_eq!((stranger.code(), &stranger.body), (ErrorCode::NotFound, &nothing.body));
        house.pass(50_000);
    }
    house.pass(LOCK_MS - 150_000 - 1);
    assert_eq!(asks(&house, &berta, &path).await.code(), ErrorCode::TimeLocked);
    house.pass(1);
    assert!(gets(&house, &berta, &path).await && gets(&house, &anna, &path).await);
    assert_eq!(asks(&house, &carla, &path).await.code(), ErrorCode::NotFound);
    let elsewhere = path.replace(&here.to_string(), &there.to_string());
    assert_eq!(asks(&house, &anna, &elsewhere).await.code(), ErrorCode::NotFound);
    assert_eq!(house.get(path.as_str()).send().await.code(), ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn a_lock_that_is_not_whole_or_too_far_ahead_is_refused() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let here = group(&house, &[&anna, &berta]).await;
    let good = lock_at(house.now_ms() + LOCK_MS);
    let far = house.now_ms() + limits::TIME_LOCK_AHEAD.as_millis() as u64;
    let wrong = TimeShare(Bytes32([8; 32]));
    for (lock, share) in [
        (Some(good), None),
        (None, Some(SHARE)),
        (Some(good), Some(wrong)),
        (Some(lock_at(far + 1)), Some(SHARE)),
        (Some(lock_at(u64::MAX)), Some(SHARE)),
    ] {
        let message = locked(&anna, here, MessageId::from_bytes(id()), lock, share);
        assert_eq!(submit(&house, &anna, here, &message).await.code(), ErrorCode::TimeLockRefused, "{lock:?}");
    }
    // The longest there is; and one that was long on its way opens at once.
    for at_ms in [far, house.now_ms() - DAY_MS, 0] {
        let id = MessageId::from_bytes(id());
        let message = locked(&anna, here, id, Some(lock_at(at_ms)), Some(SHARE));
        assert_eq!(submit(&house, &anna, here, &message).await.status, StatusCode::OK);
        assert_eq!(gets(&house, &berta, &path(here, &anna, id)).await, at_ms < far);
    }
}

#[tokio::test]
async fn a_second_submission_changes_neither_time_nor_share() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let here = group(&house, &[&anna, &berta]).await;
    let id = locks(&house, &anna, here).await;
    let other = TimeShare(Bytes32([9; 32]));
    let sooner = TimeLock { unlocks_at_ms: house.now_ms() + 1, share: other.commitment() };
    let again = locked(&anna, here, id, Some(sooner), Some(other));
    assert_eq!(submit(&house, &anna, here, &again).await.status, StatusCode::OK, "it is taken for the first one");
    house.pass(1000);
    let path = path(here, &anna, id);
    assert_eq!(asks(&house, &berta, &path).await.code(), ErrorCode::TimeLocked);
    house.pass(LOCK_MS);
    assert!(gets(&house, &berta, &path).await);
}

#[tokio::test]
async fn a_withdrawn_share_is_gone_for_everybody_and_for_good() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let here = group(&house, &[&anna, &berta]).await;
    let (first, second) = (locks(&house, &anna, here).await, locks(&house, &anna, here).await);
    let (first, second) = (path(here, &anna, first), path(here, &anna, second));
    assert_eq!(house.delete(first.as_str()).by(&berta).send().await.code(), ErrorCode::NotFound);
    house.delete(first.as_str()).by(&anna).send().await.is_done();
    // Sent again, it says the same and does nothing more.
    house.delete(first.as_str()).by(&anna).send().await.is_done();
    assert_eq!(asks(&house, &berta, &first).await.code(), ErrorCode::TimeLockWithdrawn);
    house.pass(LOCK_MS);
    house.delete(first.as_str()).by(&anna).send().await.is_done();
    assert_eq!(asks(&house, &berta, &first).await.code(), ErrorCode::TimeLockWithdrawn);
    assert_eq!(house.delete(second.as_str()).by(&anna).send().await.code(), ErrorCode::TimeLockOpened);
    assert!(gets(&house, &berta, &second).await);
}

#[tokio::test]
async fn nothing_opens_while_the_time_is_not_sure_and_messages_go_on() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let here = group(&house, &[&anna, &berta]).await;
    let message = locks(&house, &anna, here).await;
    let path = path(here, &anna, message);
    let right = house.now_ms();
    for wrong in [right + JUMP_MS, right - JUMP_MS] {
        house.clock_is_set_to(wrong);
        for _ in 0..2 {
            assert_eq!(asks(&house, &berta, &path).await.code(), ErrorCode::TimeUnsure);
            assert_eq!(house.delete(path.as_str()).by(&anna).send().await.code(), ErrorCode::TimeUnsure);
            house.server.keep_up().await;
        }
        let plain = locked(&anna, here, MessageId::from_bytes(id()), None, None);
        assert_eq!(submit(&house, &anna, here, &plain).await.status, StatusCode::OK);
        house.clock_is_set_to(right);
    }
    assert_eq!(asks(&house, &berta, &path).await.code(), ErrorCode::TimeLocked);
    house.pass(LOCK_MS);
    assert!(gets(&house, &berta, &path).await);
    // What a jump makes look old is not forgotten.
    house.clock_is_set_to(right + 9000 * DAY_MS);
    house.server.keep_up().await;
    assert!(is_kept(&house, here, &anna, message).await);
}

#[tokio::test]
async fn after_a_start_the_file_that_the_operator_named_confirms_the_time_on_each_node() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("synchronised");
    let house = House::with(|config| config.time_confirmed_by = Some(file.clone())).await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let here = group(&house, &[&anna, &berta]).await;
    let path = path(here, &anna, locks(&house, &anna, here).await);
    house.pass(LOCK_MS);
    assert_eq!(asks(&house, &berta, &path).await.code(), ErrorCode::TimeUnsure);
    touch(&file, house.now_ms() - HOUR_MS - 1);
    assert_eq!(asks(&house, &berta, &path).await.code(), ErrorCode::TimeUnsure);
    touch(&file, house.now_ms());
    assert!(gets(&house, &berta, &path).await);
    // Another node, whose operator vouches for it, sees the same shares; and both see the same jump.
    let beside = house.beside().await;
    assert!(gets(&beside, &berta, &path).await);
    house.clock_is_set_to(house.now_ms() + JUMP_MS);
    for node in [&house, &beside] {
        assert_eq!(asks(node, &berta, &path).await.code(), ErrorCode::TimeUnsure);
    }
    // Only where it was touched since, and for the time that it is by now.
    touch(&file, house.now_ms() - HOUR_MS - 1);
    assert_eq!(asks(&house, &berta, &path).await.code(), ErrorCode::TimeUnsure);
    touch(&file, house.now_ms());
    assert!(gets(&house, &berta, &path).await);
    assert_eq!(asks(&beside, &berta, &path).await.code(), ErrorCode::TimeUnsure);
}

#[tokio::test]
async fn a_node_whose_clock_jumps_releases_nothing_and_the_others_go_by_theirs() {
    let house = House::open().await;
    let jumped = house.on_another_machine().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let here = group(&house, &[&anna, &berta]).await;
    for forward in [true, false] {
        let message = locks(&house, &anna, here).await;
        let path = path(here, &anna, message);
        for node in [&house, &jumped] {
            assert_eq!(asks(node, &berta, &path).await.code(), ErrorCode::TimeLocked, "they agree yet");
        }
        let right = jumped.now_ms();
        jumped.clock_is_set_to(if forward { right + JUMP_MS } else { right - JUMP_MS });
        assert_eq!(asks(&jumped, &berta, &path).await.code(), ErrorCode::TimeUnsure);
        assert_eq!(jumped.delete(path.as_str()).by(&anna).send().await.code(), ErrorCode::TimeUnsure);
        assert_eq!(asks(&house, &berta, &path).await.code(), ErrorCode::TimeLocked, "it is as early here as ever");
        // What one of them puts off the other one does, and messages go by both.
        let withdrawn = locks(&house, &anna, here).await;
        let withdrawn = super::time_locks::path(here, &anna, withdrawn);
        house.delete(withdrawn.as_str()).by(&anna).send().await.is_done();
        assert_eq!(asks(&jumped, &berta, &withdrawn).await.code(), ErrorCode::TimeLockWithdrawn);
        for node in [&house, &jumped] {
            let plain = locked(&anna, here, MessageId::from_bytes(id()), None, None);
            assert_eq!(submit(node, &anna, here, &plain).await.status, StatusCode::OK);
            node.server.keep_up().await;
        }
        for node in [&house, &jumped] {
            node.pass(LOCK_MS);
        }
        // Its time has come by every clock, and by one of them nobody knows.
        assert_eq!(asks(&jumped, &berta, &path).await.code(), ErrorCode::TimeUnsure);
        assert!(gets(&house, &berta, &path).await);
        assert_eq!(asks(&jumped, &berta, &path).await.code(), ErrorCode::TimeUnsure, "also what another one gave");
        jumped.clock_is_set_to(house.now_ms());
        assert!(gets(&jumped, &berta, &path).await, "it is right again");
    }
}

#[tokio::test]
async fn a_share_outlives_its_message_and_ends_a_year_behind_its_time() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let here = group(&house, &[&anna, &berta]).await;
    let message = locks(&house, &anna, here).await;
    house.pass(LOCK_MS + 365 * DAY_MS - 1);
    house.server.keep_up().await;
    assert!(is_kept(&house, here, &anna, message).await);
    house.pass(1);
    house.server.keep_up().await;
    assert!(!is_kept(&house, here, &anna, message).await);
}
