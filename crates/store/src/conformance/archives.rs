//! Stories of accounts' archives.

use huis_proto::{AccountId, Bytes, Bytes32};

use super::people::People;
use crate::{ArchiveChange, ArchiveChanged, ArchiveStanding, Dropped, KeptSegment, NewSegment, SharedStore};

/// A head that brings in a segment of so many bytes, and takes nothing out.
pub(super) fn brings(account: AccountId, number: u64, bytes: usize) -> ArchiveChange {
    let body_hash = Bytes32([u8::try_from(number % 251).expect("small"); 32]);
    let outline = Bytes(vec![1; bytes / 2]);
    let segment = NewSegment { outline, body: Bytes(vec![2; bytes - bytes / 2]), body_hash };
    ArchiveChange { segment: Some(segment), ..takes(account, number, vec![]) }
}

/// A head that brings nothing in.
fn takes(account: AccountId, number: u64, drops: Vec<u64>) -> ArchiveChange {
    ArchiveChange {
        account,
        number,
        head: Bytes(format!("head {number}").into_bytes()),
        segment: None,
        drops: Dropped::These(drops),
        most_segments: 100,
        most_bytes: 10_000,
    }
}

async fn change(store: &SharedStore, change: ArchiveChange) -> ArchiveChanged {
    store.change_archive(change).await.expect("an answer")
}

async fn standing(store: &SharedStore, account: AccountId) -> ArchiveStanding {
    store.archive(account).await.expect("read").expect("an archive")
}

async fn numbers(store: &SharedStore, account: AccountId) -> Vec<u64> {
    let segments = store.archive_segments(account, 0, 1000).await.expect("read");
    segments.iter().map(|segment| segment.number).collect()
}

pub async fn an_archive_grows_by_compare_and_swap_and_is_read_in_its_order(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await.account, people.account().await.account);
    assert_eq!(store.archive(anna).await.expect("read"), None);
    assert_eq!(change(&store, brings(anna, 2, 10)).await, ArchiveChanged::Conflict(0));
    assert_eq!(change(&store, brings(anna, 0, 10)).await, ArchiveChanged::Conflict(0));
    assert_eq!(store.archive(anna).await.expect("read"), None, "what was refused is not there");
    for number in 1..=3 {
        assert_eq!(change(&store, brings(anna, number, 10)).await, ArchiveChanged::Stored);
        assert_eq!(change(&store, brings(anna, number, 20)).await, ArchiveChanged::Conflict(number));
    }
    assert_eq!(change(&store, takes(anna, 4, vec![])).await, ArchiveChanged::Stored);
    let head = Bytes(b"head 4".to_vec());
    assert_eq!(standing(&store, anna).await, ArchiveStanding { number: 4, head, segments: 3, bytes: 30 });

    let page = store.archive_segments(anna, 1, 1).await.expect("read");
    let (outline, body_hash) = (Bytes(vec![1; 5]), Bytes32([2; 32]));
    assert_eq!(page, [KeptSegment { number: 2, outline, body_hash, bytes: 10 }]);
    assert_eq!(numbers(&store, anna).await, [1, 2, 3]);
    assert!(store.archive_segments(anna, 3, 10).await.expect("read").is_empty());
    assert_eq!(store.archive_body(anna, 2).await.expect("read"), Some(Bytes(vec![2; 5])));
    assert_eq!(store.archive_body(anna, 4).await.expect("read"), None, "that head brought nothing in");

    // Nothing of it is another account's.
    assert_eq!(store.archive(berta).await.expect("read"), None);
    assert_eq!(store.archive_body(berta, 2).await.expect("read"), None);
    assert!(numbers(&store, berta).await.is_empty());
    assert_eq!(change(&store, brings(berta, 1, 10)).await, ArchiveChanged::Stored);
    assert_eq!(numbers(&store, anna).await, [1, 2, 3]);
    let stranger = people.stranger().account;
    assert_eq!(change(&store, brings(stranger, 1, 10)).await, ArchiveChanged::NoAccount);
}

pub async fn segments_go_with_the_head_that_takes_them_out(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await.account, people.account().await.account);
    for number in 1..=3 {
        assert_eq!(change(&store, brings(anna, number, 10)).await, ArchiveChanged::Stored);
    }
    assert_eq!(change(&store, brings(berta, 1, 10)).await, ArchiveChanged::Stored);
    let replaces = |number, drops| ArchiveChange { drops: Dropped::These(drops), ..brings(anna, number, 15) };
    // All of it or nothing.
    assert_eq!(change(&store, replaces(4, vec![1, 4])).await, ArchiveChanged::NoSegment(4));
    assert_eq!(change(&store, replaces(5, vec![1])).await, ArchiveChanged::Conflict(3));
    assert_eq!(numbers(&store, anna).await, [1, 2, 3]);
    assert_eq!(change(&store, replaces(4, vec![1, 3])).await, ArchiveChanged::Stored);
    assert_eq!(numbers(&store, anna).await, [2, 4]);
    let ArchiveStanding { segments, bytes, .. } = standing(&store, anna).await;
    assert_eq!((segments, bytes), (2, 25));
    assert_eq!(change(&store, takes(anna, 5, vec![1])).await, ArchiveChanged::NoSegment(1), "it is gone");

    // Emptied, its numbers go on.
    let emptied = ArchiveChange { drops: Dropped::All, ..takes(anna, 5, vec![]) };
    assert_eq!(change(&store, emptied).await, ArchiveChanged::Stored);
    let head = Bytes(b"head 5".to_vec());
    assert_eq!(standing(&store, anna).await, ArchiveStanding { number: 5, head, segments: 0, bytes: 0 });
    assert!(numbers(&store, anna).await.is_empty());
    assert_eq!(change(&store, brings(anna, 1, 10)).await, ArchiveChanged::Conflict(5));
    // In place of all that was there.
    assert_eq!(change(&store, brings(anna, 6, 10)).await, ArchiveChanged::Stored);
    let anew = ArchiveChange { drops: Dropped::All, ..brings(anna, 7, 12) };
    assert_eq!(change(&store, anew).await, ArchiveChanged::Stored);
    assert_eq!(numbers(&store, anna).await, [7]);
    assert_eq!(standing(&store, anna).await.bytes, 12);
    assert_eq!(numbers(&store, berta).await, [1]);
}

pub async fn an_archive_is_bounded_by_what_is_there_afterwards(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await.account;
    let bounded = |number, bytes, drops| ArchiveChange {
        most_segments: 2,
        most_bytes: 100,
        drops: Dropped::These(drops),
        ..brings(anna, number, bytes)
    };
    assert_eq!(change(&store, bounded(1, 101, vec![])).await, ArchiveChanged::TooLarge(101));
    assert_eq!(change(&store, bounded(1, 60, vec![])).await, ArchiveChanged::Stored);
    assert_eq!(change(&store, bounded(2, 41, vec![])).await, ArchiveChanged::TooLarge(101));
    assert_eq!(change(&store, bounded(2, 40, vec![])).await, ArchiveChanged::Stored);
    assert_eq!(change(&store, bounded(3, 0, vec![])).await, ArchiveChanged::TooMany);
    assert_eq!(change(&store, bounded(3, 60, vec![1])).await, ArchiveChanged::Stored);
    assert_eq!(numbers(&store, anna).await, [2, 3]);
    let anew = ArchiveChange { drops: Dropped::All, ..bounded(4, 100, vec![]) };
    assert_eq!(change(&store, anew).await, ArchiveChanged::Stored);
    assert_eq!(standing(&store, anna).await.bytes, 100);
}

/// Each of the others is told, and the archive has what the one brought.
pub async fn of_many_changes_of_an_archive_at_once_one_wins(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await.account;
    for number in 1..=3 {
        let tries = (1..=8).map(|bytes| {
            let store = store.clone();
            tokio::spawn(async move { (bytes, change(&store, brings(anna, number, bytes)).await) })
        });
        let mut won = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            match one.await.expect("a task") {
                (bytes, ArchiveChanged::Stored) => won.push(bytes),
                (_, refused) => assert_eq!(refused, ArchiveChanged::Conflict(number)),
            }
        }
        assert_eq!(won.len(), 1);
        let newest = store.archive_segments(anna, number - 1, 10).await.expect("read");
        assert_eq!(newest.iter().map(|segment| segment.bytes).collect::<Vec<_>>(), [won[0] as u64]);
    }
    assert_eq!(numbers(&store, anna).await, [1, 2, 3]);
}
