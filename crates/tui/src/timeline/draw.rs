//! The timeline on the screen.

use ratatui::layout::Rect;

use super::{Env, Part, Timeline, notes};
use crate::cells::{self, Canvas};
use crate::theme::{Role, Theme};

/// Paints what is visible. `is_active` says whether keys go to the messages.
pub(crate) fn draw(
    timeline: &mut Timeline,
    env: &Env<'_>,
    canvas: &mut Canvas<'_>,
    area: Rect,
    theme: Theme,
    is_active: bool,
) {
    let visible = timeline.visible(env);
    if visible.is_empty() {
        empty(timeline, env, canvas, area, theme);
        return;
    }
    let selected = timeline.selected;
    // A conversation that does not fill the screen stands above the composer, where the eye is.
    let top = area.bottom().saturating_sub(u16::try_from(visible.len()).unwrap_or(u16::MAX)).max(area.top());
    for (y, row) in (top..area.bottom()).zip(&visible) {
        let Some(content) = row.block.rows.get(row.row) else { continue };
        for span in &content.spans {
            let (x, style) = (area.left().saturating_add(span.x), theme.style(span.role));
            match &span.link {
                Some(target) => canvas.put_link(x, y, area.right(), &span.text, style, target),
                None => canvas.put(x, y, area.right(), &span.text, style),
            };
        }
        let is_selected = timeline.messages.get(row.index).is_some_and(|message| Some(message.id) == selected);
        // What a written command would be about is seen also while one writes.
        if is_selected && content.part != Part::Between {
            let role = if is_active { Role::Accent } else { Role::Muted };
            canvas.put(area.left(), y, area.right(), "▌", theme.style(role));
            if is_active && theme.depth == crate::theme::Depth::True {
                canvas.tint(
                    Rect { x: area.left() + 1, y, width: area.width.saturating_sub(1), height: 1 },
                    theme.selected(),
                );
            }
        }
        if let (Some(slice), Some(gallery)) = (content.picture, env.gallery)
            && gallery.draw(slice, canvas, area.left(), y, area.right())
        {
            let x = area.left().saturating_add(slice.x);
            canvas.put(x, y, area.right(), &env.texts.text("picture-not-shown"), theme.style(Role::Muted));
        }
    }
    way_to_newest(timeline, env, canvas, area, theme);
}

/// The way back to the newest message, in the corner.
fn way_to_newest(timeline: &Timeline, env: &Env<'_>, canvas: &mut Canvas<'_>, area: Rect, theme: Theme) {
    if timeline.is_at_newest() {
        return;
    }
    let text = match timeline.below {
        0 => env.texts.text("timeline-to-newest"),
        count => env.texts.text_with("timeline-to-newest-count", &[("count", u64::from(count).into())]),
    };
    let text = format!(" ↓ {text} ");
    let x = area.right().saturating_sub(cells::width(&text) + 1).max(area.left());
    let y = area.bottom().saturating_sub(1);
    let cover = Rect { x: x.saturating_sub(1).max(area.left()), y, width: cells::width(&text) + 2, height: 1 };
    canvas.clear(cover, ratatui::style::Style::new());
    canvas.put(x, y, area.right(), &text, theme.strip());
}

/// Where the way back to the newest message stands.
pub(crate) fn is_on_the_way_back(area: Rect, x: u16, y: u16) -> bool {
    y + 1 == area.bottom() && x + 30 > area.right() && x < area.right()
}

fn empty(timeline: &mut Timeline, env: &Env<'_>, canvas: &mut Canvas<'_>, area: Rect, theme: Theme) {
    let noted = notes::alone(timeline, env);
    for (y, row) in (area.top()..area.bottom()).zip(&noted) {
        for span in &row.spans {
            canvas.put(area.left() + span.x, y, area.right(), &span.text, theme.style(span.role));
        }
    }
    if !timeline.loaded {
        return;
    }
    let text = env.texts.text("timeline-empty");
    let room = area.width.saturating_sub(4);
    let pieces = cells::wrap(&text, room);
    for (y, at) in (area.top() + area.height / 3..).zip(pieces) {
        let piece = text.get(at).unwrap_or_default();
        let x = area.left() + area.width.saturating_sub(cells::width(piece)) / 2;
        canvas.put(x, y, area.right(), piece, theme.style(Role::Muted));
    }
}
