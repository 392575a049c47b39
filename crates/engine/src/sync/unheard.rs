//! Conversations that this device was added to and never heard of: their welcome expired before it came back.

use huis_proto::rest::{ConversationInfo, Conversations};
use huis_proto::{ConversationId, ConversationKind};
use huis_views::Notice;

use super::Ended;
use crate::api::ApiError;
use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, State, Task};

/// Every conversation of the account.
const ALL: &str = "/api/v1/conversations";

impl Client {
    /// Whether a conversation is not known here at all, or as one that was left.
    pub(super) fn is_unheard_of(&self, conversation: ConversationId) -> Result<bool, DbError> {
        Ok(self.read(|tables| tables.conversation(conversation))?.is_none_or(|row| row.state == State::Left))
    }

    /// Asks, once in a run, in which conversations this device is and of which it never heard. It is asked before the
    /// connection is made: of what is older, every welcome that waits comes before the connection has caught up.
    ///
    /// # Errors
    /// What makes a connection fail as well.
    pub(super) async fn ask_for_unheard(&self) -> Result<(), Ended> {
        if self.asked_for_unheard.get() || !self.knows_its_account()? {
            return Ok(());
        }
        match self.get::<Conversations>(ALL.into()).await {
            Ok(server) => {
                let joined = server.conversations.into_iter().filter(|info| info.joined);
                let mut unheard = Vec::new();
                for info in joined {
                    if self.is_unheard_of(info.conversation)? {
                        unheard.push(info);
                    }
                }
                self.unheard.replace(Some(unheard));
                Ok(())
            }
            Err(error @ (ApiError::Refused(_) | ApiError::Answer(_))) => {
                tracing::info!(%error, "the server was not asked for conversations; it is the next time");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Comes in by itself, once the request is accepted, where the server said that this device is a member and no
    /// welcome said so. All welcomes that waited must be there.
    pub(super) async fn come_in_where_unheard(&self) -> Result<(), DbError> {
        let Some(unheard) = self.unheard.take() else { return Ok(()) };
        for info in &unheard {
            self.come_in(info).await?;
        }
        self.asked_for_unheard.set(true);
        Ok(())
    }

    /// As [`Client::come_in_where_unheard`], into a conversation of which entries expired: also where this device was
    /// taken out meanwhile, being silent.
    pub(super) async fn come_in_where_expired(&self, conversation: ConversationId) -> Result<(), DbError> {
        if !self.knows_its_account()? {
            return Ok(());
        }
        match self.get::<Conversations>(ALL.into()).await {
            Ok(server) => match server.conversations.iter().find(|info| info.conversation == conversation) {
                Some(info) => self.come_in(info).await,
                None => Ok(()),
            },
            Err(error) => {
                tracing::info!(%error, "the server was not asked for conversations; it is the next time");
                Ok(())
            }
        }
    }

    async fn come_in(&self, info: &ConversationInfo) -> Result<(), DbError> {
        let Some(row) = self.step(|step| step.come_in(info))? else { return Ok(()) };
        // It may have been made at this very moment.
        self.wait_for_welcome(info.conversation);
        if let Some(peer) = row.peer
            && let Err(error) = self.fetch_lists(&[peer]).await
        {
            tracing::info!(%error, "who asks is not known by name yet");
        }
        Ok(())
    }

    /// A device that has not taken over its account's state yet knows of no conversation: the server could invent them.
    fn knows_its_account(&self) -> Result<bool, DbError> {
        Ok(self.read(|tables| tables.fact::<u64>("state_version"))? != Some(0))
    }
}

impl Step<'_> {
    /// As a request, whoever invited: the server's word for it is no proof, and the members are compared with nothing.
    fn come_in(&mut self, info: &ConversationInfo) -> Result<Option<ConversationRow>, DbError> {
        let id = info.conversation;
        let Some(me) = self.client.me() else { return Ok(None) };
        let before = self.tables.conversation(id)?;
        // Nothing has come since it was left: nobody has invited this account anew.
        if before.as_ref().is_some_and(|row| row.state != State::Left || info.head <= row.cursor) {
            return Ok(None);
        }
        // One that was left is a request again: somebody has invited this account anew.
        let mut row = before.unwrap_or_else(|| ConversationRow::new(id, info.kind));
        row.state = State::Joining;
        row.accepted = false;
        row.accounts.clear();
        row.opened_by = None;
        // What is known of it already is not the server's to change.
        match row.kind {
            ConversationKind::Direct => {
                let named = || info.accounts.iter().copied().find(|account| *account != me.account());
                row.peer = row.peer.or_else(named);
                row.opened_by = row.peer;
            }
            ConversationKind::Open => row.room = row.room.or_else(|| info.room.clone()),
            ConversationKind::Group => {}
        }
        self.tables.put_conversation(&row)?;
        self.notice(Some(id), Notice::Expired { seq: info.head })?;
        self.task(id, self.client.random_id(), &Task::Join { checked: false })?;
        self.changed(id);
        self.take_from_account_state(id)?;
        Ok(Some(row))
    }
}
