//! How long nobody has asked for anything on a locked profile that this process was given the password of.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

/// The time is looked at this often: a machine that slept is noticed soon after it wakes.
const LOOKS_EVERY: Duration = Duration::from_secs(5);

/// Tells when nobody has asked for anything for a certain time.
#[derive(Debug, Clone)]
pub(crate) struct Idle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    after: Duration,
    wall: fn() -> SystemTime,
    used: Mutex<Moment>,
}

/// By two clocks. The first stands still while the machine sleeps, the second can be set back.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Instant,
    wall: SystemTime,
}

impl Idle {
    /// Counts from this moment.
    pub(crate) fn after(after: Duration) -> Self {
        Self::by(after, SystemTime::now)
    }

    fn by(after: Duration, wall: fn() -> SystemTime) -> Self {
        let used = Mutex::new(Moment { at: Instant::now(), wall: wall() });
        Self(Arc::new(Inner { after, wall, used }))
    }

    /// A person has asked for something: it is counted anew.
    pub(crate) fn is_used(&self) {
        let now = Moment { at: Instant::now(), wall: (self.0.wall)() };
        *self.0.used.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Resolves once nobody has asked for anything for that long. May be dropped and asked again.
    pub(crate) async fn is_over(&self) {
        loop {
            let left = self.left();
            if left.is_zero() {
                return;
            }
            sleep(left.min(LOOKS_EVERY)).await;
        }
    }

    fn left(&self) -> Duration {
        let used = *self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        let by_wall = (self.0.wall)().duration_since(used.wall).unwrap_or_default();
        self.0.after.saturating_sub(used.at.elapsed().max(by_wall))
    }
}

/// As [`Idle::is_over`]; never where nothing is counted.
pub(super) async fn is_over(idle: Option<&Idle>) {
    match idle {
        Some(idle) => idle.is_over().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::time::timeout;

    use super::*;

    const QUARTER: Duration = Duration::from_secs(900);
    const NEARLY: Duration = Duration::from_secs(890);

    fn stands_still() -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_over_when_nobody_asked_for_long_and_each_question_counts_anew() {
        let idle = Idle::by(QUARTER, stands_still);
        for _ in 0..3 {
            assert!(timeout(NEARLY, idle.is_over()).await.is_err());
            idle.is_used();
        }
        let began = Instant::now();
        idle.is_over().await;
        assert!((QUARTER..QUARTER + Duration::from_secs(1)).contains(&began.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_slept_was_idle_and_a_clock_that_is_set_back_gives_no_time() {
        static WALL: AtomicU64 = AtomicU64::new(1_000_000);
        let idle = Idle::by(QUARTER, || SystemTime::UNIX_EPOCH + Duration::from_secs(WALL.load(Ordering::Relaxed)));
        assert!(timeout(Duration::from_secs(60), idle.is_over()).await.is_err());
        WALL.store(10, Ordering::Relaxed);
        assert!(timeout(Duration::from_secs(800), idle.is_over()).await.is_err());
        idle.is_used();
        // The process stood still with the machine, for a night.
        WALL.store(10 + 8 * 3600, Ordering::Relaxed);
        timeout(LOOKS_EVERY * 2, idle.is_over()).await.unwrap();
    }
}
