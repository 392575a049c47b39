//! The way down.

use huis_proto::ErrorCode;

use super::*;

#[tokio::test]
async fn a_range_is_served_as_http_says_and_over_the_borders_of_pieces() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(1500 * KIB);
    let file = begins(&house, &anna, bytes.len()).await;
    sends(&house, &anna, file, 0, &bytes[..700 * KIB]).await.is_done();
    sends(&house, &anna, file, 700 * KIB, &bytes[700 * KIB..]).await.is_done();
    let (length, border) = (bytes.len(), 700 * KIB);
    for (range, from, to) in [
        ("bytes=0-0".into(), 0, 1),
        (format!("bytes={}-{}", border - 1, border), border - 1, border + 1),
        (format!("bytes=100-{}", length * 2), 100, length),
        (format!("bytes={}-", length - 1), length - 1, length),
        ("bytes=-600000".into(), length - 600_000, length),
        (format!("bytes=-{}", length + 5), 0, length),
    ] {
        let answer = download(&house, &anna, file).header("range", &range).send().await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(answer.headers["content-range"], format!("bytes {from}-{}/{length}", to - 1), "{range}");
        assert_eq!(answer.headers["content-length"], (to - from).to_string(), "{range}");
        assert!(answer.body == bytes[from..to], "{range}");
    }
    for range in [format!("bytes={length}-"), "bytes=-0".into()] {
        let answer = download(&house, &anna, file).header("range", &range).send().await;
        assert_eq!(answer.status, StatusCode::RANGE_NOT_SATISFIABLE, "{range}");
        assert_eq!(answer.headers["content-range"], format!("bytes */{length}"));
        assert_eq!(answer.code(), ErrorCode::BadRequest);
    }
    // What is no single range is left out of account.
    for range in ["bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes"] {
        let answer = download(&house, &anna, file).header("range", range).send().await;
        assert!(answer.status == StatusCode::OK && answer.body == bytes, "{range}");
    }
}

#[tokio::test]
async fn a_file_has_a_tag_by_which_what_is_there_is_not_sent_again() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(1000);
    let file = uploads(&house, &anna, &bytes).await;
    let whole = download(&house, &anna, file).send().await;
    let tag = whole.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(whole.headers["accept-ranges"], "bytes");
    assert_eq!(whole.headers["content-type"], "application/octet-stream");
    assert_eq!(whole.headers["content-disposition"], "attachment");
    assert!(whole.headers.get("tus-resumable").is_none());
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".into()] {
        let answer = download(&house, &anna, file).header("if-none-match", known).send().await;
        assert!(answer.status == StatusCode::NOT_MODIFIED && answer.body.is_empty());
    }
    let ranged = |tag: &str| download(&house, &anna, file).header("range", "bytes=1-2").header("if-range", tag).send();
    assert_eq!(ranged(&tag).await.body, bytes[1..3]);
    assert_eq!(ranged("\"other\"").await.body, bytes);
    let head = house.call("HEAD", file_content_path(file)).header("range", "bytes=1-2").by(&anna).send().await;
    assert_eq!((head.status, &head.headers["content-length"]), (StatusCode::OK, &whole.headers["content-length"]));
    assert!(head.body.is_empty());
    let empty = uploads(&house, &anna, b"").await;
    let answer = download(&house, &anna, empty).header("range", "bytes=0-").send().await;
    assert_eq!(answer.status, StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn who_takes_part_where_a_message_brings_a_file_reads_it_and_nobody_else_learns_of_it() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let carla = Person::registers(&house, "carla").await;
    let here = group(&house, &[&anna, &berta]).await;
    let file = uploads(&house, &anna, &content(1000)).await;
    assert!(!reads(&house, &berta, file).await);
    says(&house, &anna, here, &[file]).await;
    assert!(reads(&house, &berta, file).await && !reads(&house, &carla, file).await);
    let stranger = download(&house, &carla, file).send().await;
    let unknown = download(&house, &carla, BlobId::from_bytes(id())).send().await;
    assert_eq!((stranger.code(), stranger.body), (unknown.code(), unknown.body));
    assert_eq!(house.get(file_content_path(file)).send().await.code(), ErrorCode::NotSignedIn);
    // She reads it, and it is not her upload.
    assert_eq!(tus(&house, "HEAD", file_path(file), &berta).send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_whole_is_not_read() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let file = begins(&house, &anna, 10).await;
    sends(&house, &anna, file, 0, &[1; 9]).await.is_done();
    assert!(!reads(&house, &anna, file).await);
    sends(&house, &anna, file, 9, &[1]).await.is_done();
    assert!(reads(&house, &anna, file).await);
    // As after a restore without the blobs.
    std::fs::remove_dir_all(house.blobs()).unwrap();
    assert!(!reads(&house, &anna, file).await);
}

/// However short they are: what is in memory of them counts until it is taken.
#[tokio::test]
async fn an_account_downloads_a_bounded_number_of_ranges_at_once() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let here = group(&house, &[&anna, &berta]).await;
    let bytes = content(1500 * KIB);
    let file = uploads(&house, &anna, &bytes).await;
    says(&house, &anna, here, &[file]).await;
    let mut unread = Vec::new();
    for range in ["bytes=0-0", "bytes=0-524287", "bytes=1-1048576", "bytes=0-"].into_iter().cycle().take(8) {
        unread.push(download(&house, &anna, file).header("range", range).begin().await);
    }
    assert!(unread.iter().all(|answer| answer.status() == StatusCode::PARTIAL_CONTENT));
    let ninth = download(&house, &anna, file).header("range", "bytes=0-0").send().await;
    assert_eq!((ninth.code(), &ninth.headers["retry-after"]), (ErrorCode::TooManyRequests, &"1".parse().unwrap()));
    assert!(download(&house, &berta, file).send().await.body == bytes, "another account has turns of its own");
    // Read to its end or not, it is over when its reader is.
    drop(unread.pop());
    assert!(download(&house, &anna, file).send().await.body == bytes);
}

/// A reader that stands still keeps nothing for ever.
#[tokio::test(start_paused = true)]
async fn who_reads_nothing_of_what_was_asked_for_loses_the_connection() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let file = uploads(&house, &anna, &content(2000 * KIB)).await;
    let mut connections = Vec::new();
    for turn in 0..8 {
        let (near, mut far) = tokio::io::duplex(4 * KIB);
        assert!(house.server.connect(near, ([192, 0, 2, 1], 4000).into()));
        // A range that is in memory at once, and one that is not.
        let end = if turn % 2 == 0 { "524287" } else { "" };
        let head = format!(
            "GET {} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\nrange: bytes=0-{end}\r\n\r\n",
            file_content_path(file),
            anna.grant.access_token.expose(),
        );
        far.write_all(head.as_bytes()).await.unwrap();
        far.read_exact(&mut [0; 15]).await.unwrap();
        connections.push(far);
    }
    assert_eq!(download(&house, &anna, file).send().await.code(), ErrorCode::TooManyRequests);
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    assert!(reads(&house, &anna, file).await);
}
