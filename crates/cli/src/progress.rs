//! A bar for what takes a while, on the standard error output where that is a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// As often as it is painted.
const EVERY: Duration = Duration::from_millis(100);
const CELLS: u64 = 30;
/// Room for speed and time.
const PACE: usize = 28;

pub(crate) struct Bar {
    what: &'static str,
    is_seen: bool,
    painted: Option<Instant>,
}

impl Bar {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, is_seen: std::io::stderr().is_terminal(), painted: None }
    }

    /// So much of so much is done.
    pub(crate) fn at(&mut self, done: u64, all: u64) {
        self.paint(|what| line(what, done, all));
    }

    /// As [`at`](Self::at), of so many bytes at so many a second.
    pub(crate) fn at_pace(&mut self, done: u64, all: u64, bytes_per_s: Option<u64>) {
        self.paint(|what| format!("{}{}", line(what, done, all), pace(all.saturating_sub(done), bytes_per_s)));
    }

    fn paint(&mut self, line: impl FnOnce(&str) -> String) {
        let is_due = self.painted.is_none_or(|painted| painted.elapsed() >= EVERY);
        if self.is_seen && is_due {
            self.painted = Some(Instant::now());
            // Whoever does not see it has lost nothing.
            let _ = write!(std::io::stderr(), "\r{}", line(self.what));
        }
    }

    /// Leaves the line to others.
    pub(crate) fn hide(&mut self) {
        if self.painted.take().is_some() {
            let width = line(self.what, 0, 1).len() + PACE;
            let _ = write!(std::io::stderr(), "\r{}\r", " ".repeat(width));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.hide();
    }
}

/// How fast so much goes that is left, and how long it takes; always as wide as [`PACE`].
fn pace(left: u64, bytes_per_s: Option<u64>) -> String {
    let Some(speed) = bytes_per_s.filter(|speed| *speed > 0) else { return " ".repeat(PACE) };
    let seconds = left.div_ceil(speed).min(99 * 3600 + 3599);
    let time = match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    };
    format!("{:>w$}", format!(" {}/s, {time}", huis_texts::size(speed)), w = PACE)
}

/// Less wide than any terminal.
fn line(what: &str, done: u64, all: u64) -> String {
    let all = all.max(1);
    let share = |whole: u64| (u128::from(done.min(all)) * u128::from(whole) / u128::from(all)) as usize;
    format!("{what} [{:<cells$}] {:>3} %", "#".repeat(share(CELLS)), share(100), cells = CELLS as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_and_its_line_does_not() {
        assert_eq!(line("Copying", 0, 0), format!("Copying [{}]   0 %", " ".repeat(30)));
        assert_eq!(line("Copying", 50, 100), format!("Copying [{}{}]  50 %", "#".repeat(15), " ".repeat(15)));
        assert_eq!(line("Copying", u64::MAX, u64::MAX), format!("Copying [{}] 100 %", "#".repeat(30)));
        assert_eq!(line("Copying", 7, 3), line("Copying", 3, 3));
    }

    #[test]
    fn what_stands_behind_the_bar_is_always_as_wide() {
        assert_eq!(pace(30_000_000, Some(10_000_000)).trim_start(), "10 MB/s, 3 s");
        assert_eq!(pace(5_000_000_000, Some(12_000_000)).trim_start(), "12 MB/s, 6 min 57 s");
        for (left, speed) in [(0, None), (5, Some(0)), (u64::MAX, Some(1)), (0, Some(u64::MAX))] {
            assert_eq!(pace(left, speed).len(), PACE, "{:?}", pace(left, speed));
        }
    }
}
