//! What is said about messages and people in one line.

use huis_proto::ConversationKind;
use huis_texts::{Texts, Value};
use huis_views::{
    ConversationView, CountedFrom, Failure, FileView, LockView, MessageView, Named, Notice, TransferState,
    TransferView, Trust, VanishTimer, play_length,
};

use crate::calendar::Zone;
use crate::cells;
use crate::theme::Role;

/// How somebody is called: as they want to be, or by their username, or by the beginning of their id.
pub(crate) fn name(named: &Named) -> String {
    let shown = named.card_name.as_deref().filter(|name| huis_texts::is_visible_name(name)).or(named.name.as_deref());
    match shown {
        Some(name) => name.trim_start_matches('@').to_owned(),
        None => named.account.to_string().chars().take(8).collect(),
    }
}

/// What is said of a message that others, or oneself, can't read yet, or ever.
pub(crate) fn lock(texts: &Texts, zone: &Zone, lock: &LockView, is_readable: bool, now_ms: u64) -> String {
    let time = zone.time(lock.unlocks_at_ms);
    let when = if zone.day(lock.unlocks_at_ms) == zone.day(now_ms) {
        time
    } else {
        format!("{} {time}", zone.short(texts, lock.unlocks_at_ms, now_ms))
    };
    format!("🔒 {}", texts.lock(lock, is_readable, &when, now_ms))
}

/// A file: what it is called, or how long a voice note is, and its size.
pub(crate) fn file(texts: &Texts, file: &FileView) -> String {
    let name = match file.duration_ms {
        _ if !file.voice => cells::cut(&file.name, 80),
        Some(ms) => texts.text_with("file-voice", &[("length", play_length(ms).as_str().into())]),
        None => texts.text("file-voice-plain"),
    };
    let size = texts.size(file.size);
    let key = if file.voice { "file-voice-line" } else { "file-line" };
    texts.text_with(key, &[("name", name.as_str().into()), ("size", size.as_str().into())])
}

/// Cells of the bar of a file on its way.
const BAR: u64 = 10;

/// How a file's way to the server or from it stands.
pub(crate) fn transfer(texts: &Texts, transfer: &TransferView) -> Option<String> {
    let share = |whole: u64| {
        let done = u128::from(transfer.done.min(transfer.size)) * u128::from(whole);
        done.checked_div(transfer.size.into()).map_or(0, |share| share as usize)
    };
    let at = |key| {
        let full = share(BAR);
        let bar = format!("{}{}", "▓".repeat(full), "░".repeat((BAR as usize).saturating_sub(full)));
        texts.text_with(key, &[("bar", Value::Text(&bar)), ("percent", Value::Number(share(100) as u64))])
    };
    match &transfer.state {
        TransferState::Waiting => Some(texts.text("file-waiting")),
        TransferState::Running => {
            let speed = transfer.bytes_per_s.filter(|speed| *speed > 0);
            let speed = speed.map(|speed| texts.text_with("file-speed", &[("size", Value::Text(&texts.size(speed)))]));
            let left = transfer.remaining_s.map(|seconds| {
                let span = texts.count_down(seconds.saturating_mul(1000));
                texts.text_with("file-left", &[("span", Value::Text(&span))])
            });
            Some([Some(at("file-going")), speed, left].into_iter().flatten().collect::<Vec<_>>().join(" · "))
        }
        TransferState::Paused => Some(at("file-going-paused")),
        TransferState::Failed(why) => Some(failure(texts, why)),
        TransferState::Done => transfer.saved_at.as_ref().map(|path| {
            let path = cells::cut(&huis_texts::safe_line(path), 200);
            texts.text_with("file-saved", &[("path", Value::Text(&path))])
        }),
    }
}

/// By what a person is called for a message.
pub(crate) fn call(texts: &Texts, message: &MessageView) -> String {
    let said = if message.kind == "timed" { texts.text("message-locked-line") } else { call_of(texts, message) };
    format!("{}: {said}", name(&message.from))
}

/// The author of a message.
pub(crate) fn author(texts: &Texts, message: &MessageView) -> String {
    if message.own { texts.text("you") } else { name(&message.from) }
}

/// How a conversation is called in a list: one with somebody as they want to be called.
pub(crate) fn conversation(conversation: &ConversationView) -> String {
    let username = conversation.name.trim_start_matches('@');
    card_name(conversation).unwrap_or(username).to_owned()
}

/// How a conversation is called where it must be plain whom it is with: what somebody wants to be called proves nothing.
pub(crate) fn full_name(view: &ConversationView) -> String {
    match card_name(view) {
        Some(card) => format!("{card} {}", view.name),
        None => conversation(view),
    }
}

/// What somebody wants to be called, where that is not the username and the conversation is with them alone.
fn card_name(view: &ConversationView) -> Option<&str> {
    let username = view.name.strip_prefix('@').filter(|_| view.kind == ConversationKind::Direct)?;
    let with = view.accounts.iter().find(|named| named.name.as_deref() == Some(username))?;
    with.card_name.as_deref().filter(|card| huis_texts::is_visible_name(card) && *card != username)
}

/// The first line that holds something, harmless.
pub(crate) fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    huis_texts::safe_line(line).into_owned()
}

/// A message in one line.
pub(crate) fn line_of(texts: &Texts, message: &MessageView) -> String {
    let is_locked = message.waiting_lock().is_some() && message.text.is_empty() && message.files.is_empty();
    if message.deleted_by.is_some() {
        return texts.text("message-deleted");
    }
    if message.is_closed() || is_locked {
        return texts.text(if is_locked { "message-locked-line" } else { "message-view-once-line" });
    }
    let words = first_line(&message.text);
    match message.files.first() {
        Some(file) if words.is_empty() => self::file(texts, file),
        _ => words,
    }
}

/// What a person is called with for a message. What does not stay leaves no words where others keep them.
pub(crate) fn call_of(texts: &Texts, message: &MessageView) -> String {
    if message.vanishes.is_some() { texts.text("message-vanishing-line") } else { line_of(texts, message) }
}

/// After how long messages vanish.
pub(crate) fn timer(texts: &Texts, timer: VanishTimer) -> String {
    let key = match timer.from {
        CountedFrom::Reading => "timer-reading",
        CountedFrom::Sending => "timer-sending",
    };
    texts.text_with(key, &[("span", Value::Text(&texts.whole_span(timer.after_s)))])
}

/// Why something was not done.
pub(crate) fn failure(texts: &Texts, failure: &Failure) -> String {
    huis_texts::safe_line(&texts.failure(failure)).into_owned()
}

/// What the engine noticed.
pub(crate) fn notice(texts: &Texts, notice: &Notice) -> String {
    huis_texts::safe_line(&texts.notice(notice)).into_owned()
}

/// How far a message of one's own got with the others.
pub(crate) fn receipts(texts: &Texts, message: &MessageView, is_direct: bool) -> (String, Role) {
    let Some(counts) = message.receipts else { return ("✓".to_owned(), Role::Muted) };
    let (others, delivered, read) = (counts.others, counts.delivered.max(counts.read), counts.read);
    let of = |key, count: u32| {
        texts.text_with(key, &[("count", Value::Number(count.into())), ("others", Value::Number(others.into()))])
    };
    if read > 0 && (is_direct || read >= others) {
        let key = if is_direct { "receipt-read" } else { "receipt-read-by-all" };
        (format!("✓✓ {}", texts.text(key)), Role::Good)
    } else if read > 0 {
        (format!("✓✓ {}", of("receipt-read-by", read)), Role::Good)
    } else if delivered > 0 && delivered >= others {
        ("✓✓".to_owned(), Role::Muted)
    } else if delivered > 0 {
        (format!("✓✓ {}", of("receipt-delivered", delivered)), Role::Muted)
    } else {
        ("✓".to_owned(), Role::Muted)
    }
}

/// Whether the others are whom one takes them for.
pub(crate) fn trust(texts: &Texts, trust: Trust) -> (String, Role) {
    match trust {
        Trust::Verified => (format!("✓ {}", texts.text("trust-verified")), Role::Good),
        Trust::NotYet => (format!("○ {}", texts.text("trust-not-yet")), Role::Muted),
        Trust::Changed => (format!("! {}", texts.text("trust-changed")), Role::Danger),
        Trust::Broken => (format!("! {}", texts.text("trust-broken")), Role::Danger),
    }
}

/// Who is writing.
pub(crate) fn typing(texts: &Texts, typing: &[Named]) -> Option<String> {
    match typing {
        [] => None,
        [one] => Some(texts.text_with("typing-one", &[("name", Value::Text(&name(one)))])),
        [one, other] => {
            let (one, other) = (name(one), name(other));
            Some(texts.text_with("typing-two", &[("name", Value::Text(&one)), ("other", Value::Text(&other))]))
        }
        many => {
            let count = u64::try_from(many.len()).unwrap_or(u64::MAX);
            Some(texts.text_with("typing-many", &[("count", Value::Number(count))]))
        }
    }
}
