//! How fast a transfer goes, and when somebody is told.

use std::collections::VecDeque;

/// The speed is that of the last so many milliseconds.
const LOOKS_BACK_MS: u64 = 10_000;
/// Somebody is told this often at most.
const TOLD_EVERY_MS: u64 = 250;
/// Samples that are kept; one at most for each time somebody could be told.
const MOST: usize = (LOOKS_BACK_MS / TOLD_EVERY_MS) as usize;

/// How a transfer came on.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When, in milliseconds, and how much was there then.
    samples: VecDeque<(u64, u64)>,
    done: u64,
    told_ms: Option<u64>,
}

impl Pace {
    /// So much is there. Says whether somebody is told.
    pub(super) fn comes_on(&mut self, done: u64, now_ms: u64) -> bool {
        // What is begun anew, or was fetched twice, goes back.
        if done < self.done {
            self.samples.clear();
        }
        self.done = done;
        let fresh = self.samples.back().is_none_or(|(at, _)| now_ms >= at + TOLD_EVERY_MS);
        if fresh {
            self.samples.push_back((now_ms, done));
        }
        while self.samples.len() > MOST || self.samples.front().is_some_and(|(at, _)| at + LOOKS_BACK_MS < now_ms) {
            self.samples.pop_front();
        }
        let tells = self.told_ms.is_none_or(|told| now_ms >= told + TOLD_EVERY_MS);
        if tells {
            self.told_ms = Some(now_ms);
        }
        tells
    }

    /// How much is there.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Bytes a second; none where that can't be said yet.
    pub(super) fn bytes_per_s(&self, now_ms: u64) -> Option<u64> {
        let (at, done) = self.samples.front()?;
        let took_ms = now_ms.checked_sub(*at).filter(|took| *took >= TOLD_EVERY_MS)?;
        Some(self.done.saturating_sub(*done).saturating_mul(1000) / took_ms)
    }
}

/// How long so many bytes take at this speed, in seconds, rounded up.
pub(super) fn remaining_s(left: u64, bytes_per_s: Option<u64>) -> Option<u64> {
    bytes_per_s.filter(|speed| *speed > 0).map(|speed| left.div_ceil(speed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_that_of_the_last_seconds_and_is_told_now_and_then() {
        let mut pace = Pace::default();
        assert!(pace.comes_on(0, 1_000));
        assert_eq!(pace.bytes_per_s(1_000), None);
        assert!(!pace.comes_on(100, 1_100), "told just before");
        assert!(pace.comes_on(1_000, 2_000));
        assert_eq!(pace.bytes_per_s(2_000), Some(1_000));
        assert_eq!(remaining_s(2_500, pace.bytes_per_s(2_000)), Some(3));
        // Ten seconds later at ten times the speed: what was before does not count.
        for second in 3..=20 {
            pace.comes_on(1_000 + (second - 2) * 10_000, second * 1_000);
        }
        assert_eq!(pace.bytes_per_s(20_000), Some(10_000));
        // It stands still.
        assert_eq!(pace.bytes_per_s(u64::MAX / 2), Some(0));
        assert_eq!(remaining_s(5, Some(0)), None);
    }

    #[test]
    fn what_begins_anew_has_no_speed_of_before() {
        let mut pace = Pace::default();
        pace.comes_on(0, 0);
        pace.comes_on(1_000_000, 1_000);
        pace.comes_on(0, 2_000);
        assert_eq!(pace.bytes_per_s(3_000), Some(0));
        assert_eq!(pace.done(), 0);
    }
}
