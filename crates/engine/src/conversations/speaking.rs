//! Saying something.

use huis_core::content::{Content, Quote, Stay, excerpt};
use huis_proto::{AccountId, Bytes, ConversationId, MessageId};
use huis_views::{Failure, Send, Sent, Target};

use super::annotating::refused;
use super::mentions::mentions;
use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, MessageRow, MessageStanding, State, Task};
use crate::sync::taken_back;
use crate::time_locks::Locking;
use crate::transfers::called;

/// Messages that may wait to be sent.
const MOST_WAITING: u32 = 10_000;

impl Client {
    pub(crate) async fn send(&self, wish: Send, locking: Option<Locking>) -> Result<Sent, Failure> {
        // Before a conversation is opened for it.
        let stay = Stay { timer: None, once: wish.view_once };
        let text = Content::text(wish.text).map_err(refused)?.staying(stay);
        self.say(&wish.to, text, (wish.reply_to, locking), wish.wait).await
    }

    /// Stores what is said with its place in the outbox, and waits for the server if that is wished.
    pub(super) async fn say(
        &self,
        to: &Target,
        said: Content,
        (reply_to, locking): (Option<MessageId>, Option<Locking>),
        wait: bool,
    ) -> Result<Sent, Failure> {
        let me = self.signed_in()?;
        self.check_room_to_wait()?;
        let conversation = self.find_or_open(to).await?;
        let id = self.random_id();
        let outcome = self.outcome(id);
        self.step(|step| {
            let row = step.speaks_in(conversation)?;
            let content = step.addressed(&row, said, reply_to)?;
            let mut message = MessageRow::waiting(conversation, id, me.device.member, step.client.now_ms());
            if !content.files().is_empty() {
                message.kind = "file".into();
            }
            message.set_text(&content, me.account());
            message.content = content.to_bytes().map_err(refused)?;
            let Some(position) = step.tables.add_message(&message)? else {
                return Err(Failure::Internal { reason: "a fresh id was there already".into() });
            };
            if let Some(locking) = &locking {
                step.lock_until(position, locking)?;
            }
            step.brings_back(conversation, None, step.client.now_ms())?;
            step.task(conversation, id, &Task::Say { content: Bytes(message.content), shown: true })?;
            step.said(conversation, id);
            Ok::<_, Failure>(())
        })?;
        if !wait {
            return Ok(Sent { id, conversation, seq: None });
        }
        let outcome = outcome.await.map_err(|_| Failure::Stopped)??;
        Ok(Sent { id, conversation: outcome.conversation, seq: Some(outcome.seq) })
    }

    /// Whether there is room for something more that waits to be sent.
    pub(crate) fn check_room_to_wait(&self) -> Result<(), Failure> {
        if self.read(|tables| Ok::<_, DbError>(tables.count_tasks()? + tables.count_held()?))? >= MOST_WAITING {
            Err(Failure::Busy)
        } else {
            Ok(())
        }
    }

    /// Sends a message that failed once more, under the same id.
    pub(crate) fn retry(&self, message: MessageId) -> Result<(), Failure> {
        self.step(|step| {
            let row = step.tables.own_message(message)?.ok_or_else(|| unknown(message))?;
            if row.standing != MessageStanding::Failed {
                return Err(Failure::Invalid { reason: "this message has not failed".into() });
            }
            if row.stay.once && !Content::from_bytes(&row.content).is_ok_and(|content| content.body().is_some()) {
                return Err(Failure::Invalid { reason: "this message is not kept here; write it again".into() });
            }
            step.speaks_in(row.conversation)?;
            step.tables.set_standing(message, MessageStanding::Waiting, None)?;
            if step.resume_uploads_of(row.position)? {
                step.said(row.conversation, message);
                return Ok(());
            }
            let task = Task::Say { content: Bytes(row.content), shown: true };
            step.task(row.conversation, message, &task)?;
            step.said(row.conversation, message);
            Ok(())
        })
    }

    /// Forgets a message that was not sent. One that is sealed may be on its way, and is no longer one's own to stop; nor is one
    /// that was, where the server did not say that it refused it, though it failed since.
    pub(crate) fn discard(&self, message: MessageId) -> Result<(), Failure> {
        self.step(|step| {
            let row = step.tables.own_message(message)?.ok_or_else(|| unknown(message))?;
            if !matches!(row.standing, MessageStanding::Failed | MessageStanding::Waiting) {
                return Err(Failure::Invalid { reason: "this message was sent already".into() });
            }
            let on_its_way = || Failure::Invalid { reason: "this message may be on its way already".into() };
            if row.perhaps_taken {
                return Err(on_its_way());
            }
            if let Some(task) = step.tables.task_by_id(row.conversation, message)? {
                // What is held back, no longer sealed and not perhaps taken was refused by the server before.
                let was_sealed = task.counter.is_some() && !step.tables.is_held(task.position)?;
                if task.sealed.is_some() || was_sealed {
                    return Err(on_its_way());
                }
                step.drop_task(task.position)?;
                step.no_card_alone(row.conversation)?;
            }
            step.tables.let_transfers_go(row.position)?;
            step.wake_transfers();
            step.tables.delete_message(row.position)?;
            step.said(row.conversation, message);
            step.answer(message, Err(Failure::Invalid { reason: "the message was discarded".into() }));
            Ok(())
        })
    }
}

impl Step<'_> {
    /// A person says something in a conversation, where that can be done; who speaks accepts. Where an identity key changed
    /// the outbox holds it back.
    pub(crate) fn speaks_in(&mut self, conversation: ConversationId) -> Result<ConversationRow, Failure> {
        let row = self.conversation(conversation)?;
        check_speakable(&row)?;
        if let Some(peer) = row.peer {
            self.client.check_not_blocked(&self.account(peer)?)?;
        }
        self.accept(conversation)?;
        Ok(row)
    }

    /// What is said, with whom it names, what it answers and how long it stays.
    pub(crate) fn addressed(
        &mut self,
        conversation: &ConversationRow,
        mut said: Content,
        answers: Option<MessageId>,
    ) -> Result<Content, Failure> {
        if let Content::Text { body, mentions, reply_to, forwarded, stay }
        | Content::Files { body, mentions, reply_to, forwarded, stay, .. } = &mut said
        {
            stay.timer = self.tables.titles(conversation.id)?.timer();
            if !*forwarded {
                *mentions = self.mentions_in(body, &conversation.accounts)?;
            }
            *reply_to = answers.map(|message| self.quote(conversation.id, message)).transpose()?;
        }
        Ok(said)
    }

    fn quote(&self, conversation: ConversationId, message: MessageId) -> Result<Quote, Failure> {
        let quoted = self.known_message(message)?;
        if quoted.conversation != conversation {
            return Err(Failure::Invalid { reason: "an answer stands in the conversation of what it answers".into() });
        }
        if quoted.deleted {
            return Err(taken_back());
        }
        if quoted.standing == MessageStanding::Failed {
            return Err(Failure::Invalid { reason: "the message that is answered was not sent".into() });
        }
        let target = quoted.as_target();
        if quoted.stay.ends() || self.tables.is_locked(quoted.position)? {
            // The answer may stay longer, or be read earlier.
            return Ok(Quote { target, excerpt: String::new() });
        }
        if quoted.body.is_empty()
            && let Ok(content) = Content::from_bytes(&quoted.content)
        {
            let names: Vec<_> = content.files().iter().map(called).collect();
            return Ok(Quote { target, excerpt: excerpt(&names.join(", ")).into() });
        }
        Ok(Quote { target, excerpt: excerpt(&quoted.body).into() })
    }

    /// Whom a text names, of those in a conversation.
    pub(super) fn mentions_in(&self, text: &str, accounts: &[AccountId]) -> Result<Vec<AccountId>, DbError> {
        if !text.contains('@') {
            return Ok(Vec::new());
        }
        let mut known = Vec::with_capacity(accounts.len());
        for account in accounts {
            known.extend(self.tables.name_of(*account)?.map(|name| (*account, name)));
        }
        Ok(mentions(text, &known))
    }
}

/// Whether something can be said in a conversation, now or once it is joined.
pub(super) fn check_speakable(row: &ConversationRow) -> Result<(), Failure> {
    match row.state {
        State::Left => Err(Failure::NotAMember),
        State::Held => {
            let reason = "its members differ from those that were known; look at the notices".into();
            Err(Failure::Invalid { reason })
        }
        State::Joining | State::Joined | State::Repairing => Ok(()),
    }
}

fn unknown(message: MessageId) -> Failure {
    Failure::Unknown { what: "message of yours".into(), name: message.to_string() }
}
