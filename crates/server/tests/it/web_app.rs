//! The web app as browsers are given it: a small one that stands for whatever was built in.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::StatusCode;
use huis_proto::ErrorCode;
use huis_server::{Config, Tls};
use huis_web_assets::File;
use sha2::{Digest, Sha256};

use super::harness::{Answer, House};

const PAGE: &[u8] = b"<!doctype html>\n<html lang=\"en\"><title>Huis</title></html>\n";
/// What stands for the form by brotli: what it holds is the client's business.
const BY_BROTLI: &[u8] = b"by brotli";

fn module() -> Vec<u8> {
    (0..100_000_u32).flat_map(|number| (number % 1_000).to_le_bytes()).collect()
}

fn leaked(bytes: &[u8]) -> &'static [u8] {
    Box::leak(bytes.to_vec().into_boxed_slice())
}

fn file(path: &'static str, content_type: &'static str, bytes: &[u8]) -> File {
    let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let immutable = path.contains("1a2b");
    let sha256 = Box::leak(hash.into_boxed_str());
    File {
        path,
        content_type,
        sha256,
        immutable,
        size: bytes.len(),
        plain: Some(leaked(bytes)),
        brotli: None,
        gzip: None,
    }
}

pub(super) fn app(config: &mut Config) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&module()).unwrap();
    let gzip = leaked(&encoder.finish().unwrap());
    let wasm = File {
        plain: None,
        gzip: Some(gzip),
        brotli: Some(BY_BROTLI),
        ..file("ui.1a2b.wasm", "application/wasm", &module())
    };
    let files = vec![
        file("index.html", "text/html; charset=utf-8", PAGE),
        wasm,
        file("sw.js", "text/javascript; charset=utf-8", b"// wakes up"),
        file("icons/192.png", "image/png", b"\x89PNG"),
    ];
    config.web_app = Box::leak(files.into_boxed_slice());
}

const MODULE: &str = "/ui.1a2b.wasm";

async fn asks(house: &House, path: &str, accepts: &str) -> Answer {
    house.get(path).header("accept-encoding", accepts).send().await
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_page_is_at_the_root_and_never_kept_and_what_has_a_hash_in_its_name_is_kept_for_ever() {
    let house = House::with(app).await;
    for (path, content_type, kept) in [
        ("/", "text/html; charset=utf-8", "no-store"),
        (MODULE, "application/wasm", "public, max-age=31536000, immutable"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/icons/192.png", "image/png", "no-cache"),
    ] {
        let answer = asks(&house, path, "gzip, deflate, br, zstd").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!((header(&answer, "content-type"), header(&answer, "cache-control")), (content_type, kept), "{path}");
        assert_eq!(header(&answer, "vary"), "accept-encoding");
    }
    assert_eq!(house.get("/").send().await.body, PAGE);
    assert_eq!(house.get("/?from=home#/conversation/1").send().await.body, PAGE);
}

#[tokio::test]
async fn a_client_is_given_the_form_that_it_can_read() {
    let house = House::with(app).await;
    let brotli = asks(&house, MODULE, "gzip, deflate, br, zstd").await;
    assert_eq!((header(&brotli, "content-encoding"), brotli.body.as_slice()), ("br", BY_BROTLI));
    let gzip = asks(&house, MODULE, "gzip").await;
    assert_eq!(header(&gzip, "content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    GzDecoder::new(gzip.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == module());
    for answer in [house.get(MODULE).send().await, asks(&house, MODULE, "br;q=0, gzip;q=0").await] {
        assert!(answer.headers.get("content-encoding").is_none());
        assert_eq!(header(&answer, "content-length"), module().len().to_string());
        assert!(answer.body == module());
    }
    // What is not smaller compressed is there in one form.
    let answer = asks(&house, "/icons/192.png", "br, gzip").await;
    assert_eq!((header(&answer, "content-encoding"), answer.body.as_slice()), ("", &b"\x89PNG"[..]));
}

#[tokio::test]
async fn who_has_a_file_already_is_told_so() {
    let house = House::with(app).await;
    let mut tags = Vec::new();
    for accepts in ["br", "gzip", ""] {
        let first = asks(&house, MODULE, accepts).await;
        let tag = header(&first, "etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong one: {tag}");
        for named in [tag.clone(), format!("\"other\", W/{tag}"), "*".into()] {
            let again =
                house.get(MODULE).header("accept-encoding", accepts).header("if-none-match", named).send().await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
            assert_eq!((header(&again, "etag"), header(&again, "vary")), (tag.as_str(), "accept-encoding"));
        }
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "each form has its own");
    let other = house.get(MODULE).header("accept-encoding", "br").header("if-none-match", &tags[1]).send().await;
    assert_eq!((other.status, other.body.as_slice()), (StatusCode::OK, BY_BROTLI));
}

#[tokio::test]
async fn who_asks_for_the_head_gets_the_head() {
    let house = House::with(app).await;
    for (path, length) in [("/", PAGE.len()), (MODULE, module().len())] {
        let answer = house.call("HEAD", path).send().await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0), "{path}");
        assert_eq!(header(&answer, "content-length"), length.to_string());
    }
}

#[tokio::test]
async fn the_app_may_run_its_own_code_and_talk_to_this_server_and_nothing_else() {
    let house = House::with(app).await;
    for path in ["/", MODULE, "/sw.js"] {
        let answer = house.get(path).send().await;
        let policy = header(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
        assert!(policy.contains("connect-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        // Nothing is run, and nobody talked to, by an address that the page made itself.
        for narrow in ["script-src 'self' 'wasm-unsafe-eval';", "media-src 'self' blob:;", "worker-src 'self';"] {
            assert!(policy.contains(narrow), "{policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains('*'));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(header(&answer, name), value, "{path}");
        }
        let permissions = header(&answer, "permissions-policy");
        assert!(permissions.contains("camera=()") && permissions.contains("microphone=(self)"), "{path}");
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
        assert!(answer.headers.get("strict-transport-security").is_none(), "no TLS of its own, no promise of it");
    }
    // The interface's answers may do nothing at all.
    let answer = house.get("/api/v1/server").send().await;
    assert!(!header(&answer, "content-security-policy").contains("script-src"));
    assert_eq!(header(&answer, "cache-control"), "no-store");
}

#[tokio::test]
async fn a_server_with_a_certificate_of_its_own_promises_https() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["chat.example".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let house = House::with(|config| {
        app(config);
        config.tls = Tls::Files { certificate, key };
    })
    .await;
    let answer = house.get("/").send().await;
    assert_eq!(header(&answer, "strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn nothing_but_the_apps_files_is_found() {
    let house = House::with(app).await;
    for path in [
        "/index.html",
        "/conversations/1",
        "/icons",
        "/icons/",
        "/sw.js/",
        "//sw.js",
        "/ui.1a2b.wasm.br",
        "/%2e%2e/huis.db",
        "/icons/..%2f..%2fhuis.db",
        "/keys/sealing",
    ] {
        assert_eq!(house.get(path).send().await.code(), ErrorCode::NotFound, "{path}");
    }
    assert_eq!(house.call("POST", "/").send().await.status, StatusCode::METHOD_NOT_ALLOWED);
}
