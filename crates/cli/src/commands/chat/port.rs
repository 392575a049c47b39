//! The engine as the chat's screen reaches it.

use huis_tui::{Answering, Listening, Port};
use huis_views::Command;

use crate::session::Way;

/// The way of a profile, for the screen.
pub(super) struct WayPort(pub(super) Way);

impl Port for WayPort {
    fn ask(&self, command: Command) -> Answering {
        Box::pin(self.0.asker().clone().ask(command))
    }

    fn event(&mut self) -> Listening<'_> {
        Box::pin(self.0.event())
    }
}
