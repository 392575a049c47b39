//! Reasons inside failures and notices. The program writes them in English, for its log and for scripts; here each one
//! that a person can meet is found by its form and said in the person's language. A reason in another form stands as it
//! is in English, and is left to the log in another language: nobody reads a sentence in a language that is not theirs.

use crate::{Language, Texts, Value, safe_line};

/// The form of a sentence, where `{name}` stands for whatever is there, and the key of its text.
struct Form(&'static str, &'static str);

const RULES: &[Form] = &[
    Form("a name has {least} to {most} characters", "reason-name-length"),
    Form("a name holds the letters a to z, digits, and . _ - between them", "reason-name-characters"),
    Form("the {what} is empty", "reason-empty"),
    Form("the {what} has {bytes} bytes; at most {most} are allowed", "reason-too-long"),
    Form("there is no word to search for", "reason-no-words"),
    Form("you are in a conversation called {name} already", "reason-in-room-already"),
    Form("only a group has a title", "reason-no-title-here"),
    Form("this conversation does not wait for that", "reason-does-not-wait"),
    Form("a title is not empty", "reason-title-empty"),
    Form("this conversation is no request", "reason-no-request"),
    Form("this message has not failed", "reason-not-failed"),
    Form("this message was sent already", "reason-sent-already"),
    Form("this message may be on its way already", "reason-on-its-way"),
    Form("the message was discarded", "reason-discarded"),
    Form("this is your own name; name somebody else", "reason-own-name"),
    Form("the members differ from those that were known", "reason-members-differ"),
    Form("its members differ from those that were known; look at the notices", "reason-members-differ-held"),
    Form("at most {most} devices are added at once", "reason-too-many-joins"),
    Form("this vault opens with the recovery key only", "reason-vault-recovery-only"),
    Form(
        "this account keeps its password out of the vault, which this version cannot set anew",
        "reason-vault-recovery-only",
    ),
    Form("the identity key of this account has not changed", "reason-identity-unchanged"),
    Form("the password is empty or too long", "reason-password-length"),
    Form("what judges passwords could not be fetched; load the app anew, and try again", "reason-password-unjudged"),
    Form("a recovery key has {wanted} letters and digits, this text has {given}", "reason-recovery-length"),
    Form("a recovery key holds no '{character}'", "reason-recovery-character"),
    Form("the recovery key has a typing mistake", "reason-recovery-typo"),
    Form("the time at which it is to open is over", "reason-lock-over"),
    Form("a message can be locked for ten years at most", "reason-lock-far"),
    Form("only who sent a message withdraws it", "reason-lock-not-own"),
    Form("this message is not locked, or not any more", "reason-lock-none"),
    Form("this message is locked; wait until it opens, or withdraw it", "reason-locked"),
    Form("the server's share is not the one that the message names", "reason-lock-share"),
    Form("the message does not open, though its time has come: it was sealed wrongly or changed", "reason-lock-sealed"),
    Form("what was inside is not what the message announced", "reason-lock-inside"),
    Form("the server does not have its share any more", "reason-lock-share-gone"),
    Form("no beacon is set on this device, so that nothing can be locked by one", "reason-lock-no-beacon"),
    Form("nothing could be sealed for the beacon; try again, or check how it is set", "reason-lock-not-sealed"),
    Form(
        "the server does not keep files for so long; choose an earlier time, or let the server keep the key",
        "reason-lock-files-end",
    ),
    Form("it was locked by a beacon that this device does not know", "reason-lock-other-beacon"),
    Form("there is no such file", "reason-no-file"),
    Form("it is no file that can be read to its end", "reason-not-a-file"),
    Form("the system does not allow it", "reason-file-denied"),
    Form("the disk is full", "reason-disk-full"),
    Form("this is not possible here yet", "reason-not-here-yet"),
    Form("it changes while it is sent", "reason-file-changes"),
    Form("the server does not keep what was sent of it", "reason-file-not-kept"),
    Form("it has {size} bytes, and this browser has room for {free} more", "reason-file-no-room"),
    Form("it needs {needed} bytes more, and the disk has room for {room}", "reason-file-too-large"),
    Form("too many files are chosen at once", "reason-file-chosen"),
    Form("a message brings 1 to {most} files, and these are {count}", "reason-file-count"),
    Form("this conversation is a request; accept it first", "reason-accept-first"),
    Form(
        "the picture is damaged, so what says where it was taken can't be taken out: send it with its metadata",
        "reason-picture-damaged",
    ),
    Form(
        "a proxy in front of the server refuses requests as large as the parts of files; its operator can allow 8 MiB",
        "reason-proxy-parts",
    ),
    Form("nobody reports themselves; delete a message of your own instead", "reason-report-own"),
    Form("a note has at most {most} characters, and no control characters but the ends of lines", "reason-report-note"),
    Form("several messages have this id: somebody used it again; report the person", "reason-report-namesake"),
    Form("the message is not in the conversation's log", "reason-report-no-place"),
    Form(
        "this device has no proof of what the message said: it was taken back, opened once, or is an answer whose excerpt is gone; \
         report it without revealing it",
        "reason-report-no-proof",
    ),
    Form("the message has not opened; report it without revealing it, or once it has opened", "reason-report-locked"),
    Form(
        "segment {number} of the archive does not open: the server changed it, or gave another one in its place",
        "reason-archive-segment",
    ),
    Form("the key of the archive's generation {generation} is none", "reason-archive-key"),
    Form("the archive's head is not signed by the device that it names", "reason-archive-signature"),
    Form("the archive's head was made by device {device}, which is none of the account's", "reason-archive-device"),
    Form("the server gave head {found} of the archive, but head {known} was seen before", "reason-archive-older"),
    Form(
        "the server showed two archives: head {number} is not the one, or does not follow the one, that was seen before",
        "reason-archive-two",
    ),
    Form(
        "the segments that the server gave are not those that head {number} of the archive names",
        "reason-archive-other",
    ),
    Form(
        "it is too large a picture to take out what says where it was taken: send it with its metadata",
        "reason-picture-large",
    ),
];

/// Words within what the network, TLS or the disk says; those of the operating system end in `(os error N)`.
const PARTS: &[(&str, &str)] = &[
    ("onnection refused", "reason-connection-refused"),
    ("nreachable", "reason-no-route"),
    ("o route to host", "reason-no-route"),
    ("failed to lookup address", "reason-no-such-host"),
    ("dns error", "reason-no-such-host"),
    ("ame or service not known", "reason-no-such-host"),
    ("imed out", "reason-timed-out"),
    ("imeout", "reason-timed-out"),
    ("onnection reset", "reason-connection-lost"),
    ("roken pipe", "reason-connection-lost"),
    ("unexpected eof", "reason-connection-lost"),
    ("unexpected end of file", "reason-connection-lost"),
    ("connection closed", "reason-connection-lost"),
    ("InvalidContentType", "reason-tls"),
    ("invalid certificate", "reason-certificate"),
    ("certificate", "reason-certificate"),
    ("invalid HTTP", "reason-not-huis"),
    ("expected value at line", "reason-not-huis"),
    ("database or disk is full", "reason-disk-full"),
    ("No space left", "reason-disk-full"),
];

/// What makes a password weak, as the estimate of its strength says it.
const WEAKNESSES: &[(&str, &str)] = &[
    ("Straight rows of keys", "weak-straight-rows"),
    ("Short keyboard patterns", "weak-keyboard-patterns"),
    ("Repeats like \"aaa\"", "weak-repeats"),
    ("Repeats like \"abcabcabc\"", "weak-repeats-longer"),
    ("This is a top-10 common", "weak-top-10"),
    ("This is a top-100 common", "weak-top-100"),
    ("This is a very common", "weak-common"),
    ("This is similar to", "weak-similar"),
    ("Sequences like", "weak-sequences"),
    ("Recent years", "weak-years"),
    ("A word by itself", "weak-one-word"),
    ("Dates are often", "weak-dates"),
    ("Names and surnames", "weak-names"),
    ("Common names", "weak-common-names"),
];

impl Texts {
    /// A reason without its full stop.
    pub(crate) fn reason(&self, english: &str) -> String {
        if let Some(said) = RULES.iter().find_map(|form| self.filled(form, english)) {
            return said;
        }
        if let Some((_, key)) = PARTS.iter().find(|(part, _)| english.contains(part)) {
            return self.text(key);
        }
        match self.language() {
            Language::English => safe_line(english.trim_end_matches('.')).into_owned(),
            _ => self.text("reason-other"),
        }
    }

    /// What makes a password weak.
    pub(crate) fn weakness(&self, advice: &str) -> String {
        let key = WEAKNESSES.iter().find(|(part, _)| advice.contains(part)).map(|(_, key)| *key);
        let guesses = advice.strip_prefix("about ").and_then(|rest| rest.split(' ').next());
        let guesses = guesses.filter(|number| number.starts_with("10^"));
        let why = key.map(|key| self.text(key));
        let guesses = guesses.map(|number| self.text_with("weak-guesses", &[("guesses", Value::Text(number))]));
        match (why, guesses) {
            (Some(why), Some(guesses)) => format!("{why} ({guesses})"),
            (Some(said), None) | (None, Some(said)) => said,
            (None, None) if self.language() == Language::English && !advice.is_empty() => {
                safe_line(advice.trim_end_matches('.')).into_owned()
            }
            (None, None) => self.text("weak-other"),
        }
    }

    fn filled(&self, Form(form, key): &Form, sentence: &str) -> Option<String> {
        let found = captures(form, sentence.trim_end_matches('.'))?;
        let values: Vec<(&str, String)> = found
            .into_iter()
            .map(|(name, value)| match name {
                "what" => (name, self.text(what(value))),
                "needed" | "room" => {
                    (name, value.parse().map_or_else(|_| safe_line(value).into_owned(), |bytes| self.size(bytes)))
                }
                _ => (name, safe_line(value).into_owned()),
            })
            .collect();
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, Value::Text(value))).collect();
        Some(self.text_with(key, &values))
    }
}

fn what(english: &str) -> &'static str {
    match english {
        "text" => "what-text",
        "title" => "what-title",
        "topic" => "what-topic",
        "message" => "what-message",
        "name" => "what-name",
        _ => "what-other",
    }
}

/// What stands at the places of a form, if the sentence has that form.
fn captures<'a>(form: &'static str, sentence: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let mut found = Vec::new();
    let mut pieces = form.split('{');
    let mut rest = sentence.strip_prefix(pieces.next()?)?;
    for piece in pieces {
        let (name, behind) = piece.split_once('}')?;
        let end = if behind.is_empty() { rest.len() } else { rest.find(behind)? };
        found.push((name, rest.get(..end)?));
        rest = rest.get(end + behind.len()..)?;
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_said_in_ones_own_language_with_its_values() {
        let (english, french) = (Texts::of(Language::English), Texts::of(Language::French));
        let too_long = "the text has 65537 bytes; at most 65536 are allowed";
        assert_eq!(english.reason(too_long), too_long);
        assert_eq!(french.reason(too_long), "texte\u{a0}: 65537 octets, et 65536 au plus sont permis");
        assert_eq!(french.reason("a name has 2 to 32 characters"), "un nom a de 2 à 32 caractères");
        let too_large = "it needs 5000000 bytes more, and the disk has room for 1234567";
        assert_eq!(english.reason(too_large), "it needs 5.0 MB, and the disk has room for 1.2 MB");
        assert_eq!(french.reason(too_large), "il lui faut 5,0 Mo, et le disque a de la place pour 1,2 Mo");
        assert!(french.reason("Connection refused (os error 111)").contains("rien ne répond"));
    }

    #[test]
    fn a_reason_of_no_known_form_is_not_shown_in_a_language_that_is_not_ones_own() {
        let odd = "the flux \u{1b}[2J capacitor is empty of charge.";
        assert_eq!(Texts::of(Language::English).reason(odd), "the flux \\u{1b}[2J capacitor is empty of charge");
        assert!(!Texts::of(Language::French).reason(odd).contains("capacitor"));
    }

    #[test]
    fn a_weak_password_hears_why() {
        let french = Texts::of(Language::French);
        let advice = "about 10^2 guesses, and at least 10^8 are asked for. This is a very common password";
        assert_eq!(
            french.weakness(advice),
            "c'est un mot de passe très courant (environ 10^2 essais le trouvent, et il en faut au moins 10^8)"
        );
        assert_eq!(french.weakness("something else"), "il est facile à deviner");
    }

    #[test]
    fn a_sentence_has_a_form_or_not() {
        assert_eq!(captures("a {x} b {y}", "a 1 b 2"), Some(vec![("x", "1"), ("y", "2")]));
        assert_eq!(captures("a {x} b", "a 1 c"), None);
        assert_eq!(captures("plain", "plain and more"), None);
    }
}
