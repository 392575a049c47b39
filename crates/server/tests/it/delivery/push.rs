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
use huis_proto::frames::ServerFrame;
use huis_proto::rest::{PushSubscription, ServerInfo};
use huis_proto::{Bytes, ConversationId};
use huis_store::Withdrawal;
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
/// After so long a device that stays away is woken again.
const TEN_MINUTES: Duration = Duration::from_secs(600);

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
    /// It answers while it can have this.
    lets_answer: Arc<tokio::sync::Mutex<()>>,
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
        let lets_answer: Arc<tokio::sync::Mutex<()>> = Arc::default();
        let (next, may_answer) = (answers.clone(), lets_answer.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (heard, next, may_answer) = (heard.clone(), next.clone(), may_answer.clone());
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let (heard, next, may_answer) = (heard.clone(), next.clone(), may_answer.clone());
                    async move {
                        let (parts, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes().to_vec();
                        let _ = heard.send(Pushed { path: parts.uri.path().into(), headers: parts.headers, body });
                        drop(may_answer.lock().await);
                        let status = next.lock().unwrap().pop_front().unwrap_or(201);
                        let answer = Response::builder().status(status).header("retry-after", "0");
                        answer.body(Body::empty())
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { origin, pushes, answers, lets_answer }
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

    /// So many pushes came, and no more do.
    async fn hears(&mut self, house: &House, count: usize) -> Vec<Pushed> {
        house.server.settle_pushes().await;
        let heard: Vec<_> = std::iter::from_fn(|| self.pushes.try_recv().ok()).collect();
        assert_eq!(heard.len(), count);
        heard
    }

    /// Subscribes a device.
    async fn wakes(&self, house: &House, phone: &Phone) -> Browser {
        self.wakes_at(house, phone, &phone.session.to_string()).await
    }

    async fn wakes_at(&self, house: &House, phone: &Phone, path: &str) -> Browser {
        let browser = Browser { key: SecretKey::random(&mut OsRng), auth: [7; 16] };
        let subscription = PushSubscription {
            endpoint: format!("{}/{path}", self.origin),
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

/// The device connects, takes everything that there is, and leaves.
async fn visits(house: &House, phone: &Phone) {
    let (mut wire, frames) = house.arrive(phone).await;
    for frame in frames {
        if let ServerFrame::Entry(entry) = frame {
            wire.ack(entry.conversation, entry.seq).await;
        }
    }
    wire.until_pong().await;
    wire.leave().await;
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
    visits(&house, &berta).await;
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
    let (mut there, _) = house.arrive(&berta).await;
    let newest = wire.submit(anna.message(here, 1, 300)).await.unwrap().seq;
    service.heard_nothing_more(&house).await;
    there.ack(here, newest).await;
    there.until_pong().await;
    there.leave().await;
    service.heard_nothing_more(&house).await;
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
    let pushes = service.hears(&house, 3).await;
    assert!(pushes[0].body != pushes[1].body && pushes[1].body != pushes[2].body, "sealed anew");
    // It gives up in the end, and goes on after a while.
    visits(&house, &berta).await;
    service.answers(&[500, 502, 503, 504]);
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.hears(&house, 4).await;
    house.later(TEN_MINUTES);
    service.answers(&[410]);
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.hears(&house, 1).await;
    assert!(!house.store.has_push_subscriptions().await.unwrap());
}

#[tokio::test]
async fn a_push_service_that_refuses_is_not_asked_again_for_the_same_and_the_subscription_stays() {
    let (house, mut service, mut anna, mut wire, _berta, _, here) = one_is_away().await;
    for status in [400, 401, 403, 413, 307] {
        service.answers(&[status]);
        wire.submit(anna.message(here, 1, 300)).await.unwrap();
        service.hears(&house, 1).await;
        house.later(TEN_MINUTES);
    }
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.hears(&house, 1).await;
}

#[tokio::test]
async fn a_device_that_stays_away_is_woken_again_after_ten_minutes() {
    let (house, mut service, mut anna, mut wire, _berta, _, here) = one_is_away().await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.hears(&house, 1).await;
    house.later(TEN_MINUTES - Duration::from_secs(60));
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.hears(&house, 0).await;
    house.later(Duration::from_secs(60));
    service.hears(&house, 0).await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.hears(&house, 1).await;
}

#[tokio::test]
async fn a_device_that_is_away_is_woken_when_a_locked_message_opens() {
    let (house, mut service, mut anna, mut wire, berta, browser, here) = one_is_away().await;
    let now_ms = house.now_ms();
    wire.submit(anna.locked(here, 1, now_ms + 180_000)).await.unwrap();
    let withdrawn = anna.locked(here, 1, now_ms + 240_000);
    let id = anna.id_of(withdrawn.submission);
    wire.submit(withdrawn).await.unwrap();
    assert_eq!(house.store.withdraw(anna.member.account, here, id, now_ms).await.unwrap(), Withdrawal::Done);
    service.hears(&house, 1).await;
    visits(&house, &berta).await;
    house.later(Duration::from_secs(120));
    house.server.keep_up().await;
    service.hears(&house, 0).await;
    house.later(Duration::from_secs(60));
    house.server.keep_up().await;
    let woken = service.hears(&house, 1).await;
    assert_eq!(woken[0].path, format!("/{}", berta.session));
    // As of any message: what opened, and where, is told nobody.
    assert_eq!(browser.opens(&woken[0].body), br#"{"t":1}"#);
    visits(&house, &berta).await;
    house.later(Duration::from_secs(100));
    house.server.keep_up().await;
    service.hears(&house, 0).await;
}

#[tokio::test]
async fn what_a_connection_did_not_take_before_it_died_calls_the_device() {
    let (house, mut service, mut anna, mut wire, berta, _, here) = one_is_away().await;
    let (mut there, _) = house.arrive(&berta).await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    there.entry().await;
    service.hears(&house, 0).await;
    // The server had it sent, and was told nothing.
    there.leave().await;
    service.hears(&house, 1).await;
}

#[tokio::test]
async fn a_device_that_has_come_or_is_woken_elsewhere_is_not_tried_again() {
    let (house, mut service, mut anna, mut wire, berta, _, here) = one_is_away().await;
    let held = service.lets_answer.clone().lock_owned().await;
    service.answers(&[503]);
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.next().await;
    let (there, _) = house.arrive(&berta).await;
    drop(held);
    service.hears(&house, 0).await;
    there.leave().await;
    service.hears(&house, 1).await;
    visits(&house, &berta).await;
    let held = service.lets_answer.clone().lock_owned().await;
    service.answers(&[503]);
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.next().await;
    service.wakes_at(&house, &berta, "elsewhere").await;
    drop(held);
    service.hears(&house, 0).await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    assert_eq!(service.hears(&house, 1).await[0].path, "/elsewhere");
}

#[tokio::test]
async fn a_node_that_does_not_know_who_came_and_went_counts_who_is_not_connected_to_it_as_away() {
    let (house, service, _anna, _wire, berta, _, _here) = one_is_away().await;
    let is_away = async |phone: &Phone| {
        let endpoint = format!("{}/{}", service.origin, phone.session);
        house.store.is_push_wanted(phone.session, endpoint).await.unwrap()
    };
    // A node that started before anybody subscribed.
    house.ask::<()>(&berta, Method::DELETE, PATH, &()).await.unwrap();
    let next = house.beside(None).await;
    let carla = house.account(3).await;
    let _there = (house.arrive(&carla).await, next.arrive(&berta).await);
    service.wakes(&house, &carla).await;
    let endpoint = format!("{}/{}", service.origin, berta.session);
    let bertas = PushSubscription { endpoint, p256dh: Bytes(vec![4; 65]), auth: Bytes(vec![7; 16]) };
    assert!(house.store.put_push_subscription(berta.session, bertas).await.unwrap());
    next.server.keep_up().await;
    next.server.settle_pushes().await;
    assert!(is_away(&carla).await && !is_away(&berta).await);
}

#[tokio::test]
async fn who_signs_out_or_wants_no_more_is_not_woken() {
    let (house, mut service, mut anna, mut wire, berta, _, here) = one_is_away().await;
    wire.submit(anna.message(here, 1, 300)).await.unwrap();
    service.next().await;
    visits(&house, &berta).await;
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
