//! What two processes of one profile say to each other: lines of JSON, bounded.

use std::io::{Error, ErrorKind};

use huis_views::{Command, Event, Failure, Reply};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Both sides must speak the same one.
pub(super) const PROTOCOL: u32 = 1;

/// The longest line from a guest: one text of 64 KiB, each byte of it escaped, with room.
pub(super) const FROM_GUEST_BYTES: usize = 1024 * 1024;
/// The longest line from the owner: a page of such texts.
pub(super) const FROM_OWNER_BYTES: usize = 64 * 1024 * 1024;

/// What the owner says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FromOwner {
    /// First of all.
    Hello { protocol: u32, version: String },
    /// The answer to the question of this number.
    Reply { question: u64, reply: Box<Reply> },
    /// The question of this number was not done.
    Failure { question: u64, failure: Failure },
    /// Something changed.
    Event(Event),
    /// The owner is ending; a question without an answer was not begun.
    Closing,
    /// Too many guests.
    Full,
}

/// What a guest asks.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) number: u64,
    pub(super) command: Command,
}

/// Reads lines. Dropping a pending [`next`](Self::next) loses nothing.
pub(super) struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    /// Up to here the buffer holds no line break.
    searched: usize,
    longest: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(from: R, longest: usize) -> Self {
        Self { from, buffer: Vec::new(), searched: 0, longest }
    }

    /// The next line; none at the end, also in the middle of a line.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Error> {
        loop {
            let fresh = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
                let end = self.searched + at;
                let value = serde_json::from_slice(self.buffer.get(..end).unwrap_or_default());
                self.buffer.drain(..=end);
                self.searched = 0;
                return value.map(Some).map_err(|error| Error::new(ErrorKind::InvalidData, error));
            }
            self.searched = self.buffer.len();
            if self.searched > self.longest {
                return Err(Error::new(ErrorKind::InvalidData, "the line is too long"));
            }
            self.buffer.reserve(16 * 1024);
            if self.from.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// Writes one line.
pub(super) async fn say(to: &mut (impl AsyncWrite + Unpin), value: &impl Serialize) -> Result<(), Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    to.write_all(&line).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let (mut near, far) = tokio::io::duplex(3);
        let writing = async move {
            for text in ["one", "zwei\n", "três \u{1f600}"] {
                say(&mut near, &text).await.unwrap();
            }
        };
        let reading = async move {
            let mut lines = Lines::new(far, 100);
            let mut seen = Vec::new();
            while let Some(line) = lines.next::<String>().await.unwrap() {
                seen.push(line);
            }
            seen
        };
        let seen = now(async { tokio::join!(writing, reading).1 });
        assert_eq!(seen, ["one", "zwei\n", "três \u{1f600}"]);
    }

    #[test]
    fn a_line_without_end_is_refused_in_bounded_memory() {
        let mut lines = Lines::new(tokio::io::repeat(b'x'), 100_000);
        assert!(now(lines.next::<String>()).is_err());
        assert!(lines.buffer.capacity() < 400_000);
    }

    #[test]
    fn garbage_is_refused_and_an_unfinished_line_is_the_end() {
        assert!(now(Lines::new(&b"{}}\n"[..], 100).next::<Question>()).is_err());
        assert!(now(Lines::new(&b"\"half"[..], 100).next::<String>()).unwrap().is_none());
    }
}
