//! How much one connection may say: token buckets.

use std::time::Duration;

use tokio::time::Instant;

/// Lets `burst` through at once and `per_second` in the long run.
pub(super) struct Rate {
    left: f32,
    at: Instant,
    burst: f32,
    per_second: f32,
}

impl Rate {
    /// Frames of any kind. Submissions are also bounded by the store's speed; this is against floods of the others.
    pub(super) fn of_frames(now: Instant) -> Self {
        Self::new(now, 20_000.0, 10_000.0)
    }

    /// Ephemeral frames.
    pub(super) fn of_ephemerals(now: Instant) -> Self {
        Self::new(now, 30.0, 10.0)
    }

    fn new(now: Instant, burst: f32, per_second: f32) -> Self {
        Self { left: burst, at: now, burst, per_second }
    }

    /// Takes one; false if there is none left.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if self.left < 1.0 {
            let passed: Duration = now.saturating_duration_since(self.at);
            self.left = (self.left + passed.as_secs_f32() * self.per_second).min(self.burst);
            self.at = now;
        }
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_steady_rate() {
        let start = Instant::now();
        let mut rate = Rate::new(start, 3.0, 2.0);
        assert_eq!((0..5).filter(|_| rate.take(start)).count(), 3);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..5).filter(|_| rate.take(later)).count(), 2);
        let much_later = start + Duration::from_secs(1_000);
        assert_eq!((0..5).filter(|_| rate.take(much_later)).count(), 3);
    }
}
