//! The list on the screen.

use huis_proto::ConversationId;
use huis_texts::{Texts, Value};
use huis_views::{ConversationView, Trust};
use ratatui::layout::Rect;

use super::{Line, List, is_other_here};
use crate::calendar::Zone;
use crate::cells::{self, Canvas};
use crate::say;
use crate::theme::{Role, Theme};

/// From this width and height on, each conversation shows its newest message.
const PREVIEW: (u16, u16) = (28, 20);

pub(super) fn has_previews(area: Rect) -> bool {
    area.width >= PREVIEW.0 && area.height >= PREVIEW.1
}

/// What painting the list needs.
pub(crate) struct Look<'a> {
    pub(crate) texts: &'a Texts,
    pub(crate) zone: &'a Zone,
    pub(crate) now_ms: u64,
    pub(crate) theme: Theme,
    pub(crate) open: Option<ConversationId>,
    pub(crate) is_active: bool,
}

/// Paints the list, so that what is chosen can be seen.
pub(crate) fn draw(list: &mut List, look: &Look<'_>, canvas: &mut Canvas<'_>, area: Rect) {
    if list.is_empty() {
        empty(list, look, canvas, area);
        return;
    }
    let lines = list.lines(has_previews(area));
    let height = usize::from(area.height);
    let chosen = lines.iter().position(|line| match line {
        Line::Conversation(id) => Some(*id) == list.chosen,
        Line::Archived(_) => list.chosen.is_none(),
        _ => false,
    });
    if let Some(chosen) = chosen.filter(|_| !list.is_free) {
        let last = if has_previews(area) { chosen + 1 } else { chosen };
        // The heading above the first one belongs to it.
        let first = if chosen == 1 { 0 } else { chosen };
        list.top = list.top.min(first).max((last + 1).saturating_sub(height));
    }
    list.top = list.top.min(lines.len().saturating_sub(height));
    for (y, line) in (area.top()..area.bottom()).zip(lines.iter().skip(list.top)) {
        let row = Rect { y, height: 1, ..area };
        match *line {
            Line::Heading(key, count) => heading(look, canvas, row, key, count),
            Line::Conversation(id) => {
                if let Some(view) = list.conversation(id) {
                    conversation(view, look, canvas, row, list.chosen == Some(id));
                }
            }
            Line::Preview(id) => {
                if let Some(view) = list.conversation(id) {
                    preview(view, look, canvas, row, list.chosen == Some(id));
                }
            }
            Line::Archived(count) => archived(list, look, canvas, row, count),
            Line::Empty => {}
        }
    }
}

fn heading(look: &Look<'_>, canvas: &mut Canvas<'_>, row: Rect, key: &str, count: usize) {
    let style = look.theme.style(Role::Muted);
    canvas.put(row.left() + 1, row.y, row.right(), &look.texts.text(key), style);
    if count > 0 {
        canvas.put_right(
            row.left(),
            row.y,
            row.right().saturating_sub(1),
            &count.to_string(),
            look.theme.style(Role::Accent),
        );
    }
}

fn conversation(view: &ConversationView, look: &Look<'_>, canvas: &mut Canvas<'_>, row: Rect, is_chosen: bool) {
    let theme = look.theme;
    let is_open = look.open == Some(view.id);
    mark(look, canvas, row, is_chosen, is_open);
    let name_role = if view.unread > 0 || is_open { Role::Strong } else { Role::Text };
    // From the right: the count, then one word, then what is left is the name's.
    let mut end = row.right().saturating_sub(1);
    if view.unread > 0 {
        let count = if view.unread > 999 { "999+".to_owned() } else { view.unread.to_string() };
        let (text, role) = if view.mentions > 0 { (format!("@{count}"), Role::Mention) } else { (count, Role::Accent) };
        let role = if view.muted.holds_at(look.now_ms) && view.mentions == 0 { Role::Muted } else { role };
        end = canvas.put_right(row.left() + 3, row.y, end, &text, theme.style(role)).saturating_sub(1);
    } else if has_time(row) && view.newest_ms > 0 {
        let time = look.zone.short(look.texts, view.newest_ms, look.now_ms);
        end = canvas.put_right(row.left() + 3, row.y, end, &time, theme.style(Role::Muted)).saturating_sub(1);
    }
    let name = say::conversation(view);
    let signs = if is_other_here(view) { 2 } else { 0 };
    let sign = match view.trust {
        Trust::Verified => Some(("✓", Role::Good)),
        Trust::Changed | Trust::Broken => Some(("!", Role::Danger)),
        Trust::NotYet => None,
    };
    let signs = if sign.is_some() { signs + 2 } else { signs };
    if let Some((word, role)) = word(view, look, is_open) {
        // The word gives way to the name, unless that is very long.
        let kept = cells::width(&name).min(14) + 4 + signs;
        if row.left() + kept + cells::width(&word) <= end {
            end = canvas.put_right(row.left() + kept, row.y, end, &word, theme.style(role)).saturating_sub(1);
        }
    }
    let room = end.saturating_sub(row.left() + 3 + signs);
    let x = canvas.put(row.left() + 3, row.y, end, &cells::cut(&name, room), theme.style(name_role));
    let mut x = x;
    let here = is_other_here(view).then_some(("●", Role::Good));
    for (sign, role) in sign.into_iter().chain(here) {
        x = canvas.put(x + 1, row.y, end.max(x + 2), sign, theme.style(role));
    }
}

/// What to know of a conversation, in one word.
fn word(view: &ConversationView, look: &Look<'_>, is_open: bool) -> Option<(String, Role)> {
    if !view.typing.is_empty() {
        Some((look.texts.text("list-typing"), Role::Accent))
    } else if !view.draft.trim().is_empty() && !is_open {
        Some((look.texts.text("list-draft"), Role::Waiting))
    } else if view.muted.holds_at(look.now_ms) {
        Some((look.texts.text("list-muted"), Role::Muted))
    } else {
        None
    }
}

fn preview(view: &ConversationView, look: &Look<'_>, canvas: &mut Canvas<'_>, row: Rect, is_chosen: bool) {
    tint(look, canvas, row, is_chosen);
    let muted = look.theme.style(Role::Muted);
    let end = row.right().saturating_sub(1);
    let room = end.saturating_sub(row.left() + 3);
    let text = if !view.draft.trim().is_empty() && look.open != Some(view.id) {
        format!("{}: {}", look.texts.text("list-draft"), say::first_line(&view.draft))
    } else if let Some(newest) = &view.newest {
        let text = if newest.deleted {
            look.texts.text("message-deleted")
        } else if newest.view_once {
            look.texts.text("message-view-once-line")
        } else if newest.locked {
            look.texts.text("message-locked-line")
        } else {
            say::first_line(&newest.text)
        };
        let is_direct = view.kind == huis_proto::ConversationKind::Direct;
        match (newest.own, is_direct) {
            (true, _) => format!("{}: {text}", look.texts.text("you")),
            (false, true) => text,
            (false, false) => format!("{}: {text}", say::name(&newest.from)),
        }
    } else {
        return;
    };
    canvas.put(row.left() + 3, row.y, end, &cells::cut(&text, room), muted);
}

fn archived(list: &List, look: &Look<'_>, canvas: &mut Canvas<'_>, row: Rect, count: usize) {
    mark(look, canvas, row, list.chosen.is_none(), false);
    let sign = if list.shows_archived { "▾" } else { "▸" };
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let text = look.texts.text_with("list-archived", &[("count", Value::Number(count))]);
    canvas.put(row.left() + 3, row.y, row.right(), &format!("{sign} {text}"), look.theme.style(Role::Muted));
}

/// What is chosen, and what is open, by a sign and not by colour alone.
fn mark(look: &Look<'_>, canvas: &mut Canvas<'_>, row: Rect, is_chosen: bool, is_open: bool) {
    tint(look, canvas, row, is_chosen);
    let sign = if is_chosen && look.is_active {
        "›"
    } else if is_open {
        "▌"
    } else {
        return;
    };
    canvas.put(row.left() + 1, row.y, row.right(), sign, look.theme.style(Role::Accent));
}

fn tint(look: &Look<'_>, canvas: &mut Canvas<'_>, row: Rect, is_chosen: bool) {
    if is_chosen && look.is_active && look.theme.depth == crate::theme::Depth::True {
        canvas.tint(row, look.theme.selected());
    }
}

fn has_time(row: Rect) -> bool {
    row.width >= PREVIEW.0
}

fn empty(list: &List, look: &Look<'_>, canvas: &mut Canvas<'_>, area: Rect) {
    if !list.loaded {
        return;
    }
    let text = look.texts.text("list-empty");
    let room = area.width.saturating_sub(2);
    for (y, at) in (area.top() + 1..area.bottom()).zip(cells::wrap(&text, room)) {
        canvas.put(area.left() + 1, y, area.right(), text.get(at).unwrap_or_default(), look.theme.style(Role::Muted));
    }
}
