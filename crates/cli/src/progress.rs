//! A bar for what takes a while, on the standard error output where that is a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// As often as it is painted.
const EVERY: Duration = Duration::from_millis(100);
const CELLS: u64 = 30;

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
        let is_due = self.painted.is_none_or(|painted| painted.elapsed() >= EVERY);
        if self.is_seen && is_due {
            self.painted = Some(Instant::now());
            // Whoever does not see it has lost nothing.
            let _ = write!(std::io::stderr(), "\r{}", line(self.what, done, all));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.painted.is_some() {
            let width = line(self.what, 0, 1).len();
            let _ = write!(std::io::stderr(), "\r{}\r", " ".repeat(width));
        }
    }
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
}
