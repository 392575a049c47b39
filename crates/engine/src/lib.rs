//! The client without a face: an encrypted database, the way to the server, an outbox. Commands go in, events come out.
//!
//! Everything runs on one thread. Whatever changes is changed in one synchronous step, which is one transaction
//! (`client::Step`); no transaction lives across an await. Flows (the connection, the outbox, commands) are async
//! and share the state between their steps. What depends on the platform lives in `platform` alone.

#![deny(missing_docs)]

mod accounts;
mod api;
mod archive;
mod client;
mod clocks;
mod config;
mod conversations;
mod db;
mod engine;
mod groups;
mod handle;
pub mod measuring;
mod outbox;
mod platform;
mod ports;
mod presence;
mod reading;
mod removals;
mod reports;
mod silence;
mod sync;
mod time_locks;
mod transfers;
mod upkeep;
mod vanishing;

pub use accounts::code_rows;
pub use config::{BeaconConfig, Config, DatabaseKey, LockedKeyError};
pub use db::NEWEST_SCHEMA;
pub use engine::{Engine, StartError};
pub use handle::{Events, Handle};
pub use platform::*;
pub use ports::{
    BeaconWay, Beacons, CLIENT, Clock, FileFault, FileMethod, FileRequest, FileResponse, Files, HttpRequest,
    HttpResponse, Link, LinkEnd, LinkReceiver, LinkSender, Method, OpenFile, Part, Ports, Stamp, Transport,
    TransportError,
};
