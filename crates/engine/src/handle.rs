//! The engine's two ends for a face: a [`Handle`] that takes commands, and [`Events`].

use huis_views::{Command, Event, Failure, Reply};
use tokio::sync::{broadcast, mpsc, oneshot};

/// Commands that may wait to be begun.
const COMMANDS: usize = 64;
/// Events that a slow listener may leave waiting.
const EVENTS: usize = 1024;

/// Takes commands. May be cloned and sent to other threads.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::Sender<Order>,
    events: broadcast::WeakSender<Event>,
}

/// A listener of the engine's events.
#[derive(Debug)]
pub struct Events(Option<broadcast::Receiver<Event>>);

/// A command on its way, and where the answer goes.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) command: Command,
    pub(crate) answer: oneshot::Sender<Result<Reply, Failure>>,
}

/// The engine's side.
pub(crate) struct Ends {
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) events: broadcast::Sender<Event>,
}

impl Handle {
    /// Both ends, and a first listener.
    pub(crate) fn pair() -> (Self, Events, Ends) {
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (events, receiver) = broadcast::channel(EVENTS);
        let handle = Self { commands, events: events.downgrade() };
        (handle, Events(Some(receiver)), Ends { orders, events })
    }

    /// Asks the engine. The future may be dropped; what was begun goes on.
    ///
    /// # Errors
    /// [`Failure`]; [`Failure::Stopped`] once the engine has ended.
    pub async fn command(&self, command: Command) -> Result<Reply, Failure> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Order { command, answer }).await.map_err(|_| Failure::Stopped)?;
        answered.await.unwrap_or(Err(Failure::Stopped))
    }

    /// A further listener, for events from here on.
    pub fn subscribe(&self) -> Events {
        Events(self.events.upgrade().map(|sender| sender.subscribe()))
    }
}

impl Events {
    /// The next event. [`Event::Missed`] stands for those that this listener was too slow for; after the end it is
    /// [`Event::Stopped`] for ever.
    pub async fn next(&mut self) -> Event {
        let stopped = Event::Stopped { failure: None };
        let Some(receiver) = &mut self.0 else { return stopped };
        match receiver.recv().await {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(_)) => Event::Missed,
            Err(broadcast::error::RecvError::Closed) => {
                self.0 = None;
                stopped
            }
        }
    }
}
