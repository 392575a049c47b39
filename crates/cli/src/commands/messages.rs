//! A message as it is printed.

use huis_texts::{readable, rfc3339, safe_block, safe_line};
use huis_views::{LockState, MessageView, VanishTimer};
use serde::Serialize;

use super::files::{FileLine, called};
use super::{at_name, name};

/// A message as one JSON object. Scripts rely on these names.
#[derive(Debug, Serialize)]
pub(crate) struct MessageLine<'a> {
    id: String,
    conversation: String,
    conversation_name: &'a str,
    from: String,
    device: String,
    sent_at: String,
    received_at: Option<String>,
    kind: &'a str,
    text: &'a str,
    request: bool,
    /// Only where it is false: the author's device did not stand in its account's list.
    #[serde(skip_serializing_if = "is_true")]
    author_listed: bool,
    /// The id of the message that it answers, where it answers one.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    /// Only where it is true, as the next one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    forwarded: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mentions_me: bool,
    /// Only where the text was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<String>,
    /// Only where it brings files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileLine<'a>>,
    /// Only where it was sent to open later: when, and whether it waits for that, has opened, was withdrawn or is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    unlock_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<LockState>,
    /// Only where it vanishes: after how many seconds, counted since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    vanishes: Option<VanishTimer>,
    /// Only where its time runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    vanishes_at: Option<String>,
    /// Only where it is true: `huis open` shows it, once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    view_once: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field so")]
fn is_true(truth: &bool) -> bool {
    *truth
}

impl<'a> From<&'a MessageView> for MessageLine<'a> {
    fn from(message: &'a MessageView) -> Self {
        Self {
            id: message.id.to_string(),
            conversation: message.conversation.to_string(),
            conversation_name: &message.conversation_name,
            from: name(&message.from),
            device: message.device.to_string(),
            sent_at: rfc3339(message.sent_at_ms),
            received_at: message.received_at_ms.map(rfc3339),
            kind: &message.kind,
            text: &message.text,
            request: message.request,
            author_listed: message.author_listed,
            reply_to: message.reply_to.as_ref().map(|quote| quote.message.to_string()),
            forwarded: message.forwarded,
            mentions_me: message.mentions_me,
            edited_at: message.edited_at_ms.map(rfc3339),
            files: message.files.iter().map(|file| FileLine::of(message, file)).collect(),
            unlock_at: message.lock.map(|lock| rfc3339(lock.unlocks_at_ms)),
            lock: message.lock.map(|lock| lock.state),
            vanishes: message.vanishes,
            vanishes_at: message.vanishes_at_ms.map(rfc3339),
            view_once: message.view_once,
        }
    }
}

/// A message for a person: `2026-11-21 09:34:06Z #club @member-b: text`, further lines of the text indented.
pub(crate) fn for_people(message: &MessageView) -> String {
    let at = readable(message.received_at_ms.unwrap_or(message.sent_at_ms));
    let from = at_name(&message.from);
    let conversation = safe_line(&message.conversation_name);
    let place = if *conversation == *from { String::new() } else { format!("{conversation} ") };
    let request = if message.request { " (request)" } else { "" };
    let unlisted = if message.author_listed { "" } else { " (from a device that is not in the account's list)" };
    let forwarded = if message.forwarded { " (forwarded)" } else { "" };
    let edited = if message.edited_at_ms.is_some() { " (edited)" } else { "" };
    let opened = if message.lock.is_some_and(|lock| lock.state == LockState::Opened) { " (opened)" } else { "" };
    let text = match message.kind.as_str() {
        _ if message.deleted_by.is_some() => "(taken back)".into(),
        _ if message.is_closed() && message.own => "(can be opened once)".into(),
        _ if message.is_closed() => format!("(can be opened once: huis open {})", message.id).into(),
        "text" => safe_block(&message.text, "    "),
        "file" => with_files(message).into(),
        "timed" => locked(message).into(),
        kind => format!("(a message of the kind \"{}\", which this version cannot show)", safe_line(kind)).into(),
    };
    let vanishes = if message.vanishes.is_some() { " (vanishes)" } else { "" };
    format!("{at} {place}{from}{request}{unlisted}{forwarded}{edited}{opened}{vanishes}: {text}")
}

/// What is said of a message that can't be read yet, or ever.
pub(super) fn locked(message: &MessageView) -> String {
    let Some(lock) = message.lock else { return "(locked)".into() };
    let what = match lock.files {
        0 => "a text".to_owned(),
        1 => "a file".to_owned(),
        count => format!("{count} files"),
    };
    match lock.state {
        LockState::Withdrawn => format!("🔒 {what}, withdrawn before it opened"),
        LockState::Broken => format!("🔒 {what} that will not open; `huis notices` says why"),
        LockState::Waiting | LockState::Opened => format!("🔒 {what}, locked until {}", readable(lock.unlocks_at_ms)),
    }
}

/// What is said with files, and a line for each.
fn with_files(message: &MessageView) -> String {
    let mut text = safe_block(&message.text, "    ").into_owned();
    for file in &message.files {
        let line = FileLine::of(message, file);
        let separator = if text.is_empty() { "" } else { "\n    " };
        let (sign, name, size) = (if file.voice { "🎤" } else { "📎" }, called(file), huis_texts::size(file.size));
        text.push_str(&format!("{separator}{sign} {name} ({size}, {})", line.id));
    }
    text
}

#[cfg(test)]
mod tests {
    use huis_views::{LockTrust, LockView, MessageState, Named, QuoteView};

    use super::*;

    fn message() -> MessageView {
        MessageView {
            id: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            position: 1,
            conversation: "11".repeat(16).parse().unwrap(),
            conversation_name: "#club".into(),
            from: Named { account: "22".repeat(16).parse().unwrap(), name: Some("member-b".into()), card_name: None },
            device: "33".repeat(16).parse().unwrap(),
            own: false,
            sent_at_ms: 1_795_253_646_120,
            received_at_ms: Some(1_795_253_647_000),
            seq: Some(3),
            kind: "text".into(),
            text: "Yes.\nTwo remarks".into(),
            request: false,
            author_listed: true,
            state: MessageState::Received,
            reply_to: None,
            forwarded: false,
            mentions: Vec::new(),
            mentions_me: false,
            edited_at_ms: None,
            deleted_by: None,
            pinned: false,
            reactions: Vec::new(),
            receipts: None,
            files: Vec::new(),
            lock: None,
            vanishes: None,
            vanishes_at_ms: None,
            view_once: false,
        }
    }

    #[test]
    fn a_locked_message_says_when_it_opens_and_an_opened_one_that_it_did() {
        let lock =
            |state| Some(LockView { unlocks_at_ms: 1_795_253_700_000, state, files: 0, trust: LockTrust::Server });
        let waiting =
            MessageView { kind: "timed".into(), text: String::new(), lock: lock(LockState::Waiting), ..message() };
        let json = serde_json::to_string(&MessageLine::from(&waiting)).unwrap();
        assert!(json.ends_with(r#""unlock_at":"2026-11-21T09:35:00.000Z","lock":"waiting"}"#), "{json}");
        assert!(for_people(&waiting).ends_with("@member-b: 🔒 a text, locked until 2026-11-21 09:35:00Z"));
        let opened = MessageView { lock: lock(LockState::Opened), ..message() };
        let json = serde_json::to_string(&MessageLine::from(&opened)).unwrap();
        assert!(json.contains(r#""kind":"text","text":"Yes.\nTwo remarks""#) && json.contains(r#""lock":"opened""#));
        assert!(for_people(&opened).contains("@member-b (opened): Yes."));
    }

    #[test]
    fn a_message_in_json_has_the_names_that_scripts_rely_on() {
        let json = serde_json::to_string(&MessageLine::from(&message())).unwrap();
        let expected = r##"{"id":"0123456789abcdef0123456789abcdef","conversation":"11111111111111111111111111111111","conversation_name":"#club","from":"member-b","device":"33333333333333333333333333333333","sent_at":"2026-11-21T09:34:06.120Z","received_at":"2026-11-21T09:34:07.000Z","kind":"text","text":"Yes.\nTwo remarks","request":false}"##;
        assert_eq!(json, expected);
    }

    #[test]
    fn what_goes_with_a_message_stands_in_its_json_only_where_it_is_there() {
        let mut message = message();
        let (id, from) = (message.id, message.from.clone());
        message.reply_to = Some(QuoteView { message: id, from, text: "Remarks?".into(), here: true, deleted: false });
        message.forwarded = true;
        message.mentions_me = true;
        message.edited_at_ms = Some(1_795_253_648_000);
        let json = serde_json::to_string(&MessageLine::from(&message)).unwrap();
        let expected = r#""request":false,"reply_to":"0123456789abcdef0123456789abcdef","forwarded":true,"mentions_me":true,"edited_at":"2026-11-21T09:34:08.000Z"}"#;
        assert!(json.ends_with(expected), "{json}");
        assert_eq!(
            for_people(&message),
            "2026-11-21 09:34:07Z #club @member-b (forwarded) (edited): Yes.\n    Two remarks"
        );
    }

    #[test]
    fn a_voice_note_is_called_by_how_long_it_is() {
        let note = huis_views::FileView {
            number: 1,
            name: "voice-note.webm".into(),
            size: 48_000,
            media_type: "audio/webm".into(),
            thumbnail: None,
            duration_ms: Some(12_400),
            voice: true,
            peaks: None,
            transfer: None,
        };
        let mut message =
            MessageView { kind: "file".into(), text: String::new(), files: vec![note.clone()], ..message() };
        let json = serde_json::to_string(&MessageLine::from(&message)).unwrap();
        let expected = r#""files":[{"id":"0123456789abcdef0123456789abcdef:1","name":"voice-note.webm","size":48000,"type":"audio/webm","voice":true,"duration_ms":12400}]}"#;
        assert!(json.ends_with(expected), "{json}");
        let shown = for_people(&message);
        assert!(shown.ends_with(": 🎤 Voice note, 0:12 (48 kB, 0123456789abcdef0123456789abcdef:1)"), "{shown}");
        message.files = vec![huis_views::FileView { voice: false, duration_ms: None, ..note }];
        let json = serde_json::to_string(&MessageLine::from(&message)).unwrap();
        assert!(json.ends_with(r#""type":"audio/webm"}]}"#), "{json}");
        assert!(for_people(&message).contains(": 📎 voice-note.webm (48 kB"));
    }

    #[test]
    fn what_does_not_stay_says_so() {
        let mut message = message();
        message.vanishes = Some(VanishTimer { after_s: 3600, from: huis_views::CountedFrom::Sending });
        message.vanishes_at_ms = Some(1_795_257_247_000);
        assert_eq!(for_people(&message), "2026-11-21 09:34:07Z #club @member-b (vanishes): Yes.\n    Two remarks");
        message.text.clear();
        message.view_once = true;
        let json = serde_json::to_string(&MessageLine::from(&message)).unwrap();
        let expected = r#""vanishes":{"after_s":3600,"from":"sending"},"vanishes_at":"2026-11-21T10:34:07.000Z","view_once":true}"#;
        assert!(json.ends_with(expected), "{json}");
        let shown = for_people(&message);
        assert!(shown.ends_with(": (can be opened once: huis open 0123456789abcdef0123456789abcdef)"), "{shown}");
    }

    #[test]
    fn json_carries_hostile_texts_exactly_and_in_one_line() {
        let mut message = message();
        message.text = "\u{1b}[2J\u{202e}\u{0}\r\n\u{2028}\"\\".into();
        message.author_listed = false;
        let json = serde_json::to_string(&MessageLine::from(&message)).unwrap();
        assert_eq!(json.lines().count(), 1);
        assert!(!json.contains('\u{1b}'));
        let back: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["text"], message.text.as_str());
        assert_eq!(back["author_listed"], false);
    }

    #[test]
    fn people_read_time_place_author_and_text() {
        assert_eq!(for_people(&message()), "2026-11-21 09:34:07Z #club @member-b: Yes.\n    Two remarks");
        let mut direct = message();
        direct.conversation_name = "@member-b".into();
        direct.request = true;
        direct.text = "Hi".into();
        assert_eq!(for_people(&direct), "2026-11-21 09:34:07Z @member-b (request): Hi");
    }

    #[test]
    fn nothing_in_a_message_drives_the_terminal() {
        let mut hostile = message();
        hostile.conversation_name = "#cl\u{1b}]0;x\u{7}ub".into();
        hostile.from.name = Some("a\u{202e}b".into());
        hostile.text = "\u{9b}2J\n2026-11-21 09:34:07Z @boss: pay".into();
        let shown = for_people(&hostile);
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']), "{shown}");
        assert!(shown.lines().skip(1).all(|line| line.starts_with("    ")), "{shown}");
        hostile.kind = "tele\u{1b}port".into();
        hostile.text.clear();
        assert!(
            for_people(&hostile)
                .ends_with("(a message of the kind \"tele\\u{1b}port\", which this version cannot show)")
        );
    }
}
