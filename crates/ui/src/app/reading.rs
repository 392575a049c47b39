//! What is asked of the engine to show it. A question that is under way is not asked a second time; where something
//! changed meanwhile, it follows once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use huis_proto::{ConversationId, MessageId};
use huis_views::{Command, Failure, Reply, Target};
use leptos::task::spawn_local;

use super::{App, Gate};
use crate::{page, port, pushes};

/// Questions that are under way, and whether each is to be asked once more.
pub(super) type Reads = HashMap<Read, bool>;

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Read {
    WhoAmI,
    Status,
    Conversations,
    Requests,
    Conversation(ConversationId),
    Message(MessageId),
    Notices(ConversationId),
}

/// Notices that are asked for.
const NOTICES: u32 = 300;

impl Read {
    fn command(&self) -> Command {
        match self {
            Self::WhoAmI => Command::WhoAmI,
            Self::Status => Command::Status,
            Self::Conversations => Command::Conversations,
            Self::Requests => Command::Requests,
            Self::Conversation(id) => Command::Conversation { target: Target::Id(*id) },
            Self::Message(message) => Command::Message { message: *message },
            Self::Notices(_) => Command::Notices { most: NOTICES },
        }
    }
}

impl App {
    /// Reads what there is, once the engine answers.
    pub(super) fn begin(self) {
        self.read(Read::WhoAmI);
    }

    /// Somebody is signed in: all that is shown is read.
    pub(crate) fn enter(self) {
        self.gate.set(Gate::In);
        page::mark(true);
        pushes::begin();
        self.read_everything();
        self.tell(Command::Attend);
        pushes::renew();
    }

    pub(crate) fn read_everything(self) {
        self.read(Read::Status);
        self.read(Read::Conversations);
        self.read(Read::Requests);
    }

    pub(crate) fn read(self, read: Read) {
        let is_fresh = self.reads.try_update_value(|reads| match reads.entry(read.clone()) {
            Entry::Occupied(mut entry) => {
                entry.insert(true);
                false
            }
            Entry::Vacant(entry) => {
                entry.insert(false);
                true
            }
        });
        if is_fresh != Some(true) {
            return;
        }
        spawn_local(async move {
            loop {
                match port::ask(read.command()).await {
                    Ok(reply) => self.was_read(&read, reply),
                    Err(failure) => self.was_not_read(&read, &failure),
                }
                let again = self.reads.try_update_value(|reads| match reads.entry(read.clone()) {
                    Entry::Occupied(mut entry) if *entry.get() => entry.insert(false),
                    Entry::Occupied(entry) => entry.remove(),
                    Entry::Vacant(_) => false,
                });
                if again != Some(true) {
                    break;
                }
            }
        });
    }

    fn was_read(self, read: &Read, reply: Reply) {
        match (read, reply) {
            (Read::WhoAmI, Reply::Profile(profile)) => {
                self.me.set(Some(profile));
                self.enter();
                self.offer_note();
            }
            (Read::Status, Reply::Status(status)) => {
                self.connection.set(status.connection);
                self.status.set(Some(status));
            }
            (Read::Conversations, Reply::Conversations(conversations)) => {
                self.shelf.set_conversations(conversations);
                self.shelf_changed();
            }
            (Read::Requests, Reply::Conversations(requests)) => self.shelf.set_requests(requests),
            (Read::Conversation(_), Reply::Conversation(view)) => {
                let id = view.id;
                self.shelf.put(*view);
                self.conversation_changed(id);
            }
            (Read::Message(_), Reply::Message(message)) => self.message_changed(*message),
            (Read::Notices(id), Reply::Notices(notices)) => self.set_notices(*id, notices),
            _ => {}
        }
    }

    fn was_not_read(self, read: &Read, failure: &Failure) {
        match (read, failure) {
            (Read::WhoAmI, Failure::RegistrationCutOff { username, .. }) => {
                self.gate.set(Gate::Nobody { cut_off: Some(username.clone()) });
            }
            (Read::WhoAmI, failure) => {
                self.gate.set(Gate::Nobody { cut_off: None });
                self.offer_note();
                if *failure == Failure::NotSignedIn {
                    // Whoever was signed in before is called here no more.
                    spawn_local(pushes::forget());
                }
            }
            (Read::Conversation(id), Failure::Unknown { .. } | Failure::NotAMember) => {
                self.shelf.remove(*id);
                if self.talk.open.get_untracked() == Some(*id) {
                    self.leave_talk();
                }
            }
            (Read::Message(message), Failure::Unknown { .. }) => self.message_gone(*message),
            (Read::Status | Read::Message(_) | Read::Notices(_), _) | (_, Failure::Stopped) => {}
            (_, failure) => self.say_failure(failure),
        }
    }
}
