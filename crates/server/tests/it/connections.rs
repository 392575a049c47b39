use std::net::SocketAddr;
use std::sync::Arc;

use huis_proto::rest::RegistrationPolicy;
use huis_server::{Config, ConnectionLimits, ServeError, Tls, announcement, serve};
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::harness::{House, PASSPHRASE};

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: house\r\n\r\n";

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> std::io::Result<String> {
    stream.write_all(ASK).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nok\n") {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8(answer).unwrap())
}

async fn connect(house: &House) -> TcpStream {
    TcpStream::connect(house.server.address().unwrap()).await.unwrap()
}

#[tokio::test]
async fn beyond_its_share_an_address_gets_no_connection_until_one_is_given_back() {
    let house = House::listening(|config| config.connections = ConnectionLimits { per_address: 3, total: 100 }).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(&house).await;
        ask(&mut stream).await.unwrap();
        held.push(stream);
    }
    let mut refused = connect(&house).await;
    assert!(ask(&mut refused).await.is_err());
    // The other three live on.
    ask(&mut held[0]).await.unwrap();
    let mut first = held.remove(0);
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: house\r\nconnection: close\r\n\r\n").await.unwrap();
    first.read_to_end(&mut Vec::new()).await.unwrap();
    drop(first);
    // The slot is given back a moment after the server's end is closed: asked for until it is there.
    loop {
        if ask(&mut connect(&house).await).await.is_ok() {
            break;
        }
    }
    house.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_may_come_from_elsewhere_than_a_listener() {
    let house = House::with(|config| config.connections = ConnectionLimits { per_address: 1, total: 1 }).await;
    let peer = SocketAddr::from(([192, 0, 2, 1], 1));
    let (mut near, far) = tokio::io::duplex(4096);
    assert!(house.server.connect(far, peer));
    ask(&mut near).await.unwrap();
    let (_near, far) = tokio::io::duplex(4096);
    assert!(!house.server.connect(far, peer));
}

#[tokio::test]
async fn a_stop_closes_idle_connections_and_takes_no_more() {
    let house = House::listening(|_| {}).await;
    let address = house.server.address().unwrap();
    let mut stream = connect(&house).await;
    ask(&mut stream).await.unwrap();
    house.server.stop().await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_is_no_http_ends_its_connection_alone() {
    let house = House::listening(|_| {}).await;
    let mut good = connect(&house).await;
    for garbage in [&b"\x16\x03\x01garbage\r\n\r\n"[..], b"GET / HTTP/9.9\r\n\r\n", &[b'a'; 64 * 1024]] {
        let mut stream = connect(&house).await;
        // The server may close before it has read everything.
        let _ = stream.write_all(garbage).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2"));
    }
    ask(&mut good).await.unwrap();
    house.server.stop().await.unwrap();
}

/// Accepts the one certificate of this SHA-256, as a client does that has pinned it.
#[derive(Debug)]
struct Pinned(String);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found: String = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect();
        if found == self.0 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("another certificate".into()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn a_client_that_pins_the_printed_fingerprint_talks_tls() {
    let house = House::listening(|config| config.tls = Tls::SelfSigned).await;
    let fingerprint = house.server.fingerprint().unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(fingerprint)))
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, connect(&house).await).await.unwrap();
    ask(&mut stream).await.unwrap();
    // Whoever does not talk TLS there gets no answer.
    assert!(ask(&mut connect(&house).await).await.is_err());
    drop(stream);
    house.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_announcement_holds_the_exact_commands_of_newcomers() {
    let config = |house: &House, registration| {
        let mut config = Config::in_folder("/data");
        config.registration = registration;
        config.listen = house.server.address().unwrap();
        config
    };
    let house = House::listening(|_| {}).await;
    let text = announcement(&config(&house, RegistrationPolicy::Passphrase), &house.server, |_| None);
    let url = format!("http://{}", house.server.address().unwrap());
    let claim = house.server.newcomers().claim.clone().unwrap();
    for line in [
        format!("huis register NAME --server {url} --access-passphrase {PASSPHRASE}"),
        format!("{url}/#{PASSPHRASE}"),
        format!("huis register NAME --server {url} --claim {}", claim.expose()),
    ] {
        assert!(text.contains(&line), "{text}");
    }
    let open = House::listening(|config| config.registration = RegistrationPolicy::Open).await;
    let text = announcement(&config(&open, RegistrationPolicy::Open), &open.server, |_| None);
    assert!(!text.contains(PASSPHRASE), "{text}");
    let invite = House::listening(|config| config.registration = RegistrationPolicy::Invite).await;
    let text = announcement(&config(&invite, RegistrationPolicy::Invite), &invite.server, |_| None);
    let url = format!("http://{}", invite.server.address().unwrap());
    for line in ["huis invitations create".to_owned(), format!("huis register NAME --server {url} --invitation CODE")] {
        assert!(text.contains(&line), "{text}");
    }
    assert!(!text.contains(PASSPHRASE), "{text}");
}

#[tokio::test]
async fn a_whole_server_starts_in_an_empty_folder_and_again_with_what_it_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::in_folder(folder.path().join("data"));
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    for _ in 0..2 {
        serve(config.clone(), |_| None, async {}).await.unwrap();
    }
    std::fs::remove_file(folder.path().join("data/keys/opaque-setup")).unwrap();
    let error = serve(config.clone(), |_| None, async {}).await.unwrap_err();
    assert!(matches!(error, ServeError::Keys(_)), "{error}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_said_so_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = Config::in_folder(folder.path().join("data"));
    config.listen = taken.local_addr().unwrap();
    let error = serve(config, |_| None, async {}).await.unwrap_err();
    assert!(error.to_string().contains("--listen"), "{error}");
    assert!(!folder.path().join("data").exists());
}
