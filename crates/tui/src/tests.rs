//! The screen as a whole, on a canned engine.

mod asking;
mod behaviour;
mod files;
mod hands;
mod hostile;
mod large;
mod locks;
mod panics;
mod pictures;
mod reading;
mod vanishing;
mod views;
mod world;
