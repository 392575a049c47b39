//! What stands within lines.

use super::link::{self, Link};

/// How a piece is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) is_bold: bool,
    pub(crate) is_italic: bool,
    pub(crate) is_struck: bool,
    pub(crate) is_code: bool,
}

/// A piece of a text that is written alike; harmless already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) style: Style,
    pub(crate) link: Option<Link>,
}

/// What of a style a mark switches.
type Switch = fn(&mut Style) -> &mut bool;

/// The marks, the longer ones first.
const MARKS: [(&str, Switch); 5] = [
    ("**", |style| &mut style.is_bold),
    ("__", |style| &mut style.is_bold),
    ("~~", |style| &mut style.is_struck),
    ("*", |style| &mut style.is_italic),
    ("_", |style| &mut style.is_italic),
];

/// How far the end of a mark is looked for, in bytes: what people emphasise is short, and no text takes long to read.
const REACH: usize = 600;

/// Reads a text of one or more lines.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    read(text, Style::default(), &mut pieces, 0);
    pieces
}

fn read(text: &str, style: Style, pieces: &mut Vec<Piece>, depth: usize) {
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.as_bytes()[0];
        let before = text[..at].chars().next_back();
        let found = match first {
            b'`' => code(rest),
            b'*' | b'_' | b'~' if depth < 4 => marked(rest, before),
            b'h' | b'm' | b'H' | b'M' | b'w' if before.is_none_or(|c| !c.is_alphanumeric()) => {
                link::at_start(rest).map(|(length, link)| Found::Link { length, link })
            }
            _ => None,
        };
        let Some(found) = found else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        push(&text[plain_from..at], style, pieces);
        at += match found {
            Found::Code { length, inside } => {
                push(inside, Style { is_code: true, ..style }, pieces);
                length
            }
            Found::Marked { length, inside, set } => {
                let mut inner = style;
                *set(&mut inner) = true;
                read(inside, inner, pieces, depth + 1);
                length
            }
            Found::Link { length, link } => {
                let text = huis_texts::safe_line(&rest[..length]).into_owned();
                pieces.push(Piece { text, style, link: Some(link) });
                length
            }
        };
        plain_from = at;
    }
    push(text.get(plain_from..).unwrap_or_default(), style, pieces);
}

fn push(text: &str, style: Style, pieces: &mut Vec<Piece>) {
    if !text.is_empty() {
        let text = huis_texts::safe_block(text, "").into_owned();
        match pieces.last_mut() {
            Some(last) if last.style == style && last.link.is_none() => last.text.push_str(&text),
            _ => pieces.push(Piece { text, style, link: None }),
        }
    }
}

enum Found<'a> {
    Code { length: usize, inside: &'a str },
    Marked { length: usize, inside: &'a str, set: fn(&mut Style) -> &mut bool },
    Link { length: usize, link: Link },
}

fn code(rest: &str) -> Option<Found<'_>> {
    let end = near(rest, 1).find('`')? + 1;
    let inside = rest.get(1..end)?;
    (!inside.is_empty() && !inside.contains('\n')).then_some(Found::Code { length: end + 1, inside })
}

/// A mark that opens at a word and closes behind one.
fn marked(rest: &str, before: Option<char>) -> Option<Found<'_>> {
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let (mark, set) = MARKS.iter().find(|(mark, _)| rest.starts_with(mark))?;
    let inside = near(rest, mark.len());
    if inside.starts_with(|c: char| c.is_whitespace() || mark.starts_with(c)) {
        return None;
    }
    let end = inside.match_indices(mark).map(|(end, _)| end).find(|end| {
        let closes = inside[..*end].chars().next_back().is_some_and(|c| !c.is_whitespace());
        let after = inside[end + mark.len()..].chars().next();
        closes && after.is_none_or(|c| !(c.is_alphanumeric() || mark.len() == 1 && mark.starts_with(c)))
    })?;
    let inside = &inside[..end];
    (!inside.contains("\n\n")).then_some(Found::Marked { length: end + 2 * mark.len(), inside, set: *set })
}

/// What is near enough to be looked at.
fn near(rest: &str, from: usize) -> &str {
    let rest = rest.get(from..).unwrap_or_default();
    let mut end = rest.len().min(REACH);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces in a short form: b bold, i italic, s struck, c code, l link.
    fn short(text: &str) -> String {
        let piece = |piece: &Piece| {
            let Style { is_bold, is_italic, is_struck, is_code } = piece.style;
            let marks =
                [(is_bold, 'b'), (is_italic, 'i'), (is_struck, 's'), (is_code, 'c'), (piece.link.is_some(), 'l')];
            let marks: String = marks.iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| *mark).collect();
            if marks.is_empty() { piece.text.clone() } else { format!("{marks}({})", piece.text) }
        };
        pieces(text).iter().map(piece).collect()
    }

    #[test]
    fn marks_around_words_change_how_they_are_written() {
        assert_eq!(short("a **b** c"), "a b(b) c");
        assert_eq!(short("*a* _b_ ~~c~~ `*d*`"), "i(a) i(b) s(c) c(*d*)");
        assert_eq!(short("**a _b_**"), "b(a )bi(b)");
        assert_eq!(short("**fat.**"), "b(fat.)");
    }

    #[test]
    fn what_is_no_mark_stays() {
        for text in ["2 * 3 * 4", "snake_case_name", "a*b*c", "**", "* * *", "****", "`", "``", "_ a _", "5*"] {
            assert_eq!(short(text), text);
        }
    }

    #[test]
    fn links_are_found_without_what_ends_a_sentence() {
        assert_eq!(short("see https://huis.example/a?b=c."), "see l(https://huis.example/a?b=c).");
        assert_eq!(short("(http://a.example)"), "(l(http://a.example))");
        assert_eq!(short("javascript:alert(1) xhttp://a.example"), "javascript:alert(1) xhttp://a.example");
    }

    #[test]
    fn characters_that_act_are_written_as_what_they_are() {
        assert_eq!(short("a\u{202e}**b\u{200b}**"), "a\\u{202e}b(b\\u{200b})");
    }
}
