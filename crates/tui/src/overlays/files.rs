//! The files of a conversation, the newest first: what, who, when, how large, and how far they are.

use crossterm::event::{KeyCode, KeyEvent};
use huis_proto::{ConversationId, MessageId};
use huis_views::{FileView, MessageView, TransferState, TransferView};
use ratatui::layout::Rect;

use super::{Outcome, window};
use crate::app::App;
use crate::cells::{self, Canvas};
use crate::say;
use crate::theme::{Role, hue};

/// Messages with files that are asked for at a time.
pub(crate) const FILES: u32 = 100;
/// Files that are held at most, without their small pictures; older ones are listed by a command.
const MOST: usize = 5_000;
/// So near the last one, older ones are asked for.
const NEAR: usize = 20;

#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) conversation: ConversationId,
    entries: Vec<Entry>,
    chosen: usize,
    /// Whether there may be older ones that are not held.
    older: bool,
    /// Whether the newest ones are to be asked for.
    stale: bool,
    /// Whether an answer is on its way, or was an error.
    waits: bool,
    loaded: bool,
    refused: Option<String>,
    /// Entries that were seen at once when it was drawn last.
    shown: usize,
}

/// A file and its message, as far as it is shown.
#[derive(Debug)]
struct Entry {
    message: MessageView,
    file: FileView,
}

impl Entry {
    fn is(&self, message: MessageId, number: u32) -> bool {
        self.message.id == message && self.file.number == number
    }

    fn state(&self) -> Option<&TransferState> {
        self.file.transfer.as_ref().map(|transfer| &transfer.state)
    }
}

/// The files of messages that stand oldest first, in the order in which they are counted: of the newest message first.
pub(crate) fn counted(messages: &[MessageView]) -> impl Iterator<Item = (&MessageView, &FileView)> {
    messages.iter().rev().flat_map(|message| message.files.iter().map(move |file| (message, file)))
}

impl Files {
    pub(crate) fn new(conversation: ConversationId) -> Self {
        Self {
            conversation,
            entries: Vec::new(),
            chosen: 0,
            older: false,
            stale: true,
            waits: false,
            loaded: false,
            refused: None,
            shown: 1,
        }
    }

    /// Whether and before which position files are to be asked for; then the answer is waited for.
    pub(crate) fn take_wanted(&mut self) -> Option<Option<u64>> {
        if self.waits {
            return None;
        }
        let is_near = self.chosen + self.shown + NEAR >= self.entries.len();
        let oldest = self.entries.last().map(|entry| entry.message.position);
        let wanted = match oldest {
            _ if std::mem::take(&mut self.stale) => None,
            Some(oldest) if self.older && is_near && self.entries.len() < MOST => Some(oldest),
            _ => return None,
        };
        self.waits = true;
        Some(wanted)
    }

    /// Takes in what came: the newest ones, or those before a position.
    pub(crate) fn put(&mut self, before: Option<u64>, page: &[MessageView]) {
        (self.waits, self.loaded, self.refused) = (false, true, None);
        let chosen = self.entries.get(self.chosen).map(|entry| (entry.message.id, entry.file.number));
        let is_full = page.len() >= FILES as usize;
        let fresh = counted(page).map(|(message, file)| entry(message, file));
        match before {
            None => {
                // What is older than all that came is as it was, unless others may have come between.
                let from = page.first().filter(|_| is_full).map_or(0, |oldest| oldest.position);
                let mut kept = std::mem::take(&mut self.entries);
                if kept.first().is_some_and(|newest| newest.message.position < from) {
                    kept.clear();
                }
                kept.retain(|entry| entry.message.position < from);
                if kept.is_empty() {
                    self.older = is_full;
                }
                self.entries = fresh.chain(kept).collect();
            }
            Some(before) if self.entries.last().is_some_and(|last| last.message.position == before) => {
                self.older = is_full;
                self.entries.extend(fresh);
            }
            // The end moved meanwhile: it is asked for again.
            Some(_) => {}
        }
        self.entries.truncate(MOST);
        let place = chosen.and_then(|(id, number)| self.entries.iter().position(|entry| entry.is(id, number)));
        self.chosen = place.unwrap_or(self.chosen).min(self.entries.len().saturating_sub(1));
    }

    pub(crate) fn refuse(&mut self, reason: String) {
        (self.loaded, self.refused) = (true, Some(reason));
    }

    pub(crate) fn holds(&self, message: MessageId) -> bool {
        self.entries.iter().any(|entry| entry.message.id == message)
    }

    /// The newest ones are asked for again.
    pub(crate) fn look_again(&mut self) {
        self.stale = true;
        self.waits &= self.refused.is_none();
    }

    /// A message is as it is now.
    pub(crate) fn replace(&mut self, message: &MessageView) {
        let mut fresh = message.files.iter();
        for held in self.entries.iter_mut().filter(|held| held.message.id == message.id) {
            if let Some(file) = fresh.find(|file| file.number == held.file.number) {
                *held = entry(message, file);
            }
        }
        if message.files.is_empty() {
            self.remove(message.id);
        }
    }

    pub(crate) fn remove(&mut self, message: MessageId) {
        self.entries.retain(|entry| entry.message.id != message);
        // Older ones are asked for from the last one that is held.
        self.stale |= self.older && self.entries.is_empty();
        self.chosen = self.chosen.min(self.entries.len().saturating_sub(1));
    }

    /// A file came on.
    pub(crate) fn comes_on(&mut self, transfer: &TransferView) {
        let held = self.entries.iter_mut().find(|entry| entry.is(transfer.message, transfer.number));
        if let Some(entry) = held {
            entry.file.transfer = Some(transfer.clone());
        }
    }

    pub(super) fn on_key(&mut self, app: &mut App, key: KeyEvent) -> Outcome {
        let page = self.shown.saturating_sub(1).max(1);
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.choose(true, 1),
            KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => self.choose(false, 1),
            KeyCode::PageUp => self.choose(true, page),
            KeyCode::PageDown => self.choose(false, page),
            KeyCode::Home => self.choose(true, usize::MAX),
            KeyCode::End => self.choose(false, usize::MAX),
            code => {
                if let Some(entry) = self.entries.get(self.chosen) {
                    return on_entry(app, entry, code);
                }
            }
        }
        Outcome::Stays
    }

    pub(super) fn choose(&mut self, up: bool, by: usize) {
        let last = self.entries.len().saturating_sub(1);
        self.chosen = if up { self.chosen.saturating_sub(by) } else { self.chosen.saturating_add(by).min(last) };
    }

    pub(super) fn draw(&mut self, app: &App, canvas: &mut Canvas<'_>, around: Rect) {
        let theme = app.settings.theme;
        let size = (around.width.saturating_sub(8).min(96), around.height.saturating_sub(4).min(34));
        let area = window(canvas, around, size, &app.texts.text("files-title"), theme);
        let said = match &self.refused {
            _ if !self.entries.is_empty() => None,
            Some(reason) => Some((reason.clone(), Role::Danger)),
            None if !self.loaded => Some((app.texts.text("files-loading"), Role::Muted)),
            None => Some((app.texts.text("files-none"), Role::Muted)),
        };
        if let Some((text, role)) = said {
            for (y, at) in (area.top()..area.bottom()).zip(cells::wrap(&text, area.width)) {
                canvas.put(area.x, y, area.right(), text.get(at).unwrap_or_default(), theme.style(role));
            }
            return;
        }
        self.shown = usize::from(area.height / 2).max(1);
        let first = (self.chosen + 1).saturating_sub(self.shown);
        for (place, (at, entry)) in (0_u16..).zip(self.entries.iter().enumerate().skip(first).take(self.shown)) {
            let row = Rect { y: area.y + place * 2, height: 2, ..area };
            draw_entry(app, canvas, row, at, entry, at == self.chosen);
        }
        // Below what is there already.
        let below = match &self.refused {
            Some(reason) => Some((reason.clone(), Role::Danger)),
            None if self.entries.len() >= MOST && self.chosen + 1 == self.entries.len() => {
                Some((app.texts.text("files-bound"), Role::Muted))
            }
            None => None,
        };
        if let Some((text, role)) = below {
            canvas.put(area.x, area.bottom(), area.right(), &cells::cut(&text, area.width), theme.style(role));
        }
    }
}

fn entry(message: &MessageView, file: &FileView) -> Entry {
    // Small pictures of thousands would take much room.
    let file = FileView { thumbnail: None, ..file.clone() };
    Entry { message: MessageView { files: Vec::new(), text: String::new(), ..message.clone() }, file }
}

/// What a key does to the chosen file.
fn on_entry(app: &mut App, entry: &Entry, code: KeyCode) -> Outcome {
    let transfer = entry.file.transfer.as_ref();
    match (code, entry.state()) {
        (KeyCode::Enter | KeyCode::Char('s'), None | Some(TransferState::Done)) => {
            app.save_file(entry.message.id, entry.file.number, None);
        }
        (KeyCode::Enter | KeyCode::Char(' ' | 'p' | 't'), Some(TransferState::Paused | TransferState::Failed(_))) => {
            app.resume_transfers(transfer);
        }
        (KeyCode::Char(' ' | 'p'), Some(TransferState::Waiting | TransferState::Running)) => {
            app.pause_transfers(transfer);
        }
        (KeyCode::Char('x') | KeyCode::Delete, Some(state)) if *state != TransferState::Done => {
            if transfer.is_some_and(|transfer| transfer.outgoing) {
                return Outcome::Discards(entry.message.id);
            }
            app.cancel_transfers(transfer);
        }
        (KeyCode::Char('g'), _) => {
            let message = &entry.message;
            return Outcome::GoesTo {
                conversation: message.conversation,
                message: message.id,
                position: message.position,
            };
        }
        _ => {}
    }
    Outcome::Stays
}

fn draw_entry(app: &App, canvas: &mut Canvas<'_>, row: Rect, at: usize, entry: &Entry, is_chosen: bool) {
    let theme = app.settings.theme;
    if is_chosen {
        canvas.put(row.x, row.y, row.right(), "›", theme.style(Role::Accent));
    }
    let (message, file) = (&entry.message, &entry.file);
    let size = app.texts.size(file.size);
    let end = canvas.put_right(row.x + 2, row.y, row.right(), &size, theme.style(Role::Muted)).saturating_sub(1);
    let x = canvas.put(row.x + 2, row.y, end, &format!("{} ", at + 1), theme.style(Role::Muted));
    let role = if is_chosen { Role::Strong } else { Role::Text };
    canvas.put(x, row.y, end, &cells::cut(&file.name, end.saturating_sub(x)), theme.style(role));
    let author = cells::cut(&say::author(&app.texts, message), 20);
    let role = if message.own { Role::Accent } else { hue(message.from.account) };
    let x = canvas.put(row.x + 4, row.y + 1, row.right(), &author, theme.style(role));
    let time = app.zone.short(&app.texts, message.sent_at_ms, app.now_ms);
    let x = canvas.put(x, row.y + 1, row.right(), &format!(" · {time}"), theme.style(Role::Muted));
    if let Some(state) = file.transfer.as_ref().and_then(|transfer| say::transfer(&app.texts, transfer)) {
        let role = if matches!(entry.state(), Some(TransferState::Failed(_))) { Role::Danger } else { Role::Muted };
        let state = format!(" · {state}");
        canvas.put(x, row.y + 1, row.right(), &cells::cut(&state, row.right().saturating_sub(x)), theme.style(role));
    }
}
