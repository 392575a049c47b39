//! A terminal with the program in it: what is typed goes in, and what its screen shows is waited for. Nothing here
//! waits for time: a test goes on as soon as the screen shows what it is to show, and fails where it does not within a
//! bound.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::harness::{Person, huis};

/// A test that waits longer for one thing than this has failed.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Terminal {
    seen: Arc<Seen>,
    to: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

/// What came out of the program so far.
struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    /// Every byte as it came.
    raw: Vec<u8>,
    has_ended: bool,
}

impl Person {
    /// This person's `huis chat` in a terminal of 80 by 24.
    pub(crate) fn chats(&self, args: &[&str]) -> Terminal {
        self.chats_in(80, 24, args)
    }

    /// As `chats`, in a terminal of another size.
    pub(crate) fn chats_in(&self, columns: u16, rows: u16, args: &[&str]) -> Terminal {
        let mut all = vec!["chat"];
        all.extend(args);
        let mut command = huis(&all);
        command.env("HUIS_PROFILE", &self.profile).env("HUIS_SERVER", self.url());
        Terminal::open(&command, columns, rows)
    }

    /// As `chats`, started by a shell that has done this before.
    pub(crate) fn chats_behind(&self, script: &str) -> Terminal {
        let chat = huis(&["chat"]);
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(format!("{script} && exec \"$0\" chat")).arg(chat.get_program());
        chat.get_envs().for_each(|(name, _)| _ = command.env_remove(name));
        command.env("HUIS_PROFILE", &self.profile).env("HUIS_SERVER", self.url());
        Terminal::open(&command, 80, 24)
    }
}

impl Terminal {
    /// Starts a command in a terminal.
    pub(crate) fn open(command: &std::process::Command, columns: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        for name in ["LC_ALL", "LC_MESSAGES", "NO_COLOR", "COLORTERM", "COLORFGBG"] {
            builder.env_remove(name);
        }
        builder.env("TERM", "xterm-256color");
        builder.env("LANG", "C.UTF-8");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => builder.env(name, value),
                None => builder.env_remove(name),
            }
        }
        let child = pair.slave.spawn_command(builder).unwrap();
        // What the program holds open is all that holds the terminal open.
        drop(pair.slave);
        let mut from = pair.master.try_clone_reader().unwrap();
        let to = pair.master.take_writer().unwrap();
        let parser = vt100::Parser::new(cells(rows), cells(columns), 0);
        let state = Mutex::new(State { parser, raw: Vec::new(), has_ended: false });
        let seen = Arc::new(Seen { state, changed: Condvar::new() });
        let reading = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            loop {
                // A terminal whose program has ended gives an error on some systems.
                let count = from.read(&mut buffer).unwrap_or(0);
                let mut state = reading.state.lock().unwrap();
                if count == 0 {
                    state.has_ended = true;
                } else {
                    state.raw.extend_from_slice(&buffer[..count]);
                    state.parser.process(&buffer[..count]);
                }
                reading.changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self { seen, to, master: pair.master, child }
    }

    /// Types a text.
    pub(crate) fn types(&mut self, text: &str) {
        self.to.write_all(text.as_bytes()).unwrap();
        self.to.flush().unwrap();
    }

    /// One group of keystrokes: a text, and Enter.
    pub(crate) fn enters(&mut self, text: &str) {
        self.types(&format!("{text}\r"));
    }

    /// Pastes a text, in the way that terminals mark it.
    pub(crate) fn pastes(&mut self, text: &str) {
        self.types(&format!("\u{1b}[200~{text}\u{1b}[201~"));
    }

    /// Waits until the screen is as wanted, and gives its text.
    pub(crate) fn waits_for(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.seen.state.lock().unwrap();
        loop {
            let screen = state.parser.screen();
            if wanted(screen) {
                return screen.contents();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.has_ended || left.is_zero() {
                let (shown, last) = (screen.contents(), state.raw.len().saturating_sub(3_000));
                let last = String::from_utf8_lossy(&state.raw[last..]).into_owned();
                // The reader goes on.
                drop(state);
                panic!("{what} was not shown:\n{shown}\nwhat came last: {last:?}");
            }
            state = self.seen.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits until the screen shows a text.
    pub(crate) fn shows(&self, text: &str) -> String {
        self.waits_for(text, |screen| screen.contents().contains(text))
    }

    /// Waits until the screen no longer shows a text.
    pub(crate) fn hides(&self, text: &str) -> String {
        self.waits_for(&format!("the end of {text}"), |screen| !screen.contents().contains(text))
    }

    /// Waits until the terminal no longer shows what is typed: a question comes a moment before that.
    pub(crate) fn hides_what_is_typed(&self) {
        /// ECHO of termios.
        const ECHO: u64 = 0o10;
        let deadline = Instant::now() + PATIENCE;
        while self.master.get_termios().unwrap().local_flags.bits() as u64 & ECHO != 0 {
            assert!(Instant::now() < deadline, "what is typed stays on the screen");
            std::thread::yield_now();
        }
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        // First, so that what the program paints then has its place.
        self.seen.state.lock().unwrap().parser.screen_mut().set_size(cells(rows), cells(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Sends a signal to the program alone, also where a shell runs it.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.process_id().unwrap();
        let script = format!("kill -{signal} $(pgrep -P {pid} || echo {pid})");
        std::process::Command::new("sh").args(["-c", &script]).status().unwrap();
    }

    /// `kill -9`. The terminal stays as the program had it.
    pub(crate) fn dies(mut self) {
        self.signal("KILL");
        self.child.wait().unwrap();
    }

    /// Everything that the program has written, as it came.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.seen.state.lock().unwrap().raw.clone()
    }

    /// Waits for the program's end; gives its exit code and what the terminal then shows.
    pub(crate) fn ends(mut self) -> (u32, String) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.seen.state.lock().unwrap();
        while !state.has_ended {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "it does not end:\n{}", state.parser.screen().contents());
            state = self.seen.changed.wait_timeout(state, left).unwrap().0;
        }
        let screen = state.parser.screen();
        let text = screen.contents();
        assert!(!screen.alternate_screen(), "the screen before is there again:\n{text}");
        assert!(!screen.hide_cursor() && !screen.bracketed_paste(), "the terminal is as it was:\n{text}");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is the terminal's again");
        drop(state);
        (self.child.wait().unwrap().exit_code(), text)
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
