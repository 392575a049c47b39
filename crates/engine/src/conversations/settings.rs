//! What a person sets for a conversation, on this device for all of the account's, and what is being written in it.

use huis_core::account_state::KnownConversation;
use huis_core::conversation_settings::{Announced, ConversationSettings, MUTED_FOR_EVER};
use huis_proto::{ConversationId, limits};
use huis_views::{ConversationView, Failure, Muted, NotificationLevel, Target, Wish};

use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError};

impl Client {
    pub(crate) fn set_notifications(
        &self,
        target: &Target,
        level: Option<NotificationLevel>,
        muted: Option<Muted>,
    ) -> Result<ConversationView, Failure> {
        self.set(target, |settings, _| {
            if let Some(level) = level {
                settings.announced = match level {
                    NotificationLevel::All => Announced::All,
                    NotificationLevel::Mentions => Announced::Mentions,
                    NotificationLevel::None => Announced::None,
                };
            }
            if let Some(muted) = muted {
                settings.muted_until_ms = match muted {
                    Muted::No => 0,
                    Muted::Until(until_ms) => until_ms,
                    Muted::ForEver => MUTED_FOR_EVER,
                };
            }
        })
    }

    pub(crate) fn set_archived(&self, target: &Target, archived: bool) -> Result<ConversationView, Failure> {
        // What was said up to here does not bring it back, wherever it is read later.
        self.set(target, |settings, row| settings.archived_at = archived.then_some(row.cursor))
    }

    pub(crate) fn set_favourite(&self, target: &Target, favourite: bool) -> Result<ConversationView, Failure> {
        self.set(target, |settings, _| settings.favourite = favourite)
    }

    fn set(
        &self,
        target: &Target,
        change: impl FnOnce(&mut ConversationSettings, &ConversationRow),
    ) -> Result<ConversationView, Failure> {
        self.signed_in()?;
        let row = self.find(target)?;
        self.step(|step| {
            let before = step.tables.settings(row.id)?.settings;
            let mut settings = before;
            change(&mut settings, &row);
            if settings == before {
                return Ok(());
            }
            step.tables.put_settings(row.id, &settings)?;
            step.changed(row.id);
            step.state_changed()
        })?;
        self.conversation_of(row.id)
    }

    /// Keeps what is being written and what is wished of it, on this device alone.
    pub(crate) fn set_draft(&self, conversation: ConversationId, text: &str, wish: Wish) -> Result<(), Failure> {
        if text.len() > limits::MESSAGE_TEXT {
            let reason = format!("the draft has {} bytes; at most {} are kept", text.len(), limits::MESSAGE_TEXT);
            return Err(Failure::Invalid { reason });
        }
        self.step(|step| {
            step.conversation(conversation)?;
            if text.is_empty() && !step.tables.settings(conversation)?.draft.is_empty() {
                // It was sent, maybe to be opened once, or is not to be sent.
                step.log_tells();
            }
            Ok(step.tables.put_draft(conversation, text, wish)?)
        })
    }
}

impl Step<'_> {
    /// Something to be seen was said at `at_ms`, in this place of the log if it is there already. It brings the
    /// conversation back if it was put aside before, unless it is muted.
    pub(crate) fn brings_back(&mut self, id: ConversationId, seq: Option<u64>, at_ms: u64) -> Result<(), DbError> {
        let mut settings = self.tables.settings(id)?.settings;
        let Some(archived_at) = settings.archived_at else { return Ok(()) };
        if settings.is_muted_at(at_ms) || seq.is_some_and(|seq| seq <= archived_at) {
            return Ok(());
        }
        settings.archived_at = None;
        self.tables.put_settings(id, &settings)?;
        self.changed(id);
        self.state_changed()
    }

    /// Takes over what another device set since both had `base`.
    pub(crate) fn merge_settings(
        &mut self,
        id: ConversationId,
        theirs: &KnownConversation,
        base: Option<&KnownConversation>,
    ) -> Result<(), DbError> {
        let base = base.map_or_else(ConversationSettings::default, |base| base.settings);
        let mine = self.tables.settings(id)?.settings;
        let mut merged = mine.merged(theirs.settings, base);
        if let Some(archived_at) = merged.archived_at.filter(|_| merged.archived_at != mine.archived_at)
            && self.tables.is_said_behind(id, archived_at, merged.muted_until_ms)?
        {
            // What brings it back came before the word that put it aside; what came while it was muted does not.
            merged.archived_at = None;
            self.state_changed()?;
        }
        if merged != mine {
            self.tables.put_settings(id, &merged)?;
            self.changed(id);
        }
        Ok(())
    }

    /// The log ends earlier than it did: what is set by its places is set by the last one that is left.
    pub(crate) fn settings_go_back(&mut self, id: ConversationId, head: u64) -> Result<(), DbError> {
        // A card that was shown behind it is lost.
        self.tables.forget_card_shown(id)?;
        let mut row = self.tables.settings(id)?;
        if row.read_seq > head {
            self.tables.put_read_seq(id, head)?;
            self.state_changed()?;
        }
        if row.settings.archived_at.is_some_and(|at| at > head) {
            row.settings.archived_at = Some(head);
            self.tables.put_settings(id, &row.settings)?;
            self.state_changed()?;
        }
        Ok(())
    }
}

/// What a face is told of the settings.
pub(crate) fn level_of(announced: Announced) -> NotificationLevel {
    match announced {
        Announced::All => NotificationLevel::All,
        Announced::Mentions => NotificationLevel::Mentions,
        Announced::None => NotificationLevel::None,
    }
}

/// Until when it is quiet, as a face is told.
pub(crate) fn muted_of(muted_until_ms: u64) -> Muted {
    match muted_until_ms {
        0 => Muted::No,
        MUTED_FOR_EVER => Muted::ForEver,
        until_ms => Muted::Until(until_ms),
    }
}
