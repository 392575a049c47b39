//! Ctrl-C, where a command has something to do or to say before it ends.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::outcome::{Outcome, Stop};
use crate::printer::note;

/// The exit code of a process that ends at the second one.
const ENDED_AT_ONCE: i32 = 130;
/// A command that still runs so long after the first one says how to end it at once.
const SAYS_AFTER: Duration = Duration::from_millis(500);

/// Whether somebody pressed Ctrl-C since this was made. The second time the process ends at once, as it does without this
/// at the first; what is stored stays.
pub(crate) struct Interrupts(watch::Receiver<bool>);

impl Interrupts {
    pub(crate) fn from_now_on() -> Outcome<Self> {
        let mut interrupts = signal(SignalKind::interrupt()).map_err(|error| Stop::file("signals", &error))?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            while interrupts.recv().await.is_some() {
                if sender.send_replace(true) {
                    std::process::exit(ENDED_AT_ONCE);
                }
                tokio::spawn(say_how_to_end_at_once());
            }
        });
        Ok(Self(receiver))
    }

    /// Whether one came.
    pub(crate) fn came(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves once one came.
    pub(crate) async fn first(&mut self) {
        if self.0.wait_for(|came| *came).await.is_err() {
            // Nobody can send one any more.
            std::future::pending::<()>().await;
        }
    }
}

/// Says so where the command has not ended by then.
async fn say_how_to_end_at_once() {
    sleep(SAYS_AFTER).await;
    // Where nobody reads it, the second one is still heard.
    tokio::task::spawn_blocking(|| note("this is ending; Ctrl-C once more ends it at once"));
}
