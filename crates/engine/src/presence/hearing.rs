//! What others let this device know.

use huis_core::groups::SignError;
use huis_proto::{AccountId, ConversationId, Member};
use huis_views::{ConversationView, Event};

use super::CLOSE_MS;
use crate::client::Client;
use crate::db::{DbError, State};

impl Client {
    /// Takes a sign that the server relays as `from`'s. What is not to be believed is dropped in silence, as it may be
    /// nothing worse than late.
    pub(crate) fn take_sign(&self, conversation: ConversationId, from: Member, sealed: &[u8]) -> Result<(), DbError> {
        let Some(me) = self.me().map(|me| me.account()) else { return Ok(()) };
        let is_welcome = self.read(|tables| {
            // Who says nothing of himself hears nothing of others.
            if from.account == me || !tables.preferences()?.presence {
                return Ok(false);
            }
            let row = tables.conversation(conversation)?;
            let is_wanted = row.is_some_and(|row| row.state == State::Joined && row.accepted);
            let is_blocked = tables.account(from.account)?.is_some_and(|known| known.blocked);
            Ok::<_, DbError>(is_wanted && !is_blocked)
        })?;
        if !is_welcome {
            return Ok(());
        }
        let (known, now_ms) = (self.known(), self.clock.now_ms());
        let opened = self.look_at_group(conversation, |group| {
            if group.members().binary_search(&from).is_err() {
                return Err(SignError::Stranger);
            }
            if !self.presence.borrow_mut().may_speak(conversation, from, now_ms) {
                return Ok(None);
            }
            group.open_sign(&known, from, sealed).map(Some)
        })?;
        let (sign, at_ms) = match opened {
            Some(Ok(Some(opened))) => opened,
            Some(Err(error)) => {
                tracing::debug!(%conversation, %error, "a sign of presence was dropped");
                return Ok(());
            }
            _ => return Ok(()),
        };
        if at_ms.abs_diff(self.now_ms()) > CLOSE_MS {
            return Ok(());
        }
        if self.presence.borrow_mut().take(conversation, from, sign, at_ms, now_ms) {
            self.emit(Event::Presence { conversation });
        }
        // Somebody has to wake when it is over.
        self.signals.presence.notify_one();
        Ok(())
    }

    /// Fills in who is there and who is writing at this moment.
    pub(crate) fn liven(&self, view: &mut ConversationView) {
        let (presence, now_ms) = (self.presence.borrow(), self.clock.now_ms());
        for (account, heard) in presence.heard_in(view.id) {
            let Some(named) = view.accounts.iter().find(|named| named.account == account) else { continue };
            if now_ms < heard.here_until_ms && !view.here.contains(&account) {
                view.here.push(account);
            }
            if now_ms < heard.writing_until_ms && !view.typing.contains(named) {
                view.typing.push(named.clone());
            }
        }
    }

    /// Whether somebody is there at a device of this account, in one conversation or in any.
    pub(crate) fn is_here(&self, account: AccountId, conversation: Option<ConversationId>) -> bool {
        let (presence, now_ms) = (self.presence.borrow(), self.clock.now_ms());
        presence.heard.iter().any(|((id, member), heard)| {
            let is_meant = member.account == account && conversation.is_none_or(|conversation| conversation == *id);
            is_meant && now_ms < heard.here_until_ms
        })
    }
}
