//! `huis send`.

use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

use clap::Args;
use huis_proto::{ConversationId, MessageId, limits};
use huis_views::{Command, ConversationView, Event, MessageState, Reply, Sent, Target};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::conversations::id;
use super::{Context, settle};
use crate::outcome::{Outcome, Stop};
use crate::session::{Session, ended};

/// Send a message, and wait until the server has it on disk
///
/// Prints the message's id. A first message to @name opens the conversation; answering a request accepts it.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// @name, #room, or the id of a conversation
    to: Target,

    /// The text; without it, or with `-`, all of the standard input, but for the end of its last line, which `echo` adds [at
    /// most 64 KiB]
    text: Option<String>,

    /// The id of a message of the same conversation that this one answers
    #[arg(long, value_name = "ID", value_parser = id::<MessageId>)]
    reply_to: Option<MessageId>,

    /// How long to wait for the server, in seconds; a message that was not confirmed stays here and goes out with the
    /// next command
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = huis_texts::span)]
    timeout: Duration,
}

#[derive(Serialize)]
pub(super) struct SentLine {
    pub(super) id: String,
    conversation: String,
    seq: Option<u64>,
}

/// A message is looked for among this many of a conversation's newest ones.
const NEWEST: u32 = 100;
/// The engine tells when a message has gone out; it is asked this often in any case.
const ASKED_AGAIN: Duration = Duration::from_secs(5);

/// The end of a line, of which one at the end of the standard input is not part of the text.
const LINE_END: &[u8] = b"\n";

impl Send {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        // Before the profile is taken, for whoever writes the text may take long.
        let text = text_or_input(self.text)?;
        let send = huis_views::Send { to: self.to, text, reply_to: self.reply_to, wait: false };
        let sent =
            context.with_session(async |session| deliver(session, Command::Send(send), self.timeout).await).await?;
        let line = SentLine::from(&sent);
        context.printer.thing(&line, || line.id.clone())
    }
}

impl From<&Sent> for SentLine {
    fn from(sent: &Sent) -> Self {
        Self { id: sent.id.to_string(), conversation: sent.conversation.to_string(), seq: sent.seq }
    }
}

/// A text as it is typed, or all of the standard input.
pub(super) fn text_or_input(text: Option<String>) -> Outcome<String> {
    match text {
        Some(text) if text != "-" => checked(text.into_bytes(), "the text"),
        _ => from_input(std::io::stdin().lock()),
    }
}

/// Reads all of the input, and a little more than is allowed, to see that it is too much.
fn from_input(input: impl Read) -> Outcome<String> {
    let mut text = Vec::new();
    input
        .take((limits::MESSAGE_TEXT + LINE_END.len()) as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|error| Stop::file("the standard input", &error))?;
    if text.ends_with(LINE_END) {
        text.truncate(text.len() - LINE_END.len());
    }
    checked(text, "the standard input")
}

fn checked(text: Vec<u8>, what: &str) -> Outcome<String> {
    if text.is_empty() {
        return Err(Stop::failed("invalid", format!("{what} is empty"), "a message has at least one character"));
    }
    if text.len() > limits::MESSAGE_TEXT {
        let why = format!("{what} is longer than a message may be ({} bytes)", limits::MESSAGE_TEXT);
        return Err(Stop::failed("too-large", why, "send it in parts"));
    }
    String::from_utf8(text)
        .map_err(|_| Stop::failed("invalid", format!("{what} is no text in UTF-8"), "check its encoding"))
}

/// Asks for a message to be sent, without waiting, and waits until the server has it on disk.
pub(super) async fn deliver(session: &mut Session, send: Command, bound: Duration) -> Outcome<Sent> {
    let deadline = Instant::now() + bound;
    let not_stored = || {
        Stop::TimedOut(format!(
            "the conversation could not be opened within {} s; look with `huis conversations` before you try again",
            bound.as_secs_f32()
        ))
    };
    // Whoever is written to may have opened the conversation already.
    timeout_at(deadline, settle(session)).await.unwrap_or(Ok(()))?;
    // What is asked is asked to the end: a message that is stored after the time has its id, and is not sent twice.
    let stored = match timeout(bound.max(ASKED_AGAIN), session.ask(send)).await {
        Ok(reply) => match reply? {
            Reply::Sent(sent) => sent,
            other => return Err(Stop::unexpected(&other)),
        },
        Err(_) => return Err(not_stored()),
    };
    let mut places = BTreeSet::from([stored.conversation]);
    loop {
        if let Some(sent) = confirmed(session, stored.id, &places).await? {
            return Ok(sent);
        }
        match timeout_at(deadline.min(Instant::now() + ASKED_AGAIN), changed(session, stored.id)).await {
            Ok(change) => match change? {
                Some(conversation) => drop(places.insert(conversation)),
                None => places.extend(everywhere(session).await?),
            },
            Err(_) if Instant::now() < deadline => {}
            Err(_) => {
                return Err(Stop::TimedOut(format!(
                    "the server did not confirm within {} s; message {} stays here and goes out with the next command \
                     on this profile",
                    bound.as_secs_f32(),
                    stored.id
                )));
            }
        }
    }
}

/// Waits until something happens to the message; gives the conversation in which it is, or none if it may be in any.
async fn changed(session: &mut Session, id: MessageId) -> Outcome<Option<ConversationId>> {
    loop {
        match session.event().await? {
            Event::Messages { conversation, messages } if messages.contains(&id) => return Ok(Some(conversation)),
            Event::Missed => return Ok(None),
            event => ended(&event)?,
        }
    }
}

/// The message if the server has it, from whichever conversation it is in: two people who write to each other first
/// at the same time end up in one of the two conversations.
async fn confirmed(session: &mut Session, id: MessageId, places: &BTreeSet<ConversationId>) -> Outcome<Option<Sent>> {
    for conversation in places.iter().copied() {
        let Reply::Messages(messages) =
            session.ask(Command::Messages { conversation, before: None, most: NEWEST }).await?
        else {
            continue;
        };
        let Some(message) = messages.into_iter().find(|message| message.own && message.id == id) else { continue };
        return match message.state {
            MessageState::Sent | MessageState::Received => Ok(Some(Sent { id, conversation, seq: message.seq })),
            MessageState::Failed(failure) => Err(failure.into()),
            MessageState::Waiting => Ok(None),
        };
    }
    Ok(None)
}

async fn everywhere(session: &mut Session) -> Outcome<Vec<ConversationId>> {
    let mut places = Vec::new();
    for command in [Command::Conversations, Command::Requests] {
        match session.ask(command).await? {
            Reply::Conversations(all) => places.extend(all.into_iter().map(|ConversationView { id, .. }| id)),
            other => return Err(Stop::unexpected(&other)),
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_is_taken_as_it_is_but_for_the_end_of_its_last_line() {
        for text in ["a", " a \n", "\u{0}\u{1b}\u{202e}", &"é".repeat(limits::MESSAGE_TEXT / 2)] {
            assert_eq!(from_input(format!("{text}\n").as_bytes()).unwrap(), text);
        }
        assert_eq!(from_input("no end".as_bytes()).unwrap(), "no end");
    }

    #[test]
    fn nothing_too_much_and_what_is_no_text_is_refused() {
        let refused = |bytes: &[u8]| from_input(bytes).unwrap_err().line("send").unwrap();
        assert!(refused(b"").ends_with("[invalid]"));
        assert!(refused(&vec![b'x'; limits::MESSAGE_TEXT + 1]).ends_with("[too-large]"));
        assert!(refused(b"\xff\xfe").ends_with("[invalid]"));
    }
}
