//! A terminal with the program in it.

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

/// For one thing to appear on the screen.
const PATIENCE: Duration = Duration::from_secs(60);
/// Around what a program paints at a time, if it says so: a screen in between is no screen.
const PAINTS: &[u8] = b"\x1b[?2026h";
const PAINTED: &[u8] = b"\x1b[?2026l";

pub(super) struct Terminal {
    seen: Arc<Seen>,
    to: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    pid: u32,
    /// Open as long as the program is to have a terminal.
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    /// The end of what came, as far as one of the marks may begin in it.
    last: Vec<u8>,
    is_painting: bool,
    /// When the last bytes came.
    at: Instant,
    has_ended: bool,
}

impl Terminal {
    /// Starts a command in a terminal of this size, in columns and rows.
    pub(super) fn open(command: &Command, (columns, rows): (u16, u16)) -> anyhow::Result<Self> {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env("TERM", "xterm-256color");
        builder.env("LC_ALL", "C.UTF-8");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => builder.env(name, value),
                None => builder.env_remove(name),
            }
        }
        let state = State::empty((columns, rows))?;
        let seen = Arc::new(Seen { state: Mutex::new(state), changed: Condvar::new() });
        let mut from = pair.master.try_clone_reader()?;
        let to = pair.master.take_writer()?;
        let child = pair.slave.spawn_command(builder)?;
        // What the program holds open is all that holds the terminal open.
        drop(pair.slave);
        let pid = child.process_id().context("the program ended at once")?;
        let reading = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            loop {
                // A terminal whose program has ended gives an error on some systems.
                let count = from.read(&mut buffer).unwrap_or(0);
                let mut state = reading.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.take(&buffer[..count]);
                state.has_ended = count == 0;
                reading.changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Ok(Self { seen, to, child, pid, _master: pair.master })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Types a text.
    pub(super) fn types(&mut self, text: &str) -> anyhow::Result<()> {
        self.to.write_all(text.as_bytes())?;
        Ok(self.to.flush()?)
    }

    /// The screen's text.
    pub(super) fn screen(&self) -> String {
        self.seen.state.lock().unwrap_or_else(PoisonError::into_inner).parser.screen().contents()
    }

    /// Waits until the screen, painted whole, is as wanted; gives the moment at which it was.
    pub(super) fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Instant> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.seen.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let screen = state.parser.screen().contents();
            if !state.is_painting && wanted(&screen) {
                return Ok(state.at);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.has_ended || left.is_zero() {
                bail!("{what} was not shown:\n{screen}");
            }
            state = self.seen.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the program's end, which must be a good one.
    pub(super) fn ends(mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.seen.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.has_ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("the program does not end:\n{}", state.parser.screen().contents());
            }
            state = self.seen.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let screen = state.parser.screen().contents();
        drop(state);
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the program ended with {status}:\n{screen}");
        }
        Ok(())
    }
}

impl State {
    fn empty((columns, rows): (u16, u16)) -> anyhow::Result<Self> {
        let cells = |count| NonZeroU16::new(count).context("a terminal without cells");
        let parser = vt100::Parser::new(cells(rows)?, cells(columns)?, 0);
        Ok(Self { parser, last: Vec::new(), is_painting: false, at: Instant::now(), has_ended: false })
    }

    fn take(&mut self, bytes: &[u8]) {
        self.at = Instant::now();
        self.parser.process(bytes);
        self.last.extend_from_slice(bytes);
        let last_of = |mark: &[u8]| self.last.windows(mark.len()).rposition(|window| window == mark);
        match (last_of(PAINTS), last_of(PAINTED)) {
            (None, None) => {}
            (begun, ended) => self.is_painting = begun > ended,
        }
        let kept = self.last.len().saturating_sub(PAINTS.len() - 1);
        self.last.drain(..kept);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Terminal {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Terminal::open(&command, (40, 5)).unwrap()
    }

    #[test]
    fn a_screen_counts_once_it_is_painted_whole() {
        let mut state = State::empty((40, 5)).unwrap();
        let mut paints = |bytes: &str| {
            state.take(bytes.as_bytes());
            state.is_painting
        };
        assert!(!paints("before "));
        assert!(paints("\x1b[?2026hhalf "));
        // The mark of the end comes in two parts.
        assert!(paints("whole\x1b[?20"));
        assert!(!paints("26l"));
        assert!(!paints("\x1b[?2026hat once\x1b[?2026l"));
        assert!(paints("\x1b[?2026hone\x1b[?2026l\x1b[?2026hand another"));
    }

    #[test]
    fn a_program_that_ends_before_or_badly_is_an_error() {
        assert!(shell("echo something else").wait("it", |screen| screen.contains("wanted")).is_err());
        let error = shell("echo went wrong; exit 3").ends().unwrap_err().to_string();
        assert!(error.contains("went wrong"), "{error}");
    }
}
