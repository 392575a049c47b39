//! Where the parts of the screen stand.

use ratatui::layout::Rect;

/// The smallest screen.
pub(crate) const SMALLEST: (u16, u16) = (40, 12);
/// Below this width there is one pane at a time.
const ONE: u16 = 60;
/// From this width on, the details stand beside the conversation.
const THREE: u16 = 110;
/// The width of the details.
const DETAILS: u16 = 36;

/// What is to be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) has_strip: bool,
    /// Whether a narrow screen shows the list.
    pub(crate) is_on_list: bool,
    pub(crate) has_details: bool,
    /// Whether something else stands in place of the composer.
    pub(crate) has_bar: bool,
    pub(crate) has_topic: bool,
}

/// The parts, without their frames. What is not shown is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Panes {
    pub(crate) is_too_small: bool,
    /// A line across the top.
    pub(crate) strip: Option<Rect>,
    pub(crate) list_frame: Option<Rect>,
    pub(crate) list: Option<Rect>,
    pub(crate) conversation_frame: Option<Rect>,
    pub(crate) topic: Option<Rect>,
    pub(crate) timeline: Option<Rect>,
    /// The line between the messages and the composer.
    pub(crate) divider: Option<Rect>,
    pub(crate) composer: Option<Rect>,
    pub(crate) details_frame: Option<Rect>,
    pub(crate) details: Option<Rect>,
    pub(crate) footer: Rect,
}

impl Panes {
    /// The parts of a screen. `composer` says how many rows it takes at a width, of at most so many.
    pub(crate) fn of(screen: Rect, shape: Shape, composer: impl FnOnce(u16, u16) -> u16) -> Self {
        if screen.width < SMALLEST.0 || screen.height < SMALLEST.1 {
            return Self { is_too_small: true, ..Self::default() };
        }
        let mut panes = Self { footer: Rect { y: screen.bottom() - 1, height: 1, ..screen }, ..Self::default() };
        let mut rest = Rect { height: screen.height - 1, ..screen };
        if shape.has_strip {
            panes.strip = Some(Rect { height: 1, ..rest });
            rest = Rect { y: rest.y + 1, height: rest.height - 1, ..rest };
        }
        let is_single = screen.width < ONE;
        if is_single && shape.is_on_list {
            panes.list_frame = Some(rest);
            panes.list = Some(inside(rest));
            return panes;
        }
        if !is_single {
            let width = (screen.width * 3 / 10).clamp(20, 34);
            panes.list_frame = Some(Rect { width, ..rest });
            panes.list = panes.list_frame.map(inside);
            rest = Rect { x: rest.x + width, width: rest.width - width, ..rest };
        }
        if shape.has_details {
            let is_beside = screen.width >= THREE;
            let width = if is_beside { DETAILS } else { rest.width };
            let frame = Rect { x: rest.right() - width, width, ..rest };
            panes.details_frame = Some(frame);
            panes.details = Some(inside(frame));
            if !is_beside {
                return panes;
            }
            rest.width -= width;
        }
        panes.conversation_frame = Some(rest);
        let mut inner = inside(rest);
        if shape.has_topic && inner.height >= 12 {
            panes.topic = Some(Rect { height: 1, ..inner });
            inner = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
        }
        let most = inner.height.saturating_sub(5).max(1);
        let rows = if shape.has_bar { 2.min(most) } else { composer(inner.width, most) };
        let top = inner.bottom() - rows;
        panes.composer = Some(Rect { y: top, height: rows, ..inner });
        panes.divider = Some(Rect { x: rest.x, y: top - 1, width: rest.width, height: 1 });
        panes.timeline = Some(Rect { height: top - 1 - inner.y, ..inner });
        panes
    }
}

/// What a frame leaves.
pub(crate) fn inside(frame: Rect) -> Rect {
    Rect {
        x: frame.x + 1,
        y: frame.y + 1,
        width: frame.width.saturating_sub(2),
        height: frame.height.saturating_sub(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_screen_the_parts_lie_in_it_and_leave_room_for_messages() {
        for (width, height) in [(40, 12), (59, 12), (60, 12), (80, 24), (109, 30), (110, 30), (160, 50), (500, 200)] {
            for bits in 0..32_u8 {
                let has = |bit: u8| bits & (1 << bit) != 0;
                let shape = Shape {
                    has_strip: has(0),
                    is_on_list: has(1),
                    has_details: has(2),
                    has_bar: has(3),
                    has_topic: has(4),
                };
                let screen = Rect::new(0, 0, width, height);
                let panes = Panes::of(screen, shape, |_, most| most.min(8));
                let parts = [panes.strip, panes.list, panes.topic, panes.timeline, panes.composer, panes.details];
                for part in parts.into_iter().flatten() {
                    assert_eq!(part.intersection(screen), part, "{width}×{height} {shape:?}");
                    assert!(!part.is_empty(), "{width}×{height} {shape:?}");
                }
                assert!(panes.timeline.is_none_or(|timeline| timeline.height >= 2 && timeline.width >= 34));
            }
        }
    }

    #[test]
    fn a_screen_that_is_too_small_has_no_parts() {
        let shape = Shape { has_strip: true, is_on_list: true, has_details: true, has_bar: false, has_topic: true };
        for (width, height) in [(39, 12), (40, 11), (0, 0), (1, 1)] {
            let panes = Panes::of(Rect::new(0, 0, width, height), shape, |_, _| 1);
            assert!(panes.is_too_small && panes.timeline.is_none());
        }
    }
}
