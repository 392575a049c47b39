//! What is there of files that nobody wants any more.

use std::time::Duration;

use crate::client::Client;
use crate::db::DbError;

/// What can't be removed, as its disk is away or somebody else has it open, is tried again after this long, and at each start.
const TRIED_AGAIN_MS: u64 = 300_000;

impl Client {
    /// Removes what is kept for transfers that are there no longer. What can't be removed is tried again later.
    pub(super) async fn clear_own_files(&self) -> Result<(), DbError> {
        let Ok(own) = self.files.own().await else { return Ok(()) };
        if own.is_empty() || self.halted() {
            return Ok(());
        }
        let named = self.read(|tables| tables.paths_of_transfers())?;
        for path in own.iter().filter(|path| !named.contains(*path)) {
            let _ = self.files.remove(path).await;
        }
        Ok(())
    }

    /// Removes what was not fetched to its end of files that nobody wants any more or whose message is gone, also where there
    /// is no way to the server.
    pub(super) async fn remove_parts(&self) {
        let rows = self.read(|tables| tables.parts_to_remove()).unwrap_or_default();
        self.transfers.borrow_mut().kept.retain(|number, _| rows.iter().any(|row| row.number == *number));
        for row in rows {
            if let Some(live) = self.transfers.borrow().live.get(&row.number) {
                // It goes when nothing writes it any more.
                live.stop.notify_one();
                continue;
            }
            let now_ms = self.clock.now_ms();
            let again_ms = self.transfers.borrow().kept.get(&row.number).copied().unwrap_or(0);
            // A clock that was set back delays nothing for long.
            if again_ms > now_ms && again_ms - now_ms <= TRIED_AGAIN_MS {
                continue;
            }
            if let Err(fault) = self.files.remove(&row.path).await {
                tracing::info!(%fault, "what is there of a file is not removed yet");
                self.transfers.borrow_mut().kept.insert(row.number, now_ms.saturating_add(TRIED_AGAIN_MS));
                continue;
            }
            self.transfers.borrow_mut().kept.remove(&row.number);
            let forgotten = self.step(|step| {
                step.log_tells();
                step.tables.delete_transfer(row.number)
            });
            if let Err(error) = forgotten {
                tracing::warn!(%error, "a transfer is not forgotten");
            }
        }
    }

    /// Ready when what could not be removed is to be tried again; never where there is nothing of that kind.
    pub(super) async fn until_parts_are_tried(&self) {
        let next_ms = self.transfers.borrow().kept.values().min().copied();
        match next_ms {
            Some(next_ms) => {
                let left_ms = next_ms.saturating_sub(self.clock.now_ms()).clamp(1, TRIED_AGAIN_MS);
                self.clock.sleep(Duration::from_millis(left_ms)).await;
            }
            None => std::future::pending().await,
        }
    }
}
