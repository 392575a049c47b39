//! What people do with the history archive of their account.

use huis_proto::rest::Secret;
use huis_views::{Command, HistoryView, Reply};

use super::{Device, PASSWORD};

impl Device {
    /// Has the account keep a history archive.
    pub async fn keeps_history(&self) -> HistoryView {
        history(self.command(Command::KeepHistory { password: Secret::new(PASSWORD), recovery_key: None }).await)
    }

    /// Ends the history archive.
    pub async fn ends_history(&self) -> HistoryView {
        history(self.command(Command::EndHistory).await)
    }

    /// How the history archive stands.
    pub async fn history(&self) -> HistoryView {
        history(self.command(Command::History).await)
    }

    /// Waits until this device knows of so many segments at least.
    pub async fn has_archived(&self, segments: u32) {
        self.until(&format!("it knows of {segments} segments"), async || self.history().await.segments >= segments)
            .await;
    }

    /// Waits until everything that there is was restored on this device.
    pub async fn has_restored(&self) {
        self.until("it has restored the history", async || {
            self.is_in_order().await && self.history().await.restoring.is_none()
        })
        .await;
    }

    async fn is_in_order(&self) -> bool {
        let status = self.status().await;
        status.caught_up && status.joining == 0
    }
}

fn history(reply: Reply) -> HistoryView {
    match reply {
        Reply::History(history) => history,
        other => panic!("{other:?}"),
    }
}
