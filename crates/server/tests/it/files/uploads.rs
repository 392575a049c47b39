//! The way up.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use http::HeaderMap;
use huis_blobs::{Blobs, BlobsAddress};
use huis_proto::rest::{FileUsage, ServerInfo};
use huis_proto::{ErrorCode, limits};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use super::*;

type Portion = Result<axum::body::Bytes, std::io::Error>;

/// A body that breaks off behind these bytes.
fn broken(bytes: &[u8]) -> Body {
    let portions: [Portion; 2] = [Ok(bytes.to_vec().into()), Err(std::io::ErrorKind::ConnectionReset.into())];
    Body::from_stream(stream::iter(portions))
}

/// A body of these bytes that waits in the middle until it is let go on.
pub(super) fn waiting(bytes: &[u8]) -> (Body, oneshot::Sender<()>) {
    let (go_on, wait) = oneshot::channel();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let (first, second) = (first.to_vec(), second.to_vec());
    let portions = stream::unfold((Some(wait), vec![second, first]), |(wait, mut left)| async {
        if left.len() == 1
            && let Some(wait) = wait
        {
            let _ = wait.await;
            return Some((Portion::Ok(left.pop()?.into()), (None, left)));
        }
        Some((Portion::Ok(left.pop()?.into()), (wait, left)))
    });
    (Body::from_stream(portions), go_on)
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

#[tokio::test]
async fn a_file_goes_up_in_parts_and_comes_down_whole() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let greeting = house.call("OPTIONS", FILES).send().await;
    greeting.is_done();
    assert_eq!(header(&greeting.headers, "tus-version"), "1.0.0");
    assert_eq!(header(&greeting.headers, "tus-extension"), "creation,expiration,checksum,termination");
    assert_eq!(header(&greeting.headers, "tus-max-size"), limits::FILE.to_string());
    assert!(greeting.headers.get("access-control-allow-origin").is_none());
    let terms = house.get("/api/v1/server").send().await.read::<ServerInfo>().files.unwrap();
    assert_eq!((terms.most_bytes, terms.unreferenced_s), (limits::FILE, 24 * 3600));

    let bytes = content(700 * KIB + 3);
    let file = begins(&house, &anna, bytes.len()).await;
    assert_eq!(offset(&house, &anna, file).await, "0");
    let mut at = 0;
    for part in bytes.chunks(300 * KIB) {
        let answer = sends(&house, &anna, file, at, part).await;
        answer.is_done();
        at += part.len();
        assert_eq!(header(&answer.headers, "upload-offset"), at.to_string());
        assert_eq!(header(&answer.headers, "tus-resumable"), "1.0.0");
        // A day behind the test's clock.
        assert_eq!(header(&answer.headers, "upload-expires"), "Sat, 16 Jan 2027 08:00:00 GMT");
    }
    let look = tus(&house, "HEAD", file_path(file), &anna).send().await;
    let said = ["upload-offset", "upload-length"].map(|name| header(&look.headers, name));
    assert_eq!(said, [at.to_string(), at.to_string()]);
    assert_eq!(header(&look.headers, "cache-control"), "no-store");
    let answer = download(&house, &anna, file).send().await;
    assert!(answer.body == bytes);
    let usage: FileUsage = house.get(FILES).by(&anna).send().await.read();
    assert_eq!((usage.used_bytes, usage.quota_bytes), (at as u64, 10 << 30));
}

#[tokio::test]
async fn a_file_of_no_bytes_is_whole_at_once() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let file = begins(&house, &anna, 0).await;
    assert!(reads(&house, &anna, file).await);
    sends(&house, &anna, file, 0, b"").await.is_done();
    assert_eq!(sends(&house, &anna, file, 0, b"x").await.code(), ErrorCode::TooLarge);
}

#[tokio::test]
async fn what_is_not_as_tus_says_is_refused_and_changes_nothing() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    for length in [None, Some("-1"), Some("1.5"), Some("many"), Some(""), Some("18446744073709551616")] {
        let call = tus(&house, "POST", FILES, &anna);
        let call = match length {
            Some(length) => call.header("upload-length", length),
            None => call.header("upload-defer-length", "1"),
        };
        assert_eq!(call.send().await.code(), ErrorCode::BadRequest, "{length:?}");
    }
    let file = begins(&house, &anna, 100).await;
    let path = file_path(file);
    for (method, path) in [("POST", FILES), ("HEAD", &path), ("PATCH", &path), ("DELETE", &path)] {
        for version in [None, Some("0.2.2"), Some("1.0")] {
            let call = house.call(method, path).by(&anna).header("upload-length", "5");
            let call = version.into_iter().fold(call, |call, version| call.header("tus-resumable", version));
            let answer = call.send().await;
            assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED, "{method} {version:?}");
            assert_eq!(header(&answer.headers, "tus-version"), "1.0.0");
            assert_eq!(header(&answer.headers, "tus-resumable"), "1.0.0");
        }
    }
    let patch = || tus(&house, "PATCH", path.clone(), &anna).bytes(vec![1; 50]);
    let plain = patch().header("upload-offset", "0").header("content-type", "application/octet-stream").send().await;
    assert_eq!(plain.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(patch().header("upload-offset", "0").send().await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for wrong in [None, Some("-1"), Some("x")] {
        let call = patch().header("content-type", PART);
        let call = wrong.into_iter().fold(call, |call, offset| call.header("upload-offset", offset));
        assert_eq!(call.send().await.code(), ErrorCode::BadRequest, "{wrong:?}");
    }
    for wrong in ["md5 kAFQmDzST7DWlj99KOF/cg==", "sha256", "sha256 !!", "sha256 AAAA"] {
        let call = part(&house, &anna, file, 0).bytes(vec![1; 50]).header("upload-checksum", wrong);
        assert_eq!(call.send().await.code(), ErrorCode::BadRequest, "{wrong}");
    }
    let ahead = sends(&house, &anna, file, 50, &[1; 50]).await;
    assert_eq!((ahead.code(), header(&ahead.headers, "upload-offset")), (ErrorCode::OffsetConflict, "0"));
    assert_eq!(sends(&house, &anna, file, 0, &[1; 101]).await.code(), ErrorCode::TooLarge);
    let unannounced =
        part(&house, &anna, file, 0).stream(Body::from_stream(stream::iter([Portion::Ok(vec![1; 101].into())])));
    assert_eq!(unannounced.send().await.code(), ErrorCode::TooLarge);
    assert_eq!(offset(&house, &anna, file).await, "0");
    let nameless = tus(&house, "HEAD", "/api/v1/files/nobody", &anna).send().await;
    assert_eq!(nameless.status, StatusCode::BAD_REQUEST);
    assert_eq!(house.call("PATCH", path).header("tus-resumable", "1.0.0").send().await.code(), ErrorCode::NotSignedIn);
}

/// Whoever makes it, before or behind what speaks tus.
#[tokio::test]
async fn every_answer_states_the_version_of_tus() {
    let house = House::with(|config| config.rates.requests_per_second = 1).await;
    let states = |answer: &Answer| answer.headers.get("tus-resumable").is_some_and(|version| version == "1.0.0");
    let mut answers = Vec::new();
    for turn in 0..12 {
        let path = if turn % 2 == 0 { FILES.to_owned() } else { file_path(BlobId::from_bytes(id())) };
        let method = if turn < 2 { "PUT" } else { "HEAD" };
        answers.push(house.call(method, path).header("tus-resumable", "1.0.0").send().await);
    }
    let has = |status| answers.iter().any(|answer| answer.status == status);
    assert!(has(StatusCode::METHOD_NOT_ALLOWED) && has(StatusCode::TOO_MANY_REQUESTS));
    assert!(answers.iter().all(states), "{answers:?}");
    let house = House::open().await;
    for (method, path) in [("OPTIONS", FILES.to_owned()), ("GET", file_content_path(BlobId::from_bytes(id())))] {
        assert!(!states(&house.call(method, path).send().await));
    }
}

#[tokio::test]
async fn a_part_is_no_larger_than_a_request_may_be() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let file = begins(&house, &anna, limits::FILE_REQUEST + 1).await;
    let large = vec![7; limits::FILE_REQUEST + 1];
    assert_eq!(sends(&house, &anna, file, 0, &large).await.code(), ErrorCode::TooLarge);
    assert_eq!(offset(&house, &anna, file).await, "0");
    sends(&house, &anna, file, 0, &large[1..]).await.is_done();
    sends(&house, &anna, file, limits::FILE_REQUEST, &large[..1]).await.is_done();
    assert!(download(&house, &anna, file).send().await.body == large);
}

#[tokio::test]
async fn what_arrived_before_a_break_is_kept_and_the_upload_goes_on_there() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(300 * KIB);
    let file = begins(&house, &anna, bytes.len()).await;
    part(&house, &anna, file, 0).stream(broken(&bytes[..100 * KIB])).send().await.is_done();
    assert_eq!(offset(&house, &anna, file).await, (100 * KIB).to_string());
    // So little is not worth a piece of its own.
    let little = part(&house, &anna, file, 100 * KIB).stream(broken(&bytes[100 * KIB..110 * KIB])).send().await;
    assert_eq!(little.code(), ErrorCode::BadRequest);
    assert_eq!(offset(&house, &anna, file).await, (100 * KIB).to_string());
    // Unless it is all that was left.
    sends(&house, &anna, file, 100 * KIB, &bytes[100 * KIB..290 * KIB]).await.is_done();
    part(&house, &anna, file, 290 * KIB).stream(broken(&bytes[290 * KIB..])).send().await.is_done();
    assert!(download(&house, &anna, file).send().await.body == bytes);
}

#[tokio::test]
async fn a_part_with_a_checksum_is_kept_whole_or_not_at_all() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(200 * KIB);
    let file = begins(&house, &anna, 2 * bytes.len()).await;
    let sha256 = format!("sha256 {}", STANDARD.encode(Sha256::digest(&bytes)));
    let sha1 = format!("sha1 {}", STANDARD.encode(Sha1::digest(&bytes)));
    let mut altered = bytes.clone();
    altered[100 * KIB] ^= 1;
    for checksum in [&sha256, &sha1] {
        let call = part(&house, &anna, file, 0).header("upload-checksum", checksum);
        let answer = call.bytes(altered.clone()).send().await;
        assert_eq!((answer.code(), answer.status.as_u16()), (ErrorCode::ChecksumMismatch, 460));
        let call = part(&house, &anna, file, 0).header("upload-checksum", checksum);
        let broken = call.stream(broken(&bytes[..150 * KIB])).send().await;
        assert_eq!(broken.code(), ErrorCode::BadRequest);
        assert!(broken.value()["title"].as_str().unwrap().contains("send smaller parts"));
        assert_eq!(offset(&house, &anna, file).await, "0");
    }
    part(&house, &anna, file, 0).header("upload-checksum", &sha256).bytes(bytes.clone()).send().await.is_done();
    let second = part(&house, &anna, file, bytes.len()).header("upload-checksum", &sha1);
    second.bytes(bytes.clone()).send().await.is_done();
    assert!(download(&house, &anna, file).send().await.body == [&bytes[..], &bytes].concat());
}

#[tokio::test]
async fn of_two_who_write_at_one_place_one_is_told_where_the_upload_is() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let file = begins(&house, &anna, 100 * KIB).await;
    let (slow, fast) = (content(80 * KIB), vec![9; 70 * KIB]);
    let (body, go_on) = waiting(&slow);
    let slow = part(&house, &anna, file, 0).stream(body).send();
    let meanwhile = async {
        sends(&house, &anna, file, 0, &fast).await.is_done();
        let _ = go_on.send(());
    };
    let (slow, ()) = tokio::join!(slow, meanwhile);
    assert_eq!(slow.code(), ErrorCode::OffsetConflict);
    assert_eq!(header(&slow.headers, "upload-offset"), (70 * KIB).to_string());
    sends(&house, &anna, file, 70 * KIB, &fast[..30 * KIB]).await.is_done();
    assert!(download(&house, &anna, file).send().await.body == [&fast[..], &fast[..30 * KIB]].concat());
    // Who sends the same is told that it is there.
    let again = begins(&house, &anna, 100 * KIB).await;
    let (body, go_on) = waiting(&fast);
    let slow = part(&house, &anna, again, 0).stream(body).send();
    let meanwhile = async {
        sends(&house, &anna, again, 0, &fast).await.is_done();
        let _ = go_on.send(());
    };
    let (slow, ()) = tokio::join!(slow, meanwhile);
    slow.is_done();
    assert_eq!(offset(&house, &anna, again).await, (70 * KIB).to_string());
}

/// The piece is with the blobs, and the store was not told.
#[tokio::test]
async fn an_upload_goes_on_behind_what_a_crash_left() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(200 * KIB);
    let file = begins(&house, &anna, bytes.len()).await;
    let blobs = Blobs::open(&BlobsAddress::folder(house.blobs())).await.unwrap();
    blobs.put(file, 0, bytes[..120 * KIB].to_vec().into()).await.unwrap();
    assert_eq!(offset(&house, &anna, file).await, "0");
    // With parts of another size than before.
    let answer = sends(&house, &anna, file, 0, &bytes[..90 * KIB]).await;
    assert_eq!(answer.code(), ErrorCode::OffsetConflict);
    assert_eq!(header(&answer.headers, "upload-offset"), (120 * KIB).to_string());
    sends(&house, &anna, file, 120 * KIB, &bytes[120 * KIB..]).await.is_done();
    assert!(download(&house, &anna, file).send().await.body == bytes);
    // And with the same.
    let file = begins(&house, &anna, bytes.len()).await;
    blobs.put(file, 0, bytes.clone().into()).await.unwrap();
    sends(&house, &anna, file, 0, &bytes).await.is_done();
    assert!(download(&house, &anna, file).send().await.body == bytes);
}

/// As where each node keeps files of its own.
#[tokio::test]
async fn an_upload_whose_parts_do_not_lie_together_is_not_taken_for_whole() {
    let house = House::open().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let apart = house.beside_with(|config| config.blobs = Some(BlobsAddress::folder(elsewhere.path()))).await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(200 * KIB);
    let file = begins(&house, &anna, bytes.len()).await;
    sends(&house, &anna, file, 0, &bytes[..100 * KIB]).await.is_done();
    let answer = sends(&apart, &anna, file, 100 * KIB, &bytes[100 * KIB..]).await;
    assert_eq!(answer.code(), ErrorCode::NotFound);
    assert!(answer.value()["title"].as_str().unwrap().contains("begin the upload anew"));
    let here = group(&house, &[&anna]).await;
    assert_eq!(say(&house, &anna, here, &[file]).await.code(), ErrorCode::FileUnknown);
    assert_eq!(tus(&house, "HEAD", file_path(file), &anna).send().await.status, StatusCode::NOT_FOUND);
}

/// Also if nobody waits for the answer any more: the request's memory counts by its body.
#[tokio::test]
async fn the_body_of_a_part_is_held_until_its_bytes_are_with_the_blobs() {
    struct Held(std::path::PathBuf, std::sync::mpsc::Sender<bool>);
    impl Drop for Held {
        fn drop(&mut self) {
            let _ = self.1.send(self.0.exists());
        }
    }
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let file = begins(&house, &anna, 100 * KIB).await;
    let folder = house.blobs().join(&file.to_string()[..2]).join(file.to_string());
    let (ended, is_there) = std::sync::mpsc::channel();
    let held = Held(folder.join("0000000000000000"), ended);
    let portions = stream::iter([Portion::Ok(content(100 * KIB).into())]);
    let body = Body::from_stream(futures_util::StreamExt::map(portions, move |portion| {
        let _ = &held;
        portion
    }));
    part(&house, &anna, file, 0).stream(body).send().await.is_done();
    assert_eq!(is_there.try_iter().collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn an_upload_is_its_accounts_alone() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let berta = Person::registers(&house, "berta").await;
    let file = begins(&house, &anna, 10).await;
    let none = huis_proto::BlobId::from_bytes(id());
    let mut told = Vec::new();
    for file in [file, none] {
        // Without a body, as always.
        let look = tus(&house, "HEAD", file_path(file), &berta).send().await;
        assert_eq!((look.status, look.body.len()), (StatusCode::NOT_FOUND, 0));
        let answers = [
            sends(&house, &berta, file, 0, &[1; 5]).await,
            tus(&house, "DELETE", file_path(file), &berta).send().await,
            download(&house, &berta, file).send().await,
        ];
        told.push(answers.map(|answer| (answer.code(), answer.body)));
    }
    assert_eq!(told[0], told[1]);
    assert!(told[0].iter().all(|(code, _)| *code == ErrorCode::NotFound));
    assert_eq!(offset(&house, &anna, file).await, "0");
}

#[tokio::test]
async fn whoever_has_no_such_method_names_it_in_a_header() {
    let house = House::open().await;
    let anna = Person::registers(&house, "anna").await;
    let file = begins(&house, &anna, 4).await;
    let post =
        |method: &'static str| tus(&house, "POST", file_path(file), &anna).header("x-http-method-override", method);
    let patch = post("PATCH").header("upload-offset", "0").header("content-type", PART).bytes("four");
    patch.send().await.is_done();
    assert_eq!(post("GET").send().await.status, StatusCode::METHOD_NOT_ALLOWED);
    post("DELETE").send().await.is_done();
    assert!(!reads(&house, &anna, file).await);
}

/// Over a connection that is half closed in the middle of a part.
#[tokio::test]
async fn a_connection_that_ends_in_the_middle_leaves_what_came() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let house = House::listening(|_| {}).await;
    let anna = Person::registers(&house, "anna").await;
    let bytes = content(300 * KIB);
    let file = begins(&house, &anna, bytes.len()).await;
    let mut connection = tokio::net::TcpStream::connect(house.server.address().unwrap()).await.unwrap();
    let head = format!(
        "PATCH {} HTTP/1.1\r\nhost: a\r\ntus-resumable: 1.0.0\r\nupload-offset: 0\r\ncontent-type: {PART}\r\n\
         authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        file_path(file),
        anna.grant.access_token.expose(),
        bytes.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&bytes[..200 * KIB]).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 204"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(offset(&house, &anna, file).await, (200 * KIB).to_string());
    sends(&house, &anna, file, 200 * KIB, &bytes[200 * KIB..]).await.is_done();
    assert!(download(&house, &anna, file).send().await.body == bytes);
}
