//! What stands in a timeline: messages grouped by author and minute, and what stands between them.

use std::sync::Arc;

use huis_proto::MessageId;
use huis_views::{MessageState, MessageView, NoticeView};

use super::window::Window;

/// How far apart two messages of a group may be, in milliseconds.
const TOGETHER: u64 = 5 * 60_000;

/// A row of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// There is nothing before.
    Beginning,
    /// A day begins, with a moment in it.
    Day(u64),
    /// What follows was new when the conversation was opened.
    New,
    Notice(NoticeView),
    Message(Line),
}

/// A message in its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) message: Arc<MessageView>,
    /// Whether its group begins here, with the author's name.
    pub(crate) opens: bool,
    /// Whether its group ends here.
    pub(crate) closes: bool,
    /// Whether time and state stand here: the last one of a minute, or one that is not like the next.
    pub(crate) stamped: bool,
}

/// Names a row for as long as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RowKey {
    Beginning,
    Day(i64),
    New,
    Notice(u64, usize),
    Message(MessageId),
}

/// The rows of a window. `day_of` gives the number of a moment's day.
pub(crate) fn rows(window: &Window, day_of: impl Fn(u64) -> i64) -> Vec<(RowKey, Row)> {
    let mut rows = Vec::with_capacity(window.messages.len() + 16);
    if !window.is_loaded {
        return rows;
    }
    if !window.older {
        rows.push((RowKey::Beginning, Row::Beginning));
    }
    let mut notices = window.notices.iter().enumerate().peekable();
    let mut before: Option<&Arc<MessageView>> = None;
    let mut day_before = None;
    let mut is_new_shown = false;
    let mut group: Option<usize> = None;
    for message in &window.messages {
        let begun = rows.len();
        while let Some((number, notice)) = notices.next_if(|(_, notice)| notice.at_ms <= came_at(message)) {
            // What was noticed before the first message that is held stands above messages that are not.
            if before.is_some() || !window.older {
                rows.push((RowKey::Notice(notice.at_ms, number), Row::Notice(notice.clone())));
            }
        }
        let day = day_of(message.sent_at_ms);
        if day_before != Some(day) {
            rows.push((RowKey::Day(day), Row::Day(message.sent_at_ms)));
            // A clock that goes back makes a day begin again.
            if rows.iter().rev().skip(1).any(|(key, _)| *key == RowKey::Day(day)) {
                rows.pop();
            }
        }
        let is_new = window.unread_after.is_some_and(|read| message.position > read && !message.own);
        // Where the first new one is among those that are not held, the line stands above none.
        let begins_here = before.is_some_and(|before| window.unread_after.is_some_and(|read| before.position <= read))
            || (before.is_none() && !window.older)
            || before.is_some_and(|before| before.own);
        if is_new && !is_new_shown && begins_here {
            rows.push((RowKey::New, Row::New));
            is_new_shown = true;
        }
        is_new_shown |= is_new;
        let continues = rows.len() == begun && before.is_some_and(|before| is_together(before, message));
        if !continues {
            close(&mut rows, group);
        } else if let (Some(last), Some(before)) = (group, before)
            && is_same_stamp(before, message)
            && let Some((_, Row::Message(line))) = rows.get_mut(last)
        {
            line.stamped = false;
        }
        group = Some(rows.len());
        let line = Line { message: message.clone(), opens: !continues, closes: false, stamped: true };
        rows.push((RowKey::Message(message.id), Row::Message(line)));
        before = Some(message);
        day_before = Some(day);
    }
    close(&mut rows, group);
    if !window.newer {
        rows.extend(
            notices.map(|(number, notice)| (RowKey::Notice(notice.at_ms, number), Row::Notice(notice.clone()))),
        );
    }
    rows
}

fn close(rows: &mut [(RowKey, Row)], group: Option<usize>) {
    if let Some((_, Row::Message(line))) = group.and_then(|last| rows.get_mut(last)) {
        line.closes = true;
    }
}

fn is_together(before: &MessageView, message: &MessageView) -> bool {
    before.from.account == message.from.account
        && message.sent_at_ms.abs_diff(before.sent_at_ms) < TOGETHER
        && before.author_listed == message.author_listed
}

fn is_same_stamp(before: &MessageView, message: &MessageView) -> bool {
    before.sent_at_ms / 60_000 == message.sent_at_ms / 60_000
        && before.state == message.state
        && !matches!(before.state, MessageState::Failed(_) | MessageState::Held(_))
        && before.receipts == message.receipts
        && before.edited_at_ms.is_none()
}

fn came_at(message: &MessageView) -> u64 {
    message.received_at_ms.unwrap_or(message.sent_at_ms)
}

#[cfg(test)]
mod tests {
    use huis_views::Notice;

    use super::super::window::tests::message;
    use super::*;

    const MINUTE: u64 = 60_000;

    fn window(messages: Vec<MessageView>) -> Window {
        let mut window = Window::default();
        window.restart(messages, false, false);
        window
    }

    /// The rows in a short form.
    fn short(window: &Window) -> String {
        let mut text = String::new();
        for (_, row) in rows(window, |ms| i64::try_from(ms / 86_400_000).unwrap()) {
            let shown = match row {
                Row::Beginning => "B ".to_owned(),
                Row::Day(_) => "D ".to_owned(),
                Row::New => "N ".to_owned(),
                Row::Notice(_) => "! ".to_owned(),
                Row::Message(line) => {
                    let marks = [(line.opens, '<'), (line.closes, '>'), (line.stamped, '.')];
                    let marks: String = marks.iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| *mark).collect();
                    format!("{}{marks} ", line.message.position)
                }
            };
            text.push_str(&shown);
        }
        text.trim_end().to_owned()
    }

    #[test]
    fn messages_of_one_author_in_one_minute_stand_together() {
        let messages = vec![
            message(1, 1, 0),
            message(2, 1, 1_000),
            message(3, 1, MINUTE),
            message(4, 2, MINUTE),
            message(5, 2, 20 * MINUTE),
        ];
        assert_eq!(short(&window(messages)), "B D 1< 2. 3>. 4<>. 5<>.");
    }

    #[test]
    fn a_day_and_what_is_new_part_a_group() {
        let day = 86_400_000;
        let mut window =
            window(vec![message(1, 1, day - 1), message(2, 1, day), message(3, 1, day), message(4, 0, day)]);
        window.unread_after = Some(2);
        assert_eq!(short(&window), "B D 1<>. D 2<>. N 3<>. 4<>.");
    }

    #[test]
    fn the_line_above_what_is_new_stands_nowhere_if_its_place_is_not_held() {
        let mut window = window(vec![message(5, 1, 0), message(6, 1, 0)]);
        window.older = true;
        window.unread_after = Some(2);
        assert_eq!(short(&window), "D 5< 6>.");
    }

    #[test]
    fn what_was_noticed_stands_at_its_time() {
        let mut window = window(vec![message(1, 1, 10), message(2, 1, 20)]);
        let at = |at_ms| NoticeView { at_ms, conversation: None, notice: Notice::ServerRestored };
        window.set_notices(vec![at(30), at(15)]);
        assert_eq!(short(&window), "B D 1<>. ! 2<>. !");
    }

    #[test]
    fn each_row_has_a_name_of_its_own_whatever_senders_say_of_their_clocks() {
        let day = 86_400_000;
        let window = window(vec![message(1, 1, 3 * day), message(2, 1, 0), message(3, 2, 3 * day), message(4, 2, 0)]);
        let rows = rows(&window, |ms| i64::try_from(ms / day).unwrap());
        let names: std::collections::HashSet<_> = rows.iter().map(|(key, _)| *key).collect();
        assert_eq!(names.len(), rows.len());
    }
}
