//! Whether the server may go by its clock where it must not be early: before it gives shares of locked messages away.
//!
//! Two clocks are compared: the one of the machine, which anybody with its privileges can set, and one that only counts on.
//! As long as both have moved by the same since the time was last confirmed, it is. A jump ends that, and so does nothing
//! else: time that was set forward for a moment must not open anything.
//!
//! What confirms the time: a file that the machine's time synchronisation touches, where the operator named one; else the
//! operator, by starting the server.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use huis_proto::limits;

use crate::serve::in_ms;
use crate::state::Clock;

/// The time is not sure. It may be again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsure;

/// Looks at the clocks.
pub(crate) struct TimeWatch {
    confirmed_by: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Not yet since the start.
    Unconfirmed,
    /// Both clocks when it was.
    Confirmed { wall_ms: u64, elapsed_ms: u64 },
    /// They have parted. `touched`: when the file was touched last, as it was seen then.
    Lost { wall_ms: u64, elapsed_ms: u64, touched: Option<SystemTime> },
}

impl TimeWatch {
    pub(crate) fn begin(confirmed_by: Option<PathBuf>, clock: &dyn Clock) -> Self {
        let state = match confirmed_by {
            Some(_) => State::Unconfirmed,
            None => State::Confirmed { wall_ms: clock.now_ms(), elapsed_ms: clock.elapsed_ms() },
        };
        Self { confirmed_by, state: Mutex::new(state) }
    }

    /// The time in milliseconds since 1970, if it is sure.
    pub(crate) fn sure_now_ms(&self, clock: &dyn Clock) -> Result<u64, Unsure> {
        let (now_ms, now_elapsed_ms) = (clock.now_ms(), clock.elapsed_ms());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let afresh = State::Confirmed { wall_ms: now_ms, elapsed_ms: now_elapsed_ms };
        let agree = |wall_ms: u64, elapsed_ms: u64| {
            let expected_ms = wall_ms.saturating_add(now_elapsed_ms.saturating_sub(elapsed_ms));
            now_ms.abs_diff(expected_ms) <= in_ms(limits::CLOCK_TOLERANCE)
        };
        match *state {
            State::Unconfirmed if self.touched().is_none() => return Err(Unsure),
            State::Unconfirmed => {
                tracing::info!("the time is confirmed: locked messages open from here on");
                *state = afresh;
            }
            State::Confirmed { wall_ms, elapsed_ms } if agree(wall_ms, elapsed_ms) => {}
            State::Confirmed { wall_ms, elapsed_ms } => {
                tracing::error!(
                    "the machine's clock has jumped: no locked message opens before it is right again and confirmed; \
                     see docs/time-locks.md"
                );
                *state = State::Lost { wall_ms, elapsed_ms, touched: self.touched() };
                return Err(Unsure);
            }
            State::Lost { wall_ms, elapsed_ms, .. } if agree(wall_ms, elapsed_ms) => {
                tracing::info!("the machine's clock is back: locked messages open again");
                *state = State::Confirmed { wall_ms, elapsed_ms };
            }
            // Only what was touched behind the moment at which the jump was seen says anything of the time after it.
            State::Lost { touched, .. } => match self.touched() {
                again @ Some(_) if again != touched => {
                    tracing::info!("the time is confirmed anew: locked messages open again");
                    *state = afresh;
                }
                _ => return Err(Unsure),
            },
        }
        Ok(now_ms)
    }

    /// When the file that confirms the time was touched last.
    fn touched(&self) -> Option<SystemTime> {
        self.confirmed_by.as_ref()?.metadata().ok()?.modified().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    const BEGINNING_MS: u64 = 1_800_000_000_000;
    const HOUR_MS: u64 = 3_600_000;

    struct Clocks {
        wall_ms: AtomicU64,
        elapsed_ms: AtomicU64,
    }

    impl Clocks {
        fn new() -> Self {
            Self { wall_ms: AtomicU64::new(BEGINNING_MS), elapsed_ms: AtomicU64::new(7) }
        }

        fn pass(&self, ms: u64) {
            self.wall_ms.fetch_add(ms, Ordering::SeqCst);
            self.elapsed_ms.fetch_add(ms, Ordering::SeqCst);
        }

        fn set(&self, wall_ms: u64) {
            self.wall_ms.store(wall_ms, Ordering::SeqCst);
        }
    }

    impl Clock for Clocks {
        fn now_ms(&self) -> u64 {
            self.wall_ms.load(Ordering::SeqCst)
        }

        fn elapsed_ms(&self) -> u64 {
            self.elapsed_ms.load(Ordering::SeqCst)
        }
    }

    fn touch(file: &std::path::Path, seconds: u64) {
        let opened = std::fs::File::create(file).unwrap();
        opened.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn time_that_passes_stays_sure_and_small_corrections_change_nothing() {
        let clocks = Clocks::new();
        let watch = TimeWatch::begin(None, &clocks);
        for _ in 0..1000 {
            clocks.pass(HOUR_MS);
            assert_eq!(watch.sure_now_ms(&clocks), Ok(clocks.now_ms()));
        }
        clocks.set(clocks.now_ms() + 50_000);
        assert!(watch.sure_now_ms(&clocks).is_ok());
        // But many small ones are a large one.
        clocks.set(clocks.now_ms() + 50_000);
        assert_eq!(watch.sure_now_ms(&clocks), Err(Unsure));
    }

    #[test]
    fn a_jump_either_way_pauses_until_the_clocks_agree_again() {
        for jump in [HOUR_MS as i64, -(HOUR_MS as i64)] {
            let clocks = Clocks::new();
            let watch = TimeWatch::begin(None, &clocks);
            let right = clocks.now_ms();
            clocks.set(right.saturating_add_signed(jump));
            for _ in 0..3 {
                assert_eq!(watch.sure_now_ms(&clocks), Err(Unsure), "{jump}");
                clocks.pass(24 * HOUR_MS);
            }
            clocks.set(right + 3 * 24 * HOUR_MS);
            assert_eq!(watch.sure_now_ms(&clocks), Ok(right + 3 * 24 * HOUR_MS));
        }
    }

    #[test]
    fn after_a_start_and_after_a_jump_the_named_file_confirms_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("synchronised");
        let clocks = Clocks::new();
        let watch = TimeWatch::begin(Some(file.clone()), &clocks);
        assert_eq!(watch.sure_now_ms(&clocks), Err(Unsure));
        touch(&file, 1);
        assert!(watch.sure_now_ms(&clocks).is_ok());
        // Touched before the jump was seen, it says nothing of the time after it.
        touch(&file, 2);
        clocks.set(clocks.now_ms() + HOUR_MS);
        assert_eq!(watch.sure_now_ms(&clocks), Err(Unsure));
        assert_eq!(watch.sure_now_ms(&clocks), Err(Unsure));
        touch(&file, 3);
        assert_eq!(watch.sure_now_ms(&clocks), Ok(clocks.now_ms()));
        clocks.pass(HOUR_MS);
        assert!(watch.sure_now_ms(&clocks).is_ok());
    }
}
