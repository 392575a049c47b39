//! The terminal: taken at the beginning, given back at the end, whatever the end is.

use std::io::{self, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::ThreadId;

use base64::Engine;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, EventStream, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, SetTitle,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use crate::background::{self, Background};
use crate::cells::{self, Link};
use crate::{App, Entry};

/// Bytes that the clipboard takes; terminals refuse more.
const COPY: usize = 74_994;
/// Cells of a title or a notification.
const LINE: u16 = 120;

/// Whether the terminal is taken.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// The thread that took it, and what it says first where it panics.
static OWNER: Mutex<Option<(ThreadId, String)>> = Mutex::new(None);
/// What another thread reported when it panicked, until the terminal is given back.
static REPORT: Mutex<Option<String>> = Mutex::new(None);

/// How a person is called, beside what the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcing {
    /// By the bell.
    pub bell: bool,
    /// By a notification of the terminal.
    pub notify: bool,
}

/// The terminal, as long as it is taken.
pub struct Screen {
    terminal: Terminal<Linked<CrosstermBackend<Stdout>>>,
    title: String,
    /// While nobody reads it.
    keys: Option<Keys>,
}

/// What the terminal sends. There is one reader as long as the terminal is taken: where another one followed it, keys
/// that came in between would be lost.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) stream: EventStream,
    pub(crate) background: Background,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Screen")
    }
}

impl Screen {
    /// Takes the terminal. A panic of this thread gives it back before it is reported, by this sentence and then as any
    /// other; that of another thread is reported when the terminal is given back.
    ///
    /// # Errors
    /// What the terminal says.
    pub fn take(on_panic: String) -> io::Result<Self> {
        give_back_on_panic();
        *OWNER.lock().unwrap_or_else(PoisonError::into_inner) = Some((std::thread::current().id(), on_panic));
        crossterm::terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let taken = Self::prepare();
        if taken.is_err() {
            restore();
        }
        taken
    }

    fn prepare() -> io::Result<Self> {
        let mut out = io::stdout();
        execute!(
            out,
            EnterAlternateScreen,
            DisableLineWrap,
            EnableBracketedPaste,
            EnableFocusChange,
            EnableMouseCapture,
            // Tells Shift+Enter from Enter; terminals that do not know it pass it over.
            PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES),
            cursor::SetCursorStyle::SteadyBar,
        )?;
        out.write_all(background::QUESTION.as_bytes())?;
        out.flush()?;
        let terminal = Terminal::new(Linked { inner: CrosstermBackend::new(out), links: Vec::new() })?;
        Ok(Self { terminal, title: String::new(), keys: None })
    }

    /// What the terminal sends, to be [given back](Self::give_back).
    pub(crate) fn take_keys(&mut self) -> Keys {
        self.keys.take().unwrap_or_default()
    }

    pub(crate) fn give_back(&mut self, keys: Keys) {
        self.keys = Some(keys);
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// What the terminal says.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Paints the screen, as far as it is another one.
    ///
    /// # Errors
    /// What the terminal says.
    pub fn paint(&mut self, app: &mut App) -> io::Result<()> {
        queue!(self.out(), BeginSynchronizedUpdate)?;
        self.terminal.autoresize()?;
        let mut picture = self.terminal.get_frame();
        let frame = app.picture(picture.buffer_mut());
        self.terminal.backend_mut().links = frame.links;
        self.terminal.flush()?;
        match frame.cursor {
            Some(position) => {
                self.terminal.set_cursor_position(position)?;
                self.terminal.show_cursor()?;
            }
            None => self.terminal.hide_cursor()?,
        }
        self.terminal.swap_buffers();
        let title = app.title();
        if title != self.title {
            queue!(self.out(), SetTitle(&title))?;
            self.title = title;
        }
        queue!(self.out(), EndSynchronizedUpdate)?;
        Backend::flush(self.terminal.backend_mut())
    }

    /// Paints what is shown before somebody is signed in.
    ///
    /// # Errors
    /// What the terminal says.
    pub(crate) fn paint_entry(&mut self, entry: &Entry) -> io::Result<()> {
        queue!(self.out(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            if let Some(cursor) = entry.draw(frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        })?;
        queue!(self.out(), EndSynchronizedUpdate)?;
        Backend::flush(self.terminal.backend_mut())
    }

    /// Forgets what is on the screen, so that all of it is painted again.
    ///
    /// # Errors
    /// What the terminal says.
    pub fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Puts a text into the clipboard, if the terminal does that (OSC 52).
    ///
    /// # Errors
    /// What the terminal says.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let out = self.out();
        out.write_all(copying(text).as_bytes())?;
        Write::flush(out)
    }

    /// Calls the person.
    ///
    /// # Errors
    /// What the terminal says.
    pub fn call(&mut self, how: Announcing, title: &str, text: &str) -> io::Result<()> {
        let out = self.out();
        out.write_all(calling(how, title, text).as_bytes())?;
        Write::flush(out)
    }

    fn out(&mut self) -> &mut CrosstermBackend<Stdout> {
        &mut self.terminal.backend_mut().inner
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, if it is taken. What fails is passed over: nothing else could be done about it.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = execute!(
        out,
        PopKeyboardEnhancementFlags,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        cursor::SetCursorStyle::DefaultUserShape,
        EnableLineWrap,
        LeaveAlternateScreen,
        cursor::Show,
    );
    let _ = crossterm::terminal::disable_raw_mode();
    if let Some(report) = REPORT.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = writeln!(io::stderr(), "{report}");
    }
}

fn give_back_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let owner = OWNER.lock().unwrap_or_else(PoisonError::into_inner).clone();
            match owner {
                Some((owner, sentence)) if owner == std::thread::current().id() => {
                    if TAKEN.load(Ordering::SeqCst) {
                        restore();
                        let _ = writeln!(io::stderr(), "{sentence}");
                    }
                    before(panic);
                }
                // The screen goes on, and would have the report painted over it, and gone with it.
                _ if TAKEN.load(Ordering::SeqCst) => {
                    let thread = std::thread::current();
                    let report = format!("thread '{}' {panic}", thread.name().unwrap_or("<unnamed>"));
                    REPORT.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(report);
                }
                _ => before(panic),
            }
        }));
    });
}

fn copying(text: &str) -> String {
    let mut end = text.len().min(COPY);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(text.get(..end).unwrap_or_default());
    format!("\x1b]52;c;{encoded}\x1b\\")
}

/// The bell, and a notification in both forms that terminals know.
fn calling(how: Announcing, title: &str, text: &str) -> String {
    let mut out = String::new();
    if how.bell {
        out.push('\x07');
    }
    if how.notify {
        // A semicolon parts the fields.
        let plain = |text: &str| cells::cut(text, LINE).replace(';', ",");
        let (title, text) = (plain(title), plain(text));
        out.push_str(&format!("\x1b]777;notify;{title};{text}\x1b\\\x1b]9;{title}: {text}\x1b\\"));
    }
    out
}

/// A backend that tells the terminal where links lead (OSC 8).
struct Linked<B> {
    inner: B,
    links: Vec<Link>,
}

impl<B: Backend<Error = io::Error> + Write> Backend for Linked<B> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let links = std::mem::take(&mut self.links);
        let mut run: Vec<(u16, u16, &Cell)> = Vec::new();
        let mut within: Option<&Link> = None;
        for (x, y, cell) in content {
            let link = links.iter().find(|link| link.row == y && (link.from..link.to).contains(&x));
            if link != within {
                self.draw_run(&mut run, within)?;
                within = link;
            }
            run.push((x, y, cell));
        }
        self.draw_run(&mut run, within)
    }

    fn append_lines(&mut self, n: u16) -> io::Result<()> {
        self.inner.append_lines(n)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

impl<B: Backend<Error = io::Error> + Write> Linked<B> {
    fn draw_run(&mut self, run: &mut Vec<(u16, u16, &Cell)>, link: Option<&Link>) -> io::Result<()> {
        if run.is_empty() {
            return Ok(());
        }
        if let Some(link) = link {
            write!(self.inner, "\x1b]8;;{}\x1b\\", link.target)?;
        }
        self.inner.draw(run.drain(..))?;
        if link.is_some() {
            write!(self.inner, "\x1b]8;;\x1b\\")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn a_link_leads_where_its_text_says_and_ends_with_it() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        let mut canvas = cells::Canvas::new(&mut buffer);
        let target: Rc<str> = Rc::from("https://a.b/");
        canvas.put(0, 0, 20, "x ", Style::new());
        let end = canvas.put_link(2, 0, 20, "https://a.b/", Style::new(), &target);
        canvas.put(end, 0, 20, " y", Style::new());
        let links = canvas.finish();
        let mut out = Vec::new();
        let mut linked = Linked { inner: CrosstermBackend::new(&mut out), links };
        linked.draw(Buffer::empty(buffer.area).diff(&buffer).into_iter()).unwrap();
        let written = String::from_utf8(out).unwrap();
        let begin = written.find("\x1b]8;;https://a.b/\x1b\\").unwrap();
        let end = written.find("\x1b]8;;\x1b\\").unwrap();
        assert!(written[begin..end].contains("https://a.b/") && !written[begin..end].contains('y'));
        assert_eq!(written.matches("\x1b]8;").count(), 2);
    }

    #[test]
    fn nothing_in_a_name_or_text_ends_a_notification_early() {
        let how = Announcing { bell: true, notify: true };
        let written = calling(how, "a\x1b\\\x07b;c", "\u{9c}\u{202e}text\n");
        assert_eq!(written.matches('\x1b').count(), 4);
        assert_eq!(written.matches('\x07').count(), 1);
        assert!(!written.contains(['\u{9c}', '\u{202e}', '\n']));
        assert_eq!(calling(Announcing { bell: false, notify: false }, "a", "b"), "");
    }

    #[test]
    fn a_copied_text_is_encoded_and_bounded() {
        assert_eq!(copying("é\x1b"), "\x1b]52;c;w6kb\x1b\\");
        assert!(copying(&"é".repeat(60_000)).len() < 100_020);
    }
}
