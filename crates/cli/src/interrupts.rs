//! Ctrl-C, where a command has something to do or to say before it ends.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::outcome::{Outcome, Stop};

/// The exit code of a process that ends at the second one.
const ENDED_AT_ONCE: i32 = 130;

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
