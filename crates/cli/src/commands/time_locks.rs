//! `huis locks`.

use clap::{Args, Subcommand};
use huis_proto::MessageId;
use huis_texts::{readable, rfc3339, safe_line};
use huis_views::{Command, LockState, LockTrust, MessageView, Reply};
use serde::Serialize;

use super::conversations::id;
use super::messages::locked;
use super::{Context, at_name, done, freshen, name};
use crate::outcome::{Outcome, Stop};

/// Messages that open later (sent with `huis send --unlock-at`), and those that did
#[derive(Debug, Args)]
pub(crate) struct Locks {
    #[command(subcommand)]
    command: LocksCommand,
}

#[derive(Debug, Subcommand)]
enum LocksCommand {
    List(List),
    Withdraw(Withdraw),
}

/// List what is locked, the next to open first, and behind it what has opened
#[derive(Debug, Args)]
struct List {}

/// Take back a locked message of your own before it opens
///
/// The server destroys its share of the key, so that nobody ever reads the message, and everybody sees that it was taken
/// back. Of a message that drand opens nothing can be destroyed: everybody's devices are told to forget it.
#[derive(Debug, Args)]
struct Withdraw {
    /// The message's id
    #[arg(value_parser = id::<MessageId>)]
    message: MessageId,
}

#[derive(Serialize)]
struct LockLine<'a> {
    id: String,
    conversation: String,
    conversation_name: &'a str,
    from: String,
    own: bool,
    unlock_at: String,
    state: LockState,
    trust: LockTrust,
    files: u32,
}

/// The most that are listed.
const MOST: u32 = 1000;

impl Locks {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self.command {
            LocksCommand::List(List {}) => {
                let messages = context
                    .with_session(async |session| {
                        freshen(session).await?;
                        match session.ask(Command::TimeLocks { most: MOST }).await? {
                            Reply::Messages(messages) => Ok(messages),
                            other => Err(Stop::unexpected(&other)),
                        }
                    })
                    .await?;
                for message in &messages {
                    let Some(line) = LockLine::of(message) else { continue };
                    context.printer.thing(&line, || for_people(message))?;
                }
                Ok(())
            }
            LocksCommand::Withdraw(Withdraw { message }) => {
                context
                    .with_session(async |session| {
                        freshen(session).await?;
                        done(session.ask(Command::WithdrawTimed { message }).await?)
                    })
                    .await
            }
        }
    }
}

impl<'a> LockLine<'a> {
    fn of(message: &'a MessageView) -> Option<Self> {
        let lock = message.lock?;
        Some(Self {
            id: message.id.to_string(),
            conversation: message.conversation.to_string(),
            conversation_name: &message.conversation_name,
            from: name(&message.from),
            own: message.own,
            unlock_at: rfc3339(lock.unlocks_at_ms),
            state: lock.state,
            trust: lock.trust,
            files: lock.files,
        })
    }
}

/// `2026-12-31 09:00:00Z waiting #club @member-b: 🔒 a text, locked until … (ID)`.
fn for_people(message: &MessageView) -> String {
    let Some(lock) = message.lock else { return String::new() };
    let state = match lock.state {
        LockState::Waiting if lock.trust == LockTrust::Drand => "waiting for drand",
        LockState::Waiting => "waiting",
        LockState::Opened => "opened",
        LockState::Withdrawn => "withdrawn",
        LockState::Broken => "broken",
    };
    let (at, place) = (readable(lock.unlocks_at_ms), safe_line(&message.conversation_name));
    let (from, id) = (at_name(&message.from), message.id);
    let text = match message.kind.as_str() {
        "text" => safe_line(&message.text).into_owned(),
        _ => locked(message),
    };
    format!("{at} {state} {place} {from}: {text} ({id})")
}
