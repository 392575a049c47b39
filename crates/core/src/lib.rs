//! What is true inside the envelope: identity, MLS groups, content, vault, account state.
//!
//! Nothing here does I/O. Time and randomness are arguments, but for what OpenMLS draws by itself. Bytes go in, bytes
//! and changes come out; [`groups`] reads and writes its state through the [`store::GroupStore`] that it is lent.

#![deny(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod account_state;
pub mod annotations;
pub mod archive;
pub mod card;
pub mod content;
pub mod conversation_settings;
pub mod directory;
pub mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod groups;
pub mod history;
pub mod identity;
pub mod locked_key;
pub mod password;
pub mod recovery;
pub mod safety;
mod sealing;
pub mod secret;
pub mod store;
pub mod time_locks;
pub mod vault;
