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
use huis_engine::{
    CLIENT, FileMethod, FileRequest, FileResponse, HttpRequest, HttpResponse, Link, Method, Transport, TransportError,
};
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

/// What becomes of a request with a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It arrives, and so does its answer.
    Free,
    /// It does not arrive.
    Lost,
    /// So many of its bytes arrive, and no answer comes.
    CutUp(usize),
    /// So many bytes of its answer arrive.
    CutDown(usize),
}

type OnRequest = Box<dyn FnMut(HttpRequest) -> Option<HttpRequest>>;
type OnAnswer = Box<dyn FnMut(&HttpRequest, HttpResponse) -> Option<HttpResponse>>;
type OnFileRequest = Box<dyn FnMut(&FileRequest) -> Passage>;
type OnFileAnswer = Box<dyn FnMut(&FileRequest, FileResponse) -> FileResponse>;
type OnClientFrame = Box<dyn FnMut(ClientFrame) -> Fate<ClientFrame>>;
type OnServerFrame = Box<dyn FnMut(ServerFrame) -> Fate<ServerFrame>>;

/// The hand in the middle.
#[derive(Default)]
pub(crate) struct Meddling {
    pub(crate) requests: Option<OnRequest>,
    pub(crate) answers: Option<OnAnswer>,
    pub(crate) file_requests: Option<OnFileRequest>,
    pub(crate) file_answers: Option<OnFileAnswer>,
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

    async fn carry(&self, mut request: FileRequest) -> Result<FileResponse, TransportError> {
        let lost = |what: &str| Err(TransportError::Unreachable(format!("the {what} got lost")));
        let faults = self.faults.get();
        self.takes_time().await;
        if self.offline.get() {
            return Err(TransportError::Unreachable("there is no network".into()));
        }
        let passage = match &mut self.meddling.borrow_mut().file_requests {
            Some(meddle) => meddle(&request),
            None => Passage::Free,
        };
        if passage == Passage::Lost || self.chance(faults.request_lost) {
            return lost("request");
        }
        let mut runs = self.host.runs();
        let Some(server) = self.host.server() else {
            return Err(TransportError::Unreachable("nobody listens there".into()));
        };
        runs.borrow_and_update();
        let whole = request.body.take().map(|part| part.as_ref().to_vec());
        let body = match (whole, passage) {
            (Some(whole), Passage::CutUp(bytes)) => broken_body(whole, bytes),
            (Some(whole), _) => Body::from(whole),
            (None, _) => Body::empty(),
        };
        let most = request.most;
        let answering = async {
            let response = server.answer(file_as_http(&request, body), self.peer).await;
            let (parts, body) = response.into_parts();
            let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let mut answer = FileResponse {
                status: parts.status.as_u16(),
                upload_offset: header("upload-offset").and_then(|offset| offset.parse().ok()),
                location: header("location"),
                total: header("content-range").as_deref().and_then(FileResponse::total_of),
                body: Vec::new(),
            };
            // A body that breaks off gives what came before.
            let mut body = body;
            while let Some(Ok(frame)) = body.frame().await {
                answer.body.extend_from_slice(frame.data_ref().map(|data| &data[..]).unwrap_or_default());
            }
            answer.body.truncate(most);
            answer
        };
        let mut answer = tokio::select! {
            answer = answering => answer,
            _ = runs.changed() => return lost("server"),
        };
        self.takes_time().await;
        if runs.has_changed().unwrap_or(true) || self.offline.get() || self.chance(faults.answer_lost) {
            return lost("answer");
        }
        match passage {
            Passage::CutUp(_) => return lost("answer"),
            Passage::CutDown(bytes) => answer.body.truncate(bytes),
            _ => {}
        }
        Ok(match &mut self.meddling.borrow_mut().file_answers {
            Some(meddle) => meddle(&request, answer),
            None => answer,
        })
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

    fn carry(&self, request: FileRequest) -> LocalBoxFuture<'_, Result<FileResponse, TransportError>> {
        Box::pin(self.0.carry(request))
    }

    fn connect(&self, token: Secret) -> LocalBoxFuture<'_, Result<Link, TransportError>> {
        Box::pin(link::open(Rc::clone(&self.0), token))
    }
}

/// The beginning of a body, and then the connection breaks.
fn broken_body(mut whole: Vec<u8>, bytes: usize) -> Body {
    whole.truncate(bytes);
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Body::from_stream(futures_util::stream::iter([Ok(whole), Err(broken)]))
}

fn file_as_http(request: &FileRequest, body: Body) -> Request<Body> {
    let method = match request.method {
        FileMethod::Post => http::Method::POST,
        FileMethod::Head => http::Method::HEAD,
        FileMethod::Patch => http::Method::PATCH,
        FileMethod::Get => http::Method::GET,
        FileMethod::Delete => http::Method::DELETE,
    };
    let mut built = Request::builder().method(method).uri(&request.path).header(CLIENT_HEADER, CLIENT);
    if let Some(token) = &request.token {
        built = built.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
    }
    for (name, value) in &request.headers {
        built = built.header(*name, value);
    }
    built.body(body).expect("the engine's requests are well formed")
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
