//! What is done to messages after they were said: edits, deletes, reactions, pins; and a conversation's title, topic and
//! timer.
//!
//! What counts is a function of the **set** of annotations that were permitted, each with its place in the
//! conversation's log. Taking one is commutative, associative and idempotent, so that all devices come to the same
//! result, in whatever order and how often they hear of them, before or after the message itself.
//!
//! | | whose | what counts |
//! |---|---|---|
//! | edit | the author's account | the one with the highest place |
//! | delete | the author's account; in groups and rooms also owners and admins | any one, for good; it undoes all others |
//! | reaction | everybody | of each account the one with the highest place |
//! | pin | in a direct conversation both; else owners and admins | the one with the highest place |
//! | title, topic | owners and admins; nobody in a direct conversation | of each the one with the highest place |
//! | timer | in a direct conversation both; else owners and admins | the one with the highest place |

use std::collections::BTreeMap;

use huis_proto::{AccountId, ConversationKind, MessageId};
use serde::{Deserialize, Serialize};

use crate::content::{Content, Timer, TimerSetting};
use crate::groups::{Deed, Role, permits};

/// A message of a conversation. Its id alone is not enough, for a hostile member can use the id of somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// Its id.
    pub message: MessageId,
    /// Whose it is.
    pub author: AccountId,
}

/// Where an annotation stands among those of its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Its place in the conversation's log.
    pub seq: u64,
    /// Its own id, which decides between two where the log was cut and their places are one.
    pub id: MessageId,
}

/// Places from here on are of annotations that are on their way, newer than everything that is in the log.
const WAITING: u64 = 1 << 62;

impl Place {
    /// The place of an annotation of one's own that is not in the log yet: `order` grows with each.
    pub fn waiting(order: u64, id: MessageId) -> Self {
        Self { seq: WAITING.saturating_add(order), id }
    }

    /// The place of what was known before anything in the log.
    pub fn before_the_log() -> Self {
        Self { seq: 0, id: MessageId::from_bytes([0; 16]) }
    }

    /// Whether it is not in the log yet.
    pub fn is_waiting(self) -> bool {
        self.seq >= WAITING
    }
}

/// What is done to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Another text.
    Edit {
        /// The text.
        body: String,
        /// Whom it names.
        mentions: Vec<AccountId>,
    },
    /// It is taken back.
    Delete,
    /// A reaction, or none any more.
    Reaction(Option<String>),
    /// It is pinned, or no longer.
    Pin(bool),
}

/// Something that is done to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The message.
    pub target: MessageRef,
    /// What is done to it.
    pub mark: Mark,
}

impl Annotation {
    /// The annotation that content is, if it is one.
    pub fn of(content: &Content) -> Option<Self> {
        let (target, mark) = match content {
            Content::Edit { target, body, mentions, .. } => {
                (target, Mark::Edit { body: body.clone(), mentions: mentions.clone() })
            }
            Content::Delete { target } => (target, Mark::Delete),
            Content::Reaction { target, emoji } => (target, Mark::Reaction(emoji.clone())),
            Content::Pin { target, pinned } => (target, Mark::Pin(*pinned)),
            _ => return None,
        };
        Some(Self { target: *target, mark })
    }

    /// Whether an account of this role may do that: judged by the roster in force where the annotation stands in the
    /// log, which is the same for all members. Without a role it is no member, and may nothing.
    pub fn is_permitted(&self, kind: ConversationKind, by: AccountId, role: Option<Role>) -> bool {
        let Some(role) = role else { return false };
        let own = by == self.target.author;
        match self.mark {
            Mark::Edit { .. } => own,
            Mark::Delete => own || permits(kind, role, Deed::DeleteOfOthers),
            Mark::Reaction(_) => true,
            Mark::Pin(_) => permits(kind, role, Deed::Pin),
        }
    }
}

/// A text in place of the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    place: Place,
    /// When the server got the edit, in milliseconds since 1970.
    pub at_ms: u64,
    /// The text.
    pub body: String,
    /// Whom it names.
    pub mentions: Vec<AccountId>,
}

/// Who did something, and where that stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Deeded {
    /// Where it stands.
    pub place: Place,
    /// Who did it.
    pub by: AccountId,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Reacted {
    place: Place,
    emoji: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Pinned {
    place: Place,
    by: AccountId,
    pinned: bool,
}

/// What all permitted annotations of one message come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted: Option<Deeded>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edited: Option<Edited>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    reactions: BTreeMap<AccountId, Reacted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pinned: Option<Pinned>,
}

impl Marks {
    /// Takes one in that `by` was permitted to make. Taking it again changes nothing.
    pub fn take(&mut self, mark: &Mark, by: AccountId, place: Place, at_ms: u64) {
        let mut one = Self::default();
        match mark {
            Mark::Edit { body, mentions } => {
                one.edited = Some(Edited { place, at_ms, body: body.clone(), mentions: mentions.clone() });
            }
            Mark::Delete => one.deleted = Some(Deeded { place, by }),
            Mark::Reaction(emoji) => {
                one.reactions.insert(by, Reacted { place, emoji: emoji.clone() });
            }
            Mark::Pin(pinned) => one.pinned = Some(Pinned { place, by, pinned: *pinned }),
        }
        self.merge(one);
    }

    /// Takes all in that another one holds.
    pub fn merge(&mut self, other: Self) {
        // Of several deletes the first one names who took it back.
        self.deleted = match (self.deleted, other.deleted) {
            (Some(one), Some(another)) => Some(one.min(another)),
            (one, another) => one.or(another),
        };
        if self.deleted.is_some() {
            // Nothing of what was said or done remains, and nothing comes back.
            *self = Self { deleted: self.deleted, ..Self::default() };
            return;
        }
        if let Some(edited) = other.edited
            && self.edited.as_ref().is_none_or(|known| known.place < edited.place)
        {
            self.edited = Some(edited);
        }
        for (account, reacted) in other.reactions {
            let known = self.reactions.entry(account).or_insert_with(|| reacted.clone());
            if known.place < reacted.place {
                *known = reacted;
            }
        }
        self.pinned = self.pinned.max(other.pinned);
    }

    /// Who took the message back.
    pub fn deleted(&self) -> Option<Deeded> {
        self.deleted
    }

    /// The text in place of the first one.
    pub fn edited(&self) -> Option<&Edited> {
        self.edited.as_ref()
    }

    /// Where the pin stands in the log, if the message is pinned.
    pub fn pinned(&self) -> Option<Place> {
        self.pinned.filter(|pin| pin.pinned).map(|pin| pin.place)
    }

    /// The reactions with who gave them, the first one first; the one that most gave comes first, then the oldest.
    pub fn reactions(&self) -> Vec<(&str, Vec<AccountId>)> {
        let mut given: Vec<(Place, &str, AccountId)> = Vec::new();
        for (account, reacted) in &self.reactions {
            given.extend(reacted.emoji.as_deref().map(|emoji| (reacted.place, emoji, *account)));
        }
        given.sort_unstable();
        let mut of_each: Vec<(&str, Vec<AccountId>)> = Vec::new();
        for (_, emoji, account) in given {
            match of_each.iter_mut().find(|(known, _)| *known == emoji) {
                Some((_, accounts)) => accounts.push(account),
                None => of_each.push((emoji, vec![account])),
            }
        }
        // Stable: among equals the oldest stays first.
        of_each.sort_by_key(|(_, accounts)| std::cmp::Reverse(accounts.len()));
        of_each
    }

    /// The reaction of one account.
    pub fn reaction_of(&self, account: AccountId) -> Option<&str> {
        self.reactions.get(&account).and_then(|reacted| reacted.emoji.as_deref())
    }

    /// What an account did to this message behind a place of the log, as it would be said again, with the ids.
    pub fn done_by(&self, account: AccountId, target: MessageRef, head: u64) -> Vec<(MessageId, Content)> {
        let mut done = Vec::new();
        let mut add = |by: AccountId, place: Place, content: Content| {
            if by == account && place.seq > head {
                done.push((place.id, content));
            }
        };
        if let Some(Deeded { place, by }) = self.deleted {
            add(by, place, Content::Delete { target });
        }
        if let Some(Edited { place, body, mentions, .. }) = &self.edited {
            let (body, mentions) = (body.clone(), mentions.clone());
            let content = Content::Edit { target, body, mentions, vanishes: false };
            add(target.author, *place, content);
        }
        if let Some(Reacted { place, emoji }) = self.reactions.get(&account) {
            add(account, *place, Content::Reaction { target, emoji: emoji.clone() });
        }
        if let Some(Pinned { place, by, pinned }) = self.pinned {
            add(by, place, Content::Pin { target, pinned });
        }
        done
    }

    /// The highest place of anything in it.
    pub fn newest(&self) -> u64 {
        self.places().map(|place| place.seq).max().unwrap_or(0)
    }

    /// Whether this annotation is one of those that count.
    pub fn holds(&self, annotation: MessageId) -> bool {
        self.places().any(|place| place.id == annotation)
    }

    /// A delete that counts was said again, after the log was cut: it stands where it was said last, so that it is known
    /// to be lost if the log is cut before that.
    pub fn delete_stands_at(&mut self, place: Place) {
        if let Some(deeded) = self.deleted.as_mut().filter(|deeded| deeded.place.id == place.id) {
            deeded.place.seq = deeded.place.seq.max(place.seq);
        }
    }

    /// The log was cut behind `head`: what stood there stands at its end, before everything that comes.
    pub fn cut(&mut self, head: u64) {
        let cut = |place: &mut Place| place.seq = place.seq.min(head);
        self.deleted.iter_mut().for_each(|deeded| cut(&mut deeded.place));
        self.edited.iter_mut().for_each(|edited| cut(&mut edited.place));
        self.reactions.values_mut().for_each(|reacted| cut(&mut reacted.place));
        self.pinned.iter_mut().for_each(|pinned| cut(&mut pinned.place));
    }

    fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let edited = self.edited.iter().map(|edited| edited.place);
        let reactions = self.reactions.values().map(|reacted| reacted.place);
        let pinned = self.pinned.iter().map(|pinned| pinned.place);
        self.deleted.iter().map(|deeded| deeded.place).chain(edited).chain(reactions).chain(pinned)
    }
}

/// Whether an account of this role may give a conversation a title or a topic.
pub fn may_entitle(kind: ConversationKind, role: Option<Role>) -> bool {
    role.is_some_and(|role| permits(kind, role, Deed::Entitle))
}

/// Whether an account of this role may set after how long a conversation's messages vanish.
pub fn may_set_timer(kind: ConversationKind, role: Option<Role>) -> bool {
    role.is_some_and(|role| permits(kind, role, Deed::SetTimer))
}

/// What all permitted settings of a conversation come to. A title leaves the topic alone, and the other way round.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<(Place, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    topic: Option<(Place, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timer: Option<(Place, TimerSetting)>,
}

impl Settings {
    /// Takes in what was permitted to be set. A blank title is none.
    pub fn take(&mut self, title: Option<&str>, topic: Option<&str>, place: Place) {
        let newer = |known: &Option<(Place, String)>| known.as_ref().is_none_or(|(other, _)| *other <= place);
        if let Some(title) = title.filter(|title| !title.trim().is_empty() && newer(&self.title)) {
            self.title = Some((place, title.into()));
        }
        if let Some(topic) = topic.filter(|_| newer(&self.topic)) {
            self.topic = Some((place, topic.into()));
        }
    }

    /// Takes in what messages' timer was set to by who may.
    pub fn take_timer(&mut self, timer: TimerSetting, place: Place) {
        if self.timer.is_none_or(|(other, _)| other <= place) {
            self.timer = Some((place, timer));
        }
    }

    /// What messages' timer was set to, where anybody has said whether they vanish.
    pub fn timer_setting(&self) -> Option<TimerSetting> {
        self.timer.map(|(_, timer)| timer)
    }

    /// After how long messages vanish that are said from here on.
    pub fn timer(&self) -> Option<Timer> {
        self.timer_setting().and_then(TimerSetting::timer)
    }

    /// The title.
    pub fn title(&self) -> Option<&str> {
        self.title.as_ref().map(|(_, title)| title.as_str())
    }

    /// The topic.
    pub fn topic(&self) -> Option<&str> {
        self.topic.as_ref().map(|(_, topic)| topic.as_str()).filter(|topic| !topic.is_empty())
    }

    /// As [`Marks::cut`].
    pub fn cut(&mut self, head: u64) {
        for (place, _) in self.title.iter_mut().chain(&mut self.topic) {
            place.seq = place.seq.min(head);
        }
        if let Some((place, _)) = &mut self.timer {
            place.seq = place.seq.min(head);
        }
    }
}

#[cfg(test)]
mod tests;
