//! The full-screen terminal face. It knows commands, events and views, and texts; how they reach an engine is its
//! [`Port`]'s affair.
//!
//! [`App`] is pure: inputs with the time go in, effects come out, and it can be painted at any time. [`run`] joins it to
//! a terminal and a port. Everything that is painted passes `cells`, which makes it harmless.

#![deny(missing_docs)]

mod app;
mod background;
mod calendar;
mod cells;
mod completion;
mod composer;
mod entry;
mod list;
mod overlays;
mod panes;
mod picture;
mod port;
mod run;
mod say;
mod slash;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod timeline;

pub use app::{Answer, App, Effect, End, Input, Purpose, Settings, Way};
pub use calendar::Zone;
pub use entry::{Entered, Entering, Entry, EntryEffect, EntryInput, EntryPort, Why, enter};
pub use port::{Answering, Listening, Port};
pub use run::run;
pub use terminal::{Announcing, Screen, restore};
pub use theme::{Depth, Ground, Theme};
pub use timeline::{Picture, Pictures};
