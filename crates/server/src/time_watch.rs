//! Whether the server may go by its clock where it must not be early: before it gives shares of locked messages away.
//!
//! Two clocks are compared: the one of the machine, which anybody with its privileges can set, and one that only counts on.
//! As long as both have moved by the same since the time was last confirmed, it is. A jump ends that, and so does nothing
//! else: time that was set forward for a moment must not open anything.
//!
//! What confirms the time: a file that the machine's time synchronisation touches, where the operator named one, if that
//! was touched within the last hour; else the operator, by starting the server.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use huis_proto::limits;

use crate::serve::in_ms;
use crate::state::Clock;

/// For how long a file that was touched confirms the time: what touched it was right then, and says nothing of what became
/// of the clock since. systemd-timesyncd touches its own every 34 minutes at least.
const FRESH: Duration = Duration::from_secs(3600);

/// The time is not sure. It may be again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsure;

/// Why a file does not confirm the time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Doubt {
    /// It can't be looked at.
    #[error("can't be looked at ({0})")]
    Unseen(#[from] io::Error),
    /// It was touched too long ago.
    #[error("was touched {} minutes before the machine's clock, and counts for {}", .before_ms / 60_000, FRESH.as_secs() / 60)]
    Old { before_ms: u64 },
    /// It was touched in what is still to come.
    #[error("was touched {} minutes ahead of the machine's clock", .ahead_ms / 60_000)]
    Ahead { ahead_ms: u64 },
}

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
        let state = match &confirmed_by {
            Some(file) => {
                if let Err(doubt) = confirm(file, clock.now_ms()) {
                    tracing::warn!(
                        "{} {doubt}: no locked message opens before the time is confirmed; see docs/time-locks.md",
                        file.display()
                    );
                }
                State::Unconfirmed
            }
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
            State::Unconfirmed if self.confirmed(now_ms).is_none() => return Err(Unsure),
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
            State::Lost { touched, .. } => match self.confirmed(now_ms) {
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
        touched(self.confirmed_by.as_ref()?).ok()
    }

    /// The same, if that confirms the time.
    fn confirmed(&self, now_ms: u64) -> Option<SystemTime> {
        confirm(self.confirmed_by.as_ref()?, now_ms).ok()
    }
}

/// When the file was touched last, if that confirms that it is `now_ms`.
pub(crate) fn confirm(file: &Path, now_ms: u64) -> Result<SystemTime, Doubt> {
    let touched = touched(file)?;
    let touched_ms = touched.duration_since(UNIX_EPOCH).map_or(0, in_ms);
    let (before_ms, ahead_ms) = (now_ms.saturating_sub(touched_ms), touched_ms.saturating_sub(now_ms));
    if before_ms > in_ms(FRESH) {
        Err(Doubt::Old { before_ms })
    } else if ahead_ms > in_ms(limits::CLOCK_TOLERANCE) {
        Err(Doubt::Ahead { ahead_ms })
    } else {
        Ok(touched)
    }
}

fn touched(file: &Path) -> io::Result<SystemTime> {
    file.metadata()?.modified()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

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

    fn touch(file: &Path, at_ms: u64) {
        let opened = std::fs::File::create(file).unwrap();
        opened.set_modified(UNIX_EPOCH + Duration::from_millis(at_ms)).unwrap();
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
        touch(&file, BEGINNING_MS);
        assert!(watch.sure_now_ms(&clocks).is_ok());
        // Touched before the jump was seen, it says nothing of the time after it.
        touch(&file, BEGINNING_MS + HOUR_MS);
        clocks.set(clocks.now_ms() + HOUR_MS);
        assert_eq!(watch.sure_now_ms(&clocks), Err(Unsure));
        assert_eq!(watch.sure_now_ms(&clocks), Err(Unsure));
        touch(&file, BEGINNING_MS + HOUR_MS + 1);
        assert_eq!(watch.sure_now_ms(&clocks), Ok(clocks.now_ms()));
        clocks.pass(2 * HOUR_MS);
        assert!(watch.sure_now_ms(&clocks).is_ok());
    }

    #[test]
    fn only_a_file_that_was_touched_within_the_last_hour_confirms_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("synchronised");
        let minute_ms = in_ms(limits::CLOCK_TOLERANCE);
        for jump_ms in [0, 3 * HOUR_MS] {
            for (touched_ms, confirms) in [
                (BEGINNING_MS - HOUR_MS - 1, false),
                (BEGINNING_MS - HOUR_MS, true),
                (BEGINNING_MS + minute_ms, true),
                (BEGINNING_MS + minute_ms + 1, false),
                (0, false),
            ] {
                let clocks = Clocks::new();
                clocks.set(BEGINNING_MS - jump_ms);
                touch(&file, clocks.now_ms());
                let watch = TimeWatch::begin(Some(file.clone()), &clocks);
                if jump_ms > 0 {
                    assert!(watch.sure_now_ms(&clocks).is_ok());
                    clocks.set(BEGINNING_MS);
                    assert_eq!(watch.sure_now_ms(&clocks), Err(Unsure));
                }
                touch(&file, touched_ms);
                assert_eq!(watch.sure_now_ms(&clocks).is_ok(), confirms, "{jump_ms} {touched_ms}");
            }
        }
    }

    #[test]
    fn what_does_not_confirm_the_time_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("synchronised");
        let says = |at_ms| confirm(&file, at_ms).unwrap_err().to_string();
        assert!(says(BEGINNING_MS).starts_with("can't be looked at ("));
        touch(&file, BEGINNING_MS);
        let late = says(BEGINNING_MS + 3 * HOUR_MS);
        assert_eq!(late, "was touched 180 minutes before the machine's clock, and counts for 60");
        assert_eq!(says(BEGINNING_MS - HOUR_MS), "was touched 60 minutes ahead of the machine's clock");
        assert!(confirm(&file, BEGINNING_MS).is_ok());
    }

    #[test]
    fn that_nothing_confirms_the_time_is_said_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("synchronised");
        let said = |confirmed_by: Option<&Path>| {
            let log = Log::default();
            let lines = tracing_subscriber::fmt().with_writer(log.clone()).without_time().finish();
            tracing::subscriber::with_default(lines, || {
                TimeWatch::begin(confirmed_by.map(Path::to_owned), &Clocks::new());
            });
            let said = log.0.lock().unwrap().clone();
            String::from_utf8(said).unwrap()
        };
        let warning = said(Some(&file));
        assert!(warning.contains("WARN") && warning.contains("synchronised can't be looked at"), "{warning}");
        touch(&file, BEGINNING_MS - 2 * HOUR_MS);
        assert!(said(Some(&file)).contains("was touched 120 minutes before"));
        touch(&file, BEGINNING_MS);
        assert_eq!(said(Some(&file)) + &said(None), "");
    }

    /// What is logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Log {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }
}
