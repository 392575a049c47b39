//! Links: `http`, `https` and `mailto` alone, each with the host that it really leads to.

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The address.
    pub(crate) address: String,
    /// The host, where the text of the link may pass for another one.
    pub(crate) warns_of: Option<String>,
}

/// The longest link; what is longer is a text.
const LONGEST: usize = 2_048;

/// The link at the start of a text, with its length in bytes.
pub(super) fn at_start(text: &str) -> Option<(usize, Link)> {
    let scheme = ["https://", "http://", "mailto:"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))?;
    let most = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let text = &text[..most];
    let whole = text.char_indices().find(|(_, c)| ends(*c)).map_or(text.len(), |(end, _)| end);
    let length = without_punctuation(&text[..whole]);
    let address = &text[..length];
    let rest = address.get(scheme.len()..)?;
    if length >= LONGEST || rest.is_empty() || !rest.starts_with(|c: char| c.is_alphanumeric() || c == '[') {
        return None;
    }
    let host = if scheme == "mailto:" { rest.contains('@').then_some("")? } else { host(rest) };
    // An account before the host, or letters of another script, make one host look like another.
    let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    let has_account =
        scheme != "mailto:" && rest.split(['/', '?', '#']).next().is_some_and(|place| place.contains('@'));
    let warns_of = (has_account || !is_plain).then(|| huis_texts::safe_line(host).into_owned());
    Some((length, Link { address: address.to_owned(), warns_of }))
}

fn host(rest: &str) -> &str {
    let place = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    place.rsplit('@').next().unwrap_or_default()
}

fn ends(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || "<>\"`{}|^".contains(character)
        || huis_texts::safe_line(character.encode_utf8(&mut [0; 4])).len() != character.len_utf8()
}

/// A sentence's end and a bracket that was opened before are not part of a link.
fn without_punctuation(link: &str) -> usize {
    let mut end = link;
    while let Some(last) = end.chars().next_back() {
        let is_mark = ".,;:!?'*_~".contains(last)
            || (last == ')' && end.matches(')').count() > end.matches('(').count())
            || (last == ']' && end.matches(']').count() > end.matches('[').count());
        if !is_mark {
            break;
        }
        end = &end[..end.len() - last.len_utf8()];
    }
    end.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(text: &str) -> Option<String> {
        at_start(text).and_then(|(_, link)| link.warns_of)
    }

    #[test]
    fn only_links_that_open_a_page_or_a_letter_are_links() {
        for link in ["https://a.example", "http://127.0.0.1:8080/x", "mailto:a@b.example", "HTTPS://A.example"] {
            assert!(at_start(link).is_some_and(|(length, _)| length == link.len()), "{link}");
        }
        for other in ["javascript:alert(1)", "data:text/html,x", "https://", "http:// a", "mailto:", "file:///x"] {
            assert!(at_start(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_host_that_passes_for_another_is_named() {
        assert_eq!(warning("https://bank.example@evil.example/x"), Some("evil.example".into()));
        assert_eq!(warning("https://bаnk.example"), Some("bаnk.example".into()));
        assert_eq!(warning("https://bank.example/@you"), None);
    }

    #[test]
    fn a_link_ends_before_what_turns_the_direction() {
        assert_eq!(at_start("https://a.example/\u{202e}gpj").map(|(length, _)| length), Some(18));
    }

    #[test]
    fn brackets_within_a_link_stay() {
        let link = "https://a.example/x_(y)";
        assert_eq!(at_start(link).map(|(length, _)| length), Some(link.len()));
    }
}
