//! From what a person types to a conversation.

use huis_proto::rest::Room;
use huis_proto::{AccountId, ConversationId, ConversationKind, ErrorCode, names};
use huis_views::{Failure, Target};

use crate::client::Client;
use crate::db::{ConversationRow, DbError, State, Task};

impl Client {
    /// The conversation that is meant, which is known here.
    pub(crate) fn find(&self, target: &Target) -> Result<ConversationRow, Failure> {
        self.find_known(target)?.ok_or_else(|| unknown(target))
    }

    pub(crate) fn find_known(&self, target: &Target) -> Result<Option<ConversationRow>, Failure> {
        match target {
            Target::Id(id) => Ok(self.read(|tables| tables.conversation(*id))?),
            Target::Account(name) => {
                let name = account_name(name)?;
                Ok(self.read(|tables| match tables.account_by_name(&name)? {
                    Some(row) => tables.conversation_with(row.account),
                    None => Ok::<_, DbError>(None),
                })?)
            }
            Target::Room(title) => self.find_titled(title),
        }
    }

    fn find_titled(&self, title: &str) -> Result<Option<ConversationRow>, Failure> {
        let title = title.trim_start_matches('#');
        let room = names::room_name(title).ok();
        let mut rows = self.read(|tables| tables.conversations())?;
        rows.retain(|row| {
            let is_room = row.room.is_some() && row.room == room;
            let is_titled = row.room.is_none() && row.title.as_deref() == Some(title);
            is_room || is_titled
        });
        // One that was left is meant only where there is no other: what was said in it can still be read.
        if rows.iter().any(|row| row.state != State::Left) {
            rows.retain(|row| row.state != State::Left);
        }
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            _ => Err(Failure::Ambiguous { name: format!("#{title}") }),
        }
    }

    /// The conversation that is meant; the one with an account is opened, and an open room is joined, if that has not
    /// happened yet.
    pub(crate) async fn find_or_open(&self, target: &Target) -> Result<ConversationId, Failure> {
        let known = self.find_known(target)?;
        if let Some(row) = known.as_ref().filter(|row| row.state != State::Left) {
            return Ok(row.id);
        }
        // Whoever was in a group of this title means that group, also where an open room is called the same.
        let was_in_group = known.is_some_and(|row| row.kind == ConversationKind::Group);
        match target {
            Target::Id(_) | Target::Room(_) if was_in_group => Err(Failure::NotAMember),
            Target::Id(_) => Err(unknown(target)),
            Target::Account(name) => self.open_direct(name).await,
            Target::Room(name) => {
                let room = names::room_name(name.trim_start_matches('#')).map_err(|_| unknown(target))?;
                match self.get::<Room>(format!("/api/v1/rooms/{room}")).await {
                    Ok(found) => Ok(self.enter_room(&room, found.conversation)?.0),
                    Err(error) if error.code() == Some(ErrorCode::NotFound) && room == LOBBY => {
                        Ok(self.create_open_room(&room)?.0)
                    }
                    Err(error) if error.code() == Some(ErrorCode::NotFound) => Err(unknown(target)),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    async fn open_direct(&self, name: &str) -> Result<ConversationId, Failure> {
        let me = self.signed_in()?;
        let peer = self.look_up(name).await?;
        self.check_contact(&peer)?;
        if peer.account == me.account() {
            return Err(Failure::Invalid { reason: "this is your own name; name somebody else".into() });
        }
        // Another command may have opened it while this one looked the name up.
        if let Some(row) = self.read(|tables| tables.conversation_with(peer.account))? {
            return Ok(row.id);
        }
        let id = ConversationId::random(&mut *self.random.borrow_mut());
        self.step(|step| {
            let mut row = ConversationRow::new(id, ConversationKind::Direct);
            row.peer = Some(peer.account);
            row.accounts = sorted([me.account(), peer.account]);
            step.tables.put_conversation(&row)?;
            step.changed(id);
            let task = Task::Create { others: vec![peer.account] };
            step.task(id, step.client.random_id(), &task)?;
            Ok::<_, DbError>(())
        })?;
        Ok(id)
    }

    /// Joins an open room that exists; gives the id of the task, if there is one to wait for.
    pub(super) fn enter_room(
        &self,
        room: &str,
        conversation: ConversationId,
    ) -> Result<(ConversationId, Option<huis_proto::MessageId>), Failure> {
        self.begin_room(room, conversation, &Task::Join { checked: false })
    }

    pub(super) fn create_open_room(
        &self,
        room: &str,
    ) -> Result<(ConversationId, Option<huis_proto::MessageId>), Failure> {
        let conversation = ConversationId::random(&mut *self.random.borrow_mut());
        self.begin_room(room, conversation, &Task::Create { others: vec![] })
    }

    fn begin_room(
        &self,
        room: &str,
        conversation: ConversationId,
        task: &Task,
    ) -> Result<(ConversationId, Option<huis_proto::MessageId>), Failure> {
        let id = self.random_id();
        self.step(|step| {
            let before = step.tables.conversation(conversation)?;
            if let Some(before) = &before {
                // The server names the conversation; it is none that is known to be something else.
                let is_room =
                    before.kind == ConversationKind::Open && before.room.as_deref().is_none_or(|of| of == room);
                if !is_room {
                    let reason = "the room's conversation is known here as another one".into();
                    return Err(Failure::BadAnswer { reason });
                }
                if before.state != State::Left {
                    // Who was invited has not heard what it is called.
                    if before.room.is_none() {
                        let named = ConversationRow { room: Some(room.into()), ..before.clone() };
                        step.tables.put_conversation(&named)?;
                        step.changed(conversation);
                        step.state_changed()?;
                    }
                    // Who joins accepts.
                    step.accept(conversation)?;
                    return Ok((conversation, None));
                }
            }
            let mut row = before.unwrap_or_else(|| ConversationRow::new(conversation, ConversationKind::Open));
            row.state = State::Joining;
            row.accepted = true;
            row.room = Some(room.into());
            step.tables.put_conversation(&row)?;
            step.changed(conversation);
            step.task(conversation, id, task)?;
            Ok((conversation, Some(id)))
        })
    }

    /// The accounts of these usernames, each once.
    pub(super) async fn look_up_all(&self, names: &[String]) -> Result<Vec<AccountId>, Failure> {
        let mut accounts = Vec::new();
        for name in names {
            let row = self.look_up(name).await?;
            self.check_contact(&row)?;
            accounts.push(row.account);
        }
        accounts.sort_unstable();
        accounts.dedup();
        Ok(accounts)
    }
}

/// The room that is always there for whoever speaks in it first.
const LOBBY: &str = "lobby";

pub(super) fn sorted(accounts: impl IntoIterator<Item = AccountId>) -> Vec<AccountId> {
    let mut accounts: Vec<_> = accounts.into_iter().collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

fn account_name(name: &str) -> Result<String, Failure> {
    names::username(name.trim_start_matches('@')).map_err(|error| Failure::Invalid { reason: error.to_string() })
}

fn unknown(target: &Target) -> Failure {
    let (what, name) = match target {
        Target::Account(name) => ("account", name.clone()),
        Target::Room(name) => ("room", format!("#{name}")),
        Target::Id(id) => ("conversation", id.to_string()),
    };
    Failure::Unknown { what: what.into(), name }
}
