//! How a connection ends: what was submitted is finished, what was acknowledged is kept, and the client is told why.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use huis_proto::AccountId;
use huis_proto::frames::CloseCode;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding;

use super::{Connection, End};
use crate::http::bars;
use crate::state::App;

/// How long a client is given to take the last bytes.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long it is given to close its side. Without that wait the operating system may throw away what was just sent.
const FAREWELL: Duration = Duration::from_secs(2);

impl Connection {
    pub(super) async fn finish(mut self: Box<Self>, end: End) {
        if end == End::Close(CloseCode::GoingAway) {
            self.land_flights().await;
            let (outgoing, socket) = (&mut self.outgoing, &mut self.socket);
            let written = poll_fn(|context| outgoing.poll_write(socket, context));
            let _ = timeout(LAST_WORDS, written).await;
        }
        self.outgoing.clear();
        self.store_last_acks().await;
        match end {
            End::Gone => {
                let _ = timeout(FAREWELL, self.socket.flush()).await;
            }
            End::Close(why) => self.close(why).await,
        }
        // Nobody reads the answers; that the entries are announced matters.
        self.land_flights().await;
        self.place.owes = self.owes();
    }

    /// Whether the device may not have got everything: its network may have been gone for as long as the server waits to
    /// hear from it.
    fn owes(&self) -> bool {
        !self.tracks.nothing_in_flight() || self.tracks.anything_behind() || !self.early.is_empty()
    }

    async fn store_last_acks(&mut self) {
        if let Some(storing) = self.storing_acks.take() {
            let _ = storing.await;
        }
        self.begin_storing_acks();
        if let Some(storing) = self.storing_acks.take() {
            let _ = storing.await;
        }
    }

    async fn close(&mut self, why: CloseCode) {
        tracing::debug!(code = why.code(), "closing a connection");
        let reason = told(self.app.clone(), self.device.account, self.place.address, why).await;
        let frame = CloseFrame { code: coding::CloseCode::from(why.code()), reason: reason.into() };
        let socket = Pin::new(&mut self.socket);
        let said = async {
            let mut socket = socket;
            socket.send(Message::Close(Some(frame))).await.is_ok()
        };
        if timeout(LAST_WORDS, said).await == Ok(true) {
            let farewell = async { while let Some(Ok(_)) = self.socket.next().await {} };
            let _ = timeout(FAREWELL, farewell).await;
        }
    }
}

/// What the client is told, with the reason of who has suspended or banned it.
async fn told(app: App, account: AccountId, address: IpAddr, why: CloseCode) -> String {
    let now_ms = app.clock.now_ms();
    let found = match why {
        CloseCode::Suspended => {
            let bar = app.store.bar_of(account, now_ms).await.ok().flatten();
            bar.map(|bar| bars::sentence(&bar, "This account", now_ms))
        }
        CloseCode::Banned => app.bans.of(address).map(|bar| bars::sentence(&bar, "Your address", now_ms)),
        _ => None,
    };
    found.map_or_else(|| reason(why).to_owned(), beginning)
}

/// The beginning of a text, as far as a close frame has room for it (RFC 6455, section 5.5).
fn beginning(mut text: String) -> String {
    const ROOM: usize = 123;
    text.truncate(text.floor_char_boundary(ROOM));
    text
}

fn reason(why: CloseCode) -> &'static str {
    match why {
        CloseCode::GoingAway => "the server stops: connect again",
        CloseCode::TooBig => "a message is larger than allowed",
        CloseCode::BadFrame => "a message is no sequence of frames",
        CloseCode::SessionEnded => "the session has ended: sign in again",
        CloseCode::Silent => "nothing was heard for too long: connect again",
        CloseCode::Replaced => "this device has connected again",
        CloseCode::TooMany => "too many frames: connect again after a while",
        CloseCode::Suspended => "the account is suspended: its session has ended",
        CloseCode::Banned => "this address is banned",
        CloseCode::StoreFault => "the store has a fault: connect again after a while",
    }
}
