//! What a person does to what was said: reacts, edits, deletes, pins, says it again elsewhere.

use huis_core::annotations::{Annotation as Deed, may_entitle, may_set_timer};
use huis_core::content::{Content, ContentError, Stay};
use huis_proto::{Bytes, ConversationKind, MessageId};
use huis_views::{Annotate, Annotation, ConversationView, Failure, Forward, Sent, Target};

use super::speaking::check_speakable;
use crate::client::{Client, Step};
use crate::db::{MessageRow, Tables, Task};
use crate::sync::taken_back;

impl Client {
    /// Does something to a message; it is seen here at once.
    pub(crate) async fn annotate(&self, wish: Annotate) -> Result<Sent, Failure> {
        self.signed_in()?;
        self.check_room_to_wait()?;
        if matches!(wish.annotation, Annotation::Delete) {
            self.destroy_share_of(wish.message).await?;
        }
        self.mark(wish).await
    }

    /// As [`annotate`](Self::annotate), for what is not locked, or whose share is destroyed.
    pub(crate) async fn mark(&self, wish: Annotate) -> Result<Sent, Failure> {
        let me = self.signed_in()?;
        self.check_room_to_wait()?;
        let id = self.random_id();
        let outcome = self.outcome(id);
        let conversation = self.step(|step| {
            let message = step.known_message(wish.message)?;
            if matches!(wish.annotation, Annotation::Edit { .. }) {
                step.check_is_open(&message)?;
            }
            let conversation = step.conversation(message.conversation)?;
            step.check_may_speak(&conversation)?;
            if message.seq.is_none() {
                return Err(invalid("this message has not been sent yet; it can be discarded"));
            }
            if message.deleted {
                return Err(taken_back());
            }
            let content = step.content_of(wish.annotation, &message, &conversation.accounts)?;
            let bytes = content.to_bytes().map_err(refused)?;
            let deed = Deed::of(&content).ok_or_else(|| invalid("this is done to no message"))?;
            let role = step.tables.own_role(conversation.id)?;
            if !deed.is_permitted(conversation.kind, me.account(), role) {
                return Err(match content {
                    Content::Edit { .. } => invalid("only who wrote a message changes it"),
                    _ => Failure::NotAllowed,
                });
            }
            // It is an answer, and answering accepts.
            step.accept(conversation.id)?;
            step.tables.add_waiting_mark(conversation.id, deed.target, id, step.client.now_ms(), &bytes)?;
            step.task(conversation.id, id, &Task::Say { content: Bytes(bytes), shown: false })?;
            step.refresh_message(conversation.id, deed.target)?;
            Ok(conversation.id)
        })?;
        if !wish.wait {
            return Ok(Sent { id, conversation, seq: None });
        }
        let outcome = outcome.await.map_err(|_| Failure::Stopped)??;
        Ok(Sent { id, conversation: outcome.conversation, seq: Some(outcome.seq) })
    }

    /// Says in another conversation what was said in one. Who said it first is not told, and nobody is called by it.
    pub(crate) async fn forward(&self, wish: Forward) -> Result<Sent, Failure> {
        let message = self.step(|step| {
            let message = step.known_message(wish.message)?;
            step.check_is_open(&message).map(|()| message)
        })?;
        if message.deleted {
            return Err(taken_back());
        }
        if message.stay.ends() {
            return Err(invalid("a message that vanishes is not forwarded"));
        }
        let first = Content::from_bytes(&message.content).map_err(refused)?;
        let (mentions, reply_to, forwarded, stay) = (Vec::new(), None, true, Stay::default());
        let again = match first {
            // As it stands, if it was changed.
            Content::Text { .. } => Content::Text { body: message.body, mentions, reply_to, forwarded, stay },
            // They have their names and keys only once they are at the server.
            Content::Files { .. } if message.seq.is_none() => {
                return Err(invalid("these files have not been sent yet"));
            }
            Content::Files { files, body, .. } => Content::Files { files, body, mentions, reply_to, forwarded, stay },
            _ => return Err(invalid("a message of this kind cannot be forwarded")),
        };
        self.say(&wish.to, again, (None, None), wish.wait).await
    }

    pub(crate) async fn set_topic(&self, target: &Target, topic: &str) -> Result<ConversationView, Failure> {
        let row = self.find(target)?;
        if row.kind == ConversationKind::Direct {
            return Err(invalid("only groups and rooms have a topic"));
        }
        self.check_may_entitle(&row)?;
        let content = Content::Settings { title: None, topic: Some(topic.trim().into()), timer: None };
        let content = content.to_bytes().map_err(refused)?;
        let id = self.change(row.id, Task::Say { content: Bytes(content), shown: false })?;
        self.waited(Some(id)).await?;
        self.conversation_of(row.id)
    }

    pub(crate) fn check_may_set_timer(&self, row: &crate::db::ConversationRow) -> Result<(), Failure> {
        let role = self.read(|tables| tables.own_role(row.id))?;
        // As for a title.
        if role.is_none() || may_set_timer(row.kind, role) { Ok(()) } else { Err(Failure::NotAllowed) }
    }

    pub(super) fn check_may_entitle(&self, row: &crate::db::ConversationRow) -> Result<(), Failure> {
        let role = self.read(|tables| tables.own_role(row.id))?;
        // While it is being made or joined no role is known; it is judged again when it is sealed.
        if role.is_none() || may_entitle(row.kind, role) { Ok(()) } else { Err(Failure::NotAllowed) }
    }
}

impl Step<'_> {
    /// As [`known_message`].
    pub(super) fn known_message(&self, message: MessageId) -> Result<MessageRow, Failure> {
        known_message(self.tables, message)
    }

    fn check_may_speak(&mut self, conversation: &crate::db::ConversationRow) -> Result<(), Failure> {
        check_speakable(conversation)?;
        if let Some(peer) = conversation.peer {
            // Where an identity key changed the outbox holds it back, as in a group.
            self.client.check_not_blocked(&self.account(peer)?)?;
        }
        Ok(())
    }

    fn content_of(
        &self,
        annotation: Annotation,
        message: &MessageRow,
        accounts: &[huis_proto::AccountId],
    ) -> Result<Content, Failure> {
        let target = message.as_target();
        Ok(match annotation {
            Annotation::React { emoji } => Content::Reaction { target, emoji: Some(emoji) },
            Annotation::Unreact => Content::Reaction { target, emoji: None },
            Annotation::Edit { .. } if message.kind != "text" => {
                return Err(invalid("a message of this kind cannot be changed"));
            }
            Annotation::Edit { .. } if message.stay.once => {
                return Err(invalid("a message that is opened once cannot be changed"));
            }
            Annotation::Edit { text } => {
                let mentions = if message.forwarded { Vec::new() } else { self.mentions_in(&text, accounts)? };
                Content::Edit { target, body: text, mentions, vanishes: message.stay.ends() }
            }
            Annotation::Delete => Content::Delete { target },
            Annotation::Pin => Content::Pin { target, pinned: true },
            Annotation::Unpin => Content::Pin { target, pinned: false },
        })
    }
}

/// A message that is here, by its id. An id that somebody used again leads to none, rather than to another one than is
/// meant.
pub(crate) fn known_message(tables: Tables<'_>, message: MessageId) -> Result<MessageRow, Failure> {
    let Some(row) = tables.message(message)? else {
        return Err(unknown_message(message));
    };
    if tables.is_ambiguous(&row)? {
        return Err(invalid("several messages have this id: somebody used it again"));
    }
    Ok(row)
}

/// It is not here, or no longer.
pub(crate) fn unknown_message(message: MessageId) -> Failure {
    Failure::Unknown { what: "message".into(), name: message.to_string() }
}

fn invalid(reason: &str) -> Failure {
    Failure::Invalid { reason: reason.into() }
}

pub(crate) fn refused(error: ContentError) -> Failure {
    Failure::Invalid { reason: error.to_string() }
}
