//! Accounts' archives: what may come in, and who reads it.

use http::StatusCode;
use huis_proto::rest::{Archive, ArchiveBody, ChangeArchive, NewArchiveSegment};
use huis_proto::{Bytes, Bytes32, ErrorCode, limits};
use sha2::{Digest, Sha256};

use super::harness::{Answer, House, Person};

const PATH: &str = "/api/v1/account/archive";

fn head(number: u64) -> ChangeArchive {
    let head = Bytes(format!("head {number}").into_bytes());
    ChangeArchive { number, head, segment: None, drops: vec![], drops_all: false }
}

fn brings(number: u64, body: &[u8]) -> ChangeArchive {
    let segment = NewArchiveSegment { outline: Bytes(b"outline".to_vec()), body: Bytes(body.to_vec()) };
    ChangeArchive { segment: Some(segment), ..head(number) }
}

async fn change(house: &House, person: &Person, change: &ChangeArchive) -> Answer {
    house.post(PATH, change).by(person).send().await
}

async fn archive(house: &House, person: &Person, after: u64) -> Archive {
    house.get(format!("{PATH}?after={after}")).by(person).send().await.read()
}

fn numbers(archive: &Archive) -> Vec<u64> {
    archive.segments.iter().map(|segment| segment.number).collect()
}

#[tokio::test]
async fn an_archive_comes_back_to_its_own_account_alone() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let none = archive(&house, &anna, 0).await;
    assert_eq!((none.number, none.head, none.most_bytes), (0, None, limits::ARCHIVE));
    for number in 1..=2 {
        change(&house, &anna, &brings(number, format!("body {number}").as_bytes())).await.is_done();
    }
    let found = archive(&house, &anna, 0).await;
    assert_eq!((found.number, found.head, found.bytes), (2, Some(Bytes(b"head 2".to_vec())), 26));
    assert_eq!(found.segments[0].body_hash, Bytes32(Sha256::digest(b"body 1").into()));
    let body: ArchiveBody = house.get(format!("{PATH}/segments/1")).by(&anna).send().await.read();
    assert_eq!(*body.body, *b"body 1");
    assert_eq!(house.get(format!("{PATH}/segments/3")).by(&anna).send().await.code(), ErrorCode::NotFound);

    assert_eq!(archive(&house, &berta, 0).await.number, 0);
    assert_eq!(house.get(format!("{PATH}/segments/1")).by(&berta).send().await.code(), ErrorCode::NotFound);
    for path in [PATH.to_owned(), format!("{PATH}/segments/1")] {
        assert_eq!(house.get(path).send().await.code(), ErrorCode::NotSignedIn);
    }
    assert_eq!(house.post(PATH, &head(1)).send().await.code(), ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn of_two_devices_that_change_it_one_is_told_and_a_repeat_is_known() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    change(&house, &anna, &brings(1, b"one")).await.is_done();
    change(&house, &anna, &brings(1, b"one")).await.is_done();
    let other = ChangeArchive { head: Bytes(b"another".to_vec()), ..brings(1, b"two") };
    assert_eq!(change(&house, &anna, &other).await.code(), ErrorCode::StateConflict);
    assert_eq!(change(&house, &anna, &brings(3, b"three")).await.code(), ErrorCode::StateConflict);
    let found = archive(&house, &anna, 0).await;
    assert_eq!((found.number, numbers(&found)), (1, vec![1]));
}

#[tokio::test]
async fn what_is_replaced_goes_and_numbers_go_on() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    for number in 1..=3 {
        change(&house, &anna, &brings(number, b"body")).await.is_done();
    }
    let replaces = |drops| ChangeArchive { drops, ..brings(4, b"all of them") };
    for wrong in [vec![1, 1], vec![4], vec![0], vec![9]] {
        assert_eq!(change(&house, &anna, &replaces(wrong)).await.code(), ErrorCode::BadRequest);
    }
    change(&house, &anna, &replaces(vec![2, 1])).await.is_done();
    assert_eq!(numbers(&archive(&house, &anna, 0).await), [3, 4]);
    assert_eq!(house.get(format!("{PATH}/segments/2")).by(&anna).send().await.code(), ErrorCode::NotFound);
    change(&house, &anna, &ChangeArchive { drops_all: true, ..head(5) }).await.is_done();
    let found = archive(&house, &anna, 0).await;
    assert_eq!((found.number, found.bytes, numbers(&found)), (5, 0, vec![]));
    assert_eq!(change(&house, &anna, &brings(1, b"body")).await.code(), ErrorCode::StateConflict);
}

#[tokio::test]
async fn a_long_archive_is_listed_page_by_page() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let count = limits::ARCHIVE_PAGE as u64 + 3;
    for number in 1..=count {
        change(&house, &anna, &brings(number, b"body")).await.is_done();
    }
    let first = archive(&house, &anna, 0).await;
    assert_eq!((first.segments.len(), first.more), (limits::ARCHIVE_PAGE, true));
    let rest = archive(&house, &anna, limits::ARCHIVE_PAGE as u64).await;
    assert_eq!((numbers(&rest), rest.more), ((count - 2..=count).collect(), false));
}

#[tokio::test]
async fn what_is_empty_or_too_large_is_refused() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let with = |outline: usize, body: usize| {
        let segment = NewArchiveSegment { outline: Bytes(vec![1; outline]), body: Bytes(vec![2; body]) };
        ChangeArchive { segment: Some(segment), ..head(1) }
    };
    let of_head = |bytes| ChangeArchive { head: Bytes(vec![1; bytes]), ..head(1) };
    for (wrong, code) in [
        (with(0, 1), ErrorCode::BadRequest),
        (with(1, 0), ErrorCode::BadRequest),
        (with(limits::ARCHIVE_OUTLINE + 1, 1), ErrorCode::TooLarge),
        (with(1, limits::ARCHIVE_BODY + 1), ErrorCode::TooLarge),
        (with(1, limits::ARCHIVE_CHANGE), ErrorCode::TooLarge),
        (of_head(0), ErrorCode::BadRequest),
        (of_head(limits::ARCHIVE_HEAD + 1), ErrorCode::TooLarge),
    ] {
        assert_eq!(change(&house, &anna, &wrong).await.code(), code);
    }
    change(&house, &anna, &with(limits::ARCHIVE_OUTLINE, limits::ARCHIVE_BODY)).await.is_done();
}

#[tokio::test]
async fn changes_of_an_archive_are_counted_for_each_account() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let mut number = 0;
    let refused = loop {
        house.pass(100);
        number += 1;
        let answer = change(&house, &anna, &head(number)).await;
        if answer.status != StatusCode::NO_CONTENT {
            break answer;
        }
        assert!(number < 10_000, "nothing was ever refused");
    };
    assert_eq!(refused.code(), ErrorCode::TooManyRequests);
    change(&house, &berta, &head(1)).await.is_done();
    assert_eq!(archive(&house, &anna, 0).await.number, number - 1);
}
