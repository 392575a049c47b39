//! What is on the screen and what happens to it. Inputs go in with the time, effects come out; nothing here waits.

mod actions;
mod answers;
mod asks;
mod commanding;
mod events;
mod files;
mod keys;
mod mouse;
mod opening;
mod sending;
mod settling;

use std::collections::HashMap;

use crossterm::event::{KeyEvent, MouseEvent};
use huis_proto::{AccountId, Bytes, ConversationId, MessageId};
use huis_texts::Texts;
use huis_views::{Command, Connection, ConversationView, Event, Failure, Profile, Reply, Status};
use ratatui::layout::Rect;

use crate::calendar::Zone;
use crate::composer::{Composer, Drawn, Mode};
use crate::list::List;
use crate::overlays::{Details, Overlay};
use crate::panes::{Panes, Shape};
use crate::slash::Wanted;
use crate::theme::{Ground, Theme};
use crate::timeline::{Env, Gallery, Picture, Pictures, Timeline};

pub(crate) use actions::{Action, Confirmed};
pub(crate) use opening::Bar;

/// What a person wishes of the screen.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The colours.
    pub theme: Theme,
    /// Whether small pictures are drawn.
    pub pictures: Pictures,
    /// Whether the bell calls.
    pub bell: bool,
    /// Whether the terminal shows a notification.
    pub notify: bool,
    /// After how long without a key the device is locked, in milliseconds.
    pub lock_after_ms: Option<u64>,
}

/// What comes in.
#[derive(Debug)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// A text that was pasted.
    Paste(String),
    /// The screen has another size: columns and rows.
    Resize(u16, u16),
    /// The terminal's window got or lost the keyboard.
    Focus(bool),
    /// The terminal told its background.
    Ground(Ground),
    /// The engine told something.
    Event(Event),
    /// The engine answered.
    Answer(Box<Answer>),
    /// A picture was decoded, or could not be.
    Picture(Picture, Option<Vec<u8>>),
    /// The time came for which [`App::wake_at`] asked.
    Tick,
}

/// What the engine answered, and what for.
#[derive(Debug)]
pub struct Answer {
    /// What it was asked for.
    pub purpose: Purpose,
    /// The answer.
    pub result: Result<Reply, Failure>,
}

/// What is to be done outside.
#[derive(Debug)]
pub enum Effect {
    /// Ask the engine, and bring the answer back with its purpose.
    Ask {
        /// What for.
        purpose: Purpose,
        /// What.
        command: Command,
    },
    /// Decode a picture away from this thread ([`Picture::decoded`](crate::Picture::decoded)), and bring its pixels back.
    Decode(Picture, Bytes),
    /// Put a text into the clipboard.
    Copy(String),
    /// Call the person.
    Call {
        /// Who or where.
        title: String,
        /// What was said.
        text: String,
    },
    /// Paint everything again.
    Repaint,
    /// Leave.
    End(End),
}

/// Why the screen is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was asked for.
    Quit,
    /// The device is to be locked.
    Lock,
    /// The server ended the session.
    SessionEnded,
    /// The engine ended.
    Stopped(Option<Failure>),
}

/// What a question was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To know who is signed in.
    WhoAmI,
    /// To show how the engine is doing.
    Status,
    /// To fill the list.
    Conversations,
    /// To fill the requests in the list.
    Requests,
    /// To show a conversation as it is.
    Conversation(ConversationId),
    /// To fill the timeline; the number tells a timeline from the one before.
    Page {
        /// Where.
        conversation: ConversationId,
        /// Which filling.
        filling: u32,
        /// At which end.
        way: Way,
    },
    /// To show a message as it is.
    Message(MessageId),
    /// To go to a message.
    Goal(MessageId),
    /// To show what was noticed.
    Notices(ConversationId),
    /// To send what was written, which must not be lost.
    Send {
        /// Where.
        conversation: ConversationId,
        /// What, as it was typed.
        text: String,
        /// As a message, an answer, or in place of a message's text.
        mode: Mode,
    },
    /// To do something whose failure a person must see.
    Act,
    /// To accept a request; meanwhile one writes there already.
    Accept(ConversationId),
    /// To open the conversation that is the answer, where one has not gone elsewhere.
    Arrive {
        /// The conversation that was left for it.
        back: Option<ConversationId>,
        /// Which journey: a later one counts, and what is written belongs to that.
        journey: u32,
    },
    /// To send a first word to somebody, which must not be lost.
    FirstWord {
        /// To whom.
        name: String,
        /// What.
        text: String,
        /// On which journey.
        journey: u32,
    },
    /// To see that there is somebody of this name to write to.
    Greet(String),
    /// To show what is known of somebody.
    Person(String),
    /// To show what that one scans.
    Code(AccountId),
    /// To show the server's rooms.
    Rooms,
    /// To show what is locked, and what was.
    Locks,
    /// To show the account's devices.
    Devices,
    /// To show what one shows of oneself.
    Card,
    /// To mark as read.
    MarkRead(ConversationId),
    /// To keep a draft.
    Draft(ConversationId),
    /// To tell something whose answer nobody waits for.
    Tell,
    /// To call for a message.
    Call(MessageId),
    /// A locked message has opened, for which the person is perhaps called.
    Opened(MessageId),
    /// To show who is in a conversation.
    Members(ConversationId),
    /// To show what is pinned.
    Pinned(ConversationId),
    /// To show what is known of an account.
    Contact(ConversationId),
    /// To show who has read a message.
    Receipts(MessageId),
    /// To show what a search found.
    Search(String),
    /// To show the files of a conversation, those before a position.
    Files {
        /// Where.
        conversation: ConversationId,
        /// None for the newest ones.
        before: Option<u64>,
    },
    /// To find a file that is to be saved.
    Find(FileSearch),
    /// To save a file.
    Save {
        /// The folder that it goes to.
        folder: String,
    },
    /// To send a file.
    SendFile {
        /// How large it is here; none where nothing is said of what was taken out of it.
        bytes: Option<u64>,
    },
    /// To say what was taken out of a file that is sent.
    Sending {
        /// How large it is here.
        bytes: u64,
    },
}

/// A file that is looked for among those of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileSearch {
    pub(crate) conversation: ConversationId,
    pub(crate) wanted: Wanted,
    /// The position before which it is looked for; none at the newest.
    pub(crate) before: Option<u64>,
    /// Files that were passed over.
    pub(crate) passed: u64,
    /// Where it goes.
    pub(crate) folder: Option<String>,
}

/// Which end of a timeline is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// The newest messages of an empty one.
    Newest,
    /// What lies before the first message.
    Before,
    /// What lies after the last message.
    After,
    /// Up to a message to go to.
    Around,
}

/// Which part of the screen the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    List,
    Messages,
    Composer,
}

/// A line that goes away by itself.
#[derive(Debug)]
pub(crate) struct Toast {
    pub(crate) text: String,
    pub(crate) is_failure: bool,
    until_ms: u64,
}

/// The screen of one signed-in account.
#[derive(Debug)]
pub struct App {
    pub(crate) texts: Texts,
    pub(crate) zone: Zone,
    pub(crate) settings: Settings,
    pub(crate) now_ms: u64,
    pub(crate) size: (u16, u16),
    pub(crate) me: Option<Profile>,
    pub(crate) status: Option<Status>,
    pub(crate) connection: Connection,
    pub(crate) list: List,
    pub(crate) timeline: Option<Timeline>,
    pub(crate) gallery: Gallery,
    pub(crate) composer: Composer,
    pub(crate) composer_drawn: Drawn,
    pub(crate) focus: Focus,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) details: Option<Details>,
    pub(crate) toast: Option<Toast>,
    /// To whom the first word is being written, while there is no conversation with them.
    pub(crate) addressee: Option<String>,
    /// Where files are saved unless another folder is named; none where each time one is to be named.
    folder: Option<String>,
    /// The request that was just accepted, until the engine says so as well.
    accepting: Option<ConversationId>,
    /// How often one has gone somewhere.
    journeys: u32,
    /// The journey to a conversation that was asked for and is not here yet.
    arriving: Option<u32>,
    /// What is done once the person has said yes.
    asked: Option<Command>,
    /// Whether the terminal's window has the keyboard.
    is_attended: bool,
    changed: bool,
    effects: Vec<Effect>,
    under_way: HashMap<Purpose, Option<Command>>,
    filling: u32,
    times: settling::Times,
}

impl App {
    /// A screen of this size, in columns and rows.
    pub fn new(texts: Texts, zone: Zone, settings: Settings, size: (u16, u16), now_ms: u64) -> Self {
        Self {
            texts,
            zone,
            settings,
            now_ms,
            size,
            me: None,
            status: None,
            connection: Connection::Connecting,
            list: List::default(),
            timeline: None,
            gallery: Gallery::default(),
            composer: Composer::default(),
            composer_drawn: Drawn::default(),
            focus: Focus::List,
            overlay: None,
            details: None,
            toast: None,
            addressee: None,
            folder: None,
            accepting: None,
            journeys: 0,
            arriving: None,
            asked: None,
            is_attended: true,
            changed: true,
            effects: Vec::new(),
            under_way: HashMap::new(),
            filling: 0,
            times: settling::Times::begin(now_ms),
        }
    }

    /// Files are saved in this folder, by its whole path, unless another one is named. Without it each time one is to be named.
    pub fn saves_in(&mut self, folder: String) {
        self.folder = Some(folder);
    }

    /// What to ask at the beginning.
    pub fn begin(&mut self) -> Vec<Effect> {
        self.read(Purpose::WhoAmI, Command::WhoAmI);
        self.read_everything();
        std::mem::take(&mut self.effects)
    }

    /// Takes an input in, at a time in milliseconds since 1970.
    pub fn update(&mut self, input: Input, now_ms: u64) -> Vec<Effect> {
        self.now_ms = now_ms;
        let is_unpainted = std::mem::replace(&mut self.changed, true);
        // After a sleep the first input may come before the clock: it must not pass for somebody being there.
        if self.is_deserted() {
            self.end(End::Lock);
            return std::mem::take(&mut self.effects);
        }
        match input {
            Input::Key(key) => self.on_key(key),
            Input::Mouse(mouse) => self.on_mouse(mouse),
            Input::Paste(text) => self.on_paste(&text),
            Input::Resize(columns, rows) => self.size = (columns, rows),
            Input::Focus(is_attended) => self.on_focus(is_attended),
            Input::Ground(_) if self.settings.theme.is_fixed => {}
            Input::Ground(ground) => self.settings.theme.ground = ground,
            Input::Event(event) => self.on_event(event),
            Input::Answer(answer) => self.on_answer(*answer),
            Input::Picture(picture, pixels) => self.gallery.put(picture, pixels),
            Input::Tick => self.changed = false,
        }
        self.settle();
        self.changed |= is_unpainted;
        std::mem::take(&mut self.effects)
    }

    /// Whether the screen is another one than when this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether a picture that was to be decoded is still to be seen, and is not here.
    pub fn awaits(&self, picture: Picture) -> bool {
        self.gallery.awaits(picture)
    }

    /// Whether the bell calls.
    pub fn rings(&self) -> bool {
        self.settings.bell
    }

    /// Whether the terminal shows a notification.
    pub fn notifies(&self) -> bool {
        self.settings.notify
    }

    /// The conversation that is open.
    pub fn open_conversation(&self) -> Option<ConversationId> {
        self.timeline.as_ref().map(|timeline| timeline.conversation)
    }

    /// The draft that is not kept yet, to be kept when the screen goes away in a hurry.
    pub fn unkept_draft(&self) -> Option<(ConversationId, String)> {
        self.times.draft_ms.and(self.open_conversation()).map(|open| (open, self.composer.draft().to_owned()))
    }

    pub(crate) fn open_view(&self) -> Option<&ConversationView> {
        self.list.conversation(self.open_conversation()?)
    }

    pub(crate) fn my_account(&self) -> Option<AccountId> {
        self.me.as_ref().map(|me| me.account)
    }

    /// Where the parts of the screen stand.
    pub(crate) fn panes(&mut self) -> Panes {
        let (columns, rows) = self.size;
        let shape = Shape {
            has_strip: self.strip().is_some(),
            is_on_list: self.focus == Focus::List,
            has_details: self.details.is_some(),
            has_bar: self.bar().is_some(),
            has_topic: self.open_view().is_some_and(|view| view.topic.is_some()),
        };
        let composer = &mut self.composer;
        Panes::of(Rect::new(0, 0, columns, rows), shape, |width, most| crate::composer::rows(composer, width, most))
    }

    /// Does something with the timeline and what a layout of it needs.
    pub(crate) fn with_timeline<T>(&mut self, work: impl FnOnce(&mut Timeline, &Env<'_>) -> T) -> Option<T> {
        let area = self.panes().timeline?;
        let timeline = self.timeline.as_mut()?;
        let env = Env {
            texts: &self.texts,
            zone: &self.zone,
            now_ms: self.now_ms,
            me: self.me.as_ref().map(|me| me.account),
            conversation: self.list.conversation(timeline.conversation),
            gallery: self.settings.pictures.are_drawn(self.settings.theme.depth).then_some(&self.gallery),
            width: area.width,
            height: area.height,
        };
        Some(work(timeline, &env))
    }

    /// Shows a line for a while.
    pub(crate) fn say(&mut self, text: String) {
        self.toast = Some(Toast { text, is_failure: false, until_ms: self.now_ms + 4_000 });
    }

    /// Shows what is wrong with what was written, long enough to read it.
    pub(crate) fn say_wrong(&mut self, text: String) {
        self.toast = Some(Toast { text, is_failure: true, until_ms: self.now_ms + 10_000 });
    }

    /// Shows why something was not done, long enough to read it.
    pub(crate) fn say_failure(&mut self, failure: &Failure) {
        let text = crate::say::failure(&self.texts, failure);
        self.toast = Some(Toast { text, is_failure: true, until_ms: self.now_ms + 10_000 });
    }
}
