//! The connection of frames by tokio-tungstenite, over TCP or TLS.

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use huis_proto::frames::SUBPROTOCOL;
use huis_proto::limits;
use huis_proto::rest::Secret;
use huis_proto::versions::CLIENT_HEADER;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::transport::{CONNECT, NativeTransport};
use crate::ports::{CLIENT, Link, LinkEnd, LinkReceiver, LinkSender, TransportError};

/// Any byte stream.
trait Bytes: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Bytes for T {}

type Socket = WebSocketStream<Box<dyn Bytes>>;

struct Sender(SplitSink<Socket, Message>);
struct Receiver(SplitStream<Socket>);

/// The close code of a connection that ended without one (RFC 6455, section 7.1.5).
const NO_CODE: u16 = 1005;
const READ_BUFFER: usize = 16 * 1024;

impl NativeTransport {
    pub(super) async fn open_link(&self, token: Secret) -> Result<Link, TransportError> {
        match tokio::time::timeout(CONNECT, self.open(token)).await {
            Ok(opened) => opened,
            Err(_) => Err(TransportError::Unreachable("it does not answer".into())),
        }
    }

    async fn open(&self, token: Secret) -> Result<Link, TransportError> {
        let broken = |what: &str| TransportError::Unreachable(what.to_owned());
        let host = self.server.host_str().ok_or_else(|| broken("no host"))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = self.server.port_or_known_default().ok_or_else(|| broken("no port"))?;
        let tcp = TcpStream::connect((bare.as_str(), port)).await.map_err(|error| self.unreachable(&error))?;
        // Small frames go out at once; without this each would wait for the acknowledgement of the one before.
        tcp.set_nodelay(true).map_err(|error| self.unreachable(&error))?;
        let secure = self.server.scheme() == "https";
        let stream: Box<dyn Bytes> = if secure {
            let name = ServerName::try_from(bare).map_err(|_| broken("its name is none that TLS knows"))?;
            let connector = TlsConnector::from(self.tls.clone());
            Box::new(connector.connect(name, tcp).await.map_err(|error| self.unreachable(&error))?)
        } else {
            Box::new(tcp)
        };
        let scheme = if secure { "wss" } else { "ws" };
        let mut request = format!("{scheme}://{host}:{port}/api/v1/ws")
            .into_client_request()
            .map_err(|error| self.unreachable(&error))?;
        let bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| broken("the access token is malformed"))?;
        let headers = request.headers_mut();
        headers.insert("authorization", bearer);
        headers.insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
        headers.insert(CLIENT_HEADER, HeaderValue::from_static(CLIENT));
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(limits::SERVER_WEBSOCKET_MESSAGE))
            .max_frame_size(Some(limits::SERVER_WEBSOCKET_MESSAGE));
        match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, _)) => {
                self.certificates.worked();
                let (sender, receiver) = socket.split();
                Ok(Link { sender: Box::new(Sender(sender)), receiver: Box::new(Receiver(receiver)) })
            }
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                Err(TransportError::Refused(response.status().as_u16(), body))
            }
            Err(error) => Err(self.unreachable(&error)),
        }
    }
}

impl LinkSender for Sender {
    fn send(&mut self, message: Vec<u8>) -> LocalBoxFuture<'_, Result<(), LinkEnd>> {
        Box::pin(async move {
            self.0.send(Message::Binary(message.into())).await.map_err(|error| LinkEnd::Broken(error.to_string()))
        })
    }
}

impl LinkReceiver for Receiver {
    fn receive(&mut self) -> LocalBoxFuture<'_, Result<Vec<u8>, LinkEnd>> {
        Box::pin(async move {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Binary(message))) => return Ok(message.into()),
                    Some(Ok(Message::Close(frame))) => {
                        return Err(LinkEnd::Closed(frame.map_or(NO_CODE, |frame| frame.code.into())));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(LinkEnd::Broken(error.to_string())),
                    None => return Err(LinkEnd::Closed(NO_CODE)),
                }
            }
        })
    }
}
