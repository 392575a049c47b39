//! Waiting on what a device comes to know, never on time.

use std::time::Duration;

use huis_views::{Command, Connection, Notice, Reply, Status};

use super::Device;

/// The longest virtual time that anything in a story may take; far beyond the engine's longest pause.
pub(super) const LONGEST: Duration = Duration::from_secs(1800);
/// Enough for an engine that works to get something done.
pub(super) const MOMENT: Duration = Duration::from_secs(60);
/// Things that no event tells of are looked for this often, in virtual time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

impl Device {
    /// Waits until something holds, looking after each event.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let handle = self.handle();
        let mut events = handle.subscribe();
        let waiting = async {
            while !holds().await {
                assert!(!self.has_ended(), "{self:?} has ended before {what}");
                // A tick of time stands for whatever has no event.
                let _ = tokio::time::timeout(LOOK_AGAIN, events.next()).await;
            }
        };
        if tokio::time::timeout(LONGEST, waiting).await.is_err() {
            let state = self.state_of_affairs().await;
            panic!("{self:?} waited in vain until {what}; {state}");
        }
    }

    /// Waits until the connection is open and everything that waited at the server is here.
    pub async fn is_connected(&self) {
        self.until("it is connected", async || {
            let status = self.status().await;
            status.connection == Connection::Open && status.caught_up
        })
        .await;
    }

    /// Waits until the device is connected, has joined all its conversations and has nothing to send.
    pub async fn has_settled(&self) {
        self.until("it has settled", async || {
            let status = self.status().await;
            status.connection == Connection::Open && status.caught_up && status.waiting == 0 && status.joining == 0
        })
        .await;
    }

    /// Waits until a notice like this one was given, and gives it.
    pub async fn notices(&self, what: &str, like: impl Fn(&Notice) -> bool) -> Notice {
        self.until(&format!("it notices {what}"), async || self.noticed().await.iter().any(&like)).await;
        let mut noticed = self.noticed().await;
        noticed.retain(like);
        noticed.remove(0)
    }

    /// All notices, oldest first.
    pub async fn noticed(&self) -> Vec<Notice> {
        match self.command(Command::Notices { most: 1000 }).await {
            Reply::Notices(notices) => notices.into_iter().rev().map(|view| view.notice).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// How the engine is doing.
    pub async fn status(&self) -> Status {
        match self.command(Command::Status).await {
            Reply::Status(status) => status,
            other => panic!("{other:?}"),
        }
    }

    /// Everything that explains why a story went wrong.
    pub(super) async fn state_of_affairs(&self) -> String {
        let handle = self.handle();
        let mut told = String::new();
        for command in [
            Command::Status,
            Command::Conversations,
            Command::Requests,
            Command::Notices { most: 30 },
            Command::Unprinted { most: 30 },
        ] {
            let answer = tokio::time::timeout(LOOK_AGAIN, handle.command(command)).await;
            told.push_str(&format!("\n  {answer:?}"));
        }
        told
    }
}
