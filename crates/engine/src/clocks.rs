//! What time it is: by the device's clock, and by the server's.

use huis_proto::limits;

use crate::client::Client;

/// The fact by how much the server's clock is ahead of the device's.
pub(crate) const SERVER_AHEAD: &str = "server_ahead_ms";
/// What is less is no difference between two clocks.
const CLOCKS_AGREE_MS: u64 = 1_000;

impl Client {
    /// Milliseconds since 1970: the device's clock, or the server's where the two differ by more than a minute.
    pub(crate) fn now_ms(&self) -> u64 {
        let tolerance = limits::CLOCK_TOLERANCE.as_millis() as u64;
        let ahead = Some(self.server_ahead_ms.get()).filter(|ahead| ahead.unsigned_abs() > tolerance);
        self.clock.now_ms().saturating_add_signed(ahead.unwrap_or(0))
    }

    /// Milliseconds since 1970 by the server's clock, as nearly as it is known. What vanishes goes by it: the shortest timer is
    /// shorter than what [`now_ms`](Self::now_ms) tolerates.
    pub(crate) fn server_now_ms(&self) -> u64 {
        self.clock.now_ms().saturating_add_signed(self.server_ahead_ms.get())
    }

    /// Compares the clocks.
    pub(crate) fn heard_time(&self, server_time_ms: u64) {
        let ahead = server_time_ms as i64 - self.clock.now_ms() as i64;
        let before = self.server_ahead_ms.get();
        // How long it was under way is no difference.
        if before.abs_diff(ahead) < CLOCKS_AGREE_MS {
            return;
        }
        self.server_ahead_ms.set(ahead);
        self.signals.vanishing.notify_one();
        self.signals.time_locks.notify_one();
        if before.abs_diff(ahead) > limits::CLOCK_TOLERANCE.as_millis() as u64 {
            // What is to be asked for later was put off by another clock.
            self.clock_moved.set(true);
        }
        if let Err(error) = self.step(|step| step.tables.put_fact(SERVER_AHEAD, &ahead)) {
            tracing::warn!(%error, "by how much the clocks differ was not stored");
        }
    }
}
