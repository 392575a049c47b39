//! Ctrl-C, where a command has something to do or to say before it ends.
//!
//! None is lost. The first one is for the command's work, which does what is left to do (it pauses, or says what becomes of a
//! message) and gives 130; the second one ends the process at once, with 130 too. What the work gave before one came stands:
//! a message that is delivered and whose id is printed, or files that are all there, give 0, also where somebody presses
//! Ctrl-C while the session closes. From the first one on that is waited for only a while, and not at all from the
//! second one on.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::outcome::{Outcome, Stop};
use crate::printer::note;

/// The exit code of a process that ends at the second one.
const ENDED_AT_ONCE: i32 = 130;
/// A command that still runs so long after the first one says how to end it at once.
const SAYS_AFTER: Duration = Duration::from_millis(500);
/// From the first one on, closing takes no longer than this.
const CLOSES_WITHIN: Duration = Duration::from_secs(3);

/// How often somebody pressed Ctrl-C since this was made. The second time the process ends at once, as it does without this
/// at the first; what is stored stays.
pub(crate) struct Interrupts {
    count: watch::Receiver<u32>,
    /// What the second one ends is the closing alone.
    is_closing: Arc<AtomicBool>,
}

impl Interrupts {
    pub(crate) fn from_now_on() -> Outcome<Self> {
        let mut interrupts = signal(SignalKind::interrupt()).map_err(|error| Stop::file("signals", &error))?;
        let (sender, count) = watch::channel(0_u32);
        let is_closing = Arc::new(AtomicBool::new(false));
        let closes = is_closing.clone();
        tokio::spawn(async move {
            while interrupts.recv().await.is_some() {
                sender.send_modify(|count| *count = count.saturating_add(1));
                if *sender.borrow() == 1 {
                    tokio::spawn(say_how_to_end_at_once());
                } else if !closes.load(Ordering::SeqCst) {
                    std::process::exit(ENDED_AT_ONCE);
                }
            }
        });
        Ok(Self { count, is_closing })
    }

    /// Whether one came.
    pub(crate) fn came(&self) -> bool {
        *self.count.borrow() > 0
    }

    /// Resolves once one came.
    pub(crate) async fn first(&mut self) {
        self.came_as_often_as(1).await;
    }

    /// Closes what the work was done with, and gives that up for who presses Ctrl-C. What is not closed is as after a
    /// crash: it is held until the process has ended, which comes next.
    pub(crate) async fn while_closing(mut self, closing: impl Future<Output = ()>) {
        self.is_closing.store(true, Ordering::SeqCst);
        let mut closing = Box::pin(closing);
        let is_closed = tokio::select! {
            biased;
            () = &mut closing => true,
            () = self.enough() => false,
        };
        if !is_closed {
            // Dropped, it would let others own the profile while the engine still works on it.
            std::mem::forget(closing);
        }
    }

    /// Resolves a while after the first one, and at once at the second.
    async fn enough(&mut self) {
        self.came_as_often_as(1).await;
        // That the while is over is as good as the second one.
        let _ = timeout(CLOSES_WITHIN, self.came_as_often_as(2)).await;
    }

    async fn came_as_often_as(&mut self, often: u32) {
        if self.count.wait_for(|count| *count >= often).await.is_err() {
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
