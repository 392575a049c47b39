//! The device's clock and the server's.

use huis_proto::limits;

use crate::client::Client;

/// By less than this clocks differ all the time, in milliseconds.
const LITTLE_MS: u64 = 1000;

impl Client {
    /// Milliseconds since 1970: the device's clock, or the server's where the two differ by more than a minute.
    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms().saturating_add_signed(self.server_ahead_ms.get())
    }

    /// Compares the clocks.
    pub(crate) fn heard_time(&self, server_time_ms: u64) {
        let ahead = server_time_ms as i64 - self.clock.now_ms() as i64;
        let tolerance = limits::CLOCK_TOLERANCE.as_millis() as u64;
        let before = self.server_offset_ms.replace(ahead);
        if ahead.abs_diff(before) > LITTLE_MS {
            self.signals.time_locks.notify_one();
        }
        if ahead.abs_diff(before) > tolerance {
            // What is to be asked for later was put off by another clock.
            self.clock_moved.set(true);
        }
        let ahead = if ahead.unsigned_abs() > tolerance { ahead } else { 0 };
        if self.server_ahead_ms.replace(ahead) != ahead {
            self.signals.vanishing.notify_one();
        }
    }

    /// Milliseconds since 1970 as the server counts, as far as this device can tell.
    pub(crate) fn server_now_ms(&self) -> u64 {
        self.clock.now_ms().saturating_add_signed(self.server_offset_ms.get())
    }
}
