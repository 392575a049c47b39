//! The messages of the open conversation: a bounded window of them stands in the page and slides with what one looks at.

mod allowed;
mod body;
mod files;
mod filling;
mod message;
mod rows;
mod scroll;
mod view;
mod window;

use std::sync::Arc;

use huis_proto::{ConversationId, MessageId};
use huis_views::{ConversationView, MessageView};

pub(crate) use allowed::{can_be_edited, can_be_forwarded, can_be_marked, is_sent, is_whole};
pub(crate) use body::{text_of, with_marks};
pub(crate) use message::{lock_of, locked};
pub(crate) use view::{is_closed, timeline};
#[cfg(test)]
pub(crate) use window::tests::message as a_message;

use rows::{Row, RowKey};
use window::Window;

use crate::dates;
use crate::files::Ways;
use crate::signals::{ArcRwSignal, RwSignal, StoredValue};

/// A row with the signal that tells its changes.
#[derive(Clone)]
pub(crate) struct Item {
    key: RowKey,
    row: ArcRwSignal<Row>,
}

/// The open conversation.
#[derive(Clone, Copy)]
pub(crate) struct Talk {
    pub(crate) open: RwSignal<Option<ConversationId>>,
    /// To whom a first message is being written, while there is no conversation with them.
    pub(crate) addressee: RwSignal<Option<String>>,
    pub(crate) items: RwSignal<Vec<Item>>,
    pub(crate) is_loaded: RwSignal<bool>,
    pub(crate) is_empty: RwSignal<bool>,
    /// Why nothing could be read.
    pub(crate) trouble: RwSignal<Option<String>>,
    /// Whether the newest message is out of sight.
    pub(crate) is_away: RwSignal<bool>,
    /// How many messages came meanwhile.
    pub(crate) below: RwSignal<u32>,
    /// The message that one has just gone to.
    pub(crate) goal: RwSignal<Option<MessageId>>,
    /// How far the files are.
    pub(crate) ways: StoredValue<Ways>,
    window: StoredValue<Window>,
    /// Whether the end was looked at when last the page was told where one looks; [`App::follows_end`] says whether it
    /// still is.
    sticks: StoredValue<bool>,
    /// How far down the end was then, in pixels.
    end: StoredValue<f64>,
    /// Which filling: what comes for an earlier one is dropped.
    filling: StoredValue<u32>,
    is_asking: StoredValue<bool>,
    /// Whether what came meanwhile is asked for a little later.
    is_waiting: StoredValue<bool>,
    pub(crate) marked: StoredValue<u64>,
    is_looking: StoredValue<bool>,
}

impl Talk {
    pub(crate) fn new() -> Self {
        Self {
            open: RwSignal::new(None),
            addressee: RwSignal::new(None),
            items: RwSignal::new(Vec::new()),
            is_loaded: RwSignal::new(false),
            is_empty: RwSignal::new(false),
            trouble: RwSignal::new(None),
            is_away: RwSignal::new(false),
            below: RwSignal::new(0),
            goal: RwSignal::new(None),
            ways: StoredValue::new(Ways::default()),
            window: StoredValue::new(Window::default()),
            sticks: StoredValue::new(true),
            end: StoredValue::new(0.0),
            filling: StoredValue::new(0),
            is_asking: StoredValue::new(false),
            is_waiting: StoredValue::new(false),
            marked: StoredValue::new(0),
            is_looking: StoredValue::new(false),
        }
    }

    /// Opens a conversation.
    pub(crate) fn begin(self, view: &ConversationView) {
        self.reset(Window::of(view));
        self.marked.set_value(view.read_up_to);
        self.open.set(Some(view.id));
    }

    pub(crate) fn close(self) {
        self.open.set(None);
        self.addressee.set(None);
        self.reset(Window::default());
    }

    fn reset(self, window: Window) {
        self.filling.update_value(|filling| *filling = filling.wrapping_add(1));
        self.window.set_value(window);
        self.ways.set_value(Ways::default());
        self.sticks.set_value(true);
        self.end.set_value(0.0);
        self.is_asking.set_value(false);
        self.is_loaded.set(false);
        self.is_empty.set(false);
        self.trouble.set(None);
        self.is_away.set(false);
        self.below.set(0);
        self.goal.set(None);
        self.items.set(Vec::new());
    }

    /// A message that is held.
    pub(crate) fn message(self, id: MessageId) -> Option<Arc<MessageView>> {
        self.window.with_value(|window| window.message(id).cloned())
    }

    /// The last message of one's own that can be changed.
    pub(crate) fn last_own(self) -> Option<Arc<MessageView>> {
        self.window.with_value(|window| window.messages.iter().rev().find(|message| can_be_edited(message)).cloned())
    }

    /// The line above what is new goes away: it was answered.
    pub(crate) fn forget_unread(self) {
        self.window.update_value(|window| window.unread_after = None);
    }

    /// Makes the rows from what is held; rows that stay keep their signals, and those alone that changed are drawn anew.
    fn make_rows(self) {
        let rows = self.window.with_value(|window| rows::rows(window, dates::local_day));
        let known = self.items.get_untracked();
        let by_key: std::collections::HashMap<RowKey, &Item> = known.iter().map(|item| (item.key, item)).collect();
        let mut items = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            match by_key.get(&key) {
                Some(item) => {
                    if item.row.with_untracked(|known| *known != row) {
                        item.row.set(row);
                    }
                    items.push((*item).clone());
                }
                None => items.push(Item { key, row: ArcRwSignal::new(row) }),
            }
        }
        let is_same = items.len() == known.len() && items.iter().zip(&known).all(|(a, b)| a.key == b.key);
        if !is_same {
            self.items.set(items);
        }
        let (is_loaded, is_empty) =
            self.window.with_value(|window| (window.is_loaded, window.is_loaded && window.messages.is_empty()));
        if self.is_loaded.get_untracked() != is_loaded {
            self.is_loaded.set(is_loaded);
        }
        if self.is_empty.get_untracked() != is_empty {
            self.is_empty.set(is_empty);
        }
    }
}
