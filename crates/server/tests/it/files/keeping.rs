//! How long a file is kept.

use std::path::Path;

use huis_proto::{ErrorCode, Problem};
use huis_store::Files as _;

use super::*;

const DAY_MS: u64 = 24 * HOUR_MS;

/// The pieces that lie there.
fn pieces(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        if path.is_dir() { pieces(&path) } else { 1 }
    };
    entries.map(count).sum()
}

async fn is_kept(house: &House, person: &Person, file: BlobId) -> bool {
    house.store.readable_file(person.account, file).await.unwrap().is_some()
}

#[tokio::test]
async fn an_upload_that_no_message_brings_expires_a_day_behind_its_last_byte() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let unfinished = begins(&house, &anna, 100).await;
    house.pass(10 * 60_000);
    sends(&house, &anna, unfinished, 0, &[1; 50]).await.is_done();
    let unsaid = uploads(&house, &anna, &[2; 50]).await;
    house.pass(DAY_MS - 1);
    house.server.keep_up().await;
    assert!(is_kept(&house, &anna, unsaid).await);
    house.pass(1);
    house.server.keep_up().await;
    assert!(!is_kept(&house, &anna, unsaid).await);
    assert_eq!(house.store.upload(anna.account, unfinished).await.unwrap(), None);
    // Somebody may still be writing to it.
    assert_eq!(pieces(&house.blobs()), 2);
    house.pass(GRACE_MS);
    house.server.keep_up().await;
    assert_eq!(pieces(&house.blobs()), 0);
    assert!(house.store.files_to_remove(u64::MAX, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_clock_that_jumps_ends_no_file_and_what_is_let_go_of_goes_all_the_same() {
    let house = House::open().await;
    let (anna, berta) = (Person::registers(&house, "anna").await, Person::registers(&house, "berta").await);
    let here = group(&house, &[&anna, &berta]).await;
    let (said, unsaid) = (uploads(&house, &anna, &[1; 50]).await, uploads(&house, &anna, &[2; 50]).await);
    let dropped = uploads(&house, &anna, &[3; 50]).await;
    says(&house, &anna, here, &[said]).await;
    let right = house.now_ms();
    house.clock_is_set_to(right + 1000 * DAY_MS);
    assert!(house.store.let_go_of_file(anna.account, dropped, None, right).await.unwrap());
    house.server.keep_up().await;
    assert!(is_kept(&house, &berta, said).await && is_kept(&house, &anna, unsaid).await);
    assert!(!is_kept(&house, &anna, dropped).await);
    assert_eq!(pieces(&house.blobs()), 2);
    // Once the clock is right again what is over goes.
    house.clock_is_set_to(right);
    house.pass(DAY_MS);
    house.server.keep_up().await;
    assert!(is_kept(&house, &berta, said).await && !is_kept(&house, &anna, unsaid).await);
}

#[tokio::test]
async fn a_file_is_kept_for_as_long_as_a_message_brings_it_and_by_whoever_forwards_it() {
    let house = House::with(|config| config.files.retention = std::time::Duration::from_secs(10 * 24 * 3600)).await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let carla = Person::registers(&house, "carla").await;
    let (here, there) = (group(&house, &[&anna, &berta]).await, group(&house, &[&berta, &carla]).await);
    let file = uploads(&house, &anna, &content(1000)).await;
    says(&house, &anna, here, &[file]).await;
    // That every device has the message, so that the server forgets it, changes nothing.
    for person in [&anna, &berta] {
        house.store.acknowledge(member(person), vec![(here, 2)]).await.unwrap();
    }
    house.pass(10 * 60_000);
    says(&house, &berta, there, &[file]).await;
    house.pass(10 * DAY_MS - 10 * 60_000);
    house.server.keep_up().await;
    assert!(is_kept(&house, &carla, file).await, "by what berta said");
    assert_eq!(house.store.file_usage(anna.account, 1).await.unwrap(), 0);
    assert_eq!(house.store.file_usage(berta.account, 1).await.unwrap(), 1000);
    house.pass(10 * 60_000);
    house.server.keep_up().await;
    assert!(!is_kept(&house, &carla, file).await && !is_kept(&house, &anna, file).await);
    house.pass(GRACE_MS);
    house.server.keep_up().await;
    assert_eq!(pieces(&house.blobs()), 0);
}

#[tokio::test]
async fn a_message_is_refused_with_the_file_that_it_cannot_bring() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let here = group(&house, &[&anna, &berta]).await;
    let (file, unfinished) = (uploads(&house, &anna, &[1; 10]).await, begins(&house, &anna, 10).await);
    let none = BlobId::from_bytes(id());
    for (who, files, code, which) in [
        (&anna, [file, none], ErrorCode::FileUnknown, none),
        (&anna, [unfinished, file], ErrorCode::FileUnfinished, unfinished),
        (&berta, [file, none], ErrorCode::FileUnknown, file),
    ] {
        let answer = say(&house, who, here, &files).await;
        let problem: Problem = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.code(), problem.file, answer.status.as_u16()), (code, Some(which), 409));
    }
    assert_eq!(say(&house, &anna, here, &[file, file]).await.code(), ErrorCode::BadMessage);
    assert_eq!(says(&house, &anna, here, &[file]).await, 2);
}

#[tokio::test]
async fn who_said_it_lets_go_of_a_file_by_one_message_or_by_all() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let here = group(&house, &[&anna, &berta]).await;
    let file = uploads(&house, &anna, &[1; 10]).await;
    let (first, second) = (says(&house, &anna, here, &[file]).await, says(&house, &anna, here, &[file]).await);
    let lets_go =
        |who: &Person, query: String| tus(&house, "DELETE", format!("{}{query}", file_path(file)), who).send();
    let by = |seq: u64| format!("?conversation={here}&seq={seq}");
    assert_eq!(lets_go(&berta, by(first)).await.code(), ErrorCode::NotFound);
    assert_eq!(lets_go(&berta, String::new()).await.code(), ErrorCode::NotFound);
    assert_eq!(lets_go(&anna, format!("?conversation={here}")).await.code(), ErrorCode::BadRequest);
    lets_go(&anna, by(first)).await.is_done();
    assert_eq!(lets_go(&anna, by(first)).await.code(), ErrorCode::NotFound);
    assert!(reads(&house, &berta, file).await);
    lets_go(&anna, by(second)).await.is_done();
    assert!(!reads(&house, &berta, file).await && !reads(&house, &anna, file).await);
    // Forwarded, it is the other's as well.
    let file = uploads(&house, &anna, &[1; 10]).await;
    says(&house, &anna, here, &[file]).await;
    says(&house, &berta, here, &[file]).await;
    tus(&house, "DELETE", file_path(file), &anna).send().await.is_done();
    assert!(reads(&house, &anna, file).await && reads(&house, &berta, file).await);
    tus(&house, "DELETE", file_path(file), &berta).send().await.is_done();
    assert!(!reads(&house, &anna, file).await);
}

/// Between the steps, and in the middle of each; also where two nodes do it at once.
#[tokio::test]
async fn a_removal_that_was_cut_off_goes_on_with_the_next_round() {
    let house = House::open().await;
    let node = house.beside().await;
    let anna = Person::registers(&house, "anna").await;
    let mut files = Vec::new();
    for _ in 0..3 {
        let file = begins(&house, &anna, 3 * 64 * KIB).await;
        for at in 0..3 {
            sends(&house, &anna, file, at * 64 * KIB, &vec![at as u8; 64 * KIB]).await.is_done();
        }
        files.push(file);
    }
    assert_eq!(pieces(&house.blobs()), 9);
    house.pass(DAY_MS);
    house.server.keep_up().await;
    // Of one file some bytes are gone and of another one all.
    let folder = |file: &BlobId| house.blobs().join(&file.to_string()[..2]).join(file.to_string());
    std::fs::remove_file(folder(&files[0]).join(format!("{:016x}", 64 * KIB))).unwrap();
    std::fs::remove_dir_all(folder(&files[1])).unwrap();
    house.pass(GRACE_MS);
    tokio::join!(house.server.keep_up(), node.server.keep_up());
    assert_eq!(pieces(&house.blobs()), 0);
    assert!(house.store.files_to_remove(u64::MAX, 10).await.unwrap().is_empty());
}

/// However many those are; and all that is due goes in one round.
#[tokio::test]
async fn what_cannot_be_removed_keeps_nothing_else() {
    let house = House::with(|config| config.files.quota = u64::MAX).await;
    let anna = Person::registers(&house, "anna").await;
    let folder = |file: &BlobId| house.blobs().join(&file.to_string()[..2]).join(file.to_string());
    let mut stuck = Vec::new();
    for turn in 0..120 {
        let file = begins(&house, &anna, 1).await;
        if turn < 60 {
            // No folder: so it is not deleted.
            std::fs::create_dir_all(folder(&file).parent().unwrap()).unwrap();
            std::fs::write(folder(&file), "in the way").unwrap();
            stuck.push(file);
        } else {
            sends(&house, &anna, file, 0, b"x").await.is_done();
        }
        tus(&house, "DELETE", file_path(file), &anna).send().await.is_done();
    }
    house.pass(GRACE_MS);
    house.server.keep_up().await;
    assert_eq!(pieces(&house.blobs()), 60);
    let left = house.store.files_to_remove(u64::MAX, 200).await.unwrap();
    assert!(left.len() == 60 && stuck.iter().all(|file| left.contains(file)));
    // They are tried again, and not at once.
    for file in &stuck {
        std::fs::remove_file(folder(file)).unwrap();
    }
    house.pass(GRACE_MS - 1);
    house.server.keep_up().await;
    assert_eq!(house.store.files_to_remove(u64::MAX, 200).await.unwrap().len(), 60);
    house.pass(1);
    house.server.keep_up().await;
    assert!(house.store.files_to_remove(u64::MAX, 200).await.unwrap().is_empty());
}

/// A part that is on its way when its upload is deleted is deleted with it.
#[tokio::test]
async fn what_was_being_written_when_it_was_let_go_of_is_removed_as_well() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let file = begins(&house, &anna, 100 * KIB).await;
    let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
    let bytes: Result<axum::body::Bytes, std::io::Error> = Ok(vec![1; 100 * KIB].into());
    let body = axum::body::Body::from_stream(futures_util::stream::once(async move {
        let _ = wait.await;
        bytes
    }));
    let late = part(&house, &anna, file, 0).stream(body).send();
    let meanwhile = async {
        tus(&house, "DELETE", file_path(file), &anna).send().await.is_done();
        let _ = go_on.send(());
    };
    let (late, ()) = tokio::join!(late, meanwhile);
    assert_eq!(late.code(), ErrorCode::NotFound);
    assert_eq!(pieces(&house.blobs()), 1);
    house.pass(GRACE_MS);
    house.server.keep_up().await;
    assert_eq!(pieces(&house.blobs()), 0);
}
