//! How the face reaches an engine.

use std::pin::Pin;

use huis_views::{Command, Event, Failure, Reply};

/// An answer on its way.
pub type Answering = Pin<Box<dyn Future<Output = Result<Reply, Failure>>>>;

/// The next event on its way.
pub type Listening<'a> = Pin<Box<dyn Future<Output = Event> + 'a>>;

/// The way to an engine. Several commands may be under way at a time; a slow one must not hold up the others.
pub trait Port {
    /// Asks the engine. Nothing is done before the future is polled; dropping it gives up the answer, not what was
    /// begun.
    fn ask(&self, command: Command) -> Answering;

    /// The next event. After [`Event::Stopped`] it is not called again. A future that is dropped loses no event.
    fn event(&mut self) -> Listening<'_>;
}
