//! A device's way to the server, in memory: the engine's transport port on one end, the server's real router and
//! connections on the other, and between them faults that are drawn and a hand that may meddle.

mod link;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use axum::body::Body;
use futures_util::future::LocalBoxFuture;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use huis_engine::{CLIENT, HttpRequest, HttpResponse, Link, Method, Transport, TransportError};
use huis_proto::frames::{ClientFrame, ServerFrame};
use huis_proto::rest::Secret;
use huis_proto::versions::CLIENT_HEADER;
use tokio::sync::watch;

use crate::repeatable::Repeatable;
use crate::server::Host;

/// What a network does to what travels on it. Probabilities are per request or per WebSocket message.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// A request never arrives.
    pub request_lost: f64,
    /// A request arrives and its answer does not.
    pub answer_lost: f64,
    /// The connection of frames breaks, before or after a message got through.
    pub cut: f64,
    /// Each frame of a message arrives twice.
    pub repeated: f64,
    /// Two frames of submissions that travel together arrive in the other order.
    pub reordered: f64,
    /// Everything takes up to this long, each thing another time.
    pub delay: Duration,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self =
        Self { request_lost: 0.0, answer_lost: 0.0, cut: 0.0, repeated: 0.0, reordered: 0.0, delay: Duration::ZERO };

    /// A bad network.
    pub const MANY: Self = Self {
        request_lost: 0.1,
        answer_lost: 0.1,
        cut: 0.08,
        repeated: 0.2,
        reordered: 0.2,
        delay: Duration::from_millis(800),
    };
}

/// What becomes of a frame that a story meddles with.
#[derive(Debug)]
pub enum Fate<T> {
    /// These go on in its place: itself, none, others.
    Becomes(Vec<T>),
    /// The connection breaks and the frame is lost.
    Cut,
    /// The server's process ends and the frame is lost with it.
    ServerCrashes,
}

impl<T> Fate<T> {
    /// Nothing happens to it.
    pub fn passes(frame: T) -> Self {
        Self::Becomes(vec![frame])
    }
}

type OnRequest = Box<dyn FnMut(HttpRequest) -> Option<HttpRequest>>;
type OnAnswer = Box<dyn FnMut(&HttpRequest, HttpResponse) -> Option<HttpResponse>>;
type OnClientFrame = Box<dyn FnMut(ClientFrame) -> Fate<ClientFrame>>;
type OnServerFrame = Box<dyn FnMut(ServerFrame) -> Fate<ServerFrame>>;

/// The hand in the middle.
#[derive(Default)]
pub(crate) struct Meddling {
    pub(crate) requests: Option<OnRequest>,
    pub(crate) answers: Option<OnAnswer>,
    pub(crate) to_server: Option<OnClientFrame>,
    pub(crate) from_server: Option<OnServerFrame>,
}

/// A device's way to the server.
pub(crate) struct Wire {
    host: Rc<Host>,
    peer: SocketAddr,
    faults: Cell<Faults>,
    offline: Cell<bool>,
    draws: RefCell<Repeatable>,
    meddling: RefCell<Meddling>,
    cuts: watch::Sender<u64>,
}

impl Wire {
    pub(crate) fn new(host: Rc<Host>, draws: Repeatable, number: u64) -> Self {
        let address = [192, 0, 2, (number % 250) as u8 + 1];
        Self {
            host,
            peer: SocketAddr::from((address, 40_000)),
            faults: Cell::default(),
            offline: Cell::default(),
            draws: RefCell::new(draws),
            meddling: RefCell::default(),
            cuts: watch::channel(0).0,
        }
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.faults.set(faults);
    }

    pub(crate) fn set_offline(&self, offline: bool) {
        self.offline.set(offline);
        if offline {
            self.cut();
        }
    }

    /// Breaks the connection of frames.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    pub(crate) fn meddle(&self, change: impl FnOnce(&mut Meddling)) {
        change(&mut self.meddling.borrow_mut());
    }

    fn chance(&self, probability: f64) -> bool {
        self.draws.borrow_mut().chance(probability)
    }

    fn delay(&self) -> Duration {
        let most_us = self.faults.get().delay.as_micros() as u64;
        Duration::from_micros(self.draws.borrow_mut().below(most_us))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let lost = |what: &str| Err(TransportError::Unreachable(format!("the {what} got lost")));
        let faults = self.faults.get();
        self.takes_time().await;
        if self.offline.get() {
            return Err(TransportError::Unreachable("there is no network".into()));
        }
        let passed = match &mut self.meddling.borrow_mut().requests {
            Some(meddle) => meddle(request.clone()),
            None => Some(request.clone()),
        };
        let Some(passed) = passed.filter(|_| !self.chance(faults.request_lost)) else { return lost("request") };
        let mut runs = self.host.runs();
        let Some(server) = self.host.server() else {
            return Err(TransportError::Unreachable("nobody listens there".into()));
        };
        runs.borrow_and_update();
        let answering = async {
            let response = server.answer(as_http(passed), self.peer).await;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.expect("the server's own bodies can be read").to_bytes();
            HttpResponse { status, body: body.to_vec() }
        };
        let response = tokio::select! {
            response = answering => response,
            _ = runs.changed() => return lost("server"),
        };
        self.takes_time().await;
        let response = match &mut self.meddling.borrow_mut().answers {
            Some(meddle) => meddle(&request, response),
            None => Some(response),
        };
        if runs.has_changed().unwrap_or(true) || self.offline.get() || self.chance(faults.answer_lost) {
            return lost("answer");
        }
        response.map_or_else(|| lost("answer"), Ok)
    }

    async fn takes_time(&self) {
        let delay = self.delay();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }
}

/// The same way, held by the engine and by the world.
pub(crate) struct SharedWire(pub(crate) Rc<Wire>);

impl Transport for SharedWire {
    fn server(&self) -> String {
        "memory://huis".into()
    }

    fn ask(&self, request: HttpRequest) -> LocalBoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(self.0.exchange(request))
    }

    fn connect(&self, token: Secret) -> LocalBoxFuture<'_, Result<Link, TransportError>> {
        Box::pin(link::open(Rc::clone(&self.0), token))
    }
}

fn as_http(request: HttpRequest) -> Request<Body> {
    let method = match request.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Delete => http::Method::DELETE,
    };
    let mut built = Request::builder().method(method).uri(request.path).header(CLIENT_HEADER, CLIENT);
    if let Some(token) = request.token {
        built = built.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
    }
    let body = match request.body {
        Some(body) => {
            built = built.header(CONTENT_TYPE, "application/json");
            Body::from(body)
        }
        None => Body::empty(),
    };
    built.body(body).expect("the engine's requests are well formed")
}
