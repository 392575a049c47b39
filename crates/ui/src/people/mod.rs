//! Who is in a conversation, and what is known of somebody.

mod contact;
mod details;
mod forms;
mod timer;

pub(crate) use contact::{anyway_button, person};
pub(crate) use details::details;
pub(crate) use forms::{describe, invite};
