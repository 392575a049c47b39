//! The text of a message: harmless, broken into rows, with its links and mentions.

use std::ops::Range;
use std::rc::Rc;

use huis_texts::{Value, safe_block};
use huis_views::{FileView, MessageState, MessageView, TransferState};

use super::layout::{Part, Row, Span};
use super::pictures::{COLUMNS, Picture, Slice};
use super::{Columns, Env};
use crate::cells;
use crate::say;
use crate::theme::Role;

/// Bytes of a link's target; a longer one is text like other text.
const LINK: usize = 2048;

pub(super) fn rows(env: &Env<'_>, columns: Columns, message: &MessageView, rows: &mut Vec<Row>) {
    let room = columns.end.saturating_sub(columns.text);
    let begun = rows.len();
    if let Some(text) = instead(env, message) {
        for at in cells::wrap(&text, room) {
            let piece = text.get(at).unwrap_or_default();
            rows.push(Row::new(Part::Text, vec![Span::new(columns.text, piece, Role::Muted)]));
        }
    } else {
        if let Some(lock) = message.waiting_lock() {
            let text = say::lock(env.texts, env.zone, lock, true, env.now_ms);
            for at in cells::wrap(&text, room) {
                let piece = text.get(at).unwrap_or_default();
                rows.push(Row::new(Part::Text, vec![Span::new(columns.text, piece, Role::Muted)]));
            }
        }
        for file in &message.files {
            let text = said_of(env, message, file);
            for at in cells::wrap(&text, room) {
                let piece = text.get(at).unwrap_or_default();
                rows.push(Row::new(Part::Text, vec![Span::new(columns.text, piece, Role::Text)]));
            }
            rows.extend(way_out(env, columns, message, file));
            rows.extend(picture(columns, message, file));
        }
        let text = safe_block(&message.text, "");
        let lines = if message.text.is_empty() && !message.files.is_empty() { None } else { Some(text.split('\n')) };
        for line in lines.into_iter().flatten() {
            let marks = marks(line, message);
            for at in cells::wrap(line, room) {
                rows.push(Row::new(Part::Text, spans(columns.text, line, at, &marks)));
            }
        }
    }
    let mut notes = Vec::new();
    if message.edited_at_ms.is_some() && message.deleted_by.is_none() {
        notes.push(env.texts.text("message-edited"));
    }
    if message.pinned {
        notes.push(env.texts.text("message-pinned"));
    }
    let span = match (message.vanishes_at_ms, message.vanishes) {
        (Some(at_ms), _) => Some(env.texts.left(at_ms.saturating_sub(env.now_ms))),
        (None, Some(timer)) => Some(env.texts.whole_span(timer.after_s)),
        (None, None) => None,
    };
    if let Some(span) = span {
        notes.push(env.texts.text_with("message-vanishes", &[("span", Value::Text(&span))]));
    }
    if notes.is_empty() {
        return;
    }
    let note = format!("({})", notes.join(", "));
    let after = rows.last().filter(|_| rows.len() > begun).and_then(Row::end);
    let x = after.map_or(columns.text, |end| if end > columns.text { end + 1 } else { end });
    let span = |x| Span::new(x, note.clone(), Role::Muted);
    match rows.last_mut() {
        Some(row) if span(x).end() <= columns.end => row.spans.push(span(x)),
        _ => rows.push(Row::new(Part::Text, vec![span(columns.text)])),
    }
}

/// What is said in place of a text that is not there.
fn instead(env: &Env<'_>, message: &MessageView) -> Option<String> {
    if let Some(by) = &message.deleted_by {
        return Some(if by.account == message.from.account {
            env.texts.text("message-deleted")
        } else {
            env.texts.text_with("message-deleted-by", &[("name", cells::cut(&say::name(by), 40).as_str().into())])
        });
    }
    if message.kind == "timed" {
        return message.lock.as_ref().map(|lock| say::lock(env.texts, env.zone, lock, false, env.now_ms));
    }
    if message.is_closed() {
        return Some(env.texts.text(if message.own { "message-view-once-own" } else { "message-view-once" }));
    }
    (!matches!(message.kind.as_str(), "text" | "file")).then(|| {
        env.texts.text_with("message-unknown-kind", &[("kind", cells::cut(&message.kind, 40).as_str().into())])
    })
}

/// A file in a line: its name, its size, how far it is.
fn said_of(env: &Env<'_>, message: &MessageView, file: &FileView) -> String {
    let line = say::file(env.texts, file);
    // Why a message has failed stands below it.
    let transfer = file.transfer.as_ref().filter(|transfer| !(transfer.outgoing && has_failed(message)));
    let state = transfer.and_then(|transfer| say::transfer(env.texts, transfer));
    state.map_or(line.clone(), |state| format!("{line} · {state}"))
}

fn has_failed(message: &MessageView) -> bool {
    matches!(message.state, MessageState::Failed(_))
}

/// The rows of a file's small picture, where one is drawn.
fn picture(columns: Columns, message: &MessageView, file: &FileView) -> Vec<Row> {
    let Some(small) = file.thumbnail.as_ref().filter(|_| columns.pictures > 0) else { return Vec::new() };
    let room = columns.end.saturating_sub(columns.text).min(COLUMNS);
    let picture = Picture::within(message.id, file.number, small, room, columns.pictures);
    let slice =
        |row| Row { picture: Some(Slice { x: columns.text, picture, row }), ..Row::new(Part::Text, Vec::new()) };
    (0..picture.rows).map(slice).collect()
}

/// What to do about a file that does not go on by itself.
fn way_out(env: &Env<'_>, columns: Columns, message: &MessageView, file: &FileView) -> Option<Row> {
    let transfer = file.transfer.as_ref().filter(|_| !has_failed(message))?;
    let keys = match &transfer.state {
        TransferState::Paused => [(env.texts.text("key-space"), "action-go-on"), ("x".to_owned(), "action-cancel")],
        TransferState::Failed(_) => [("t".to_owned(), "action-retry"), ("x".to_owned(), "action-cancel")],
        _ => return None,
    };
    let mut spans = Vec::new();
    let mut x = columns.text;
    for (key, action) in keys {
        let key = Span::new(x, key, Role::Key);
        let text = Span::new(key.end() + 1, env.texts.text(action), Role::Muted);
        x = text.end() + 3;
        spans.extend([key, text]);
    }
    Some(Row::new(Part::Trouble, spans))
}

/// A part of a line that is more than text.
struct Mark {
    at: Range<usize>,
    role: Role,
    link: Option<Rc<str>>,
}

fn marks(line: &str, message: &MessageView) -> Vec<Mark> {
    let mut marks: Vec<Mark> = links(line)
        .into_iter()
        .map(|at| Mark { link: line.get(at.clone()).map(Rc::from), at, role: Role::Link })
        .collect();
    let names = message.mentions.iter().filter_map(|named| named.name.as_deref());
    for name in names {
        for at in mentions(line, name) {
            if marks.iter().all(|mark| mark.at.end <= at.start || at.end <= mark.at.start) {
                marks.push(Mark { at, role: Role::Mention, link: None });
            }
        }
    }
    marks.sort_by_key(|mark| mark.at.start);
    marks
}

/// Where `@name` stands, in any case and not inside a longer name.
fn mentions(line: &str, name: &str) -> Vec<Range<usize>> {
    let name = name.trim_start_matches('@');
    let is_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == '.';
    let mut found = Vec::new();
    for (at, _) in line.match_indices('@') {
        let end = at + 1 + name.len();
        let fits = line.get(at + 1..end).is_some_and(|part| part.eq_ignore_ascii_case(name));
        let mut rest = line.get(end..).unwrap_or_default().chars();
        // A dot goes on with the name only where more of a name follows it.
        let goes_on =
            rest.next().is_some_and(|next| is_name(next) && (next != '.' || rest.next().is_some_and(is_name)));
        if fits && !name.is_empty() && !goes_on {
            found.push(at..end);
        }
    }
    found
}

/// Where links to the web stand. Only plain letters: what looks like another address is no link.
pub(crate) fn links(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in line.match_indices("http") {
        let Some(rest) = line.get(at..) else { continue };
        let Some(scheme) = ["https://", "http://"].into_iter().find(|scheme| rest.starts_with(scheme)) else {
            continue;
        };
        let is_inside = found.last().is_some_and(|last| at < last.end);
        let follows = line.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphanumeric);
        let length = rest.find(|c: char| c.is_whitespace() || "<>\"`|\\^{}".contains(c)).unwrap_or(rest.len());
        let mut link = rest.get(..length).unwrap_or_default();
        while let Some(last) = link.chars().next_back() {
            let closes = last == ')' && link.matches(')').count() > link.matches('(').count();
            if !closes && !".,;:!?'»”’]".contains(last) {
                break;
            }
            link = &link[..link.len() - last.len_utf8()];
        }
        let is_plain = link.bytes().all(|byte| byte.is_ascii_graphic());
        let has_host = link
            .get(scheme.len()..)
            .is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
        // Before an `@` stands no host but a name, made to be taken for one.
        let authority = link.get(scheme.len()..).unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
        if !is_inside && !follows && is_plain && has_host && !authority.contains('@') && link.len() <= LINK {
            found.push(at..at + link.len());
        }
    }
    found
}

/// One row of a line, with what is marked on it.
fn spans(x: u16, line: &str, at: Range<usize>, marks: &[Mark]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut push = |from: usize, to: usize, role, link: Option<Rc<str>>| {
        let text = line.get(from..to).unwrap_or_default();
        if !text.is_empty() {
            let x = spans.last().map_or(x, Span::end);
            spans.push(Span { x, text: text.to_owned(), role, link });
        }
    };
    let mut done = at.start;
    for mark in marks.iter().filter(|mark| mark.at.start < at.end && at.start < mark.at.end) {
        let (from, to) = (mark.at.start.max(at.start), mark.at.end.min(at.end));
        push(done, from, Role::Text, None);
        push(from, to, mark.role, mark.link.clone());
        done = to;
    }
    push(done, at.end, Role::Text, None);
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_what_is_shown_and_nothing_else() {
        let found = |line: &str| links(line).into_iter().map(|at| line[at].to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found("see https://example.org/a(b)?c=d, or http://x.y."),
            ["https://example.org/a(b)?c=d", "http://x.y"]
        );
        assert_eq!(found("(https://example.org)"), ["https://example.org"]);
        for none in [
            "javascript:alert(1) file:///etc/passwd ftp://x.y",
            "https://",
            "https:// x",
            "xhttps://a.b",
            "https://exämple.org",
            "https://bank.example@evil.example/",
            "https://a.b/\u{2026}",
        ] {
            assert_eq!(found(none), Vec::<String>::new(), "{none}");
        }
        assert_eq!(found(&format!("https://a.b/{}", "x".repeat(LINK))), Vec::<String>::new());
    }

    #[test]
    fn a_mention_is_the_whole_name() {
        let found = |line: &str| mentions(line, "member-b").len();
        assert_eq!(found("@member-b, @Member-B. and @member-bc @member-b.x"), 2);
        assert_eq!(found("member-b"), 0);
    }
}
