//! Connections: accepted, counted, served, and closed when the server stops.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Sleep, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use super::slots::{Slot, Slots};
use super::stopped;
use crate::config::Config;
use crate::http::Peer;

/// How long the head of a request may take, and how long a connection may wait for its next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection that takes nothing of what is written to it for so long has ended: else whoever reads nothing would have the
/// server hold for ever what is meant for it.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);
const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// hyper's default would let each connection's buffer grow to 400 KiB.
const BUFFER: usize = 16 * 1024;
/// What an accept that failed for want of descriptors waits, so that it does not spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until the server stops.
#[derive(Clone)]
pub(super) struct Connections {
    slots: Slots,
    router: Router,
    /// What is answered over TLS' port to who does not talk TLS; nothing where there is none.
    plain: Option<Router>,
    tls: Option<TlsAcceptor>,
    is_stopping: watch::Receiver<bool>,
    /// Held by everything that a stop waits for.
    alive: mpsc::Sender<()>,
}

/// A stream that keeps its slot as long as it lives: beyond the HTTP connection, if that becomes a WebSocket.
struct Held<S> {
    stream: S,
    /// Until when what waits to be written may wait.
    stalled: Option<Pin<Box<Sleep>>>,
    _slot: Slot,
}

impl<S> Held<S> {
    fn new(stream: S, slot: Slot) -> Self {
        Self { stream, stalled: None, _slot: slot }
    }

    /// What came of a write, unless nothing has come of any for too long.
    fn with_patience<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE_PATIENCE)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Connections {
    pub(super) fn new(
        config: &Config,
        router: Router,
        plain: Option<Router>,
        tls: Option<TlsAcceptor>,
        is_stopping: watch::Receiver<bool>,
        alive: mpsc::Sender<()>,
    ) -> Self {
        let slots = Slots::new(config.connections, config.trusted_proxies.clone());
        Self { slots, router, plain, tls, is_stopping, alive }
    }

    /// Accepts until the server stops. A connection that there is no room for is closed before anything is made for it.
    pub(super) async fn accept_from(self, listener: TcpListener) {
        let stop = stopped(self.is_stopping.clone());
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let Some(slot) = self.slots.take(peer.ip()) else {
                        metrics::counter!("huis_tcp_connections_refused_total").increment(1);
                        continue;
                    };
                    // Small frames are the rule here; waiting to fill a packet only adds delay.
                    let _ = stream.set_nodelay(true);
                    match &self.tls {
                        Some(tls) => self.spawn_tls(tls.clone(), stream, slot, peer),
                        None => self.spawn(Held::new(stream, slot), peer),
                    }
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted; is the limit of open files too low?");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Serves a stream that something else than the listener brought.
    pub(super) fn take(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, peer: SocketAddr) -> bool {
        let slot = self.slots.take(peer.ip());
        let has_room = slot.is_some();
        if let Some(slot) = slot {
            self.spawn(Held::new(stream, slot), peer);
        }
        has_room
    }

    fn spawn_tls(&self, tls: TlsAcceptor, stream: TcpStream, slot: Slot, peer: SocketAddr) {
        let mut connections = self.clone();
        tokio::spawn(async move {
            let stop = stopped(connections.is_stopping.clone());
            let plain = connections.plain.take();
            let handshake = tokio::time::timeout(TLS_HANDSHAKE_TIMEOUT, async {
                if plain.is_some() && talks_http(&stream).await? {
                    return Ok(Talk::Http(Held::new(stream, slot)));
                }
                tls.accept(Held::new(stream, slot)).await.map(|stream| Talk::Tls(Box::new(stream)))
            });
            let talk = tokio::select! {
                () = stop => return,
                done = handshake => match done {
                    Ok(Ok(talk)) => talk,
                    // A stranger who can't do TLS, or went away: nothing to tell anybody.
                    Ok(Err(_)) | Err(_) => return,
                },
            };
            // Boxed, so that what the handshake needed does not stay with the connection.
            match (talk, plain) {
                (Talk::Tls(stream), _) => Box::pin(connections.serve(*stream, peer)).await,
                (Talk::Http(stream), Some(plain)) => {
                    connections.router = plain;
                    Box::pin(connections.serve(stream, peer)).await;
                }
                (Talk::Http(_), None) => {}
            }
        });
    }

    fn spawn(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, peer: SocketAddr) {
        tokio::spawn(self.clone().serve(stream, peer));
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, peer: SocketAddr) {
        let Self { router, is_stopping, alive, .. } = self;
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        tokio::select! {
            // An error is the other end's: it went away, or does not speak HTTP.
            _ = connection.as_mut() => {}
            () = stopped(is_stopping) => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.as_mut().await;
            }
        }
        drop(alive);
    }
}

/// What a client of TLS' port began with.
enum Talk {
    Tls(Box<TlsStream<Held<TcpStream>>>),
    Http(Held<TcpStream>),
}

/// Whether the first byte is one of HTTP's methods, and not the one of TLS' handshakes (RFC 8446, section 5.1). It is left
/// where it is.
async fn talks_http(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    let length = stream.peek(&mut first).await?;
    Ok(length == 1 && first[0].is_ascii_uppercase())
}

/// Whether the error concerns the one connection that was being accepted, and not the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.with_patience(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.with_patience(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;
    use crate::config::ConnectionLimits;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_nothing_ends_and_one_that_takes_little_goes_on() {
        let slot = Slots::new(ConnectionLimits::default(), Vec::new()).take([192, 0, 2, 1].into());
        let (near, mut far) = duplex(64);
        let mut held = Held::new(near, slot.unwrap());
        let reader = tokio::spawn(async move {
            for _ in 0..4 {
                sleep(WRITE_PATIENCE - Duration::from_secs(1)).await;
                far.read_exact(&mut [0; 64]).await.unwrap();
            }
            far
        });
        let error = held.write_all(&[7; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        // It still holds its end.
        assert!(reader.is_finished());
    }
}
