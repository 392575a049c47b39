//! A guest's side of the socket.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
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
    socket: PathBuf,
}

/// The owner ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// What was asked was not begun.
    NotBegun,
    /// What was asked may have been done.
    Unknown,
    /// The profile was locked; what was asked may have been done.
    Locked,
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
                Ok(Self { lines, to, asked: 0, events: VecDeque::new(), socket: socket.to_owned() })
            }
            Ok(Ok(Some(FromOwner::Hello { version, .. }))) => Err(TurnedAway::OtherVersion(version)),
            Ok(Ok(Some(FromOwner::Full))) => Err(TurnedAway::Full),
            _ => Err(TurnedAway::Nobody),
        }
    }

    /// Where the owner listens.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
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
                Ok(Some(FromOwner::Event(event))) if is_lock(&event) => return Err(Lost::Locked),
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
                Ok(Some(FromOwner::Event(event))) if is_lock(&event) => return Lost::Locked,
                Ok(Some(FromOwner::Closing)) => return Lost::NotBegun,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Lost::Unknown,
            }
        }
    }
}

/// Whether an event says that the profile was locked.
pub(super) fn is_lock(event: &Event) -> bool {
    matches!(event, Event::Stopped { failure: Some(Failure::Locked) })
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    /// A guest of an owner that says these things after its greeting, and then is gone.
    async fn guest_of(says: Vec<FromOwner>) -> Guest {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let owner = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let hello = FromOwner::Hello { protocol: wire::PROTOCOL, version: "1".into() };
            for said in [hello].iter().chain(&says) {
                wire::say(&mut stream, said).await.unwrap();
            }
        };
        let socket = folder.path().join("socket");
        tokio::join!(Guest::connect(&socket), owner).0.unwrap()
    }

    #[tokio::test]
    async fn a_guest_that_asks_hears_that_the_profile_was_locked_before() {
        let locked = || FromOwner::Event(Event::Stopped { failure: Some(Failure::Locked) });
        let mut guest = guest_of(vec![FromOwner::Event(Event::CaughtUp), locked(), FromOwner::Closing]).await;
        assert_eq!(guest.ask(Command::Status).await.unwrap_err(), Lost::Locked);
        let mut guest = guest_of(vec![FromOwner::Closing]).await;
        assert_eq!(guest.ask(Command::Status).await.unwrap_err(), Lost::NotBegun);
        let mut guest = guest_of(vec![]).await;
        assert_eq!(guest.ask(Command::Status).await.unwrap_err(), Lost::Unknown);
    }
}
