//! One message in rows.

use std::rc::Rc;

use huis_views::{MessageState, MessageView};

use super::pictures::Slice;
use super::{Columns, Env, Timeline, body, notes};
use crate::calendar::Zone;
use crate::cells;
use crate::say;
use crate::theme::{Role, hue};

/// A message in rows, with what stands before it: the day, what was noticed, the line above what is new.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) rows: Vec<Row>,
    /// The first row of the message itself.
    pub(crate) first: usize,
    /// The first row behind it.
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) spans: Vec<Span>,
    pub(crate) part: Part,
    /// The part of a picture that is drawn on it.
    pub(crate) picture: Option<Slice>,
}

/// What a row is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Days, notices, the line above what is new.
    Between,
    Quote,
    Text,
    Reactions,
    /// Why it was not sent, and what to do.
    Trouble,
}

/// A text at its place in the row; harmless already.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) x: u16,
    pub(crate) text: String,
    pub(crate) role: Role,
    pub(crate) link: Option<Rc<str>>,
}

impl Span {
    pub(crate) fn new(x: u16, text: impl Into<String>, role: Role) -> Self {
        Self { x, text: text.into(), role, link: None }
    }

    /// The column behind it.
    pub(crate) fn end(&self) -> u16 {
        self.x.saturating_add(cells::width(&self.text))
    }
}

impl Row {
    pub(crate) fn new(part: Part, spans: Vec<Span>) -> Self {
        Self { spans, part, picture: None }
    }

    /// The column behind all that is on it.
    pub(crate) fn end(&self) -> Option<u16> {
        let picture = self.picture.map(|slice| slice.x.saturating_add(slice.picture.columns));
        self.spans.iter().map(Span::end).chain(picture).max()
    }
}

pub(super) fn block(timeline: &Timeline, env: &Env<'_>, index: usize) -> Block {
    let columns = timeline.columns;
    let Some(message) = timeline.messages.get(index) else { return Block::default() };
    let before = index.checked_sub(1).and_then(|index| timeline.messages.get(index));
    let after = timeline.messages.get(index + 1);
    let mut rows = Vec::new();

    if before.is_none() && !timeline.older {
        let name = env.conversation.map_or("", |conversation| conversation.name.as_str());
        let text = env.texts.text_with("timeline-beginning", &[("name", cells::cut(name, 40).as_str().into())]);
        rows.push(notes::centred(columns, &text, Role::Muted));
    }
    let breaks = notes::between(timeline, env, before, message, &mut rows);

    let continues = !breaks && before.is_some_and(|before| is_grouped(before, message));
    if !continues && !rows.is_empty() && rows.last().is_some_and(|row| row.part != Part::Between) {
        rows.push(Row::new(Part::Between, Vec::new()));
    }
    if columns.is_narrow() && !continues && before.is_some() && rows.is_empty() {
        // A breath between two speakers, where no column parts them.
        rows.push(Row::new(Part::Between, Vec::new()));
    }
    let first = rows.len();
    head(env, columns, message, continues, before, &mut rows, first);
    let goes_on = after.is_some_and(|after| is_grouped(message, after) && state(env, after) == state(env, message));
    if !goes_on {
        put_state(env, columns, message, &mut rows, first);
    }
    trouble(env, columns, message, &mut rows);
    // The time and the author stand on the first row, whatever it holds.
    if !columns.is_narrow() && !continues {
        label(env, columns, message, before, &mut rows, first);
    }
    let end = rows.len();
    if after.is_none() && !timeline.newer {
        notes::after(timeline, env, message, &mut rows);
    }
    Block { rows, first, end }
}

/// Whether a message goes on where the one before ended: the same author in the same minute.
fn is_grouped(before: &MessageView, message: &MessageView) -> bool {
    before.from.account == message.from.account && Zone::minute(before.sent_at_ms) == Zone::minute(message.sent_at_ms)
}

fn head(
    env: &Env<'_>,
    columns: Columns,
    message: &MessageView,
    continues: bool,
    before: Option<&MessageView>,
    rows: &mut Vec<Row>,
    first: usize,
) {
    if columns.is_narrow() && !continues {
        rows.push(Row::new(Part::Text, Vec::new()));
        label(env, columns, message, before, rows, first);
    }
    let room = columns.end.saturating_sub(columns.text);
    let mut mark = |text: String, role| {
        rows.push(Row::new(Part::Text, vec![Span::new(columns.text, cells::cut(&text, room), role)]))
    };
    if message.forwarded && message.deleted_by.is_none() {
        mark(format!("→ {}", env.texts.text("message-forwarded")), Role::Muted);
    }
    if !message.author_listed {
        mark(format!("! {}", env.texts.text("message-device-unlisted")), Role::Waiting);
    }
    if let Some(quote) = message.reply_to.as_ref().filter(|_| message.deleted_by.is_none()) {
        let is_own = env.me == Some(quote.from.account);
        let name = if is_own { env.texts.text("you") } else { cells::cut(&say::name(&quote.from), super::AUTHOR) };
        let role = if is_own { Role::Accent } else { hue(quote.from.account) };
        let text = if quote.deleted { env.texts.text("message-deleted") } else { say::first_line(&quote.text) };
        let sign = Span::new(columns.text, "╭ ", Role::Border);
        let name = Span::new(sign.end(), name, role);
        let x = name.end() + 1;
        let text = Span::new(x, cells::cut(&text, columns.end.saturating_sub(x)), Role::Muted);
        rows.push(Row::new(Part::Quote, vec![sign, name, text]));
    }
    body::rows(env, columns, message, rows);
    reactions(columns, message, rows);
}

/// The time and the author on the first row of a group.
fn label(
    env: &Env<'_>,
    columns: Columns,
    message: &MessageView,
    before: Option<&MessageView>,
    rows: &mut [Row],
    first: usize,
) {
    let Some(row) = rows.get_mut(first) else { return };
    let time = env.zone.time(message.sent_at_ms);
    let is_said = !columns.is_narrow()
        && before.is_some_and(|before| {
            Zone::minute(before.sent_at_ms) == Zone::minute(message.sent_at_ms)
                && env.zone.day(before.sent_at_ms) == env.zone.day(message.sent_at_ms)
        });
    if !is_said {
        row.spans.push(Span::new(1, time, Role::Muted));
    }
    let author = say::author(env.texts, message);
    if columns.is_narrow() {
        let room = columns.end.saturating_sub(8);
        row.spans.push(Span::new(8, cells::cut(&author, room), author_role(message)));
    } else {
        row.spans.push(Span::new(8, cells::cut(&author, columns.author), author_role(message)));
    }
}

fn author_role(message: &MessageView) -> Role {
    if message.own { Role::Accent } else { hue(message.from.account) }
}

fn reactions(columns: Columns, message: &MessageView, rows: &mut Vec<Row>) {
    let mut spans: Vec<Span> = Vec::new();
    for reaction in &message.reactions {
        let emoji = cells::cut(&reaction.emoji, 4);
        let count = reaction.from.len();
        let (text, role) = if reaction.own {
            (format!("[{emoji} {count}]"), Role::Accent)
        } else {
            (format!(" {emoji} {count} "), Role::Muted)
        };
        let x = spans.last().map_or(columns.text, |last| last.end() + 1);
        let span = Span::new(x, text, role);
        if span.end() + 2 > columns.end {
            spans.push(Span::new(x, "…", Role::Muted));
            break;
        }
        spans.push(span);
    }
    if !spans.is_empty() {
        rows.push(Row::new(Part::Reactions, spans));
    }
}

/// How far a message of one's own got.
fn state(env: &Env<'_>, message: &MessageView) -> Option<(String, Role)> {
    if !message.own || message.deleted_by.is_some() {
        return None;
    }
    match &message.state {
        MessageState::Waiting => Some((format!("◷ {}", env.texts.text("message-waiting")), Role::Waiting)),
        MessageState::Held(_) => Some((format!("! {}", env.texts.text("message-held")), Role::Danger)),
        MessageState::Failed(_) => Some((format!("✗ {}", env.texts.text("message-failed")), Role::Danger)),
        MessageState::Sent | MessageState::Received => Some(say::receipts(env.texts, message, env.is_direct())),
    }
}

/// Puts the state at the end of the last row, or below where it does not fit.
fn put_state(env: &Env<'_>, columns: Columns, message: &MessageView, rows: &mut Vec<Row>, first: usize) {
    let Some((text, role)) = state(env, message) else { return };
    let x = columns.end.saturating_sub(cells::width(&text));
    let last = rows.len().saturating_sub(1);
    let fits = rows.get(last).is_some_and(|row| last >= first && row.end().is_none_or(|end| end + 2 <= x));
    if !fits {
        rows.push(Row::new(Part::Text, Vec::new()));
    }
    if let Some(row) = rows.last_mut() {
        row.spans.push(Span::new(x.max(columns.text), text, role));
    }
}

fn trouble(env: &Env<'_>, columns: Columns, message: &MessageView, rows: &mut Vec<Row>) {
    let (MessageState::Failed(failure) | MessageState::Held(failure)) = &message.state else { return };
    let reason = say::failure(env.texts, failure);
    for at in cells::wrap(&reason, columns.end.saturating_sub(columns.text)) {
        let piece = reason.get(at).unwrap_or_default();
        rows.push(Row::new(Part::Trouble, vec![Span::new(columns.text, piece, Role::Danger)]));
    }
    let mut spans = Vec::new();
    let mut x = columns.text;
    // What is held back goes out by itself, once that was decided.
    let keys = [("t", "action-retry"), ("x", "action-discard")];
    for (key, action) in keys.into_iter().skip(usize::from(matches!(message.state, MessageState::Held(_)))) {
        let key = Span::new(x, key, Role::Key);
        let text = Span::new(key.end() + 1, env.texts.text(action), Role::Muted);
        x = text.end() + 3;
        spans.extend([key, text]);
    }
    rows.push(Row::new(Part::Trouble, spans));
}
