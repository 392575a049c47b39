//! `huis conversations`, `requests`, `search` and `receipts`.

use clap::{Args, Subcommand};
use huis_proto::{ConversationKind, MessageId};
use huis_texts::{readable, rfc3339, safe_line};
use huis_views::{
    Command, ConversationState, ConversationView, CountedFrom, Found, Muted, NotificationLevel, Reply, RequestAnswer,
    Target, Trust, VanishTimer,
};
use serde::Serialize;

use super::messages::{MessageLine, for_people};
use super::{Context, at_name, freshen, name, now_ms, room_target, settle};
use crate::outcome::{Outcome, Stop};

/// List the conversations: favourites first, then the one with the newest message
#[derive(Debug, Args)]
pub(crate) struct Conversations {}

/// List the conversations that strangers opened, and answer them
///
/// Until a request is answered, its sender learns nothing: no receipt leaves this device. Sending a message into it
/// accepts it as well.
#[derive(Debug, Args)]
pub(crate) struct Requests {
    #[command(subcommand)]
    answer: Option<Answer>,
}

#[derive(Debug, Subcommand)]
enum Answer {
    /// Make it a conversation like others
    Accept(Request),
    /// Leave it and forget it; the other side learns that somebody left
    Decline(Request),
    /// As decline, and block whoever opened it
    Block(Request),
}

#[derive(Debug, Args)]
struct Request {
    /// @name, #room, or a conversation's id
    #[arg(value_name = "TO", value_parser = room_target)]
    target: Target,
}

/// Search the messages on this device
///
/// Finds messages that hold all the words; the last word may be a beginning. Nothing leaves this device. Filters stand
/// among the words: from:NAME, in:#ROOM, in:"#A ROOM" or in:@NAME, before:YYYY-MM-DD, after:YYYY-MM-DD (that day is in; UTC), has:link,
/// has:mention. With filters alone the newest messages come first.
#[derive(Debug, Args)]
pub(crate) struct Search {
    #[arg(required = true)]
    words: Vec<String>,
    /// Show at most this many
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=1000))]
    most: u32,
}

/// Show who has got or read a message of yours
#[derive(Debug, Args)]
pub(crate) struct Receipts {
    /// The message's id, as `huis send` printed it
    #[arg(value_parser = id::<MessageId>)]
    message: MessageId,
}

/// A conversation as one JSON object.
#[derive(Serialize)]
pub(crate) struct ConversationLine<'a> {
    id: String,
    name: &'a str,
    kind: ConversationKind,
    title: Option<&'a str>,
    /// Only where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    accounts: Vec<String>,
    state: ConversationState,
    request: bool,
    /// Whether the others are whom one takes them for.
    trust: Trust,
    newest_at: Option<String>,
    unread: u32,
    notifications: NotificationLevel,
    muted: bool,
    /// Where that ends by itself.
    muted_until: Option<String>,
    archived: bool,
    favourite: bool,
    /// Only where messages vanish: after how many seconds, counted since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    timer: Option<VanishTimer>,
}

#[derive(Serialize)]
struct FoundLine<'a> {
    #[serde(flatten)]
    message: MessageLine<'a>,
    /// Begin and end of what was found, in bytes of the text in UTF-8.
    highlights: &'a [(u32, u32)],
}

#[derive(Serialize)]
struct ReceiptLine {
    name: String,
    account: String,
    read: bool,
    at: String,
}

impl Conversations {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        list(context, Command::Conversations).await
    }
}

impl Requests {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (answer, target) = match self.answer {
            None => return list(context, Command::Requests).await,
            Some(Answer::Accept(request)) => (RequestAnswer::Accept, request.target),
            Some(Answer::Decline(request)) => (RequestAnswer::Decline, request.target),
            Some(Answer::Block(request)) => (RequestAnswer::Block, request.target),
        };
        context
            .with_session(async |session| {
                settle(session).await?;
                super::done(session.ask(Command::AnswerRequest { target, answer }).await?)
            })
            .await
    }
}

async fn list(context: &Context, command: Command) -> Outcome {
    let conversations = context
        .with_session(async |session| {
            freshen(session).await?;
            match session.ask(command).await? {
                Reply::Conversations(conversations) => Ok(conversations),
                other => Err(Stop::unexpected(&other)),
            }
        })
        .await?;
    conversations.iter().try_for_each(|conversation| {
        context.printer.thing(&ConversationLine::from(conversation), || conversation_for_people(conversation))
    })
}

impl Search {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let search = Command::Search { words: self.words.join(" "), most: self.most };
        let found = context
            .with_session(async |session| match session.ask(search).await? {
                Reply::Found(found) => Ok(found),
                other => Err(Stop::unexpected(&other)),
            })
            .await?;
        found.iter().try_for_each(|Found { message, highlights }| {
            let line = FoundLine { message: message.into(), highlights };
            context.printer.thing(&line, || for_people(message))
        })
    }
}

impl Receipts {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let receipts = context
            .with_session(async |session| {
                freshen(session).await?;
                match session.ask(Command::Receipts { message: self.message }).await? {
                    Reply::Receipts(receipts) => Ok(receipts),
                    other => Err(Stop::unexpected(&other)),
                }
            })
            .await?;
        receipts.iter().try_for_each(|receipt| {
            let line = ReceiptLine {
                name: name(&receipt.account),
                account: receipt.account.account.to_string(),
                read: receipt.read,
                at: rfc3339(receipt.at_ms),
            };
            context.printer.thing(&line, || {
                let how = if receipt.read { "read" } else { "delivered" };
                format!("{} {how} {}", readable(receipt.at_ms), at_name(&receipt.account))
            })
        })
    }
}

impl<'a> From<&'a ConversationView> for ConversationLine<'a> {
    fn from(view: &'a ConversationView) -> Self {
        Self {
            id: view.id.to_string(),
            name: &view.name,
            kind: view.kind,
            title: view.title.as_deref(),
            topic: view.topic.as_deref(),
            accounts: view.accounts.iter().map(name).collect(),
            state: view.state,
            request: view.request,
            trust: view.trust,
            newest_at: (view.newest_ms > 0).then(|| rfc3339(view.newest_ms)),
            unread: view.unread,
            notifications: view.notifications,
            muted: view.muted.holds_at(now_ms()),
            muted_until: match view.muted {
                Muted::Until(until_ms) if view.muted.holds_at(now_ms()) => Some(rfc3339(until_ms)),
                _ => None,
            },
            archived: view.archived,
            favourite: view.favourite,
            timer: view.timer,
        }
    }
}

/// A conversation for a person, in one line.
pub(crate) fn conversation_for_people(view: &ConversationView) -> String {
    let mut parts = vec![safe_line(&view.name).into_owned()];
    parts.push(match view.kind {
        ConversationKind::Direct => "direct".into(),
        ConversationKind::Group => format!("group of {}", view.accounts.len()),
        ConversationKind::Open => format!("open room, {} members", view.accounts.len()),
    });
    match view.state {
        ConversationState::Joined => {}
        ConversationState::Joining => parts.push("being joined".into()),
        ConversationState::Repairing => parts.push("being joined anew".into()),
        ConversationState::Held => parts.push("not joined: unexpected members, see `huis notices`".into()),
        ConversationState::Left => parts.push("left".into()),
    }
    if view.request {
        parts.push("a request".into());
    }
    if view.unread > 0 {
        parts.push(format!("{} unread", view.unread));
    }
    if view.favourite {
        parts.push("favourite".into());
    }
    if let Some(VanishTimer { after_s, from }) = view.timer {
        let from = match from {
            CountedFrom::Reading => "reading",
            CountedFrom::Sending => "sending",
        };
        parts.push(format!("messages vanish {after_s} s after {from}"));
    }
    if view.archived {
        parts.push("archived".into());
    }
    match (view.muted, view.notifications) {
        (Muted::Until(until_ms), _) if view.muted.holds_at(now_ms()) => {
            parts.push(format!("muted until {}", readable(until_ms)));
        }
        (Muted::ForEver, _) => parts.push("muted".into()),
        (_, NotificationLevel::All) => {}
        (_, NotificationLevel::Mentions) => parts.push("calls for mentions alone".into()),
        (_, NotificationLevel::None) => parts.push("calls for nothing".into()),
    }
    if view.newest_ms > 0 {
        parts.push(readable(view.newest_ms));
    }
    parts.push(view.id.to_string());
    parts.join("  ")
}

/// An id as it is typed.
pub(super) fn id<T: std::str::FromStr>(text: &str) -> Result<T, T::Err> {
    text.parse()
}
