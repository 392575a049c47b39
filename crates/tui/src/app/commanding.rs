//! Written commands: from an intent to what it does on the screen and to the engine.

use std::collections::HashMap;

use huis_proto::{ConversationId, ConversationKind};
use huis_texts::Value;
use huis_views::{
    Annotation, Command, ConversationState, ConversationView, Forward, LockTrust, MessageView, Reply, Send, Target,
    ToSend,
};

use super::actions::Confirmed;
use super::sending::annotate;
use super::{App, Effect, End, Focus, Purpose};
use crate::completion::{self, Known, Person};
use crate::composer::Mode;
use crate::overlays::{Help, Overlay, Search, Sheet};
use crate::slash::{self, DRAND, Here, Intent, Marked, Mistake, Question, Typed};

/// Locked messages that are listed.
const LOCKS: u32 = 100;

impl App {
    /// Does what was written, if it is a command. Gives the text to say, if it is none.
    pub(super) fn command(&mut self, text: &str) -> Option<String> {
        let (word, rest) = match slash::read(text) {
            Typed::Text(text) => return Some(text.to_owned()),
            Typed::Command(word, rest) => (word, rest),
            Typed::Unknown(name, nearest) => {
                self.mistaken(&Mistake::Unknown(name.into(), nearest));
                return None;
            }
        };
        match slash::intent(word, rest, &self.here()) {
            Ok(intent) => {
                self.composer.sent();
                self.draft_changed();
                // The next command is not about the same message.
                if let Some(timeline) = &mut self.timeline {
                    timeline.selected = None;
                }
                self.intend(intent);
            }
            // What was written stays, to be mended.
            Err(mistake) => self.mistaken(&mistake),
        }
        None
    }

    pub(super) fn mistaken(&mut self, mistake: &Mistake) {
        let text = mistake.said(&self.texts);
        self.say_wrong(text);
    }

    fn here(&self) -> Here {
        let view = self.open_view();
        let fits = |message: &MessageView| message.deleted_by.is_none() && message.kind == "text";
        let timeline = self.timeline.as_ref();
        // While one reads back, the last one that is held is not the newest.
        let whole = timeline.filter(|timeline| !timeline.newer);
        let newest = whole.and_then(|timeline| timeline.last(fits));
        let newest_own = whole.and_then(|timeline| timeline.last(|message| message.own && fits(message)));
        let newest_once = whole.and_then(|timeline| timeline.last(|message| message.is_closed() && !message.own));
        Here {
            conversation: self.open_conversation(),
            peer: self.peer().or_else(|| self.addressee.clone()),
            archived: view.is_some_and(|view| view.archived),
            favourite: view.is_some_and(|view| view.favourite),
            selected: timeline.and_then(|timeline| timeline.selected_message()).map(marked),
            newest: newest.map(marked),
            newest_own: newest_own.map(marked),
            newest_once: newest_once.map(marked),
            now_ms: self.now_ms,
        }
    }

    /// The username of the other one, where the open conversation is between two.
    fn peer(&self) -> Option<String> {
        let view = self.open_view().filter(|view| view.kind == ConversationKind::Direct)?;
        let me = self.my_account();
        view.accounts.iter().find(|named| Some(named.account) != me).and_then(|named| named.name.clone())
    }

    fn intend(&mut self, intent: Intent) {
        match intent {
            Intent::Help(None) => self.overlay = Some(Overlay::Help(Help::default())),
            Intent::Help(Some(word)) => {
                let (usage, help) = (slash::usage(&self.texts, word), slash::help(&self.texts, word));
                self.say(format!("{usage} — {help}"));
            }
            Intent::People if self.timeline.is_none() => self.mistaken(&Mistake::NoConversation),
            Intent::People if self.details.is_some() => {}
            Intent::People => self.toggle_details(),
            Intent::Rooms => self.read(Purpose::Rooms, Command::Rooms),
            Intent::Locks => self.read(Purpose::Locks, Command::TimeLocks { most: LOCKS }),
            Intent::Devices => self.read(Purpose::Devices, Command::Devices),
            Intent::Card => self.read(Purpose::Card, Command::Card),
            Intent::Person(name) => self.read(Purpose::Person(name.clone()), Command::Contact { name }),
            Intent::Open(target) => self.open_target(target),
            Intent::Answer(conversation, answer) => self.answer_request(conversation, answer),
            Intent::Ask { command, opens } => {
                let purpose = match &*command {
                    Command::SendFiles(wish) => Self::sending(wish),
                    _ if opens => self.set_out(),
                    _ => Purpose::Act,
                };
                self.effects.push(Effect::Ask { purpose, command: *command });
            }
            Intent::Confirm(question, command) => self.ask_first(&question, *command),
            Intent::Reply(message, text) if text.is_empty() => self.reply(message),
            Intent::Reply(message, text) => {
                let Some(conversation) = self.open_conversation() else { return };
                let to = Target::Id(conversation);
                let command = Command::Send(Send {
                    to,
                    text: text.clone(),
                    reply_to: Some(message),
                    view_once: false,
                    wait: false,
                });
                // Typed as an answer, what begins with a slash needs two.
                let text = if text.starts_with('/') { format!("/{text}") } else { text };
                let purpose = Purpose::Send { conversation, text, mode: Mode::Reply(message) };
                self.effects.push(Effect::Ask { purpose, command });
                self.go_to_newest();
            }
            Intent::Later(conversation, trust, when, text) => self.say_later(conversation, trust, &when, text),
            Intent::React(message, None) => self.ask_reaction(message),
            Intent::React(message, Some(emoji)) => self.act(annotate(message, Annotation::React { emoji })),
            Intent::Unreact(message) => self.act(annotate(message, Annotation::Unreact)),
            Intent::Edit(message, text) if text.is_empty() => self.edit(message),
            Intent::Edit(message, text) => {
                let Some(conversation) = self.open_conversation() else { return };
                let command = annotate(message, Annotation::Edit { text: text.clone() });
                let purpose = Purpose::Send { conversation, text, mode: Mode::Edit(message) };
                self.effects.push(Effect::Ask { purpose, command });
            }
            Intent::Delete(message) => self.ask_delete(message),
            Intent::Pin(message, true) => self.act(annotate(message, Annotation::Pin)),
            Intent::Pin(message, false) => self.act(annotate(message, Annotation::Unpin)),
            Intent::OpenOnce(message) => self.open_once(message),
            Intent::Forward(message, None) => self.ask_forward(message),
            Intent::Forward(message, Some(to)) => {
                self.act(Command::Forward(Forward { message, to, wait: false }));
            }
            Intent::Files(conversation) => self.show_files(conversation),
            Intent::SaveOf(message, folder) => self.save_files_of(message, folder.as_ref()),
            Intent::Save(conversation, wanted, folder) => {
                self.find_file(super::FileSearch { conversation, wanted, before: None, passed: 0, folder });
            }
            Intent::Search(words) => {
                let mut search = Search::default();
                search.paste(&words, self.now_ms);
                self.overlay = Some(Overlay::Search(search));
            }
            Intent::Lock => self.end(End::Lock),
            Intent::Quit => self.end(End::Quit),
        }
    }

    /// Says something that opens later.
    fn say_later(&mut self, conversation: ConversationId, trust: LockTrust, when: &str, text: String) {
        let Ok(unlocks_at_ms) = huis_texts::moment(when, self.now_ms, &|ms| self.zone.ahead_s(ms)) else {
            let text = self.texts.text_with("lock-no-moment", &[("typed", Value::Text(&crate::cells::cut(when, 40)))]);
            self.say_wrong(text);
            return;
        };
        let typed = match trust {
            LockTrust::Server => format!("/later {when} {text}"),
            LockTrust::Drand => format!("/later {DRAND} {when} {text}"),
        };
        let what =
            ToSend::Text(Send { to: Target::Id(conversation), text, reply_to: None, view_once: false, wait: false });
        let purpose = Purpose::Send { conversation, text: typed, mode: Mode::Plain };
        self.effects.push(Effect::Ask { purpose, command: Command::SendTimed { what, unlocks_at_ms, trust } });
        self.go_to_newest();
    }

    fn ask_first(&mut self, question: &Question, command: Command) {
        let (key, name) = question.text();
        let text = self.texts.text_with(key, &[("name", Value::Text(&crate::cells::cut(name, 80)))]);
        self.asked = Some(command);
        self.confirm(text, "slash-confirm-yes", Confirmed::Asked);
    }

    /// Does what was asked about, and said yes to.
    pub(super) fn do_asked(&mut self) {
        let Some(command) = self.asked.take() else { return };
        let leaves = matches!(command, Command::Leave { .. });
        self.act(command);
        if leaves {
            self.close();
        }
    }

    /// Leaves the open conversation for the list.
    fn close(&mut self) {
        self.keep_draft();
        self.timeline = None;
        self.details = None;
        self.composer.close();
        self.focus = Focus::List;
    }

    /// Opens the conversation with somebody; where there is none yet, a first word makes it.
    fn open_target(&mut self, target: Target) {
        let wanted = match &target {
            Target::Account(name) => format!("@{}", name.to_lowercase()),
            Target::Room(name) => format!("#{name}"),
            Target::Id(id) => id.to_string(),
        };
        let known = self
            .list
            .all()
            .find(|view| view.state != ConversationState::Left && view.name.to_lowercase() == wanted.to_lowercase())
            .map(|view| view.id);
        match (known, target) {
            (Some(known), _) => self.open(known),
            (None, Target::Account(name)) => {
                self.read(Purpose::Greet(name.clone()), Command::Contact { name: name.clone() });
                // Whoever types on finds nothing in the way.
                self.set_out();
                self.arriving = None;
                self.addressee = Some(name);
            }
            (None, target) => {
                let purpose = self.set_out();
                self.effects.push(Effect::Ask { purpose, command: Command::Conversation { target } });
            }
        }
    }

    /// Leaves what is open for a conversation that was asked for: whoever types on means that one.
    pub(super) fn set_out(&mut self) -> Purpose {
        let back = self.open_conversation();
        self.close();
        self.addressee = None;
        self.focus = Focus::Composer;
        self.journeys = self.journeys.wrapping_add(1);
        self.arriving = Some(self.journeys);
        Purpose::Arrive { back, journey: self.journeys }
    }

    /// Opens a conversation that was asked for, unless one went elsewhere meanwhile.
    fn arrive(&mut self, conversation: ConversationView, journey: u32) {
        let id = conversation.id;
        let name = crate::cells::cut(&conversation.name, 40);
        self.list.put(conversation);
        if self.open_conversation() == Some(id) {
            return;
        }
        // What is written belongs to where one went last, and to no other.
        if journey != self.journeys {
            self.say(self.texts.text_with("conversation-arrived", &[("name", Value::Text(&name))]));
            return;
        }
        let written = self.composer.editor.text().to_owned();
        self.composer.editor.set("");
        self.open(id);
        if !written.is_empty() && self.composer.is_idle() {
            self.composer.editor.set(&written);
            self.draft_changed();
        }
    }

    /// What was asked by a command is here.
    pub(super) fn on_commanded(&mut self, purpose: &Purpose, reply: Reply) {
        match (purpose, reply) {
            (Purpose::Arrive { journey, .. }, Reply::Conversation(conversation)) => {
                self.arrive(*conversation, *journey);
            }
            (Purpose::FirstWord { journey, .. }, Reply::Sent(sent)) => {
                let command = Command::Conversation { target: Target::Id(sent.conversation) };
                let purpose = Purpose::Arrive { back: None, journey: *journey };
                self.effects.push(Effect::Ask { purpose, command });
            }
            (Purpose::Greet(name), Reply::Contact(contact)) => {
                // In its one form.
                if self.addressee.as_ref() == Some(name) && contact.account.name.is_some() {
                    self.addressee = contact.account.name;
                }
            }
            (Purpose::Person(_), Reply::Contact(contact)) => {
                self.show(Sheet::person(&self.texts, &contact));
                let (account, name) = (contact.account.account, contact.account.name);
                if let Some(name) = name.filter(|_| Some(account) != self.my_account()) {
                    self.effects
                        .push(Effect::Ask { purpose: Purpose::Code(account), command: Command::SafetyCode { name } });
                }
            }
            (Purpose::Code(account), Reply::SafetyCode(code)) => {
                if let Some(Overlay::Sheet(sheet)) = &mut self.overlay
                    && sheet.is_of(*account)
                {
                    sheet.add_code(&self.texts, &code);
                }
            }
            (Purpose::Locks, Reply::Messages(messages)) => {
                self.show(Sheet::locks(&self.texts, &self.zone, &messages, self.now_ms));
            }
            (Purpose::Rooms, Reply::Rooms(rooms)) => {
                self.show(Sheet::rooms(&self.texts, &rooms));
            }
            (Purpose::Devices, Reply::Devices(devices)) => {
                self.show(Sheet::devices(&self.texts, &self.zone, &devices, self.now_ms));
            }
            (Purpose::Card | Purpose::Act, Reply::Card(card)) => {
                self.show(Sheet::card(&self.texts, self.me.as_ref(), &card));
            }
            // It is shown once, whatever else is.
            (Purpose::Act, Reply::AccessPassphrase(passphrase)) => {
                self.overlay = Some(Overlay::Sheet(Sheet::passphrase(&self.texts, passphrase)));
            }
            // So is this.
            (Purpose::Act, Reply::Message(message)) => {
                self.overlay = Some(Overlay::Sheet(Sheet::opened_once(&self.texts, &message)));
            }
            (Purpose::Act, Reply::SessionsEnded { count }) => {
                self.say(self.texts.text_with("slash-sessions-ended", &[("count", Value::Number(count.into()))]));
            }
            (Purpose::Find(search), Reply::Messages(page)) => self.find_among(search, &page),
            (Purpose::Save { folder }, Reply::Transfer(transfer)) => self.is_saved(folder, &transfer),
            (Purpose::SendFile { bytes: Some(bytes) }, Reply::Sent(sent)) => {
                let purpose = Purpose::Sending { bytes: *bytes };
                self.effects.push(Effect::Ask { purpose, command: Command::Message { message: sent.id } });
            }
            (Purpose::Sending { bytes }, Reply::Message(message)) => self.say_what_was_taken_out(*bytes, &message),
            (Purpose::Act, Reply::Sent(_)) => self.changed = false,
            _ => self.changed = false,
        }
    }

    /// Shows what came, unless something that has the keys was opened meanwhile.
    fn show(&mut self, sheet: Sheet) {
        if self.overlay.is_none() {
            self.overlay = Some(Overlay::Sheet(sheet));
        }
    }

    /// What the text may go on with is another thing after each key.
    pub(super) fn offer(&mut self) {
        let editor = &self.composer.editor;
        self.composer.popup = match self.composer.mode {
            crate::composer::Mode::Edit(_) if editor.text().starts_with('/') => None,
            _ => {
                // Most words name nobody, and a list of everybody for each letter of them costs much.
                let before = editor.text().get(..editor.cursor()).unwrap_or_default();
                let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
                let names = editor.text().starts_with('/') || word.starts_with(['@', '#']);
                let known = if names { self.known() } else { Known::default() };
                completion::offer(&self.texts, editor.text(), editor.cursor(), &known)
            }
        };
    }

    /// Takes up what is offered. Gives whether something was.
    pub(super) fn take_offer(&mut self) -> bool {
        let Some(offer) = self.composer.popup.take() else { return false };
        let insertion = offer.insertion().to_owned();
        // What is as long as a message may be takes no more.
        if self.composer.editor.insert_at(offer.part, &insertion).is_ok() {
            self.text_changed();
        }
        true
    }

    fn known(&self) -> Known {
        let me = self.my_account();
        let open = self.open_conversation();
        let mut known = Known::default();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for view in self.list.all() {
            for named in view.accounts.iter().filter(|named| Some(named.account) != me) {
                let Some(name) = &named.name else { continue };
                let is_here = Some(view.id) == open;
                match places.get(name.as_str()).and_then(|at| known.people.get_mut(*at)) {
                    Some(person) => person.is_here |= is_here,
                    None => {
                        places.insert(name, known.people.len());
                        let card_name = named.card_name.clone();
                        known.people.push(Person { name: name.clone(), card_name, is_here });
                    }
                }
            }
            if let Some(title) = &view.title {
                known.rooms.push(title.clone());
            }
        }
        known
    }
}

fn marked(message: &MessageView) -> Marked {
    let reaction = message.reactions.iter().find(|given| given.own).map(|given| given.emoji.clone());
    Marked { message: message.id, own: message.own, pinned: message.pinned, reaction }
}

#[cfg(test)]
mod tests;
