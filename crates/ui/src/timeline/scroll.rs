//! Where one looks in the timeline, by the page's own elements.

use huis_proto::MessageId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::page;

/// The element that scrolls.
pub(super) const SCROLLER: &str = "timeline";
/// The element with the rows.
pub(super) const ROWS: &str = "timeline-rows";
/// The line above what is new.
pub(super) const NEW: &str = "timeline-new";

/// Where to look after the rows were drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Where one looked before.
    Stay,
    /// At the end.
    Newest,
    /// Where messages begin to be new, or else at the end.
    New,
    /// At a message.
    At(MessageId),
}

/// How much there is out of sight, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight {
    pub(super) above: f64,
    pub(super) below: f64,
}

pub(super) fn sight() -> Option<Sight> {
    let scroller = page::element(SCROLLER)?;
    let above = f64::from(scroller.scroll_top());
    let below = f64::from(scroller.scroll_height()) - above - f64::from(scroller.client_height());
    Some(Sight { above, below })
}

/// A message that is in sight, and how far from the top.
pub(super) struct Anchor {
    element: Element,
    top: f64,
}

/// What to keep in its place while rows come and go around it.
pub(super) fn anchor() -> Option<Anchor> {
    let top = page::element(SCROLLER)?.get_bounding_client_rect().top();
    let rows = page::element(ROWS)?.children();
    // Rows are in order, so the first one in sight is found by halves.
    let (mut low, mut high) = (0, rows.length());
    while low < high {
        let middle = u32::midpoint(low, high);
        let is_above = rows.item(middle).is_some_and(|row| row.get_bounding_client_rect().bottom() <= top);
        if is_above { low = middle + 1 } else { high = middle }
    }
    let element =
        (low..rows.length()).filter_map(|index| rows.item(index)).find(|row| row.has_attribute("data-position"))?;
    let top = element.get_bounding_client_rect().top();
    Some(Anchor { element, top })
}

impl Anchor {
    pub(super) fn restore(&self) {
        let Some(scroller) = page::element(SCROLLER).filter(|_| self.element.is_connected()) else { return };
        let moved = self.element.get_bounding_client_rect().top() - self.top;
        if moved.abs() >= 1.0 {
            scroll_to(&scroller, f64::from(scroller.scroll_top()) + moved);
        }
    }
}

pub(super) fn to_end() {
    if let Some(scroller) = page::element(SCROLLER) {
        scroll_to(&scroller, f64::from(scroller.scroll_height()));
    }
}

/// To the line above what is new. Gives whether it is there and not everything below it is in sight anyway.
pub(super) fn to_new() -> bool {
    let (Some(scroller), Some(line)) = (page::element(SCROLLER), page::element(NEW)) else { return false };
    let distance = line.get_bounding_client_rect().top() - scroller.get_bounding_client_rect().top();
    scroll_to(&scroller, f64::from(scroller.scroll_top()) + distance - 72.0);
    true
}

/// To a message, in the middle, with the focus on it.
pub(super) fn to_message(message: MessageId) {
    let (Some(scroller), Some(row)) = (page::element(SCROLLER), page::element(&row_id(message))) else { return };
    let (outer, inner) = (scroller.get_bounding_client_rect(), row.get_bounding_client_rect());
    let middle = (outer.height() - inner.height()).max(0.0) / 2.0;
    scroll_to(&scroller, f64::from(scroller.scroll_top()) + inner.top() - outer.top() - middle);
    if let Some(row) = row.dyn_ref::<HtmlElement>() {
        let _ = row.focus();
    }
}

/// The position of the last message whose beginning is in sight.
pub(super) fn last_seen() -> Option<u64> {
    let bottom = page::element(SCROLLER)?.get_bounding_client_rect().bottom() - 12.0;
    let rows = page::element(ROWS)?.children();
    let (mut low, mut high) = (0, rows.length());
    while low < high {
        let middle = u32::midpoint(low, high);
        let is_seen = rows.item(middle).is_some_and(|row| row.get_bounding_client_rect().top() < bottom);
        if is_seen { low = middle + 1 } else { high = middle }
    }
    (0..low).rev().filter_map(|index| rows.item(index)?.get_attribute("data-position")).find_map(|at| at.parse().ok())
}

/// The message above or below another one in the page.
pub(super) fn beside(row: &Element, back: bool) -> Option<HtmlElement> {
    let mut next = if back { row.previous_element_sibling() } else { row.next_element_sibling() };
    while let Some(row) = next {
        if row.has_attribute("data-position") {
            return row.dyn_into().ok();
        }
        next = if back { row.previous_element_sibling() } else { row.next_element_sibling() };
    }
    None
}

pub(super) fn row_id(message: MessageId) -> String {
    format!("m-{message}")
}

fn scroll_to(scroller: &Element, top: f64) {
    // Whole pixels are all that it takes.
    scroller.set_scroll_top(top.round() as i32);
}
