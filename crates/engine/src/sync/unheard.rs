//! Conversations that this device was added to and never heard of: their welcome expired before it came back.

use huis_proto::rest::{ConversationInfo, Conversations};
use huis_proto::{ConversationId, ConversationKind};
use huis_views::Notice;

use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, State, Task};

impl Client {
    /// Whether a conversation is not known here at all, or as one that was left.
    pub(super) fn is_unheard_of(&self, conversation: ConversationId) -> Result<bool, DbError> {
        Ok(self.read(|tables| tables.conversation(conversation))?.is_none_or(|row| row.state == State::Left))
    }

    /// Comes in by itself, once the request is accepted, where the server says that this device is a member and no welcome said so, and into `expired`
    /// also where it was taken out meanwhile, being silent. All welcomes that waited must be there.
    /// A device that has not taken over its account's state yet knows of no conversation: the server could invent them.
    pub(super) async fn come_in_where_unheard(&self, expired: Option<ConversationId>) -> Result<(), DbError> {
        if self.read(|tables| tables.fact::<u64>("state_version"))? == Some(0) {
            return Ok(());
        }
        let server: Conversations = match self.get("/api/v1/conversations".into()).await {
            Ok(server) => server,
            Err(error) => {
                tracing::info!(%error, "the server was not asked for conversations; it is the next time");
                return Ok(());
            }
        };
        let owed = |info: &&ConversationInfo| info.joined || Some(info.conversation) == expired;
        for info in server.conversations.iter().filter(owed) {
            let Some(row) = self.step(|step| step.come_in(info))? else { continue };
            // It may have been made at this very moment.
            self.wait_for_welcome(info.conversation);
            if let Some(peer) = row.peer
                && let Err(error) = self.fetch_lists(&[peer]).await
            {
                tracing::info!(%error, "who asks is not known by name yet");
            }
        }
        self.asked_for_unheard.set(true);
        Ok(())
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
