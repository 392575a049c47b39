//! Where one looks. The place is kept by the row at the bottom, so that messages that come above or below do not move
//! what one reads; only what is near the screen is laid out.

use std::rc::Rc;

use huis_proto::MessageId;

use super::{Block, Bottom, Env, Timeline};

/// A row on the screen.
pub(crate) struct Visible {
    /// The message's place in the window.
    pub(crate) index: usize,
    /// The row of its block.
    pub(crate) row: usize,
    pub(crate) block: Rc<Block>,
}

/// A row: the message's place in the window, and the row of its block.
type Place = (usize, usize);

/// Messages near an end of the window at which others are asked for.
const NEAR: usize = 25;

impl Timeline {
    /// The rows on the screen, from the top. Fewer than the height where there are no more.
    pub(crate) fn visible(&mut self, env: &Env<'_>) -> Vec<Visible> {
        self.prepare(env);
        let mut rows = Vec::with_capacity(env.height.into());
        let Some((mut index, last)) = self.bottom_place(env) else { return rows };
        let mut block = self.block(env, index);
        let mut row = last;
        while rows.len() < usize::from(env.height) {
            if row < block.rows.len() {
                rows.push(Visible { index, row, block: block.clone() });
            }
            if row == 0 {
                let Some(above) = index.checked_sub(1) else { break };
                index = above;
                block = self.block(env, index);
                row = block.rows.len();
            }
            row = row.saturating_sub(1);
        }
        rows.reverse();
        rows
    }

    /// Whether the newest message is on the screen.
    pub(crate) fn is_at_newest(&self) -> bool {
        self.bottom == Bottom::Newest && !self.newer && self.loaded
    }

    pub(crate) fn go_to_newest(&mut self) {
        self.bottom = Bottom::Newest;
        self.below = 0;
        self.kept = None;
        self.stalled = false;
    }

    pub(crate) fn scroll_up(&mut self, env: &Env<'_>, rows: usize) {
        self.prepare(env);
        let Some(bottom) = self.bottom_place(env) else { return };
        self.stalled = false;
        let (place, _) = self.walk_up(env, bottom, rows);
        self.look_at(env, place);
    }

    pub(crate) fn scroll_down(&mut self, env: &Env<'_>, rows: usize) {
        self.prepare(env);
        let Some(bottom) = self.bottom_place(env) else { return };
        self.stalled = false;
        let place = self.walk_down(env, bottom, rows);
        self.look_at(env, place);
    }

    /// To the first row that is held.
    pub(crate) fn go_to_oldest(&mut self, env: &Env<'_>) {
        self.prepare(env);
        self.stalled = false;
        self.look_at(env, (0, 0));
    }

    /// Brings a message on the screen, with as little movement as can be.
    pub(crate) fn show(&mut self, env: &Env<'_>, id: MessageId) {
        self.prepare(env);
        let Some(index) = self.index(id) else { return };
        let block = self.block(env, index);
        let visible = self.visible(env);
        let shown = visible.iter().filter(|row| row.index == index && row.row >= block.first).count();
        if shown + block.first >= block.rows.len() {
            return;
        }
        let is_above = visible.first().is_none_or(|top| (top.index, top.row) > (index, block.first));
        if is_above {
            let place = self.walk_down(env, (index, block.first), usize::from(env.height).saturating_sub(1));
            self.look_at(env, place);
        } else {
            self.look_at(env, (index, block.rows.len().saturating_sub(1)));
        }
    }

    /// Brings a message into the middle of the screen and selects it.
    pub(crate) fn go_to(&mut self, env: &Env<'_>, id: MessageId) {
        self.prepare(env);
        let Some(index) = self.index(id) else { return };
        self.selected = Some(id);
        let last = self.block(env, index).rows.len().saturating_sub(1);
        let place = self.walk_down(env, (index, last), usize::from(env.height / 2));
        self.look_at(env, place);
    }

    /// Selects the message before or after the selected one, or the last one on the screen.
    pub(crate) fn select_next(&mut self, env: &Env<'_>, back: bool) {
        self.stalled = false;
        let next = match self.selected.and_then(|id| self.index(id)) {
            None => self.visible(env).last().map(|row| row.index),
            Some(index) if back => Some(index.saturating_sub(1)),
            Some(index) => Some((index + 1).min(self.messages.len().saturating_sub(1))),
        };
        if let Some(id) = next.and_then(|index| self.messages.get(index)).map(|message| message.id) {
            self.selected = Some(id);
            self.show(env, id);
        }
    }

    /// Whether one is so near to the first or last message that is held that others should be asked for.
    pub(crate) fn wants(&mut self, env: &Env<'_>) -> (bool, bool) {
        if self.stalled {
            return (false, false);
        }
        let visible = self.visible(env);
        let (Some(top), Some(bottom)) = (visible.first(), visible.last()) else { return (false, false) };
        let near_the_end = bottom.index + NEAR >= self.messages.len();
        (self.older && top.index < NEAR, self.newer && near_the_end)
    }

    fn bottom_place(&mut self, env: &Env<'_>) -> Option<Place> {
        let last = self.messages.len().checked_sub(1)?;
        let (index, row) = match self.bottom {
            Bottom::Newest => (last, usize::MAX),
            Bottom::At(id, row) => self.index(id).map_or((last, usize::MAX), |index| (index, row)),
        };
        let rows = self.block(env, index).rows.len();
        Some((index, row.min(rows.saturating_sub(1))))
    }

    /// Makes a place the bottom of the screen, unless rows would be missing above it.
    fn look_at(&mut self, env: &Env<'_>, place: Place) {
        let above = usize::from(env.height).saturating_sub(1);
        let (_, walked) = self.walk_up(env, place, above);
        let place = if walked < above { self.walk_down(env, (0, 0), above) } else { place };
        let at_the_end = place.0 + 1 == self.messages.len() && place.1 + 1 >= self.block(env, place.0).rows.len();
        self.bottom = match self.messages.get(place.0) {
            Some(message) if !at_the_end => Bottom::At(message.id, place.1),
            Some(message) if self.newer => Bottom::At(message.id, place.1),
            _ => {
                self.below = 0;
                Bottom::Newest
            }
        };
    }

    /// The place so many rows above, or the first one, and how many rows lie between.
    fn walk_up(&mut self, env: &Env<'_>, (mut index, mut row): Place, rows: usize) -> (Place, usize) {
        let mut left = rows;
        while left > row {
            let Some(above) = index.checked_sub(1) else { return ((0, 0), rows - left + row) };
            left -= row + 1;
            index = above;
            row = self.block(env, index).rows.len().saturating_sub(1);
        }
        ((index, row - left), rows)
    }

    /// The place so many rows below, or the last one.
    fn walk_down(&mut self, env: &Env<'_>, (mut index, row): Place, rows: usize) -> Place {
        let mut row = row + rows;
        loop {
            let length = self.block(env, index).rows.len().max(1);
            if row < length {
                return (index, row);
            }
            if index + 1 >= self.messages.len() {
                return (index, length - 1);
            }
            row -= length;
            index += 1;
        }
    }
}
