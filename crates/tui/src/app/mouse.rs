//! The mouse: it can do little that keys cannot, and nothing needs it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{App, Focus};
use crate::list::Hit;
use crate::timeline::{Part, is_on_the_way_back};

/// Rows that one notch of the wheel moves.
const NOTCH: usize = 3;

impl App {
    pub(super) fn on_mouse(&mut self, mouse: MouseEvent) {
        let panes = self.panes();
        let is_in = |area: Option<Rect>| area.is_some_and(|area| area.contains(Position::new(mouse.column, mouse.row)));
        match mouse.kind {
            MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
                let up = mouse.kind == MouseEventKind::ScrollUp;
                self.is_active();
                if self.overlay.is_some() {
                    self.wheel_overlay(up);
                } else if is_in(panes.list) {
                    self.list.scroll(up, NOTCH);
                } else if let Some(details) = self.details.as_ref().filter(|_| is_in(panes.details)) {
                    details.scroll(up, 3);
                } else {
                    self.with_timeline(|timeline, env| {
                        if up { timeline.scroll_up(env, NOTCH) } else { timeline.scroll_down(env, NOTCH) }
                    });
                }
            }
            MouseEventKind::Down(MouseButton::Left) => {
                self.is_active();
                if self.overlay.is_some() {
                    return;
                }
                if let Some(area) = panes.list.filter(|_| is_in(panes.list)) {
                    match self.list.hit(area, mouse.row) {
                        Some(Hit::Conversation(conversation)) => self.open(conversation),
                        Some(Hit::Archived) => self.list.toggle_archived(),
                        None => {}
                    }
                } else if let Some(area) = panes.timeline.filter(|_| is_in(panes.timeline)) {
                    self.click_message(area, mouse.column, mouse.row);
                } else if let Some(area) = panes.composer.filter(|_| is_in(panes.composer) && self.bar().is_none()) {
                    self.focus = Focus::Composer;
                    let drawn = self.composer_drawn;
                    let at = crate::composer::cell(&mut self.composer, drawn, area, mouse.column, mouse.row);
                    self.composer.editor.set_cursor(at);
                }
            }
            _ => self.changed = false,
        }
    }

    fn click_message(&mut self, area: Rect, x: u16, y: u16) {
        let is_away = self.timeline.as_ref().is_some_and(|timeline| !timeline.is_at_newest());
        if is_away && is_on_the_way_back(area, x, y) {
            self.go_to_newest();
            return;
        }
        let hit = self.with_timeline(|timeline, env| timeline.hit(env, area, y)).flatten();
        let Some((message, part)) = hit else { return };
        if part == Part::Quote {
            self.go_to_quoted(message);
            return;
        }
        self.focus = Focus::Messages;
        if let Some(timeline) = &mut self.timeline {
            timeline.selected = Some(message);
        }
    }

    fn wheel_overlay(&mut self, up: bool) {
        let Some(mut overlay) = self.overlay.take() else { return };
        for _ in 0..NOTCH {
            overlay.wheel(self, up);
        }
        self.overlay = Some(overlay);
    }
}
