//! What time it is: by the device's clock, and by the server's.

use huis_proto::limits;

use crate::client::Client;
use crate::db::DbError;

/// The fact by how much the server's clock is ahead of the device's.
const SERVER_AHEAD: &str = "server_ahead_ms";
/// What is less is no difference between two clocks.
const CLOCKS_AGREE_MS: u64 = 1_000;
/// What the server says of the time is believed where it was asked for no longer ago: the shortest timer is as long.
const BELIEVED_WITHIN_MS: u64 = 30_000;
/// The year 10,000, in milliseconds since 1970. No clock is that far.
const LATEST_MS: u64 = 253_402_300_800_000;

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

    /// At a start, before the server is heard: the difference that was known last, where it has things vanish later. The device's
    /// clock may have been put right since, and what is gone is gone.
    pub(crate) fn recall_time(&self) -> Result<(), DbError> {
        let known: Option<i64> = self.read(|tables| tables.fact(SERVER_AHEAD))?;
        self.server_ahead_ms.set(known.unwrap_or(0).min(0));
        Ok(())
    }

    /// A connection is opened, whose first word says the time.
    pub(crate) fn connection_asks_time(&self) {
        self.time_asked_ms.set(Some(self.clock.now_ms()));
    }

    /// The server is asked for the time on an open connection. Of several questions the first answer is that to the first one.
    pub(crate) fn ping_asks_time(&self) {
        if self.time_asked_ms.get().is_none() {
            self.connection_asks_time();
        }
    }

    /// The answer to that has come.
    pub(crate) fn time_came(&self, server_time_ms: u64) {
        if let Some(asked_ms) = self.time_asked_ms.take() {
            self.heard_time(server_time_ms, asked_ms);
        }
    }

    /// Compares the clocks. The server was asked at `asked_ms`, by the device's clock: what was long under way, or waited while the
    /// device slept, is of another time; nor is it known what time it is where the clock was set meanwhile.
    pub(crate) fn heard_time(&self, server_time_ms: u64, asked_ms: u64) {
        let now_ms = self.clock.now_ms();
        let is_late = now_ms.checked_sub(asked_ms).is_none_or(|under_way_ms| under_way_ms > BELIEVED_WITHIN_MS);
        if is_late || server_time_ms > LATEST_MS || now_ms > LATEST_MS {
            tracing::debug!(server_time_ms, is_late, "what the server says of the time is not believed");
            return;
        }
        let ahead = server_time_ms as i64 - now_ms as i64;
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

#[cfg(test)]
mod tests {
    use huis_core::identity::LocalDevice;
    use huis_proto::AccountId;
    use rand::SeedableRng;
    use rand::rngs::{OsRng, StdRng};

    use super::*;
    use crate::config::DatabaseKey;
    use crate::measuring::Stepper;

    const DAY_MS: u64 = 86_400_000;

    fn signed_in(folder: &tempfile::TempDir) -> Stepper {
        let me = LocalDevice::generate(&mut OsRng, AccountId::random(&mut OsRng));
        let key = DatabaseKey::from_bytes([7; 32]);
        Stepper::sign_in(&folder.path().join("db"), &key, me, [], StdRng::seed_from_u64(1)).unwrap()
    }

    #[test]
    fn the_time_is_believed_where_it_was_asked_for_a_moment_ago_and_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let client = signed_in(&folder).client;
        let now_ms = client.clock.now_ms();
        client.heard_time(now_ms + DAY_MS, now_ms);
        let ahead = client.server_ahead_ms.get();
        assert!(ahead.unsigned_abs().abs_diff(DAY_MS) < 10_000);
        for (server_time_ms, asked_ms) in [
            (now_ms, now_ms - BELIEVED_WITHIN_MS - 1),
            // The clock was set back meanwhile.
            (now_ms, now_ms + DAY_MS),
            (u64::MAX, now_ms),
            (i64::MAX as u64, now_ms),
            (LATEST_MS + 1, now_ms),
        ] {
            client.heard_time(server_time_ms, asked_ms);
            assert_eq!(client.server_ahead_ms.get(), ahead, "{server_time_ms} {asked_ms}");
        }
        // It is no time that could be later than a database can say.
        client.heard_time(LATEST_MS, now_ms);
        assert!(client.server_now_ms() >= LATEST_MS && i64::try_from(client.server_now_ms()).is_ok());
    }

    #[test]
    fn a_time_that_nobody_asked_for_is_not_heard_and_one_question_has_one_answer() {
        let folder = tempfile::tempdir().unwrap();
        let client = signed_in(&folder).client;
        client.time_came(client.clock.now_ms() + DAY_MS);
        assert_eq!(client.server_ahead_ms.get(), 0);
        client.ping_asks_time();
        client.ping_asks_time();
        client.time_came(client.clock.now_ms() + DAY_MS);
        let ahead = client.server_ahead_ms.get();
        assert!(ahead > 0);
        client.time_came(client.clock.now_ms());
        assert_eq!(client.server_ahead_ms.get(), ahead);
    }
}
