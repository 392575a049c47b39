//! What is on its way to the client: frames are gathered and written together, for system calls cost more than anything
//! else here.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use futures_util::Sink;
use huis_proto::codec;
use huis_proto::frames::ServerFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Socket;

/// Frames beyond this go into the next WebSocket message.
const MESSAGE_BYTES: usize = 32 * 1024;
/// A message travels in fragments of this size (RFC 6455, section 5.4), which bounds the library's write buffer: that
/// one never shrinks.
const FRAGMENT_BYTES: usize = 16 * 1024;

/// Frames that wait for the socket.
#[derive(Default)]
pub(super) struct Outgoing {
    gathering: Vec<u8>,
    messages: VecDeque<Bytes>,
    /// The message that is being written has begun: its next fragment is a continuation.
    continues: bool,
    flushing: bool,
}

impl Outgoing {
    /// Adds a frame.
    pub(super) fn frame(&mut self, frame: &ServerFrame) {
        let start = self.gathering.len();
        codec::append_cbor(frame, &mut self.gathering);
        if start > 0 && self.gathering.len() > MESSAGE_BYTES {
            let next = self.gathering.split_off(start);
            let full = std::mem::replace(&mut self.gathering, next);
            self.messages.push_back(full.into());
        }
    }

    /// Adds a frame that is encoded.
    pub(super) fn encoded(&mut self, frame: &Bytes) {
        if !self.gathering.is_empty() && self.gathering.len() + frame.len() > MESSAGE_BYTES {
            self.seal();
        }
        if frame.len() > FRAGMENT_BYTES && self.gathering.is_empty() {
            self.messages.push_back(frame.clone());
        } else {
            self.gathering.extend_from_slice(frame);
        }
    }

    /// Whether more should be added: what waits for a slow client is bounded by this.
    pub(super) fn has_room(&self) -> bool {
        self.messages.is_empty() && self.gathering.len() < MESSAGE_BYTES
    }

    /// Whether everything has been handed to the socket.
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.gathering.is_empty() && !self.flushing
    }

    /// Forgets what was not yet begun to be written.
    pub(super) fn clear(&mut self) {
        self.gathering = Vec::new();
        self.messages.clear();
    }

    /// Writes; ready when nothing is left.
    pub(super) fn poll_write(&mut self, socket: &mut Socket, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            if self.flushing {
                ready!(Pin::new(&mut *socket).poll_flush(context))?;
                self.flushing = false;
            }
            if self.messages.is_empty() {
                if self.gathering.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                self.seal();
            }
            ready!(Pin::new(&mut *socket).poll_ready(context))?;
            let Some(message) = self.messages.front_mut() else {
                continue;
            };
            let last = message.len() <= FRAGMENT_BYTES;
            let fragment = message.split_to(message.len().min(FRAGMENT_BYTES));
            if last {
                self.messages.pop_front();
            }
            let kind = if self.continues { Data::Continue } else { Data::Binary };
            self.continues = !last;
            self.flushing = true;
            let frame = Frame::message(fragment, OpCode::Data(kind), last);
            Pin::new(&mut *socket).start_send(Message::Frame(frame))?;
        }
    }

    fn seal(&mut self) {
        self.messages.push_back(std::mem::take(&mut self.gathering).into());
        if self.messages.capacity() > 64 && self.messages.len() < 8 {
            self.messages.shrink_to(8);
        }
    }
}
