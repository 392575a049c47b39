//! Pushes: sent to a push service that stands in this process, and opened as the browser behind it would.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes128Gcm, Nonce};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use http::{HeaderMap, Method, Response};
use http_body_util::BodyExt as _;
use huis_proto::rest::{PushSubscription, ServerInfo};
use huis_proto::{Bytes, ConversationId};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::{PublicKey, SecretKey, ecdh};
use rand::rngs::OsRng;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::house::{House, Phone, Wire};

const PATH: &str = "/api/v1/push-subscription";
/// No test waits for time to pass; this only turns a hang into a failure.
const HANG: Duration = Duration::from_secs(30);

/// What a push service was sent.
struct Pushed {
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A push service on a port of its own. It answers 201, if it was not told to answer something else first.
struct Service {
    origin: String,
    pushes: mpsc::UnboundedReceiver<Pushed>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

/// A browser that has subscribed.
struct Browser {
    key: SecretKey,
    auth: [u8; 16],
}

impl Service {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (heard, pushes) = mpsc::unbounded_channel();
        let answers: Arc<Mutex<VecDeque<u16>>> = Arc::default();
        let next = answers.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (heard, next) = (heard.clone(), next.clone());
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let (heard, next) = (heard.clone(), next.clone());
                    async move {
                        let (parts, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes().to_vec();
                        let _ = heard.send(Pushed { path: parts.uri.path().into(), headers: parts.headers, body });
                        let status = next.lock().unwrap().pop_front().unwrap_or(201);
                        let answer = Response::builder().status(status).header("retry-after", "0");
                        answer.body(Body::empty())
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { origin, pushes, answers }
    }

    fn answers(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    async fn next(&mut self) -> Pushed {
        tokio::time::timeout(HANG, self.pushes.recv()).await.expect("a hang").unwrap()
    }

    /// Nothing was sent, and nothing is under way.
    async fn heard_nothing_more(&mut self, house: &House) {
        house.server.settle_pushes().await;
        assert!(self.pushes.try_recv().is_err());
    }

    /// Subscribes a device.
    async fn wakes(&self, house: &House, phone: &Phone) -> Browser {
        let browser = Browser { key: SecretKey::random(&mut OsRng), auth: [7; 16] };
        let subscription = PushSubscription {
            endpoint: format!("{}/{}", self.origin, phone.session),
            p256dh: Bytes(browser.public()),
            auth: Bytes(browser.auth.to_vec()),
        };
        house.ask::<()>(phone, Method::PUT, PATH, &subscription).await.unwrap();
        browser
    }
}

impl Browser {
    fn public(&self) -> Vec<u8> {
        self.key.public_key().to_encoded_point(false).as_bytes().to_vec()
    }

    /// Opens what came (RFC 8291, section 3; RFC 8188, section 2).
    fn opens(&self, body: &[u8]) -> Vec<u8> {
        let (salt, rest) = body.split_at(16);
        assert_eq!((&rest[..4], rest[4]), (&4096_u32.to_be_bytes()[..], 65));
        let (theirs, sealed) = rest[5..].split_at(65);
        let sender = PublicKey::from_sec1_bytes(theirs).unwrap();
        let shared = ecdh::diffie_hellman(self.key.to_nonzero_scalar(), sender.as_affine());
        let expand = |salt: &[u8], secret: &[u8], info: &[u8], length| {
            let mut into = vec![0; length];
            Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut into).unwrap();
            into
        };
        let info = [b"WebPush: info\0".as_slice(), &self.public(), theirs].concat();
        let material = expand(&self.auth, shared.raw_secret_bytes(), &info, 32);
        let key = expand(salt, &material, b"Content-Encoding: aes128gcm\0", 16);
        let nonce = expand(salt, &material, b"Content-Encoding: nonce\0", 12);
        let plain = Aes128Gcm::new(key.as_slice().into()).decrypt(Nonce::from_slice(&nonce), sealed).unwrap();
        let end = plain.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(plain[end], 2, "the last record");
        plain[..end].to_vec()
    }
}

/// Anna, who is connected, and Berta, who is away and subscribed.
async fn one_is_away() -> (House, Service, Phone, Wire, Phone, Browser, ConversationId) {
    let house = House::open().await;
    let service = Service::open().await;
    let mut anna = house.account(1).await;
    let berta = house.account(2).await;
    let here = house.conversation(9, &mut anna, &[&berta]).await;
    let (wire, _) = house.arrive(&anna).await;
    let browser = service.wakes(&house, &berta).await;
    (house, service, anna, wire, berta, browser, here)
}

#[tokio::test]
async fn a_device_that_is_away_is_woken_and_told_nothing_more() {
    let (house, mut service, mut anna, mut wire, berta, browser, here) = one_is_away().await;
    let size = async |service: &mut Service| {
        let pushed = service.next().await;
        assert_eq!(browser.opens(&pushed.body), br#"{"t":1}"#);
        pushed
    };
    wire.submit(anna.message(here, 1, 30_000)).await.unwrap();
    let pushed = size(&mut service).await;
    let header = |name: &str| pushed.headers[name].to_str().unwrap();
    assert_eq!(pushed.path, format!("/{}", berta.session));
    assert_eq!((header("content-encoding"), header("ttl")), ("aes128gcm", "259200"));
    assert_eq!((header("urgency"), header("topic")), ("normal", "huis"));
    // Who sends (RFC 8292), by the key that the server names to browsers.
    let (token, key) = header("authorization").strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    let info: ServerInfo = house.ask(&anna, Method::GET, "/api/v1/server", &()).await.unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(key).unwrap(), info.push_key.unwrap().0);
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], json!(service.origin));
    // Another message is another push of the same size, which gives nothing away.
    house.arrive(&berta).await.0.leave().await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    let again = size(&mut service).await;
    assert_eq!(again.body.len(), pushed.body.len());
    assert_ne!(again.body, pushed.body);
}

#[tokio::test]
async fn a_device_is_woken_once_until_it_has_been_here_again() {
    let (house, mut service, mut anna, mut wire, berta, _, here) = one_is_away().await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.next().await;
    for _ in 0..3 {
        wire.submit(anna.message(here, 1, 300)).await.unwrap();
    }
    service.heard_nothing_more(&house).await;
    let (there, _) = house.arrive(&berta).await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.heard_nothing_more(&house).await;
    there.leave().await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.next().await;
    service.heard_nothing_more(&house).await;
}

#[tokio::test]
async fn the_authors_own_devices_and_those_that_are_connected_are_not_woken() {
    let (house, mut service, mut anna, mut wire, berta, _, here) = one_is_away().await;
    let (second, carla) = (house.phone(1, 2).await, house.account(3).await);
    house.commit(&mut anna, here, 1, vec![second.member, carla.member], vec![]).await.unwrap();
    for phone in [&second, &carla] {
        house.store.acknowledge_welcome(phone.member, here, 2).await.unwrap();
        service.wakes(&house, phone).await;
    }
    let (_connected, _) = house.arrive(&carla).await;
    wire.submit(anna.message(here, 2, 300)).await.unwrap();
    assert_eq!(service.next().await.path, format!("/{}", berta.session));
    service.heard_nothing_more(&house).await;
}

#[tokio::test]
async fn a_subscription_that_is_gone_is_forgotten_and_a_busy_push_service_is_asked_again() {
    let (house, mut service, mut anna, mut wire, berta, _, here) = one_is_away().await;
    service.answers(&[429, 503]);
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    let first = service.next().await.body;
    for _ in 0..2 {
        assert_ne!(service.next().await.body, first, "sealed anew");
    }
    service.heard_nothing_more(&house).await;
    // It gives up in the end, and goes on with the next message.
    house.arrive(&berta).await.0.leave().await;
    service.answers(&[500, 502, 503, 504]);
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    for _ in 0..4 {
        service.next().await;
    }
    service.heard_nothing_more(&house).await;
    service.answers(&[410]);
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.next().await;
    service.heard_nothing_more(&house).await;
    assert!(!house.store.has_push_subscriptions().await.unwrap());
}

#[tokio::test]
async fn who_signs_out_or_wants_no_more_is_not_woken() {
    let (house, mut service, mut anna, mut wire, berta, _, here) = one_is_away().await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.next().await;
    house.arrive(&berta).await.0.leave().await;
    house.ask::<()>(&berta, Method::DELETE, PATH, &()).await.unwrap();
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.heard_nothing_more(&house).await;
    service.wakes(&house, &berta).await;
    house.ask::<()>(&berta, Method::DELETE, "/api/v1/sessions/current", &()).await.unwrap();
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.heard_nothing_more(&house).await;
    assert!(!house.store.has_push_subscriptions().await.unwrap());
}

#[tokio::test]
async fn a_server_that_starts_again_wakes_who_was_connected_to_it() {
    let (house, mut service, mut anna, _wire, berta, _, here) = one_is_away().await;
    let _connected = house.arrive(&berta).await;
    house.server.settle_pushes().await;
    // As after a fall: another process takes over, and nobody has said goodbye.
    let next = house.beside(None).await;
    next.server.settle_pushes().await;
    let (mut wire, _) = next.arrive(&anna).await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.next().await;
}
