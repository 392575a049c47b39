//! A server with an authority of its own, and devices that were given it.

use std::path::PathBuf;
use std::sync::Arc;

use http::StatusCode;
use huis_server::{Rates, Tls};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring::default_provider;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::harness::{House, MINUTE_MS};

const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// The time of the server and of its people.
#[derive(Debug)]
struct At(u64);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix(self.0))
    }
}

fn unix(now_ms: u64) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_millis(now_ms))
}

async fn house() -> House {
    House::listening(|config| config.tls = Tls::Local).await
}

fn folder(house: &House) -> PathBuf {
    house.blobs().with_file_name("tls")
}

/// What comes back to a request that is written as it is, to the end of the connection: head and body.
async fn asks(house: &House, head: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(house.server.address().unwrap()).await.unwrap();
    let request = format!("{head}\r\nhost: 192.168.1.10:8443\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end + 4..].to_vec())
}

/// The authority's certificate, as a phone comes by it.
async fn given(house: &House) -> CertificateDer<'static> {
    let (head, body) = asks(house, "GET /authority.crt HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: application/x-x509-ca-cert"), "{head}");
    body.into()
}

fn roots(authority: &CertificateDer<'static>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    roots
}

async fn connects(house: &House, roots: RootCertStore, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let config = ClientConfig::builder_with_details(Arc::new(default_provider()), Arc::new(At(house.now_ms())))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(house.server.address().unwrap()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

fn shown(stream: &TlsStream<TcpStream>) -> String {
    let certificates = stream.get_ref().1.peer_certificates().unwrap();
    Sha256::digest(&certificates[0]).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn who_was_given_the_authority_trusts_the_server_under_its_own_names_and_no_others() {
    let house = house().await;
    let authority = given(&house).await;
    let fingerprint: String = Sha256::digest(&authority).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(house.server.authority_fingerprint().unwrap(), fingerprint);
    for name in ["localhost", "127.0.0.1"] {
        let mut stream = connects(&house, roots(&authority), name).await.unwrap();
        assert_eq!(shown(&stream), house.server.fingerprint().unwrap());
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: house\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
    for name in ["example.org", "other.local", "192.168.99.99"] {
        let error = connects(&house, roots(&authority), name).await.unwrap_err().to_string();
        assert!(error.contains("not valid for name"), "{name}: {error}");
    }
    let others = roots(&CertificateDer::from(
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.der().to_vec(),
    ));
    let error = connects(&house, others, "localhost").await.unwrap_err().to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
    house.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_a_stolen_key_signs_for_the_internet_is_refused_and_it_makes_no_further_authority() {
    let house = house().await;
    let authority = given(&house).await;
    let stolen = std::fs::read_to_string(folder(&house).join("issuer.pem")).unwrap();
    let issuer = CertificateDer::from_pem_slice(stolen.as_bytes()).unwrap();
    let name = X509Certificate::from_der(&issuer)
        .unwrap()
        .1
        .subject()
        .iter_common_name()
        .next()
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    let key = KeyPair::from_pem(&stolen).unwrap();
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots(&authority)), Arc::new(default_provider()))
            .build()
            .unwrap();
    let called = |name: &str| {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters
    };
    let signed = |name: &str, by: &str, key: &KeyPair| {
        let parameters = CertificateParams::new([name.to_owned()]).unwrap();
        parameters.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(called(by), key)).unwrap().der().clone()
    };
    let verified = |leaf: &CertificateDer<'_>, between: &[CertificateDer<'_>], host: &str| {
        let host = ServerName::try_from(host.to_owned()).unwrap();
        verifier
            .verify_server_cert(leaf, between, &host, &[], unix(house.now_ms()))
            .map(|_| ())
            .map_err(|error| format!("{error:?}"))
    };
    for host in ["nas.local", "10.9.8.7", "fd00::7", "chat.home.arpa"] {
        verified(&signed(host, &name, &key), std::slice::from_ref(&issuer), host).unwrap();
    }
    for host in ["example.org", "8.8.8.8", "2001:db8::7", "nas", "local.example.org"] {
        let error = verified(&signed(host, &name, &key), std::slice::from_ref(&issuer), host).unwrap_err();
        assert!(error.contains("NameConstraintViolation"), "{host}: {error}");
    }
    let mut below = called("below");
    below.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let below_key = KeyPair::generate().unwrap();
    let below = below.signed_by(&below_key, &Issuer::new(called(&name), &key)).unwrap().der().clone();
    let error = verified(&signed("nas.local", "below", &below_key), &[below, issuer], "nas.local").unwrap_err();
    assert!(error.contains("PathLenConstraintViolated"), "{error}");
    house.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_certificate_is_renewed_before_its_end_and_the_authority_stays() {
    let house = house().await;
    let (authority, first) = (given(&house).await, house.server.fingerprint().unwrap());
    // Nothing of a start but the folder is the same.
    let again = house.beside_with(|config| config.tls = Tls::Local).await;
    assert_eq!(again.server.authority_fingerprint(), house.server.authority_fingerprint());
    assert_eq!(again.server.fingerprint().unwrap(), first, "what is good is not made anew");

    house.pass(360 * DAY_MS);
    house.server.keep_up().await;
    assert_eq!(house.server.fingerprint().unwrap(), first);
    house.pass(10 * DAY_MS);
    house.server.keep_up().await;
    let second = house.server.fingerprint().unwrap();
    assert_ne!(second, first);
    let stream = connects(&house, roots(&authority), "localhost").await.unwrap();
    assert_eq!(shown(&stream), second, "without a start");
    drop(stream);
    // Where nobody had renewed it, that one would be over by now.
    house.pass(100 * DAY_MS);
    connects(&house, roots(&authority), "127.0.0.1").await.unwrap();
    house.server.stop().await.unwrap();
}

#[tokio::test]
async fn without_tls_there_is_the_page_and_nothing_else() {
    let house = house().await;
    for (asked, language) in [("/", "fr"), ("/authority", "fr"), ("/authority/fr", "fr"), ("/authority/en", "en")] {
        let (head, body) = asks(&house, &format!("GET {asked} HTTP/1.1\r\naccept-language: fr, en;q=0.5")).await;
        let page = String::from_utf8(body).unwrap();
        assert!(head.starts_with("http/1.1 200") && !head.contains("strict-transport-security"), "{head}");
        assert!(page.contains(&format!("<html lang=\"{language}\">")), "{asked}");
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains('{'), "{page}");
        for link in
            page.split("href=\"").chain(page.split("src=\"")).skip(1).filter(|link| !link.starts_with("<!doctype"))
        {
            assert!(link.starts_with('/') || link.starts_with("https://192.168.1.10:8443/\""), "{link}");
        }
        for system in ["iPhone", "Android", "Windows", "Mac", "Linux", "SHA-256"] {
            assert!(page.contains(system), "{asked}: {system}");
        }
        // It would be changed along with the page.
        let fingerprint = house.server.authority_fingerprint().unwrap();
        assert!(!page.to_lowercase().replace([':', ' '], "").contains(&fingerprint[..16]), "{asked}");
    }
    let (head, _) = asks(&house, "GET /authority.css HTTP/1.1").await;
    assert!(head.contains("text/css"), "{head}");
    for line in [
        "GET /healthz",
        "GET /api/v1/server",
        "GET /api/v1/docs",
        "GET /admin",
        "GET /index.html",
        "POST /api/v1/sign-ins/start",
    ] {
        let (head, _) = asks(&house, &format!("{line} HTTP/1.1")).await;
        assert!(head.starts_with("http/1.1 404"), "{line}: {head}");
    }
    for line in ["POST /", "PUT /authority.crt", "DELETE /authority"] {
        let (head, _) = asks(&house, &format!("{line} HTTP/1.1")).await;
        assert!(head.starts_with("http/1.1 405"), "{line}: {head}");
    }
    // Who trusts it already finds the page as well.
    assert_eq!(house.get("/authority").send().await.status, StatusCode::OK);
    assert_eq!(house.get("/authority.crt").send().await.body, given(&house).await.to_vec());
    house.server.stop().await.unwrap();
    // Other servers have no such page.
    let house = House::open().await;
    assert_eq!(house.get("/authority.crt").send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_page_is_limited_like_everything_else() {
    let house = House::listening(|config| {
        config.tls = Tls::Local;
        config.rates = Rates { requests_per_second: 1, ..Rates::UNLIMITED };
    })
    .await;
    let mut refused = 0;
    for _ in 0..10 {
        let (head, _) = asks(&house, "GET / HTTP/1.1").await;
        refused += u32::from(head.starts_with("http/1.1 429"));
    }
    // The clock stands still, and five may come at once.
    assert_eq!(refused, 5);
    house.server.stop().await.unwrap();
}
