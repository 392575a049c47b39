//! A server in this process, and people who use it.

mod person;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use huis_proto::ErrorCode;
use huis_proto::rest::Secret;
use huis_server::{Clock, Config, Keys, Rates, RunningServer, Server};
use huis_store::sqlite::{Mode, Options, SqliteStore};
use rand::rngs::OsRng;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpListener;

pub(crate) use person::{
    FreshPassword, Person, administrator, begin_registration, enrol, finish_sign_in, first_list, fresh_key,
    last_of_sign_in, public, refresh, registration, sign_in, start_sign_in, with_passphrase,
};

pub(crate) const PASSPHRASE: &str = "amber-basket-cedar-dolphin";
pub(crate) const MINUTE_MS: u64 = 60_000;

/// A clock that stands still until it is moved.
pub(crate) struct HandClock {
    wall_ms: AtomicU64,
    elapsed_ms: AtomicU64,
}

impl Clock for HandClock {
    fn now_ms(&self) -> u64 {
        self.wall_ms.load(Ordering::SeqCst)
    }

    fn elapsed_ms(&self) -> u64 {
        self.elapsed_ms.load(Ordering::SeqCst)
    }
}

/// A running server with a folder of its own.
pub(crate) struct House {
    pub server: RunningServer,
    /// The server's store, to put into it what an earlier version would have.
    pub store: Arc<SqliteStore>,
    clock: Arc<HandClock>,
    folder: Arc<tempfile::TempDir>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A cookie as an answer sets it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub value: String,
    /// In the order of the alphabet.
    pub attributes: Vec<String>,
}

impl Cookie {
    /// The header that a browser sends from then on.
    pub(crate) fn header(&self) -> String {
        format!("other=1; __Host-huis={}", self.value)
    }
}

/// A request under way.
pub(crate) struct Call<'a> {
    house: &'a House,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Body,
    peer: SocketAddr,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::build(change, None).await
    }

    /// A house that listens on a port of its own.
    pub(crate) async fn listening(change: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::build(change, Some(listener)).await
    }

    async fn build(change: impl FnOnce(&mut Config), listener: Option<TcpListener>) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let keys = Keys::open_or_make(&mut OsRng, folder.path(), false).unwrap();
        let options = Options { franking: keys.franking(), mode: Mode::Inline };
        let store = Arc::new(SqliteStore::open(folder.path().join("huis.db"), options).unwrap());
        let clock = Arc::new(HandClock { wall_ms: AtomicU64::new(1_800_000_000_000), elapsed_ms: AtomicU64::new(5) });
        Self::node(change, listener, folder, keys, store, clock).await
    }

    /// Another node of the same server, which shares store, keys and clock with this one, and nothing else.
    pub(crate) async fn beside(&self) -> Self {
        self.beside_with(|_| {}).await
    }

    pub(crate) async fn beside_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        self.beside_by(self.clock.clone(), change).await
    }

    /// Another node on a machine of its own, whose clocks are set apart from this one's. They show the same time yet.
    pub(crate) async fn on_another_machine(&self) -> Self {
        let clock = HandClock { wall_ms: AtomicU64::new(self.now_ms()), elapsed_ms: AtomicU64::new(70_000) };
        self.beside_by(Arc::new(clock), |_| {}).await
    }

    async fn beside_by(&self, clock: Arc<HandClock>, change: impl FnOnce(&mut Config)) -> Self {
        let keys = Keys::open_or_make(&mut OsRng, self.folder.path(), true).unwrap();
        Self::node(change, None, self.folder.clone(), keys, self.store.clone(), clock).await
    }

    async fn node(
        change: impl FnOnce(&mut Config),
        listener: Option<TcpListener>,
        folder: Arc<tempfile::TempDir>,
        keys: Keys,
        store: Arc<SqliteStore>,
        clock: Arc<HandClock>,
    ) -> Self {
        let mut config = Config::in_folder(folder.path());
        config.access_passphrase = Some(Secret::new(PASSPHRASE));
        config.rates = Rates::UNLIMITED;
        // No test leaves this machine.
        config.beacon.urls.clear();
        // Whatever was built into this binary: tests that need an app bring one.
        config.web_app = &[];
        change(&mut config);
        let server = Server { config, keys, store: store.clone(), clock: clock.clone() };
        let server = server.start(listener).await.unwrap();
        Self { server, store, clock, folder }
    }

    pub(crate) fn pass(&self, ms: u64) {
        self.clock.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.clock.elapsed_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Somebody sets the machine's clock.
    pub(crate) fn clock_is_set_to(&self, wall_ms: u64) {
        self.clock.wall_ms.store(wall_ms, Ordering::SeqCst);
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// The server's keys.
    pub(crate) fn keys(&self) -> Keys {
        Keys::open(self.folder.path()).unwrap()
    }

    /// Where its files are.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    pub(crate) fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call("GET", path)
    }

    pub(crate) fn post(&self, path: impl Into<String>, body: &impl serde::Serialize) -> Call<'_> {
        self.call("POST", path).json(body)
    }

    pub(crate) fn put(&self, path: impl Into<String>, body: &impl serde::Serialize) -> Call<'_> {
        self.call("PUT", path).json(body)
    }

    pub(crate) fn delete(&self, path: impl Into<String>) -> Call<'_> {
        self.call("DELETE", path)
    }

    pub(crate) fn call(&self, method: &'static str, path: impl Into<String>) -> Call<'_> {
        Call {
            house: self,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: Body::empty(),
            peer: SocketAddr::from(([192, 0, 2, 1], 4000)),
        }
    }
}

impl Call<'_> {
    pub(crate) fn json(self, body: &impl serde::Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap();
        self.bytes(body).header("content-type", "application/json")
    }

    pub(crate) fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::from(body.into());
        self
    }

    /// A body that comes bit by bit, and may break off.
    pub(crate) fn stream(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn token(self, token: &Secret) -> Self {
        let value = format!("Bearer {}", token.expose());
        self.header("authorization", value)
    }

    /// As the web app asks, from this server's own page.
    pub(crate) fn by_own_page(self) -> Self {
        self.header("huis-client", "huis/0.1.0 huis-web/0.1.0").header("sec-fetch-site", "same-origin")
    }

    pub(crate) fn by(self, person: &Person) -> Self {
        self.token(&person.grant.access_token)
    }

    pub(crate) fn from(mut self, peer: &str) -> Self {
        self.peer = SocketAddr::new(peer.parse().unwrap(), 4000);
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let (parts, body) = self.begin().await.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes().to_vec() }
    }

    /// The answer, of whose body nothing has been read.
    pub(crate) async fn begin(self) -> http::Response<Body> {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(self.body).unwrap();
        self.house.server.answer(request, self.peer).await
    }
}

impl Answer {
    /// The body of an answer that must not be a refusal.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Asserts that it is done, and says nothing more.
    pub(crate) fn is_done(&self) {
        assert_eq!(self.status, StatusCode::NO_CONTENT, "{}", String::from_utf8_lossy(&self.body));
        assert!(self.body.is_empty());
    }

    /// The code of an answer that must be a refusal in its documented form.
    pub(crate) fn code(&self) -> ErrorCode {
        assert!(!self.status.is_success(), "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem: huis_proto::Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, self.status.as_u16());
        assert!(!problem.title.is_empty());
        problem.code
    }

    /// What the answer sets as the web app's cookie.
    pub(crate) fn cookie(&self) -> Option<Cookie> {
        let mut set = self.headers.get_all("set-cookie").iter();
        let header = set.next()?.to_str().unwrap();
        assert!(set.next().is_none(), "one cookie and no other");
        let (pair, attributes) = header.split_once("; ").unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        assert_eq!(name, "__Host-huis");
        let mut attributes: Vec<_> = attributes.split("; ").map(str::to_owned).collect();
        attributes.sort();
        Some(Cookie { value: value.into(), attributes })
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}
