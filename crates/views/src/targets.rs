//! Where something goes.

use huis_proto::ConversationId;
use serde::{Deserialize, Serialize};

/// A conversation as a person names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The conversation with one account, by its username in any case, without `@`.
    Account(String),
    /// A group by its title or an open room by its name, without `#`.
    Room(String),
    /// By its id.
    Id(ConversationId),
}

/// The text names no conversation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no conversation; write @name, #room or a conversation id of 32 hexadecimal digits")]
pub struct NoTarget(String);

impl std::str::FromStr for Target {
    type Err = NoTarget;

    /// Reads `@name`, `#room` or 32 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, NoTarget> {
        if let Some(name) = text.strip_prefix('@').filter(|name| !name.is_empty()) {
            Ok(Self::Account(name.into()))
        } else if let Some(room) = text.strip_prefix('#').filter(|room| !room.is_empty()) {
            Ok(Self::Room(room.into()))
        } else {
            text.parse().map(Self::Id).map_err(|_| NoTarget(text.into()))
        }
    }
}
