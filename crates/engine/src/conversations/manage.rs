//! Groups and open rooms: created, joined, changed, left.

use huis_core::annotations::Place;
use huis_core::content::{Content, TimerSetting};
use huis_core::groups::Role;
use huis_proto::rest::{Room, Rooms};
use huis_proto::{Bytes, ConversationId, ConversationKind, ErrorCode, MessageId, names};
use huis_views::{ConversationView, Failure, MemberRole, Target};

use super::targets::sorted;
use crate::client::{Client, Outcome, Step};
use crate::db::{ConversationRow, DbError, State, Task};

impl Client {
    pub(crate) async fn rooms(&self) -> Result<Vec<Room>, Failure> {
        Ok(self.get::<Rooms>("/api/v1/rooms".into()).await?.rooms)
    }

    pub(crate) async fn create_room(
        &self,
        name: &str,
        open: bool,
        invite: &[String],
    ) -> Result<ConversationView, Failure> {
        let name = name.trim_start_matches('#');
        let conversation = if open {
            let room = room_name(name)?;
            let (_, task) = self.create_open_room(&room)?;
            let outcome = self.waited(task).await?;
            let conversation = match outcome {
                Some(outcome) => outcome.conversation,
                None => self.find(&Target::Room(room))?.id,
            };
            self.wait_until_joined(conversation).await?;
            if !invite.is_empty() {
                self.invite(&Target::Id(conversation), invite).await?;
            }
            conversation
        } else {
            self.create_group(name, invite).await?
        };
        self.conversation_of(conversation)
    }

    async fn create_group(&self, title: &str, invite: &[String]) -> Result<ConversationId, Failure> {
        let me = self.signed_in()?;
        if self.find_known(&Target::Room(title.into()))?.is_some_and(|row| row.state != State::Left) {
            return Err(Failure::Invalid { reason: format!("you are in a conversation called #{title} already") });
        }
        let settings = say(settings(Some(title), None, None)?);
        let mut others = self.look_up_all(invite).await?;
        others.retain(|account| *account != me.account());
        let conversation = ConversationId::random(&mut *self.random.borrow_mut());
        let id = self.random_id();
        self.step(|step| {
            let mut row = ConversationRow::new(conversation, ConversationKind::Group);
            row.title = Some(title.into());
            row.accounts = sorted(others.iter().copied().chain([me.account()]));
            step.tables.put_conversation(&row)?;
            step.changed(conversation);
            step.task(conversation, id, &Task::Create { others })?;
            step.task(conversation, step.client.random_id(), &settings)?;
            Ok::<_, Failure>(())
        })?;
        Ok(self.waited(Some(id)).await?.map_or(conversation, |outcome| outcome.conversation))
    }

    /// Joins an open room, or creates it; if two create it at once, one joins the other's.
    pub(crate) async fn join_room(&self, name: &str) -> Result<ConversationView, Failure> {
        let room = room_name(name.trim_start_matches('#'))?;
        let (conversation, task) = match self.get::<Room>(format!("/api/v1/rooms/{room}")).await {
            Ok(found) => self.enter_room(&room, found.conversation)?,
            Err(error) if error.code() == Some(ErrorCode::NotFound) => self.create_open_room(&room)?,
            Err(error) => return Err(error.into()),
        };
        let outcome = self.waited(task).await?;
        let joined = outcome.map_or(conversation, |outcome| outcome.conversation);
        self.wait_until_joined(joined).await?;
        self.conversation_of(joined)
    }

    /// After somebody else created the room first, the task became a join of theirs under the same id.
    async fn wait_until_joined(&self, conversation: ConversationId) -> Result<(), Failure> {
        let tasks = self.read(|tables| tables.tasks_of(conversation))?;
        let entering = tasks.iter().find(|task| matches!(task.task, Task::Create { .. } | Task::Join { .. }));
        self.waited(entering.map(|task| task.id)).await.map(drop)
    }

    pub(crate) async fn invite(&self, target: &Target, names: &[String]) -> Result<ConversationView, Failure> {
        let row = self.find(target)?;
        let accounts = self.look_up_all(names).await?;
        let id = self.change(row.id, Task::Invite { accounts })?;
        self.waited(Some(id)).await?;
        self.conversation_of(row.id)
    }

    pub(crate) async fn remove(&self, target: &Target, names: &[String]) -> Result<ConversationView, Failure> {
        let row = self.find(target)?;
        let mut accounts = Vec::new();
        for name in names {
            accounts.push(self.look_up(name).await?.account);
        }
        if let Some(stranger) = accounts.iter().position(|account| !row.accounts.contains(account)) {
            let name = names.get(stranger).cloned().unwrap_or_default();
            return Err(Failure::Unknown { what: "member".into(), name });
        }
        let id = self.change(row.id, Task::Remove { accounts })?;
        self.waited(Some(id)).await?;
        self.conversation_of(row.id)
    }

    pub(crate) async fn set_role(
        &self,
        target: &Target,
        names: &[String],
        role: MemberRole,
    ) -> Result<ConversationView, Failure> {
        let row = self.find(target)?;
        let role = match role {
            MemberRole::Member => Role::Member,
            MemberRole::Admin => Role::Admin,
            MemberRole::Owner => Role::Owner,
        };
        let mut roles = Vec::new();
        for name in names {
            roles.push((self.look_up(name).await?.account, role));
        }
        let id = self.change(row.id, Task::Roles { roles })?;
        self.waited(Some(id)).await?;
        self.conversation_of(row.id)
    }

    pub(crate) async fn set_title(&self, target: &Target, title: &str) -> Result<ConversationView, Failure> {
        let row = self.find(target)?;
        if row.kind != ConversationKind::Group {
            return Err(Failure::Invalid { reason: "only a group has a title".into() });
        }
        self.check_may_entitle(&row)?;
        let id = self.change(row.id, say(settings(Some(title), None, None)?))?;
        self.waited(Some(id)).await?;
        self.conversation_of(row.id)
    }

    pub(crate) async fn leave(&self, target: &Target) -> Result<(), Failure> {
        let row = self.find(target)?;
        let id = self.change(row.id, Task::Leave)?;
        self.waited(Some(id)).await.map(drop)
    }

    /// A person agreed to the members that are there.
    pub(crate) fn join_anyway(&self, conversation: ConversationId) -> Result<(), Failure> {
        self.step(|step| {
            let mut row = step.conversation(conversation)?;
            if row.state != State::Held {
                return Err(Failure::Invalid { reason: "this conversation does not wait for that".into() });
            }
            row.state = State::Joining;
            step.tables.put_conversation(&row)?;
            step.task(conversation, step.client.random_id(), &Task::Join { checked: false })?;
            step.changed(conversation);
            Ok(())
        })
    }

    /// Puts a change of a conversation into the outbox.
    pub(crate) fn change(&self, conversation: ConversationId, task: Task) -> Result<MessageId, Failure> {
        let id = self.random_id();
        self.step(|step| match step.conversation(conversation)?.state {
            State::Left | State::Held => Err(Failure::NotAMember),
            state @ (State::Joining | State::Joined | State::Repairing) => {
                // Who changes it takes part in it; and who is not in it yet comes in to leave, as only a member can.
                if !matches!(task, Task::Leave) {
                    step.accept(conversation)?;
                } else if state != State::Joined {
                    step.comes_in_to_leave(conversation)?;
                }
                step.task(conversation, id, &task)?;
                Ok(id)
            }
        })
    }

    /// The outcome of a task that was just put into the outbox; nothing awaited in between.
    pub(crate) async fn waited(&self, task: Option<MessageId>) -> Result<Option<Outcome>, Failure> {
        match task {
            Some(id) => self.outcome(id).await.map_err(|_| Failure::Stopped)?.map(Some),
            None => Ok(None),
        }
    }
}

impl Step<'_> {
    /// Accounts were added by this device: who comes later has not seen the title, the topic or the timer, and is told what
    /// they are by then.
    pub(crate) fn tell_newcomers(&mut self, conversation: ConversationId) -> Result<(), DbError> {
        if let Some(content) = self.what_newcomers_are_told(conversation)? {
            self.task(conversation, self.client.random_id(), &Task::Tell { content })?;
        }
        Ok(())
    }

    /// What is set for a conversation, where anything is, also that nothing vanishes. What is set before it is sealed is not to be
    /// turned back: neither what somebody else sets, nor what this device did that is on its way.
    pub(crate) fn what_newcomers_are_told(&self, conversation: ConversationId) -> Result<Option<Bytes>, DbError> {
        let mut title = self.tables.conversation(conversation)?.and_then(|row| row.title);
        let mut said = self.tables.titles(conversation)?;
        for row in self.tables.tasks_of(conversation)? {
            let Task::Say { content, shown: false } = &row.task else { continue };
            let Ok(Content::Settings { title: entitled, topic, timer }) = Content::from_bytes(content) else {
                continue;
            };
            let place = Place::waiting(row.position, row.id);
            said.take(None, topic.as_deref(), place);
            timer.into_iter().for_each(|timer| said.take_timer(timer, place));
            title = entitled.or(title);
        }
        let (topic, timer) = (said.topic().map(str::to_owned), said.timer_setting());
        if title.is_none() && topic.is_none() && timer.is_none() {
            return Ok(None);
        }
        let content = settings(title.as_deref(), topic, timer).map_err(|_| DbError::Form("settings"))?;
        Ok(Some(content))
    }
}

fn settings(title: Option<&str>, topic: Option<String>, timer: Option<TimerSetting>) -> Result<Bytes, Failure> {
    let invalid = |reason: String| Failure::Invalid { reason };
    if title.is_some_and(|title| title.trim().is_empty()) {
        return Err(invalid("a title is not empty".into()));
    }
    let content = Content::Settings { title: title.map(str::to_owned), topic, timer }
        .to_bytes()
        .map_err(|error| invalid(error.to_string()))?;
    Ok(Bytes(content))
}

fn say(content: Bytes) -> Task {
    Task::Say { content, shown: false }
}

fn room_name(name: &str) -> Result<String, Failure> {
    names::room_name(name).map_err(|error| Failure::Invalid { reason: error.to_string() })
}
