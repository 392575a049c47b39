//! Delivery: what was appended reaches every device that may have it, in order, once it is connected.
//!
//! The store is the truth; everything here is about speed. A connection keeps for each of its conversations which entry
//! comes next. An entry that is next and fits into the window is sent on as it was encoded once for all; anything else
//! is a hint that makes the connection read its pages from the store. So a lost hint costs time, and a slow reader a
//! fixed amount of memory.

mod catching_up;
mod connection;
mod franking;
mod hub;
mod mailbox;
mod meters;
mod rosters;
pub(crate) mod submission;
mod upgrade;

pub(crate) use catching_up::{catch_up, follow_rules};
pub use franking::FrankingKey;
pub(crate) use hub::Hub;
pub(crate) use upgrade::routes;
