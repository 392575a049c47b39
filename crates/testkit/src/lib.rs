//! Whole worlds of engines and a real server in one process, on virtual time, with faults to turn on.
//!
//! A story is an `async` closure that gets a [`World`]. Everything in it runs on one thread: the engines with their
//! real encrypted databases, the server with its real router, connections and store, and between them an in-memory
//! network that can lose, repeat and cut, and that a story can meddle with as a hostile server would. Time stands still
//! while anybody works and jumps when everybody waits, so days pass at once and nothing depends on the machine's speed.
//!
//! A story that turns out otherwise names its seed; `HUIS_SEED` runs it again with the same faults.

mod beacon;
mod clocks;
mod device;
mod kept;
mod network;
mod repeatable;
mod scan;
mod server;
mod story;
mod world;

pub use beacon::{ChainKey, Relay};
pub use device::{Device, PASSWORD, Profile};
pub use kept::KeptWorld;
pub use network::{Fate, Faults, Passage};
pub use repeatable::Repeatable;
pub use scan::{files_that_hold, texts_on_pages};
pub use server::Backup;
pub use story::{is_long_run, seeds, story, story_of, story_with_seed};
pub use world::World;
