//! The conversations that the list shows, in their order.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::signals::{ArcRwSignal, RwSignal, StoredValue, sorted};
use huis_proto::ConversationId;
use huis_views::{ConversationView, Wish};

type Views = HashMap<ConversationId, ArcRwSignal<ConversationView>>;

/// All conversations, each with a signal of its own.
#[derive(Clone, Copy)]
pub(crate) struct Shelf {
    /// Favourites first, then by the newest message.
    pub(crate) shown: RwSignal<Vec<ConversationId>>,
    pub(crate) archived: RwSignal<Vec<ConversationId>>,
    pub(crate) requests: RwSignal<Vec<ConversationId>>,
    /// Whether it was read once.
    pub(crate) is_filled: RwSignal<bool>,
    /// How many messages of others are not read, where a person is called for them.
    pub(crate) unread: RwSignal<u64>,
    views: StoredValue<Views>,
    /// What was written on this page, with what is wished of it: newer than what comes with a conversation that was asked for
    /// before.
    drafts: StoredValue<Vec<(ConversationId, String, Wish)>>,
    /// What was written to people with whom there is no conversation, for as long as the page is there.
    first_words: StoredValue<Vec<(String, String, Wish)>>,
    /// Changes when a conversation appears or goes away.
    changes: RwSignal<u32>,
}

impl Shelf {
    pub(super) fn new() -> Self {
        Self {
            shown: RwSignal::new(Vec::new()),
            archived: RwSignal::new(Vec::new()),
            requests: RwSignal::new(Vec::new()),
            is_filled: RwSignal::new(false),
            unread: RwSignal::new(0),
            views: StoredValue::new(HashMap::new()),
            drafts: StoredValue::new(Vec::new()),
            first_words: StoredValue::new(Vec::new()),
            changes: RwSignal::new(0),
        }
    }

    /// The signal of a conversation; a reaction follows also its coming and going.
    pub(crate) fn view(self, id: ConversationId) -> Option<ArcRwSignal<ConversationView>> {
        let found = self.peek(id);
        if found.is_none() {
            self.changes.track();
        }
        found
    }

    /// The signal of a conversation, outside of reactions.
    pub(crate) fn peek(self, id: ConversationId) -> Option<ArcRwSignal<ConversationView>> {
        self.views.with_value(|views| views.get(&id).cloned())
    }

    /// The conversation with one person, by the username.
    pub(crate) fn with_person(self, username: &str) -> Option<ConversationId> {
        let wanted = format!("@{}", username.trim_start_matches('@').to_ascii_lowercase());
        self.views.with_value(|views| {
            let found = views.values().find(|view| view.with_untracked(|view| view.name == wanted));
            found.map(|view| view.with_untracked(|view| view.id))
        })
    }

    pub(super) fn clear(self) {
        self.views.update_value(HashMap::clear);
        self.drafts.set_value(Vec::new());
        self.first_words.set_value(Vec::new());
        self.is_filled.set(false);
        self.sort();
    }

    /// Takes all conversations but requests.
    pub(super) fn set_conversations(self, conversations: Vec<ConversationView>) {
        self.set_all(conversations, false);
        self.is_filled.set(true);
    }

    pub(super) fn set_requests(self, requests: Vec<ConversationView>) {
        self.set_all(requests, true);
    }

    fn set_all(self, all: Vec<ConversationView>, are_requests: bool) {
        let ids: std::collections::HashSet<_> = all.iter().map(|view| view.id).collect();
        self.views.update_value(|views| {
            views.retain(|id, view| view.with_untracked(|view| view.request) != are_requests || ids.contains(id));
        });
        for view in all {
            self.place(view);
        }
        self.sort();
    }

    /// Takes one conversation as it is.
    pub(crate) fn put(self, view: ConversationView) {
        self.place(view);
        self.sort();
    }

    pub(super) fn remove(self, id: ConversationId) {
        self.views.update_value(|views| {
            views.remove(&id);
        });
        self.sort();
    }

    /// Changes what is shown before the engine has said so.
    pub(crate) fn change(self, id: ConversationId, change: impl FnOnce(&mut ConversationView)) {
        if let Some(view) = self.peek(id) {
            view.update(change);
        }
    }

    /// Keeps what is being written with what is wished of it.
    pub(crate) fn keep_draft(self, id: ConversationId, text: &str, wish: Wish) {
        self.drafts.update_value(|drafts| {
            drafts.retain(|(of, ..)| *of != id);
            drafts.push((id, text.to_owned(), wish));
        });
        self.change(id, |view| (view.draft, view.draft_wish) = (text.to_owned(), wish));
    }

    /// What was written to somebody with whom there is no conversation yet, with what is wished of it.
    pub(crate) fn first_words(self, username: &str) -> (String, Wish) {
        self.first_words.with_value(|all| {
            let found = all.iter().find(|(of, ..)| of == username);
            found.map(|(_, text, wish)| (text.clone(), *wish)).unwrap_or_default()
        })
    }

    /// Keeps that, if there is anything.
    pub(crate) fn keep_first_words(self, username: &str, text: &str, wish: Wish) {
        self.first_words.update_value(|all| {
            all.retain(|(of, ..)| of != username);
            if !text.is_empty() || wish != Wish::default() {
                all.push((username.to_owned(), text.to_owned(), wish));
            }
        });
    }

    /// Takes that out, if there is anything.
    pub(crate) fn take_first_words(self, username: &str) -> Option<(String, Wish)> {
        let mut taken = None;
        self.first_words.update_value(|all| {
            let at = all.iter().position(|(of, ..)| of == username);
            taken = at.map(|at| all.swap_remove(at));
        });
        taken.map(|(_, text, wish)| (text, wish))
    }

    fn place(self, mut view: ConversationView) {
        self.drafts.with_value(|drafts| {
            if let Some((_, text, wish)) = drafts.iter().find(|(of, ..)| *of == view.id) {
                view.draft.clone_from(text);
                view.draft_wish = *wish;
            }
        });
        match self.peek(view.id) {
            Some(signal) => {
                if signal.with_untracked(|known| *known != view) {
                    signal.set(view);
                }
            }
            None => self.views.update_value(|views| {
                views.insert(view.id, ArcRwSignal::new(view));
            }),
        }
    }

    fn sort(self) {
        let all: Vec<_> = self.views.with_value(|views| {
            let key = |view: &ArcRwSignal<ConversationView>| {
                view.with_untracked(|view| {
                    let loud = if view.request || view.archived { 0 } else { u64::from(view.unread) };
                    (view.request, view.archived, Reverse(view.favourite), Reverse(view.newest_ms), view.id, loud)
                })
            };
            views.values().map(key).collect()
        });
        let all = sorted(all, Ord::cmp);
        let ids = |wanted: fn(bool, bool) -> bool| -> Vec<ConversationId> {
            all.iter().filter(|(request, archived, ..)| wanted(*request, *archived)).map(|found| found.4).collect()
        };
        let set = |signal: RwSignal<Vec<ConversationId>>, ids: Vec<ConversationId>| {
            if signal.with_untracked(|known| *known != ids) {
                signal.set(ids);
                self.changes.update(|changes| *changes = changes.wrapping_add(1));
            }
        };
        set(self.shown, ids(|request, archived| !request && !archived));
        set(self.archived, ids(|request, archived| !request && archived));
        set(self.requests, ids(|request, _| request));
        let unread = all.iter().map(|found| found.5).sum();
        if self.unread.get_untracked() != unread {
            self.unread.set(unread);
        }
    }
}

#[cfg(test)]
mod tests {
    use huis_views::LockTrust;

    use super::*;

    /// A conversation as it was when it was asked for, with nothing being written.
    fn asked_for() -> ConversationView {
        let view = serde_json::json!({
            "id": "09".repeat(16), "kind": "open", "name": "#club", "title": "club", "accounts": [], "state": "joined",
            "request": false, "newest_ms": 1, "unread": 0,
        });
        serde_json::from_value(view).unwrap()
    }

    #[test]
    fn what_is_written_here_is_newer_than_what_was_asked_for_before() {
        let shelf = Shelf::new();
        let view = asked_for();
        let draft = || {
            let view = shelf.peek(view.id).unwrap().get_untracked();
            (view.draft, view.draft_wish)
        };
        let wish = Wish { view_once: false, opens_at_ms: Some(7), trust: LockTrust::Server };
        shelf.put(view.clone());
        shelf.keep_draft(view.id, "not before", wish);
        assert_eq!(draft(), ("not before".to_owned(), wish));
        shelf.put(view.clone());
        assert_eq!(draft(), ("not before".to_owned(), wish));
        shelf.keep_draft(view.id, "", Wish::default());
        let stale = ConversationView { draft: "not before".into(), draft_wish: wish, ..view.clone() };
        shelf.put(stale);
        assert_eq!(draft(), (String::new(), Wish::default()), "what was sent does not come back");
        // Who comes in next has nothing of it.
        shelf.keep_first_words("member-b", "hello", wish);
        assert_eq!(shelf.first_words("member-b"), ("hello".to_owned(), wish));
        assert_eq!(shelf.first_words("member-c"), (String::new(), Wish::default()));
        // What is of a conversation from now on is taken once.
        assert_eq!(shelf.take_first_words("member-c"), None);
        assert_eq!(shelf.take_first_words("member-b"), Some(("hello".to_owned(), wish)));
        assert_eq!(shelf.take_first_words("member-b"), None);
        shelf.keep_first_words("member-b", "hello", wish);
        shelf.clear();
        assert_eq!(shelf.first_words("member-b"), (String::new(), Wish::default()));
        shelf.put(ConversationView { draft: "another".into(), ..view.clone() });
        assert_eq!(draft(), ("another".to_owned(), Wish::default()));
    }
}
