//! What comes in: the connection, and everything that the server sends on it.

mod annotations;
mod comparing;
mod content;
mod contests;
mod entries;
mod frames;
mod ready;
mod repair;
mod restored;
mod roster;
mod unheard;
mod welcomes;

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use huis_proto::frames::{ClientFrame, CloseCode};
use huis_proto::{ErrorCode, limits};
use huis_views::{Connection, Failure, Notice};
use rand::Rng;

pub(crate) use self::annotations::taken_back;
pub(crate) use self::content::RECEIPTS_UP_TO;
pub(crate) use self::contests::Contests;
pub(crate) use self::entries::Taken;
use crate::api::ApiError;
use crate::client::Client;
use crate::db::DbError;
use crate::ports::{Link, LinkEnd, LinkReceiver, LinkSender};

/// The pauses between two connections: doubled from the shortest to the longest, with jitter.
const PAUSE_MS: std::ops::Range<u64> = 500..60_000;

/// The pauses after another copy of this profile took the connection's place: two copies that run at the same time
/// would otherwise drive each other out without end.
const REPLACED_PAUSE_MS: std::ops::Range<u64> = 60_000..3_600_000;

/// The pauses while this device's address is banned, which somebody has to lift first.
const BANNED_PAUSE_MS: std::ops::Range<u64> = 60_000..3_600_000;

/// The pauses where client and server are of versions that do not understand each other: somebody has to install
/// another one first.
const VERSIONS_APART_PAUSE_MS: std::ops::Range<u64> = 3_600_000..24 * 3_600_000;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Link(#[from] LinkEnd),
    #[error("{0}")]
    Api(#[from] ApiError),
    #[error("{0}")]
    Database(#[from] DbError),
    #[error("nothing was heard for too long")]
    Silence,
    #[error("the server sent what is no frame: {0}")]
    Garbage(String),
    #[error("entries wait for a join that gets no answer")]
    NoAnswer,
    #[error("it is opened anew")]
    Renewed,
    #[error("{0}")]
    VersionsApart(Failure),
}

impl Client {
    /// Keeps a connection open while somebody is signed in.
    pub(crate) async fn run_connection(self: &Rc<Self>) {
        let mut failures: u32 = 0;
        let mut replaced: u32 = 0;
        let mut banned: u32 = 0;
        let mut apart: u32 = 0;
        loop {
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
            if !self.has_session() {
                self.set_connection(Connection::Idle);
                self.signals.account.notified().await;
                continue;
            }
            self.set_connection(Connection::Connecting);
            let session = self.session_id();
            let ended = match self.one_connection(&mut failures).await {
                Ok(never) => match never {},
                Err(ended) => ended,
            };
            self.traffic.borrow_mut().close();
            self.caught_up.set(false);
            tracing::debug!(%ended, "the connection ended");
            match ended {
                // Who is suspended learns why when signing in again.
                Ended::Link(LinkEnd::Closed(code))
                    if code == CloseCode::SessionEnded.code() || code == CloseCode::Suspended.code() =>
                {
                    self.session_ended_unless_renewed(session);
                }
                Ended::Api(ApiError::Own(Failure::SessionEnded)) => self.session_ended_unless_renewed(session),
                Ended::Api(error) if matches!(error.code(), Some(ErrorCode::SessionEnded | ErrorCode::NotSignedIn)) => {
                    self.session_ended_unless_renewed(session);
                }
                Ended::Api(error) if error.code() == Some(ErrorCode::ClientTooOld) => {
                    self.versions_are_apart(error.into(), &mut apart).await;
                }
                // Whoever was connected when the ban was set asks once more after that, and is told why.
                Ended::Api(error) if error.code() == Some(ErrorCode::Banned) => {
                    self.hindrance.replace(Some(error.into()));
                    self.wait_before_reconnecting(&BANNED_PAUSE_MS, &mut banned).await;
                }
                Ended::VersionsApart(failure) => self.versions_are_apart(failure, &mut apart).await,
                Ended::Api(ApiError::Certificate(reason)) => {
                    // As far as anybody here can tell somebody is in between: not to be passed off as a lost connection.
                    self.hindrance.replace(Some(Failure::CertificateChanged { reason }));
                    self.wait_before_reconnecting(&PAUSE_MS, &mut failures).await;
                }
                Ended::Renewed if self.has_session() => {}
                Ended::Link(LinkEnd::Closed(code)) if code == CloseCode::Replaced.code() => {
                    self.wait_before_reconnecting(&REPLACED_PAUSE_MS, &mut replaced).await;
                }
                _ => self.wait_before_reconnecting(&PAUSE_MS, &mut failures).await,
            }
        }
    }

    /// Says so once, and does not ask again for long.
    async fn versions_are_apart(&self, failure: Failure, times: &mut u32) {
        let said = self.hindrance.replace(Some(failure.clone()));
        if said.as_ref() != Some(&failure) {
            let noted: Result<(), DbError> =
                self.step(|step| step.notice(None, Notice::VersionsApart { failure: failure.clone() }));
            if let Err(error) = noted {
                tracing::warn!(%error, %failure, "client and server do not understand each other");
            }
        }
        self.wait_before_reconnecting(&VERSIONS_APART_PAUSE_MS, times).await;
    }

    async fn wait_before_reconnecting(&self, pauses_ms: &std::ops::Range<u64>, failures: &mut u32) {
        let longest = (pauses_ms.start << (*failures).min(8)).min(pauses_ms.end);
        let pause = self.random.borrow_mut().gen_range(longest / 2..=longest);
        *failures = failures.saturating_add(1);
        self.set_connection(Connection::Waiting { retry_in_ms: pause });
        let sleep = self.clock.sleep(Duration::from_millis(pause));
        select(Box::pin(self.signals.account.notified()), sleep).await;
    }

    async fn one_connection(self: &Rc<Self>, failures: &mut u32) -> Result<std::convert::Infallible, Ended> {
        let token = self.access_token(false).await?;
        self.ask_for_unheard().await?;
        self.connection_asks_time();
        let Link { sender, receiver } = self.transport.connect(token).await.map_err(ApiError::from)?;
        let read = self.read_frames(receiver, failures);
        let write = self.write_frames(sender);
        let renewed = self.signals.reconnect.notified();
        tokio::select! {
            ended = read => ended,
            ended = write => ended,
            () = renewed => Err(Ended::Renewed),
        }
    }

    async fn read_frames(
        self: &Rc<Self>,
        mut receiver: Box<dyn LinkReceiver>,
        failures: &mut u32,
    ) -> Result<std::convert::Infallible, Ended> {
        loop {
            let silence = self.clock.sleep(limits::SILENCE);
            let message = match select(receiver.receive(), silence).await {
                Either::Left((message, _)) => message?,
                Either::Right(_) => return Err(Ended::Silence),
            };
            if self.halted() {
                return std::future::pending().await;
            }
            self.last_frame_ms.set(self.clock.now_ms());
            self.take_message(&message).await?;
            *failures = 0;
        }
    }

    async fn write_frames(self: &Rc<Self>, mut sender: Box<dyn LinkSender>) -> Result<std::convert::Infallible, Ended> {
        loop {
            loop {
                let next = self.traffic.borrow_mut().next_frames();
                let Some(message) = next else { break };
                if self.halted() {
                    return std::future::pending().await;
                }
                sender.send(message).await?;
            }
            let heartbeat = self.clock.sleep(limits::HEARTBEAT);
            let frames = self.signals.frames.notified();
            if let Either::Right(_) = select(Box::pin(frames), heartbeat).await {
                self.ping_asks_time();
                self.traffic.borrow_mut().queue(&[ClientFrame::Ping {}]);
            }
        }
    }
}
