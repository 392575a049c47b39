//! What a person does with conversations: speaks, opens, joins, invites, answers requests.

mod annotating;
mod manage;
mod mentions;
mod reads;
mod requests;
mod settings;
mod speaking;
mod targets;

pub(crate) use self::annotating::{known_message, refused, unknown_message};
pub(crate) use self::reads::read_seq;
pub(crate) use self::settings::{level_of, muted_of};
