//! Token buckets in a bounded map.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Too often; come back after this many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooOften {
    pub retry_after_s: u64,
}

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// The time for one more, in microseconds.
    interval_us: u64,
    /// How many may come at once.
    burst: u64,
}

/// One token bucket for each key, at most `capacity` of them.
///
/// A bucket is one number, the time at which it will be full again (the "theoretical arrival time" of the generic
/// cell rate algorithm, ITU-T I.371): no timer refills anything.
pub(super) struct Buckets<K> {
    capacity: usize,
    held: Mutex<Held<K>>,
}

struct Held<K> {
    full_at_us: HashMap<K, u64>,
    /// The keys, oldest first.
    order: VecDeque<K>,
}

/// How many old buckets are looked at for one that is full, before one that is not is forgotten.
const LOOKED_AT: usize = 8;

impl TooOften {
    /// Too early by so many microseconds.
    pub(super) fn by(early_us: u64) -> Self {
        Self { retry_after_s: early_us.div_ceil(1_000_000) }
    }
}

impl Rate {
    /// `count` a minute, all of which may come at once.
    pub(crate) fn per_minute(count: u32) -> Self {
        Self::new(60_000_000, count, 1)
    }

    /// `count` an hour, all of which may come at once.
    pub(crate) fn per_hour(count: u32) -> Self {
        Self::new(3_600_000_000, count, 1)
    }

    /// `count` a second, and `seconds` times as many at once.
    pub(crate) fn per_second(count: u32, seconds: u64) -> Self {
        Self::new(1_000_000, count, seconds)
    }

    fn new(period_us: u64, count: u32, bursts: u64) -> Self {
        let count = u64::from(count.max(1));
        Self { interval_us: (period_us / count).max(1), burst: count.saturating_mul(bursts) }
    }

    /// The time in which an empty bucket fills.
    pub(super) fn whole_us(self) -> u64 {
        self.interval_us.saturating_mul(self.burst)
    }

    /// The time for one more.
    pub(super) fn interval_us(self) -> u64 {
        self.interval_us
    }
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    pub(super) fn new(capacity: usize) -> Self {
        let held = Held { full_at_us: HashMap::new(), order: VecDeque::new() };
        Self { capacity: capacity.max(1), held: Mutex::new(held) }
    }

    /// Takes one from the bucket of `key`, which fills at this rate; it may be another one than before.
    pub(super) fn take(&self, rate: Rate, key: K, now_ms: u64) -> Result<(), TooOften> {
        let now_us = now_ms.saturating_mul(1000);
        let whole_us = rate.whole_us();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let known = held.full_at_us.get(&key).copied();
        // The upper bound matters when the clock was set back, or the rate is another one: nobody waits longer than for a whole
        // bucket.
        let full_at_us = known.unwrap_or(now_us).clamp(now_us, now_us.saturating_add(whole_us));
        let after_us = full_at_us.saturating_add(rate.interval_us);
        let debt_us = after_us - now_us;
        if debt_us > whole_us {
            if known.is_some() {
                held.full_at_us.insert(key, full_at_us);
            }
            return Err(TooOften::by(debt_us - whole_us));
        }
        if known.is_none() {
            held.make_room(self.capacity, now_us);
            held.order.push_back(key);
        }
        held.full_at_us.insert(key, after_us);
        Ok(())
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.held.lock().unwrap().full_at_us.len()
    }
}

impl<K: Copy + Eq + Hash> Held<K> {
    fn make_room(&mut self, capacity: usize, now_us: u64) {
        while self.order.len() >= capacity {
            // Forgetting a full bucket changes nothing; one in debt is forgotten only if the oldest few are all so.
            let full = self
                .order
                .iter()
                .take(LOOKED_AT)
                .position(|key| self.full_at_us.get(key).is_none_or(|full_at| *full_at <= now_us));
            let Some(key) = self.order.remove(full.unwrap_or(0)) else {
                return;
            };
            self.full_at_us.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let (rate, buckets) = (Rate::per_minute(6), Buckets::new(10));
        let taken = (0..10).filter(|_| buckets.take(rate, 1, 1_000).is_ok()).count();
        assert_eq!(taken, 6);
        assert_eq!(buckets.take(rate, 1, 1_000), Err(TooOften { retry_after_s: 10 }));
        assert_eq!(buckets.take(rate, 1, 10_999), Err(TooOften { retry_after_s: 1 }));
        assert_eq!(buckets.take(rate, 1, 11_000), Ok(()));
        assert!(buckets.take(rate, 1, 11_000).is_err());
        let later = (0..10).filter(|_| buckets.take(rate, 1, 1_000_000).is_ok()).count();
        assert_eq!(later, 6);
    }

    #[test]
    fn refused_attempts_do_not_prolong_the_wait() {
        let (rate, buckets) = (Rate::per_minute(1), Buckets::new(10));
        assert!(buckets.take(rate, 1, 0).is_ok());
        for now_ms in 1..1000 {
            assert!(buckets.take(rate, 1, now_ms).is_err());
        }
        assert!(buckets.take(rate, 1, 60_000).is_ok());
    }

    #[test]
    fn any_number_of_keys_takes_a_bounded_space() {
        let (rate, buckets) = (Rate::per_minute(1), Buckets::new(100));
        for key in 0..10_000 {
            assert!(buckets.take(rate, key, 0).is_ok());
        }
        assert_eq!(buckets.len(), 100);
    }

    #[test]
    fn a_crowd_of_newcomers_does_not_free_whom_the_limit_holds() {
        let (rate, buckets) = (Rate::per_minute(60), Buckets::new(100));
        while buckets.take(rate, 0, 0).is_ok() {}
        for key in 1..10_000 {
            // Each pays its debt within a second, the guesser at key 0 does not.
            assert!(buckets.take(rate, key, key * 11).is_ok());
            if key * 11 > 900 {
                break;
            }
        }
        assert!(buckets.take(rate, 0, 900).is_err());
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out_for_longer_than_a_whole_bucket() {
        let (rate, buckets) = (Rate::per_minute(1), Buckets::new(10));
        assert!(buckets.take(rate, 1, 1_000_000_000).is_ok());
        assert_eq!(buckets.take(rate, 1, 0), Err(TooOften { retry_after_s: 60 }));
        assert!(buckets.take(rate, 1, 59_999).is_err());
        assert!(buckets.take(rate, 1, 60_000).is_ok());
    }

    #[test]
    fn another_rate_counts_at_once_and_what_was_taken_before_with_it() {
        let (slow, fast, buckets) = (Rate::per_minute(2), Rate::per_minute(60), Buckets::new(10));
        assert!(buckets.take(slow, 1, 0).is_ok() && buckets.take(slow, 1, 0).is_ok());
        assert_eq!(buckets.take(slow, 1, 0), Err(TooOften { retry_after_s: 30 }));
        assert_eq!(buckets.take(fast, 1, 0), Err(TooOften { retry_after_s: 1 }));
        assert!(buckets.take(fast, 1, 1_000).is_ok());
        assert_eq!(buckets.take(slow, 2, 0), Ok(()), "nobody else's");
    }
}
