//! What time it is: by the device's clock, and by the server's.

use std::collections::VecDeque;

use huis_proto::limits;

use crate::client::Client;
use crate::db::DbError;

/// The fact by how much the server's clock is ahead of the device's.
const SERVER_AHEAD: &str = "server_ahead_ms";
/// What is less is no difference between two clocks.
const CLOCKS_AGREE_MS: u64 = 1_000;
/// What the server says of the time is believed where it was asked for no longer ago: the shortest timer is as long.
const BELIEVED_WITHIN_MS: u64 = 30_000;
/// Of a server that leaves so many questions unanswered no time is heard on that connection any more.
const MOST_UNANSWERED: usize = 16;
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
    /// shorter than what [`now_ms`](Self::now_ms) tolerates. Until the server is heard it is rather too early than too late.
    pub(crate) fn server_now_ms(&self) -> u64 {
        self.by_the_server(self.clock.now_ms())
    }

    /// A time of the device's clock by the server's.
    pub(crate) fn by_the_server(&self, device_ms: u64) -> u64 {
        device_ms.saturating_add_signed(self.server_ahead_ms.get())
    }

    /// As [`server_now_ms`](Self::server_now_ms), for what begins at this moment: until the server is heard it is rather too late than
    /// too early, or what has only begun would be over once the server is heard.
    pub(crate) fn timers_begin_ms(&self) -> u64 {
        self.begins_by_the_server(self.clock.now_ms())
    }

    /// As [`by_the_server`](Self::by_the_server), for when something began: until the server is heard rather too late than too early.
    pub(crate) fn begins_by_the_server(&self, device_ms: u64) -> u64 {
        let recalled = self.recalled_ahead_ms.get().map(|recalled| recalled.max(0));
        device_ms.saturating_add_signed(recalled.unwrap_or(self.server_ahead_ms.get()))
    }

    /// At a start, before the server is heard: the difference that was known last, where it has things vanish later. The device's
    /// clock may have been put right since, and what is gone is gone.
    pub(crate) fn recall_time(&self) -> Result<(), DbError> {
        let known: Option<i64> = self.read(|tables| tables.fact(SERVER_AHEAD))?;
        let known = known.unwrap_or(0);
        self.recalled_ahead_ms.set(Some(known));
        self.server_ahead_ms.set(known.min(0));
        Ok(())
    }

    /// A connection is opened, whose first word says the time. What was asked on the one before is not answered any more.
    pub(crate) fn connection_asks_time(&self) {
        self.time_asked_ms.replace(Some(VecDeque::from([self.clock.now_ms()])));
    }

    /// The server is asked for the time on an open connection. Each question has its answer, in their order.
    pub(crate) fn ping_asks_time(&self) {
        let mut asked = self.time_asked_ms.borrow_mut();
        match asked.as_mut() {
            Some(unanswered) if unanswered.len() < MOST_UNANSWERED => unanswered.push_back(self.clock.now_ms()),
            // What is not noted could not be told from what comes after it.
            _ => *asked = None,
        }
    }

    /// An answer has come: the one to what was asked first.
    pub(crate) fn time_came(&self, server_time_ms: u64) {
        let asked_ms = self.time_asked_ms.borrow_mut().as_mut().and_then(VecDeque::pop_front);
        if let Some(asked_ms) = asked_ms {
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
        let stored = self.recalled_ahead_ms.take().unwrap_or(before);
        // How long it was under way is no difference.
        if before.abs_diff(ahead) < CLOCKS_AGREE_MS && stored.abs_diff(ahead) < CLOCKS_AGREE_MS {
            return;
        }
        self.server_ahead_ms.set(ahead);
        self.signals.vanishing.notify_one();
        self.look_at_time_locks();
        if before.abs_diff(ahead) > limits::CLOCK_TOLERANCE.as_millis() as u64 {
            // What is to be asked for later was put off by another clock.
            self.clock_moves.set(self.clock_moves.get().wrapping_add(1));
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
    fn a_time_that_nobody_asked_for_is_not_heard_and_each_question_has_its_answer() {
        let folder = tempfile::tempdir().unwrap();
        let client = signed_in(&folder).client;
        client.time_came(client.clock.now_ms() + DAY_MS);
        assert_eq!(client.server_ahead_ms.get(), 0);
        client.connection_asks_time();
        client.time_came(client.clock.now_ms() + DAY_MS);
        let ahead = client.server_ahead_ms.get();
        assert!(ahead > 0);
        client.time_came(client.clock.now_ms());
        assert_eq!(client.server_ahead_ms.get(), ahead);
        // A late answer does not stand for the question that was asked before it came.
        client.ping_asks_time();
        let late_ms = client.clock.now_ms() - BELIEVED_WITHIN_MS - 1;
        client.time_asked_ms.borrow_mut().as_mut().unwrap()[0] = late_ms;
        client.ping_asks_time();
        client.time_came(client.clock.now_ms() + 2 * DAY_MS);
        assert_eq!(client.server_ahead_ms.get(), ahead);
        client.time_came(client.clock.now_ms() + 3 * DAY_MS);
        assert!(client.server_ahead_ms.get() > ahead);
    }

    #[test]
    fn a_server_that_leaves_questions_unanswered_is_heard_on_the_next_connection() {
        let folder = tempfile::tempdir().unwrap();
        let client = signed_in(&folder).client;
        client.connection_asks_time();
        (0..MOST_UNANSWERED).for_each(|_| client.ping_asks_time());
        assert_eq!(*client.time_asked_ms.borrow(), None);
        client.time_came(client.clock.now_ms() + DAY_MS);
        client.ping_asks_time();
        client.time_came(client.clock.now_ms() + DAY_MS);
        assert_eq!(client.server_ahead_ms.get(), 0);
        client.connection_asks_time();
        client.time_came(client.clock.now_ms() + DAY_MS);
        assert!(client.server_ahead_ms.get() > 0);
    }

    #[test]
    fn until_the_server_is_heard_what_begins_begins_late_and_what_is_over_is_over_late() {
        let folder = tempfile::tempdir().unwrap();
        let client = signed_in(&folder).client;
        let ahead_ms = |now_ms: u64| now_ms as i64 - client.clock.now_ms() as i64;
        for (known, over, begins) in [(DAY_MS as i64, 0, DAY_MS as i64), (-(DAY_MS as i64), -(DAY_MS as i64), 0)] {
            client.step(|step| step.tables.put_fact(SERVER_AHEAD, &known)).unwrap();
            client.recall_time().unwrap();
            assert!(ahead_ms(client.server_now_ms()).abs_diff(over) < 10_000, "{known}");
            assert!(ahead_ms(client.timers_begin_ms()).abs_diff(begins) < 10_000, "{known}");
            // The clock was put right while the device was off: that is known at the next start.
            client.heard_time(client.clock.now_ms(), client.clock.now_ms());
            for now_ms in [client.server_now_ms(), client.timers_begin_ms()] {
                assert!(ahead_ms(now_ms).abs_diff(0) < 10_000, "{known}");
            }
            let stored: i64 = client.read(|tables| tables.fact(SERVER_AHEAD)).unwrap().unwrap();
            assert!(stored.abs_diff(0) < 10_000, "{stored}");
        }
    }
}
