//! What the engine told. Events carry ids; what is shown of them is read again, all changes of a moment at once.

use huis_proto::ConversationId;
use huis_views::{Command, Connection, Event};

use super::{App, Gate, Pane, dirty};
use crate::app::reading::Read;
use crate::dialogs::Overlay;
use crate::{dates, notify, page, picture, port, pushes, say, updates};

/// How often one tells that one is there, in milliseconds: at least once a minute.
const ATTEND: i32 = 40_000;
/// How long after the last key or touch one counts as being there, in milliseconds.
const ACTIVE: u64 = 5 * 60_000;

impl App {
    pub(super) fn on_event(self, event: Event) {
        match event {
            Event::Connection(connection) => {
                self.connection.set(connection);
                if connection != Connection::Connecting {
                    self.note(dirty::Dirty::status);
                }
                if connection == Connection::Open {
                    updates::connected();
                }
            }
            Event::CaughtUp => {
                self.note(dirty::Dirty::status);
                pushes::renew();
            }
            Event::Messages { conversation, messages } => {
                let is_open = self.talk.open.get_untracked() == Some(conversation);
                let waits = self.status.with_untracked(|status| {
                    status.as_ref().is_none_or(|status| status.waiting > 0 || status.connection != Connection::Open)
                });
                if let Some(newest) = messages.last().filter(|_| !(is_open && page::is_attended())) {
                    notify::heard(self, conversation, *newest, false);
                }
                self.note(|dirty| {
                    dirty.messages(conversation, &messages, is_open);
                    if waits {
                        dirty.status();
                    }
                });
            }
            Event::Unlocked { conversation, message } => {
                let is_open = self.talk.open.get_untracked() == Some(conversation);
                if is_open {
                    // What was seen of it was its seal.
                    self.talk.marked.set_value(0);
                }
                if !(is_open && page::is_attended()) {
                    notify::heard(self, conversation, message, true);
                }
            }
            Event::Transfer(transfer) => {
                let (conversation, message) = (transfer.conversation, transfer.message);
                let is_open = self.talk.open.get_untracked() == Some(conversation);
                if is_open && self.on_way(*transfer) {
                    self.note(|dirty| dirty.messages(conversation, &[message], is_open));
                }
            }
            Event::Conversation { conversation } => {
                self.note(|dirty| dirty.conversation(conversation));
                self.note(dirty::Dirty::status);
            }
            Event::Presence { conversation } => self.note(|dirty| dirty.conversation(conversation)),
            Event::Contact { account } => {
                picture::changed(account);
                self.note(dirty::Dirty::lists);
            }
            Event::Notice(notice) => {
                if notice.conversation.is_none() {
                    self.say(say::notice(&notice.notice));
                }
                self.add_notice(notice);
            }
            Event::SessionEnded => self.session_ended.set(true),
            // What was restored is read like what was missed.
            Event::Missed | Event::History => self.note(dirty::Dirty::everything),
            Event::Stopped { failure } => {
                port::give_up();
                self.stopped.set(Some(failure));
            }
        }
    }

    /// Notes a change, and reads it with all others that come in the same moment.
    fn note(self, change: impl FnOnce(&mut dirty::Dirty)) {
        if self.gate.with_untracked(|gate| *gate != Gate::In) {
            return;
        }
        let due_in = self.dirty.try_update_value(|dirty| {
            change(dirty);
            dirty.due_in(dates::now_ms())
        });
        if let Some(ms) = due_in.flatten() {
            page::after(ms, move || self.read_dirty());
        }
    }

    fn read_dirty(self) {
        let open = self.talk.open.get_untracked();
        let Some(plan) = self.dirty.try_update_value(|dirty| dirty.take(open, dates::now_ms())) else { return };
        if self.overlay.with_untracked(|overlay| matches!(overlay, Some(Overlay::Locks))) {
            self.locks_changed.update(|changes| *changes = changes.wrapping_add(1));
        }
        if plan.everything {
            self.read_everything();
            self.fill_again();
            self.touch_details();
            return;
        }
        if plan.status {
            self.read(Read::Status);
        }
        if plan.lists {
            self.read(Read::Conversations);
            self.read(Read::Requests);
            self.touch_details();
        }
        for conversation in plan.conversations {
            self.read(Read::Conversation(conversation));
        }
        if !plan.messages.is_empty() {
            self.messages_changed(&plan.messages);
        }
    }

    pub(super) fn conversation_changed(self, id: ConversationId) {
        if self.talk.open.get_untracked() == Some(id) {
            self.touch_details();
            self.paint_again();
        }
    }

    pub(crate) fn touch_details(self) {
        self.details_changed.update(|changes| *changes = changes.wrapping_add(1));
    }

    /// What goes on by itself as long as there is a page.
    pub(crate) fn tick(self) {
        page::every(30_000, move || {
            if page::is_visible() {
                self.look_at_the_clock();
            }
        });
        page::every(ATTEND, move || self.attend());
        page::every(updates::EVERY, updates::ask);
        let document = page::document();
        page::on(&document, "visibilitychange", move |_| {
            if page::is_visible() {
                self.look_at_the_clock();
                self.attend();
                self.mark_seen();
                notify::take_away();
                updates::ask();
            } else {
                self.keep_draft();
            }
        });
        for name in ["pointerdown", "keydown"] {
            page::on(&document, name, move |_| self.active_ms.set_value(dates::now_ms()));
        }
        page::on(&page::window(), "focus", move |_| self.mark_seen());
        page::on(&page::window(), "pagehide", move |_| self.keep_draft());
        // A link that lets somebody in, opened where the page is already: the page begins with it.
        page::on(&page::window(), "hashchange", move |_| {
            let brings = page::window().location().hash().is_ok_and(|hash| hash.len() > 1);
            if brings && self.gate.with_untracked(|gate| matches!(gate, Gate::Nobody { .. })) {
                page::reload();
            }
        });
        page::on(&page::window(), "popstate", move |event| self.on_back(&event));
    }

    fn look_at_the_clock(self) {
        let now_ms = dates::now_ms();
        let has_moved = dates::has_moved();
        self.now_ms.set(now_ms);
        if has_moved || dates::local_day(now_ms) != dates::local_day(self.today_ms.get_untracked()) {
            self.today_ms.set(now_ms);
        }
    }

    /// Somebody is there, and does something without a key.
    pub(crate) fn acts(self) {
        self.active_ms.set_value(dates::now_ms());
    }

    fn attend(self) {
        // A device that nobody uses locks by itself, unless one stays signed in.
        let is_active = dates::now_ms() < self.active_ms.get_value() + ACTIVE;
        if is_active && page::is_visible() && self.gate.with_untracked(|gate| *gate == Gate::In) {
            self.tell(Command::Attend);
        }
    }

    /// The first conversation is opened by itself where there is room beside the list and one alone to choose.
    pub(super) fn shelf_changed(self) {
        self.touch_details();
        self.open_wanted();
        let only = self.shelf.shown.with_untracked(|shown| match shown.as_slice() {
            [only] => Some(*only),
            _ => None,
        });
        let is_free = self.talk.open.get_untracked().is_none() && self.talk.addressee.with_untracked(Option::is_none);
        if let Some(only) = only.filter(|_| is_free && !page::is_narrow() && self.pane.get_untracked() == Pane::List) {
            self.open(only);
        }
        self.paint_again();
    }
}
