//! What a face says to the engine and what it sees: [`Command`]s in, [`Reply`]s and [`Event`]s out, and the views
//! that they carry.
//!
//! Everything here is plain data that can be written as JSON, so that a face may live in another process or on the
//! other side of a browser's worker. A face keeps no truth of its own: after an [`Event`] it asks again.

#![deny(missing_docs)]

mod commands;
mod events;
mod failures;
mod files;
pub mod json;
mod locks;
mod page;
mod replies;
mod reports;
mod targets;
mod things;
mod wishes;

pub use commands::*;
pub use events::*;
pub use failures::*;
pub use files::*;
pub use locks::*;
pub use page::*;
pub use replies::*;
pub use reports::*;
pub use targets::*;
pub use things::*;
pub use wishes::*;
