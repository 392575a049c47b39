//! The one place where text becomes cells. Whatever is painted goes through [`Canvas::put`], which makes it harmless,
//! whoever wrote it: nothing that acts on a terminal, turns the direction or cannot be seen comes past it, and each
//! cluster of characters takes exactly the cells that are kept for it.
//!
//! Direction characters of others are written as what they are, and none are added: terminals that turn right-to-left
//! text do so by themselves, within its run, and the others show it in the order in which it was written.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use huis_texts::safe_line;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Characters of one cluster that are shown; a family of four with skin tones has eleven.
const CLUSTER: usize = 12;
/// Cells that one cluster may take; more is no letter of any script, but a pile.
const WIDEST: u16 = 4;

/// A cluster of characters that stands together, and the cells that it takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cluster<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) width: u16,
    /// Where it stands in the text, in bytes.
    pub(crate) at: Range<usize>,
}

/// The clusters of a text that is harmless already. What takes no cell is left out.
pub(crate) fn clusters(text: &str) -> impl Iterator<Item = Cluster<'_>> {
    text.grapheme_indices(true).flat_map(|(at, cluster)| {
        let whole = fit(cluster).map(|(text, width)| Cluster { text, width, at: at..at + cluster.len() });
        // A pile of letters that no rule parts is shown letter by letter.
        let parts = whole.is_none().then(|| {
            cluster.char_indices().filter_map(move |(inner, character)| {
                let begin = at + inner;
                let end = begin + character.len_utf8();
                let (text, width) = fit(cluster.get(inner..inner + character.len_utf8())?)?;
                Some(Cluster { text, width, at: begin..end })
            })
        });
        whole.into_iter().chain(parts.into_iter().flatten())
    })
}

/// A cluster as it is shown, with its width; none if it takes no cell, or too many.
fn fit(cluster: &str) -> Option<(Cow<'_, str>, u16)> {
    // Nearly everything is one plain letter.
    if cluster.len() == 1 {
        return Some((Cow::Borrowed(cluster), 1));
    }
    let cut = cluster.char_indices().nth(CLUSTER).and_then(|(end, _)| cluster.get(..end)).unwrap_or(cluster);
    let width = u16::try_from(cut.width()).unwrap_or(u16::MAX);
    match width {
        0 if cut.chars().all(is_joiner) => None,
        // A mark without a letter gets one to stand on.
        0 => Some((Cow::Owned(format!("◌{cut}")), 1)),
        width if width <= WIDEST => Some((Cow::Borrowed(cut), width)),
        _ => None,
    }
}

/// Whether a character only joins, parts or varies its neighbours.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// The cells that a text takes once it is harmless.
pub(crate) fn width(text: &str) -> u16 {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return u16::try_from(text.len()).unwrap_or(u16::MAX);
    }
    clusters(&safe_line(text)).fold(0, |sum, cluster| sum.saturating_add(cluster.width))
}

/// The text in one harmless line of at most this many cells; what does not fit ends in `…`.
pub(crate) fn cut(text: &str, cells: u16) -> String {
    let safe = safe_line(text);
    if width(&safe) <= cells {
        return safe.into_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for cluster in clusters(&safe) {
        if used + cluster.width + 1 > cells {
            break;
        }
        used += cluster.width;
        kept.push_str(&cluster.text);
    }
    if cells > 0 {
        kept.push('…');
    }
    kept
}

/// Breaks one harmless line into pieces of at most this many cells, at spaces where there are some. There is at least
/// one piece.
pub(crate) fn wrap(line: &str, cells: u16) -> Vec<Range<usize>> {
    let measured = clusters(line).map(|cluster| (cluster.at, cluster.width, cluster.text == " "));
    wrap_measured(measured, line.len(), cells)
}

/// As [`wrap`], for a text as it was typed: each cluster takes the cells of its harmless form.
pub(crate) fn wrap_typed(line: &str, cells: u16) -> Vec<Range<usize>> {
    let measured = line.grapheme_indices(true).map(|(at, text)| (at..at + text.len(), width(text), text == " "));
    wrap_measured(measured, line.len(), cells)
}

fn wrap_measured(
    clusters: impl Iterator<Item = (Range<usize>, u16, bool)>,
    length: usize,
    cells: u16,
) -> Vec<Range<usize>> {
    let cells = cells.max(2);
    let mut pieces = Vec::new();
    let (mut begin, mut used) = (0, 0_u16);
    // Where the piece could end, and where the next one would begin, with the cells up to there.
    let mut space: Option<(usize, usize, u16)> = None;
    for (at, width, is_space) in clusters {
        if used.saturating_add(width) > cells && !(is_space && used <= cells) {
            let (end, next, before) = space.take().unwrap_or((at.start, at.start, used));
            pieces.push(begin..end);
            begin = next;
            used = used.saturating_sub(before);
        }
        used = used.saturating_add(width);
        if is_space {
            // A space that hangs over the edge is the break itself.
            space = Some((at.start, at.end, used));
        }
    }
    // A last space that hangs over the edge is not shown.
    let end =
        space.filter(|space| space.1 == length && used > cells && space.0 > begin).map_or(length, |space| space.0);
    pieces.push(begin..end);
    pieces
}

/// A link on the screen: its row, its first and last cell, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) row: u16,
    pub(crate) from: u16,
    pub(crate) to: u16,
    pub(crate) target: Rc<str>,
}

/// What is painted on.
pub(crate) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    links: Vec<Link>,
}

impl<'a> Canvas<'a> {
    pub(crate) fn new(buffer: &'a mut Buffer) -> Self {
        Self { buffer, links: Vec::new() }
    }

    pub(crate) fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Paints a text from `x` up to, and not including, `end`; what does not fit is left off. Gives where it ended.
    pub(crate) fn put(&mut self, x: u16, y: u16, end: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        let end = end.min(area.right());
        if y < area.top() || y >= area.bottom() {
            return x;
        }
        let mut x = x;
        for cluster in clusters(&safe_line(text)) {
            if x + cluster.width > end {
                break;
            }
            self.buffer[(x, y)].set_symbol(&cluster.text).set_style(style);
            for beside in x + 1..x + cluster.width {
                self.buffer[(beside, y)].set_symbol(" ").set_style(style);
            }
            x += cluster.width;
        }
        x
    }

    /// Paints a text so that it ends before `end`, cut from `begin` on.
    pub(crate) fn put_right(&mut self, begin: u16, y: u16, end: u16, text: &str, style: Style) -> u16 {
        let text = cut(text, end.saturating_sub(begin));
        let x = end.saturating_sub(width(&text)).max(begin);
        self.put(x, y, end, &text, style);
        x
    }

    /// Paints two rows of pixels, three bytes each, in one row of cells: half blocks have the upper ones before, and the
    /// lower ones behind.
    pub(crate) fn put_pixels(&mut self, x: u16, y: u16, end: u16, upper: &[u8], lower: &[u8]) {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() {
            return;
        }
        let (upper, lower) = (upper.as_chunks::<3>().0, lower.as_chunks::<3>().0);
        for ((x, [red, green, blue]), [r, g, b]) in (x..end.min(area.right())).zip(upper).zip(lower) {
            let style = Style::reset().fg(Color::Rgb(*red, *green, *blue)).bg(Color::Rgb(*r, *g, *b));
            self.buffer[(x, y)].set_symbol("▀").set_style(style);
        }
    }

    /// Paints a text that leads somewhere.
    pub(crate) fn put_link(&mut self, x: u16, y: u16, end: u16, text: &str, style: Style, target: &Rc<str>) -> u16 {
        let to = self.put(x, y, end, text, style);
        if to > x {
            self.links.push(Link { row: y, from: x, to, target: target.clone() });
            for x in x..to {
                // Where it leads is no part of the cell: the same text may lead elsewhere in the next frame.
                self.buffer[(x, y)].set_diff_option(CellDiffOption::AlwaysUpdate);
            }
        }
        to
    }

    /// Changes the style of an area and leaves its text.
    pub(crate) fn tint(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Empties an area.
    pub(crate) fn clear(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buffer.area);
        self.links.retain(|link| {
            link.row < area.top() || link.row >= area.bottom() || link.to <= area.left() || link.from >= area.right()
        });
        for y in area.top()..area.bottom() {
            // Half of a wide character cannot stand.
            if area.left() > self.buffer.area.left() {
                let beside = &mut self.buffer[(area.left() - 1, y)];
                if beside.symbol().width() > 1 {
                    beside.set_symbol(" ");
                }
            }
            for x in area.left()..area.right() {
                self.buffer[(x, y)].reset();
                self.buffer[(x, y)].set_style(style);
            }
        }
    }

    /// A horizontal line of one sign.
    pub(crate) fn rule(&mut self, from: u16, y: u16, to: u16, sign: &str, style: Style) {
        let mut x = from;
        while x < to {
            let next = self.put(x, y, to, sign, style);
            if next == x {
                break;
            }
            x = next;
        }
    }

    /// Ends the frame. Some terminals draw joined emoji wider than they are: what stands beside them is painted again
    /// each time, so that nothing of theirs stays there.
    pub(crate) fn finish(self) -> Vec<Link> {
        let area = self.buffer.area;
        for y in area.top()..area.bottom() {
            let mut again = 0_usize;
            for x in area.left()..area.right() {
                let cell = &mut self.buffer[(x, y)];
                let symbol = cell.symbol();
                if symbol.len() > 4 && symbol.chars().any(|c| is_joiner(c) || ('\u{1f1e6}'..='\u{1f3ff}').contains(&c))
                {
                    again = again.max(2 * symbol.chars().count());
                }
                if again > 0 {
                    again -= 1;
                    cell.set_diff_option(CellDiffOption::AlwaysUpdate);
                }
            }
        }
        self.links
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, u16)> {
        clusters(&safe_line(text)).map(|cluster| (cluster.text.into_owned(), cluster.width)).collect()
    }

    #[test]
    fn each_cluster_takes_the_cells_that_are_kept_for_it() {
        for (text, cells) in
            [("a", 1), ("é", 1), ("e\u{301}", 1), ("你", 2), ("👩\u{200d}👩\u{200d}👧", 2), ("🇫🇷", 2), ("ש", 1)]
        {
            assert_eq!(shown(text), [(text.to_owned(), cells)]);
        }
    }

    #[test]
    fn a_flood_of_marks_is_one_letter_with_a_few() {
        let flood = format!("a{}", "\u{301}".repeat(10_000));
        let shown = shown(&flood);
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].0.chars().count(), CLUSTER);
        assert_eq!(width(&flood), 1);
    }

    #[test]
    fn what_cannot_be_seen_takes_nothing_and_a_lone_mark_gets_a_place() {
        assert_eq!(shown("\u{200d}\u{200c}\u{fe0f}"), []);
        assert_eq!(shown("\u{301}"), [("◌\u{301}".to_owned(), 1)]);
        assert_eq!(width(&"\u{200c}".repeat(10_000)), 0);
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        let pieces =
            |line: &str, cells| wrap(line, cells).into_iter().map(|at| line[at].to_owned()).collect::<Vec<_>>();
        assert_eq!(pieces("", 10), [""]);
        assert_eq!(pieces("one two three", 7), ["one two", "three"]);
        assert_eq!(pieces("one two  three", 8), ["one two ", "three"]);
        assert_eq!(pieces("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(pieces("a abcdefghij", 4), ["a", "abcd", "efgh", "ij"]);
        assert_eq!(pieces("你好你好", 5), ["你好", "你好"]);
        for cells in 2..30 {
            for piece in pieces("the quick brown 你好你好 fox jumps  over", cells) {
                assert!(width(piece.trim_end()) <= cells, "{piece:?} in {cells}");
            }
        }
    }

    #[test]
    fn a_cut_text_fits_and_says_that_it_was_cut() {
        assert_eq!(cut("member-b", 8), "member-b");
        assert_eq!(cut("member-b", 5), "memb…");
        assert_eq!(cut("你好你好", 4), "你…");
        assert_eq!(cut("a\nb", 9), "a\\nb");
        assert_eq!(cut("abc", 0), "");
    }
}
