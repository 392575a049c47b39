//! What people do with messages that open later.

use std::time::Duration;

use huis_proto::MessageId;
use huis_proto::beacon::Chain;
use huis_views::{Command, Failure, LockState, LockTrust, MessageView, Reply, Send, SendFiles, Sent, ToSend};

use super::Device;
use super::saying::target;
use crate::scan::{kept_of_locks, runs_in_files, runs_on_pages, values_in};

impl Device {
    /// Says something that opens after this time, and waits until the server has it on disk.
    pub async fn locks(&self, to: &str, text: &str, time: Duration) -> Sent {
        self.tries_to_lock(to, text, time, true).await.unwrap_or_else(|failure| panic!("{self:?}: {failure:?}"))
    }

    /// As [`locks`](Self::locks), and waits for the server where that is wished.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_lock(&self, to: &str, text: &str, time: Duration, wait: bool) -> Result<Sent, Failure> {
        let what = ToSend::Text(Send { to: target(to), text: text.into(), reply_to: None, view_once: false, wait });
        self.sends_timed(what, time, LockTrust::Server).await
    }

    /// As [`locks`](Self::locks), by the world's beacon.
    pub async fn locks_by_beacon(&self, to: &str, text: &str, time: Duration) -> Sent {
        let what =
            ToSend::Text(Send { to: target(to), text: text.into(), reply_to: None, view_once: false, wait: true });
        let sent = self.sends_timed(what, time, LockTrust::Drand).await;
        sent.unwrap_or_else(|failure| panic!("{self:?}: {failure:?}"))
    }

    /// Sends files that open after this time by the world's beacon, and does not wait.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn locks_files_by_beacon(&self, wish: SendFiles, time: Duration) -> Result<Sent, Failure> {
        self.sends_timed(ToSend::Files(wish), time, LockTrust::Drand).await
    }

    /// From its next start on the device knows this chain alone.
    pub fn knows_chain(&self, chain: Chain) {
        self.0.beacons.borrow_mut().chains = vec![chain];
    }

    /// Answers a message with something that opens after this time, and waits until the server has it on disk.
    pub async fn locks_answer(&self, to: &str, reply_to: MessageId, text: &str, time: Duration) -> Sent {
        let reply_to = Some(reply_to);
        let send = Send { to: target(to), text: text.into(), reply_to, view_once: false, wait: true };
        self.sends_timed(ToSend::Text(send), time, LockTrust::Server)
            .await
            .unwrap_or_else(|failure| panic!("{self:?}: {failure:?}"))
    }

    /// Sends files that open after this time, and does not wait.
    pub async fn locks_files(&self, wish: SendFiles, time: Duration) -> Sent {
        self.sends_timed(ToSend::Files(wish), time, LockTrust::Server)
            .await
            .unwrap_or_else(|failure| panic!("{self:?}: {failure:?}"))
    }

    async fn sends_timed(&self, what: ToSend, time: Duration, trust: LockTrust) -> Result<Sent, Failure> {
        let unlocks_at_ms = self.0.world.time.now_ms() + time.as_millis() as u64;
        match self.tries(Command::SendTimed { what, unlocks_at_ms, trust }).await? {
            Reply::Sent(sent) => Ok(sent),
            other => panic!("{other:?}"),
        }
    }

    /// Waits until a message's lock stands so, and gives the message.
    pub async fn sees_lock(&self, message: MessageId, state: LockState) -> MessageView {
        self.sees(&format!("the lock is {state:?}"), message, |seen| seen.lock.is_some_and(|lock| lock.state == state))
            .await
    }

    /// What is locked and what was, the next one to open first.
    pub async fn lists_locks(&self) -> Vec<MessageView> {
        match self.command(Command::TimeLocks { most: 100 }).await {
            Reply::Messages(messages) => messages,
            other => panic!("{other:?}"),
        }
    }

    /// Takes a locked message back.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn withdraws(&self, message: MessageId) -> Result<(), Failure> {
        self.tries(Command::WithdrawTimed { message }).await.map(drop)
    }

    /// Says something that opens after this time, and then once.
    pub async fn locks_once(&self, to: &str, text: &str, time: Duration) -> Sent {
        let send = Send { to: target(to), text: text.into(), reply_to: None, view_once: true, wait: true };
        self.sends_timed(ToSend::Text(send), time, LockTrust::Server)
            .await
            .unwrap_or_else(|failure| panic!("{self:?}: {failure:?}"))
    }

    /// What the database keeps of locks: the shares, and what was sealed under them.
    pub fn kept_of_locks(&self) -> Vec<Vec<u8>> {
        let profile = self.copy_of_its_profile();
        kept_of_locks(&profile.folder.join(super::DATABASE), &profile.key)
    }

    /// How many of these runs of bytes stand on any page of the device's database or of its log.
    pub fn runs_on_its_pages(&self, runs: &[Vec<u8>]) -> usize {
        runs_on_pages(&self.0.folder.join(super::DATABASE), &self.0.key, runs)
    }

    /// How many of these runs of bytes stand in any of the device's files as they lie there.
    pub fn runs_in_its_files(&self, runs: &[Vec<u8>]) -> usize {
        runs_in_files(&self.0.folder, runs)
    }

    /// Everything that is in the device's database, value by value, as whoever has the device and its key reads it.
    pub fn everything_stored(&self) -> Vec<Vec<u8>> {
        let profile = self.copy_of_its_profile();
        values_in(&profile.folder.join(super::DATABASE), Some(&profile.key))
    }
}
