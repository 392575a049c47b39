//! What people do to messages that were said.

use huis_proto::MessageId;
use huis_views::{Annotate, Annotation, Command, Failure, Forward, MessageView, Reply, Send, Sent};

use super::Device;
use super::saying::target;

impl Device {
    /// Does something to a message, and waits until the server has it on disk.
    pub async fn marks(&self, message: MessageId, annotation: Annotation) -> Sent {
        let asked = format!("{annotation:?}");
        let done = self.tries_to_mark(message, annotation).await;
        done.unwrap_or_else(|failure| panic!("{self:?} cannot do {asked}: {failure:?}"))
    }

    /// As [`marks`](Self::marks).
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_mark(&self, message: MessageId, annotation: Annotation) -> Result<Sent, Failure> {
        match self.tries(Command::Annotate(Annotate { message, annotation, wait: true })).await? {
            Reply::Sent(sent) => Ok(sent),
            other => panic!("{other:?}"),
        }
    }

    /// Does something to a message that goes out when it can.
    pub async fn marks_when_it_can(&self, message: MessageId, annotation: Annotation) {
        self.command(Command::Annotate(Annotate { message, annotation, wait: false })).await;
    }

    /// Reacts to a message.
    pub async fn reacts(&self, message: MessageId, emoji: &str) {
        self.marks(message, Annotation::React { emoji: emoji.into() }).await;
    }

    /// Changes the text of a message.
    pub async fn edits(&self, message: MessageId, text: &str) {
        self.marks(message, Annotation::Edit { text: text.into() }).await;
    }

    /// Takes a message back.
    pub async fn deletes(&self, message: MessageId) {
        self.marks(message, Annotation::Delete).await;
    }

    /// Answers a message, and waits until the server has the answer on disk.
    pub async fn answers(&self, to: &str, message: MessageId, text: &str) -> Sent {
        let send = Send { to: target(to), text: text.into(), reply_to: Some(message), view_once: false, wait: true };
        match self.command(Command::Send(send)).await {
            Reply::Sent(sent) => sent,
            other => panic!("{other:?}"),
        }
    }

    /// Says a message once more elsewhere.
    pub async fn forwards(&self, message: MessageId, to: &str) -> Sent {
        match self.command(Command::Forward(Forward { message, to: target(to), wait: true })).await {
            Reply::Sent(sent) => sent,
            other => panic!("{other:?}"),
        }
    }

    /// Gives a place a topic.
    pub async fn says_topic(&self, place: &str, topic: &str) {
        self.command(Command::SetTopic { target: target(place), topic: topic.into() }).await;
    }

    /// A message, if it is here.
    pub async fn looks_up(&self, message: MessageId) -> Option<MessageView> {
        match self.tries(Command::Message { message }).await {
            Ok(Reply::Message(view)) => Some(*view),
            Ok(other) => panic!("{other:?}"),
            Err(Failure::Unknown { .. }) => None,
            Err(failure) => panic!("{self:?} cannot look at {message}: {failure:?}"),
        }
    }

    /// Waits until a message is here and is like this, and gives it.
    pub async fn sees(&self, what: &str, message: MessageId, like: impl Fn(&MessageView) -> bool) -> MessageView {
        self.until(&format!("it sees {what}"), async || self.looks_up(message).await.is_some_and(|view| like(&view)))
            .await;
        match self.looks_up(message).await {
            Some(view) => view,
            None => panic!("{self:?} has lost {message}"),
        }
    }

    /// The reactions to a message: each emoji with the names of those who gave it.
    pub async fn reactions(&self, message: MessageId) -> Vec<(String, Vec<String>)> {
        let Some(view) = self.looks_up(message).await else { return Vec::new() };
        let names = |from: Vec<huis_views::Named>| from.into_iter().filter_map(|named| named.name).collect();
        view.reactions.into_iter().map(|reaction| (reaction.emoji, names(reaction.from))).collect()
    }

    /// What a message came to on this device, in a form in which devices can be compared.
    pub async fn makes_of(&self, message: MessageId) -> Option<String> {
        let view = self.looks_up(message).await?;
        let names = |from: &huis_views::Named| from.name.clone();
        let reactions: Vec<_> = view
            .reactions
            .iter()
            .map(|reaction| (&reaction.emoji, reaction.from.iter().map(names).collect::<Vec<_>>()))
            .collect();
        let (deleted_by, mentions) =
            (view.deleted_by.as_ref().map(names), view.mentions.iter().map(names).collect::<Vec<_>>());
        let quote = view.reply_to.as_ref().map(|quote| (quote.message, &quote.text, quote.deleted));
        Some(format!(
            "{:?} {:?} {:?} {reactions:?} {deleted_by:?} {mentions:?} {quote:?}",
            view.text, view.edited_at_ms, view.pinned
        ))
    }
}
