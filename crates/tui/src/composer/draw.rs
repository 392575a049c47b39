//! The composer on the screen.

use ratatui::layout::Rect;

use super::Composer;
use crate::cells::{self, Canvas};
use crate::theme::{Role, Theme};

/// Rows that it grows to.
const ROWS: usize = 8;
/// Cells before the text.
pub(crate) const PROMPT: u16 = 3;

/// Where what was drawn stands.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Drawn {
    /// The cursor's cell.
    pub(crate) cursor: (u16, u16),
    /// The first row that is shown.
    pub(crate) first: usize,
}

/// The rows that it takes at this width.
pub(crate) fn rows(composer: &mut Composer, width: u16, most: u16) -> u16 {
    let rows = composer.editor.rows(width.saturating_sub(PROMPT)).len().clamp(1, ROWS);
    u16::try_from(rows).unwrap_or(1).min(most.max(1))
}

/// Paints the text, or what to write where there is none.
pub(crate) fn draw(composer: &mut Composer, hint: &str, canvas: &mut Canvas<'_>, area: Rect, theme: Theme) -> Drawn {
    let width = area.width.saturating_sub(PROMPT);
    let x = area.left() + PROMPT;
    canvas.put(area.left() + 1, area.top(), area.right(), "›", theme.style(Role::Accent));
    if composer.editor.is_empty() {
        canvas.put(x, area.top(), area.right(), &cells::cut(hint, width), theme.style(Role::Muted));
        return Drawn { cursor: (x, area.top()), first: 0 };
    }
    let (row, column) = composer.editor.place(width);
    let height = usize::from(area.height);
    let rows = composer.editor.rows(width).to_vec();
    let first = (row + 1).saturating_sub(height).min(rows.len().saturating_sub(height));
    let text = composer.editor.text();
    for (y, at) in (area.top()..area.bottom()).zip(rows.iter().skip(first)) {
        canvas.put(x, y, area.right(), text.get(at.clone()).unwrap_or_default(), theme.style(Role::Text));
    }
    if first > 0 {
        canvas.put(area.left() + 1, area.top(), area.right(), "↑", theme.style(Role::Muted));
    }
    let y = area.top() + u16::try_from(row - first).unwrap_or(0);
    Drawn { cursor: (x.saturating_add(column).min(area.right().saturating_sub(1)), y), first }
}

/// The place in the text of a cell on the screen.
pub(crate) fn cell(composer: &mut Composer, drawn: Drawn, area: Rect, x: u16, y: u16) -> usize {
    let width = area.width.saturating_sub(PROMPT);
    let row = drawn.first + usize::from(y.saturating_sub(area.top()));
    composer.editor.at(width, row, x.saturating_sub(area.left() + PROMPT))
}
