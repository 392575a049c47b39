//! What a person does: a command, and what is seen of its answer.

use huis_proto::{ConversationId, MessageId};
use huis_views::{
    Annotate, Annotation, Command, Failure, Forward, Muted, NotificationLevel, Reply, RequestAnswer, Target,
    VanishTimer,
};
use leptos::task::spawn_local;

use super::App;
use crate::dialogs::{Confirm, Overlay};
use crate::signals::RwSignal;
use crate::{port, say};

impl App {
    /// Asks for something whose failure a person must see.
    pub(crate) fn act(self, command: Command) {
        self.act_then(command, |_, _| {});
    }

    /// As [`Self::act`], with what follows where it was done.
    pub(crate) fn act_then(self, command: Command, then: impl FnOnce(Self, Reply) + 'static) {
        spawn_local(async move {
            match port::ask(command).await {
                Ok(reply) => {
                    match &reply {
                        Reply::Conversation(view) => {
                            self.shelf.put((**view).clone());
                            self.touch_details();
                        }
                        Reply::Contact(_) | Reply::Done => {
                            self.read_everything();
                            self.touch_details();
                        }
                        _ => {}
                    }
                    then(self, reply);
                }
                Err(failure) => self.say_failure(&failure),
            }
        });
    }

    /// Tells something whose answer nobody waits for.
    pub(crate) fn tell(self, command: Command) {
        spawn_local(async move {
            let _ = port::ask(command).await;
        });
    }

    /// Gives a reaction, or takes back the one that is the same.
    pub(crate) fn react(self, message: MessageId, emoji: &str) {
        let has =
            self.talk.message(message).is_some_and(|view| view.reactions.iter().any(|r| r.own && r.emoji == emoji));
        let annotation = if has { Annotation::Unreact } else { Annotation::React { emoji: emoji.to_owned() } };
        self.act(annotate(message, annotation));
    }

    pub(crate) fn toggle_pin(self, message: MessageId) {
        let Some(view) = self.talk.message(message) else { return };
        self.act(annotate(message, if view.pinned { Annotation::Unpin } else { Annotation::Pin }));
    }

    pub(crate) fn ask_delete(self, message: MessageId) {
        let Some(view) = self.talk.message(message).filter(|view| view.deleted_by.is_none()) else { return };
        let key = if view.own { "confirm-delete" } else { "confirm-delete-other" };
        let (name, text) = (say::name(&view.from), say::line(&say::line_of(&view), 60));
        let question = say::text_with(key, &[("name", name.as_str().into()), ("text", text.as_str().into())]);
        self.ask(Confirm::danger(question, "confirm-delete-yes", move |app| {
            app.act(annotate(message, Annotation::Delete));
        }));
    }

    /// Takes a locked message of one's own back.
    pub(crate) fn ask_withdraw(self, message: MessageId) {
        self.ask(Confirm::danger(say::text("confirm-withdraw"), "confirm-withdraw-yes", move |app| {
            app.act(Command::WithdrawTimed { message });
        }));
    }

    pub(crate) fn ask_discard(self, message: MessageId) {
        self.ask(Confirm::danger(say::text("confirm-discard"), "confirm-discard-yes", move |app| {
            app.act_then(Command::Discard { message }, move |app, _| app.message_gone(message));
        }));
    }

    pub(crate) fn forward(self, message: MessageId, to: ConversationId) {
        self.act_then(Command::Forward(Forward { message, to: Target::Id(to), wait: false }), move |app, _| {
            if let Some(view) = app.shelf.peek(to) {
                let name = view.with_untracked(say::conversation);
                app.say(say::text_with_name("message-forwarded-to", &name));
            }
        });
    }

    pub(crate) fn set_favourite(self, id: ConversationId, favourite: bool) {
        self.act(Command::SetFavourite { target: Target::Id(id), favourite });
    }

    pub(crate) fn set_archived(self, id: ConversationId, archived: bool) {
        self.act_then(Command::SetArchived { target: Target::Id(id), archived }, move |app, _| {
            app.say(say::text(if archived { "list-was-archived" } else { "list-was-taken-back" }));
            if archived && app.talk.open.get_untracked() == Some(id) {
                app.leave_talk();
            }
        });
    }

    pub(crate) fn set_muted(self, id: ConversationId, muted: Muted) {
        self.act(Command::SetNotifications { target: Target::Id(id), level: None, muted: Some(muted) });
    }

    /// Opens a message that is opened once: it is shown this once.
    pub(crate) fn open_once(self, message: MessageId) {
        self.act_then(Command::OpenOnce { message }, |app, reply| {
            if let Reply::Message(message) = reply {
                app.show(Overlay::Opened(message));
            }
        });
    }

    /// Says by `failed` where it was not done, so that nothing is shown that is not set.
    pub(crate) fn set_timer(self, id: ConversationId, timer: Option<VanishTimer>, failed: RwSignal<u32>) {
        spawn_local(async move {
            match port::ask(Command::SetTimer { target: Target::Id(id), timer }).await {
                Ok(Reply::Conversation(view)) => self.shelf.put(*view),
                Ok(_) => {}
                Err(failure) => {
                    failed.update(|times| *times += 1);
                    self.say_failure(&failure);
                }
            }
        });
    }

    pub(crate) fn set_level(self, id: ConversationId, level: NotificationLevel) {
        self.act(Command::SetNotifications { target: Target::Id(id), level: Some(level), muted: None });
    }

    pub(crate) fn ask_leave(self, id: ConversationId) {
        let Some(name) = self.shelf.peek(id).map(|view| view.with_untracked(say::conversation)) else { return };
        let question = say::text_with_name("confirm-leave", &name);
        self.ask(Confirm::danger(question, "confirm-leave-yes", move |app| {
            app.act(Command::Leave { target: Target::Id(id) });
        }));
    }

    pub(crate) fn answer_request(self, id: ConversationId, answer: RequestAnswer) {
        let command = Command::AnswerRequest { target: Target::Id(id), answer };
        if answer == RequestAnswer::Accept {
            self.act_then(command, move |app, _| {
                app.shelf.change(id, |view| view.request = false);
                // What was in sight as a request is read from here on.
                app.mark_seen();
            });
            return;
        }
        let (question, yes) = match answer {
            RequestAnswer::Block => ("confirm-block-request", "confirm-block-yes"),
            _ => ("confirm-decline-request", "confirm-decline-yes"),
        };
        self.ask(Confirm::danger(say::text(question), yes, move |app| {
            app.act_then(command.clone(), |app, _| app.leave_talk());
        }));
    }

    pub(crate) fn ask_block(self, username: String) {
        let question = say::text_with_name("confirm-block", &say::line(&username, 64));
        self.ask(Confirm::danger(question, "confirm-block-yes", move |app| {
            app.act(Command::Block { name: username.clone() });
        }));
    }

    /// Asks before something is done.
    pub(crate) fn ask(self, confirm: Confirm) {
        if self.overlay.with_untracked(Option::is_none) {
            crate::page::remember_focus();
        }
        self.confirm.set(Some(confirm));
    }

    /// Goes into an open room, which is made where there is none of this name.
    pub(crate) fn join_room(self, name: String, failed: impl FnOnce(Failure) + 'static) {
        self.arrive(Command::JoinRoom { name }, failed);
    }

    /// Opens the conversation that is the answer.
    pub(crate) fn arrive(self, command: Command, failed: impl FnOnce(Failure) + 'static) {
        spawn_local(async move {
            match port::ask(command).await {
                Ok(Reply::Conversation(view)) => {
                    let id = view.id;
                    self.shelf.put(*view);
                    self.close_overlay();
                    self.open(id);
                }
                Ok(_) => self.read_everything(),
                Err(failure) => failed(failure),
            }
        });
    }
}

pub(crate) fn annotate(message: MessageId, annotation: Annotation) -> Command {
    Command::Annotate(Annotate { message, annotation, wait: false })
}
