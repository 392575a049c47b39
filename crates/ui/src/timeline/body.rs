//! A text as nodes.

use huis_views::{MessageView, Named};
use leptos::html;
use leptos::prelude::*;

use crate::markdown::{self, Block, Piece};
use crate::parts::{follow, live, on};
use crate::say;

/// What is longer is shown from its beginning first.
const LONG: usize = 2_000;
const MANY_LINES: usize = 24;

/// The text of a message that stands alone.
pub(crate) fn text_of(message: &MessageView) -> AnyView {
    if message.text.is_empty() { ().into_any() } else { body(&message.text, &message.mentions) }
}

/// The text of a message.
pub(super) fn body(text: &str, mentions: &[Named]) -> AnyView {
    let is_long = text.len() > LONG || text.lines().nth(MANY_LINES).is_some();
    let class = if is_big(text) { "text is-big" } else { "text" };
    let blocks = markdown::blocks(text).into_iter().map(|block| draw(block, mentions)).collect_view();
    if !is_long {
        return view! { <div class=class dir="auto">{blocks}</div> }.into_any();
    }
    let is_whole = RwSignal::new(false);
    view! {
        <div class=class class:is-cut=follow(move || !is_whole.get()) dir="auto">{blocks}</div>
        <button
            type="button"
            class="text-more"
            aria-expanded=follow(move || is_whole.get().to_string())
            on:click=on(move |_| is_whole.update(|is_whole| *is_whole = !*is_whole))
        >
            {live(move || say::text(if is_whole.get() { "message-show-less" } else { "message-show-all" }))}
        </button>
    }
    .into_any()
}

fn draw(block: Block, mentions: &[Named]) -> AnyView {
    match block {
        Block::Lines(pieces) => html::p().child(lines(pieces, mentions)).into_any(),
        Block::Quote(pieces) => html::blockquote().child(lines(pieces, mentions)).into_any(),
        Block::Code(code) => html::pre().attr("tabindex", "0").child(html::code().child(code)).into_any(),
    }
}

fn lines(pieces: Vec<Piece>, mentions: &[Named]) -> AnyView {
    pieces.into_iter().map(|piece| draw_piece(piece, mentions)).collect_view().into_any()
}

fn draw_piece(piece: Piece, mentions: &[Named]) -> AnyView {
    let Piece { text, style, link } = piece;
    let inner = match link {
        Some(link) => {
            let warning = link.warns_of.map(|host| html::span().class("link-host").child(format!(" ({host})")));
            html::a().href(link.address).target("_blank").rel("noopener noreferrer").child((text, warning)).into_any()
        }
        None if style.is_code => html::code().child(text).into_any(),
        None => with_mentions(text, mentions),
    };
    let inner = if style.is_bold { html::strong().child(inner).into_any() } else { inner };
    let inner = if style.is_italic { html::em().child(inner).into_any() } else { inner };
    if style.is_struck { html::s().child(inner).into_any() } else { inner }
}

fn with_mentions(text: String, mentions: &[Named]) -> AnyView {
    if mentions.is_empty() || !text.contains('@') {
        return text.into_any();
    }
    let parts = split_mentions(&text, mentions).into_iter();
    parts
        .map(|(part, named)| match named {
            Some(named) => {
                let class = format!("mention {}", say::hue_of(named.account));
                html::span().class(class).child(part.to_owned()).into_any()
            }
            None => part.to_owned().into_any(),
        })
        .collect_view()
        .into_any()
}

/// The text in parts; a part that names somebody comes with them.
fn split_mentions<'a, 'b>(text: &'a str, mentions: &'b [Named]) -> Vec<(&'a str, Option<&'b Named>)> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices('@') {
        let rest = &text[at + 1..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(rest.len());
        let written = rest[..end].trim_end_matches(['.', '_', '-']);
        let named =
            mentions.iter().find(|named| named.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(written)));
        if let Some(named) = named.filter(|_| at >= from) {
            let end = at + 1 + written.len();
            parts.push((&text[from..at], None));
            parts.push((&text[at..end], Some(named)));
            from = end;
        }
    }
    parts.push((&text[from..], None));
    parts.retain(|(part, _)| !part.is_empty());
    parts
}

/// A text with marked places, given in bytes.
pub(crate) fn with_marks(text: &str, marks: &[(usize, usize)]) -> AnyView {
    let mut nodes = Vec::new();
    let mut from = 0;
    for (begin, end) in marks {
        let (Some(before), Some(marked)) = (text.get(from..*begin), text.get(*begin..*end)) else { continue };
        nodes.push(huis_texts::safe_line(before).into_owned().into_any());
        nodes.push(html::mark().child(huis_texts::safe_line(marked).into_owned()).into_any());
        from = *end;
    }
    nodes.push(huis_texts::safe_line(text.get(from..).unwrap_or_default()).into_owned().into_any());
    nodes.into_any()
}

/// Whether a text is a few emoji and nothing else.
fn is_big(text: &str) -> bool {
    let text = text.trim();
    let is_sign = |c: char| matches!(u32::from(c), 0x1f000..=0x1faff | 0x2600..=0x27bf | 0x2b00..=0x2bff);
    let joins = |c: char| matches!(c, '\u{fe0f}' | '\u{200d}' | '\u{1f3fb}'..='\u{1f3ff}');
    !text.is_empty()
        && text.chars().count() <= 12
        && text.chars().all(|c| is_sign(c) || joins(c))
        && text.chars().any(is_sign)
}

#[cfg(test)]
mod tests {
    use huis_proto::AccountId;

    use super::*;

    #[test]
    fn only_those_who_are_named_are_shown_as_named() {
        let named =
            |name: &str| Named { account: AccountId::from_bytes([1; 16]), name: Some(name.into()), card_name: None };
        let mentions = [named("member-b"), named("a.c")];
        let parts = split_mentions("hi @Member-B, @nobody and @a.c.", &mentions);
        let short: Vec<_> = parts.iter().map(|(part, named)| (*part, named.is_some())).collect();
        assert_eq!(
            short,
            [("hi ", false), ("@Member-B", true), (", @nobody and ", false), ("@a.c", true), (".", false)]
        );
    }

    #[test]
    fn a_few_emoji_alone_are_big() {
        assert!(is_big("🎉") && is_big("👩\u{200d}👩\u{200d}👧") && is_big("❤\u{fe0f}"));
        assert!(!is_big("") && !is_big("a🎉") && !is_big("\u{200d}") && !is_big(&"🎉".repeat(13)));
    }
}
