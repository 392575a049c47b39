//! The conversations: favourites first, then by what is newest, requests apart, what was put aside folded.

mod draw;

use huis_proto::{ConversationId, ConversationKind};
use huis_views::ConversationView;
use ratatui::layout::Rect;

pub(crate) use draw::{Look, draw};

/// All conversations, and which one is chosen.
#[derive(Debug, Default)]
pub(crate) struct List {
    conversations: Vec<ConversationView>,
    requests: Vec<ConversationView>,
    pub(crate) loaded: bool,
    /// The chosen one; none if the fold of those that were put aside is.
    pub(crate) chosen: Option<ConversationId>,
    shows_archived: bool,
    /// The first line that is shown.
    top: usize,
    /// Where the wheel moved it away from what is chosen.
    is_free: bool,
}

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// What follows, by the key of its text.
    Heading(&'static str, usize),
    Conversation(ConversationId),
    /// The second row of a conversation.
    Preview(ConversationId),
    /// The fold.
    Archived(usize),
    Empty,
}

/// What was clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hit {
    Conversation(ConversationId),
    Archived,
}

impl List {
    pub(crate) fn set_conversations(&mut self, conversations: Vec<ConversationView>) {
        self.loaded = true;
        self.conversations = conversations;
        self.sort();
    }

    pub(crate) fn set_requests(&mut self, requests: Vec<ConversationView>) {
        self.requests = requests;
        self.sort();
    }

    /// Puts one conversation as it is, whatever it was.
    pub(crate) fn put(&mut self, conversation: ConversationView) {
        self.conversations.retain(|other| other.id != conversation.id);
        self.requests.retain(|other| other.id != conversation.id);
        if conversation.request { &mut self.requests } else { &mut self.conversations }.push(conversation);
        self.sort();
    }

    pub(crate) fn remove(&mut self, conversation: ConversationId) {
        self.conversations.retain(|other| other.id != conversation);
        self.requests.retain(|other| other.id != conversation);
        self.sort();
    }

    pub(crate) fn set_draft(&mut self, conversation: ConversationId, draft: String) {
        if let Some(view) = self.conversations.iter_mut().find(|view| view.id == conversation) {
            view.draft = draft;
        }
    }

    pub(crate) fn conversation(&self, id: ConversationId) -> Option<&ConversationView> {
        self.conversations.iter().chain(&self.requests).find(|view| view.id == id)
    }

    /// All that can be gone to, in the order of the list.
    pub(crate) fn all(&self) -> impl Iterator<Item = &ConversationView> {
        self.conversations.iter().chain(&self.requests)
    }

    /// The one conversation there is.
    pub(crate) fn only(&self) -> Option<ConversationId> {
        match (self.conversations.as_slice(), self.requests.as_slice()) {
            ([one], []) => Some(one.id),
            _ => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.conversations.is_empty() && self.requests.is_empty()
    }

    /// How many messages of others are not read, of those that are announced.
    pub(crate) fn unread(&self, now_ms: u64) -> u32 {
        let counted = self.conversations.iter().filter(|view| !view.muted.holds_at(now_ms));
        counted.fold(0, |sum, view| sum.saturating_add(view.unread))
    }

    /// The conversation above or below.
    pub(crate) fn beside(&self, of: Option<ConversationId>, back: bool) -> Option<ConversationId> {
        let order = self.order();
        let at = of.and_then(|of| order.iter().position(|id| *id == of));
        let next = match at {
            None => 0,
            Some(at) if back => at.checked_sub(1)?,
            Some(at) => at + 1,
        };
        order.get(next).copied()
    }

    /// The next one with something unread, after this one and around.
    pub(crate) fn next_unread(&self, of: Option<ConversationId>) -> Option<ConversationId> {
        let order = self.order();
        let at = of.and_then(|of| order.iter().position(|id| *id == of)).map_or(0, |at| at + 1);
        let (before, after) = order.split_at(at);
        let has_unread = |id: &&ConversationId| self.conversation(**id).is_some_and(|view| view.unread > 0);
        let mentions = |id: &&ConversationId| self.conversation(**id).is_some_and(|view| view.mentions > 0);
        let mut around = after.iter().chain(before);
        around.clone().find(mentions).or_else(|| around.find(has_unread)).copied().filter(|id| Some(*id) != of)
    }

    pub(crate) fn choose_next(&mut self, back: bool) {
        self.is_free = false;
        let lines = self.choices();
        let at = lines.iter().position(|choice| *choice == self.chosen).unwrap_or(0);
        let next = if back { at.saturating_sub(1) } else { at + 1 };
        if let Some(choice) = lines.get(next) {
            self.chosen = *choice;
        }
    }

    pub(crate) fn choose_end(&mut self, first: bool) {
        self.is_free = false;
        let lines = self.choices();
        if let Some(choice) = if first { lines.first() } else { lines.last() } {
            self.chosen = *choice;
        }
    }

    pub(crate) fn toggle_archived(&mut self) {
        self.shows_archived = !self.shows_archived;
    }

    pub(crate) fn scroll(&mut self, up: bool, lines: usize) {
        self.is_free = true;
        self.top = if up { self.top.saturating_sub(lines) } else { self.top + lines };
    }

    pub(crate) fn hit(&self, area: Rect, y: u16) -> Option<Hit> {
        let lines = self.lines(draw::has_previews(area));
        match lines.get(self.top + usize::from(y.checked_sub(area.top())?))? {
            Line::Conversation(id) | Line::Preview(id) => Some(Hit::Conversation(*id)),
            Line::Archived(_) => Some(Hit::Archived),
            Line::Heading(..) | Line::Empty => None,
        }
    }

    fn lines(&self, previews: bool) -> Vec<Line> {
        let mut lines = Vec::new();
        let add = |lines: &mut Vec<Line>, id| {
            lines.push(Line::Conversation(id));
            if previews {
                lines.push(Line::Preview(id));
            }
        };
        let shown = |favourite: bool| {
            self.conversations.iter().filter(move |view| !view.archived && view.favourite == favourite)
        };
        if shown(true).next().is_some() {
            lines.push(Line::Heading("list-favourites", 0));
            shown(true).for_each(|view| add(&mut lines, view.id));
            if shown(false).next().is_some() {
                lines.push(Line::Heading("list-others", 0));
            }
        }
        shown(false).for_each(|view| add(&mut lines, view.id));
        if !self.requests.is_empty() {
            lines.push(Line::Empty);
            lines.push(Line::Heading("list-requests", self.requests.len()));
            self.requests.iter().for_each(|view| add(&mut lines, view.id));
        }
        let archived = self.conversations.iter().filter(|view| view.archived);
        let count = archived.clone().count();
        if count > 0 {
            lines.push(Line::Empty);
            lines.push(Line::Archived(count));
            if self.shows_archived {
                archived.for_each(|view| add(&mut lines, view.id));
            }
        }
        lines
    }

    /// What can be chosen, from the top.
    fn choices(&self) -> Vec<Option<ConversationId>> {
        let choice = |line| match line {
            Line::Conversation(id) => Some(Some(id)),
            Line::Archived(_) => Some(None),
            _ => None,
        };
        self.lines(false).into_iter().filter_map(choice).collect()
    }

    fn order(&self) -> Vec<ConversationId> {
        self.choices().into_iter().flatten().collect()
    }

    fn sort(&mut self) {
        // Several with the same time keep an order of their own.
        self.conversations.sort_by_key(|view| (std::cmp::Reverse(view.newest_ms), view.id));
        self.requests.sort_by_key(|view| (std::cmp::Reverse(view.newest_ms), view.id));
        let is_gone = self.chosen.is_none_or(|chosen| self.conversation(chosen).is_none());
        if is_gone && !(self.chosen.is_none() && self.shows_archived) {
            self.chosen = self.order().first().copied();
        }
    }
}

/// Whether somebody else is there in a conversation of two.
fn is_other_here(view: &ConversationView) -> bool {
    view.kind == ConversationKind::Direct && !view.here.is_empty()
}
