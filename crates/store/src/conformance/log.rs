//! Stories of the log: order, repeats, checks.

use huis_proto::frames::EntryKind;
use huis_proto::{ConversationId, Member, MessageId};

use super::people::{CountingFranking, People, stored};
use crate::{Appended, Franking, SharedStore};

/// The entry says where it stands, and the MAC is over just that.
pub async fn a_message_gets_the_next_place_and_its_mac(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let message = people.message(group, anna, 1);
    let entry = stored(store.append(message.clone()).await);
    assert_eq!((entry.seq, entry.commit_counter), (2, 1));
    assert_eq!((entry.kind, entry.id, entry.author), (EntryKind::Message, message.id, anna));
    assert_eq!(entry.payload, message.payload);
    let commitment = message.commitment.expect("a message has one");
    let mac = CountingFranking.mac(&commitment, group, anna, 2, message.received_at_ms);
    assert_eq!(entry.mac, Some(mac));
    let page = store.log_page(berta, group, 1, 10, 1000).await.expect("a page");
    assert_eq!(page.entries, [entry]);
}

/// Under any submission counter, and without taking a place.
pub async fn a_repeat_gets_the_same_answer(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let mut message = people.message(group, anna, 1);
    let first = stored(store.append(message.clone()).await);
    let same =
        Appended::Repeat { seq: first.seq, commit_counter: first.commit_counter, received_at_ms: first.received_at_ms };
    message.received_at_ms += 1000;
    assert_eq!(store.append(message.clone()).await.expect("an answer"), same);
    message.submission = people.next();
    assert_eq!(store.append(message.clone()).await.expect("an answer"), same);
    assert_eq!(people.says(group, anna, 1).await.seq, first.seq + 1);
    // Both at once, before either is on disk.
    let twice = people.message(group, anna, 1);
    let (one, other) = tokio::join!(store.append(twice.clone()), store.append(twice));
    let answers = [one.expect("an answer"), other.expect("an answer")];
    let repeats = answers.iter().filter(|answer| matches!(answer, Appended::Repeat { seq: 4, .. }));
    assert_eq!(repeats.count(), 1, "{answers:?}");
}

/// The key of the repeat check outlives the ciphertext.
pub async fn a_repeat_is_known_after_its_payload_is_gone(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let message = people.message(group, anna, 1);
    let entry = stored(store.append(message.clone()).await);
    people.acks(group, anna, entry.seq).await;
    assert!(people.reads(group, anna, 0).await.is_empty());
    let again = store.append(message).await.expect("an answer");
    assert!(matches!(again, Appended::Repeat { seq: 2, .. }), "{again:?}");
}

/// However many came after it.
pub async fn a_repeat_is_known_among_thousands(store: SharedStore) {
    const MANY: usize = 20_000;
    let people = People::new(store.clone());
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let messages: Vec<_> = (0..MANY).map(|_| people.message(group, anna, 1)).collect();
    // A window of appends in flight, each in its turn.
    for window in messages.chunks(500) {
        let appends = window.iter().map(|message| store.append(message.clone()));
        for append in in_turn(appends).await {
            stored(append);
        }
    }
    for (place, message) in messages.iter().enumerate().step_by(97) {
        let again = store.append(message.clone()).await.expect("an answer");
        let seq = place as u64 + 2;
        assert!(matches!(again, Appended::Repeat { seq: found, .. } if found == seq), "{again:?}");
    }
}

/// Two devices may choose the same id.
pub async fn the_same_id_of_another_device_or_conversation_is_no_repeat(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let groups = [people.group(&[anna, berta]).await, people.group(&[anna, berta]).await];
    let id = MessageId::from_bytes(people.id());
    for (group, author) in [(groups[0], anna), (groups[0], berta), (groups[1], anna), (groups[1], berta)] {
        let mut message = people.message(group, author, 1);
        message.id = id;
        stored(store.append(message).await);
    }
}

/// A device that was removed, or is behind, still learns that its message arrived.
pub async fn the_repeat_check_comes_before_every_other(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let mut message = people.message(group, berta, 1);
    stored(store.append(message.clone()).await);
    let mut remove = people.commit(group, anna, 1);
    remove.leaves = vec![berta];
    stored(store.append_commit(remove).await);
    message.submission = 0;
    message.follows = 77;
    let again = store.append(message).await.expect("an answer");
    assert!(matches!(again, Appended::Repeat { seq: 2, .. }), "{again:?}");
}

/// Each wrong in everything that is checked later.
pub async fn membership_then_submission_then_commit_counter_are_checked(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna]).await;
    let said = people.says(group, anna, 1).await;
    let highest = store.highest_submission(anna).await.expect("read");
    let mut wrong = people.message(group, berta, 9);
    wrong.submission = 0;
    assert_eq!(store.append(wrong.clone()).await.expect("an answer"), Appended::NotAMember);
    wrong.author = people.stranger();
    assert_eq!(store.append(wrong.clone()).await.expect("an answer"), Appended::NotAMember);
    wrong.author = anna;
    wrong.submission = highest;
    let behind = Appended::SubmissionBehind { highest };
    assert_eq!(store.append(wrong.clone()).await.expect("an answer"), behind);
    wrong.submission = people.next();
    let behind = Appended::Behind { commit_counter: 1 };
    assert_eq!(store.append(wrong.clone()).await.expect("an answer"), behind);
    wrong.conversation = ConversationId::from_bytes(people.id());
    assert_eq!(store.append(wrong).await.expect("an answer"), Appended::NotAMember);
    assert_eq!(people.says(group, anna, 1).await.seq, said.seq + 1);
}

/// So that nobody is sent what a new member cannot open, or a removed one could.
pub async fn a_message_sealed_before_the_newest_commit_is_refused(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let mut message = people.message(group, berta, 1);
    stored(store.append_commit(people.commit(group, anna, 1)).await);
    let refused = store.append(message.clone()).await.expect("an answer");
    assert_eq!(refused, Appended::Behind { commit_counter: 2 });
    message.follows = 2;
    assert_eq!(stored(store.append(message).await).commit_counter, 2);
}

/// No place, no key, no submission counter.
pub async fn a_refused_append_changes_nothing(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    let highest = store.highest_submission(anna).await.expect("read");
    let mut message = people.message(group, anna, 9);
    store.append(message.clone()).await.expect("refused");
    assert_eq!(store.highest_submission(anna).await.expect("read"), highest);
    message.follows = 1;
    assert_eq!(stored(store.append(message).await).seq, 2);
}

/// One counter for each device, which a copy of an old database is noticed by.
pub async fn the_submission_counter_counts_over_all_conversations(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    assert_eq!(store.highest_submission(anna).await.expect("read"), 0);
    let (one, other) = (people.group(&[anna]).await, people.group(&[anna]).await);
    let early = people.message(one, anna, 1);
    let late = people.message(other, anna, 1);
    let highest = late.submission;
    stored(store.append(late).await);
    let refused = store.append(early).await.expect("an answer");
    assert_eq!(refused, Appended::SubmissionBehind { highest });
    assert_eq!(store.highest_submission(anna).await.expect("read"), highest);
    assert_eq!(store.highest_submission(people.stranger()).await.expect("read"), 0);
}

/// What shares a transaction keeps its order.
pub async fn many_appends_at_once_leave_no_gap_and_keep_each_authors_order(store: SharedStore) {
    const EACH: usize = 100;
    let people = People::new(store.clone());
    let mut members = Vec::new();
    for _ in 0..5 {
        members.push(people.account().await);
    }
    let group = people.group(&members).await;
    let authors: Vec<_> =
        members.iter().map(|author| tokio::spawn(speak(people.clone(), group, *author, EACH))).collect();
    let mut said = Vec::new();
    for author in authors {
        said.push(author.await.expect("an author"));
    }
    let page = store.log_page(members[0], group, 1, 1000, 1 << 20).await.expect("a page");
    let places: Vec<u64> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(places, (2..2 + (EACH * members.len()) as u64).collect::<Vec<_>>());
    for (author, said) in members.iter().zip(said) {
        let logged: Vec<_> =
            page.entries.iter().filter(|entry| entry.author == *author).map(|entry| entry.id).collect();
        assert_eq!(logged, said);
    }
}

async fn speak(people: People, group: ConversationId, author: Member, count: usize) -> Vec<MessageId> {
    let mut said = Vec::new();
    for _ in 0..count / 10 {
        let messages: Vec<_> = (0..10).map(|_| people.message(group, author, 1)).collect();
        said.extend(messages.iter().map(|message| message.id));
        let appends = messages.into_iter().map(|message| people.store.append(message));
        for append in in_turn(appends).await {
            stored(append);
        }
    }
    said
}

/// Starts all at once, each after the one before, and waits for all.
async fn in_turn<F: Future + Unpin>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = all.map(|future| (future, None)).collect();
    std::future::poll_fn(|context| {
        let mut done = true;
        for (future, output) in &mut waiting {
            if output.is_none() {
                match std::pin::Pin::new(future).poll(context) {
                    std::task::Poll::Ready(ready) => *output = Some(ready),
                    std::task::Poll::Pending => done = false,
                }
            }
        }
        if done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(|(_, output)| output).collect()
}
