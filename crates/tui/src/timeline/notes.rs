//! What stands between messages: days, the line above what is new, and what the engine noticed.

use huis_views::{MessageView, NoticeView};

use super::layout::{Part, Row, Span};
use super::{Columns, Env, Timeline};
use crate::cells;
use crate::say;
use crate::theme::Role;

/// What stands between two messages. Gives whether there is something.
pub(super) fn between(
    timeline: &Timeline,
    env: &Env<'_>,
    before: Option<&MessageView>,
    message: &MessageView,
    rows: &mut Vec<Row>,
) -> bool {
    let begun = rows.len();
    let (from_ms, to_ms) = (before.map_or(0, came_at), came_at(message));
    // What was noticed before the first message that is held stands above messages that are not.
    if before.is_some() || !timeline.older {
        for notice in timeline.notices.iter().filter(|notice| from_ms < notice.at_ms && notice.at_ms <= to_ms) {
            note(env, timeline.columns, notice, rows);
        }
    }
    let is_new_day = before.is_none_or(|before| env.zone.day(before.sent_at_ms) != env.zone.day(message.sent_at_ms));
    if is_new_day {
        if before.is_some() {
            rows.push(Row::new(Part::Between, Vec::new()));
        }
        let day = env.zone.day_in_words(env.texts, message.sent_at_ms, env.now_ms);
        rows.push(centred(timeline.columns, &format!("── {day} ──"), Role::Muted));
    }
    let is_first_new = timeline.unread_after.is_some_and(|read| {
        !message.own
            && message.position > read
            && before.is_none_or(|before| before.position <= read || before.own)
            && timeline
                .messages
                .iter()
                .take_while(|other| other.position < message.position)
                .all(|other| other.own || other.position <= read)
    });
    if is_first_new {
        rows.push(rule(timeline.columns, &env.texts.text("timeline-new"), Role::Accent));
    }
    rows.len() > begun
}

/// What was noticed after the newest message.
pub(super) fn after(timeline: &Timeline, env: &Env<'_>, newest: &MessageView, rows: &mut Vec<Row>) {
    for notice in timeline.notices.iter().filter(|notice| notice.at_ms > came_at(newest)) {
        note(env, timeline.columns, notice, rows);
    }
}

/// All that was noticed, where there is no message.
pub(super) fn alone(timeline: &Timeline, env: &Env<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for notice in &timeline.notices {
        note(env, timeline.columns, notice, &mut rows);
    }
    rows
}

fn came_at(message: &MessageView) -> u64 {
    message.received_at_ms.unwrap_or(message.sent_at_ms)
}

/// A notice across the whole width.
fn note(env: &Env<'_>, columns: Columns, notice: &NoticeView, rows: &mut Vec<Row>) {
    let (sign, role) = if notice.notice.is_grave() { ("!", Role::Danger) } else { ("·", Role::Muted) };
    let text = say::notice(env.texts, &notice.notice);
    let x = 3;
    for (number, at) in cells::wrap(&text, columns.end.saturating_sub(x)).into_iter().enumerate() {
        let mut spans = Vec::new();
        if number == 0 {
            spans.push(Span::new(1, sign, role));
        }
        spans.push(Span::new(x, text.get(at).unwrap_or_default(), role));
        rows.push(Row::new(Part::Between, spans));
    }
}

/// A text in the middle.
pub(super) fn centred(columns: Columns, text: &str, role: Role) -> Row {
    let text = cells::cut(text, columns.width);
    let x = columns.end.saturating_sub(cells::width(&text)) / 2;
    Row::new(Part::Between, vec![Span::new(x.max(1), text, role)])
}

/// A line across with a word in the middle.
fn rule(columns: Columns, word: &str, role: Role) -> Row {
    let word = format!(" {} ", cells::cut(word, columns.width / 2));
    let room = columns.end.saturating_sub(1 + cells::width(&word));
    let left = room / 2;
    let line = |cells: u16| "─".repeat(cells.into());
    let text = format!("{}{word}{}", line(left), line(room - left));
    Row::new(Part::Between, vec![Span::new(1, text, role)])
}
