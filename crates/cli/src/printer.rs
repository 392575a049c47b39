//! The standard output: lines for people, or one JSON object a line.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::outcome::{Outcome, Stop};

/// Writes to the standard output.
pub(crate) struct Printer {
    json: bool,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether what is printed is JSON.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.json
    }

    /// Prints a thing as JSON or for people, and sees that it has left this process.
    ///
    /// # Errors
    /// [`Stop::ReaderGone`] where nobody reads any more.
    pub(crate) fn thing(&self, thing: &impl Serialize, for_people: impl FnOnce() -> String) -> Outcome {
        let mut text = if self.json {
            serde_json::to_string(thing)
                .map_err(|error| Stop::failed("internal", format!("cannot write JSON: {error}"), ""))?
        } else {
            for_people()
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        self.write(text.as_bytes())
    }

    /// Prints a line for people alone: with `--json` nothing.
    pub(crate) fn remark(&self, line: &str) -> Outcome {
        if self.json { Ok(()) } else { self.write(format!("{line}\n").as_bytes()) }
    }

    /// Prints bytes as they are.
    pub(crate) fn write(&self, bytes: &[u8]) -> Outcome {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Stop::ReaderGone,
            _ => {
                Stop::failed("output", format!("the standard output can't be written: {error}"), "check where it leads")
            }
        })
    }
}

/// Says something beside the output.
pub(crate) fn note(sentence: &str) {
    eprintln!("note: {}", huis_texts::safe_line(sentence));
}
