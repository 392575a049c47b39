//! `huis mute`, `unmute`, `notify`, `archive` and `unarchive`: what a conversation calls for, on all devices.

use std::time::Duration;

use clap::{Args, ValueEnum};
use huis_texts::{SpanError, span};
use huis_views::{Command, Muted, NotificationLevel, Reply, Target};

use super::conversations::{ConversationLine, conversation_for_people};
use super::{Context, now_ms, room_target, settle};
use crate::outcome::{Outcome, Stop};

/// Announce nothing of a conversation
#[derive(Debug, Args)]
pub(crate) struct Mute {
    /// @name, #room, or a conversation's id
    #[arg(value_name = "TO", value_parser = room_target)]
    target: Target,
    /// For how long: seconds, or a number with s, m, h or d
    #[arg(long = "for", value_name = "SPAN", value_parser = some_time, conflicts_with = "until_undone")]
    span: Option<Duration>,
    /// Until `huis unmute` undoes it, which is so without --for as well
    #[arg(long)]
    until_undone: bool,
}

/// Announce what is said in a conversation again
#[derive(Debug, Args)]
pub(crate) struct Unmute {
    /// @name, #room, or a conversation's id
    #[arg(value_name = "TO", value_parser = room_target)]
    target: Target,
}

/// Say for which messages of a conversation you are called
#[derive(Debug, Args)]
pub(crate) struct Notify {
    /// @name, #room, or a conversation's id
    #[arg(value_name = "TO", value_parser = room_target)]
    target: Target,
    /// For all, for those that name or answer you, or for none
    level: Level,
}

/// Put a conversation aside; a message in it brings it back, unless it is muted
#[derive(Debug, Args)]
pub(crate) struct Archive {
    /// @name, #room, or a conversation's id
    #[arg(value_name = "TO", value_parser = room_target)]
    target: Target,
}

/// Bring back a conversation that was put aside
#[derive(Debug, Args)]
pub(crate) struct Unarchive {
    /// @name, #room, or a conversation's id
    #[arg(value_name = "TO", value_parser = room_target)]
    target: Target,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    All,
    Mentions,
    None,
}

impl Mute {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let muted = match self.span {
            Some(span) => Muted::Until(now_ms().saturating_add(span.as_millis() as u64)),
            None => Muted::ForEver,
        };
        set(context, Command::SetNotifications { target: self.target, level: None, muted: Some(muted) }).await
    }
}

impl Unmute {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let muted = Some(Muted::No);
        set(context, Command::SetNotifications { target: self.target, level: None, muted }).await
    }
}

impl Notify {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let level = Some(match self.level {
            Level::All => NotificationLevel::All,
            Level::Mentions => NotificationLevel::Mentions,
            Level::None => NotificationLevel::None,
        });
        set(context, Command::SetNotifications { target: self.target, level, muted: None }).await
    }
}

impl Archive {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        set(context, Command::SetArchived { target: self.target, archived: true }).await
    }
}

impl Unarchive {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        set(context, Command::SetArchived { target: self.target, archived: false }).await
    }
}

/// Sets something and shows the conversation as it stands then.
async fn set(context: &Context, command: Command) -> Outcome {
    let reply = context
        .with_session(async |session| {
            settle(session).await?;
            session.ask(command).await
        })
        .await?;
    let Reply::Conversation(view) = reply else { return Err(Stop::unexpected(&reply)) };
    context.printer.thing(&ConversationLine::from(&*view), || conversation_for_people(&view))
}

fn some_time(text: &str) -> Result<Duration, SpanError> {
    span(text).and_then(|span| if span.is_zero() { Err(SpanError) } else { Ok(span) })
}
