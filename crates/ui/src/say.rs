//! What the page says, in the person's language. The whole page is built anew when the language changes, so that texts
//! are plain strings.

use std::cell::RefCell;
use std::rc::Rc;

use huis_proto::{AccountId, ConversationKind};
use huis_texts::{Language, Texts, Value};
use huis_views::{
    ConversationView, Failure, FileView, LockView, MessagePreview, MessageView, Named, Notice, VanishTimer, play_length,
};

/// The longest name that is shown; the rest is cut.
const LONGEST_NAME: usize = 64;

thread_local! {
    static TEXTS: RefCell<Option<Rc<Texts>>> = const { RefCell::new(None) };
}

/// Speaks this language from now on, by the texts of its file.
pub(crate) fn speak(language: Language, file: &str) {
    TEXTS.with(|texts| *texts.borrow_mut() = Some(Rc::new(Texts::from_file(language, file))));
}

fn texts() -> Rc<Texts> {
    TEXTS.with(|texts| texts.borrow_mut().get_or_insert_with(|| Rc::new(before_any())).clone())
}

/// Nothing is said before there are texts.
#[cfg(not(test))]
fn before_any() -> Texts {
    Texts::from_file(Language::default(), "")
}

#[cfg(test)]
fn before_any() -> Texts {
    Texts::for_page(Language::default())
}

/// Which language is spoken.
pub(crate) fn language() -> Language {
    texts().language()
}

pub(crate) fn text(key: &str) -> String {
    texts().text(key)
}

pub(crate) fn text_with(key: &str, values: &[(&str, Value<'_>)]) -> String {
    texts().text_with(key, values)
}

/// A text with one name in it.
pub(crate) fn text_with_name(key: &str, name: &str) -> String {
    texts().text_with(key, &[("name", Value::Text(name))])
}

/// A text with one count in it.
pub(crate) fn text_with_count(key: &str, count: impl TryInto<u64>) -> String {
    texts().text_with(key, &[("count", Value::Number(count.try_into().unwrap_or(u64::MAX)))])
}

/// Why something was not done.
pub(crate) fn failure(failure: &Failure) -> String {
    huis_texts::safe_line(&texts().failure(failure)).into_owned()
}

/// What the engine noticed.
pub(crate) fn notice(notice: &Notice) -> String {
    huis_texts::safe_line(&texts().notice(notice)).into_owned()
}

/// What is said of a message's lock.
pub(crate) fn lock(lock: &LockView, is_readable: bool, when: &str, now_ms: u64) -> String {
    texts().lock(lock, is_readable, when, now_ms)
}

/// A text of others in one line, harmless and not too long.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most.saturating_add(1)).collect();
    if shown.chars().count() > most {
        shown.pop();
        shown.push('…');
    }
    huis_texts::safe_line(&shown).into_owned()
}

/// The first line that holds something.
pub(crate) fn first_line(text: &str) -> String {
    line(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default(), 200)
}

/// What stands for a message whose words are not to be read here.
fn stands_for(is_deleted: bool, is_closed: bool, is_locked: bool) -> Option<String> {
    let key = if is_deleted {
        "message-was-deleted"
    } else if is_closed {
        "message-view-once-line"
    } else if is_locked {
        "message-locked-line"
    } else {
        return None;
    };
    Some(text(key))
}

/// The newest message of a conversation in one line.
pub(crate) fn preview_of(newest: &MessagePreview) -> String {
    let instead = stands_for(newest.deleted, newest.view_once, newest.locked);
    instead.unwrap_or_else(|| first_line(&newest.text))
}

/// A message in one line: its first words, else its first file, else what stands for it.
pub(crate) fn line_of(message: &MessageView) -> String {
    let is_empty = message.text.is_empty() && message.files.is_empty();
    let is_locked = is_empty && message.waiting_lock().is_some();
    if let Some(instead) = stands_for(message.deleted_by.is_some(), message.is_closed(), is_locked) {
        return instead;
    }
    let words = first_line(&message.text);
    match message.files.first() {
        _ if !words.is_empty() => words,
        Some(file) if file.voice => file_name(file),
        Some(file) => format!("📎 {}", line(&file.name, 100)),
        None if !matches!(message.kind.as_str(), "text" | "file") => {
            text_with("message-unknown-kind", &[("kind", line(&message.kind, 40).as_str().into())])
        }
        None => words,
    }
}

/// What a person is called with for a message. What does not stay leaves no words where others keep them.
pub(crate) fn call_of(message: &MessageView) -> String {
    match message.waiting_lock() {
        _ if message.vanishes.is_some() => text("message-vanishing-line"),
        Some(_) => text("message-locked-line"),
        None => line_of(message),
    }
}

/// What is left of a message that vanishes, or all of it while its time does not run.
pub(crate) fn left(message: &MessageView, now_ms: u64) -> Option<String> {
    let all = message.vanishes.map(|VanishTimer { after_s, .. }| texts().whole_span(after_s));
    message.vanishes_at_ms.map(|at_ms| texts().left(at_ms.saturating_sub(now_ms))).or(all)
}

/// A size in bytes.
pub(crate) fn size(bytes: u64) -> String {
    texts().size(bytes)
}

/// A span of time that was set.
pub(crate) fn span(seconds: u64) -> String {
    texts().whole_span(seconds)
}

/// How somebody is called: as they want to be, or by their username, or by the beginning of their id.
pub(crate) fn name(named: &Named) -> String {
    let shown = named.card_name.as_deref().filter(|name| huis_texts::is_visible_name(name)).or(named.name.as_deref());
    match shown {
        Some(name) => line(name.trim_start_matches('@'), LONGEST_NAME),
        None => named.account.to_string().chars().take(8).collect(),
    }
}

/// The username with `@`, where it is not what is shown as the name already.
pub(crate) fn handle(named: &Named) -> Option<String> {
    let username = named.name.as_deref()?;
    (name(named) != username).then(|| format!("@{username}"))
}

/// How a conversation is called: one with somebody as they want to be called.
pub(crate) fn conversation(view: &ConversationView) -> String {
    let plain = if view.kind == ConversationKind::Direct { view.name.trim_start_matches('@') } else { &view.name };
    let card =
        other(view).and_then(|named| named.card_name.as_deref()).filter(|card| huis_texts::is_visible_name(card));
    line(card.unwrap_or(plain), LONGEST_NAME)
}

/// What a file is called: a voice note by how long it is.
pub(crate) fn file_name(file: &FileView) -> String {
    match file.duration_ms {
        _ if !file.voice => file.name.clone(),
        Some(ms) => text_with("file-voice", &[("length", play_length(ms).as_str().into())]),
        None => text("file-voice-plain"),
    }
}

/// With whom one talks, where that is one person.
pub(crate) fn other(view: &ConversationView) -> Option<&Named> {
    let username = view.name.strip_prefix('@').filter(|_| view.kind == ConversationKind::Direct)?;
    view.accounts.iter().find(|named| named.name.as_deref() == Some(username))
}

/// Who is writing.
pub(crate) fn typing(typing: &[Named]) -> Option<String> {
    match typing {
        [] => None,
        [one] => Some(text_with_name("typing-one", &name(one))),
        [one, other] => {
            let (one, other) = (name(one), name(other));
            Some(text_with("typing-two", &[("name", Value::Text(&one)), ("other", Value::Text(&other))]))
        }
        many => Some(text_with_count("typing-many", many.len())),
    }
}

/// How far a message of one's own got with the others: a sign, and what it means.
pub(crate) fn receipts(message: &MessageView, is_direct: bool) -> (Reach, String) {
    let Some(counts) = message.receipts else { return (Reach::Sent, text("reach-sent")) };
    let (others, delivered, read) = (counts.others, counts.delivered.max(counts.read), counts.read);
    let of = |key, count: u32| {
        text_with(key, &[("count", Value::Number(count.into())), ("others", Value::Number(others.into()))])
    };
    if read > 0 && (is_direct || read >= others) {
        (Reach::Read, text(if is_direct { "receipt-read" } else { "receipt-read-by-all" }))
    } else if read > 0 {
        (Reach::Read, of("receipt-read-by", read))
    } else if delivered > 0 {
        (Reach::Delivered, if is_direct { text("reach-delivered") } else { of("reach-delivered-to", delivered) })
    } else {
        (Reach::Sent, text("reach-sent"))
    }
}

/// How far a message of one's own got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Sent,
    Delivered,
    Read,
}

/// One of twelve quiet hues, by an id.
pub(crate) fn hue(id: &[u8; 16]) -> usize {
    usize::from(id.iter().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte))) % 12
}

/// The class that gives somebody their hue.
pub(crate) fn hue_of(account: AccountId) -> String {
    format!("hue-{}", hue(account.as_bytes()))
}

/// One or two letters for a name, which are shown as capitals.
pub(crate) fn initials(name: &str) -> String {
    // What stands for a character that acts is no letter of a name.
    let mut parts = name.split("\\u{");
    let first = parts.next().unwrap_or_default().to_owned();
    let name = parts.fold(first, |name, part| name + " " + part.split_once('}').map_or("", |(_, rest)| rest));
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let letters: String = words.take(2).filter_map(|word| word.chars().next()).collect();
    if !letters.is_empty() {
        return letters;
    }
    let symbol = name.chars().find(|symbol| huis_texts::is_visible_name(symbol.encode_utf8(&mut [0; 4])));
    symbol.unwrap_or('·').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_letters_alone() {
        assert_eq!(initials("member-b"), "mb");
        assert_eq!(initials("#club"), "c");
        assert_eq!(initials("\u{202e}\u{301}"), "·");
        assert_eq!(initials("<b>"), "b");
        assert_eq!(initials(" 💐"), "💐");
        assert_eq!(initials("\\u{202e}mallory\\u{200b} z"), "mz");
    }

    #[test]
    fn a_long_name_is_cut_and_acts_on_nothing() {
        let shown = line(&"\u{202e}ab".repeat(100), 10);
        assert!(!shown.contains('\u{202e}') && shown.ends_with('…'), "{shown}");
    }
}
