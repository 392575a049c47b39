//! How much is taken: of an account, of all together, on the disk, at once.

use huis_proto::rest::FileUsage;
use huis_proto::{ErrorCode, limits};
use huis_store::Files as _;

use super::uploads::{header, waiting};
use super::*;

#[tokio::test]
async fn an_upload_takes_a_bounded_number_of_parts() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let file = begins(&house, &anna, 1000).await;
    for at in 0..limits::FILE_REQUESTS as usize {
        sends(&house, &anna, file, at, b"x").await.is_done();
    }
    let answer = sends(&house, &anna, file, limits::FILE_REQUESTS as usize, b"x").await;
    assert_eq!(answer.code(), ErrorCode::LimitReached);
}

#[tokio::test]
async fn who_is_over_a_bound_is_told_at_creation_what_would_help() {
    let house = House::with(|config| {
        config.files.most_bytes = 3_000_000;
        config.files.quota = 5_000_000;
    })
    .await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let title = |answer: &Answer| answer.value()["title"].as_str().unwrap().to_owned();
    let large = begin(&house, &anna, 3_000_001).await;
    assert_eq!(large.code(), ErrorCode::TooLarge);
    assert_eq!(title(&large), "The file has 3.0 MB; this server takes up to 3.0 MB.");
    begins(&house, &anna, 3_000_000).await;
    let over = begin(&house, &anna, 2_000_001).await;
    assert_eq!(over.code(), ErrorCode::QuotaExceeded);
    assert!(title(&over).contains("3.0 MB of 5.0 MB; delete some"), "{}", title(&over));
    begins(&house, &anna, 2_000_000).await;
    // Another account has its own.
    let first = begins(&house, &berta, 3_000_000).await;
    tus(&house, "DELETE", file_path(first), &berta).send().await.is_done();
    // What she let go of is still on the disk.
    let over = begin(&house, &berta, 3_000_000).await;
    assert_eq!(over.code(), ErrorCode::QuotaExceeded);
    assert!(title(&over).contains("counts until its bytes are gone"), "{}", title(&over));
    house.pass(GRACE_MS);
    house.server.keep_up().await;
    assert_eq!(house.store.file_usage(berta.account, 1).await.unwrap(), 0);
}

#[tokio::test]
async fn the_files_of_all_accounts_together_keep_to_the_servers_bound() {
    let house = House::with(|config| config.files.total = Some(5_000_000)).await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let file = begins(&house, &anna, 3_000_000).await;
    let over = begin(&house, &berta, 2_000_001).await;
    assert_eq!((over.code(), over.status.as_u16()), (ErrorCode::StorageFull, 507));
    let title = over.value()["title"].as_str().unwrap().to_owned();
    assert!(title.contains("all files on this server take 3.0 MB of 5.0 MB; its operator"), "{title}");
    begins(&house, &berta, 2_000_000).await;
    assert_eq!(begin(&house, &berta, 0).await.code(), ErrorCode::StorageFull, "it counts for more than it is");
    // What is let go of counts for as long as it is there.
    tus(&house, "DELETE", file_path(file), &anna).send().await.is_done();
    house.pass(GRACE_MS - 1);
    house.server.keep_up().await;
    assert_eq!(begin(&house, &berta, 1).await.code(), ErrorCode::StorageFull);
    house.pass(10_000);
    house.server.keep_up().await;
    // The others' access has ended meanwhile.
    let carla = Person::registers(&house, "carla").await;
    begins(&house, &carla, 3_000_000).await;
}

/// What its uploader let go of is then hers alone.
#[tokio::test]
async fn who_keeps_others_files_by_passing_them_on_uploads_so_much_less() {
    let house = House::with(|config| config.files.quota = 1_000_000).await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let here = group(&house, &[&anna, &berta]).await;
    let file = uploads(&house, &anna, &content(800_000)).await;
    says(&house, &anna, here, &[file]).await;
    says(&house, &berta, here, &[file]).await;
    tus(&house, "DELETE", file_path(file), &anna).send().await.is_done();
    assert_eq!(begin(&house, &berta, 300_000).await.code(), ErrorCode::QuotaExceeded);
    begins(&house, &anna, 1_000_000).await;
}

#[tokio::test]
async fn unfinished_uploads_are_bounded_in_number() {
    let house = House::with(|config| config.files.quota = u64::MAX).await;
    let anna = Person::registers(&house, "anna").await;
    let mut begun = Vec::new();
    for _ in 0..limits::UPLOADS {
        begun.push(begins(&house, &anna, 1).await);
    }
    assert_eq!(begin(&house, &anna, 1).await.code(), ErrorCode::LimitReached);
    sends(&house, &anna, begun[0], 0, b"x").await.is_done();
    begins(&house, &anna, 1).await;
}

#[tokio::test]
async fn nothing_is_taken_that_would_fill_the_disk() {
    let house = House::with(|config| config.files.keep_free = Some(u64::MAX)).await;
    let anna = Person::registers(&house, "anna").await;
    let answer = begin(&house, &anna, 1).await;
    assert_eq!((answer.code(), answer.status.as_u16()), (ErrorCode::StorageFull, 507));
    assert_eq!(
        answer.value()["title"].as_str().unwrap().split(';').next(),
        Some("The server's disk has room for 0 B more, and this takes 1 B")
    );
    let usage: FileUsage = house.get(FILES).by(&anna).send().await.read();
    assert_eq!(usage.used_bytes, 0);
}

#[tokio::test]
async fn an_upload_that_the_disk_has_no_room_for_goes_on_when_it_has() {
    let house = House::open().await;
    let full = house.beside_with(|config| config.files.keep_free = Some(u64::MAX)).await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(200 * KIB);
    let file = begins(&house, &anna, bytes.len()).await;
    sends(&house, &anna, file, 0, &bytes[..100 * KIB]).await.is_done();
    let refused = sends(&full, &anna, file, 100 * KIB, &bytes[100 * KIB..]).await;
    assert_eq!((refused.code(), refused.status.as_u16()), (ErrorCode::StorageFull, 507));
    assert_eq!(offset(&full, &anna, file).await, (100 * KIB).to_string());
    sends(&house, &anna, file, 100 * KIB, &bytes[100 * KIB..]).await.is_done();
    assert!(download(&house, &anna, file).send().await.body == bytes);
}

#[tokio::test]
async fn an_account_uploads_a_bounded_number_of_parts_at_once() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let mut under_way = Vec::new();
    let mut let_go = Vec::new();
    let bytes = content(10 * KIB);
    for _ in 0..4 {
        let file = begins(&house, &anna, bytes.len()).await;
        let (body, go_on) = waiting(&bytes);
        let mut call = Box::pin(part(&house, &anna, file, 0).stream(body).send());
        // Up to where it waits.
        let _ = futures_util::poll!(&mut call);
        under_way.push(call);
        let_go.push(go_on);
    }
    let fifth = begins(&house, &anna, bytes.len()).await;
    let answer = sends(&house, &anna, fifth, 0, &bytes).await;
    assert_eq!((answer.code(), header(&answer.headers, "retry-after")), (ErrorCode::TooManyRequests, "1"));
    uploads(&house, &berta, &bytes).await;
    for go_on in let_go {
        let _ = go_on.send(());
    }
    for call in under_way {
        call.await.is_done();
    }
    sends(&house, &anna, fifth, 0, &bytes).await.is_done();
}
