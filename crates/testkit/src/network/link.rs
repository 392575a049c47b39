//! The connection of frames: a real WebSocket over an in-memory stream.

use std::collections::VecDeque;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::HeaderValue;
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use huis_engine::{CLIENT, Link, LinkEnd, LinkReceiver, LinkSender, TransportError};
use huis_proto::frames::{ClientFrame, Received, SUBPROTOCOL, ServerFrame, read_message};
use huis_proto::rest::Secret;
use huis_proto::versions::CLIENT_HEADER;
use huis_proto::{codec, limits};
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::{Fate, Wire};

/// What an in-memory stream holds before its writer waits.
const STREAM: usize = 64 * 1024;

type Socket = WebSocketStream<DuplexStream>;

pub(super) async fn open(wire: Rc<Wire>, token: Secret) -> Result<Link, TransportError> {
    let unreachable = |why: &str| TransportError::Unreachable(why.into());
    wire.takes_time().await;
    if wire.offline.get() || wire.chance(wire.faults.get().request_lost) {
        return Err(unreachable("there is no network"));
    }
    let server = wire.host.server().ok_or_else(|| unreachable("nobody listens there"))?;
    let broken = Broken::from_here(&wire);
    let (near, far) = tokio::io::duplex(STREAM);
    if !server.connect(far, wire.peer) {
        return Err(unreachable("the server has no room"));
    }
    let mut request = "ws://huis.invalid/api/v1/ws".into_client_request().expect("a good address");
    let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose())).expect("a token is printable");
    request.headers_mut().insert(AUTHORIZATION, bearer);
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    request.headers_mut().insert(CLIENT_HEADER, HeaderValue::from_static(CLIENT));
    let config = WebSocketConfig::default().max_message_size(Some(limits::SERVER_WEBSOCKET_MESSAGE));
    let mut gone = broken.clone();
    let shaken = tokio::select! {
        shaken = client_async_with_config(request, near, Some(config)) => shaken,
        () = gone.happens() => return Err(unreachable("the connection broke")),
    };
    let socket = match shaken {
        Ok((socket, _)) => socket,
        Err(Error::Http(response)) => {
            let (parts, body) = response.into_parts();
            return Err(TransportError::Refused(parts.status.as_u16(), body.unwrap_or_default()));
        }
        Err(error) => return Err(unreachable(&error.to_string())),
    };
    let (sink, stream) = socket.split();
    let sender = Sender { wire: Rc::clone(&wire), sink, broken: broken.clone() };
    let receiver = Receiver { wire, stream, broken, waiting: VecDeque::new() };
    Ok(Link { sender: Box::new(sender), receiver: Box::new(receiver) })
}

/// Tells when this connection is no more.
#[derive(Clone)]
struct Broken {
    cuts: watch::Receiver<u64>,
    runs: watch::Receiver<u64>,
}

impl Broken {
    fn from_here(wire: &Wire) -> Self {
        let (mut cuts, mut runs) = (wire.cuts.subscribe(), wire.host.runs());
        cuts.mark_unchanged();
        runs.mark_unchanged();
        Self { cuts, runs }
    }

    fn has_happened(&self) -> bool {
        self.cuts.has_changed().unwrap_or(true) || self.runs.has_changed().unwrap_or(true)
    }

    /// May be dropped and asked again: what was seen stays unseen.
    async fn happens(&mut self) {
        let (mut cuts, mut runs) = (self.cuts.clone(), self.runs.clone());
        tokio::select! {
            _ = cuts.changed() => {}
            _ = runs.changed() => {}
        }
    }

    fn end() -> LinkEnd {
        LinkEnd::Broken("the network went away".into())
    }
}

struct Sender {
    wire: Rc<Wire>,
    sink: SplitSink<Socket, Message>,
    broken: Broken,
}

impl LinkSender for Sender {
    fn send(&mut self, message: Vec<u8>) -> LocalBoxFuture<'_, Result<(), LinkEnd>> {
        Box::pin(async move {
            if self.broken.has_happened() {
                return Err(Broken::end());
            }
            let faults = self.wire.faults.get();
            let cut_after = self.wire.chance(faults.cut / 2.0);
            if self.wire.chance(faults.cut / 2.0) {
                self.wire.cut();
                return Err(Broken::end());
            }
            let mut frames = Vec::new();
            for received in read_message::<ClientFrame>(&message).expect("the engine sends frames") {
                let Received::Frame(frame) = received else { unreachable!("the engine knows its own frames") };
                let fate = match &mut self.wire.meddling.borrow_mut().to_server {
                    Some(meddle) => meddle(frame),
                    None => Fate::passes(frame),
                };
                match fate {
                    Fate::Becomes(others) => frames.extend(others),
                    Fate::Cut => {
                        self.wire.cut();
                        return Err(Broken::end());
                    }
                    Fate::ServerCrashes => {
                        self.wire.host.crash().await;
                        return Err(Broken::end());
                    }
                }
            }
            if self.wire.chance(faults.repeated) {
                frames = frames.into_iter().flat_map(|frame| [frame.clone(), frame]).collect();
            }
            if frames.len() > 1 && self.wire.chance(faults.reordered) {
                let first = self.wire.draws.borrow_mut().below(frames.len() as u64 - 1) as usize;
                frames.swap(first, first + 1);
            }
            if frames.is_empty() {
                return Ok(());
            }
            let message: Vec<u8> = frames.iter().flat_map(codec::to_cbor).collect();
            let sent = self.sink.send(Message::Binary(message.into())).await;
            if cut_after {
                self.wire.cut();
            }
            sent.map_err(|error| LinkEnd::Broken(error.to_string()))
        })
    }
}

struct Receiver {
    wire: Rc<Wire>,
    stream: SplitStream<Socket>,
    broken: Broken,
    /// Messages that are under way, and when they arrive.
    waiting: VecDeque<(Instant, Vec<u8>)>,
}

impl LinkReceiver for Receiver {
    fn receive(&mut self) -> LocalBoxFuture<'_, Result<Vec<u8>, LinkEnd>> {
        Box::pin(async move {
            loop {
                if self.broken.has_happened() {
                    return Err(Broken::end());
                }
                if let Some(arrives) = self.waiting.front().map(|(arrives, _)| *arrives) {
                    tokio::select! {
                        biased;
                        () = self.broken.happens() => return Err(Broken::end()),
                        () = tokio::time::sleep_until(arrives) => {}
                    }
                    if let Some((_, message)) = self.waiting.pop_front() {
                        return Ok(message);
                    }
                }
                let next = tokio::select! {
                    biased;
                    () = self.broken.happens() => return Err(Broken::end()),
                    next = self.stream.next() => next,
                };
                match next {
                    Some(Ok(Message::Binary(message))) => self.take(&message).await?,
                    Some(Ok(Message::Close(frame))) => {
                        return Err(LinkEnd::Closed(frame.map_or(1005, |frame| frame.code.into())));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(LinkEnd::Broken(error.to_string())),
                    None => return Err(LinkEnd::Broken("the stream ended".into())),
                }
            }
        })
    }
}

impl Receiver {
    async fn take(&mut self, message: &[u8]) -> Result<(), LinkEnd> {
        let faults = self.wire.faults.get();
        if self.wire.chance(faults.cut) {
            self.wire.cut();
            return Err(Broken::end());
        }
        let mut frames = Vec::new();
        for received in read_message::<ServerFrame>(message).expect("the server sends frames") {
            let Received::Frame(frame) = received else { unreachable!("the server knows its own frames") };
            let fate = match &mut self.wire.meddling.borrow_mut().from_server {
                Some(meddle) => meddle(frame),
                None => Fate::passes(frame),
            };
            match fate {
                Fate::Becomes(others) => frames.extend(others),
                Fate::Cut => {
                    self.wire.cut();
                    return Err(Broken::end());
                }
                Fate::ServerCrashes => {
                    self.wire.host.crash().await;
                    return Err(Broken::end());
                }
            }
        }
        if self.wire.chance(faults.repeated) {
            frames = frames.into_iter().flat_map(|frame| [frame.clone(), frame]).collect();
        }
        if !frames.is_empty() {
            let earliest = self.waiting.back().map_or_else(Instant::now, |(arrives, _)| *arrives);
            let arrives = earliest.max(Instant::now() + self.wire.delay());
            self.waiting.push_back((arrives, frames.iter().flat_map(codec::to_cbor).collect()));
        }
        Ok(())
    }
}
