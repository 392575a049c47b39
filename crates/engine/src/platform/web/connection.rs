//! The connection of frames by the browser's WebSocket.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use huis_proto::frames::SUBPROTOCOL;
use huis_proto::limits;
use js_sys::{ArrayBuffer, Uint8Array};
use tokio::sync::mpsc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

use super::timer;
use super::transport::WebTransport;
use crate::ports::{HttpRequest, Link, LinkEnd, LinkReceiver, LinkSender, Method, TransportError};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(15);
/// Messages that may wait to be taken. The server's window of unacknowledged entries stays far below.
const WAITING: usize = 4_096;
/// Bytes that may wait to go out before sending waits, and how often it is looked.
const BUFFERED: u32 = 1024 * 1024;
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const PATH: &str = "/api/v1/ws";
/// The close code of a connection that ended without one (RFC 6455, section 7.1.5).
const NO_CODE: u16 = 1005;
/// The browser's own code for a connection that broke (RFC 6455, section 7.1.5).
const BROKEN: u16 = 1006;

enum Happening {
    Opened,
    Message(Vec<u8>),
    Ended(LinkEnd),
}

/// A socket and what the browser calls when something happens on it. Closes when the last half is dropped.
struct Socket {
    socket: WebSocket,
    _opened: Closure<dyn FnMut(Event)>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

struct Sender(Rc<Socket>);

struct Receiver {
    _socket: Rc<Socket>,
    happenings: mpsc::Receiver<Happening>,
    end: Rc<RefCell<Option<LinkEnd>>>,
}

impl WebTransport {
    pub(super) async fn open_link(&self) -> Result<Link, TransportError> {
        // `https` becomes `wss`, `http` becomes `ws`.
        let url = format!("ws{}{PATH}", self.origin.trim_start_matches("http"));
        let (socket, mut receiver) = Socket::open(&url)?;
        let first = tokio::select! {
            first = receiver.happenings.recv() => first,
            () = timer::sleep(CONNECT) => return Err(TransportError::Unreachable("it does not answer".into())),
        };
        match first {
            Some(Happening::Opened) => Ok(Link { sender: Box::new(Sender(socket)), receiver: Box::new(receiver) }),
            _ => Err(self.why_not().await),
        }
    }

    /// A browser does not tell a page with what status a connection was refused; the same question without the upgrade
    /// is answered with it.
    async fn why_not(&self) -> TransportError {
        let question = HttpRequest { method: Method::Get, path: PATH.into(), token: None, body: None };
        match self.exchange(question).await {
            // A request that is none for a WebSocket, by somebody who might have one: it failed on the way.
            Ok(answer) if matches!(answer.status, 400 | 426) => {
                TransportError::Unreachable("the connection did not come about".into())
            }
            Ok(answer) => TransportError::Refused(answer.status, answer.body),
            Err(error) => error,
        }
    }
}

impl Socket {
    fn open(url: &str) -> Result<(Rc<Self>, Receiver), TransportError> {
        let socket = WebSocket::new_with_str(url, SUBPROTOCOL)
            .map_err(|_| TransportError::Unreachable("the browser refuses the connection".into()))?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let (tell, happenings) = mpsc::channel(WAITING);
        let end = Rc::new(RefCell::new(None));

        let opened = {
            let tell = tell.clone();
            Closure::new(move |_: Event| {
                // The first of all, so there is room; whoever waited may be gone.
                let _ = tell.try_send(Happening::Opened);
            })
        };
        let message = {
            let (tell, end, socket) = (tell.clone(), end.clone(), socket.clone());
            Closure::new(move |event: MessageEvent| {
                let taken = match event.data().dyn_into::<ArrayBuffer>() {
                    Ok(bytes) if bytes.byte_length() as usize > limits::SERVER_WEBSOCKET_MESSAGE => {
                        Err("the server sent more than allowed")
                    }
                    Ok(bytes) => tell
                        .try_send(Happening::Message(Uint8Array::new(&bytes).to_vec()))
                        .map_err(|_| "the server sends faster than is taken"),
                    // Text is none of ours.
                    Err(_) => Ok(()),
                };
                if let Err(why) = taken {
                    end.borrow_mut().get_or_insert_with(|| LinkEnd::Broken(why.into()));
                    // It is closing already, or will be.
                    let _ = socket.close();
                }
            })
        };
        let closed = {
            let end = end.clone();
            Closure::new(move |event: CloseEvent| {
                let how = match event.code() {
                    BROKEN => LinkEnd::Broken("it was cut off".into()),
                    code => LinkEnd::Closed(code),
                };
                let how = end.borrow_mut().get_or_insert(how).clone();
                // Where there is no room, the end is found behind all that is.
                let _ = tell.try_send(Happening::Ended(how));
            })
        };
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        let socket = Rc::new(Self { socket, _opened: opened, _message: message, _closed: closed });
        let receiver = Receiver { _socket: socket.clone(), happenings, end };
        Ok((socket, receiver))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

impl LinkSender for Sender {
    fn send(&mut self, message: Vec<u8>) -> LocalBoxFuture<'_, Result<(), LinkEnd>> {
        Box::pin(async move {
            let socket = &self.0.socket;
            while socket.buffered_amount() > BUFFERED && socket.ready_state() == WebSocket::OPEN {
                timer::sleep(LOOK_AGAIN).await;
            }
            if socket.ready_state() != WebSocket::OPEN {
                return Err(LinkEnd::Broken("it is closing".into()));
            }
            socket.send_with_u8_array(&message).map_err(|_| LinkEnd::Broken("the browser did not take it".into()))
        })
    }
}

impl LinkReceiver for Receiver {
    fn receive(&mut self) -> LocalBoxFuture<'_, Result<Vec<u8>, LinkEnd>> {
        Box::pin(async move {
            loop {
                let next = match self.happenings.try_recv() {
                    Ok(happening) => Some(happening),
                    // An end for which there was no room stands here; whoever waits for the next one leaves room.
                    Err(_) => match self.end.borrow().clone() {
                        Some(end) => return Err(end),
                        None => None,
                    },
                };
                let next = match next {
                    Some(next) => next,
                    None => self.happenings.recv().await.unwrap_or(Happening::Ended(LinkEnd::Closed(NO_CODE))),
                };
                match next {
                    Happening::Message(message) => return Ok(message),
                    Happening::Opened => {}
                    Happening::Ended(end) => return Err(end),
                }
            }
        })
    }
}
