//! Which messages are asked for, and what is done with them.

use huis_proto::{ConversationId, MessageId};
use huis_views::{Command, ConversationState, Failure, MessageView, NoticeView, Reply};
use leptos::task::spawn_local;

use super::scroll::{self, Place};
use super::window::PAGE;
use crate::app::{App, Pane};
use crate::{page, port, say};

/// Messages of one event that are read one by one; beyond, all that are held are read.
const SINGLY: usize = 4;
/// Messages that are drawn at once.
const AT_ONCE: usize = 20;
/// What is less is rounding.
const PIXEL: f64 = 1.0;
/// How near an end of what is held one comes before more is asked for, in pixels.
const NEAR: f64 = 1_500.0;

async fn ask_messages(command: Command) -> Result<Vec<MessageView>, Failure> {
    match port::ask(command).await? {
        Reply::Messages(messages) => Ok(messages),
        _ => Ok(Vec::new()),
    }
}

fn page_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(1_000)
}

impl App {
    /// Reads what is to be seen first: the newest messages, or the place from which they are new.
    pub(crate) fn fill_newest(self) {
        let unread_after = self.talk.window.with_value(|window| window.unread_after);
        let unread = self.peek_open(|view| view.unread).unwrap_or(0);
        match unread_after.filter(|_| usize::try_from(unread).is_ok_and(|unread| unread >= PAGE)) {
            Some(position) => self.fill_around(position, Place::New),
            None => self.fill(Place::New),
        }
    }

    fn fill(self, place: Place) {
        let Some((conversation, filling)) = self.next_filling() else { return };
        spawn_local(async move {
            let command = Command::Messages { conversation, before: None, most: page_of(PAGE) };
            let Some(messages) = self.filled(filling, ask_messages(command).await) else { return };
            let older = messages.len() >= PAGE;
            self.talk.below.set(0);
            // What is in sight is drawn first.
            let mut messages = messages;
            let is_in_sight = match place {
                // What is held stands in the page already.
                Place::Stay => !messages.iter().any(|message| self.talk.message(message.id).is_some()),
                _ => self.peek_open(|view| view.unread).is_none_or(|unread| unread < 10),
            };
            let first = if is_in_sight { AT_ONCE } else { PAGE };
            let near = messages.split_off(messages.len().saturating_sub(first));
            let has_more = older || !messages.is_empty();
            let is_whole = messages.is_empty();
            self.talk.window.update_value(|window| {
                window.restart(near, has_more, false);
                window.coming = messages;
            });
            self.paint(place);
            if !is_whole {
                page::breathe().await;
                if self.talk.filling.get_value() == filling {
                    self.put_before(filling, older).await;
                }
            }
            self.has_asked(filling);
        });
    }

    /// Reads messages on both sides of a place.
    fn fill_around(self, position: u64, place: Place) {
        let Some((conversation, filling)) = self.next_filling() else { return };
        spawn_local(async move {
            let before = Some(position.saturating_add(1));
            let command = Command::Messages { conversation, before, most: page_of(PAGE) };
            let Some(mut messages) = self.filled(filling, ask_messages(command).await) else { return };
            let command = Command::MessagesAfter { conversation, after: position, most: page_of(PAGE) };
            let Some(after) = self.filled(filling, ask_messages(command).await) else { return };
            let (older, newer) = (messages.len() >= PAGE, after.len() >= PAGE);
            messages.extend(after);
            self.talk.window.update_value(|window| window.restart(messages, older, newer));
            self.talk.is_away.set(true);
            self.paint(place);
            self.has_asked(filling);
        });
    }

    /// Reads what is held again, and stays where one looks.
    pub(crate) fn fill_again(self) {
        if self.follows_end() {
            self.fill(Place::Stay);
            return;
        }
        let (first, count) = self
            .talk
            .window
            .with_value(|window| (window.messages.front().map(|message| message.position), window.messages.len()));
        let Some(first) = first else { return self.fill(Place::Stay) };
        let Some((conversation, filling)) = self.next_filling() else { return };
        spawn_local(async move {
            let command =
                Command::MessagesAfter { conversation, after: first.saturating_sub(1), most: page_of(count.max(PAGE)) };
            let Some(messages) = self.filled(filling, ask_messages(command).await) else { return };
            let newer = messages.len() >= count.max(PAGE);
            self.talk.window.update_value(|window| {
                let older = window.older;
                window.restart(messages, older, newer);
            });
            self.paint(Place::Stay);
            self.has_asked(filling);
        });
    }

    fn next_filling(self) -> Option<(ConversationId, u32)> {
        let conversation = self.talk.open.get_untracked()?;
        self.talk.filling.update_value(|filling| *filling = filling.wrapping_add(1));
        // Nothing is put at an end of what is about to be read anew.
        self.talk.is_asking.set_value(true);
        self.talk.trouble.set(None);
        Some((conversation, self.talk.filling.get_value()))
    }

    /// What was asked for is there, unless another filling has begun.
    fn has_asked(self, filling: u32) -> bool {
        let is_this = self.talk.filling.get_value() == filling;
        if is_this {
            self.talk.is_asking.set_value(false);
        }
        is_this
    }

    /// Has a screen reader say what came. A line that is the same as before differs by a space that is not heard, or it would be
    /// silent.
    fn say_aloud(self, message: &MessageView) {
        let line = format!("{}: {}", say::name(&message.from), say::call_of(message));
        self.spoken_of.set_value(Some(message.id));
        let is_again = self.spoken.with_untracked(|spoken| *spoken == line);
        self.spoken.set(if is_again { format!("{line}\u{a0}") } else { line });
    }

    /// What was said aloud does not stay where it may not be read any more: that of a message, or of whichever.
    pub(crate) fn say_nothing_of(self, message: Option<MessageId>) {
        let of = self.spoken_of.get_value();
        if of.is_some() && (message.is_none() || message == of) {
            self.spoken_of.set_value(None);
            self.spoken.set(String::new());
        }
    }

    /// What came, if it is still wished.
    fn filled(self, filling: u32, result: Result<Vec<MessageView>, Failure>) -> Option<Vec<MessageView>> {
        if self.talk.filling.get_value() != filling {
            return None;
        }
        match result {
            Ok(messages) => Some(messages),
            Err(Failure::Stopped) => None,
            Err(failure) => {
                self.talk.is_asking.set_value(false);
                if !self.talk.is_loaded.get_untracked() {
                    self.talk.trouble.set(Some(say::failure(&failure)));
                } else {
                    self.say_failure(&failure);
                }
                None
            }
        }
    }

    /// Asks for what lies before or after, as soon as one comes near.
    pub(super) fn fill_ends(self) {
        let Some(sight) = scroll::sight() else { return };
        let (older, newer, first, last) = self.talk.window.with_value(|window| {
            let first = window.messages.front().map(|message| message.position);
            (window.older, window.newer, first, window.messages.back().map(|message| message.position))
        });
        if let Some(first) = first.filter(|_| older && sight.above < NEAR) {
            self.fill_before(first);
        } else if let Some(last) = last.filter(|_| newer && sight.below < NEAR) {
            self.fill_after(last);
        }
    }

    fn fill_before(self, first: u64) {
        let Some(conversation) = self.talk.open.get_untracked() else { return };
        if self.talk.is_asking.get_value() {
            return;
        }
        self.talk.is_asking.set_value(true);
        let filling = self.talk.filling.get_value();
        spawn_local(async move {
            let command = Command::Messages { conversation, before: Some(first), most: page_of(PAGE) };
            let Some(messages) = self.filled(filling, ask_messages(command).await) else { return };
            let more = messages.len() >= PAGE;
            self.talk.window.update_value(|window| window.coming = messages);
            self.put_before(filling, more).await;
            if self.has_asked(filling) {
                self.looked();
            }
        });
    }

    /// Puts what is coming before the first one, a few at a time, so that scrolling goes on between them.
    async fn put_before(self, filling: u32, older: bool) {
        loop {
            let is_whole = self.talk.window.try_update_value(|window| {
                let near = window.coming.split_off(window.coming.len().saturating_sub(AT_ONCE));
                let is_whole = window.coming.is_empty();
                window.put_before(near, older || !is_whole);
                is_whole
            });
            self.paint(Place::Stay);
            if is_whole != Some(false) {
                return;
            }
            page::breathe().await;
            if self.talk.filling.get_value() != filling {
                return;
            }
        }
    }

    fn fill_after(self, last: u64) {
        let Some(conversation) = self.talk.open.get_untracked() else { return };
        if self.talk.is_asking.get_value() {
            return;
        }
        self.talk.is_asking.set_value(true);
        let filling = self.talk.filling.get_value();
        spawn_local(async move {
            let command = Command::MessagesAfter { conversation, after: last, most: page_of(PAGE) };
            let Some(messages) = self.filled(filling, ask_messages(command).await) else { return };
            let (more, follows) = (messages.len() >= PAGE, self.follows_end());
            if more && follows {
                // More came than can be read one after the other: the newest ones are what one looks at.
                self.talk.is_asking.set_value(false);
                self.fill(Place::Stay);
                return;
            }
            let was_whole = self.talk.window.with_value(|window| !window.newer);
            let heard = messages.iter().rev().find(|message| !message.own).filter(|_| was_whole);
            if let Some(message) = heard {
                self.say_aloud(message);
            }
            self.talk.window.update_value(|window| window.coming = messages);
            self.put_after(filling, more, was_whole).await;
            self.has_asked(filling);
        });
    }

    /// Puts what is coming after the last one, a few at a time.
    async fn put_after(self, filling: u32, newer: bool, was_whole: bool) {
        loop {
            let follows = self.follows_end();
            let put = self.talk.window.try_update_value(|window| {
                let near: Vec<_> = window.coming.drain(..window.coming.len().min(AT_ONCE)).collect();
                let mut fresh = window.put_after(near, newer, follows);
                if window.newer != newer {
                    // There is no more room: the rest is read again when one goes there.
                    let rest = window.coming.drain(..).filter(|message| !message.own).count();
                    fresh = fresh.saturating_add(u32::try_from(rest).unwrap_or(u32::MAX));
                }
                (fresh, window.coming.is_empty())
            });
            let Some((fresh, is_whole)) = put else { return };
            if was_whole && !follows {
                self.talk.below.update(|below| *below = below.saturating_add(fresh));
            }
            self.paint(Place::Stay);
            if is_whole {
                return;
            }
            page::breathe().await;
            if self.talk.filling.get_value() != filling {
                return;
            }
        }
    }

    /// Messages of the open conversation came or changed.
    pub(crate) fn messages_changed(self, changed: &[MessageId]) {
        let (held, last, newer, is_loaded) = self.talk.window.with_value(|window| {
            let held: Vec<_> = changed.iter().copied().filter(|id| window.holds(*id)).collect();
            (held, window.messages.back().map(|message| message.position), window.newer, window.is_loaded)
        });
        if !is_loaded {
            return;
        }
        let is_fresh = held.len() < changed.len();
        if held.len() > SINGLY || changed.len() > PAGE {
            self.fill_again();
            return;
        }
        for message in held {
            self.read(crate::app::Read::Message(message));
        }
        match last {
            Some(last) if is_fresh && !newer => self.fill_after_soon(last),
            Some(_) if is_fresh => {
                let count = u32::try_from(changed.len()).unwrap_or(u32::MAX);
                self.talk.below.update(|below| *below = below.saturating_add(count));
            }
            None => self.fill(Place::Stay),
            _ => {}
        }
    }

    /// What is being asked for now may not hold what came meanwhile.
    fn fill_after_soon(self, last: u64) {
        if self.talk.is_asking.get_value() {
            if self.talk.is_waiting.get_value() {
                return;
            }
            self.talk.is_waiting.set_value(true);
            page::after(60, move || {
                self.talk.is_waiting.set_value(false);
                let last = self.talk.window.with_value(|window| window.messages.back().map(|message| message.position));
                if let Some(last) = last {
                    self.fill_after_soon(last);
                }
            });
        } else {
            self.fill_after(last);
        }
    }

    pub(crate) fn message_changed(self, message: MessageView) {
        if message.deleted_by.is_some() {
            self.say_nothing_of(Some(message.id));
        }
        self.talk.window.update_value(|window| window.replace(message));
        self.paint(Place::Stay);
    }

    pub(crate) fn message_gone(self, message: MessageId) {
        self.say_nothing_of(Some(message));
        self.talk.window.update_value(|window| window.remove(message));
        self.paint(Place::Stay);
    }

    pub(crate) fn set_notices(self, conversation: ConversationId, mut notices: Vec<NoticeView>) {
        if self.talk.open.get_untracked() == Some(conversation) {
            let view = self.peek_open(Clone::clone);
            notices.retain(|notice| notice.concerns(conversation, view.as_ref()));
            self.talk.window.update_value(|window| window.set_notices(notices));
            self.paint(Place::Stay);
        }
    }

    pub(crate) fn add_notice(self, notice: NoticeView) {
        let Some(open) = self.talk.open.get_untracked() else { return };
        if self.peek_open(|view| notice.concerns(open, Some(view))) == Some(true) {
            self.talk.window.update_value(|window| window.add_notice(notice));
            self.paint(Place::Stay);
        }
    }

    /// Goes to a message, wherever it is.
    pub(crate) fn go_to(self, conversation: ConversationId, message: MessageId, position: u64) {
        if self.talk.open.get_untracked() == Some(conversation) && self.talk.message(message).is_some() {
            self.go(Pane::Talk);
            self.paint(Place::At(message));
            return;
        }
        if self.talk.open.get_untracked() != Some(conversation) {
            self.open(conversation);
        }
        self.go(Pane::Talk);
        self.fill_around(position, Place::At(message));
    }

    /// Goes to a message whose place is not known.
    pub(crate) fn go_to_message(self, message: MessageId) {
        match self.talk.message(message) {
            Some(view) => self.go_to(view.conversation, message, view.position),
            None => spawn_local(async move {
                match port::ask(Command::Message { message }).await {
                    Ok(Reply::Message(view)) => self.go_to(view.conversation, message, view.position),
                    Ok(_) => {}
                    Err(failure) => self.say_failure(&failure),
                }
            }),
        }
    }

    /// Goes to the newest message, which may have to be read first.
    pub(crate) fn go_to_newest(self) {
        self.talk.sticks.set_value(true);
        self.talk.end.set_value(0.0);
        self.talk.below.set(0);
        if self.talk.window.with_value(|window| window.newer) {
            self.fill(Place::Newest);
        } else {
            self.paint(Place::Newest);
        }
    }

    /// Draws the rows anew where something beside the messages changed.
    pub(crate) fn paint_again(self) {
        if self.talk.is_loaded.get_untracked() {
            self.paint(Place::Stay);
        }
    }

    /// Draws what is held, and stays or goes where that is wished.
    fn paint(self, place: Place) {
        let follows = self.follows_end();
        let kept = match place {
            Place::Stay if !follows => scroll::anchor(),
            _ => None,
        };
        self.talk.make_rows();
        spawn_local(async move {
            leptos::task::tick().await;
            leptos::task::tick().await;
            let goes_to_end = match place {
                Place::Stay => follows,
                Place::Newest => true,
                Place::New => !scroll::to_new(),
                Place::At(message) => {
                    self.talk.sticks.set_value(false);
                    scroll::to_message(message);
                    self.flash(message);
                    false
                }
            };
            if let Some(kept) = kept {
                kept.restore();
            }
            if goes_to_end {
                self.scroll_to_end();
            }
            self.looked();
        });
    }

    /// Shows for a moment which message one went to.
    fn flash(self, message: MessageId) {
        self.talk.goal.set(Some(message));
        page::after(1_800, move || {
            if self.talk.goal.get_untracked() == Some(message) {
                self.talk.goal.set(None);
            }
        });
    }

    /// One looks elsewhere, or at the same place of something else.
    pub(super) fn looked(self) {
        let Some(sight) = scroll::sight() else { return };
        let newer = self.talk.window.with_value(|window| window.newer);
        self.talk.sticks.set_value(sight.below < 48.0 && !newer);
        self.talk.end.set_value(sight.above);
        let is_away = sight.below > 240.0 || newer;
        if self.talk.is_away.get_untracked() != is_away {
            self.talk.is_away.set(is_away);
        }
        if !is_away && self.talk.below.get_untracked() > 0 {
            self.talk.below.set(0);
        }
        self.fill_ends();
        if !self.talk.is_looking.get_value() {
            self.talk.is_looking.set_value(true);
            page::after(200, move || {
                self.talk.is_looking.set_value(false);
                self.mark_seen();
            });
        }
    }

    /// What is kept at the end stays there when heights change.
    pub(super) fn resized(self) {
        if self.follows_end() {
            self.scroll_to_end();
        }
    }

    /// Whether the end is looked at, and followed when messages come. Of scrolling the page is told only at the next
    /// frame: whoever went up meanwhile is not drawn back.
    fn follows_end(self) -> bool {
        let sticks = self.talk.sticks.get_value();
        let has_gone_up = sticks
            && scroll::sight().is_some_and(|sight| {
                // Where the rows became fewer, the end itself is further up.
                sight.above < self.talk.end.get_value() - PIXEL && sight.below > PIXEL
            });
        sticks && !has_gone_up
    }

    fn scroll_to_end(self) {
        scroll::to_end();
        if let Some(sight) = scroll::sight() {
            self.talk.end.set_value(sight.above);
        }
    }

    /// Marks as read what somebody who is there has seen.
    pub(crate) fn mark_seen(self) {
        let is_in_sight = !page::is_narrow() || self.pane.get_untracked() == Pane::Talk;
        if !is_in_sight || !page::is_attended() || self.overlay.with_untracked(Option::is_some) {
            return;
        }
        let Some(conversation) = self.talk.open.get_untracked() else { return };
        let can_be_marked = self.peek_open(|view| {
            !view.request && matches!(view.state, ConversationState::Joined | ConversationState::Repairing)
        });
        let Some(seen) = scroll::last_seen().filter(|_| can_be_marked == Some(true)) else { return };
        let marked = self.talk.marked.get_value();
        let up_to = self.talk.window.with_value(|window| {
            let of_others = window.messages.iter().rev().filter(|message| !message.own);
            of_others.map(|message| message.position).find(|position| *position <= seen)
        });
        let Some(up_to) = up_to.filter(|up_to| *up_to > marked) else { return };
        self.talk.marked.set_value(up_to);
        spawn_local(async move {
            let failed = port::ask(Command::MarkRead { conversation, up_to }).await.is_err();
            if failed && self.talk.open.get_untracked() == Some(conversation) {
                self.talk.marked.set_value(marked);
            }
        });
    }
}
