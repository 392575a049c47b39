//! `huis react`, `edit`, `delete`, `pin`, `unpin`, `pins` and `forward`: what is done to messages that were said.

use std::time::Duration;

use clap::Args;
use huis_proto::MessageId;
use huis_views::{Annotate, Annotation, Command, Reply, Sent, Target};
use tokio::time::{Instant, timeout_at};

use super::conversations::id;
use super::messages::{MessageLine, for_people};
use super::send::{print, send, text_or_input};
use super::{Context, freshen, settle};
use crate::outcome::{Outcome, Stop};
use crate::session::Session;

/// What is asked is on this machine's disk within this time, with or without the server.
const STORED_WITHIN: Duration = Duration::from_secs(2);

/// React to a message with one emoji, in place of your reaction before
///
/// Prints the reaction's id once the server has it on disk. The same holds for edit, delete, pin and unpin.
#[derive(Debug, Args)]
pub(crate) struct React {
    #[command(flatten)]
    mark: Marked,
    /// One emoji
    #[arg(required_unless_present = "remove", conflicts_with = "remove")]
    emoji: Option<String>,
    /// Take your reaction back
    #[arg(long)]
    remove: bool,
}

/// Change the text of a message of yours
#[derive(Debug, Args)]
pub(crate) struct Edit {
    #[command(flatten)]
    mark: Marked,
    /// The text; without it, or with `-`, all of the standard input, but for the end of its last line [at most 64 KiB]
    text: Option<String>,
}

/// Take a message back, for everybody and for good
///
/// Your own; in a group or room owners and admins take back anybody's. Everybody's devices erase it, but whoever has read
/// it has read it.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    mark: Marked,
}

/// Pin a message for everybody in its conversation
///
/// Between two people both may; in a group or room owners and admins. The 50 that were pinned last are shown.
#[derive(Debug, Args)]
pub(crate) struct Pin {
    #[command(flatten)]
    mark: Marked,
}

/// Take a pin back
#[derive(Debug, Args)]
pub(crate) struct Unpin {
    #[command(flatten)]
    mark: Marked,
}

/// Show the pinned messages of a conversation, the one that was pinned last first
#[derive(Debug, Args)]
pub(crate) struct Pins {
    /// @name, #room, or the id of a conversation
    to: Target,
}

/// Send a message once more, to another conversation
///
/// It is marked as forwarded; who wrote it first is not told. Prints the new message's id.
#[derive(Debug, Args)]
pub(crate) struct Forward {
    /// The message's id
    #[arg(value_parser = id::<MessageId>)]
    message: MessageId,
    /// @name, #room, or the id of a conversation
    to: Target,
    /// How long to wait for the server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = huis_texts::span)]
    timeout: Duration,
}

#[derive(Debug, Args)]
struct Marked {
    /// The message's id, as `huis send` and `huis receive --json` print it
    #[arg(value_parser = id::<MessageId>)]
    message: MessageId,
    /// How long to wait for the server, in seconds; what was not confirmed stays here and goes out with the next command
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = huis_texts::span)]
    timeout: Duration,
}

impl React {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let annotation = match self.emoji {
            Some(emoji) => Annotation::React { emoji },
            None => Annotation::Unreact,
        };
        self.mark.with(annotation, context).await
    }
}

impl Edit {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let text = text_or_input(self.text)?;
        self.mark.with(Annotation::Edit { text }, context).await
    }
}

impl Delete {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        self.mark.with(Annotation::Delete, context).await
    }
}

impl Pin {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        self.mark.with(Annotation::Pin, context).await
    }
}

impl Unpin {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        self.mark.with(Annotation::Unpin, context).await
    }
}

impl Pins {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let pins = context
            .with_session(async |session| {
                freshen(session).await?;
                let conversation = match session.ask(Command::Conversation { target: self.to }).await? {
                    Reply::Conversation(view) => view.id,
                    other => return Err(Stop::unexpected(&other)),
                };
                match session.ask(Command::PinnedMessages { conversation }).await? {
                    Reply::Messages(messages) => Ok(messages),
                    other => Err(Stop::unexpected(&other)),
                }
            })
            .await?;
        pins.iter().try_for_each(|message| context.printer.thing(&MessageLine::from(message), || for_people(message)))
    }
}

impl Forward {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let wish = huis_views::Forward { message: self.message, to: self.to, wait: false };
        send(context, Command::Forward(wish), self.timeout, &[]).await
    }
}

impl Marked {
    /// Does it, and waits until the server has it on disk.
    async fn with(self, annotation: Annotation, context: &Context) -> Outcome {
        let wish = Annotate { message: self.message, annotation, wait: true };
        let sent = context.with_session(async |session| done(session, wish, self.timeout).await).await?;
        print(context, &sent)
    }
}

async fn done(session: &mut Session, wish: Annotate, bound: Duration) -> Outcome<Sent> {
    let deadline = Instant::now() + bound;
    // The message may be on its way here.
    timeout_at(deadline, settle(session)).await.unwrap_or(Ok(()))?;
    // What is asked is asked to be stored, however short the time is.
    let stored_by = deadline.max(Instant::now() + STORED_WITHIN);
    match timeout_at(stored_by, session.ask(Command::Annotate(wish))).await {
        // It is kept in the outbox, as a message is.
        Ok(Err(Stop::Failed(fault))) if fault.is("identity-changed") => {
            Err(Stop::held(Stop::Failed(fault).into_failure()))
        }
        Ok(reply) => match reply? {
            Reply::Sent(sent) => Ok(sent),
            other => Err(Stop::unexpected(&other)),
        },
        Err(_) => Err(Stop::TimedOut(format!(
            "the server did not confirm within {} s; it stays here and goes out with the next command on this profile",
            bound.as_secs_f32()
        ))),
    }
}
