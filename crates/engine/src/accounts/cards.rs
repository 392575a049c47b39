//! Cards: what accounts show of themselves to those with whom they talk.
//!
//! The own card goes out just before the next message in a conversation whose members have not all seen it; nothing is
//! sent for its sake alone. The account's other devices have it from the account state.

use huis_core::card::Card;
use huis_core::content::Content;
use huis_proto::{AccountId, Bytes, ConversationId, ConversationKind, Member};
use huis_views::{CardView, Event, Failure, SetCard};

use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, Tables, Task};

/// A card may be this much ahead of the server's clock; a version beyond counts as one of that time, so that it does not
/// shut out later ones.
const AHEAD_MS: u64 = 24 * 3_600_000;

impl Client {
    /// What is shown of oneself.
    pub(crate) fn own_card(&self) -> Result<CardView, Failure> {
        self.card_of(self.signed_in()?.account())
    }

    pub(crate) fn card_of(&self, account: AccountId) -> Result<CardView, Failure> {
        let card = self.read(|tables| tables.card(account))?.unwrap_or_default();
        Ok(CardView { name: card.name, about: card.about, picture: card.picture })
    }

    pub(crate) fn set_card(&self, wish: SetCard) -> Result<CardView, Failure> {
        let me = self.signed_in()?.account();
        self.step(|step| {
            let before = step.tables.card(me)?.unwrap_or_default();
            let mut card = before.clone();
            let text = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            if let Some(name) = wish.name {
                card.name = text(name);
            }
            if let Some(about) = wish.about {
                card.about = text(about);
            }
            if let Some(picture) = wish.picture {
                card.picture = Some(picture).filter(|picture| !picture.is_empty());
            }
            card.check().map_err(|error| Failure::Invalid { reason: error.to_string() })?;
            if card != before {
                card.version = step.client.now_ms().max(before.version.saturating_add(1));
                step.tables.put_own_card(me, &card)?;
                step.event(Event::Contact { account: me });
                step.state_changed()?;
            }
            Ok::<_, Failure>(())
        })?;
        self.own_card()
    }
}

/// Whether both sides want the conversation: it is no request that waits for an answer, here or there. Who opened it
/// proves nothing: that may be the own account, at another device, or whom the server names.
pub(crate) fn is_talked_in(tables: Tables<'_>, row: &ConversationRow) -> Result<bool, DbError> {
    let is_wanted_there = row.kind != ConversationKind::Direct || tables.settings(row.id)?.answered;
    Ok(row.accepted && is_wanted_there)
}

impl Step<'_> {
    /// Before something is said: the own card, if those who are there have not seen it. Strangers who have not answered
    /// and open rooms are not shown it.
    pub(crate) fn introduce(&mut self, id: ConversationId) -> Result<(), DbError> {
        let Some(me) = self.client.me().map(|me| me.account()) else { return Ok(()) };
        let version = self.tables.card_version(me)?;
        if version == 0 || version == self.tables.card_shown(id)? {
            return Ok(());
        }
        let Some(row) = self.tables.conversation(id)? else { return Ok(()) };
        if row.kind == ConversationKind::Open || !is_talked_in(self.tables, &row)? {
            return Ok(());
        }
        let Some(card) = self.tables.card(me)? else { return Ok(()) };
        let Ok(content) = Content::Card(card).to_bytes() else { return Ok(()) };
        self.tables.put_card_shown(id, version)?;
        let task = Task::Say { content: Bytes(content), shown: false };
        self.tables.add_task(id, self.client.random_id(), &task)?;
        Ok(())
    }

    /// A message that waited is discarded: the card that was to go before it waits for the next one, if no other message
    /// follows it.
    pub(crate) fn no_card_alone(&mut self, id: ConversationId) -> Result<(), DbError> {
        for task in self.tables.tasks_of(id)?.into_iter().rev() {
            match &task.task {
                Task::Say { shown: true, .. } => break,
                Task::Say { content, shown: false } if task.sealed.is_none() && task.counter.is_none() => {
                    if matches!(Content::from_bytes(content), Ok(Content::Card(_))) {
                        self.tables.delete_task(task.position)?;
                        self.tables.forget_card_shown(id)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The other side of a direct conversation has spoken, be it by a receipt: it wants the conversation.
    pub(crate) fn is_answered(&mut self, conversation: &ConversationRow) -> Result<(), DbError> {
        if conversation.kind == ConversationKind::Direct && !self.tables.settings(conversation.id)?.answered {
            self.tables.put_answered(conversation.id)?;
            self.state_changed()?;
        }
        Ok(())
    }

    /// A member showed its card.
    pub(crate) fn take_card(
        &mut self,
        conversation: &ConversationRow,
        author: AccountId,
        card: &Card,
        received_ms: u64,
    ) -> Result<(), DbError> {
        if conversation.kind == ConversationKind::Open {
            return Ok(());
        }
        if self.client.me().is_some_and(|me| me.account() == author) {
            // Where it is the one that is kept, another device of the account has shown it there; this one need not.
            self.keep_own_card(author, card)?;
            return match self.tables.card(author)? {
                Some(kept) if kept == *card => self.tables.put_card_shown(conversation.id, card.version),
                _ => Ok(()),
            };
        }
        let version = card.version.min(received_ms.saturating_add(AHEAD_MS));
        if self.tables.put_card(author, &Card { version, ..card.clone() })? {
            self.event(Event::Contact { account: author });
        }
        Ok(())
    }

    /// Keeps a card that another device made for the own account, if it is the newest.
    pub(crate) fn keep_own_card(&mut self, me: AccountId, card: &Card) -> Result<(), DbError> {
        let before = self.tables.card_version(me)?;
        if self.tables.put_own_card(me, card)? {
            if before == card.version {
                self.tables.forget_cards_shown()?;
            }
            self.event(Event::Contact { account: me });
        }
        Ok(())
    }

    /// Devices came in that have not seen the own card. Who merely joined anew has.
    pub(crate) fn strangers_to_card(
        &mut self,
        id: ConversationId,
        joined: &[Member],
        left: &[Member],
    ) -> Result<(), DbError> {
        let me = self.client.me().map(|me| me.device.member);
        if joined.iter().any(|member| Some(*member) != me && !left.contains(member)) {
            self.tables.forget_card_shown(id)?;
        }
        Ok(())
    }
}
