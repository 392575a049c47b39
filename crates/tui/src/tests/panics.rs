//! What a panic leaves of a terminal: this test's own program is run again in one, and panics there.

use std::io::Read;
use std::sync::mpsc::channel;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::Screen;

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(120);
/// Tells the program in the terminal who is to panic there.
const WHO: &str = "HUIS_TEST_PANICS";
const SENTENCE: &str = "That must not happen.";
const REASON: &str = "the sky fell";

#[test]
#[ignore = "it is what the tests beside it run in a terminal"]
#[expect(clippy::print_stdout, reason = "it has a terminal of its own")]
fn in_a_terminal() {
    let Ok(who) = std::env::var(WHO) else { return };
    let screen = Screen::take(SENTENCE.into()).unwrap();
    if who == "another" {
        std::thread::spawn(|| panic!("{REASON}")).join().unwrap_err();
        println!("still on the screen");
        drop(screen);
    } else {
        panic!("{REASON}");
    }
}

/// Everything that comes out of the terminal, and what stands on it in the end.
fn panics(who: &str) -> (String, vt100::Parser) {
    let size = PtySize { rows: 60, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let this = std::env::current_exe().unwrap();
    let script = "\"$0\" --exact tests::panics::in_a_terminal --ignored --nocapture; stty -a; echo ended";
    let mut shell = CommandBuilder::new("sh");
    shell.args(["-c", script, this.to_str().unwrap()]);
    shell.env("TERM", "xterm-256color");
    shell.env(WHO, who);
    shell.env_remove("RUST_BACKTRACE");
    let mut child = pair.slave.spawn_command(shell).unwrap();
    drop(pair.slave);
    let mut from = pair.master.try_clone_reader().unwrap();
    let (sender, output) = channel();
    std::thread::spawn(move || {
        let mut raw = Vec::new();
        // A terminal whose program has ended gives an error on some systems.
        let _ = from.read_to_end(&mut raw);
        let _ = sender.send(raw);
    });
    let raw = output.recv_timeout(PATIENCE);
    if raw.is_err() {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    let raw = raw.expect("it ends");
    let cells = |count| std::num::NonZeroU16::new(count).unwrap();
    let mut parser = vt100::Parser::new(cells(60), cells(120), 0);
    parser.process(&raw);
    (String::from_utf8(raw).unwrap(), parser)
}

fn is_as_it_was(terminal: &vt100::Screen) {
    let text = terminal.contents();
    assert!(text.contains("ended"), "{text}");
    assert!(!terminal.alternate_screen() && !terminal.hide_cursor() && !terminal.bracketed_paste(), "{text}");
    assert_eq!(terminal.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "{text}");
    assert!(["-echo ", "-icanon", "-isig", "-icrnl"].iter().all(|off| !text.contains(off)), "{text}");
    assert!(["echo", "icanon", "isig", "icrnl"].iter().all(|on| text.contains(on)), "{text}");
}

#[test]
fn a_panic_gives_the_terminal_back_and_says_a_sentence_before_its_report() {
    let (_, parser) = panics("the owner");
    is_as_it_was(parser.screen());
    let text = parser.screen().contents();
    let (sentence, reason) = (text.find(SENTENCE), text.find(REASON));
    assert!(sentence.is_some() && sentence < reason, "{text}");
}

#[test]
fn the_panic_of_another_thread_leaves_the_screen_alone_and_is_reported_after_it() {
    let (raw, parser) = panics("another");
    is_as_it_was(parser.screen());
    let text = parser.screen().contents();
    assert!(text.contains(REASON) && !text.contains(SENTENCE), "{text}");
    let (goes_on, reported) = (raw.find("still on the screen"), raw.find(REASON));
    assert!(goes_on.is_some() && goes_on < reported, "{raw:?}");
    assert_eq!(text.matches(REASON).count(), 1, "{text}");
}
