//! The messages of one conversation: a window of bounded size over them, laid out in rows, and where one looks.

mod body;
mod draw;
mod layout;
mod notes;
mod pictures;
mod scroll;
mod window;

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use huis_proto::{AccountId, ConversationId, ConversationKind, MessageId};
use huis_texts::Texts;
use huis_views::{ConversationView, MessageView, NoticeView};
use ratatui::layout::Rect;

use crate::calendar::Zone;
use crate::cells;
use crate::say;

pub(crate) use draw::{draw, is_on_the_way_back};
pub(crate) use layout::{Block, Part};
pub(crate) use pictures::{Gallery, Slice};
pub use pictures::{Picture, Pictures};

/// Messages that are asked for at a time.
pub(crate) const PAGE: u32 = 100;
/// Messages that are held at most.
pub(crate) const WINDOW: usize = 500;
/// Notices that are held at most.
const NOTICES: usize = 100;
/// Below this width the author stands above the text and not beside it.
const NARROW: u16 = 50;
/// The widest column of authors, and the widest text.
const AUTHOR: u16 = 14;
const READABLE: u16 = 88;

/// Where the last row of the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bottom {
    /// At the newest message, and stays there when others come.
    Newest,
    /// At a row of a message.
    At(MessageId, usize),
}

/// A place to come back to.
#[derive(Debug, Clone, Copy)]
struct Kept {
    position: u64,
    bottom: Bottom,
    selected: Option<MessageId>,
}

/// The messages of one conversation.
#[derive(Debug)]
pub(crate) struct Timeline {
    pub(crate) conversation: ConversationId,
    messages: VecDeque<MessageView>,
    notices: Vec<NoticeView>,
    /// Whether there are messages before the first one, and after the last one, that are not held.
    pub(crate) older: bool,
    pub(crate) newer: bool,
    /// Whether anything came yet.
    pub(crate) loaded: bool,
    /// The position of the newest message that was read before the conversation was opened, where some were not.
    unread_after: Option<u64>,
    pub(crate) selected: Option<MessageId>,
    /// A message to go to as soon as it is here.
    pub(crate) goal: Option<MessageId>,
    bottom: Bottom,
    /// Where one looked before the window was emptied to be filled again.
    kept: Option<Kept>,
    /// Whether a page could not be read: none is asked for before something happens.
    pub(crate) stalled: bool,
    /// Messages that came below where one looks.
    pub(crate) below: u32,
    columns: Columns,
    cache: HashMap<MessageId, Rc<Block>>,
    cached_for: Option<(Columns, i32, bool)>,
}

/// What a layout needs to know.
pub(crate) struct Env<'a> {
    pub(crate) texts: &'a Texts,
    pub(crate) zone: &'a Zone,
    pub(crate) now_ms: u64,
    pub(crate) me: Option<AccountId>,
    pub(crate) conversation: Option<&'a ConversationView>,
    /// Where pictures are drawn; none where they are not.
    pub(crate) gallery: Option<&'a Gallery>,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

impl Env<'_> {
    fn is_direct(&self) -> bool {
        self.conversation.is_none_or(|conversation| conversation.kind == ConversationKind::Direct)
    }
}

/// Where the columns stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) width: u16,
    /// The author's column; 0 where it stands above the text.
    author: u16,
    pub(crate) text: u16,
    pub(crate) end: u16,
    /// The most rows of a picture; 0 where none are drawn.
    pictures: u16,
}

impl Columns {
    fn is_narrow(self) -> bool {
        self.author == 0
    }
}

impl Timeline {
    pub(crate) fn new(conversation: &ConversationView) -> Self {
        Self {
            conversation: conversation.id,
            messages: VecDeque::new(),
            notices: Vec::new(),
            older: false,
            newer: false,
            loaded: false,
            unread_after: (conversation.unread > 0).then_some(conversation.read_up_to),
            selected: None,
            goal: None,
            bottom: Bottom::Newest,
            kept: None,
            stalled: false,
            below: 0,
            columns: Columns::default(),
            cache: HashMap::new(),
            cached_for: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn newest(&self) -> Option<&MessageView> {
        self.messages.back()
    }

    pub(crate) fn oldest(&self) -> Option<&MessageView> {
        self.messages.front()
    }

    pub(crate) fn message(&self, id: MessageId) -> Option<&MessageView> {
        // What is looked for is nearly always near the end.
        self.messages.iter().rev().find(|message| message.id == id)
    }

    pub(crate) fn selected_message(&self) -> Option<&MessageView> {
        self.message(self.selected?)
    }

    /// The newest message that fits.
    pub(crate) fn last(&self, fits: impl Fn(&MessageView) -> bool) -> Option<&MessageView> {
        self.messages.iter().rev().find(|message| fits(message))
    }

    fn index(&self, id: MessageId) -> Option<usize> {
        self.messages.iter().rposition(|message| message.id == id)
    }

    /// Makes the columns fit, and forgets what was laid out for others.
    fn prepare(&mut self, env: &Env<'_>) {
        // In steps, so that a line more to write in changes nothing above it.
        let pictures = match env.height {
            _ if env.gallery.is_none() => 0,
            ..14 => 5,
            14..24 => 8,
            24.. => 12,
        };
        let columns = if env.width < NARROW {
            Columns { width: env.width, author: 0, text: 3, end: env.width.saturating_sub(1), pictures }
        } else {
            let names = self.messages.iter().map(|message| cells::width(&say::author(env.texts, message)));
            let author = names.max().unwrap_or(0).clamp(3, AUTHOR);
            let text = 8 + author + 2;
            let end = env.width.saturating_sub(1).min(text + READABLE);
            Columns { width: env.width, author, text, end, pictures }
        };
        let wanted = (columns, env.zone.day(env.now_ms), env.is_direct());
        if self.cached_for != Some(wanted) {
            self.cache.clear();
            self.cached_for = Some(wanted);
            self.columns = columns;
        }
    }

    /// The message on a row of the screen, and the part of it.
    pub(crate) fn hit(&mut self, env: &Env<'_>, area: Rect, y: u16) -> Option<(MessageId, Part)> {
        let visible = self.visible(env);
        let rows = u16::try_from(visible.len()).ok()?;
        let row = visible.get(usize::from(y.checked_sub(area.bottom().checked_sub(rows)?)?))?;
        let part = row.block.rows.get(row.row)?.part;
        let is_message = (row.block.first..row.block.end).contains(&row.row);
        self.messages.get(row.index).filter(|_| is_message).map(|message| (message.id, part))
    }

    /// A message's rows.
    fn block(&mut self, env: &Env<'_>, index: usize) -> Rc<Block> {
        let Some(message) = self.messages.get(index) else { return Rc::default() };
        if let Some(block) = self.cache.get(&message.id) {
            return block.clone();
        }
        let (id, ages) = (message.id, message.vanishes_at_ms.is_some());
        let block = Rc::new(layout::block(self, env, index));
        if !ages {
            self.cache.insert(id, block.clone());
        }
        block
    }
}
