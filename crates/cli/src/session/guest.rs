//! A guest's side of the socket.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::time::Duration;

use huis_views::{Command, Event, Failure, Reply};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::wire::{self, FROM_OWNER_BYTES, FromOwner, Lines, Question};

/// An owner greets within this time, or it hangs.
const GREETS_WITHIN: Duration = Duration::from_secs(10);
/// Events that may wait for this process; what is more is told as [`Event::Missed`].
const EVENTS: usize = 1024;

/// A connection to the process that owns the profile.
pub(super) struct Guest {
    lines: Lines<OwnedReadHalf>,
    to: OwnedWriteHalf,
    asked: u64,
    events: VecDeque<Event>,
}

/// The owner ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// What was asked was not begun.
    NotBegun,
    /// What was asked may have been done.
    Unknown,
}

/// Why nobody lets this process in.
#[derive(Debug)]
pub(super) enum TurnedAway {
    /// Nobody is there (yet, or any more).
    Nobody,
    /// Too many are there.
    Full,
    /// The owner is another version.
    OtherVersion(String),
}

impl Guest {
    pub(super) async fn connect(socket: &Path) -> Result<Self, TurnedAway> {
        let stream = UnixStream::connect(socket).await.map_err(|_| TurnedAway::Nobody)?;
        let (from, to) = stream.into_split();
        let mut lines = Lines::new(from, FROM_OWNER_BYTES);
        let greeting = timeout(GREETS_WITHIN, lines.next::<FromOwner>()).await;
        match greeting {
            Ok(Ok(Some(FromOwner::Hello { protocol: wire::PROTOCOL, .. }))) => {
                Ok(Self { lines, to, asked: 0, events: VecDeque::new() })
            }
            Ok(Ok(Some(FromOwner::Hello { version, .. }))) => Err(TurnedAway::OtherVersion(version)),
            Ok(Ok(Some(FromOwner::Full))) => Err(TurnedAway::Full),
            _ => Err(TurnedAway::Nobody),
        }
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&mut self, command: Command) -> Result<Result<Reply, Failure>, Lost> {
        self.asked += 1;
        let number = self.asked;
        if wire::say(&mut self.to, &Question { number, command }).await.is_err() {
            // Half a line is no question; a whole one may have gone before the end was noticed, if the owner crashed.
            return Err(self.last_words().await);
        }
        loop {
            match self.lines.next().await {
                Ok(Some(FromOwner::Reply { question, reply })) if question == number => return Ok(Ok(*reply)),
                Ok(Some(FromOwner::Failure { question, failure })) if question == number => return Ok(Err(failure)),
                Ok(Some(FromOwner::Event(event))) => self.keep(event),
                Ok(Some(FromOwner::Closing)) => return Err(Lost::NotBegun),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Err(Lost::Unknown),
            }
        }
    }

    /// The next event; an error when the owner has ended.
    pub(super) async fn event(&mut self) -> Result<Event, Error> {
        if let Some(event) = self.events.pop_front() {
            return Ok(event);
        }
        loop {
            match self.lines.next().await? {
                Some(FromOwner::Event(event)) => return Ok(event),
                Some(FromOwner::Closing) | None => return Err(ErrorKind::ConnectionReset.into()),
                Some(_) => {}
            }
        }
    }

    /// Drops the events that came before now.
    pub(super) fn forget_events(&mut self) {
        self.events.clear();
    }

    fn keep(&mut self, event: Event) {
        if self.events.len() >= EVENTS {
            self.events.clear();
            self.events.push_back(Event::Missed);
        }
        self.events.push_back(event);
    }

    async fn last_words(&mut self) -> Lost {
        loop {
            match self.lines.next().await {
                Ok(Some(FromOwner::Closing)) => return Lost::NotBegun,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Lost::Unknown,
            }
        }
    }
}
